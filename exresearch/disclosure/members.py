"""Who belongs to which group: what a colleague with the staff list knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study import Study

_KEYS = ("unit", "wave")


@dataclass(frozen=True, slots=True)
class Members:
    """The answer sheets of one table, by the groups they belong to.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per sheet and one column per dimension, as text; missing where a sheet belongs to no group.
    person : numpy.ndarray of int, shape (sheets,)
        Number of the person whose sheet it is; its own number where persons are not known.
    """

    frame: pd.DataFrame
    person: NDArray[np.intp]

    def knows(self, dimension: str) -> bool:
        """Return whether sheets can be told apart by a dimension."""
        return dimension in self.frame.columns

    def has(self, dimension: str, value: str) -> bool:
        """Return whether any sheet has this value."""
        return self.knows(dimension) and bool((self.frame[dimension] == value).any())

    def belongs(self, group: Mapping[str, str]) -> NDArray[np.bool_]:
        """Return which sheets are in a group."""
        inside = np.ones(len(self.frame), dtype=bool)
        for dimension, value in group.items():
            inside &= (self.frame[dimension] == value).to_numpy(dtype=bool, na_value=False)
        return inside


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
