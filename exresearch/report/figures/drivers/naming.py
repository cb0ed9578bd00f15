"""Names on the map of drivers: beside the marks where there is room, else numbers and a key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from exresearch.report.figures.drivers.blocks import BLOCKS
from exresearch.report.figures.drivers.placement import (
    astray,
    balanced,
    nearest,
    overlap,
    place_labels,
    text_size,
    wrapped,
)
from exresearch.report.theme import COLOURS, WIDTH, rows_of

Box = tuple[float, float, float, float]
Names = tuple[list[str], NDArray[np.float64]]
# More drivers than this are numbered; so are fewer, where a name would stand further than this from its mark (inches).
_MANY, _FAR = 14, 0.44
# Where a number may stand in a crowd.
_FURTHEST = 1.0
# Characters per line of a name, tried in turn; half the width of a mark in inches.
_WIDTHS, _MARK = (26, 22), 0.05
_POINTS, _NUMBER_POINTS, _SMALL_POINTS = 8.8, 9.0, 8.2
# Drivers that a small panel names.
_NAMED_SMALL = 2
_LEADER = 0.13
# The key: columns; inches of a line, of the next line of a name, above the first, and that a name has less.
_COLUMNS, _LINE, _NEXT, _KEY_TOP, _NAME_AT = 2, 0.19, 0.155, 0.12, 0.55


class Panel:
    """A map with its size in inches, in which labels are placed.

    The limits are those of performance, and the highest importance.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        *,
        limits: tuple[float, float, float],
        width: float,
        height: float,
    ) -> None:
        self.rows, self.limits, self.width, self.height = rows, limits, width, height
        self.spots = self._inches(rows["performance"], rows["importance"])
        cut = self._inches(rows["cut_performance"].iloc[:1], rows["cut_importance"].iloc[:1])[0]
        self.cuts = float(cut[0]), float(cut[1])

    def _inches(self, performance: pd.Series, importance: pd.Series) -> NDArray[np.float64]:
        left, right, top = self.limits
        across = (performance.to_numpy(dtype=float) - left) / (right - left) * self.width
        along = np.sqrt(importance.to_numpy(dtype=float).clip(0) / top) * self.height
        return np.column_stack([across, along])

    def intervals(self) -> list[Box]:
        """The intervals, as boxes of next to no width."""
        rows, hair = self.rows, 0.004
        x, y = self.spots.T
        bottom, top = (
            self._inches(rows["performance"], rows[name])[:, 1] for name in ("conf_low", "conf_high")
        )
        left, right = (
            self._inches(rows[name], rows["importance"])[:, 0]
            for name in ("performance_low", "performance_high")
        )
        upright = zip(x - hair, bottom, x + hair, top, strict=True)
        level = zip(left, y - hair, right, y + hair, strict=True)
        return [*upright, *level]

    def free(self, box: Box) -> bool:
        """Whether no mark and no interval lies in a box."""
        marks = np.column_stack([self.spots - _MARK, self.spots + _MARK])
        return not overlap(np.array([box]), np.vstack([marks, np.array(self.intervals())])).any()

    def place(
        self,
        chosen: NDArray[np.bool_],
        labels: list[str],
        *,
        points: float,
        taken: list[Box],
        reach: float | None = None,
    ) -> NDArray[np.float64]:
        """Find a box for the label of each chosen row."""
        sizes = [
            text_size(label, points=points, bold=bool(named))
            for label, named in zip(labels, self.rows["named"][chosen], strict=True)
        ]
        marks = [(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in self.spots[~chosen]]
        return place_labels(
            self.spots[chosen], sizes, width=self.width, height=self.height, taken=[*taken, *marks],
            thin=self.intervals(), cuts=self.cuts, reach=reach,
        )  # fmt: skip

    def clear(self, boxes: NDArray[np.float64], *, taken: list[Box], sides: bool = True) -> bool:
        """Whether labels for all marks keep off each other and the marks, and on their side of the dividing lines."""
        among = overlap(boxes, boxes)
        np.fill_diagonal(among, 0.0)
        marks = np.column_stack([self.spots - _MARK, self.spots + _MARK])
        fixed = overlap(boxes, np.vstack([marks, np.array(taken).reshape(-1, 4)]))
        apart = [
            astray(box[None, :], spot, self.cuts)[0] for spot, box in zip(self.spots, boxes, strict=True)
        ]
        return bool(among.max() == 0 and fixed.max() == 0 and (not sides or max(apart) == 0))

    def write(
        self, axes: Axes, chosen: NDArray[np.bool_], labels: list[str], boxes: Any, *, points: float
    ) -> None:
        """Write each label in its box, with a line to its mark where that is not at once beside it."""
        rows = zip(self.spots[chosen], boxes, labels, self.rows["named"][chosen], strict=True)
        for spot, box, label, named in rows:
            end = nearest(box, spot)
            if np.linalg.norm(end - spot) > _LEADER:
                axes.plot(
                    [spot[0] / self.width, end[0] / self.width],
                    [spot[1] / self.height, end[1] / self.height],
                    transform=axes.transAxes,
                    color=COLOURS["grey"],
                    alpha=0.6,
                    linewidth=0.6,
                    zorder=2,
                )
            # The reader's type is narrower than the box: the side towards the mark is where it starts.
            side = 0 if box[0] > spot[0] else 2 if box[2] < spot[0] else None
            # Line by line: only then does the picture align them as the reader's own type has them.
            x = float(box[side]) if side is not None else (box[0] + box[2]) / 2
            parts = label.split("\n")
            step = (box[3] - box[1]) / len(parts)
            for line, part in enumerate(parts):
                axes.text(
                    x / self.width,
                    (box[3] - (line + 0.5) * step) / self.height,
                    part,
                    transform=axes.transAxes,
                    ha={0: "left", 2: "right", None: "center"}[side],
                    va="center_baseline",
                    fontsize=points,
                    weight="bold" if named else "normal",
                    zorder=5,
                )


def room_for_names(panel: Panel, *, taken: list[Box]) -> Names | None:
    """Find room for the name of every driver, near its mark and on its side of the lines.

    Returns
    -------
    (list of str, array [n, 4]) or None
        The names, broken into lines, and their boxes; None where they do not all find a place.
    """
    if len(panel.rows) > _MANY:
        return None
    everyone = np.ones(len(panel.rows), dtype=bool)
    for width in _WIDTHS:
        labels = [balanced(text, width=width, lines=2) for text in panel.rows["short"]]
        boxes = panel.place(everyone, labels, points=_POINTS, taken=taken, reach=_FAR)
        if panel.clear(boxes, taken=taken):
            return labels, boxes
    return None


def name_all(axes: Axes, panel: Panel, names: Names) -> None:
    """Write the name of every driver where there is room for it."""
    labels, boxes = names
    panel.write(axes, np.ones(len(panel.rows), dtype=bool), labels, boxes, points=_POINTS)


def number_all(axes: Axes, panel: Panel, *, taken: list[Box]) -> None:
    """Write the number of every driver beside its mark."""
    everyone = np.ones(len(panel.rows), dtype=bool)
    labels = [str(number) for number in panel.rows["number"]]
    boxes = panel.place(everyone, labels, points=_NUMBER_POINTS, taken=taken, reach=_FURTHEST)
    panel.write(axes, everyone, labels, boxes, points=_NUMBER_POINTS)


def label_small(axes: Axes, panel: Panel, *, numbered: bool) -> None:
    """Label a small panel: all numbers where they fit, else what clearly matters and is low, and the most important."""
    rows = panel.rows
    if numbered and len(rows) <= _MANY:
        everyone = np.ones(len(rows), dtype=bool)
        labels = [str(number) for number in rows["number"]]
        boxes = panel.place(everyone, labels, points=_SMALL_POINTS, taken=[], reach=_FAR)
        if panel.clear(boxes, taken=[], sides=False):
            panel.write(axes, everyone, labels, boxes, points=_SMALL_POINTS)
            return
    low = (rows["quadrant"] == "matters_low") & rows["clear"]
    first = rows["importance"].where(low).rank(ascending=False, method="first") <= (
        len(rows) if numbered else _NAMED_SMALL
    )
    chosen = ((low & first) | (rows["importance"] == rows["importance"].max())).to_numpy(dtype=bool)
    texts = rows["number"].astype(str) if numbered else rows["short"]
    # Characters on the side of the dividing line that the mark is on.
    sides = np.where(panel.spots[:, 0] < panel.cuts[0], panel.cuts[0], panel.width - panel.cuts[0])
    room = np.clip(sides[chosen] / 0.08, 10, 26).astype(int)
    labels = [
        balanced(text, width=int(width), lines=2) for text, width in zip(texts[chosen], room, strict=True)
    ]
    boxes = panel.place(chosen, labels, points=_SMALL_POINTS, taken=[])
    panel.write(axes, chosen, labels, boxes, points=_SMALL_POINTS)


def key_lines(rows: pd.DataFrame) -> list[tuple[Any, str]]:
    """Each driver of the key by number, with its name on one line or more."""
    return [
        (row, _fitted(row.short, bold=bool(row.named), wide=WIDTH / _COLUMNS - _NAME_AT))
        for row in rows_of(rows.sort_values("number"))
    ]


def key_height(lines: list[tuple[Any, str]]) -> float:
    """Inches that a key takes."""
    return _KEY_TOP + max(sum(map(_tall, column)) for column in _columns(lines))


def write_key(figure: Figure, lines: list[tuple[Any, str]], *, top: float) -> None:
    """List numbers, marks and names in columns, ``top`` inches below the upper edge of the figure."""
    width, height = figure.get_size_inches()
    for column, entries in enumerate(_columns(lines)):
        x, y = column * WIDTH / _COLUMNS, height - top - _KEY_TOP
        for row, name in entries:
            _, colour, marker = BLOCKS[row.block]
            style: dict[str, Any] = {
                "va": "center_baseline", "fontsize": _NUMBER_POINTS, "weight": "bold" if row.named else "normal",
            }  # fmt: skip
            middle = y - _LINE / 2
            figure.text((x + 0.24) / width, middle / height, str(row.number), ha="right", **style)
            figure.add_artist(
                Line2D([(x + 0.37) / width], [middle / height], marker=marker, color=colour, markersize=4.5,
                       linestyle="none", transform=figure.transFigure)
            )  # fmt: skip
            for place, part in enumerate(name.split("\n")):
                figure.text(
                    (x + _NAME_AT - 0.08) / width, (middle - place * _NEXT) / height, part, ha="left", **style
                )
            y -= _tall((row, name))


def _columns(lines: list[tuple[Any, str]]) -> list[list[tuple[Any, str]]]:
    """The entries divided over the columns, each about as tall."""
    share = sum(map(_tall, lines)) / _COLUMNS
    columns: list[list[tuple[Any, str]]] = [[] for _ in range(_COLUMNS)]
    above = 0.0
    for entry in lines:
        columns[min(int((above + 1e-9) / share), _COLUMNS - 1)].append(entry)
        above += _tall(entry)
    return columns


def _tall(entry: tuple[Any, str]) -> float:
    return _LINE + _NEXT * entry[1].count("\n")


def _fitted(name: str, *, bold: bool, wide: float) -> str:
    """A name on as few lines as it takes, at most three, each within a width in inches."""
    tried = name
    for lines in (1, 2, 3):
        for characters in range(60, 7, -1):
            tried = wrapped(name, width=characters, lines=lines)
            if text_size(tried, points=_NUMBER_POINTS, bold=bold)[0] <= wide:
                break
        if not tried.endswith("…"):
            break
    return tried
