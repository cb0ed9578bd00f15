"""How much the moments vary between clusters of rows: units, persons, or rows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Rows whose products are in memory at one time.
_CHUNK = 20_000
# Rows of a cluster from which on a matrix product is faster than products row by row.
_LARGE = 20


@dataclass(frozen=True, slots=True)
class Contributions:
    """How the moments vary between clusters, for tests and errors that hold without normality and independence.

    The moments of a group are its p means followed by the p(p+1)/2 covariances of the upper triangle, row by row.

    Attributes
    ----------
    n_clusters : int
        Clusters over all groups.
    across : bool
        Whether a cluster may be in several groups.
    sums : tuple of numpy.ndarray or None
        Per group the deviations of the moments, summed by cluster [clusters in it, moments]; None where these are
        more than the moments and no cluster is in another group.
    spread : tuple of numpy.ndarray or None
        Where there are no sums, the sum over clusters of their outer products [moments, moments].
    clusters : tuple of numpy.ndarray
        Per group the cluster of each row of ``sums``.
    """

    n_clusters: int
    across: bool
    sums: tuple[FloatArray | None, ...]
    spread: tuple[FloatArray | None, ...]
    clusters: tuple[IntArray, ...]

    @property
    def correction(self) -> float:
        """Factor C / (C - 1) of every sum of squares over clusters."""
        return self.n_clusters / max(self.n_clusters - 1, 1)

    def products(self, group: int, kernel: FloatArray) -> FloatArray:
        """Sum over clusters of the outer product of ``kernel' deviation``; `kernel` is [moments, k]."""
        sums, spread = self.sums[group], self.spread[group]
        if sums is not None:
            projected = sums @ kernel
            return self.correction * (projected.T @ projected)
        return self.correction * (kernel.T @ spread @ kernel) if spread is not None else np.zeros((0, 0))


def contributions(
    values: FloatArray,
    weight: FloatArray,
    *,
    groups: IntArray,
    clusters: IntArray,
    means: Sequence[FloatArray],
    covs: Sequence[FloatArray],
) -> Contributions:
    """Sum the deviations of squares, products and values by cluster.

    Parameters
    ----------
    values : numpy.ndarray
        Complete rows [n, p].
    weight, groups, clusters : numpy.ndarray
        Of each row [n], groups numbered from 0.
    means, covs : sequence of numpy.ndarray
        Weighted means [p] and covariances [p, p] of each group.

    Returns
    -------
    Contributions
    """
    distinct, labels = np.unique(clusters, return_inverse=True)
    labels, n_clusters = labels.ravel().astype(np.intp), len(distinct)
    upper, lower = triangle(values.shape[1])
    across = len(np.unique(labels * len(means) + groups)) > n_clusters
    sums: list[FloatArray | None] = []
    spread: list[FloatArray | None] = []
    members: list[IntArray] = []
    for group, (mean, cov) in enumerate(zip(means, covs, strict=True)):
        rows = np.flatnonzero(groups == group)
        rows = rows[np.argsort(labels[rows], kind="stable")]
        starts = np.flatnonzero(np.r_[True, np.diff(labels[rows]) != 0])
        size = len(mean) + len(upper)
        keep = across or len(starts) <= size
        total = np.zeros((0, 0) if keep else (size, size))
        kept: list[FloatArray] = []
        ends = np.r_[starts[1:], len(rows)]
        first = 0
        while first < len(starts):
            # Whole clusters, as many as fit; at least one.
            last = max(int(np.searchsorted(ends, starts[first] + _CHUNK, side="right")), first + 1)
            part = rows[starts[first] : ends[last - 1]]
            centred, offsets = values[part] - mean, starts[first:last] - starts[first]
            if len(part) >= _LARGE * len(offsets):
                summed = _by_product(centred, weight[part], offsets, cov[upper, lower])
            else:
                products = centred[:, upper] * centred[:, lower] - cov[upper, lower]
                deviations = np.hstack([centred, products]) * weight[part, None]
                summed = np.add.reduceat(deviations, offsets, axis=0)
            if keep:
                kept.append(summed)
            else:
                total += summed.T @ summed
            first = last
        sums.append(np.vstack(kept) if keep else None)
        spread.append(None if keep else total)
        members.append(labels[rows[starts]])
    return Contributions(n_clusters, across, tuple(sums), tuple(spread), tuple(members))


def _by_product(
    centred: FloatArray, weight: FloatArray, starts: IntArray, covariances: FloatArray
) -> FloatArray:
    """Deviations summed by cluster from one matrix product each: the products of single rows are never made."""
    upper, lower = triangle(centred.shape[1])
    summed = np.empty((len(starts), centred.shape[1] + len(upper)))
    ends = np.r_[starts[1:], len(centred)]
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        own, w = centred[start:end], weight[start:end]
        weighted = own * w[:, None]
        products = (weighted.T @ own)[upper, lower] - w.sum() * covariances
        summed[place] = np.concatenate([weighted.sum(axis=0), products])
    return summed


def triangle(p: int) -> tuple[IntArray, IntArray]:
    """Row and column of the covariances in the moments of `p` variables, upper triangle row by row."""
    rows, columns = np.triu_indices(p)
    return rows, columns
