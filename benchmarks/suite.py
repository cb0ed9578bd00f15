"""The whole suite beside a plain loop of papermill and nbconvert commands, again unchanged, and for twenty clients.

``python benchmarks/suite.py`` prints the tables of ``docs/performance.md``; ``--write`` puts them there, between their
markers. The loop executes the same notebooks with the same parameters on the same data, one command after another, and
renders each with ``jupyter nbconvert``; what exresearch does beyond that (its own pages, search, index, disclosure
audit, leak scan) is in its time and not in that of the loop.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from watching.tree import Watched, watched

from exresearch.run.limits import usual_jobs
from exresearch.run.plan import plan_run
from exresearch.study.demo import write_demo_study

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- suite:start -->", "<!-- suite:end -->"
EXRESEARCH = [sys.executable, "-c", "from exresearch.cli import main; main()"]
#: What is promised: at least so many times faster, unchanged within so many seconds, all clients within so many.
RATIO, AGAIN, ALL = 6.0, 2.0, 600.0
#: The loop leaves numerical libraries all processors, so that sums come in another order.
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Loop:
    """What the loop took."""

    seconds: float
    processor: float
    peak: float
    executing: float
    rendering: float


def main() -> None:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--study", type=Path, default=ROOT / "params" / "demo.yaml", help="the study to run")
    parser.add_argument("--clients", type=int, default=20, help="clients of the last table; 0 leaves it out")
    parser.add_argument("--jobs", type=int, help="notebooks at a time; as many as usual by default")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="exresearch-suite-") as name:
        text, fits = measured(Path(name), options)
    print(text)
    if options.write:
        page = ROOT / "docs" / "performance.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    raise SystemExit(0 if fits else 1)


def measured(folder: Path, options: argparse.Namespace) -> tuple[str, bool]:
    """Return the tables, and whether everything promised holds."""
    # The fictional tables are there for both.
    plan_run(options.study, output=folder / "warm")
    run = [*EXRESEARCH, "run", str(options.study), "--output", str(folder / "report"), "--language", "en"]
    first = finished(watched([*run, *jobs_of(options)], cwd=ROOT, quiet=True))
    record = json.loads((folder / "report" / "run.json").read_text(encoding="utf-8"))
    cells = sum(one["seconds"] for one in record["notebooks"])
    again = finished(watched(run, cwd=ROOT, quiet=True))
    untouched = json.loads((folder / "report" / "run.json").read_text(encoding="utf-8")) == record
    loop = looped(folder / "loop", options.study)
    apart = difference(findings(folder / "report"), findings(folder / "loop"))
    ratio = loop.seconds / first.seconds
    rows = [
        ("loop of `papermill` and `jupyter nbconvert`", loop.seconds, loop.processor, loop.peak, "1.0"),
        ("`exresearch run`", first.seconds, first.processor, first.peak, f"{ratio:.1f}"),
        ("`exresearch run` again, nothing changed", again.seconds, again.processor, again.peak, "0 executed"),
    ]
    lines = [
        "| the demo, 12 notebooks | seconds | CPU seconds | peak memory, GiB | times faster |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {name} | {s:.1f} | {cpu:.1f} | {peak:.2f} | {how} |" for name, s, cpu, peak, how in rows]
    lines += [
        "",
        f"Of the loop {loop.executing:.1f} s are papermill's and {loop.rendering:.1f} s nbconvert's. The notebooks of "
        f"`exresearch run` took {cells:.1f} s together, {options.jobs or usual_jobs()} at a time. Findings of both: "
        f"{'the same, byte for byte' if apart == 0 else f'apart by at most {apart:.1g} of a number'}.",
    ]
    fits = ratio >= RATIO and again.seconds < AGAIN and untouched and apart < SAME
    if options.clients:
        many = clients(folder, options)
        per = many.seconds / options.clients
        lines += [
            "",
            f"| {options.clients} clients x 12 notebooks, one command | seconds | CPU seconds "
            "| peak memory, GiB | seconds a client |",
            "|---|---|---|---|---|",
            f"| `exresearch run clients/*/study.yaml` | {many.seconds:.0f} | "
            f"{many.processor:.0f} | {many.peak:.2f} | {per:.1f} |",
        ]
        fits = fits and many.code == 0 and many.seconds <= ALL * options.clients / 20
    heading = (
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/suite.py` on {os.cpu_count()} cores "
        f"({platform.machine()}), load {os.getloadavg()[0]:.1f} at its end; processors counted with all children, "
        "memory of all processes together, what they share once."
    )
    return "\n".join([heading, "", *lines]), fits


def looped(folder: Path, study: Path) -> Loop:
    """Do what a user would otherwise: a papermill command and an nbconvert command per notebook."""
    plan = plan_run(study, output=folder / "unused", overrides={"language": "en"})
    folder.mkdir(parents=True)
    # What papermill is told by hand: where the study is, and where to write.
    places = {"study_file": str(plan.study_file), "output_dir": str(folder)}
    steps: dict[str, list[Watched]] = {"papermill": [], "nbconvert": []}
    for job in plan.jobs:
        settings = folder / f"{job.name}.yaml"
        told = {name: places.get(name, value) for name, value in job.parameters.items()}
        settings.write_text(yaml.safe_dump(told), encoding="utf-8")
        executed = folder / f"{job.name}.ipynb"
        command = ["papermill", str(job.path), str(executed), "-f", str(settings), "--cwd", str(folder)]
        steps["papermill"].append(finished(watched([sys.executable, "-m", *command], cwd=ROOT, quiet=True)))
        command = ["nbconvert", "--to", "html", str(executed)]
        steps["nbconvert"].append(finished(watched([sys.executable, "-m", *command], cwd=ROOT, quiet=True)))
    every = [one for part in steps.values() for one in part]
    executing, rendering = (sum(one.seconds for one in part) for part in steps.values())
    return Loop(
        sum(one.seconds for one in every),
        sum(one.processor for one in every),
        max(one.peak for one in every),
        executing,
        rendering,
    )


def clients(folder: Path, options: argparse.Namespace) -> Watched:
    """Run many clients, companies of the demo's size that differ in everything that chance decides."""
    files = []
    for number in range(options.clients):
        file = write_demo_study(folder / "clients" / f"c{number:02}", seed=3000 + number)
        content = yaml.safe_load(file.read_text(encoding="utf-8")) | {"client": f"c{number:02}"}
        file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
        files.append(str(file))
    command = [*EXRESEARCH, "run", *files, "--output", str(folder / "many"), *jobs_of(options)]
    return watched(command, cwd=ROOT)


