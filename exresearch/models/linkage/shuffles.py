"""Correlations and ratios of the two sides under many shuffles of the one side, all at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exresearch.models.linkage.leaders import Weighting
from exresearch.models.linkage.quick import EXHAUSTED
from exresearch.models.resampling import MIN_UNITS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_ROUNDING = 1e-12


def shuffled_correlations(
    ex: FloatArray,
    cx: FloatArray,
    *,
    kept: BoolArray,
    codes: Sequence[NDArray[np.int64]] = (),
    weights: FloatArray | None = None,
) -> FloatArray:
    """Correlations as of `correlation_in_closed_form`, one per row of shuffled exposures.

    Parameters
    ----------
    ex : ndarray [B, n]
        Employees' side of every unit, one row per shuffle.
    cx : ndarray [n]
        Customers' side.
    kept : ndarray [B, n] of bool
        Units that are in; the values of the others do not matter.
    codes : sequence of ndarray [n]
        Categories that are kept equal.
    weights : ndarray [B, n], optional
        Weights of the units.

    Returns
    -------
    ndarray [B]
        Missing with too few units, or where a side does not vary beyond what the categories explain.
    """
    count = kept.sum(axis=1)
    inside = kept.astype(np.float64)
    n = np.maximum(count, 1)[:, None]
    x, y = np.where(kept, ex, 0.0), np.where(kept, cx, 0.0)
    x = np.where(kept, x - x.sum(axis=1, keepdims=True) / n, 0.0)
    y = np.where(kept, y - y.sum(axis=1, keepdims=True) / n, 0.0)
    spread = np.stack([(x**2).sum(axis=1), (y**2).sum(axis=1)]) / n[:, 0]
    weight = inside if weights is None else np.where(kept, weights, 0.0)
    total = np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    if codes:
        dummies = [
            (values == level).astype(np.float64) for values in codes for level in np.unique(values)[1:]
        ]
        design = np.column_stack([np.ones(len(cx)), *dummies])
        products = (design[:, :, None] * design[:, None, :]).reshape(len(cx), -1)
        normal = (weight / total @ products).reshape(-1, len(design.T), len(design.T))
        # Levels without a unit in a shuffle leave the normal matrix without an inverse, and the fit as it is.
        inverse = np.linalg.pinv(normal, rcond=1e-13, hermitian=True)
        x, y = (
            side - (inverse @ ((weight * side / total) @ design)[:, :, None])[:, :, 0] @ design.T
            for side in (x, y)
        )
    else:
        x, y = (side - (weight * side).sum(axis=1, keepdims=True) / total for side in (x, y))
    xx, yy, xy = ((weight * product).sum(axis=1) / total[:, 0] for product in (x * x, y * y, x * y))
    still = (np.stack([xx, yy]) <= EXHAUSTED * np.maximum(spread, 1e-300)).any(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = xy / np.sqrt(xx * yy)
    return np.where(still | (count < MIN_UNITS), np.nan, found)


def shuffled_log_ratios(
    ex: FloatArray,
    cx: FloatArray,
    *,
    kept: BoolArray,
    employees: FloatArray,
    leader_share: float,
    weighting: Weighting,
) -> FloatArray:
    """Logarithms of the ratio of `leader_contrast`, one per row of shuffled exposures.

    Parameters
    ----------
    ex : ndarray [B, n]
        Engaged share of every unit, one row per shuffle.
    cx : ndarray [n]
        Customers' side, missing where a unit is in no shuffle.
    kept : ndarray [B, n] of bool
        Units that are in; the values of the others do not matter.
    employees : ndarray [B, n]
        Employees behind the shares.
    leader_share, weighting
        As `leader_contrast`.

    Returns
    -------
    ndarray [B]
        Missing with too few units, or where nobody is engaged in a group.
    """
    # What is shuffled does not change who leads, so that units are ranked once for all shuffles.
    order = np.argsort(cx, kind="stable")[: int(np.isfinite(cx).sum())]
    _, starts, sizes = np.unique(cx[order], return_index=True, return_counts=True)
    inside = kept[:, order]
    counts = inside.astype(np.float64)
    engaged = np.where(inside, ex[:, order], 0.0)
    weight = np.where(inside, employees[:, order], 0.0) if weighting == "employees" else counts
    tied = np.add.reduceat(counts, starts, axis=1)
    upto = tied.cumsum(axis=1)
    total = upto[:, -1:]
    size = leader_share * total
    logs = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for bottom, top in ((total - size, total), (0.0 * size, size)):
            part = np.clip(np.minimum(upto, top) - np.maximum(upto - tied, bottom), 0.0, None)
            part = np.divide(part, tied, out=np.zeros_like(tied), where=tied > 0.0)
            taken = np.repeat(part, sizes, axis=1) * weight
            share = (taken * engaged).sum(axis=1) / taken.sum(axis=1)
            share = np.where(share > 1.0 - _ROUNDING, 1.0, np.where(share < _ROUNDING, 0.0, share))
            logs.append(np.log(share))
        found = logs[0] - logs[1]
    return np.where(np.isfinite(found) & (total[:, 0] >= MIN_UNITS), found, np.nan)
