"""How often the interval of the gain of segments holds the truth, and which verdicts follow from it.

Companies are simulated in which segments, categories, both or neither matter for two outcomes, with units that differ
by themselves. Each goes through folds, segments found anew and ridge regression like a study. There are two truths:
the gain in a company of 1,000 units, where everything can be learnt, and the mean over companies of the same size.
Each company is a line of JSON in ``--rows FILE``, and a run goes on where an earlier one stopped. Prints a Markdown
table of all rows; ``--write`` puts it into docs/segments.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from exresearch.findings.analyses.segments.gains import held_out
from exresearch.findings.analyses.segments.people import People
from exresearch.findings.conclude import estimand_for, rule_of
from exresearch.measures import dependence_groups

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "segments.md"
ROWS = ROOT / "reports" / "segments_coverage.jsonl"
START, END = "<!-- coverage: start -->", "<!-- coverage: end -->"
SIZE = 15
LARGE, LARGE_RUNS = 1000, 1
SEED = 77_016
PROFILES = 4.2 + 1.7 * np.repeat(np.eye(3), 2, axis=1)
Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Units, and how strong segments, the function and the location of a unit are."""

    units: int
    segments: float = 0.0
    function: float = 0.0
    location: float = 0.0


WORLDS = {
    "segments and function matter": World(40, segments=1.0, function=1.0),
    "segments matter a little, few people": World(20, segments=0.7),
    "function and location matter": World(40, function=1.0, location=0.3),
    "nothing matters": World(40),
    "nothing matters, few people": World(20),
}


def company(world: World, units: int, rng: np.random.Generator) -> People:
    """Everybody of one company: six needs, two outcomes, and function, level and location."""
    n, unit = units * SIZE, np.repeat(np.arange(units), SIZE)
    segment = rng.choice(3, size=n, p=[0.4, 0.35, 0.25])
    needs = np.clip(np.rint(PROFILES[segment] + rng.standard_normal((n, 6))), 1, 7)
    function, level = rng.integers(0, 5, n), rng.choice(3, size=n, p=[0.8, 0.12, 0.08])
    location = rng.integers(0, 6, units)[unit]
    pull = world.segments * np.array([0.5, 0.0, -0.6])[segment]
    place = 0.25 * rng.standard_normal(units)[unit] + world.location * np.linspace(-1, 1, 6)[location]
    first = pull + world.function * np.linspace(0.4, -0.4, 5)[function] + place
    outcomes = np.column_stack([first, pull / 2 + place]) + rng.standard_normal((n, 2))
    categories = pd.DataFrame({"function": function, "level": level, "location": location}).astype(str)
    return People(
        needs=pd.DataFrame(needs, columns=list("abcdef")),
        outcomes=pd.DataFrame((outcomes - outcomes.mean(axis=0)) / outcomes.std(axis=0)),
        categories=categories,
        weights=np.ones(n),
        groups=dependence_groups(pd.DataFrame({"unit": unit.astype(str)})),
        items=(),
        measured=(),
        kind="profiles",
        five=True,
        n_excluded=0,
    )


def study(world: World, units: int, run: int, number: int) -> Row:
    """The gain in one company, and the verdict on it."""
    everybody = company(world, units, np.random.default_rng([SEED, number, units, run]))
    judged = held_out(everybody, seed=run)
    judged.add("categories", base=everybody.design())
    judged.add("segments", segments=3)
    table = judged.gain("segments", base="categories", conf_level=0.95)
    if table is None:
        raise RuntimeError(f"no gain in company {run} of {units} units")
    found = table.iloc[0]
    verdict = rule_of(estimand_for("needs-segments")).decide(
        float(found["conf_low"]),
        float(found["conf_high"]),
        p_adjusted=float(found["p_value"]),
        conf_level=0.95,
    )
    names = ("estimate", "conf_low", "conf_high", "std_error")
    return {**{name: float(found[name]) for name in names}, "verdict": str(verdict)}


def simulate(path: Path, runs: int) -> None:
    """Add the companies that the file lacks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {(row["world"], row["units"], row["run"]) for row in read_rows(path)}
    jobs = [(name, LARGE, run) for name in WORLDS for run in range(LARGE_RUNS)]
    jobs += [(name, world.units, run) for run in range(runs) for name, world in WORLDS.items()]
    for name, units, run in jobs:
        if (name, units, run) not in done:
            started = time.process_time()
            row = {"world": name, "units": units, "run": run}
            row |= study(WORLDS[name], units, run, list(WORLDS).index(name))
            row["seconds"] = round(time.process_time() - started, 2)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def read_rows(path: Path) -> list[Row]:
    """Rows of earlier runs."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def held(frame: pd.DataFrame, truth: float) -> str:
    """Share of intervals that hold the truth, with its own interval (Wilson 1927)."""
    inside = int(((frame["conf_low"] <= truth) & (truth <= frame["conf_high"])).sum())
    low, high = binomtest(inside, len(frame)).proportion_ci(method="wilson")
    return f"{inside / len(frame):.0%} ({low:.0%} to {high:.0%})"


def table(rows: pd.DataFrame) -> list[str]:
    """One row per world."""
    lines = [
        "| world | units | companies | gain in a large company | mean gain | deviation | mean standard error | "
        "held the gain of a large company | held the mean gain | verdicts |",
        "|---|---:|---:|---:|---:|---:|---:|---|---|---|",
    ]
    for name, world in WORLDS.items():
        part, large = (
            rows[(rows["world"] == name) & (rows["units"] == units)] for units in (world.units, LARGE)
        )
        if part.empty:
            continue
        truth, mean = float(large["estimate"].mean()), float(part["estimate"].mean())
        verdicts = ", ".join(
            f"{verdict} {count}" for verdict, count in Counter(part["verdict"]).most_common()
        )
        lines.append(
            f"| {name} | {world.units} | {len(part)} | {truth:.4f} | {mean:.4f} | {part['estimate'].std():.4f} | "
            f"{part['std_error'].mean():.4f} | {held(part, truth)} | {held(part, mean)} | {verdicts} |"
        )
    return lines


def main() -> None:
    """Simulate what is not there yet, and print or write the table of all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="companies per world")
    parser.add_argument("--rows", type=Path, default=ROWS, help="file that keeps the rows")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    options = parser.parse_args()
    simulate(options.rows, options.runs)
    rows = pd.DataFrame(read_rows(options.rows))
    text = (
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/segments_coverage.py`: {len(rows):,} companies in "
        f"{rows['seconds'].sum() / 60:.0f} minutes of the processor.\n\n" + "\n".join(table(rows))
    )
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(START)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
