"""Makes the forty malformed studies of this folder: each a good small study, spoilt in one way.

The files lie beside it ready made, so that the tests read what anybody can open; run this only to change or add one:
``python tests/bad_studies/make.py``. The messages in ``expected.txt`` of each folder are left as they are.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import yaml

HERE = Path(__file__).parent
UNITS = ("North", "South", "East", "West")
_CASES: list[tuple[str, Callable[[BadStudy], None]]] = []


def entry(table: str, column: str, role: str, **more: Any) -> dict[str, Any]:
    """One entry of a codebook."""
    return {"table": table, "column": column, "role": role} | more


class BadStudy:
    """A fictional client of four units that loads as it is, to be spoilt in one place."""

    def __init__(self) -> None:
        seven, ten = {"minimum": 1, "maximum": 7}, {"minimum": 0, "maximum": 10}
        self.settings: dict[str, Any] = {
            "client": "spoilt",
            "title": {"nl": "Bedorven", "en": "Spoilt"},
            "codebook": "codebook.yaml",
            "tables": {"employees": "employees.csv", "customers": "customers.csv", "units": "units.csv"},
            "parameters": {"n_boot": 200},
        }
        self.entries = {
            f"{e['table']}.{e['column']}": e
            for e in (
                entry("employees", "id", "person"),
                entry("employees", "team", "unit"),
                entry("employees", "year", "wave"),
                *(entry("employees", f"eng_{i}", "item", construct="engagement", **seven) for i in (1, 2, 3)),
                entry("employees", "heard", "driver", block="employee-first", named=True, **seven),
                entry("employees", "serves", "driver", block="customer-first", named=True, **seven),
                entry("employees", "enps", "outcome", construct="enps", **ten),
                entry("customers", "team", "unit"),
                entry("customers", "year", "wave"),
                entry("customers", "cx", "item", construct="cx", **ten),
                entry("units", "team", "unit"),
                entry("units", "year", "wave"),
                entry("units", "staff", "count"),
                entry("units", "kind", "category"),
            )
        }
        self.tables: dict[str, list[dict[str, Any]]] = {
            "employees": [
                {
                    "id": f"p{i:02d}", "team": UNITS[i % 4], "year": "2024", "eng_1": 1 + i % 7, "eng_2": 1 + i % 5,
                    "eng_3": 2 + i % 6, "heard": 7 - i % 5, "serves": 1 + (3 * i) % 7, "enps": (7 * i) % 11,
                }
                for i in range(20)
            ],
            "customers": [
                {"team": UNITS[i % 4], "year": "2024", "cx": (3 * i) % 11} for i in range(20)
            ],
            "units": [
                {"team": name, "year": "2024", "staff": 8, "kind": ("shop", "office")[i % 2]}
                for i, name in enumerate(UNITS)
            ],
        }  # fmt: skip
        self.files: dict[str, bytes] = {}
        self.without: tuple[str, ...] = ()

    def add(self, table: str, column: str, role: str, **more: Any) -> None:
        """Describe one column more."""
        self.entries[f"{table}.{column}"] = entry(table, column, role, **more)

    def fill(self, table: str, column: str, *values: Any) -> None:
        """Put values into the first rows of a column."""
        for row, value in zip(self.tables[table], values, strict=False):
            row[column] = value

    def instead(self, table: str, file: str, content: bytes) -> None:
        """Give a table a file of its own."""
        self.settings["tables"][table] = file
        self.tables.pop(table, None)
        self.files[file] = content

    def rows(self, table: str) -> list[list[Any]]:
        """Heading and rows of a table, to be written as something else than CSV."""
        rows = self.tables[table]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        return [columns, *([row.get(name) for name in columns] for row in rows)]

    def write(self, folder: Path) -> None:
        """Write everything, keeping the expected message."""
        expected = folder / "expected.txt"
        kept = expected.read_bytes() if expected.is_file() else None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        codebook = {"variables": list(self.entries.values())}
        content = {"study.yaml": as_yaml(self.settings), "codebook.yaml": as_yaml(codebook)}
        content |= {f"{name}.csv": as_csv(self.rows(name)) for name in self.tables}
        for name, data in (content | self.files).items():
            if name not in self.without:
                (folder / name).write_bytes(data)
        if kept is not None:
            expected.write_bytes(kept)


def as_yaml(content: Any) -> bytes:
    """Lines of one entry each, as in the codebooks that ship."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110).encode()


