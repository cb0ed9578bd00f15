"""How long importance by likelihood takes beside statsmodels, and what its jackknife intervals hold.

``OPENBLAS_NUM_THREADS=1 python benchmarks/likelihood.py`` prints two tables; ``--studies 50`` is a quick look,
``--studies 0`` the times alone. Times are of the processor, so that other work on the machine does not show.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from statsmodels.discrete.discrete_model import Logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.miscmodels.ordinal_model import OrderedModel

from exresearch.models import likelihood_importance, proportional_odds_test
from exresearch.models.likelihood.cumulative import CumulativeLogit, maximise

SHEETS = 12_000
SLOPES = np.array([0.8, 0.4, 0.1])


def main() -> int:
    parser = argparse.ArgumentParser(description="Importance by likelihood: time, and coverage of intervals.")
    parser.add_argument("--studies", type=int, default=300, help="simulated studies per row of the coverage")
    options = parser.parse_args()
    speed()
    if options.studies:
        coverage(options.studies)
    return 0


def answers(drivers: int) -> pd.DataFrame:
    """Sheets with answers of 1 to 10, an eNPS of 0 to 10, promoters, weights and 300 units."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=(SHEETS, 1))
    x = np.clip(np.round(5 + 1.05 * (common + rng.normal(size=(SHEETS, drivers)))), 1, 10)
    latent = (x - x.mean(axis=0)) / x.std(axis=0) @ np.linspace(0.5, 0.0, drivers) + rng.logistic(size=SHEETS)
    data = pd.DataFrame(x, columns=[f"x{i}" for i in range(drivers)])
    enps = np.clip(np.round(6 + 1.2 * latent), 0, 10)
    return data.assign(
        enps=enps,
        promoter=(enps >= 9) * 1,
        w=rng.uniform(0.5, 2, SHEETS),
        unit=rng.integers(0, 300, SHEETS),
    )


def seconds(call: Callable[[], object], times: int = 1) -> float:
    """Smallest processor time of some calls."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def speed() -> None:
    print(f"| {SHEETS:,} sheets, processor time of one core | logistic | proportional odds, 11 categories |")
    print("|---|---|---|")
    for drivers, blocks, groups in ((8, 8, None), (10, 10, None), (12, 12, None), (30, 8, None), (8, 8, 20)):
        data = answers(drivers)
        names = [f"x{i}" for i in range(drivers)]
        of = {name: f"block {i % blocks}" for i, name in enumerate(names)}
        options = {"drivers": names, "blocks": of, "n_groups": groups, "cluster": "unit", "seed": 1}
        cells = [
            seconds(
                lambda one=outcome, kind=kind, data=data, options=options: likelihood_importance(
                    data, outcome=one, model=kind, **options
                )
            )
            for outcome, kind in (("promoter", "logistic"), ("enps", "ordinal"))
        ]
        label = f"{drivers} drivers" + (f" in {blocks} blocks" if drivers > blocks else "")
        label += f", jackknife of {groups} groups" if groups else ""
        print(f"| {label}: {2**blocks} models | " + " | ".join(f"{cell:.1f} s" for cell in cells) + " |")
    data = answers(8)
    names = [f"x{i}" for i in range(8)]
    x = ((data[names] - data[names].mean()) / data[names].std(ddof=0)).to_numpy()
    constant = np.column_stack([np.ones(SHEETS), x])
    codes = {one: data[one].to_numpy().astype(int) for one in ("promoter", "enps")}
    order = {one: np.argsort(code, kind="stable") for one, code in codes.items()}
    ours = [
        seconds(lambda one=one: maximise(CumulativeLogit(codes[one][order[one]], x[order[one]])), 5)
        for one in ("promoter", "enps")
    ]
    logit = seconds(lambda: Logit(codes["promoter"], constant).fit(method="newton", disp=0), 5)
    glm = seconds(
        lambda: GLM(codes["promoter"], constant, family=Binomial(), freq_weights=data["w"].to_numpy()).fit(),
        5,
    )
    ordered = seconds(
        lambda: OrderedModel(codes["enps"], x, distr="logit").fit(method="bfgs", disp=0, maxiter=500), 2
    )
    print(f"| one model of 8 drivers, here | {1000 * ours[0]:.1f} ms | {1000 * ours[1]:.1f} ms |")
    print(
        "| the same in statsmodels: Logit, weighted GLM; OrderedModel (bfgs) | "
        f"{1000 * logit:.1f}, {1000 * glm:.1f} ms | {1000 * ordered:.0f} ms |"
    )
    test = seconds(lambda: proportional_odds_test(data, outcome="enps", drivers=names))
    print(f"| test of proportional odds, 8 drivers | | {test:.2f} s |\n", flush=True)


def study(rng: np.random.Generator, n: int, units: int) -> pd.DataFrame:
    """Sheets in units that differ in drivers and outcome, so that colleagues answer alike."""
    unit = rng.integers(0, units, n)
    of_unit = rng.normal(scale=0.5, size=(units, 3))
    shift = rng.normal(scale=0.7, size=units)
    x = 0.6 * rng.normal(size=(n, 1)) + 0.8 * rng.normal(size=(n, 3)) + of_unit[unit]
    latent = x @ SLOPES + shift[unit] + rng.logistic(size=n)
    enps = np.clip(np.round(latent + 2.5), 0, 5)
    return pd.DataFrame(x, columns=list("abc")).assign(enps=enps, promoter=(enps >= 4) * 1, unit=unit)


def coverage(studies: int) -> None:
    print(
        f"Coverage of 95 % jackknife intervals (20 groups of units), {studies} studies, McFadden; Nagelkerke\n"
    )
    print("| model | units | sheets | true importance | coverage | std_error / standard deviation |")
    print("|---|---|---|---|---|---|")
    population = study(np.random.default_rng(0), 400_000, 100_000)
    for kind, outcome in (("ordinal", "enps"), ("logistic", "promoter")):
        options = {"outcome": outcome, "drivers": list("abc"), "model": kind}
        truth = likelihood_importance(population, **options).table["importance"]
        for units, n in ((60, 1000), (200, 2000)):
            held, errors, estimates = [], [], []
            for seed in range(studies):
                data = study(np.random.default_rng([seed, units]), n, units)
                table = likelihood_importance(data, cluster="unit", n_groups=20, seed=seed, **options).table
                held.append((table["conf_low"] <= truth) & (truth <= table["conf_high"]))
                errors.append(table["std_error"])
                estimates.append(table["importance"])
            ratio = np.mean(errors, axis=0) / np.std(estimates, axis=0)
            print(
                f"| {kind} | {units} | {n} | {halves(truth.to_numpy(), 3)} | {halves(np.mean(held, axis=0), 2)} | "
                f"{halves(ratio, 2)} |",
                flush=True,
            )


def halves(values: np.ndarray, digits: int) -> str:
    """Values by McFadden, then by Nagelkerke."""
    text = [f"{value:.{digits}f}" for value in values]
    return ", ".join(text[:3]) + "; " + ", ".join(text[3:])


if __name__ == "__main__":
    sys.exit(main())
