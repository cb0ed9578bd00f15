"""Is what a picture draws what it says that it shows, and is all of that told in words?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from numpy.typing import NDArray

from exresearch.report.behind import declared_for
from exresearch.report.behind.tables import UNTOLD
from exresearch.report.theme import Picture

# A share is drawn as a percentage, a rate per hundred; some axes count from the other end.
_SCALES = (1.0, 100.0, -1.0, -100.0)
_NEAR = 1e-6
# What no reader should meet in a table.
_CODE = re.compile(r"[a-z][a-z0-9]*([_>-]+[a-z0-9]+)*")


def strays(picture: Picture) -> list[str]:
    """Name the marks of a picture of which neither coordinate is a released number."""
    pool = _pool(picture)
    found = []
    for axes in picture.figure.axes:
        for what, points in _marks(axes):
            known = _near(points[:, 0], pool) | _near(points[:, 1], pool)
            if not known.all():
                x, y = points[~known][0]
                found.append(f"{what} at ({x:.6g}, {y:.6g}) and {int((~known).sum()) - 1} more")
    return found


def untold(picture: Picture) -> list[str]:
    """Name the frames of a picture for which no table is declared, and the codes in them that have no words."""
    found = []
    for released in picture.shown:
        name = released.entry.name
        behind = declared_for(name)
        if behind is None:
            found += [] if name in UNTOLD or not name else [name]
            continue
        for column, how in behind.columns.items():
            if how.words is not None and column in released.frame:
                rows = released.frame
                for key, drawn in picture.drawn.items():
                    rows = rows[rows[key].isin(list(drawn))] if key in rows else rows
                values = {str(value) for value in rows[column].dropna()} - set(how.words)
                found += [f"{name}: {column} {value}" for value in sorted(values) if _CODE.fullmatch(value)]
    return found


def _pool(picture: Picture) -> NDArray[np.float64]:
    numbers: list[NDArray[np.float64]] = [np.empty(0)]
    for released in picture.shown:
        for position in range(released.frame.shape[1]):
            column = released.frame.iloc[:, position]
            if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == bool:
                continue
            if column.dtype == object:
                # Labels in two languages and notes are no numbers.
                column = column.where(column.map(pd.api.types.is_scalar))
            values = pd.to_numeric(column, errors="coerce").to_numpy("float64", na_value=np.nan)
            numbers.append(values[np.isfinite(values)])
    values = np.concatenate(numbers)
    return np.unique(np.concatenate([values * scale for scale in _SCALES]))


def _near(values: NDArray[np.float64], pool: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not pool.size:
        return np.zeros(len(values), dtype=bool)
    after = np.searchsorted(pool, values).clip(1, max(len(pool) - 1, 1))
    best = np.minimum(
        np.abs(values - pool[after - 1]), np.abs(values - pool[np.minimum(after, len(pool) - 1)])
    )
    return np.asarray(best <= _NEAR * np.maximum(1.0, np.abs(values)))


def _marks(axes: Axes) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for line in axes.lines:
        # Lines of figures and axes (frames, references) have no marker; every estimate has.
        if line.get_marker() not in ("None", "", " ", None) and line.get_transform().contains_branch(
            axes.transData
        ):
            points = np.asarray(line.get_xydata(), dtype="float64")
            if len(points) and np.isfinite(points).all(axis=1).any():
                yield "a marker", points[np.isfinite(points).all(axis=1)]
    for collection in axes.collections:
        if isinstance(collection, PathCollection):
            points = np.ma.filled(np.ma.asarray(collection.get_offsets(), dtype="float64"), np.nan)
            points = points[np.isfinite(points).all(axis=1)]
            if len(points):
                yield "a point", points
    for container in axes.containers:
        for patch in getattr(container, "patches", ()):
            if np.isfinite([patch.get_width(), patch.get_height()]).all():
                yield "a bar", np.array([[patch.get_width(), patch.get_height()]])
