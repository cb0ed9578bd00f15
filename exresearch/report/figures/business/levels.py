"""How often something happens where employee experience is poor, and where it is good."""

from __future__ import annotations

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure, release
from exresearch.report.figures.visible import visible
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

_RATES = {
    "turnover": mark("Leavers per 100 employees, in one wave"),
    "absence": mark("Absence per 100 employees, in one wave"),
}
_PER = 100.0
# Groups that the analysis makes of units and waves; a person leaves once, and can be absent many times.
_QUARTERS = {
    "turnover": Groups(
        "people in units", by={"experience": "group"}, measures={"estimate": Measure("turnover", 0, 1)}
    ),
    "absence": Groups("people in units", by={"experience": "group"}),
}


def rate_levels(
    frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, ex_label: str, ex_is_share: bool
) -> Picture | None:
    """Draw the rate of an outcome by groups of units from the lowest to the highest employee experience.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``component`` (``turnover`` or ``absence``), ``group`` (from 1, the lowest), ``ex`` (mean experience),
        ``estimate, conf_low, conf_high`` (events per person), ``n_units, n`` (people); optional ``conf_level``.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Units and people that each group needs.
    ex_label : str
        What employee experience is, in the reader's language.
    ex_is_share : bool
        Whether ``ex`` is a share, shown as a percentage.

    Returns
    -------
    Picture or None
        None where a group has too few units or people, or there is no group.

    Raises
    ------
    ValueError
        If a column is missing or the outcome is unknown.
    """
    if frame.empty:
        return None
    needed = ("component", "group", "ex", "estimate", "conf_low", "conf_high", "n_units", "n")
    require(frame, needed, figure="rate_levels")
    component = str(frame["component"].iloc[0])
    if component not in _RATES:
        raise ValueError(f"rate_levels knows the outcomes {', '.join(_RATES)}; got {component!r}.")
    released = release(
        frame.sort_values("group"),
        count="n",
        rules=rules,
        groups=_QUARTERS[component],
        name="Rate by groups of units, from low to high experience",
    )
    # Groups are from low to high together: without one of them the others mean little.
    if (frame["n_units"] < rules.min_units).any() or released.n_hidden:
        return None
    frame = visible(released)
    rows = rows_of(frame)
    spec = "percent0" if ex_is_share else "number2"
    shown = "number1" if max(row.estimate for row in rows) * _PER < 100 else "number0"
    rate = texts.say(_RATES[component])
    with style():
        figure = new_figure(3.5)
        axes = add_axes(figure, left=0.55, right=0.15, top=0.42, bottom=0.78)
        axes.yaxis.grid(True)
        places = list(range(len(rows)))
        for x, row in zip(places, rows, strict=True):
            axes.plot(
                [x, x],
                [_PER * row.conf_low, _PER * row.conf_high],
                color=COLOURS["blue"],
                linewidth=2.2,
                solid_capstyle="round",
                zorder=3,
            )
            axes.annotate(
                texts.number(_PER * row.estimate, shown),
                (x, _PER * row.estimate),
                xytext=(7, 6),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
                weight="bold",
            )
        axes.plot(
            places,
            [_PER * row.estimate for row in rows],
            color=COLOURS["blue"],
            marker="o",
            markersize=7,
            linestyle=(0, (1, 2)),
            linewidth=1,
            zorder=4,
        )
        axes.set_xlim(-0.4, len(rows) - 0.4)
        axes.set_ylim(0, 1.1 * _PER * max(row.conf_high for row in rows))
        axes.set_xticks(places, [texts.number(row.ex, spec) for row in rows])
        axes.tick_params(axis="x", length=0)
        number_axis(axes.yaxis, "number0", texts, ticks=5)
        axes.set_xlabel(
            texts.say("{ex}, a wave before\n(mean of each group of units, from low to high)", ex=ex_label)
        )
        figure.text(0.004, 1 - 0.12 / 3.5, rate, va="top", ha="left", fontsize=9.5, color=COLOURS["grey"])
    first, last = rows[0], rows[-1]
    values = {"low": _PER * first.estimate, "high": _PER * last.estimate}
    takeaway = texts.say(
        "{rate}: {low} where experience is lowest, {high} where it is highest.",
        rate=rate,
        low=texts.number(values["low"], shown),
        high=texts.number(values["high"], shown),
    )
    caption = texts.say(
        "Units and waves in {groups:integer} groups of equal size by employee experience a wave before, with "
        "{intervals}; at least {units:integer} units in each group. Nothing else is kept equal here.",
        groups=len(rows),
        intervals=intervals_name(frame, texts),
        units=int(frame["n_units"].min()),
    )
    said = "; ".join(
        f"{texts.number(row.ex, spec)}: {texts.number(_PER * row.estimate, shown)} "
        f"({texts.number(_PER * row.conf_low, shown)}–{texts.number(_PER * row.conf_high, shown)})"
        for row in rows
    )
    return Picture(figure, caption, f"{takeaway} {said}.", takeaway, shown=[released])
