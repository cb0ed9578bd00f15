"""A codebook is the same in YAML, CSV and XLSX, and what is wrong with it is said with its line or row."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import unicodedata
from datetime import date, time
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import jsonschema
import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.findings.registry import load_registry
from exresearch.study import StudyError
from exresearch.study.codebook import (
    KEYS,
    Block,
    Codebook,
    Construct,
    Guessable,
    Role,
    ScoreMethod,
    Variable,
    codebook_remarks,
    codebook_schema,
    contradictions,
    load_codebook,
    read_codebook,
    write_codebook,
)
from exresearch.study.codebook.formats.cells import HEADING
from exresearch.study.codebook.keys import CONSTRUCT_TEXTS, KEY_TEXTS, variable_keys
from exresearch.study.parameters import TABLES, LocalText

ROOT = Path(__file__).parents[1]
FORMATS = ("yaml", "csv", "xlsx")
SHIPPED = [ROOT / "data/demo/codebook.yaml", *sorted((ROOT / "params/public").glob("*.codebook.yaml"))]
# Texts that YAML, Excel or CSV take for something else when nobody looks after them.
TRAPS = [
    "9", "009", "9.0", "1,5", "1.000", "1-5", "3/4", "1 mei", "MARCH1", "12:30", "1E5", "12345678901234567890", "50%",
    "true", "WAAR", "Nee", "no", "on", "~", "null", "=1+1", "=SUM(A1)", "+31", "-x", "@name", "'quoted'", '"quoted"',
    '""', '"', 'a "b" c', '"a" or "b"', "a;b", "a; b = 3", "a=b", "a,b", "a\tb", "a\nb", "a: b", "# no", "- no", "{x}",
    "[x]", "&a", "*a", "!a", "%a", "`a`", "a #b", "#N/A", "#NAAM?", "_x0041_b", "é\u2028b", "\ufeffb", "😀", "İ",
    "2024-05-01", "constructs", "sep=;", "n.v.t.", "Strongly agree", "may", "1.125", "€ 5", "q\u00a0r",
]  # fmt: skip
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SIGNS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\t")
TEXTS = st.one_of(st.sampled_from(TRAPS), st.text(SIGNS, min_size=1, max_size=12)).filter(
    lambda text: text.strip()
)
FINITE = st.one_of(
    st.integers(-1000, 1000).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1.125, 12.125, 0.1, 1e300, 1e-7, 1.1250000000000002]),
)
CODES = st.one_of(st.integers(), FINITE, TEXTS)
LABELS = st.builds(LocalText, nl=TEXTS, en=TEXTS)


@st.composite
def variable(draw: Any, column: str) -> Variable:
    """Any entry that is legal by itself and cannot contradict another."""
    role = draw(st.sampled_from([role for role in get_args(Role) if role not in KEYS]))
    entry: dict[str, Any] = {
        "table": "units" if role == "measure" else draw(st.sampled_from(TABLES)),
        "column": column,
        "role": role,
        "missing": tuple(draw(st.lists(CODES, max_size=3))),
        "guessed": tuple(draw(st.lists(st.sampled_from(get_args(Guessable)), max_size=3, unique=True))),
    }
    for key in ("label", "instrument", "licence", "comment"):
        entry[key] = draw(st.none() | (LABELS if key == "label" else TEXTS))
    if role in ("item", "outcome", "measure", "need", "driver") and (
        role not in ("need", "driver") or draw(st.booleans())
    ):
        entry["construct"] = f"c_{hashlib.sha256(column.encode()).hexdigest()[:8]}"
    if role in ("item", "outcome", "need", "driver"):
        entry["minimum"], entry["maximum"] = sorted(
            draw(st.lists(FINITE, min_size=2, max_size=2, unique=True))
        )
        entry["reversed"] = draw(st.booleans())
        within = st.floats(entry["minimum"], entry["maximum"])
        codes = {code.strip().casefold() for code in entry["missing"] if isinstance(code, str)}
        answers = TEXTS.filter(lambda text: text.strip().casefold() not in codes)
        entry["values"] = draw(
            st.lists(
                st.tuples(answers, within), max_size=3, unique_by=lambda pair: pair[0].strip().casefold()
            ).map(dict)
        )
    if role == "driver":
        entry |= {"block": draw(st.sampled_from(get_args(Block))), "named": draw(st.booleans())}
        entry["group"] = draw(st.none() | NAMES)
    if role == "measure":
        entry |= {"kind": draw(st.sampled_from(["percent", "mean", "rate"]))}
        if entry["kind"] == "percent":
            entry |= {"minimum": 0.0, "maximum": 100.0}
        entry["n_column"] = draw(st.none() | st.just("a number of answers"))
    return Variable(**entry)


@st.composite
def codebooks(draw: Any) -> Codebook:
    columns = draw(
        st.lists(
            TEXTS.filter(lambda text: text.strip() not in KEYS),
            min_size=1,
            max_size=4,
            unique_by=lambda text: unicodedata.normalize("NFKC", text.strip().replace("\r", "\n")).casefold(),
        )
    )
    names = draw(st.lists(TEXTS.map(str.strip), max_size=3, unique=True))
    constructs = {
        name: Construct(
            nl=draw(TEXTS),
            en=draw(TEXTS),
            min_share=draw(st.sampled_from([0.5, 1.0, 0.6667, 1 / 3])),
            score=draw(st.sampled_from(get_args(ScoreMethod))),
        )
        for name in names
    }
    return Codebook(tuple(draw(variable(column)) for column in columns), constructs)


def assert_same(read: tuple[Codebook | None, list[Any]], book: Codebook) -> None:
    """Equal, problems none, and codes of the same type: 9 is not "9", nor 9.0."""
    assert [str(problem) for problem in read[1]] == []
    assert read[0] == book
    assert read[0] is not None
    for one, other in zip(read[0].variables, book.variables, strict=True):
        assert [type(code) for code in one.missing] == [type(code) for code in other.missing]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(book=codebooks(), order=st.sampled_from(list(permutations(FORMATS))))
def test_any_codebook_is_the_same_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, book: Codebook, order: tuple[str, ...]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert contradictions(book.variables, book.constructs, file="") == []
    for suffix in order:
        path = folder / f"any.{suffix}"
        write_codebook(book, path)
        read = read_codebook(path)
        assert_same(read, book)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("trap", TRAPS)
def test_texts_that_look_like_something_else(tmp_path: Path, trap: str, delimiter: Any) -> None:
    label = LocalText(nl=trap, en=trap)
    item = {"table": "employees", "role": "item", "construct": "ease", "minimum": 1, "maximum": 7.5}
    book = Codebook(
        (
            Variable(column=trap, missing=(9, "9", 9.5, trap), values={"(" + trap: 1.5}, label=label, **item),
            Variable(table="units", column="x", role="text", comment=trap, instrument=trap, missing=(trap,)),
        ),
        {trap: Construct(nl=trap, en=trap, min_share=1 / 3, score="sum")},
    )
    for suffix in FORMATS if delimiter == "," else ("csv",):
        write_codebook(book, tmp_path / f"trap.{suffix}", delimiter=delimiter)
        assert_same(read_codebook(tmp_path / f"trap.{suffix}"), book)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize(("one", "other"), list(permutations(FORMATS, 2)))
def test_shipped_codebooks_go_to_and_fro(tmp_path: Path, path: Path, one: str, other: str) -> None:
    book = load_codebook(path)
    write_codebook(book, tmp_path / f"one.{one}")
    write_codebook(load_codebook(tmp_path / f"one.{one}"), tmp_path / f"other.{other}")
    assert_same(read_codebook(tmp_path / f"other.{other}"), book)


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_codebook_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    book = load_codebook(SHIPPED[0])
    for name in ("a", "b"):
        write_codebook(book, tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


# Files that people make


def test_a_csv_from_a_dutch_excel(tmp_path: Path) -> None:
    rows = [
        "sep=;",
        "table;column;role;construct;block;named;minimum;maximum;reversed;missing;values;label_nl;label_en;Min Share;"
        "SCORE",
        "constructs;ease;;;;;;;;;;Gemak – één;Ease;0,75; sum",
        ";;;;;;;;;;;;;;",
        'employees;q1;item;ease;;;0,5;5;WAAR;9;"Eens = 4,5; ""Oneens; niet"" = 1";"Ik zei: ""ja""; toch";Yes;',
        'employees;q2;driver;;other;ONWAAR;1;7;;"9; ""9""; n.v.t.";;;;',
        "employees; 007 ;category;;;;;;;;;;;",
    ]
    path = tmp_path / "codebook.csv"
    path.write_bytes("\r\n".join([*rows, ""]).encode("cp1252"))
    item = Variable(
        table="employees", column="q1", role="item", construct="ease", minimum=0.5, maximum=5, reversed=True,
        missing=(9,), values={"Eens": 4.5, "Oneens; niet": 1}, label=LocalText(nl='Ik zei: "ja"; toch', en="Yes"),
    )  # fmt: skip
    driver = Variable(
        table="employees",
        column="q2",
        role="driver",
        block="other",
        minimum=1,
        maximum=7,
        missing=(9, "9", "n.v.t."),
    )
    number = Variable(table="employees", column="007", role="category")
    labels = {"ease": Construct(nl="Gemak – één", en="Ease", min_share=0.75, score="sum")}
    assert_same(read_codebook(path), Codebook((item, driver, number), labels))


def test_a_workbook_typed_by_hand(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Variables"
    sheet.append(
        [
            "Label EN",
            "table",
            "column",
            "ROLE",
            "construct",
            "minimum",
            "maximum",
            "missing",
            "reversed",
            "label_nl",
        ]
    )
    sheet.append([5, "employees", 12, "item", "ease", 1, 5.0, 9, True, "één\nregel"])
    sheet.append([])
    sheet.append([None, "units", "n", "count", None, None, None, "9; 99", False])
    labels = book.create_sheet("Constructs")
    labels.append(["name", "nl", "en", "min_share"])
    labels.append(["ease", "gemak", "ease", 1])
    book.create_sheet("notes").append(["anything"])
    book.save(tmp_path / "codebook.xlsx")
    # By content: the name does not have to say that it is a workbook.
    (tmp_path / "codebook").write_bytes((tmp_path / "codebook.xlsx").read_bytes())
    item = Variable(
        table="employees", column="12", role="item", construct="ease", minimum=1, maximum=5, missing=(9,),
        reversed=True, label=LocalText(nl="één\nregel", en="5"),
    )  # fmt: skip
    count = Variable(table="units", column="n", role="count", missing=(9, 99))
    expected = Codebook((item, count), {"ease": Construct(nl="gemak", en="ease", min_share=1.0)})
    assert_same(read_codebook(tmp_path / "codebook.xlsx"), expected)
    assert_same(read_codebook(tmp_path / "codebook"), expected)


def test_the_workbook_helps_who_fills_it_in(tmp_path: Path) -> None:
    write_codebook(load_codebook(SHIPPED[0]), tmp_path / "codebook.xlsx")
    book = openpyxl.load_workbook(tmp_path / "codebook.xlsx")
    assert book.sheetnames == ["variables", "constructs", "explanation"]
    sheet = book["variables"]
    heading = [cell.value for cell in sheet[1]]
    assert heading == [name for name in HEADING if name not in ("min_share", "score")]
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "C2"
    named = {}
    for choice in sheet.data_validations.dataValidation:
        letter = str(choice.sqref).partition("2")[0]
        column = openpyxl.utils.column_index_from_string(letter)
        named[heading[column - 1]] = choice.formula1.strip('"').split(",")
    assert named == {
        "table": list(TABLES),
        "role": list(get_args(Role)),
        "block": list(get_args(Block)),
        "kind": ["percent", "mean", "rate"],
        "named": ["true", "false"],
        "reversed": ["true", "false"],
    }
    (choice,) = book["constructs"].data_validations.dataValidation
    assert (str(choice.sqref).partition("2")[0], choice.formula1) == ("E", '"mean,sum,factor"')
    # What is typed into an empty row stays a text, and numbers stay numbers.
    letters = {name: openpyxl.utils.get_column_letter(at) for at, name in enumerate(heading, start=1)}
    assert sheet.column_dimensions[letters["column"]].number_format == "@"
    assert sheet.column_dimensions[letters["minimum"]].number_format == "General"
    explained = {
        row[1].value: (row[2].value, row[3].value) for row in book["explanation"].iter_rows(min_row=2)
    }
    assert set(explained) == {*heading, *CONSTRUCT_TEXTS}
    assert all(nl and en for nl, en in explained.values())


# What is wrong, and where


def refusal(path: Path) -> list[str]:
    _, problems = read_codebook(path)
    assert problems
    with pytest.raises(StudyError) as caught:
        load_codebook(path)
    assert list(caught.value.problems) == problems
    return [str(problem) for problem in problems]


LEGAL = (
    "Legal: person, unit, wave, weight, item, driver, outcome, need, category, measure, count, flag, date, "
)
LEGAL += "duration, text, ignore."
EMPTY = "the cell is empty. Fill it in; see docs/codebook.md."
AS_TEXT = "Format the cell as text and type it again, or put it between double quotation marks."


def test_every_wrong_cell_of_a_csv_at_once(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text(
        "table,column,role,construct,block,minimum,maximum,reversed,missing,values,rol,label_nl,min_share,,column\n"
        "employees,q1,itm,ease,,1,5,,9\n"
        ',q2,item,ease,,1,5,,9,,,"two\nlines"\n'
        "\n"
        "employees,q3,item,ease,,1-mei,5\n"
        'employees,q4,item,ease,,een,5,perhaps,"8,9","Agree, 5"\n'
        'employees,,item,ease,,1,1.000,,"""9","Agree = 5; Agree = 4"\n'
        "employees,q5,item,ease,,1,1.250,,mei 9,#NAAM?,,x\n"
        "employees,q6,item,ease,,1,5,,,Agree = 7,,,0.5\n"
        "constructs,ease,item,,,,,,,,,Gemak,2\n"
        "constructs,ease\n"
        "constructs,,,,,,,,,,,Gemak\n"
        "employees,q7,driver,,,1,5\n",
        encoding="utf-8",
    )
    assert refusal(path) == [
        f"book.csv: row 1: unknown column 'rol'. Did you mean 'role'? Legal: {', '.join(HEADING)}.",
        "book.csv: row 1: the heading has column 'column' more than once. Remove one.",
        "book.csv: row 11, ease: this construct has a label already. Keep one.",
        "book.csv: row 12, column: the cell is empty. Name the construct.",
        "book.csv: row 10, ease, role: a row of table constructs has column, label_nl, label_en, min_share and score, "
        "and nothing else. Empty the cell.",
        "book.csv: row 10, ease, min_share: 2 is out of range. It must be at most 1.0.",
        f"book.csv: row 2, q1, role: 'itm' is not a legal value. Did you mean 'item'? {LEGAL}",
        f"book.csv: row 3, q2, table: {EMPTY}",
        "book.csv: row 5, q3, minimum: a number is expected, not '1-mei'; a spreadsheet has made a date of it. "
        f"{AS_TEXT}",
        "book.csv: row 6, q4, minimum: a number is expected, not 'een'. Correct the cell.",
        "book.csv: row 6, q4, reversed: 'perhaps' is neither true nor false. Write true or false, or leave the cell "
        "empty.",
        "book.csv: row 6, q4, missing: '8,9' may be two codes or one number. Put a semicolon between codes (8; 9), or "
        "write one number with a point (8.9).",
        "book.csv: row 6, q4, values: 'Agree, 5' gives no answer a number. Write answer = number, with semicolons "
        "between: Agree = 4; Strongly agree = 5.",
        "book.csv: row 7, maximum: '1.000' may be 1000 or 1 and a fraction. Write 1000 or 1.",
        "book.csv: row 7, missing: the quotation marks of '\"9' do not match. Put one before and one behind the text, "
        "and double those within it.",
        "book.csv: row 7, values: the answer 'Agree' stands here twice. Keep one.",
        f"book.csv: row 7, column: {EMPTY}",
        "book.csv: row 8, q5, maximum: '1.250' may be 1250 or 1 and a fraction. Write 1250 or 1.2500.",
        "book.csv: row 8, q5, missing: 'mei 9' looks like what a spreadsheet makes of something else. Put a code that "
        "is text between double quotation marks.",
        "book.csv: row 8, q5, values: the cell holds the error #NAAM? of a spreadsheet. Type in what belongs there.",
        "book.csv: row 9, q6, min_share: min_share belongs to a construct. Put it in a row of table constructs, or on "
        "the sheet constructs.",
        "book.csv: row 13, q7: a driver needs a block: employee-first, customer-first or other. Correct this entry.",
    ]


