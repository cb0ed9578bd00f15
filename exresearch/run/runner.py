"""A planned run carried out: notebooks side by side, the summary last, pages and provenance at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, load_findings
from exresearch.report import Texts
from exresearch.report.claims import render_claims
from exresearch.report.index import render_index
from exresearch.report.notebook import notebook_title
from exresearch.report.site import PageLink, SiteContext, render_failure, render_page
from exresearch.run.door import check_disclosure, remember
from exresearch.run.execute import NotebookResult, execute_notebook, kernel_environment
from exresearch.run.leaks import check_leaks
from exresearch.run.notebooks import deliver_notebooks
from exresearch.run.plan import LAST, NotebookJob, Plan, available_notebooks, write_resolved_study
from exresearch.run.provenance import inputs_digest, provenance, with_outputs
from exresearch.run.staging import keep_earlier, new_staging, publish

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
    """

    index: Path
    notebooks: tuple[NotebookResult, ...]
    seconds: float

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
    write_resolved_study(plan)
    staging = _staging(plan)
    results = _execute(plan, jobs=jobs or min(os.cpu_count() or 1, 4), tell=tell)
    tell("report", "started")
    kept = sorted(path.stem for path in staging.glob("[0-9][0-9]_*.html"))
    disclosure, ledgers = check_disclosure(plan, results, rules=_rules(plan), kept=kept)
    record = provenance(plan, results, started=started, seconds=time.perf_counter() - clock)
    record["disclosure"] = disclosure
    _render(plan, results, record, staging=staging)
    deliver_notebooks(results, staging, keep=keep_notebooks)
    record["seconds"] = round(time.perf_counter() - clock, 2)
    _write(staging / "run.json", _as_json(with_outputs(record, staging)))
    check_leaks(plan, staging, [result.executed for result in results if result.executed is not None])
    remember(plan, ledgers)
    publish(staging, plan.output)
    tell("report", "ok")
    return RunResult(plan.output / "index.html", tuple(results), time.perf_counter() - clock)


def _execute(plan: Plan, *, jobs: int, tell: Progress) -> list[NotebookResult]:
    results: dict[str, NotebookResult] = {}
    first = [job for job in plan.jobs if job.name != LAST]
    last = [job for job in plan.jobs if job.name == LAST]
    # Threads, for all they do is wait: each notebook runs in a kernel process of its own.
    with (
        kernel_environment(plan.work),
        ThreadPoolExecutor(max_workers=max(1, min(jobs, len(plan.jobs)))) as pool,
    ):
        for group in (first, last):
            results |= _run_group(pool, group, plan.work, tell)
    return [results[job.name] for job in plan.jobs]


def _run_group(
    pool: ThreadPoolExecutor, group: Sequence[NotebookJob], work: Path, tell: Progress
) -> dict[str, NotebookResult]:
    pending = {pool.submit(_execute_one, job, work, tell): job.name for job in group}
    try:
        return {name: future.result() for future, name in pending.items()}
    except KeyboardInterrupt:
        tell("run", "stopping")
        for future in pending:
            future.cancel()
        raise


def _execute_one(job: NotebookJob, work: Path, tell: Progress) -> NotebookResult:
    tell(job.name, "started")
    result = execute_notebook(job, work=work)
    tell(job.name, result.status)
    return result


def _render(
    plan: Plan, results: Sequence[NotebookResult], record: Mapping[str, Any], *, staging: Path
) -> None:
    settings = plan.study.settings
    language = settings.language
    texts = Texts(language)
    links = []
    for path in available_notebooks():
        ran = any(job.name == path.stem for job in plan.jobs)
        if ran or (staging / f"{path.stem}.html").is_file():
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            links.append(PageLink(path.stem, notebook_title(notebook, texts)))
    site = SiteContext(
        language=language,
        title=getattr(settings.title, language),
        client=settings.name or settings.client,
        pages=tuple(links),
        rules=_rules(plan),
        synthetic=settings.synthetic is not None,
        written=frozenset(path.stem for path in available_notebooks()),
        source=getattr(settings.source, language) if settings.source is not None else "",
    )
    titles = {link.name: link.title for link in links}
    for result in results:
        if result.executed is not None:
            notebook = nbformat.read(result.executed, as_version=4)  # type: ignore[no-untyped-call]
            page = render_page(notebook, name=result.name, site=site)
        else:
            page = render_failure(
                name=result.name, title=titles[result.name], reason=_reason(result), site=site
            )
        _write(staging / f"{result.name}.html", page)
    findings = load_findings(staging / "findings")
    failed = [result.name for result in results if result.status != "ok"]
    _write(staging / "claims.html", render_claims(findings, site=site, failed=failed))
    index = staging / "index.html"
    _write(index, render_index(findings, site=site, provenance=_shown_provenance(record)))


def _rules(plan: Plan) -> DisclosureRules:
    parameters = plan.study.settings.parameters
    return DisclosureRules(
        min_respondents=parameters.min_respondents,
        min_comments=parameters.min_comments,
        min_model=parameters.min_model,
        min_units=parameters.min_units,
    )


def _reason(result: NotebookResult) -> Note:
    if result.failed_cell:
        message = "It stopped at the step {cell} with an error of the type {kind}."
        return Note(message=message, values={"cell": result.failed_cell, "kind": result.error})
    return Note(message="It did not run to its end ({kind}).", values={"kind": result.error})


def _shown_provenance(record: Mapping[str, Any]) -> dict[str, Any]:
    files = [
        {"name": item["file"], "sha256": item["sha256"], "rows": item["rows"]} for item in record["inputs"]
    ]
    files += [
        {"name": record[key]["file"], "sha256": record[key]["sha256"], "rows": None}
        for key in ("codebook", "study_file")
    ]
    return {
        "version": record["exresearch"],
        "started": record["started"],
        "seed": record["seed"],
        "files": files,
        "parameters": record["parameters"],
        "notebooks": record["notebooks"],
        "packages": {"python": record["python"], **record["packages"]},
    }


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


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def _as_json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _silent(name: str, state: str) -> None:
    """Say nothing; the progress of a run that nobody watches."""
