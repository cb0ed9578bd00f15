"""Workbooks, XLSX and ODS: one sheet becomes a raw table, and what Excel made of the answers is seen."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from exresearch.study.importers.platforms.layouts import recognise
from exresearch.study.importers.platforms.responses import check_layout, examine, left_unread
from exresearch.study.importers.raw import RawTable, check_once
from exresearch.study.importers.text.headings import find_heading, is_heading
from exresearch.study.importers.workbook.cells import read_cells
from exresearch.study.importers.workbook.marks import Marks, sheet_marks
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.remarks import Remark
from exresearch.study.yaml_file import read_bytes, refused

# Rows in which a heading is looked for.
_TOP = 60
_PASSWORD = "the workbook is protected by a password."  # noqa: S105 - a sentence about one
_OLDER = {"xls": "Excel 97-2003 (.xls)", "xlsb": "binary Excel (.xlsb)"}
_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_SHEET = "Name the sheet in the study file (sheet: ...)."


def read_workbook(path: Path, *, columns: Collection[str] | None, source: TableSource, kind: str) -> RawTable:
    """Read the wanted columns of one sheet of a workbook.

    When to use it: through :func:`exresearch.study.importers.read_columns`, which knows the file by its content.

    Parameters
    ----------
    path : pathlib.Path
        The workbook.
    columns : collection of str or None
        Names to read; others are only listed. All when None.
    source : TableSource
        ``sheet``, ``heading_row`` (the first row of the sheet being 1), ``macros`` and ``decimal``.
    kind : str
        ``xlsx``, ``xlsm`` or ``ods``; ``xlsb`` and ``xls`` are refused.

    Returns
    -------
    RawTable
        Numbers as float64, dates as datetime64, flags as boolean, times as seconds, all else as str. Cells with an
        error of Excel hold its name, such as ``#N/A``; percentages are read as shown. A cell that is merged with the
        one above holds what that holds. Empty rows are left out; hidden rows and columns are read.

    Raises
    ------
    StudyError
        If the workbook is protected, damaged, of an older format, or holds macros that ``source`` does not ignore; if
        it is not clear which sheet is meant; if a wanted column stands twice, mixes dates or times with other answers
        or percentages with plain numbers, or holds formulas without a result.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answers.xlsx"
    ...     pd.DataFrame({"team": ["north", "south"], "q": [1, 7]}).to_excel(path, index=False)
    ...     settings = TableSource.model_validate({"file": "answers.xlsx"})
    ...     raw = read_workbook(path, columns={"q"}, source=settings, kind="xlsx")
    >>> raw.frame["q"].tolist(), raw.present
    ([1.0, 7.0], ('team', 'q'))
    """
    if not read_bytes(path, limit=1):
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    if kind in _OLDER:
        # In these, a cell with an error cannot be told from an empty one.
        message = f"workbooks of {_OLDER[kind]} cannot be read."
        raise refused(path, message, "Save it as .xlsx.")
    remarks = _looked_into(path, source)
    sheet, rows, marks = _open(path, columns, source, kind=kind)
    texts = [[_shown(cell) for cell in row] for row in rows[: _TOP + (source.heading_row or 0)]]
    top = _heading_row(path, texts, columns, source, sheet=sheet)
    layout = recognise(texts)
    if layout is not None and source.heading_row is not None and layout.heading != top:
        layout = None
    check_layout(path, layout)
    first = top + 1 if layout is None else layout.first
    names = _names(texts[top], columns) if layout is None else layout.named(columns)
    present = tuple(name for name in names if name)
    check_once(path, present, columns)
    body = [number for number in range(first, len(rows)) if any(not _blank(cell) for cell in rows[number])]
    if len(body) < len(rows) - first:
        remarks.append(Remark("", path.name, "", "empty_rows", len(rows) - first - len(body)))
    unnamed = sum(
        not name and any(not _blank(rows[number][place]) for number in body)
        for place, name in enumerate(names)
    )
    if unnamed:
        remarks.append(Remark("", path.name, "", "columns_without_heading", unnamed))
    personal = layout.personal if layout else frozenset()
    read = [
        place
        for place, name in enumerate(names)
        if name and (name in columns if columns is not None else place not in personal)
    ]
    row_of = {number: row for row, number in enumerate(body)}
    merged, across = _fill_down(rows, marks, first=first, body=row_of)
    remarks += _laid_out(
        path, marks, names, rows_read=row_of, columns_read=read, merged=merged, across=across
    )
    cells: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    for place in read:
        name = names[place]
        column = read_cells(
            [rows[number][place] for number in body],
            errors={row_of[n]: error for (n, p), error in marks.errors.items() if p == place and n in row_of},
            percent={row_of[n] for n, p in marks.percent if p == place and n in row_of},
            unsolved=sum(p == place and n in row_of for n, p in marks.unsolved),
            comma=source.decimal == ",",
        )
        cells[name] = column.cells
        remarks += [Remark("", path.name, name, noted, n, detail) for noted, n, detail in column.noted]
        if columns is None:
            # Nobody has said that this column is needed: what is wrong with it is said, and it is text.
            remarks += [Remark("", path.name, name, "column_unclear", n, text) for n, text, _ in column.wrong]
        else:
            problems += [Problem(path.name, name, text, remedy) for _, text, remedy in column.wrong]
    if problems:
        raise StudyError(problems)
    marked: dict[str, pd.Series] = {}
    if layout is not None:
        shown = [*read, *(place for place in layout.watched.values() if place not in read)]
        answers = {place: pd.Series([_shown(rows[n][place]) for n in body], dtype="str") for place in shown}
        said, marked = examine(path, pd.DataFrame(answers), layout, present=names)
        remarks += said
        remarks += left_unread(path, layout, present=names, read=read)
    form = "ods" if kind == "ods" else "xlsx"
    return RawTable(
        pd.DataFrame(cells, index=pd.RangeIndex(len(body))),
        present,
        decimal_comma=source.decimal == ",",
        decimal_known=bool(source.decimal),
        layout=f"{form}/{layout.platform}" if layout else form,
        wording=layout.wording(names) if layout else {},
        remarks=tuple(remarks),
        marked=marked,
        merged={names[place]: n for place, n in merged.items() if place in read},
    )


def _fill_down(
    rows: list[list[Any]], marks: Marks, *, first: int, body: Collection[int]
) -> tuple[dict[int, int], int]:
    """Fill empty cells that are merged with the cell above, as Excel shows them.

    Returns how many in each column, and how many cells are merged with the one at their left and stay empty.
    """
    filled: dict[int, int] = {}
    across = 0
    for top, left, bottom, right in marks.merged:
        inside = [number for number in range(max(top, first), bottom + 1) if number in body]
        across += (right - left) * len(inside)
        for number in inside:
            if first <= top < number and left < len(rows[number]) and _blank(rows[number][left]):
                rows[number][left] = rows[top][left]
                filled[left] = filled.get(left, 0) + 1
    return filled, across


def _laid_out(
    path: Path,
    marks: Marks,
    names: Sequence[str],
    *,
    rows_read: Collection[int],
    columns_read: Sequence[int],
    merged: Mapping[int, int],
    across: int,
) -> list[Remark]:
    """Say what a reader of the sheet does not see, or sees otherwise than the cells have it."""
    said = []
    if rows := len(marks.hidden_rows & set(rows_read)):
        said.append(Remark("", path.name, "", "hidden_rows", rows))
    if hidden := [names[place] for place in columns_read if place in marks.hidden_columns]:
        said.append(Remark("", path.name, "", "hidden_columns", len(hidden), ", ".join(hidden)))
    said += [
        Remark("", path.name, names[place], "merged_cells", merged[place])
        for place in columns_read
        if place in merged
    ]
    if across:
        said.append(Remark("", path.name, "", "merged_across", across))
    return said


def _looked_into(path: Path, source: TableSource) -> list[Remark]:
    """Refuse what is locked, and macros unless they are to be ignored."""
    try:
        with zipfile.ZipFile(path) as parts:
            members = parts.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise _damaged(path) from None
    if any(member.flag_bits & 1 for member in members):
        raise refused(path, _PASSWORD, "Save it without the password.")
    names = [member.filename.lower() for member in members]
    if not any(n.endswith("vbaproject.bin") or n.startswith(("xl/macrosheets/", "basic/")) for n in names):
        return []
    if source.macros == "refuse":
        message = "the workbook holds macros; they are never run."
        remedy = "To read its cells alone, write 'macros: ignore' for this file in the study file; or save it as .xlsx."
        raise refused(path, message, remedy)
    return [Remark("", path.name, "", "macros_ignored")]


def _open(
    path: Path, columns: Collection[str] | None, source: TableSource, *, kind: str
) -> tuple[str, list[list[Any]], Marks]:
    """Return the name, the rows and the marks of the sheet that is meant."""
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            name = _choose(path, book, columns, source)
            rows = _rows(book.get_sheet_by_name(name))
        if kind == "ods":
            rows = [[_duration(cell) for cell in row] for row in rows]
        return name, rows, sheet_marks(path, sheet=name, kind=kind)
    except PasswordError:
        raise refused(path, _PASSWORD, "Save it without the password.") from None
    except StudyError:
        raise
    except (
        CalamineError,
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        LookupError,
        ValueError,
        RuntimeError,
    ):
        # What the standard library and calamine say of damaged parts.
        raise _damaged(path) from None


def _choose(path: Path, book: CalamineWorkbook, columns: Collection[str] | None, source: TableSource) -> str:
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in sheets]
    if source.sheet:
        if source.sheet in names:
            return source.sheet
        raise refused(path, f"there is no sheet {source.sheet!r}.", nearest(source.sheet, names))
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    if len(visible) == 1:
        return visible[0]
    if not visible:
        shown = f"its sheets are hidden: {', '.join(names)}." if names else "it has no sheet with cells."
        raise refused(path, shown, _SHEET if names else "Export it again.")
    shown = f"it has {len(visible)} sheets: {', '.join(visible)}."
    if columns is None:
        raise refused(path, shown, f"{_SHEET[:-1]}, or keep one.")
    held = {name: _best(_rows(book.get_sheet_by_name(name), most=_TOP), columns) for name in visible}
    most = [name for name in visible if held[name] == len(set(columns))] or [n for n in visible if held[n]]
    if len(most) == 1:
        return most[0]
    if most:
        message = f"more than one sheet holds columns of the codebook: {', '.join(most)}."
        raise refused(path, message, _SHEET)
    raise refused(path, f"{shown} None holds a column of the codebook.", _SHEET)


def _rows(sheet: CalamineSheet, most: int | None = None) -> list[list[Any]]:
    # With the empty area above and to the left, so that rows count as Excel counts them.
    if sheet.total_height == 0:
        return []
    return sheet.to_python(skip_empty_area=False, nrows=most)


def _best(rows: Sequence[Sequence[Any]], columns: Collection[str]) -> int:
    texts = [[_shown(cell) for cell in row] for row in rows]
    if layout := recognise(texts):
        return len(set(layout.named(columns)) & set(columns))
    return max((len(set(_names(row, columns)) & set(columns)) for row in texts), default=0)


def _heading_row(
    path: Path,
    texts: Sequence[Sequence[str]],
    columns: Collection[str] | None,
    source: TableSource,
    *,
    sheet: str,
) -> int:
    if not any(cell.strip() for row in texts for cell in row):
        raise refused(path, f"sheet {sheet!r} is empty.", "Name another sheet, or export it again.")
    if source.heading_row is not None:
        top = source.heading_row - 1
        if top >= len(texts) or not any(cell.strip() for cell in texts[top]):
            message = f"row {source.heading_row} of sheet {sheet!r} is empty and cannot be the heading."
            raise refused(path, message, "Correct 'heading_row' in the study file.")
        return top
    top = find_heading(texts, wanted=columns)
    known = columns is not None and any(name in columns for name in _names(texts[top], columns))
    if not is_heading(texts[top], [] if known else texts[top + 1 :]):
        message = f"sheet {sheet!r} has no heading: the first row of its table holds numbers, or what other rows hold."
        raise refused(path, message, "Put the column names above it, or name the row (heading_row: ...).")
    return top


def _names(row: Sequence[str], columns: Collection[str] | None) -> tuple[str, ...]:
    """Headings with their blanks made single, unless the codebook has them as they stand."""
    return tuple(cell if columns is not None and cell in columns else " ".join(cell.split()) for cell in row)


def _shown(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    return str(cell)


def _duration(cell: Any) -> Any:
    """Turn a time of ODS, which calamine gives as written there, into a duration."""
    found = _TIME.fullmatch(cell) if isinstance(cell, str) else None
    if found is None:
        return cell
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _blank(cell: Any) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _damaged(path: Path) -> StudyError:
    return refused(path, "not a readable workbook; it is damaged or cut off.", "Save it again in Excel.")
