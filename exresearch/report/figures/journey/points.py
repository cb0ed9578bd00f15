"""What a journey map shows: the line and its points, who rated, and what every moment weighs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.transforms import blended_transform_factory

from exresearch.report.figures.journey.bands import Places, tints
from exresearch.report.figures.journey.kinds import in_order, kind_of
from exresearch.report.text import Texts
from exresearch.report.theme import COLOURS, number_axis, rows_of

#: Inches: height of the part with the weights.
WEIGHT = 1.15
#: Where the points of the kinds of people stand, by how many rated a moment: beside the dark point and never under it.
_BESIDE = ((), (0.0,), (-0.2, 0.2), (-0.2, 0.2, 0.34), (-0.34, -0.2, 0.2, 0.34))


def lines(axes: Axes, places: Places, groups: pd.DataFrame, kinds: list[str]) -> None:
    """Coloured lines of the kinds of people, their points beside the one that they belong to."""
    if groups.empty:
        return
    raters = {
        name: [who for who in kinds if who in set(part["group"])] for name, part in groups.groupby("moment")
    }
    for who in kinds:
        part = groups[groups["group"] == who]
        if part.empty:
            continue
        kind = kind_of(who)
        beside = [_BESIDE[len(raters[name])][raters[name].index(who)] for name in part["moment"]]
        part = part.assign(x=part["moment"].map(places.x) + beside).sort_values("x")
        if "conf_low" in part:
            axes.vlines(
                part["x"].astype(float),
                part["conf_low"].astype(float),
                part["conf_high"].astype(float),
                color=kind.colour,
                linewidth=1.1,
                alpha=0.6,
                zorder=3.5,
            )
        axes.plot(
            part["x"],
            part["estimate"].astype(float),
            color=kind.colour,
            linestyle=kind.dash,
            linewidth=1.6,
            alpha=0.9,
            marker=kind.marker,
            markersize=5,
            markeredgewidth=0,
            zorder=4.5,
        )


def gaps(places: Places) -> pd.DataFrame:
    """Places of the moments that may not be shown, on the line between those beside them, and who is behind these."""
    shown = places.frame[places.frame["moment"].isin(places.shown)]
    hidden = [x for name, x in places.x.items() if name not in places.shown]
    known = [places.x[name] for name in shown["moment"]]
    heights = np.interp(hidden, known, shown["estimate"].to_numpy(dtype=float)) if hidden else []
    return pd.DataFrame({"place": hidden, "height": heights, "people": int(shown["people"].min())})


def points(axes: Axes, places: Places, empty: pd.DataFrame) -> None:
    """The line through the moments with its points and intervals; empty dashed circles where there is a gap."""
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
    for row in rows_of(empty):
        axes.plot([row.place], [row.height], marker="o", markersize=12, color="white", zorder=5)
        axes.plot(
            [row.place],
            [row.height],
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


def weights(axes: Axes, places: Places, importance: pd.DataFrame, texts: Texts) -> None:
    """What each moment weighs in recommending, per kind of people that rates it."""
    axes.set_xlim(-0.5, len(places.frame) - 0.5)
    axes.set_ylim(0, float(importance["conf_high"].max()) * 1.08)
    axes.set_xticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.yaxis.grid(True, color="white", linewidth=1.2)
    number_axis(axes.yaxis, "percent0", texts, ticks=3)
    tints(axes, places)
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
        0.006, 1 + 0.09 / WEIGHT, texts.say("Weight in recommending the employer"), transform=transform, va="bottom",
        fontsize=8.5, color=COLOURS["grey"],
    )  # fmt: skip
