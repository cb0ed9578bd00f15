"""A run holds everything that its pages show together, and publishes nothing that tells too much."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.disclosure import DisclosureRules, Groups, Measure, Released, release
from exresearch.report import Page
from exresearch.report.notebook import entries_of
from exresearch.report.site import SummaryPage
from exresearch.run import (
    DisclosureError,
    NotebookResult,
    Plan,
    finish,
    plan_run,
    run_plan,
)

ROOT = Path(__file__).resolve().parents[1]
RULES = DisclosureRules()


def table(rows: dict[str, float], *, sizes: dict[str, int]) -> dict[str, Any]:
    """A page's output: means of groups of a wave, as Jupyter files it."""
    frame = pd.DataFrame({"group": list(rows), "mean": list(rows.values()), "n": [sizes[g] for g in rows]})
    shown = Page(language="en", rules=RULES).table(
        frame,
        count="n",
        caption="Groups",
        columns=["group", "mean", "n"],
        groups=Groups("employees", by={"unit": "group"}, measures={"mean": Measure("mood", 1, 7)}),
    )
    data, metadata = shown._repr_html_()
    return {
        "output_type": "display_data",
        "data": {"text/html": data},
        "metadata": {"text/html": metadata},
    }


def executed(path: Path, *outputs: dict[str, Any]) -> Path:
    """A notebook that shows these."""
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_markdown_cell("# What was found"), nbformat.v4.new_code_cell("", id="made")]
    book.cells[1].outputs = [nbformat.from_dict(output) for output in outputs]
    nbformat.write(book, path)
    return path


