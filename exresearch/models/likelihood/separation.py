"""Separation: drivers that predict an outcome so well that no largest likelihood exists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

FloatArray = NDArray[np.float64]

# Share of the largest entry of a direction under which an entry is the solver's rounding.
_NOTHING = 1e-6


def separating_columns(levels: NDArray[np.int64], x: FloatArray) -> list[int]:
    """Columns along which a cumulative logit model of `levels` on `x` has no finite maximum-likelihood estimate.

    Use it when a fit does not converge: optimisers, statsmodels' too, often report convergence under separation.

    Parameters
    ----------
    levels : array [n] of int
        Categories 0 to K - 1, each of them present (K = 2 for logistic regression).
    x : array [n, p]
        Columns that are not combinations of one another, of about unit variance.

    Returns
    -------
    list of int
        The columns of one separating direction with few of them (smallest sum of absolute entries); every column that
        separates by itself; empty when the estimate exists. Separation may be complete or quasi-complete.

    Notes
    -----
    Separated means that there is a direction (t, b) with t_k - x'b >= 0 for the rows in category k and t_k - x'b <= 0
    for those in category k + 1, not 0 for all: along it the likelihood never falls. A linear programme finds out.

    References
    ----------
    Albert & Anderson (1984), doi:10.1093/biomet/71.1.1; Konis (2007), Linear programming algorithms for detecting
    separated data in binary logistic regression models, University of Oxford

    Examples
    --------
    >>> separating_columns(np.array([0, 0, 1, 1]), np.array([[1.0], [2.0], [3.0], [4.0]]))
    [0]
    >>> separating_columns(np.array([0, 1, 0, 1]), np.array([[1.0], [2.0], [3.0], [4.0]]))
    []
    """
    alone = [column for column in range(x.shape[1]) if _rises_or_falls(levels, x[:, column])]
    return alone or _direction(levels, x)


def _rises_or_falls(levels: NDArray[np.int64], column: FloatArray) -> bool:
    """Whether the categories follow one another along the column without overlap."""
    inside = [column[levels == level] for level in range(int(levels.max()) + 1)]
    low, high = np.array([part.min() for part in inside]), np.array([part.max() for part in inside])
    return bool((high[:-1] <= low[1:]).all() or (low[:-1] >= high[1:]).all())


def _direction(levels: NDArray[np.int64], x: FloatArray) -> list[int]:
    """The columns of the separating direction with the smallest sum of absolute entries, by a linear programme."""
    # Equal rows make equal constraints.
    rows = np.unique(np.column_stack([levels, x]), axis=0)
    codes, values = rows[:, 0].astype(np.intp), rows[:, 1:]
    top, size = int(codes.max()), values.shape[1]
    below, above = codes < top, codes > 0
    thresholds = np.eye(top)
    constraints = np.concatenate(
        [
            np.column_stack([thresholds[codes[below]], -values[below], values[below]]),
            np.column_stack([-thresholds[codes[above] - 1], values[above], -values[above]]),
        ]
    )
    result = linprog(
        np.concatenate([np.zeros(top), np.ones(2 * size)]),
        A_ub=-constraints,
        b_ub=np.zeros(len(constraints)),
        A_eq=constraints.mean(axis=0, keepdims=True),
        b_eq=[1.0],
        bounds=[(None, None)] * top + [(0.0, None)] * (2 * size),
        method="highs",
    )
    if result.status != 0:  # infeasible: no direction moves any row to its own side
        return []
    entries = np.abs(result.x[top : top + size] - result.x[top + size :])
    return np.flatnonzero(entries > _NOTHING * entries.max()).tolist()
