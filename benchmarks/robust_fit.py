"""How often the scaled chi-square of factor models rejects true models, and whether the sandwich errors are right.

Answers are simulated under models that hold exactly, so that every rejection is false. Columns of the table: the mean
of the test over its degrees of freedom (should be 1), the share rejected at 5 %, and the mean standard error of a
loading over the standard deviation of its estimate (should be 1), each for normal theory and for the robust version.
Prints a Markdown table; ``--write`` puts it into docs/structure-robust.md between its markers, ``--replications 50``
is a quick look.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.measures.structure import (
    chi_square_difference,
    fit_measures,
    invariance_fits,
    robust_statistics,
)
from exresearch.measures.structure.sem import (
    StructuralModel,
    fit_model,
    measurement_parameters,
    sample_moments,
)

PAGE = Path(__file__).parents[1] / "docs" / "structure-robust.md"
START, END = "<!-- robust fit: start -->", "<!-- robust fit: end -->"
SEED = 2016
FACTORS = {"f": ["f1", "f2", "f3"], "g": ["g1", "g2", "g3"], "h": ["h1", "h2", "h3"]}
ITEMS = [item for items in FACTORS.values() for item in items]
KINDS = {
    "normal, independent": {},
    "skewed in 5 steps, independent": {"skewed": True},
    "normal, 40 units of 25": {"units": 40},
    "normal, 120 units of 25": {"units": 120},
    "skewed in 5 steps, 120 units of 25": {"units": 120, "skewed": True},
    "the same with weights": {"units": 120, "skewed": True, "weighted": True},
    "normal, 12 units of 25": {"units": 12},
}


def simulate(
    rng: np.random.Generator, *, units: int = 0, skewed: bool = False, weighted: bool = False
) -> pd.DataFrame:
    """1000 sheets, or units of 25; equal loadings, so that answers in steps have the structure of a factor model."""
    n = 25 * units if units else 1000
    unit = np.repeat(np.arange(units), 25) if units else np.arange(n)
    root = np.linalg.cholesky(0.6 * np.eye(3) + 0.4)
    if units:
        # A tenth of the variance of factors, and a fifth of that of residuals, lies between units.
        common = np.sqrt(0.1) * rng.standard_normal((units, 3))[unit] + np.sqrt(0.9) * rng.standard_normal(
            (n, 3)
        )
        own = np.sqrt(0.2) * rng.standard_normal((units, 9))[unit] + np.sqrt(0.8) * rng.standard_normal(
            (n, 9)
        )
    else:
        common, own = rng.standard_normal((n, 3)), rng.standard_normal((n, 9))
    answers = 0.7 * np.repeat(common @ root.T, 3, axis=1) + np.sqrt(0.51) * own
    if skewed:
        answers = np.digitize(answers, [-2.0, -1.5, -0.9, 0.2]).astype(np.float64)
    frame = pd.DataFrame(answers, columns=ITEMS)
    frame["unit"], frame["weight"] = unit, rng.uniform(0.5, 3.0, n) if weighted else 1.0
    return frame


def one_model(kind: str, replications: int) -> list[str]:
    """The factor model of one group."""
    rng = np.random.default_rng([SEED, list(KINDS).index(kind)])
    model = StructuralModel(tuple(ITEMS), tuple(FACTORS), measurement_parameters(FACTORS))
    found = []
    for _ in range(replications):
        data = simulate(rng, **KINDS[kind])
        moments = sample_moments(data, columns=ITEMS, weights="weight", cluster="unit", robust=True)
        fit = fit_model(model, moments)
        robust = robust_statistics(fit)
        plain, scaled = fit_measures(fit), fit_measures(fit, robust=robust)
        errors = [np.sqrt(matrix[0, 0]) for matrix in (fit.covariance, robust.covariance)]
        found.append([plain.chisq, plain.p_value, scaled.chisq, scaled.p_value, fit.theta[0], *errors])
    return row(kind, np.array(found), df=24)


def two_waves(replications: int) -> list[str]:
    """The same 600 people twice: equal loadings and intercepts against neither, with people as clusters."""
    rng = np.random.default_rng([SEED, 99])
    found = []
    for _ in range(replications):
        person = np.tile(np.arange(600), 2)
        stable = rng.standard_normal((600, 9))[person]
        habit = rng.standard_normal((600, 3))[person]
        factor = np.sqrt(0.7) * habit + np.sqrt(0.3) * rng.standard_normal((1200, 3))
        own = np.sqrt(0.5) * stable + np.sqrt(0.5) * rng.standard_normal((1200, 9))
        data = pd.DataFrame(0.7 * np.repeat(factor, 3, axis=1) + np.sqrt(0.51) * own, columns=ITEMS)
        data["person"], data["wave"] = person, np.repeat(["a", "b"], 600)
        moments = sample_moments(data, columns=ITEMS, groups="wave", cluster="person", robust=True)
        fits = invariance_fits(moments, factors=FACTORS)
        general, restricted = fits["configural"], fits["scalar"]
        pair = robust_statistics(restricted), robust_statistics(general)
        plain = chi_square_difference(restricted, general)
        scaled = chi_square_difference(restricted, general, robust=pair)
        errors = [np.sqrt(matrix[0, 0]) for matrix in (restricted.covariance, pair[0].covariance)]
        found.append([plain[0], plain[2], scaled[0], scaled[2], restricted.theta[0], *errors])
    return row("two waves of 600 people, scalar against configural", np.array(found), df=12)


def row(name: str, found: np.ndarray, *, df: int) -> list[str]:
    """One line of the table."""
    chisq, p, scaled, scaled_p, estimate, error, robust_error = found.T
    spread = estimate.std(ddof=1)
    return [
        name,
        f"{chisq.mean() / df:.3f}",
        f"{100 * (p < 0.05).mean():.1f} %",
        f"{error.mean() / spread:.3f}",
        f"{scaled.mean() / df:.3f}",
        f"{100 * (scaled_p < 0.05).mean():.1f} %",
        f"{robust_error.mean() / spread:.3f}",
    ]


def table(replications: int) -> str:
    """The Markdown table with how it was made."""
    rows = [*(one_model(kind, replications) for kind in KINDS), two_waves(replications)]
    measured = ("test / df", "rejected", "error / SD")
    head = ["answers", *(f"{what}, {how}" for how in ("normal theory", "robust") for what in measured)]
    lines = [" | ".join(line) for line in (head, ["---"] * len(head), *rows)]
    call = f"python benchmarks/robust_fit.py --replications {replications} --write"
    made = f"Made on {datetime.now(UTC).date()} by `{call}` with seed {SEED}."
    return "\n".join([made, "", *(f"| {line} |" for line in lines)])


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = table(options.replications)
    if not options.write:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
