"""Tasks in their order, on whatever keeps to :class:`concurrent.futures.Executor`: threads, processes or a cluster."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import Any, Protocol

# How often a task is begun whose worker died over it: once in company, once alone.
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A call that can be made somewhere else.

    Attributes
    ----------
    name : str
        Unlike that of any other task.
    call : callable
        A function of a module, so that it can be sent.
    arguments : tuple
        What it is called with; sent as well.
    after : frozenset of str
        Tasks that have to be done before, whatever came of them.
    rank : tuple of int
        Of those that can begin, the lowest begins first.
    tries : int
        How often its worker died.
    """

    name: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    after: frozenset[str] = frozenset()
    rank: tuple[int, ...] = ()
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    value : object
        What the call returned; None where it did not return.
    error : BaseException or None
        What it raised; :class:`WorkerLost` where its worker died over it.
    """

    value: Any = None
    error: BaseException | None = None


class WorkerLost(RuntimeError):
    """The process that did a task died over it, twice."""


class Workers(Protocol):
    """Where tasks are done."""

    #: What a future raises whose worker died.
    lost: tuple[type[BaseException], ...]

    def executor(self) -> Executor:
        """Return the executor; after :meth:`renew` another one."""

    def renew(self) -> None:
        """Replace an executor that can take no tasks any more."""


Begun = Callable[[Task], None]
Done = Callable[[Task, Outcome], Sequence[Task]]


def run_tasks(
    tasks: Iterable[Task], *, workers: Workers, slots: int, done: Done, begun: Begun | None = None
) -> None:
    """Do tasks, so many at a time, each when those before it are done.

    A task whose worker dies is begun once more, alone: where a worker of several dies, all of them are lost, and only
    so it is seen whose fault it was.

    Parameters
    ----------
    tasks : iterable of Task
        To begin with.
    workers : Workers
        Where they are done.
    slots : int
        At a time.
    done : callable
        Told of every task and its outcome, in this thread; returns tasks to be done as well.
    begun : callable, optional
        Told of every task that begins.

    Raises
    ------
    ValueError
        If a task waits for one that never comes.
    """
    ready: list[tuple[tuple[int, ...], int, Task]] = []
    suspects: list[Task] = []
    waiting: list[Task] = []
    running: dict[Future[Any], Task] = {}
    over: set[str] = set()
    count = 0

    def sort_in() -> None:
        nonlocal count
        for task in [task for task in waiting if task.after <= over]:
            waiting.remove(task)
            count += 1
            heapq.heappush(ready, (task.rank, count, task))

    def begin(task: Task) -> None:
        try:
            future = workers.executor().submit(task.call, *task.arguments)
        except BrokenExecutor:
            # It broke between two tasks, so that this one is no suspect.
            workers.renew()
            future = workers.executor().submit(task.call, *task.arguments)
        running[future] = task
        if begun is not None and not task.tries:
            begun(task)

    waiting.extend(tasks)
    while waiting or ready or running or suspects:
        sort_in()
        if suspects and not running:
            begin(suspects.pop(0))
        while ready and len(running) < slots and not suspects and not _alone(running.values()):
            begin(heapq.heappop(ready)[2])
        if not running:
            raise ValueError(
                f"{', '.join(sorted(task.name for task in waiting))}: waits for what never comes."
            )
        for task, outcome in _finished(running, workers):
            if outcome is None:
                task = replace(task, tries=task.tries + 1)
                if task.tries < _TRIES:
                    suspects.append(task)
                    continue
                outcome = Outcome(error=WorkerLost(task.name))
            over.add(task.name)
            waiting.extend(done(task, outcome))


def _finished(running: dict[Future[Any], Task], workers: Workers) -> list[tuple[Task, Outcome | None]]:
    """Wait for the next that end, take them out and return what came of them; nothing else remembers their futures.

    A cluster does a task again whose result is still asked for when the worker that keeps it dies.
    """
    finished, _ = wait(running, return_when=FIRST_COMPLETED)
    # In the order of their names: what comes of tasks that end together does not depend on chance.
    return [
        (running.pop(future), _outcome(future, workers))
        for future in sorted(finished, key=lambda one: running[one].name)
    ]


def _alone(running: Iterable[Task]) -> bool:
    return any(task.tries for task in running)


def _outcome(future: Future[Any], workers: Workers) -> Outcome | None:
    """Return what came of a task; None where its worker died."""
    try:
        return Outcome(future.result())
    except workers.lost:
        return None
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its outcome and nobody else's
        return Outcome(error=error)
