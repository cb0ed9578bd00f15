"""An outcome over two measures as a landscape, and two walks through it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings.note import Note, NoteValue
from exresearch.report.numbers import interval
from exresearch.report.text import Texts, mark
from exresearch.report.theme import (
    COLOURS,
    Picture,
    add_axes,
    intervals_name,
    new_figure,
    number_axis,
    require,
    style,
)

NO_SURFACE = Note(message="There are too few units around the average to draw a surface.")
# Light to middling blue: dark enough to tell the bands apart, light enough for figures on them.
_BANDS = LinearSegmentedColormap.from_list("bands", ["#f3f6fa", "#bcd6eb", "#5aa0d2"])
_LANDSCAPE, _WALK, _FOOT = 3.75, 1.45, 0.58
_LEFT, _RIGHT = 0.74, 0.08
_NAMES = {"congruence": mark("In step"), "incongruence": mark("Apart")}
_STROKES: dict[str, Any] = {"congruence": "solid", "incongruence": (0, (4, 2))}


@dataclass(frozen=True, slots=True)
class LandscapeWords:
    """What a landscape says, as messages; each may name ``outcome``.

    Attributes
    ----------
    heading, caption : str
        The caption may name ``least``, ``n`` and ``intervals`` as well.
    y_ahead, x_ahead : str
        The corner, and the end of the line, at which one of the two is ahead.
    apart, worse : dict of str to str
        Takeaway by what the interval of curvature, and of slope, along the line of difference says: ``up, down, open``.
    slope_first : bool
        Whether the slope is spoken of first.
    """

    heading: str
    caption: str
    y_ahead: str
    x_ahead: str
    apart: Mapping[str, str]
    worse: Mapping[str, str]
    slope_first: bool = False


_BOTH_LOW, _BOTH_HIGH = mark("both low"), mark("both high")


def landscape(
    grid: pd.DataFrame,
    *,
    region: pd.DataFrame,
    along: pd.DataFrame,
    scales: Mapping[str, tuple[float, float]],
    labels: Mapping[str, str],
    shares: frozenset[str] = frozenset(),
    slope: tuple[float, float],
    curvature: tuple[float, float],
    n: int,
    least: int,
    words: LandscapeWords,
    texts: Texts,
) -> Picture | Note:
    """Draw a predicted outcome by two measures, and along the lines of agreement and difference.

    Parameters
    ----------
    grid, region, along : pandas.DataFrame
        As :mod:`exresearch.findings.analyses.balance.surface` makes them; nothing outside the region is drawn.
    scales : mapping of str to (float, float)
        Value at zero and size of one unit of ``x`` and ``y``, for the axes.
    labels : mapping of str to str
        Of ``x``, ``y`` and ``outcome``, in the reader's language.
    shares : set of str
        Which of the three are shares.
    slope, curvature : (float, float)
        Their intervals along the line of difference; the takeaway claims no more than these exclude.
    n, least : int
        Units or people behind the surface, and how many there must be.
    words : LandscapeWords
        What is said. ``n_units`` is another name for ``n`` in them.
    texts : Texts
        Language of the reader.

    Returns
    -------
    Picture or Note
        The note where there is no region, or where there are too few behind it.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if region.empty or n < least:
        return NO_SURFACE
    require(grid, ["x", "y", "estimate"], figure="landscape")
    require(along, ["line", "position", "estimate", "conf_low", "conf_high"], figure="landscape")
    shown = [
        release(frame, count=n, rules=DisclosureRules(), name=name)
        for frame, name in ((grid, "Surface"), (along, "Lines along the surface"))
    ]
    if any(released.n_hidden for released in shown):
        return NO_SURFACE
    spec = _spec(along, share="outcome" in shares)
    height = 0.34 + _LANDSCAPE + 0.62 + 0.55 + _WALK + _FOOT
    with style():
        figure = new_figure(height)
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=0.34, bottom=height - 0.34 - _LANDSCAPE)
        _heading(figure, 0.02, height, _say(texts, words.heading, outcome=labels["outcome"]))
        _draw(axes, grid, region, along, words=words, texts=texts, spec=spec)
        for axis, side in ((axes.xaxis, "x"), (axes.yaxis, "y")):
            _own_ticks(axis, *scales[side], share=side in shares, texts=texts)
        axes.set_xlabel("\n".join(textwrap.wrap(labels["x"], 60)), labelpad=5)
        axes.set_ylabel("\n".join(textwrap.wrap(labels["y"], 44)), labelpad=5)
        _heading(figure, 0.02, height, texts.say("Along both lines"), top=0.34 + _LANDSCAPE + 0.62)
        lowest, highest = float(along["conf_low"].min()), float(along["conf_high"].max())
        wide = (figure.get_figwidth() - _LEFT - _RIGHT - 0.35) / 2
        for number, line in enumerate(_NAMES):
            panel = add_axes(
                figure,
                left=_LEFT + number * (wide + 0.35),
                right=_RIGHT + (1 - number) * (wide + 0.35),
                top=height - _WALK - _FOOT,
                bottom=_FOOT,
            )
            _walk(panel, along[along["line"] == line], line, words=words, texts=texts)
            pad = 0.05 * (highest - lowest)
            panel.set_ylim(lowest - pad, highest + pad)
            number_axis(panel.yaxis, spec, texts, ticks=4)
            if number:
                panel.tick_params(labelleft=False)
    said_of = ((words.apart, curvature), (words.worse, slope))
    takeaway = " ".join(
        _say(texts, said[_sign(limits)], outcome=labels["outcome"])
        for said, limits in (said_of[::-1] if words.slope_first else said_of)
    )
    caption = _say(
        texts,
        words.caption,
        outcome=labels["outcome"],
        least=least,
        n=n,
        n_units=n,
        intervals=intervals_name(along, texts),
    )
    return Picture(figure, caption, f"{takeaway} {_told(along, spec, words, texts)}", takeaway, shown)


