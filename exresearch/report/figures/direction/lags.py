"""After how long: effects of either side on the other one to four waves later."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.visible import visible
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    require,
    rows_of,
    style,
)

SIDES = {
    "ex_to_cx": (mark("from employees to customers"), "o", COLOURS["blue"], -0.07),
    "cx_to_ex": (mark("from customers to employees"), "s", COLOURS["orange"], 0.07),
}


def lag_curve(lags: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw effects by the number of waves between the two sides.

    Parameters
    ----------
    lags : pandas.DataFrame
        ``term`` (ex_to_cx, cx_to_ex), ``lag, estimate, conf_low, conf_high, n``; without rows a note comes instead.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if lags.empty:
        return Note(message="There are too few waves, or too few units, to look further than one wave ahead.")
    require(lags, ["term", "lag", "estimate", "conf_low", "conf_high", "n"], figure="lag_curve")
    released = release(
        lags, count="n", rules=DisclosureRules(), name="Effects by waves between the two sides"
    )
    lags = visible(released)
    if lags.empty:
        return too_few(released.rules)
    longest = int(lags["lag"].max())
    with style():
        figure = new_figure(2.9)
        axes = add_axes(figure, left=0.62, right=0.15, top=0.34, bottom=0.36)
        axes.yaxis.grid(True)
        axes.axhline(0, color=COLOURS["ink"], linewidth=1.1, zorder=1)
        for term, (name, marker, colour, shift) in SIDES.items():
            part = lags[lags["term"] == term].sort_values("lag")
            if part.empty:
                continue
            x = part["lag"].to_numpy(dtype=float) + shift
            axes.vlines(
                x,
                part["conf_low"].to_numpy(dtype=float),
                part["conf_high"].to_numpy(dtype=float),
                color=colour,
                linewidth=2.4,
                zorder=3,
            )
            axes.plot(
                x,
                part["estimate"].to_numpy(dtype=float),
                linestyle="none",
                marker=marker,
                markersize=7,
                color=colour,
                markeredgecolor="white",
                zorder=4,
                label=texts.say(name),
            )
        axes.set_xlim(0.6, longest + 0.4)
        axes.set_xticks(range(1, longest + 1))
        axes.set_xticklabels([_when(lag, texts) for lag in range(1, longest + 1)])
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(texts.say("effect, in standard deviations"))
        number_axis(axes.yaxis, "number1", texts)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.09, 1.0),
            ncols=2,
            frameon=False,
            fontsize=9,
            handletextpad=0.1,
            columnspacing=1.0,
            borderaxespad=0.2,
        )
    clear = lags[(lags["conf_low"] > 0) | (lags["conf_high"] < 0)]
    takeaway = texts.say("None of these effects has an interval without zero.")
    if len(clear):
        takeaway = texts.say(
            "{clear:integer} of the {all:integer} effects have an interval without zero.",
            clear=len(clear),
            all=len(lags),
        )
    caption = texts.say(
        "Effects within units at different distances in time, with {intervals}, by a regression with fixed effects. "
        "It shows when, not how much: with few waves these effects come out too low, the later ones most.",
        intervals=intervals_name(lags, texts),
    )
    told = " ".join(
        texts.say(
            "{what}, {when}: {estimate:number2} ({limits}).",
            what=texts.say(SIDES[row.term][0]),
            when=_when(int(row.lag), texts),
            estimate=row.estimate,
            limits=interval(row.conf_low, row.conf_high, "number2", language=texts.language),
        )
        for row in rows_of(lags)
    )
    return Picture(figure, caption, f"{told} {takeaway} {caption}", takeaway, shown=[released])


def _when(lag: int, texts: Texts) -> str:
    return texts.say("a wave later") if lag == 1 else texts.say("{n:integer} waves later", n=lag)
