"""How often the intervals of a pool of clients hold the truth, and how often a prediction interval the next client.

Clients differ in size (their sampling variances are 1 to 16 times the smallest) and, by the variance between them, in
their true effect. Prints a Markdown table; ``--write`` puts it into docs/coverage.md between its markers, ``--draws
200`` is a quick look.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.special import ndtri, stdtrit

from exresearch.models.pooling import pool_estimates

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
BEGIN, END = "<!-- pooling: begin -->", "<!-- pooling: end -->"
SEED = 2016
CLIENTS = (2, 3, 5, 10, 20)
SHARES = (0.0, 0.3, 0.6, 0.9)
TRUTH = 0.3


def measured(k: int, share: float, draws: int) -> list[float]:
    rng = np.random.default_rng([SEED, k, int(100 * share)])
    variances = 0.01 * np.geomspace(1.0, 16.0, k)
    typical = (k - 1) * (1 / variances).sum() / ((1 / variances).sum() ** 2 - (1 / variances**2).sum())
    tau = np.sqrt(typical * share / (1.0 - share))
    hits = np.zeros(7)
    for _ in range(draws):
        effects = TRUTH + tau * rng.standard_normal(k)
        following = TRUTH + tau * rng.standard_normal()
        estimates = effects + np.sqrt(variances) * rng.standard_normal(k)
        pooled = pool_estimates(estimates, np.sqrt(variances), expect=False)
        shown = pool_estimates(estimates, np.sqrt(variances), test="adhoc")
        normal = np.sqrt(1.0 / (1.0 / (variances + pooled.tau2)).sum())
        spread = np.sqrt(pooled.tau2 + pooled.std_error**2)
        away, next_away = abs(pooled.estimate - TRUTH), abs(pooled.estimate - following)
        hits[0] += pooled.conf_low <= TRUTH <= pooled.conf_high
        hits[1] += shown.conf_low <= TRUTH <= shown.conf_high
        hits[2] += away <= ndtri(0.975) * normal
        hits[6] += pooled.tau2_low <= tau**2 <= pooled.tau2_high
        hits[3] += shown.expect_low <= following <= shown.expect_high
        hits[4] += pooled.predict_low <= following <= pooled.predict_high
        hits[5] += k > 2 and next_away <= stdtrit(k - 2, 0.975) * spread
    return list(hits / draws)


def table(draws: int) -> list[str]:
    lines = [
        "| clients | share of variance between them | Knapp-Hartung | **never narrower** | normal | "
        "**prediction** | plain, k − 1 | plain, k − 2 | variance between (Q-profile) |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for k in CLIENTS:
        for share in SHARES:
            values = [f"{100 * value:.1f}%" for value in measured(k, share, draws)]
            if k == 2:
                values[5] = "–"
            lines.append(f"| {k} | {100 * share:.0f}% | {' | '.join(values)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    lines = table(options.draws)
    seconds = time.perf_counter() - began
    command = f"python benchmarks/pooling_coverage.py --draws {options.draws} --write"
    error = 100 * np.sqrt(0.05 * 0.95 / options.draws)
    head = (
        f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}` in {seconds:.0f} s. Monte-Carlo error of 95%: "
        f"{error:.1f} points."
    )
    text = "\n".join([head, "", *lines])
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
