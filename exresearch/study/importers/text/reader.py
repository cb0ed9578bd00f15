"""Text files: encoding, delimiter and heading are found by content."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from exresearch.study.importers.platforms.layouts import Layout, recognise
from exresearch.study.importers.platforms.responses import check_layout, examine, left_unread
from exresearch.study.importers.raw import RawTable, check_once
from exresearch.study.importers.text.encoding import as_utf8
from exresearch.study.importers.text.headings import find_heading, is_heading
from exresearch.study.parameters import TableSource
from exresearch.study.remarks import Remark
from exresearch.study.yaml_file import read_bytes, refused

_DELIMITERS = ",;\t|"
# What is looked at to find the heading: this much text, so many rows.
_SAMPLE, _ROWS = 1 << 21, 60
_BLOCK = 1 << 25
_NOTE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
# Marks that cannot be seen, such as a byte-order mark behind another.
_UNSEEN = re.compile("[\ufeff\u200b\u2060\u00ad]")
_QUOTES = "Export it again, with text between quotes."
_NOT_CLOSED = "the rows cannot be told apart; perhaps a quotation mark is not closed."


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the rows are to be read: between which signs, from which byte, with which columns."""

    delimiter: str
    names: tuple[str, ...]
    width: int
    first: int
    start: int
    layout: Layout | None


def read_text(path: Path, *, columns: Collection[str] | None, source: TableSource) -> RawTable:
    r"""Read the wanted columns of a text file.

    When to use it: through :func:`exresearch.study.importers.read_columns`, which knows the file by its content.

    Parameters
    ----------
    path : pathlib.Path
        UTF-8, UTF-16 or Windows-1252, with commas, semicolons, tabs or bars between the fields.
    columns : collection of str or None
        Names to read; others are only listed. All but personal ones of a survey platform when None.
    source : TableSource
        ``encoding``, ``delimiter``, ``decimal`` and ``heading_row`` (the first row of the file being 1).

    Returns
    -------
    RawTable
        Every cell as text, an empty one as an empty text. Wholly empty rows are left out and counted.

    Raises
    ------
    StudyError
        If the file is empty, in no known encoding, without a heading, repeats a wanted column, mixes two exports, or
        has rows of another length than its heading.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answers.csv"
    ...     _ = path.write_text("Staff survey\n\nteam;q\nnorth;1,5\n", encoding="cp1252")
    ...     settings = TableSource.model_validate({"file": "answers.csv"})
    ...     raw = read_text(path, columns=None, source=settings)
    >>> raw.frame.to_dict("list"), raw.decimal_comma
    ({'team': ['north'], 'q': ['1,5']}, True)
    """
    content = read_bytes(path)
    if not content:
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    data, remarks = as_utf8(path, content, encoding=source.encoding)
    del content
    data = data.rstrip(b"\r\n")
    plan = _plan(path, data, columns, source)
    check_once(path, tuple(name for name in plan.names if name), columns)
    layout = plan.layout
    personal = layout.personal if layout else frozenset()
    read = [
        number
        for number, name in enumerate(plan.names)
        if name and (name in columns if columns is not None else number not in personal)
    ]
    watched = [] if layout is None else [number for number in layout.watched.values() if number not in read]
    unnamed = [number for number in range(plan.width) if number >= len(plan.names) or not plan.names[number]]
    frame = _parsed(path, data, plan, [*read, *watched, *unnamed])
    filled, n_empty = _filled(path, data, plan, frame)
    if n_empty:
        remarks += (Remark("", path.name, "", "empty_rows", n_empty),)
        frame = frame[filled].reset_index(drop=True)
    held = sum(bool((frame[number].str.strip() != "").any()) for number in unnamed)
    if held:
        remarks += (Remark("", path.name, "", "columns_without_heading", held),)
    marked: dict[str, pd.Series] = {}
    if layout is not None:
        said, marked = examine(path, frame[[*read, *watched]], layout, present=plan.names)
        remarks += said
        remarks += left_unread(path, layout, present=plan.names, read=read)
    return RawTable(
        frame[read].rename(columns=dict(enumerate(plan.names))),
        tuple(name for name in plan.names if name),
        decimal_comma=source.decimal == "," or (not source.decimal and plan.delimiter == ";"),
        decimal_known=bool(source.decimal),
        layout=f"csv/{layout.platform}" if layout else "csv",
        wording=layout.wording(plan.names) if layout else {},
        remarks=remarks,
        marked=marked,
    )


