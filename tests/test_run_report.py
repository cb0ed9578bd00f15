"""Whole runs: from a study file to a report, on a small cut of the demo, with everything a reviewer would open."""

import dataclasses
import getpass
import json
import re
import shutil
import warnings
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import nbformat
import pytest

from exresearch.findings import (
    Verdict,
    finding_schema,
    load_findings,
    load_registry,
    read_findings,
)
from exresearch.run import NotebookJob, RunResult, plan_run, run_plan
from exresearch.run.course import stand
from exresearch.study.demo import write_demo_study
from tests.wordlists import DUTCH, ENGLISH, hits, references, texts_of

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [
    "00_data_readiness",
    "01_measurement",
    "02_engagement_and_cx",
    "03_enps_drivers",
    "04_direction",
    "05_engagement_chain",
    "06_employee_journey",
    "07_needs_segments",
    "08_human_experience",
    "09_business_outcomes",
    "10_programmes",
    "90_summary",
]
# Few replicates: these tests look at files, not at numbers.
FAST = {"n_boot": 200}


class Outline(HTMLParser):
    """Collects what a page loads, its headings, and its images."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.headings: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "img", "link", "iframe", "source", "object"):
            self.loads += [v for k, v in values.items() if k in ("src", "href", "data") and v]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(tag)
        if tag == "img":
            self.images.append(values)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    """Run the 40-employee, 4-unit cut."""
    folder = tmp_path_factory.mktemp("small")
    study = write_demo_study(folder / "study", n_units=4, n_employees=40)
    result = run_plan(plan_run(study, output=folder / "report", overrides=FAST | {"language": "nl"}))
    # As it was, for a test that needs a whole report after another has changed this one.
    shutil.copytree(folder / "report", folder / "interrupted")
    # What its notebooks made is kept in the working folder.
    shutil.copytree(folder / ".work" / "report" / "results", folder / ".work" / "interrupted" / "results")
    return folder, result


def test_a_small_organisation_gets_a_complete_report(small: tuple[Path, RunResult]) -> None:
    folder, result = small
    assert result.failed == ()
    report = folder / "report"
    assert result.index == report / "index.html"
    assert sorted(p.name for p in report.iterdir()) == sorted(
        [f"{name}.html" for name in NOTEBOOKS]
        + ["claims.html", "figures", "findings", "index.html", "methods.html", "provenance.html", "run.json"]
    )
    found = {finding.hypothesis: finding for finding in load_findings(report / "findings")}
    decided = {h.id for name in NOTEBOOKS for h in load_registry().in_notebook(name)}
    assert set(found) == decided
    # Four units say nothing of links between units, however measured; the page is there and says so.
    about_units = decided - {"engaged-minority", "employee-first", "talent-magnet", "pay-is-not-enough"}
    assert {found[name].verdict for name in about_units} == {Verdict.NOT_TESTABLE}
    linkage = found["engagement-cx"]
    assert linkage.verdict is Verdict.NOT_TESTABLE
    assert (
        linkage.reason.message
        == "{n_units:integer} units can be linked; at least {needed:integer} are needed."
    )
    assert linkage.reason.values == {"n_units": 4, "needed": 10}
    assert linkage.detectable_effect is not None
    assert linkage.detectable_effect.kind == "correlation"
    assert 0.9 < linkage.detectable_effect.value < 1


def test_pages_load_nothing_have_one_title_and_describe_their_images(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    for path in sorted((folder / "report").glob("*.html")):
        page = path.read_text(encoding="utf-8")
        outline = Outline()
        outline.feed(page)
        assert all(
            source.startswith(("data:", "#")) or source.endswith(".html") for source in outline.loads
        ), path
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", page)
        assert outline.headings.count("h1") == 1, path
        assert all(image.get("alt") for image in outline.images), path
        assert '<html lang="nl"' in page


def foreign(report: Path, words: frozenset[str]) -> dict[str, dict[str, int]]:
    """Return, by page, the words that belong to the other language; titles of publications stay in their own."""
    found = {
        path.name: dict(hits(texts_of(path.read_text(encoding="utf-8")), words, names=references()))
        for path in sorted(report.glob("*.html"))
    }
    return {name: counted for name, counted in found.items() if counted}


def test_the_report_is_dutch(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    text = (folder / "report" / "02_engagement_and_cx.html").read_text(encoding="utf-8")
    assert "Bevlogenheid en klantbeleving" in " ".join(texts_of(text))
    assert foreign(folder / "report", ENGLISH) == {}


def test_nothing_delivered_tells_where_or_by_whom_it_was_made(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    secrets = [str(folder), str(ROOT), str(Path.home()) + "/"]
    user = getpass.getuser()
    for path in (folder / "report").rglob("*"):
        if path.is_file():
            # Pictures are no text; what stands in them as text is found all the same.
            content = path.read_bytes().decode("utf-8", errors="replace")
            assert not [secret for secret in secrets if secret in content], path
            assert f"/{user}/" not in content, path


def test_no_person_appears_in_the_report(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    people = (folder / "study" / "tables" / "people.csv").read_text(encoding="utf-8").splitlines()[1:]
    ids = {line.split(",")[0] for line in people}
    assert len(ids) >= 40
    for path in (folder / "report").rglob("*"):
        if path.is_file():
            # Pictures are no text; what stands in them as text is found all the same.
            content = path.read_bytes().decode("utf-8", errors="replace")
            assert not [person for person in ids if re.search(rf"\b{person}\b", content)], path


def test_provenance_names_inputs_settings_and_notebooks(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    record = json.loads((folder / "report" / "run.json").read_text(encoding="utf-8"))
    assert record["client"] == "demo_4_units"
    assert record["language"] == "nl"
    assert [item["table"] for item in record["inputs"]] == [
        "employees", "customers", "partners", "units", "people", "moments",
    ]  # fmt: skip
    assert all(len(item["sha256"]) == 64 and item["rows"] > 0 for item in record["inputs"])
    assert [item["name"] for item in record["notebooks"]] == NOTEBOOKS
    assert {item["status"] for item in record["notebooks"]} == {"ok"}
    assert record["notebooks"][2]["parameters"]["n_boot"] == 200
    outputs = {item["file"] for item in record["outputs"]}
    assert {"index.html", "findings/employee-first.json"} <= outputs


def test_findings_fit_their_schema_and_one_frame(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    schema = json.loads(finding_schema())
    files = sorted((folder / "report" / "findings").glob("*.json"))
    for path in files:
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema)
    frame = read_findings(folder / "report" / "findings")
    deciding = frame[frame["role"] == "deciding"]
    assert sorted(deciding["hypothesis"]) == [path.stem for path in files]
    assert deciding.set_index("hypothesis")["verdict"]["engagement-cx"] == "not_testable"


def test_a_second_run_gives_the_same_findings_to_the_byte(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    again = folder / "again"
    study = folder / "study" / "study.yaml"
    # One that draws at random; each finding alone is made twice in the tests of its analysis.
    only = ["08"]
    plan = plan_run(study, output=again, only=only, overrides=FAST | {"language": "nl"})
    # The first kernels were forked from a server, where that can be; these are not.
    result = run_plan(plan, cold=True)
    assert result.failed == ()
    found = sorted((again / "findings").glob("*.json"))
    assert [path.stem for path in found] == [h.id for h in load_registry().in_notebook("08_human_experience")]
    for path in found:
        assert path.read_bytes() == (folder / "report" / "findings" / path.name).read_bytes(), path.name


def broken(job: NotebookJob, folder: Path) -> NotebookJob:
    """Return the job with a notebook that fails half-way, quoting an answer in its error."""
    notebook = nbformat.read(job.path, as_version=4)  # type: ignore[no-untyped-call]
    cell = nbformat.v4.new_code_cell(
        "raise RuntimeError('the answer of person P0001 is 7')", id="broken-step"
    )
    notebook.cells.insert(4, cell)
    path = folder / job.path.name
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    return dataclasses.replace(job, path=path)


def test_a_failed_notebook_has_its_page_and_the_rest_is_whole(
    small: tuple[Path, RunResult], tmp_path: Path
) -> None:
    folder, _ = small
    plan = plan_run(
        folder / "study" / "study.yaml",
        output=tmp_path / "report",
        only=["02", "03", "90"],
        overrides=FAST | {"language": "en"},
    )
    jobs = tuple(broken(job, tmp_path) if job.name == "03_enps_drivers" else job for job in plan.jobs)
    told: list[tuple[str, str]] = []
    result = run_plan(
        dataclasses.replace(plan, jobs=jobs), on_progress=lambda name, state: told.append((name, state))
    )
    assert result.failed == ("03_enps_drivers",)
    assert ("03_enps_drivers", "failed") in told
    assert ("90_summary", "ok") in told
    failed = next(item for item in result.notebooks if item.name == "03_enps_drivers")
    assert (failed.status, failed.failed_cell, failed.error) == ("failed", "broken-step", "RuntimeError")
    page = (tmp_path / "report" / "03_enps_drivers.html").read_text(encoding="utf-8")
    assert "Something came up that this part of the report was not made for." in page
    assert 'href="methods.html#m-employee-first"' in page
    assert "<code>broken-step: RuntimeError</code>" in page
    for path in (tmp_path / "report").rglob("*"):
        if path.is_file():
            assert b"P0001" not in path.read_bytes(), path
            assert b"Traceback" not in path.read_bytes(), path
    assert "P0001" in (tmp_path / ".work" / "report" / "03_enps_drivers.log").read_text(encoding="utf-8")
    assert {f.hypothesis for f in load_findings(tmp_path / "report" / "findings")} == {
        "engagement-cx", "engaged-minority",
    }  # fmt: skip
    assert (tmp_path / "report" / "90_summary.html").is_file()
    status = {
        n["name"]: n["status"]
        for n in json.loads((tmp_path / "report" / "run.json").read_text())["notebooks"]
    }
    assert status["03_enps_drivers"] == "failed"
    index = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    named = index.split("Failed in this report:")[1].split("</section>")[0]
    assert '<a href="03_enps_drivers.html">' in named
    assert "Not judged: Employees come first" in named
    assert foreign(tmp_path / "report", DUTCH) == {}
    methods = (tmp_path / "report" / "methods.html").read_text(encoding="utf-8")
    judged = methods.split('id="m-employee-first"')[1].split("</article>")[0]
    assert "Not judged: the notebook stopped before its end." in judged
    provenance = (tmp_path / "report" / "provenance.html").read_text(encoding="utf-8")
    row = provenance.split('<h2 id="notebooks">')[1].split('href="03_enps_drivers.html"')[1].split("</tr>")[0]
    assert "<td>failed</td>" in row


def test_one_notebook_alone_keeps_the_others_of_the_same_inputs(small: tuple[Path, RunResult]) -> None:
    folder, _ = small
    report, study = folder / "report", folder / "study" / "study.yaml"
    before = (report / "findings" / "engaged-minority.json").read_bytes()
    result = run_plan(plan_run(study, output=report, only=["10"], overrides=FAST | {"language": "nl"}))
    assert [item.name for item in result.notebooks] == NOTEBOOKS
    assert all(item.reused for item in result.notebooks)
    # In another language nothing may be kept: a report speaks one.
    english = plan_run(study, output=report, only=["10"], overrides=FAST | {"language": "en"})
    standing = stand(english)
    assert standing.fresh == ()
    assert [(job.name, why) for job, why in standing.stale] == [
        ("10_programmes", 'language was "nl" and is "en"')
    ]
    assert (report / "findings" / "engaged-minority.json").read_bytes() == before
    assert (report / "02_engagement_and_cx.html").is_file()
    # Other settings: what was found with the old ones may not stand beside the new. Segments take no replicates.
    run_plan(plan_run(study, output=report, only=["10"], overrides={"n_boot": 250, "language": "nl"}))
    left = sorted(path.stem for path in (report / "findings").glob("*.json"))
    assert left == ["needs-segments", "programme-effect"]
    assert not (report / "02_engagement_and_cx.html").exists()


def test_a_notebook_runs_by_hand_with_its_defaults(tmp_path: Path) -> None:
    """In its own folder, as JupyterLab does; `resolve_path` is tested from the project's folder too."""
    import papermill

    notebook = ROOT / "notebooks" / "10_programmes.ipynb"
    with warnings.catch_warnings():
        # papermill and the kernel's client warn about their own internals.
        warnings.simplefilter("ignore")
        papermill.execute_notebook(
            str(notebook),
            str(tmp_path / "out.ipynb"),
            parameters={"output_dir": str(tmp_path / "report"), "n_boot": 200},
            cwd=str(ROOT / "notebooks"),
            kernel_name="python3",
            progress_bar=False,
        )
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    shown = [
        "".join(output.get("data", {}).get("text/html", ""))
        for cell in executed.cells
        for output in cell.get("outputs", [])
    ]
    # What the report shows: pictures with their words, tables, the verdict; and the style, which no page brings here.
    assert any('<img src="data:image/svg+xml' in html and 'alt="' in html for html in shown)
    assert any("<table" in html and "<caption" in html for html in shown)
    assert any("exr-verdict" in html for html in shown)
    assert any("<style" in html for html in shown)
    assert {path.stem for path in (tmp_path / "report" / "findings").glob("*.json")} == {
        "programme-effect",
    }


def test_an_interrupted_run_leaves_the_earlier_report_and_can_be_repeated(
    small: tuple[Path, RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = small
    study, report = folder / "study" / "study.yaml", folder / "interrupted"
    before = {path.name: path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file()}

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exresearch.run.finish.render_report", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan_run(study, output=report, only=["10"], overrides={"n_boot": 250, "language": "nl"}))
    assert before == {path.name: path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file()}
    monkeypatch.undo()
    assert (
        run_plan(plan_run(study, output=report, only=["10"], overrides=FAST | {"language": "nl"})).failed
        == ()
    )
    assert (report / "09_business_outcomes.html").is_file(), "same inputs: the other pages stay"
    index = (report / "index.html").read_text(encoding="utf-8")
    assert not (folder / ".work" / "interrupted" / "report").exists()
    assert index.count("<h1") == 1