def _say(texts: Texts, message: str, **values: NoteValue) -> str:
    """Say a message with those of the values that it names."""
    named = {name for name in values if f"{{{name}}}" in message or f"{{{name}:" in message}
    return texts.say(message, **{name: values[name] for name in named})


def _ends(words: LandscapeWords) -> dict[str, tuple[str, str]]:
    return {"congruence": (_BOTH_LOW, _BOTH_HIGH), "incongruence": (words.y_ahead, words.x_ahead)}


def _draw(
    axes: Axes,
    grid: pd.DataFrame,
    region: pd.DataFrame,
    along: pd.DataFrame,
    *,
    words: LandscapeWords,
    texts: Texts,
    spec: str,
) -> None:
    steps = np.sort(grid["x"].unique())
    values = grid.pivot(index="y", columns="x", values="estimate").to_numpy()
    outline = Polygon(
        region[["x", "y"]].to_numpy(),
        closed=True,
        facecolor="none",
        edgecolor=COLOURS["light"],
        linewidth=0.8,
    )
    axes.add_patch(outline)
    inside = outline.get_path().contains_points(grid[["x", "y"]].to_numpy())
    seen = grid.loc[inside, "estimate"]
    levels = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(float(seen.min()), float(seen.max()))
    bands = axes.contourf(steps, steps, values, levels=levels, cmap=_BANDS, extend="both")
    lines = axes.contour(steps, steps, values, levels=levels, colors=COLOURS["grey"], linewidths=0.7)
    for drawn in (bands, lines):
        drawn.set_clip_path(outline)
    half = 1.07 * float(region["y"].abs().max())
    box = axes.get_position()
    figure = axes.figure
    ratio = (box.width * figure.get_figwidth()) / (box.height * figure.get_figheight())  # type: ignore[union-attr]
    half = max(half, 1.03 * float(region["x"].abs().max()) / ratio)
    axes.set_xlim(-half * ratio, half * ratio)
    axes.set_ylim(-half, half)
    halo = [withStroke(linewidth=2.2, foreground="white", alpha=0.75)]
    for line, stroke in _STROKES.items():
        at = along.loc[along["line"] == line, "position"].to_numpy()
        ends = np.array([at.min(), at.max()])
        turn = 1.0 if line == "congruence" else -1.0
        axes.plot(ends, turn * ends, color=COLOURS["ink"], linewidth=1.6, linestyle=stroke, zorder=4)
        # Above the line, near the end where the landscape has most room.
        spot = 0.62 * ends[1] if line == "congruence" else 0.62 * ends[0]
        axes.text(
            spot - 0.035 * half,
            turn * spot + turn * 0.035 * half if turn > 0 else -spot - 0.035 * half,
            texts.say(_NAMES[line]).lower(),
            rotation=45 * turn,
            rotation_mode="anchor",
            ha="center",
            va="bottom" if turn > 0 else "top",
            fontsize=9,
            color=COLOURS["ink"],
            path_effects=halo,
            zorder=6,
        )
    _level_labels(axes, lines, outline, texts=texts, spec=spec, halo=halo)
    axes.plot([0], [0], marker="o", markersize=5, color=COLOURS["ink"], zorder=5)
    middle = along["estimate"].to_numpy()[int(along["position"].abs().to_numpy().argmin())]
    axes.text(
        0.11 * half, 0, texts.number(float(middle), spec), ha="left", va="center", fontsize=8.5, weight="bold",
        color=COLOURS["ink"], path_effects=halo, zorder=6,
    )  # fmt: skip
    corners = (
        (0.985, 0.985, "right", "top", _BOTH_HIGH),
        (0.015, 0.015, "left", "bottom", _BOTH_LOW),
        (0.015, 0.985, "left", "top", words.y_ahead),
        (0.985, 0.015, "right", "bottom", words.x_ahead),
    )
    for x, y, across, up, said in corners:
        axes.text(
            x, y, texts.say(said), transform=axes.transAxes, ha=across, va=up, fontsize=9, color=COLOURS["grey"]
        )  # fmt: skip