def _plan(path: Path, data: bytes, columns: Collection[str] | None, source: TableSource) -> _Plan:
    """Find delimiter and heading on the first rows."""
    whole = len(data) <= _SAMPLE
    text = data[:_SAMPLE].decode("utf-8", errors="ignore")
    before, chosen, offset = 0, str(source.delimiter), 0
    if note := _NOTE.match(text):
        # Excel's own note to itself.
        before, offset = 1, len(note.group().encode("utf-8"))
        chosen = chosen or (note.group(1) if note.group(1) in _DELIMITERS else "")
        text = text[note.end() :]
    most = _ROWS + (source.heading_row or 0)
    best: tuple[tuple[int, int, float, int, int], str, list[list[str]], list[int], int] | None = None
    for delimiter in chosen or _DELIMITERS:
        rows, ends = _first_rows(text, delimiter, most=most, whole=whole)
        if not any(any(row) for row in rows):
            continue
        at = find_heading(rows, wanted=columns)
        score = _score(rows[at:], columns, skipped=sum(any(row) for row in rows[:at]))
        if best is None or score > best[0]:
            best = score, delimiter, rows, ends, at
    if best is None or not any(cell.strip() for row in best[2] for cell in row):
        if text.strip(" \t\r\n;,|"):
            raise refused(path, _NOT_CLOSED, _QUOTES)
        raise refused(path, "the file has no heading.", "Put the column names in the first line.")
    score, delimiter, rows, ends, at = best
    layout = recognise(rows)
    if source.heading_row is not None:
        at = source.heading_row - 1 - before
        if not 0 <= at < len(rows) or not any(cell.strip() for cell in rows[at]):
            message = f"row {source.heading_row} is empty or not there and cannot be the heading."
            raise refused(path, message, "Correct 'heading_row' in the study file.")
        layout = layout if layout is not None and layout.heading == at else None
    check_layout(path, layout)
    if layout is not None:
        names, first = layout.named(columns), layout.first
    else:
        names, first = _names(rows[at], columns), at + 1
        if not score[0] and source.heading_row is None and not is_heading(rows[at], rows[first:]):
            message = "the file has no heading: its first row holds what other rows hold."
            raise refused(path, message, "Put the column names in the first line.")
    names, width = _width(names, rows[first:])
    start = offset + len(text[: ends[first - 1]].encode("utf-8"))
    return _Plan(delimiter, names, width, before + first, start, layout)


def _names(row: list[str], columns: Collection[str] | None) -> tuple[str, ...]:
    """Column names without blanks around them, unless they differ by these alone or are wanted with them."""
    row = [cell if columns and cell in columns else _seen(cell) for cell in row]
    plain = [cell.strip() for cell in row]
    return tuple(
        cell if plain.count(name) > 1 or (columns and cell in columns) else name
        for cell, name in zip(row, plain, strict=True)
    )


def _seen(cell: str) -> str:
    """A heading without marks that cannot be seen, its blanks those of a keyboard."""
    return _UNSEEN.sub("", cell).replace("\xa0", " ")


def _score(
    rows: list[list[str]], columns: Collection[str] | None, *, skipped: int
) -> tuple[int, int, float, int, int]:
    """How well a delimiter explains the rows from the heading on, and how few it leaves above."""
    width = len(rows[0])
    body = [len(row) for row in rows if any(row)]
    hits = len(set(columns or ()) & set(rows[0]))
    return hits, int(width > 1), sum(n == width for n in body) / len(body), -skipped, width


