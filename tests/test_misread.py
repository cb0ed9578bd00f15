"""Exports that would be read silently wrong: each is refused with its message, or read right."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exresearch.study import StudyError, check_tables
from exresearch.study.codebook import VARIABLE, Codebook
from exresearch.study.importers import read_columns
from exresearch.study.parameters import TableSource
from exresearch.study.tables import Table, read_table
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
        "Remove it, or write 'without_key: leave_out' for this file in the study file."
    ]
    assert cleaned(["Grand Total", "Average:", "Total Logistics"], "unit")[1] == [
        "a.csv: q: 2 rows seem to be totals ('Average:', 'Grand Total'). "
        "Remove them, or write 'without_key: leave_out' for this file in the study file."
    ]
    assert cleaned(["Fixed", "NULL", "none", "-"], "category")[1] == [
        "a.csv: q: 1 cell holds a sign for nothing ('NULL'). "
        "Empty the cell, or list the text under 'missing' in the codebook."
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


LEAVE_OUT = "write 'without_key: leave_out' for this file in the study file."


def said_of_totals(*names: str) -> tuple[list[str], list[str]]:
    """What the cells and what the tables say of units with these names, beside two others."""
    units = ["North", "Zuid", *names]
    return cleaned(units, "unit")[1], problems(table("units", unit=units))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Subtotaal Oost", "Subtotaal ..."),
        ("Oost subtotaal", "... subtotaal"),
        ("Eindtotaal organisatie", "Eindtotaal ..."),
        ("Gemiddelde alle vestigingen", "Gemiddelde ..."),
        ("Totaal Zuid", "Totaal ..."),
        ("North Total", "... Total"),
        ("Total - north", "Total ..."),
        ("Totaal regio Oost", "Totaal ..."),
        ("Grand total 2024", "Grand total ..."),
        ("Company average", "... average"),
        ("Alle vestigingen", "Alle ..."),
        ("Eindtotaal:", "Eindtotaal:"),
    ],
)
def test_totals_with_a_name_are_no_units(name: str, shown: str) -> None:
    assert said_of_totals(name)[0] == [
        f"a.csv: q: 1 row seems to be a total ('{shown}'). Remove it, or {LEAVE_OUT}"
    ]


@pytest.mark.parametrize(
    "name", ["Totaalzorg", "Totale Vernieuwing", "Albert", "Allround", "Meander", "Averagely"]
)
def test_a_word_for_a_total_inside_another_word_is_a_unit(name: str) -> None:
    assert said_of_totals(name) == ([], [])


def test_a_unit_that_is_called_like_a_total_is_asked_about_unless_it_has_answers() -> None:
    message = (
        "units.csv: unit: 2 units are named like a total ('... Totaal', 'Total ...'), and it is not clear whether it "
        "is one. If so, remove the rows, or list the text under 'missing' in the codebook; if not, write the name "
        "without that word, in all files."
    )
    assert said_of_totals("Total Care", "Fysio Totaal") == ([], [message])
    # A total is one row of a wave; five answer sheets are a unit's.
    units = table("units", unit=["North", "Total Care"])
    assert problems(units, table("customers", unit=["North", *["Total Care"] * 5])) == []
    assert len(problems(units, table("customers", unit=["North", *["Total Care"] * 4]))) == 2


def shuffled(client: Any) -> Any:
    """The client with its answers in no order of the units."""
    for name in ("employees", "customers"):
        client.tables[name] = (
            client.tables[name].sample(frac=1, random_state=3, ignore_index=True).astype("object")
        )
    return client


def below(client: Any, name: str, **cells: Any) -> None:
    """Write one row more below a table; cells that are not given are as in its first row."""
    frame = client.tables[name]
    client.tables[name] = pd.concat([frame, frame.head(1).assign(**cells)], ignore_index=True)


def leave_out(client: Any, name: str) -> Any:
    """The study with ``without_key: leave_out`` for one table."""
    client.settings["tables"][name] = {"file": f"{name}.csv", "without_key": "leave_out"}
    return client.load()


def test_a_row_without_any_key_below_the_answers_is_no_respondent(client: Any) -> None:
    shuffled(client)
    below(client, "employees", id=None, team=None)
    assert client.refusal() == (
        "1 problem with this study:\n- employees.csv: person and unit: 1 row has no person and no unit, below rows "
        f"that all have one, like a total. Remove it, or {LEAVE_OUT}"
    )
    study = leave_out(client, "employees")
    assert len(study.tables["employees"]) == 60
    assert [str(remark) for remark in study.remarks] == [
        "employees.csv: One row seems to be a total or an average and is left out, as the study file asks."
    ]
    steps = study.ledger.query("table == 'employees'")[["step", "n", "removed"]].to_numpy().tolist()
    assert ["rows that seem to be totals", 1, 1] in steps
    assert steps[0] == ["rows in the file", 61, 0]
    assert steps[-1] == ["rows for the analysis", 60, 0]


def test_a_row_of_averages_without_a_key_is_no_respondent(client: Any) -> None:
    below(client, "customers", team=None, cx=6.4)
    # Here in the middle, and units in order.
    client.tables["customers"] = client.tables["customers"].sort_index(
        key=lambda rows: [30.5 if row == 60 else row for row in rows]
    )
    assert client.refusal() == (
        "1 problem with this study:\n- customers.csv: unit: 1 row has no unit, and answers between the points of the "
        f"scales, like an average. Remove it, or {LEAVE_OUT}"
    )
    assert len(leave_out(client, "customers").tables["customers"]) == 60


def test_answers_of_people_whose_unit_is_not_known_stay(client: Any) -> None:
    # Sorted by unit, and those without one last.
    below(client, "customers", team=None)
    assert len(leave_out(client, "customers").tables["customers"]) == 61
    # In no order, and not the last alone.
    shuffled(client)
    client.tables["customers"].loc[[3, 60], "team"] = None
    n_unknown = int(client.tables["customers"]["team"].isna().sum())
    assert n_unknown >= 2
    assert int(leave_out(client, "customers").tables["customers"]["unit"].isna().sum()) == n_unknown
    # A person without a unit.
    client.tables["employees"].loc[59, "team"] = None
    assert len(leave_out(client, "employees").tables["employees"]) == 60


def test_a_total_by_its_word_is_left_out_of_answers_or_refused(client: Any) -> None:
    below(client, "employees", id="Totaal", team=None)
    refused = (
        "1 problem with this study:\n- employees.csv: id: 1 row seems to be a total ('Totaal'){}. "
        f"Remove it, or {LEAVE_OUT}"
    )
    assert client.refusal() == refused.format("")
    # A missing code would make it somebody whose name is not known.
    client.variables["employees.id"]["missing"] = ["Totaal"]
    assert client.refusal() == refused.format(", and would count as answers of somebody")
    assert len(leave_out(client, "employees").tables["employees"]) == 60
    del client.variables["employees.id"]["missing"]
    assert len(leave_out(client, "employees").tables["employees"]) == 60


def test_a_name_that_the_codebook_calls_missing_is_a_total_of_the_answers(client: Any) -> None:
    below(client, "customers", team="Totaal Noord")
    below(client, "units", team="Totaal Noord")
    client.variables["customers.team"]["missing"] = client.variables["units.team"]["missing"] = [
        "Totaal Noord"
    ]
    assert client.refusal() == (
        "2 problems with this study:\n- customers.csv: team: 1 row seems to be a total ('Totaal ...'), and would count "
        f"as answers of somebody. Remove it, or {LEAVE_OUT}\n- units.csv: unit: 1 row has no unit. Complete them, or "
        f"{LEAVE_OUT}"
    )
    client.settings["tables"]["customers"] = {"file": "customers.csv", "without_key": "leave_out"}
    study = leave_out(client, "units")
    assert (len(study.tables["customers"]), len(study.tables["units"])) == (60, 6)


def test_measures_with_three_digits_behind_every_point_are_decimals_on_evidence_alone() -> None:
    message = (
        "a.csv: q: every number with a point can be read in two ways, with decimals or with thousands. "
        "Name the decimal sign of the file in the study file (decimal: ',' or decimal: '.')."
    )

    def measure(values: list[str], *, known: bool = False, comma: bool = False, **scale: float) -> Any:
        entry = {"table": "units", "column": "q", "role": "measure", "kind": "mean", "construct": "revenue"}
        found = clean_column(
            pd.Series(values),
            VARIABLE.validate_python(entry | scale, strict=False),
            column="q",
            file="a.csv",
            decimal_comma=comma,
            decimal_known=known,
        )
        return found.cells.tolist(), [str(problem) for problem in found.problems]

    assert measure(["970", "1.007"])[1] == [message]
    assert measure(["-1.250", "1.007"])[1] == [message]
    assert measure(["970", "1.007"], known=True) == ([970.0, 1.007], [])
    assert measure(["970", "1.007"], known=True, comma=True) == ([970.0, 1007.0], [])
    # Shown by another number of digits, a zero in front, a thousand without a point, or the ends of the scale.
    for cells in (["4.125", "3.5"], ["0.875", "1.125"], ["1250", "1.007"]):
        assert measure(cells) == ([float(cell) for cell in cells], [])
    assert measure(["4.125", "3.875"], minimum=1, maximum=10) == ([4.125, 3.875], [])
    # The number of answers that a measure names has no entry of its own.
    of_measure = clean_column(
        pd.Series(["1.007", "970"]), None, column="q", file="a.csv", decimal_comma=False
    )
    assert [str(problem) for problem in of_measure.problems] == [message]


def shares(path: Path, cells: list[float], *, percent: bool) -> None:
    book = openpyxl.Workbook()
    book.active.append(["team", "absence"])
    for number, cell in enumerate(cells):
        book.active.append([f"T{number}", cell])
        if percent:
            book.active.cell(number + 2, 2).number_format = "0.0%"
    book.save(path)


def test_percentages_in_one_file_and_shares_in_another_are_refused(tmp_path: Path) -> None:
    entries = [
        {"table": "units", "column": "team", "role": "unit"},
        {"table": "units", "column": "absence", "role": "measure", "kind": "rate", "construct": "absence"},
    ]
    codebook = Codebook(tuple(VARIABLE.validate_python(entry, strict=False) for entry in entries), {})

    def found(*waves: tuple[list[float], bool]) -> list[str]:
        parts = []
        for year, (cells, percent) in enumerate(waves, start=2023):
            path = tmp_path / f"{year}.xlsx"
            shares(path, cells, percent=percent)
            parts.append((path, TableSource.model_validate({"file": path.name, "wave": str(year)})))
        try:
            read_table(parts, name="units", codebook=codebook)
        except StudyError as error:
            return [str(problem) for problem in error.problems]
        return []

    small = [0.04, 0.05, 0.06]
    assert found((small, True), (small, False)) == [
        "2024.xlsx: absence: 3 cells hold numbers of 1 or less without a sign for per cent, and the cells of 2023.xlsx "
        "are percentages, read as shown: 25 for 25 %. Give the column one format in all files of the table, a "
        "percentage or a plain number."
    ]
    assert found((small, True), (small, True)) == []
    # Written as they are shown: 4 for 4 %; and half a per cent beside 0.4.
    assert found((small, True), ([4.0, 5.0, 6.0], False)) == []
    assert found(([0.004, 0.005], True), ([0.4, 0.6], False)) == []


def test_a_number_in_a_merged_cell_is_refused_and_a_key_holds_for_all_its_rows(client: Any) -> None:
    client.write()
    book = openpyxl.Workbook()
    frame = client.tables["units"].astype("object")
    book.active.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        book.active.append(list(row))
    book.active.merge_cells("B2:B7")
    book.save(client.folder / "units.xlsx")
    client.settings["tables"]["units"] = "units.xlsx"
    study = client.load()
    assert study.tables["units"]["wave"].tolist() == ["2024"] * 6
    assert [str(r) for r in study.remarks] == [
        "units.xlsx: year: 5 cells are merged with the cell above and are read as holding the same."
    ]
    book.active.merge_cells("C2:C3")
    book.save(client.folder / "units.xlsx")
    assert client.refusal() == (
        "1 problem with this study:\n- units.xlsx: staff: 1 cell is merged with the cell above, and it is not clear "
        "which row the number is about. Unmerge the cells, and write each number in its own row."
    )


def test_a_person_twice_without_a_wave_is_a_repetition_too(client: Any) -> None:
    employees = client.tables["employees"]
    employees.loc[[0, 1], "id"] = "p00"
    employees.loc[[0, 1], "year"] = None
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- employees.csv: person and wave: 1 row repeats a combination of person and wave that stands in an earlier "
        "row. Keep one row for each, or correct the wave."
    )
    # Who it is must be known: two sheets of nobody in particular may be two people.
    employees.loc[[0, 1], "id"] = None
    assert len(client.load().table("employees")) == 60
