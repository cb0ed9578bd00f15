"""Text files of every kind come out cell by cell as they were written, or are refused with a sentence."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import sqlite3
import string
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from exresearch.study import StudyError
from exresearch.study.codebook import Variable
from exresearch.study.importers import RawTable, read_columns
from exresearch.study.importers.kinds import kind_of
from exresearch.study.importers.text.decimals import with_points
from exresearch.study.importers.text.headings import find_heading, is_heading
from exresearch.study.parameters import TableSource
from exresearch.study.tables.cells.columns import clean_column

WA = Path(__file__).parents[1].parent / "shared" / "data" / "wa_public_sector_2015"


def read(path: Path, content: bytes, columns: set[str] | None = None, **source: Any) -> RawTable:
    path.write_bytes(content)
    settings_ = TableSource.model_validate({"file": path.name} | source)
    return read_columns(path, columns=columns, source=settings_)


def refusal(path: Path, content: bytes, columns: set[str] | None = None, **source: Any) -> list[str]:
    with pytest.raises(StudyError) as caught:
        read(path, content, columns, **source)
    return [str(problem) for problem in caught.value.problems]


def golden(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


def test_utf_16_with_tabs(tmp_path: Path) -> None:
    text = 'team\teng_1\tremark\r\nNoord\t5\t"een\ttab"\r\nZuïd\t\t€ 5\r\n'
    expected = golden(team=["Noord", "Zuïd"], eng_1=["5", ""], remark=["een\ttab", "€ 5"])
    little, big = text.encode("utf-16-le"), text.encode("utf-16-be")
    for content in (
        codecs.BOM_UTF16_LE + little,
        codecs.BOM_UTF16_BE + big,
        little,
        big,
        text.encode("utf-32"),
    ):
        raw = read(tmp_path / "answers.txt", content)
        assert_frame_equal(raw.frame, expected)
        assert (raw.present, raw.decimal_comma, raw.layout, raw.remarks) == (
            tuple(expected),
            False,
            "csv",
            (),
        )


def test_cp1252_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"team": ["Één", "Twee", "Drie"], "score": [1.5, np.nan, -2.25], "€": ["–", "b", "c"]}
    )
    path = tmp_path / "answers.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",", encoding="cp1252")
    raw = read(path, path.read_bytes())
    expected = golden(team=["Één", "Twee", "Drie"], score=["1,5", "", "-2,25"])
    assert_frame_equal(raw.frame, expected.assign(**{"€": ["–", "b", "c"]}).astype("str"))
    assert raw.decimal_comma
    assert [str(remark) for remark in raw.remarks] == [
        "answers.csv: The file is not UTF-8; it was read as Windows-1252 (2 lines with letters outside ASCII)."
    ]
    assert read(path, path.read_bytes(), encoding="cp1252").remarks == ()


def test_utf_8_with_a_mark_and_line_ends_in_cells(tmp_path: Path) -> None:
    content = codecs.BOM_UTF8 + b'team,remark,q\n"North\nEast","He said ""no"",\r\nthen left",3\nSouth,"",4\n'
    raw = read(tmp_path / "answers.csv", content)
    expected = golden(team=["North\nEast", "South"], remark=['He said "no",\r\nthen left', ""], q=["3", "4"])
    assert_frame_equal(raw.frame, expected)
    assert raw.remarks == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_excel_s_note_about_the_separator(tmp_path: Path, sign: str, end: str) -> None:
    # The note decides, even where another sign would divide the heading into more columns.
    name = "team " + "".join(other for other in ",;|" if other != sign)
    text = end.join([f"sep={sign}", f"{name}{sign}q", f"x{sign}1", f"y{sign}2", ""])
    raw = read(tmp_path / "answers.csv", text.encode())
    assert_frame_equal(raw.frame, pd.DataFrame({name: ["x", "y"], "q": ["1", "2"]}, dtype="str"))


def test_bars_and_a_title_above_the_heading(tmp_path: Path) -> None:
    text = "Staff survey 2024\n\nMade by: HR, on 1 May; final\nteam|q1|q2\nNorth|1|2\n||\nSouth||4\n\nWest|5|6\n\n\n"
    raw = read(tmp_path / "answers.psv", text.encode())
    assert_frame_equal(
        raw.frame, golden(team=["North", "South", "West"], q1=["1", "", "5"], q2=["2", "4", "6"])
    )
    assert [str(r) for r in raw.remarks] == ["answers.psv: 2 rows are wholly empty and are left out."]
    # A row is empty only if the columns that nobody asked for are empty too.
    some = read(tmp_path / "answers.psv", text.encode(), {"q1"})
    assert_frame_equal(some.frame, golden(q1=["1", "", "5"]))
    assert (some.present, some.remarks) == (("team", "q1", "q2"), raw.remarks)


def test_settings_of_the_study_file_decide(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    content = b"a,b;c\n1,2;3\n4,5;6\n"
    assert read(path, content, delimiter=",").present == ("a", "b;c")
    assert read(path, content, delimiter=";").present == ("a,b", "c")
    assert read(path, content, heading_row=2, delimiter=",").frame.to_dict("list") == {
        "1": ["4"],
        "2;3": ["5;6"],
    }
    assert read(path, "é;b\n1;2\n".encode("cp1252"), encoding="cp1252").present == ("é", "b")
    known = read(path, b"a;b\n1.234;2\n", decimal=".")
    assert (known.decimal_comma, known.decimal_known) == (False, True)


def test_wanted_columns_find_heading_and_delimiter(tmp_path: Path) -> None:
    # Numbers stand above the heading, and more commas than semicolons in it.
    text = "1;2;3\nteam;the question, with, commas;q\nNorth;a;1\n"
    raw = read(tmp_path / "answers.csv", text.encode(), {"team", "q"})
    assert_frame_equal(raw.frame, golden(team=["North"], q=["1"]))
    assert raw.present == ("team", "the question, with, commas", "q")


@pytest.mark.parametrize(
    ("text", "columns", "held"),
    [
        ("a;b;;\n1;2;;\n3;4;;\n", {"a": ["1", "3"], "b": ["2", "4"]}, 0),
        ("a;b\n1;2;\n3;4;\n", {"a": ["1", "3"], "b": ["2", "4"]}, 0),
        ("a;b;;\n1;2\n3;4\n", {"a": ["1", "3"], "b": ["2", "4"]}, 0),
        (";a;;b\n1;2;x;3\n2;4;;5\n", {"a": ["2", "4"], "b": ["3", "5"]}, 2),
    ],
)
def test_columns_without_a_name(tmp_path: Path, text: str, columns: dict[str, list[str]], held: int) -> None:
    raw = read(tmp_path / "answers.csv", text.encode())
    assert_frame_equal(raw.frame, golden(**columns))
    assert raw.present == ("a", "b")
    assert [(remark.kind, remark.n) for remark in raw.remarks] == [("columns_without_heading", held)] * (
        held > 0
    )


def test_one_column_with_commas_in_its_texts(tmp_path: Path) -> None:
    raw = read(tmp_path / "answers.csv", b'remark\n"one, two"\nthree\n\n"four, five; six"\n')
    assert_frame_equal(raw.frame, golden(remark=["one, two", "three", "four, five; six"]))
    assert [(remark.kind, remark.n) for remark in raw.remarks] == [("empty_rows", 1)]


def test_a_file_larger_than_the_piece_that_is_looked_at(tmp_path: Path) -> None:
    # Beyond two million bytes, with the only odd letters and a spanning cell near the end.
    lines = [f"team {n % 7};{n};plain text to fill the line with something" for n in range(50_000)]
    text = "team;n;remark\n" + "\n".join(lines) + '\nÉén;-1;"last\ncell"\n'
    for encoding in ("utf-8", "cp1252", "utf-16"):
        raw = read(tmp_path / "answers.csv", text.encode(encoding))
        assert raw.frame["n"].tolist() == [str(n) for n in range(50_000)] + ["-1"]
        assert raw.frame.iloc[-1].tolist() == ["Één", "-1", "last\ncell"]


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from(',;|"\t\n\r')
    | st.sampled_from(string.ascii_letters), max_size=8,
)  # fmt: skip


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    note=st.booleans(),
)
@example(
    rows=[["", "x"], ["a\rb", '"']],
    delimiter="|",
    end="\r",
    quoting=csv.QUOTE_ALL,
    encoding="utf-8",
    note=True,
)
def test_any_table_that_is_written_is_read_back(
    tmp_path: Path, rows: list[list[str]], delimiter: str, end: str, quoting: Any, encoding: str, note: bool
) -> None:
    names = [f"column {number}" for number in range(len(rows[0]))]
    if quoting == csv.QUOTE_MINIMAL:
        # With any other line end the writer leaves a carriage return in a cell without quotes.
        end = "\r\n"
    buffer = io.StringIO(newline="")
    if note:
        buffer.write(f"sep={delimiter}{end}")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([names, *rows])
    raw = read(tmp_path / "any.csv", buffer.getvalue().encode(encoding), set(names))
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    assert raw.present == tuple(names)
    assert [list(row) for row in raw.frame.itertuples(index=False, name=None)] == kept
    assert sum(remark.n for remark in raw.remarks if remark.kind == "empty_rows") == len(rows) - len(kept)


@pytest.mark.parametrize(
    ("rows", "wanted", "expected"),
    [
        ([["Title"], [], ["a", "b"], ["1", "2"]], None, 2),
        ([["Part 1", "", "", "Part 2"], list("abcd"), list("1234"), ["1", "", "", "4"]], None, 1),
        ([["", "a", "", "b"], list("1234"), list("1234")], None, 0),
        ([["a", "a", "b"], ["x", "y", "z"], ["x", "y", "z"]], None, 0),
        ([["unit", "2023", "2024"], ["A", "1", "2"], ["B", "3", "4"]], None, 0),
        ([["", "a", "b"], ["1", "2", "3"], ["2", "3", "4"]], None, 0),
        ([["unit", "unit"], [" unit ", "q"], ["A", "1"]], {"unit", "q"}, 1),
        ([["a", "b"], ["1", "2"]], {"c"}, 0),
        ([[], []], None, 0),
    ],
)  # fmt: skip
def test_where_the_heading_stands(rows: list[list[str]], wanted: set[str] | None, expected: int) -> None:
    assert find_heading(rows, wanted=wanted) == expected


def test_what_can_be_a_heading() -> None:
    assert is_heading(["a", "1"])
    assert not any(is_heading(row) for row in (["1", "2,5", ""], ["50%", "-1"], []))
    people = [
        ["Ann Bos", "North", "It is fine here."],
        ["Kim de Wit", "South", "Too busy."],
        ["J. Kaya", "East", "-"],
    ]
    assert not is_heading(["Piet Jansen", "West", "I like it."], people)
    # The same words as names of columns, and units called like people.
    assert is_heading(["Employee Name", "Team", "What Is Said"], people)
    assert is_heading(["Jan Steen", "b"], [["Jan Steen Plein", "1"], ["Ann Bos Weg", "2"]])


@pytest.mark.parametrize(
    ("content", "source", "lines"),
    [
        (b"", {}, ["a.csv: the file is empty (0 bytes). Export it again."]),
        (b"\n \n\n", {}, ["a.csv: the file has no heading. Put the column names in the first line."]),
        (
            b"1,2,3\n4,5,6\n7,8,9\n", {},
            ["a.csv: the file has no heading: its first row holds what other rows hold. Put the column names in the "
             "first line."],
        ),
        (
            b"P1;North;5\nP2;South;4\nP3;North;5\n", {},
            ["a.csv: the file has no heading: its first row holds what other rows hold. Put the column names in the "
             "first line."],
        ),
        (
            b"a,b\n1,2\n", {"heading_row": 7},
            ["a.csv: row 7 is empty or not there and cannot be the heading. Correct 'heading_row' in the study "
             "file."],
        ),
        (
            b"a,b,a\n1,2,3\n", {},
            ["a.csv: a: the heading has this column more than once. Rename or remove one."],
        ),
        (
            b"Title\n\na,b,c\n1,2,3\n4,5\n6,7,8,9\n", {},
            ["a.csv: 2 rows have not as many fields as the heading (3), the first in row 5. Export it again, with "
             "text between quotes."],
        ),
        (
            # Both rows have two fields, but the second holds the third.
            b'a,b\n1,2\n3,"4\n5,6\n', {},
            ["a.csv: the rows cannot be told apart; perhaps a quotation mark is not closed. Export it again, with "
             "text between quotes."],
        ),
        (
            b'a,b\n1,2\n3,"4', {},
            ["a.csv: the rows cannot be told apart; perhaps a quotation mark is not closed. Export it again, with "
             "text between quotes."],
        ),
        (
            "naam,plaats\nJosé,Ede\n".encode() + b"Ren\xe9,Ede\n", {},
            ["a.csv: line 3 holds bytes that are not UTF-8. Name its encoding in the study file (encoding: utf-8, "
             "utf-16 or cp1252), or save it as UTF-8."],
        ),
        (
            b"naam,plaats\nRen\xe9,Ede\nX\x81,Ede\n", {},
            ["a.csv: line 3 holds bytes that are not Windows-1252. Name its encoding in the study file (encoding: "
             "utf-8, utf-16 or cp1252), or save it as UTF-8."],
        ),
        (
            b"naam,plaats\nRen\xe9,Ede\n", {"encoding": "utf-8"},
            ["a.csv: line 2 holds bytes that are not UTF-8. Name its encoding in the study file (encoding: utf-8, "
             "utf-16 or cp1252), or save it as UTF-8."],
        ),
        (
            "a,b\n1,2\n".encode("utf-16"), {"encoding": "utf-8"},
            ["a.csv: the file begins with the mark of UTF-16, but the study file says utf-8. Correct 'encoding' in "
             "the study file, or leave it out."],
        ),
        (
            "a,b\n1,2\n".encode("utf-16")[:-1], {},
            ["a.csv: line 2 holds bytes that are not UTF-16. Name its encoding in the study file (encoding: utf-8, "
             "utf-16 or cp1252), or save it as UTF-8."],
        ),
        (
            b"team,q\n" + b"North,1\n" * 100 + b"So\0uth,2\n", {},
            ["a.csv: line 102 holds zero bytes; the file is damaged, or is no text. Export it again."],
        ),
        (
            bytes(range(256)) * 4, {},
            ["a.csv: the file is neither a text nor a table that can be read. Export it as CSV, XLSX, SPSS or "
             "Parquet."],
        ),
    ],
)  # fmt: skip
def test_text_that_is_refused(
    tmp_path: Path, content: bytes, source: dict[str, Any], lines: list[str]
) -> None:
    assert refusal(tmp_path / "a.csv", content, **source) == lines


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as parts:
        for name, content in members.items():
            parts.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1")
CSV = "Export it as CSV, XLSX, SPSS or Parquet."
UNPACK = "Unpack it and name the file inside."


def sqlite(folder: Path) -> bytes:
    path = folder / "some.db"
    connection = sqlite3.connect(path)
    connection.execute("create table answers (q integer)")
    connection.commit()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (b"%PDF-1.7\n", "a PDF", CSV),
        (b"{\\rtf1 text}", "an RTF text", CSV),
        (b"\n<!DOCTYPE html>\n<html>", "an HTML page", CSV),
        (b"<table><tr><td>a</td></tr></table>", "an HTML page", CSV),
        ("<html><body>".encode("utf-16"), "an HTML page", CSV),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<Workbook>', "an XML file", CSV),
        (b'{"answers": [1, 2]}', "a JSON file", CSV),
        (b'[{"q": 1}]', "a JSON file", CSV),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "a gzip archive", UNPACK),
        (b"BZh91AY", "a bzip2 archive", UNPACK),
        (b"\xfd7zXZ\x00\x00", "an xz archive", UNPACK),
        (b"\x28\xb5\x2f\xfd\x04", "a zstd archive", UNPACK),
        (b"7z\xbc\xaf\x27\x1c\x00", "a 7z archive", UNPACK),
        (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
        (zipped(**{"answers.csv": b"a,b"}), "a zip archive", UNPACK),
        (zipped(**{"word__document.xml": b"<x/>"}), "a Word document", CSV),
        (zipped(**{"ppt__presentation.xml": b"<x/>"}), "a PowerPoint presentation", CSV),
        (zipped(**{"Index__Document.iwa": b"x"}), "an Apple Numbers, Pages or Keynote file", CSV),
        (
            zipped(mimetype=b"application/vnd.oasis.opendocument.text"),
            "an OpenDocument file without sheets", CSV,
        ),
        (OLE + "WordDocument".encode("utf-16-le"), "a Word document", CSV),
        (OLE + bytes(600), "an old Office file that is no workbook", CSV),
        (b"\x89PNG\r\n\x1a\n", "an image", CSV),
        (b"\xff\xd8\xff\xe0", "an image", CSV),
        (b"GIF89a", "an image", CSV),
        (b"II*\x00", "an image", CSV),
        (b"MM\x00*", "an image", CSV),
        (b"<stata_dta><header>", "a Stata file", CSV),
        (b"\x72\x02\x01\x00rest", "a Stata file", CSV),
        (b"HEADER RECORD*******LIBRARY HEADER RECORD", "a SAS transport file", CSV),
        (bytes(12) + bytes.fromhex("c2ea8160b31411cf"), "a SAS file", CSV),
        (b"ASCII SPSS PORT FILE    " * 10, "an SPSS portable file", CSV),
        (b"RDX3\nX\n", "an R file", CSV),
        (b"RDA3\n", "an R file", CSV),
        (b"X\n\x00\x00\x00\x03", "an R file", CSV),
        (b"ARROW1\x00\x00", "a Feather file", CSV),
        (b"FEA1", "a Feather file", CSV),
        (b"\x89HDF\r\n", "an HDF5 file", CSV),
        (b"\x00\x01\x00\x00Standard ACE DB", "an Access database", CSV),
    ],
)  # fmt: skip
def test_files_of_another_kind(tmp_path: Path, content: bytes, what: str, remedy: str) -> None:
    # Under a name that promises a text, and one that promises nothing.
    for name in ("answers.csv", "answers"):
        assert refusal(tmp_path / name, content) == [
            f"{name}: this is {what}, which cannot be read. {remedy}"
        ]


def test_databases_archives_of_r_and_folders(tmp_path: Path) -> None:
    database = refusal(tmp_path / "answers.csv", sqlite(tmp_path))
    assert database == [f"answers.csv: this is an SQLite database, which cannot be read. {CSV}"]
    archive = refusal(tmp_path / "answers.rds", gzip.compress(b"X\n", mtime=0))
    assert archive == [f"answers.rds: this is an R file, which cannot be read. {CSV}"]
    with pytest.raises(StudyError) as caught:
        read_columns(tmp_path)
    assert str(caught.value.problems[0]) == f"{tmp_path.name}: this is a folder, not a file. Name the file."
    with pytest.raises(StudyError) as caught:
        read_columns(tmp_path / "none.csv")
    assert str(caught.value.problems[0]) == "none.csv: the file does not exist. Check the path."


def test_a_password_is_asked_away(tmp_path: Path) -> None:
    content = OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    assert refusal(tmp_path / "answers.xlsx", content) == [
        "answers.xlsx: the workbook is protected by a password. Save it without the password."
    ]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.xlsx", b"PK", "a.xlsx: not a readable workbook; it is damaged or cut off. Export it again."),
        ("a.sav", b"\x01\x02", "a.sav: not a readable SPSS file; it is damaged or cut off. Export it again."),
        (
            "a.parquet",
            b"PAR",
            "a.parquet: not a readable Parquet file; it is damaged or cut off. Export it again.",
        ),
        ("a.xlsx", b"PK\x03\x04cut", "a.xlsx: the file is damaged or cut off. Export it again."),
    ],
)
def test_what_is_left_of_a_file(tmp_path: Path, name: str, content: bytes, line: str) -> None:
    assert refusal(tmp_path / name, content) == [line]


def test_the_content_decides_and_the_name_does_not(tmp_path: Path) -> None:
    frame = pd.DataFrame({"team": ["North", "South"], "q": [1, 2]})
    frame.to_parquet(tmp_path / "plain.bin")
    frame.to_excel(tmp_path / "plain.xlsx", index=False)
    text = frame.to_csv(index=False).encode()
    for name, content, kind, said in (
        ("a.xls", text, "text", "The name ends in .xls, but the content is text; it was read as that."),
        ("a.dat", text, "text", ""),
        ("a", text, "text", ""),
        ("a.csv", (tmp_path / "plain.bin").read_bytes(), "parquet",
         "The name ends in .csv, but the content is Parquet; it was read as that."),
        ("b.csv", (tmp_path / "plain.xlsx").read_bytes(), "xlsx",
         "The name ends in .csv, but the content is a workbook of Excel; it was read as that."),
    ):  # fmt: skip
        raw = read(tmp_path / name, content)
        assert kind_of(tmp_path / name) == kind
        assert raw.frame["team"].tolist() == ["North", "South"]
        assert raw.frame["q"].astype("float64").tolist() == [1, 2]
        assert [str(remark) for remark in raw.remarks] == [f"{name}: {said}"] * bool(said)


AMBIGUOUS = "every number with a point or a comma can be read in two ways, with decimals or with thousands."
MIXED = "Write all numbers of the column in the same way."
SIGN = "Name the decimal sign of the file in the study file (decimal: ',' or decimal: '.')."


@pytest.mark.parametrize(
    ("texts", "comma", "expected"),
    [
        # The sign shows.
        (["1,5", "2", "-3,25"], False, [1.5, 2, -3.25]),
        (["1.5", "2", "-3.25"], True, [1.5, 2, -3.25]),
        (["1.234,5", "12.345,67", "9"], False, [1234.5, 12345.67, 9]),
        (["1,234.5", "12,345.67", "9"], True, [1234.5, 12345.67, 9]),
        (["1.234.567", "1.234"], True, [1234567, 1234]),
        (["1,234,567", "1,234"], False, [1234567, 1234]),
        (["1.234.567", "7"], False, [1234567, 7]),
        (["1.234", "2,5"], True, [1234, 2.5]),
        (["0.123", "1.234"], True, [0.123, 1.234]),
        (["1234.567", "1.234"], True, [1234.567, 1.234]),
        (["1e3", "2.5E-1"], True, [1000, 0.25]),
        # It does not, and is the usual one.
        (["1,234", "2,345"], True, [1.234, 2.345]),
        (["1.234", "2.345"], False, [1.234, 2.345]),
    ],
)
def test_decimal_signs_are_decided_per_column(texts: list[str], comma: bool, expected: list[float]) -> None:
    written, problem = with_points(pd.Series(texts, dtype="str"), comma=comma)
    assert problem is None
    assert pd.to_numeric(written).tolist() == expected


@settings(max_examples=30, deadline=None)
@given(cents=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), comma=st.booleans())
def test_numbers_with_thousands_and_cents_are_read_in_either_way(cents: list[int], comma: bool) -> None:
    english = [f"{Decimal(cent) / 100:,.2f}" for cent in cents]
    dutch = [text.translate(str.maketrans(".,", ",.")) for text in english]
    for texts in (english, dutch):
        cells = pd.Series([*texts, "12", None], dtype="str", index=[0] * (len(texts) + 2))
        written, problem = with_points(cells, comma=comma)
        assert problem is None
        assert [Decimal(text) * 100 for text in written.iloc[:-2]] == cents
        assert written.iloc[-2] == "12"
        assert pd.isna(written.iloc[-1])


@pytest.mark.parametrize(
    ("texts", "comma", "problem"),
    [
        (["1,5", "2.5", "2.5"], True, ("1 cell has a decimal comma and 2 cells have a decimal point.", MIXED)),
        (["1,5", "1.234,5", "1,234.5"], False, ("2 cells have a decimal comma and 1 cell has a decimal point.", MIXED)),
        (["1.234", "2.345", "7"], True, (AMBIGUOUS, SIGN)),
        (["1,234", "2,345", "7"], False, (AMBIGUOUS, SIGN)),
        (["1,234", "2.345"], False, (AMBIGUOUS, SIGN)),
    ],
)  # fmt: skip
def test_numbers_that_can_be_read_in_two_ways(
    texts: list[str], comma: bool, problem: tuple[str, str]
) -> None:
    cells = pd.Series(texts, dtype="str")
    assert with_points(cells, comma=comma)[1] == problem
    variable = Variable(table="units", column="q", role="count")
    found = clean_column(cells, variable, column="q", file="units.csv", decimal_comma=comma)
    assert [str(one) for one in found.problems] == [f"units.csv: q: {problem[0]} {problem[1]}"]


def test_the_study_file_may_name_the_sign() -> None:
    cells = pd.Series(["1.234", "2.345", None], dtype="str")
    assert pd.to_numeric(with_points(cells, comma=True, known=True)[0]).dropna().tolist() == [1234, 2345]
    assert pd.to_numeric(with_points(cells, comma=False, known=True)[0]).dropna().tolist() == [1.234, 2.345]
    variable = Variable(table="units", column="q", role="count")
    found = clean_column(
        pd.Series(["1,5"] + ["2.5"] * 5),
        variable,
        column="q",
        file="units.csv",
        decimal_comma=True,
        decimal_known=True,
    )
    assert [str(one) for one in found.problems] == [
        "units.csv: q: a number is expected, but 5 cells hold text ('2.5'). Correct the cells, or list the text under "
        "'missing' in the codebook."
    ]


def test_a_study_names_the_decimal_sign_of_a_file(client: Any) -> None:
    client.settings["tables"] = {"units": "units.csv"}
    client.files["units.csv"] = "team;year;staff;kind\nUnit A;2024;1.234;shop\nUnit B;2024;2.000;shop\n"
    assert client.refusal() == f"1 problem with this study:\n- units.csv: staff: {AMBIGUOUS} {SIGN}"
    for sign, staff in ((",", [1234, 2000]), (".", [1.234, 2])):
        client.settings["tables"]["units"] = {"file": "units.csv", "decimal": sign}
        assert client.load().table("units")["staff"].tolist() == staff


def test_the_western_australian_files_as_published() -> None:
    if not WA.is_dir():
        pytest.skip("the public Western Australian data are not in ../shared (see docs/public-studies.md)")
    answers = read_columns(WA / "full_survey_data.csv")
    expected = pd.read_csv(WA / "full_survey_data.csv", dtype="str", keep_default_na=False)
    assert_frame_equal(answers.frame, expected, check_dtype=False)
    assert answers.remarks == ()
    for name in ("question-key.csv", "response-key.csv"):
        key = read_columns(WA / name)
        expected = pd.read_csv(WA / name, dtype="str", keep_default_na=False, encoding="cp1252")
        expected.columns = expected.columns.str.strip()
        expected = expected[(expected.apply(lambda column: column.str.strip()) != "").any(axis=1)]
        assert_frame_equal(key.frame, expected.reset_index(drop=True)[list(key.frame)], check_dtype=False)
        assert ("read_as_cp1252" in [remark.kind for remark in key.remarks]) == (name == "question-key.csv")


def test_parts_in_two_encodings_are_refused_with_their_lines(tmp_path: Path) -> None:
    head, body = "team,plaats\n", "Noord,Café\nZuid,Fryslân\nOost,Ede\n"
    mixed = head.encode() + body.encode() + body.encode("cp1252") * 3
    remedy = "Export it again, or save each part as UTF-8 before putting them together."
    assert refusal(tmp_path / "a.csv", mixed) == [
        "a.csv: 2 lines have letters in UTF-8 and 6 have letters in another encoding; parts of different files were "
        f"put together. {remedy}"
    ]
    macs = head.encode() + b"Noord,Caf\x8e\n" + body.encode("cp1252")
    assert refusal(tmp_path / "a.csv", macs) == [
        "a.csv: 1 line has letters in Mac Roman and 2 have letters in Windows-1252; parts of different files were put "
        f"together. {remedy}"
    ]
    # Named by the study file, it is read as that.
    assert read(tmp_path / "a.csv", macs, encoding="cp1252").frame["plaats"][0] == "CafŽ"


def test_mac_roman_is_known_by_small_letters_where_windows_has_none(tmp_path: Path) -> None:
    text = "team,plaats\nNoord,Café\nZuid,Fryslân\nOost,Coördinatie\nWest,België\nTeam,Ede\n"
    raw = read(tmp_path / "a.csv", text.encode("mac_roman"))
    assert raw.frame["plaats"].tolist() == ["Café", "Fryslân", "Coördinatie", "België", "Ede"]
    assert [str(remark) for remark in raw.remarks] == [
        "a.csv: The file is not UTF-8; it was read as Mac Roman (4 lines with letters outside ASCII)."
    ]
    # Signs and letters of Windows-1252 that stand where Mac Roman has letters.
    windows = "team,plaats\nNoord,’s-Gravenhage\nŠkoda,foto’s – „twee”…\nŽižek,Beneš: 10 € • 5 ‰\n"
    raw = read(tmp_path / "a.csv", windows.encode("cp1252"))
    assert raw.frame["plaats"].tolist() == ["’s-Gravenhage", "foto’s – „twee”…", "Beneš: 10 € • 5 ‰"]
    assert [remark.kind for remark in raw.remarks] == ["read_as_cp1252"]
