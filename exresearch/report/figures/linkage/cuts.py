"""The ratio of leaders to laggards under every definition and cut-off, with two kinds of interval."""

from __future__ import annotations

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note
from exresearch.report.figures.door import too_few
from exresearch.report.figures.rows import draw_interval, row_value, rows_axes
from exresearch.report.figures.visible import visible
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, Picture, intervals_name, number_axis, require, rows_of, style

_TICKS = (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8, 12, 20)
_FEW_TICKS, _MOST_TICKS, _LEAST_TICKS = (0.2, 0.5, 1, 1.5, 2, 4, 8, 20), 6, 3
# Inches between the two intervals of a row.
_APART = 0.1


def cut_forest(
    frame: pd.DataFrame, *, texts: Texts, rules: DisclosureRules, published: tuple[float, str] | None = None
) -> Picture | Note:
    """Draw the ratio of leaders to laggards, by definition of engaged and cut-off.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per ratio: ``engaged`` (text, note or mapping), ``cut, estimate, conf_low, conf_high, simple_low,
        simple_high, comparable, n``; the simple limits may be missing.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    published : tuple of float and str, optional
        A published ratio and what it is called; drawn beside the rows that are ``comparable``.

    Returns
    -------
    Picture or Note
        The note where too few people are behind every ratio.

    Raises
    ------
    ValueError
        If a column is missing or there is no row.
    """
    columns = [
        "engaged",
        "cut",
        "estimate",
        "conf_low",
        "conf_high",
        "simple_low",
        "simple_high",
        "comparable",
        "n",
    ]
    require(frame, columns, figure="cut_forest")
    released = release(frame, count="n", rules=rules, name="Leaders against laggards by cut-off")
    frame = visible(released)
    if frame.empty:
        return too_few(rules)
    labels = [
        texts.say("{engaged}, {cut:percent0} at each end", engaged=texts.pick(row.engaged), cut=row.cut)
        for row in rows_of(frame)
    ]
    simple = bool(frame["simple_low"].notna().any())
    beside = published if published is not None and frame["comparable"].any() else None
    with style():
        figure, axes, y = rows_axes(
            labels, left=2.05, right=0.6, top=0.46 if beside is None else 0.62, bottom=0.5, least=0.5
        )
        bounds = [1.0, *frame["conf_low"], *frame["conf_high"]] + ([] if beside is None else [beside[0]])
        low, high = max(min(bounds), 0.2) / 1.04, min(max(bounds), 20.0) * 1.04
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        ticks = [tick for tick in _TICKS if low <= tick <= high]
        if len(ticks) > _MOST_TICKS:
            ticks = [tick for tick in ticks if tick in _FEW_TICKS]
        if len(ticks) < _LEAST_TICKS:
            # On so short a stretch a log axis is as good as linear.
            ticks = [
                float(tick)
                for tick in MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(low, high)
                if low <= tick <= high
            ]
        axes.axvline(1.0, color=COLOURS["grey"], linewidth=1)
        for position, row in zip(y, rows_of(frame), strict=True):
            if pd.notna(row.simple_low):
                ends = [max(row.simple_low, low), min(row.simple_high, high)]
                axes.plot(ends, [position + _APART] * 2, color=COLOURS["orange"], linewidth=1.4, zorder=3)
            draw_interval(
                axes, position, row.estimate, row.conf_low, row.conf_high, colour=COLOURS["blue"], size=6.5
            )
            row_value(axes, position, texts.number(row.estimate, "number2"))
        if beside is not None:
            rows = [place for place, row in zip(y, rows_of(frame), strict=True) if row.comparable]
            axes.plot(
                [beside[0]] * 2,
                [min(rows) - 0.22, max(rows) + 0.22],
                color=COLOURS["ink"],
                linewidth=1.3,
                linestyle=(0, (2, 1.5)),
                zorder=2,
            )
        _key(axes, texts, simple=simple, published=beside)
        number_axis(axes.xaxis, "number2" if high / low < 2 else "number1", texts)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(FixedLocator([]))
        axes.set_xlabel(texts.say("Share of the leaders divided by that of the laggards"))
    above, total = int((frame["conf_low"] > 1).sum()), len(frame)
    below = int((frame["conf_high"] < 1).sum())
    takeaway = texts.say(
        "In {above} of {total} comparisons the whole interval lies above 1.", above=above, total=total
    )
    if above == total:
        takeaway = texts.say("In all {total} comparisons the whole interval lies above 1.", total=total)
    elif below:
        takeaway = texts.say(
            "In {above} of {total} comparisons the whole interval lies above 1, in {below} below it.",
            above=above,
            below=below,
            total=total,
        )
    alt = " ".join(
        texts.say(
            "{label}: {estimate:number2} ({low:number2} to {high:number2}).",
            label=label,
            estimate=row.estimate,
            low=row.conf_low,
            high=row.conf_high,
        )
        for label, row in zip(labels, rows_of(frame), strict=True)
    )
    caption = texts.say(
        "Ratios with {intervals} from drawing whole units again.", intervals=intervals_name(frame, texts)
    )
    if simple:
        caption += " " + texts.say(
            "The thin line is what the interval of Katz would be, which takes every answer for one by itself and "
            "forgets that colleagues answer alike."
        )
    return Picture(figure, caption, f"{takeaway} {alt}", takeaway, [released])


def _key(axes: object, texts: Texts, *, simple: bool, published: tuple[float, str] | None) -> None:
    handles = [
        Line2D([], [], color=COLOURS["blue"], linewidth=2.2, marker="o", label=texts.say("drawing units")),
    ]
    if simple:
        handles.append(
            Line2D(
                [],
                [],
                color=COLOURS["orange"],
                linewidth=1.4,
                label=texts.say("as if answers stood alone (Katz)"),
            )
        )
    if published is not None:
        name = texts.say("published: {ratio:number2} ({source})", ratio=published[0], source=published[1])
        handles.append(
            Line2D([], [], color=COLOURS["ink"], linewidth=1.3, linestyle=(0, (2, 1.5)), label=name)
        )
    axes.figure.legend(  # type: ignore[attr-defined]
        handles=handles, loc="upper left", ncols=2, frameon=False, fontsize=8.5,
        handlelength=1.8, columnspacing=1.0, borderaxespad=0.2, bbox_to_anchor=(0, 1),
    )  # fmt: skip
