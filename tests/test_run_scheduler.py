"""The scheduler: tasks in their order on threads and processes, and what becomes of them when a process dies."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from exresearch.run.limits import usual_jobs
from exresearch.run.runner import Threads
from exresearch.run.scheduler import Outcome, Task, WorkerLost, run_tasks


class Forked:
    """Processes forked from this one, replaced when they break."""

    lost = (BrokenExecutor,)

    def __init__(self, count: int) -> None:
        self.count, self.made = count, 0
        self.pool: ProcessPoolExecutor | None = None

    def executor(self) -> Executor:
        if self.pool is None:
            self.made += 1
            self.pool = ProcessPoolExecutor(self.count, mp_context=multiprocessing.get_context("fork"))
        return self.pool

    def renew(self) -> None:
        assert self.pool is not None
        self.pool.shutdown(wait=False)
        self.pool = None


class Record:
    """Notes what came of tasks, and how many ran at once."""

    def __init__(self, more: dict[str, list[Task]] | None = None) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.begun: list[str] = []
        self.more = more or {}

    def done(self, task: Task, outcome: Outcome) -> Sequence[Task]:
        assert task.name not in self.outcomes
        self.outcomes[task.name] = outcome
        return self.more.get(task.name, [])

    def begin(self, task: Task) -> None:
        self.begun.append(task.name)


def give(value: int) -> int:
    return value


def fail(_: int) -> None:
    raise KeyError("no")


def die(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "second"


def slow(value: int) -> int:
    time.sleep(0.05)
    return value


def test_tasks_begin_by_rank_and_after_those_before_them() -> None:
    record = Record({"c": [Task("d", give, (4,))]})
    tasks = [
        Task("a", give, (1,), after=frozenset({"b"}), rank=(0,)),
        Task("b", give, (2,), rank=(9,)),
        Task("c", give, (3,), rank=(1,)),
    ]
    with ThreadPoolExecutor(1) as pool:
        run_tasks(tasks, workers=Threads(pool), slots=1, done=record.done, begun=record.begin)
    assert record.begun == ["c", "d", "b", "a"]
    assert {name: outcome.value for name, outcome in record.outcomes.items()} == {
        "a": 1,
        "b": 2,
        "c": 3,
        "d": 4,
    }


def test_no_more_than_the_slots_run_at_once() -> None:
    now, most, lock = [0], [0], threading.Lock()

    def count() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        tasks = [Task(str(i), count) for i in range(12)]
        run_tasks(tasks, workers=Threads(pool), slots=3, done=Record().done)
    assert most[0] == 3


def test_what_a_task_raises_is_its_outcome_and_lets_others_begin() -> None:
    record = Record()
    tasks = [Task("bad", fail, (1,)), Task("next", give, (2,), after=frozenset({"bad"}))]
    with ThreadPoolExecutor(1) as pool:
        run_tasks(tasks, workers=Threads(pool), slots=1, done=record.done)
    assert isinstance(record.outcomes["bad"].error, KeyError)
    assert record.outcomes["next"] == Outcome(2)


def test_a_task_that_waits_for_what_never_comes_is_said() -> None:
    tasks = [Task("x", give, (1,), after=frozenset({"nobody"}))]
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="x: waits for what never comes"):
        run_tasks(tasks, workers=Threads(pool), slots=1, done=Record().done)


def test_a_worker_that_dies_takes_nothing_along(tmp_path: Path) -> None:
    """One task kills its process each time, one the first time; the others were running beside them."""
    record, workers = Record(), Forked(3)
    tasks = [Task(f"n{i}", slow, (i,)) for i in range(6)]
    tasks[1:1] = [Task("deadly", die, (tmp_path,)), Task("once", die_once, (tmp_path / "mark",))]
    run_tasks(tasks, workers=workers, slots=3, done=record.done)
    assert {name: record.outcomes[name].value for name in (f"n{i}" for i in range(6))} == {
        f"n{i}": i for i in range(6)
    }
    assert isinstance(record.outcomes["deadly"].error, WorkerLost)
    assert record.outcomes["once"] == Outcome("second")
    assert workers.made >= 3


def test_one_notebook_more_than_processors_runs_at_a_time_but_for_large_studies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for processors, usual, large in ((1, 2, 1), (2, 3, 2), (64, 5, 4), (None, 2, 1)):
        monkeypatch.setattr("exresearch.run.limits.os.cpu_count", lambda found=processors: found)
        assert (usual_jobs(), usual_jobs(199_999), usual_jobs(200_000)) == (usual, usual, large)
