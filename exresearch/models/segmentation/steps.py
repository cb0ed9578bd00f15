"""One step of expectation and maximisation, for many fits at once, on as few columns as it can do with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.moments.kernel import SMALL_PRODUCT
from exresearch.models.segmentation.features import Features, FloatArray

# Cells of one block of densities: a quarter of a megabyte in single precision, which stays near the processor.
_CELLS = 65_000
# Below this the time goes into calls and not into cells.
_FEW = 20_000
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
        Of the features, those in which segments differ, a column of ones, and presence of items that not everybody
        answered. Squares of profiles whose variances are equal add the same to all segments and have none.
    lead : int
        Columns up to the ones.
    complete : int
        So many patterns, the first ones, lack no answer: what they do is in the leading columns alone.
    gaps : ndarray [items] of bool
        Items of profiles that not everybody answered.
    weights : ndarray [replicates, patterns]
    squares : ndarray [replicates, items]
        Weighted sums of squares of profiles.
    """

    features: Features
    columns: NDArray[np.floating]
    lead: int
    complete: int
    gaps: NDArray[np.bool_]
    weights: NDArray[np.floating]
    squares: FloatArray

    def single(self) -> Ground:
        """The same in single precision, whose exponentials take a quarter of the time."""
        columns, weights = self.columns.astype("float32"), self.weights.astype("float32")
        return Ground(self.features, columns, self.lead, self.complete, self.gaps, weights, self.squares)


def ground(features: Features, weights: FloatArray, *, rows: NDArray[np.intp] | None = None) -> Ground:
    """Prepare steps of fits on features, or on some of their patterns, with weights [replicates, patterns]."""
    taken = features.rows if rows is None else features.rows[rows]
    weights = weights if rows is None else weights[:, rows]
    one = np.ones((len(taken), 1))
    if features.kind == "classes":
        none, columns = np.zeros(0), np.hstack([taken, one])
        nothing = np.zeros(0, dtype=bool)
        return Ground(features, columns, len(columns.T), len(columns), nothing, weights, none[None])
    d = len(features.items)
    there = taken[:, 2 * d :] > 0
    gaps: NDArray[np.bool_] = ~np.all(there, axis=0)
    whole = np.all(there, axis=1)
    order = np.argsort(~whole, kind="stable")
    columns = np.hstack([taken[:, d if features.equal else 0 : 2 * d], one, there[:, gaps]])[order]
    squares = weights @ taken[:, :d]
    lead = len(columns.T) - int(gaps.sum())
    return Ground(features, columns, lead, int(whole.sum()), gaps, weights[:, order], squares)


def step(
    found: Ground,
    coefficients: FloatArray,
    log_shares: FloatArray,
    owner: NDArray[np.intp],
    *,
    measured: bool = True,
) -> Made:
    """Take one step of all fits, in the precision of the ground, each on the weights of its owner.

    Parameters
    ----------
    found : Ground
    coefficients, log_shares : ndarray [fits, k, q], [fits, k]
    owner : ndarray [fits] of int
        Replicate of each fit.
    measured : bool
        Whether the log-likelihood is asked.

    Returns
    -------
    tuple of ndarray
        Coefficients, log shares, and the log-likelihood before the step; zeros unless it is asked.
    """
    fits, k = log_shares.shape
    columns, lead = found.columns, found.lead
    sums = np.zeros((k * fits, columns.shape[1]))
    likelihood = np.zeros(fits)
    # Segments first and people last: a sum over segments then adds long rows.
    slopes = _slopes(found, coefficients, log_shares).transpose(1, 0, 2).reshape(k * fits, -1)
    edge = found.complete if found.complete * k * fits > _FEW or lead == columns.shape[1] else 0
    whole = slopes[:, :lead]
    if edge:
        whole = whole.copy()
        whole[:, -1] += slopes[:, lead:].sum(axis=1)
    size = max(1, _CELLS // (fits * k))
    for first, last, width, given in ((0, edge, lead, whole), (edge, len(columns), None, slopes)):
        if first == last:
            continue
        flat = given.astype(columns.dtype)
        for start in range(first, last, size):
            part = slice(start, min(start + size, last))
            rows = columns[part, :width]
            # So few at a time that the linear algebra library stays on this thread, and the sums do not depend on it.
            pieces = _pieces(len(rows), flat.size)
            made = np.empty((k * fits, len(rows)), dtype=columns.dtype)
            for piece in pieces:
                np.matmul(flat, rows[piece].T, out=made[:, piece])
            density = made.reshape(k, fits, len(rows))
            highest = np.maximum.reduce(density, axis=0)
            density -= highest
            np.exp(density, out=density)
            total, weight = np.add.reduce(density, axis=0), found.weights[owner, part]
            if measured:
                highest += np.log(total)
                highest *= weight
                likelihood += np.add.reduce(highest, axis=1, dtype="float64")
            weight /= total
            density *= weight
            for piece in pieces:
                sums[:, :width] += made[:, piece] @ rows[piece]
        if last == edge:
            # Who lacks nothing is there on every item.
            sums[:, lead:] = sums[:, [lead - 1]]
    return _maximised(found, sums.reshape(k, fits, -1).transpose(1, 0, 2), coefficients, owner, likelihood)


def _pieces(rows: int, multiplications: int) -> list[slice]:
    """Rows so few at a time that a product with so many multiplications a row stays small."""
    size = max(1, SMALL_PRODUCT // multiplications)
    return [slice(start, start + size) for start in range(0, rows, size)]


def _slopes(found: Ground, coefficients: FloatArray, log_shares: FloatArray) -> FloatArray:
    """Log density [fits, k, p] of being in a segment, on the columns, less what is the same in all segments."""
    if found.features.kind == "classes":
        return np.concatenate([coefficients, log_shares[..., None]], axis=-1)
    d = len(found.features.items)
    presence = coefficients[..., 2 * d :]
    constant = log_shares + presence @ ~found.gaps
    return np.concatenate(
        [
            coefficients[..., d if found.features.equal else 0 : 2 * d],
            constant[..., None],
            presence[..., found.gaps],
        ],
        axis=-1,
    )


def _maximised(
    found: Ground, sums: FloatArray, before: FloatArray, owner: NDArray[np.intp], likelihood: FloatArray
) -> Made:
    """Coefficients and log shares from weighted sums [fits, k, p] of the columns."""
    features, of_fit = found.features, sums[..., found.lead - 1]
    total = np.add.reduce(of_fit, axis=1, keepdims=True)
    lost = of_fit <= _LEAST_SHARE * total
    anybody_lost = lost.any()
    shares = np.log(np.maximum(of_fit / total, 1e-300))
    if features.kind == "classes":
        made = features.coefficients(sums[..., :-1])
    else:
        d = len(features.items)
        count = np.empty((*of_fit.shape, d))
        count[...] = of_fit[..., None]
        count[..., found.gaps] = sums[..., found.lead :]
        if features.equal:
            squares = found.squares[owner]
            likelihood = likelihood + np.add.reduce(before[:, 0, :d] * squares, axis=1)
            values = sums[..., :d]
            if anybody_lost:
                # A segment that has lost everybody stays where it was; its share is nothing.
                there = before[..., d : 2 * d] / (-2 * before[..., :d])
                count = np.where(lost[..., None], _NOBODY, count)
                values = np.where(lost[..., None], _NOBODY * there, values)
            return features.moved(values, count, squares), shares, likelihood
        made = features.coefficients(np.concatenate([sums[..., : 2 * d], count], axis=-1))
    if anybody_lost:
        made[lost] = before[lost]
    return made, shares, likelihood
