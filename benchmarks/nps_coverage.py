"""How often the 95 % intervals of net promoter scores, their differences and changes hold the truth.

Answers are drawn from known shares of promoters, passives and detractors: plain, with weights, in clusters, by two
groups, and by the same people twice. Prints Markdown tables; ``--write`` puts them into docs/coverage-measures.md
between its markers, ``--draws 300`` is a quick look.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import multinomial, norm
from scipy.stats import t as student_t

from exresearch.measures import (
    NetPromoterDifference,
    NetPromoterScore,
    enps,
    enps_change,
    enps_difference,
)
from exresearch.measures.advocacy.intervals import constrained_spread

PAGE = Path(__file__).parents[1] / "docs" / "coverage-measures.md"
BEGIN, END = "<!-- enps: begin -->", "<!-- enps: end -->"
SEED = 2016
SIZES = (10, 25, 100, 400)
METHODS = ("wald", "adjusted_wald", "score", "bootstrap")
DEFAULT = "score"
#: Per cent that is asked of the default interval with this many answers or more.
LOWEST, HIGHEST, FROM = 93.0, 97.0, 25
SHARES = {
    "35/40/25": (0.35, 0.40, 0.25),
    "80/15/5": (0.80, 0.15, 0.05),
    "5/15/80": (0.05, 0.15, 0.80),
    "95/4/1": (0.95, 0.04, 0.01),
    "60/0/40": (0.60, 0.0, 0.40),
    "2/96/2": (0.02, 0.96, 0.02),
}
PLAIN = [("plain", name) for name in SHARES]
SCORES = [
    *PLAIN,
    ("weights", "35/40/25"),
    ("weights", "80/15/5"),
    ("clusters", "35/40/25"),
    ("clusters", "80/15/5"),
]
# Clusters of n answers; ten single answers are no clusters.
CLUSTERS = {25: 10, 100: 20, 400: 40}
INTRACLASS, REPEATED, CV = 0.1, 0.5, 0.5
PAIRS = [("35/40/25", "80/15/5"), ("80/15/5", "80/15/5"), ("95/4/1", "95/4/1"), ("35/40/25", "35/40/25")]
SIDES = [
    *(("two groups", pair) for pair in PAIRS),
    *(("the same people", pair) for pair in PAIRS),
    ("half the same people", PAIRS[0]),
    ("half the same people", PAIRS[1]),
    ("the same units", PAIRS[0]),
    ("the same units", PAIRS[1]),
]  # fmt: skip
Limits = tuple[float, float]


def main() -> int:
    parser = argparse.ArgumentParser(description="Coverage of the intervals of net promoter scores.")
    parser.add_argument("--draws", type=int, default=5000)
    parser.add_argument("--n-boot", type=int, default=999)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/coverage-measures.md")
    options = parser.parse_args()
    # Before the workers start: one thread each, so that two processes use two cores.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    started = time.monotonic()
    scores = [(kind, name, n) for kind, name in SCORES for n in SIZES if kind != "clusters" or n in CLUSTERS]
    sides = [
        (kind, pair, n) for kind, pair in SIDES for n in SIZES if kind != "the same units" or n in CLUSTERS
    ]
    with ProcessPoolExecutor(options.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        one = [pool.submit(score_cell, *cell, draws=options.draws, n_boot=options.n_boot) for cell in scores]
        two = [pool.submit(difference_cell, *cell, draws=options.draws) for cell in sides]
        alone = pd.DataFrame([job.result() for job in one])
        beside = pd.DataFrame([job.result() for job in two])
    text = page(alone, beside, options=options, seconds=time.monotonic() - started)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    problems = shortcomings(alone)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def answered(z: np.ndarray, shares: tuple[float, float, float]) -> np.ndarray:
    """Cut standard normals into answers of promoters, passives and detractors with these shares."""
    return np.select([z > norm.isf(shares[0]), z < norm.ppf(shares[2])], [10.0, 2.0], 7.0)


def wald(score: NetPromoterScore) -> Limits:
    quantile = norm.isf(0.025) if np.isinf(score.df) else student_t.isf(0.025, score.df)
    return score.estimate - quantile * score.std_error, score.estimate + quantile * score.std_error


def score_cell(kind: str, name: str, n: int, *, draws: int, n_boot: int) -> dict[str, Any]:
    """Draw one design many times, and count how often each interval holds the truth, and how wide it is."""
    shares = SHARES[name]
    truth = 100 * (shares[0] - shares[2])
    rng = np.random.default_rng([SEED, SIZES.index(n), SCORES.index((kind, name))])

    def intervals(scores: np.ndarray, **design: pd.Series) -> list[Limits]:
        given: dict[str, Any] = {"variant": "us", "n_boot": n_boot, "seed": SEED, **design}
        made = [enps(pd.Series(scores), interval=method, **given) for method in METHODS[1:]]  # type: ignore[arg-type]
        return [wald(made[0]), *((score.conf_low, score.conf_high) for score in made)]

    @cache
    def of_counts(p: int, d: int) -> list[Limits]:
        return intervals(np.repeat([10.0, 7.0, 2.0], [p, n - p - d, d]))

    def drawn() -> list[Limits]:
        if kind == "plain":
            p, _, d = rng.multinomial(n, shares)
            return of_counts(int(p), int(d))
        if kind == "weights":
            sigma = np.sqrt(np.log(1 + CV**2))
            weights = pd.Series(rng.lognormal(0, sigma, n))
            return intervals(answered(rng.standard_normal(n), shares), weights=weights)
        cluster = np.arange(n) % CLUSTERS[n]
        level = rng.standard_normal(CLUSTERS[n])[cluster]
        z = np.sqrt(INTRACLASS) * level + np.sqrt(1 - INTRACLASS) * rng.standard_normal(n)
        return intervals(answered(z, shares), cluster=pd.Series(cluster))

    found = np.array([drawn() for _ in range(draws)])
    return {"kind": kind, "shares": name, "n": n, **_counted(found, truth, METHODS)}


def difference_cell(kind: str, pair: tuple[str, str], n: int, *, draws: int) -> dict[str, Any]:
    """The same of a difference between two groups, or of a change between two waves; the first is the earlier one."""
    first, second = (SHARES[name] for name in pair)
    truth = 100 * (second[0] - second[2] - first[0] + first[2])
    rng = np.random.default_rng([SEED, 1, SIZES.index(n), SIDES.index((kind, pair))])
    later = pd.Series(np.repeat([False, True], n))

    def compared() -> NetPromoterDifference:
        before, after = rng.standard_normal(n), rng.standard_normal(n)
        if kind == "two groups":
            a, b = (
                enps(pd.Series(answered(z, shares)), variant="us")
                for z, shares in ((after, second), (before, first))
            )
            return enps_difference(a, b)
        cluster = np.arange(n)
        person = np.r_[cluster, cluster]
        if kind == "the same units":
            person = np.r_[cluster, cluster] % CLUSTERS[n]
            levels = rng.standard_normal((2, CLUSTERS[n]))
            levels[1] = REPEATED * levels[0] + np.sqrt(1 - REPEATED**2) * levels[1]
            before, after = (
                np.sqrt(INTRACLASS) * level[cluster % CLUSTERS[n]] + np.sqrt(1 - INTRACLASS) * z
                for level, z in zip(levels, (before, after), strict=True)
            )
        else:
            same = n if kind == "the same people" else n // 2
            after[:same] = REPEATED * before[:same] + np.sqrt(1 - REPEATED**2) * after[:same]
            person[n + same :] += n
        scores = pd.Series(np.r_[answered(before, first), answered(after, second)])
        return enps_change(scores, later=later, variant="us", cluster=pd.Series(person))

    made = [compared() for _ in range(draws)]
    z = norm.isf(0.025) if np.isinf(made[0].df) else student_t.isf(0.025, made[0].df)
    found = np.array(
        [
            [(d.estimate - z * d.std_error, d.estimate + z * d.std_error), (d.conf_low, d.conf_high)]
            for d in made
        ]
    )
    return {"kind": kind, "shares": " and ".join(pair), "n": n, **_counted(found, truth, ("wald", "ours"))}


def _counted(found: np.ndarray, truth: float, methods: tuple[str, ...]) -> dict[str, float]:
    """``found`` is [draws, methods, 2]."""
    held = (found[:, :, 0] <= truth + 1e-9) & (found[:, :, 1] >= truth - 1e-9)
    width = (found[:, :, 1] - found[:, :, 0]).mean(axis=0)
    return {
        **{method: 100 * float(held[:, place].mean()) for place, method in enumerate(methods)},
        **{f"{method}_width": float(width[place]) for place, method in enumerate(methods)},
    }


def attainable(name: str, n: int) -> tuple[float, float]:
    """Coverage in per cent that is possible next to 95: at most, and at least that.

    Outcomes are left out from the least likely side inwards (in order of the score statistic at the truth), so that
    coverage moves in steps; no interval that judges outcomes in this order can lie between two steps.
    """
    shares = SHARES[name]
    p, d = (grid.ravel() for grid in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    p, d = p[p + d <= n], d[p + d <= n]
    chance = multinomial.pmf(np.column_stack([p, n - p - d, d]), n, shares)
    p, d, chance = p[chance > 1e-12], d[chance > 1e-12], chance[chance > 1e-12]
    truth = shares[0] - shares[2]
    spread = np.array([constrained_spread(a / n, b / n, delta=truth) for a, b in zip(p, d, strict=True)])
    distance = np.abs((p - d) / n - truth) / np.sqrt(np.maximum(spread, 1e-300))
    steps = pd.Series(chance).groupby(np.round(distance, 9)).sum().sort_index().cumsum().to_numpy()
    above = int(np.searchsorted(steps, 0.95 - 1e-12))
    return 100 * float(steps[above - 1]) if above else 0.0, 100 * float(steps[above])


def shortcomings(alone: pd.DataFrame) -> list[str]:
    """Say where the default misses what is asked although another step of coverage would meet it."""
    judged = alone[(alone["n"] >= FROM) & (alone["kind"] != "clusters")]
    outside = judged[~judged[DEFAULT].between(LOWEST, HIGHEST)]
    return [
        f"{row.kind}, {row.shares}, n = {row.n}: {getattr(row, DEFAULT):.1f} % covered"
        for row in outside.itertuples()
        if row.kind != "plain" or any(LOWEST <= step <= HIGHEST for step in attainable(row.shares, row.n))
    ]


def page(alone: pd.DataFrame, beside: pd.DataFrame, *, options: argparse.Namespace, seconds: float) -> str:
    """Write the tables as Markdown."""
    lines = [
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/nps_coverage.py --draws {options.draws} --n-boot "
        f"{options.n_boot} --write` in {seconds / 60:.0f} minutes, {options.processes} processes. {options.draws:,} "
        f"draws in each row, seed {SEED}: a share of 95 % is known to "
        f"{2 * 100 * np.sqrt(0.95 * 0.05 / options.draws):.1f} points.",
        "",
        "### One score",
        "",
        "Per cent of the intervals that hold the truth, and their mean width in points. Shares are promoters, passives "
        f"and detractors. Weights have a coefficient of variation of {CV}; clusters (10, 20 and 40 of them) an "
        f"intraclass correlation of {INTRACLASS} behind the answers. **Bold**: the default.",
        "",
        "| answers | shares | n | Wald | adjusted Wald | **score** | bootstrap | widths |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in alone.to_dict("records"):
        covered = " | ".join(
            f"**{row[method]:.1f}**" if method == DEFAULT else f"{row[method]:.1f}" for method in METHODS
        )
        widths = " / ".join(f"{row[f'{method}_width']:.0f}" for method in METHODS)
        lines.append(f"| {row['kind']} | {row['shares']} | {row['n']} | {covered} | {widths} |")
    lines += ["", *discrete(alone), "", "### Differences and changes", ""]
    lines += [
        "`enps_difference` of two groups of n answers each and `enps_change` of two waves of n answers each (bold), "
        "beside the estimate plus and minus 1.96 standard errors, or Student's t with units. Answers of a person have "
        f"a correlation of {REPEATED} between waves, and so have the levels of units.",
        "",
        "| design | shares | n each | Wald | **adjusted** | widths |",
        "|---|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row['kind']} | {row['shares']} | {row['n']} | {row['wald']:.1f} | **{row['ours']:.1f}** | "
        f"{row['wald_width']:.0f} / {row['ours_width']:.0f} |"
        for row in beside.to_dict("records")
    ]
    return "\n".join(lines)


def discrete(alone: pd.DataFrame) -> list[str]:
    """Show where the default lies outside what is asked, and what was possible there."""
    outside = alone[(alone["kind"] == "plain") & ~alone[DEFAULT].between(LOWEST, HIGHEST)]
    if outside.empty:
        return [
            f"The default holds the truth in {LOWEST:.0f} to {HIGHEST:.0f} % of the draws in every plain row."
        ]
    lines = [
        f"Plain rows in which the default lies outside {LOWEST:.0f} to {HIGHEST:.0f} %. Few answers have few outcomes, "
        "so that coverage moves in steps, computed here exactly: the two steps next to 95 % of any interval that "
        "leaves out the outcomes furthest from the truth first.",
        "",
        "| shares | n | score | step below 95 | step above 95 |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in outside.to_dict("records"):
        below, above = attainable(row["shares"], row["n"])
        lines.append(f"| {row['shares']} | {row['n']} | {row[DEFAULT]:.1f} | {below:.1f} | {above:.1f} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
