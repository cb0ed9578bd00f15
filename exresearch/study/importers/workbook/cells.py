"""The cells of one column of a workbook, typed: numbers, dates, flags, times or text, and what does not go together."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.study.problems import NAMEABLE

_BAND = re.compile(r"\s*(?:\d+\s*[-–]\s*\d+|\d+\s*\+|[<>≤≥]\s*\d+)\s*")
_LIKE_DATE = re.compile(r"\s*\d{1,4}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{1,4}\b.*", re.DOTALL)
_NUMBERS, _TEXTS, _FLAGS, _DATES, _TIMES = "numbers", "texts", "true and false", "dates", "times"
_ONE = {_NUMBERS: "a number", _TEXTS: "a text", _FLAGS: "true or false", _TIMES: "a time"}
_AGAIN = "Give the column the format Text, correct the cells, and export it again."


@dataclass(frozen=True, slots=True)
class ReadCells:
    """A typed column.

    Attributes
    ----------
    cells : pandas.Series
        float64, datetime64, boolean or str.
    noted : tuple of (str, int, str)
        Kind of a remark, how many cells, and its detail.
    wrong : tuple of (int, str, str)
        How many cells, what is wrong with them, and the remedy.
    """

    cells: pd.Series
    noted: tuple[tuple[str, int, str], ...] = ()
    wrong: tuple[tuple[int, str, str], ...] = ()


def read_cells(
    cells: Sequence[Any],
    *,
    errors: Mapping[int, str] | None = None,
    percent: Collection[int] = (),
    unsolved: int = 0,
    comma: bool = False,
) -> ReadCells:
    """Type the cells of a column.

    Parameters
    ----------
    cells : sequence
        As calamine gives them; an empty text for an empty cell.
    errors : mapping of int to str, optional
        Position and name of errors, such as ``#N/A``; they become that text, to be listed as a missing code or refused.
    percent : collection of int
        Positions of cells shown as percentages.
    unsolved : int
        How many cells hold a formula without a result.
    comma : bool
        Whether a number among texts is written with a decimal comma, as those texts are.

    Returns
    -------
    ReadCells

    Examples
    --------
    >>> read_cells([1.0, "", 3.0]).cells.tolist()
    [1.0, nan, 3.0]
    >>> read_cells([12.0, "A1"]).cells.tolist()
    ['12', 'A1']
    >>> read_cells([1.0, 2.0, dt.date(2024, 5, 1)]).wrong[0][1]
    "1 cell holds a date and 2 hold numbers; Excel makes dates of answers such as '1-5'."
    """
    cells = list(cells)
    for place, name in (errors or {}).items():
        cells[place] = name
    kinds = [_kind(cell) for cell in cells]
    count = Counter(kind for kind in kinds if kind)
    noted: list[tuple[str, int, str]] = []
    wrong = [_unsolved(unsolved)] if unsolved else []
    if percent:
        if count[_NUMBERS] == len(percent):
            # Fifteen digits are what a cell holds; the rest is the noise of the multiplication.
            cells = [
                float(f"{c * 100:.15g}") if k == _NUMBERS else c for c, k in zip(cells, kinds, strict=True)
            ]
            noted.append(("percentages", len(percent), ""))
        else:
            wrong.append(_part_percent(len(percent), count[_NUMBERS]))
    if count[_TIMES] and count[_TIMES] == count.total():
        noted.append(("times_in_seconds", count[_TIMES], ""))
    if count[_DATES] and _strange_dates(cells, kinds, count):
        wrong.append(_not_dates(cells, kinds, count))
    elif count[_TIMES] and count[_NUMBERS]:
        wrong.append(_not_times(count))
    return ReadCells(_typed(cells, kinds, count, comma=comma), tuple(noted), tuple(wrong))


def _kind(cell: Any) -> str:
    if isinstance(cell, bool):
        return _FLAGS
    if isinstance(cell, int | float):
        return _NUMBERS
    if isinstance(cell, dt.date):
        return _DATES
    if isinstance(cell, dt.time | dt.timedelta):
        return _TIMES
    return _TEXTS if cell.strip() else ""


def _typed(cells: Sequence[Any], kinds: Sequence[str], count: Counter[str], *, comma: bool) -> pd.Series:
    if set(count) == {_NUMBERS}:
        return pd.Series([c if k else None for c, k in zip(cells, kinds, strict=True)], dtype="float64")
    if set(count) == {_DATES}:
        return pd.Series(
            [pd.Timestamp(c) if k else pd.NaT for c, k in zip(cells, kinds, strict=True)],
            dtype="datetime64[us]",
        )
    if set(count) == {_FLAGS}:
        return pd.Series([c if k else None for c, k in zip(cells, kinds, strict=True)], dtype="boolean")
    if set(count) == {_TIMES}:
        return pd.Series(
            [_seconds(c) if k else None for c, k in zip(cells, kinds, strict=True)], dtype="float64"
        )
    return pd.Series(
        [_text(c, comma=comma) if k else None for c, k in zip(cells, kinds, strict=True)], dtype="str"
    )


def _seconds(cell: dt.time | dt.timedelta) -> float:
    if isinstance(cell, dt.timedelta):
        return cell.total_seconds()
    return cell.hour * 3600.0 + cell.minute * 60 + cell.second + cell.microsecond / 1e6


def _text(cell: Any, *, comma: bool) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # 12, not 12.0: Excel knows no whole numbers.
        if cell.is_integer() and abs(cell) < 1e15:
            return f"{cell:.0f}"
        return repr(cell).replace(".", ",") if comma else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    if isinstance(cell, dt.timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell)


def _strange_dates(cells: Sequence[Any], kinds: Sequence[str], count: Counter[str]) -> bool:
    """Whether the dates of a column are most probably something else."""
    if count[_NUMBERS] or count[_FLAGS] or count[_TIMES]:
        return True
    texts = [cell for cell, kind in zip(cells, kinds, strict=True) if kind == _TEXTS]
    if any(_BAND.fullmatch(text) for text in texts):
        return True
    others = sum(not _LIKE_DATE.fullmatch(text) for text in texts)
    return others > count[_DATES]


def _not_dates(cells: Sequence[Any], kinds: Sequence[str], count: Counter[str]) -> tuple[int, str, str]:
    n = count[_DATES]
    others = [_others(count, kind) for kind in (_NUMBERS, _TEXTS, _FLAGS, _TIMES) if count[kind]]
    message = (
        f"{_cells(n)} {'a date' if n == 1 else 'dates'} and {', '.join(others)}; "
        "Excel makes dates of answers such as '1-5'."
    )
    bands = Counter(_band(c) for c, kind in zip(cells, kinds, strict=True) if kind == _DATES)
    meant = sorted(
        (band for band, rows in bands.items() if rows >= NAMEABLE), key=lambda b: int(b.split("-")[0])
    )
    if meant:
        message += f" Probably meant: {', '.join(meant)}."
    return n, message, _AGAIN


def _band(date: dt.date) -> str:
    return "-".join(str(end) for end in sorted((date.day, date.month)))


def _not_times(count: Counter[str]) -> tuple[int, str, str]:
    n = count[_TIMES]
    message = f"{_cells(n)} {'a time' if n == 1 else 'times'} and {_others(count, _NUMBERS)}."
    return n, message, "Give all cells of the column one format."


def _part_percent(n: int, numbers: int) -> tuple[int, str, str]:
    message = f"{n} of {numbers} numbers are shown as percentages and the others are not."
    return n, message, "Give all cells of the column one format."


def _unsolved(n: int) -> tuple[int, str, str]:
    formula = "a formula without its result" if n == 1 else "formulas without their results"
    return n, f"{_cells(n)} {formula}.", "Open it in Excel, save it, and try again."


def _others(count: Counter[str], kind: str) -> str:
    return f"1 holds {_ONE[kind]}" if count[kind] == 1 else f"{count[kind]} hold {kind}"


def _cells(n: int) -> str:
    return "1 cell holds" if n == 1 else f"{n} cells hold"
