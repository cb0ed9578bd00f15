"""Where the link is stronger: along the range of employee experience, and along a property of the units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.linkage.release import release_units, side_columns
from exresearch.report.figures.linkage.units import axis_spec
from exresearch.report.tables import Column
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

_CURVED = {
    True: mark("The curve bends away from a straight line (p = {p:p})."),
    False: mark("No bend can be shown: a straight line fits as well (p = {p:p})."),
}
_STRONGER = {
    "up": mark("Where {moderator} is higher, the link is stronger."),
    "down": mark("Where {moderator} is higher, the link is weaker."),
    "open": mark("Whether the link is stronger where {moderator} is higher stays open."),
}


def dose_curve(
    curve: pd.DataFrame,
    units: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    groups: Mapping[str, Groups],
    n: int,
    ex_label: str,
    cx_label: str,
    ex_is_share: bool,
    p_value: float,
    conf_level: float,
) -> Picture | Note:
    """Draw the curve of customer on employee experience with its band, and the straight line beside it.

    Parameters
    ----------
    curve : pandas.DataFrame
        ``model`` (linear, spline), ``ex, estimate, conf_low, conf_high``.
    units : pandas.DataFrame
        ``unit, ex, ex_n, cx, cx_n`` of the units; those with too few answers, or of unknown number, are not drawn.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum answers per unit and minimum number of units.
    groups : mapping of str to Groups
        Who is counted on each side, ``ex`` and ``cx``.
    n : int
        Answers behind the curve, or units where those are not known.
    ex_label, cx_label : str
        What the axes show.
    ex_is_share : bool
        Whether ``ex`` is a share.
    p_value, conf_level : float
        Of the test that the curve is straight, and of the band.

    Returns
    -------
    Picture or Note

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(curve, ["model", "ex", "estimate", "conf_low", "conf_high"], figure="dose_curve")
    fitted = release(curve, count=n, rules=rules, name="Customers by employees, curve")
    if fitted.n_hidden:
        return too_few(rules)
    bent, straight = (fitted.frame[fitted.frame["model"] == model] for model in ("spline", "linear"))
    shown, released = release_units(units, groups=groups, rules=rules, name="Customers by employees, units")
    drawn = len(shown) >= rules.min_units
    with style():
        figure = new_figure(3.7)
        axes = add_axes(figure, left=0.68, right=0.12, top=0.4, bottom=0.6)
        axes.grid(True)
        if drawn:
            axes.plot(
                shown["ex"],
                shown["cx"],
                "o",
                markersize=4,
                color=COLOURS["light"],
                markeredgewidth=0,
                zorder=1,
            )
        axes.fill_between(
            bent["ex"], bent["conf_low"], bent["conf_high"], color=COLOURS["blue"], alpha=0.18, linewidth=0
        )
        axes.plot(
            bent["ex"], bent["estimate"], color=COLOURS["blue"], linewidth=2.2, label=texts.say("curve")
        )
        axes.plot(
            straight["ex"], straight["estimate"], color=COLOURS["ink"], linewidth=1.4, linestyle=(0, (4, 2)),
            label=texts.say("straight line"),
        )  # fmt: skip
        axes.set_xlabel(ex_label)
        axes.set_ylabel(cx_label)
        number_axis(axes.xaxis, axis_spec(bent["ex"], share=ex_is_share), texts)
        number_axis(axes.yaxis, axis_spec(shown["cx"] if drawn else bent["estimate"]), texts)
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2
        )
    takeaway = texts.say(_CURVED[bool(p_value < 1 - conf_level)], p=p_value)
    caption = texts.say(
        "{cx} by {ex}: a smooth curve with {intervals} at each point, and the straight line.",
        cx=cx_label,
        ex=_inside(ex_label),
        intervals=intervals_name(None, texts, level=conf_level),
    )
    if drawn:
        caption += " " + texts.say(
            "Dots: units with at least {minimum} answers.", minimum=rules.min_respondents
        )
    first, last = bent.iloc[0], bent.iloc[-1]
    alt = texts.say(
        "The curve goes from {first:number2} ({a:number2} to {b:number2}) to {last:number2} ({c:number2} to "
        "{d:number2}).",
        first=first["estimate"], a=first["conf_low"], b=first["conf_high"], last=last["estimate"],
        c=last["conf_low"], d=last["conf_high"],
    )  # fmt: skip
    columns = side_columns(ex_label, cx_label, ex_is_share=ex_is_share, texts=texts)
    shown_frames = [fitted, *released] if drawn else [fitted]
    return Picture(figure, caption, f"{takeaway} {alt}", takeaway, shown_frames, columns=columns)


