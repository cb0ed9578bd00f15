"""Many clients at once: each in parts that any process can do, so that none is in the way of another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exresearch.run.course import Course, Prepared, execute_task, prepare_plan
from exresearch.run.door import DisclosureError
from exresearch.run.execute import NotebookResult, kernel_environment
from exresearch.run.finish import RunResult, finish_run
from exresearch.run.keys import Key
from exresearch.run.leaks import LeakError
from exresearch.run.limits import Limits, can_limit_memory
from exresearch.run.orders import Order, note, place_of, plan_order, unchanged
from exresearch.run.plan import RESOLVED, NotebookJob
from exresearch.run.scheduler import Outcome, Task, WorkerLost, Workers, run_tasks
from exresearch.run.suite import available_notebooks, working_folder
from exresearch.study import StudyError, load_study
from exresearch.study.prepared import drop_prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How a client can stand: the last five are how it can end.
WAITING, RUNNING, DONE, FAILED, REFUSED, UNSAFE, STOPPED = (
    "waiting",
    "running",
    "done",
    "failed",
    "refused",
    "unsafe",
    "stopped",
)


@dataclass(slots=True)
class ClientState:
    """How a client stands.

    Attributes
    ----------
    order : Order
        What is asked for.
    name : str
        The client; the name of its study file until that has been read.
    status : str
        ``waiting``, ``running``, ``done``, ``failed`` (a notebook or the report failed), ``refused`` (the input cannot
        be used), ``unsafe`` (made and not published) or ``stopped``.
    step : str
        What is being done.
    total, finished, reused : int
        Notebooks of the report, those that are done, and those of them that were taken over.
    failed : tuple of str
        Notebooks that failed.
    message : str
        What the user has to know.
    index : pathlib.Path or None
        The report's first page.
    began, ended : float
        Of a clock that only counts.
    """

    order: Order
    name: str
    status: str = WAITING
    step: str = ""
    total: int = 0
    finished: int = 0
    reused: int = 0
    failed: tuple[str, ...] = ()
    message: str = ""
    index: Path | None = None
    began: float = 0.0
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return (self.ended or time.monotonic()) - self.began if self.began else 0.0


OnChange = Callable[[Sequence[ClientState]], None]


def run_orders(
    orders: Sequence[Order], *, workers: Workers, slots: int, on_change: OnChange | None = None
) -> list[ClientState]:
    """Carry out orders, so many notebooks at a time over all of them.

    Parameters
    ----------
    orders : sequence of Order
        One per client.
    workers : Workers
        Where the work is done.
    slots : int
        Tasks at a time.
    on_change : callable, optional
        Told how all clients stand, whenever that changes.

    Returns
    -------
    list of ClientState
        In the order given. Whatever happens to one client is told in its state and touches no other.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted; what is finished stays.
    """
    states = [ClientState(order, _called(order)) for order in orders]
    tell = on_change if on_change is not None else _silent
    courses: dict[int, Course] = {}
    tasks = []
    for number, state in enumerate(states):
        found = unchanged(state.order)
        if found is not None:
            index, published = found
            state.status, state.index = DONE, index
            state.total = state.finished = state.reused = published.notebooks
            state.message = "nothing has changed"
        else:
            tasks.append(Task(f"{number}:plan", plan_away, (state.order,), rank=(number, -1)))
    tell(states)

    def begun(task: Task) -> None:
        state, step = states[_number(task)], task.name.partition(":")[2]
        state.status, state.step = RUNNING, step
        state.began = state.began or time.monotonic()
        tell(states)

    def done(task: Task, outcome: Outcome) -> Sequence[Task]:
        number, step = _number(task), task.name.partition(":")[2]
        state, more = states[number], list[Task]()
        if step == "plan":
            course = _planned(state, outcome, number)
            if course is not None:
                courses[number], more = course, course.begin()
                state.finished = len(course.results)
        elif step == "report":
            _reported(state, outcome)
        else:
            course = courses[number]
            more = course.done(step, outcome)
            state.finished = len(course.results)
            state.reused = sum(result.reused for result in course.results)
            state.failed = tuple(r.name for r in course.results if r.status != "ok")
        if number in courses and courses[number].complete and state.status == RUNNING and step != "report":
            course = courses.pop(number)
            arguments = (state.order, course.prepared, course.results)
            more = [Task(f"{number}:report", finish_away, arguments, rank=(number, 3))]
        more = [_away(one) for one in more]
        tell(states)
        return more

    try:
        run_tasks(tasks, workers=workers, slots=slots, done=done, begun=begun)
    except KeyboardInterrupt:
        for state in states:
            if state.status in (WAITING, RUNNING):
                state.status, state.ended = STOPPED, time.monotonic()
        tell(states)
        raise
    finally:
        for order in orders:
            # Answers of people, of which no second copy is to lie about, whatever became of the client.
            place = place_of(order)
            if place is not None:
                drop_prepared(working_folder(place) / RESOLVED)
    return states


def _called(order: Order) -> str:
    """Return the client of a study file, or the file's name where it does not say."""
    place = place_of(replace(order, output=None))
    return order.study_file.name if place is None else place.name


