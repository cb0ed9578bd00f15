"""Previews, spam and unfinished sheets, as survey platforms mark them: left out where the study file says so."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from exresearch.study.importers import read_columns

# Row by row: a preview that was not finished, one more preview, spam, two unfinished sheets, and finished ones.
STATUS = ["1", "1", "8", "0", "0"] + ["0"] * 55
FINISHED = ["0", "1", "1", "0", "0"] + ["1"] * 55


def qualtrics(frame: pd.DataFrame, extra: dict[str, list[str]]) -> bytes:
    """An export with its three rows of headings, the columns of the platform in front."""
    ids = {"Status": "status", "Finished": "finished"}
    names = [*extra, *frame]
    buffer = io.StringIO(newline="")
    out = csv.writer(buffer)
    out.writerow(names)
    out.writerow([f"Question {name}" for name in names])
    out.writerow([f'{{"ImportId":"{ids.get(name, name)}"}}' for name in names])
    columns = [*extra.values(), *(frame[name].astype("str").tolist() for name in frame)]
    out.writerows(zip(*columns, strict=True))
    return buffer.getvalue().encode("utf-8-sig")


def exported(client: Any, **extra: list[str]) -> Any:
    client.files["employees.csv"] = qualtrics(client.tables["employees"], extra)
    return client


def steps(client: Any, *leave_out: str) -> list[tuple[str, int, int]]:
    client.settings["quality"] = {"leave_out": list(leave_out)}
    ledger = client.load().ledger
    rows = ledger[ledger["table"] == "employees"]
    return list(rows[["step", "n", "removed"]].itertuples(index=False, name=None))


def said(client: Any) -> list[str]:
    return [str(remark) for remark in client.load().remarks if remark.kind.endswith("_answers")]


def test_marked_sheets_stay_unless_they_are_to_be_left_out(client: Any) -> None:
    exported(client, Status=STATUS, Finished=FINISHED)
    whole = ("rows in the file", 60, 0)
    assert steps(client)[0] == whole
    assert len(client.load().table("employees")) == 60
    assert said(client) == [
        "employees.csv: 2 answer sheets are previews or tests of the survey; they are kept.",
        "employees.csv: One answer sheet is marked as spam by the platform; it is kept.",
        "employees.csv: 3 answer sheets were not finished; they are kept.",
    ]
    # A sheet that is two things goes once, and is not said to be kept.
    assert steps(client, "preview")[:2] == [whole, ("previews and tests of the survey", 2, 2)]
    assert said(client) == [
        "employees.csv: One answer sheet is marked as spam by the platform; it is kept.",
        "employees.csv: 2 answer sheets were not finished; they are kept.",
    ]
    assert steps(client, "unfinished", "preview", "spam") == [
        whole,
        ("previews and tests of the survey", 2, 2),
        ("sheets that the platform marks as spam", 1, 1),
        ("sheets that were not finished", 2, 2),
        ("columns not in the codebook", 2, 0),
        ("rows for the analysis", 55, 0),
    ]
    assert said(client) == []


def test_the_right_rows_go_with_empty_ones_between(client: Any) -> None:
    plain = client.load().table("employees")
    exported(client, Status=STATUS, Finished=FINISHED)
    lines = client.files["employees.csv"].split(b"\r\n")
    blank = b"," * lines[0].count(b",")
    client.files["employees.csv"] = b"\r\n".join([*lines[:4], blank, *lines[4:7], blank, *lines[7:]])
    client.settings["quality"] = {"leave_out": ["unfinished"]}
    study = client.load()
    assert_frame_equal(study.table("employees"), plain.drop(index=[0, 3, 4]).reset_index(drop=True))
    ledger = study.ledger[study.ledger["table"] == "employees"]
    assert ledger[["step", "n", "removed"]].to_numpy().tolist()[:3] == [
        ["rows in the file", 62, 0],
        ["empty rows", 2, 2],
        ["sheets that were not finished", 3, 3],
    ]


def test_a_preview_may_repeat_a_person_and_hold_nonsense(client: Any) -> None:
    client.tables["employees"].loc[0, "id"] = "p05"
    client.tables["employees"]["needs"] = client.tables["employees"]["needs"].astype("object")
    client.tables["employees"].loc[1, "needs"] = "test"
    exported(client, Status=STATUS)
    client.settings["quality"] = {"leave_out": ["preview"]}
    assert len(client.load().table("employees")) == 58


def test_what_no_file_marks_cannot_be_left_out(client: Any) -> None:
    exported(client, Status=STATUS)
    client.settings["quality"] = {"leave_out": ["unfinished", "preview", "too_fast"]}
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- small.yaml: quality.leave_out: no file says which answer sheets are 'unfinished'. "
        "Take it out; exports of Qualtrics have a column for it, those of QuestionPro for 'unfinished'."
    )


def test_nobody_may_be_left(client: Any) -> None:
    exported(client, Status=["1"] * 60)
    client.settings["quality"] = {"leave_out": ["preview"]}
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- employees.csv: no row is left once rows are left out as the study file asks. "
        "Leave out fewer kinds of sheets and rows."
    )


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_marks_stand_beside_their_rows(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"Q1": [str(1 + i % 5) for i in range(60)]})
    path = tmp_path / f"answers.{suffix}"
    content = qualtrics(frame, {"Status": STATUS, "Finished": FINISHED})
    if suffix == "csv":
        path.write_bytes(content)
    else:
        book = openpyxl.Workbook()
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            book.active.append([int(cell) if cell.isdigit() else cell for cell in row])
        book.save(path)
    # Only the answers are asked for.
    raw = read_columns(path, columns={"Q1"})
    marked = {kind: rows.tolist() for kind, rows in raw.marked.items()}
    assert marked == {
        "preview": [status == "1" for status in STATUS],
        "spam": [status == "8" for status in STATUS],
        "unfinished": [finished == "0" for finished in FINISHED],
    }