def moderated_slope(
    along: pd.DataFrame,
    regions: pd.DataFrame,
    *,
    texts: Texts,
    rules: DisclosureRules,
    n: int,
    moderator: str,
    interaction: tuple[float, float],
) -> Picture | Note:
    """Draw the slope of the link along a property of the units, and where its interval leaves zero out.

    Parameters
    ----------
    along : pandas.DataFrame
        ``moderator, estimate, conf_low, conf_high, conf_level``: slope at values of the moderator.
    regions : pandas.DataFrame
        ``low, high, slope`` (positive, negative, undetermined), ``share``: the regions of Johnson and Neyman.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    n : int
        Answers behind the slopes, or units where those are not known.
    moderator : str
        Its name.
    interaction : tuple of float
        Limits of the change of the slope.

    Returns
    -------
    Picture or Note

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    require(along, ["moderator", "estimate", "conf_low", "conf_high"], figure="moderated_slope")
    require(regions, ["low", "high", "slope", "share"], figure="moderated_slope")
    released = [
        release(frame, count=n, rules=rules, name=name)
        for frame, name in (
            (along, "Slope by a property of the units"),
            (regions, "Where the slope leaves zero out"),
        )
    ]
    if any(one.n_hidden for one in released):
        return too_few(rules)
    low, high = float(along["moderator"].min()), float(along["moderator"].max())
    with style():
        figure = new_figure(3.3)
        axes = add_axes(figure, left=0.68, right=0.12, top=0.2, bottom=0.6)
        axes.grid(True)
        axes.set_xlim(low, high)
        for row in regions.to_dict("records"):
            if row["slope"] != "undetermined" and row["high"] > low and row["low"] < high:
                axes.axvspan(max(row["low"], low), min(row["high"], high), color=COLOURS["band"], zorder=0)
        axes.axhline(0.0, color=COLOURS["grey"], linewidth=1)
        axes.fill_between(
            along["moderator"],
            along["conf_low"],
            along["conf_high"],
            color=COLOURS["blue"],
            alpha=0.18,
            linewidth=0,
        )
        axes.plot(along["moderator"], along["estimate"], color=COLOURS["blue"], linewidth=2.2)
        axes.set_xlabel(moderator)
        axes.set_ylabel(texts.say("Slope of the link (standardised)"))
        number_axis(axes.xaxis, axis_spec(along["moderator"]), texts)
        number_axis(axes.yaxis, "number1", texts)
    inside = _inside(moderator)
    word = "up" if interaction[0] > 0 else "down" if interaction[1] < 0 else "open"
    takeaway = texts.say(_STRONGER[word], moderator=inside)
    clear = regions[regions["slope"] != "undetermined"]
    share = float(np.clip(clear["share"].sum(), 0.0, 1.0))
    caption = texts.say(
        "Slope with {intervals}. Shaded: where the interval leaves zero out (Johnson and Neyman), which holds for "
        "{share:percent0} of the units. The picture leaves out the lowest and highest 5% of the units.",
        intervals=intervals_name(along, texts),
        share=share,
    )
    first, last = along.iloc[0], along.iloc[-1]
    alt = texts.say(
        "The slope goes from {first:number2} ({a:number2} to {b:number2}) to {last:number2} ({c:number2} to "
        "{d:number2}).",
        first=first["estimate"], a=first["conf_low"], b=first["conf_high"], last=last["estimate"],
        c=last["conf_low"], d=last["conf_high"],
    )  # fmt: skip
    columns = {"moderator": Column({texts.language: moderator}, axis_spec(along["moderator"]))}
    return Picture(figure, caption, f"{takeaway} {alt} {caption}", takeaway, released, columns=columns)


def _inside(label: str) -> str:
    """A label as it reads within a sentence; an abbreviation keeps its capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
