"""Find the population values of the demo's estimands, from a company of 25,000 units, and keep them in truth.yaml.

``python benchmarks/demo_truth.py`` writes ``data/demo/truth.yaml``; ``--check`` computes everything again and
compares; ``--only chain`` computes what ``benchmarks/implied/chain.py`` defines and leaves the rest as it stands.
The company is simulated in chunks by the same code, with the same missing answers, as the demo itself.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import combinations
from math import factorial, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from implied import modules

from exresearch.study.demo import DemoSettings, planted_truth, simulate_demo
from exresearch.study.demo import planted as p

TRUTH = Path(__file__).parents[1] / "data" / "demo" / "truth.yaml"
SEED = 20_240_101
CHUNKS, UNITS = 25, 1_000
ENGAGED_FROM = 16  # highly or moderately engaged, sum of three items of 1 to 7
CUT = 0.25
#: Same code and seed give the same numbers up to the order of sums.
TOLERANCE = 1e-5
HEADER = """\
# Truth of the demo company. Written by `python benchmarks/demo_truth.py`, checked by `--check`: do not edit by hand.
# planted: what the generator was told. implied: what an infinitely large company would show, measured in the same way.
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk of units contributes: a frame of units, and moments of the drivers with each outcome."""

    units: pd.DataFrame
    moments: dict[str, np.ndarray]


def measure(tables: dict[str, pd.DataFrame]) -> Chunk:
    """Reduce one chunk to unit sums and cross-products."""
    sheets, customers = tables["employees"], tables["customers"]
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False)
    complete = total.notna()
    engaged = (total >= ENGAGED_FROM)[complete]
    unit, weight = sheets["unit"][complete], sheets["weight"][complete]
    answers = customers[["cx_1", "cx_2", "cx_3"]].mean(axis=1)
    units = pd.DataFrame(
        {
            "engaged": engaged.groupby(unit).sum(),
            "n": engaged.groupby(unit).size(),
            "engaged_weighted": (engaged * weight).groupby(unit).sum(),
            "n_weighted": weight.groupby(unit).sum(),
            "cx": answers.groupby(customers["unit"]).mean(),
        }
    )
    drivers = sheets[list(p.DRIVERS)].replace(p.NO_OPINION, np.nan)
    moments = {}
    for outcome in p.OUTCOMES:
        rows = drivers.assign(outcome=sheets[outcome]).dropna().to_numpy()
        rows = np.column_stack([np.ones(len(rows)), rows])
        moments[outcome] = rows.T @ rows
    return Chunk(units, moments)


def leaders_and_laggards(units: pd.DataFrame) -> dict[str, float]:
    """Compare engaged shares of the units with the best and the worst customer experience."""
    ranked = units.sort_values("cx")
    k = round(CUT * len(ranked))
    low, high = ranked.iloc[:k], ranked.iloc[-k:]
    laggards, leaders = (part["engaged"].sum() / part["n"].sum() for part in (low, high))
    return {
        "leaders": leaders,
        "laggards": laggards,
        "ratio": leaders / laggards,
        "odds_ratio": leaders / (1 - leaders) / (laggards / (1 - laggards)),
        "difference": leaders - laggards,
        "correlation": float(np.corrcoef(units["engaged"] / units["n"], units["cx"])[0, 1]),
    }


def correlations(moments: np.ndarray) -> np.ndarray:
    """Turn cross-products (with a leading constant) into a correlation matrix."""
    mean = moments[0, 1:] / moments[0, 0]
    covariance = moments[1:, 1:] / moments[0, 0] - np.outer(mean, mean)
    spread = np.sqrt(np.diag(covariance))
    return covariance / np.outer(spread, spread)


def lmg(matrix: np.ndarray) -> np.ndarray:
    """Give LMG by brute force: the gain in R2 of each driver, averaged over all orders (Lindeman et al. 1980)."""
    k = matrix.shape[0] - 1
    r2: dict[frozenset[int], float] = {frozenset(): 0.0}
    for size in range(1, k + 1):
        for subset in combinations(range(k), size):
            chosen = list(subset)
            with_outcome = matrix[chosen, k]
            r2[frozenset(subset)] = with_outcome @ np.linalg.solve(
                matrix[np.ix_(chosen, chosen)], with_outcome
            )
    share = np.zeros(k)
    for driver in range(k):
        others = [other for other in range(k) if other != driver]
        for size in range(k):
            orders = factorial(size) * factorial(k - size - 1) / factorial(k)
            for subset in combinations(others, size):
                before = frozenset(subset)
                share[driver] += orders * (r2[before | {driver}] - r2[before])
    return share


def importance(moments: np.ndarray) -> dict[str, float]:
    """Give LMG of every driver and the two differences that decide `employee-first`."""
    values = dict(zip(p.DRIVERS, lmg(correlations(moments)), strict=True))
    first, customer = (sum(values[name] for name in block) for block in (p.EMPLOYEE_FIRST, p.CUSTOMER_FIRST))
    return {
        **values,
        "named_difference": values["d_needs"] - values["d_customers_decide"],
        "block_difference": first - customer,
        "r_squared": sum(values.values()),
    }


def with_error(whole: dict[str, float], parts: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Put the Monte-Carlo standard error, from the chunks as independent companies, beside each value."""
    return {
        name: {
            "value": round(float(value), 6),
            "monte_carlo_error": round(float(np.std([part[name] for part in parts], ddof=1)) / sqrt(len(parts)), 6),
        }
        for name, value in whole.items()
    }  # fmt: skip