def _level_labels(axes: Axes, lines: Any, outline: Polygon, *, texts: Texts, spec: str, halo: Any) -> None:
    """Write each level once, where its line is within the outline and furthest from both diagonals and the edges."""
    path = outline.get_path()
    edge = 0.80 * axes.get_ylim()[1]
    for level, segments in zip(lines.levels, lines.allsegs, strict=True):
        points = np.vstack([part for part in segments if len(part)] or [np.empty((0, 2))])
        points = points[path.contains_points(points * 1.05)] if len(points) else points
        if not len(points):
            continue
        x, y = points.T
        clear = np.minimum(np.abs(x - y), np.abs(x + y)) + 0.05 * (x > 0) + 0.02 * (y > 0)
        # At the edges stand the names of the corners; a line that is nowhere else keeps its place.
        clear = clear - 1e3 * (np.abs(y) > edge)
        spot = points[int(clear.argmax())]
        axes.text(
            spot[0], spot[1], texts.number(float(level), spec), ha="center", va="center", fontsize=8.5,
            color=COLOURS["ink"], path_effects=halo, zorder=6,
        )  # fmt: skip


def _walk(axes: Axes, rows: pd.DataFrame, line: str, *, words: LandscapeWords, texts: Texts) -> None:
    axes.fill_between(
        rows["position"], rows["conf_low"], rows["conf_high"], color=COLOURS["blue"], alpha=0.18, linewidth=0
    )
    axes.plot(
        rows["position"], rows["estimate"], color=COLOURS["blue"], linewidth=2, linestyle=_STROKES[line]
    )
    axes.axvline(0, color=COLOURS["light"], linewidth=0.8, zorder=0)
    axes.grid(True, axis="y")
    ends = [float(rows["position"].min()), float(rows["position"].max())]
    axes.set_xlim(*ends)
    axes.xaxis.set_major_locator(FixedLocator([]))
    for at, said, across in zip((0, 1), _ends(words)[line], ("left", "right"), strict=True):
        # Line by line: lines of one text keep the places they have in matplotlib's wider font.
        for number, part in enumerate(textwrap.wrap(texts.say(said), 14)):
            axes.text(
                at, -0.05 - 0.105 * number, part, transform=axes.transAxes, ha=across, va="top", fontsize=9,
                color=COLOURS["grey"],
            )  # fmt: skip
    axes.set_title(texts.say(_NAMES[line]), fontsize=9.5, loc="left", color=COLOURS["ink"])


def _own_ticks(axis: Any, mean: float, spread: float, *, share: bool, texts: Texts) -> None:
    """Ticks at round values of a measure on an axis in standard deviations around its mean."""
    low, high = (mean + spread * limit for limit in axis.get_view_interval())
    if share:
        low, high = max(low, 0.0), min(high, 1.0)
    values = MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(low, high)
    values = values[(values >= low - 1e-9) & (values <= high + 1e-9)]
    step = float(np.diff(values).min()) if len(values) > 1 else 1.0
    digits = "0" if step >= 1 else "1" if step >= 0.1 else "2"
    spec = ("percent0" if step >= 0.01 else "percent1") if share else f"number{digits}"
    axis.set_major_locator(FixedLocator(list((values - mean) / spread)))
    axis.set_major_formatter(FuncFormatter(lambda at, _: texts.number(mean + spread * float(at), spec)))


def _heading(figure: Figure, x: float, height: float, text: str, *, top: float = 0.08) -> None:
    shown = textwrap.shorten(text, 80, placeholder=" …")
    figure.text(x, 1 - top / height, shown, fontsize=9.5, weight="bold", va="top", color=COLOURS["ink"])


def _spec(along: pd.DataFrame, *, share: bool) -> str:
    span = float(along["estimate"].max() - along["estimate"].min())
    if share:
        return "percent0" if span > 0.04 else "percent1"
    return "number0" if span >= 4 else "number1" if span >= 0.4 else "number2"


def _sign(limits: tuple[float, float]) -> str:
    return "up" if limits[0] > 0 else "down" if limits[1] < 0 else "open"


def _told(along: pd.DataFrame, spec: str, words: LandscapeWords, texts: Texts) -> str:
    """The prediction at both ends and in the middle of each line, with intervals."""
    parts = []
    for line, ends in _ends(words).items():
        rows = along[along["line"] == line].reset_index(drop=True)
        middle = int(rows["position"].abs().argmin())
        names = (texts.say(ends[0]), texts.say("average"), texts.say(ends[1]))
        for place, name in zip((0, middle, len(rows) - 1), names, strict=True):
            row = rows.iloc[place]
            limits = interval(row["conf_low"], row["conf_high"], spec, language=texts.language)
            parts.append(f"{name}: {texts.number(row['estimate'], spec)} ({limits})")
    return texts.say("Predicted, with intervals: {values}.", values="; ".join(parts))
