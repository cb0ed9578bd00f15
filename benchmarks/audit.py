"""How long the audit of a report takes, and how much of it needs a linear programme.

Tables of every measure by unit, wave, unit and wave, and six categories: more than the notebooks show. Everything goes
through the door and is then held together. ``python benchmarks/audit.py --measures 20 --write`` makes the table in
docs/privacy.md.
"""

from __future__ import annotations

import argparse
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Entry, Groups, Measure, Members, audit, release

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "privacy.md"
BEGIN, END = "<!-- audit: start -->", "<!-- audit: end -->"
CATEGORIES = {"kind": 4, "division": 6, "place": 10}
TABLES: list[list[str]] = [
    [], ["wave"], ["unit"], ["kind"], ["division"], ["place"], ["sex"], ["age"], ["kind", "wave"],
    ["division", "wave"], ["place", "wave"], ["unit", "wave"], ["sex", "age"],
]  # fmt: skip


def sheets(*, units: int, waves: int, low: int, high: int, measures: int, seed: int) -> pd.DataFrame:
    """Answer sheets of a company whose units have from ``low`` to ``high`` people; seven in ten answer."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(low, high + 1, units)
    unit = np.repeat(np.arange(units), sizes)
    people = pd.DataFrame({"person": np.arange(len(unit)), "unit": [f"U{number:03d}" for number in unit]})
    for name, number in CATEGORIES.items():
        people[name] = [f"{name} {value % number}" for value in unit]
    people["sex"] = rng.choice(["f", "m"], len(people))
    people["age"] = rng.integers(0, 5, len(people)).astype(str)
    frame = pd.concat([people.assign(wave=f"wave {wave}") for wave in range(waves)], ignore_index=True)
    frame = frame[rng.random(len(frame)) < 0.7].reset_index(drop=True)
    for number in range(measures):
        frame[f"item {number}"] = rng.integers(1, 8, len(frame)).astype("float64")
    return frame


def released(frame: pd.DataFrame, *, measures: int, rules: DisclosureRules) -> list[tuple[str, Entry]]:
    """Every table of every measure, through the door."""
    shown = []
    for number in range(measures):
        item = f"item {number}"
        for by in TABLES:
            grouped = frame.assign(all=0).groupby(by or ["all"])[item]
            table = grouped.agg(mean="mean", n="size").reset_index()
            groups = Groups("employees", by={b: b for b in by}, measures={"mean": Measure(item, 1, 7)})
            entry = release(table, count="n", rules=rules, groups=groups, name=", ".join(by) or "all").entry
            shown.append((item, entry))
    return shown


def measured(*, low: int, high: int, measures: int, seed: int) -> str:
    """One row of the table."""
    frame = sheets(units=120, waves=6, low=low, high=high, measures=measures, seed=seed)
    dimensions = ["unit", "wave", "sex", "age", *CATEGORIES]
    members = {"employees": Members(frame[dimensions].astype("string"), frame["person"].to_numpy())}
    pairs = frame[["unit", *CATEGORIES]].drop_duplicates()
    above = {row["unit"]: [(name, row[name]) for name in CATEGORIES] for row in pairs.to_dict("records")}
    rules = DisclosureRules(roll_ups={"unit": above})
    start = time.perf_counter()
    shown = released(frame, measures=measures, rules=rules)
    middle = time.perf_counter()
    result = audit(shown, members, rules=rules)
    end = time.perf_counter()
    return (
        f"| {low} to {high} | {len(frame):,} | {result.n_entries} | {result.n_cells:,} | {result.n_hidden:,} | "
        f"{result.n_targets:,} | {middle - start:.1f} s | {end - middle:.1f} s | {len(result.disclosures)} |"
    )


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measures", type=int, default=20, help="measures, each in thirteen tables")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/privacy.md")
    given = parser.parse_args()
    rows = [
        measured(low=low, high=high, measures=given.measures, seed=given.seed)
        for low, high in ((25, 45), (8, 20), (3, 8))
    ]
    command = "python benchmarks/audit.py --write"
    text = "\n".join(
        [
            f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}`, {platform.machine()}, one thread; "
            "120 units, 6 waves.",
            "",
            "| people in a unit | sheets | tables | groups | hidden | attacked | door | audit | given away |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
            *rows,
        ]
    )
    print(text)
    if given.write:
        page = DOCUMENT.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        _, _, tail = rest.partition(END)
        DOCUMENT.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
