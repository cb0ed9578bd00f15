"""How fast and how right driver importance is, beside the packages people use for it, in one run.

The peers live in an environment of their own, because some of them hold others back::

    python -m venv peers
    peers/bin/pip install pingouin dominance-analysis shapley-value-regression relativeImp key-driver-analysis psutil
    python benchmarks/drivers.py --peers peers/bin/python

R's relaimpo, domir and rwa join where `Rscript` is found and the package loads. What is not installed is said so in the
table. Every measurement runs in a process of its own that is stopped after ``--timeout`` seconds. Ratios count: both
sides of one come from the same run. ``--write`` puts tables and figure into ``docs/performance.md``, ``--quick`` is a
quick look.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
FIGURE = ROOT / "docs" / "performance-drivers.svg"
BEGIN, END = "<!-- drivers:start -->", "<!-- drivers:end -->"
SEED = 2016
OURS = "exresearch"
#: What a tool is called at its registry, and what it is asked for.
PYTHON_PEERS = {
    "pingouin": "lmg",
    "dominance-analysis": "lmg",
    "shapley-value-regression": "lmg",
    "relativeImp": "relative_weights",
    "key-driver-analysis": "relative_weights",
}
R_PEERS = {"relaimpo": "lmg", "domir": "lmg", "rwa": "relative_weights"}
PEERS = PYTHON_PEERS | R_PEERS
SIZES = (6, 8, 10, 12, 14, 16, 18, 20)
LARGEST = 24
MEMORY_LIMIT = 150.0

Found = dict[str, Any]
Frame = pd.DataFrame
Run = Callable[[Frame, list[str]], dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Driver importance beside other packages.")
    parser.add_argument("--peers", default=sys.executable, help="Python of the environment with the peers")
    parser.add_argument("--timeout", type=float, default=90.0, help="seconds after which a job is stopped")
    parser.add_argument(
        "--threads", type=int, help="threads of the linear algebra; without it what each chooses"
    )
    parser.add_argument("--quick", action="store_true", help="few sizes and 100,000 rows at most")
    parser.add_argument("--write", action="store_true", help="put tables and figure into docs/performance.md")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(measured(json.loads(options.job))))
        return
    if options.quick and options.write:
        parser.error("--quick leaves out what the page needs: use --write without it.")
    started = time.perf_counter()
    bench = Bench(options.peers, timeout=options.timeout, threads=options.threads, quick=options.quick)
    with tempfile.TemporaryDirectory() as folder:
        bench.run(Path(folder))
    text = bench.page()
    print(text)
    print(f"\nThe whole run took {time.perf_counter() - started:.0f} s.")
    if options.write:
        before, found, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, closed, after = rest.partition(END)
        if not (found and closed):
            sys.exit(f"{PAGE.name} lacks the markers {BEGIN} and {END}: put them where the tables belong.")
        bench.draw()
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


# ---------------------------------------------------------------------------------------------------------------------
# One job, in a process of its own


def names(size: int) -> list[str]:
    return [f"x{number:02d}" for number in range(1, size + 1)]


def write_answers(path: Path, rows: int) -> None:
    """Correlated answers on seven points as doubles, columns whole and the outcome first, so that R can read them."""
    rng = np.random.default_rng(SEED)
    common, second = rng.standard_normal(rows), rng.standard_normal(rows)
    loadings = rng.uniform(0.3, 0.8, (LARGEST, 2))
    columns = np.empty((LARGEST + 1, rows))
    outcome = rng.standard_normal(rows)
    for number in range(LARGEST):
        latent = loadings[number, 0] * common + loadings[number, 1] * second + rng.standard_normal(rows)
        answer = np.clip(np.rint(4.5 + 1.3 * latent), 1, 7)
        columns[number + 1] = answer
        outcome += 0.4 * answer / (1 + number % 6)
    columns[0] = np.clip(np.rint(outcome), 0, 10)
    columns.tofile(path)


def read_answers(path: str, rows: int, size: int) -> Frame:
    cells = np.fromfile(path, count=rows * (size + 1)).reshape(size + 1, rows)
    return pd.DataFrame(cells.T, columns=["y", *names(size)])


def measured(job: Found) -> Found:
    """Do one job and say how long it took, what it needed and what came out; what a peer prints is thrown away."""
    work = {"product": product, "edges": edges}.get(job["work"], timed)
    with (
        Path(os.devnull).open("w", encoding="utf-8") as silence,
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        try:
            return work(job)
        except Exception as error:  # noqa: BLE001 (a peer may fail in any way, and how it does is a result)
            return {"failed": said(error)}


def said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:110]}{'...' if len(text) > 110 else ''}"


def timed(job: Found) -> Found:
    tool, rows, size, work = job["tool"], job["rows"], job["size"], job["work"]
    frame, drivers = read_answers(job["file"], rows, size), names(size)
    run = runner(tool, work, job.get("method", "lmg"), frame)
    # The first call of a package loads and compiles what later ones have.
    few = frame.iloc[:400]
    runner(tool, work, job.get("method", "lmg"), few)(few, drivers[:3])
    forget_peak()
    baseline = memory("VmRSS")
    rng = np.random.default_rng(SEED)
    wall: list[float] = []
    cpu: list[float] = []
    values: dict[str, float] = {}
    while len(wall) < job["runs"] and sum(wall) < job["budget"]:
        before, busy = time.perf_counter(), time.process_time()
        if work == "bootstrap" and tool != OURS:
            values = run(frame.iloc[rng.integers(rows, size=rows)], drivers)
        else:
            values = run(frame, drivers)
        wall.append(time.perf_counter() - before)
        cpu.append(time.process_time() - busy)
    return {
        "wall": wall,
        "cpu": cpu,
        "baseline": baseline,
        "peak": memory("VmHWM"),
        "values": [values.get(name) for name in drivers],
        "version": installed(tool),
    }


def installed(tool: str) -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version(tool)
    return "?"


def forget_peak() -> None:
    """Let the highest memory count from here, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def memory(field: str) -> float:
    """MiB held now (VmRSS) or at most (VmHWM)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
    psutil = importlib.import_module("psutil")
    information = psutil.Process().memory_info()
    return float(getattr(information, "peak_wset", information.rss)) / 2**20


def runner(tool: str, work: str, method: str, frame: Frame) -> Run:
    """The call of a tool: frame and drivers in, importance per driver out."""
    if tool == OURS:
        return ours(work, method, frame)
    return {
        "pingouin": pingouin_lmg,
        "dominance-analysis": dominance_lmg,
        "shapley-value-regression": shapley_lmg,
        "relativeImp": relative_imp,
        "key-driver-analysis": key_drivers,
    }[tool]


def ours(work: str, method: str, frame: Frame) -> Run:
    from exresearch.models import relative_importance, unit_moments

    n_boot = {"point": 0, "bootstrap": 1000, "units": 2000}[work]
    moments = None
    if work == "units":
        unit = np.arange(len(frame)) % min(1000, len(frame) // 4)
        moments = unit_moments(frame.assign(unit=unit), columns=list(frame.columns), cluster="unit")

    def run(frame: Frame, drivers: list[str]) -> dict[str, float]:
        table = relative_importance(
            frame if moments is None else moments,
            outcome="y",
            drivers=drivers,
            methods=(method,),
            n_boot=n_boot,
            seed=SEED,
        )
        return dict(zip(table["driver"], table["importance"], strict=True))

    return run


def pingouin_lmg(frame: Frame, drivers: list[str]) -> dict[str, float]:
    table = importlib.import_module("pingouin").linear_regression(
        frame[drivers], frame["y"], relimp=True, remove_na=True
    )
    return dict(zip(table["names"], table["relimp"], strict=True))


def dominance_lmg(frame: Frame, drivers: list[str]) -> dict[str, float]:
    # It loads drawing packages of years ago, which no longer load themselves; nothing is drawn here.
    for name in (
        "plotly",
        "plotly.offline",
        "cufflinks",
        "bokeh",
        "bokeh.plotting",
        "bokeh.io",
        "bokeh.models",
    ):
        sys.modules.setdefault(name, _Anything(name))
    sys.modules.setdefault("bokeh.models.formatters", _Anything("bokeh.models.formatters"))
    package = importlib.import_module("dominance_analysis")
    # top_k: without it everything beyond 15 drivers is left out.
    found = package.Dominance(data=frame[[*drivers, "y"]].copy(), target="y", top_k=len(drivers), objective=1)
    return {name: float(value) for name, value in found.incremental_rsquare().items()}


class _Anything(ModuleType):
    """Stands in for a module that draws: whatever is asked of it exists and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_args, **_kwargs: None


