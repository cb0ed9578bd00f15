"""The balance of employee and customer experience: an outcome as a landscape, and two walks through it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from exresearch.disclosure import DisclosureRules
from exresearch.findings.note import Note
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
_LANDSCAPE, _WALK = 3.75, 1.45
_LEFT, _RIGHT = 0.74, 0.08
_CORNERS = (
    (0.985, 0.985, "right", "top", mark("both high")),
    (0.015, 0.015, "left", "bottom", mark("both low")),
    (0.015, 0.985, "left", "top", mark("customers ahead")),
    (0.985, 0.015, "right", "bottom", mark("employees ahead")),
)
_ENDS = {
    "congruence": (mark("both low"), mark("both high")),
    "incongruence": (mark("customers ahead"), mark("employees ahead")),
}
_NAMES = {"congruence": mark("In step"), "incongruence": mark("Apart")}
_STROKES: dict[str, Any] = {"congruence": "solid", "incongruence": (0, (4, 2))}
_APART = {
    "down": mark("The further employees and customers drift apart, the lower “{outcome}” a wave later."),
    "up": mark("The further employees and customers drift apart, the higher “{outcome}” a wave later."),
    "open": mark(
        "Whether “{outcome}” a wave later depends on how far employees and customers drift apart, stays open."
    ),
}
_WORSE = {
    "up": mark("It is higher where employees are ahead than where customers are."),
    "down": mark("It is higher where customers are ahead than where employees are."),
    "open": mark("Which of the two is ahead makes no clear difference."),
}


def balance_surface(
    grid: pd.DataFrame,
    *,
    region: pd.DataFrame,
    along: pd.DataFrame,
    scales: Mapping[str, tuple[float, float]],
    labels: Mapping[str, str],
    kinds: Mapping[str, str],
    slope: tuple[float, float],
    curvature: tuple[float, float],
    n_units: int,
    texts: Texts,
    rules: DisclosureRules,
) -> Picture | Note:
    """Draw the predicted outcome by employee and customer experience, and along the lines of agreement and difference.

    Parameters
    ----------
    grid, region, along : pandas.DataFrame
        As :class:`exresearch.findings.analyses.Balance` has them; nothing outside the region is drawn.
    scales : mapping of str to (float, float)
        Mean and standard deviation of ``ex`` and ``cx``, for the axes.
    labels, kinds : mapping of str to str
        Of ``ex``, ``cx`` and ``outcome``: name in the reader's language, and ``share`` or ``mean``.
    slope, curvature : (float, float)
        Their intervals; the takeaway claims no more than these exclude.
    n_units : int
        Units behind the surface.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum number of units.

    Returns
    -------
    Picture or Note
        The note where there is no region, or where there are too few units.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if region.empty or n_units < rules.min_units:
        return NO_SURFACE
    require(grid, ["x", "y", "estimate"], figure="balance_surface")
    require(along, ["line", "position", "estimate", "conf_low", "conf_high"], figure="balance_surface")
    spec = _spec(along, share=kinds["outcome"] == "share")
    height = 0.34 + _LANDSCAPE + 0.62 + 0.55 + _WALK + 0.5
    with style():
        figure = new_figure(height)
        axes = add_axes(figure, left=_LEFT, right=_RIGHT, top=0.34, bottom=height - 0.34 - _LANDSCAPE)
        _heading(figure, 0.02, height, texts.say("{outcome}, a wave later", outcome=labels["outcome"]))
        _landscape(axes, grid, region, along, texts=texts, spec=spec)
        for axis, side in ((axes.xaxis, "ex"), (axes.yaxis, "cx")):
            _own_ticks(axis, *scales[side], share=kinds[side] == "share", texts=texts)
        axes.set_xlabel("\n".join(textwrap.wrap(labels["ex"], 60)), labelpad=5)
        axes.set_ylabel("\n".join(textwrap.wrap(labels["cx"], 44)), labelpad=5)
        _heading(figure, 0.02, height, texts.say("Along both lines"), top=0.34 + _LANDSCAPE + 0.62)
        lowest, highest = float(along["conf_low"].min()), float(along["conf_high"].max())
        wide = (figure.get_figwidth() - _LEFT - _RIGHT - 0.35) / 2
        for number, line in enumerate(_NAMES):
            panel = add_axes(
                figure,
                left=_LEFT + number * (wide + 0.35),
                right=_RIGHT + (1 - number) * (wide + 0.35),
                top=height - _WALK - 0.5,
                bottom=0.5,
            )
            _walk(panel, along[along["line"] == line], line, texts=texts)
            pad = 0.05 * (highest - lowest)
            panel.set_ylim(lowest - pad, highest + pad)
            number_axis(panel.yaxis, spec, texts, ticks=4)
            if number:
                panel.tick_params(labelleft=False)
    takeaway = " ".join(
        texts.say(words[_sign(limits)], **values)
        for words, limits, values in (
            (_APART, curvature, {"outcome": labels["outcome"]}),
            (_WORSE, slope, {}),
        )
    )
    caption = texts.say(
        "Above: “{outcome}” a wave later as the surface predicts it, with figures on the lines between bands, darker "
        "is higher. The lines cross at the average of both. Solid: in step, both equally many standard deviations "
        "above or below their average; dashed: apart, one as far above as the other is below. The surface ends where "
        "on a side fewer than {least:integer} of the {n_units:integer} units lie further out. Below: the prediction "
        "along both lines, with {intervals}.",
        outcome=labels["outcome"],
        least=rules.min_units,
        n_units=n_units,
        intervals=intervals_name(along, texts),
    )
    return Picture(figure, caption, f"{takeaway} {_told(along, spec, texts)}", takeaway)


