"""The attrition ledger: what was read, and what was taken out on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from exresearch.study.tables.table import Table

_SHEETS = {
    "straight_lining": "sheets with all answers the same",
    "too_fast": "sheets answered too fast",
    "impossible_duration": "sheets with an impossible duration",
    "duplicate_sheet": "sheets that repeat an earlier one",
}


def attrition_ledger(tables: Mapping[str, Table]) -> pd.DataFrame:
    """Return what was read and what was taken out, step by step.

    Parameters
    ----------
    tables : mapping of str to Table
        Tables as checked, careless sheets judged.

    Returns
    -------
    pandas.DataFrame
        ``table, step, counted, n, removed``, one row per table and step. ``counted`` is rows, cells or columns, ``n``
        how many the step is about, ``removed`` how many of these it took out. A table begins with ``rows in the file``
        (``rows in the files`` where there are several, followed by a row per file under its name) and ends with
        ``rows for the analysis``, which is the first minus all rows removed.

    Examples
    --------
    >>> table = Table("units", pd.DataFrame({"unit": ["A"]}), "a.csv", (), {}, 2, {"without unit": 1})
    >>> attrition_ledger({"units": table})[["step", "n", "removed"]].to_numpy().tolist()
    [['rows in the file', 2, 0], ['without unit', 1, 1], ['rows for the analysis', 1, 0]]
    """
    rows: list[dict[str, Any]] = []

    def add(table: Table, step: str, counted: str, n: int, removed: int = 0) -> None:
        rows.append({"table": table.name, "step": step, "counted": counted, "n": n, "removed": removed})

    for table in tables.values():
        several = len(table.rows_by_file) > 1
        add(table, "rows in the files" if several else "rows in the file", "rows", table.n_rows)
        for file, count in table.rows_by_file if several else ():
            add(table, file, "rows", count)
        for step, count in table.left_out.items():
            add(table, step, "rows", count, count)
        for step, count in table.counted.items():
            add(table, step, "rows", count)
        coded = sum(table.coded_missing.values())
        if coded:
            add(table, "cells with a missing code", "cells", coded, coded)
        for flag, (count, removed) in table.flagged.items():
            add(table, _SHEETS[flag], "rows", count, removed)
        if table.unread:
            add(table, "columns not in the codebook", "columns", len(table.unread))
        add(table, "rows for the analysis", "rows", len(table.frame))
    return pd.DataFrame(rows, columns=["table", "step", "counted", "n", "removed"])
