"""The specification curve: every declared way to answer one question, sorted, above the choices behind each answer."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import blended_transform_factory

from exresearch.findings.analyses.sensitivity import Decision, Specifications
from exresearch.findings.note import Note
from exresearch.report.figures.forests import LOG_UNITS
from exresearch.report.figures.specification_release import shown_curve
from exresearch.report.figures.specification_words import alt_text, caption, takeaway
from exresearch.report.numbers import unit_spec
from exresearch.report.sentences import UNIT_NAMES
from exresearch.report.tables import Column
from exresearch.report.text import Texts
from exresearch.report.theme import (
    COLOURS,
    WIDTH,
    Picture,
    add_axes,
    new_figure,
    number_axis,
    style,
)

# Inches: margins, the panel of estimates, a line of the dashboard and the heading of a decision.
_LEFT, _RIGHT, _TOP, _CURVE, _GAP, _BOTTOM = 1.85, 0.85, 0.28, 2.25, 0.12, 0.12
_LINE, _HEAD, _TEXT = 0.19, 0.25, 0.155
# Characters in a line of the left margin, and in bold.
_WRAP, _WRAP_BOLD = 27, 23
_TICKS = (0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10, 20)
# An interval longer than these quantiles of all limits is cut at the edge of the panel, so that the rest can be read.
_CUT = (0.02, 0.98)
NOTHING = Note(message="There is nothing to show here.")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the dashboard: its text, its place, which columns have it, and their median."""

    lines: list[str]
    y: float
    columns: np.ndarray[Any, np.dtype[np.bool_]]
    median: float
    declared: bool


def specification_picture(
    curve: Specifications, *, texts: Texts, measure: str | None = None
) -> Picture | Note:
    """Draw the estimates of all specifications, and below them which choice was made in each.

    Parameters
    ----------
    curve : Specifications
        Of :func:`exresearch.findings.analyses.declared_specifications`; up to some hundreds of combinations.
    texts : Texts
        Language of the reader.
    measure : str, optional
        What the estimates are, in the reader's language; the name of their unit by default. The alternative text
        begins with it.

    Returns
    -------
    Picture or Note
        The note where nothing could be computed.
    """
    if curve.table.empty:
        return curve.note or NOTHING
    curve, released = shown_curve(curve)
    if curve.table.empty:
        return NOTHING
    made = curve.table
    spec = unit_spec(curve.unit_of_measurement)
    rows, heads, height = _dashboard(curve.decisions, made, texts)
    with style():
        figure = new_figure(_TOP + _CURVE + _GAP + height + _BOTTOM)
        above = add_axes(figure, left=_LEFT, right=_RIGHT, top=_TOP, bottom=_GAP + height + _BOTTOM)
        below = add_axes(figure, left=_LEFT, right=_RIGHT, top=_TOP + _CURVE + _GAP, bottom=_BOTTOM)
        colours = _colours(made, curve)
        cut = _estimates(above, made, curve, colours, texts=texts, spec=spec)
        _choices(below, rows, heads, colours, height=height, made=made, texts=texts, spec=spec)
        _heading(figure, measure or texts.say(UNIT_NAMES[curve.unit_of_measurement]))
    said = alt_text(made, curve, texts=texts, spec=spec)
    return Picture(
        figure,
        caption(made, curve, cut=cut, texts=texts),
        f"{measure}. {said}" if measure else said,
        takeaway(made, curve, texts=texts, spec=spec),
        [released],
        columns={
            one.name: Column(
                {texts.language: texts.pick(one.label)},
                words={option.key: texts.pick(option.label) for option in one.alternatives},
            )
            for one in curve.decisions
        },
    )


def _colours(made: pd.DataFrame, curve: Specifications) -> list[str]:
    """Blue with the whole interval on the side of the median, orange on the other, grey with no effect inside."""
    side = float(curve.summary["side"].iloc[0])
    low, high = made["conf_low"] - curve.null, made["conf_high"] - curve.null
    with_it = (low > 0) if side >= 0 else (high < 0)
    against = (high < 0) if side >= 0 else (low > 0)
    return [
        COLOURS["blue"] if one else COLOURS["orange"] if other else COLOURS["grey"]
        for one, other in zip(with_it, against, strict=True)
    ]


