"""How often segments are named where there are none, and how often they are found where they are.

Needs of simulated people go through the rule of the study (`choose_segments`). In the noise worlds nobody is in a
segment: every named segment is false. In the planted worlds there are three. Each study is a line of JSON in
``--rows FILE`` as soon as it is done, and a run goes on where an earlier one stopped. Prints two Markdown tables of
all rows; ``--write`` puts them into docs/segments.md, ``--runs 20 --planted-runs 6`` is a quick look.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from exresearch.models.segmentation import adjusted_rand, choose_segments

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "segments.md"
ROWS = ROOT / "reports" / "segments_noise.jsonl"
START, END = "<!-- segments: start -->", "<!-- segments: end -->"
PEOPLE, ITEMS = 500, 9
PLANTED = [*((people, step) for people in (300, 500) for step in (1.0, 1.5, 2.0)), (1500, 1.0)]
#: Share of the studies without segments that have to refuse.
LEAST = 0.95
SEED = 2016
Row = dict[str, Any]
Draw = Callable[[np.random.Generator], np.ndarray]


def points(values: np.ndarray, *, mean: float = 4.5, spread: float = 1.3) -> np.ndarray:
    """Answers of 1 to 7."""
    return np.clip(np.rint(mean + spread * values), 1, 7)


def uniform(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0, 10, (PEOPLE, ITEMS))


def normal(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((PEOPLE, ITEMS))


def ordinal(rng: np.random.Generator) -> np.ndarray:
    return points(rng.standard_normal((PEOPLE, ITEMS)))


def one_factor(rng: np.random.Generator) -> np.ndarray:
    common = rng.standard_normal((PEOPLE, 1))
    return points(0.75 * common + 0.66 * rng.standard_normal((PEOPLE, ITEMS)))


def even_factor(rng: np.random.Generator) -> np.ndarray:
    common = rng.uniform(-np.sqrt(3), np.sqrt(3), (PEOPLE, 1))
    return points(0.75 * common + 0.66 * rng.standard_normal((PEOPLE, ITEMS)))


def correlated(rng: np.random.Generator) -> np.ndarray:
    three = rng.standard_normal((PEOPLE, 3))
    return np.repeat(three, 3, axis=1) * 0.7 + 0.7 * rng.standard_normal((PEOPLE, ITEMS))


def skewed(rng: np.random.Generator) -> np.ndarray:
    three = rng.standard_normal((PEOPLE, 3))
    latent = np.repeat(three, 3, axis=1) * 0.6 + 0.8 * rng.standard_normal((PEOPLE, ITEMS))
    return points(latent, mean=6.0, spread=1.6)


def acquiescence(rng: np.random.Generator) -> np.ndarray:
    agrees = 0.8 * rng.standard_normal((PEOPLE, 1))
    return points(agrees + rng.standard_normal((PEOPLE, ITEMS)), mean=5.0, spread=1.1)


NOISE: dict[str, Draw] = {
    "uniform answers, independent": uniform,
    "normal answers, independent": normal,
    "answers of 1 to 7, independent": ordinal,
    "one common factor": one_factor,
    "one common factor, evenly spread": even_factor,
    "three factors, correlated normal answers": correlated,
    "three factors, most answers at the top": skewed,
    "a habit of agreeing": acquiescence,
}


def planted(rng: np.random.Generator, *, people: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Three segments, each higher by `step` answer points on three of nine needs; within them a deviation of 1."""
    segment = rng.choice(3, size=people, p=[0.4, 0.35, 0.25])
    profile = 4.2 + step * np.repeat(np.eye(3), 3, axis=1)
    return np.clip(np.rint(profile[segment] + rng.standard_normal((people, ITEMS))), 1, 7), segment


def noise(name: str, run: int) -> Row:
    """One study in which nobody is in a segment."""
    data = pd.DataFrame(NOISE[name](np.random.default_rng([SEED, list(NOISE).index(name), run])))
    found = choose_segments(data, describe=False, seed=run)
    return {"refusal": found.refusal}


