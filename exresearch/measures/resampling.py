"""Whose answers depend on each other: the groups that an interval must keep together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.coded import coded, distinct

# Fewer groups than this cannot stand for the variation between groups.
LEAST_GROUPS = 10
#: Rows of a frame: a mask in its order, or labels of its index, each once.
Where = pd.Series | NDArray[np.bool_] | pd.Index | None


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups to resample.

    Attributes
    ----------
    by : {"unit", "person", "row"}
        What a group is.
    labels : pandas.Series
        Group of each row. A row without a unit, or without a person, is a group by itself.
    n_units : int
        Units in the data, whether or not they are the groups.
    """

    by: Literal["unit", "person", "row"]
    labels: pd.Series
    n_units: int


def dependence_groups(frame: pd.DataFrame, *, where: Where = None) -> Groups:
    """Choose the groups that answers are resampled by.

    Units where there are ten or more; otherwise persons, whose answers in several waves belong together; otherwise
    rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table with, perhaps, ``unit`` and ``person``.
    where : mask or index, optional
        The rows that count, all by default: as ``frame[where]``, without copying the other columns.

    Returns
    -------
    Groups

    Examples
    --------
    >>> dependence_groups(pd.DataFrame({"person": ["a", "a", "b"]})).by
    'row'
    """
    by, n_units = dependence_kind(frame, where=where)
    if by == "row":
        rows = _taken(pd.Series(0, index=frame.index), where)
        return Groups("row", pd.Series(range(len(rows)), index=rows.index), n_units)
    return Groups(by, _alone_where_missing(_taken(frame[by], where)), n_units)


def dependence_kind(
    frame: pd.DataFrame, *, where: Where = None
) -> tuple[Literal["unit", "person", "row"], int]:
    """Say what the groups of :func:`dependence_groups` are, and how many units there are, without making them."""
    rows = _rows(frame, where)
    n_units = distinct(frame["unit"], rows) if "unit" in frame else 0
    if n_units >= LEAST_GROUPS:
        return "unit", n_units
    if "person" in frame and distinct(frame["person"], rows) >= LEAST_GROUPS:
        return "person", n_units
    return "row", n_units


def dependence_labels(frame: pd.DataFrame, *, where: Where = None) -> pd.Series | None:
    """Give the groups of :func:`dependence_groups` for every row, as categories of numbers; None where a row is one.

    Rows that do not count have no group. Numbers are taken once for a whole table, which text would not be.

    Examples
    --------
    >>> units = pd.DataFrame({"unit": [f"u{number % 10}" for number in range(20)]})
    >>> dependence_labels(units, where=units.index > 4).isna().sum()
    np.int64(5)
    """
    by, _ = dependence_kind(frame, where=where)
    if by == "row":
        return None
    codes, names = coded(frame[by])
    rows = _rows(frame, where)
    counted = np.ones(len(frame), dtype=bool)
    if rows is not None:
        counted = np.zeros(len(frame), dtype=bool)
        counted[rows] = True
    alone = counted & (codes < 0)
    numbers = np.where(counted, codes, -1)
    numbers[alone] = len(names) + np.arange(int(alone.sum()))
    labels = pd.Categorical.from_codes(numbers, pd.RangeIndex(len(names) + int(alone.sum())))
    return pd.Series(labels, index=frame.index)


def respondents(frame: pd.DataFrame, *, where: Where = None) -> int:
    """Count the people behind answer sheets: each person once where the sheets say who they are, else the sheets.

    Parameters
    ----------
    frame : pandas.DataFrame
        Answer sheets.
    where : mask or index, optional
        The sheets that count, all by default: as ``frame[where]``, without copying the other columns.

    Examples
    --------
    >>> respondents(pd.DataFrame({"person": ["a", "a", "b"]})), respondents(pd.DataFrame({"item": [1, 2]}))
    (2, 2)
    """
    rows = _rows(frame, where)
    if "person" not in frame:
        return len(frame) if rows is None else int(np.arange(len(frame))[rows].size)
    # A sheet without a person may be anybody's, so it counts as somebody of its own.
    codes = coded(frame["person"])[0]
    return distinct(frame["person"], rows) + int(((codes if rows is None else codes[rows]) < 0).sum())


def _rows(frame: pd.DataFrame, where: Where) -> NDArray[Any] | None:
    """A mask, or places, for arrays."""
    if where is None:
        return None
    if isinstance(where, pd.Index):
        return frame.index.get_indexer(where)
    return np.asarray(where, dtype=bool)


def _taken(column: pd.Series, where: Where) -> pd.Series:
    if where is None:
        return column
    return column.loc[where] if isinstance(where, pd.Index) else column[np.asarray(where, dtype=bool)]


def respondents_by(frame: pd.DataFrame, *, by: str = "unit", where: Where = None) -> pd.Series:
    """Count the people of each group as :func:`respondents` does; rows without a group are left out.

    Examples
    --------
    >>> sheets = pd.DataFrame({"unit": list("aab"), "person": ["p", "p", None]})
    >>> respondents_by(sheets).to_dict()
    {'a': 1, 'b': 1}
    """
    rows = _rows(frame, where)
    codes, groups = coded(frame[by])
    codes = codes if rows is None else codes[rows]
    known = codes >= 0
    there = np.bincount(codes[known], minlength=len(groups))
    counts = there
    if "person" in frame:
        who, people = coded(frame["person"])
        who = who if rows is None else who[rows]
        named = known & (who >= 0)
        pairs = pd.unique(codes[named] * len(people) + who[named])
        counts = np.bincount(pairs // max(len(people), 1), minlength=len(groups))
        counts += np.bincount(codes[known & (who < 0)], minlength=len(groups))
    return pd.Series(counts, index=groups)[there > 0].sort_index()


def _alone_where_missing(labels: pd.Series) -> pd.Series:
    # Else these rows would be left out of every model that keeps groups together.
    missing = labels.isna()
    if not missing.any():
        return labels
    # A name that no group can have: names from a file have no blanks around them.
    own = [f" row {number}" for number in range(len(labels))]
    return labels.where(~missing, pd.Series(own, index=labels.index))
