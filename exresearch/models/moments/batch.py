"""One batch of rows, from a frame or a file, added to the sums of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exresearch.models.moments.kernel import (
    EXACT_SINGLE,
    AnyArray,
    FloatArray,
    IntArray,
    Products,
    UnitOrder,
    add_products,
    side_by_side,
)

Present = list[NDArray[np.bool_] | None]
# Values looked at before a whole column of floats is asked whether it holds whole numbers.
_GLANCE = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How columns are centred and held.

    Attributes
    ----------
    origin : ndarray [q]
        The middle of the scale for whole numbers on a short scale, about the mean for others; NaN where not known yet.
    half : ndarray [q]
        Largest distance from the origin of whole numbers on a short scale, infinite for other columns.
    """

    origin: FloatArray
    half: FloatArray

    @property
    def kind(self) -> np.dtype[Any]:
        """Type that holds the centred columns."""
        most = self.half.max()
        return np.dtype(np.int8 if most <= 127 else np.int16 if most <= EXACT_SINGLE else np.float64)


def short_scale(low: float, high: float) -> tuple[float, float] | None:
    """Whole middle and half width of a scale of whole numbers, or None when it is too long to be exact."""
    if max(abs(low), abs(high)) > 2**52:
        return None
    middle = np.floor((low + high) / 2)
    half = max(high - middle, middle - low)
    return (float(middle), float(half)) if half <= EXACT_SINGLE else None


def layout_of(columns: Sequence[AnyArray], present: Present, complete: NDArray[np.bool_]) -> Layout:
    """Layout for columns that are all in memory; the mean of long scales is that of the complete rows."""
    origin, half = np.zeros(len(columns)), np.full(len(columns), np.inf)
    for index, (column, there) in enumerate(zip(columns, present, strict=True)):
        scale = _scale_of(column, there)
        if scale is not None:
            origin[index], half[index] = scale
            continue
        values = column[complete] if there is None else column[complete & there]
        if len(values):
            # Relative to the first one, so that the mean itself is exact to the spread of the data.
            first = float(values[0])
            origin[index] = first + (values.astype(np.float64) - first).mean()
    return Layout(origin=origin, half=half)


def _scale_of(column: AnyArray, there: NDArray[np.bool_] | None) -> tuple[float, float] | None:
    if column.dtype.kind == "f":
        glance = column[:_GLANCE]
        glance = glance[np.isfinite(glance)]
        if not np.array_equal(glance, np.rint(glance)):
            return None
        values = column if there is None else column[there]
        if len(values) == 0:
            return (0.0, 0.0)
        scale = short_scale(float(values.min()), float(values.max()))
        return scale if scale is not None and np.array_equal(values, np.rint(values)) else None
    # What stands in the place of a missing whole number can only widen the scale.
    return short_scale(int(column.min()), int(column.max())) if len(column) else (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows to add.

    Attributes
    ----------
    columns : list of ndarray [n]
        In types of their own.
    present : list of ndarray [n] or None
        Where a column has a value; None when everywhere.
    weights : ndarray [n] or None
    codes : ndarray [n]
        Number of the unit of each row, -1 for rows that are left out.
    """

    columns: list[AnyArray]
    present: Present
    weights: FloatArray | None
    codes: IntArray


class _Rows:
    """Rows of a batch by number, centred, in the precision that is exact enough; the last one is empty."""

    def __init__(self, batch: Batch, layout: Layout, *, workers: int | None) -> None:
        kind = layout.kind
        self.n = len(batch.codes)
        self.exact = kind.kind == "i" and batch.weights is None
        self.type = np.float32 if self.exact else np.float64
        self.table = side_by_side(batch.columns, layout.origin, kind, present=batch.present, workers=workers)
        self.weights = None if batch.weights is None else np.append(batch.weights, 0.0)

    def weighted(self, left: AnyArray, rows: IntArray) -> AnyArray:
        """Times the weights, as another table: of two of them numpy takes the product that is fast for small ones."""
        return left.copy() if self.weights is None else left * self.weights[rows][:, None]


def add_listwise(
    batch: Batch,
    layout: Layout,
    order: UnitOrder,
    matrices: FloatArray,
    squared: FloatArray | None,
    *,
    plain: FloatArray | None = None,
    fresh: bool = False,
    workers: int | None = None,
) -> None:
    """Add w z z' with z = (1, x - origin) to matrices [U, q + 1, q + 1], w**2 z z' to squared and z z' to plain."""
    source = _Rows(batch, layout, workers=workers)
    size = len(batch.columns) + 1

    def make(rows: IntArray) -> Products:
        z = np.empty((len(rows), size), dtype=source.type)
        z[:, 0] = rows < source.n
        z[:, 1:] = source.table.take(rows, axis=0)
        weighted = source.weighted(z, rows)
        out: Products = [(z, weighted, matrices)]
        if squared is not None:
            out.append((weighted, weighted.copy(), squared))
        if plain is not None:
            out.append((z, z.copy(), plain))
        return out

    add_products(order, make, width=size**2, symmetric=not source.exact, fresh=fresh, workers=workers)


def add_pairwise(
    batch: Batch,
    layout: Layout,
    order: UnitOrder,
    matrices: FloatArray,
    pairs: FloatArray | None,
    *,
    fresh: bool = False,
    workers: int | None = None,
) -> None:
    """Add the four tables of `PairwiseMoments` to matrices [U, q, 4 q], and numbers of rows to pairs [U, q, q]."""
    source = _Rows(batch, layout, workers=workers)
    size = len(batch.columns)
    ones = [np.ones(source.n, dtype=bool) if there is None else there for there in batch.present]
    there = np.zeros((source.n + 1, size), dtype=np.int8)
    there[:-1] = np.column_stack(ones)

    def make(rows: IntArray) -> Products:
        wide = np.empty((len(rows), 3 * size), dtype=source.type)
        m, x, square = wide[:, :size], wide[:, size : 2 * size], wide[:, 2 * size :]
        m[:] = there.take(rows, axis=0)
        x[:] = source.table.take(rows, axis=0)
        np.multiply(x, x, out=square)
        left, values = m.copy(), x.copy()
        out: Products = [
            (source.weighted(left, rows), wide, matrices[:, :, : 3 * size]),
            (source.weighted(values, rows), values, matrices[:, :, 3 * size :]),
        ]
        if pairs is not None:
            out.append((left, left.copy(), pairs))
        return out

    add_products(order, make, width=3 * size**2, symmetric=False, fresh=fresh, workers=workers)
