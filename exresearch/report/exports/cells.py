"""Cells of a workbook: text that stays text, numbers with their format, rows as high as their words need."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from copy import copy
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

FONT, INK, BAND = "Arial", "1B1F24", "E8EDF3"
# What a spreadsheet takes for a formula when text begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST = 32_767
_LINE = 13.5


def put(
    sheet: Worksheet, row: int, column: int, value: Any, *, form: str = "", bold: bool = False, size: float = 10,
    right: bool = False, fill: str = "", colour: str = INK, padded: bool = False,
) -> None:  # fmt: skip
    """Fill a cell.

    A text is never taken for a formula: it is stored as text, and where it begins like a formula it is also marked as
    text for whoever edits the cell.

    Parameters
    ----------
    sheet : Worksheet
    row, column : int
        From 1.
    value : str, int, float or None
        None leaves the cell empty.
    form : str
        Number format; for numbers only.
    bold, size, right, fill, colour, padded
        Look of the cell; padded cells keep some room to their neighbours.
    """
    cell = sheet.cell(row, column)
    number = isinstance(value, int | float)
    # A style is looked up among all styles of the workbook each time it is set, which takes longer than all the rest.
    cell._style = copy(_style(sheet, number, right or number, bold, size, fill, colour, padded))
    if value is None or value == "":
        return
    if number:
        # All of its digits: openpyxl writes a float with one less than it may have.
        cell.value = repr(value)
        cell.data_type = "n"
        cell.number_format = form or "General"
        return
    # Excel reads _x0041_ as a sign of that number.
    text = _ESCAPED.sub("_x005F_", _CONTROL.sub(" ", str(value)))
    cell.value = text if len(text) <= _LONGEST else text[: _LONGEST - 2] + " …"
    cell.data_type = "s"
    if text.startswith(_FORMULA):
        cell.quotePrefix = True


def _style(
    sheet: Worksheet, number: bool, right: bool, bold: bool, size: float, fill: str, colour: str, padded: bool
) -> Any:
    known: dict[tuple[object, ...], Any] = sheet.parent.__dict__.setdefault("_exresearch_styles", {})
    look = (number, right, bold, size, fill, colour, padded)
    if look not in known:
        # A cell that is never saved.
        cell = Cell(sheet)
        cell.font = Font(name=FONT, size=size, bold=bold, color=colour)
        cell.alignment = Alignment(
            wrap_text=not number, vertical="top", horizontal="right" if right else "left", indent=int(padded)
        )
        if fill:
            cell.fill = PatternFill("solid", start_color=fill)
        known[look] = cell._style
    return known[look]


def head(sheet: Worksheet, row: int, headers: Sequence[tuple[str, bool]]) -> None:
    """Write the headings of a table, each with whether its column holds numbers."""
    sheet.row_dimensions[row].height = 20
    for at, (text, numbers) in enumerate(headers, start=1):
        put(sheet, row, at, text, bold=True, fill=BAND, right=numbers, padded=True)
        sheet.cell(row, at).border = Border(bottom=Side(style="thin", color="5B6470"))


def widths(sheet: Worksheet, wide: Sequence[float]) -> None:
    """Set the widths of columns, in characters."""
    for at, width in enumerate(wide, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width


def fit_row(sheet: Worksheet, row: int, texts: Sequence[tuple[object, float]], *, size: float = 10) -> None:
    """Make a row as high as its longest text needs at the width of its column."""
    lines = 1
    for text, width in texts:
        if isinstance(text, str):
            # Most signs are narrower than the digit by which columns are measured.
            room = max(int(width * 1.12 * 10 / size) - 1, 4)
            lines = max(lines, sum(len(textwrap.wrap(part, room)) or 1 for part in text.split("\n")))
    sheet.row_dimensions[row].height = min(math.ceil(lines * _LINE * size / 10) + 4, 409)


def across(sheet: Worksheet, row: int, first: int, last: int, text: str, **look: Any) -> None:
    """Write a text over several columns, in a row as high as it needs."""
    put(sheet, row, first, text, **look)
    if last > first:
        sheet.merge_cells(start_row=row, start_column=first, end_row=row, end_column=last)
    wide = sum(sheet.column_dimensions[get_column_letter(at)].width for at in range(first, last + 1))
    fit_row(sheet, row, [(text, wide)], size=look.get("size", 10))


def printed(sheet: Worksheet, *, heading: int, footer: str, pages: int = 1, columns: str = "") -> None:
    """Set a sheet up for paper: A4 across, headings repeated, page numbers below.

    Parameters
    ----------
    sheet : Worksheet
    heading : int
        Row that is repeated on every page.
    footer : str
        Left in the footer.
    pages : int
        How many sheets of paper the columns are spread over.
    columns : str
        Columns that are repeated, such as ``A:B``.
    """
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{heading}:{heading}"
    if columns:
        sheet.print_title_cols = columns
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.7
    # An ampersand begins a code in a footer.
    sheet.oddFooter.left.text = footer.replace("&", "&&")[:200]
    sheet.oddFooter.right.text = "&P / &N"
    sheet.oddFooter.left.size = sheet.oddFooter.right.size = 8
