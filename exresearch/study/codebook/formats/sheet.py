"""A codebook as rows of a spreadsheet: CSV and workbooks become the same entries as YAML, each with its row."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exresearch.study.codebook.formats.cells import CONSTRUCT_KEYS, HEADING, UNSOLVED, CellError, read_cell
from exresearch.study.problems import Problem, nearest
from exresearch.study.yaml_file import read_bytes, refused

_CONSTRUCT = ("column", "label_nl", "label_en", *CONSTRUCT_KEYS)
_CONSTRUCT_SHEET = {"name": "column", "nl": "label_nl", "en": "label_en"} | {
    key: key for key in CONSTRUCT_KEYS
}
_SHOWN = {key: name for name, key in _CONSTRUCT_SHEET.items()}
# How an encrypted workbook names what it holds.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SAVE = "Save it as XLSX, CSV or YAML."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a codebook as it stands in a file.

    Attributes
    ----------
    start : str
        Line or row at which it begins.
    title : str
        What it is about.
    content : object
        Keys and values, as YAML would have them.
    at : dict of str to str
        Line of a key, where that is known.
    problems : tuple of Problem
        What is wrong with single cells; these are not in ``content``.
    """

    start: str
    title: str
    content: Any
    at: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, key: str = "") -> str:
        """Return where a key of this entry stands, for a message."""
        line = self.at.get(key) or self.at.get(key.partition(".")[0]) or self.start
        return ", ".join(part for part in (line, self.title, key) if part)


@dataclass(frozen=True, slots=True)
class RawBook:
    """A codebook as it stands in a file: constructs by name, variables in order, and what is wrong with the rest."""

    constructs: dict[str, Entry]
    variables: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    in_cells: bool


def read_sheets(path: Path) -> RawBook:
    """Read a codebook from a CSV file or a workbook.

    Parameters
    ----------
    path : pathlib.Path
        A text file with commas, semicolons or tabs, or a workbook with a sheet ``variables`` and, if wanted, a sheet
        ``constructs``.

    Returns
    -------
    RawBook

    Raises
    ------
    StudyError
        If the file is missing, empty, damaged or protected, or has no heading of a codebook.
    """
    content = read_bytes(path)
    if not content:
        raise refused(path, "the file is empty (0 bytes).", "See docs/codebook.md for an example.")
    constructs: dict[str, Entry] = {}
    variables: list[Entry] = []
    problems: list[Problem] = []
    grids = _workbook(path, content) if is_workbook(content) else [("", _text_rows(path, content))]
    for sheet, rows in grids:
        of_constructs = _of_constructs(sheet)
        heading_row = next((number for number, row in enumerate(rows) if any(_filled(c) for c in row)), None)
        if heading_row is None:
            if not of_constructs:
                raise refused(path, "there is nothing in it.", "See docs/codebook.md for an example.")
            continue
        columns, wrong = _heading(rows[heading_row], number=heading_row + 1, sheet=sheet, file=path.name)
        if not of_constructs and not {"table", "column", "role"} <= set(columns.values()):
            message = "the heading of a codebook is expected: at least table, column and role."
            raise refused(path, message, "See docs/codebook.md for an example.", _row(heading_row + 1, sheet))
        problems += wrong
        for number, row in enumerate(rows[heading_row + 1 :], start=heading_row + 2):
            cells = {name: row[at] for at, name in columns.items() if at < len(row) and _filled(row[at])}
            if not any(_filled(cell) for cell in row):
                continue
            where = _row(number, sheet)
            if any(at not in columns and _filled(cell) for at, cell in enumerate(row)) and not wrong:
                message = "a cell lies outside the columns of the heading."
                problems.append(Problem(path.name, where, message, "Move it, or empty it."))
            if of_constructs:
                cells["table"] = "constructs"
            entry = _entry(cells, where=where, shown=_SHOWN if of_constructs else {}, file=path.name)
            if cells.get("table") != "constructs":
                variables.append(entry)
            elif not entry.content.get("name"):
                if not entry.problems:
                    place = entry.place("name" if of_constructs else "column")
                    problems.append(Problem(path.name, place, "the cell is empty.", "Name the construct."))
                problems += entry.problems
            elif entry.title in constructs:
                message = "this construct has a label already."
                problems.append(Problem(path.name, entry.place(), message, "Keep one."))
            else:
                constructs[entry.title] = entry
    return RawBook(constructs, tuple(variables), tuple(problems), in_cells=True)


