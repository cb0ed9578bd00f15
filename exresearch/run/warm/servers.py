"""One server of warm kernels per process, begun when first wanted and ended with the process."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from exresearch.run.warm.places import socket_folder
from exresearch.run.warm.server import modules_of

_SECONDS = 60.0
_PAUSE = 0.02


@dataclass(slots=True)
class _Server:
    process: subprocess.Popen[bytes]
    folder: Path
    fingerprint: str

    @property
    def address(self) -> Path:
        return self.folder / "s"


_lock = threading.Lock()
_running: list[_Server] = []
_adopted: list[Path] = []


def can_fork() -> bool:
    """Tell whether this system lets a process be forked after its imports; macOS and Windows do not."""
    return sys.platform == "linux" and hasattr(os, "fork")


def begin_server(notebooks: Sequence[Path], environment: Mapping[str, str]) -> None:
    """Start the server, if there is none and the system allows it, and do not wait for it.

    Parameters
    ----------
    notebooks : sequence of pathlib.Path
        What they import is imported beforehand.
    environment : mapping
        Of the server; number of threads and matplotlib's backend are read while importing.
    """
    if not can_fork() or _adopted:
        return
    with _lock:
        mark = _fingerprint()
        if _running and (_running[0].process.poll() is not None or _running[0].fingerprint != mark):
            _stop()
        if not _running:
            folder, _ = socket_folder()
            command = [sys.executable, "-P", "-m", "exresearch.run.warm.server", str(folder / "s")]
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    [*command, json.dumps(modules_of(notebooks))],
                    env=dict(environment),
                    stdin=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
            _running.append(_Server(process, folder, mark))


def adopt_server(address: Path) -> None:
    """Use the server of another process, which looks after it."""
    _adopted[:] = [address]


def server_address() -> Path | None:
    """Return where the running server of this process listens or will listen; None where there is none."""
    with _lock:
        return _running[0].address if _running else None


def warm_server() -> Path | None:
    """Return the socket of the running server, waiting for it to be ready; None where there is none.

    A server that died or that does not get ready within a minute is none: kernels then start as they do elsewhere.
    """
    until = time.monotonic() + _SECONDS
    if _adopted:
        # Its folder goes with it; until it listens there is nothing else in it.
        while _adopted[0].parent.exists() and time.monotonic() < until:
            if _adopted[0].exists():
                return _adopted[0]
            time.sleep(_PAUSE)
        return None
    with _lock:
        server = _running[0] if _running else None
    while server is not None and server.process.poll() is None and time.monotonic() < until:
        if server.address.exists():
            return server.address
        time.sleep(_PAUSE)
    return None


def stop_server() -> None:
    """End the server and every kernel of it."""
    with _lock:
        _stop()


def _stop() -> None:
    for server in _running:
        if server.process.stdin is not None:
            server.process.stdin.close()
        try:
            # One that still imports does not listen, and has no kernels to take along.
            server.process.wait(timeout=5 if server.address.exists() else 0)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()
        shutil.rmtree(server.folder, ignore_errors=True)
    _running.clear()


def _fingerprint() -> str:
    """Return what changes when the package does: kernels must not run yesterday's code."""
    package = Path(str(files("exresearch")))
    newest = max(path.stat().st_mtime_ns for path in package.rglob("*.py"))
    return f"{os.getpid()} {newest}"


atexit.register(stop_server)