def found_again(people: int, step: float, run: int) -> Row:
    """One study of three segments."""
    answers, truth = planted(
        np.random.default_rng([SEED, people, int(10 * step), run]), people=people, step=step
    )
    found = choose_segments(pd.DataFrame(answers), describe=False, seed=run)
    mixture = found.mixture
    rand = None if mixture is None else adjusted_rand(mixture.segment, truth)
    return {"refusal": found.refusal, "k": None if mixture is None else mixture.k, "rand": rand}


def jobs(runs: int, planted_runs: int) -> Iterator[tuple[str, int, Callable[[], Row]]]:
    """Every study, one of each world in turn."""
    for run in range(max(runs, planted_runs)):
        for name in NOISE if run < runs else ():
            yield name, run, lambda name=name, run=run: noise(name, run)
        for people, step in PLANTED if run < planted_runs else ():
            yield f"{people}/{step}", run, lambda p=people, s=step, run=run: found_again(p, s, run)


def simulate(path: Path, runs: int, planted_runs: int) -> None:
    """Add the rows that the file lacks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = {(row["world"], row["run"]) for row in read_rows(path)}
    for world, run, study in jobs(runs, planted_runs):
        if (world, run) not in done:
            started = time.process_time()
            row = {"world": world, "run": run, **study(), "seconds": round(time.process_time() - started, 2)}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def read_rows(path: Path) -> list[Row]:
    """Rows of earlier runs."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def wilson(count: int, runs: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    found = binomtest(count, runs).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def noise_table(rows: list[Row]) -> tuple[list[str], list[str]]:
    """One row per world, and the worlds of which it is not shown that enough studies refuse."""
    lines = [
        "| nobody is in a segment | studies | no segment named | 95 % range of it | refused because |",
        "|---|---:|---:|---|---|",
    ]
    short = []
    for name in NOISE:
        why = Counter(row["refusal"] or "named" for row in rows if row["world"] == name)
        if runs := why.total():
            refused = runs - why.pop("named", 0)
            low, high = wilson(refused, runs)
            reasons = ", ".join(f"{reason} {count}" for reason, count in why.most_common())
            lines.append(f"| {name} | {runs} | {refused / runs:.1%} | {low:.1%} to {high:.1%} | {reasons} |")
            if low < LEAST:
                short.append(f"{name}: between {low:.1%} and {high:.1%} refuse; {LEAST:.0%} is asked.")
    every = [row["refusal"] is not None for row in rows if row["world"] in NOISE]
    if every:
        low, high = wilson(sum(every), len(every))
        share = sum(every) / len(every)
        lines.append(f"| all of them | {len(every)} | {share:.1%} | {low:.1%} to {high:.1%} | |")
    return lines, short


def planted_table(rows: list[Row]) -> list[str]:
    """One row per size of the study and of the difference between segments."""
    lines = [
        "| people in three segments | difference, points | studies | segments named | 95 % range of it | "
        "three of them | agreement with the truth |",
        "|---:|---:|---:|---:|---|---:|---:|",
    ]
    for people, step in PLANTED:
        found = [row for row in rows if row["world"] == f"{people}/{step}"]
        if runs := len(found):
            named = [row for row in found if row["refusal"] is None]
            low, high = wilson(len(named), runs)
            three = sum(row["k"] == 3 for row in named) / runs
            agreement = f"{np.mean([row['rand'] for row in named]):.2f}" if named else "-"
            lines.append(
                f"| {people} | {step} | {runs} | {len(named) / runs:.0%} | {low:.0%} to {high:.0%} | {three:.0%} | "
                f"{agreement} |"
            )
    return lines


def main() -> int:
    """Simulate what is not there yet, and print or write the tables of all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="simulated studies per noise world")
    parser.add_argument("--planted-runs", type=int, default=50, help="simulated studies per planted world")
    parser.add_argument("--rows", type=Path, default=ROWS, help="file that keeps the rows")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    options = parser.parse_args()
    simulate(options.rows, options.runs, options.planted_runs)
    rows = read_rows(options.rows)
    first, short = noise_table(rows)
    minutes = sum(row["seconds"] for row in rows) / 60
    text = (
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/segments_noise.py`: {len(rows):,} studies in "
        f"{minutes:.0f} minutes of the processor. {PEOPLE} people in the noise worlds, {ITEMS} needs; ranges after "
        "Wilson.\n\n" + "\n".join([*first, "", *planted_table(rows)])
    )
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    for problem in short:
        print(problem, file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
