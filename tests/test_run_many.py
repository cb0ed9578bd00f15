"""Many clients at once: what happens to one touches no other, and the next run completes what is left."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exresearch.run.limits import Limits, can_limit_memory
from exresearch.run.many import ClientState, run_orders
from exresearch.run.orders import Order, unchanged
from exresearch.run.processes import Processes
from exresearch.run.seal import RECORD
from exresearch.run.warm import servers, stop_server
from exresearch.study.prepared import PREPARED
from tests.quick_suite import orders_of, report_of, use_suite, write_suite

pytestmark = pytest.mark.skipif(not servers.can_fork(), reason="kernels are forked on Linux only")

ENDURANCE = bool(os.environ.get("EXRESEARCH_ENDURANCE"))

# What the middle notebook does, by the client of its study.
CELL = """
import os, signal, time
from pathlib import Path
import yaml

who = yaml.safe_load(Path(study_file).read_text())["client"]
if who.startswith("loops"):
    Path("looping").write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)
if who.startswith("killed") and not Path("spared").exists():
    os.kill(os.getpid(), signal.SIGKILL)
if who.startswith("hungry"):
    kept = bytearray(4 * 2**30)
"""


@pytest.fixture(autouse=True)
def _suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Quick notebooks, one of which misbehaves for some clients."""
    use_suite(monkeypatch, write_suite(tmp_path / "project", {"02_engagement_and_cx": CELL}))
    yield
    stop_server()


def carried_out(orders: Sequence[Order], *, slots: int = 2) -> dict[str, ClientState]:
    """Carry orders out in processes forked from this one, which have our notebooks."""
    with Processes(slots, way="fork") as workers:
        return {state.name: state for state in run_orders(orders, workers=workers, slots=slots)}


def whole(order: Order) -> bool:
    """Whether a finished report lies in its place, with every file as it was published."""
    if not (report_of(order) / "index.html").is_file():
        return False
    record = json.loads((report_of(order) / RECORD).read_text(encoding="utf-8"))
    from exresearch.run.origin import sha256

    return all(sha256(report_of(order) / one["file"]) == one["sha256"] for one in record["outputs"])


def copies(folder: Path) -> list[Path]:
    """Prepared tables that lie about: answers of people, a second time."""
    return list(folder.rglob(PREPARED))


def test_one_clients_trouble_touches_no_other(client: Any, tmp_path: Path) -> None:
    names = ["good", "loops", "killed", "refused", "fine"] + (["hungry"] if can_limit_memory() else [])
    limits = Limits(seconds=6, memory=2 * 2**30)
    orders = orders_of(client, tmp_path, *names, limits=limits)
    refused = orders[names.index("refused")].study_file
    refused.write_text(refused.read_text(encoding="utf-8").replace("codebook:", "codebok:"), encoding="utf-8")
    states = carried_out(orders)
    assert {name: state.status for name, state in states.items()} == {
        "good": "done",
        "loops": "failed",
        "killed": "failed",
        "refused": "refused",
        "fine": "done",
    } | ({"hungry": "failed"} if can_limit_memory() else {})
    assert "codebok" in states["refused"].message
    for name in ("loops", "killed"):
        assert states[name].message == "1 of 3 notebooks failed: 02_engagement_and_cx"
    errors = {}
    for order in orders:
        if order.study_file != refused:
            assert whole(order), "a report with a failed notebook is whole as well"
            notebooks = json.loads((report_of(order) / RECORD).read_text(encoding="utf-8"))["notebooks"]
            errors[report_of(order).name] = notebooks[1]["error"]
    assert errors.pop("hungry", "MemoryError") == "MemoryError"
    assert errors == {"good": "", "loops": "TimeoutError", "killed": "DeadKernelError", "fine": ""}
    assert copies(tmp_path) == []
    # The next run goes on from there: what is finished is not touched.
    (tmp_path / "reports" / ".work" / "killed" / "spared").touch()
    again = carried_out([order for order in orders if report_of(order).name in ("good", "killed", "fine")])
    assert {name: (state.status, state.reused) for name, state in again.items()} == {
        "good": ("done", 3),
        "killed": ("done", 1),
        "fine": ("done", 3),
    }
    assert again["good"].message == "nothing has changed"


