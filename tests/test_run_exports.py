"""Files that are passed on: made when asked for, audited and linked, replaced, removed, or left out with a reason."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import openpyxl
import pytest
from pptx import Presentation
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.findings import write_finding
from exresearch.report.exports.pdf import PdfError, find_browser, print_pdf, printable
from exresearch.run import NotebookResult, plan_run, run_plan
from exresearch.run.exports import NO_BROWSER, drop_unfinished
from exresearch.run.plan import Plan
from tests.test_report_exports import finding, untested

MINUTE = "engaged-minority"


def executed(path: Path) -> Path:
    book = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    book.cells = [nbformat.v4.new_markdown_cell("# What was found")]  # type: ignore[no-untyped-call]
    nbformat.write(book, path)  # type: ignore[no-untyped-call]
    return path


@pytest.fixture
def run(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a study whose only notebook has two findings, without executing it."""
    monkeypatch.setattr("exresearch.run.finish.check_leaks", lambda *_, **__: None)
    file = client.write()

    def execute(plan: Plan, **_: object) -> list[NotebookResult]:
        for one in (finding(), untested()):
            write_finding(one, plan.work / "report" / "findings")
        return [NotebookResult("90_summary", "ok", 0.1, executed(plan.work / "90_summary.ipynb"))]

    monkeypatch.setattr("exresearch.run.runner._execute", execute)
    return lambda **options: run_plan(
        plan_run(file, output=tmp_path / "report", only=["90"], overwrite=True, **options)
    )


def test_what_is_asked_for_is_made_linked_hashed_and_taken_away_again(
    run: Any, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exresearch.run.exports.find_browser", lambda: None)
    client.settings["also"] = ["slides", "pdf"]
    client.write()
    result = run(also=["spreadsheet"])
    report = tmp_path / "report"
    assert result.left_out == (NO_BROWSER,)
    assert not result.failed
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    assert record["also"] == {
        "spreadsheet": {"file": "findings.xlsx", "left_out": ""},
        "slides": {"file": "slides.pptx", "left_out": ""},
        "pdf": {"file": "", "left_out": NO_BROWSER},
    }
    hashes = {one["file"]: one["sha256"] for one in record["outputs"]}
    for name in ("findings.xlsx", "slides.pptx"):
        assert hashes[name] == hashlib.sha256((report / name).read_bytes()).hexdigest()
    index = (report / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="((?:findings|slides|report)\.(?:xlsx|pptx|pdf|html))"', index)
    assert links == ["findings.xlsx", "slides.pptx"]
    # What is passed on is part of the audit: one entry for the estimate and one for the checks, in each file.
    assert record["disclosure"]["entries"] >= 2 * len(("deciding", "check"))
    assert MINUTE in openpyxl.load_workbook(report / "findings.xlsx").sheetnames
    assert len(Presentation(str(report / "slides.pptx")).slides) == 4
    (report / "own.pptx").write_bytes(b"mine")
    # Not asked for any more; and a PDF that a browser which is there does not print.
    client.settings["also"] = ["pdf"]
    client.write()
    monkeypatch.setattr("exresearch.run.exports.find_browser", lambda: Path("chromium"))
    monkeypatch.setattr("exresearch.run.finish.write_pdf", lambda *_: "No PDF was made: it was not to be.")
    assert run().left_out == ("No PDF was made: it was not to be.",)
    assert not (report / "findings.xlsx").exists()
    assert not (report / "slides.pptx").exists()
    assert (report / "own.pptx").exists()
    index = (report / "index.html").read_text(encoding="utf-8")
    assert "findings.xlsx" not in index
    assert "report.pdf" not in index


def test_the_command_line_and_the_study_file_are_put_together(client: Any, tmp_path: Path) -> None:
    client.settings["also"] = ["single_file", "spreadsheet"]
    plan = plan_run(client.write(), output=tmp_path / "report", also=["slides", "spreadsheet"])
    assert plan.also == ("spreadsheet", "slides", "single_file")
    client.settings["also"] = ["powerpoint"]
    assert client.refusal() == (
        "1 problem with this study:\n- small.yaml: also.0: 'powerpoint' is not a legal value. "
        "Legal: spreadsheet, slides, pdf, single_file."
    )


def test_help_teaches_what_can_be_passed_on() -> None:
    said = " ".join(CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output.split())
    for option in ("--spreadsheet", "--slides", "--pdf", "--single-file"):
        assert option in said


def test_a_notebook_that_stopped_leaves_no_picture_that_no_audit_has_seen(
    client: Any, tmp_path: Path
) -> None:
    plan = plan_run(client.write(), output=tmp_path / "report", only=["02", "04"])
    (tmp_path / "figures").mkdir()
    for name in ("balance", MINUTE):
        (tmp_path / "figures" / f"{name}.png").write_bytes(b"x")
    ran = executed(tmp_path / "04_direction.ipynb")
    results = [
        NotebookResult("02_engagement_and_cx", "failed", 1.0, None),
        NotebookResult("04_direction", "ok", 1.0, ran),
    ]
    drop_unfinished(plan, results, tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["balance.png"]


PAGE = (
    '<!DOCTYPE html><html lang="en"><head><title>A report</title></head><body><h1>One</h1><p>Words</p>'
    '<script>document.body.remove()</script><a href="other.html">Other</a><a href="#two">Below</a>'
    '<h2 id="two">Two</h2></body></html>'
)


def test_what_goes_to_paper_has_no_script_and_no_link_to_a_file() -> None:
    paper = printable(PAGE, footer='A "b" \\ </style>')
    assert "script" not in paper
    assert "other.html" not in paper
    assert 'href="#two"' in paper
    assert paper.count("</style>") == 1
    assert "counter(page)" in paper


def browser(folder: Path, body: str) -> Path:
    """A program that stands in for a browser."""
    path = folder / "chromium"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for a browser with a script")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit(1)", "No PDF was made: chromium was found and printed nothing."),
        ("time.sleep(60)", "No PDF was made: chromium did not finish within 1 seconds."),
    ],
)
def test_a_browser_that_does_not_print_is_a_sentence_and_leaves_nothing(
    body: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(PdfError) as caught:
        print_pdf(PAGE, footer="A", browser=browser(tmp_path, body), seconds=1.0)
    assert str(caught.value) == message
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_browser_that_cannot_be_started_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PdfError, match="could not be started"):
        print_pdf(PAGE, footer="A", browser=tmp_path / "chromium")


def test_a_browser_prints_bookmarks_tags_and_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium, Chrome or Edge on this computer")
    # A short name: Chromium makes a socket in it, whose path may not be long.
    with tempfile.TemporaryDirectory(prefix="x") as temporary:
        monkeypatch.setattr("tempfile.tempdir", temporary)
        content = print_pdf(PAGE, footer="A & B", browser=found, seconds=120)
        assert list(Path(temporary).iterdir()) == []
    for said in (b"(A report)", b"/Outlines", b"/StructTreeRoot", b"(exresearch)"):
        assert said in content
    assert b"file:" not in content
