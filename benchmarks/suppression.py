"""How well complementary suppression hides: valid patterns, what they cost beside the cheapest ones, and time.

``python benchmarks/suppression.py`` draws hierarchical tables, sends each through the door, and lets the outsider of
``tests/recoverable.py`` attack it. Then it solves the same tables by the quick way and, where possible, exactly, and
prints a Markdown table. ``--write`` puts that into docs/privacy.md between its markers, ``--tables 40`` is a quick
look. ``--rows FILE`` keeps every table, so that a run can be resumed; ``--first`` makes a part of them. Seconds are
those of the processor.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from exresearch.disclosure import DisclosureRules, Groups, complementary_suppression, release  # noqa: E402
from exresearch.disclosure.hiding.relations import relations_of  # noqa: E402
from tests.recoverable import made_table  # noqa: E402

PAGE = ROOT / "docs" / "privacy.md"
START, END = "<!-- suppression: start -->", "<!-- suppression: end -->"
LEAST = 5
SIZES = (0, 25, 50, 100, 150)
# Cells times changes for each protected cell; beyond, the exact programme takes minutes.
EXACT = 1_200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first table")
    parser.add_argument("--seed", type=int, default=2016)
    parser.add_argument("--rows", type=Path, help="file that keeps a row per table")
    parser.add_argument("--write", action="store_true", help="put the table into docs/privacy.md")
    options = parser.parse_args()
    rows = pd.read_csv(options.rows).to_dict("records") if options.rows and options.rows.exists() else []
    for number in range(options.first + len(rows), options.tables):
        rows.append(one(options.seed, number))
        if options.rows and (number % 10 == 9 or number == options.tables - 1):
            pd.DataFrame(rows).to_csv(options.rows, index=False)
    text = table(pd.DataFrame(rows), options.seed)
    print(text)
    if options.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(START)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")


def one(seed: int, number: int) -> dict[str, Any]:
    """Release and attack one table; every third shows no totals."""
    made = made_table(np.random.default_rng([seed, number]), totals=number % 3 != 2, most_rows=SIZES[-1])
    groups = Groups("employees", by={column: column for column in made.columns})
    start = time.process_time()
    released = release(made.frame, count="n", rules=DisclosureRules(), groups=groups)
    seconds = time.process_time() - start
    counts = made.frame["n"].to_numpy("float64")
    hidden = released.hidden.to_numpy()
    small = (counts > 0) & (counts < LEAST)
    result = {
        "rows": len(counts),
        "dimensions": len({"sex", "age"} & set(made.columns)) + 1,
        "small": int(small.sum()),
        "exposed": len(made.exposed(hidden, least=LEAST)),
        "company": int((hidden & (counts >= LEAST)).sum()),
        "seconds": seconds,
    }
    return result | compared(made.frame, groups)


def compared(frame: pd.DataFrame, groups: Groups) -> dict[str, Any]:
    """People hidden by the quick way and by the exact one, where that is within reach."""
    counts = frame["n"].to_numpy("float64")
    relations = relations_of(frame, counts=counts, within=(), groups=groups)
    people = relations.with_totals(counts)
    known = np.append(relations.top, np.ones(len(people) - len(counts), bool))
    primary = people < LEAST
    found = {}
    for method in ("heuristic", "optimal"):
        if method == "optimal" and len(people) * 2 * int((primary & (people > 0)).sum()) > EXACT:
            found[method] = np.nan
            continue
        start = time.process_time()
        pattern = complementary_suppression(
            people,
            relations.matrix,
            primary=primary,
            least=LEAST,
            cost=people + known * (people.sum() + 1.0),
            method=method,
        )
        found[f"{method}_seconds"] = time.process_time() - start
        proven = method == "heuristic" or pattern.method in ("optimal", "none")
        found[method] = pattern.loss if proven else np.nan
    return found


def table(rows: pd.DataFrame, seed: int) -> str:
    """One line for each size of table, and one for all."""
    rows = rows.assign(loss=100 * (rows["heuristic"] / rows["optimal"].where(rows["optimal"] > 0) - 1))
    rows.loc[rows["optimal"] == 0, "loss"] = 0.0
    lines = [
        f"{len(rows):,} tables, seed {seed}, {datetime.now(UTC):%Y-%m-%d}.",
        "",
        "| rows | tables | small groups | that can be worked out | rows hidden with them, mean | solved exactly "
        "| loss, median | 95 % | largest | seconds, median | 95 % |",
        "|---|" + "---:|" * 10,
    ]
    kinds = [
        (
            f"{low + 1} to {high}",
            rows["rows"].between(low + 1, high),
        )
        for low, high in itertools.pairwise(SIZES)
    ]
    for name, which in [*kinds, ("all", rows["rows"] > 0)]:
        some = rows[which]
        if some.empty:
            continue
        loss = some["loss"].dropna()
        cells = [
            name,
            f"{len(some):,}",
            f"{some['small'].sum():,}",
            f"{some['exposed'].sum():,}",
            f"{some['company'].mean():.1f}",
            f"{100 * len(loss) / len(some):.0f} %",
            *(f"{value:.1f} %" for value in (loss.quantile(0.5), loss.quantile(0.95), loss.max())),
            *(f"{some['seconds'].quantile(q):.2f}" for q in (0.5, 0.95)),
        ]
        lines.append("| " + " | ".join("" if cell.startswith("nan") else cell for cell in cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
