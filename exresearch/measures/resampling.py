"""Whose answers depend on each other: the groups that an interval must keep together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

# Fewer groups than this cannot stand for the variation between groups.
LEAST_GROUPS = 10


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


def dependence_groups(frame: pd.DataFrame) -> Groups:
    """Choose the groups that answers are resampled by.

    Units where there are ten or more; otherwise persons, whose answers in several waves belong together; otherwise
    rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table with, perhaps, ``unit`` and ``person``.

    Returns
    -------
    Groups

    Examples
    --------
    >>> dependence_groups(pd.DataFrame({"person": ["a", "a", "b"]})).by
    'row'
    """
    n_units = int(frame["unit"].nunique()) if "unit" in frame else 0
    if n_units >= LEAST_GROUPS:
        return Groups("unit", _alone_where_missing(frame["unit"]), n_units)
    if "person" in frame and frame["person"].nunique() >= LEAST_GROUPS:
        return Groups("person", _alone_where_missing(frame["person"]), n_units)
    return Groups("row", pd.Series(range(len(frame)), index=frame.index), n_units)


def respondents(frame: pd.DataFrame) -> int:
    """Count the people behind answer sheets: each person once where the sheets say who they are, else the sheets.

    Examples
    --------
    >>> respondents(pd.DataFrame({"person": ["a", "a", "b"]})), respondents(pd.DataFrame({"item": [1, 2]}))
    (2, 2)
    """
    if "person" not in frame:
        return len(frame)
    # A sheet without a person may be anybody's, so it counts as somebody of its own.
    return int(frame["person"].nunique() + frame["person"].isna().sum())


def respondents_by(frame: pd.DataFrame, *, by: str = "unit") -> pd.Series:
    """Count the people of each group as :func:`respondents` does; rows without a group are left out.

    Examples
    --------
    >>> sheets = pd.DataFrame({"unit": list("aab"), "person": ["p", "p", None]})
    >>> respondents_by(sheets).to_dict()
    {'a': 1, 'b': 1}
    """
    codes, groups = pd.factorize(frame[by], sort=True)
    if "person" not in frame:
        counts = np.bincount(codes[codes >= 0], minlength=len(groups))
        return pd.Series(counts, index=groups)
    who, people = pd.factorize(frame["person"])
    nobody, named = (codes >= 0) & (who < 0), (codes >= 0) & (who >= 0)
    pairs = pd.unique(codes[named].astype(np.int64) * len(people) + who[named])
    counts = np.bincount(pairs // max(len(people), 1), minlength=len(groups))
    counts += np.bincount(codes[nobody], minlength=len(groups))
    return pd.Series(counts, index=groups)


def _alone_where_missing(labels: pd.Series) -> pd.Series:
    # Else these rows would be left out of every model that keeps groups together.
    missing = labels.isna()
    if not missing.any():
        return labels
    # A name that no group can have: names from a file have no blanks around them.
    own = [f" row {number}" for number in range(len(labels))]
    return labels.where(~missing, pd.Series(own, index=labels.index))
