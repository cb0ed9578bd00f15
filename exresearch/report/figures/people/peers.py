"""Figure about ambassadors and colleagues: answers after a wave with more or fewer ambassadors than usual."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
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

NO_BINS = Note(message="People could not be set beside what their colleagues answered before.")
_TAKEAWAYS = {
    "up": mark(
        "After a wave with more ambassadors among colleagues, people recommend the employer more than they usually do: "
        "from {first:signed2} to {last:signed2} between the outer groups."
    ),
    "down": mark(
        "After a wave with more ambassadors among colleagues, people recommend the employer less than they usually do: "
        "from {first:signed2} to {last:signed2} between the outer groups."
    ),
    "open": mark(
        "Whether people recommend the employer more after a wave with more ambassadors among colleagues does not show: "
        "{first:signed2} and {last:signed2} in the outer groups."
    ),
}


def peer_bins(
    bins: pd.DataFrame,
    *,
    line: float,
    texts: Texts,
    label: dict[str, str],
    rules: DisclosureRules,
    effect: tuple[float, float] | None = None,
) -> Picture | Note:
    """Draw how far answers lie from a person's own mean, by how many colleagues more than usual were promoters before.

    Parameters
    ----------
    bins : pandas.DataFrame
        ``bin, x`` (deviation of the share), ``y`` (deviation of the answer), ``conf_low, conf_high, conf_level, n``.
    line : float
        Slope of the regression on the same scales.
    texts : Texts
        Language of the reader.
    label : dict
        Of the question.
    rules : DisclosureRules
        Least answers behind a point; where one has fewer, nothing is drawn.
    effect : tuple of float, optional
        Limits of the deciding effect; the takeaway claims one only where they exclude zero.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.
    """
    if bins.empty:
        return NO_BINS
    require(bins, ["bin", "x", "y", "conf_low", "conf_high", "n"], figure="peer_bins")
    # Deviations have no ends; they are means of many answers from all units, in groups of equal size.
    released = release(
        bins,
        count="n",
        rules=rules,
        groups=Groups("answers after a wave", by={"group": "bin"}),
        name="Ambassadors among colleagues",
    )
    if released.n_hidden:
        return NO_BINS
    x, y = bins["x"].to_numpy(dtype=float), bins["y"].to_numpy(dtype=float)
    low, high = bins["conf_low"].to_numpy(dtype=float), bins["conf_high"].to_numpy(dtype=float)
    with style():
        figure = new_figure(3.8)
        axes = add_axes(figure, left=0.72, right=0.2, top=0.18, bottom=0.80)
        axes.grid(True)
        axes.axhline(0.0, color=COLOURS["grey"], linewidth=1)
        axes.axvline(0.0, color=COLOURS["grey"], linewidth=1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, line * ends, color=COLOURS["orange"], linewidth=2, zorder=3)
        axes.vlines(x, low, high, color=COLOURS["blue"], linewidth=2.2, zorder=4)
        axes.plot(x, y, color=COLOURS["blue"], marker="o", markersize=6.5, linestyle="none", zorder=5)
        # Points of a share less its usual one: the label names the unit, which each tick would repeat.
        spec = "number0" if float(x.max() - x.min()) > 0.05 else "number1"
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda at, _: texts.number(round(100 * float(at), 6), spec))
        )
        number_axis(
            axes.yaxis, "number1" if float(high.max() - low.min()) > 0.4 else "number2", texts, ticks=5
        )
        said = texts.say("Ambassadors among colleagues a wave before: how many %-points more than usual")
        axes.set_xlabel("\n".join(textwrap.wrap(said, 60)))
        axes.set_ylabel(texts.say("Answer, from the person's usual one"))
    first, last = int(np.argmin(x)), int(np.argmax(x))
    way = "open"
    if effect is not None and effect[0] > 0:
        way = "up"
    elif effect is not None and effect[1] < 0:
        way = "down"
    takeaway = texts.say(_TAKEAWAYS[way], first=y[first], last=y[last])
    caption = texts.say(
        "Answer to “{question}” as a deviation from the person's own mean and from the wave, in {groups:integer} "
        "equally large groups of answers, by the share of ambassadors among colleagues in the wave before, taken the "
        "same way; {intervals}, line of the regression, {n:integer} answers.",
        question=texts.pick(label),
        groups=len(bins),
        intervals=intervals_name(bins, texts),
        n=int(bins["n"].sum()),
    )
    described = "; ".join(
        f"{texts.number(float(row.x), 'points1')}: {texts.number(float(row.y), 'signed2')} "
        f"({interval(float(row.conf_low), float(row.conf_high), 'number2', language=texts.language)})"
        for row in rows_of(bins)
    )
    return Picture(figure, caption, f"{described}. {takeaway}", takeaway, [released])
