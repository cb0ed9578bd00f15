"""How fast rows become moments per unit: a frame beside pandas, and Parquet files of growing length.

``python benchmarks/moments.py`` prints the tables of ``docs/performance.md``; ``--write`` puts them there, between
their markers. Every measurement runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- moments:start -->", "<!-- moments:end -->"
COLUMNS = [f"q{number:02d}" for number in range(40)]
UNITS, CHUNK, FRAME_ROWS = 1000, 1_000_000, 1_000_000
LIMIT_FRAME, LIMIT_FILE, LIMIT_MEMORY = 0.6, 60.0, 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description="Moments of large tables.")
    parser.add_argument("--rows", type=int, default=100_000_000, help="rows of the longest file")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--folder", type=Path, help="where the files are made (a temporary folder)")
    parser.add_argument("--step", choices=["make", "parquet", "frame"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        steps: dict[str, Callable[[Path, int], dict[str, Any]]] = {
            "make": make_file,
            "parquet": read_file,
            "frame": compare_frame,
        }
        print(json.dumps(steps[options.step](options.folder, options.rows)))
        return
    with TemporaryDirectory(dir=options.folder) as folder:
        text, met = measured(Path(folder), options.rows)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    if not met:
        sys.exit("At least one figure is above its limit.")


def measured(folder: Path, rows: int) -> tuple[str, bool]:
    """Measure everything, and lay the results out."""
    frame = in_its_own_process("frame", folder, FRAME_ROWS)
    machine = f"{frame['sgemm']:.0f} GFLOP/s in single and {frame['dgemm']:.0f} in double precision"
    lines = [
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/moments.py --rows {rows}` on {os.cpu_count()} cores "
        f"({platform.machine()}), load {os.getloadavg()[0]:.1f}; the machine's own products of 2,048 x 2,048 run at "
        f"{machine}. {len(COLUMNS)} whole answers of 1 to 7, {UNITS:,} units; medians of five, files once.",
        "",
        f"| {FRAME_ROWS:,} rows in memory | seconds | CPU seconds | ratio | GFLOP/s |",
        "|---|---|---|---|---|",
    ]
    for name, words in FRAME_WAYS.items():
        one = frame[name]
        rate = flop(FRAME_ROWS) / one["seconds"] / 1e9
        lines.append(
            f"| {words} | {one['seconds']:.3f} | {one['cpu']:.3f} | "
            f"{frame['pandas']['seconds'] / one['seconds']:.1f} | {rate:.1f} |"
        )
    lines += [
        "",
        "| rows in Parquet | file, GB | seconds | CPU seconds | peak memory, GiB | rows a second | GFLOP/s |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    met = frame["answers"]["seconds"] < LIMIT_FRAME
    for size in [rows // 100, rows // 10, rows]:
        made = in_its_own_process("make", folder, size)
        one = in_its_own_process("parquet", folder, size)
        (folder / "answers.parquet").unlink()
        lines.append(
            f"| {size:,} | {made['bytes'] / 1e9:.2f} | {one['seconds']:.1f} | {one['cpu']:.1f} | {one['peak']:.2f} | "
            f"{size / one['seconds']:,.0f} | {flop(size) / one['seconds'] / 1e9:.1f} |"
        )
        met &= one["seconds"] < LIMIT_FILE and one["peak"] < LIMIT_MEMORY
    return "\n".join(lines), met


def flop(rows: int) -> float:
    """Additions and multiplications of the full products, as a general matrix product counts them."""
    return 2.0 * rows * (len(COLUMNS) + 1) ** 2


def make_file(folder: Path, rows: int) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(2026)
    path = folder / "answers.parquet"
    schema = pa.schema([*((name, pa.int8()) for name in COLUMNS), ("unit", pa.int32())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, CHUNK):
            size = min(CHUNK, rows - start)
            answers = rng.integers(1, 8, (len(COLUMNS), size), dtype=np.int8)
            units = rng.integers(UNITS, size=size, dtype=np.int32)
            writer.write_table(pa.table([*answers, units], schema=schema))
    return {"bytes": path.stat().st_size}


def read_file(folder: Path, rows: int) -> dict[str, Any]:
    from exresearch.models import parquet_moments

    found, seconds, cpu = timed(
        lambda: parquet_moments(folder / "answers.parquet", columns=COLUMNS, cluster="unit")
    )
    if (found.n_rows, found.n_units) != (rows, UNITS):
        raise SystemExit(f"{found.n_rows} rows of {found.n_units} units were read.")
    # In KiB, except on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    return {"seconds": seconds, "cpu": cpu, "peak": peak}


FRAME_WAYS = {
    "pandas": "`groupby(unit).cov()` of pandas, which knows no weights",
    "answers": "`unit_moments`",
    "weighted": "`unit_moments` with weights",
    "pairwise": '`unit_moments(missing="pairwise")`',
}


def compare_frame(folder: Path, rows: int) -> dict[str, Any]:
    import pandas as pd

    from exresearch.models import unit_moments

    del folder
    rng = np.random.default_rng(2026)
    frame = pd.DataFrame(dict(zip(COLUMNS, rng.integers(1, 8, (40, rows), dtype=np.int8), strict=True)))
    frame["unit"] = rng.integers(UNITS, size=rows)
    frame["w"] = rng.uniform(0.5, 2.0, rows)
    options = {"columns": COLUMNS, "cluster": "unit"}
    ways: dict[str, Callable[[], Any]] = {
        "pandas": lambda: frame[[*COLUMNS, "unit"]].groupby("unit").cov(),
        "answers": lambda: unit_moments(frame, **options),
        "weighted": lambda: unit_moments(frame, weights="w", **options),
        "pairwise": lambda: unit_moments(frame, missing="pairwise", **options),
    }
    result: dict[str, Any] = {}
    for name, way in ways.items():
        times = sorted(timed(way)[1:] for _ in range(5))
        result[name] = {"seconds": times[2][0], "cpu": times[2][1]}
    moments, own = ways["answers"](), ways["pandas"]()
    first = moments.matrices[0]
    covariance = (first[1:, 1:] - np.outer(first[1:, 0], first[1:, 0]) / first[0, 0]) / (first[0, 0] - 1)
    difference = np.abs(covariance - own.loc[0].to_numpy()).max()
    if difference > 1e-9:
        raise SystemExit(f"The two ways do not agree: covariances differ by {difference:g}.")
    for name, kind in (("sgemm", np.float32), ("dgemm", np.float64)):
        table = rng.normal(size=(2048, 2048)).astype(kind)
        other = table.copy()
        best = min(timed(lambda a=table, b=other: a @ b)[1] for _ in range(7))
        result[name] = 2.0 * 2048**3 / best / 1e9
    return result


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What work returns, and its seconds on the clock and of all threads."""
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - clock, time.process_time() - cpu


def in_its_own_process(step: str, folder: Path, rows: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder), "--rows", str(rows)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: dict[str, Any] = json.loads(said)
    return result


if __name__ == "__main__":
    main()
