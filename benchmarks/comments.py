"""How well comments are coded, and whether shares corrected for mistakes can be believed.

Agreement on held-out remarks is read from the package, as ``tools/comment_model.py --held-out`` left it. The demo's
remarks are coded and compared with the tone that they were written in. Coverage: true codes are drawn, the coder
errs as on the held-out remarks, whose table is drawn anew each time. ``--write`` puts the tables into
``docs/comments.md``; ``--draws 40`` is a quick look.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.measures.comments import CODES, code_comment, confusion, without_personal_data
from exresearch.measures.comments.language import Language
from exresearch.models.misclassification import corrected_shares, nominal_agreement
from exresearch.study.demo import planted
from exresearch.study.demo.remarks import remarks_table

DOC = Path(__file__).parents[1] / "docs" / "comments.md"
BEGIN, END = "<!-- benchmarks/comments.py -->", "<!-- end -->"
LANGUAGES: tuple[tuple[Language, str], ...] = (("nl", "Dutch"), ("en", "English"))
SIDES = np.array([0, 1, 1, 1, 2])
TRUE = np.array([0.25, 0.30, 0.20, 0.12, 0.13])


def agreement_rows() -> list[str]:
    """Agreement on held-out remarks and on the demo's, five codes and three sides."""
    rows = []
    said = demo_remarks()
    for language, name in LANGUAGES:
        own = said[said["language"] == language]
        demo = pd.crosstab(own["tone"], own["code"]).reindex(index=CODES, columns=CODES, fill_value=0)
        for what, table in (
            ("held-out remarks", confusion(language)),
            ("the demo's remarks", demo.to_numpy()),
        ):
            coarse = np.zeros((3, 3))
            np.add.at(coarse, (SIDES[:, None], SIDES[None, :]), table)
            cells = []
            for counts in (table, coarse):
                found = nominal_agreement(counts, n_boot=4000, seed=1).set_index("term")
                low, estimate, high = found.loc["alpha", ["conf_low", "estimate", "conf_high"]].astype(float)
                cells.append(f"{estimate:.2f} ({low:.2f} to {high:.2f})")
                cells.append(f"{np.trace(counts) / np.sum(counts):.0%}")
            rows.append(f"| {name}, {what} | {int(table.sum())} | {' | '.join(cells)} |")
    return rows


def demo_remarks() -> pd.DataFrame:
    """Draw remarks of the demo's generator, each different text once, with the code that they are given."""
    rng = np.random.default_rng(2016)
    size = 12_000
    moment, rating = rng.integers(0, len(planted.MOMENTS), size), rng.integers(1, 8, size).astype(float)
    rows = remarks_table(rng, moment, rating)
    rows = rows.assign(moment=moment)[rows["written"]].drop_duplicates("comment")
    return rows.assign(
        code=[code_comment(without_personal_data(text)).code for text in rows["comment"].astype(str)]
    )


def coverage(draws: int) -> list[str]:
    """How often corrected 95 % intervals hold the true share, by number of remarks."""
    rows = []
    for language, name in LANGUAGES:
        counts = confusion(language)
        chance, sizes = counts / counts.sum(axis=1, keepdims=True), counts.sum(axis=1).astype(int)
        for n in (60, 300):
            rng, held, plain, wide = np.random.default_rng(7), 0, 0.0, 0.0
            per_code = np.zeros(len(CODES))
            for number in range(draws):
                table = np.array(
                    [rng.multinomial(size, row) for size, row in zip(sizes, chance, strict=True)]
                )
                true = rng.choice(len(CODES), n, p=TRUE)
                given = (rng.random(n)[:, None] > np.cumsum(chance[true], axis=1)).sum(axis=1)
                data = pd.DataFrame({"where": "a", "by": "x", "code": np.array(CODES)[np.minimum(given, 4)]})
                found = corrected_shares(
                    data, group="where", code="code", stratum="by", confusion={"x": table}, codes=CODES,
                    n_boot=200, seed=number,
                )  # fmt: skip
                inside = ((found["conf_low"] <= TRUE) & (found["conf_high"] >= TRUE)).to_numpy()
                per_code += inside
                held += int(inside.sum())
                plain += float(np.abs(found["share"] - TRUE).mean())
                wide += float((found["conf_high"] - found["conf_low"]).mean())
            cells = " | ".join(f"{value / draws:.1%}" for value in per_code)
            total, width, error = held / draws / len(CODES), wide / draws, plain / draws
            rows.append(f"| {name}, {n} remarks | {total:.1%} | {cells} | {width:.2f} | {error:.2f} |")
    return rows


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description="Agreement of the coder of comments, coverage of corrected shares."
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/comments.md")
    parser.add_argument("--draws", type=int, default=400)
    arguments = parser.parse_args()
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python benchmarks/comments.py`, {arguments.draws} draws.",
        "",
        "| alpha (95 %) | remarks | five codes | same code | hinders, good, neither | same side |",
        "|---|---|---|---|---|---|",
        *agreement_rows(),
        "",
        "| corrected 95 % intervals that hold the truth | all | "
        + " | ".join(CODES)
        + " | mean width | mean error as given |",
        "|---|---|---|---|---|---|---|---|---|",
        *coverage(arguments.draws),
    ]
    print("\n".join(lines))
    if arguments.write:
        text = DOC.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        DOC.write_text(
            f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8", newline="\n"
        )


if __name__ == "__main__":
    main()
