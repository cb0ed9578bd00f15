"""A planned run carried out: notebooks side by side, the summary last, pages and provenance at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from exresearch.run.course import Course, Prepared, prepare_plan
from exresearch.run.execute import NotebookResult, kernel_environment
from exresearch.run.finish import RunResult, finish_run
from exresearch.run.leaks import LeakSearch
from exresearch.run.limits import Limits, kill_kernels, usual_jobs, welcome_kernels
from exresearch.run.plan import RESOLVED, Plan
from exresearch.run.scheduler import Outcome, Task, run_tasks
from exresearch.study.prepared import drop_prepared

Progress = Callable[[str, str], None]


def run_plan(
    plan: Plan,
    *,
    jobs: int | None = None,
    on_progress: Progress | None = None,
    keep_notebooks: bool = False,
    cold: bool = False,
    force: bool = False,
    limits: Limits | None = None,
) -> RunResult:
    """Execute the notebooks of a plan and write the report.

    Parameters
    ----------
    plan : Plan
        A checked plan.
    jobs : int, optional
        Notebooks at a time; the number of processors, at most four, by default.
    on_progress : callable, optional
        Called with a notebook's name (or ``report``) and ``started``, ``ok``, ``failed`` or ``unchanged``; with
        ``run`` and ``stopping`` when it is interrupted.
    keep_notebooks : bool
        Deliver the executed notebooks with the report.
    cold : bool
        Start Python anew for every notebook, instead of forking kernels from one that has imported everything.
    force : bool
        Execute notebooks though nothing they are made from has changed.
    limits : Limits, optional
        What a notebook may take.

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
    tell = on_progress if on_progress is not None else _silent
    search: LeakSearch | None = None
    try:
        prepared = prepare_plan(plan, force=force)
        search = LeakSearch(prepared.plan) if prepared.todo else None
        results = _execute(
            prepared.plan,
            prepared=prepared,
            jobs=jobs or usual_jobs(max(map(len, plan.study.tables.values()), default=0)),
            tell=tell,
            cold=cold,
            limits=limits or Limits(),
            search=search,
        )
    except BaseException:
        if search is not None:
            search.stop()
        raise
    finally:
        # Answers of people, of which no second copy is to lie about.
        drop_prepared(plan.work / RESOLVED)
    tell("report", "started")
    finished = finish_run(prepared, results, keep_notebooks=keep_notebooks, search=search)
    tell("report", "ok")
    return finished


class Threads:
    """Threads as workers, for all they do is wait: each notebook runs in a kernel process of its own.

    Parameters
    ----------
    pool : concurrent.futures.Executor
        The threads.
    """

    lost: tuple[type[BaseException], ...] = ()

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    def executor(self) -> Executor:
        """Return the threads."""
        return self._pool

    def renew(self) -> None:
        """Threads never break."""


def _execute(
    plan: Plan,
    *,
    prepared: Prepared,
    jobs: int,
    tell: Progress,
    cold: bool,
    limits: Limits,
    search: LeakSearch | None,
) -> Sequence[NotebookResult]:
    """Execute what has to be, and return what came of every notebook of the report."""
    welcome_kernels()
    course = Course(prepared, cold=cold, limits=limits)
    for result in prepared.reused:
        tell(result.name, "unchanged")
        if search is not None:
            search.add(result)
    # A server of warm kernels takes as long to begin as a kernel, so that it pays from the third one on.
    notebooks = [job.path for job in prepared.todo] if len(prepared.todo) > 2 else []

    def done(task: Task, outcome: Outcome) -> Sequence[Task]:
        more = course.done(task.name, outcome)
        result = next(r for r in course.results if r.name == task.name)
        tell(task.name, result.status)
        if search is not None:
            search.add(result)
        return more

    with (
        kernel_environment(plan.work, notebooks=notebooks),
        ThreadPoolExecutor(max_workers=max(1, min(jobs, len(plan.jobs)))) as pool,
    ):
        try:
            run_tasks(
                course.begin(),
                workers=Threads(pool),
                slots=jobs,
                done=done,
                begun=lambda task: tell(task.name, "started"),
            )
        except KeyboardInterrupt:
            tell("run", "stopping")
            pool.shutdown(wait=False, cancel_futures=True)
            kill_kernels()
            raise
    return course.results


def _silent(name: str, state: str) -> None:
    """Say nothing; the progress of a run that nobody watches."""
