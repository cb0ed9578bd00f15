"""A Dask cluster gives what this computer gives, to the byte, and a worker that is killed loses nothing."""

import os
import signal
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from exresearch.run.many import ClientState, run_orders
from exresearch.run.orders import Order
from exresearch.run.processes import Cluster, Processes
from exresearch.run.warm import servers
from exresearch.study import StudyError
from exresearch.study.demo import write_demo_study

pytestmark = pytest.mark.skipif(not servers.can_fork(), reason="kernels are forked on Linux only")
ONLY = ("02",)


def findings(folder: Path) -> dict[str, bytes]:
    """What was found, by file."""
    return {path.name: path.read_bytes() for path in sorted((folder / "findings").glob("*.json"))}


def executing(local: LocalCluster) -> Any:
    """The worker that has begun a notebook."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for worker in local.workers.values():
            state = local.scheduler.workers.get(worker.worker_address)
            if state is not None and any("notebook_away" in str(task.key) for task in state.processing):
                return worker
        time.sleep(0.01)
    raise AssertionError("no worker has begun a notebook")


def test_a_cluster_that_loses_a_worker_gives_the_same_findings(tmp_path: Path) -> None:
    study = write_demo_study(tmp_path / "study", n_units=4, n_employees=40)
    options: dict[str, Any] = {"only": ONLY, "overrides": {"n_boot": 200, "language": "en"}}
    here = Order(study, output=tmp_path / "here", **options)
    with Processes(2, way="fork") as workers:
        (state,) = run_orders([here], workers=workers, slots=2)
    assert (state.status, state.message) == ("done", "")
    killed: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as local:

            def kill(states: Sequence[ClientState]) -> None:
                # The process that has begun a notebook, as soon as one has.
                if states[0].step.startswith("02") and not killed:
                    holder = executing(local)
                    # What was planned is not asked for again: it would begin the report anew.
                    assert not any(key.startswith("plan_away") for key in map(str, local.scheduler.tasks))
                    killed.append(holder.process.pid)
                    os.kill(killed[0], signal.SIGKILL)

            there = Order(study, output=tmp_path / "there", **options)
            with Cluster(local.scheduler_address) as workers:
                assert workers.size == 2
                (state,) = run_orders([there], workers=workers, slots=2, on_change=kill)
    assert (state.status, state.message, state.failed) == ("done", "", ())
    assert killed
    assert len(findings(tmp_path / "here")) == 2
    assert findings(tmp_path / "here") == findings(tmp_path / "there")


def test_a_scheduler_that_does_not_answer_is_said() -> None:
    with pytest.raises(StudyError, match=r"no scheduler answers there") as caught:
        Cluster("tcp://127.0.0.1:9", timeout=0.5)
    assert "dask scheduler" in str(caught.value)
