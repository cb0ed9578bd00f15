"""Exports that would be read silently wrong: each is refused with its message, or read right."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exresearch.study import StudyError, check_tables
from exresearch.study.codebook import VARIABLE
from exresearch.study.importers import read_columns
from exresearch.study.tables import Table
from exresearch.study.tables.cells.columns import clean_column

AS_TEXT = "Give the column the format Text where it comes from, and export it again."


def cleaned(
    values: Any, role: str, *, comma: bool = False, known: bool = False
) -> tuple[list[Any], list[str]]:
    """Cells and problems of one column."""
    variable = VARIABLE.validate_python({"table": "employees", "column": "q", "role": role}, strict=False)
    found = clean_column(
        pd.Series(values), variable, column="q", file="a.csv", decimal_comma=comma, decimal_known=known
    )
    return found.cells.tolist(), [str(problem) for problem in found.problems]


def read(folder: Path, text: str | bytes, **options: Any) -> Any:
    path = folder / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_columns(path, **options)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        read(folder, text)
    return str(caught.value).partition("\n- ")[2]


def table(name: str, **columns: list[Any]) -> Table:
    frame = pd.DataFrame({key: pd.Series(values, dtype="str") for key, values in columns.items()})
    return Table(name, frame, f"{name}.csv", (), {}, len(frame), {})


def problems(*tables: Table) -> list[str]:
    try:
        check_tables({t.name: t for t in tables})
    except StudyError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_counts_with_three_digits_behind_every_point_are_no_decimals() -> None:
    message = (
        "a.csv: q: every number with a point can be read in two ways, with decimals or with thousands. "
        "Name the decimal sign of the file in the study file (decimal: ',' or decimal: '.')."
    )
    assert cleaned(["1.234", "12.500", "7"], "count")[1] == [message]
    assert cleaned(["1.234", "12.500", "7"], "count", known=True) == ([1.234, 12.5, 7.0], [])
    assert cleaned(["1.234", "12.500", "7"], "count", comma=True, known=True) == ([1234.0, 12500.0, 7.0], [])
    assert cleaned(["1.234", "12.5"], "count") == ([1.234, 12.5], [])
    assert cleaned(["1.234.567", "12.500"], "count") == ([1234567.0, 12500.0], [])
    # A mean with three decimals is common.
    assert cleaned(["4.125", "3.875"], "weight") == ([4.125, 3.875], [])


@pytest.mark.parametrize("role", ["person", "unit"])
def test_keys_that_a_spreadsheet_rounded_are_refused(role: str) -> None:
    assert cleaned(["1.23E+15", "1,24E+15", "1.23e+15", "E10"], role)[1] == [
        "a.csv: q: 3 cells hold numbers that are cut short, such as 1.23E+15; who or what was meant is lost. "
        + AS_TEXT
    ]
    assert cleaned([12345678901234567.0, 7.0], role)[1] == [
        "a.csv: q: 1 cell holds a number of more than fifteen digits, which spreadsheets round; who or what was "
        "meant is lost. " + AS_TEXT
    ]
    # Whole numbers of a Parquet file are exact.
    exact = pd.Series([12345678901234567, 12345678901234568], dtype="Int64")
    assert cleaned(exact, role) == (["12345678901234567", "12345678901234568"], [])
    assert cleaned([123456789012345.0, 7.0], role) == (["123456789012345", "7"], [])


def test_signs_for_nothing_and_totals_are_no_units() -> None:
    assert cleaned(["North", "NULL", "-", "nan", "South"], "unit")[1] == [
        "a.csv: q: 3 cells hold a sign for nothing ('-', 'NULL', 'nan'). "
        "Empty the cells, or list the text under 'missing' in the codebook."
    ]
    assert cleaned(["North", "Totaal", "NA"], "unit")[1] == [
        "a.csv: q: 1 row seems to be a total ('Totaal'). "
        "Remove it, or list the text under 'missing' in the codebook."
    ]
    assert cleaned(["Grand Total", "Average:", "Total Logistics"], "unit")[1] == [
        "a.csv: q: 2 rows seem to be totals ('Average:', 'Grand Total'). "
        "Remove them, or list the text under 'missing' in the codebook."
    ]
    # A category may well be none, and a wave may be called anything.
    assert cleaned(["none", "Total"], "category")[1] == []
    assert cleaned(["Total", "2024"], "wave")[1] == []


def test_persons_written_in_two_ways_do_not_silently_fail_to_link() -> None:
    numbers = table("people", person=["7", "12", "30"])
    zeros = table("employees", person=["007", "012", "30"], wave=["1"] * 3)
    floats = table("employees", person=["7.0", "12.0", "30"], wave=["1"] * 3)
    message = (
        "employees.csv, people.csv: person: 2 persons are written in two ways that differ in zeros in front or "
        "'.0' behind. Write each person in one way, in all files."
    )
    assert message in problems(zeros, numbers)
    assert message in problems(floats, numbers)
    # Within one table, from two files.
    assert problems(table("employees", person=["007", "7"], wave=["1", "2"])) == [
        "employees.csv: person: 1 person is written in two ways that differ in zeros in front or '.0' behind. "
        "Write each person in one way, in all files."
    ]
    # Capitals may tell persons apart, and A07 is no number.
    assert problems(table("employees", person=["ab", "AB", "A07", "A7"], wave=["1"] * 4)) == []


def test_units_written_in_two_ways_are_named_where_enough_rows_share_them() -> None:
    several = table("employees", unit=["North"] * 5 + ["north"] * 5 + ["South\u00a0 East", "South East"])
    assert problems(several) == [
        "employees.csv: unit: 2 units are written in two ways that differ in capitals, blanks, zeros in front or "
        "'.0' behind: 'North', 'north' and others. Write each unit in one way, in all files."
    ]
    assert problems(table("employees", unit=["\uff11\uff12", "12"])) == [
        "employees.csv: unit: 1 unit is written in two ways that differ in capitals, blanks, zeros in front or "
        "'.0' behind. Write each unit in one way, in all files."
    ]


def units_of(name: str, files: dict[str, list[str]]) -> Table:
    units = [unit for held in files.values() for unit in held]
    frame = pd.DataFrame({"unit": pd.Series(units, dtype="str")})
    kept = tuple((file, len(held)) for file, held in files.items())
    return Table(name, frame, ", ".join(files), (), {}, len(frame), {}, kept_by_file=kept)


@pytest.mark.parametrize(
    ("customers", "named"),
    [
        ({"a.csv": ["North", "South"], "b.csv": ["north"] * 9}, "b.csv"),
        # A file with both spellings holds the odd one.
        ({"a.csv": ["North", "north"], "b.csv": ["North"]}, "a.csv"),
        # As many files with each spelling: nobody can tell which is meant.
        ({"a.csv": ["north"], "b.csv": ["north", "South"]}, "units.csv, mto.csv, a.csv, b.csv"),
        ({"a.csv": ["north"], "b.csv": ["SOUTH"]}, "a.csv, b.csv"),
    ],
)
def test_an_odd_spelling_of_a_unit_names_the_files_that_hold_it(
    customers: dict[str, list[str]], named: str
) -> None:
    tables = [
        units_of("units", {"units.csv": ["North", "South"]}),
        units_of("employees", {"mto.csv": ["North", "South"]}),
        units_of("customers", customers),
    ]
    with pytest.raises(StudyError) as caught:
        check_tables({table.name: table for table in tables})
    first = str(caught.value.problems[0])
    assert first.partition(": unit: ")[0] == named


def test_marks_that_cannot_be_seen_make_no_other_unit(tmp_path: Path) -> None:
    cells, _ = cleaned(["\ufeffNorth", "North\u200b", "\u00a0North\u00a0", "Nor\u00adth"], "unit")
    assert set(cells) == {"North"}
    raw = read(tmp_path, "\ufeff\ufeffunit,q\u00a01,\u200bq2\nA,5,3\n")
    assert raw.present == ("unit", "q 1", "q2")


def test_a_year_or_a_month_is_no_day_and_a_day_stays_where_it_was() -> None:
    assert cleaned(["2024", "2024-05", "2024-05-01"], "date")[1] == [
        "a.csv: q: a date is expected, but 2 cells hold something else. Write dates as 2024-03-31 or 31-03-2024."
    ]
    days, found = cleaned(["2024-05-01T00:00:00+02:00", "2024-05-01 23:30:00-0500", "01-02-2024"], "date")
    assert [day.date() for day in days] == [dt.date(2024, 5, 1), dt.date(2024, 5, 1), dt.date(2024, 2, 1)]
    assert found == []


@pytest.mark.parametrize(
    "cell",
    [
        "45321",
        "01/02/2024",
        "1 mei 2024",
        "May 1, 2024",
        "01-13-2024",
        "1-5",
        "\uff12\uff10\uff12\uff14-05-01",
        "24-01-05",
    ],
)
def test_other_dates_are_refused(cell: str) -> None:
    assert cleaned([cell], "date")[1] == [
        "a.csv: q: a date is expected, but 1 cell holds something else. Write dates as 2024-03-31 or 31-03-2024."
    ]


@pytest.mark.parametrize(
    "cell", ["TRUE", "45%", "1 234", "1\u00a0234", "\uff15", "0x10", "1_000", "\u22125", "1'234"]
)
def test_other_numbers_are_refused_and_not_shown(cell: str) -> None:
    assert cleaned([cell, "5"], "count")[1] == [
        "a.csv: q: a number is expected, but 1 cell holds text. "
        "Correct the cells, or list the text under 'missing' in the codebook."
    ]


def test_commas_inside_cells_of_a_file_with_semicolons(tmp_path: Path) -> None:
    raw = read(tmp_path, "unit;q;note\nA;1,5;x, y\nB;2,5;z, w\n")
    assert raw.frame.to_dict("list") == {"unit": ["A", "B"], "q": ["1,5", "2,5"], "note": ["x, y", "z, w"]}


def test_a_file_without_a_heading_does_not_lose_its_first_person(tmp_path: Path) -> None:
    message = (
        "a.csv: the file has no heading: its first row holds what other rows hold. "
        "Put the column names in the first line."
    )
    rows = [f"Jan{i} Jansen,jan{i}@example.org,comment {i}" for i in range(9)]
    assert refusal(tmp_path, "\n".join(rows)) == message
    rows = [f"Jan{i} Jansen,{40000 + 7 * i},comment {i}" for i in range(9)]
    assert refusal(tmp_path, "\n".join(rows)) == message
    rows = [f"Jan{i} Jansen,{i + 1}-05-1970,comment {i}" for i in range(9)]
    assert refusal(tmp_path, "\n".join(rows)) == message
    raw = read(tmp_path, "unit,2023,202401,1.1,12\nA,3,4,5,6\nB,4,5,3,7\n")
    assert raw.present == ("unit", "2023", "202401", "1.1", "12")


def test_a_sheet_without_a_heading_does_not_lose_its_first_person(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = [[f"Jan{i} Jansen", 40000 + 7 * i, f"comment {i}"] for i in range(9)]
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    with pytest.raises(StudyError) as caught:
        read_columns(path)
    assert [str(problem) for problem in caught.value.problems] == [
        "a.xlsx: sheet 'Sheet1' has no heading: the first row of its table holds numbers, or what other rows hold. "
        "Put the column names above it, or name the row (heading_row: ...)."
    ]


IDS = '"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}","{""ImportId"":""QID3_TEXT""}"\n'


def test_a_sorted_qualtrics_export_loses_no_answers_and_shows_none(tmp_path: Path) -> None:
    heading = "Q1,Q2,Q3\nHow?,What?,Say\n"
    assert refusal(tmp_path, f"4,3,Jan is bad\n5,1,Piet\n{heading}{IDS}1,2,x\n") == (
        "a.csv: 2 rows of answers stand above a row of headings; the file has been sorted. "
        "Export it again, or move the rows of headings to the top."
    )
    titled = read(tmp_path, f"Title,,\n\n{heading}{IDS}1,2,x\n")
    assert (titled.present, titled.wording) == (
        ("Q1", "Q2", "Q3"),
        {"Q1": "How?", "Q2": "What?", "Q3": "Say"},
    )


def test_types_of_parquet_are_exact_or_refused_as_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    large = decimal.Decimal("12345678901234567890")
    columns = {
        "unsigned": pa.array([1, 2**64 - 1], pa.uint64()),
        "decimal": pa.array([large, None], pa.decimal128(20, 0)),
        "duration": pa.array([1500, None], pa.duration("ms")),
    }
    pq.write_table(pa.table(columns), path)
    frame = read_columns(path).frame
    assert cleaned(frame["unsigned"], "person") == (["1", "18446744073709551615"], [])
    assert frame["duration"].tolist()[0] == 1.5
    assert cleaned(frame["decimal"], "person")[1] == [
        "a.csv: q: 1 cell holds a number of more than fifteen digits, which spreadsheets round; who or what was "
        "meant is lost. " + AS_TEXT
    ]


def test_names_or_slips_in_place_of_waves_are_refused_and_not_shown(client: Any) -> None:
    rest = "Correct the cells, list them under 'missing' in the codebook, or give this column another role."
    client.tables["employees"].loc[0, "year"] = "2O24"
    assert client.refusal() == (
        "1 problem with this study:\n"
        f"- employees.csv: wave: 1 wave has fewer than 5 rows in all tables together. {rest}"
    )
    client.tables["employees"]["year"] = [f"Piet {i}" for i in range(59)] + ["2024"]
    assert client.refusal() == (
        "1 problem with this study:\n"
        f"- employees.csv: wave: 59 waves have fewer than 5 rows in all tables together. {rest}"
    )
