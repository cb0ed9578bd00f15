"""Labelled rows with intervals: the form that most figures share."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from exresearch.report.theme import COLOURS, add_axes, new_figure

# Inches: a line of a label, and the least height of a row.
LINE, ROW = 0.168, 0.40
# Inches between the labels of two rows.
AIR = 0.16


def rows_axes(
    labels: Sequence[str],
    *,
    left: float = 1.95,
    right: float = 1.0,
    top: float = 0.15,
    bottom: float = 0.62,
    wrap: int = 25,
    least: float = ROW,
    air: float = AIR,
    bold: Sequence[bool] | None = None,
) -> tuple[Figure, Axes, list[float]]:
    """Make a figure of labelled rows.

    Parameters
    ----------
    labels : sequence of str
        One per row, from the top; wrapped at ``wrap`` characters, cut after four lines.
    left, right, top, bottom : float
        Margins in inches; labels stand in the left one.
    least : float
        Least height of a row in inches, for rows whose value takes several lines.
    air : float
        Inches between the labels of two rows.
    bold : sequence of bool, optional
        Rows whose label is emphasised.

    Returns
    -------
    tuple of Figure, Axes and list of float
        Figure, axes and the y of each row (in inches from the top of the axes).
    """
    figure, panels = rows_panels(
        [labels], left=left, right=right, top=top, bottom=bottom, wrap=wrap, least=least, air=air, bold=bold
    )
    return figure, *panels[0]


def rows_panels(
    groups: Sequence[Sequence[str]],
    *,
    left: float = 1.95,
    right: float = 1.0,
    top: float = 0.15,
    bottom: float = 0.62,
    wrap: int = 25,
    least: float = ROW,
    air: float = AIR,
    bold: Sequence[bool] | None = None,
) -> tuple[Figure, list[tuple[Axes, list[float]]]]:
    """Make a figure of several panels of labelled rows below each other, each with an axis of its own.

    Parameters
    ----------
    groups : sequence of sequences of str
        Labels per panel; the other parameters are those of :func:`rows_axes`, with ``top`` and ``bottom``
        for every panel and ``bold`` for the rows of the first.

    Returns
    -------
    tuple of Figure and list of (Axes, list of float)
        Figure, and per panel its axes and the y of each row.
    """
    wrapped = [
        [textwrap.wrap(label, wrap, max_lines=4, placeholder=" …") or [""] for label in labels]
        for labels in groups
    ]
    heights = [[max(least, LINE * len(lines) + air) for lines in panel] for panel in wrapped]
    totals = [sum(panel) + top + bottom for panel in heights]
    figure = new_figure(sum(totals))
    panels = []
    for number, (lines_of, rows) in enumerate(zip(wrapped, heights, strict=True)):
        above, below = sum(totals[:number]), sum(totals[number + 1 :])
        axes = add_axes(figure, left=left, right=right, top=above + top, bottom=below + bottom)
        axes.set_ylim(sum(rows), 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.grid(True)
        transform = blended_transform_factory(figure.transFigure, axes.transData)
        start, positions = 0.0, []
        for index, (lines, height) in enumerate(zip(lines_of, rows, strict=True)):
            positions.append(start + height / 2)
            start += height
            weight = "bold" if bold is not None and number == 0 and bold[index] else "normal"
            axes.text(
                0.004,
                positions[-1],
                "\n".join(lines),
                transform=transform,
                va="center",
                ha="left",
                fontsize=9.5,
                weight=weight,
            )
        panels.append((axes, positions))
    return figure, panels


def row_value(
    axes: Axes, y: float, text: str, *, colour: str = COLOURS["ink"], bold: bool = False, wrap: int = 18
) -> None:
    """Write a value in the right margin of a row, broken after ``wrap`` characters."""
    transform = blended_transform_factory(axes.transAxes, axes.transData)
    weight = "bold" if bold else "normal"
    text = "\n".join(part for line in text.split("\n") for part in textwrap.wrap(line, wrap))
    axes.annotate(
        text,
        (1, y),
        xycoords=transform,
        xytext=(11, 0),
        textcoords="offset points",
        va="center",
        ha="left",
        fontsize=9,
        color=colour,
        weight=weight,
        annotation_clip=False,
    )


def headroom(axes: Axes, text: str, *, lift: float = 0.10) -> None:
    """Write a small heading ``lift`` inches above the axes, left-aligned with the page."""
    transform = blended_transform_factory(axes.figure.transFigure, axes.transAxes)
    inches = axes.get_position().height * axes.figure.get_figheight()  # type: ignore[union-attr]
    axes.text(
        0.004,
        1 + lift / inches,
        text,
        transform=transform,
        va="bottom",
        ha="left",
        fontsize=9.5,
        color=COLOURS["grey"],
    )


def column_head(axes: Axes, text: str, *, lift: float = 0.10) -> None:
    """Write what the values in the right margin are, ``lift`` inches above the axes."""
    inches = axes.get_position().height * axes.figure.get_figheight()  # type: ignore[union-attr]
    axes.annotate(
        text,
        (1, 1 + lift / inches),
        xycoords="axes fraction",
        xytext=(11, 0),
        textcoords="offset points",
        va="bottom",
        ha="left",
        fontsize=9,
        color=COLOURS["grey"],
        annotation_clip=False,
    )


def draw_interval(
    axes: Axes,
    y: float,
    estimate: float,
    low: float,
    high: float,
    *,
    colour: str,
    marker: str = "o",
    filled: bool = True,
    size: float = 7.0,
) -> None:
    """Draw an estimate with its interval on a horizontal axis whose limits are already set.

    What lies beyond the axis is drawn up to its edge and ends in an arrow, so that a wide interval never
    hides the others.
    """
    left, right = axes.get_xlim()
    if math.isfinite(low) and math.isfinite(high) and high >= left and low <= right:
        _line(
            axes,
            [max(low, left), min(high, right)],
            [y, y],
            color=colour,
            linewidth=2.2,
            solid_capstyle="round",
            zorder=3,
        )
    # The arrows stand at the edge of the axes, whatever its value: they are no estimate.
    edges = axes.get_yaxis_transform()
    for beyond, edge, arrow in ((low < left, 0.0, "<"), (high > right, 1.0, ">")):
        if beyond:
            _line(
                axes, [edge], [y], marker=arrow, color=colour, markersize=6, clip_on=False, zorder=4,
                transform=edges,
            )  # fmt: skip
    if left <= estimate <= right:
        face = colour if filled else "white"
        _line(
            axes,
            [estimate],
            [y],
            marker=marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=colour,
            markeredgewidth=1.6,
            linestyle="none",
            zorder=5,
            clip_on=False,
        )


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], **look: Any) -> None:
    """``axes.plot`` without the search for new limits of the axes, which takes longer than the line."""
    axes.add_artist(Line2D(x, y, **look))
