"""Weighted cross-products per unit: everything the driver models need to know about the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    row_order,
    total_products,
    unpack,
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
        return covariances_of(self.sums(counts))

    def correlations(self, counts: ArrayLike | None = None) -> FloatArray:
        """Weighted correlation matrices [B, q, q]; the row and column of a constant column are zero."""
        return correlations_of(self.sums(counts))

    def leave_one_out(self) -> Iterator[FloatArray]:
        """Correlation matrices with each unit left out in turn, in chunks [u, q, q] that add up to U."""
        total = self.sums()
        size = len(self.columns) + 1
        for _, _, block in self._blocks():
            # Unpacking quadruples a block, so it goes in slices.
            for first in range(0, len(block), 2000):
                yield correlations_of(total - unpack(block[first : first + 2000], size))

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
        inside = (slice(None), wide[:, None], wide[None, :])
        return replace(
            self,
            columns=tuple(columns),
            origin=self.origin[keep],
            matrices=None if self.matrices is None else self.matrices[inside],
            rows=None if self.rows is None else self.rows[:, keep],
            squared=None if self.squared is None else self.squared[inside],
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
    for part in parts[1:]:
        if part.columns != first.columns:
            raise ValueError(
                f"only moments of the same columns in the same order can be merged, got {list(first.columns)} "
                f"and {list(part.columns)}: use select."
            )
        if (part.matrices is None) != (first.matrices is None):
            raise ValueError(
                "moments per cluster and moments per row cannot be merged: give both a cluster, or neither."
            )
        if (part.squared is None) != (first.squared is None):
            raise ValueError(
                "moments with and without squared weights cannot be merged: compute all with squared_weights, or none."
            )
    origin = common_origin([part.origin for part in parts], [part.weight_sums.sum() for part in parts])
    steps = [part.origin - origin for part in parts]
    n_excluded = sum(part.n_excluded for part in parts)
    labels = parts[0].units.append([part.units for part in parts[1:]])
    if first.rows is not None:
        return sorted_rows(
            first.columns,
            labels,
            np.concatenate(
                [part.rows + step for part, step in zip(parts, steps, strict=True) if part.rows is not None]
            ),
            np.concatenate([part.weight_sums for part in parts]),
            origin,
            n_excluded,
        )
    codes, units = pd.factorize(labels, sort=True)
    places = np.split(codes, np.cumsum([part.n_units for part in parts])[:-1])
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
        units=pd.Index(units),
        n=n,
        weight_sums=matrices[:, 0, 0].copy(),
        origin=origin,
        matrices=matrices,
        rows=None,
        n_excluded=n_excluded,
        squared=squared,
    )


def common_origin(origins: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """Weighted mean of origins; whole where all of them are, and themselves where they agree."""
    first = origins[0]
    total = float(np.sum(weights))
    origin = first.copy()
    for other, weight in zip(origins[1:], weights[1:], strict=True):
        origin += (weight / total) * (other - first)
    whole = np.all([one == np.rint(one) for one in origins], axis=0)
    return np.where(whole, np.rint(origin), origin)


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
    """Rows in an order of their own, so that neither row nor column order of the file reaches the bootstrap."""
    by_name = sorted(range(len(columns)), key=lambda index: columns[index])
    order = row_order([*(rows[:, index] for index in by_name), weights])
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
