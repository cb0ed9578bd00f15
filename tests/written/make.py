"""Write the OpenDocument files of this folder with odfpy: ``pip install odfpy pandas; python tests/written/make.py``.

They are kept because odfpy is published as source only, and the locked environment takes ready-made files alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from odf import opendocument, table, text

HERE = Path(__file__).parent


def frame() -> pd.DataFrame:
    """A frame of texts, numbers and dates with gaps; tests/test_import_workbook.py holds the same."""
    return pd.DataFrame(
        {
            "unit": ["Zürich", None, "a < b & c", 'line\n"two"'],
            "item": [1.0, 7.0, np.nan, 3.0],
            "exact": [0.1, 1 / 3, -1e-12, 123456789.125],
            "whole": [1, 2**40, -3, 0],
            "day": pd.to_datetime(["2024-01-05", None, "2024-02-29", "1999-12-31"]),
            "moment": pd.to_datetime(["2024-01-05 23:59:59", None, "2024-02-29 00:00:01", None]),
        }
    )


def employees() -> pd.DataFrame:
    """The employees of the small client of tests/conftest.py."""
    rng = np.random.default_rng(7)
    unit = np.repeat([f"Unit {letter}" for letter in "ABCDEF"], 10)
    made = pd.DataFrame({"id": [f"p{i:02d}" for i in range(60)], "team": unit, "year": "2024"})
    for name in ("eng_1", "eng_2", "eng_3", "needs", "customer"):
        made[name] = rng.integers(1, 8, 60)
    made["enps"] = rng.integers(0, 11, 60)
    return made


def cells(path: Path) -> None:
    """Percentages, times, errors and repeated cells, as LibreOffice writes them."""
    sheet = table.Table(name="A & B")

    def cell(shown: str = "", kind: str = "string", **attributes: Any) -> Any:
        made = table.TableCell(valuetype=kind, **attributes)
        if shown:
            made.addElement(text.P(text=shown))
        return made

    def row(*cells: Any, **attributes: Any) -> None:
        made = table.TableRow(**attributes)
        for one in cells:
            made.addElement(one)
        sheet.addElement(made)

    row(cell("Sheet of LibreOffice"))
    row(*(cell(name) for name in ("unit", "share", "took", "day", "q1", "q2")))
    row(
        cell("North"),
        cell("7%", "percentage", value="0.07"),
        cell("26:02:03", "time", timevalue="PT26H02M03S"),
        cell("05-01-24", "date", datevalue="2024-01-05"),
        cell("3", "float", value="3", numbercolumnsrepeated="2"),
    )
    row(table.TableCell(numbercolumnsrepeated="1000"), numberrowsrepeated="3")
    row(
        cell("South"),
        cell("25%", "percentage", value="0.25"),
        cell("00:00:09", "time", timevalue="PT9S"),
        cell("06-01-24", "date", datevalue="2024-01-06"),
        cell("#DIV/0!", stringvalue="", formula="of:=1/0"),
        cell("4", "float", value="4"),
        numberrowsrepeated="2",
    )
    book = opendocument.OpenDocumentSpreadsheet()
    book.spreadsheet.addElement(sheet)
    book.save(path)


if __name__ == "__main__":
    cells(HERE / "cells.ods")
    frame().to_excel(HERE / "frame.ods", index=False, engine="odf")
    employees().to_excel(HERE / "employees.ods", index=False, engine="odf")
    pd.DataFrame({"q": ["BROKEN", "x"]}).to_excel(HERE / "broken.ods", index=False, engine="odf")
    pd.DataFrame({"q": [1]}).to_excel(HERE / "one.ods", index=False, engine="odf")
