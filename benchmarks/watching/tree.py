"""A command with everything it starts, watched: seconds, processor seconds and memory."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Watched:
    """What a command took.

    Attributes
    ----------
    seconds, processor : float
        On the clock, and of all processors by it and its children.
    peak : float
        The most GiB that all its processes held together; what they share is counted once (PSS).
    when : float
        Seconds after which that was.
    parts : dict of str to float
        GiB by process at that moment.
    code : int
        Exit code.
    """

    seconds: float
    processor: float
    peak: float
    when: float
    parts: dict[str, float]
    code: int


def watched(
    command: Sequence[str], *, cwd: Path, quiet: bool = False, environment: dict[str, str] | None = None
) -> Watched:
    """Run a command to its end."""
    # Whatever outlives its parent becomes a child of this process, and is counted.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    used = _processor()
    clock = time.perf_counter()
    where = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(list(command), cwd=cwd, stdout=where, stderr=where, env=environment)
    peak: list[tuple[float, float, dict[str, float]]] = [(0.0, 0.0, {})]
    watcher = threading.Thread(target=watch, args=(process, clock, peak), daemon=True)
    watcher.start()
    code = process.wait()
    seconds = time.perf_counter() - clock
    watcher.join(5)
    return Watched(seconds, _processor() - used, *peak[0], code)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(
    process: subprocess.Popen[bytes], clock: float, peak: list[tuple[float, float, dict[str, float]]]
) -> None:
    """Keep the most that all processes held together: what they share is counted once (PSS)."""
    while process.poll() is None:
        parts = {str(pid): held(pid) for pid in descendants(os.getpid())}
        total = sum(parts.values())
        if total > peak[0][0]:
            names = {f"{pid}": size for pid, size in parts.items() if size > 0.05}
            peak[0] = (total, time.perf_counter() - clock, names)
        time.sleep(0.5)


def descendants(parent: int) -> list[int]:
    """Processes that come from this one, without it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(text.rpartition(")")[2].split()[1])
    found, more = [], [parent]
    while more:
        above = more.pop()
        children = [pid for pid, its in parents.items() if its == above]
        found += children
        more += children
    return found


def held(pid: int) -> float:
    """Memory of a process in GiB, its part of what it shares included."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 2**20
    except OSError:
        pass
    return 0.0
