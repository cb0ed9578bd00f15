"""How long a random-intercept model takes beside statsmodels, and what its intervals hold with few units.

``OPENBLAS_NUM_THREADS=1 python benchmarks/mixed.py`` prints two tables; ``--draws 200`` is a quick look, ``--draws 0``
the times alone. Times are of the processor, so that other work on the machine does not show.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

from exresearch.models import linear_regression, random_intercept, unit_moments

PREDICTORS = ["x", "z", "w"]
COLUMNS = [*PREDICTORS, "y"]
UNITS, ICCS = (6, 10, 20, 40), (0.0, 0.05, 0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description="Random-intercept models: time, and coverage of intervals.")
    parser.add_argument("--draws", type=int, default=1000, help="simulated studies per row of the coverage")
    options = parser.parse_args()
    speed()
    if options.draws:
        coverage(options.draws)
    return 0


def sheets(rows: int, units: int) -> pd.DataFrame:
    """Answer sheets with a link of 0.4 and units that differ."""
    rng = np.random.default_rng(1)
    unit, level = rng.integers(0, units, rows), rng.normal(size=units)
    data = pd.DataFrame(rng.normal(size=(rows, 3)), columns=PREDICTORS).assign(unit=unit)
    data["x"] += level[unit]
    noise = 0.5 * rng.normal(size=units)[unit] + rng.normal(size=rows)
    return data.assign(y=1.0 + 0.4 * data["x"] - 0.2 * data["z"] + noise)


def seconds(call: Callable[[], object], times: int = 7) -> float:
    """Smallest processor time of some calls."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def statsmodels_fit(data: pd.DataFrame) -> object:
    """The same model, whose variances and log likelihood are compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        design = np.column_stack([np.ones(len(data)), data[PREDICTORS]])
        return MixedLM(data["y"], design, groups=data["unit"]).fit()


def speed() -> None:
    """Milliseconds of moments, of the model from them, and of statsmodels in the same run."""
    print("| rows | units | moments, ms | model from moments, ms | statsmodels MixedLM, ms |")
    print("|---|---|---|---|---|")
    for rows, units in ((100_000, 500), (1_000_000, 500), (1_000_000, 20_000)):
        data = sheets(rows, units)
        moments = unit_moments(data, columns=COLUMNS, cluster="unit")
        taken = [
            seconds(lambda data=data: unit_moments(data, columns=COLUMNS, cluster="unit")),
            seconds(lambda moments=moments: random_intercept(moments, outcome="y", predictors=PREDICTORS)),
            seconds(lambda data=data: statsmodels_fit(data), times=1),
        ]
        print(
            f"| {rows:,} | {units:,} | " + " | ".join(f"{1e3 * one:,.0f}" for one in taken) + " |", flush=True
        )


def coverage(draws: int) -> None:
    """Share of 95 % intervals with the truth, for a predictor of the unit and for the variances."""
    print(
        f"\n95 % intervals with the truth, {draws:,} draws, units of 5 to 24 rows, a predictor of the unit:"
    )
    print("| units | ICC | Kenward-Roger | Satterthwaite | CR2 | variance between | ICC | at the boundary |")
    print("|---|---|---|---|---|---|---|---|")
    for units in UNITS:
        for icc in ICCS:
            print(
                f"| {units} | {icc:g} | " + " | ".join(f"{x:.1%}" for x in shares(draws, units, icc)) + " |",
                flush=True,
            )


def shares(draws: int, units: int, icc: float) -> list[float]:
    """Shares of draws: three intervals of the slope, those of variance and ICC, and estimates at the boundary."""
    rng = np.random.default_rng(units)
    found = np.zeros(6)
    for _ in range(draws):
        unit = np.repeat(np.arange(units), rng.integers(5, 25, units))
        level = rng.normal(size=units)
        effect = np.sqrt(icc) * rng.normal(size=units)
        y = 0.3 * level[unit] + effect[unit] + np.sqrt(1.0 - icc) * rng.normal(size=len(unit))
        data = pd.DataFrame({"unit": unit, "level": level[unit], "y": y})
        moments = unit_moments(data, columns=["level", "y"], cluster="unit")
        fits = [
            random_intercept(moments, outcome="y", predictors=["level"], df=df)
            for df in ("kenward_roger", "satterthwaite")
        ]
        tables = [
            *(fit.table for fit in fits),
            linear_regression(moments, outcome="y", predictors=["level"]).table,
        ]
        found[:3] += [table["conf_low"][1] <= 0.3 <= table["conf_high"][1] for table in tables]
        found[3] += fits[0].variances["conf_low"][0] <= icc <= fits[0].variances["conf_high"][0]
        found[4] += fits[0].icc_low <= icc <= fits[0].icc_high
        found[5] += fits[0].boundary
    return [float(share) for share in found / draws]


if __name__ == "__main__":
    sys.exit(main())
