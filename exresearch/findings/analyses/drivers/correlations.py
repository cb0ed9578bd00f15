"""Correlations of answers as the driver models weigh them, each on the sheets that have both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Sheets at a time, and a variance below this share of the column's own that may be none at all.
_AT_ONCE, _SMALL = 65_536, 1e-9


def _correlated(pair: FloatArray, counted: FloatArray | None) -> float:
    """Correlate two complete columns; NaN where one of them does not vary."""
    if not len(pair) or not (pair.max(axis=0) > pair.min(axis=0)).all():
        return float("nan")
    covariance = np.cov(pair, rowvar=False, aweights=counted)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def pairwise_correlations(
    columns: Sequence[FloatArray], weights: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Correlate all pairs of columns, in one pass over the sheets.

    Parameters
    ----------
    columns : sequence of ndarray [n]
        Answers, NaN where there is none.
    weights : ndarray [n], optional

    Returns
    -------
    (ndarray [q, q], ndarray [q, q])
        Correlation and number of sheets; NaN where one of the two does not vary among these.
    """
    size = len(columns)
    with np.errstate(invalid="ignore"):
        centres = [np.nanmean(column) if np.isfinite(column).any() else 0.0 for column in columns]
    both, total, first, square, product = np.zeros((5, size, size))
    for start in range(0, len(columns[0]), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        values = np.stack([column[rows] - centre for column, centre in zip(columns, centres, strict=True)])
        there = ~np.isnan(values)
        values = np.where(there, values, 0.0)
        present = there.astype(np.float64)
        weight = np.ones(values.shape[1]) if weights is None else weights[rows]
        weighted = present * weight
        both += present @ present.T
        total += present @ weighted.T
        first += values @ weighted.T
        square += values**2 @ weighted.T
        product += (values * weight) @ values.T
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of the row's column, among the sheets that have the other one too.
        variance = square / total - (first / total) ** 2
        correlation = (product / total - first * first.T / total**2) / np.sqrt(variance * variance.T)
    own = np.diag(variance)[:, None]
    doubtful = ~(variance > _SMALL * own) | ~(variance.T > _SMALL * own.T) | ~np.isfinite(correlation)
    for one, other in zip(*np.nonzero(np.triu(doubtful, 1)), strict=True):
        pair = np.column_stack([columns[one], columns[other]])
        complete = ~np.isnan(pair).any(axis=1)
        exact = _correlated(pair[complete], None if weights is None else weights[complete])
        correlation[one, other] = correlation[other, one] = exact
    return correlation, both
