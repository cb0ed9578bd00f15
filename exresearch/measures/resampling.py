"""Whose answers depend on each other: the groups that an interval must keep together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        Group of each row.
    n_units : int
        Units in the data, whether or not they are the groups.
    """

    by: Literal["unit", "person", "row"]
    labels: pd.Series
    n_units: int


def dependence_groups(frame: pd.DataFrame) -> Groups:
    """Choose the groups that answers are resampled by.

    Units where there are ten or more; otherwise persons, whose answers in several waves belong together; otherwise rows.

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
        return Groups("unit", frame["unit"], n_units)
    if "person" in frame and frame["person"].nunique() >= LEAST_GROUPS:
        return Groups("person", frame["person"], n_units)
    return Groups("row", pd.Series(range(len(frame)), index=frame.index), n_units)
