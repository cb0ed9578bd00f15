"""How answers are distributed, one small panel for each question."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.report.figures.engagement import HIDDEN
from exresearch.report.figures.visible import enough_people
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, add_axes, new_figure, require, style

_ANSWERS = Groups("employees", answer="value", answered="column")


def outcome_distribution(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture:
    """Draw how the answers on each outcome are distributed, one small panel per outcome.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``outcome`` (text or mapping), ``column`` (its name in the study), ``value`` (answer category, in order),
        ``share`` (of the outcome's answers, 0 to 1), ``answers``, ``people`` (who gave the answer).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    columns = ["outcome", "column", "value", "share", "answers", "people"]
    require(frame, columns, figure="outcome_distribution")
    behind = enough_people(frame["answers"], frame["people"], rules)
    released = release(
        frame[["outcome", "column", "value", "share"]].assign(behind=behind),
        count="behind", rules=rules, groups=_ANSWERS, name="Distribution of answers",
    )  # fmt: skip
    # Which answers there are is no secret; how many gave them is.
    frame = frame[["outcome", "value"]].assign(share=released.frame["share"].astype("Float64"))
    names = [texts.pick(outcome) for outcome in frame["outcome"]]
    outcomes = list(dict.fromkeys(names))
    across = 2 if len(outcomes) > 1 else 1
    rows = math.ceil(len(outcomes) / across)
    height, gap, modes = 1.75, 0.15, []
    with style():
        figure = new_figure(rows * height)
        panel = figure.get_figwidth() / across
        for index, outcome in enumerate(outcomes):
            part = frame[[name == outcome for name in names]]
            row, column = divmod(index, across)
            axes = add_axes(
                figure,
                left=column * panel + gap,
                right=(across - 1 - column) * panel + gap,
                top=row * height + 0.42,
                bottom=(rows - 1 - row) * height + 0.3,
            )
            axes.spines["left"].set_visible(False)
            axes.set_yticks([])
            shares = part["share"].to_numpy("float64", na_value=np.nan)
            known = np.nan_to_num(shares)
            top = int(known.argmax())
            colours = [COLOURS["blue"] if i == top else COLOURS["sky"] for i in range(len(shares))]
            seen = np.flatnonzero(~np.isnan(shares))
            axes.bar(seen, shares[seen], width=0.78, color=[colours[place] for place in seen])
            axes.set_xlim(-0.5, len(shares) - 0.5)
            axes.set_ylim(0, max(float(known.max()), 0.01) * 1.05)
            for place in np.flatnonzero(np.isnan(shares)):
                axes.annotate(
                    "×", (place, 0), xytext=(0, 2), ha="center", textcoords="offset points", fontsize=8
                )
            if known[top] > 0:
                axes.annotate(
                    texts.number(float(known[top]), "percent0"),
                    (top, known[top]),
                    xytext=(0, 2),
                    ha="center",
                    textcoords="offset points",
                    fontsize=8.5,
                    weight="bold",
                )
            values = [_category(value, texts) for value in part["value"]]
            axes.set_xticks(range(len(values)), values, fontsize=8)
            axes.tick_params(axis="x", length=0)
            axes.set_title(
                textwrap.shorten(outcome, width=34, placeholder=" …"),
                fontsize=9.5,
                loc="left",
                pad=12,
                color=COLOURS["ink"],
            )
            if not known[top]:
                modes.append(
                    texts.say("{outcome}: too few answers of each kind to be shown", outcome=outcome)
                )
                continue
            modes.append(
                texts.say(
                    "{outcome}: most often {value} ({share:percent0})",
                    outcome=outcome,
                    value=values[top],
                    share=float(shares[top]),
                )
            )
    described = "; ".join(modes) + "."
    caption = texts.say(
        "How the answers are distributed. The most frequent answer is darker and has its share above it."
    )
    if frame["share"].isna().any():
        caption += " " + texts.say(HIDDEN)
    return Picture(figure, caption, described, described, [released])


def _category(value: object, texts: Texts) -> str:
    if isinstance(value, int | float) or hasattr(value, "__float__"):
        return texts.number(value, "number0" if float(value).is_integer() else "number1")
    return texts.pick(value)
