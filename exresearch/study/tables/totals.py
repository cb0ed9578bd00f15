"""Rows of totals and averages among the rows of a table: refused, or left out as the study file asks; never kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from exresearch.study.codebook import Variable
from exresearch.study.importers import RawTable
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem
from exresearch.study.remarks import Remark
from exresearch.study.tables.cells.key_cells import LEAVE_OUT, perhaps_totals, totals_among, words_for_totals
from exresearch.study.tables.rows import NEEDED

# The step of the ledger.
TOTALS = "rows that seem to be totals"
_KEYS = ("person", "unit")
_SCALES = ("item", "driver", "outcome", "need")
# Below a table stand a total, an average, a smallest and a largest value and the like. Where more rows, or more than
# one in twenty, have no key, people did not give theirs.
_MOST_BELOW, _PART_BELOW = 5, 0.05


def without_totals(
    raw: RawTable, source: TableSource, variables: Sequence[Variable], *, name: str, file: str
) -> tuple[RawTable, int, list[Problem]]:
    """Leave out rows whose person or unit is a word for a total, if the study file asks for it.

    Where it does not ask, :func:`strange_keys` refuses them; a word that the codebook lists as a missing code is
    refused here in a table of answers, in which the row would count as a sheet without a key.

    Parameters
    ----------
    raw : RawTable
        One file of a table; not changed.
    source : TableSource
        What the study file says of the file.
    variables : sequence of Variable
        What its columns mean.
    name, file : str
        Table of the data model, and the name of the file for the messages.

    Returns
    -------
    raw : RawTable
        With the rows that stay.
    n : int
        How many are left out.
    problems : list of Problem

    Examples
    --------
    >>> unit = Variable(table="customers", column="team", role="unit")
    >>> frame = pd.DataFrame({"team": ["North", "Totaal"]})
    >>> source = TableSource.model_validate({"file": "a.csv", "without_key": "leave_out"})
    >>> raw = RawTable(frame, ("team",), decimal_comma=False)
    >>> without_totals(raw, source, [unit], name="customers", file="a.csv")[1:]
    (1, [])
    """
    gone = pd.Series(False, index=raw.frame.index)
    problems: list[Problem] = []
    for variable in variables:
        if variable.role not in _KEYS or variable.column not in raw.frame:
            continue
        cells = raw.frame[variable.column]
        if not isinstance(cells.dtype, pd.StringDtype):
            continue
        texts = pd.Series(cells.dropna().unique(), dtype="str").str.strip()
        codes = {code.strip() for code in variable.missing if isinstance(code, str)}
        if not (totals_among(texts, role=variable.role) | texts.isin(codes)).any():
            # As nearly always; of a million keys each different one is looked at once.
            continue
        cells = cells.str.strip()
        listed = cells.isin(codes)
        # Whoever lists a name that may be a unit's as well has said what it is.
        totals = totals_among(cells, role=variable.role) | (listed & perhaps_totals(cells))
        listed &= totals
        if name in NEEDED:
            # Then it is a row without its key, for which there are rules.
            totals &= ~listed
        if source.without_key == "leave_out":
            gone |= totals
        elif name not in NEEDED and listed.any():
            message = (
                f"{_rows(listed, 'seems to be a total', 'seem to be totals')} ({words_for_totals(cells[listed])}), "
                "and would count as answers of somebody."
            )
            problems.append(Problem(file, variable.column, message, _remedy(listed)))
    if not gone.any():
        return raw, 0, problems
    marked = {kind: rows[~gone].reset_index(drop=True) for kind, rows in raw.marked.items()}
    kept = replace(raw, frame=raw.frame[~gone].reset_index(drop=True), marked=marked)
    return kept, int(gone.sum()), problems


def without_unkeyed_totals(
    frame: pd.DataFrame, source: TableSource, variables: Sequence[Variable], *, name: str, file: str
) -> tuple[pd.DataFrame, int, list[Problem]]:
    """Refuse or leave out rows of answers that have no key and look like a total or an average.

    When to use it: on tables of answers. That somebody's unit is not known is common, and such sheets stay. A row
    without any key is taken for a total where its answers lie between the points of scales that all others answer in
    points, or where up to five rows at the very end lack a key that no other row lacks. Sorting by unit puts those
    without one at the end too, so that this tells nothing where the units stand in order.

    Parameters
    ----------
    frame : pandas.DataFrame
        One file of a table, its columns understood and its keys under their standard names; not changed.
    source : TableSource
        What the study file says of the file.
    variables : sequence of Variable
        What its columns mean.
    name, file : str
        Table of the data model, and the name of the file for the messages.

    Returns
    -------
    frame : pandas.DataFrame
        The rows that stay.
    n : int
        How many are left out.
    problems : list of Problem

    Examples
    --------
    >>> q = Variable(table="customers", column="q", role="item", construct="cx", minimum=1, maximum=5)
    >>> frame = pd.DataFrame({"unit": ["North", "South", None], "q": [4.0, 5.0, 4.5]})
    >>> source = TableSource.model_validate({"file": "a.csv"})
    >>> without_unkeyed_totals(frame, source, [q], name="customers", file="a.csv")[2][0].message
    '1 row has no unit, and answers between the points of the scales, like an average.'
    """
    keys = [key for key in _KEYS if key in frame and frame[key].notna().any()]
    if name in NEEDED or not keys:
        return frame, 0, []
    lacking = frame[keys].isna().all(axis=1)
    if not lacking.any():
        return frame, 0, []
    between = lacking & _between_points(frame, lacking, variables)
    below = lacking & ~between if _stand_below(frame, lacking, keys) else lacking & False
    gone = between | below
    if not gone.any():
        return frame, 0, []
    if source.without_key == "leave_out":
        return frame[~gone].reset_index(drop=True), int(gone.sum()), []
    place, without = " and ".join(keys), " and no ".join(keys)
    problems = [
        Problem(file, place, f"{_rows(rows, 'has', 'have')} no {without}{why}", _remedy(rows))
        for rows, why in (
            (between, ", and answers between the points of the scales, like an average."),
            (below, ", below rows that all have one, like a total."),
        )
        if rows.any()
    ]
    return frame, 0, problems


def total_rows(n: int, *, name: str, file: str) -> list[Remark]:
    """Return what is said of totals that were left out."""
    return [Remark(name, file, "", "total_rows", n)] if n else []


def _between_points(frame: pd.DataFrame, lacking: pd.Series, variables: Sequence[Variable]) -> pd.Series:
    """Whether a row has an answer that is no whole number, in a column where all rows with a key have whole ones."""
    between = pd.Series(False, index=frame.index)
    for variable in variables:
        if variable.role in _SCALES and variable.column in frame:
            answers = frame[variable.column]
            broken = answers.notna() & (answers % 1 != 0)
            if not broken[~lacking].any() and answers[~lacking].notna().any():
                between |= broken
    return between


def _stand_below(frame: pd.DataFrame, lacking: pd.Series, keys: Sequence[str]) -> bool:
    """Whether the rows without a key are the last few, and a key is filled in all others."""
    n = int(lacking.sum())
    if n > min(_MOST_BELOW, _PART_BELOW * len(frame)) or not lacking.iloc[-n:].all():
        return False
    others = frame.loc[~lacking]
    filled = [key for key in keys if others[key].notna().all()]
    if filled == ["unit"]:
        units = others["unit"]
        return not (units.is_monotonic_increasing or units.is_monotonic_decreasing)
    return bool(filled)


def _rows(marked: pd.Series, one: str, more: str) -> str:
    n = int(marked.sum())
    return f"1 row {one}" if n == 1 else f"{n} rows {more}"


def _remedy(marked: pd.Series) -> str:
    return f"Remove {'it' if marked.sum() == 1 else 'them'}, or {LEAVE_OUT}."
