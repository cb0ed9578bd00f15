"""The course of one client's notebooks: which have to run, in which order, and what came of each."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exresearch.report import Texts
from exresearch.run.execute import NotebookResult, execute_notebook
from exresearch.run.exports import possible
from exresearch.run.keys import Key, Keys, reason
from exresearch.run.limits import Limits
from exresearch.run.plan import LAST, NotebookJob, Plan, write_resolved_study
from exresearch.run.render import body_of
from exresearch.run.results import Kept, Results
from exresearch.run.scheduler import Outcome, Task
from exresearch.run.staging import STAGED, new_staging

# What a reader needs to trust the rest comes first, so that a run that is broken off has told it.
_EARLY = ("00_data_readiness", "01_measurement")
NEVER, FAILED = "it has not run to its end before", "failed"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run whose folders are ready, with what has to be done.

    Attributes
    ----------
    plan : Plan
        What is run.
    made : Keys
        What keys are made with.
    keys : dict of str to Key
        Of every notebook but the summary, whose key takes the others' results.
    todo : tuple of NotebookJob
        Notebooks to execute, the summary left out.
    reused : tuple of NotebookResult
        Results that were taken over.
    left_out : dict of str to str
        A sentence for each file to be passed on that cannot be made.
    force : bool
        Whether the notebooks asked for are executed though nothing has changed.
    started : datetime.datetime
        When it began.
    """

    plan: Plan
    made: Keys
    keys: dict[str, Key]
    todo: tuple[NotebookJob, ...]
    reused: tuple[NotebookResult, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    force: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def staging(self) -> Path:
        """The report being built."""
        return self.plan.work / STAGED


def prepare_plan(plan: Plan, *, force: bool = False) -> Prepared:
    """Make the folders of a run, and take over what is kept of notebooks that need not run again.

    Parameters
    ----------
    plan : Plan
        A checked plan.
    force : bool
        Execute the notebooks asked for though nothing has changed.

    Returns
    -------
    Prepared

    Raises
    ------
    OSError
        If the working folder cannot be written.
    """
    started = datetime.now(UTC)
    plan, left_out = possible(plan)
    write_resolved_study(plan)
    staging = new_staging(plan.work)
    standing = stand(plan, force=force)
    reused = []
    for job, kept in standing.fresh:
        Results(plan.work).restore(job, kept, staging=staging)
        reused.append(taken_over(kept))
    todo = tuple(job for job, _ in standing.stale)
    return Prepared(plan, standing.made, standing.keys, todo, tuple(reused), left_out, force, started)


@dataclass(frozen=True, slots=True)
class Standing:
    """What would be executed now, and what is kept.

    Attributes
    ----------
    made : Keys
        What keys are made with.
    keys : dict of str to Key
        Of every notebook but the summary.
    stale : tuple of (NotebookJob, str)
        Notebooks to be executed, each with the reason; the summary left out.
    fresh : tuple of (NotebookJob, Kept)
        Notebooks of which nothing has changed.
    """

    made: Keys
    keys: dict[str, Key]
    stale: tuple[tuple[NotebookJob, str], ...]
    fresh: tuple[tuple[NotebookJob, Kept], ...]


def stand(plan: Plan, *, force: bool = False) -> Standing:
    """Compare every notebook but the summary with what is kept of it; changes nothing.

    Parameters
    ----------
    plan : Plan
        A checked plan.
    force : bool
        Execute the notebooks asked for though nothing has changed.

    Returns
    -------
    Standing
    """
    made, store = Keys(plan), Results(plan.work)
    keys: dict[str, Key] = {}
    stale, fresh = [], []
    for job in _in_order([*plan.jobs, *plan.others]):
        if job.name == LAST:
            continue
        key = keys[job.name] = made.of(job)
        kept, asked = store.found(job), job in plan.jobs
        if kept is not None and kept.parts == key.parts and not (force and asked):
            fresh.append((job, kept))
        elif asked:
            why = NEVER if kept is None else reason(kept.parts, key.parts) or "it is forced"
            stale.append((job, why))
    return Standing(made, keys, tuple(stale), tuple(fresh))


def taken_over(kept: Kept) -> NotebookResult:
    """Return a kept result as that of a notebook of this run."""
    return NotebookResult(
        kept.name, "ok", kept.seconds, kept.executed, warnings=kept.warnings, reused=True, body=kept.body
    )


def run_notebook(
    job: NotebookJob, key: Key, *, work: Path, language: str, cold: bool, limits: Limits
) -> NotebookResult:
    """Execute a notebook, make the inside of its page, and keep both.

    Parameters
    ----------
    job : NotebookJob
        The notebook.
    key : Key
        What it is made from.
    work : pathlib.Path
        Working folder, in which the report is being built.
    language : str
        Of the reader.
    cold : bool
        Start Python for the kernel.
    limits : Limits
        What its kernel may take.

    Returns
    -------
    NotebookResult
        ``failed`` with the type of the error, whatever went wrong; its text is in the log alone.
    """
    result = execute_notebook(job, work=work, cold=cold, limits=limits)
    if result.executed is None:
        return result
    try:
        body = body_of(result.executed, Texts(language))
        kept = Results(work).keep(
            job,
            key,
            executed=result.executed,
            staging=work / STAGED,
            seconds=result.seconds,
            warnings=result.warnings,
            body=body,
        )
    except Exception as error:  # noqa: BLE001 - every failure of one notebook is contained here
        with suppress(OSError):
            log = work / f"{job.name}.log"
            log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return replace(result, status=FAILED, executed=None, error=type(error).__name__)
    return replace(result, executed=kept.executed, body=body)


class Course:
    """The notebooks of one client as tasks, the summary when the others are done.

    Parameters
    ----------
    prepared : Prepared
        The run.
    cold : bool
        Start Python for every kernel.
    limits : Limits
        What a kernel may take.
    prefix : str
        Before the names of tasks, where several clients share a scheduler.
    rank : tuple of int
        Of this client among others.
    """

    def __init__(
        self, prepared: Prepared, *, cold: bool, limits: Limits, prefix: str = "", rank: tuple[int, ...] = ()
    ) -> None:
        self.prepared = prepared
        self._cold, self._limits, self._prefix, self._rank = cold, limits, prefix, rank
        self._results = {result.name: result for result in prepared.reused}
        self._pending = {job.name for job in prepared.todo}
        self._last_due = True

    @property
    def results(self) -> list[NotebookResult]:
        """What came of the notebooks so far, in reading order."""
        return sorted(self._results.values(), key=lambda result: result.name)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be done."""
        return not self._pending and not self._last_due

    def begin(self) -> list[Task]:
        """Return the tasks to begin with."""
        store, tasks = Results(self.prepared.plan.work), []
        for job in self.prepared.todo:
            earlier = store.found(job)
            seconds = earlier.seconds if earlier is not None else 0.0
            # The longest first: begun last, it would be waited for by all the others.
            rank = (*self._rank, 0 if job.name in _EARLY else 1, -round(seconds))
            tasks.append(self._task(job, self.prepared.keys[job.name], rank))
        return tasks or self._last()

    def done(self, name: str, outcome: Outcome) -> list[Task]:
        """Note what came of a notebook, and return the summary's task when its turn has come.

        Parameters
        ----------
        name : str
            Of the notebook.
        outcome : Outcome
            Of its task.

        Returns
        -------
        list of Task
        """
        result = outcome.value
        if outcome.error is not None:
            result = NotebookResult(name, FAILED, 0.0, None, error=type(outcome.error).__name__)
        self._results[name] = result
        self._pending.discard(name)
        return self._last() if not self._pending and self._last_due else []

    def _last(self) -> list[Task]:
        self._last_due = False
        plan = self.prepared.plan
        jobs = [job for job in [*plan.jobs, *plan.others] if job.name == LAST]
        if not jobs:
            return []
        key = self.prepared.made.of(jobs[0], before=before_of(self.prepared.keys, self.results))
        store = Results(plan.work)
        asked = jobs[0] in plan.jobs
        kept = store.fresh(jobs[0], key)
        if kept is not None and not (self.prepared.force and asked):
            store.restore(jobs[0], kept, staging=self.prepared.staging)
            self._results[LAST] = taken_over(kept)
            return []
        if not asked:
            return []
        self._pending.add(LAST)
        return [self._task(jobs[0], key, (*self._rank, 2))]

    def _task(self, job: NotebookJob, key: Key, rank: tuple[int, ...]) -> Task:
        plan = self.prepared.plan
        options = {
            "work": plan.work,
            "language": plan.study.settings.language,
            "cold": self._cold,
            "limits": self._limits,
        }
        return Task(f"{self._prefix}{job.name}", execute_task, (job, key, options), rank=rank)


def before_of(keys: Mapping[str, Key], results: Sequence[NotebookResult]) -> dict[str, str]:
    """Return what the summary is made of: the digest of the key of each notebook before it, or ``failed``."""
    return {
        result.name: keys[result.name].digest if result.status == "ok" else FAILED
        for result in results
        if result.name in keys
    }


def execute_task(job: NotebookJob, key: Key, options: Mapping[str, Any]) -> NotebookResult:
    """Call :func:`run_notebook` with what was sent, in whichever process this is."""
    return run_notebook(job, key, **options)


def _in_order(jobs: Sequence[NotebookJob]) -> list[NotebookJob]:
    return sorted(jobs, key=lambda job: job.name)
