"""Scores of answer sheets by number of unit, wave and person: means of cells without tables of text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.coded import coded, ranked

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class UnitAnswers:
    """Answer sheets of a table, or some of them. Person by person: for estimators, never for a page.

    Attributes
    ----------
    units, waves : ndarray of int
        Number of the unit and of the wave of each sheet, -1 where there is none.
    unit_names, wave_names : pandas.Index
        In the order of names.
    weight : ndarray
    rows : ndarray of int
        Places of the sheets in the table.
    """

    units: Codes
    waves: Codes
    unit_names: pd.Index
    wave_names: pd.Index
    weight: Vector
    rows: NDArray[np.intp]

    @classmethod
    def of(cls, employees: pd.DataFrame, sheets: pd.Index) -> UnitAnswers:
        """Number the sheets with these labels of the index."""
        rows = employees.index.get_indexer(sheets)
        units, unit_names = ranked(employees["unit"])
        waves, wave_names = (
            ranked(employees["wave"])
            if "wave" in employees
            else (np.zeros(len(employees), dtype=np.int64), pd.Index(["all"]))
        )
        weight = (
            employees["weight"].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
            if "weight" in employees
            else np.ones(len(rows))
        )
        return cls(units[rows], waves[rows], unit_names, wave_names, weight, rows)

    def means(
        self, values: Vector, *, where: NDArray[np.bool_] | None = None, by_wave: bool = False
    ) -> tuple[Vector, Codes]:
        """Weighted mean and number of answers of each unit, or unit and wave; NaN and 0 where there are none."""
        n_waves = len(self.wave_names) if by_wave else 1
        has = np.isfinite(values) & (self.units >= 0) & (self.waves >= 0 if by_wave else True)
        if where is not None:
            has &= where
        rows = np.flatnonzero(has)
        cells = self.units[rows] * n_waves + (self.waves[rows] if by_wave else 0)
        size = len(self.unit_names) * n_waves
        y, w = values[rows], self.weight[rows]
        least, most = np.full(size, np.inf), np.full(size, -np.inf)
        np.minimum.at(least, cells, y)
        np.maximum.at(most, cells, y)
        n = np.bincount(cells, minlength=size)
        with np.errstate(invalid="ignore"):
            means = np.bincount(cells, w * y, size) / np.bincount(cells, w, size)
        # No mean lies outside its answers: where all units answer alike, rounding must not make them differ.
        return np.where(n > 0, np.clip(means, least, np.maximum(least, most)), np.nan), n

    def cells(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        """Number of the unit and wave of rows with ``unit`` and ``wave``; -1 for what no sheet has."""
        units = self.unit_names.get_indexer(pd.Index(frame["unit"]))
        waves = self.wave_names.get_indexer(pd.Index(frame["wave"]))
        found = np.asarray(units * len(self.wave_names) + waves, dtype=np.intp)
        return np.where((units >= 0) & (waves >= 0), found, -1)


def people_of(employees: pd.DataFrame, rows: NDArray[np.intp]) -> Codes:
    """Number of the person behind each sheet; a sheet without one is somebody of its own."""
    if "person" not in employees:
        return np.arange(len(rows))
    codes, names = coded(employees["person"])
    found = codes[rows]
    return np.where(found < 0, len(names) + np.arange(len(rows)), found)


def people_by_name(employees: pd.DataFrame, rows: NDArray[np.intp]) -> Codes:
    """The same from 0 without gaps, in the order of names; a sheet without one has the name of its row."""
    if "person" in employees:
        codes = ranked(employees["person"])[0][rows]
        if (codes >= 0).all():
            return np.asarray((np.cumsum(np.bincount(codes) > 0) - 1)[codes], dtype=np.int64)
    own = employees.index[rows].astype(str).to_numpy(dtype=object)
    if "person" in employees:
        named = employees["person"].astype(object).to_numpy()[rows]
        own = np.where(pd.isna(named), own, named.astype(str))
    return np.asarray(np.unique(own.astype(str), return_inverse=True)[1], dtype=np.int64)
