"""The process that worker processes are forked from, begun early: it imports while others do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.context import BaseContext

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_PRELOADED = ["exresearch.run.imports", "exresearch.run.many"]


def workers_context(way: str | None = None) -> BaseContext:
    """Return how worker processes begin.

    Parameters
    ----------
    way : {"forkserver", "spawn", "fork"}, optional
        Forking from a process that has only imported is quick and safe, on Linux; elsewhere Python starts anew.
    """
    context = multiprocessing.get_context(way or ("forkserver" if sys.platform == "linux" else "spawn"))
    # Jobs stand side by side, so that none may take all processors for itself; read when libraries are imported.
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(_PRELOADED)
    return context


def begin_forkserver() -> None:
    """Begin the process that workers are forked from, where there is one, and do not wait for it."""
    if workers_context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        # A Ctrl-C is for the command, not for what it has started: ignored here, it is ignored there.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            forkserver.ensure_running()
        finally:
            signal.signal(signal.SIGINT, before)
