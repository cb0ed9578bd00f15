"""One visual language for every figure: colours, type, labelled rows, and SVG that is the same byte for byte."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from matplotlib.transforms import blended_transform_factory

from exresearch.report.text import Texts

# Okabe and Ito's colours, told apart by readers with any colour vision; text only in the dark ones.
COLOURS = {
    "blue": "#0072B2", "orange": "#D55E00", "green": "#00795A", "sky": "#56B4E9",
    "ink": "#1b1f24", "grey": "#5b6470", "light": "#c9ced6", "band": "#e8edf3",
}  # fmt: skip
# 5.4 inches: wide enough for a page, and 10 points stay legible when the picture is scaled to a telephone.
WIDTH = 5.4
LINE, ROW = 0.168, 0.40
_FONTS = "'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
_RC: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 10, "axes.labelsize": 9.5,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "axes.edgecolor": COLOURS["grey"], "axes.labelcolor": COLOURS["grey"],
    "xtick.color": COLOURS["grey"], "ytick.color": COLOURS["grey"], "text.color": COLOURS["ink"], "axes.linewidth": 0.8,
    "grid.color": "#e3e6ea", "grid.linewidth": 0.8, "axes.axisbelow": True, "svg.fonttype": "none",
    "svg.hashsalt": "exresearch", "text.parse_math": False, "axes.unicode_minus": True,
    "figure.facecolor": "white", "savefig.facecolor": "white",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with everything that a page says about it, in the reader's language.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        Drawn outside pyplot, so that nothing has to be closed.
    caption : str
        What is shown, and on how many answers.
    alt : str
        The finding in words, for who cannot see the figure.
    takeaway : str
        One sentence to remember.
    """

    figure: Figure
    caption: str
    alt: str
    takeaway: str

    def __post_init__(self) -> None:
        empty = [name for name in ("caption", "alt", "takeaway") if not getattr(self, name).strip()]
        if empty:
            raise ValueError(
                f"a picture needs a caption, alt text and a takeaway; empty: {', '.join(empty)}."
            )


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style: ``with style(): ...``; the caller's settings come back afterwards."""
    with rc_context({**sns.axes_style("white"), **_RC}):
        yield


def new_figure(height: float, *, width: float = WIDTH) -> Figure:
    """Return an empty figure of the house's width; ``height`` in inches."""
    return Figure(figsize=(width, height))


def add_axes(figure: Figure, *, left: float, right: float, top: float, bottom: float) -> Axes:
    """Add axes with margins in inches, so that text beside them keeps its room at every height."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    sns.despine(ax=axes)
    return axes


def rows_axes(
    labels: Sequence[str],
    *,
    left: float = 1.95,
    right: float = 1.0,
    top: float = 0.15,
    bottom: float = 0.62,
    wrap: int = 25,
    least: float = ROW,
    bold: Sequence[bool] | None = None,
) -> tuple[Figure, Axes, list[float]]:
    """Make a figure of labelled rows.

    Parameters
    ----------
    labels : sequence of str
        One per row, from the top; wrapped at ``wrap`` characters, cut after three lines.
    left, right, top, bottom : float
        Margins in inches; labels stand in the left one.
    least : float
        Least height of a row in inches, for rows whose value takes several lines.
    bold : sequence of bool, optional
        Rows whose label is emphasised.

    Returns
    -------
    tuple of Figure, Axes and list of float
        Figure, axes and the y of each row (in inches from the top of the axes).
    """
    figure, panels = rows_panels(
        [labels], left=left, right=right, top=top, bottom=bottom, wrap=wrap, least=least, bold=bold
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
        [textwrap.wrap(label, wrap, max_lines=3, placeholder=" …") or [""] for label in labels]
        for labels in groups
    ]
    heights = [[max(least, LINE * len(lines) + 0.16) for lines in panel] for panel in wrapped]
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


def headroom(axes: Axes, text: str) -> None:
    """Write a small heading above the axes, left-aligned with the page."""
    transform = blended_transform_factory(axes.figure.transFigure, axes.transAxes)
    inches = axes.get_position().height * axes.figure.get_figheight()  # type: ignore[union-attr]
    axes.text(
        0.004,
        1 + 0.10 / inches,
        text,
        transform=transform,
        va="bottom",
        ha="left",
        fontsize=9.5,
        color=COLOURS["grey"],
    )


def number_axis(axis: Axis, spec: str, texts: Texts, *, ticks: int = 5) -> None:
    """Write the ticks of an axis as the reader's language does, at most ``ticks`` of them."""
    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10], integer=spec == "integer"))
    axis.set_major_formatter(FuncFormatter(lambda value, _: texts.number(float(value), spec)))
    axis.set_minor_formatter(NullFormatter())


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
        axes.plot(
            [max(low, left), min(high, right)],
            [y, y],
            color=colour,
            linewidth=2.2,
            solid_capstyle="round",
            zorder=3,
        )
    for beyond, edge, arrow in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot([edge], [y], marker=arrow, color=colour, markersize=6, clip_on=False, zorder=4)
    if left <= estimate <= right:
        face = colour if filled else "white"
        axes.plot(
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


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame as named tuples, for drawing them one by one."""
    return list(frame.itertuples())


def intervals_name(frame: pd.DataFrame | None, texts: Texts, *, level: float | None = None) -> str:
    """Name the intervals of a figure: "95% intervals" where ``conf_level`` says their level, else "intervals"."""
    levels = set(frame["conf_level"].dropna()) if frame is not None and "conf_level" in frame else set()
    if level is None and len(levels) == 1:
        level = float(levels.pop())
    return texts.say("intervals") if level is None else texts.say("{level:percent0} intervals", level=level)


def require(frame: pd.DataFrame, columns: Sequence[str], *, figure: str) -> None:
    """Check that a frame can be drawn.

    Raises
    ------
    ValueError
        If columns are missing (all are named) or there is no row.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"{figure} needs the columns {', '.join(columns)}; missing: {', '.join(missing)}.")
    if frame.empty:
        raise ValueError(f"{figure} needs at least one row; got none.")


def svg(figure: Figure) -> str:
    """Draw a figure as SVG text that depends on nothing but the figure.

    Type is measured with matplotlib's own font and shown in the reader's, which is narrower; so files are
    small and nothing overlaps.

    Returns
    -------
    str
        An ``<svg>`` element without prologue or metadata.
    """
    stream = io.StringIO()
    with style():
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"'DejaVu Sans'(, [^;\"]*)?(?=[;\"])", _FONTS, text).strip() + "\n"
