"""Only what changed is executed: keys, kept results, and reports of which nothing has changed."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.run import durable
from exresearch.run.course import prepare_plan, stand
from exresearch.run.finish import finish_run
from exresearch.run.keys import Key, reason
from exresearch.run.orders import Order, note, plan_order, studies_in, unchanged
from exresearch.run.results import RESULTS
from exresearch.run.runner import run_plan
from exresearch.run.warm import servers
from exresearch.study import StudyError
from tests.quick_suite import orders_of, report_of, use_suite, write_suite

pytestmark = pytest.mark.skipif(not servers.can_fork(), reason="kernels are forked on Linux only")


@pytest.fixture
def order(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Order:
    """A client whose report was made."""
    use_suite(monkeypatch, write_suite(tmp_path / "project"))
    (order,) = orders_of(client, tmp_path, "small")
    assert made(order) == ["00_data_readiness", "02_engagement_and_cx", "90_summary"]
    return order


def made(order: Order, **options: Any) -> list[str]:
    """Carry an order out and return what was executed."""
    plan = plan_order(order)
    result = run_plan(plan, jobs=2, **options)
    assert not result.failed
    note(order, plan, result)
    return [one.name for one in result.notebooks if not one.reused]


def why(order: Order) -> dict[str, str]:
    """What would be executed, and why."""
    return {job.name: reason for job, reason in stand(plan_order(order)).stale}


def test_nothing_is_executed_twice_and_every_change_is(order: Order, client: Any, tmp_path: Path) -> None:
    index, published = unchanged(order) or (None, None)
    assert index == tmp_path / "reports" / "small" / "index.html"
    assert published is not None
    assert published.notebooks == 3
    assert why(order) == {}
    before = {path.name: path.read_bytes() for path in sorted(index.parent.rglob("*")) if path.is_file()}
    assert made(order) == []
    after = {path.name: path.read_bytes() for path in sorted(index.parent.rglob("*")) if path.is_file()}
    # But for the pages that tell when it was made, the report is the same.
    told = {"index.html", "provenance.html", "run.json"}
    assert after.keys() == before.keys() >= told
    assert {name for name in after if after[name] != before[name]} <= told

    # A notebook: it, and the summary that is made of it.
    notebook = tmp_path / "project" / "notebooks" / "02_engagement_and_cx.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("cx", "CX", 1), encoding="utf-8")
    assert unchanged(order) is None
    assert why(order) == {"02_engagement_and_cx": "the notebook has changed"}
    assert made(order) == ["02_engagement_and_cx", "90_summary"]

    # The data, the codebook, a setting of the study, a parameter.
    client.tables["employees"].loc[0, "needs"] = 8 - client.tables["employees"].loc[0, "needs"]
    client.write()
    assert set(why(order).values()) == {"employees.csv (employees) has changed"}
    client.variables["customers.cx"]["maximum"] = 11
    client.write()
    assert (
        why(order)["00_data_readiness"] == "the codebook has changed; employees.csv (employees) has changed"
    )
    client.variables["customers.cx"]["maximum"] = 10
    client.write()
    assert made(order) == ["00_data_readiness", "02_engagement_and_cx", "90_summary"]
    dutch = dataclasses.replace(order, overrides={"language": "nl"})
    assert set(why(dutch).values()) == {'language was "en" and is "nl"'}
    # What only pages show is no reason.
    client.settings["also"] = ["spreadsheet"]
    client.write()
    assert why(order) == {}
    assert unchanged(order) is None
    assert made(order) == []
    assert (tmp_path / "reports" / "small" / "findings.xlsx").is_file()


def test_the_command_line_says_what_would_run_and_runs_it(order: Order) -> None:
    options = [str(order.study_file), "--output", str(report_of(order))]
    said = CliRunner().invoke(app, ["status", *options])
    assert said.exit_code == 0
    assert said.output.count("stay") == 2
    said = CliRunner().invoke(app, ["run", *options])
    assert said.exit_code == 0
    assert "Nothing has changed: 0 of 3 notebooks executed" in said.output
    said = CliRunner().invoke(app, ["status", *options, "--language", "nl"], env={"COLUMNS": "150"})
    assert said.exit_code == 1
    assert 'language was "en" and is "nl"' in said.output
    assert "it is made of the others' findings" in said.output
    said = CliRunner().invoke(app, ["run", *options, "--memory", "lots"])
    assert (said.exit_code, "write 4GiB or 800MB" in said.output) == (2, True)


def test_force_executes_and_only_asks_for_some(order: Order) -> None:
    assert made(order, force=True) == ["00_data_readiness", "02_engagement_and_cx", "90_summary"]
    assert unchanged(dataclasses.replace(order, force=True)) is None
    some = dataclasses.replace(order, only=("02",))
    assert made(some, force=True) == ["02_engagement_and_cx"]
    # The others stay in the report, with all their pages.
    assert {path.stem for path in report_of(order).glob("[0-9]*.html")} == {
        "00_data_readiness",
        "02_engagement_and_cx",
        "90_summary",
    }
    record = json.loads((report_of(order) / "run.json").read_text(encoding="utf-8"))
    assert [one["reused"] for one in record["notebooks"]] == [True, False, True]


def test_a_kept_result_that_is_not_whole_is_made_again(order: Order) -> None:
    kept = plan_order(order).work / RESULTS / "02_engagement_and_cx"
    book, record = kept / "notebook.ipynb", kept / "result.json"
    whole = book.read_bytes()
    for harm in (
        lambda: book.write_bytes(whole.replace(b"cx", b"CX")),
        lambda: book.write_bytes(whole[:-1]),
        lambda: record.write_bytes(record.read_bytes().replace(b'"parts"', b'"part"')),
        lambda: kept.rename(kept.with_name(f".{kept.name}.part")),
    ):
        assert why(order) == {}
        harm()
        assert why(order) == {"02_engagement_and_cx": "it has not run to its end before"}
        # As it was before.
        if not kept.exists():
            kept.with_name(f".{kept.name}.part").rename(kept)
        book.write_bytes(whole)
        record.write_bytes(record.read_bytes().replace(b'"part":', b'"parts":'))
    book.unlink()
    assert made(order) == ["02_engagement_and_cx"]
    assert why(order) == {}


def test_a_report_that_somebody_changed_is_written_again(order: Order) -> None:
    page = report_of(order) / "claims.html"
    page.write_bytes(page.read_bytes() + b" ")
    assert unchanged(order) is None
    # As after a run that was stopped while it published.
    record = report_of(order) / "run.json"
    record.write_text('{"client": "small", "unfinished": true}\n', encoding="utf-8")
    assert made(order) == []
    assert unchanged(order) is not None
    (report_of(order) / "findings").rmdir()
    assert unchanged(order) is not None, "an empty folder is nothing that was delivered"
    page.unlink()
    assert unchanged(order) is None


def test_publishing_that_is_interrupted_never_looks_finished(
    order: Order, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.settings["also"] = ["single_file"]
    client.write()
    files = len([path for path in report_of(order).rglob("*") if path.is_file()])
    real = Path.replace
    for allowed in range(0, files + 2, 4):
        left = [allowed]

        def replaced(self: Path, target: Path, left: list[int] = left) -> Path:
            # Only what goes into the report counts.
            if report_of(order) in Path(target).parents:
                if not left[0]:
                    raise KeyboardInterrupt
                left[0] -= 1
            return real(self, target)

        plan = plan_order(order)
        prepared = prepare_plan(plan)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replaced)
            try:
                finish_run(prepared, [*prepared.reused])
                whole = True
            except KeyboardInterrupt:
                whole = False
        index, record = report_of(order) / "index.html", report_of(order) / "run.json"
        content = json.loads(record.read_text(encoding="utf-8"))
        assert content["client"] == "small"
        if not whole:
            # Either nothing has begun, or there is no first page.
            assert not index.exists() or b"report.html" not in index.read_bytes()
            assert not index.exists() or "unfinished" not in content
        assert unchanged(order) is None
    assert made(order) == []
    assert b"report.html" in (report_of(order) / "index.html").read_bytes()
    assert unchanged(order) is not None


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        durable.write_durably(place, b"new and longer")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert place.read_bytes() == b"old"


def test_a_change_is_said_in_words() -> None:
    then = {
        "parameter.n_boot": "2000",
        "notebook": "a",
        "version.numpy": "2.4.6",
        "data.units.u.csv": "x",
        "before.03": "1",
    }
    now = {
        "parameter.n_boot": "500",
        "notebook": "b",
        "version.numpy": "2.4.7",
        "before.03": "2",
        "parameter.seed": "1",
    }
    assert reason(then, now) == (
        "findings of other notebooks may change; u.csv (units) is gone; the notebook has changed; and 3 more"
    )
    assert reason(then, then) == ""
    assert Key(then).digest != Key(now).digest


def test_studies_are_told_from_codebooks_beside_them(client: Any, tmp_path: Path) -> None:
    file = client.write()
    assert studies_in([client.folder]) == ([file], [client.folder / "codebook.yaml"])
    pattern = Path(str(client.folder / "*.yaml"))
    assert studies_in([pattern]) == ([file], [client.folder / "codebook.yaml"])
    # Named alone it is what it is said to be, so that its problems are told.
    assert studies_in([client.folder / "codebook.yaml"]) == ([client.folder / "codebook.yaml"], [])
    file.unlink()
    with pytest.raises(StudyError, match=r"- small: no study file is there\. Name a file"):
        studies_in([client.folder])
    shutil.rmtree(client.folder)
    assert studies_in([tmp_path / "gone.yaml"]) == ([tmp_path / "gone.yaml"], [])
