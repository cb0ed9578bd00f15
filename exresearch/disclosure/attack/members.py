"""Who belongs to which group: what a colleague with the staff list knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study import Study

_KEYS = ("unit", "wave")


class Members:
    """The answer sheets of one table, by the groups they belong to.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per sheet and one column per dimension, as text; missing where a sheet belongs to no group.
    person : numpy.ndarray of int, shape (sheets,)
        Number of the person whose sheet it is; its own number where persons are not known.
    """

    def __init__(self, frame: pd.DataFrame, person: NDArray[np.intp]) -> None:
        self.person = person
        self._codes: dict[str, NDArray[np.intp]] = {}
        self._values: dict[str, dict[str, int]] = {}
        for name in frame.columns:
            codes, values = pd.factorize(frame[name], use_na_sentinel=True)
            self._codes[str(name)] = codes
            self._values[str(name)] = {str(value): number for number, value in enumerate(values)}

    def has(self, dimension: str, value: str) -> bool:
        """Return whether any sheet has this value."""
        return value in self._values.get(dimension, {})

    def marks(self, groups: Sequence[Mapping[str, str]]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return which kind of sheet each is, and which kinds are in which group.

        Parameters
        ----------
        groups : sequence of mapping of str to str
            Dimensions and values of each group.

        Returns
        -------
        tuple of numpy.ndarray, shapes (sheets,) and (kinds, groups)
            There are far fewer kinds of sheet than sheets.
        """
        names = sorted({dimension for group in groups for dimension in group})
        size = len(self.person)
        kind, first = np.zeros(size, dtype=np.intp), np.zeros(1 if size else 0, dtype=np.intp)
        for name in names:
            codes = self._codes[name]
            # By hashing, as np.unique would by sorting a million numbers for each dimension.
            kind, kinds = pd.factorize(kind * (codes.max(initial=0) + 2) + codes + 1, sort=True)
            first = np.empty(len(kinds), dtype=np.intp)
            first[kind[::-1]] = np.arange(size - 1, -1, -1)
            kind = kind.reshape(-1)
        inside = np.ones((len(first), len(groups)), dtype=bool)
        for index, group in enumerate(groups):
            for dimension, value in group.items():
                inside[:, index] &= self._codes[dimension][first] == self._values[dimension][value]
        return kind, inside


def members_of(study: Study) -> dict[str, Members]:
    """Return the members of every table of a study.

    A sheet's dimensions are the categories, unit and wave of its own row, the categories of its unit, and both under
    the name that the codebook gives them.

    Parameters
    ----------
    study : Study
        As loaded.

    Returns
    -------
    dict of str to Members
        By the name of the table.
    """
    units = _dimensions(study, "units") if "units" in study.tables else None
    found = {}
    for table, raw in study.tables.items():
        frame = _dimensions(study, table)
        if table != "units" and units is not None and "unit" in frame:
            frame = _with_units(frame, units)
        who = np.arange(len(frame))
        if "person" in raw.columns:
            codes = pd.factorize(raw["person"], use_na_sentinel=True)[0]
            # Who has no key is somebody of their own.
            who = np.where(codes >= 0, codes, codes.max(initial=-1) + 1 + np.arange(len(codes)))
        found[table] = Members(frame, who)
    return found


def roll_ups_of(study: Study) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Return the categories of each unit, over which tables of units add up to tables of categories.

    Parameters
    ----------
    study : Study
        As loaded.

    Returns
    -------
    dict
        ``{"unit": {name of the unit: [(category, value), ...]}}``; a unit that changed is in both categories.
    """
    if "units" not in study.tables or "unit" not in study.tables["units"].columns:
        return {}
    frame = study.tables["units"]
    found: dict[str, list[tuple[str, str]]] = {str(unit): [] for unit in frame["unit"].unique()}
    for variable in study.codebook.select("units", role="category"):
        if variable.column in frame.columns:
            pairs = frame[["unit"]].assign(value=as_text(frame[variable.column])).dropna().drop_duplicates()
            for unit, value in zip(pairs["unit"], pairs["value"], strict=True):
                found[str(unit)].append((variable.column, str(value)))
    return {"unit": found}


def as_text(column: pd.Series) -> pd.Series:
    """Write the values of a column as the ledger does: whole numbers without a point."""
    if pd.api.types.is_float_dtype(column.dtype):
        whole = column.dropna()
        if len(whole) and bool((whole == whole.round()).all()):
            column = column.astype("Int64")
    return column.astype("string")


def _dimensions(study: Study, table: str) -> pd.DataFrame:
    raw = study.tables[table]
    columns = {name: as_text(raw[name]) for name in _KEYS if name in raw.columns}
    for variable in study.codebook.select(table, role="category"):
        if variable.column not in raw.columns:
            continue
        values = as_text(raw[variable.column])
        label = variable.label
        for name in (variable.column, *((label.nl, label.en) if label is not None else ())):
            columns.setdefault(name, values)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(raw)))


def _with_units(frame: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Add the categories of each sheet's unit, in its wave where both have one."""
    keys = [name for name in _KEYS if name in frame and name in units]
    more = [name for name in units if name not in frame]
    if not more or "unit" not in keys:
        return frame
    rows = units[[*keys, *more]].drop_duplicates(keys)
    return frame.merge(rows, on=keys, how="left")