def _limits(made: pd.DataFrame, curve: Specifications) -> tuple[float, float]:
    limits = (made["conf_low"].quantile(_CUT[0]), made["conf_high"].quantile(_CUT[1]))
    values = [float(value) for value in limits]
    values += [float(made["estimate"].min()), float(made["estimate"].max()), curve.null]
    values += list(curve.smallest_effect or ())
    deciding = curve.deciding
    if deciding is not None:
        values += [float(deciding[name]) for name in ("conf_low", "conf_high")]
    values = [value for value in values if math.isfinite(value)]
    low, high = min(values), max(values)
    if curve.unit_of_measurement in LOG_UNITS and low > 0:
        low, high = max(low, 0.05), min(high, 20.0)
        pad = max((high / low) ** 0.08, 1.02)
        return low / pad, high * pad
    pad = 0.08 * (high - low) or 0.01
    return low - pad, high + pad


def _estimates(
    axes: Axes, made: pd.DataFrame, curve: Specifications, colours: Sequence[str], *, texts: Texts, spec: str
) -> bool:
    """Draw the sorted estimates; tells whether an interval runs past the edge."""
    count = len(made)
    points = (WIDTH - _LEFT - _RIGHT) * 72 / count
    low, high = _limits(made, curve)
    logged = curve.unit_of_measurement in LOG_UNITS and low > 0
    if logged:
        axes.set_yscale("log")
        inside = [tick for tick in _TICKS if low <= tick <= high]
        axes.yaxis.set_major_locator(FixedLocator(inside[:: max(1, len(inside) // 5)]))
        axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.set_ylim(low, high)
    axes.set_xlim(-0.5 - 0.01 * count, count - 0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.yaxis.grid(True)
    if curve.smallest_effect is not None:
        axes.axhspan(*curve.smallest_effect, color=COLOURS["band"], zorder=0)
    axes.axhline(curve.null, color=COLOURS["grey"], linewidth=1, zorder=1)
    median = float(curve.summary["median"].iloc[0])
    axes.axhline(median, color=COLOURS["ink"], linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    x = np.arange(count)
    stems = [[(at, lo), (at, hi)] for at, lo, hi in zip(x, made["conf_low"], made["conf_high"], strict=True)]
    width = min(2.2, max(0.5, 0.5 * points))
    axes.add_collection(LineCollection(stems, colors=list(colours), linewidths=width, alpha=0.55, zorder=2))
    size = min(5.5, max(1.8, 0.75 * points))
    faces = ["white" if colour == COLOURS["grey"] and size > 3 else colour for colour in colours]
    axes.scatter(x, made["estimate"], s=size**2, c=faces, edgecolors=list(colours), linewidths=1.0, zorder=3)
    declared = np.flatnonzero(made["deciding"].to_numpy(dtype=bool))
    if declared.size:
        _declared(axes, made.iloc[declared[0]], int(declared[0]), count, texts=texts, spec=spec)
    ticked = "percent0" if spec.startswith(("percent", "points")) and high - low > 0.04 else spec
    number_axis(
        axes.yaxis, "number1" if ticked == "number2" and not logged and high - low > 0.4 else ticked, texts
    )
    _beside(axes, [(median, texts.say("median\n{value}", value=texts.number(median, spec)), COLOURS["ink"]),
                   (curve.null, texts.say("no effect"), COLOURS["grey"])])  # fmt: skip
    return bool(((made["conf_low"] < low) | (made["conf_high"] > high)).any())


def _declared(axes: Axes, row: pd.Series, at: int, count: int, *, texts: Texts, spec: str) -> None:
    axes.plot(
        [at, at], [row["conf_low"], row["conf_high"]], color=COLOURS["ink"], linewidth=2.4, zorder=5,
        solid_capstyle="round",
    )  # fmt: skip
    axes.plot(
        [at],
        [row["estimate"]],
        marker="D",
        markersize=7,
        color=COLOURS["ink"],
        markeredgecolor="white",
        zorder=6,
    )
    place = (at + 0.5) / count
    axes.annotate(
        texts.say("the declared choice: {value}", value=texts.number(float(row["estimate"]), spec)),
        (at, 1.0),
        xycoords=blended_transform_factory(axes.transData, axes.transAxes),
        xytext=(0, 3),
        textcoords="offset points",
        ha="left" if place < 0.33 else "right" if place > 0.67 else "center",
        va="bottom",
        fontsize=8.5,
        weight="bold",
        annotation_clip=False,
    )


def _beside(axes: Axes, labels: list[tuple[float, str, str]]) -> None:
    """Write the names of lines in the right margin, moved apart where they would touch."""
    low, high = axes.get_ylim()
    log = axes.get_yscale() == "log"

    def place(value: float) -> float:
        return float(np.log(value / low) / np.log(high / low)) if log else (value - low) / (high - low)

    ordered = sorted(((place(value), text, colour) for value, text, colour in labels), key=lambda one: one[0])
    heights = [_TEXT / _CURVE * (1 + text.count("\n")) for _, text, _ in ordered]
    apart = (heights[0] + heights[1]) / 2 - (ordered[1][0] - ordered[0][0])
    shift = max(0.0, apart) / 2
    for (at, text, colour), move in zip(ordered, (-shift, shift), strict=True):
        axes.annotate(
            text, (1, at + move), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points", va="center",
            ha="left", fontsize=8.5, color=colour, annotation_clip=False,
        )  # fmt: skip


def _dashboard(
    decisions: Sequence[Decision], made: pd.DataFrame, texts: Texts
) -> tuple[list[_Row], list[tuple[str, float]], float]:
    """Lines and headings of the dashboard with their places in inches from its top, and its height."""
    rows, heads, at = [], [], 0.0
    declared = made[made["deciding"]]
    for decision in decisions:
        heads.append((texts.pick(decision.label), at + _HEAD / 2))
        at += _HEAD
        for option in decision.alternatives:
            has = (made[decision.name] == option.key).to_numpy(dtype=bool)
            chosen = len(declared) == 1 and declared[decision.name].iloc[0] == option.key
            wrap = _WRAP_BOLD if chosen else _WRAP
            lines = textwrap.wrap(texts.pick(option.label), wrap, max_lines=3, placeholder=" …")
            room = max(_LINE, 0.04 + _TEXT * len(lines))
            median = float(made.loc[has, "estimate"].median()) if has.any() else np.nan
            rows.append(_Row(lines, at + room / 2, has, median, chosen))
            at += room
    return rows, heads, at


def _choices(
    axes: Axes,
    rows: Sequence[_Row],
    heads: Sequence[tuple[str, float]],
    colours: Sequence[str],
    *,
    height: float,
    made: pd.DataFrame,
    texts: Texts,
    spec: str,
) -> None:
    """Draw which choice was made in each specification, with the median of the estimates under each choice."""
    count = len(made)
    axes.set_xlim(-0.5 - 0.01 * count, count - 0.5)
    axes.set_ylim(height, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    points = (WIDTH - _LEFT - _RIGHT) * 72 / count
    deciding = made["deciding"].to_numpy(dtype=bool)
    edge = blended_transform_factory(axes.figure.transFigure, axes.transData)
    for text, y in heads:
        axes.text(0.004, y, text, transform=edge, va="center", ha="left", fontsize=8.5, color=COLOURS["grey"])
    beside = axes.get_yaxis_transform()
    axes.annotate(texts.say("median"), (1, heads[0][1]), xycoords=beside, xytext=(6, 0), va="center",
                  textcoords="offset points", fontsize=8.5, color=COLOURS["grey"], annotation_clip=False)  # fmt: skip
    for row in rows:
        axes.plot([-0.5 - 0.01 * count, count - 0.5], [row.y, row.y], color=COLOURS["band"], linewidth=7, zorder=0,
                  solid_capstyle="butt")  # fmt: skip
        places = [int(at) for at in np.flatnonzero(row.columns & ~deciding)]
        marks = [[(at, row.y - 0.055), (at, row.y + 0.055)] for at in places]
        width = min(5.0, max(0.7, 0.62 * points))
        axes.add_collection(
            LineCollection(marks, colors=[colours[at] for at in places], linewidths=width, zorder=2)
        )
        own = np.flatnonzero(row.columns & deciding)
        axes.plot(own, [row.y] * len(own), marker="D", markersize=5.5, color=COLOURS["ink"], linestyle="none",
                  markeredgecolor="white", zorder=4, clip_on=False)  # fmt: skip
        axes.text(0.022, row.y, "\n".join(row.lines), transform=edge, va="center", ha="left", fontsize=8.5,
                  weight="bold" if row.declared else "normal", linespacing=1.0)  # fmt: skip
        if np.isfinite(row.median):
            axes.annotate(texts.number(row.median, spec), (1, row.y), xycoords=beside, xytext=(6, 0), va="center",
                          textcoords="offset points", fontsize=8.5, annotation_clip=False)  # fmt: skip


def _heading(figure: Figure, measure: str) -> None:
    """Say what the estimates are, in the margin beside the panel, where there is nothing else."""
    height = figure.get_figheight()
    figure.text(0.004, 1 - (_TOP + 0.02) / height, "\n".join(textwrap.wrap(measure, 20)), va="top", ha="left",
                fontsize=9, color=COLOURS["grey"])  # fmt: skip