def shapley_lmg(frame: Frame, drivers: list[str]) -> dict[str, float]:
    package = importlib.import_module("shapley.models.shapley")
    table = package.ShapleyValue(frame, drivers, "y").get_shapley_contribution(verbose=False)
    return dict(zip(table["Regressor"], table["Share"], strict=True))


def relative_imp(frame: Frame, drivers: list[str]) -> dict[str, float]:
    table = importlib.import_module("relativeImp").relativeImp(frame, outcomeName="y", driverNames=drivers)
    return dict(zip(table["driver"], table["rawRelaImpt"], strict=True))


def key_drivers(frame: Frame, drivers: list[str]) -> dict[str, float]:
    table = importlib.import_module("key_driver_analysis.kda").relative_importance(frame, "y", drivers)
    return dict(zip(table["feature"], table["raw_rel_imp"], strict=True))


def product(job: Found) -> Found:
    """Floating-point work per second of the row bootstrap's matrix product, and of this machine's own."""
    from exresearch.models import bootstrap_counts, unit_moments

    def best(task: Callable[[], Any]) -> float:
        spent = []
        for _ in range(job["runs"]):
            before = time.perf_counter()
            task()
            spent.append(time.perf_counter() - before)
        return min(spent)

    rows, size, replicates = job["rows"], job["size"], 1000
    moments = unit_moments(read_answers(job["file"], rows, size), columns=["y", *names(size)])
    counts = bootstrap_counts(rows, n_boot=replicates, seed=SEED)
    cells = (size + 2) * (size + 3) // 2
    rng = np.random.default_rng(SEED)
    left, right = rng.random((replicates, rows)), rng.random((rows, cells))
    square = rng.random((2000, 2000))
    work = 2.0 * replicates * rows * cells
    return {
        "ours": work / best(lambda: moments.sums(counts)) / 1e9,
        "same": work / best(lambda: left @ right) / 1e9,
        "square": 2.0 * 2000**3 / best(lambda: square @ square) / 1e9,
        "draws": best(lambda: bootstrap_counts(rows, n_boot=replicates, seed=SEED)),
        "sums": best(lambda: moments.sums(counts)),
    }


