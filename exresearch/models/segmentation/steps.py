"""One step of expectation and maximisation, for many fits at once, on as few columns as it can do with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.features import Features, FloatArray

# Cells of one block of densities: a quarter of a megabyte in single precision, which stays near the processor.
_CELLS = 65_000
# Below this a segment has lost everybody.
_LEAST_SHARE = 1e-12
_NOBODY = 1e-150
Made = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Patterns of answers and their weights, as steps need them.

    Attributes
    ----------
    features : Features
        What the columns were made from.
    columns : ndarray [patterns, p]
        Of the features, those in which segments differ, and one of ones. Squares of profiles whose variances are equal
        add the same to all segments, and presence is one where everybody answered: neither has a column.
    gaps : ndarray [items] of bool
        Items of profiles that not everybody answered; their presence has a column.
    weights : ndarray [replicates, patterns]
    squares : ndarray [replicates, items]
        Weighted sums of squares of profiles whose variances are equal.
    """

    features: Features
    columns: NDArray[np.floating]
    gaps: NDArray[np.bool_]
    weights: NDArray[np.floating]
    squares: FloatArray

    def single(self) -> Ground:
        """The same in single precision, whose exponentials take a quarter of the time."""
        columns, weights = self.columns.astype("float32"), self.weights.astype("float32")
        return Ground(self.features, columns, self.gaps, weights, self.squares)


def ground(features: Features, weights: FloatArray, *, rows: NDArray[np.intp] | None = None) -> Ground:
    """Prepare steps of fits on features, or on some of their patterns, with weights [replicates, patterns]."""
    taken = features.rows if rows is None else features.rows[rows]
    weights = weights if rows is None else np.ascontiguousarray(weights[:, rows])
    one = np.ones((len(taken), 1))
    if features.kind == "classes":
        none = np.zeros(0)
        return Ground(features, np.hstack([taken, one]), none.astype(bool), weights, none[None])
    d = len(features.items)
    gaps = (taken[:, 2 * d :] == 0).any(axis=0)
    first = d if features.equal else 0
    columns = np.hstack([taken[:, first : 2 * d], taken[:, 2 * d :][:, gaps], one])
    return Ground(features, columns, gaps, weights, weights @ taken[:, :d])


def slopes(found: Ground, coefficients: FloatArray, log_shares: FloatArray) -> FloatArray:
    """Log density [fits, k, p] of being in a segment, on the columns, less what is the same in all segments."""
    if found.features.kind == "classes":
        return np.concatenate([coefficients, log_shares[..., None]], axis=-1)
    d, gaps = len(found.features.items), found.gaps
    first, presence = d if found.features.equal else 0, coefficients[..., 2 * d :]
    constant = log_shares + presence[..., ~gaps].sum(axis=-1)
    return np.concatenate(
        [coefficients[..., first : 2 * d], presence[..., gaps], constant[..., None]], axis=-1
    )


def step(
    found: Ground,
    coefficients: FloatArray,
    log_shares: FloatArray,
    owner: NDArray[np.intp],
    *,
    measured: bool = True,
) -> Made:
    """Take one step of all fits, in the precision of the ground, each on the weights of its owner.

    Returns coefficients, log shares, and the log-likelihood before the step; zeros unless it is to be measured.
    """
    fits, k = log_shares.shape
    columns, precision = found.columns, found.columns.dtype
    sums = np.zeros((k * fits, columns.shape[1]))
    likelihood = np.zeros(fits)
    # Segments first and people last: a sum over segments then adds long rows.
    flat = slopes(found, coefficients, log_shares).transpose(1, 0, 2).reshape(k * fits, -1).astype(precision)
    size = max(1, min(len(columns), _CELLS // (fits * k)))
    made = np.empty((k * fits, size), dtype=precision)
    for start in range(0, len(columns), size):
        rows, weight = columns[start : start + size], found.weights[owner, start : start + size]
        if len(rows) < size:
            made = np.empty((k * fits, len(rows)), dtype=precision)
        np.matmul(flat, rows.T, out=made)
        density = made.reshape(k, fits, len(rows))
        highest = density.max(axis=0)
        density -= highest
        np.exp(density, out=density)
        total = density.sum(axis=0)
        if measured:
            np.add(highest, np.log(total), out=highest)
            highest *= weight
            likelihood += highest.sum(axis=1, dtype="float64")
        np.divide(weight, total, out=total)
        density *= total
        sums += made @ rows
    return _maximised(found, sums.reshape(k, fits, -1).transpose(1, 0, 2), coefficients, owner, likelihood)


def _maximised(
    found: Ground, sums: FloatArray, before: FloatArray, owner: NDArray[np.intp], likelihood: FloatArray
) -> Made:
    """Coefficients and log shares from weighted sums [fits, k, p] of the columns."""
    features, of_fit = found.features, sums[..., -1]
    lost = of_fit <= _LEAST_SHARE * of_fit.sum(axis=1, keepdims=True)
    shares = np.log(np.maximum(of_fit / of_fit.sum(axis=1, keepdims=True), 1e-300))
    if features.kind == "profiles" and features.equal:
        d = len(features.items)
        count = np.repeat(of_fit[..., None], d, axis=-1)
        count[..., found.gaps] = sums[..., d:-1]
        squares = found.squares[owner]
        likelihood = likelihood + (before[:, 0, :d] * squares).sum(axis=1)
        if lost.any():
            # A segment that has lost everybody stays where it was; its share is nothing.
            there = before[..., d : 2 * d] / (-2 * before[..., :d])
            count = np.where(lost[..., None], _NOBODY, count)
            sums = np.where(lost[..., None], _NOBODY * there, sums[..., :d])
        return features.moved(sums[..., :d], count, squares), shares, likelihood
    if features.kind == "profiles":
        d = len(features.items)
        count = np.repeat(of_fit[..., None], d, axis=-1)
        count[..., found.gaps] = sums[..., 2 * d : -1]
        made = features.coefficients(np.concatenate([sums[..., : 2 * d], count], axis=-1))
    else:
        made = features.coefficients(sums[..., :-1])
    if lost.any():
        # A segment that has lost everybody stays where it was; its share is nothing.
        made[lost] = before[lost]
    return made, shares, likelihood