def _first_rows(text: str, delimiter: str, *, most: int, whole: bool) -> tuple[list[list[str]], list[int]]:
    """Return the first rows and where each ends in the text."""
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for line in io.StringIO(text, newline=""):
            read += len(line)
            yield line

    rows: list[list[str]] = []
    ends: list[int] = []
    try:
        for row in csv.reader(lines(), delimiter=delimiter):
            rows.append(row)
            ends.append(read)
            if len(rows) == most:
                return rows, ends
    except csv.Error:
        return rows, ends
    # The last row of a piece may be cut off.
    return (rows, ends) if whole or len(rows) < 2 else (rows[:-1], ends[:-1])


def _width(names: tuple[str, ...], rows: list[list[str]]) -> tuple[tuple[str, ...], int]:
    """Bring the heading to the width of the rows where the difference is columns without a name."""
    widths = [len(row) for row in rows if any(row)]
    body = max(set(widths), key=lambda width: (widths.count(width), width)) if widths else len(names)
    if body > len(names) and not any(cell.strip() for row in rows for cell in row[len(names) :]):
        return names, body
    while len(names) > body and not names[-1].strip():
        names = names[:-1]
    names = tuple(name if name.strip() else "" for name in names)
    return names, len(names)


def _parsed(path: Path, data: bytes, plan: _Plan, read: list[int]) -> pd.DataFrame:
    """Read some columns as text; every row has to be as wide as the heading."""
    if plan.start >= len(data):
        return pd.DataFrame({number: pd.Series([], dtype="str") for number in read})
    wrong: list[int] = []

    def skip(row: Any) -> str:
        wrong.append(row.number)
        return "skip"

    asked = [f"f{number}" for number in read] or ["f0"]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(data).slice(plan.start)),
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=min(max(len(data), 1), _BLOCK),
                column_names=[f"f{number}" for number in range(plan.width)],
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=plan.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(asked, pa.string()),
                include_columns=asked,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException:
        raise refused(path, _NOT_CLOSED, _QUOTES) from None
    if wrong:
        rows = "1 row has" if len(wrong) == 1 else f"{len(wrong)} rows have"
        first = min(wrong) + plan.first
        message = f"{rows} not as many fields as the heading ({plan.width}), the first in row {first}."
        raise refused(path, message, _QUOTES)
    _check_quotes(path, data, plan, table.num_rows)
    return pd.DataFrame({number: table.column(f"f{number}").to_pandas() for number in read})


def _check_quotes(path: Path, data: bytes, plan: _Plan, n_rows: int) -> None:
    """Where rows span lines, make sure that no open quotation mark has swallowed them."""
    n_lines = (
        data.count(b"\n", plan.start) + data.count(b"\r", plan.start) - data.count(b"\r\n", plan.start) + 1
    )
    # Where no row spans lines, the last can still be open.
    start = plan.start if n_lines != n_rows else max(data.rfind(b"\n"), data.rfind(b"\r"), plan.start - 1) + 1
    if data.find(b'"', start) < 0:
        return
    text = io.TextIOWrapper(io.BytesIO(memoryview(data)[start:]), encoding="utf-8", newline="")
    try:
        for _ in csv.reader(text, delimiter=plan.delimiter, strict=True):
            pass
    except csv.Error:
        raise refused(path, _NOT_CLOSED, _QUOTES) from None


def _filled(path: Path, data: bytes, plan: _Plan, frame: pd.DataFrame) -> tuple[np.ndarray, int]:
    """Return which rows hold anything in any column, and how many hold nothing."""
    filled = _holds(frame)
    if not filled.all() and frame.shape[1] < plan.width:
        known = {int(number) for number in frame.columns}
        others = [number for number in range(plan.width) if number not in known]
        filled |= _holds(_parsed(path, data, plan, others))
    return filled, int((~filled).sum())


def _holds(frame: pd.DataFrame) -> np.ndarray:
    filled = np.zeros(len(frame), dtype=bool)
    for number in frame.columns:
        filled |= (frame[number].str.strip() != "").to_numpy(dtype=bool)
        if filled.all():
            break
    return filled
