"""Where tasks are done: processes of this computer, or the workers of a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exresearch.run.forking import workers_context
from exresearch.run.kernels import begin_kernels
from exresearch.run.limits import kill_kernels
from exresearch.run.origin import source_digest
from exresearch.run.warm import adopt_server, server_address, stop_server
from exresearch.study.problems import Problem, StudyError

# A worker that is told to end writes its report to the end.
_SECONDS = 60.0


class Processes:
    """Processes of this computer, that share one server of warm kernels.

    Parameters
    ----------
    count : int
        How many.
    cold : bool
        Whether every kernel is started anew, so that there is no server.
    way : {"forkserver", "spawn", "fork"}, optional
        How processes begin. Forking from one that has only imported is quick and safe, on Linux; elsewhere Python
        starts anew.
    """

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, count: int, *, cold: bool = False, way: str | None = None) -> None:
        self._count, self._cold = count, cold
        self._way = way
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if not self._cold:
            begin_kernels()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        if kind is None:
            if pool is not None:
                pool.shutdown()
        else:
            self._stop(pool)
        stop_server()

    def executor(self) -> Executor:
        """Return the processes, which begin when first wanted."""
        if self._pool is None:
            context = workers_context(self._way)
            address = None if self._cold else server_address()
            self._pool = ProcessPoolExecutor(
                self._count, mp_context=context, initializer=_settle, initargs=(address,)
            )
        return self._pool

    def renew(self) -> None:
        """Leave broken processes behind."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _stop(self, pool: ProcessPoolExecutor | None) -> None:
        """End what is running: kernels first, so that nobody waits for them; a report is written to its end."""
        if pool is None:
            return
        processes: Sequence[Any] = list((getattr(pool, "_processes", None) or {}).values())
        stop_server()
        for process in processes:
            with suppress(OSError, ValueError):
                # Workers take this as a wish, and end their own kernels.
                os.kill(process.pid, signal.SIGTERM)
        pool.shutdown(wait=True, cancel_futures=True)
        for process in processes:
            # One that had only just begun was never told to end.
            process.join(_SECONDS)
            if process.is_alive():
                process.kill()


def _settle(address: Path | None) -> None:
    """Make a process a worker: it leaves Ctrl-C to the one that began it, and ends its kernels when told to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: kill_kernels())
    threading.Thread(target=_follow, daemon=True).start()
    if address is not None:
        adopt_server(address)


def _follow() -> None:
    """End this process with the one that began it, however that ended: nobody would tell it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        kill_kernels()
        os._exit(1)


class Cluster:
    """The workers of a Dask cluster, which have to see the same files at the same places.

    Parameters
    ----------
    address : str
        Of its scheduler, such as ``tcp://10.0.0.1:8786``.
    timeout : float
        Seconds to wait for its answer.

    Raises
    ------
    StudyError
        If Dask is not installed here, nobody answers, or a worker has another version of this package.
    """

    def __init__(self, address: str, *, timeout: float = 10.0) -> None:
        try:
            from distributed import Client, KilledWorker
        except ImportError:
            problem = "Dask is not installed here."
            remedy = "Install it with: pip install 'exresearch[cluster]'"
            raise StudyError([Problem("--scheduler", address, problem, remedy)]) from None
        self.lost: tuple[type[BaseException], ...] = (KilledWorker,)
        try:
            client: Any = Client(  # type: ignore[no-untyped-call]
                address, timeout=timeout, set_as_default=False
            )
        except (OSError, ValueError) as error:
            problem = f"no scheduler answers there ({type(error).__name__})."
            raise StudyError(
                [Problem("--scheduler", address, problem, "Start one with: dask scheduler")]
            ) from None
        others = {where for where, digest in client.run(source_digest).items() if digest != source_digest()}
        if others or not client.scheduler_info(n_workers=-1)["workers"]:
            problem = (
                f"{len(others)} workers have another version of exresearch."
                if others
                else "it has no workers."
            )
            remedy = "Install the same version there." if others else "Start one with: dask worker ADDRESS"
            client.close()
            raise StudyError([Problem("--scheduler", address, problem, remedy)])
        self._client = client
        self._executor: Executor = client.get_executor(pure=False)

    @property
    def size(self) -> int:
        """How many tasks its workers can do at a time."""
        return sum(self._client.nthreads().values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Without waiting, what has not begun is called off.
        self._executor.shutdown(wait=kind is None)
        self._client.close()

    def executor(self) -> Executor:
        """Return the cluster."""
        return self._executor

    def renew(self) -> None:
        """A cluster replaces its workers itself."""
