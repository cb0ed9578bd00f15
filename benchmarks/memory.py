"""How much memory and time a large study takes: a million answer sheets of sixty items, checked and scored.

``python benchmarks/memory.py`` prints the table of ``docs/memory.md``; ``--write`` puts it there, between its markers.
Every way of reading runs in a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "memory.md"
BEGIN, END = "<!-- memory: begin -->", "<!-- memory: end -->"
LIMIT = 4.0
ITEMS, CONSTRUCTS, UNITS, MISSING = 60, 10, 2000, 9
WAYS = {
    "nothing": "Python with pandas and exresearch imported",
    "study": "`load_study`, then `construct_score` of every construct",
    "pandas": "`pandas.read_parquet`, then row means",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and time of a large study.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="answer sheets")
    parser.add_argument("--write", action="store_true", help="put the table into docs/memory.md")
    parser.add_argument("--way", choices=[*WAYS, "int8", "int64"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way in ("int8", "int64"):
        write_study(options.folder, rows=options.rows, kind=options.way)
        return
    if options.way:
        print(json.dumps(measured(options.way, options.folder)))
        return
    text, fits = compared(options.rows)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    if not fits:
        sys.exit(f"The study needs more than {LIMIT:g} GiB.")


def compared(rows: int) -> tuple[str, bool]:
    """Measure every way on files of both types, and lay the results out."""
    lines = [
        "| answers stored as | way | peak memory, GiB | seconds | memory, ratio | time, ratio |",
        "|---|---|---|---|---|---|",
    ]
    fits = True
    for kind in ("int8", "int64"):
        with TemporaryDirectory() as folder:
            # In a process of its own too: a new process is counted with what its parent held when it was started.
            in_its_own_process(kind, Path(folder), rows=rows)
            size = (Path(folder) / "employees.parquet").stat().st_size / 2**20
            found = {way: in_its_own_process(way, Path(folder), rows=rows) for way in WAYS}
        difference = max(
            abs(a - b) for a, b in zip(found["study"]["means"], found["pandas"]["means"], strict=True)
        )
        if difference > 1e-9:
            raise SystemExit(f"The two ways do not agree: their mean scores differ by {difference:g}.")
        fits &= found["study"]["peak"] <= LIMIT
        for way, words in WAYS.items():
            one, other = found[way], found["pandas"]
            ratios = [f"{one[key] / other[key]:.2f}" if way == "study" else "" for key in ("peak", "seconds")]
            cells = [
                f"{kind} ({size:.0f} MiB)",
                words,
                f"{one['peak']:.2f}",
                f"{one['seconds']:.1f}",
                *ratios,
            ]
            lines.append(f"| {' | '.join(cells)} |")
    arguments = " --write" if rows == 1_000_000 else f" --rows {rows} --write"
    heading = (
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/memory.py{arguments}` on {os.cpu_count()} cores: "
        f"{rows:,} answer sheets with {ITEMS} items, a person and one of {UNITS:,} units, {CONSTRUCTS} constructs of "
        f"{ITEMS // CONSTRUCTS} items, one item of each reversed, 3 % of the cells with a missing code. "
        "Ratios: the study over pandas."
    )
    return "\n".join([heading, "", *lines]), fits


def write_study(folder: Path, *, rows: int, kind: str) -> None:
    """Write a table of seeded answers, its codebook and its study file."""
    rng = np.random.default_rng(2016)
    columns: dict[str, Any] = {
        "person": pa.array(np.arange(rows)),
        "unit": pa.array([f"unit {i:04d}" for i in range(UNITS)]).take(
            pa.array(rng.integers(0, UNITS, rows))
        ),
    }
    for name in items():
        answers = rng.integers(1, 8, rows).astype(kind)
        answers[rng.random(rows) < 0.03] = MISSING
        columns[name] = pa.array(answers)
    pq.write_table(pa.table(columns), folder / "employees.parquet")
    keys = [{"table": "employees", "column": name, "role": name} for name in ("person", "unit")]
    scale = {"table": "employees", "role": "item", "minimum": 1, "maximum": 7, "missing": [MISSING]}
    variables = [
        {**scale, "column": name, "construct": construct_of(number), "reversed": is_reversed(number)}
        for number, name in enumerate(items())
    ]
    study = {
        "client": "large",
        "title": {"nl": "Groot", "en": "Large"},
        "codebook": "codebook.yaml",
        "tables": {"employees": "employees.parquet"},
        "parameters": {"ex_measure": construct_of(0), "cx_measure": construct_of(1)},
    }
    for name, content in (("codebook.yaml", {"variables": keys + variables}), ("study.yaml", study)):
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")


def items() -> list[str]:
    return [f"q{number:02d}" for number in range(ITEMS)]


def construct_of(number: int) -> str:
    return f"construct_{number % CONSTRUCTS}"


def is_reversed(number: int) -> bool:
    return number < CONSTRUCTS


def in_its_own_process(way: str, folder: Path, *, rows: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder), "--rows", str(rows)]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    result: dict[str, Any] = json.loads(said) if said else {}
    return result


def measured(way: str, folder: Path) -> dict[str, Any]:
    """Go one way, and return its peak memory, its time and the mean of each score."""
    from exresearch.measures import construct_score
    from exresearch.study import load_study

    start = time.perf_counter()
    scores: list[pd.Series] = []
    if way == "study":
        study = load_study(folder / "study.yaml")
        frame, codebook = study.table("employees"), study.codebook
        scores = [
            construct_score(frame, codebook=codebook, table="employees", construct=construct_of(number))
            for number in range(CONSTRUCTS)
        ]
    elif way == "pandas":
        frame = pd.read_parquet(folder / "employees.parquet")
        for number in range(CONSTRUCTS):
            mine = [(name, i) for i, name in enumerate(items()) if construct_of(i) == construct_of(number)]
            answers = frame[[name for name, _ in mine]].replace(MISSING, np.nan)
            for name, i in mine:
                if is_reversed(i):
                    answers[name] = 8 - answers[name]
            scores.append(answers.mean(axis=1).where(answers.notna().mean(axis=1) >= 0.5))
    seconds = time.perf_counter() - start
    # In KiB, except on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    return {"peak": peak, "seconds": seconds, "means": [float(score.mean()) for score in scores]}


if __name__ == "__main__":
    main()
