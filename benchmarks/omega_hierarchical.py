"""How often the bootstrap interval of hierarchical omega holds the value of the population.

``python benchmarks/omega_hierarchical.py`` prints the table of ``docs/coverage-measures.md``; ``--write`` puts it
there, between its markers. Items are those of a general factor and three groups (two where there are six items), normal
or cut into five answers of which 70 % are the highest, by themselves or in units.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from exresearch.measures import omega_hierarchical
from exresearch.measures.reliability import schmid_leiman

FloatArray = NDArray[np.float64]
PAGE = Path(__file__).parents[1] / "docs" / "coverage-measures.md"
BEGIN, END = "<!-- omega hierarchical: begin -->", "<!-- omega hierarchical: end -->"
LIMITS = norm.ppf(np.cumsum((0.02, 0.04, 0.08, 0.16)))
#: answers, items, groups of items, sheets, sheets in a unit
CELLS = [
    (answers, items, groups, n, size)
    for answers in ("normal", "1-5, 70 % at 5")
    for items, groups in ((6, 2), (9, 3))
    for n, size in ((100, 1), (300, 1), (600, 15))
]


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the interval of hierarchical omega.")
    parser.add_argument("--draws", type=int, default=400, help="samples of each row")
    parser.add_argument("--n-boot", type=int, default=500, help="bootstrap replicates")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table into docs/coverage-measures.md")
    options = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    started = time.monotonic()
    with ProcessPoolExecutor(options.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        rows = list(pool.map(row, CELLS, [options.draws] * len(CELLS), [options.n_boot] * len(CELLS)))
    minutes = max(1, round((time.monotonic() - started) / 60))
    text = (
        f"Made on {datetime.now(tz=UTC):%Y-%m-%d} by `python benchmarks/omega_hierarchical.py --draws {options.draws} "
        f"--n-boot {options.n_boot} --write` in {minutes} minutes on {options.processes} cores.\n\n"
        "Hierarchical omega, bootstrap over units or sheets, t interval corrected for bias. *Without*: samples\n"
        "without a proper solution, or without an interval; they are reported as such and not counted.\n\n"
        "| answers | items | groups | sheets | true value | covered | too high / too low | without |\n"
        "|---|---:|---:|---|---:|---:|---|---:|\n" + "\n".join(rows)
    )
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


def row(cell: tuple[str, int, int, int, int], draws: int, n_boot: int) -> str:
    """Simulate one row of the table."""
    answers, items, groups, n, size = cell
    rng = np.random.default_rng([2016, *map(ord, answers), items, n])
    truth = schmid_leiman(correlations(answers, items, groups), n_factors=groups).omega_hierarchical
    above = below = known = 0
    for draw in range(draws):
        x = sample(answers, items, groups, n, size, rng)
        units = pd.Series(np.repeat(np.arange(n // size), size)) if size > 1 else None
        found = omega_hierarchical(pd.DataFrame(x), n_factors=groups, cluster=units, n_boot=n_boot, seed=draw)
        if np.isfinite(found.conf_low) and np.isfinite(found.conf_high):
            known += 1
            above += found.conf_low > truth
            below += found.conf_high < truth
    sheets = f"{n}" if size == 1 else f"{n // size} units of {size}"
    covered = 1 - (above + below) / known if known else float("nan")
    return (
        f"| {answers} | {items} | {groups} | {sheets} | {truth:.3f} | {covered:.1%} | {above / max(known, 1):.1%} / "
        f"{below / max(known, 1):.1%} | {1 - known / draws:.1%} |"
    )


def loadings(items: int, groups: int) -> tuple[FloatArray, FloatArray]:
    """Loadings on the general factor, and on the factor of each group."""
    general = np.linspace(0.75, 0.55, items)
    own = np.zeros((items, groups))
    own[np.arange(items), np.arange(items) * groups // items] = np.linspace(0.35, 0.5, items)
    return general, own


def correlations(answers: str, items: int, groups: int) -> pd.DataFrame:
    """Correlations of the population; of cut answers by three million draws."""
    general, own = loadings(items, groups)
    matrix = np.outer(general, general) + own @ own.T
    np.fill_diagonal(matrix, 1.0)
    if answers != "normal":
        rng = np.random.default_rng(7)
        sums, products, total = np.zeros(items), np.zeros((items, items)), 0
        for _ in range(30):
            x = sample(answers, items, groups, 100_000, 1, rng)
            sums, products, total = sums + x.sum(axis=0), products + x.T @ x, total + len(x)
        covariance = products / total - np.outer(sums, sums) / total**2
        spread = np.sqrt(np.diag(covariance))
        matrix = covariance / np.outer(spread, spread)
    return pd.DataFrame(matrix)


def sample(answers: str, items: int, groups: int, n: int, size: int, rng: np.random.Generator) -> FloatArray:
    """Draw sheets; a fifth of the general factor's variance lies between units."""
    general, own = loadings(items, groups)
    factor = rng.standard_normal(n)
    if size > 1:
        factor = np.sqrt(0.2) * np.repeat(rng.standard_normal(n // size), size) + np.sqrt(0.8) * factor
    unique = np.sqrt(1 - general**2 - (own**2).sum(axis=1))
    x = (
        factor[:, None] * general
        + rng.standard_normal((n, groups)) @ own.T
        + rng.standard_normal((n, items)) * unique
    )
    return x if answers == "normal" else np.searchsorted(LIMITS, x).astype(np.float64)


if __name__ == "__main__":
    main()
