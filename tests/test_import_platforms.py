"""Exports of Qualtrics, QuestionPro and Microsoft Forms: headings, questions, personal columns and answer sheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from exresearch.study import StudyError
from exresearch.study.importers import RawTable, read_columns
from exresearch.study.importers.platforms.layouts import recognise

NAMES = (
    "StartDate", "Status", "IPAddress", "Duration (in seconds)", "Finished", "RecipientEmail", "LocationLatitude",
    "DistributionChannel", "Q1", "Q2_1", "Q2_2", "Q3",
)  # fmt: skip
QUESTIONS = (
    "Start Date", "Response Type", "IP Address", "Duration (in seconds)", "Finished", "Recipient Email",
    "Location Latitude", "Distribution Channel", "How likely are you\nto recommend us?", "Work - I enjoy it",
    "Work - I can do it", "Anything else, in your own words",
)  # fmt: skip
IDS = (
    '{"ImportId":"startDate","timeZone":"Europe/Amsterdam"}', '{"ImportId":"status"}', '{"ImportId":"ipAddress"}',
    '{"ImportId":"duration"}', '{"ImportId":"finished"}', '{"ImportId":"recipientEmail"}',
    '{"ImportId":"locationLatitude"}', '{"ImportId":"distributionChannel"}', '{"ImportId":"QID1"}',
    '{"ImportId":"QID2_1"}', '{"ImportId":"QID2_2"}', '{"ImportId":"QID3_TEXT"}',
)  # fmt: skip
NUMERIC = [
    ["2024-03-01 10:00:00", "0", "192.0.2.1", "240", "1", "a@example.org", "52.1", "email", "9", "5", "4", "Nothing"],
    ["2024-03-01 11:00:00", "1", "192.0.2.2", "12", "1", "", "52.1", "preview", "1", "1", "1", "test"],
    ["2024-03-02 09:30:00", "0", "192.0.2.3", "61", "0", "b@example.org", "51.9", "anonymous", "7", "3", "", "5"],
]  # fmt: skip
LABELS = [
    ["2024-03-01 10:00:00", "IP Address", "192.0.2.1", "240", "True", "a@example.org", "52.1", "email", "9",
     "Strongly agree", "Agree", "Nothing"],
    ["2024-03-01 11:00:00", "Survey Preview", "192.0.2.2", "12", "True", "", "52.1", "preview", "1",
     "Strongly disagree", "Strongly disagree", "test"],
    ["2024-03-02 09:30:00", "Spam", "192.0.2.3", "61", "False", "b@example.org", "51.9", "anonymous", "7", "Neutral",
     "", "5"],
]  # fmt: skip
KEPT = (
    "StartDate",
    "Status",
    "Duration (in seconds)",
    "Finished",
    "DistributionChannel",
    "Q1",
    "Q2_1",
    "Q2_2",
    "Q3",
)
PERSONAL = (
    "answers.csv: 3 columns with names, addresses or places are not read: IPAddress, RecipientEmail, "
    "LocationLatitude."
)


def written(rows: Sequence[Sequence[str]], **dialect: Any) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **dialect).writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")


def read(path: Path, content: bytes, columns: set[str] | None = None) -> RawTable:
    path.write_bytes(content)
    return read_columns(path, columns=columns)


def refusal(path: Path, content: bytes, columns: set[str] | None = None) -> list[str]:
    with pytest.raises(StudyError) as caught:
        read(path, content, columns)
    return [str(problem) for problem in caught.value.problems]


def expected(rows: Sequence[Sequence[str]], names: Sequence[str] = KEPT) -> pd.DataFrame:
    return pd.DataFrame(
        [[row[NAMES.index(name)] for name in names] for row in rows], columns=list(names), dtype="str"
    )


def test_qualtrics_as_numbers(tmp_path: Path) -> None:
    content = written([NAMES, QUESTIONS, IDS, *NUMERIC])
    raw = read(tmp_path / "answers.csv", content)
    assert_frame_equal(raw.frame, expected(NUMERIC))
    assert raw.present == NAMES
    assert raw.layout == "csv/qualtrics"
    assert raw.wording == dict(zip(NAMES, QUESTIONS, strict=True))
    assert [str(remark) for remark in raw.remarks] == [
        "answers.csv: One answer sheet is a preview or test of the survey; it is kept.",
        "answers.csv: One answer sheet was not finished; it is kept.",
        PERSONAL,
    ]
    # What the codebook describes is read, personal or not; the sheets are counted all the same.
    some = read(tmp_path / "answers.csv", content, {"Q1", "RecipientEmail"})
    assert_frame_equal(some.frame, expected(NUMERIC, ["RecipientEmail", "Q1"]))
    assert [(remark.kind, remark.n, remark.detail) for remark in some.remarks] == [
        ("preview_answers", 1, ""),
        ("unfinished_answers", 1, ""),
        ("personal_columns", 2, "IPAddress, LocationLatitude"),
    ]


def test_qualtrics_as_texts_in_utf_16(tmp_path: Path) -> None:
    content = written([NAMES, QUESTIONS, IDS, *LABELS], delimiter="\t").decode("utf-8-sig").encode("utf-16")
    raw = read(tmp_path / "answers.tsv", content)
    assert_frame_equal(raw.frame, expected(LABELS))
    assert raw.layout == "csv/qualtrics"
    assert [(remark.kind, remark.n) for remark in raw.remarks] == [
        ("preview_answers", 1),
        ("spam_answers", 1),
        ("unfinished_answers", 1),
        ("personal_columns", 3),
    ]


@pytest.mark.parametrize(
    ("header", "tags", "questions"),
    [
        ([NAMES, QUESTIONS, IDS], True, True),
        ([QUESTIONS, NAMES, IDS], True, True),
        ([IDS, NAMES, QUESTIONS], True, True),
        ([NAMES, IDS, QUESTIONS], True, True),
        ([NAMES, IDS], True, False),
        ([QUESTIONS, IDS], False, True),
        ([IDS], False, False),
        ([("Export of the staff survey",), (), NAMES, QUESTIONS, IDS], True, True),
    ],
)
def test_qualtrics_with_a_header_that_somebody_has_changed(
    tmp_path: Path, header: list[tuple[str, ...]], tags: bool, questions: bool
) -> None:
    rows = [(*row, *[""] * (len(NAMES) - len(row))) for row in header]
    content = written([*rows, *NUMERIC])
    raw = read(tmp_path / "answers.csv", content, {"QID1", "QID2_2", "Status"})
    names = {"Status": "Status", "QID1": "Q1", "QID2_2": "Q2_2"}
    assert_frame_equal(raw.frame, expected(NUMERIC, list(names.values())).set_axis(list(names), axis=1))
    assert raw.present[:8] == NAMES[:8]
    assert raw.present[8:] == (
        ("QID1", "Q2_1", "QID2_2", "Q3") if tags else ("QID1", "QID2_1", "QID2_2", "QID3_TEXT")
    )
    assert list(raw.wording.values()) == (list(QUESTIONS) if questions else [])
    with_names = read(tmp_path / "answers.csv", content)
    assert len(with_names.frame) == 3
    assert with_names.present == (NAMES if tags else (*NAMES[:8], "QID1", "QID2_1", "QID2_2", "QID3_TEXT"))


def test_qualtrics_without_its_own_columns(tmp_path: Path) -> None:
    rows = [row[8:] for row in (NAMES, QUESTIONS, IDS, *NUMERIC)]
    raw = read(tmp_path / "answers.csv", written(rows))
    assert raw.present == NAMES[8:]
    assert raw.wording == dict(zip(NAMES[8:], QUESTIONS[8:], strict=True))
    assert (len(raw.frame), raw.remarks) == (3, ())
    # Cells of the header that were emptied, and one name for two questions: the ImportId takes their place.
    rows[0] = ("Q1", "Q2", "Q2", "")
    rows[2] = (*IDS[8:11], "")
    raw = read(tmp_path / "answers.csv", written(rows))
    assert raw.present == ("Q1", "QID2_1", "QID2_2")
    assert [(remark.kind, remark.n) for remark in raw.remarks] == [("columns_without_heading", 1)]


def test_qualtrics_of_two_kinds_in_one_file(tmp_path: Path) -> None:
    header = [NAMES, QUESTIONS, IDS]
    again = "Export all answers again, in one of the two ways."
    assert refusal(tmp_path / "answers.csv", written([*header, *NUMERIC, *LABELS[:2]]), {"Q1"}) == [
        "answers.csv: two exports are mixed: 3 rows have numbers in the columns Status and Finished ('Use numeric "
        f"values'), 2 rows have texts ('Use choice text'). {again}"
    ]
    # Without the columns that tell, the answers themselves do.
    scale = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
    rows = [[str(1 + n % 5), scale[n % 5], "x", "y"] for n in range(50)]
    rows += [[scale[n % 5], scale[n % 5], "x", "y"] for n in range(30)]
    names = [row[8:] for row in header]
    assert refusal(tmp_path / "answers.csv", written([*names, *rows])) == [
        "answers.csv: Q1: answers are mixed: 50 cells hold numbers, 30 hold texts of answers. Export all answers "
        "again, either as numbers or as texts."
    ]
    # Numbers between labelled ends are one scale, and a typed text is not a coded answer.
    ends = [["Not at all", *map(str, range(1, 10)), "Extremely"][n % 11] for n in range(80)]
    fine = [[end, row[1], row[2], row[0]] for end, row in zip(ends, rows, strict=True)]
    assert read(tmp_path / "answers.csv", written([*names, *fine])).frame["Q1"].tolist() == ends


QUESTIONPRO = (
    "Response ID", "Response Status", "IP Address", "Timestamp (mm/dd/yyyy)", "Duplicate",
    "Time Taken to Complete (Seconds)", "Seq. Number", "External Reference", "Custom Variable 1", "Respondent Email",
    "Email List", "Country Code", "Region", "How likely are you to recommend us?", "I enjoy  my work",
)  # fmt: skip
SHEETS = [
    ["101", "Completed", "192.0.2.1", "03/01/2024 10:00:00", "", "240", "1", "E1", "North", "a@example.org", "Staff",
     "NL", "GE", "9", "Agree"],
    ["102", "Started", "192.0.2.2", "03/01/2024 11:00:00", "", "0", "2", "E2", "South", "", "Staff", "NL", "UT", "",
     ""],
    ["103", "Completed", "192.0.2.3", "03/02/2024 09:30:00", "", "61", "3", "E3", "North", "", "Staff", "NL", "GE", "7",
     "Disagree"],
]  # fmt: skip
UNREAD = ("IP Address", "Respondent Email", "Country Code", "Region")


def test_questionpro_with_a_title_above_the_heading(tmp_path: Path) -> None:
    title = [["Staff survey 2024 - raw data"], ["Exported on request of HR"], []]
    raw = read(tmp_path / "answers.csv", written([*title, QUESTIONPRO, *SHEETS]))
    names = [" ".join(name.split()) for name in QUESTIONPRO]
    golden = pd.DataFrame(SHEETS, columns=names, dtype="str").drop(columns=list(UNREAD))
    assert_frame_equal(raw.frame, golden)
    assert (raw.layout, raw.present) == ("csv/questionpro", tuple(names))
    assert raw.wording == {name: name for name in names[-2:]}
    assert [str(remark) for remark in raw.remarks] == [
        "answers.csv: One answer sheet was not finished; it is kept.",
        "answers.csv: 4 columns with names, addresses or places are not read: IP Address, Respondent Email, Country "
        "Code, Region.",
    ]
    # The heading may be asked for as it stands or with its blanks made single.
    asked = read(tmp_path / "answers.csv", written([QUESTIONPRO, *SHEETS]), {"I enjoy  my work", "Region"})
    assert asked.frame["I enjoy  my work"].tolist() == ["Agree", "", "Disagree"]
    assert asked.frame["Region"].tolist() == ["GE", "UT", "GE"]


FORMS = (
    "ID",
    "Start time",
    "Completion time",
    "Email",
    "Name",
    "Last modified time",
    "How are you?\xa0",
    "I like:",
    "Name",
)
FORMULIER = ("ID", "Begintijd", "Tijd van voltooien", "E-mail", "Naam", "Tijd van laatste wijziging", "Hoe gaat het?",
             "Ik vind leuk:", "Naam")  # fmt: skip
FILLED = [
    [1, "3/1/24 10:00:00", "3/1/24 10:04:00", "a@example.org", "Aa Bee", "", "Strongly agree", "Tea;Coffee;", "Team A"],
    [2, "3/1/24 11:00:00", "3/1/24 11:02:00", "anonymous", "", "", "Neutral", "Tea;", "Team B"],
    [3, "3/2/24 09:30:00", "3/2/24 09:31:00", "anonymous", "", "", "", "", "Team A"],
]  # fmt: skip


@pytest.mark.parametrize("heading", [FORMS, FORMULIER])
def test_microsoft_forms_in_a_text_file(tmp_path: Path, heading: tuple[str, ...]) -> None:
    # Where the form asks for a name itself, two columns are called so; the platform's own is not read.
    heading = (*heading[:8], "Team")
    rows = [[str(cell) for cell in row] for row in FILLED]
    raw = read(tmp_path / "answers.csv", written([heading, *rows], delimiter=";"))
    names = [name.strip() for name in heading]
    assert_frame_equal(raw.frame, pd.DataFrame(rows, columns=names, dtype="str").drop(columns=names[3:5]))
    assert raw.layout == "csv/forms"
    assert raw.wording == {name: name for name in names[6:]}
    assert [str(remark) for remark in raw.remarks] == [
        "answers.csv: One column holds several answers in one cell, joined with semicolons: "
        + names[7]
        + ".",
        f"answers.csv: 2 columns with names, addresses or places are not read: {names[3]}, {names[4]}.",
    ]


def test_microsoft_forms_in_a_workbook(tmp_path: Path) -> None:
    names = [name.strip() for name in FORMS[:8]]
    path = tmp_path / "answers.xlsx"
    pd.DataFrame([row[:8] for row in FILLED], columns=list(FORMS[:8])).to_excel(path, index=False)
    raw = read_columns(path)
    golden = pd.DataFrame([row[:8] for row in FILLED], columns=names).drop(columns=names[3:5])
    golden = golden.astype({"ID": "float64"}).astype(dict.fromkeys(names[6:], "str"))
    got = raw.frame.drop(columns=[names[5]])
    assert_frame_equal(got.where(got.notna(), ""), golden.drop(columns=[names[5]]), check_dtype=False)
    assert (raw.layout, raw.wording) == ("xlsx/forms", {name: name for name in names[6:]})
    assert [(remark.kind, remark.detail) for remark in raw.remarks] == [
        ("several_answers", "I like:"),
        ("personal_columns", "Email, Name"),
    ]


def test_tables_that_are_no_export_of_a_platform() -> None:
    for rows in (
        [["unit", "wave", "q"], ["A", "1", "5"]],
        [["ID", "Name", "Email"], ["1", "A", "a@example.org"]],
        [["Response ID", "q1", "q2"], ["1", "2", "3"]],
        [["ID"], ["1"]],
        [],
    ):
        assert recognise(rows) is None


PIECES = st.sampled_from(
    [b'"', b";", b",", b"\n", b"\r", b"\t", b"\xff", b"\xe9", b"\xc3\xa9", b"sep=;\n", b'{"ImportId":"Q"}', b"1,5"]
)  # fmt: skip
EXPORTS = (
    written([NAMES, QUESTIONS, IDS, *NUMERIC]),
    written([QUESTIONPRO, *SHEETS], delimiter=";"),
    written([FORMS, *[[str(cell) for cell in row] for row in FILLED]], delimiter="\t"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.sampled_from(EXPORTS),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=5),
    columns=st.sampled_from(
        [None, frozenset({"Q1", "Status"}), frozenset({"QID1"}), frozenset({"ID", "Name"})]
    ),
)
def test_a_damaged_export_is_a_table_or_a_list_of_problems(
    tmp_path: Path, content: bytes, changes: list[tuple[float, int, bytes]], columns: frozenset[str] | None
) -> None:
    for place, cut, piece in changes:
        at = round(place * len(content))
        content = content[:at] + piece + content[at + cut :]
    (tmp_path / "any.csv").write_bytes(content)
    problems: tuple[Any, ...] = ()
    try:
        raw = read_columns(tmp_path / "any.csv", columns=columns)
        assert list(raw.frame) == [name for name in raw.present if name in set(raw.frame)]
        assert all(str(remark) for remark in raw.remarks)
    except StudyError as error:
        problems = error.problems
    assert all(problem.file and problem.message and problem.remedy for problem in problems)


def test_a_study_from_qualtrics_is_the_same_as_from_a_plain_table(client: Any) -> None:
    plain = client.load().table("employees")
    frame = client.tables["employees"].astype("str")
    header = [
        [*frame, "Finished"],
        [*(f"Question {name}" for name in frame), "Finished"],
        [*(f'{{"ImportId":"{name}"}}' for name in frame), '{"ImportId":"finished"}'],
    ]
    rows = [[*row, "1" if number else "0"] for number, row in enumerate(frame.to_numpy().tolist())]
    client.files["employees.csv"] = written([*header, *rows])
    study = client.load()
    assert_frame_equal(study.table("employees"), plain)
    assert [str(remark) for remark in study.remarks if remark.kind == "unfinished_answers"] == [
        "employees.csv: One answer sheet was not finished; it is kept."
    ]
