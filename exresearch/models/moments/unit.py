"""Weighted cross-products per unit: everything the driver models need to know about the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exresearch.models.moments.algebra import (
    BLOCK_CELLS,
    PIECE_ROWS,
    add_product,
    correlations_of,
    covariances_of,
    products,
    total_products,
    unpack,
)
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

FloatArray = NDArray[np.float64]


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
    squared : ndarray [U, q + 1, q + 1] or None
        Per unit the sum of w**2 z z', where it was asked for.
    factors : ndarray [U, r, q + 1] or None
        sqrt(w) z per row of each unit and zeros, F with matrices = F'F; only there where units are of a few rows each.
    """

    columns: tuple[str, ...]
    units: pd.Index
    n: NDArray[np.int64]
    weight_sums: FloatArray
    origin: FloatArray
    matrices: FloatArray | None
    rows: FloatArray | None
    n_excluded: int
    squared: FloatArray | None = None
    factors: FloatArray | None = None

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

        Raises
        ------
        ValueError
            Counts of another shape, or that are negative or no numbers; for covariances and correlations also a
            replicate that holds no unit.
        """
        if counts is None:
            return self._total()[None]
        times = as_counts(counts, self.n_units)
        size = len(self.columns) + 1
        packed = np.zeros((times.shape[0], size * (size + 1) // 2))
        for start, stop, block in self._blocks():
            add_product(packed, times[:, start:stop], block)
        return unpack(packed, size)

    def _some(self, counts: ArrayLike | None) -> FloatArray:
        """Sums of replicates that hold a unit."""
        sums = self.sums(counts)
        if counts is not None:
            check_totals(sums[:, 0, 0])
        return sums

    def _total(self) -> FloatArray:
        if self.matrices is not None:
            return np.asarray(self.matrices.sum(axis=0))
        step = max(1, BLOCK_CELLS // (len(self.columns) + 1) // PIECE_ROWS) * PIECE_ROWS
        total = np.zeros((len(self.columns) + 1, len(self.columns) + 1))
        for start in range(0, self.n_units, step):
            stop = min(start + step, self.n_units)
            total += total_products(self._centred(start, stop), self.weight_sums[start:stop])
        return total

    def covariances(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted covariance matrices [B, q, q] with the sum of weights as divisor."""
        return covariances_of(self._some(counts))

    def correlations(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted correlation matrices [B, q, q]; the row and column of a constant column are zero."""
        return correlations_of(self._some(counts))

    def leave_one_out(self) -> Iterator[FloatArray]:
        """Correlation matrices with each unit left out in turn, in chunks [u, q, q] that add up to U."""
        total = self.sums()
        size = len(self.columns) + 1
        for _, _, block in self._blocks():
            # Unpacking quadruples a block, so it goes in slices.
            for first in range(0, len(block), 2000):
                yield correlations_of(total - unpack(block[first : first + 2000], size))

    def select(self, columns: Iterable[str]) -> UnitMoments:
        """The moments of some of the columns; the rows are those complete on all of them."""
        names, keep = column_places(self.columns, columns)
        wide = np.concatenate([[0], keep + 1])
        inside = (slice(None), wide[:, None], wide[None, :])
        return replace(
            self,
            columns=names,
            origin=self.origin[keep],
            matrices=None if self.matrices is None else self.matrices[inside],
            rows=None if self.rows is None else self.rows[:, keep],
            squared=None if self.squared is None else self.squared[inside],
            factors=None if self.factors is None else self.factors[:, :, wide],
        )

    def merge(self, other: UnitMoments) -> UnitMoments:
        """The moments of both sets of rows: `merge_moments` of the two."""
        return merge_moments([self, other])


def merge_moments(parts: Sequence[UnitMoments]) -> UnitMoments:
    """The moments of all the rows behind some moments; units with the same label are added up.

    Use it for files read apart, machines, or clients whose answers may not meet. Give units of different clients
    different labels first.

    Parameters
    ----------
    parts : sequence of UnitMoments
        Of the same columns in the same order. They are added in the order given.

    Returns
    -------
    UnitMoments
        Around the weighted mean of the origins, rounded where all of them are whole, so that sums of whole answers stay
        exact.

    Raises
    ------
    ValueError
        There are no parts, their columns differ, some hold clusters and others single rows, or only some hold
        squared weights.

    Examples
    --------
    >>> from exresearch.models.moments import unit_moments
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 5.0], "team": list("abab")})
    >>> halves = [unit_moments(part, columns=["x"], cluster="team") for part in (data[:3], data[3:])]
    >>> merge_moments(halves).n.tolist()
    [2, 2]
    """
    if not parts:
        raise ValueError("merge_moments needs the moments of at least one part, got none.")
    first = parts[0]
    check_alike(parts)
    for part in parts[1:]:
        if (part.squared is None) != (first.squared is None):
            raise ValueError(
                "moments with and without squared weights cannot be merged: compute all with squared_weights, or none."
            )
    origin = common_origin(parts)
    steps = [part.origin - origin for part in parts]
    n_excluded = sum(part.n_excluded for part in parts)
    if first.rows is not None:
        rows = [part.rows + step for part, step in zip(parts, steps, strict=True) if part.rows is not None]
        weights = np.concatenate([part.weight_sums for part in parts])
        return sorted_rows(
            first.columns, joined_labels(parts), np.concatenate(rows), weights, origin, n_excluded
        )
    units, places = joined_units(parts)
    matrices = np.zeros((len(units), len(origin) + 1, len(origin) + 1))
    squared = None if first.squared is None else np.zeros_like(matrices)
    n = np.zeros(len(units), dtype=np.int64)
    for part, step, place in zip(parts, steps, places, strict=True):
        n[place] += part.n
        # Units are distinct within a part.
        if part.matrices is not None:
            matrices[place] += _shifted(part.matrices, step)
        if squared is not None and part.squared is not None:
            squared[place] += _shifted(part.squared, step)
    return UnitMoments(
        columns=first.columns,
        units=units,
        n=n,
        weight_sums=matrices[:, 0, 0].copy(),
        origin=origin,
        matrices=matrices,
        rows=None,
        n_excluded=n_excluded,
        squared=squared,
    )


def _shifted(matrices: FloatArray, step: FloatArray) -> FloatArray:
    """The same sums around another origin: z' = T z, so M' = T M T'."""
    if not step.any():
        return matrices
    change = np.eye(len(step) + 1)
    change[1:, 0] = step
    return np.asarray(change @ matrices @ change.T)


def sorted_rows(
    columns: tuple[str, ...],
    units: pd.Index,
    rows: FloatArray,
    weights: FloatArray,
    origin: FloatArray,
    n_excluded: int,
) -> UnitMoments:
    """The moments of single rows, in the order of `ordered_rows`."""
    order = ordered_rows(columns, rows, weights)
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