#: Data on which packages part ways.
EDGES = {
    "missing": "3 % of the answers missing",
    "twice": "a driver twice",
    "constant": "a driver constant",
    "itself": "a driver equal to the outcome",
}


def edge(kind: str, frame: Frame, drivers: list[str]) -> Frame:
    out = frame[["y", *drivers]].copy()
    if kind == "missing":
        gone = np.random.default_rng(SEED).random((len(out), len(drivers))) < 0.03
        out[drivers] = out[drivers].mask(gone)
    elif kind == "twice":
        out[drivers[1]] = out[drivers[0]]
    elif kind == "constant":
        out[drivers[1]] = 4.0
    else:
        out[drivers[1]] = out["y"]
    return out


def edges(job: Found) -> Found:
    """What a tool returns for each kind of awkward data: its values, or its message."""
    drivers = names(job["size"])
    frame = read_answers(job["file"], job["rows"], job["size"]).iloc[:1000]
    results: Found = {}
    for kind in EDGES:
        try:
            run = runner(job["tool"], "point", job.get("method", "lmg"), frame)
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                values = run(edge(kind, frame, drivers), drivers)
            messages = [
                one for one in warned if not issubclass(one.category, DeprecationWarning | FutureWarning)
            ]
            results[kind] = {
                "values": [None if name not in values else float(values[name]) for name in drivers],
                "message": said(messages[0].message) if messages else "",
            }
        except Exception as error:  # noqa: BLE001 (as above)
            results[kind] = said(error)
    return {"edges": results}


