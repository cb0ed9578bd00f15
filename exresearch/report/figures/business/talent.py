"""Figures about keeping and attracting people: who is still there, who brings applicants, and what customers say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.disclosure.rules import DisclosureRules
from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_axes
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

NO_CURVE = Note(message="Too few people left, or were followed, to draw how many stay.")
NO_GROUPS = Note(message="There are too few units to compare them in groups by what their people answered.")
NO_UNITS = Note(message="There are too few units with answers of employees and of customers to draw them.")
#: Inches that a label at the end of a line needs.
_LABEL = 0.19
_GROUPS = {
    "promoters": (mark("promoters"), COLOURS["blue"], "-"),
    "passives": (mark("passives"), COLOURS["grey"], (0, (4, 1.5))),
    "detractors": (mark("detractors"), COLOURS["orange"], (0, (1.2, 1.2))),
}
_CURVE = {
    "apart": mark(
        "{months:integer} months after the first answer more promoters than detractors are still here: "
        "{promoters:percent0} against {detractors:percent0}."
    ),
    "open": mark(
        "Promoters, passives and detractors leave at much the same pace, as far as these people tell."
    ),
}
_RISE = {
    "up": mark(
        "Where people recommend the employer most, {high:number1} applicants per 100 employees are brought along; "
        "where they do so least, {low:number1}."
    ),
    "open": mark(
        "Between units that recommend the employer most and least no clear difference in referred applicants shows."
    ),
    "down": mark(
        "Where people recommend the employer most, fewer applicants are brought along: {high:number1} per 100 "
        "employees, against {low:number1} where they do so least."
    ),
}
_TOGETHER = {
    "up": mark(
        "Where employees recommend their employer more, customers tend to recommend the company more."
    ),
    "down": mark(
        "Where employees recommend their employer more, customers tend to recommend the company less."
    ),
    "open": mark("Between units no clear link shows between the eNPS and the NPS of customers."),
}


def staying_curve(frame: pd.DataFrame, *, texts: Texts, variant: str) -> Picture | Note:
    """Draw the share still in service after the first answer, by what it was.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.talent.survival.survival`: ``group, months, estimate, conf_low,
        conf_high, conf_level, n``.
    texts : Texts
        Language of the reader.
    variant : str
        Which answers make promoters and detractors.

    Returns
    -------
    Picture or Note
        A note where there is no curve.
    """
    if frame.empty:
        return NO_CURVE
    require(frame, ["group", "months", "estimate", "conf_low", "conf_high", "n"], figure="staying_curve")
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
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway)


def referral_groups(frame: pd.DataFrame, *, texts: Texts) -> Picture | Note:
    """Draw referred applicants per 100 employees, for groups of units by how much their people recommend the employer.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``group`` (from 1), ``mean, estimate, conf_low, conf_high, conf_level, n, n_units``, one row per group.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        A note where there are no groups.
    """
    if frame.empty:
        return NO_GROUPS
    require(frame, ["group", "mean", "estimate", "conf_low", "conf_high", "n"], figure="referral_groups")
    ordered = frame.sort_values("group", ascending=False)
    labels = [texts.say("mean answer {mean:number1}", mean=row.mean) for row in rows_of(ordered)]
    labels[0] = texts.say("Recommend most: {label}", label=labels[0])
    labels[-1] = texts.say("Recommend least: {label}", label=labels[-1])
    labels[1:-1] = [f"{label[:1].upper()}{label[1:]}" for label in labels[1:-1]]
    with style():
        figure, axes, y = rows_axes(labels, left=1.95, right=0.8, top=0.15, bottom=0.62)
        axes.set_xlim(0, float(ordered["conf_high"].max()) * 1.08)
        for place, row in zip(y, rows_of(ordered), strict=True):
            draw_interval(
                axes, place, row.estimate, row.conf_low, row.conf_high, colour=COLOURS["blue"], size=8
            )
            row_value(axes, place, texts.number(row.estimate, "number1"), bold=True)
        number_axis(axes.xaxis, "number1", texts)
        axes.set_xlabel(texts.say("Referred applicants per 100 employees, per wave"))
    most, least = ordered.iloc[0], ordered.iloc[-1]
    way = "open"
    if most["conf_low"] > least["conf_high"]:
        way = "up"
    elif most["conf_high"] < least["conf_low"]:
        way = "down"
    values = {} if way == "open" else {"high": float(most["estimate"]), "low": float(least["estimate"])}
    takeaway = texts.say(_RISE[way], **values)
    caption = texts.say(
        "Units in groups of the same size by the mean answer of their people in a wave, with {intervals}; {n:integer} "
        "employees, counted in each wave.",
        intervals=intervals_name(frame, texts),
        n=int(frame["n"].sum()),
    )
    said = [
        texts.say(
            "Mean answer {mean:number1}: {estimate:number1}, interval {limits}.",
            mean=row.mean,
            estimate=row.estimate,
            limits=interval(row.conf_low, row.conf_high, "number1", language=texts.language),
        )
        for row in rows_of(ordered)
    ]
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway)


def advocacy_scatter(
    frame: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    variant: str,
    correlation: tuple[float, float, float] | None = None,
) -> Picture | Note:
    """Draw units by the eNPS of their people and the NPS of their customers; nothing names a unit.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``ex`` (eNPS), ``cx`` (NPS), ``n`` (answers on the smaller side).
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least answers of a unit, and least number of units.
    variant : str
        Which answers make promoters and detractors.
    correlation : tuple of float, optional
        Estimate and limits, written into the figure; the takeaway claims a link only where they exclude zero.

    Returns
    -------
    Picture or Note
        A note where there are too few units.
    """
    shown = frame[frame["n"] >= rules.min_respondents] if len(frame) else frame
    if len(shown) < rules.min_units:
        return NO_UNITS
    require(shown, ["ex", "cx", "n"], figure="advocacy_scatter")
    x, y = shown["ex"].to_numpy(dtype=float), shown["cx"].to_numpy(dtype=float)
    with style():
        figure = new_figure(3.9)
        axes = add_axes(figure, left=0.68, right=0.2, top=0.34, bottom=0.6)
        axes.grid(True)
        axes.axhline(0, color=COLOURS["light"], linewidth=1.2)
        axes.axvline(0, color=COLOURS["light"], linewidth=1.2)
        axes.plot(
            x,
            y,
            linestyle="none",
            marker="o",
            markersize=6,
            color=COLOURS["blue"],
            alpha=0.65,
            markeredgecolor="white",
            markeredgewidth=0.6,
        )
        slope, start = np.polyfit(x, y, 1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, start + slope * ends, color=COLOURS["ink"], linewidth=2, zorder=4)
        number_axis(axes.xaxis, "signed0", texts)
        number_axis(axes.yaxis, "signed0", texts)
        axes.set_xlabel(texts.say("eNPS of the employees"))
        axes.set_ylabel(texts.say("NPS of the customers"))
        if correlation is not None:
            limits = interval(*correlation[1:], "number2", language=texts.language)
            text = texts.say("Correlation {r:number2} ({limits})", r=correlation[0], limits=limits)
            headroom(axes, text, lift=0.06)
    takeaway = texts.say("Each mark is a unit.")
    if correlation is not None:
        way = "up" if correlation[1] > 0 else "down" if correlation[2] < 0 else "open"
        takeaway = texts.say(_TOGETHER[way])
    caption = texts.say(
        "eNPS and NPS (variant {variant}) of {units:integer} units, over all waves; each mark is a unit.",
        variant=variant.upper() if len(variant) == 2 else variant,
        units=len(shown),
    )
    alt = f"{takeaway} {caption}"
    if correlation is not None:
        alt = f"{alt} {text}."
    return Picture(figure, caption, alt, takeaway)


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
