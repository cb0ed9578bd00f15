"""How often reversed items are found, and how often one is called reversed that is not.

Scales are simulated: one factor, items with one correlation, cut into 5 or 7 answer points, some items turned round.
Beside that two harder kinds: skewed answers (most agree) and people who tend to agree with anything. Prints a Markdown
table; ``--write`` puts it into docs/new-client.md between its markers, ``--scales 100`` is a quick look.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.study.draft import likely_reversed

PAGE = Path(__file__).parents[1] / "docs" / "new-client.md"
START, END = "<!-- reversed items: start -->", "<!-- reversed items: end -->"
ITEMS = 6
SEED = 2016


def simulate(
    rng: np.random.Generator, *, n: int, r: float, points: int, n_reversed: int, kind: str
) -> pd.DataFrame:
    """One scale; reversal comes before the answer habits, as in a real questionnaire."""
    latent = np.sqrt(r) * rng.standard_normal((n, 1)) + np.sqrt(1 - r) * rng.standard_normal((n, ITEMS))
    latent[:, ITEMS - n_reversed :] *= -1
    if kind == "agree with anything":
        latent = latent + 0.5 * rng.standard_normal((n, 1))
    cuts = np.linspace(-1.6, 1.6, points - 1)
    if kind == "skewed":
        latent = latent.copy()
        # Most agree, and so most disagree with what was asked the other way round.
        latent[:, : ITEMS - n_reversed] += 1.0
        latent[:, ITEMS - n_reversed :] -= 1.0
    return pd.DataFrame(
        1.0 + np.searchsorted(cuts, latent), columns=[f"q{number}" for number in range(ITEMS)]
    )


def row(scales: int, **design: object) -> tuple[float, float]:
    """Share of the reversed items found, and share of the others called reversed, in per cent."""
    rng = np.random.default_rng([SEED, *(abs(hash_free(value)) for value in design.values())])
    n_reversed = int(str(design["n_reversed"]))
    truth = {f"q{number}" for number in range(ITEMS - n_reversed, ITEMS)}
    found = false = 0
    for _ in range(scales):
        said = set(likely_reversed(simulate(rng, **design)).items)  # type: ignore[arg-type]
        found += len(said & truth)
        false += len(said - truth)
    share = 100 * found / (scales * n_reversed) if n_reversed else float("nan")
    return share, 100 * false / (scales * (ITEMS - n_reversed))


def hash_free(value: object) -> int:
    """A whole number from a setting that is the same in every run, unlike Python's hash of a text."""
    return int.from_bytes(str(value).encode()[:7], "big")


def table(scales: int) -> str:
    """The results as Markdown."""
    lines = [
        f"Six items, {scales:,} simulated scales in each row, seed {SEED}.",
        "",
        "| answers | people | mean correlation | points | reversed | found | called reversed wrongly |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    designs = [
        *itertools.product(["plain"], [200], [0.4], [5, 7], [0, 1, 2]),
        *itertools.product(["plain"], [50, 100, 200], [0.2], [5], [2]),
        *itertools.product(["plain"], [50, 100], [0.4], [5], [2]),
        *itertools.product(["skewed", "agree with anything"], [200], [0.4], [5], [1, 2]),
    ]
    for kind, n, r, points, n_reversed in designs:
        found, false = row(scales, kind=kind, n=n, r=r, points=points, n_reversed=n_reversed)
        shown = "-" if np.isnan(found) else f"{found:.1f} %"
        lines.append(f"| {kind} | {n} | {r:.1f} | {points} | {n_reversed} | {shown} | {false:.1f} % |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = table(options.scales)
    if not options.write:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
