"""Rows that say too much about each of the people behind them, however many they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure.groups import Groups, Measure
from exresearch.disclosure.rules import DOMINANCE, PROTECTION


def too_revealing(frame: pd.DataFrame, *, counts: NDArray[np.float64], groups: Groups) -> NDArray[np.bool_]:
    """Find rows whose people all answered alike, or one of whom makes up most of a sum.

    A mean ``m`` of ``n`` answers on a scale from ``low`` to ``high`` leaves room for one answer to lie
    ``n (high - m)`` below the top and ``n (m - low)`` above the bottom. Where either room is less than half of the
    scale, everybody's answer is known to lie in the other half, and mostly at its end: homogeneity. A share of 0 or 1
    is the plainest case. For a distribution the same is asked of the answer that everybody gave; an answer that nobody
    gave tells little about anybody. A part of more than one half that one contributor has in a sum is dominance.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of results.
    counts : numpy.ndarray, shape (rows,)
        Respondents behind each row.
    groups : Groups
        Who is in each row and what its columns measure.

    Returns
    -------
    numpy.ndarray of bool, shape (rows,)
    """
    found = np.zeros(len(frame), dtype=bool)
    for column, measure in groups.measures.items():
        low, high = limits(frame, measure)
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
        room = counts * np.fmin(values - low, high - values) / (high - low)
        with np.errstate(invalid="ignore"):
            found |= np.isfinite(room) & (room < PROTECTION)
        if measure.largest:
            part = pd.to_numeric(frame[measure.largest], errors="coerce").to_numpy("float64", na_value=np.nan)
            found |= part > DOMINANCE
    if groups.answer:
        others = [c for c in groups.columns() if c != groups.answer]
        others += [groups.answered] if groups.answered in frame.columns else []
        keys = (
            frame[others].astype("string").fillna("").agg("|".join, axis=1)
            if others
            else pd.Series("", frame.index)
        )
        totals = pd.Series(counts, index=frame.index).groupby(keys).transform("sum").to_numpy()
        found |= (counts > 0) & (totals - counts < PROTECTION)
    return found


@dataclass(frozen=True, slots=True)
class OpenSum:
    """A sum over people that adds up over groups, and what must stay open of it in a hidden row.

    Attributes
    ----------
    values : numpy.ndarray, shape (rows,)
        The sum in each row, from the bottom of its scale.
    most : numpy.ndarray or None, shape (rows,)
        The largest that it can be; None where there is no such limit.
    up : numpy.ndarray or None, shape (rows,)
        How much larger it must possibly be; None where a difference of :data:`PROTECTION` in either direction will do.
    """

    values: NDArray[np.float64]
    most: NDArray[np.float64] | None
    up: NDArray[np.float64] | None


def open_sums(frame: pd.DataFrame, *, counts: NDArray[np.float64], groups: Groups) -> Iterator[OpenSum]:
    """Return what must stay open of the answers in hidden rows, for a reader who knows who is in each of them.

    The answers of a row together must possibly be half of a scale away from what they are. A sum of which one
    contributor has more than half must possibly be twice that part. See :func:`too_revealing`.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of results.
    counts : numpy.ndarray, shape (rows,)
        Respondents behind each row.
    groups : Groups
        Who is in each row and what its columns measure.

    Yields
    ------
    OpenSum
        In parts of the scale; the sum itself for contributors.
    """
    for column, measure in groups.measures.items():
        low, high = limits(frame, measure)
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
        given = np.isfinite(values)
        most = np.where(given, counts, 0.0)
        sums = np.where(given, np.clip(counts * (values - low) / (high - low), 0.0, counts), 0.0)
        yield OpenSum(sums, most, None)
        if measure.largest:
            part = pd.to_numeric(frame[measure.largest], errors="coerce").to_numpy("float64", na_value=np.nan)
            total = np.where(given, np.abs(counts * values), 0.0)
            more = np.where(part > DOMINANCE, total * part / DOMINANCE - total, 0.0)
            yield OpenSum(total, None, more)


def limits(frame: pd.DataFrame, measure: Measure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest possible answer of each row."""
    low, high = (
        frame[limit].to_numpy("float64") if isinstance(limit, str) else np.full(len(frame), float(limit))
        for limit in (measure.low, measure.high)
    )
    return low, high
