"""What one notebook may take of a computer, so that no client is in the way of another."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field

#: Minutes that a notebook may take unless something else is asked for.
MINUTES = 60.0
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]i?|)b?", re.IGNORECASE)


# Rows of a table from which on one notebook more at a time would cost much memory.
_LARGE = 200_000


def usual_jobs(rows: int = 0) -> int:
    """Return how many notebooks run at a time where nothing else is said.

    One more than there are processors, at most five: each also waits, for its kernel to begin and to end and for files
    to be safe on the disk. Of a large study one per processor.

    Parameters
    ----------
    rows : int
        Of the study's largest table, where that is known.

    Returns
    -------
    int
    """
    return min(os.cpu_count() or 1, 4) + (rows < _LARGE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a notebook may take.

    Attributes
    ----------
    seconds : float
        From the start of its kernel; 0 is without end.
    memory : int
        Bytes of its kernel; 0 is all there is. Only Linux can hold a kernel to it.
    """

    seconds: float = MINUTES * 60
    memory: int = 0


def memory_of(text: str) -> int:
    """Read an amount of memory.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> memory_of("4GiB"), memory_of("1.5G"), memory_of("800 MB")
    (4294967296, 1500000000, 800000000)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no amount of memory; write 4GiB or 800MB.")
    return int(float(found.group(1)) * _UNITS[found.group(2).casefold()])


def can_limit_memory() -> bool:
    """Tell whether this system can hold another process to an amount of memory."""
    return sys.platform == "linux"


@dataclass(slots=True)
class Watch:
    """Holds one kernel to its limits.

    Attributes
    ----------
    limits : Limits
        What it may take.
    expired : bool
        Whether its time was over.
    """

    limits: Limits
    expired: bool = False
    _pid: int = 0
    _timer: threading.Timer | None = field(default=None, repr=False)

    def begin(self, pid: int) -> None:
        """Begin with a kernel that has started.

        Parameters
        ----------
        pid : int
            Of the kernel, which leads a process group.
        """
        # One that never answered may have been left to itself; its clock would end this one.
        self.end()
        self._pid = pid
        with _lock:
            _kernels.add(pid)
        if _stopping.is_set():
            _kill(pid)
        if self.limits.memory and can_limit_memory():
            import resource

            with suppress(OSError):
                # Address space is no measure: libraries reserve much of it. This is what they really write to.
                resource.prlimit(pid, resource.RLIMIT_DATA, (self.limits.memory, self.limits.memory))
        if self.limits.seconds:
            self._timer = threading.Timer(self.limits.seconds, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """The kernel has ended."""
        if self._timer is not None:
            self._timer.cancel()
        with _lock:
            _kernels.discard(self._pid)

    def _expire(self) -> None:
        self.expired = True
        _kill(self._pid)


_lock = threading.Lock()
_kernels: set[int] = set()
_stopping = threading.Event()


def kernels_welcome() -> bool:
    """Tell whether kernels may start: not any more when this process was told to stop."""
    return not _stopping.is_set()


def welcome_kernels() -> None:
    """Let kernels start again, in a process that stopped before and goes on."""
    _stopping.clear()


def kill_kernels() -> None:
    """End every kernel of this process at once, and those that still start; the notebooks that they ran have failed."""
    _stopping.set()
    with _lock:
        pids = tuple(_kernels)
    for pid in pids:
        _kill(pid)


def _kill(pid: int) -> None:
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL) if hasattr(os, "killpg") else os.kill(pid, signal.SIGTERM)
