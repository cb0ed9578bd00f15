"""Rows that the study file asks to leave out: without a key, repeated, or marked by the survey platform."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from exresearch.study.importers import RawTable
from exresearch.study.parameters import TableSource
from exresearch.study.remarks import Remark

# Without these keys a row says nothing about anybody.
NEEDED = {"units": ("unit",), "people": ("person",)}
# Answer sheets that a survey platform marks, as steps of the ledger.
_MARKED = {
    "preview": "previews and tests of the survey",
    "spam": "sheets that the platform marks as spam",
    "unfinished": "sheets that were not finished",
}


def without_marked(raw: RawTable, leave_out: Collection[str]) -> tuple[RawTable, dict[str, int]]:
    """Leave out the answer sheets that the survey platform marks so, and count them by step of the ledger.

    Parameters
    ----------
    raw : RawTable
        One file of a table; not changed.
    leave_out : collection of str
        Of ``preview``, ``spam`` and ``unfinished``; other kinds make no difference here.

    Returns
    -------
    raw : RawTable
        With the rows that stay, and remarks on these.
    counts : dict of str to int
        Rows left out, by step of the ledger; a sheet that is two things counts as the first.

    Examples
    --------
    >>> frame = pd.DataFrame({"q": ["1", "2"]})
    >>> raw = RawTable(frame, ("q",), decimal_comma=False, marked={"spam": pd.Series([False, True])})
    >>> left, counts = without_marked(raw, ["spam"])
    >>> left.frame["q"].tolist(), counts
    (['1'], {'sheets that the platform marks as spam': 1})
    """
    gone = pd.Series(False, index=raw.frame.index)
    counts: dict[str, int] = {}
    for kind, step in _MARKED.items():
        if kind in leave_out and kind in raw.marked:
            more = raw.marked[kind] & ~gone
            gone |= more
            if more.any():
                counts[step] = int(more.sum())
    if not counts:
        return raw, counts
    # Of the other marks, only sheets that stay are said to be kept.
    kept = {f"{kind}_answers": int((rows & ~gone).sum()) for kind, rows in raw.marked.items()}
    remarks = (replace(remark, n=kept.get(remark.kind, remark.n)) for remark in raw.remarks)
    return replace(
        raw,
        frame=raw.frame[~gone].reset_index(drop=True),
        remarks=tuple(remark for remark in remarks if kept.get(remark.kind) != 0),
    ), counts


def without_asked(
    frame: pd.DataFrame, source: TableSource, *, name: str, file: str
) -> tuple[pd.DataFrame, dict[str, int], list[Remark]]:
    """Leave out rows without a key and rows that repeat an earlier one, as ``source`` asks.

    Parameters
    ----------
    frame : pandas.DataFrame
        One file of a table, its columns understood and its keys under their standard names; not changed.
    source : TableSource
        What the study file says of the file.
    name, file : str
        Table of the data model and name of the file, for the remarks.

    Returns
    -------
    frame : pandas.DataFrame
        The rows that stay.
    counts : dict of str to int
        Rows left out, by step of the ledger.
    remarks : list of Remark

    Examples
    --------
    >>> source = TableSource.model_validate({"file": "a.csv", "without_key": "leave_out"})
    >>> without_asked(pd.DataFrame({"unit": ["North", None]}), source, name="units", file="a.csv")[1]
    {'without unit': 1}
    """
    counts: dict[str, int] = {}
    remarks: list[Remark] = []
    for key in NEEDED.get(name, ()):
        if source.without_key == "leave_out" and key in frame and frame[key].isna().any():
            lacking = frame[key].isna()
            counts[f"without {key}"] = int(lacking.sum())
            remarks.append(Remark(name, file, "", "rows_without_key", int(lacking.sum()), key))
            frame = frame[~lacking].reset_index(drop=True)
    if source.same_rows == "leave_out" and (name in NEEDED or "person" in frame):
        # Only where a row is known by its key: two people may well give the same answers.
        repeated = frame.duplicated() & (name in NEEDED or frame["person"].notna())
        if repeated.any():
            counts["rows that repeat an earlier one"] = int(repeated.sum())
            remarks.append(Remark(name, file, "", "same_rows", int(repeated.sum())))
            frame = frame[~repeated].reset_index(drop=True)
    return frame, counts, remarks
