"""Cross-products per unit over the rows that have both columns of each pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exresearch.models.moments.algebra import BLOCK_CELLS, ROUNDING, add_product
from exresearch.models.moments.joining import (
    as_counts,
    check_alike,
    check_totals,
    column_places,
    common_origin,
    joined_labels,
    joined_units,
    ordered_rows,
)
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseMoments:
    """Sums over the rows that have both columns of a pair, per unit; made by `unit_moments`.

    Use it when listwise deletion would leave few rows and answers are missing at random. What each pair of columns says
    comes from other rows, so that the correlations need not belong together: see `smallest_eigenvalue`.

    Attributes
    ----------
    columns : tuple of str
        The q columns x.
    units : pandas.Index [U]
        Labels of the resampled units: clusters, sorted, or single rows when `matrices` is None.
    n : ndarray [U]
        Rows per unit.
    weight_sums : ndarray [U]
        Sum of weights per unit; for clusters over the rows of the column that has most.
    origin : ndarray [q]
        What was subtracted from each column before products were formed.
    matrices : ndarray [U, q, 4 q] or None
        Per unit four tables [i, j]: sums over the rows that have i and j of w, w x_j, w x_j**2 and w x_i x_j, x less
        its origin.
    rows : ndarray [n, q] or None
        x - origin per row, NaN where missing, where every row is its own unit.
    n_pairs : ndarray [q, q]
        Rows that have both columns.
    n_excluded : int
        Rows left out because weight, cluster or all of the columns were missing.
    """

    columns: tuple[str, ...]
    units: pd.Index
    n: NDArray[np.int64]
    weight_sums: FloatArray
    origin: FloatArray
    matrices: FloatArray | None
    rows: FloatArray | None
    n_pairs: NDArray[np.int64]
    n_excluded: int

    @classmethod
    def of_units(
        cls,
        columns: tuple[str, ...],
        units: pd.Index,
        n: NDArray[np.int64],
        origin: FloatArray,
        matrices: FloatArray,
        pairs: FloatArray | None,
        n_excluded: int,
    ) -> PairwiseMoments:
        """From the sums per cluster; numbers of rows are the sums of weights where there are none."""
        size = len(columns)
        counted = (matrices[:, :, :size] if pairs is None else pairs).sum(axis=0)
        return cls(
            columns=columns,
            units=units,
            n=n,
            weight_sums=np.einsum("uii->ui", matrices[:, :, :size]).max(axis=1),
            origin=origin,
            matrices=matrices,
            rows=None,
            n_pairs=np.rint(counted).astype(np.int64),
            n_excluded=n_excluded,
        )

    @property
    def n_units(self) -> int:
        """Number of units that a bootstrap resamples."""
        return len(self.n)

    @property
    def n_rows(self) -> int:
        """The smallest number of rows behind a pair of columns: what the matrix as a whole is worth at most."""
        return int(self.n_pairs.min())

    @property
    def smallest_eigenvalue(self) -> float:
        """Of the correlation matrix. At zero or below no data have these correlations, and R-squared may exceed one."""
        return float(np.linalg.eigvalsh(self.correlations()[0])[0])

    def _blocks(self) -> Iterator[tuple[int, int, FloatArray]]:
        """Unit tables as rows [u, 4 q**2], in blocks of units of bounded size."""
        size = len(self.columns)
        step = max(1, BLOCK_CELLS // (4 * size * size))
        for start in range(0, self.n_units, step):
            stop = min(start + step, self.n_units)
            if self.matrices is not None:
                yield start, stop, self.matrices[start:stop].reshape(stop - start, -1)
            elif self.rows is not None:
                there = ~np.isnan(self.rows[start:stop])
                x = np.where(there, self.rows[start:stop], 0.0)
                m = there.astype(np.float64)
                weighted = m * self.weight_sums[start:stop, None]
                block = np.empty((stop - start, size, 4 * size))
                for place, values in enumerate((m, x, x * x)):
                    block[:, :, place * size : (place + 1) * size] = weighted[:, :, None] * values[:, None, :]
                block[:, :, 3 * size :] = (weighted * x)[:, :, None] * x[:, None, :]
                yield start, stop, block.reshape(stop - start, -1)

    def sums(self, counts: ArrayLike | None = None) -> FloatArray:
        """Sum of the unit tables [B, q, 4 q], each unit taken `counts` [B, U] times (once without)."""
        times = np.ones((1, self.n_units)) if counts is None else as_counts(counts, self.n_units)
        size = len(self.columns)
        total = np.zeros((times.shape[0], 4 * size * size))
        for start, stop, block in self._blocks():
            add_product(total, times[:, start:stop], block)
        return total.reshape(-1, size, 4 * size)

    def _some(self, counts: ArrayLike | None) -> FloatArray:
        """Sums of replicates that hold a unit."""
        sums = self.sums(counts)
        if counts is not None:
            check_totals(sums[:, :, : len(self.columns)].max(axis=(1, 2)))
        return sums

    def covariances(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted covariances [B, q, q] of each pair over its own rows, with their sum of weights as divisor."""
        return _pair_moments(self._some(counts))[0]

    def correlations(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted correlations [B, q, q] of each pair over its own rows; zero where a column is constant on them."""
        return _correlations(self._some(counts))

    def leave_one_out(self) -> Iterator[FloatArray]:
        """Correlation matrices with each unit left out in turn, in chunks [u, q, q] that add up to U."""
        total = self.sums()
        for _, _, block in self._blocks():
            yield _correlations(total - block.reshape(-1, *total.shape[1:]))

    def select(self, columns: Iterable[str]) -> PairwiseMoments:
        """The moments of some of the columns."""
        names, keep = column_places(self.columns, columns)
        wide = np.concatenate([keep + table * len(self.columns) for table in range(4)])
        return replace(
            self,
            columns=names,
            origin=self.origin[keep],
            matrices=None if self.matrices is None else self.matrices[:, keep[:, None], wide[None, :]],
            rows=None if self.rows is None else self.rows[:, keep],
            n_pairs=self.n_pairs[np.ix_(keep, keep)],
        )

    def merge(self, other: PairwiseMoments) -> PairwiseMoments:
        """The moments of both sets of rows; units with the same label are added up.

        Raises
        ------
        ValueError
            The columns differ, or one holds clusters and the other single rows.
        """
        return merge_pairwise([self, other])


def merge_pairwise(parts: Sequence[PairwiseMoments]) -> PairwiseMoments:
    """The pairwise moments of all the rows behind some pairwise moments; see `merge_moments`."""
    first = parts[0]
    check_alike(parts)
    origin = common_origin(parts)
    steps = [part.origin - origin for part in parts]
    n_excluded = sum(part.n_excluded for part in parts)
    if first.rows is not None:
        rows = [part.rows + step for part, step in zip(parts, steps, strict=True) if part.rows is not None]
        weights = np.concatenate([part.weight_sums for part in parts])
        labels = joined_labels(parts)
        return pairwise_rows(first.columns, labels, np.concatenate(rows), weights, origin, n_excluded)
    units, places = joined_units(parts)
    matrices = np.zeros((len(units), len(origin), 4 * len(origin)))
    n = np.zeros(len(units), dtype=np.int64)
    for part, step, place in zip(parts, steps, places, strict=True):
        n[place] += part.n
        if part.matrices is not None:
            matrices[place] += _shifted(part.matrices, step)
    whole = PairwiseMoments.of_units(first.columns, units, n, origin, matrices, None, n_excluded)
    return replace(whole, n_pairs=np.sum([part.n_pairs for part in parts], axis=0))


def pairwise_rows(
    columns: tuple[str, ...],
    units: pd.Index,
    rows: FloatArray,
    weights: FloatArray,
    origin: FloatArray,
    n_excluded: int,
) -> PairwiseMoments:
    """The pairwise moments of single rows, in the order of `ordered_rows`."""
    order = ordered_rows(columns, rows, weights)
    there = (~np.isnan(rows)).astype(np.float64)
    return PairwiseMoments(
        columns=columns,
        units=units[order],
        n=np.ones(len(rows), dtype=np.int64),
        weight_sums=weights[order],
        origin=origin,
        matrices=None,
        rows=rows[order],
        n_pairs=np.rint(there.T @ there).astype(np.int64),
        n_excluded=n_excluded,
    )


def check_pairs(moments: PairwiseMoments) -> None:
    """Raise NotEstimable where no row has both columns of a pair."""
    names = moments.columns
    never = [(names[i], names[j]) for i, j in np.argwhere(moments.n_pairs == 0) if i <= j]
    if never:
        raise NotEstimable(
            f"no row has both columns of the pairs {never}: leave out a column of each, or use missing='listwise'."
        )


def _tables(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    weight, x, square, cross = np.split(sums, 4, axis=2)
    return weight, x, square, cross


def _pair_moments(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Covariance, variance of column j, mean square of column j, each [B, i, j] over the rows that have i and j."""
    weight, x, square, cross = _tables(sums)
    # A pair without rows in a replicate has sums of zero, and so a covariance of zero.
    total = np.where(weight > 0.0, weight, 1.0)
    means = x / total
    return cross / total - means * means.swapaxes(1, 2), square / total - means * means, square / total


def _correlations(sums: FloatArray) -> FloatArray:
    covariances, variances, squares = _pair_moments(sums)
    varies = variances > ROUNDING * squares
    varies &= varies.swapaxes(1, 2)
    scale = np.where(varies, variances, 1.0)
    correlations = np.where(varies, covariances / np.sqrt(scale * scale.swapaxes(1, 2)), 0.0)
    diagonal = np.arange(correlations.shape[1])
    correlations[:, diagonal, diagonal] = varies[:, diagonal, diagonal]
    return np.asarray(correlations)


def _shifted(matrices: FloatArray, step: FloatArray) -> FloatArray:
    """The same sums with x + step in the place of x."""
    if not step.any():
        return matrices
    weight, x, square, cross = _tables(matrices)
    moved = np.concatenate(
        [
            weight,
            x + step * weight,
            square + 2.0 * step * x + step**2 * weight,
            cross + step * x.swapaxes(1, 2) + step[:, None] * x + np.outer(step, step) * weight,
        ],
        axis=2,
    )
    return np.asarray(moved)