def test_every_wrong_cell_of_a_workbook_at_once(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Blad1"
    sheet.append(["table", "column", "role", "construct", "minimum", "maximum", "named"])
    sheet.append(["employees", date(2024, 5, 1), "item", "ease", 1, 5])
    sheet.append(["employees", "q2", "item", "ease", "=A1", 5])
    sheet.append(["employees", "q3", "item", "ease", 1, "#N/A"])
    sheet.append(["employees", True, "item", "ease", time(1, 2), 5, 3])
    sheet.append(["employees", "q5", "driver", None, 0, 1])
    sheet["F6"].number_format = "0%"
    sheet.append(["employees", "q6", "category", None, None, None, None, "aside"])
    labels = book.create_sheet("constructs")
    labels.append(["name", "nl", "en", "min"])
    labels.append(["ease", "gemak"])
    labels.append([None, "gemak", "ease"])
    book.save(tmp_path / "book.xlsx")
    assert refusal(tmp_path / "book.xlsx") == [
        "book.xlsx: sheet Blad1, row 7: a cell lies outside the columns of the heading. Move it, or empty it.",
        "book.xlsx: sheet constructs, row 1: unknown column 'min'. Legal: name, nl, en, min_share, score.",
        "book.xlsx: sheet constructs, row 3, name: the cell is empty. Name the construct.",
        "book.xlsx: sheet Blad1, row 2, 2024-05-01, column: the spreadsheet has made a date or time of this cell. "
        f"{AS_TEXT}",
        "book.xlsx: sheet Blad1, row 3, q2, minimum: the cell holds a formula whose result is not in the file. "
        "Type in the value, or save the workbook again in a spreadsheet.",
        "book.xlsx: sheet Blad1, row 4, q3, maximum: the cell holds the error #N/A of a spreadsheet. Type in what "
        "belongs there.",
        "book.xlsx: sheet Blad1, row 5, True, column: the spreadsheet has made true or false of this cell. "
        f"{AS_TEXT}",
        "book.xlsx: sheet Blad1, row 5, True, minimum: the spreadsheet has made a date or time of this cell. "
        f"{AS_TEXT}",
        "book.xlsx: sheet Blad1, row 5, True, named: '3' is neither true nor false. Write true or false, or leave the "
        "cell empty.",
        "book.xlsx: sheet Blad1, row 6, q5, maximum: a number is expected, not '100%'. Correct the cell.",
    ]


def test_every_wrong_entry_of_a_yaml_at_once_and_the_right_ones_kept(tmp_path: Path) -> None:
    path = tmp_path / "book.yaml"
    path.write_text(
        """\
constructs:
  cx: {nl: Klant, en: Customer}
  ease: {nl: " ", en: No}
  "ease ": {nl: a, en: b}
  5: {nl: a, en: b}
  enps: klant
variables:
  - {table: customers, column: q1, role: item, construct: cxx, minimum: 1, maximum: 5}
  - table: customers
    column: q2
    role: item
    construct: cx
    minimum: 1
    maximum: 5
    values: {Yes: 1, No: 5}
    label:
      nl: a
  - &x {table: customers, column: q3, role: item, construct: nps, minimum: 1, maximum: 5, values: {a: 1, "A ": 2}}
  - <<: *x
    column: q4
    values: {a: 9}
  - {table: customers, column: q5, role: item, construct: nps, minimum: 1, maximum: 7, missing: [.nan]}
  - {table: customers, column: q6, role: item, construct: nps, minimum: 1, maximum: 7, missing: [a], values: {a: 5}}
  - {table: customers, column: "q\\x07", role: text}
  - {table: customers, column: q8, role: text, values: {a: 5}}
  - {table: customers, column: q9, role: flag, values: {a: 2}}
  - {table: customers, column: Q1, role: category}
""",
        encoding="utf-8",
    )
    yes = "Put it between quotes; without them YAML reads Yes, No, On and Off as true and false."
    assert refusal(path) == [
        "book.yaml: line 4, construct ease: this construct has a label already. Keep one.",
        "book.yaml: line 5, construct 5: a text as name of a construct is expected, not 5. Put the name between "
        "quotes.",
        "book.yaml: line 3, construct ease, nl: the text is blank; fill it in, or leave it out. Correct this entry.",
        "book.yaml: line 3, construct ease, en: a text is expected, not false (true or false). Put it between quotes "
        "if it is meant as text.",
        "book.yaml: line 6, construct enps: a mapping of keys is expected, not 'klant' (a text). Correct the value.",
        f"book.yaml: line 15, variable 2 (q2), values: a text as key is expected, not true. {yes}",
        f"book.yaml: line 15, variable 2 (q2), values: a text as key is expected, not false. {yes}",
        "book.yaml: line 18, variable 3 (q3), values: the answer 'a' has two numbers; capitals and blanks make no "
        "difference. Correct this entry.",
        "book.yaml: line 19, variable 4 (q4): values lie outside the scale 1 to 5: 'a' = 9. Correct this entry.",
        "book.yaml: line 22, variable 5 (q5), missing: a code is not a finite number; an empty cell is missing without "
        "a code. Correct this entry.",
        "book.yaml: line 23, variable 6 (q6): the answer 'a' stands under values and under missing; keep one. Correct "
        "this entry.",
        "book.yaml: line 24, variable 7 (q\\x07), column: the text holds the sign U+0007, which cannot be written; "
        "retype it. Correct this entry.",
        "book.yaml: line 25, variable 8 (q8): values give answers a number, but a column with role text holds none. "
        "Correct this entry.",
        "book.yaml: line 26, variable 9 (q9): values lie outside the scale 0 to 1: 'a' = 2. Correct this entry.",
        "book.yaml: line 27, Q1: table 'customers' has column 'q1' as well, in other capitals only. Keep one.",
        "book.yaml: line 8, q1: construct 'cxx' has no label, but 'cx' has one. Did you mean 'cx'? If not, give 'cxx' "
        "a label under constructs.",
    ]
    book, _ = read_codebook(path)
    assert [v.column for v in book.variables] == ["q1"]
    assert list(book.constructs) == ["cx"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.csv", b"", "b.csv: the file is empty (0 bytes). See docs/codebook.md for an example."),
        ("b.csv", b"\n ,\n", "b.csv: there is nothing in it. See docs/codebook.md for an example."),
        (
            "b.csv",
            b"\na,b\n1,2\n",
            "b.csv: row 2: the heading of a codebook is expected: at least table, column and role. "
            "See docs/codebook.md for an example.",
        ),
        (
            "b.csv",
            b"table,column,role\n",
            "b.csv: no column is described. See docs/codebook.md for an example.",
        ),
        (
            "b.csv",
            b'table,column,role\n"a,b,c\n',
            "b.csv: the rows cannot be told apart; perhaps a quotation mark is not closed. "
            "Save it again from the spreadsheet.",
        ),
        (
            "b.csv",
            b"table,column,role\n\x81",
            "b.csv: the file is neither UTF-8 nor Windows text. Save it as CSV UTF-8.",
        ),
        ("b.xlsx", b"PK\x03\x04 damaged", "b.xlsx: not a readable workbook. Save it as XLSX, CSV or YAML."),
        (
            "b.xls",
            b"\xd0\xcf\x11\xe0 damaged",
            "b.xls: not a readable workbook. Save it as XLSX, CSV or YAML.",
        ),
        (
            "b.xlsx",
            b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"),
            "b.xlsx: the workbook is protected by a password. Save it without one.",
        ),
        (
            "b.xlsx",
            b"variables: []",
            "b.xlsx: line 1, variables: there is nothing in it. Fill it in; see data/demo/codebook.yaml.",
        ),
    ],
)
def test_a_file_that_is_no_codebook(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name) == [message]
    assert read_codebook(tmp_path / name)[0] is None


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("utf-16", "\t"), ("cp1252", ";")])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = ["table,column,role,label_nl,label_en", "units,één,text,één,one"]
    (tmp_path / "b.csv").write_bytes("\n".join(lines).replace(",", delimiter).encode(encoding))
    label = LocalText(nl="één", en="one")
    expected = Codebook((Variable(table="units", column="één", role="text", label=label),), {})
    assert_same(read_codebook(tmp_path / "b.csv"), expected)