def _landscape(
    axes: Axes, grid: pd.DataFrame, region: pd.DataFrame, along: pd.DataFrame, *, texts: Texts, spec: str
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
    for x, y, across, up, words in _CORNERS:
        axes.text(
            x, y, texts.say(words), transform=axes.transAxes, ha=across, va=up, fontsize=9, color=COLOURS["grey"]
        )  # fmt: skip


def _level_labels(axes: Axes, lines: Any, outline: Polygon, *, texts: Texts, spec: str, halo: Any) -> None:
    """Write each level once, where its line is within the outline and furthest from both diagonals."""
    path = outline.get_path()
    for level, segments in zip(lines.levels, lines.allsegs, strict=True):
        points = np.vstack([part for part in segments if len(part)] or [np.empty((0, 2))])
        points = points[path.contains_points(points * 1.05)] if len(points) else points
        if not len(points):
            continue
        x, y = points.T
        clear = np.minimum(np.abs(x - y), np.abs(x + y)) + 0.05 * (x > 0) + 0.02 * (y > 0)
        spot = points[int(clear.argmax())]
        axes.text(
            spot[0], spot[1], texts.number(float(level), spec), ha="center", va="center", fontsize=8.5,
            color=COLOURS["ink"], path_effects=halo, zorder=6,
        )  # fmt: skip


def _walk(axes: Axes, rows: pd.DataFrame, line: str, *, texts: Texts) -> None:
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
    for at, words, across in zip((0, 1), _ENDS[line], ("left", "right"), strict=True):
        # Line by line: lines of one text keep the places they have in matplotlib's wider font.
        for number, part in enumerate(textwrap.wrap(texts.say(words), 14)):
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


def _told(along: pd.DataFrame, spec: str, texts: Texts) -> str:
    """The prediction at both ends and in the middle of each line, with intervals."""
    parts = []
    for line, ends in _ENDS.items():
        rows = along[along["line"] == line].reset_index(drop=True)
        middle = int(rows["position"].abs().argmin())
        names = (texts.say(ends[0]), texts.say("average"), texts.say(ends[1]))
        for place, name in zip((0, middle, len(rows) - 1), names, strict=True):
            row = rows.iloc[place]
            limits = interval(row["conf_low"], row["conf_high"], spec, language=texts.language)
            parts.append(f"{name}: {texts.number(row['estimate'], spec)} ({limits})")
    return texts.say("Predicted, with intervals: {values}.", values="; ".join(parts))