def jobs_of(options: argparse.Namespace) -> list[str]:
    """Return what says how many notebooks run at a time; nothing where that is as usual."""
    return ["--jobs", str(options.jobs)] if options.jobs else []


def findings(folder: Path) -> dict[str, bytes]:
    """Return the files of all findings."""
    return {path.name: path.read_bytes() for path in sorted((folder / "findings").glob("*.json"))}


def difference(one: dict[str, bytes], other: dict[str, bytes]) -> float:
    """Return the largest difference of two sets of findings, relative to the number; infinite where words differ."""
    if one.keys() != other.keys():
        return float("inf")
    both = [(leaves(one[name]), leaves(other[name])) for name in one]
    if any(len(a) != len(b) for a, b in both):
        return float("inf")
    pairs = [pair for a, b in both for pair in zip(a, b, strict=True)]
    numbers = [(a, b) for a, b in pairs if isinstance(a, float) and isinstance(b, float)]
    if any(a != b for a, b in pairs if not (isinstance(a, float) and isinstance(b, float))):
        return float("inf")
    return max((abs(a - b) / max(abs(a), abs(b), 1e-12) for a, b in numbers), default=0.0)


def leaves(content: bytes) -> list[object]:
    """Return everything that stands in a finding, keys and values, in order."""
    found: list[object] = []
    more: list[Any] = [json.loads(content)]
    while more:
        one = more.pop()
        if isinstance(one, dict):
            more += [part for pair in one.items() for part in pair]
        elif isinstance(one, list):
            found.append(len(one))
            more += one
        else:
            found.append(one)
    return found


def finished(one: Watched) -> Watched:
    """Return what ran to its end.

    Raises
    ------
    SystemExit
        If it did not.
    """
    if one.code:
        raise SystemExit(f"a command ended with exit code {one.code}")
    return one


if __name__ == "__main__":
    main()
