"""The courses of units: those that started together beside those that never did, wave by wave."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.programmes.event_study import SIDES
from exresearch.report.figures.visible import visible
from exresearch.report.text import Texts
from exresearch.report.theme import (
    COLOURS,
    WIDTH,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    require,
    rows_of,
    style,
)

_PER_ROW = 3
# Inches: a panel, what stands above and below it, and the margins.
_PANEL, _ABOVE, _BELOW, _LEFT, _RIGHT, _GAP, _HEAD = 1.35, 0.42, 0.38, 0.62, 0.1, 0.14, 0.3
_NOTHING = Note(message="Too few units started, or never did, to draw their courses.")


def programme_courses(
    courses: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, labels: dict[str, str], ex_is_share: bool
) -> Picture | Note:
    """Draw the mean of units that started together beside that of units that never started.

    Parameters
    ----------
    courses : pandas.DataFrame
        ``side, group, starts, start, wave, place, mean, conf_low, conf_high, conf_level, n_units, n``; group 0 never
        starts.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    labels : dict of str to str
        What stands for ``ex`` and ``cx``.
    ex_is_share : bool
        Whether employee experience is a share, shown as a percentage.

    Returns
    -------
    Picture or Note
        The note where no group is large enough to be drawn.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if courses.empty or not (courses["group"] > 0).any():
        return _NOTHING
    columns = [
        "side",
        "group",
        "starts",
        "start",
        "wave",
        "place",
        "mean",
        "conf_low",
        "conf_high",
        "n_units",
        "n",
    ]
    require(courses, columns, figure="programme_courses")
    released = release(courses, count="n", rules=rules, within=["side"], name="Courses of units")
    courses = visible(released)
    if not (courses["group"] > 0).any():
        return _NOTHING
    sides = [side for side in SIDES if side in set(courses["side"])]
    numbers = {side: _groups(courses, side) for side in sides}
    lines = {side: -(-len(groups) // _PER_ROW) for side, groups in numbers.items()}
    one = _ABOVE + _PANEL + _BELOW
    total = sum(one * count for count in lines.values()) + _HEAD * len(sides)
    with style():
        figure = new_figure(total)
        above = 0.0
        for side in sides:
            rows = courses[courses["side"] == side]
            share = side == "ex" and ex_is_share
            figure.text(
                0.004, 1 - (above + 0.06) / total, labels[side], va="top", ha="left", fontsize=10.5, weight="bold",
                color=SIDES[side][1],
            )  # fmt: skip
            figure.text(
                1 - _RIGHT / WIDTH, 1 - (above + 0.08) / total, texts.say("grey: units that never started"), va="top",
                ha="right", fontsize=9, color=COLOURS["grey"],
            )  # fmt: skip
            above += _HEAD
            for index, group in enumerate(numbers[side]):
                line, column = divmod(index, _PER_ROW)
                width = (WIDTH - _LEFT - _RIGHT - (_PER_ROW - 1) * _GAP) / _PER_ROW
                left = _LEFT + column * (width + _GAP)
                top = above + line * one + _ABOVE
                axes = add_axes(
                    figure, left=left, right=WIDTH - left - width, top=top, bottom=total - top - _PANEL
                )
                _panel(axes, rows, group, side=side, share=share, texts=texts, first=column == 0)
            above += one * lines[side]
    caption = texts.say(
        "Mean of the units by wave, with {intervals} of that mean: units that started together (colour) beside units "
        "that never started (grey). Dashed: the start. Units count alike.",
        intervals=intervals_name(courses, texts),
    )
    takeaway = texts.say("Look for lines that run side by side before the dashed line and part after it.")
    described = "; ".join(_described(courses, side, group, texts, labels, ex_is_share) for side in sides
                          for group in [0, *numbers[side]])  # fmt: skip
    return Picture(figure, caption, f"{described}.", takeaway, [released])


def _groups(courses: pd.DataFrame, side: str) -> list[int]:
    found = courses.loc[(courses["side"] == side) & (courses["group"] > 0), "group"]
    return [int(number) for number in sorted(set(found))]


def _panel(
    axes: Axes, rows: pd.DataFrame, group: int, *, side: str, share: bool, texts: Texts, first: bool
) -> None:
    never, own = rows[rows["group"] == 0], rows[rows["group"] == group]
    colour = SIDES[side][1]
    low, high = float(rows["conf_low"].min()), float(rows["conf_high"].max())
    pad = 0.05 * (high - low)
    axes.set_ylim(low - pad, high + pad)
    places = sorted(set(rows["place"]))
    axes.set_xlim(places[0] - 0.25, places[-1] + 0.25)
    for part, tone, marker, width in (
        (never, COLOURS["grey"], None, 1.6),
        (own, colour, SIDES[side][2], 2.0),
    ):
        if part.empty:
            continue
        x = part["place"].astype(float)
        axes.fill_between(
            x,
            part["conf_low"].astype(float),
            part["conf_high"].astype(float),
            color=tone,
            alpha=0.16,
            linewidth=0,
        )
        axes.plot(
            x,
            part["mean"].astype(float),
            color=tone,
            linewidth=width,
            marker=marker,
            markersize=4.5,
            zorder=4,
        )
    waves = dict(zip(rows["place"], rows["wave"], strict=True))
    begin = next(place for place, wave in sorted(waves.items()) if wave == own["start"].iloc[0])
    axes.axvline(begin - 0.5, color=COLOURS["ink"], linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.set_title(
        texts.say(
            "start {starts}\n{count:integer} units", starts=own["starts"].iloc[0], count=int(own["n_units"].max())
        ),
        fontsize=9, loc="left", color=COLOURS["ink"], pad=5,
    )  # fmt: skip
    ends = sorted({places[0], places[-1]})
    axes.xaxis.set_major_locator(FixedLocator(ends))
    axes.xaxis.set_major_formatter(FixedFormatter([waves[place] for place in ends]))
    ticks = axes.get_xticklabels()
    ticks[0].set_horizontalalignment("left")
    ticks[-1].set_horizontalalignment("right")
    axes.yaxis.grid(True)
    number_axis(axes.yaxis, "percent0" if share else "number1", texts, ticks=4)
    if not first:
        axes.tick_params(axis="y", labelleft=False)


def _described(
    courses: pd.DataFrame, side: str, group: int, texts: Texts, labels: dict[str, str], ex_is_share: bool
) -> str:
    rows = courses[(courses["side"] == side) & (courses["group"] == group)]
    if rows.empty:
        return texts.say("{measure}: no units that never started are drawn", measure=labels[side])
    spec = "percent0" if side == "ex" and ex_is_share else "number2"
    listed = ", ".join(f"{row.wave}: {texts.number(float(row.mean), spec)}" for row in rows_of(rows))
    if group == 0:
        return texts.say("{measure}, units that never started: {listed}", measure=labels[side], listed=listed)
    return texts.say(
        "{measure}, start {starts}: {listed}",
        measure=labels[side],
        starts=rows["starts"].iloc[0],
        listed=listed,
    )
