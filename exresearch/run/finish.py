"""The end of a run: pages, files that are passed on, audit, leak scan and provenance; and the report in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from exresearch.run.contribute import checked_with, contribution_of, write_contribution
from exresearch.run.course import Prepared
from exresearch.run.door import check_disclosure
from exresearch.run.execute import NotebookResult
from exresearch.run.exports import drop_unfinished, recorded, without_pdf, write_office, write_pdf
from exresearch.run.leaks import LeakSearch, check_leaks
from exresearch.run.notebooks import deliver_notebooks
from exresearch.run.plan import Plan
from exresearch.run.provenance import provenance
from exresearch.run.render import render_report, render_summaries, rules_of, write_text
from exresearch.run.seal import RECORD, sealed
from exresearch.run.staging import publish


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes
    ----------
    index : pathlib.Path
        The report's first page.
    notebooks : tuple of NotebookResult
        In reading order.
    seconds : float
        Wall time, rendering included.
    left_out : tuple of str
        A sentence for each file to be passed on that could not be made.
    """

    index: Path
    notebooks: tuple[NotebookResult, ...]
    seconds: float
    left_out: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the notebooks that did not run to their end."""
        return tuple(result.name for result in self.notebooks if result.status != "ok")


def finish_run(
    prepared: Prepared,
    results: Sequence[NotebookResult],
    *,
    keep_notebooks: bool = False,
    search: LeakSearch | None = None,
) -> RunResult:
    """Write the report of executed notebooks, check it and publish it.

    Parameters
    ----------
    prepared : Prepared
        The run.
    results : sequence of NotebookResult
        What came of every notebook that is in the report.
    keep_notebooks : bool
        Deliver the executed notebooks with the report.
    search : LeakSearch, optional
        Where one was begun before.

    Returns
    -------
    RunResult

    Raises
    ------
    OSError
        If the report cannot be written.
    DisclosureError
        If a small group can be worked out from it; an earlier report is as it was.
    LeakError
        If it holds what must not leave the computer; an earlier report is as it was.
    """
    started, staging, left_out = prepared.started, prepared.staging, dict(prepared.left_out)
    plan = _reported(prepared.plan, results)
    drop_unfinished(plan, results, staging)
    exports = write_office(plan, staging, started=started)
    summaries = render_summaries(plan, results, staging=staging, started=started.isoformat())
    disclosure, contributed = checked_with(
        contribution_of(plan),
        lambda more: check_disclosure(
            plan, results, rules=rules_of(plan), summaries=[*summaries, *exports, *more]
        ),
    )
    write_contribution(contributed, staging)
    record = provenance(plan, results, started=started, seconds=_since(started))
    record["disclosure"] = disclosure
    if contributed.as_record() is not None:
        record["contribution"] = contributed.as_record()
    render_report(plan, results, record, staging=staging, summaries=summaries)
    reason = write_pdf(plan, staging) if "pdf" in plan.also else ""
    if reason:
        # The pages must not lead to a file that is not there.
        plan, left_out = without_pdf(plan), left_out | {"pdf": reason}
        render_report(plan, results, record, staging=staging)
    record["also"] = recorded(plan, left_out)
    deliver_notebooks(results, staging, keep=keep_notebooks)
    record["seconds"] = _since(started)
    write_text(staging / RECORD, sealed(record, staging))
    executed = [result.executed for result in results if result.executed is not None]
    check_leaks(plan, staging, executed, search=search)
    publish(staging, plan.output)
    sentences = [*left_out.values(), *([contributed.sentence] if contributed.sentence else [])]
    return RunResult(plan.output / "index.html", tuple(results), _since(started), tuple(sentences))


def _reported(plan: Plan, results: Sequence[NotebookResult]) -> Plan:
    """Return the plan of what is in the report: notebooks asked for, and those that are kept."""
    names = {result.name for result in results}
    jobs = sorted([*plan.jobs, *plan.others], key=lambda job: job.name)
    return replace(plan, jobs=tuple(job for job in jobs if job.name in names), others=())


def _since(started: datetime) -> float:
    return round((datetime.now(UTC) - started).total_seconds(), 2)
