"""How often the direction of employee and customer experience is told rightly: worlds of 150 units and four waves.

Units differ in stable levels, which correlate 0.6 between EX and CX; within units each goes back to its level (0.3 is
left after a wave), shocks correlate 0.3, and an effect over a wave runs from EX, from CX, both ways, or not at all. In
one more world nothing happens within units but noise. The random-intercept model is fitted with equal lags and the
verdict follows the rule of `verdict`. Prints a Markdown table; ``--draws 50`` is a quick look.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
from scipy.linalg import solve_discrete_lyapunov

from exresearch.models import NotEstimable, cross_lagged_difference, cross_lagged_panel, loop_gain

SEED = 2026
UNITS, WAVES = 150, 4
# Share left after a wave, correlation of shocks and of stable levels, and the standard deviation of the latter.
LEFT, SHOCKS, LEVELS, SPREAD = 0.3, 0.3, 0.6, 1.0
# A smallest effect of interest, as in hypotheses.yaml.
SMALLEST = 0.03
VERDICTS = ("ex_first", "cx_first", "both", "neither", "undetermined")
# Effect of EX on CX and of CX on EX as multiples of the size, and the right verdict.
WORLDS = {
    "EX first": (1.0, 0.0, "ex_first"),
    "CX first": (0.0, 1.0, "cx_first"),
    "both": (1.0, 1.0, "both"),
    "neither": (0.0, 0.0, "neither"),
    "only between units": (0.0, 0.0, "neither"),
}


def dynamics(world: str, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Effects of a wave on the next [2, 2] (row: outcome; EX, CX), and the covariance of shocks."""
    forth, back, _ = WORLDS[world]
    if world == "only between units":
        return np.zeros((2, 2)), np.eye(2)
    return np.array([[LEFT, back * size], [forth * size, LEFT]]), np.array([[1.0, SHOCKS], [SHOCKS, 1.0]])


def simulate(rng: np.random.Generator, world: str, *, size: float, units: int, waves: int) -> pd.DataFrame:
    """A stationary panel of one world."""
    effects, shocks = dynamics(world, size)
    now = rng.multivariate_normal([0, 0], solve_discrete_lyapunov(effects, shocks), units)
    stable = SPREAD * rng.multivariate_normal([0, 0], [[1, LEVELS], [LEVELS, 1]], units)
    frames = []
    for wave in range(waves):
        frames.append(pd.DataFrame(stable + now, columns=["ex", "cx"]).assign(unit=range(units), wave=wave))
        now = now @ effects.T + rng.multivariate_normal([0, 0], shocks, units)
    return pd.concat(frames, ignore_index=True)


def truth(world: str, size: float) -> tuple[float, float]:
    """Difference of the standardised effects, and the loop gain."""
    effects, shocks = dynamics(world, size)
    scale = np.sqrt(np.diag(solve_discrete_lyapunov(effects, shocks)))
    forth, back = effects[1, 0] * scale[0] / scale[1], effects[0, 1] * scale[1] / scale[0]
    return forth - back, effects[1, 0] * effects[0, 1]


def verdict(effects: pd.DataFrame, difference: pd.Series) -> str:
    """One of five: an effect counts when its interval is above 0 and it is no smaller than the smallest of interest.

    Both where both count, neither where none does; first comes what counts alone and whose lead has an interval above
    0. An effect that counts alone without such a lead leaves the direction undetermined.
    """
    counts = {
        term: effects.loc[term, "conf_low"] > 0.0 and effects.loc[term, "estimate"] >= SMALLEST
        for term in ("ex_to_cx", "cx_to_ex")
    }
    if counts["ex_to_cx"] and counts["cx_to_ex"]:
        return "both"
    if counts["ex_to_cx"]:
        return "ex_first" if difference["conf_low"] > 0.0 else "undetermined"
    if counts["cx_to_ex"]:
        return "cx_first" if difference["conf_high"] < 0.0 else "undetermined"
    return "neither"


def one_draw(job: tuple[str, float, int, int, int]) -> dict[str, object]:
    """Verdict of one panel, with what its intervals hold."""
    world, size, units, waves, draw = job
    rng = np.random.default_rng([SEED, list(WORLDS).index(world), round(1000 * size), units, waves, draw])
    data = simulate(rng, world, size=size, units=units, waves=waves)
    try:
        result = cross_lagged_panel(data, unit="unit", wave="wave", ex="ex", cx="cx")
    except NotEstimable:
        return {"verdict": "undetermined", "estimated": False}
    table = result.table
    chosen = table[(table["scale"] == "standardised") & (table["wave_to"] == "all")].set_index("term")
    difference, gain = cross_lagged_difference(result).iloc[0], loop_gain(result).iloc[0]
    true_difference, true_gain = truth(world, size)
    inside = chosen.loc[["ex_to_cx", "cx_to_ex"]]
    return {
        "verdict": verdict(chosen, difference),
        "estimated": True,
        "improper": bool(result.reason),
        "covers_difference": difference["conf_low"] <= true_difference <= difference["conf_high"],
        "covers_gain": gain["conf_low"] <= true_gain <= gain["conf_high"],
        "std_error": chosen.loc["ex_to_cx", "std_error"],
        "equivalent": bool((inside["conf_low"] > -SMALLEST).all() and (inside["conf_high"] < SMALLEST).all()),
    }


def run(world: str, *, size: float, units: int, waves: int, draws: int, workers: int) -> dict[str, object]:
    """One row of the table."""
    jobs = [(world, size, units, waves, draw) for draw in range(draws)]
    with ProcessPoolExecutor(workers) as pool:
        rows = list(pool.map(one_draw, jobs, chunksize=10))
    counted = Counter(str(row["verdict"]) for row in rows)
    fitted = [row for row in rows if row["estimated"]]

    def share(name: str) -> str:
        return f"{100 * np.mean([float(row[name]) for row in fitted]):.1f}" if fitted else "-"

    right = WORLDS[world][2] if waves > 2 else "undetermined"
    return {
        "world": world,
        "effect": size,
        "units": units,
        "waves": waves,
        "right %": f"{100 * counted[right] / draws:.1f}",
        **{f"{name} %": f"{100 * counted[name] / draws:.1f}" for name in VERDICTS},
        "not estimable %": f"{100 * (1 - len(fitted) / draws):.1f}",
        "between improper %": share("improper"),
        "difference covered %": share("covers_difference"),
        "loop covered %": share("covers_gain"),
        "equivalence shown %": share("equivalent"),
        "median error": f"{np.median([row['std_error'] for row in fitted]):.3f}" if fitted else "-",
    }


def main() -> None:
    """Print the table, a row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.3, 0.2, 0.1])
    parser.add_argument("--units", type=int, nargs="+", default=[UNITS])
    given = parser.parse_args()
    # Worlds without effects have no size.
    settings = [
        (world, size, units, WAVES)
        for units in given.units
        for size in given.sizes
        for world in WORLDS
        if size == given.sizes[0] or WORLDS[world][:2] != (0.0, 0.0)
    ]
    settings.append(("EX first", given.sizes[0], UNITS, 2))
    for position, (world, size, units, waves) in enumerate(settings):
        row = run(world, size=size, units=units, waves=waves, draws=given.draws, workers=given.workers)
        if not position:
            print("| " + " | ".join(row) + " |")
            print("|" + "---|" * len(row))
        print("| " + " | ".join(str(value) for value in row.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
