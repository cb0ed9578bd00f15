"""How often intervals of a serial indirect effect hold the truth, with few units and many.

``python benchmarks/mediation_coverage.py [DATA SETS]`` prints the table of docs/methods-people.md (400 data sets a row:
two minutes).
"""

from __future__ import annotations

import sys
from typing import Any, get_args

import numpy as np
import pandas as pd

from exresearch.models import bootstrap_counts
from exresearch.models.mediation.analysis import left_out_statistics, moment_statistics
from exresearch.models.mediation.intervals import Interval, interval_rows
from exresearch.models.moments import unit_moments

NAMES = ["x", "m", "n", "y"]
OPTIONS: dict[str, Any] = {"names": NAMES, "arrangement": "serial", "standardised": True}
WORLDS = ((0.7, 0.7, 0.25), (0.7, 0.7, 0.0), (0.2, 0.2, 0.2))
UNITS, WAVES, REPLICATES = (12, 30, 120), 4, 599


def simulated(rng: np.random.Generator, n_units: int, links: tuple[float, float, float]) -> pd.DataFrame:
    """Units by wave; every error has a part that stays with the unit."""
    unit = np.repeat(np.arange(n_units), WAVES)

    def error(lasting: float) -> np.ndarray:
        own = rng.normal(size=n_units)[unit]
        return np.sqrt(lasting) * own + np.sqrt(1 - lasting) * rng.normal(size=len(unit))

    a, d, b = links
    x = error(0.5)
    m = a * x + np.sqrt(1 - a * a) * error(0.4)
    n = d * m + 0.1 * x + 0.55 * error(0.4)
    y = b * n + 0.2 * m + 0.1 * x + 0.8 * error(0.5)
    return pd.DataFrame({"x": x, "m": m, "n": n, "y": y, "unit": unit})


def coverage(n_units: int, links: tuple[float, float, float], *, n_sets: int) -> dict[str, float]:
    """Share of the data sets in which each interval holds the truth."""
    large = simulated(np.random.default_rng(0), 200_000, links)
    truth = moment_statistics(np.cov(large[NAMES].T)[None], **OPTIONS)[0, -1]
    held = dict.fromkeys(get_args(Interval), 0)
    for seed in range(1, n_sets + 1):
        moments = unit_moments(
            simulated(np.random.default_rng(seed), n_units, links), columns=NAMES, cluster="unit"
        )
        counts = bootstrap_counts(n_units, n_boot=REPLICATES, seed=seed)
        whole, drawn, left_out = (
            moment_statistics(moments.covariances(), **OPTIONS)[0, -1:],
            moment_statistics(moments.covariances(counts), **OPTIONS)[:, -1:],
            left_out_statistics(moments, **OPTIONS)[:, -1:],
        )
        for interval in held:
            row = interval_rows(
                ["serial"], whole, drawn, left_out, interval=interval, conf_level=0.95, n_clusters=n_units
            ).iloc[0]
            held[interval] += bool(row["conf_low"] <= truth <= row["conf_high"])
    return {interval: count / n_sets for interval, count in held.items()}


def main() -> None:
    """Print the table."""
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for links in WORLDS:
        for n_units in UNITS:
            print(links, n_units, coverage(n_units, links, n_sets=n_sets))


if __name__ == "__main__":
    main()