@pytest.fixture
def plan(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A run of one notebook that is not executed, with an earlier report in its place."""
    monkeypatch.setattr("exresearch.run.finish.check_leaks", lambda *_, **__: None)
    # Ten people a unit; the first has three.
    employees = client.tables["employees"]
    first = employees.index[employees["team"] == client.units[0]]
    client.tables["employees"] = employees.drop(first[3:])
    plan = plan_run(client.write(), output=tmp_path / "out" / "report", only=["90"])
    plan.output.mkdir(parents=True)
    (plan.output / "index.html").write_text("earlier", encoding="utf-8")
    return plan


def pretend(monkeypatch: pytest.MonkeyPatch, plan: Plan, *outputs: dict[str, Any]) -> None:
    """Let the notebook show outputs without running it."""

    def execute(*_: object, **__: object) -> list[NotebookResult]:
        path = executed(plan.work / "90_summary.ipynb", *outputs)
        return [NotebookResult("90_summary", "ok", 0.1, path)]

    monkeypatch.setattr("exresearch.run.runner._execute", execute)


def test_an_output_past_the_door_is_not_published(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"person": ["P1"], "answer": [7]})
    bare = {"output_type": "display_data", "data": {"text/html": frame.to_html()}, "metadata": {}}
    pretend(monkeypatch, plan, bare)
    with pytest.raises(DisclosureError, match="90_summary: the step made shows something") as caught:
        run_plan(plan)
    assert "P1" not in str(caught.value)
    assert (plan.output / "index.html").read_text(encoding="utf-8") == "earlier"


def test_neither_is_what_a_cell_returns(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    output = {
        "output_type": "execute_result",
        "data": {"text/plain": "7"},
        "metadata": {},
        "execution_count": 1,
    }
    pretend(monkeypatch, plan, output)
    with pytest.raises(DisclosureError):
        run_plan(plan)


def test_what_a_library_prints_is_nowhere_in_the_report(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, plan, {"output_type": "stream", "name": "stdout", "text": "Zilverreiger answered"})
    run_plan(plan, keep_notebooks=True)
    for path in plan.output.rglob("*"):
        if path.is_file():
            assert "Zilverreiger" not in path.read_text(encoding="utf-8"), path.name


def test_two_tables_that_give_a_unit_away_are_not_published(
    plan: Plan, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = client.units
    sizes = {units[0]: 3} | dict.fromkeys(units[1:], 10)
    means = dict.fromkeys(units, 4.0)
    everybody = pd.DataFrame({"mean": [4.0], "n": [53]})
    groups = Groups("employees", measures={"mean": Measure("mood", 1, 7)})
    page = Page(language="en", rules=RULES)
    data, metadata = page.table(
        everybody, count="n", caption="All", columns=["mean", "n"], groups=groups
    )._repr_html_()
    total = {"output_type": "display_data", "data": {"text/html": data}, "metadata": {"text/html": metadata}}
    pretend(monkeypatch, plan, table(means, sizes=sizes), total)
    run_plan(plan)
    record = json.loads((plan.output / "run.json").read_text(encoding="utf-8"))["disclosure"]
    assert record["hidden"] == 2
    assert record["attacked"] > 0
    assert record["worked_out"] == 0
    # A second table hides the small unit with other company.
    other = {unit: mean for unit, mean in means.items() if unit in (units[0], units[3], units[4], units[5])}
    second = table(other, sizes=sizes)
    rest = pd.DataFrame({"group": [units[1]], "mean": [4.0], "n": [10]})
    data, metadata = page.table(
        rest, count="n", caption="Rest", columns=["group", "mean", "n"],
        groups=Groups("employees", by={"unit": "group"}, measures={"mean": Measure("mood", 1, 7)}),
    )._repr_html_()  # fmt: skip
    shown = {"output_type": "display_data", "data": {"text/html": data}, "metadata": {"text/html": metadata}}
    pretend(monkeypatch, plan, table(means, sizes=sizes), total, second, shown)
    with pytest.raises(DisclosureError) as caught:
        run_plan(plan)
    message = str(caught.value)
    assert f"unit {units[0]}" in message
    assert "can be computed, from 90_summary" in message
    assert "Raise min_respondents" in message
    result = CliRunner().invoke(
        app, ["run", str(client.file), "--output", str(plan.output), "--only", "90", "--overwrite"]
    )
    assert result.exit_code == 3
    assert "Traceback" not in result.output


def test_pages_that_are_no_notebook_are_held_together_with_the_others(
    plan: Plan, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index shows counts: here all units together, while a notebook shows all but the small one."""
    units = client.units
    others = table(dict.fromkeys(units[1:], 4.0), sizes=dict.fromkeys(units[1:], 10))
    everybody = release(
        pd.DataFrame({"mean": [4.0], "n": [53]}),
        count="n",
        rules=RULES,
        groups=Groups("employees", measures={"mean": Measure("mood", 1, 7)}),
        name="Everybody",
    )
    real = finish.render_summaries

    def with_everybody(*arguments: Any, **options: Any) -> list[SummaryPage]:
        index, *rest = real(*arguments, **options)
        return [replace(index, entries=(*index.entries, everybody.entry)), *rest]

    pretend(monkeypatch, plan, others)
    run_plan(plan)
    monkeypatch.setattr(finish, "render_summaries", with_everybody)
    with pytest.raises(DisclosureError, match=r"can be computed, from .*index") as caught:
        run_plan(plan)
    assert "employees, some of everybody" in str(caught.value)


def test_a_released_frame_is_made_by_the_door_alone() -> None:
    shown = release(pd.DataFrame({"n": [9]}), count="n", rules=RULES)
    with pytest.raises(TypeError, match="in no other way"):
        Released(shown.frame, shown.hidden, shown.rules, shown.entry)


def test_every_output_of_a_page_has_its_entry(tmp_path: Path) -> None:
    output = table({"a": 4.0, "b": 4.26, "c": 3.87}, sizes={"a": 3, "b": 20, "c": 9})
    book = nbformat.read(executed(tmp_path / "x.ipynb", output), as_version=4)
    (entry,), past = entries_of(book)
    assert not past
    assert [cell.hidden for cell in entry.cells] == [True, False, True]
    assert "4.26" in output["data"]["text/html"]
    assert "3.87" not in output["data"]["text/html"]


def test_report_code_has_no_other_way_to_a_reader() -> None:
    """Only the page makes what Jupyter shows; only the theme writes pictures; no frame writes itself."""
    found = []
    for path in sorted((ROOT / "exresearch" / "report").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", ""))
            if name in (
                "HTML",
                "display",
                "to_html",
                "to_markdown",
                "to_excel",
                "to_csv",
                "print",
                "savefig",
                "style",
            ):
                found.append((path.name, name))
    allowed = {("page.py", "HTML"), ("theme.py", "savefig")}
    assert {pair for pair in found if pair[1] != "style"} == allowed


def test_notebooks_show_nothing_but_what_a_page_made() -> None:
    """The last expression of each cell, and all that is displayed, is a call of the page."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
                continue
            tree = ast.parse(cell.source)
            shown = [node.value for node in tree.body[-1:] if isinstance(node, ast.Expr)]
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("display", "print"):
                    assert node.func.id == "display", f"{path.name} prints"
                    shown += node.args
            for value in shown:
                assert _of_page(value), f"{path.name}: {ast.unparse(value)}"


def _of_page(value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return _of_page(value.body) and _of_page(value.orelse)
    if isinstance(value, ast.Name):
        # A block that was made by the page before, under a name.
        return True
    if not isinstance(value, ast.Call):
        return False
    name = ast.unparse(value.func)
    return name.startswith("page.") or name in ("display", "write_finding")
