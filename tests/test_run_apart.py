"""Two clients at once: neither's kernel holds, sees or can be listened to for anything of the other."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exresearch.run import NotebookResult
from exresearch.run import limits as limits_of_kernels
from exresearch.run.execute import execute_notebook, kernel_environment
from exresearch.run.limits import Limits, Watch
from exresearch.run.warm import begin_server, places, servers, stop_server, warm_server
from exresearch.run.warm.places import FOLDER, fits, socket_folder
from tests.test_run_warm import job

pytestmark = pytest.mark.skipif(not servers.can_fork(), reason="kernels are forked on Linux only")

# Written so that whoever looks for it does not hold it: the name of a client's folder, and what a cell keeps.
SECRET, PATTERN = "acme-a7f3-in-secret", rb"acme[-]a7f3[-]in[-]secret"
LOOK = f"""
import json, os, re, resource, stat
from pathlib import Path
from ipykernel.kernelapp import IPKernelApp

def held(pattern=re.compile({PATTERN!r})):
    found = 0
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            start, end = (int(one, 16) for one in place.split("-"))
            if not rights.startswith("rw") or end - start > 2**28:
                continue
            try:
                memory.seek(start)
                part = memory.read(end - start)
            except OSError:
                continue
            found += len(pattern.findall(part))
    return found

application = IPKernelApp.instance()
private = lambda path: not stat.S_IMODE(os.stat(path).st_mode) & 0o077
open_files = {{}}
for name in os.listdir("/proc/self/fd"):
    try:
        open_files[name] = os.readlink(f"/proc/self/fd/{{name}}")
    except OSError:
        pass