def as_csv(rows: list[list[Any]], *, delimiter: str = ",") -> bytes:
    """As a text file in UTF-8."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def as_workbook(**sheets: list[list[Any]]) -> bytes:
    """As an XLSX workbook."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_macros(workbook: bytes) -> bytes:
    """The workbook with a part for macros, as an XLSM has."""
    stream = io.BytesIO(workbook)
    with zipfile.ZipFile(stream, "a") as parts:
        parts.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64))
    return stream.getvalue()


def encrypted() -> bytes:
    """The outer form of a workbook with a password: a compound file with a stream EncryptedPackage."""
    sector, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, 1, 1, 0, 4096, end, 0, end, 0,
    )  # fmt: skip
    header += struct.pack("<109I", 0, *[free] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, end, *range(3, 10), end, *[free] * 118)
    entries = b""
    for name, kind, child, start, size in (
        ("Root Entry", 5, 1, end, 0),
        ("EncryptedPackage", 2, free, 2, 4096),
    ):
        text = (name + "\0").encode("utf-16-le")
        entries += struct.pack(
            "<64sHBBIII16sIQQIQ", text, len(text), kind, 1, free, free, child, b"", 0, 0, 0, start, size
        )
    entries += struct.pack("<64sHBBIII16sIQQIQ", b"", 0, 0, 0, free, free, free, b"", 0, 0, 0, 0, 0) * 2
    return header + table + entries + bytes(range(256)) * (8 * sector // 256)


def as_sav(folder: Path, rows: list[list[Any]]) -> bytes:
    """As an SPSS file."""
    path = folder / "made.sav"
    pyreadstat.write_sav(pd.DataFrame(rows[1:], columns=rows[0]), path)
    content = path.read_bytes()
    path.unlink()
    return content


def bad(name: str) -> Callable[[Callable[[BadStudy], None]], Callable[[BadStudy], None]]:
    """Register one way to spoil a study."""

    def register(spoil: Callable[[BadStudy], None]) -> Callable[[BadStudy], None]:
        _CASES.append((name, spoil))
        return spoil

    return register


@bad("01_study_file_is_not_yaml")
def _(s: BadStudy) -> None:
    s.files["study.yaml"] = b'client: spoilt\ntitle: {nl: "Bedorven, en: "Spoilt"}\ncodebook: codebook.yaml\n'


@bad("02_every_sheet_is_careless_and_to_be_left_out")
def _(s: BadStudy) -> None:
    s.settings["quality"] = {"leave_out": ["too_fast"], "seconds_per_item": 3.0}
    s.add("employees", "took", "duration")
    s.fill("employees", "took", *[9] * 20)


@bad("03_study_file_with_unknown_keys")
def _(s: BadStudy) -> None:
    s.settings |= {"langauge": "nl", "n_boot": 500, "weights": {"employees": {}}}
    s.settings["parameters"]["leadershare"] = 0.2


@bad("04_settings_of_a_wrong_kind_or_out_of_range")
def _(s: BadStudy) -> None:
    s.settings["client"] = "Spoilt & Co."
    s.settings["language"] = "fr"
    s.settings["parameters"] = {"n_boot": "500", "conf_level": 2, "min_respondents": 3, "seed": True}


@bad("05_wrong_everywhere_at_once")
def _(s: BadStudy) -> None:
    s.settings["language"] = "de"
    s.settings["tables"]["customer"] = "customers.csv"
    s.entries["employees.heard"]["maximum"] = 0
    s.fill("employees", "eng_1", *["veel"] * 6, "weinig")
    s.tables["units"][3]["team"] = "South"


@bad("06_files_that_are_not_there")
def _(s: BadStudy) -> None:
    s.settings["codebook"] = "codebok.yaml"
    s.settings["tables"]["employees"] = ["employees.csv", "employees_spring.csv"]
    s.settings["tables"]["units"] = "."


@bad("07_settings_that_the_data_do_not_know")
def _(s: BadStudy) -> None:
    s.settings["hypotheses"] = ["engagement-cxx"]
    s.settings["parameters"] |= {
        "set_apart": "kind=shp", "ex_measure": "engagment", "conf_level": 0.99,
        "engaged_definition": "threshold", "engaged_threshold": 9.0,
    }  # fmt: skip


@bad("08_a_draft_that_nobody_looked_through")
def _(s: BadStudy) -> None:
    s.settings["draft"] = True
    s.entries["employees.eng_1"]["guessed"] = ["role", "construct", "minimum", "maximum"]
    s.entries["employees.enps"]["guessed"] = ["role"]


@bad("09_files_of_a_table_described_wrongly")
def _(s: BadStudy) -> None:
    s.settings["tables"]["units"] = {"file": "units.csv", "sheat": "Sheet1", "heading_row": 0}
    s.settings["tables"]["customers"] = [
        "spring.csv",
        {"file": "autumn.csv", "encoding": "latin1", "without_key": "drop"},
    ]
    s.settings["tables"]["employees"] = 3


@bad("10_quality_and_weighting_of_a_wrong_kind")
def _(s: BadStudy) -> None:
    s.settings["quality"] = {"leave_out": ["straightlining"], "seconds_per_item": 0}
    s.settings["weighting"] = {"employees": {"margins": {"kind": {"shop": "half"}}, "trim_low": 2.0}}


@bad("11_codebook_with_wrong_entries")
def _(s: BadStudy) -> None:
    s.entries["employees.id"]["rol"] = "person"
    s.entries["employees.team"]["role"] = "unitt"
    s.entries["employees.eng_1"] |= {"minimum": 7, "maximum": 1}
    del s.entries["employees.eng_2"]["maximum"]
    s.entries["customers.cx"]["missing"] = 99
    s.entries["units.staff"] |= {"role": "measure", "construct": "staff", "kind": "percent"}


@bad("12_codebook_that_contradicts_itself")
def _(s: BadStudy) -> None:
    s.add("employees", "eng_4", "item", construct="engagement", minimum=1, maximum=5)
    s.add("employees", "branch", "unit")
    s.add("employees", "wave", "category")
    s.add("employees", "enps_2", "outcome", construct="enps", minimum=0, maximum=10)


@bad("13_codebook_in_csv_with_wrong_cells")
def _(s: BadStudy) -> None:
    head = [
        "table",
        "column",
        "role",
        "construct",
        "block",
        "named",
        "minimum",
        "maximum",
        "reversed",
        "missing",
    ]
    rows = [[str(e.get(key, "")).replace("True", "yes") for key in head] for e in s.entries.values()]
    rows[3][6:8] = ["1,5,2", "7"]
    rows[4][2] = "itm"
    rows[5][8] = "maybe"
    rows[11][0] = "customer"
    s.settings["codebook"] = "codebook.csv"
    s.files["codebook.csv"] = as_csv([head, *rows], delimiter=";")
    s.without = ("codebook.yaml",)


@bad("14_codebook_in_a_workbook_with_dates_and_no_roles")
def _(s: BadStudy) -> None:
    head = ["table", "column", "role", "construct", "block", "named", "minimum", "maximum", "values"]
    rows: list[list[Any]] = [head, *([e.get(key) for key in head] for e in s.entries.values())]
    rows[4][8] = dt.date(2024, 5, 1)
    rows[9][6] = "zero"
    rows[14][2] = None
    s.settings["codebook"] = "codebook.xlsx"
    s.files["codebook.xlsx"] = as_workbook(variables=rows)
    s.without = ("codebook.yaml",)


@bad("15_a_table_that_the_codebook_does_not_describe")
def _(s: BadStudy) -> None:
    s.settings["tables"]["partners"] = "customers.csv"


@bad("16_codebook_with_a_misspelt_construct_and_two_numbers_for_an_answer")
def _(s: BadStudy) -> None:
    s.entries["employees.eng_3"]["construct"] = "engagment"
    s.entries["customers.cx"]["values"] = {"Yes": 10, "yes ": 0}
    constructs = {"engagement": {"nl": "Bevlogenheid", "en": "Engagement"}}
    s.files["codebook.yaml"] = as_yaml({"constructs": constructs, "variables": list(s.entries.values())})


@bad("17_answers_in_words_that_the_codebook_does_not_know")
def _(s: BadStudy) -> None:
    words = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
    s.entries["employees.heard"] |= {
        "minimum": 1, "maximum": 5, "values": {word: number for number, word in enumerate(words, start=1)},
    }  # fmt: skip
    answers = ["AGREE", " neutral ", "Agree", "Disagree", "strongly agree"]
    s.fill("employees", "heard", *["Rather agree"] * 6, "my boss decides", *answers * 3)


@bad("18_utf16_text_with_other_columns")
def _(s: BadStudy) -> None:
    rows = s.rows("units")
    rows[0] = ["teem", "year", "staff number", "kind"]
    s.instead("units", "units.txt", as_csv(rows, delimiter="\t").decode().encode("utf-16"))


@bad("19_rows_of_another_length_and_a_column_twice")
def _(s: BadStudy) -> None:
    rows = s.rows("customers")
    rows[4] = [*rows[4], "a remark"]
    s.instead("customers", "customers.csv", as_csv(rows, delimiter=";"))
    s.instead("units", "units.csv", as_csv([[*row, row[-1]] for row in s.rows("units")]))


@bad("20_margins_that_do_not_fit_the_answers")
def _(s: BadStudy) -> None:
    for name in ("contract", "sex"):
        s.add("employees", name, "category")
    s.fill("employees", "contract", *["fixed"] * 12, *["temporary"] * 8)
    s.fill("employees", "sex", *["f", "m"] * 7, *["x"] * 6)
    s.settings["weighting"] = {
        "employees": {
            "margins": {
                "contract": {"fixed": 300, "temporary": 90, "hired": 10},
                "sex": {"f": 0.5, "m": 0.5},
            }
        }
    }


@bad("21_empty_files")
def _(s: BadStudy) -> None:
    s.instead("customers", "customers.csv", b"")
    s.instead("units", "units.csv", as_csv(s.rows("units")[:1]))


@bad("22_text_where_numbers_are_expected")
def _(s: BadStudy) -> None:
    s.fill("employees", "eng_1", *["n.v.t."] * 5, "ik weet het niet")
    s.fill("employees", "enps", "inf", "10!")
    s.fill("customers", "cx", *["5,5"] * 3)


@bad("23_a_survey_export_that_mixes_numbers_and_texts")
def _(s: BadStudy) -> None:
    head = ["StartDate", "Status", "Progress", "Finished", "team", "year", "cx"]
    ids = ["startDate", "status", "progress", "finished", "QID1", "QID2", "QID3"]
    rows = [
        head,
        ["Start Date", "Response Type", "Progress", "Finished", "Team", "Year", "How satisfied are you?"],
    ]
    rows.append([f'{{"ImportId":"{name}"}}' for name in ids])
    for number, row in enumerate(s.rows("customers")[1:]):
        state = ["0", "100", "1"] if number % 2 else ["IP Address", "100", "True"]
        rows.append(["2024-03-01 10:00:00", *state, *map(str, row)])
    s.instead("customers", "customers.csv", as_csv(rows))


@bad("24_files_that_are_no_tables")
def _(s: BadStudy) -> None:
    page = b"<html><body><table><tr><td>team</td><td>year</td><td>cx</td></tr></table></body></html>"
    s.instead("customers", "customers.xls", page)
    s.instead("units", "units.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n")


@bad("25_a_workbook_with_a_password")
def _(s: BadStudy) -> None:
    s.instead("customers", "customers.xlsx", encrypted())


@bad("26_a_workbook_with_macros")
def _(s: BadStudy) -> None:
    s.instead("customers", "customers.xlsm", with_macros(as_workbook(Answers=s.rows("customers"))))


@bad("27_a_workbook_of_which_no_sheet_is_named")
def _(s: BadStudy) -> None:
    rows = s.rows("customers")
    s.instead("customers", "customers.xlsx", as_workbook(Spring=rows, Autumn=rows))
    s.settings["tables"]["units"] = {"file": "units.xlsx", "sheet": "Unit"}
    s.files["units.xlsx"] = as_workbook(Units=s.rows("units"), Notes=[["made by hand"]])
    del s.tables["units"]


@bad("28_bands_that_excel_turned_into_dates")
def _(s: BadStudy) -> None:
    s.add("customers", "visits", "category")
    rows = s.rows("customers")
    bands = ["6-10", dt.date(2024, 5, 1), "11-20", dt.date(2024, 5, 1)]
    rows = [[*rows[0], "visits"], *([*row, bands[i % 4]] for i, row in enumerate(rows[1:]))]
    s.instead("customers", "customers.xlsx", as_workbook(Answers=rows))


@bad("29_error_cells_in_a_workbook")
def _(s: BadStudy) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in s.rows("customers"):
        sheet.append(row)
    for number in range(2, 9):
        cell = sheet.cell(number, 3)
        cell.value, cell.data_type = "#N/A", "e"
    stream = io.BytesIO()
    book.save(stream)
    s.instead("customers", "customers.xlsx", stream.getvalue())


@bad("30_a_parquet_file_that_was_cut_off")
def _(s: BadStudy) -> None:
    rows = s.rows("customers")
    whole = pd.DataFrame(rows[1:], columns=rows[0]).to_parquet(index=False)
    s.instead("customers", "customers.parquet", whole[: len(whole) // 2])


@bad("31_an_spss_file_of_another_scale_and_one_that_is_damaged")
def _(s: BadStudy) -> None:
    rows = s.rows("customers")
    for number in range(1, 8):
        rows[number][2] = 99
    s.instead("customers", "customers.sav", as_sav(HERE, rows))
    s.instead("units", "units.sav", as_sav(HERE, s.rows("units"))[:300])


@bad("32_keys_that_repeat")
def _(s: BadStudy) -> None:
    s.tables["employees"][5]["id"] = "p04"
    s.tables["units"][3]["team"] = "North"


@bad("33_units_that_the_units_table_lacks")
def _(s: BadStudy) -> None:
    for row in s.tables["employees"]:
        row["team"] = {"West": "Overseas", "East": "East "}.get(row["team"], row["team"])
    s.tables["employees"][0]["team"] = "Anna's own"


@bad("34_persons_of_another_system")
def _(s: BadStudy) -> None:
    s.settings["tables"]["people"] = "people.csv"
    s.add("people", "nr", "person")
    s.add("people", "start", "date")
    s.add("people", "end", "date")
    s.tables["people"] = [
        {"nr": f"HR-{i:03d}", "start": "2020-02-01", "end": "2019-12-31" if i in (3, 4) else ""}
        for i in range(24)
    ]


@bad("35_waves_that_tables_do_not_share")
def _(s: BadStudy) -> None:
    for row in s.tables["customers"]:
        row["year"] = "2023"


@bad("36_waves_written_in_two_ways")
def _(s: BadStudy) -> None:
    for row in s.tables["employees"]:
        row["year"] = "2024Q1"
    for table in ("customers", "units"):
        for row in s.tables[table]:
            row["year"] = "Q1 2024" if table == "units" else "2024-q1"


@bad("37_totals_without_a_unit_and_a_wave_left_open")
def _(s: BadStudy) -> None:
    s.tables["units"][3]["year"] = ""
    s.tables["units"].append({"team": "", "year": "2024", "staff": 32, "kind": ""})


@bad("38_files_of_a_table_that_differ_in_their_keys")
def _(s: BadStudy) -> None:
    rows = s.rows("customers")
    s.tables.pop("customers")
    s.files["spring.csv"] = as_csv(rows)
    s.files["autumn.csv"] = as_csv([[row[0], row[2]] for row in rows])
    s.settings["tables"]["customers"] = [{"file": "spring.csv", "wave": "2024 spring"}, "autumn.csv"]


@bad("39_a_scale_that_starts_elsewhere")
def _(s: BadStudy) -> None:
    s.entries["customers.cx"] |= {"minimum": 1, "maximum": 7}
    s.fill("customers", "cx", *[0] * 5, *[8] * 5, *[9] * 5, *[10] * 5)
    s.fill("employees", "eng_2", *[99] * 5)


@bad("40_weights_counts_flags_and_dates")
def _(s: BadStudy) -> None:
    for name, role in (("w", "weight"), ("boss", "flag"), ("since", "date"), ("took", "duration")):
        s.add("employees", name, role)
    s.fill("employees", "w", "", 0, -1, *[1] * 17)
    s.fill("employees", "boss", *[2] * 6, *[0] * 14)
    s.fill("employees", "since", *["1899-12-31"] * 5, "03/04/2020", *["2020-04-03"] * 14)
    s.fill("employees", "took", "long", *["0:04:10"] * 5, *[250] * 14)
    s.fill("units", "staff", -8)


if __name__ == "__main__":
    for name, spoil in sorted(_CASES, key=lambda case: case[0]):
        study = BadStudy()
        spoil(study)
        study.write(HERE / name)
