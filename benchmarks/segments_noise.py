"""How often segments are named where there are none, and how often they are found where they are.

Needs of simulated people go through the rule of the study (`choose_segments`). In the noise worlds nobody is in a
segment: every named segment is false. In the planted worlds there are three. Prints two Markdown tables; ``--write``
puts them into docs/segments.md between their markers, ``--runs 20`` is a quick look.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from exresearch.models.segmentation import adjusted_rand, choose_segments

PAGE = Path(__file__).parents[1] / "docs" / "segments.md"
START, END = "<!-- segments: start -->", "<!-- segments: end -->"
PEOPLE, ITEMS = 500, 9
SEED = 2016
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


def interval(count: int, runs: int) -> str:
    found = binomtest(count, runs).proportion_ci()
    return f"{found.low:.1%} to {found.high:.1%}"


def noise_table(runs: int) -> list[str]:
    """One row per world."""
    lines = [
        "| nobody is in a segment | no segment named | 95 % range of it | refused because |",
        "|---|---:|---|---|",
    ]
    for number, (name, draw) in enumerate(NOISE.items()):
        why: Counter[str] = Counter()
        for run in range(runs):
            data = pd.DataFrame(draw(np.random.default_rng([SEED, number, run])))
            why[choose_segments(data, seed=run).refusal or "named"] += 1
        refused = runs - why.pop("named", 0)
        reasons = ", ".join(f"{reason} {count}" for reason, count in why.most_common())
        lines.append(f"| {name} | {refused / runs:.1%} | {interval(refused, runs)} | {reasons} |")
        print(lines[-1], flush=True)
    return lines


def planted_table(runs: int) -> list[str]:
    """One row per size of the study and of the difference between segments."""
    lines = [
        "| people in three segments | difference, points | segments named | three of them | agreement with the truth |",
        "|---:|---:|---:|---:|---:|",
    ]
    for people in (300, 500, 1500):
        for step in (1.0, 1.5, 2.0):
            named, three, rand = 0, 0, []
            for run in range(runs):
                rng = np.random.default_rng([SEED, people, int(10 * step), run])
                answers, truth = planted(rng, people=people, step=step)
                found = choose_segments(pd.DataFrame(answers), seed=run).mixture
                if found is not None:
                    named += 1
                    three += found.k == 3
                    rand.append(adjusted_rand(found.segment, truth))
            agreement = f"{np.mean(rand):.2f}" if rand else "-"
            lines.append(f"| {people} | {step} | {named / runs:.0%} | {three / runs:.0%} | {agreement} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="simulated studies per noise world")
    parser.add_argument("--planted-runs", type=int, default=50, help="simulated studies per planted world")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    started = time.process_time()
    tables = "\n".join([*noise_table(options.runs), "", *planted_table(options.planted_runs)])
    minutes = (time.process_time() - started) / 60
    text = (
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/segments_noise.py --runs {options.runs} "
        f"--planted-runs {options.planted_runs} --write` in {minutes:.0f} minutes of the processor. {PEOPLE} people in "
        f"the noise worlds, {ITEMS} needs.\n\n{tables}"
    )
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(START)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
