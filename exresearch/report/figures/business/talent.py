"""Figures about attracting people: who brings applicants along, and what customers say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.findings.note import Note
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_axes
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

NO_GROUPS = Note(message="There are too few units to compare them in groups by what their people answered.")
NO_UNITS = Note(message="There are too few units with answers of employees and of customers to draw them.")
_QUARTERS = Groups("people in units", by={"recommending": "group"})
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


def referral_groups(frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw referred applicants per 100 employees, for groups of units by how much their people recommend the employer.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``group`` (from 1), ``mean, estimate, conf_low, conf_high, conf_level, n, n_units``, one row per group.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people of a group.

    Returns
    -------
    Picture or Note
        A note where there are no groups, or too few people in one of them.
    """
    if frame.empty:
        return NO_GROUPS
    require(frame, ["group", "mean", "estimate", "conf_low", "conf_high", "n"], figure="referral_groups")
    released = release(
        frame.sort_values("group", ascending=False),
        count="n",
        rules=rules,
        groups=_QUARTERS,
        name="Referred applicants by groups of units",
    )
    if released.n_hidden:
        return NO_GROUPS
    ordered = visible(released)
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
        intervals=intervals_name(ordered, texts),
        n=int(ordered["n"].sum()),
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
    return Picture(figure, caption, " ".join([takeaway, *said]), takeaway, shown=[released])


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
        ``unit, ex`` (eNPS), ``cx`` (NPS), ``n_ex, n_cx`` (answers); no mark has a name or a place that tells it.
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
    if frame.empty:
        return NO_UNITS
    require(frame, ["unit", "ex", "cx", "n_ex", "n_cx"], figure="advocacy_scatter")
    # The order of the rows would tell which unit is which.
    frame = frame.sort_values(["ex", "cx"]).reset_index(drop=True)
    sides = [
        release(
            frame[["unit", side, f"n_{side}"]],
            count=f"n_{side}",
            rules=rules,
            groups=Groups(table, by={"unit": "unit"}, measures={side: Measure(name, -100, 100)}),
            name=f"Units by recommending: {table}",
        )
        for side, table, name in (("ex", "employees", "enps"), ("cx", "customers", "nps"))
    ]
    shown = visible(sides[0]).join(visible(sides[1]).drop(columns="unit"), how="inner")
    if len(shown) < rules.min_units:
        return NO_UNITS
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
    return Picture(figure, caption, alt, takeaway, shown=sides)