def means(parts: list[dict[str, dict[str, float]]], definitions: dict[str, str]) -> dict[str, Any]:
    """Put the mean over chunks, with its standard error, behind each definition."""
    found: dict[str, Any] = {}
    for hypothesis, definition in definitions.items():
        rows = [part[hypothesis] for part in parts]
        whole = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        found[hypothesis] = {"definition": definition, **with_error(whole, rows)}
    return found


def implied(only: str | None = None) -> dict[str, Any]:
    """Compute every implied value, or those of one module of ``benchmarks/implied``."""
    settings = DemoSettings(n_units=UNITS)
    others = modules(only)
    chunks, parts = [], {name: [] for name in others}
    for number in range(CHUNKS):
        tables = simulate_demo(SEED + number, settings)
        if only is None:
            chunks.append(measure(tables))
        for name, module in others.items():
            parts[name].append(module.values(tables))
        print(f"\r{number + 1} of {CHUNKS} chunks", end="", file=sys.stderr)
    print(file=sys.stderr)
    more = {
        key: value
        for name, module in others.items()
        for key, value in means(parts[name], module.DEFINITIONS).items()
    }
    return more if only else {**of_all_units(chunks), **more}


def of_all_units(chunks: list[Chunk]) -> dict[str, Any]:
    """Compute what is taken over the units of all chunks together."""
    units = pd.concat([chunk.units for chunk in chunks], ignore_index=True)

    def share(frame: pd.DataFrame) -> dict[str, float]:
        return {
            "engaged_share": frame["engaged"].sum() / frame["n"].sum(),
            "engaged_share_weighted": frame["engaged_weighted"].sum() / frame["n_weighted"].sum(),
        }

    return {
        "engagement-cx": {
            "definition": (
                "Units over all six waves. Engaged: sum of eng_1 to eng_3 of 16 or more, sheets with all three "
                "answers, pooled over the sheets of a unit. Unit CX: mean over customer answers of the mean of cx_1 "
                "to cx_3. Leaders and laggards: the 25 % of units with the highest and lowest observed unit CX; "
                "shares weighted by answer sheets. Correlation: engaged share with CX over units, unweighted."
            ),
            **with_error(
                leaders_and_laggards(units), [leaders_and_laggards(chunk.units) for chunk in chunks]
            ),
        },
        "engaged-minority": {
            "definition": "Engaged (as above) among all answer sheets with three answers; and with survey weights.",
            **with_error(share(units), [share(chunk.units) for chunk in chunks]),
        },
        "employee-first": {
            "definition": (
                "LMG of the ten driver items from their Pearson correlations with the outcome, sheets of all units and "
                "waves with all ten drivers (no opinion is missing) and that outcome. named_difference: d_needs minus "
                "d_customers_decide. block_difference: sum of the five employee-first minus sum of the three "
                "customer-first drivers."
            ),
            **{
                outcome: with_error(
                    importance(sum(chunk.moments[outcome] for chunk in chunks)),
                    [importance(chunk.moments[outcome]) for chunk in chunks],
                )
                for outcome in p.OUTCOMES
            },
        },
    }


def differences(found: Any, stored: Any, path: str = "") -> list[str]:
    """List where two nested truths differ."""
    if isinstance(found, dict) and isinstance(stored, dict):
        keys = sorted({*found, *stored})
        return [
            line for key in keys for line in differences(found.get(key), stored.get(key), f"{path}/{key}")
        ]
    if isinstance(found, float) and isinstance(stored, (int, float)):
        return [] if abs(found - stored) <= TOLERANCE else [f"{path}: computed {found}, stored {stored}"]
    return [] if found == stored else [f"{path}: computed {found!r}, stored {stored!r}"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Implied truths of the demo company.")
    parser.add_argument("--check", action="store_true", help="compare with truth.yaml instead of writing it")
    parser.add_argument("--only", metavar="NAME", help="one module of benchmarks/implied, by its name")
    arguments = parser.parse_args()
    stored = yaml.safe_load(TRUTH.read_text(encoding="utf-8"))
    found = implied(arguments.only)
    truth = {
        "source": {"seed": SEED, "chunks": CHUNKS, "units_per_chunk": UNITS},
        "planted": planted_truth(),
        "implied": {**stored["implied"], **found} if arguments.only else found,
    }
    if not arguments.check:
        text = yaml.safe_dump(truth, sort_keys=False, allow_unicode=True, width=110)
        TRUTH.write_text(HEADER + text, encoding="utf-8", newline="\n")
        print(f"{TRUTH} written")
        return 0
    problems = differences(truth, stored)
    print("\n".join(problems) if problems else f"{TRUTH} is what the script computes")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