def _number(task: Task) -> int:
    return int(task.name.partition(":")[0])


def _away(task: Task) -> Task:
    """Let a notebook be executed in a process that has nothing ready for it."""
    return replace(task, call=notebook_away) if task.call is execute_task else task


def _planned(state: ClientState, outcome: Outcome, number: int) -> Course | None:
    """Take up what planning came to: the course of the notebooks, or None where the client has ended."""
    if isinstance(outcome.value, Prepared):
        prepared: Prepared = outcome.value
        state.name = prepared.plan.study.settings.client
        state.total = len(prepared.todo) + len(prepared.reused)
        state.total += any(job.name not in prepared.keys for job in prepared.plan.jobs)
        state.reused = len(prepared.reused)
        order = state.order
        return Course(prepared, cold=order.cold, limits=order.limits, prefix=f"{number}:", rank=(number,))
    state.status, state.ended = (REFUSED if outcome.error is None else FAILED), time.monotonic()
    state.message = outcome.value if outcome.error is None else _words(outcome.error)
    return None


def _reported(state: ClientState, outcome: Outcome) -> None:
    """Take up what came of the report."""
    state.ended, state.step = time.monotonic(), ""
    if isinstance(outcome.value, Finished):
        state.status = outcome.value.status
        state.index, state.message = outcome.value.index, outcome.value.message
        if state.status == DONE and state.failed:
            state.status = FAILED
            state.message = (
                f"{len(state.failed)} of {state.total} notebooks failed: {', '.join(state.failed)}"
            )
    else:
        state.status = FAILED
        state.message = _words(outcome.error)


def _words(error: BaseException | None) -> str:
    """Say what an error means for a client, without its text, which may quote data."""
    if isinstance(error, WorkerLost):
        return "the process that did it was ended from outside, twice; most often memory was not enough."
    if isinstance(error, MemoryError):
        return "more memory was needed than it may take."
    if isinstance(error, OSError):
        place = Path(str(error.filename)).name if error.filename else "a file"
        return f"{place} cannot be read or written ({error.strerror or type(error).__name__})."
    return f"the report could not be made ({type(error).__name__})."


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a report that was made in another process.

    Attributes
    ----------
    status : str
        ``done`` or ``unsafe``.
    index : pathlib.Path or None
        Its first page.
    message : str
        What the user has to know.
    """

    status: str
    index: Path | None
    message: str = ""


def plan_away(order: Order) -> Prepared | str:
    """Plan an order and make its folders ready; the tables stay where they were read.

    Returns
    -------
    Prepared or str
        Without the study's tables; or everything that is wrong with the input, as text.
    """
    with held(order.limits):
        try:
            plan = plan_order(order)
            prepared = prepare_plan(plan, force=order.force)
        except StudyError as error:
            return str(error)
    return replace(prepared, plan=replace(prepared.plan, study=replace(plan.study, tables={})))


def notebook_away(job: NotebookJob, key: Key, options: dict[str, Any]) -> NotebookResult:
    """Execute a notebook in a process that may have nothing ready for it."""
    with kernel_environment(options["work"], notebooks=available_notebooks()):
        return execute_task(job, key, options)


def finish_away(order: Order, prepared: Prepared, results: Sequence[NotebookResult]) -> Finished:
    """Write the report of an order whose notebooks are done; its tables are read again."""
    with held(order.limits):
        resolved = prepared.plan.work / RESOLVED
        tables = load_study(resolved, judged=True).tables
        # Not needed any more, while other clients still run.
        drop_prepared(resolved)
        whole = replace(prepared.plan, study=replace(prepared.plan.study, tables=tables))
        try:
            result: RunResult = finish_run(
                replace(prepared, plan=whole), results, keep_notebooks=order.keep_notebooks
            )
        except (LeakError, DisclosureError) as error:
            return Finished(UNSAFE, None, str(error))
        note(order, whole, result)
    return Finished(DONE, result.index, " ".join(result.left_out))


_holding = threading.Lock()


@contextmanager
def held(limits: Limits) -> Iterator[None]:
    """Hold this process to an amount of memory inside the block, where the system can."""
    if not (limits.memory and can_limit_memory() and _holding.acquire(blocking=False)):
        # Two at once in one process cannot be told apart.
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, before[1]))
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, before)
        _holding.release()


def _silent(states: Sequence[ClientState]) -> None:
    """Say nothing."""
