"""How many are still employed some months after they answered, by what they answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, Released, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import headroom
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
    style,
)

NO_CURVE = Note(message="Too few people left, or were followed, to draw how many stay.")
#: Inches that a label at the end of a line needs.
_LABEL = 0.19
_GROUPS = {
    "promoters": (mark("promoters"), COLOURS["blue"], "-"),
    "passives": (mark("passives"), COLOURS["grey"], (0, (4, 1.5))),
    "detractors": (mark("detractors"), COLOURS["orange"], (0, (1.2, 1.2))),
}
# A step of the curve tells how many left since the point before: they are the people in it.
_LEAVERS = Groups("people who left", by={"first answer": "group", "months": "months"})
_STAYERS = Groups(
    "people followed",
    by={"first answer": "group"},
    measures={"estimate": Measure("still employed", 0, 1, each="months")},
)
_CURVE = {
    "apart": mark(
        "{months:integer} months after the first answer more promoters than detractors are still here: "
        "{promoters:percent0} against {detractors:percent0}."
    ),
    "open": mark(
        "Promoters, passives and detractors leave at much the same pace, as far as these people tell."
    ),
}


def staying_curve(
    frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, variant: str
) -> Picture | Note:
    """Draw the share still in service after the first answer, by what it was.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.talent.survival.survival`: ``group, months, estimate, conf_low,
        conf_high, conf_level, n_risk, n_event, n``, from 0 months on.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people of a group that left between two points, and that are still followed.
    variant : str
        Which answers make promoters and detractors.

    Returns
    -------
    Picture or Note
        A note where there is no curve.
    """
    if frame.empty:
        return NO_CURVE
    needed = ["group", "months", "estimate", "conf_low", "conf_high", "n_risk", "n_event", "n"]
    require(frame, needed, figure="staying_curve")
    frame, released = _curve(frame, rules)
    if frame.empty:
        return NO_CURVE
    named = [name for name in _GROUPS if (frame["group"] == name).any()]
    ends = {name: _last(frame, name) for name in named}
    with style():
        figure = new_figure(3.6)
        axes = add_axes(figure, left=0.62, right=1.35, top=0.22, bottom=0.58)
        axes.yaxis.grid(True)
        low = min(float(frame["conf_low"].min()), 0.95)
        axes.set_ylim(low - 0.01, 1.003)
        axes.set_xlim(0, float(frame["months"].max()))
        for name in named:
            label, colour, dash = _GROUPS[name]
            part = frame[frame["group"] == name].sort_values("months")
            months = part["months"].astype(float)
            axes.fill_between(
                months,
                part["conf_low"].astype(float),
                part["conf_high"].astype(float),
                color=colour,
                alpha=0.14,
                linewidth=0,
            )
            axes.plot(
                months,
                part["estimate"].astype(float),
                color=colour,
                linestyle=dash,
                linewidth=2,
                marker="o",
                markersize=4.5,
                clip_on=False,
            )
        height = axes.get_position().height * figure.get_figheight()
        span = axes.get_ylim()[1] - axes.get_ylim()[0]
        places = _spread([end["estimate"] for end in ends.values()], least=_LABEL / height * span)
        for name, place in zip(named, places, strict=True):
            label, colour, _ = _GROUPS[name]
            text = f"{texts.say(label)}, {texts.number(ends[name]['estimate'], 'percent0')}"
            axes.annotate(
                text,
                (float(frame["months"].max()), place),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=colour,
                annotation_clip=False,
            )
        axes.set_xticks(sorted(frame["months"].unique()))
        number_axis(axes.yaxis, "percent0", texts)
        axes.set_xlabel(texts.say("Months after the first answer"))
        headroom(axes, texts.say("Still employed"), lift=0.05)
    takeaway = texts.say(_CURVE["open"])
    if {"promoters", "detractors"} <= set(named):
        until = min(float(end["months"]) for name, end in ends.items() if name != "passives")
        first, last = (_last(frame, name, months=until) for name in ("promoters", "detractors"))
        if first["conf_low"] > last["conf_high"]:
            takeaway = texts.say(
                _CURVE["apart"], months=until, promoters=first["estimate"], detractors=last["estimate"]
            )
    caption = texts.say(
        "Share still employed, by the first answer (variant {variant}), with {intervals}; {n:integer} people. The "
        "line is given every few months only, where enough people of a group left in between.",
        variant=variant.upper() if len(variant) == 2 else variant,
        intervals=intervals_name(frame, texts),
        n=int(frame.drop_duplicates("group")["n"].sum()),
    )
    said = [
        texts.say(
            "{group}: {estimate:percent0} after {months:integer} months, interval {limits}.",
            group=texts.say(_GROUPS[name][0]).capitalize(),
            estimate=end["estimate"],
            months=end["months"],
            limits=interval(end["conf_low"], end["conf_high"], "percent0", language=texts.language),
        )
        for name, end in ends.items()
    ]
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway, shown=released)


def _curve(frame: pd.DataFrame, rules: DisclosureRules) -> tuple[pd.DataFrame, list[Released]]:
    """Return the points that may be drawn, and what was released for them.

    At the start everybody is there, which is no estimate and tells nothing of anybody.
    """
    frame = frame.reset_index(drop=True)
    begin = frame["months"] == 0
    later = frame[~begin]
    steps = release(
        later.assign(people=later[["n_event", "n_risk"]].min(axis=1)),
        count="people",
        rules=rules,
        groups=_LEAVERS,
        name="People who left between two points of the curve",
    )
    shares = release(
        later[~steps.hidden],
        count="n",
        rules=rules,
        within=["months"],
        groups=_STAYERS,
        name="Still employed",
    )
    points = visible(shares)
    # A group without a point but the first has no curve.
    start = release(
        frame[begin & frame["group"].isin(points["group"])], count="n", rules=rules, name="First answers"
    )
    drawn = pd.concat([part for part in (visible(start), points) if len(part)] or [points])
    return drawn.sort_index(), [start, steps, shares]


def _last(frame: pd.DataFrame, group: str, *, months: float = float("inf")) -> dict[str, float]:
    """Return the last point of a group, not after some month."""
    row = frame[(frame["group"] == group) & (frame["months"] <= months)].sort_values("months").iloc[-1]
    return {name: float(row[name]) for name in ("months", "estimate", "conf_low", "conf_high")}


def _spread(values: Sequence[float], *, least: float) -> list[float]:
    """Move labels apart that would cover each other, keeping their order."""
    order = np.argsort(values)
    places = np.array(values, dtype=float)[order]
    for _ in range(50):
        for at in range(1, len(places)):
            gap = places[at] - places[at - 1]
            if gap < least:
                move = (least - gap) / 2
                places[at - 1] -= move
                places[at] += move
    moved = np.empty(len(places))
    moved[order] = places
    return [float(place) for place in moved]
