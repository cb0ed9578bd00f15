"""Rows that say too much about each of the people behind them, however many they are."""

from __future__ import annotations

from collections.abc import Iterator

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


def open_sums(
    frame: pd.DataFrame, *, counts: NDArray[np.float64], groups: Groups
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return sums over people that add up over groups, and how large each must possibly be in a hidden row.

    These are the rooms below the top and above the bottom of a scale, in parts of the scale, which must possibly reach
    one half; and the sum itself where one contributor has more than half of it, which must possibly reach twice that
    part. See :func:`too_revealing`.

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
    tuple of two numpy.ndarray, shape (rows,)
        The sums, and how large they must possibly be.
    """
    for column, measure in groups.measures.items():
        low, high = limits(frame, measure)
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
        given = np.isfinite(values)
        for room in (counts * (high - values) / (high - low), counts * (values - low) / (high - low)):
            yield np.where(given, np.maximum(room, 0.0), 0.0), np.where(given, PROTECTION, 0.0)
        if measure.largest:
            part = pd.to_numeric(frame[measure.largest], errors="coerce").to_numpy("float64", na_value=np.nan)
            total = np.where(given, np.abs(counts * values), 0.0)
            yield total, np.where(part > DOMINANCE, total * part / DOMINANCE, 0.0)


def limits(frame: pd.DataFrame, measure: Measure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest possible answer of each row."""
    low, high = (
        frame[limit].to_numpy("float64") if isinstance(limit, str) else np.full(len(frame), float(limit))
        for limit in (measure.low, measure.high)
    )
    return low, high
