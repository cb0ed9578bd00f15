"""The workbook form of a codebook: three sheets, with lists to choose from and every column explained."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any, get_args

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from exresearch.study.codebook.book import Codebook
from exresearch.study.codebook.formats.cells import CONSTRUCT_KEYS, HEADING
from exresearch.study.codebook.formats.write import construct_cells, variable_cells
from exresearch.study.codebook.keys import CONSTRUCT_TEXTS, KEY_TEXTS
from exresearch.study.codebook.variable import Block, Role, ScoreMethod
from exresearch.study.parameters import TABLES

# In a workbook the constructs have a sheet of their own.
_COLUMNS = tuple(name for name in HEADING if name not in CONSTRUCT_KEYS)
_CONSTRUCTS = {"name": "column", "nl": "label_nl", "en": "label_en"} | {key: key for key in CONSTRUCT_KEYS}
_WIDTHS = {
    "column": 24,
    "label_nl": 44,
    "label_en": 44,
    "missing": 16,
    "values": 32,
    "comment": 44,
    "nl": 44,
    "en": 44,
}
_CHOICES: dict[str, Sequence[str]] = {
    "table": TABLES,
    "role": get_args(Role),
    "block": get_args(Block),
    "kind": ("percent", "mean", "rate"),
    "named": ("true", "false"),
    "reversed": ("true", "false"),
    "score": get_args(ScoreMethod),
}
_TYPED = ("minimum", "maximum", "named", "reversed", "min_share")
# Rows below the last one that have the lists as well.
_ROOM = 500
_LONGEST = 32_767
_EPOCH = datetime.datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's properties have no time zone


def workbook_bytes(book: Codebook) -> bytes:
    """Return a codebook as the bytes of an XLSX file, the same bytes for the same codebook.

    Parameters
    ----------
    book : Codebook
        What to write.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If a cell becomes longer than a workbook can hold.
    """
    workbook = Workbook()
    variables, constructs, explained = workbook.active, workbook.create_sheet(), workbook.create_sheet()
    rows = [
        [cells.get(name) for name in _COLUMNS]
        for cells in (variable_cells(v, typed=True) for v in book.variables)
    ]
    _fill(variables, "variables", _COLUMNS, rows, freeze="C2")
    _offer(variables, _COLUMNS, n_rows=len(rows))
    labels = [construct_cells(name, construct, typed=True) for name, construct in book.constructs.items()]
    _fill(
        constructs,
        "constructs",
        tuple(_CONSTRUCTS),
        [[cells.get(key) for key in _CONSTRUCTS.values()] for cells in labels],
        freeze="B2",
    )
    _offer(constructs, tuple(_CONSTRUCTS), n_rows=len(labels))
    _fill(
        explained,
        "explanation",
        ("sheet", "column", "Nederlands", "English", "legal"),
        _explanation(),
        freeze="C2",
    )
    explained.column_dimensions["C"].width = explained.column_dimensions["D"].width = 70
    explained.column_dimensions["E"].width = 50
    return _without_times(workbook)


def _fill(
    sheet: Worksheet, title: str, heading: Sequence[str], rows: Sequence[Sequence[Any]], *, freeze: str
) -> None:
    sheet.title = title
    sheet.freeze_panes = freeze
    for at, name in enumerate(heading, start=1):
        cell = sheet.cell(1, at, name)
        cell.font = Font(bold=True)
        column = sheet.column_dimensions[get_column_letter(at)]
        column.width = _WIDTHS.get(name, max(12, len(name) + 3))
        if name not in _TYPED:
            # Also where nothing stands yet: what is typed in stays as it is typed, 1-5 and 007 too.
            column.number_format = "@"
    for number, row in enumerate(rows, start=2):
        for at, value in enumerate(row, start=1):
            if value is not None:
                _put(sheet.cell(number, at), value, place=f"sheet {title}, row {number}, {heading[at - 1]}")
    if rows:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(heading))}{len(rows) + 1}"


def _offer(sheet: Worksheet, heading: Sequence[str], *, n_rows: int) -> None:
    """Give the columns of a sheet that have a few legal values a list to choose from."""
    for name, legal in _CHOICES.items():
        if name not in heading:
            continue
        letter = get_column_letter(heading.index(name) + 1)
        choice = DataValidation(
            type="list", formula1=f'"{",".join(legal)}"', allow_blank=True, showErrorMessage=True
        )
        choice.error, choice.errorTitle = f"Choose: {', '.join(legal)}", name
        choice.add(f"{letter}2:{letter}{n_rows + 1 + _ROOM}")
        sheet.add_data_validation(choice)


def _put(cell: Cell, value: Any, *, place: str) -> None:
    """Fill a cell; a text stays a text, whatever it looks like."""
    if isinstance(value, str):
        # Excel reads _x0041_ as a sign of that number.
        text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", value)
        if len(text) > _LONGEST:
            message = f"{place}: the cell would hold {len(text)} signs, and a workbook holds {_LONGEST}"
            raise ValueError(f"{message}; write the codebook as CSV or YAML")
        cell.value = text
        cell.data_type = "s"
        cell.number_format = "@"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    else:
        cell.value = value
        cell.alignment = Alignment(vertical="top")


def _explanation() -> list[list[str]]:
    rows = []
    for name in _COLUMNS:
        key, _, language = name.partition("_")
        nl, en = KEY_TEXTS["label" if key == "label" and language in ("nl", "en") else name]
        rows.append(["variables", name, nl, en, ", ".join(_CHOICES.get(name, ()))])
    rows += [
        ["constructs", name, nl, en, ", ".join(_CHOICES.get(name, ()))]
        for name, (nl, en) in CONSTRUCT_TEXTS.items()
    ]
    return rows


def _without_times(workbook: Workbook) -> bytes:
    """Save without the time of saving: the same codebook gives the same bytes."""
    saved, plain = io.BytesIO(), io.BytesIO()
    workbook.properties.created = _EPOCH
    workbook.properties.creator = "exresearch"
    workbook.save(saved)
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in parts.namelist():
            content = parts.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            copy.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return plain.getvalue()
