"""Clouds of units: as dots where enough people are behind each, else as counts of units per cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from exresearch.disclosure import DisclosureRules, Groups, Measure, Released, release
from exresearch.report.figures.visible import visible
from exresearch.report.theme import COLOURS

Form = Literal["dots", "cells"]
Sides = Mapping[str, tuple[str, Measure | None]]
_CELLS = 14
_DOT = 30.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """What of a cloud may be drawn.

    Attributes
    ----------
    points : pandas.DataFrame
        ``x, y, size``: dots with size 1, or middles of cells with the number of units in them; in the order of their
        places, so that no order tells which is which.
    form : {"dots", "cells"}
        Which of the two.
    n_left_out : int
        Rows that are not drawn.
    shown : tuple of Released
        What the points are from.
    """

    points: pd.DataFrame
    form: Form
    n_left_out: int
    shown: tuple[Released, ...]


def cloud_of(
    rows: pd.DataFrame,
    *,
    form: Form,
    cell: tuple[float, float],
    rules: DisclosureRules,
    sides: Sides,
    name: str,
) -> Cloud:
    """Choose what may be drawn of units, or of units by wave.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``unit, ex, cx, ex_n, cx_n``, the latter counting answers; with ``wave`` for units by wave. Optional
        ``linked``: false for units that are not to be drawn and only keep company.
    form : {"dots", "cells"}
        Dots need ``min_respondents`` answers on each side; cells need as many different units, because a unit of
        unknown size may be a single person.
    cell : tuple of float
        Width and height of a cell.
    rules : DisclosureRules
        Minimum groups.
    sides : mapping of str to (str, Measure or None)
        Of ``ex`` and ``cx``: the study table that was counted, and what a value of a unit is the mean or share of;
        none where it is neither.
    name : str
        What the ledger calls the cloud.
    """
    if form == "cells":
        return _cells(rows, cell=cell, rules=rules, name=name)
    rows = rows.reset_index(drop=True)
    keys = [key for key in ("unit", "wave") if key in rows]
    released = tuple(
        release(
            rows.loc[rows[side].notna(), [*keys, side, f"{side}_n"]],
            count=f"{side}_n",
            rules=rules,
            # A distance from the own level is no mean of answers.
            groups=Groups(
                table,
                by={key: key for key in keys},
                measures={} if measure is None or "wave" in keys else {side: measure},
            ),
            name=f"{name}: {table}",
        )
        for side, (table, measure) in sides.items()
    )
    ex, cx = (visible(one) for one in released)
    kept = ex[["ex"]].join(cx["cx"], how="inner")
    linked = rows["linked"].astype(bool) if "linked" in rows else pd.Series(True, index=rows.index)
    kept = kept[linked.loc[kept.index]]
    points = pd.DataFrame({"x": kept["ex"], "y": kept["cx"], "size": 1.0})
    return Cloud(_in_order(points), "dots", int(linked.sum()) - len(kept), released)


def _cells(rows: pd.DataFrame, *, cell: tuple[float, float], rules: DisclosureRules, name: str) -> Cloud:
    column, row = (np.floor(rows[name] / width) for name, width in zip(("ex", "cx"), cell, strict=True))
    counts = rows.assign(column=column, row=row).groupby(["column", "row"])["unit"].agg(["nunique", "size"])
    counts = counts.reset_index()
    cells = pd.DataFrame(
        {
            "x": (counts["column"] + 0.5) * cell[0],
            "y": (counts["row"] + 0.5) * cell[1],
            "size": counts["nunique"].astype(float),
            "rows": counts["size"],
        }
    )
    # How many units are in a range of one side is shown nowhere, so no cell follows from the others.
    places = {"employee experience": "x", "customer experience": "y"}
    released = release(
        cells,
        count="size",
        rules=rules,
        within=["x", "y"],
        groups=Groups("units in cells", by=places),
        name=name,
    )
    kept = visible(released)
    left_out = int(len(rows) - kept["rows"].sum())
    return Cloud(_in_order(kept[["x", "y", "size"]]), "cells", left_out, (released,))


def _in_order(points: pd.DataFrame) -> pd.DataFrame:
    return points.sort_values(["x", "y"]).reset_index(drop=True)


def form_of(*frames: pd.DataFrame) -> Form:
    """Return dots where the number of answers behind every row is known, else cells."""
    return "cells" if any(frame[["ex_n", "cx_n"]].isna().any(axis=None) for frame in frames) else "dots"


def cell_size(span: tuple[float, float]) -> tuple[float, float]:
    """Return width and height of a cell, for panels that show these ranges."""
    return span[0] / _CELLS, span[1] / _CELLS


def draw_cloud(axes: Axes, cloud: Cloud, *, colour: str, alpha: float) -> None:
    """Draw a cloud; circles of cells have an area by their number of units."""
    if cloud.points.empty:
        return
    # One size for all dots: they are then drawn once and set down thousands of times.
    areas: float | NDArray[np.float64] = _DOT
    if cloud.form == "cells":
        # The fullest cell is a circle that fits between its neighbours.
        areas = 240.0 * cloud.points["size"].to_numpy(dtype="float64") / cloud.points["size"].max()
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
