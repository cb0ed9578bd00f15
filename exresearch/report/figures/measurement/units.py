"""May answers be averaged by unit, and which units differ: agreement, and unit means in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from exresearch.disclosure import DisclosureRules, Groups, Measure, Released, release
from exresearch.findings.note import Note
from exresearch.report.columns import TABLE_LABELS
from exresearch.report.figures.rows import draw_interval, headroom, row_value, rows_panels
from exresearch.report.text import Texts
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

NO_UNITS = Note(
    message=(
        "No answers of people belong to enough units, so there is nothing to average by unit; figures that came per "
        "unit stay as they are."
    )
)
NO_ORDER = Note(message="There are too few units with answers of people to put them in order.")
_PANEL = 2.3


def aggregation_forest(
    frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, least_icc2: float, least_rwg: float
) -> Picture | Note:
    """Draw the reliability of unit means of every construct, ICC(2), against what was declared beforehand.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``table, construct, label, n, n_units, icc2, icc2_low, icc2_high, rwg_median, passes`` of
        :func:`exresearch.measures.aggregation_table`; rows without an estimate are not drawn.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum number of units.
    least_icc2, least_rwg : float
        The declared limits.

    Returns
    -------
    Picture or Note
        The note where nothing could be computed.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if frame.empty:
        return NO_UNITS
    columns = [
        "table",
        "construct",
        "label",
        "n",
        "n_units",
        "icc2",
        "icc2_low",
        "icc2_high",
        "rwg_median",
        "passes",
    ]
    require(frame, columns, figure="aggregation_forest")
    released = release(
        frame[frame["icc2"].notna() & (frame["n_units"] >= rules.min_units)],
        count="n",
        rules=rules,
        within=["table", "construct"],
        name="reliability of unit means",
    )
    known = released.frame[~released.hidden]
    if known.empty:
        return NO_UNITS
    parts = [(str(name), part) for name, part in known.groupby("table", sort=False)]
    labels = [[texts.pick(label) for label in part["label"]] for _, part in parts]
    left = 0.0
    with style():
        figure, panels = rows_panels(labels, left=2.0, right=1.45, top=0.4, bottom=0.36, least=0.36)
        for (name, part), (axes, positions) in zip(parts, panels, strict=True):
            headroom(axes, texts.say(TABLE_LABELS[name]))
            axes.set_xlim(left - 0.02, 1.0)
            axes.axvline(least_icc2, color=COLOURS["grey"], linewidth=1, linestyle=(0, (3, 2)))
            for y, row in zip(positions, rows_of(part), strict=True):
                stable = float(row.icc2) >= least_icc2
                colour = COLOURS["blue"] if bool(row.passes) else COLOURS["orange"]
                marker, filled = ("o", bool(row.passes)) if stable else ("X", True)
                low, high = float(row.icc2_low), float(row.icc2_high)
                draw_interval(
                    axes, y, float(row.icc2), low, high, colour=colour, marker=marker, filled=filled
                )
                row_value(axes, y, _value(row, texts), wrap=26)
            number_axis(axes.xaxis, "number1", texts)
    unstable = known[known["icc2"] < least_icc2]
    torn = known[~known["passes"].astype(bool) & (known["icc2"] >= least_icc2)]
    takeaway = texts.say("Every construct reaches both limits that were declared for means of units.")
    if len(unstable) or len(torn):
        takeaway = texts.say(
            "Below a limit for means of units, of {total:integer} constructs: {unstable:integer} by reliability, "
            "{torn:integer} by agreement alone.",
            total=len(known),
            unstable=len(unstable),
            torn=len(torn),
        )
    caption = texts.say(
        "Reliability of the mean of a unit, ICC(2), with {intervals}, in {least:integer} to {most:integer} units; at "
        "the right ICC(2) and the median agreement within units, rwg. Declared limits: {limit:number2} for ICC(2) "
        "(dashed) and {agreement:number2} for rwg. Crosses stay below the first, open orange dots below the second "
        "alone. Below 0 an ICC means no more than that units do not differ. A link that uses such a mean carries a "
        "caveat.",
        intervals=intervals_name(known, texts),
        least=int(known["n_units"].min()),
        most=int(known["n_units"].max()),
        limit=least_icc2,
        agreement=least_rwg,
    )
    listed = "; ".join(f"{texts.pick(row.label)}: {_icc2(row, texts)}" for row in rows_of(known))
    return Picture(figure, caption, f"{takeaway} {listed}.", takeaway, [released])


