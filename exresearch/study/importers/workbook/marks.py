"""What a workbook says besides the values of its cells: errors, percentages, lost results, what is hidden or merged."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Built-in number formats of XLSX that show a percentage.
_PERCENT = {9, 10}
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_IN_ROW = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^>]*)>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s([^>]*)>")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_STYLE = re.compile(rb"\bs=[\"'](\d+)")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>/]*>([^<]*)</")
_ODS_CELL = re.compile(
    rb"<table:(?:(table-row)|(?:covered-)?table-cell)\b([^>]*?)(?:/>|>(.*?)(?=<table:|</table:))", re.DOTALL
)
# How ODS says that a row or column is not shown.
_NOT_SHOWN = ("collapse", "filter")
_ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|Err:\d+")
_TAGS = re.compile(rb"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Marks:
    """Cells of one sheet by row and column, both from 0.

    Attributes
    ----------
    errors : dict of (int, int) to str
        Error that Excel shows there, such as ``#N/A``.
    percent : set of (int, int)
        Cells shown as a percentage, of which the file holds the hundredth part.
    unsolved : set of (int, int)
        Formulas whose result the file does not hold.
    hidden_rows, hidden_columns : set of int
        What the workbook does not show, as by a filter.
    merged : list of (int, int, int, int)
        First row, first column, last row and last column of merged cells, of which the first holds the value.
    """

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    percent: set[tuple[int, int]] = field(default_factory=set)
    unsolved: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def sheet_marks(path: Path, *, sheet: str, kind: str) -> Marks:
    """Read the marks of one sheet.

    Parameters
    ----------
    path : pathlib.Path
        A workbook that is known to be readable.
    sheet : str
        Name of the sheet.
    kind : str
        ``ods``, or anything else for the formats of Excel since 2007.

    Returns
    -------
    Marks

    Raises
    ------
    zipfile.BadZipFile
        If a part is damaged.
    """
    with zipfile.ZipFile(path) as parts:
        if kind == "ods":
            return _ods_marks(parts.read("content.xml"), sheet)
        part = _part_of(parts, sheet)
        if part is None:
            return Marks()
        styles = parts.read("xl/styles.xml") if "xl/styles.xml" in parts.namelist() else b""
        return _xlsx_marks(parts.read(part), _percent_styles(styles))


def _attribute(attributes: bytes, name: str) -> str:
    found = re.search(rf"(?:^|\s)(?:\w+:)?{name}=(?:\"([^\"]*)\"|'([^']*)')".encode(), attributes)
    return html.unescape((found.group(1) or found.group(2) or b"").decode("utf-8")) if found else ""


def _part_of(parts: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the part of the package that holds a sheet."""
    names = set(parts.namelist())
    book = parts.read("xl/workbook.xml")
    relations = parts.read("xl/_rels/workbook.xml.rels")
    key = next(
        (
            _attribute(a, "id")
            for a in re.findall(rb"<(?:\w+:)?sheet\s([^>]*)>", book)
            if _attribute(a, "name") == sheet
        ),
        "",
    )
    for attributes in re.findall(rb"<(?:\w+:)?Relationship\s([^>]*)>", relations):
        if key and _attribute(attributes, "Id") == key:
            target = _attribute(attributes, "Target")
            part = (
                target.lstrip("/")
                if target.startswith("/")
                else posixpath.normpath(posixpath.join("xl", target))
            )
            return part if part in names else None
    return None


def _percent_styles(styles: bytes) -> set[str]:
    """Return the numbers of the cell styles that show a percentage."""
    own = {
        int(_attribute(a, "numFmtId") or -1)
        for a in re.findall(rb"<(?:\w+:)?numFmt\s([^>]*)>", styles)
        # A sign between quotes is a text beside the number, not a format.
        if "%" in re.sub(r"\"[^\"]*\"|\\.", "", _attribute(a, "formatCode"))
    }
    cells = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    formats = re.findall(rb"<(?:\w+:)?xf\s([^>]*)>", cells.group()) if cells else []
    return {
        str(number)
        for number, attributes in enumerate(formats)
        if int(_attribute(attributes, "numFmtId") or 0) in own | _PERCENT
    }


def _xlsx_marks(xml: bytes, percent: set[str]) -> Marks:
    marks = Marks()
    _xlsx_layout(xml, marks)
    styles = {style.encode() for style in percent}
    if not (styles or b't="e"' in xml or b"t='e'" in xml or _FORMULA.search(xml)):
        return marks
    for place, attributes, content in _telling_cells(xml, styles):
        kind = _attribute(attributes, "t")
        value = _VALUE.search(content)
        if kind == "e":
            marks.errors[place] = html.unescape(value.group(1).decode("utf-8")) if value else "#ERROR"
        elif _FORMULA.search(content) and kind != "str" and not (value and value.group(1)):
            marks.unsolved.add(place)
        elif value and kind in ("", "n") and _attribute(attributes, "s") in percent:
            marks.percent.add(place)
    return marks


