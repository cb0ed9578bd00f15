"""The process that kernels are forked from: it imports, waits and forks, and never computes anything itself.

Started by :mod:`exresearch.run.warm.servers`; it ends when its standard input does, that is with whoever started it.
One request is one connection to its socket, and a line of JSON in either direction:

- ``{"arguments": [...], "environment": {...}, "folder": "..."}`` asks for a kernel; the answer is ``{"pid": n}``;
- ``{"code": n}`` follows on the same connection when that kernel has ended;
- a kernel whose connection is closed has nobody left who wants it, and is killed.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import random
import selectors
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from exresearch.run.warm.places import FOLDER

# What a kernel imports by itself before its first cell, and what ours import inside functions.
_ALWAYS = (
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "IPython.core.debugger",
    "IPython.core.interactiveshell",
    "IPython.core.completer",
    "IPython.extensions.storemagic",
    "contourpy",
    "jedi",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "psutil",
    "pyarrow.parquet",
    "python_calamine",
    "scipy.optimize",
    "scipy.stats",
    "seaborn",
    "sqlite3",
    "tornado.platform.asyncio",
)
# The longest question: twice what a system gives a process as its environment.
_LONGEST = 4_000_000


def modules_of(notebooks: Sequence[Path]) -> list[str]:
    """Return what the code cells of notebooks import, sorted.

    Parameters
    ----------
    notebooks : sequence of pathlib.Path
        Those that cannot be read are left out: the kernel that runs them will say why.

    Returns
    -------
    list of str
        Modules, and what is imported from them where that may be a module itself.
    """
    found = set()
    for path in notebooks:
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, SyntaxError):
            continue
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found |= {name.name for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return sorted(found)


def serve(address: str, modules: Sequence[str]) -> None:
    """Import, say so by listening, and fork kernels until standard input ends.

    Parameters
    ----------
    address : str
        Path of the Unix socket to listen on; it appears when everything is imported.
    modules : sequence of str
        What to import beforehand. A name that is no module is left out.

    Raises
    ------
    RuntimeError
        If an import started a thread: a fork would not take it along.
    """
    # Nothing of what is imported goes away again, so that nobody need look for it meanwhile.
    gc.disable()
    for name in (*_ALWAYS, *modules):
        with suppress(ImportError, AttributeError):
            _import(name)
    try:
        from exresearch.run.warm.prepared import prepare

        prepare()
    except Exception:  # noqa: BLE001 - a kernel reads for itself what is not prepared here, and says what is wrong
        traceback.print_exc()
    if threading.active_count() > 1 or _threads():
        raise RuntimeError("an import started a thread, so that nothing can be forked from here.")
    # What is here now is never freed: kernels share it, and their collector leaves it alone.
    gc.freeze()
    gc.enable()
    waiting = socket.socket(socket.AF_UNIX)
    children: dict[int, socket.socket] = {}
    # Every question is read into the same bytes, which are wiped: a kernel inherits nothing of another's.
    question = bytearray(_LONGEST)
    # The socket appears under its name only when it listens, so that nobody meets a closed door.
    waiting.bind(f"{address}.new")
    waiting.listen(64)
    Path(f"{address}.new").rename(address)
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        for source in (waiting, woken, sys.stdin):
            selector.register(source, selectors.EVENT_READ)
        while True:
            ready: set[Any] = {key.fileobj for key, _ in selector.select()}
            if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1024):
                break
            if woken in ready:
                with suppress(BlockingIOError):
                    os.read(woken, 1024)
                for over in _bury(children):
                    selector.unregister(over)
                    over.close()
            for pid, line in children.items():
                if line in ready:
                    _end(pid)
            if waiting in ready:
                asked = _answer(waiting, children, question, (selector, woken, waker))
                if asked is not None:
                    selector.register(asked, selectors.EVENT_READ)
    for pid in children:
        _end(pid)
    folder = Path(address).parent
    if folder.name.startswith(FOLDER):
        # Whoever began this server may be gone without having cleared up.
        shutil.rmtree(folder, ignore_errors=True)


def _import(name: str) -> None:
    """Import a module; or ask one for a name, which makes a package that imports lazily import what is behind it."""
    try:
        importlib.import_module(name)
    except ImportError:
        package, _, inside = name.rpartition(".")
        if package:
            getattr(importlib.import_module(package), inside)


def _end(pid: int) -> None:
    """End a kernel, and what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _answer(
    waiting: socket.socket,
    children: dict[int, socket.socket],
    question: bytearray,
    own: tuple[selectors.BaseSelector, int, int],
) -> socket.socket | None:
    """Fork one kernel for whoever asks, and return the connection; a question without an end is hung up on.

    The question is read here and understood in the kernel alone: it says where a client's study lies.
    """
    asked, _ = waiting.accept()
    asked.settimeout(10)
    size = 0
    try:
        size = _read(asked, question)
        pid = os.fork() if size else 0
    except OSError:
        size = 0
    finally:
        if not size:
            question[:] = bytes(_LONGEST)
    if not size:
        asked.close()
        return None
    if pid == 0:
        code = 1
        try:
            for line in (waiting, asked, *children.values()):
                line.close()
            selector, *ends = own
            selector.close()
            for end in ends:
                os.close(end)
            code = _kernel(json.loads(question[:size]))
        finally:
            # Nothing of the server's own ending runs in a child.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    question[:size] = bytes(size)
    children[pid] = asked
    with suppress(OSError):
        # The kernel leads a group of its own before anybody is told of it.
        os.setpgid(pid, pid)
    with suppress(OSError):
        asked.sendall(json.dumps({"pid": pid}).encode() + b"\n")
    return asked


def _kernel(request: dict[str, Any]) -> int:
    """Become a kernel, as if started by hand."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with suppress(OSError):
        os.setpgid(0, 0)
    # What a library writes past Python goes nowhere: the server's log is for all clients, its output is the user's.
    nothing = os.open(os.devnull, os.O_RDWR)
    for end in (0, 1, 2):
        os.dup2(nothing, end)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(request["environment"], JPY_PARENT_PID=str(os.getppid()))
    os.chdir(request["folder"])
    _unalike()
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *request["arguments"]]
    try:
        IPKernelApp.launch_instance(argv=request["arguments"], parent_handle=os.getppid())
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    return 0


def _unalike() -> None:
    """Undo what siblings would share: the state of global random numbers, and what pandas thinks of the terminal."""
    import numpy as np
    import pandas as pd

    random.seed()
    np.random.seed()  # noqa: NPY002 - the global state is the one to be reset
    pd.set_option("display.max_columns", 20)


def _bury(children: dict[int, socket.socket]) -> list[socket.socket]:
    """Tell of every kernel that has ended, and return the connections that are over."""
    over: list[socket.socket] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return over
        if pid == 0:
            return over
        asked = children.pop(pid, None)
        if asked is not None:
            with suppress(OSError):
                asked.sendall(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode() + b"\n")
            over.append(asked)


def _read(asked: socket.socket, question: bytearray) -> int:
    """Read one line into the bytes that are kept for it, and return how many; 0 if it does not end or is too long."""
    size = 0
    with memoryview(question) as room:
        while size < len(room):
            part = asked.recv_into(room[size:])
            size += part
            if not part:
                return 0
            if room[size - 1] == ord("\n"):
                return size
    return 0


def _threads() -> list[str]:
    """Return the names of this process's threads beside the main one, those of libraries too; none where unknown."""
    try:
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    except OSError:
        return []
    # pyarrow's allocator has a thread that clears up; it takes care of forks by itself.
    return [name for name in names if not name.startswith("jemalloc")][1:]


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