# ---------------------------------------------------------------------------------------------------------------------
# All jobs, and what is made of them


class Bench:
    """Runs the jobs of all tools and lays their results out."""

    def __init__(self, peers: str, *, timeout: float, threads: int | None, quick: bool) -> None:
        self.peers, self.timeout, self.quick = peers, timeout, quick
        self.rows = (10_000, 100_000) if quick else (10_000, 1_000_000)
        self.sizes = (6, 10, 12) if quick else SIZES
        self.files: dict[int, str] = {}
        self.found: dict[tuple[str, str, int, int], Found] = {}
        self.product: Found = {}
        self.edges: dict[str, Found] = {}
        self.absent: dict[str, str] = {}
        self.environment = dict(os.environ)
        if threads is not None:
            for name in ("OPENBLAS", "OMP", "MKL", "NUMBA", "VECLIB_MAXIMUM"):
                self.environment[f"{name}_NUM_THREADS"] = str(threads)
        self.threads = threads
        self.rscript = shutil.which("Rscript")

    def run(self, folder: Path) -> None:
        """Do every job; answers are kept in `folder` meanwhile."""
        for rows in self.rows:
            self.files[rows] = str(folder / f"{rows}.f64")
            write_answers(Path(self.files[rows]), rows)
        self.absent = {tool: reason for tool in PEERS if (reason := self._why_absent(tool))}
        present = [tool for tool in PEERS if tool not in self.absent]
        for rows in self.rows:
            for size in (*self.sizes, *((LARGEST,) if not self.quick else ())):
                self._measure(OURS, "point", rows, size)
            for tool in present:
                for size in self.sizes if PEERS[tool] == "lmg" else (10, max(self.sizes)):
                    self._measure(tool, "point", rows, size)
            for size in (10, max(self.sizes)):
                self._measure(OURS, "weights", rows, size)
        self._measure(OURS, "bootstrap", self.rows[0], 10)
        for tool in present:
            if (PEERS[tool] == "lmg" and tool != "domir") or tool == "rwa":
                self._measure(tool, "bootstrap", self.rows[0], 10)
        self._measure(OURS, "units", self.rows[0], 14)
        self.product = self._job({"work": "product", "tool": OURS, "size": 10, "runs": 7}, self.rows[0])
        for method in dict.fromkeys(PEERS.values()):
            job = {"work": "edges", "tool": OURS, "size": 5, "method": method}
            self.edges[f"{OURS} {method}"] = self._job(job, self.rows[0])
        for tool in present:
            if tool in PYTHON_PEERS:
                self.edges[tool] = self._job({"work": "edges", "tool": tool, "size": 5}, self.rows[0])

    def _why_absent(self, tool: str) -> str:
        """Empty where a tool can be used, otherwise the reason."""
        if tool in R_PEERS:
            if self.rscript is None:
                return "not installed here (no R)"
            command = [self.rscript, "-e", f"cat(requireNamespace('{tool}', quietly = TRUE))"]
            loads = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            return "" if loads.strip() == "TRUE" else "not installed here"
        command = [self.peers, "-c", f"from importlib.metadata import version; version('{tool}')"]
        loads_not = subprocess.run(command, capture_output=True, check=False).returncode
        return "not installed here" if loads_not else ""

    def _measure(self, tool: str, work: str, rows: int, size: int) -> None:
        key = (tool, work, rows, size)
        job: Found = {"tool": tool, "work": work, "size": size, "runs": 3, "budget": 2.0}
        if tool == OURS:
            job |= {"runs": 51, "budget": 3.0}
            if work == "weights":
                job |= {"work": "point", "method": "relative_weights"}
        elif work == "bootstrap":
            # A loop by hand is timed over some replicates; what has a bootstrap of its own does all of them, once.
            job |= {"runs": 20, "budget": 10.0} if tool in PYTHON_PEERS else {"runs": 1}
        smaller = [other for other in self.sizes if other < size and (tool, work, rows, other) in self.found]
        if work == "point" and PEERS.get(tool) == "lmg" and smaller:
            last = self.found[tool, work, rows, smaller[-1]]
            # The number of submodels doubles with each driver.
            growth = 2 ** (size - smaller[-1])
            if "failed" in last:
                self.found[key] = last
                return
            if statistics.median(last["wall"]) * growth > self.timeout:
                self.found[key] = {"failed": f"over {self.timeout:.0f} s, by its growth"}
                return
        self.found[key] = self._job(job, rows)
        shown = self.found[key].get("failed") or f"{statistics.median(self.found[key]['wall']):.4f} s"
        print(f"{tool}, {work}, n = {rows:,}, p = {size}: {shown}", file=sys.stderr, flush=True)

    def _job(self, job: Found, rows: int) -> Found:
        """Do a job in a process of its own."""
        job = job | {"rows": rows, "file": self.files[rows]}
        if job["tool"] in R_PEERS:
            if self.rscript is None:
                return {"failed": "not installed here (no R)"}
            command = [
                self.rscript,
                str(Path(__file__).with_suffix(".R")),
                job["tool"],
                job["work"],
                job["file"],
            ]
            command += [str(job[name]) for name in ("rows", "size", "runs", "budget")] + ["1000"]
        else:
            python = sys.executable if job["tool"] == OURS else self.peers
            command = [python, __file__, "--job", json.dumps(job)]
        limit = self.timeout * (3 if job["work"] in ("bootstrap", "edges") else 1)
        found = outcome_of(command, limit=limit, environment=self.environment)
        if job["tool"] == OURS and "failed" in found:
            raise SystemExit(f"{OURS} failed on {job['work']}, p = {job['size']}: {found['failed']}")
        return found

    # -- reading the results

    def _seconds(self, tool: str, work: str, rows: int, size: int, clock: str = "wall") -> float | None:
        found = self.found.get((tool, work, rows, size), {})
        if clock not in found:
            return None
        # A loop by hand: the time of one replicate, a thousand times.
        loops = 1000 if work == "bootstrap" and tool in PYTHON_PEERS else 1
        return float(statistics.median(found[clock])) * loops

    def _best_peer(self, work: str, rows: int, size: int) -> tuple[str, float] | None:
        timed_peers = [
            (seconds, tool)
            for tool, method in PEERS.items()
            if method == "lmg" and (seconds := self._seconds(tool, work, rows, size)) is not None
        ]
        return min(timed_peers)[::-1] if timed_peers else None

    def _difference(self, tool: str, rows: int, size: int) -> float | None:
        """Largest absolute difference from our values, in units of R-squared."""
        found = self.found.get((tool, "point", rows, size), {})
        mine = self.found.get((OURS, "point" if PEERS[tool] == "lmg" else "weights", rows, size), {})
        if "values" not in found or "values" not in mine:
            return None
        if any(value is None or not np.isfinite(value) for value in found["values"]):
            return float("inf")
        return float(np.max(np.abs(np.subtract(found["values"], mine["values"]))))

    def page(self) -> str:
        """The tables as Markdown."""
        command = "python benchmarks/drivers.py --peers PYTHON"
        command += f" --threads {self.threads}" if self.threads else ""
        if self.timeout != 90.0:
            command += f" --timeout {self.timeout:.0f}"
        command += " --quick" if self.quick else " --write"
        parts = [
            f"Made on {datetime.now(UTC).date()} by `{command}`. {self._machine()}",
            "Answers are simulated: seven points, drivers that correlate, one outcome; everyone gets the same pandas "
            "frame (R: the same data frame). Times are medians of repeated calls after a first one, without "
            "start, import and reading; ratios are wall time of the peer over ours in this run.",
            "### To reach",
            *self._targets(),
            "### All subsets (LMG), point estimates",
            f"![Time against the number of drivers, one line per package]({FIGURE.name})"
            if not self.quick
            else "",
            *(block for rows in self.rows for block in self._grid(rows)),
            "### Wall and processor time, memory, and agreement",
            "Memory is the highest of the process, and in brackets what the call added to what it held before "
            "(Python or R, packages and data). Difference: largest absolute difference of an importance from "
            "ours, in units of R². ",
            *self._details(),
            "### Bootstrap",
            *self._bootstrap(),
            "### Awkward data",
            "Five drivers, 1,000 rows. Compared with complete rows, as `exresearch` and most regressions use them.",
            *self._awkward(),
        ]
        return "\n\n".join(part for part in parts if part)

    def _machine(self) -> str:
        model = platform.processor() or platform.machine()
        with contextlib.suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
        size = ""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            size = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
        blas: Any = np.show_config(mode="dicts")
        blas = blas["Build Dependencies"]["blas"]
        threads = f"{self.threads} thread(s)" if self.threads else "as many threads as each tool takes"
        versions = sorted(
            f"{tool} {found['version']}"
            for tool, found in {
                key[0]: found for key, found in self.found.items() if "version" in found
            }.items()
            if tool != OURS
        )
        return (
            f"Machine: {model}, {os.cpu_count()} cores{size}, {platform.system()}, Python "
            f"{platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {blas['name']} "
            f"{blas['version']}, {threads}. Peers: {', '.join(versions) or 'none'}."
        )

    def _targets(self) -> Iterator[str]:
        small = self.rows[0]
        lines = [["work", "to reach", "measured", ""]]

        def add(work: str, goal: str, measured: str, met: bool | None) -> None:
            lines.append(
                [work, goal, measured, "not measured" if met is None else "met" if met else "**not met**"]
            )

        def ratio(work: str, size: int, times: float, label: str) -> None:
            mine, peer = self._seconds(OURS, work, small, size), self._best_peer(work, small, size)
            if mine is None or peer is None:
                add(label, f"{times:g} times faster than the best peer", "", None)
                return
            tool, seconds = peer
            counted = " (extrapolated)" if work == "bootstrap" and tool in PYTHON_PEERS else ""
            text = (
                f"{seconds / mine:,.0f} times: {duration(mine)} against {tool}'s {duration(seconds)}{counted}"
            )
            add(label, f"at least {times:g} times faster than the best peer", text, seconds / mine >= times)

        ratio("point", 18, 500, "LMG, p = 18, n = 10,000, from the frame")
        found = self.found.get((OURS, "point", small, 18))
        added = None if found is None else found["peak"] - found["baseline"]
        add(
            "its memory, added to what the process held",
            f"under {MEMORY_LIMIT:g} MiB",
            "" if found is None or added is None else f"{added:.0f} MiB (process: {found['peak']:.0f} MiB)",
            None if added is None else added < MEMORY_LIMIT,
        )
        for size, limit in ((20, 0.1), (24, 1.0)):
            mine = self._seconds(OURS, "point", small, size)
            label = f"LMG, p = {size}, n = 10,000, from the frame"
            add(label, f"under {limit:g} s", duration(mine), None if mine is None else mine < limit)
        ratio("bootstrap", 10, 350, "LMG and 1,000 row bootstraps, p = 10, n = 10,000")
        mine = self._seconds(OURS, "units", small, 14)
        label = "LMG and 2,000 unit bootstraps, p = 14, 1,000 units, from moments"
        add(label, "under 1.5 s", duration(mine), None if mine is None else mine < 1.5)
        yield table(lines)
        rate = self.product
        yield (
            "The limit is the matrix product. In the row bootstrap (1,000 replicates of 10,000 rows, "
            f"{13 * 12 // 2} sums each) it does {rate['ours']:.1f} GFLOP/s, with the products of the answers "
            f"formed and the draws turned into numbers on the way ({duration(rate['sums'])}). numpy's product "
            f"of two matrices of this shape alone does {rate['same']:.1f}, and of two of 2,000 by 2,000 (this "
            f"machine's `dgemm`) {rate['square']:.1f} GFLOP/s. Drawing the rows takes another "
            f"{duration(rate['draws'])}."
        )

    def _grid(self, rows: int) -> Iterator[str]:
        peers = [tool for tool, method in PEERS.items() if method == "lmg"]
        shown = [tool for tool in peers if tool not in self.absent]
        lines = [["drivers", "subsets", OURS, *shown, "best peer / ours"]]
        for size in (*self.sizes, LARGEST):
            mine = self._seconds(OURS, "point", rows, size)
            if mine is None:
                continue
            cells = [str(size), f"{2**size:,}", duration(mine)]
            for tool in shown:
                found = self.found.get((tool, "point", rows, size), {"failed": "not run"})
                cells.append(found.get("failed") or duration(self._seconds(tool, "point", rows, size)))
            peer = self._best_peer("point", rows, size)
            cells.append("" if peer is None else f"{peer[1] / mine:,.0f}")
            lines.append(cells)
        yield f"n = {rows:,}:"
        yield table(lines)
        if self.absent:
            yield "; ".join(f"{tool}: {reason}" for tool, reason in self.absent.items()) + "."

    def _details(self) -> Iterator[str]:
        head = [
            "rows",
            "drivers",
            "package",
            "gives",
            "wall",
            "processor",
            "memory, MiB",
            "difference",
            "wall ratio",
        ]
        lines = [[*head, "processor ratio"]]
        sizes = sorted({10, 14 if 14 in self.sizes else 12, 18, max(self.sizes)} & set(self.sizes))
        for rows in self.rows:
            for method in ("lmg", "relative_weights"):
                work = "point" if method == "lmg" else "weights"
                for size in sizes:
                    mine = self.found.get((OURS, work, rows, size))
                    if mine is None:
                        continue
                    lines.append(self._detail(rows, size, OURS, method, mine, mine))
                    for tool in PEERS:
                        other = self.found.get((tool, "point", rows, size))
                        if PEERS[tool] == method and other and "wall" in other:
                            lines.append(self._detail(rows, size, tool, method, other, mine))
        yield table(lines)

    def _detail(self, rows: int, size: int, tool: str, method: str, found: Found, mine: Found) -> list[str]:
        wall, cpu = statistics.median(found["wall"]), statistics.median(found["cpu"])
        cells = [f"{rows:,}", str(size), tool, {"lmg": "LMG"}.get(method, "relative weights")]
        cells += [
            duration(wall),
            duration(cpu),
            f"{found['peak']:.0f} ({found['peak'] - found['baseline']:+.0f})",
        ]
        if tool == OURS:
            return [*cells, "", "", ""]
        gap = self._difference(tool, rows, size)
        ratios = (
            f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
            for ratio in (
                wall / statistics.median(mine["wall"]),
                cpu / max(statistics.median(mine["cpu"]), 1e-9),
            )
        )
        return [*cells, "" if gap is None else "not a number" if np.isinf(gap) else f"{gap:.0e}", *ratios]

    def _bootstrap(self) -> Iterator[str]:
        small = self.rows[0]
        lines = [["package", "work", "wall", "processor", "memory, MiB", "peer / ours"]]
        rows_work = f"1,000 row bootstraps, p = 10, n = {small:,}"
        mine = self._seconds(OURS, "bootstrap", small, 10)
        for tool in (OURS, *PEERS):
            found = self.found.get((tool, "bootstrap", small, 10))
            if found is None:
                continue
            if "failed" in found:
                lines.append([tool, rows_work, found["failed"], "", "", ""])
                continue
            wall = self._seconds(tool, "bootstrap", small, 10)
            cpu = self._seconds(tool, "bootstrap", small, 10, "cpu")
            if tool in PYTHON_PEERS:
                label = f"{rows_work}: a loop by hand, extrapolated from {len(found['wall'])}"
            else:
                label = rows_work + (", relative weights" if tool == "rwa" else ", LMG")
            over = "" if tool == OURS or not mine or not wall else f"{wall / mine:,.0f}"
            memory_cell = f"{found['peak']:.0f} ({found['peak'] - found['baseline']:+.0f})"
            lines.append([tool, label, duration(wall), duration(cpu), memory_cell, over])
        units = self.found[OURS, "units", small, 14]
        lines.append(
            [
                OURS,
                "2,000 unit bootstraps, p = 14, 1,000 units, from moments, LMG",
                duration(statistics.median(units["wall"])),
                duration(statistics.median(units["cpu"])),
                f"{units['peak']:.0f} ({units['peak'] - units['baseline']:+.0f})",
                "no peer has it",
            ]
        )
        yield table(lines)

    def _awkward(self) -> Iterator[str]:
        lines = [["package", *EDGES.values()]]
        for label, found in self.edges.items():
            cells = []
            for kind in EDGES:
                result = found.get("edges", {}).get(kind, found.get("failed", "no result"))
                cells.append(self._judged(label, kind, result))
            lines.append([label.replace("_", " "), *cells])
        yield table(lines)

    def _judged(self, label: str, kind: str, result: Any) -> str:
        if isinstance(result, str):
            return f"refused: {result}".replace("|", "/")
        values = result["values"]
        message = f"warned: {result['message']}".replace("|", "/") if result["message"] else "no message"
        left_out = sum(value is None for value in values)
        if not all(np.isfinite(value) for value in values if value is not None):
            return f"**not a number**, {message}"
        if left_out:
            return f"**{left_out} of {len(values)} drivers gone**, {message}"
        if kind != "missing":
            return f"{values[1]:.3f} for that driver, {message}"
        if label.startswith(OURS):
            return "complete rows, and the number left out"
        mine = self.edges[f"{OURS} {PEERS[label]}"]["edges"][kind]["values"]
        gap = float(np.max(np.abs(np.subtract(values, mine))))
        return "complete rows" if gap < 1e-8 else f"**other values** (up to {gap:.4f}), {message}"

    def draw(self) -> None:
        """Time against the number of drivers on a log scale, one panel per number of rows, lines named at their end."""
        import matplotlib as mpl
        import matplotlib.pyplot as plt

        mpl.use("svg")
        colours = {
            OURS: "#000000",
            "pingouin": "#0072B2",
            "dominance-analysis": "#D55E00",
            "shapley-value-regression": "#CC79A7",
            "relaimpo": "#009E73",
            "domir": "#E69F00",
        }
        with mpl.rc_context({"svg.hashsalt": "drivers", "font.size": 9}):
            figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
            for axis, rows in zip(axes, self.rows, strict=True):
                ends = []
                for tool, colour in colours.items():
                    points = [
                        (size, seconds)
                        for size in (*SIZES, LARGEST)
                        if (seconds := self._seconds(tool, "point", rows, size)) is not None
                    ]
                    if points:
                        x, y = zip(*points, strict=True)
                        axis.plot(x, y, color=colour, marker="o", markersize=3, linewidth=1 + (tool == OURS))
                        ends.append((points[-1], tool))
                # Names of lines that end together stand above one another, the slowest on top.
                free = {size: np.inf for size, _ in (end for end, _ in ends)}
                for (size, seconds), tool in sorted(ends, key=lambda end: -end[0][1]):
                    height = free[size] = min(seconds, free[size] / 2.6)
                    axis.annotate(
                        "-\n".join(tool.rsplit("-", 1)),
                        (size, height),
                        xytext=(6, 0),
                        textcoords="offset points",
                        color=colours[tool],
                        va="center",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
                    )
                axis.set_yscale("log")
                axis.set_xticks([*SIZES, LARGEST])
                axis.set_xlim(5.5, 29)
                axis.set_title(f"{rows:,} rows", loc="left")
                axis.set_xlabel("drivers")
                axis.spines[["top", "right"]].set_visible(False)
                axis.grid(axis="y", color="#dddddd", linewidth=0.6)
            axes[0].set_ylabel("seconds, log scale")
            figure.tight_layout()
            figure.savefig(FIGURE, metadata={"Date": None, "Creator": None})
            plt.close(figure)


def outcome_of(command: list[str], *, limit: float, environment: dict[str, str]) -> Found:
    """The last line that a job prints, or how it failed."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"over {limit:.0f} s"}
    lines = ended.stdout.strip().splitlines()
    if ended.returncode or not lines:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        return {"failed": f"stopped: {last[:110]}"}
    found: Found = json.loads(lines[-1])
    return found


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:,.1f} s"


def table(lines: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(cells) + " |" for cells in lines]
    return "\n".join([head, "|" + "---|" * len(lines[0]), *body])


if __name__ == "__main__":
    main()