def unit_caterpillar(
    sides: Mapping[str, pd.DataFrame], *, texts: Texts, rules: DisclosureRules
) -> Picture | Note:
    """Draw the mean of every unit in order, with its interval and the shrunken estimate; nothing names a unit.

    Parameters
    ----------
    sides : mapping of str to pandas.DataFrame
        Name of a measure in the reader's language, and per unit ``unit, n, respondents, mean, sd, conf_low, conf_high,
        shrunken, shrunken_low, shrunken_high`` of :func:`exresearch.measures.unit_mean_table`, with ``table, construct,
        minimum, maximum`` of :func:`exresearch.report.measurement.unit_rows`. One panel each.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Units with too few people, or in which all answered alike, and those that would give them away, are left out; a
        panel needs a minimum of units.

    Returns
    -------
    Picture or Note
        The note where no side has enough units.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    columns = [
        "unit",
        "table",
        "construct",
        "minimum",
        "maximum",
        "respondents",
        "sd",
        "n",
        "mean",
        "conf_low",
        "conf_high",
        "shrunken",
        "shrunken_low",
        "shrunken_high",
    ]
    panels: dict[str, pd.DataFrame] = {}
    shown: list[Released] = []
    for label, frame in sides.items():
        if frame.empty:
            continue
        require(frame, columns, figure="unit_caterpillar")
        released = _released(frame, rules=rules)
        enough = released.frame[~released.hidden & released.frame["mean"].notna()]
        if len(enough) >= rules.min_units:
            panels[label] = enough.sort_values("shrunken", kind="stable", ignore_index=True)
            shown.append(released)
    if not panels:
        return NO_ORDER
    height = len(panels) * _PANEL
    told = []
    with style():
        figure = new_figure(height)
        for number, (label, units) in enumerate(panels.items()):
            axes = add_axes(
                figure, left=0.55, right=0.1, top=number * _PANEL + 0.34,
                bottom=height - (number + 1) * _PANEL + 0.3,
            )  # fmt: skip
            axes.set_title(label, fontsize=9.5, loc="left", pad=8, color=COLOURS["ink"])
            told.append(_panel(axes, units, label, texts=texts))
    takeaway = " ".join(told)
    caption = texts.say(
        "Units in the order of their estimate, lowest at the left. Light: mean and {intervals}; dark: the estimate "
        "drawn towards the overall mean (line), the more so the fewer answers a unit has. Blue and orange: intervals "
        "of the estimate wholly above and below the overall mean.",
        intervals=intervals_name(next(iter(panels.values())), texts),
    )
    return Picture(figure, caption, takeaway, takeaway, shown)


def _released(frame: pd.DataFrame, *, rules: DisclosureRules) -> Released:
    about = frame.iloc[0]
    measure = Measure(str(about["construct"]), float(about["minimum"]), float(about["maximum"]))
    # A unit in which all answer alike would show every answer in it: it counts as too small.
    alike = frame["mean"].notna() & ~(frame["sd"] > 0)
    return release(
        frame.assign(people=frame["respondents"].astype("Float64").mask(alike)),
        count="people",
        rules=rules,
        groups=Groups(str(about["table"]), by={"unit": "unit"}, measures={"mean": measure}),
        name="means of units",
    )


def _panel(axes: Axes, units: pd.DataFrame, label: str, *, texts: Texts) -> str:
    places = np.arange(len(units))
    # Hidden rows leave whole columns in a type that matplotlib does not know.
    numbers = ["mean", "n", "conf_low", "conf_high", "shrunken", "shrunken_low", "shrunken_high"]
    units = units[numbers].astype("float64")
    centre = float(np.average(units["mean"], weights=units["n"]))
    above, below = units["shrunken_low"] > centre, units["shrunken_high"] < centre
    axes.vlines(
        places, units["conf_low"], units["conf_high"], color=COLOURS["light"], linewidth=_width(len(units))
    )
    axes.plot(places, units["mean"], linestyle="none", marker="o", markersize=3.2, color=COLOURS["light"])
    axes.axhline(centre, color=COLOURS["ink"], linewidth=1)
    for chosen, colour, marker in (
        (~(above | below), COLOURS["grey"], "o"), (above, COLOURS["blue"], "^"), (below, COLOURS["orange"], "v"),
    ):  # fmt: skip
        part = units[chosen]
        axes.vlines(places[chosen], part["shrunken_low"], part["shrunken_high"], color=colour, linewidth=1.2)
        axes.plot(
            places[chosen], part["shrunken"], linestyle="none", marker=marker, markersize=3.6, color=colour
        )
    axes.set_xticks([])
    axes.set_xlim(-1, len(units))
    axes.grid(True, axis="y")
    number_axis(axes.yaxis, "number1", texts)
    return texts.say(
        "{label}: clearly above the mean {above:integer} of {total:integer} units, clearly below it {below:integer}.",
        label=label,
        total=len(units),
        above=int(above.sum()),
        below=int(below.sum()),
    )


def _width(count: int) -> float:
    return 2.4 if count <= 60 else 1.6 if count <= 150 else 0.9


def _value(row: Any, texts: Texts) -> str:
    shown = texts.number(float(row.icc2), "number2") if row.icc2 >= 0 else "< 0"
    return (
        shown
        if pd.isna(row.rwg_median)
        else f"{shown} · rwg {texts.number(float(row.rwg_median), 'number2')}"
    )


def _icc2(row: Any, texts: Texts) -> str:
    """Write ICC(2); below 0, down to minus infinity, its size means nothing."""
    return texts.number(float(row.icc2), "number2") if row.icc2 >= 0 else "< 0"
