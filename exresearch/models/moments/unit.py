"""Weighted cross-products per unit: everything the driver models need to know about the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

#: Cells of 8 bytes in a block of products of rows (32 MB).
BLOCK_CELLS = 4_000_000
# Rows, and multiplications, of a matrix product that BLAS does not share out over threads.
_TILE_ROWS = 8
_TILE = 2**18
# A variance below this share of the mean square is rounding, so the column is constant.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class UnitMoments:
    """Sums of w, w x and w x x' per unit, around a common origin; made by `unit_moments`.

    Attributes
    ----------
    columns : tuple of str
        The q columns x.
    units : pandas.Index [U]
        Labels of the resampled units: clusters, sorted, or single rows when `matrices` is None.
    n : ndarray [U]
        Rows per unit.
    weight_sums : ndarray [U]
        Sum of weights per unit.
    origin : ndarray [q]
        What was subtracted from each column before products were formed (about its mean, so that a mean of 1e8
        costs no digits).
    matrices : ndarray [U, q + 1, q + 1] or None
        Per unit the sum of w z z' with z = (1, x - origin).
    rows : ndarray [n, q] or None
        x - origin per row where every row is its own unit. Exactly one of `matrices` and `rows` is set.
    n_excluded : int
        Rows left out because a column, the weight or the cluster was missing.
    """

    columns: tuple[str, ...]
    units: pd.Index
    n: NDArray[np.int64]
    weight_sums: FloatArray
    origin: FloatArray
    matrices: FloatArray | None
    rows: FloatArray | None
    n_excluded: int

    @property
    def n_units(self) -> int:
        """Number of units that a bootstrap resamples."""
        return len(self.n)

    @property
    def n_rows(self) -> int:
        """Number of rows with complete data."""
        return int(self.n.sum())

    def _blocks(self) -> Iterator[tuple[int, int, FloatArray]]:
        """Packed upper triangles of the unit matrices, in blocks of units of bounded size."""
        upper, other = np.triu_indices(len(self.columns) + 1)
        step = max(1, BLOCK_CELLS // len(upper))
        for start in range(0, self.n_units, step):
            stop = min(start + step, self.n_units)
            if self.matrices is not None:
                yield start, stop, self.matrices[start:stop, upper, other]
            else:
                yield start, stop, products(self._centred(start, stop), self.weight_sums[start:stop])

    def _centred(self, start: int, stop: int) -> FloatArray:
        if self.rows is None:
            raise ValueError("these moments hold clusters, not rows.")
        return np.column_stack([np.ones(stop - start), self.rows[start:stop]])

    def sums(self, counts: ArrayLike | None = None) -> FloatArray:
        """Sum of the unit matrices, each unit taken `counts` times.

        Parameters
        ----------
        counts : array [B, U], optional
            Times each unit enters each replicate; without it every unit enters once (B = 1).

        Returns
        -------
        ndarray [B, q + 1, q + 1]
        """
        if counts is None:
            return self._total()[None]
        times = np.asarray(counts)
        if times.ndim != 2 or times.shape[1] != self.n_units:
            raise ValueError(f"counts must have the shape [B, {self.n_units}], got {times.shape}.")
        size = len(self.columns) + 1
        packed = np.zeros((times.shape[0], size * (size + 1) // 2))
        for start, stop, block in self._blocks():
            add_product(packed, times[:, start:stop], block)
        return unpack(packed, size)

    def _total(self) -> FloatArray:
        """Sum of all unit matrices."""
        if self.matrices is not None:
            return np.asarray(self.matrices.sum(axis=0))
        size = len(self.columns) + 1
        total = np.zeros((size, size))
        # Products too small to be shared out over threads: faster so, and the same bytes with any number of them.
        step = max(1, _TILE // size**2)
        for start in range(0, self.n_units, step):
            centred = self._centred(start, min(start + step, self.n_units))
            total += centred.T @ (centred * self.weight_sums[start : start + step, None])
        # The product is symmetric up to rounding; the sums are exactly so.
        return np.triu(total) + np.triu(total, 1).T

    def covariances(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted covariance matrices [B, q, q] with the sum of weights as divisor."""
        return _covariances(self.sums(counts))

    def correlations(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted correlation matrices [B, q, q]; the row and column of a constant column are zero."""
        return _correlations(self.sums(counts))

    def leave_one_out(self) -> Iterator[FloatArray]:
        """Correlation matrices with each unit left out in turn, in chunks [u, q, q] that add up to U."""
        total = self.sums()
        size = len(self.columns) + 1
        for _, _, block in self._blocks():
            # Unpacking quadruples a block, so it goes in slices.
            for first in range(0, len(block), 2000):
                yield _correlations(total - unpack(block[first : first + 2000], size))

    def select(self, columns: Sequence[str]) -> UnitMoments:
        """The moments of some of the columns; the rows are those complete on all of them."""
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise ValueError(
                f"columns {missing} are not in these moments, which hold {list(self.columns)}: "
                "compute unit_moments again with all columns."
            )
        keep = np.array([self.columns.index(name) for name in columns], dtype=np.intp)
        wide = np.concatenate([[0], keep + 1])
        return UnitMoments(
            columns=tuple(columns),
            units=self.units,
            n=self.n,
            weight_sums=self.weight_sums,
            origin=self.origin[keep],
            matrices=None if self.matrices is None else self.matrices[:, wide[:, None], wide[None, :]],
            rows=None if self.rows is None else self.rows[:, keep],
            n_excluded=self.n_excluded,
        )

    def merge(self, other: UnitMoments) -> UnitMoments:
        """The moments of both sets of rows; units with the same label are added up.

        Give units of different clients different labels first.

        Raises
        ------
        ValueError
            The columns differ, or one holds clusters and the other single rows.
        """
        if self.columns != other.columns:
            raise ValueError(
                f"only moments of the same columns in the same order can be merged, got {list(self.columns)} "
                f"and {list(other.columns)}: use select."
            )
        if (self.matrices is None) != (other.matrices is None):
            raise ValueError(
                "moments per cluster and moments per row cannot be merged: give both a cluster, or neither."
            )
        share = other.weight_sums.sum() / (self.weight_sums.sum() + other.weight_sums.sum())
        origin = self.origin + share * (other.origin - self.origin)
        left, right = _shifted(self, origin), _shifted(other, origin)
        if left.rows is not None and right.rows is not None:
            return sorted_rows(
                self.columns,
                self.units.append(other.units),
                np.concatenate([left.rows, right.rows]),
                np.concatenate([self.weight_sums, other.weight_sums]),
                origin,
                self.n_excluded + other.n_excluded,
            )
        codes, units = pd.factorize(self.units.append(other.units), sort=True)
        matrices = np.zeros((len(units), len(origin) + 1, len(origin) + 1))
        np.add.at(matrices, codes, np.concatenate([_matrices(left), _matrices(right)]))
        return UnitMoments(
            columns=self.columns,
            units=pd.Index(units),
            n=np.bincount(codes, weights=np.concatenate([self.n, other.n])).astype(np.int64),
            weight_sums=matrices[:, 0, 0].copy(),
            origin=origin,
            matrices=matrices,
            rows=None,
            n_excluded=self.n_excluded + other.n_excluded,
        )


def _matrices(moments: UnitMoments) -> FloatArray:
    if moments.matrices is None:
        raise ValueError("these moments hold rows, not clusters.")
    return moments.matrices


def _shifted(moments: UnitMoments, origin: FloatArray) -> UnitMoments:
    """The same moments around another origin: z' = T z, so M' = T M T'."""
    step = moments.origin - origin
    change = np.eye(len(step) + 1)
    change[1:, 0] = step
    return UnitMoments(
        columns=moments.columns,
        units=moments.units,
        n=moments.n,
        weight_sums=moments.weight_sums,
        origin=origin,
        matrices=None if moments.matrices is None else change @ moments.matrices @ change.T,
        rows=None if moments.rows is None else moments.rows + step,
        n_excluded=moments.n_excluded,
    )


def products(centred: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted products of all pairs of columns per row, upper triangle, [rows, T]."""
    size = centred.shape[1]
    columns = np.ascontiguousarray(centred.T)
    weighted = columns * weights
    # A pair lies in one piece, which is several times faster to fill than a row.
    out = np.empty((size * (size + 1) // 2, len(centred)))
    start = 0
    for column in range(size):
        width = size - column
        np.multiply(weighted[column], columns[column:], out=out[start : start + width])
        start += width
    return out.T


def add_product(out: FloatArray, times: NDArray[np.generic], block: FloatArray) -> None:
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


def _covariances(sums: FloatArray) -> FloatArray:
    total = sums[:, :1, :1]
    means = sums[:, 1:, :1] / total
    return np.asarray(sums[:, 1:, 1:] / total - means * means.swapaxes(1, 2))


def _correlations(sums: FloatArray) -> FloatArray:
    covariances = _covariances(sums)
    variances = np.einsum("bii->bi", covariances)
    mean_squares = np.einsum("bii->bi", sums)[:, 1:] / sums[:, :1, 0]
    varies = variances > _ROUNDING * mean_squares
    inverse = np.divide(
        1.0, np.sqrt(np.where(varies, variances, 1.0)), where=varies, out=np.zeros_like(variances)
    )
    correlations = covariances * inverse[:, :, None] * inverse[:, None, :]
    diagonal = np.arange(correlations.shape[1])
    correlations[:, diagonal, diagonal] = varies
    return np.asarray(correlations)


def _row_order(keys: Sequence[FloatArray]) -> NDArray[np.intp]:
    """Order of rows by the first key, then the second and so on: `numpy.lexsort`, but a later key sorts only ties."""
    order = np.argsort(keys[0], kind="stable")
    apart = np.diff(keys[0][order]) != 0.0
    for key in keys[1:]:
        tied = np.flatnonzero(~np.append(apart, True) | ~np.insert(apart, 0, True))
        if not tied.size:
            break
        rows = order[tied]
        group = np.insert(np.cumsum(apart), 0, 0)[tied]
        order[tied] = rows[np.lexsort([key[rows], group])]
        apart |= np.diff(key[order]) != 0.0
    return order


def sorted_rows(
    columns: tuple[str, ...],
    units: pd.Index,
    rows: FloatArray,
    weights: FloatArray,
    origin: FloatArray,
    n_excluded: int,
) -> UnitMoments:
    """Rows in an order of their own, so that neither row nor column order of the file reaches the bootstrap."""
    by_name = sorted(range(len(columns)), key=lambda index: columns[index], reverse=True)
    order = _row_order([*(rows[:, index] for index in reversed(by_name)), weights])
    return UnitMoments(
        columns=columns,
        units=units[order],
        n=np.ones(len(rows), dtype=np.int64),
        weight_sums=weights[order],
        origin=origin,
        matrices=None,
        rows=rows[order],
        n_excluded=n_excluded,
    )
