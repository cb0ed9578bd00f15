"""How often the 95 % intervals of units hold the truth: intraclass correlations, unit means, shrunken means and ranks.

Answers are simulated in units and cut to answer points, whose true means and variances are known by integration.
``--write`` puts the tables into docs/coverage-measures.md between their markers, ``--companies 100`` is a quick look.
"""

from __future__ import annotations

import argparse
import math
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from exresearch.measures import construct_correlations, icc, shrunken_means, unit_means

PAGE = Path(__file__).parents[1] / "docs" / "coverage-measures.md"
BEGIN, END = "<!-- units: begin -->", "<!-- units: end -->"
SEED = 2016
Vector = NDArray[np.float64]
#: Points of the scale, how far answers lean to its upper end, and how much units differ in spread (sd of its log).
ANSWERS = {
    "normal": (0, 0.0, 0.0),
    "7 points": (7, 0.0, 0.0),
    "7 points, skewed": (7, 1.3, 0.0),
    "7 points, spreads differ": (7, 0.0, 0.25),
}


def cuts(points: int) -> Vector:
    return np.linspace(-2, 2, points - 1)


def true_moments(centres: Vector, spreads: Vector, points: int) -> tuple[Vector, Vector]:
    """Mean and variance of the answers of units with these latent centres and spreads."""
    if not points:
        return centres, spreads**2
    edges = np.concatenate([[-np.inf], cuts(points), [np.inf]])
    below = norm.cdf((edges - centres[:, None]) / spreads[:, None])
    shares, values = np.diff(below, axis=1), np.arange(1.0, points + 1)
    means = shares @ values
    return means, shares @ values**2 - means**2


def company(
    rng: np.random.Generator, sizes: NDArray[np.int64], *, between: float, kind: str
) -> tuple[pd.DataFrame, Vector, Vector]:
    """Answers with their units, and the true mean and variance of each unit."""
    points, lean, differ = ANSWERS[kind]
    centres = lean + math.sqrt(between) * rng.standard_normal(len(sizes))
    spreads = math.sqrt(1 - between) * np.exp(differ * rng.standard_normal(len(sizes)))
    unit = np.repeat(np.arange(len(sizes)), sizes)
    latent = centres[unit] + spreads[unit] * rng.standard_normal(len(unit))
    y = 1.0 + np.searchsorted(cuts(points), latent) if points else latent
    return pd.DataFrame({"unit": unit, "y": y}), *true_moments(centres, spreads, points)


def true_icc1(*, between: float, kind: str) -> float:
    """Share of the variance of the answers that lies between units."""
    points, lean, _ = ANSWERS[kind]
    centres = lean + math.sqrt(between) * norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    means, variances = true_moments(centres, np.full(20_000, math.sqrt(1 - between)), points)
    return float(means.var() / (means.var() + variances.mean()))


def sizes_of(rng: np.random.Generator, n_units: int, design: str) -> NDArray[np.int64]:
    if design == "20 each":
        return np.full(n_units, 20)
    if design == "5 to 60":
        return rng.integers(5, 61, n_units)
    return np.where(rng.random(n_units) < 0.1, 200, 5)


def icc_table(companies: int) -> list[str]:
    """Coverage of the interval of ICC(1); that of ICC(2) is a function of it and covers as often."""
    lines = [
        "| answers | units | people per unit | weights | ICC(1) | interval of ICC(1) | below | above |",
        "|---|---:|---|---|---:|---:|---:|---:|",
    ]
    designs = [
        *[("normal", n, size, False, 0.1) for n in (10, 40) for size in ("20 each", "5 to 60", "5 or 200")],
        *[("7 points", 40, "5 to 60", weighted, b) for weighted in (False, True) for b in (0.02, 0.1, 0.3)],
        *[(kind, 40, "5 to 60", False, 0.1) for kind in list(ANSWERS)[2:3]],
    ]
    for number, (kind, n_units, design, weighted, between) in enumerate(designs):
        rng = np.random.default_rng([SEED, 1, number])
        truth, misses = true_icc1(between=between, kind=kind), np.zeros(2)
        for _ in range(companies):
            frame, _, _ = company(rng, sizes_of(rng, n_units, design), between=between, kind=kind)
            weights = pd.Series(np.exp(0.4 * rng.standard_normal(len(frame)))) if weighted else None
            found = icc(frame["y"], groups=frame["unit"], weights=weights)
            misses += truth < found.icc1_low, truth > found.icc1_high
        covered, below, above = 100 * np.array([1 - misses.sum() / companies, *misses / companies])
        shown = "yes" if weighted else "no"
        lines.append(
            f"| {kind} | {n_units} | {design} | {shown} | {truth:.3f} | {covered:.1f} % "
            f"| {below:.1f} % | {above:.1f} % |"
        )
    return lines


