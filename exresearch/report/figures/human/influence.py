"""Nine effects from one wave to the next: three sides on three sides."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.human.network import SIDES
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS, Picture, intervals_name, new_figure, require, rows_of, style

NO_INFLUENCE = Note(message="There are no effects over time to draw.")
_LEFT, _CELL, _HIGH, _TOP = 1.25, (1.36, 0.74), 2.9, 0.62
# The effect at which a cell has its full colour.
_FULL = 0.5
_KINDS = {
    True: mark("Effects within units"),
    False: mark("Effects over units and waves together"),
}
_SHOWN = {
    True: mark("A unit that rises on one side is seen to rise on another a wave later: {shown}."),
    False: mark(
        "Over units and waves together a high value on one side goes before one on another: {shown}."
    ),
}
_NONE = {
    True: mark("Within units no side is seen to move another a wave later."),
    False: mark("Over units and waves together no side goes before another."),
}


def influence_matrix(effects: pd.DataFrame, *, within: bool, texts: Texts) -> Picture | Note:
    """Draw the effects of three sides on three sides a wave later as a matrix of numbers on colour.

    Parameters
    ----------
    effects : pandas.DataFrame
        ``predictor, outcome`` (ex, cx, bx), ``estimate, conf_low, conf_high`` (standardised), ``n, n_units``; optional
        ``conf_level``.
    within : bool
        Whether they are effects within units.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if effects.empty:
        return NO_INFLUENCE
    columns = ("predictor", "outcome", "estimate", "conf_low", "conf_high", "n", "n_units")
    require(effects, columns, figure="influence_matrix")
    released = release(effects, count="n", rules=DisclosureRules(), name="Effects of three sides over time")
    if released.n_hidden:
        return NO_INFLUENCE
    names = list(SIDES)
    shown = []
    with style():
        figure = new_figure(_HIGH)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, figure.get_figwidth())
        axes.set_ylim(_HIGH, 0)
        axes.axis("off")
        middle = _LEFT + 1.5 * _CELL[0]
        axes.text(
            middle,
            0.06,
            texts.say("a wave later"),
            ha="center",
            va="top",
            fontsize=9.5,
            color=COLOURS["grey"],
        )
        axes.text(
            0.03, _TOP - 0.08, texts.say("in one wave"), va="bottom", fontsize=9.5, color=COLOURS["grey"]
        )
        for place, name in enumerate(names):
            label = texts.say(SIDES[name])
            x, y = _LEFT + (place + 0.5) * _CELL[0], _TOP + (place + 0.5) * _CELL[1]
            axes.text(x, _TOP - 0.08, label, ha="center", va="bottom", fontsize=9.5, weight="bold")
            axes.text(0.03, y, label, ha="left", va="center", fontsize=9.5, weight="bold")
        for row in rows_of(effects):
            clear = row.conf_low > 0 or row.conf_high < 0
            own = row.predictor == row.outcome
            x = _LEFT + names.index(row.outcome) * _CELL[0]
            y = _TOP + names.index(row.predictor) * _CELL[1]
            axes.add_patch(
                FancyBboxPatch(
                    (x + 0.04, y + 0.04),
                    _CELL[0] - 0.08,
                    _CELL[1] - 0.08,
                    boxstyle="round,pad=0,rounding_size=0.07",
                    facecolor=_colour(row, own=own, clear=clear),
                    edgecolor=COLOURS["light"] if own or not clear else "none",
                    linewidth=0.9,
                    linestyle=(0, (3, 2)) if not clear else "-",
                )
            )
            ink = COLOURS["ink"] if clear else COLOURS["grey"]
            axes.text(
                x + _CELL[0] / 2,
                y + _CELL[1] / 2 - 0.10,
                texts.number(float(row.estimate), "number2"),
                ha="center",
                va="center",
                fontsize=11,
                weight="bold" if clear and not own else "normal",
                color=ink,
            )
            axes.text(
                x + _CELL[0] / 2, y + _CELL[1] / 2 + 0.14, _limits(row, texts), ha="center", va="center", fontsize=8.5,
                color=ink,
            )  # fmt: skip
            if clear and not own:
                shown.append(
                    texts.say(
                        "from {x} to {y}",
                        x=texts.say(SIDES[row.predictor]).lower(),
                        y=texts.say(SIDES[row.outcome]).lower(),
                    )
                )
    takeaway = texts.say(_SHOWN[within], shown="; ".join(shown)) if shown else texts.say(_NONE[within])
    caption = texts.say(
        "{kind} of each side (rows) on each side a wave later (columns), with the other sides held constant: in "
        "standard deviations, with {intervals}; {units:integer} units. Blue is positive, orange negative; white with a "
        "dashed edge where the interval includes zero; grey is how long a side lasts itself.",
        kind=texts.say(_KINDS[within]),
        intervals=intervals_name(effects, texts),
        units=int(effects["n_units"].max()),
    )
    said = " ".join(
        texts.say(
            "{x} to {y}: {estimate:number2} ({limits}).",
            x=texts.say(SIDES[row.predictor]),
            y=texts.say(SIDES[row.outcome]),
            estimate=float(row.estimate),
            limits=_limits(row, texts),
        )
        for row in rows_of(effects)
    )
    return Picture(figure, caption, f"{takeaway} {said}", takeaway, [released])


def _colour(row: Any, *, own: bool, clear: bool) -> object:
    if not clear:
        return "white"
    if own:
        return COLOURS["band"]
    depth = 0.22 + 0.55 * min(abs(float(row.estimate)) / _FULL, 1.0)
    full = to_rgb(COLOURS["sky" if row.estimate > 0 else "orange"])
    return tuple(1.0 - depth * (1.0 - part) for part in full)


def _limits(row: Any, texts: Texts) -> str:
    return interval(float(row.conf_low), float(row.conf_high), "number2", language=texts.language)