def _xlsx_layout(xml: bytes, marks: Marks) -> None:
    """Note hidden rows and columns, and merged cells."""
    if b"hidden=" in xml:
        row = -1
        for start in _ROW.finditer(xml):
            row = int(_attribute(start.group(1), "r") or row + 2) - 1
            if _HIDDEN.search(start.group(1)):
                marks.hidden_rows.add(row)
        for attributes in _COLUMN.findall(xml):
            if _HIDDEN.search(attributes):
                first, last = int(_attribute(attributes, "min")), int(_attribute(attributes, "max"))
                marks.hidden_columns.update(range(first - 1, last))
    for attributes in _MERGED.findall(xml):
        # The area may be of a single cell.
        ends = re.findall(r"([A-Z]+)(\d+)", _attribute(attributes, "ref").upper())
        if ends:
            (left, top), (right, bottom) = ends[0], ends[-1]
            marks.merged.append((int(top) - 1, _column_number(left), int(bottom) - 1, _column_number(right)))


def _telling_cells(xml: bytes, styles: set[bytes]) -> Iterator[tuple[tuple[int, int], bytes, bytes]]:
    """Yield place, attributes and content of the cells that may be marked; in a large sheet those are few."""
    row = -1
    starts = list(_ROW.finditer(xml))
    for number, start in enumerate(starts):
        row = int(_attribute(start.group(1), "r") or row + 2) - 1
        end = starts[number + 1].start() if number + 1 < len(starts) else len(xml)
        for count, cell in enumerate(_IN_ROW.finditer(xml, start.end(), end)):
            attributes, content = cell.group(1), cell.group(2)
            if not content:
                continue
            style = _STYLE.search(attributes) if styles else None
            shown = style is not None and style.group(1) in styles
            if shown or b'e"' in attributes or b"e'" in attributes or b"<f" in content or b":f" in content:
                # A writer may leave the places out, and then the cells count on.
                name = _attribute(attributes, "r").rstrip("0123456789")
                yield (row, _column_number(name) if name else count), attributes, content


def _column_number(name: str) -> int:
    number = 0
    for letter in name.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _ods_marks(xml: bytes, sheet: str) -> Marks:
    marks = Marks()
    for table in re.finditer(rb"<table:table\s([^>]*)>(.*?)</table:table>", xml, re.DOTALL):
        if _attribute(table.group(1), "name") != sheet:
            continue
        _ods_hidden_columns(table.group(2), marks)
        row, below, column = 0, 0, 0
        for cell in _ODS_CELL.finditer(table.group(2)):
            attributes = cell.group(2)
            if cell.group(1):
                row, column = row + below, 0
                below = int(_attribute(attributes, "number-rows-repeated") or 1)
                if _attribute(attributes, "visibility") in _NOT_SHOWN:
                    marks.hidden_rows.update(range(row, row + below))
                continue
            wide = int(_attribute(attributes, "number-columns-repeated") or 1)
            high, broad = (
                int(_attribute(attributes, f"number-{which}-spanned") or 1) for which in ("rows", "columns")
            )
            if high > 1 or broad > 1:
                marks.merged.append((row, column, row + high - 1, column + broad - 1))
            kinds = re.findall(rb"value-type=[\"'](\w+)", attributes)
            shown = html.unescape(_TAGS.sub(b"", cell.group(3) or b"").decode("utf-8")).strip()
            # LibreOffice says 'error'; other writers leave an empty text and show the error alone.
            error = b"error" in kinds or (b'string-value=""' in attributes and _ERROR.fullmatch(shown))
            if error or b"percentage" in kinds:
                for place in ((r, c) for r in range(row, row + below) for c in range(column, column + wide)):
                    if error:
                        marks.errors[place] = shown or "#ERROR"
                    else:
                        marks.percent.add(place)
            column += wide
    return marks


def _ods_hidden_columns(xml: bytes, marks: Marks) -> None:
    column = 0
    for attributes in re.findall(rb"<table:table-column\b([^>]*)>", xml):
        wide = int(_attribute(attributes, "number-columns-repeated") or 1)
        if _attribute(attributes, "visibility") in _NOT_SHOWN:
            marks.hidden_columns.update(range(column, column + wide))
        column += wide
