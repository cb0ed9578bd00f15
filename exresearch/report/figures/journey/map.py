"""The journey map: one line through all contact moments, their phases, who rated them, and what each weighs."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import blended_transform_factory

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.analyses import JourneyMap
from exresearch.findings.note import Note
from exresearch.report.figures.journey.kinds import in_order, kind_name, kind_of
from exresearch.report.numbers import interval
from exresearch.report.text import Texts
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    rows_of,
    style,
)

NO_MAP = Note(message="No contact moment was rated by enough people to draw the journey.")
#: Inches: margins, width of a moment, heights of the parts from the top.
_LEFT, _RIGHT, _PLACE, _LEAST_WIDTH = 0.55, 0.12, 0.86, 5.8
_HEAD, _RATING, _NAMES, _LEGEND, _WEIGHT, _FOOT = 0.62, 2.35, 0.80, 0.44, 1.05, 0.14
#: Part of the scale that the axis shows at least, so that small differences stay small.
_LEAST_SHARE = 0.22
_TINTS = {"before": "#e7f1f8", "during": "#eef0f3", "after": "#fbefe6", "": "#ffffff"}
_WRAP = 12
_GAP = 0.025


@dataclass(frozen=True, slots=True)
class _Places:
    """Moments to draw, the x of each, and what may be shown of them."""

    frame: pd.DataFrame
    x: dict[str, float]
    shown: set[str]


def journey_map(
    journey: JourneyMap, importance: pd.DataFrame, *, texts: Texts, rules: DisclosureRules
) -> Picture | Note:
    """Draw the journey of a study.

    The dark line goes through the mean of every moment, with its interval; light lines are the kinds of people who
    rated it. Moments that nobody was asked about are empty dashed circles, and the line is dotted where it passes them.
    Below, every kind of people has what a moment weighs in its recommending.

    Parameters
    ----------
    journey : JourneyMap
        Of :func:`exresearch.findings.analyses.journey_moments`.
    importance : pandas.DataFrame
        Of the same: ``who, moment, importance, conf_low, conf_high``; without rows there is no lower part.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        A moment, or a group at a moment, that too few people rated is not drawn.

    Returns
    -------
    Picture or Note
        A note where there is nothing to draw.
    """
    places = _places(journey, rules)
    if not places.shown:
        return NO_MAP
    groups = _groups(journey, places, rules)
    kinds = in_order(list(dict.fromkeys([*groups.get("group", []), *importance.get("who", [])])))
    weights = importance if len(importance) else None
    with style():
        width = max(_LEAST_WIDTH, _LEFT + _RIGHT + _PLACE * len(places.frame))
        legend = _LEGEND if kinds else 0.0
        height = _HEAD + _RATING + _NAMES + legend + _FOOT + (_WEIGHT if weights is not None else 0.0)
        figure = new_figure(height, width=width)
        below = height - _HEAD - _RATING
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=_HEAD, bottom=below)
        _frame(axes, places, journey, groups, texts)
        _bands(figure, axes, places, journey, texts, rules)
        _lines(axes, places, groups, kinds)
        _points(axes, places)
        _names(axes, places, texts)
        if kinds:
            _legend(figure, kinds, texts, top=(below - _NAMES) / height)
        if weights is not None:
            lower = add_axes(figure, left=_LEFT, right=_RIGHT, top=height - _FOOT - _WEIGHT, bottom=_FOOT)
            _weights(lower, places, weights, texts)
    return Picture(figure, *_said(journey, places, importance, texts))


def _places(journey: JourneyMap, rules: DisclosureRules) -> _Places:
    frame = journey.moments
    if frame.empty:
        return _Places(frame, {}, set())
    # Moments have no total from which a hidden one would follow: each row is a table by itself.
    hidden = release(frame[["moment", "people"]], count="people", rules=rules, within=["moment"]).hidden
    shown = frame[~hidden.to_numpy() & frame["estimate"].notna()]
    return _Places(frame, {name: float(i) for i, name in enumerate(frame["moment"])}, set(shown["moment"]))


def _groups(journey: JourneyMap, places: _Places, rules: DisclosureRules) -> pd.DataFrame:
    """Means by who rates, without those that too few people gave or that would give others away."""
    who = journey.who
    if who.empty or who["group"].nunique() < 2:
        return pd.DataFrame()
    hidden = release(who[["moment", "people"]], count="people", rules=rules, within=["moment"]).hidden
    return who[~hidden & who["estimate"].notna() & who["moment"].isin(places.shown)]


def _frame(axes: Axes, places: _Places, journey: JourneyMap, groups: pd.DataFrame, texts: Texts) -> None:
    shown = places.frame[places.frame["moment"].isin(places.shown)]
    ends = [
        *shown["estimate"],
        *shown["conf_low"].dropna(),
        *shown["conf_high"].dropna(),
        *groups.get("estimate", []),
    ]
    low, high = min(ends), max(ends)
    whole = journey.scale[1] - journey.scale[0]
    room = max(0.12 * (high - low), (_LEAST_SHARE * whole - (high - low)) / 2)
    axes.set_ylim(
        max(journey.scale[0] - 0.02 * whole, low - room), min(journey.scale[1] + 0.02 * whole, high + room)
    )
    axes.set_xlim(-0.5, len(places.frame) - 0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.yaxis.grid(True, color="white", linewidth=1.2)
    number_axis(axes.yaxis, "number1", texts, ticks=4)


def _bands(
    figure: Figure, axes: Axes, places: _Places, journey: JourneyMap, texts: Texts, rules: DisclosureRules
) -> None:
    """A tinted band per phase with its name and mean above it."""
    top = blended_transform_factory(axes.transData, axes.transAxes)
    per_inch = 1.0 / _RATING
    _tints(axes, places)
    for phase, part in places.frame.groupby("phase", sort=False):
        x = [places.x[name] for name in part["moment"]]
        left, right = min(x) - 0.5 + _GAP, max(x) + 0.5 - _GAP
        tint = _TINTS[str(part["employment"].iloc[0])]
        axes.add_patch(
            FancyBboxPatch(
                (left, 1.0 + 0.045 * per_inch),
                right - left,
                0.47 * per_inch,
                boxstyle="square,pad=0",
                transform=top,
                facecolor=tint,
                edgecolor="none",
                clip_on=False,
                zorder=0,
            )
        )
        label = part["phase_label"].iloc[0]
        name = texts.say("Not in the journey") if not phase else texts.pick(label)
        lines, size = _fitted(name, inches=(right - left) * _place(axes))
        found = journey.phases[journey.phases["phase"] == phase] if len(journey.phases) else journey.phases
        number = ""
        if (
            len(found)
            and int(found["people"].iloc[0]) >= rules.min_respondents
            and pd.notna(found["estimate"].iloc[0])
        ):
            number = texts.number(float(found["estimate"].iloc[0]), "number1")
        axes.text(
            (left + right) / 2,
            1.0 + (0.28 if not number else 0.40 if len(lines) == 1 else 0.385) * per_inch,
            "\n".join(lines),
            transform=top,
            ha="center",
            va="center",
            fontsize=size,
            weight="bold",
            linespacing=1.0,
        )
        if number:
            axes.text(
                (left + right) / 2,
                1.0 + (0.16 if len(lines) == 1 else 0.125) * per_inch,
                texts.say("mean {mean}", mean=number),
                transform=top,
                ha="center",
                va="center",
                fontsize=8.5,
                color=COLOURS["grey"],
            )


def _place(axes: Axes) -> float:
    """Inches from one moment to the next."""
    left, right = axes.get_xlim()
    inches = axes.get_position().width * axes.figure.get_figwidth()  # type: ignore[union-attr]
    return float(inches / (right - left))


def _fitted(name: str, *, inches: float) -> tuple[list[str], float]:
    """Lines and type size with which a name fits above its band; a bold letter of 10 points takes 0.086 inch."""
    for size in (9.5, 8.5, 7.5):
        if len(name) * 0.0086 * size <= inches:
            return [name], size
    return textwrap.wrap(name, max(int(inches / (0.0086 * 7.5)), 8), max_lines=2, placeholder=" …"), 7.5


def _lines(axes: Axes, places: _Places, groups: pd.DataFrame, kinds: list[str]) -> None:
    """Light lines of the kinds of people, a little beside the point that they belong to."""
    if groups.empty:
        return
    spread = np.linspace(-0.17, 0.17, len(kinds)) if len(kinds) > 1 else np.zeros(1)
    for who, shift in zip(kinds, spread, strict=True):
        part = groups[groups["group"] == who]
        if part.empty:
            continue
        kind = kind_of(who)
        part = part.assign(x=part["moment"].map(places.x)).sort_values("x")
        axes.plot(
            part["x"] + shift,
            part["estimate"].astype(float),
            color=kind.colour,
            linestyle=kind.dash,
            linewidth=1.1,
            alpha=0.75,
            marker=kind.marker,
            markersize=4,
            markeredgewidth=0,
            zorder=3,
        )


def _points(axes: Axes, places: _Places) -> None:
    ink = COLOURS["ink"]
    shown = [row for row in rows_of(places.frame) if row.moment in places.shown]
    for first, second in pairwise(shown):
        left, right = places.x[first.moment], places.x[second.moment]
        beside = right - left == 1
        axes.plot(
            [left, right],
            [first.estimate, second.estimate],
            color=ink,
            linewidth=2.2 if beside else 1.4,
            linestyle="-" if beside else (0, (1, 2)),
            zorder=4,
            solid_capstyle="round",
        )
    for row in shown:
        x = places.x[row.moment]
        if pd.notna(row.conf_low):
            axes.plot(
                [x, x],
                [row.conf_low, row.conf_high],
                color=ink,
                linewidth=2.0,
                zorder=5,
                solid_capstyle="butt",
            )
        axes.plot(
            [x],
            [row.estimate],
            marker="o",
            markersize=9.5,
            markerfacecolor=ink,
            markeredgecolor="white",
            markeredgewidth=1.6,
            zorder=6,
        )
    known = [places.x[row.moment] for row in shown]
    heights = [float(row.estimate) for row in shown]
    for name, x in places.x.items():
        if name not in places.shown:
            y = float(np.interp(x, known, heights))
            axes.plot([x], [y], marker="o", markersize=12, color="white", zorder=5)
            axes.plot(
                [x],
                [y],
                marker=_dashed_circle(),
                markersize=13,
                markerfacecolor="none",
                markeredgecolor=COLOURS["grey"],
                markeredgewidth=1.2,
                linestyle="none",
                zorder=6,
            )


def _dashed_circle() -> Any:
    """A circle of dashes, as a marker."""
    vertices: list[tuple[float, float]] = []
    codes: list[int] = []
    for start in np.linspace(0, 2 * np.pi, 10, endpoint=False):
        arc = np.linspace(start, start + 2 * np.pi / 10 * 0.6, 4)
        vertices += [(float(np.cos(a)), float(np.sin(a))) for a in arc]
        codes += [int(Path.MOVETO), *[int(Path.LINETO)] * 3]
    return Path(vertices, codes)


def _names(axes: Axes, places: _Places, texts: Texts) -> None:
    """Name, mean and number of people of each moment, below the map."""
    below = blended_transform_factory(axes.transData, axes.transAxes)
    for row in rows_of(places.frame):
        shown = row.moment in places.shown
        lines = textwrap.wrap(texts.pick(row.label), _WRAP, max_lines=2, placeholder=" …")
        x, colour = places.x[row.moment], COLOURS["ink"] if shown else COLOURS["grey"]
        axes.text(
            x, -0.05 / _RATING, "\n".join(lines), transform=below, ha="center", va="top", fontsize=9,
            color=colour, linespacing=1.1,
        )  # fmt: skip
        if shown:
            text = texts.number(float(row.estimate), "number1")
            axes.text(
                x, -0.40 / _RATING, text, transform=below, ha="center", va="top", fontsize=10.5, weight="bold"
            )
            note = texts.say("n = {n:integer}", n=int(row.people))
        else:
            note = texts.say("not asked") if not row.n else texts.say("too few")
        axes.text(
            x, -0.59 / _RATING if shown else -0.42 / _RATING, note, transform=below, ha="center", va="top",
            fontsize=8, color=COLOURS["grey"], style="normal" if shown else "italic",
        )  # fmt: skip


def _legend(figure: Figure, kinds: list[str], texts: Texts, *, top: float) -> None:
    """Who is who, in one row over the width of the figure."""
    width, height = figure.get_size_inches()
    y = top - 0.14 / height
    # Type of 8.5 points takes about 0.068 inch per letter.
    sizes = [0.30 + 0.068 * len(kind_name(who, texts)) for who in kinds]
    x = max(0.1, (width - sum(sizes) - 0.15 * (len(sizes) - 1)) / 2)
    for who, size in zip(kinds, sizes, strict=True):
        kind = kind_of(who)
        figure.add_artist(
            Line2D(
                [x / width, (x + 0.22) / width],
                [y, y],
                color=kind.colour,
                linestyle=kind.dash,
                linewidth=1.3,
                marker=kind.marker,
                markersize=5,
                markevery=[0],
                markeredgewidth=0,
            )
        )
        figure.text((x + 0.28) / width, y, kind_name(who, texts), va="center", fontsize=8.5)
        x += size + 0.15


def _tints(axes: Axes, places: _Places) -> None:
    """The tint of every phase, over the height of the axes."""
    top = blended_transform_factory(axes.transData, axes.transAxes)
    for _, part in places.frame.groupby("phase", sort=False):
        x = [places.x[name] for name in part["moment"]]
        left, right = min(x) - 0.5 + _GAP, max(x) + 0.5 - _GAP
        tint = _TINTS[str(part["employment"].iloc[0])]
        axes.add_patch(
            Rectangle(
                (left, 0.0), right - left, 1.0, transform=top, facecolor=tint, edgecolor="none", zorder=0
            )
        )


def _weights(axes: Axes, places: _Places, importance: pd.DataFrame, texts: Texts) -> None:
    """What each moment weighs in recommending, per kind of people that rates it."""
    axes.set_xlim(-0.5, len(places.frame) - 0.5)
    axes.set_ylim(0, float(importance["conf_high"].max()) * 1.12)
    axes.set_xticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.yaxis.grid(True, color="white", linewidth=1.2)
    number_axis(axes.yaxis, "percent0", texts, ticks=3)
    _tints(axes, places)
    raters = {name: in_order(list(part["who"])) for name, part in importance.groupby("moment")}
    for row in rows_of(importance[importance["moment"].isin(places.shown)]):
        beside = raters[row.moment].index(row.who) - (len(raters[row.moment]) - 1) / 2
        kind, x = kind_of(row.who), places.x[row.moment] + 0.17 * beside
        axes.plot(
            [x, x],
            [0, row.importance],
            color=kind.colour,
            linewidth=5,
            alpha=0.30,
            solid_capstyle="butt",
            zorder=2,
        )
        axes.plot([x, x], [row.conf_low, row.conf_high], color=kind.colour, linewidth=1.3, zorder=3)
        axes.plot(
            [x],
            [row.importance],
            marker=kind.marker,
            color=kind.colour,
            markersize=5.5,
            markeredgewidth=0,
            zorder=4,
        )
    transform = blended_transform_factory(axes.figure.transFigure, axes.transAxes)
    axes.text(
        0.006, 1 + 0.03 / _WEIGHT, texts.say("Weight in recommending the employer"), transform=transform, va="bottom",
        fontsize=8.5, color=COLOURS["grey"],
    )  # fmt: skip


def _said(
    journey: JourneyMap, places: _Places, importance: pd.DataFrame, texts: Texts
) -> tuple[str, str, str]:
    """Caption, alternative text and takeaway."""
    shown = places.frame[places.frame["moment"].isin(places.shown)]
    ranked = shown.sort_values("estimate", kind="stable")
    best, worst = ranked.iloc[-1], ranked.iloc[0]
    apart = len(shown) > 1 and best["conf_low"] > worst["conf_high"]
    if apart:
        takeaway = texts.say(
            "“{best}” is rated best ({high:number1}) and “{worst}” worst ({low:number1}).",
            best=texts.pick(best["label"]),
            worst=texts.pick(worst["label"]),
            high=float(best["estimate"]),
            low=float(worst["estimate"]),
        )
    else:
        takeaway = texts.say(
            "No moment stands out: the ratings lie closer together than their intervals are wide."
        )
    if len(importance):
        first = importance.sort_values("importance", kind="stable").iloc[-1]
        named = places.frame.loc[places.frame["moment"] == first["moment"], "label"].iloc[0]
        takeaway += " " + texts.say("In recommending, “{moment}” weighs most.", moment=texts.pick(named))
    low, high = journey.scale
    caption = texts.say(
        "Mean rating of every contact moment on a scale of {low:number0} to {high:number0} (the axis shows a part of "
        "it), with {intervals}; the light lines are who rated. Below: share of the differences in recommending that "
        "a moment accounts for, per kind of people. An empty dashed circle was not asked about, or by too few.",
        low=low,
        high=high,
        intervals=intervals_name(shown, texts),
    )
    said = []
    for row in rows_of(places.frame):
        if row.moment in places.shown:
            said.append(
                texts.say(
                    "{moment}: {estimate:number1}, interval {limits}.",
                    moment=texts.pick(row.label),
                    estimate=float(row.estimate),
                    limits=interval(
                        float(row.conf_low), float(row.conf_high), "number1", language=texts.language
                    )
                    if pd.notna(row.conf_low)
                    else "–",
                )
            )
        else:
            said.append(texts.say("{moment}: a gap.", moment=texts.pick(row.label)))
    return caption, " ".join([takeaway, *said]), takeaway
