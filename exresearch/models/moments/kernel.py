"""Sums of products per unit: rows sorted by unit once, then small matrix products in batches, on every core.

Three things make it fast and the same on every machine. Whole answers on a short scale are centred at a whole number
and multiplied in single precision, where the sums of a batch are exact. A batch has so few rows that the linear
algebra library takes it on the thread that calls: on matrices of this size its own threads cost more than they bring,
and the order of its sums would depend on their number. And each unit is added up by one thread, in order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
AnyArray = NDArray[Any]
#: Two tables, left [rows, a] and right [rows, b], and where the sums of their products per unit [U, a, b] belong.
Products = list[tuple[AnyArray, AnyArray, FloatArray]]

#: Multiplications in one product; OpenBLAS starts threads of its own above 4 * 65,536.
SMALL_PRODUCT = 250_000
# Rows in one product, and in the batch of products that one task makes.
_PRODUCT_ROWS, _BATCH_ROWS = 128, 8192
# Cells of the sums that one task makes, of many small units: they stay in the cache.
_BATCH_CELLS = 250_000
# Fewer tasks than this, and fewer rows, are done before threads have been started.
_LEAST_TASKS = 8
_LEAST_ROWS = 50_000
# Rows that are put side by side at a time.
_FILL_ROWS = 16_384

#: Whole numbers up to this: their squares, added over a product's rows, stay below 2**24, so exact in single precision.
EXACT_SINGLE = 362


def n_workers() -> int:
    """Threads that share the work: the cores this process may use, at most four, beyond which memory is the limit."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(4, usable))


def run_tasks(task: Callable[[int], None], n_tasks: int, *, workers: int | None = None) -> None:
    """Call task(0), task(1), ... on some threads; no task may depend on another."""
    if workers is None and n_tasks < _LEAST_TASKS:
        workers = 1
    workers = min(n_workers() if workers is None else workers, n_tasks)
    if workers <= 1:
        for number in range(n_tasks):
            task(number)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(task, number) for number in range(n_tasks)]:
            done.result()


