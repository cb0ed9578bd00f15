"""Warm kernels: forked, unlike each other where they must be, and never missed where they cannot be had."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from exresearch.run import NotebookJob
from exresearch.run.execute import execute_notebook, kernel_environment
from exresearch.run.kernels import environment_of
from exresearch.run.plan import available_notebooks
from exresearch.run.warm import begin_server, places, servers, stop_server, warm_server
from exresearch.run.warm import server as serving
from exresearch.run.warm.places import FOLDER
from exresearch.run.warm.provisioner import fork
from exresearch.run.warm.server import modules_of, serve

ENDURANCE = bool(os.environ.get("EXRESEARCH_ENDURANCE"))

pytestmark = pytest.mark.skipif(not servers.can_fork(), reason="kernels are forked on Linux only")

# What a cell finds out about its own process.
LOOK = """
import json, os, random, sys
import numpy as np, pandas as pd
print(json.dumps({
    "parent": os.getppid(), "folder": os.getcwd(), "greeting": os.environ.get("GREETING"),
    "draws": [random.random(), float(np.random.rand())], "columns": pd.get_option("display.max_columns"),
    "loaded": "exresearch.report.journey" in sys.modules, "answer": int(np.random.default_rng(5).integers(1000)),
    "threads": os.environ.get("OMP_NUM_THREADS"),
}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[servers._Server]:
    """A server of this module's own; another one of this process ends first."""
    stop_server()
    begin_server(available_notebooks(), {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    assert warm_server() is not None
    yield servers._running[0]
    stop_server()


def job(folder: Path, *sources: str, name: str = "55_look") -> NotebookJob:
    """A notebook with these cells."""
    cells = [nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / f"{name}_source.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return NotebookJob(name, path, {"x": 2}, ())


def looked(executed: Path | None) -> dict:
    """What the last cell of an executed notebook found."""
    assert executed is not None
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    return json.loads("".join(cells[-1]["outputs"][0]["text"]))


def run(folder: Path, *sources: str, cold: bool = False) -> object:
    """Execute cells in a working folder, as a run does."""
    with kernel_environment(folder):
        return execute_notebook(job(folder, *sources), work=folder, cold=cold)


def test_kernels_are_forked_with_everything_loaded_and_random_numbers_of_their_own(
    server: servers._Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREETING", "hello")
    first, second = (looked(run(tmp_path, LOOK).executed) for _ in range(2))
    for found in (first, second):
        assert found["parent"] == server.process.pid
        assert found["folder"] == str(tmp_path)
        assert found["greeting"] == "hello"
        assert found["loaded"]
        assert found["columns"] == 20
        assert found["threads"] == "1"
    assert not set(first["draws"]) & set(second["draws"])
    # A seed gives the same in every one of them.
    assert first["answer"] == second["answer"]


def test_a_cold_kernel_gives_the_same_and_is_nobodys_fork(server: servers._Server, tmp_path: Path) -> None:
    warm, cold = looked(run(tmp_path, LOOK).executed), looked(run(tmp_path, LOOK, cold=True).executed)
    assert cold["parent"] == os.getpid()
    assert not cold["loaded"]
    assert {key: warm[key] for key in ("answer", "columns", "folder")} == {
        key: cold[key] for key in ("answer", "columns", "folder")
    }


def test_sockets_are_cleared_away_and_ports_serve_where_no_socket_can_be(
    server: servers._Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "import ipykernel.kernelapp as k\nprint(repr(k.IPKernelApp.instance().transport))"
    for deep, transport in (
        (tmp_path / "t", "ipc"),
        (tmp_path / ("d" * 100), "ipc"),
        (tmp_path / "n", "tcp"),
    ):
        deep.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(deep))
        if transport == "tcp":
            # Nowhere on this computer is a folder that a socket fits into.
            monkeypatch.setattr(places, "fits", lambda _: False)
        result = run(tmp_path, address)
        assert result.executed is not None
        cells = json.loads(result.executed.read_text(encoding="utf-8"))["cells"]
        assert "".join(cells[-1]["outputs"][0]["text"]).strip() == repr(transport)
        assert list(deep.iterdir()) == []


def test_kernels_begun_side_by_side_all_answer(server: servers._Server, tmp_path: Path) -> None:
    """Two hundred by hand; parallel starts are where free ports would be found twice."""
    count = 200 if ENDURANCE else 8
    task = job(tmp_path, "print(6 * 7)")

    def start(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        return execute_notebook(task, work=folder, cold=number % 40 == 39).status

    with kernel_environment(tmp_path), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(start, range(count))) == ["ok"] * count


def test_a_kernel_nobody_wants_any_more_is_ended(server: servers._Server, tmp_path: Path) -> None:
    """As when the process that waits for it is killed: the server sees that the connection is closed."""
    connection = tmp_path / "connection.json"
    kernel = fork(
        server.address,
        arguments=["-f", str(connection)],
        environment=environment_of(tmp_path),
        folder=tmp_path,
    )
    until = time.monotonic() + 30
    while not connection.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert connection.exists()
    os.kill(kernel.pid, 0)
    kernel._line.close()
    while time.monotonic() < until:
        try:
            os.kill(kernel.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the kernel lives on")


def test_a_kernel_killed_in_a_cell_is_a_failure_and_not_tried_again(
    server: servers._Server, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    kill = f"open({str(count)!r}, 'a').write('.')\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    result = run(tmp_path, kill)
    assert (result.status, result.executed) == ("failed", None)
    assert result.error == "DeadKernelError"
    assert count.read_text() == "."
    # The server is none the worse.
    assert looked(run(tmp_path, LOOK).executed)["parent"] == server.process.pid


def test_a_kernel_that_never_answers_is_started_plainly(
    server: servers._Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exresearch.run.warm import provisioner

    forked = []

    def stillborn(*args: object, **kwargs: object) -> provisioner.ForkedKernel:
        kernel = fork(*args, **kwargs)
        os.kill(kernel.pid, signal.SIGKILL)
        forked.append(kernel.pid)
        return kernel

    fork = provisioner.fork
    monkeypatch.setattr(provisioner, "fork", stillborn)
    result = run(tmp_path, LOOK)
    assert result.status == "ok"
    assert looked(result.executed)["parent"] == os.getpid()
    assert len(forked) == 1


def test_the_server_ends_with_whoever_began_it_and_clears_up() -> None:
    folder = Path(tempfile.mkdtemp(prefix=FOLDER))
    command = [sys.executable, "-P", "-m", "exresearch.run.warm.server", str(folder / "s"), "[]"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    assert server.stdin is not None
    # As when its parent dies: the pipe closes.
    server.stdin.close()
    assert server.wait(timeout=60) == 0
    assert not folder.exists()


def test_a_process_with_a_thread_is_not_forked(tmp_path: Path) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match="an import started a thread"):
            serve(str(tmp_path / "s"), ["json", "no.such.module"])
    finally:
        done.set()
        thread.join()
    assert not (tmp_path / "s").exists()


def test_threads_of_the_system_are_seen_and_pyarrows_is_not_one() -> None:
    look = (
        "import runpy, threading, pyarrow\n"
        f"_threads = runpy.run_path({serving.__file__!r})['_threads']\nbefore = _threads()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\nprint(len(before), len(_threads()))"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env=environment
    )
    assert said.stdout.split() == ["0", "1"]


def test_what_notebooks_import_is_read_from_them(tmp_path: Path) -> None:
    path = job(tmp_path, "import json\nfrom exresearch.report import drivers", "x = 2").path
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    assert modules_of([path, tmp_path / "broken.ipynb"]) == [
        "exresearch.report",
        "exresearch.report.drivers",
        "json",
    ]


def test_without_its_server_a_kernel_dies_and_the_next_one_starts_plainly(
    server: servers._Server, tmp_path: Path
) -> None:
    kill = f"import os, signal, time\nos.kill({server.process.pid}, signal.SIGKILL)\ntime.sleep(60)"
    clock = time.monotonic()
    result = run(tmp_path, kill)
    assert result.status == "failed"
    assert time.monotonic() - clock < 50
    assert looked(run(tmp_path, LOOK).executed)["parent"] == os.getpid()
    stop_server()
    assert not server.folder.exists()


def test_another_version_of_the_package_gets_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_server([], os.environ)
    first = servers._running[0]
    begin_server([], os.environ)
    assert servers._running[0] is first
    monkeypatch.setattr(servers, "_fingerprint", lambda: "newer")
    begin_server([], os.environ)
    assert servers._running[0].process.pid != first.process.pid
    assert first.process.poll() is not None
    stop_server()
