"""Along which roads experience reaches customers: every road with its interval."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, row_value, rows_axes
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    intervals_name,
    number_axis,
    require,
    rows_of,
    style,
)

NO_ROADS = Note(message="There are no roads to draw.")
_SERIAL = mark(
    "Along the whole chain go {serial:number2} of the {total:number2} standard deviations between experience and "
    "customers, with an interval without zero."
)
_THROUGH = mark(
    "Of the {total:number2} standard deviations between experience and customers {through:number2} go through "
    "people's engagement or ambassadorship; along which road cannot be told apart."
)
_OPEN = mark(
    "That experience reaches customers through engagement or ambassadorship does not show with an interval without "
    "zero."
)


def road_forest(
    effects: pd.DataFrame, *, deciding: str, texts: Texts, smallest_effect: tuple[float, float]
) -> Picture | Note:
    """Draw total, direct and indirect effects, the deciding one in blue.

    Parameters
    ----------
    effects : pandas.DataFrame
        ``term, label, estimate, conf_low, conf_high, n, n_units``; without rows a note comes instead.
    deciding : str
        Term of the effect that decides.
    texts : Texts
        Language of the reader.
    smallest_effect : tuple of float
        What is too small to matter.

    Returns
    -------
    Picture or Note

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if effects.empty:
        return NO_ROADS
    require(
        effects, ["term", "label", "estimate", "conf_low", "conf_high", "n", "n_units"], figure="road_forest"
    )
    released = release(effects, count="n", rules=DisclosureRules(), name="Roads from experience to customers")
    if released.n_hidden:
        return NO_ROADS
    rows = rows_of(effects)
    with style():
        bold = [row.term == deciding for row in rows]
        figure, axes, places = rows_axes(
            [row.label for row in rows], left=2.4, right=1.3, wrap=28, bold=bold, bottom=0.6
        )
        low = min(*effects["conf_low"], smallest_effect[0], 0.0)
        high = max(*effects["conf_high"], smallest_effect[1], 0.0)
        pad = 0.06 * (high - low)
        axes.set_xlim(low - pad, high + pad)
        axes.axvspan(*smallest_effect, color=COLOURS["band"], zorder=0)
        axes.axvline(0.0, color=COLOURS["grey"], linewidth=1)
        for place, row in zip(places, rows, strict=True):
            own = row.term == deciding
            draw_interval(
                axes,
                place,
                float(row.estimate),
                float(row.conf_low),
                float(row.conf_high),
                colour=COLOURS["blue"] if own else COLOURS["grey"],
                marker="D" if own else "o",
                filled=own,
            )
            shown = f"{texts.number(float(row.estimate), 'number2')}\n({_limits(row, texts)})"
            row_value(axes, place, shown, bold=own)
        number_axis(axes.xaxis, "number1" if high - low > 0.4 else "number2", texts)
        axes.set_xlabel(texts.say("effect, in standard deviations"))
    by: Any = effects.set_index("term")
    values = {
        name: float(by.loc[term, "estimate"])
        for name, term in (("total", "total"), ("through", "total_indirect"), ("serial", deciding))
    }
    if _clear(by, deciding):
        takeaway = texts.say(_SERIAL, serial=values["serial"], total=values["total"])
    elif _clear(by, "total_indirect"):
        takeaway = texts.say(_THROUGH, through=values["through"], total=values["total"])
    else:
        takeaway = texts.say(_OPEN)
    caption = texts.say(
        "Effects of experience on customers in standard deviations, with {intervals}; {units:integer} units. The last "
        "three roads add up to the third row, and with the second to the first. Shaded: too small to matter.",
        intervals=intervals_name(effects, texts),
        units=int(effects["n_units"].max()),
    )
    told = "; ".join(
        f"{row.label}: {texts.number(float(row.estimate), 'number2')} ({_limits(row, texts)})" for row in rows
    )
    return Picture(figure, caption, f"{told}. {takeaway}", takeaway, [released])


def _clear(by: Any, term: str) -> bool:
    row = by.loc[term]
    return bool(row["conf_low"] > 0 or row["conf_high"] < 0)


def _limits(row: Any, texts: Texts) -> str:
    low, high = float(row.conf_low), float(row.conf_high)
    return interval(low, high, "number2", language=texts.language)
