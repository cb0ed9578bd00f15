"""Workbooks of other writers come out cell by cell; what Excel made of answers is seen; refusals are sentences."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import zipfile
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from pandas.testing import assert_frame_equal

from exresearch.study import StudyError
from exresearch.study.importers import RawTable
from exresearch.study.importers.workbook.reader import read_workbook
from exresearch.study.parameters import TableSource
from exresearch.study.remarks import Remark

WRITTEN = Path(__file__).parent / "written"
NHS = Path(__file__).parents[2] / "shared" / "data" / "nhs_pulse_2022"


def raw(path: Path, columns: Collection[str] | None = None, **settings: Any) -> RawTable:
    source = TableSource.model_validate({"file": path.name, **settings})
    return read_workbook(path, columns=columns, source=source, kind=path.suffix[1:])


def refusal(path: Path, columns: Collection[str] | None = None, **settings: Any) -> str:
    with pytest.raises(StudyError) as caught:
        raw(path, columns, **settings)
    return "\n".join(str(problem) for problem in caught.value.problems)


def texts(*cells: str | None) -> pd.Series:
    return pd.Series(cells, dtype="str")


def written(path: Path, sheets: dict[str, list[list[Any]]], **states: str) -> Path:
    """Write sheets by openpyxl."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = states.get(name, "visible")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def patched(path: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> Path:
    """Write a zip anew with its members changed, and others added."""
    with zipfile.ZipFile(path) as old:
        members = {name: change(name, old.read(name)) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in {**members, **(extra or {})}.items():
            new.writestr(name, content)
    return path


def column(path: Path, *cells: Any, percent: Collection[int] = ()) -> Path:
    """Write one column ``a``; cells in ``percent`` get the format of a percentage."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["a", "n"])
    for number, cell in enumerate(cells):
        sheet.append([cell, number])
        if number in percent:
            sheet.cell(number + 2, 1).number_format = "0.0%"
    book.save(path)
    return path


# --- cell by cell -------------------------------------------------------------------------------------------------


def test_openpyxl_with_titles_totals_and_all_kinds_of_cells(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.xlsx",
        {
            "Answers": [
                ["Staff survey 2024"],
                [],
                ["team", "code", "eng_1", "share", "start", "left", "happy", "time"],
                [
                    "North",
                    12,
                    5,
                    0.25,
                    dt.date(2024, 3, 1),
                    pd.Timestamp("2024-03-01 13:30"),
                    True,
                    dt.time(0, 1, 30),
                ],
                [None] * 8,
                [" South ", "A1", "6", None, dt.date(1999, 12, 31), None, False, dt.timedelta(hours=26)],
                ["Total", None, 11, 0.3, None, None, None, None],
                [None, None, None, None, None, None, None, None, None],
                ["Source: HR"],
            ]
        },
    )
    found = raw(path)
    assert_frame_equal(
        found.frame,
        pd.DataFrame(
            {
                "team": texts("North", " South ", "Total", "Source: HR"),
                "code": texts("12", "A1", None, None),
                "eng_1": texts("5", "6", "11", None),
                "share": [0.25, np.nan, 0.3, np.nan],
                "start": pd.Series(["2024-03-01", "1999-12-31", None, None], dtype="datetime64[us]"),
                "left": pd.Series(["2024-03-01 13:30", None, None, None], dtype="datetime64[us]"),
                "happy": pd.Series([True, False, None, None], dtype="boolean"),
                "time": [90.0, 93600.0, np.nan, np.nan],
            }
        ),
    )
    assert found.present == ("team", "code", "eng_1", "share", "start", "left", "happy", "time")
    assert (found.layout, found.decimal_comma) == ("xlsx", False)
    assert found.remarks == (
        Remark("", "a.xlsx", "", "empty_rows", 2),
        Remark("", "a.xlsx", "time", "times_in_seconds", 2),
    )


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_a_frame_of_pandas_comes_back(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame(
        {
            "unit": texts("Zürich", None, "a < b & c", 'line\n"two"'),
            "item": [1.0, 7.0, np.nan, 3.0],
            "exact": [0.1, 1 / 3, -1e-12, 123456789.125],
            "whole": [1, 2**40, -3, 0],
            "day": pd.to_datetime(["2024-01-05", None, "2024-02-29", "1999-12-31"]).as_unit("us"),
            "moment": pd.to_datetime(["2024-01-05 23:59:59", None, "2024-02-29 00:00:01", None]).as_unit(
                "us"
            ),
        }
    )
    path = tmp_path / f"frame.{suffix}"
    if suffix == "ods":
        shutil.copy(WRITTEN / "frame.ods", path)
    else:
        frame.to_excel(path, index=False, engine="openpyxl")
    found = raw(path)
    assert_frame_equal(found.frame, frame.assign(whole=frame["whole"].astype("float64")))
    assert (found.layout, found.remarks) == (suffix, ())


def test_odfpy_with_percentages_times_errors_and_repeated_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    shutil.copy(WRITTEN / "cells.ods", path)
    found = raw(path)
    day = ["2024-01-05", "2024-01-06", "2024-01-06"]
    assert_frame_equal(
        found.frame,
        pd.DataFrame(
            {
                "unit": texts("North", "South", "South"),
                "share": [7.0, 25.0, 25.0],
                "took": [93723.0, 9.0, 9.0],
                "day": pd.Series(day, dtype="datetime64[us]"),
                "q1": texts("3", "#DIV/0!", "#DIV/0!"),
                "q2": [3.0, 4.0, 4.0],
            }
        ),
    )
    assert found.remarks == (
        Remark("", "a.ods", "", "empty_rows", 3),
        Remark("", "a.ods", "share", "percentages", 3),
        Remark("", "a.ods", "took", "times_in_seconds", 3),
    )


def test_the_error_of_libreoffice_is_known_by_its_type(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    shutil.copy(WRITTEN / "broken.ods", path)

    def change(name: str, content: bytes) -> bytes:
        if name != "content.xml":
            return content
        start = content.rindex(b"<table:table-cell", 0, content.index(b"BROKEN"))
        changed = content[start:].replace(
            b"<table:table-cell", b'<table:table-cell calcext:value-type="error"', 1
        )
        return content[:start] + changed.replace(b"BROKEN", b"Err:502")

    assert raw(patched(path, change)).frame["q"].tolist() == ["Err:502", "x"]


def test_dates_since_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (["day", "q"], [dt.date(2024, 3, 1), 1], [pd.Timestamp("1970-01-01 06:00"), 2]):
        book.active.append(row)
    book.save(tmp_path / "mac.xlsx")
    found = raw(tmp_path / "mac.xlsx").frame["day"]
    assert found.tolist() == [pd.Timestamp("2024-03-01"), pd.Timestamp("1970-01-01 06:00")]


def test_errors_are_text_that_a_codebook_can_list(tmp_path: Path) -> None:
    path = column(tmp_path / "a.xlsx", 1, "#N/A", 2.5, "#DIV/0!", "#N/A")
    book = openpyxl.load_workbook(path)
    for row in (3, 5, 6):
        book.active.cell(row, 1).data_type = "e"
    book.save(path)
    assert raw(path, {"a"}).frame["a"].tolist() == ["1", "#N/A", "2.5", "#DIV/0!", "#N/A"]


def test_percentages_are_read_as_shown(tmp_path: Path) -> None:
    found = raw(column(tmp_path / "a.xlsx", 0.07, None, 1, 0.285, percent={0, 1, 2, 3}), {"a"})
    assert found.frame["a"].tolist()[:1] + found.frame["a"].tolist()[2:] == [7.0, 100.0, 28.5]
    assert [str(remark) for remark in found.remarks] == [
        "a.xlsx: a: 3 cells are shown as percentages and read as shown: 25 for 25 %."
    ]


def laid_out(path: Path, rows: list[list[Any]], change: Callable[[Any], None]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    book.save(path)
    return path


def test_a_cell_merged_with_the_cell_above_holds_what_that_shows(tmp_path: Path) -> None:
    def merge(sheet: Any) -> None:
        for area in ("A1:B1", "A3:A4", "A5:A7", "B6:C6"):
            sheet.merge_cells(area)

    rows = [
        ["Survey", None, None],
        ["team", "q", "r"],
        ["North", 1, 1],
        [None, 2, 2],
        [7, 3, 3],
        [None, 4, None],
    ]
    path = laid_out(tmp_path / "a.xlsx", rows, merge)
    found = raw(path)
    assert found.frame["team"].tolist() == ["North", "North", "7", "7"]
    assert found.frame["r"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert np.isnan(found.frame["r"][3])
    assert found.merged == {"team": 2}
    assert [str(remark) for remark in found.remarks] == [
        "a.xlsx: team: 2 cells are merged with the cell above and are read as holding the same.",
        "a.xlsx: One cell is merged with the cell at its left and is read as empty.",
    ]
    # A heading over two rows is above the table, and says nothing about its rows.
    tall = laid_out(
        tmp_path / "b.xlsx", [["team", "q"], [None, 1], ["S", 2]], lambda s: s.merge_cells("A1:A2")
    )
    assert raw(tall, {"q"}).remarks == ()


def test_hidden_rows_and_columns_are_read_and_told(tmp_path: Path) -> None:
    def hide(sheet: Any) -> None:
        for row in (1, 3, 4, 9):
            sheet.row_dimensions[row].hidden = True
        sheet.column_dimensions["B"].hidden = True

    path = laid_out(tmp_path / "a.xlsx", [["team", "q"], ["North", 1], ["South", 2], ["West", 3]], hide)
    found = raw(path)
    assert found.frame["q"].tolist() == [1.0, 2.0, 3.0]
    assert [str(remark) for remark in found.remarks] == [
        "a.xlsx: 2 rows are hidden in the workbook, as by a filter; they are read like the others.",
        "a.xlsx: One column is hidden in the workbook; it is read like the others: q.",
    ]
    assert [remark.kind for remark in raw(path, {"team"}).remarks] == ["hidden_rows"]


def test_ods_tells_what_is_hidden_and_merged_too(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    shutil.copy(WRITTEN / "broken.ods", path)

    def cell(text: str, more: str = "") -> str:
        return (
            f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'
        )

    row, end, two = "<table:table-row>", "</table:table-row>", ' table:number-rows-spanned="2"'
    table = (
        '<table:table table:name="S"><table:table-column/><table:table-column table:visibility="collapse"/>'
        f"{row}{cell('team')}{cell('q')}{end}"
        f"{row}{cell('North', two)}{cell('a')}{end}"
        f'<table:table-row table:visibility="filter"><table:covered-table-cell/>{cell("b")}{end}'
        f"{row}{cell('South')}{cell('c')}{end}</table:table>"
    )
    found = raw(
        patched(
            path, lambda n, c: re.sub(rb"<table:table .*</table:table>", table.encode(), c, flags=re.DOTALL)
        )
    )
    assert found.frame.to_dict("list") == {"team": ["North", "North", "South"], "q": ["a", "b", "c"]}
    assert [(remark.kind, remark.n, remark.detail) for remark in found.remarks] == [
        ("hidden_rows", 1, ""),
        ("hidden_columns", 1, "q"),
        ("merged_cells", 1, ""),
    ]


def test_only_wanted_columns_are_read_and_columns_without_a_heading_are_told(tmp_path: Path) -> None:
    rows = [["q", None, "r", None], [1, "note", "x", None], [2, None, "y", None]]
    found = raw(written(tmp_path / "a.xlsx", {"S": rows}), {"q", "absent"})
    assert_frame_equal(found.frame, pd.DataFrame({"q": [1.0, 2.0]}))
    assert found.present == ("q", "r")
    assert found.remarks == (Remark("", "a.xlsx", "", "columns_without_heading", 1),)


def test_years_as_headings_are_whole_numbers(tmp_path: Path) -> None:
    rows = [["unit", 2023, 2024], ["North", 1.5, 2], ["South", 3, 4]]
    assert raw(written(tmp_path / "a.xlsx", {"S": rows})).present == ("unit", "2023", "2024")


def test_dates_with_texts_that_are_dates_stay_for_the_check_of_the_column(tmp_path: Path) -> None:
    path = column(
        tmp_path / "a.xlsx", dt.date(2024, 3, 1), "31-12-2023", pd.Timestamp("2024-03-02 08:00"), "unknown"
    )
    assert raw(path, {"a"}).frame["a"].tolist() == [
        "2024-03-01",
        "31-12-2023",
        "2024-03-02 08:00:00",
        "unknown",
    ]


# --- which sheet ---------------------------------------------------------------------------------------------------

ANSWERS, NOTES = [["q", "r"], [1, 2]], [["About"], ["This survey"]]


def test_the_only_visible_sheet_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", {"Lists": ANSWERS, "Data": [["q", "r"], [5, 6]]}, Lists="hidden")
    assert raw(path).frame["q"].tolist() == [5.0]


def test_the_only_sheet_with_the_wanted_columns_is_taken(tmp_path: Path) -> None:
    sheets = {"Read me": NOTES, "Data": ANSWERS, "Old": [["q"], [9]], "Raw": ANSWERS}
    path = written(tmp_path / "a.xlsx", sheets, Raw="veryHidden")
    assert raw(path, {"q", "r"}).frame["r"].tolist() == [2.0]
    assert raw(path, {"q"}, sheet="Old").frame["q"].tolist() == [9.0]
    assert raw(path, {"q"}, sheet="Raw").frame["q"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        (
            None,
            {},
            "a.xlsx: it has 3 sheets: Read me, Data, More. Name the sheet in the study file (sheet: ...), or keep one.",
        ),
        (
            {"q"},
            {},
            "a.xlsx: more than one sheet holds columns of the codebook: Data, More. "
            "Name the sheet in the study file (sheet: ...).",
        ),
        (
            {"z"},
            {},
            "a.xlsx: it has 3 sheets: Read me, Data, More. None holds a column of the codebook. "
            "Name the sheet in the study file (sheet: ...).",
        ),
        (
            {"q"},
            {"sheet": "data"},
            "a.xlsx: there is no sheet 'data'. Did you mean 'Data'? Legal: Read me, Data, More, Lists.",
        ),
        (
            {"q"},
            {"sheet": "Data", "heading_row": 9},
            "a.xlsx: row 9 of sheet 'Data' is empty and cannot be the heading. "
            "Correct 'heading_row' in the study file.",
        ),
    ],
)
def test_which_sheet_must_be_clear(
    tmp_path: Path, columns: set[str] | None, settings: dict[str, Any], message: str
) -> None:
    sheets = {"Read me": NOTES, "Data": ANSWERS, "More": ANSWERS, "Lists": ANSWERS}
    assert refusal(written(tmp_path / "a.xlsx", sheets, Lists="hidden"), columns, **settings) == message


def test_no_sheet_that_can_be_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", {"Empty": []})
    assert refusal(path) == "a.xlsx: sheet 'Empty' is empty. Name another sheet, or export it again."
    hidden = written(tmp_path / "b.xlsx", {"One": ANSWERS, "Two": ANSWERS}, Two="hidden")

    def hide(name: str, content: bytes) -> bytes:
        return (
            content.replace(b'state="visible"', b'state="hidden"') if name == "xl/workbook.xml" else content
        )

    assert refusal(patched(hidden, hide)) == (
        "b.xlsx: its sheets are hidden: One, Two. Name the sheet in the study file (sheet: ...)."
    )


# --- what Excel made of answers ------------------------------------------------------------------------------------

DAY = dt.date(2024, 5, 1)
AGAIN = "Give the column the format Text, correct the cells, and export it again."


@pytest.mark.parametrize(
    ("cells", "percent", "message"),
    [
        (
            [1, 2, DAY, 4],
            (),
            f"a.xlsx: a: 1 cell holds a date and 3 hold numbers; Excel makes dates of answers such as '1-5'. {AGAIN}",
        ),
        (
            [*[DAY] * 6, *[dt.date(2024, 10, 6)] * 5, dt.date(2024, 12, 11), "11-20", "21-50"],
            (),
            "a.xlsx: a: 12 cells hold dates and 2 hold texts; Excel makes dates of answers such as '1-5'. "
            f"Probably meant: 1-5, 6-10. {AGAIN}",
        ),
        (
            [DAY, "agree", "disagree"],
            (),
            f"a.xlsx: a: 1 cell holds a date and 2 hold texts; Excel makes dates of answers such as '1-5'. {AGAIN}",
        ),
        (
            [1, dt.time(1, 30)],
            (),
            "a.xlsx: a: 1 cell holds a time and 1 holds a number. Give all cells of the column one format.",
        ),
        (
            [0.5, 40, 0.3],
            (0, 2),
            "a.xlsx: a: 2 of 3 numbers are shown as percentages and the others are not. "
            "Give all cells of the column one format.",
        ),
        (
            [1, "=A2+1", "=A3+1"],
            (),
            "a.xlsx: a: 2 cells hold formulas without their results. Open it in Excel, save it, and try again.",
        ),
    ],
)
def test_what_excel_made_of_answers_is_refused_where_it_is_wanted_and_told_where_not(
    tmp_path: Path, cells: list[Any], percent: Collection[int], message: str
) -> None:
    path = column(tmp_path / "a.xlsx", *cells, percent=percent)
    assert refusal(path, {"a"}) == message
    assert raw(path, {"n"}).remarks == ()
    (told,) = raw(path).remarks
    assert message.startswith(f"a.xlsx: a: {told.detail}")
    assert told.kind == "column_unclear"


def test_every_problem_at_once(tmp_path: Path) -> None:
    rows = [["a", "b", "b"], [1, 1, 1], [DAY, 2, 2]]
    path = written(tmp_path / "a.xlsx", {"S": rows})
    assert (
        refusal(path, {"b"}) == "a.xlsx: b: the heading has this column more than once. Rename or remove one."
    )
    rows = [["a", "b"], [1, DAY], [DAY, "6-10"]]
    assert refusal(written(path, {"S": rows}), {"a", "b"}).count("\n") == 1


# --- files that are not read ---------------------------------------------------------------------------------------


def test_macros_are_refused_or_ignored(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsm", {"S": ANSWERS})
    patched(path, lambda _, content: content, {"xl/vbaProject.bin": b"never run"})
    assert refusal(path) == (
        "a.xlsm: the workbook holds macros; they are never run. To read its cells alone, "
        "write 'macros: ignore' for this file in the study file; or save it as .xlsx."
    )
    found = raw(path, macros="ignore")
    assert_frame_equal(found.frame, pd.DataFrame({"q": [1.0], "r": [2.0]}))
    assert [str(remark) for remark in found.remarks] == [
        "a.xlsm: The workbook holds macros; they were not run, only cells were read."
    ]


def test_a_password_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    shutil.copy(WRITTEN / "one.ods", path)
    secret = (
        b'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml" manifest:size="9">'
        b'<manifest:encryption-data manifest:checksum-type="SHA1/1K" manifest:checksum="x"/></manifest:file-entry>'
    )

    def change(name: str, content: bytes) -> bytes:
        return (
            content.replace(b"</manifest:manifest>", secret + b"</manifest:manifest>")
            if "manifest" in name
            else content
        )

    assert refusal(patched(path, change)) == (
        "a.ods: the workbook is protected by a password. Save it without the password."
    )
    # A zip with encrypted members: the flag in each of its headings is set by hand.
    path = written(tmp_path / "b.xlsx", {"S": ANSWERS})
    content = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(sign)
        while place >= 0:
            content[place + at] |= 1
            place = content.find(sign, place + 4)
    path.write_bytes(content)
    assert refusal(path) == "b.xlsx: the workbook is protected by a password. Save it without the password."


@pytest.mark.parametrize("kept", [1, 100, 0.5, 0.95])
def test_a_damaged_file_is_refused(tmp_path: Path, kept: float) -> None:
    path = written(tmp_path / "a.xlsx", {"S": ANSWERS})
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    assert refusal(path) == (
        "a.xlsx: not a readable workbook; it is damaged or cut off. Save it again in Excel."
    )


def test_damage_inside_ends_in_a_sentence_or_a_table(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.xlsx", {"S": [["q", "r"], *([n, "x"] for n in range(20))]}).read_bytes()
    rng = np.random.default_rng(3)
    path = tmp_path / "b.xlsx"
    for _ in range(150):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), int(rng.integers(1, 20))):
            content[place] = int(rng.integers(0, 256))
        path.write_bytes(content)
        with suppress(StudyError):
            raw(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xls", "a.xls: workbooks of Excel 97-2003 (.xls) cannot be read. Save it as .xlsx."),
        ("a.xlsb", "a.xlsb: workbooks of binary Excel (.xlsb) cannot be read. Save it as .xlsx."),
    ],
)
def test_older_formats_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0")
    assert refusal(tmp_path / name) == message


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").touch()
    assert refusal(tmp_path / "a.xlsx") == "a.xlsx: the file is empty (0 bytes). Export it again."


# --- a workbook as published ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quarter", "rows"), [("202122Q4", 194), ("202223Q1", 184), ("202223Q2", 187)])
def test_nhs_workbooks_as_published(quarter: str, rows: int) -> None:
    if not NHS.is_dir():
        pytest.skip("the public NHS data are not in ../shared (see docs/public-studies.md)")
    names = {
        "Org Code": "org_code", "Org Name": "org_name", "Care Setting": "care_setting",
        "Total Responses": "total_responses", "HSCIC Workforce Headcount": "hscic_workforce_headcount",
        "Engagement Score": "engagement", "Advocacy": "advocacy", "Involvement": "involvement",
        "Motivation": "motivation",
    }  # fmt: skip
    found = raw(
        NHS / f"{quarter}.xlsm", set(names), sheet="Engagement Score Breakdown", macros="ignore"
    ).frame.rename(columns=names)
    tidy = pd.read_csv(NHS / "pulse_trust_quarter_tidy.csv").query("quarter == @quarter")
    # The sheet ends with a total. One trust stands in it twice, for which the join of the tidy table has sixteen rows;
    # and the tidy table takes RVY, which had no answers, from another sheet.
    found = found[found["org_code"].notna()]
    assert len(found) == rows
    found = found.drop_duplicates().sort_values("org_code", ignore_index=True)
    tidy = tidy[tidy["org_code"] != "RVY"] if quarter == "202223Q1" else tidy
    tidy = tidy.drop(columns="quarter").drop_duplicates().sort_values("org_code", ignore_index=True)
    assert found["org_code"].tolist() == tidy["org_code"].tolist()
    # In this sheet alone the publisher gave RJC the name of RHA.
    misnamed = (found["org_code"] == "RJC") & (quarter == "202122Q4")
    found["org_name"] = found["org_name"].mask(misnamed, "SOUTH WARWICKSHIRE NHS FOUNDATION TRUST")
    for name in tidy:
        if tidy[name].dtype.kind in "if":
            expected = tidy[name].astype("float64")
            assert_frame_equal(
                pd.to_numeric(found[name], errors="coerce").to_frame(),
                expected.to_frame(),
                rtol=1e-15,
                atol=0,
            )
        else:
            assert found[name].str.strip().tolist() == tidy[name].str.strip().tolist()
