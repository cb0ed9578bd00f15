"""A report is still what was made, or every change in it is named."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pptx import Presentation
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.run.seal import RECORD, as_json, delivered, sealed
from exresearch.run.verify import Check, ReportUnreadable, Verification, verify_report
from exresearch.run.verify.again import check_again, compare, fields
from tests.conftest import small_client
from tests.pretended import Pretended

ALSO = ("spreadsheet", "slides", "single_file")
PAGE = "02_engagement_and_cx.html"
FINDING = "findings/engaged-minority.json"
# A picture, so that a changed byte in one is tried as well; its name is that of a finding.
PICTURE = "figures/engaged-minority.png"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pretended]:
    """Make a report with everything that is passed on, from a study of sixty people."""
    folder = tmp_path_factory.mktemp("verify")
    reports = Pretended(small_client(folder / "study").write(), overrides={})
    reports.make(folder / "report", language="en", also=ALSO, only=["02", "08"], keep_notebooks=True)
    return folder, reports


@pytest.fixture
def report(made: tuple[Path, Pretended], tmp_path: Path) -> Iterator[Path]:
    """A copy of that report, to be changed; without the data."""
    shutil.copytree(made[0] / "report", tmp_path / "report")
    return tmp_path / "report"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, (path.name, old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def mend(report: Path) -> None:
    """Do what a forger would: hashes of all files and the seal made anew, in the record and on the pages."""
    record = json.loads((report / RECORD).read_text(encoding="utf-8"))
    (report / RECORD).write_text(sealed(record, report), encoding="utf-8", newline="\n")


def told(outcome: Verification) -> dict[str, list[str]]:
    return {
        check.name: [one.sentence for one in check.differences]
        for check in outcome.checks
        if check.differences
    }


def test_a_report_as_it_was_made_has_no_difference(report: Path) -> None:
    outcome = verify_report(report)
    assert told(outcome) == {}
    assert outcome.notes == ()
    compared = {check.name: (check.state, check.compared) for check in outcome.checks}
    # Summary, provenance and the single file show the seal, the latter twice.
    assert compared["record"] == ("ok", 5)
    assert compared["files"] == ("ok", len(delivered(report)))
    assert compared["findings"] == ("ok", 3)
    # Three verdicts, four pages of findings, and six lists for the search field.
    assert compared["pages"] == ("ok", 13)
    assert compared["passed_on"] == ("ok", 5)
    assert compared["recomputed"] == ("not possible", 0)
    assert {name.split(".")[-1] for name in delivered(report)} == {
        "html",
        "json",
        "xlsx",
        "pptx",
        "png",
        "ipynb",
    }


def test_a_hundred_changes_of_one_byte_are_all_found_in_the_file_they_are_in(report: Path) -> None:
    rng = random.Random(20161128)  # noqa: S311 - which byte is changed is no secret
    names = [*delivered(report), RECORD, RECORD, RECORD]
    for turn in range(100):
        # Every file is tried, the small ones as often as the large.
        path = report / (names[turn] if turn < len(names) else rng.choice(names))
        content = path.read_bytes()
        place = rng.randrange(len(content))
        other = bytearray(content)
        other[place] = rng.choice([byte for byte in range(256) if byte != content[place]])
        path.write_bytes(other)
        outcome = verify_report(report, quick=True)
        name = path.relative_to(report).as_posix()
        assert name in {one.file for one in outcome.differences}, (name, place, content[place], other[place])
        path.write_bytes(content)
    assert verify_report(report, quick=True).ok


def test_damaged_files_are_told_and_stop_nothing(report: Path) -> None:
    names = [PAGE, "index.html", FINDING, "findings.xlsx", "slides.pptx", "report.html", PICTURE,
             "notebooks/02_engagement_and_cx.ipynb"]  # fmt: skip
    for name in names:
        content = (report / name).read_bytes()
        half = len(content) // 2
        (report / name).write_bytes(content[:half] + b"\xff\x00" + content[half + 2 :])
    found = told(verify_report(report))
    for name in names:
        assert any(one.startswith(f"{name}: was changed") for one in found["files"]), name
    assert found["findings"] == [f"{FINDING}: is no finding any more: its fields do not fit each other."]
    assert "findings.xlsx: is no workbook that can be read any more." in found["passed_on"]
    (report / RECORD).write_bytes(b"\xff" + (report / RECORD).read_bytes())
    assert told(verify_report(report)) == {"record": ["run.json: was changed: it is not JSON any more."]}


# File, the words before a number, the number, what is put there, and what is said of it. Those of one list are made
# together.
PAGES = [
    (PAGE, "<strong>Of the employees who answered, ", "33.3%", "38.3%",
     f"{PAGE}, verdict of engaged-minority: shows '38.3%'; {FINDING} gives '33.3%'."),
    (PAGE, '<tr id="table-what-was-estimated-1"', "33.3%", "38.3%",
     f"{PAGE}: the row table-what-was-estimated-1, to which the estimate leads, does not show it."),
    ("index.html", ">Share ", "33.3%", "38.3%", "index.html: shows '38.3%'; the findings give '33.3%'."),
    ("claims.html", "answered, ", "33.3%", "38.3%", "claims.html: shows '38.3%'; the findings give '33.3%'."),
    ("methods.html", "Another cut: share ", "41.2%", "14.2%",
     "methods.html: shows '14.2%'; the findings give '41.2%'."),
    ("provenance.html", "n_boot</code></th><td>", "200", "900",
     "provenance.html: shows '900'; the record gives '200'."),
]  # fmt: skip
OTHERS = [
    (RECORD, '"n_boot": ', "200", "900", "provenance.html: shows '200'; the record gives '900'."),
    (FINDING, '"estimate": ', "0.3333333333333333", "0.3433333333333333",
     f"{PAGE}, verdict of engaged-minority: shows '33.3%'; {FINDING} gives '34.3%'."),
    # Too small a change to be shown on a page; the spreadsheet holds all digits.
    (FINDING, '"std_error": ', "0.051234567890123", "0.051234567890124",
     "findings.xlsx, sheet engaged-minority, cell L5: shows '0.051234567890123'; the findings give "
     "'0.051234567890124'."),
    ("report.html", "who answered, ", "33.3%", "38.3%", "report.html: shows '38.3%'; the pages give '33.3%'."),
    ("notebooks/02_engagement_and_cx.ipynb", "who answered, ", "33.3%", "38.3%",
     f"{PAGE}: shows '33.3%'; notebooks/02_engagement_and_cx.ipynb gives '38.3%'."),
]  # fmt: skip


@pytest.mark.parametrize("forged", [PAGES, OTHERS], ids=["pages", "others"])
def test_digits_are_found_though_all_hashes_were_mended(
    report: Path, forged: list[tuple[str, str, str, str, str]]
) -> None:
    for name, before, old, new, _ in forged:
        text = (report / name).read_text(encoding="utf-8")
        at = text.index(old, text.index(before))
        changed = text[:at] + new + text[at + len(old) :]
        (report / name).write_text(changed, encoding="utf-8", newline="\n")
    mend(report)
    found = told(verify_report(report))
    # Nothing else tells of it.
    assert set(found) <= {"pages", "passed_on"}, found
    said = [sentence for sentences in found.values() for sentence in sentences]
    for *_, expected in forged:
        assert expected in said, found


def test_spreadsheet_and_slides_are_found_though_all_hashes_were_mended(report: Path) -> None:
    book = load_workbook(report / "findings.xlsx")
    cells = [cell for row in book["engaged-minority"].iter_rows() for cell in row]
    cell = next(cell for cell in cells if cell.value == 0.051234567890123)
    cell.value = 0.051234567890124
    book.save(report / "findings.xlsx")
    deck = Presentation(report / "slides.pptx")
    frames = [shape.text_frame for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    runs = [run for frame in frames for part in frame.paragraphs for run in part.runs if "33.3%" in run.text]
    runs[0].text = runs[0].text.replace("33.3%", "38.3%")
    deck.save(report / "slides.pptx")
    mend(report)
    found = told(verify_report(report))
    assert list(found) == ["passed_on"]
    assert (
        f"findings.xlsx, sheet engaged-minority, cell {cell.coordinate}: shows '0.051234567890124'; the findings give "
        "'0.051234567890123'."
    ) in found["passed_on"]
    assert any(one.startswith("slides.pptx, slide ") and "38.3%" in one for one in found["passed_on"])


def test_who_makes_everything_anew_is_found_out_by_the_seal_that_was_noted_and_by_the_data(
    made: tuple[Path, Pretended], tmp_path: Path
) -> None:
    report = made[0] / "report"
    record = json.loads((report / RECORD).read_text(encoding="utf-8"))
    noted = record["seal"]
    assert verify_report(report, seal=noted, quick=True).ok
    assert verify_report(report, seal=f"{noted[:4]} {noted[4:8].upper()}-{noted[8:12]}", quick=True).ok
    # Too short a seal proves nothing.
    assert not verify_report(report, seal=noted[:7], quick=True).ok
    forger = Pretended(made[1].study_file, overrides={})
    forger.share = 0.35
    forger.make(tmp_path / "forged", language="en", also=(), only=["02"])
    shutil.rmtree(tmp_path / ".work")
    forged = verify_report(tmp_path / "forged")
    # It is no signature: nothing within the folder tells.
    assert forged.ok
    assert told(verify_report(tmp_path / "forged", seal=noted[:12], quick=True)) == {
        "record": [f"The seal that was noted ({noted[:12]}) is not that of this report ({forged.seal})."]
    }
    # The data tell as well, and by how much.
    again = compare(
        tmp_path / "forged",
        report,
        record,
        {"02_engagement_and_cx"},
        failed={"03_enps_drivers"},
        tolerance=0.0,
    )
    said = [one.sentence for one in again.differences]
    assert (
        f"{FINDING}, estimate: is 0.35; computed again it is 0.3333333333333333 (a difference of 0.0167)."
        in said
    )
    assert next(one.by for one in again.differences if one.place == "estimate") == pytest.approx(
        0.35 - 1 / 3, abs=1e-15
    )
    assert any(sentence.startswith(f"{PAGE}: shows '35.0%'") for sentence in said)
    assert f"{PICTURE}: is another picture than the data, computed again, give." in said
    assert again.left_out == ("03_enps_drivers did not run to its end this time; it was not compared.",)


def test_findings_are_computed_again_from_what_the_run_left_beside_the_report(
    made: tuple[Path, Pretended], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, reports = made
    record = json.loads((folder / "report" / RECORD).read_text(encoding="utf-8"))
    steps: list[str] = []

    def computed() -> Check:
        with reports.instead_of_kernels():
            return check_again(
                folder / "report", record, study=None, tolerance=0.0, jobs=1, on_step=steps.append
            )

    refused = computed()
    assert refused.state == "not possible"
    assert "--allow" in refused.left_out[0]
    monkeypatch.setenv("EXRESEARCH_ALLOW", str(folder / "study"))
    again = computed()
    assert [one.sentence for one in again.differences] == []
    # Three findings, two pages and a picture.
    assert (again.name, again.state, again.compared) == ("recomputed", "ok", 6)
    assert "computing again: 02_engagement_and_cx" in steps


def test_other_data_are_named_and_nothing_is_computed(
    made: tuple[Path, Pretended], report: Path, tmp_path: Path
) -> None:
    study = shutil.copytree(made[0] / "study", tmp_path / "study")
    change(study / "employees.csv", "p00,Unit A,2024,", "p00,Unit B,2024,")
    record = json.loads((report / RECORD).read_text(encoding="utf-8"))

    def computed(file: Path) -> Check:
        return check_again(report, record, study=file, tolerance=0.0, jobs=1, on_step=lambda _: None)

    again = computed(study / "small.yaml")
    assert not again.differences
    assert again.state == "not possible"
    assert again.left_out == (
        "Nothing was computed again, for the same would not come out.",
        "Table employees: employees.csv is not the file that the report was made from.",
    )
    (study / "employees.csv").unlink()
    again = computed(study / "small.yaml")
    assert "the file 'employees.csv' does not exist" in again.left_out[0]
    again = computed(tmp_path / "none.yaml")
    assert again.left_out == ("Nothing was computed again: none.yaml: not there. Name it with --study.",)


def test_files_that_are_missing_added_or_of_another_report_are_told(report: Path) -> None:
    (report / "notes.txt").write_text("mine", encoding="utf-8")
    (report / "claims.html").unlink()
    found = told(verify_report(report, quick=True))
    assert found["files"] == ["claims.html: is missing.", "notes.txt: was added: the run did not make it."]
    # The seal is of the files as well.
    assert found["record"][0].startswith("run.json: the seal does not fit")


def test_a_record_that_was_changed_is_found_though_it_says_the_same(report: Path) -> None:
    text = (report / RECORD).read_text(encoding="utf-8")
    record = json.loads(text)
    (report / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    assert told(verify_report(report, quick=True)) == {
        "record": ["run.json: was changed: it is not written as a run writes it."]
    }
    del record["seal"]
    (report / RECORD).write_text(as_json(record), encoding="utf-8")
    assert "it says None" in told(verify_report(report, quick=True))["record"][0]
    (report / RECORD).write_text("[]", encoding="utf-8")
    assert told(verify_report(report)) == {
        "record": ["run.json: was changed: it holds no list of the delivered files any more."]
    }


def test_a_path_in_the_record_never_leads_out_of_the_report(report: Path) -> None:
    outside = report.parent / "secret.txt"
    outside.write_text("x", encoding="utf-8")
    record = json.loads((report / RECORD).read_text(encoding="utf-8"))
    record["outputs"].append({"file": "../secret.txt", "sha256": "0" * 64})
    (report / RECORD).write_text(as_json(record), encoding="utf-8")
    assert told(verify_report(report, quick=True))["files"] == ["../secret.txt: is missing."]


def test_what_is_no_report_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReportUnreadable) as caught:
        verify_report(tmp_path / "none")
    assert str(caught.value) == "none: there is no such folder. Name the folder of a report."
    with pytest.raises(ReportUnreadable) as caught:
        verify_report(tmp_path)
    assert str(caught.value).endswith("Name the folder that holds index.html and run.json.")


def test_the_command_says_it_in_sentences_and_as_data(report: Path, tmp_path: Path) -> None:
    run = CliRunner()
    data = tmp_path / "outcome.json"
    good = run.invoke(app, ["verify", str(report), "--quick", "--json", str(data)])
    assert good.exit_code == 0, good.output
    assert "Nothing differs. Seal: " in good.output
    assert json.loads(data.read_text(encoding="utf-8"))["ok"] is True
    change(report / PAGE, "33.3%", "38.3%")
    bad = run.invoke(app, ["verify", str(report), "--quick", "--json", str(data)])
    assert bad.exit_code == 1
    assert f"- {PAGE}: was changed: its SHA-256 is " in bad.output
    assert "2 things differ." not in bad.output
    outcome = json.loads(data.read_text(encoding="utf-8"))
    assert [check["state"] for check in outcome["checks"]] == ["differs", "differs"]
    assert outcome["checks"][1]["differences"][0]["file"] == PAGE
    none = run.invoke(app, ["verify", str(tmp_path / "none")])
    assert none.exit_code == 2
    unwritable = run.invoke(
        app, ["verify", str(report), "--quick", "--json", str(tmp_path / "no" / "x.json")]
    )
    assert unwritable.exit_code == 2


@pytest.mark.parametrize(
    ("expected", "found", "sentences"),
    [
        ({"a": 1.0}, {"a": 1.0}, []),
        ({"a": 1.0}, {"a": True}, ["f, a: is true; computed again it is 1.0."]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2.5}]},
         ["f, a[2].b: is 2.5; computed again it is 2 (a difference of 0.5)."]),
        ({"a": [1]}, {"a": []}, ["f, a: is a list of 0; computed again it is a list of 1."]),
        ({"a": "x"}, {}, ['f, a: is null; computed again it is "x".']),
        ({"a": 0.25}, {"a": 0.25 + 2**-54},
         ["f, a: is 0.25000000000000006; computed again it is 0.25 (a difference of 5.55e-17)."]),
    ],
)  # fmt: skip
def test_findings_are_compared_to_the_last_digit(expected: Any, found: Any, sentences: list[str]) -> None:
    assert [one.sentence for one in fields(expected, found, file="f")] == sentences


def test_a_tolerance_is_a_share_of_the_larger_number() -> None:
    assert [*fields({"a": 100.0}, {"a": 101.0}, file="f", tolerance=0.01)] == []
    assert len([*fields({"a": 100.0}, {"a": 101.1}, file="f", tolerance=0.01)]) == 1
