"""Figure about human skill and standardisation: what skill is worth to customers where little and much is laid down."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, release
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

NO_LINES = Note(message="Skill and standardisation could not be set beside customer experience.")
_LEVELS = {
    "low": (mark("little laid down"), COLOURS["blue"], "-"),
    "mean": (mark("average"), COLOURS["grey"], (0, (5, 1.5))),
    "high": (mark("much laid down"), COLOURS["orange"], (0, (2, 1.4))),
}
_TAKEAWAYS = {
    "less": mark(
        "Where more is laid down, skill does less for customers: the slope is {low:number2} where little is laid down "
        "and {high:number2} where much is."
    ),
    "more": mark(
        "Where more is laid down, skill does more for customers: the slope is {low:number2} where little is laid down "
        "and {high:number2} where much is."
    ),
    "open": mark(
        "That skill does less for customers where more is laid down does not show: the slopes are {low:number2} and "
        "{high:number2}."
    ),
}
#: Inches between the middles of two texts at the ends of lines.
_APART = 0.50


def skill_lines(
    lines: pd.DataFrame,
    slopes: pd.DataFrame,
    *,
    texts: Texts,
    labels: dict[str, dict[str, str]],
    interplay: tuple[float, float] | None = None,
) -> Picture | Note:
    """Draw expected customer experience along skill, at low, mean and high standardisation.

    Parameters
    ----------
    lines : pandas.DataFrame
        ``level`` (low, mean, high), ``x, estimate, conf_low, conf_high, conf_level, n``.
    slopes : pandas.DataFrame
        ``level, estimate, conf_low, conf_high, n``: standard deviations per standard deviation.
    texts : Texts
        Language of the reader.
    labels : dict
        Of ``human_skill, standardisation`` and ``cx``.
    interplay : tuple of float, optional
        Limits of the interplay; the takeaway claims one only where they exclude zero.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.
    """
    if lines.empty or slopes.empty:
        return NO_LINES
    require(lines, ["level", "x", "estimate", "conf_low", "conf_high", "n"], figure="skill_lines")
    drawn_lines, drawn_slopes = (
        release(frame, count="n", rules=DisclosureRules(), name=name)
        for frame, name in ((lines, "Customer experience along skill"), (slopes, "Slopes of skill"))
    )
    if drawn_lines.n_hidden or drawn_slopes.n_hidden:
        return NO_LINES
    by: dict[str, Any] = {str(row.level): row for row in rows_of(slopes)}
    height = 3.9
    with style():
        figure = new_figure(height)
        axes = add_axes(figure, left=0.66, right=1.62, top=0.2, bottom=0.6)
        axes.grid(True)
        ends = {}
        for level, (_, colour, dash) in _LEVELS.items():
            part = lines[lines["level"] == level].sort_values("x")
            x = part["x"].astype(float)
            if level != "mean":
                band = (part["conf_low"].astype(float), part["conf_high"].astype(float))
                axes.fill_between(x, *band, color=colour, alpha=0.15, linewidth=0)
            axes.plot(x, part["estimate"].astype(float), color=colour, linestyle=dash, linewidth=2.2)
            ends[level] = (float(x.iloc[-1]), float(part["estimate"].iloc[-1]))
        axes.margins(x=0)
        drawn = lines[lines["level"] != "mean"]
        low, high = float(drawn["conf_low"].min()), float(drawn["conf_high"].max())
        room = max(0.06 * (high - low), 0.05)
        axes.set_ylim(low - room, high + room)
        places = _spread(
            {level: end[1] for level, end in ends.items()},
            apart=_APART / (height - 0.8) * (high - low + 2 * room),
        )
        for level, (label, colour, _) in _LEVELS.items():
            text = texts.say(
                "{level}\nslope {slope:number2}\n({limits})",
                level=texts.say(label),
                slope=float(by[level].estimate),
                limits=_limits(by, level, texts),
            )
            axes.annotate(
                text, (ends[level][0], places[level]), xytext=(8, 0), textcoords="offset points", va="center",
                fontsize=8.5, color=colour, annotation_clip=False, linespacing=1.05,
            )  # fmt: skip
        span = float(lines["x"].max() - lines["x"].min())
        number_axis(axes.xaxis, "number0" if span >= 3 else "number1", texts)
        number_axis(axes.yaxis, "number1" if high - low > 0.5 else "number2", texts)
        axes.set_xlabel(texts.pick(labels["human_skill"]))
        axes.set_ylabel(texts.pick(labels["cx"]))
    values = {level: float(by[level].estimate) for level in ("low", "high")}
    way = "open"
    if interplay is not None and interplay[1] < 0:
        way = "less"
    elif interplay is not None and interplay[0] > 0:
        way = "more"
    takeaway = texts.say(_TAKEAWAYS[way], **values)
    caption = texts.say(
        "Expected “{cx}” of a unit by “{skill}”, one standard deviation below, at and above the mean of "
        "“{standardisation}”, with {intervals} around the outer two; {n:integer} units and waves. Slopes are in "
        "standard deviations.",
        cx=texts.pick(labels["cx"]),
        skill=texts.pick(labels["human_skill"]),
        standardisation=texts.pick(labels["standardisation"]),
        intervals=intervals_name(lines, texts),
        n=int(lines["n"].max()),
    )
    said = texts.say(
        "The intervals of the slopes run from {low} where little is laid down, from {mean} at the mean, and from "
        "{high} where much is.",
        low=_limits(by, "low", texts),
        mean=_limits(by, "mean", texts),
        high=_limits(by, "high", texts),
    )
    return Picture(figure, caption, f"{takeaway} {said}", takeaway, [drawn_lines, drawn_slopes])


def _spread(places: dict[str, float], *, apart: float) -> dict[str, float]:
    """Move texts up or down around their middle until they do not overlap."""
    order = sorted(places, key=lambda name: places[name])
    found = [places[name] for name in order]
    for index in range(1, len(found)):
        found[index] = max(found[index], found[index - 1] + apart)
    shift = sum(found) / len(found) - sum(places.values()) / len(places)
    return {name: value - shift for name, value in zip(order, found, strict=True)}


def _limits(by: dict[str, Any], level: str, texts: Texts) -> str:
    return interval(by[level].conf_low, by[level].conf_high, "number2", language=texts.language)