ODD = ["", " ", "9; 99", "a = 1", "a = b; c", "8,9", '"', '"x']
ANYTHING = st.sampled_from([*TRAPS, *ODD, *HEADING, *get_args(Role), *TABLES])
NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none())
TYPED = st.one_of(ANYTHING, NUMBERS, st.dates(date(1900, 3, 1)), st.times())


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    heading=st.permutations(HEADING).map(lambda names: names[:8]),
    rows=st.lists(st.lists(TYPED, max_size=10), max_size=4),
    suffix=st.sampled_from(["csv", "xlsx", "yaml"]),
)
def test_whatever_the_cells_hold_the_outcome_is_a_codebook_or_problems(
    tmp_path_factory: pytest.TempPathFactory, heading: list[str], rows: list[list[Any]], suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"anything.{suffix}"
    heading = [
        "table",
        "column",
        "role",
        *(name for name in heading if name not in ("table", "column", "role")),
    ]
    if suffix == "xlsx":
        book = openpyxl.Workbook()
        for number, row in enumerate([heading, *rows], start=1):
            for at, value in enumerate(row, start=1):
                book.active.cell(number, at, value)
        book.save(path)
    elif suffix == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([heading, *rows])
    else:
        entries = [dict(zip(heading, row, strict=False)) for row in rows]
        content = {"constructs": entries[0] if entries else {}, "variables": entries}
        times = str.maketrans({":": ""})
        for entry in entries:
            entry |= {key: str(v).translate(times) for key, v in entry.items() if isinstance(v, time)}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    book, problems = read_codebook(path)
    assert problems or book is not None
    for problem in problems:
        assert problem.file == path.name
        assert problem.message
        assert problem.remedy


# What is worth knowing


def cx(column: str, construct: str, **more: Any) -> Variable:
    scale = {"minimum": 1, "maximum": 5}
    return Variable(table="customers", column=column, role="item", construct=construct, **scale | more)


def test_remarks_on_a_codebook() -> None:
    book = Codebook(
        (
            cx("q1", "cx", missing=(5, 3, 9, "3")),
            cx("q2", "nps", values={"Good": 5, "Fair": 3}),
            cx("q3", "ease", label=LocalText(nl="gemak", en="ease of use")),
            cx("q4", "trust", values={"Low": 1, "High": 5}),
            Variable(
                table="employees",
                column="d",
                role="driver",
                block="other",
                group="work",
                minimum=1,
                maximum=5,
            ),
        ),
        {name: Construct(nl=name, en=f"{name}!") for name in ("cx", "work", "d", "enps", "left_over")},
    )
    assert [str(remark) for remark in codebook_remarks(book, file="b.csv")] == [
        "b.csv: 2 constructs have no label and appear under their own names: nps, trust.",
        "b.csv: 2 labels of constructs belong to no column: enps, left_over.",
        "b.csv: q1: Missing codes 5, 3 lie inside the scale; whoever gave those answers counts as not having answered.",
        "b.csv: q2: No answer under values stands for 1, an end of the scale.",
    ]
    assert codebook_remarks(Codebook((cx("q1", "cx"),), {}), file="b.csv") == ()


@pytest.mark.parametrize(
    ("used", "labelled", "near"),
    [
        ("cxx", "cx", True),
        ("engagment", "engagement", True),
        ("need_grwoth", "need_growth", True),
        ("stays", "stay", True),
        ("nps", "enps", False),
        ("bx", "cx", False),
        ("cx_2", "cx_1", False),
        ("item_12", "item_1", False),
        ("dissatisfaction", "satisfaction", False),
        ("promise", "promote", False),
        ("readiness", "wellbeing", False),
    ],
)
def test_a_construct_that_is_all_but_the_name_of_another(used: str, labelled: str, near: bool) -> None:
    found = contradictions([cx("q1", used)], {labelled: Construct(nl="x", en="x")}, file="b.csv")
    message = (
        f"b.csv: q1: construct {used!r} has no label, but {labelled!r} has one. Did you mean {labelled!r}? "
    )
    message += f"If not, give {used!r} a label under constructs."
    assert [str(each.problem) for each in found] == ([message] if near else [])


# Schema, command line, documentation


def test_the_schema_in_the_repository_is_the_model_s() -> None:
    assert (ROOT / "params" / "codebook.schema.json").read_text(encoding="utf-8") == codebook_schema()
    result = CliRunner().invoke(app, ["schema", "--codebook"])
    assert (result.exit_code, result.stdout) == (0, codebook_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_codebook_names_the_schema_and_keeps_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    start = "# yaml-language-server: $schema="
    first = text.splitlines()[0]
    assert first.startswith(start)
    schema = (path.parent / first.removeprefix(start)).resolve()
    assert schema == ROOT / "params" / "codebook.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    content = yaml.safe_load(text)
    assert [error.message for error in validator.iter_errors(content)] == []
    spoilt = content | {
        "variables": [*content["variables"], {"table": "units", "column": "x", "rol": "text"}]
    }
    assert len(list(validator.iter_errors(spoilt))) == 2
    assert codebook_remarks(load_codebook(path), file=path.name) == ()


def test_a_codebook_written_within_the_project_names_the_schema(monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "params" / "clients").mkdir(parents=True)
    (tmp_path / "params" / "codebook.schema.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr("exresearch.study.codebook.formats.write.project_root", lambda: tmp_path)
    path = tmp_path / "params" / "clients" / "acme.codebook.yaml"
    labels = {
        "cx": Construct(nl="Klant", en="Customer"),
        "x": Construct(nl="a", en="b", min_share=0.8, score="factor"),
    }
    item = cx(
        "q1", "cx", missing=(9, "9"), label=LocalText(nl="Hoe makkelijk was het?", en="How easy was it?")
    )
    write_codebook(
        Codebook((item, Variable(table="units", column="x", role="count")), labels),
        path,
        heading="One.\n\nTwo.",
    )
    assert path.read_text(encoding="utf-8") == (
        "# yaml-language-server: $schema=../codebook.schema.json\n"
        "# One.\n"
        "#\n"
        "# Two.\n"
        "constructs:\n"
        "  cx: {nl: Klant, en: Customer}\n"
        "  x: {nl: a, en: b, min_share: 0.8, score: factor}\n"
        "variables:\n"
        "  # customers\n"
        "  - {table: customers, column: q1, role: item, construct: cx, minimum: 1, maximum: 5, missing: [9, '9'],\n"
        "     label: {nl: 'Hoe makkelijk was het?', en: 'How easy was it?'}}\n"
        "\n"
        "  # units\n"
        "  - {table: units, column: x, role: count}\n"
    )


def test_the_command_turns_one_format_into_another(tmp_path: Path) -> None:
    def run(*arguments: Any) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["codebook", *map(str, arguments)])
        return result.exit_code, result.output

    source, target = SHIPPED[0], tmp_path / "book.csv"
    book = load_codebook(source)
    done = f"{len(book.variables)} columns and {len(book.constructs)} constructs are in {target}.\n"
    assert run(source, target) == (0, done)
    assert_same(read_codebook(target), book)
    refused = "1 problem with this study:\n- book.csv: "
    message = f"{refused}the file is there already. Name another, or replace it with --force.\n"
    assert run(source, target) == (2, message)
    assert run(source, target, "--semicolon", "--force") == (0, done)
    assert target.read_bytes().startswith(b"\xef\xbb\xbftable;column;role;")
    assert_same(read_codebook(target), book)
    place = "Name a file in a folder that is there, ending in .yaml, .csv or .xlsx.\n"
    message = f"{refused}cannot be written: No such file or directory. {place}"
    assert run(source, tmp_path / "none" / "book.csv") == (2, message)
    refused = "1 problem with this study:\n- book.doc: cannot be written: "
    message = f"{refused}a codebook is written as .yaml, .yml, .csv, .xlsx, not as .doc. {place}"
    assert run(source, tmp_path / "book.doc") == (2, message)
    (tmp_path / "wrong.csv").write_text("table,column,role\nunits,x,texts\n", encoding="utf-8")
    code, output = run(tmp_path / "wrong.csv", tmp_path / "right.yaml")
    assert (code, output) == (
        2,
        "1 problem with this study:\n- wrong.csv: row 2, x, role: 'texts' is not a legal value. "
        f"Did you mean 'text'? {LEGAL}\n",
    )
    assert not (tmp_path / "right.yaml").exists()


def test_a_cell_too_long_for_a_workbook_is_refused(tmp_path: Path) -> None:
    book = Codebook((cx("q1", "cx", missing=tuple("x" * 9_000 + sign for sign in "abcd")),), {})
    with pytest.raises(ValueError) as caught:
        write_codebook(book, tmp_path / "book.xlsx")
    assert str(caught.value) == (
        "sheet variables, row 2, missing: the cell would hold 36018 signs, and a workbook holds 32767; "
        "write the codebook as CSV or YAML"
    )
    assert not (tmp_path / "book.xlsx").exists()


def test_every_key_and_role_is_explained() -> None:
    assert tuple(KEY_TEXTS) == variable_keys()
    assert tuple(CONSTRUCT_TEXTS) == ("name", *Construct.model_fields)
    text = (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\| `(\w+)` \| ", text.split("## Every key")[1].split("\n## ")[0], flags=re.MULTILINE)
    assert keys == [*variable_keys(), "min_share", "score"]
    roles = re.findall(
        r"^\| `(\w+)` \| ", text.split("## Every role")[1].split("\n## ")[0], flags=re.MULTILINE
    )
    assert roles == list(get_args(Role))


def test_every_construct_that_a_hypothesis_needs_is_listed() -> None:
    text = (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.*) \|$", text.split("## What each hypothesis")[1], flags=re.MULTILINE
    )
    listed = {name: set(re.findall(r"`(\w+)`", needs)) for name, needs in rows}
    registry = yaml.safe_load((ROOT / "exresearch/findings/hypotheses.yaml").read_text(encoding="utf-8"))
    assert [h.id for h in load_registry().hypotheses] == list(listed)
    for hypothesis in registry["hypotheses"]:
        for way in hypothesis["needs"]["any_of"]:
            named = {name for names in way.get("constructs", {}).values() for name in names}
            named |= {role for roles in way.get("roles", {}).values() for role in roles} - {"measure"}
            assert named | set(way["tables"]) <= listed[hypothesis["id"]], hypothesis["id"]


def test_the_examples_of_the_documentation_are_codebooks(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```(yaml|csv)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert {suffix for suffix, _ in examples} == {"yaml", "csv"}
    roles, tables = set(), set()
    for suffix, content in examples:
        path = tmp_path / f"example.{suffix}"
        path.write_text(content, encoding="utf-8")
        book = load_codebook(path)
        roles |= {v.role for v in book.variables}
        tables |= {v.table for v in book.variables}
    assert roles == set(get_args(Role))
    assert tables == set(TABLES)


# Five words in a row, in lower case, of a protected questionnaire: kept as hashes, so that they stand nowhere.
PROTECTED = {
    "Gallup Q12": (
        "c799b0026f2acfb89a9eb7e1",
        "def0bd2c20ad2b2d3a12bcd2",
        "fc38d84cd1584c5acb18e7d7",
        "3fd5f53a23611c048d4de173",
        "9d81eeeeb2771f60a2452f63",
        "40a70a4a8014d3a0222674ea",
        "5733ea5f4f2e6feb20e48cf4",
        "e30d6ee9d1be3ccf341592f3",
        "01e9feb17b4a7bc01c4bed4c",
        "077dce6968580db56d216ff9",
        "73d71afe0b5535a0315ab9ae",
        "d36471514d3415cf848fb3be",
        "41a74f954761b44a99101f68",
        "12703d69be0ae19db8a1c0aa",
        "b59dc5b59199a3ddfd4a45da",
        "af133963f0fe2fd8c8cfe8d1",
        "cfb8215be925d442868bccd0",
        "f5fbdf031d1294adcc25d455",
        "60fdbf86a78a1dcf48acf244",
        "499209d4e6b72ef049fb1c53",
        "a9cd35bb5744660430ad7e6e",
        "76bbe2c188b708b0c0f8d28c",
        "92f302690036e8fe34b64a8d",
    ),
    "UWES": (
        "2bb260bb2d3410ff9548587b",
        "7f5e75cde13be940f1d88e57",
        "b0fb15c8e23da691feb25280",
        "1e3b7e2b0d93ac83d1194791",
        "ff012c624b302a43669322b4",
        "9d3556cc001dfc59a84a930a",
        "0c696171a2933658a0452a5f",
        "b4042637f58ed4f78781e1ff",
        "0fe88eccbe3e6e73d1c7b1b1",
        "081d4007bd52f25a785d3562",
        "75b25a4a81af91f0d7c91584",
        "8217e3f05cc35a4ea11b6bfd",
        "4a9b69284c5597f8e5151814",
        "2d594ddb1cda4b03e0567131",
        "58ab7a01139c08934858c3dc",
        "d92644f0ff477ac16d38daf7",
        "6bde6b08ac548fbe0d95ef70",
        "037379f10e02f4210f925d12",
        "79275310eafe6e8fd3f98719",
        "30e9024e3c92923d3da7099b",
        "cd21718f2f96a6fc802556db",
        "937ff973e92a3036c393bd24",
        "43eeb47b6899be20ca6900f9",
        "070bdb2efc116405c02e8261",
        "f52567e04086e094a4b25727",
        "18fb910ddf650b8893563b85",
        "c124f4d89a14cb9799cc881c",
        "3df6e38ee657b81a86d5d46a",
        "95cc7bd80b7a30b470c63d7a",
        "380faaa55c1602d454f2e165",
        "6de4751d798d9d46900f07fa",
        "9245661d51f185248cdbd459",
    ),
    "Denison": (
        "6bc40f3a8e319f5704d10a7e",
        "e0824854fd35bb74df724307",
        "b0a3570767a2b8f894c0c02c",
        "ec224995b632988d8b052623",
        "1b94720bb7eff32b4c817d92",
        "cb3daa55e9a7746db2d4e24e",
        "f7fc547868400477c1f8a0d1",
        "c26b87f43104ef54b5f3c4b4",
        "c2ec5bc7a851cb8f3c961e0f",
        "7767c0de88eb8fb7012ae9e7",
        "40a25627e9543fc71965d959",
        "470f80d1cba1521346e9db61",
        "22aceee8ad9647b2450c9bc0",
        "757bcda1455b6fce2da1537a",
        "4725e098a0f9f136d0afdf57",
        "6b505b676a52a2cff3971b93",
    ),
}


def five_words(text: str) -> set[str]:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return {" ".join(words[at : at + 5]) for at in range(len(words) - 4)}


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def test_no_protected_wording_is_in_the_project() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout, so there are no tracked files to read")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    instruments = {code: instrument for instrument, codes in PROTECTED.items() for code in codes}
    found = {}
    for name in listed.split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or name.startswith("locks/"):
            continue
        # Bytes that are no text cannot hold words.
        for words in five_words(path.read_bytes().decode("utf-8", errors="ignore")):
            instrument = instruments.get(hashed(words))
            if instrument:
                found[name] = instrument
    assert found == {}


def test_the_look_for_protected_wording_finds_what_it_is_for() -> None:
    # Part of an item, with words around it and over two lines, as it would stand in a codebook.
    fragment = " ".join(reversed(["work", "at", "friend", "best", "a"]))
    codes = {hashed(words) for words in five_words(f'label: {{en: "Somebody is:\n  {fragment}, 1-5"}}')}
    assert codes & set(PROTECTED["Gallup Q12"])


def test_a_way_of_scoring_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text(
        "table,column,role,construct,minimum,maximum,label_nl,label_en,score\n"
        "constructs,ease,,,,,Gemak,Ease,Factor\n"
        "constructs,trust,,,,,Vertrouwen,Trust,factor\n"
        "employees,q1,item,ease,1,5,,,sum\n"
        "employees,q2,item,trust,1,5\n"
        "employees,q3,item,trust,1,5\n"
        "customers,v1,item,trust,1,5\n"
        "customers,v2,item,trust,1,5\n"
        "customers,v3,item,trust,1,5\n",
        encoding="utf-8",
    )
    assert refusal(path) == [
        "book.csv: row 2, ease, score: 'Factor' is not a legal value. Did you mean 'factor'? Legal: mean, sum, factor.",
        "book.csv: row 4, q1, score: score belongs to a construct. Put it in a row of table constructs, or on the "
        "sheet constructs.",
        "book.csv: row 5, trust: score: factor needs 3 items; this construct has 2 in table 'employees'. Write score: "
        "mean.",
    ]
