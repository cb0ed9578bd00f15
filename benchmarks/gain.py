"""How often the 95 % interval of a gain in explained variance holds the truth, and how often nothing is called a gain.

Outcomes follow four parts and, with a strength of zero or more, five products of them; people are alone or in units.
Beside the jackknife of ``explained_variance``: the same error around the gain in held-out folds. Prints a Markdown
table; ``--draws 100`` is a quick look.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from exresearch.models import held_out_gain

SEED = 2016
PARTS, PRODUCTS = ["r", "w", "a", "s"], ["rw", "ra", "wa", "rwa", "s3"]
STRENGTHS = (0.0, 0.05, 0.12)
SIZES = ((200, 1), (600, 20), (2000, 20))
POPULATION = 400_000


def draw(rng: np.random.Generator, n: int, size: int, strength: float) -> pd.DataFrame:
    """Draw people in units of one size, a tenth of every variance between units."""
    unit = np.arange(n) // size
    mix = np.linalg.cholesky(0.6 * np.eye(4) + 0.4)
    own, shared = rng.standard_normal((n, 5)), rng.standard_normal((unit.max() + 1, 5))[unit]
    noise = np.sqrt(0.9) * own + np.sqrt(0.1) * shared
    r, w, a, s = (noise[:, :4] @ mix.T).T
    frame = pd.DataFrame({"r": r, "w": w, "a": a, "s": s, "rw": r * w, "ra": r * a, "wa": w * a})
    frame = frame.assign(rwa=r * w * a, s3=s * (r + w + a) / 3, unit=unit)
    frame["y"] = 0.2 * frame[PARTS].sum(axis=1) + strength * frame[["rw", "ra", "wa", "s3"]].sum(axis=1)
    return frame.assign(y=frame["y"] + noise[:, 4])


def truth(strength: float) -> float:
    """Give the gain in a population, in which chance adds next to nothing."""
    if not strength:
        return 0.0
    frame = draw(np.random.default_rng(SEED), POPULATION, 20, strength)
    fits = []
    for columns in (PARTS, PARTS + PRODUCTS):
        x = np.column_stack([np.ones(len(frame)), frame[columns]])
        left = frame["y"] - x @ np.linalg.solve(x.T @ x, x.T @ frame["y"])
        fits.append(1 - left.var() / frame["y"].var())
    return float(fits[1] - fits[0])


def cell(n: int, size: int, strength: float, draws: int) -> str:
    """Simulate one row of the table."""
    rng, value, rows = np.random.default_rng(SEED), truth(strength), []
    for number in range(draws):
        found = held_out_gain(
            draw(rng, n, size, strength), outcome="y", base=PARTS, added=PRODUCTS,
            cluster=None if size == 1 else "unit", repeats=1, seed=number,
        ).iloc[2]  # fmt: skip
        half = stdtrit(found["df"], 0.975) * found["std_error"]
        held = abs(found["held_out"] - value) <= half
        rows.append(
            (
                found["conf_low"] <= value <= found["conf_high"],
                found["conf_low"] > 0,
                held,
                found["estimate"],
                found["in_sample"],
                found["held_out"],
            )
        )
    covers, above, held, estimate, inside, outside = np.mean(rows, axis=0)
    return (
        f"| {n} in {n // size} | {100 * value:.2f} | {100 * inside:.2f} | {100 * outside:.2f} | {100 * estimate:.2f} | "
        f"{100 * covers:.1f} | {100 * held:.1f} | {100 * above:.1f} |"
    )


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--draws", type=int, default=1000)
    draws = options.parse_args().draws
    print(
        "| people in units | gain, % | in sample | held out | estimate | covers, % | round held out, % | above 0, % |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for n, size in SIZES:
        for strength in STRENGTHS:
            print(cell(n, size, strength, draws), flush=True)


if __name__ == "__main__":
    main()
