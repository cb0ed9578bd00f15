"""How every question was answered, as one bar of shares per question."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from exresearch.disclosure import DisclosureRules, Groups, Measure
from exresearch.findings.note import Note
from exresearch.report.columns import TABLE_LABELS, driver_labels
from exresearch.report.figures.door import release_tables
from exresearch.report.figures.rows import headroom, row_value, rows_panels
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, number_axis, require, rows_of, style

FloatArray = NDArray[np.float64]

_MOST_ROWS = 30
# Of a bar, in inches.
_THICK = 0.2
# Orange below, blue above the middle of the scale: told apart with any colour vision, and in print.
_SHADES = LinearSegmentedColormap.from_list(
    "answers", ["#C8570B", "#F3C9A5", "#E6E9ED", "#9CC8E6", "#00609A"]
)
_CEILING = 0.5
# Their answers stand beside a net promoter score, whatever else is left out.
_SCORED = ("enps", "nps")
# What is hidden stands apart, so that it is not taken for the highest answers.
_GAP = 0.02
NO_ITEMS = Note(
    message="No question was asked on a scale of at most eleven points, so there are no answers to draw."
)


def item_answers(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw the share of every answer to every question, lowest at the left, and the mean at the right.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, construct, column, label, reversed, minimum, maximum, value, share, people, mean, n, respondents``
        of :func:`exresearch.measures.item_distribution`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Answers that too few people gave are drawn as one block with those that would give them away.

    Returns
    -------
    Picture or Note
        The note where there is nothing to draw.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_ITEMS
    columns = [
        "table",
        "column",
        "label",
        "reversed",
        "minimum",
        "maximum",
        "value",
        "share",
        "people",
        "mean",
        "n",
        "respondents",
    ]
    require(frame, columns, figure="item_answers")
    frame = frame.reset_index(drop=True)
    work, answers = release_tables(
        frame.drop(columns="mean"),
        count="people",
        rules=rules,
        groups=lambda table: Groups(table, answer="value", answered="column"),
        name="answers to questions",
    )
    # An answer that nobody gave takes no room.
    work["hidden"] &= frame["people"] > 0
    items, means = release_tables(
        _questions(frame, work),
        count="respondents",
        rules=rules,
        groups=lambda table: Groups(
            table, measures={"mean": Measure("mean", "minimum", "maximum", each="column")}
        ),
        rounded={"mean": 0.1},
        name="means of questions",
    )
    items = items[~items["hidden"]]
    if items.empty:
        return NO_ITEMS
    drawn = _most_telling(items)
    parts = [(str(name), part) for name, part in drawn.groupby("table", sort=False)]
    shares = _by_question(work)
    with style():
        labels = [driver_labels(part, texts) for _, part in parts]
        figure, panels = rows_panels(labels, left=2.5, right=0.5, top=0.4, bottom=0.34, wrap=34, least=0.3)
        for (name, part), (axes, positions) in zip(parts, panels, strict=True):
            headroom(axes, texts.say(TABLE_LABELS[name]))
            axes.set_xlim(0, 1 + _GAP)
            axes.xaxis.grid(False)
            for y, item in zip(positions, rows_of(part), strict=True):
                _bar(axes, y, shares[name, item.column], rest=item.rest, texts=texts)
                known = "–" if pd.isna(item.mean) else texts.number(float(item.mean), "number1")
                row_value(axes, y, known, bold=True)
            number_axis(axes.xaxis, "percent0", texts)
    caption, alt, takeaway = _told(work, items, drawn, texts=texts)
    return Picture(
        figure, caption, alt, takeaway, [*answers, *means], drawn={"column": list(drawn["column"])}
    )


def _questions(frame: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return one row per question: its mean where that gives nothing away, and the part of it that is hatched."""
    items = frame.drop_duplicates(["table", "column"]).reset_index(drop=True)
    secret, rest = [], []
    marked = frame.assign(hidden=answers["hidden"])
    for _, own in marked.groupby(["table", "column"], sort=False):
        secret.append(_gives_away(own))
        rest.append(float(1 - own.loc[~own["hidden"], "share"].sum()) if own["hidden"].any() else 0.0)
    return items.drop(columns=["value", "share", "people"]).assign(
        mean=items["mean"].mask(pd.Series(secret, index=items.index)), rest=rest
    )


def _most_telling(items: pd.DataFrame) -> pd.DataFrame:
    """Keep the order of the codebook; of too many, leave out questions that stand alone, but none on recommending."""
    if len(items) <= _MOST_ROWS:
        return items
    alone = items.groupby(["table", "construct"])["column"].transform("size") == 1
    first = items.assign(alone=alone & ~items["construct"].isin(_SCORED)).sort_values("alone", kind="stable")
    return items.loc[items.index.isin(first.head(_MOST_ROWS).index)]


