"""Closing rows of a table that hold totals or averages of the rows above: taken off before anything is guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from exresearch.study.draft.exports import Export
from exresearch.study.tables.cells.key_cells import totals_among

# Below a table stand a total, an average, a smallest and a largest value and the like.
_MOST_BELOW = 5
_FEWEST_ROWS = 10
_FEWEST_CELLS, _FEWEST_WHOLE = 2, 3
_MOSTLY = 0.8


def without_closing_rows(exports: Iterable[Export]) -> list[Export]:
    """Take closing rows of totals or averages off each export, and keep them beside it.

    When to use it: before columns are guessed; one row of averages makes every column of answers one with decimals.

    Parameters
    ----------
    exports : iterable of Export
        As they were read; not changed.

    Returns
    -------
    list of Export
        A row at the very end is taken off where it has a word for a total in a column that all rows above fill and no
        other text, or where it leaves a column empty that all rows above fill and its numbers are the means or the sums
        of these, or have decimals where all others have none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from exresearch.study.importers import RawTable
    >>> frame = pd.DataFrame({"team": [*"abcdefghij", None], "q1": [*range(10), 4.5], "q2": [*[3, 4] * 5, 3.5]})
    >>> found = without_closing_rows([Export(Path("a.csv"), {}, RawTable(frame, ("team",), decimal_comma=False))])
    >>> len(found[0].raw.frame), len(found[0].totals)
    (10, 1)
    """
    return [_without(export) for export in exports]


def _without(export: Export) -> Export:
    frame = export.raw.frame.apply(_filled)
    # Rows without any value are left out whatever the study file says.
    filled = np.flatnonzero(frame.notna().any(axis=1).to_numpy())
    last = filled[-_MOST_BELOW:]
    if len(filled) < _FEWEST_ROWS:
        return export
    numbers = frame.apply(lambda cells: _numbers(cells, comma=export.raw.decimal_comma))
    closing: list[int] = []
    for row in last[::-1]:
        body = filled[filled < row]
        if not _is_closing(frame, numbers, int(row), body):
            break
        closing.append(int(row))
    if not closing:
        return export
    gone = pd.Series(False, index=frame.index)
    gone.iloc[closing] = True
    marked = {kind: rows[~gone].reset_index(drop=True) for kind, rows in export.raw.marked.items()}
    raw = replace(export.raw, frame=export.raw.frame[~gone].reset_index(drop=True), marked=marked)
    return replace(export, raw=raw, totals=frame[gone].reset_index(drop=True))


def _is_closing(frame: pd.DataFrame, numbers: pd.DataFrame, row: int, body: np.ndarray) -> bool:
    cells, values = frame.iloc[row], numbers.iloc[row]
    above = frame.iloc[body]
    full = above.notna().all()
    texts = cells[cells.notna() & values.isna()].map(lambda cell: str(cell).strip()).astype("str")
    words = texts[totals_among(texts)]
    if len(words) and len(words) == len(texts):
        return bool(full[words.index].any())
    if len(texts) or not (full & cells.isna()).any():
        return False
    own = values.dropna()
    theirs = numbers.iloc[body][own.index]
    whole = theirs.mod(1).fillna(0).eq(0).all()
    broken = int((own.mod(1).ne(0) & whole).sum())
    if broken >= _FEWEST_CELLS:
        return True
    rounding = own.map(lambda value: 0.5 * 10.0 ** -_decimals(value) + 1e-9)
    means = (own - theirs.mean()).abs() <= rounding
    sums = (own - theirs.sum()).abs() <= 1e-6 * theirs.sum().abs()
    fewest = _FEWEST_CELLS if broken else _FEWEST_WHOLE
    return len(own) >= fewest and bool(max(means.mean(), sums.mean()) >= _MOSTLY)


def _filled(cells: pd.Series) -> pd.Series:
    """The same cells, missing where a text has nothing in it."""
    if not isinstance(cells.dtype, pd.StringDtype):
        return cells
    return cells.where(cells.str.strip().ne("") & cells.notna())


def _numbers(cells: pd.Series, *, comma: bool) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return pd.Series(float("nan"), index=cells.index)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.astype("Float64").astype("float64")
    texts = cells.astype("object").map(lambda value: str(value).strip(), na_action="ignore").astype("str")
    if comma:
        texts = texts.str.replace(",", ".", regex=False)
    return pd.to_numeric(texts, errors="coerce").astype("float64")


def _decimals(value: float) -> int:
    return len(f"{value:.10f}".rstrip("0").partition(".")[2])
