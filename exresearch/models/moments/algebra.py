"""Packed products, covariances and correlations from sums, and an order of rows that no file decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
AnyArray = NDArray[Any]

#: Cells of 8 bytes in a block of products of rows (32 MB).
BLOCK_CELLS = 4_000_000
#: A variance below this share of the mean square is rounding, so the column is constant.
ROUNDING = 1e-12
# Rows, and multiplications, of a matrix product that BLAS does not share out over threads.
_TILE_ROWS = 8
_TILE = 2**18
#: Rows in one piece of `total_products`.
PIECE_ROWS = 64
# Digits of one key of `row_order`: signed whole numbers of 64 bits.
_KEY_VALUES = 2**62


def products(centred: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted products of all pairs of columns per row, upper triangle, [rows, T]."""
    size = centred.shape[1]
    # Column by column in memory: one long product each.
    centred = np.asfortranarray(centred)
    out = np.empty((len(centred), size * (size + 1) // 2), order="F")
    weighted = centred * weights[:, None]
    start = 0
    for column in range(size):
        width = size - column
        np.multiply(weighted[:, column, None], centred[:, column:], out=out[:, start : start + width])
        start += width
    return out


def total_products(centred: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted products of all pairs of columns, added over the rows, [size, size]."""
    # In pieces that the linear algebra library takes on one thread, so that no number of cores changes the sum.
    whole = len(centred) // PIECE_ROWS * PIECE_ROWS
    weighted = centred * weights[:, None]
    shape = (-1, PIECE_ROWS, centred.shape[1])
    pieces = centred[:whole].reshape(shape).swapaxes(1, 2) @ weighted[:whole].reshape(shape)
    total = pieces.sum(axis=0) + centred[whole:].T @ weighted[whole:]
    return np.asarray((total + total.T) / 2.0)


def add_product(out: FloatArray, times: AnyArray, block: FloatArray) -> None:
    """Add times [B, U] @ block [U, T] to `out`, the same bytes with any number of BLAS threads.

    In tiles so small that BLAS computes each with one thread and without packing, which is also faster.
    """
    width = max(1, _TILE // (_TILE_ROWS * block.shape[1]))
    whole = len(times) - len(times) % _TILE_ROWS
    for start in range(0, len(block), width):
        counted = times[:, start : start + width].astype(np.float64)
        part = block[start : start + width]
        tiles = counted[:whole].reshape(whole // _TILE_ROWS, _TILE_ROWS, len(part)) @ part
        out[:whole] += tiles.reshape(whole, block.shape[1])
        out[whole:] += counted[whole:] @ part


def unpack(packed: FloatArray, size: int) -> FloatArray:
    """Symmetric matrices [B, size, size] from their packed upper triangles [B, T]."""
    upper, other = np.triu_indices(size)
    full = np.empty((len(packed), size, size))
    full[:, upper, other] = packed
    full[:, other, upper] = packed
    return full


def covariances_of(sums: FloatArray) -> FloatArray:
    """Covariances [B, q, q] from sums of z z' with z = (1, x)."""
    total = sums[:, :1, :1]
    means = sums[:, 1:, :1] / total
    return np.asarray(sums[:, 1:, 1:] / total - means * means.swapaxes(1, 2))


def correlations_of(sums: FloatArray) -> FloatArray:
    """Correlations [B, q, q] from sums of z z'; row and column of a constant column are zero."""
    covariances = covariances_of(sums)
    variances = np.einsum("bii->bi", covariances)
    mean_squares = np.einsum("bii->bi", sums)[:, 1:] / sums[:, :1, 0]
    varies = variances > ROUNDING * mean_squares
    inverse = np.divide(
        1.0, np.sqrt(np.where(varies, variances, 1.0)), where=varies, out=np.zeros_like(variances)
    )
    correlations = covariances * inverse[:, :, None] * inverse[:, None, :]
    diagonal = np.arange(correlations.shape[1])
    correlations[:, diagonal, diagonal] = varies
    return np.asarray(correlations)


def row_order(columns: Sequence[AnyArray]) -> NDArray[np.intp]:
    """Order of the rows by the first column, then by the second, and so on; missing values come last.

    As `np.lexsort`, but whole numbers on short scales share a key, and later keys count only where earlier ones tie.
    """
    keys: list[AnyArray] = []
    room = 1
    columns = [np.where(np.isnan(column), np.inf, column) for column in columns]
    for column in columns:
        there = column < np.inf
        inside = column if there.all() else column[there]
        low, high = (np.min(inside), np.max(inside)) if len(inside) else (0.0, 0.0)
        # A missing value is one more, the last.
        span = float(high) - float(low) + 1.0 + (len(inside) < len(column))
        digits = (inside - low).astype(np.int64) if 1.0 <= span <= 2**20 else None
        if digits is not None and np.array_equal(digits, inside - low):
            if len(inside) < len(column):
                digits, some = np.full(len(column), int(span) - 1), digits
                digits[there] = some
        else:
            digits = None
        if digits is None:
            keys.append(column)
            room = 1
        elif room > 1 and room * int(span) < _KEY_VALUES:
            keys[-1] = keys[-1] * int(span) + digits
            room *= int(span)
        else:
            keys.append(digits)
            room = int(span)
    order = np.argsort(keys[0], kind="stable")
    if len(keys) > 1:
        first = keys[0][order]
        new = np.r_[True, first[1:] != first[:-1]]
        tied = np.flatnonzero(~new | ~np.r_[new[1:], True])
        rows = order[tied]
        groups = np.cumsum(new)[tied]
        order[tied] = rows[np.lexsort([*(key[rows] for key in reversed(keys[1:])), groups])]
    return order