print(json.dumps({{
    "held": held(), "files": open_files, "ipython": os.environ["IPYTHONDIR"], "transport": application.transport,
    "sockets": private(Path(application.ip).parent), "connection": private(application.abs_connection_file),
    "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
    "expendable": Path("/proc/self/oom_score_adj").read_text().strip(),
}}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[servers._Server]:
    """A server that has imported next to nothing: what is tested does not depend on what is loaded."""
    stop_server()
    begin_server([], {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    assert warm_server() is not None
    yield servers._running[0]
    stop_server()


def said(result: Any) -> dict[str, Any]:
    assert result.executed is not None, result.error
    cells = json.loads(result.executed.read_text(encoding="utf-8"))["cells"]
    found: dict[str, Any] = json.loads("".join(cells[-1]["outputs"][0]["text"]))
    return found


def test_a_kernel_holds_nothing_of_a_client_who_is_run_beside_it(
    server: servers._Server, tmp_path: Path
) -> None:
    first, second = tmp_path / SECRET, tmp_path / "other"
    for folder in (first, second):
        folder.mkdir()
    keeps = "\n".join(
        [
            "import os, time",
            f"kept = open({str(first / 'answers.csv')!r}, 'w')",
            f"copies = ['{SECRET}' + str(i) for i in range(99)]",
            f"open({str(first / 'began')!r}, 'w').close()",
            "until = time.monotonic() + 60",
            f"while not os.path.exists({str(first / 'end')!r}) and time.monotonic() < until:",
            "    time.sleep(0.02)",
        ]
    )
    results: dict[str, NotebookResult] = {}

    def run(folder: Path, *cells: str) -> None:
        results[folder.name] = execute_notebook(job(folder, *cells), work=folder)

    with kernel_environment(first):
        beside = threading.Thread(target=run, args=(first, keeps, LOOK))
        beside.start()
        try:
            until = time.monotonic() + 60
            while not (first / "began").exists() and time.monotonic() < until:
                time.sleep(0.02)
            run(second, LOOK)
        finally:
            (first / "end").touch()
            beside.join()
    own, other = said(results[SECRET]), said(results["other"])
    # Its own folder and words are found where they are, so that the search would have found them here too.
    assert own["held"] > 99
    assert other["held"] == 0
    files = {path.partition(":")[0] if ":[" in path else path for path in other["files"].values()}
    assert not [path for path in files if SECRET in path or str(server.folder) in path]
    # Nothing is typed into it; what it says past Python goes neither to the terminal nor to the server's log.
    assert other["files"]["0"] == os.devnull
    # As many of every kind as the one that was forked first: none of the server's, and none of that one's.
    kinds = [
        sorted(path.partition(":")[0] for path in one["files"].values() if ":[" in path)
        for one in (own, other)
    ]
    assert kinds[0] == kinds[1]
    assert (own["ipython"], other["ipython"]) == (str(first / "ipython"), str(second / "ipython"))


@pytest.mark.parametrize("cold", [False, True])
def test_nobody_else_can_listen_and_nothing_is_left_of_a_crash(
    server: servers._Server, tmp_path: Path, cold: bool
) -> None:
    with kernel_environment(tmp_path):
        found = said(execute_notebook(job(tmp_path, LOOK), work=tmp_path, cold=cold))
    assert found["transport"] == "ipc"
    assert found["sockets"]
    assert found["connection"]
    assert (found["core"], found["expendable"]) == (0, "500")
    assert not server.folder.stat().st_mode & 0o077


def test_sockets_go_where_their_path_is_short_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep, own = tmp_path / ("d" * 100), Path(tempfile.mkdtemp(prefix="o"))
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(own))
    folder, short = socket_folder()
    assert (folder.parent, short, folder.stat().st_mode & 0o777) == (own, True, 0o700)
    assert folder.name.startswith(FOLDER)
    assert list(deep.iterdir()) == []
    folder.rmdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(own / "none"))
    folder, short = socket_folder()
    assert (folder.parent, short) == (Path("/tmp"), True)
    folder.rmdir()
    own.rmdir()
    monkeypatch.setattr(places, "fits", lambda _: False)
    folder, short = socket_folder()
    assert (folder.parent, short) == (deep, False)
    assert not fits(folder / "k" / ("x" * 40)) or not fits(deep / "k")


def test_a_question_leaves_no_trace_in_the_server() -> None:
    from exresearch.run.warm.server import _read

    question = bytearray(64)

    def asked(*parts: bytes) -> Any:
        left = list(parts)

        def into(room: memoryview) -> int:
            part = left.pop(0) if left else b""
            room[: len(part)] = part
            return len(part)

        return SimpleNamespace(recv_into=into)

    assert _read(asked(b'{"a":', b" 1}\n"), question) == 9
    assert question[:9] == b'{"a": 1}\n'
    # Hung up before its end, and longer than there is room for.
    assert _read(asked(b'{"a":'), question) == 0
    assert _read(asked(b"x" * 60, b"yyyy"), question) == 0


def test_limits_of_one_client_do_not_touch_another(server: servers._Server, tmp_path: Path) -> None:
    cells = {
        "greedy": "x = bytearray(3 * 10**9)",
        "endless": "while True:\n    pass",
        "fine": "x = bytearray(10**8)\nimport time\ntime.sleep(1)",
    }
    limits = {"greedy": Limits(60, 2 * 10**9), "endless": Limits(4, 0), "fine": Limits(60, 2 * 10**9)}
    results: dict[str, NotebookResult] = {}

    def run(name: str) -> None:
        (tmp_path / name).mkdir()
        source = job(tmp_path / name, cells[name])
        results[name] = execute_notebook(source, work=tmp_path / name, limits=limits[name])

    with kernel_environment(tmp_path):
        beside = [threading.Thread(target=run, args=(name,)) for name in cells]
        for thread in beside:
            thread.start()
        for thread in beside:
            thread.join()
    assert {name: result.status for name, result in results.items()} == {
        "greedy": "failed", "endless": "failed", "fine": "ok",
    }  # fmt: skip
    assert (results["greedy"].error, results["endless"].error) == ("MemoryError", "TimeoutError")
    # Neither took the server along, and no clock is left that could end somebody else's kernel.
    assert server.process.poll() is None
    assert not [one for one in threading.enumerate() if isinstance(one, threading.Timer) and one.is_alive()]


def test_a_kernel_that_is_started_again_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(limits_of_kernels, "_kill", ended.append)
    watch = Watch(Limits(0.3, 0))
    watch.begin(2_000_000_001)
    # The first one never answered, and whoever started it did not clear up.
    time.sleep(0.2)
    watch.begin(2_000_000_002)
    time.sleep(0.2)
    assert ended == []
    time.sleep(0.2)
    assert (ended, watch.expired) == ([2_000_000_002], True)
    watch.end()
