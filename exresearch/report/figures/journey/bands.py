"""The frame of a journey map: bands of the phases, names below, and who is who."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.transforms import blended_transform_factory

from exresearch.report.figures.journey.kinds import Kind, kind_name, kind_of
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, rows_of

#: Inches: height of the part with the ratings.
RATING = 2.35
_TINTS = {"before": "#e7f1f8", "during": "#eef0f3", "after": "#fbefe6", "": "#ffffff"}
_WRAP = 12
_GAP = 0.025


@dataclass(frozen=True, slots=True)
class Places:
    """Moments to draw, as they were released, the x of each, which may be shown, and which were rated at all."""

    frame: pd.DataFrame
    x: dict[str, float]
    shown: set[str]
    rated: set[str]


def tints(axes: Axes, places: Places) -> None:
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


def bands(axes: Axes, places: Places, means: Mapping[str, float], texts: Texts) -> None:
    """A tinted band per phase with its name and, where it may be shown, its mean above it."""
    top = blended_transform_factory(axes.transData, axes.transAxes)
    per_inch = 1.0 / RATING
    tints(axes, places)
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
        number = texts.number(means[str(phase)], "number1") if str(phase) in means else ""
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


def names(axes: Axes, places: Places, texts: Texts) -> None:
    """Name, mean and number of people of each moment, below the map."""
    below = blended_transform_factory(axes.transData, axes.transAxes)
    for row in rows_of(places.frame):
        shown = row.moment in places.shown
        lines = textwrap.wrap(texts.pick(row.label), _WRAP, max_lines=2, placeholder=" …")
        x, colour = places.x[row.moment], COLOURS["ink"] if shown else COLOURS["grey"]
        axes.text(
            x, -0.05 / RATING, "\n".join(lines), transform=below, ha="center", va="top", fontsize=9,
            color=colour, linespacing=1.1,
        )  # fmt: skip
        if shown:
            text = texts.number(float(row.estimate), "number1")
            axes.text(
                x, -0.40 / RATING, text, transform=below, ha="center", va="top", fontsize=10.5, weight="bold"
            )
            note = texts.say("n = {n:integer}", n=int(row.people))
        else:
            note = texts.say("too few") if row.moment in places.rated else texts.say("not asked")
        axes.text(
            x, -0.59 / RATING if shown else -0.42 / RATING, note, transform=below, ha="center", va="top",
            fontsize=8, color=COLOURS["grey"], style="normal" if shown else "italic",
        )  # fmt: skip


def legend(figure: Figure, kinds: list[str], texts: Texts, *, top: float) -> None:
    """Who is who, in one row over the width of the figure."""
    width, height = figure.get_size_inches()
    y = top - 0.14 / height
    named = [(kind_of(who), kind_name(who, texts)) for who in kinds]
    if len(named) > 1:
        named.insert(0, (Kind(COLOURS["ink"], "o", "-", ""), texts.say("Everybody")))
    # Type of 8.5 points takes about 0.068 inch per letter.
    sizes = [0.30 + 0.068 * len(name) for _, name in named]
    room = sum(sizes) + 0.15 * (len(sizes) - 1)
    # Many kinds, or long names: smaller, so that the last one is not cut.
    part = min(1.0, (width - 0.1) / room)
    x = (width - part * room) / 2
    for (kind, name), size in zip(named, sizes, strict=True):
        figure.add_artist(
            Line2D(
                [x / width, (x + 0.22 * part) / width],
                [y, y],
                color=kind.colour,
                linestyle=kind.dash,
                linewidth=1.3 if kind.name else 2.2,
                marker=kind.marker,
                markersize=5,
                markevery=[0],
                markeredgewidth=0,
            )
        )
        figure.text((x + 0.28 * part) / width, y, name, va="center", fontsize=8.5 * part)
        x += part * (size + 0.15)