def mean_table(companies: int) -> list[str]:
    """Coverage of a unit's mean with its own variance and with the pooled one, by the number of people."""
    lines = [
        "| answers | people | weights | own variance | pooled | pooled, the quarter with most spread | as used |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    designs = [(kind, n, False) for kind in list(ANSWERS)[1:] for n in (3, 4, 5, 8, 15, 30)]
    designs += [("7 points", n, True) for n in (5, 8, 15, 30)]
    for number, (kind, n, weighted) in enumerate(designs):
        rng = np.random.default_rng([SEED, 2, number])
        held: list[Vector] = []
        for _ in range(max(companies // 5, 1)):
            frame, truth, variances = company(rng, np.full(60, n), between=0.1, kind=kind)
            weights = pd.Series(np.exp(0.4 * rng.standard_normal(len(frame)))) if weighted else None
            inside = []
            for limit in (2.0, math.inf, None):
                options = {} if limit is None else {"own_variance_from": limit}
                found = unit_means(frame["y"], unit=frame["unit"], weights=weights, **options)
                inside.append((found["conf_low"] <= truth) & (truth <= found["conf_high"]))
            wide = variances >= np.quantile(variances, 0.75)
            held.append(
                np.array([inside[0].mean(), inside[1].mean(), inside[1][wide].mean(), inside[2].mean()])
            )
        shares = " | ".join(f"{100 * share:.1f} %" for share in np.mean(held, axis=0))
        lines.append(f"| {kind} | {n} | {'yes' if weighted else 'no'} | {shares} |")
    return lines


def shrunken_table(companies: int) -> list[str]:
    """Coverage of shrunken means and ranks, and the error of shrunken beside plain means."""
    lines = [
        "| answers | units | ICC(1) | shrunken interval | without Morris's correction | rank interval "
        "| squared error, of that of plain means |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    designs = [("7 points", n, b) for n in (10, 30, 120) for b in (0.01, 0.05, 0.2)]
    designs += [(kind, 30, 0.05) for kind in list(ANSWERS)[2:]]
    for number, (kind, n_units, between) in enumerate(designs):
        rng = np.random.default_rng([SEED, 3, number])
        kept: list[Vector] = []
        for _ in range(max(companies // (2 if n_units < 100 else 5), 1)):
            frame, truth, _ = company(rng, sizes_of(rng, n_units, "5 to 60"), between=between, kind=kind)
            means = unit_means(frame["y"], unit=frame["unit"], own_variance_from=math.inf)
            found = shrunken_means(means, seed=1, n_draws=1000)
            plain = 1.96 * found["std_error"] * np.sqrt(found["reliability"])
            ranks = pd.Series(-truth).rank()
            off = found["shrunken"] - truth
            kept.append(
                np.array(
                    [
                        ((found["shrunken_low"] <= truth) & (truth <= found["shrunken_high"])).mean(),
                        (off.abs() <= plain).mean(),
                        ((found["rank_low"] <= ranks) & (ranks <= found["rank_high"])).mean(),
                        (off**2).sum(),
                        ((found["mean"] - truth) ** 2).sum(),
                    ]
                )
            )
        average = np.mean(kept, axis=0)
        shares = " | ".join(f"{100 * share:.1f} %" for share in average[:3])
        shown = true_icc1(between=between, kind=kind)
        lines.append(
            f"| {kind} | {n_units} | {shown:.3f} | {shares} | {100 * average[3] / average[4]:.0f} % |"
        )
    return lines


def correlation_table(companies: int) -> list[str]:
    """Coverage of the correlation of two scores and of the corrected one."""
    lines = [
        "| units | people | true correlation | items each | interval of r | corrected interval |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    designs = [(n, rho, 4) for n in (15, 60) for rho in (0.0, 0.5, 0.9)]
    for number, (n_units, rho, n_items) in enumerate(designs):
        rng = np.random.default_rng([SEED, 4, number])
        held = np.zeros(2)
        # Parallel items: error variance 1 beside a true variance of 1.
        observed = rho * n_items / (n_items + 1)
        for _ in range(companies // 2):
            people = n_units * 20
            unit = np.repeat(np.arange(n_units), 20)
            common, other = (
                math.sqrt(0.1) * rng.standard_normal(n_units)[unit]
                + math.sqrt(0.9) * rng.standard_normal(people)
                for _ in range(2)
            )
            true = {"x": common, "y": rho * common + math.sqrt(1 - rho**2) * other}
            items = {
                name: pd.DataFrame(value[:, None] + rng.standard_normal((people, n_items)))
                for name, value in true.items()
            }
            scores = pd.DataFrame({name: frame.mean(axis=1) for name, frame in items.items()})
            row = construct_correlations(
                scores, items=items, groups=pd.Series(unit), n_boot=500, seed=number
            ).iloc[0]
            held += row["conf_low"] <= observed <= row["conf_high"], row["dis_low"] <= rho <= row["dis_high"]
        plain, corrected = 100 * held / (companies // 2)
        lines.append(f"| {n_units} | {people} | {rho:.1f} | {n_items} | {plain:.1f} % | {corrected:.1f} % |")
    return lines


def page(companies: int) -> str:
    """All tables, with their date."""
    today = datetime.now(tz=UTC).date().isoformat()
    return "\n".join(
        [
            f"Measured on {today} with `python benchmarks/unit_coverage.py --write`, {companies:,} simulated "
            f"companies in a row of the first table and fewer in the others, seed {SEED}; a share of 95 % from 2,000 "
            "companies is known to about 1 point.",
            "",
            "Intraclass correlation: how often the interval holds the truth, and how often the truth lies below "
            "or above it. The interval of ICC(2) is a function of that of ICC(1) and holds as often.",
            "",
            *icc_table(companies),
            "",
            "Mean of a unit among 60 of its size. As used: its own variance from five people on, else the pooled one.",
            "",
            *mean_table(companies),
            "",
            "Shrunken means of units of 5 to 60 people, over all units; the last column is their mean squared error in "
            "parts of that of plain means.",
            "",
            *shrunken_table(companies),
            "",
            "Correlation of two scores, people in units of 20, as observed and corrected by alpha.",
            "",
            *correlation_table(companies),
        ]
    )


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=2000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    started = time.monotonic()
    text = page(options.companies)
    print(f"{text}\n\n{time.monotonic() - started:.0f} seconds")
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
