"""Figure about pay and experience: how steeply staying rises with pay, with a poor experience and with a good one."""

from __future__ import annotations

from typing import Any

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

NO_LINES = Note(message="Pay and experience could not be set beside the intention to stay.")
_LEVELS = {
    "high": (mark("good experience"), COLOURS["blue"], "-"),
    "low": (mark("poor experience"), COLOURS["orange"], (0, (3, 1.4))),
}
_TAKEAWAYS = {
    "less": mark(
        "Where experience is poor, staying hangs more on pay: the slope is {low:number2} there, and {high:number2} "
        "where experience is good."
    ),
    "more": mark(
        "Where experience is good, staying hangs more on pay: the slope is {high:number2} there, and {low:number2} "
        "where experience is poor."
    ),
    "open": mark(
        "That staying hangs more on pay where experience is poor does not show: the slopes are {low:number2} and "
        "{high:number2}."
    ),
}


def pay_lines(
    lines: pd.DataFrame,
    slopes: pd.DataFrame,
    *,
    texts: Texts,
    labels: dict[str, dict[str, str]],
    interplay: tuple[float, float] | None = None,
) -> Picture | Note:
    """Draw the expected intention to stay along pay satisfaction, at low and at high experience.

    Parameters
    ----------
    lines : pandas.DataFrame
        ``level`` (low, high), ``x, estimate, conf_low, conf_high, conf_level, n``.
    slopes : pandas.DataFrame
        ``level, estimate, conf_low, conf_high``: standard deviations per standard deviation.
    texts : Texts
        Language of the reader.
    labels : dict
        Of ``pay`` and ``outcome``.
    interplay : tuple of float, optional
        Limits of the interplay; the takeaway claims one only where they exclude zero.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.
    """
    if lines.empty or slopes.empty:
        return NO_LINES
    require(lines, ["level", "x", "estimate", "conf_low", "conf_high", "n"], figure="pay_lines")
    expected = release(lines, count="n", rules=DisclosureRules(), name="Expected outcome by pay")
    # Both lines are one regression, and so are their slopes.
    steepness = release(
        slopes,
        count=int(lines["n"].min()),
        rules=DisclosureRules(),
        name="Slope of pay where experience is poor and good",
    )
    if expected.n_hidden or steepness.n_hidden:
        return too_few(expected.rules)
    lines, slopes = visible(expected), visible(steepness)
    by: dict[str, Any] = {str(row.level): row for row in rows_of(slopes)}
    with style():
        figure = new_figure(3.7)
        axes = add_axes(figure, left=0.66, right=1.55, top=0.24, bottom=0.6)
        axes.grid(True)
        for level, (label, colour, dash) in _LEVELS.items():
            part = lines[lines["level"] == level].sort_values("x")
            x = part["x"].astype(float)
            axes.fill_between(
                x,
                part["conf_low"].astype(float),
                part["conf_high"].astype(float),
                color=colour,
                alpha=0.16,
                linewidth=0,
            )
            axes.plot(x, part["estimate"].astype(float), color=colour, linestyle=dash, linewidth=2.2)
            end = part.iloc[-1]
            text = texts.say(
                "{level}\nslope {slope:number2}\n({limits})",
                level=texts.say(label),
                slope=float(by[level].estimate),
                limits=_limits(by, level, texts),
            )
            axes.annotate(
                text,
                (float(end["x"]), float(end["estimate"])),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=colour,
                annotation_clip=False,
            )
        axes.margins(x=0)
        low, high = float(lines["conf_low"].min()), float(lines["conf_high"].max())
        room = max(0.15 * (high - low), 0.05)
        axes.set_ylim(low - room, high + room)
        span = float(lines["x"].max() - lines["x"].min())
        number_axis(axes.xaxis, "number0" if span >= 3 else "number1", texts)
        number_axis(axes.yaxis, "number1" if high - low > 0.5 else "number2", texts)
        axes.set_xlabel(texts.pick(labels["pay"]))
        axes.set_ylabel(texts.pick(labels["outcome"]))
    values = {level: float(by[level].estimate) for level in ("low", "high")}
    way = "open"
    if interplay is not None and interplay[1] < 0:
        way = "less"
    elif interplay is not None and interplay[0] > 0:
        way = "more"
    takeaway = texts.say(_TAKEAWAYS[way], **values)
    caption = texts.say(
        "Expected “{outcome}” by “{pay}”, one standard deviation below and above the mean of experience, with "
        "{intervals}; {n:integer} answers. Slopes are in standard deviations.",
        outcome=texts.pick(labels["outcome"]),
        pay=texts.pick(labels["pay"]),
        intervals=intervals_name(lines, texts),
        n=int(lines["n"].max()),
    )
    said = texts.say(
        "The intervals of the slopes run from {low} with a poor experience and from {high} with a good one.",
        low=_limits(by, "low", texts),
        high=_limits(by, "high", texts),
    )
    return Picture(figure, caption, f"{takeaway} {said}", takeaway, shown=[expected, steepness])


def _limits(by: dict[str, Any], level: str, texts: Texts) -> str:
    return interval(by[level].conf_low, by[level].conf_high, "number2", language=texts.language)
