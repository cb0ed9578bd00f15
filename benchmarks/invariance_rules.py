"""Measure how often rules for invariance reject what is true and find what differs, in small and larger models.

One construct, answers normal with standard deviation 1, loadings 0.7. Either all groups are alike (but for the mean of
the factor, 0.3 apart), or in the last group one intercept is 0.25 higher, or one loading is 0.5 instead of 0.7.
A table for each shows the share of studies in which a rule refuses the scalar level (the loading: the metric level), or
a level before it. Prints Markdown tables; ``--write`` puts them into docs/structure-robust.md between their markers,
``--replications 50`` is a quick look.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.measures.structure import measurement_invariance

PAGE = Path(__file__).parents[1] / "docs" / "structure-robust.md"
START, END = "<!-- invariance rules: start -->", "<!-- invariance rules: end -->"
SEED = 2007
SIZES = [(items, n, groups) for items in (3, 4, 8) for n in (300, 1000) for groups in (2, 3)]
KINDS = {"alike": ("scalar", 0.0, 0.7), "intercept": ("scalar", 0.25, 0.7), "loading": ("metric", 0.0, 0.5)}
LOADING, SMALL_DF = 0.7, 30
RULES = ("Chen", "CFI alone", "CFI alone below 30 df", "Chen and test at 5 %", "Chen and test at 1 %")
TITLES = {
    "alike": "Nothing differs; the scalar level is refused, in percent",
    "intercept": "An intercept differs by 0.25; the scalar level is refused, in percent",
    "loading": "A loading is 0.5 and not 0.7; the metric level is refused, in percent",
}


def simulate(
    rng: np.random.Generator, *, items: int, n: int, groups: int, shift: float, loading: float
) -> pd.DataFrame:
    """Sheets of `groups` groups; the second item differs in the last."""
    group = np.repeat(np.arange(groups), n)
    factor = rng.standard_normal(len(group)) + 0.3 * group
    own = np.sqrt(1 - LOADING**2) * rng.standard_normal((len(group), items))
    answers = LOADING * factor[:, None] + own
    last = group == groups - 1
    answers[last, 1] += shift + (loading - LOADING) * factor[last]
    return pd.DataFrame(answers, columns=[f"q{i}" for i in range(items)]).assign(group=group)


def refused(steps: pd.DataFrame, level: str) -> list[bool]:
    """Whether each rule refuses this level or one before it."""
    table = steps.set_index("level")
    small = table.loc["configural", "df"] < SMALL_DF
    found = np.zeros(len(RULES), dtype=bool)
    found |= not table.loc["configural", "holds"]
    for name in ("metric", "scalar"):
        row = table.loc[name]
        cfi, rmsea = row["delta_cfi"] <= -0.010, row["delta_rmsea"] >= 0.015
        # As measurement_invariance: without a test the limits decide.
        tested = [not row["delta_p"] >= alpha for alpha in (0.05, 0.01)]
        limits = cfi or rmsea
        found |= [limits, cfi, cfi or (rmsea and not small), *(limits and each for each in tested)]
        if name == level:
            break
    return found.tolist()


def shares(size: tuple[int, int, int], replications: int) -> np.ndarray:
    """Shares refused [kinds, rules]."""
    items, n, groups = size
    found = []
    for position, (level, shift, loading) in enumerate(KINDS.values()):
        rng = np.random.default_rng([SEED, SIZES.index(size), position])
        each = []
        for _ in range(replications):
            data = simulate(rng, items=items, n=n, groups=groups, shift=shift, loading=loading)
            steps = measurement_invariance(
                data, factors={"f": [f"q{i}" for i in range(items)]}, by="group", robust=True
            )
            each.append(refused(steps, level))
        found.append(np.mean(each, axis=0))
    return np.array(found)


def tables(replications: int) -> str:
    """The Markdown tables with how they were made."""
    found = {size: shares(size, replications) for size in SIZES}
    call = f"python benchmarks/invariance_rules.py --replications {replications} --write"
    lines = [f"Made on {datetime.now(UTC).date()} by `{call}` with seed {SEED}."]
    head = ["items", "n per group", "groups", *RULES]
    for position, kind in enumerate(KINDS):
        rows = [[*map(str, size), *(f"{100 * s:.0f}" for s in found[size][position])] for size in SIZES]
        lines += ["", f"{TITLES[kind]}:", ""]
        lines += [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=400)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = tables(options.replications)
    if not options.write:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
