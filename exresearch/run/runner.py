"""A planned run carried out: notebooks side by side, the summary last, pages and provenance at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from exresearch.report import Texts
from exresearch.run.door import check_disclosure, remember
from exresearch.run.execute import NotebookResult, execute_notebook, kernel_environment
from exresearch.run.exports import (
    drop_unfinished,
    possible,
    recorded,
    without_pdf,
    write_office,
    write_pdf,
)
from exresearch.run.leaks import check_leaks
from exresearch.run.notebooks import deliver_notebooks
from exresearch.run.plan import LAST, NotebookJob, Plan, available_notebooks, write_resolved_study
from exresearch.run.provenance import inputs_digest, provenance
from exresearch.run.render import body_of, render_report, render_summaries, rules_of, write_text
from exresearch.run.seal import RECORD, sealed
from exresearch.run.staging import keep_earlier, new_staging, publish
from exresearch.study.prepared import drop_prepared

Progress = Callable[[str, str], None]


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


def run_plan(
    plan: Plan,
    *,
    jobs: int | None = None,
    on_progress: Progress | None = None,
    keep_notebooks: bool = False,
    cold: bool = False,
) -> RunResult:
    """Execute the notebooks of a plan and write the report.

    Parameters
    ----------
    plan : Plan
        A checked plan.
    jobs : int, optional
        Notebooks at a time; the number of processors, at most four, by default.
    on_progress : callable, optional
        Called with a notebook's name (or ``report``) and ``started``, ``ok`` or ``failed``; with ``run`` and
        ``stopping`` when it is interrupted.
    keep_notebooks : bool
        Deliver the executed notebooks with the report.
    cold : bool
        Start Python anew for every notebook, instead of forking kernels from one that has imported everything.

    Returns
    -------
    RunResult

    Raises
    ------
    OSError
        If the report cannot be written after all.
    DisclosureError
        If a small group can be worked out from it; an earlier report is as it was.
    LeakError
        If it holds what must not leave the computer; an earlier report is as it was.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    tell = on_progress if on_progress is not None else _silent
    plan, left_out = possible(plan)
    study_file = write_resolved_study(plan)
    staging = _staging(plan)
    results = _execute(plan, jobs=jobs or min(os.cpu_count() or 1, 4), tell=tell, cold=cold)
    # Answers of people, of which no second copy is to lie about.
    drop_prepared(study_file)
    tell("report", "started")
    kept = sorted(path.stem for path in staging.glob("[0-9][0-9]_*.html"))
    drop_unfinished(plan, results, staging)
    exports = write_office(plan, staging, started=started)
    summaries = render_summaries(plan, results, staging=staging, started=started.isoformat())
    disclosure, ledgers = check_disclosure(
        plan, results, rules=rules_of(plan), kept=kept, summaries=[*summaries, *exports]
    )
    record = provenance(plan, results, started=started, seconds=time.perf_counter() - clock)
    record["disclosure"] = disclosure
    render_report(plan, results, record, staging=staging, summaries=summaries)
    reason = write_pdf(plan, staging) if "pdf" in plan.also else ""
    if reason:
        # The pages must not lead to a file that is not there.
        plan, left_out = without_pdf(plan), left_out | {"pdf": reason}
        render_report(plan, results, record, staging=staging)
    record["also"] = recorded(plan, left_out)
    deliver_notebooks(results, staging, keep=keep_notebooks)
    record["seconds"] = round(time.perf_counter() - clock, 2)
    write_text(staging / RECORD, sealed(record, staging))
    check_leaks(plan, staging, [result.executed for result in results if result.executed is not None])
    remember(plan, ledgers)
    publish(staging, plan.output)
    tell("report", "ok")
    seconds = time.perf_counter() - clock
    return RunResult(plan.output / "index.html", tuple(results), seconds, tuple(left_out.values()))


def _execute(plan: Plan, *, jobs: int, tell: Progress, cold: bool) -> list[NotebookResult]:
    results: dict[str, NotebookResult] = {}
    first = [job for job in plan.jobs if job.name != LAST]
    last = [job for job in plan.jobs if job.name == LAST]
    # A server of warm kernels takes as long to begin as a kernel, so that it pays from the third one on.
    notebooks = [job.path for job in plan.jobs] if len(plan.jobs) > 2 and not cold else []
    # Threads, for all they do is wait: each notebook runs in a kernel process of its own.
    with (
        kernel_environment(plan.work, notebooks=notebooks),
        ThreadPoolExecutor(max_workers=max(1, min(jobs, len(plan.jobs)))) as pool,
    ):
        for group in (first, last):
            results |= _run_group(pool, group, plan, tell, cold=cold)
    return [results[job.name] for job in plan.jobs]


def _run_group(
    pool: ThreadPoolExecutor, group: Sequence[NotebookJob], plan: Plan, tell: Progress, *, cold: bool
) -> dict[str, NotebookResult]:
    texts = Texts(plan.study.settings.language)
    pending = {pool.submit(_execute_one, job, plan.work, tell, texts, cold): job.name for job in group}
    try:
        return {name: future.result() for future, name in pending.items()}
    except KeyboardInterrupt:
        tell("run", "stopping")
        for future in pending:
            future.cancel()
        raise


def _execute_one(job: NotebookJob, work: Path, tell: Progress, texts: Texts, cold: bool) -> NotebookResult:
    tell(job.name, "started")
    result = execute_notebook(job, work=work, cold=cold)
    tell(job.name, result.status)
    # The page is made while other notebooks still run, for then this process has nothing else to do.
    return result if result.executed is None else replace(result, body=body_of(result.executed, texts))


def _staging(plan: Plan) -> Path:
    """Return the folder to build in; a run of some notebooks keeps the others' results, if the inputs are the same."""
    staging = new_staging(plan.work)
    partial = {job.name for job in plan.jobs} != {path.stem for path in available_notebooks()}
    if partial and _same_inputs(plan):
        ours = {name for job in plan.jobs for name in job.hypotheses}
        keep_earlier(plan.output, staging, pages={job.name for job in plan.jobs}, findings=ours)
    return staging


def _same_inputs(plan: Plan) -> bool:
    try:
        earlier = json.loads((plan.output / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    now = provenance(plan, _pretended(plan), started=datetime.now(UTC), seconds=0.0)
    return inputs_digest(earlier) == inputs_digest(now) and earlier.get("language") == now["language"]


def _pretended(plan: Plan) -> list[NotebookResult]:
    return [NotebookResult(job.name, "ok", 0.0, None) for job in plan.jobs]


def _silent(name: str, state: str) -> None:
    """Say nothing; the progress of a run that nobody watches."""
