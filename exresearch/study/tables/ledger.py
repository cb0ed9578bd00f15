"""The attrition ledger: what was read, and what was taken out on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from exresearch.study.tables.table import Table


def attrition_ledger(tables: Mapping[str, Table]) -> pd.DataFrame:
    """Return what was read and what was taken out: ``table, step, counted, n, removed``, one row per table and step."""
    rows: list[dict[str, Any]] = []

    def add(table: Table, step: str, counted: str, n: int, removed: int = 0) -> None:
        rows.append({"table": table.name, "step": step, "counted": counted, "n": n, "removed": removed})

    for table in tables.values():
        add(table, "rows in the file", "rows", table.n_rows)
        for step, count in table.left_out.items():
            add(table, step, "rows", table.n_rows, count)
        for key in ("unit", "wave", "person"):
            if key in table.frame and table.frame[key].isna().any():
                add(table, f"without {key}", "rows", int(table.frame[key].isna().sum()))
        coded = sum(table.coded_missing.values())
        if coded:
            add(table, "cells with a missing code", "cells", coded, coded)
        if table.unread:
            add(table, "columns not in the codebook", "columns", len(table.unread))
    return pd.DataFrame(rows, columns=["table", "step", "counted", "n", "removed"])