def _by_question(work: pd.DataFrame) -> dict[tuple[str, str], FloatArray]:
    """Return the shares of the answers to each question, in their order."""
    keys = zip(work["table"], work["column"], strict=True)
    found: dict[tuple[str, str], list[float]] = {}
    for key, share in zip(keys, work["share"].to_numpy(dtype=np.float64, na_value=np.nan), strict=True):
        found.setdefault(key, []).append(share)
    return {key: np.array(own) for key, own in found.items()}


def _gives_away(answers: pd.DataFrame) -> bool:
    """Whether a mean of one decimal says anything about the hidden answers, the others being known by their bars."""
    hidden = answers[answers["hidden"]]
    if hidden.empty:
        return False
    reach = float(hidden["people"].sum()) * float(answers["maximum"].iloc[0] - answers["minimum"].iloc[0])
    # The sum of all answers is known to a tenth of their number.
    return 0.1 * float(answers["n"].iloc[0]) < reach


def _bar(axes: Axes, y: float, shares: FloatArray, *, rest: float, texts: Texts) -> None:
    """Draw one question: `shares` of its answers from the lowest, missing or 0 where they take no room."""
    start, last = 0.0, max(len(shares) - 1, 1)
    for place, share in enumerate(shares.tolist()):
        if not share > 0:
            continue
        colour = to_hex(_SHADES(place / last))
        _block(axes, y, start, share, facecolor=colour, edgecolor="white", linewidth=0.6)
        if share >= 0.16:
            dark = abs(2 * place / last - 1) > 0.8
            axes.text(
                start + share / 2, y, texts.number(share, "percent0"), ha="center", va="center",
                fontsize=7.5, color="white" if dark else COLOURS["ink"],
            )  # fmt: skip
        start += share
    if rest > 0:
        look = {"facecolor": "white", "edgecolor": COLOURS["grey"], "hatch": "////", "linewidth": 0.4}
        _block(axes, y, start + _GAP, rest, **look)


def _block(axes: Axes, y: float, left: float, width: float, **look: Any) -> None:
    """``axes.barh`` without the search for new limits of the axes, which takes longer than the bar."""
    axes.add_artist(Rectangle((left, y - _THICK / 2), width, _THICK, **look))


def _told(
    work: pd.DataFrame, items: pd.DataFrame, drawn: pd.DataFrame, *, texts: Texts
) -> tuple[str, str, str]:
    """Return caption, alternative text and takeaway."""
    caption = texts.say(
        "Share of each answer to each question, from the lowest (orange, left) to the highest (blue, right); at the "
        "right the mean. Answers to reversed statements were turned round first."
    )
    if len(drawn) < len(items):
        caption += " " + texts.say(
            "{shown:integer} of {total:integer} questions are drawn: the first, and all about recommending.",
            shown=len(drawn),
            total=len(items),
        )
    if work["hidden"].any():
        caption += " " + texts.say(
            "Hatched, apart: answers that too few people gave, together, wherever they lie. Where a mean would tell "
            "what they are, none is shown."
        )
    ends = _at_the_end(work, drawn)
    names = dict(zip(drawn.index, driver_labels(drawn, texts), strict=True))
    full = ends[ends >= _CEILING]
    takeaway = texts.say("No question has more than half of its answers at one end of its scale.")
    if len(full):
        takeaway = texts.say(
            "{count:integer} of {total:integer} questions have at least half of their answers at one end of the scale "
            "and tell people hardly apart; the most “{label}”.",
            count=len(full),
            total=len(drawn),
            label=names[full.idxmax()],
        )
    means = "; ".join(
        f"{names[row.Index]}: {texts.number(float(row.mean), 'number1')}"
        for row in rows_of(drawn)
        if pd.notna(row.mean)
    )
    return caption, f"{takeaway} {means}." if means else takeaway, takeaway


def _at_the_end(work: pd.DataFrame, drawn: pd.DataFrame) -> pd.Series:
    """Return, by row of ``drawn``, the larger share of the two ends of the scale; hidden ones count as none."""
    at_end = work[work["share"].notna()]
    at_end = at_end[(at_end["value"] == at_end["minimum"]) | (at_end["value"] == at_end["maximum"])]
    largest = at_end.groupby(["table", "column"])["share"].max()
    keys = zip(drawn["table"], drawn["column"], strict=True)
    return pd.Series([float(largest.get(key, np.nan)) for key in keys], index=drawn.index).fillna(0.0)