def test_workers_end_with_whoever_began_them(client: Any, tmp_path: Path) -> None:
    """As when the command is killed: no worker and no kernel goes on, and the next run completes."""
    orders = orders_of(client, tmp_path, "loops", "good")
    process = os.fork()
    if process == 0:
        os.setsid()
        carried_out(orders)
        os._exit(0)
    begun = tmp_path / "reports" / ".work" / "loops" / "looping"
    until = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert begun.exists()
    kernel = int(begun.read_text(encoding="utf-8"))
    assert len(family(process) | {kernel}) > 2
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    while (family(process) or runs(kernel)) and time.monotonic() < until:
        time.sleep(0.05)
    assert family(process) == set()
    assert not runs(kernel)
    assert carried_out(orders[1:])["good"].status == "done"


def family(session: int) -> set[int]:
    """Processes of a session; the dead that nobody has asked after do not count."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.add(int(entry.name))
    return found


def runs(pid: int) -> bool:
    """Whether a process is there and not dead."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_studies_of_one_client_are_refused(client: Any, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from exresearch.cli import app

    orders_of(client, tmp_path, "one", "two")
    second = tmp_path / "clients" / "two" / "small.yaml"
    second.write_text(
        second.read_text(encoding="utf-8").replace("client: two", "client: one"), encoding="utf-8"
    )
    files = [str(path) for path in sorted((tmp_path / "clients").glob("*/small.yaml"))]
    said = CliRunner().invoke(app, ["run", *files, "--output", str(tmp_path / "out")])
    assert said.exit_code == 2
    assert "small.yaml: client: it would write into the same folder as small.yaml." in said.output


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a small disk")
def test_a_disk_that_fills_stops_one_client_only(client: Any, tmp_path: Path) -> None:
    disk = tmp_path / "reports" / "small_disk"
    disk.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        orders = orders_of(client, tmp_path, "roomy", "tight")
        orders[1] = replace(orders[1], output=disk / "tight")
        states = carried_out(orders)
        assert states["roomy"].status == "done"
        assert states["tight"].status == "failed"
        assert "No space left" in states["tight"].message
        assert not whole(orders[1])
        assert unchanged(orders[1]) is None
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        again = carried_out(orders)
        assert {name: state.status for name, state in again.items()} == {"roomy": "done", "tight": "done"}
        assert again["roomy"].message == "nothing has changed"
        assert whole(orders[1])
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_ctrl_c_at_any_moment_leaves_what_is_finished_and_goes_on(client: Any, tmp_path: Path) -> None:
    """Interrupted at random moments, fifty of them by hand; after each, what looks finished is whole."""
    moments = 50 if ENDURANCE else 2
    rng = random.Random(11)  # noqa: S311 - moments, not secrets
    orders = orders_of(client, tmp_path, "a", "b")
    clock = time.monotonic()
    assert {state.status for state in carried_out(orders).values()} == {"done"}
    length = time.monotonic() - clock
    interrupted = 0
    for moment in range(moments):
        for order in orders:
            # Something to do each time.
            order.overrides["language"] = ("nl", "en")[moment % 2]
        process = os.fork()
        if process == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            code = 0
            try:
                carried_out(orders)
            except KeyboardInterrupt:
                code = 130
            except BaseException:  # noqa: BLE001 - told by the code
                code = 99
            finally:
                os._exit(code)
        time.sleep(rng.uniform(0.0, 1.0 if ENDURANCE else 0.7) * length)
        os.killpg(process, signal.SIGINT)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        assert code in (0, 130, -signal.SIGINT), code
        interrupted += code != 0
        for order in orders:
            if (report_of(order) / "index.html").is_file():
                assert whole(order)
    assert interrupted >= moments / 2
    assert {state.status for state in carried_out(orders).values()} == {"done"}
    assert all(whole(order) and unchanged(order) is not None for order in orders)
    assert copies(tmp_path) == []