def printable(name: str) -> str:
    """Return a name for a message, with signs that cannot be seen written out."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in name)


def is_workbook(content: bytes) -> bool:
    """Whether a file begins as a workbook does: zipped, or in the older form of Office."""
    return content[:4] == b"PK\x03\x04" or content[:4] == b"\xd0\xcf\x11\xe0"


def _of_constructs(sheet: str) -> bool:
    return sheet.strip().casefold() == "constructs"


def _filled(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _row(number: int, sheet: str) -> str:
    return f"sheet {sheet}, row {number}" if sheet else f"row {number}"


def _heading(
    row: Sequence[Any], *, number: int, sheet: str, file: str
) -> tuple[dict[int, str], list[Problem]]:
    """Return the key of each column, by its place, and what is wrong with the heading."""
    legal = tuple(_CONSTRUCT_SHEET) if _of_constructs(sheet) else HEADING
    columns: dict[int, str] = {}
    problems = []
    for at, cell in enumerate(row):
        if not _filled(cell):
            continue
        name = "_".join(str(cell).strip().strip('"').casefold().split())
        key = _CONSTRUCT_SHEET.get(name, name) if _of_constructs(sheet) else name
        if name not in legal:
            message = f"unknown column {str(cell)!r}."
            problems.append(Problem(file, _row(number, sheet), message, nearest(name, legal)))
        elif key in columns.values():
            message = f"the heading has column {name!r} more than once."
            problems.append(Problem(file, _row(number, sheet), message, "Remove one."))
        else:
            columns[at] = key
    return columns, problems


def _entry(cells: dict[str, Any], *, where: str, shown: dict[str, str], file: str) -> Entry:
    """Make an entry of a row; ``shown`` says how its sheet calls a key."""
    content: dict[str, Any] = {}
    problems: list[Problem] = []
    column = cells.get("column")
    title = f"{column:g}" if isinstance(column, float) else printable(str(column or "").strip().strip('"'))
    of_construct = cells.get("table") == "constructs"
    for key, cell in cells.items():
        place = ", ".join(part for part in (where, title, shown.get(key, key)) if part)
        if of_construct and key not in (*_CONSTRUCT, "table"):
            message = "a row of table constructs has column, label_nl, label_en, min_share and score, and nothing else."
            problems.append(Problem(file, place, message, "Empty the cell."))
        elif key in CONSTRUCT_KEYS and not of_construct:
            message = f"{key} belongs to a construct."
            problems.append(
                Problem(
                    file, place, message, "Put it in a row of table constructs, or on the sheet constructs."
                )
            )
        else:
            try:
                content[key] = read_cell(key, cell)
            except CellError as error:
                problems.append(Problem(file, place, str(error), error.remedy))
    title = str(content.get("column") or title)
    label = {name: content.pop(f"label_{name}") for name in ("nl", "en") if f"label_{name}" in content}
    if of_construct:
        rules = {key: content[key] for key in CONSTRUCT_KEYS if key in content}
        name = {"name": content["column"]} if "column" in content else {}
        return Entry(where, title, name | label | rules, problems=tuple(problems))
    if label:
        content["label"] = label
    return Entry(where, title, content, problems=tuple(problems))


def _text_rows(path: Path, content: bytes) -> list[list[Any]]:
    text = _decoded(path, content)
    if text[:4].casefold() == "sep=":
        # Excel's own note to itself, which it does not count as a row.
        text = text.partition("\n")[2]
    first = next((line for line in text.splitlines() if line.strip(" ,;\t\r")), "")
    delimiter = max(",;\t", key=first.count)
    try:
        rows: list[list[Any]] = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        )
    except csv.Error:
        message = "the rows cannot be told apart; perhaps a quotation mark is not closed."
        raise refused(path, message, "Save it again from the spreadsheet.") from None
    return rows


def _decoded(path: Path, content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refused(path, "the file is neither UTF-8 nor Windows text.", "Save it as CSV UTF-8.")


def _workbook(path: Path, content: bytes) -> Iterator[tuple[str, list[list[Any]]]]:
    """Yield the sheets that count, by name: the one with the variables, and the one with the constructs."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    from exresearch.study.importers.workbook.marks import sheet_marks

    try:
        if _ENCRYPTED in content:
            raise PasswordError
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        labels = [name for name in names if _of_constructs(name)]
        others = [name for name in names if name not in labels]
        if not others:
            raise refused(
                path, "the workbook has no sheet 'variables'.", "See docs/codebook.md for an example."
            )
        first = next((name for name in others if name.strip().casefold() == "variables"), others[0])
        kind = "ods" if b"opendocument.spreadsheet" in content[:200] else "xlsx"
        for name in (first, *labels):
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if content[:2] == b"PK":
                _mark(rows, sheet_marks(path, sheet=name, kind=kind))
            yield name, rows
    except PasswordError:
        raise refused(path, "the workbook is protected by a password.", "Save it without one.") from None
    except (CalamineError, OSError, zipfile.BadZipFile, KeyError):
        raise refused(path, "not a readable workbook.", _SAVE) from None


def _mark(rows: list[list[Any]], marks: Any) -> None:
    """Show errors and unsolved formulas, which otherwise read as empty, and percentages as what one sees."""
    shown = dict.fromkeys(marks.unsolved, UNSOLVED) | dict(marks.errors)
    for (row, column), value in shown.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = value
    for row, column in marks.percent:
        if row < len(rows) and column < len(rows[row]) and isinstance(rows[row][column], int | float):
            rows[row][column] = f"{rows[row][column] * 100:g}%"