def side_by_side(
    columns: Sequence[AnyArray],
    origin: FloatArray,
    kind: np.dtype[Any],
    *,
    present: Sequence[NDArray[np.bool_] | None],
    workers: int | None = None,
) -> AnyArray:
    """Columns less their origin as one table [n + 1, q], row by row in memory; zero where missing and in the last row.

    With a `kind` of whole numbers the caller knows that the differences fit.
    """
    n = len(columns[0])
    table = np.empty((n + 1, len(columns)), dtype=kind)
    table[n] = 0

    def fill(number: int) -> None:
        part = slice(number * _FILL_ROWS, min((number + 1) * _FILL_ROWS, n))
        for column, centre, there, target in zip(columns, origin, present, table[part].T, strict=True):
            values = column[part]
            if there is not None:
                values = np.where(there[part], values, values.dtype.type(centre))
            if kind.kind == "f" or values.dtype.kind == "f":
                values = values.astype(np.float64, copy=False)
            elif values.dtype.itemsize < kind.itemsize:
                values = values.astype(kind)
            # Whole numbers stay in their type: where that wraps, the difference still comes out right in a short kind.
            centre = values.dtype.type(centre)
            np.subtract(values, centre, out=target, casting="unsafe")

    run_tasks(fill, -(-n // _FILL_ROWS), workers=workers)
    return table


@dataclass(frozen=True, slots=True, eq=False)
class UnitOrder:
    """Rows sorted by unit; made by `unit_order`.

    Attributes
    ----------
    rows : ndarray [kept + 1]
        Numbers of the rows that belong to a unit, unit by unit, and at the end the number of the empty row n.
    starts, counts : ndarray [U]
        Where the rows of each unit begin, and how many they are.
    """

    rows: IntArray
    starts: IntArray
    counts: IntArray


def unit_order(codes: IntArray, n_units: int) -> UnitOrder:
    """Sort rows by the number of their unit; rows with a code of -1 are left out."""
    shifted = codes + 1
    # Radix sort, which numpy has for 16 bits only: first by the low ones, then by the high ones.
    rows = np.argsort(shifted.astype(np.uint16), kind="stable")
    if n_units >= 2**16 - 1:
        high = (shifted >> 16)[rows]
        rows = rows[np.argsort(high.astype(np.uint16) if n_units < 2**31 else high, kind="stable")]
    counts = np.bincount(shifted, minlength=n_units + 1)
    return UnitOrder(
        rows=np.append(rows[counts[0] :], len(codes)),
        starts=np.cumsum(counts[1:]) - counts[1:],
        counts=counts[1:],
    )


def _pieces(counts: IntArray, product_rows: int) -> tuple[IntArray, IntArray]:
    """Into how many products the rows of each unit go, and the rows of each: few different sizes, little padding."""
    pieces = np.maximum(1, -(-counts // product_rows))
    rows = np.maximum(1, -(-counts // pieces))
    # Multiples of an eighth of the next power of two.
    step = 2 ** np.maximum(0, np.ceil(np.log2(rows)).astype(np.int64) - 3)
    return pieces, np.minimum(-(-rows // step) * step, product_rows)


def add_products(
    order: UnitOrder,
    make: Callable[[IntArray], Products],
    *,
    width: int,
    symmetric: bool,
    fresh: bool = False,
    workers: int | None = None,
) -> None:
    """Add to each unit the sums of the products of its rows.

    Parameters
    ----------
    order : UnitOrder
    make : callable
        From row numbers, the empty row among them, to tables of products and where they belong.
    width : int
        Cells of the largest product, a * b.
    symmetric : bool
        The sums are symmetric but for rounding, and are made so.
    fresh : bool
        Write instead of add, for units that hold nothing yet.
    """
    product_rows = max(8, min(_PRODUCT_ROWS, SMALL_PRODUCT // width))
    pieces, rows = _pieces(order.counts, product_rows)
    units = np.lexsort([rows, pieces])
    units = units[order.counts[units] > 0]
    pieces, rows = pieces[units], rows[units]
    # A task takes units that are cut the same way, as many as fill a batch, or one that fills several.
    changes = np.flatnonzero((np.diff(pieces) != 0) | (np.diff(rows) != 0)) + 1
    tasks = []
    for start, stop in zip([0, *changes], [*changes, len(units)], strict=True):
        if start < stop:
            many = max(1, min(_BATCH_ROWS // int(pieces[start] * rows[start]), _BATCH_CELLS // width))
            tasks += [(first, min(first + many, stop)) for first in range(int(start), int(stop), many)]

    def task(number: int) -> None:
        first, last = tasks[number]
        here, size = units[first:last], int(rows[first])
        starts, counts = order.starts[here][:, None], order.counts[here][:, None]
        step = int(pieces[first]) if len(here) > 1 else max(1, _BATCH_ROWS // size)
        for piece in range(0, int(pieces[first]), step):
            many = min(step, int(pieces[first]) - piece)
            within = np.arange(piece * size, (piece + many) * size)
            places = np.where(within < counts, starts + within, len(order.rows) - 1)
            for left, right, target in make(order.rows[places.ravel()]):
                shape = (len(here) * many, size)
                single = np.matmul(left.reshape(*shape, -1).swapaxes(1, 2), right.reshape(*shape, -1))
                single = single.reshape(len(here), many, *single.shape[1:])
                total = single[:, 0].astype(np.float64)
                for one in range(1, many):
                    total += single[:, one]
                if symmetric:
                    total = (total + total.swapaxes(1, 2)) / 2.0
                if fresh and piece == 0:
                    target[here] = total
                else:
                    target[here] += total

    few = workers is None and len(order.rows) < _LEAST_ROWS
    run_tasks(task, len(tasks), workers=1 if few else workers)
