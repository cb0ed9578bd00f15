"""Time and memory of the gate beside pandera, on one table of 200,000 sheets with 30 columns of numbers.

``python benchmarks/gate.py`` prints a table. Each runs in a process of its own, so that its peak is its own; both read
the same Parquet file and check types, scales and the key.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

SHEETS, ITEMS, UNITS = 200_000, 30, 500
WAYS = ("nothing", "gate", "pandera")


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "employees.parquet"
        made().to_parquet(path, index=False)
        print(f"{'':10}{'import, s':>12}{'check, s':>12}{'peak, MB':>12}")
        for way in WAYS:
            command = [sys.executable, __file__, way, str(path)]
            result = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            print(f"{way:10}{result['imported']:12.2f}{result['checked']:12.2f}{result['peak']:12.0f}")


def made() -> pd.DataFrame:
    """Sheets in order, one in fifty cells missing."""
    rng = np.random.default_rng(2016)
    answers = rng.integers(1, 8, (SHEETS, ITEMS)).astype("float64")
    answers[rng.random((SHEETS, ITEMS)) < 0.02] = np.nan
    frame = pd.DataFrame(answers, columns=[f"q{n}" for n in range(ITEMS)])
    frame.insert(0, "person", [f"p{n}" for n in range(SHEETS)])
    frame.insert(1, "unit", [f"u{n}" for n in rng.integers(0, UNITS, SHEETS)])
    return frame


def measured(way: str, path: Path) -> dict[str, float]:
    """Seconds to import and to check, and the peak of this process."""
    start = time.perf_counter()
    if way == "pandera":
        import pandera.pandas as pa
    elif way == "gate":
        from exresearch.study import Codebook, TableSource, Variable, check_tables, read_table
    imported = time.perf_counter() - start
    start = time.perf_counter()
    if way == "pandera":
        scale = pa.Check.in_range(1, 7)
        columns = {f"q{n}": pa.Column(float, scale, nullable=True) for n in range(ITEMS)}
        columns |= {"person": pa.Column(str, nullable=True), "unit": pa.Column(str, nullable=True)}
        pa.DataFrameSchema(columns, unique=["person"]).validate(pd.read_parquet(path), lazy=True)
    elif way == "gate":
        book = [Variable(table="employees", column=name, role=name) for name in ("person", "unit")]
        book += [
            Variable(table="employees", column=f"q{n}", role="item", construct="q", minimum=1, maximum=7)
            for n in range(ITEMS)
        ]
        source = TableSource.model_validate({"file": path.name})
        check_tables(
            {"employees": read_table([(path, source)], name="employees", codebook=Codebook(tuple(book), {}))}
        )
    checked = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"imported": imported, "checked": checked, "peak": peak}


if __name__ == "__main__":
    main()
