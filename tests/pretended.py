"""A report of two notebooks in about a second: real pages, findings and files, of estimates that nobody computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from IPython.display import HTML

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Finding, Note, conclude, not_testable, write_finding
from exresearch.findings.conclude import estimand_for
from exresearch.report.figures.finding import finding_forest
from exresearch.report.page import Page
from exresearch.run import NotebookJob
from exresearch.run.execute import NotebookResult
from exresearch.run.staging import STAGED
from tests.in_process import Reports

new = nbformat.v4
RULES = DisclosureRules()
NOTEBOOKS = ("02_engagement_and_cx", "08_human_experience")


class Pretended(Reports):
    """Reports whose notebooks compute nothing: each writes its findings and shows them, with a table and a figure."""

    #: What the share of the engaged comes out at; a test changes it.
    share = 1 / 3

    @contextmanager
    def instead_of_kernels(self) -> Iterator[None]:
        """As for any report, and without the search for leaks, which takes as long as all the rest."""
        with super().instead_of_kernels(), pytest.MonkeyPatch.context() as patch:
            patch.setattr("exresearch.run.finish.check_leaks", lambda *_, **__: None)
            yield

    def _execute(self, job: NotebookJob, *, work: Path, **_: Any) -> NotebookResult:
        staging = work / STAGED
        page = Page(language=job.parameters["language"], rules=RULES, report_dir=staging)
        notebook = nbformat.read(job.path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"][:2]
        for finding in self._findings(job):
            write_finding(finding, staging / "findings")
            cell = new.new_code_cell("finding", id=f"shown-{finding.hypothesis}")
            cell.outputs = [_output(shown) for shown in self._shown(finding, page)]
            notebook.cells.append(cell)
        executed = work / f"{job.name}.ipynb"
        nbformat.write(notebook, executed)
        return NotebookResult(job.name, "ok", 1.0, executed)

    def _findings(self, job: NotebookJob) -> list[Finding]:
        why = Note(message="There is one wave: what follows what cannot be seen.")
        return [
            engaged(self.share) if name == "engaged-minority" else not_testable(name, reason=why, rules=RULES)
            for name in job.hypotheses
        ]

    def _shown(self, finding: Finding, page: Page) -> Iterator[HTML]:
        yield page.verdict(finding)
        if finding.tested:
            row = {"label": "All", "unit_of_measurement": "share", "estimate": finding.estimate, "n": 900,
                   "conf_low": finding.conf_low, "conf_high": finding.conf_high, "conf_level": 0.95}  # fmt: skip
            yield page.table(
                pd.DataFrame([row]),
                count="n",
                caption="What was estimated",
                columns={"label": "Group", "estimate": None, "conf_low": None, "n": "Answers"},
            )
            yield page.figure(finding_forest(finding, texts=page.texts, label="Share"), of=finding.hypothesis)


def engaged(share: float) -> Finding:
    """Return a finding with a check beside it."""
    records = [
        EstimateRecord(
            term=term, label=Note(message=term), unit_of_measurement="share", estimate=value, conf_low=value - 0.1,
            conf_high=value + 0.1, conf_level=0.95, n=900, n_units=30, std_error=0.051234567890123, p_value=0.001,
            method=Note(message="A proportion."),
        )
        for term, value in (("Share", share), ("Another cut", 0.412345678901234))
    ]  # fmt: skip
    return conclude(
        records[0], hypothesis="engaged-minority", estimand=estimand_for("engaged-minority"), n_excluded=2,
        rules=RULES, robustness=records[1:],
        caveats=[Note(message="Published shares use definitions of their own and are context, not a target.")],
    )  # fmt: skip


def _output(shown: HTML) -> nbformat.NotebookNode:
    metadata = {"text/html": dict(shown.metadata or {})}
    return new.new_output("display_data", data={"text/html": shown.data}, metadata=metadata)
