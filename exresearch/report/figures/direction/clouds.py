"""Clouds of units: as dots where enough people are behind each, else as counts of units per cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from exresearch.disclosure.rules import DisclosureRules
from exresearch.report.theme import COLOURS

Form = Literal["dots", "cells"]
_CELLS = 14
_DOT = 30.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """What of a cloud may be drawn.

    Attributes
    ----------
    points : pandas.DataFrame
        ``x, y, size``: dots with size 1, or middles of cells with the number of units in them.
    form : {"dots", "cells"}
        Which of the two.
    n_left_out : int
        Rows that are not drawn.
    """

    points: pd.DataFrame
    form: Form
    n_left_out: int


def cloud_of(rows: pd.DataFrame, *, form: Form, cell: tuple[float, float], rules: DisclosureRules) -> Cloud:
    """Choose what may be drawn of units, or of units by wave.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``unit, ex, cx, n``; n counts answers.
    form : {"dots", "cells"}
        Dots need ``min_respondents`` answers each; cells need as many different units, because a unit of unknown size
        may be a single person.
    cell : tuple of float
        Width and height of a cell.
    rules : DisclosureRules
        Minimum groups.
    """
    if form == "dots":
        kept = rows[rows["n"].ge(rules.min_respondents)]
        points = pd.DataFrame({"x": kept["ex"], "y": kept["cx"], "size": 1.0})
        return Cloud(points, "dots", len(rows) - len(kept))
    column, row = (np.floor(rows[name] / width) for name, width in zip(("ex", "cx"), cell, strict=True))
    counts = rows.assign(column=column, row=row).groupby(["column", "row"])["unit"].agg(["nunique", "size"])
    kept = counts[counts["nunique"] >= rules.min_respondents].reset_index()
    points = pd.DataFrame(
        {
            "x": (kept["column"] + 0.5) * cell[0],
            "y": (kept["row"] + 0.5) * cell[1],
            "size": kept["nunique"].astype(float),
        }
    )
    return Cloud(points, "cells", int(len(rows) - kept["size"].sum()))


def form_of(*frames: pd.DataFrame) -> Form:
    """Return dots where the number of answers behind every row is known, else cells."""
    return "cells" if any(frame["n"].isna().any() for frame in frames) else "dots"


def cell_size(span: tuple[float, float]) -> tuple[float, float]:
    """Return width and height of a cell, for panels that show these ranges."""
    return span[0] / _CELLS, span[1] / _CELLS


def draw_cloud(axes: Axes, cloud: Cloud, *, colour: str, alpha: float) -> None:
    """Draw a cloud; circles of cells have an area by their number of units."""
    if cloud.points.empty:
        return
    areas = np.full(len(cloud.points), _DOT)
    if cloud.form == "cells":
        # The fullest cell is a circle that fits between its neighbours.
        areas = 240.0 * cloud.points["size"].to_numpy() / cloud.points["size"].max()
    axes.scatter(
        cloud.points["x"],
        cloud.points["y"],
        s=areas,
        color=colour,
        alpha=alpha,
        edgecolors="white" if cloud.form == "dots" else COLOURS["grey"],
        linewidths=0.5,
        zorder=2,
    )
