"""How often the intervals of a change between two waves hold the truth, with persons and with categories alone.

People of two kinds, content and not, answer in two waves; the answers rise or not, and more of the discontented leave
than of the content, or as many. Units differ in level and in change. The truth is that of endlessly many people. Prints
a Markdown table; ``--write`` puts it into docs/coverage.md between its markers, ``--studies 100`` is a quick look.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.measures import composition_change, panel_change

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
START, END = "<!-- wave change: start -->", "<!-- wave change: end -->"
SEED = 2016
STAY, JOINERS = 0.8, 0.6
# What is kept together, number of units, people per unit.
DESIGNS = {
    "12 units of 40": ("unit", 12, 40),
    "40 units of 25": ("unit", 40, 25),
    "300 persons": ("person", 300, 1),
    "80 persons": ("person", 80, 1),
}
TRUTHS = {"nothing": (0.0, 0.0), "answers": (0.3, 0.0), "people": (0.0, 0.4), "both": (-0.3, 0.4)}


def simulate(
    rng: np.random.Generator, *, by: str, units: int, size: int, rise: float, leave: float
) -> pd.DataFrame:
    """Two waves: of the content 80 % stay, of the others ``leave`` less; of those who come 60 % are content."""
    spread = 0.3 if by == "unit" else 0.0
    unit = np.repeat(np.arange(units), size)
    n = len(unit)
    level, change = rng.normal(0, spread, units), rng.normal(0, spread / 2, units)
    content = rng.random(n) < 0.5
    stays = rng.random(n) < np.where(content, STAY, STAY - leave)
    who = np.arange(n)
    new_content = rng.random(int((~stays).sum())) < JOINERS
    person = [who, np.r_[who[stays], n + np.arange(len(new_content))]]
    units_of = [unit, np.r_[unit[stays], unit[~stays]]]
    kinds = [content, np.r_[content[stays], new_content]]
    own = rng.normal(0, 0.7, 2 * n)
    frames = []
    for later in (False, True):
        at, kind = units_of[later], kinds[later]
        value = 3 + 2 * kind + level[at] + own[person[later]] + rng.normal(0, 0.5, len(at))
        value += later * (rise + change[at])
        # Four categories, of which two hold the content.
        category = 2 * kind.astype(int) + rng.integers(0, 2, len(at))
        group = at if by == "unit" else person[later]
        columns = {"person": person[later], "value": value, "category": category, "group": group}
        frames.append(pd.DataFrame({"later": later, **columns}))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(weight=rng.lognormal(0, 0.3, len(frame)))


def truth(rise: float, leave: float) -> dict[str, dict[str, float]]:
    """Parts of the change with endlessly many people."""
    stay = np.array([STAY - leave, STAY])
    share_stayers = stay[1] / stay.sum()
    gone = 1 - stay.mean()
    content = stay.mean() * share_stayers + gone * JOINERS
    # The mean is 3 + 2 times the share of the content, and the rise.
    total = rise + 2 * (content - 0.5)
    panel = {
        "total": total,
        # The same persons keep their kind, so that their change is the rise alone.
        "answers": rise,
        "people": total - rise,
        "joiners": 2 * gone * (JOINERS - share_stayers),
        "leavers": 2 * (share_stayers - 0.5),
    }
    return {"panel": panel, "categories": {name: panel[name] for name in ("total", "answers", "people")}}


def row(studies: int, *, design: str, name: str) -> list[str]:
    """Share of the intervals that hold the truth, per method and term, in per cent."""
    by, units, size = DESIGNS[design]
    rise, leave = TRUTHS[name]
    expected = truth(rise, leave)
    rng = np.random.default_rng([SEED, list(DESIGNS).index(design), list(TRUTHS).index(name)])
    held = {(method, term): 0 for method, terms in expected.items() for term in terms}
    for _ in range(studies):
        frame = simulate(rng, by=by, units=units, size=size, rise=rise, leave=leave)
        for method, change in (("panel", panel_change), ("categories", composition_change)):
            table = change(frame).set_index("term")
            for term, value in expected[method].items():
                held[method, term] += int(
                    table.loc[term, "conf_low"] <= value <= table.loc[term, "conf_high"]
                )
    return [f"{100 * count / studies:.1f}" for count in held.values()]


def table(studies: int) -> str:
    """The results as Markdown."""
    heads = [
        "total",
        "answers",
        "people",
        "joiners",
        "leavers",
        "answers (categories)",
        "people (categories)",
    ]
    lines = [
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/wave_change.py --studies {studies} --write`. "
        f"{studies:,} simulated studies in each row, seed {SEED}; per cent of the 95 % intervals that hold the truth.",
        "The last two columns know people by four categories and not by name.",
        "",
        "| kept together | what changes | " + " | ".join(heads) + " |",
        "|---|---|" + "---:|" * len(heads),
    ]
    for design in DESIGNS:
        for name in TRUTHS:
            shares = row(studies, design=design, name=name)
            # The total is the same number with either method.
            del shares[5]
            lines.append(f"| {design} | {name} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = table(options.studies)
    if not options.write:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
