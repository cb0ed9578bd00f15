"""Moments of complete arrays, for estimators that have checked their rows already."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.moments.unit import UnitMoments, sorted_rows

FloatArray = NDArray[np.float64]

# Places for rows that units do not have, per row, where units are unequal.
_SPARE = 2.0
# Rows per unit from which on a product for each unit is quicker than sums of products of all.
_MANY = 16


def complete_moments(
    values: FloatArray,
    *,
    columns: tuple[str, ...],
    weights: FloatArray,
    codes: NDArray[np.int64] | None,
) -> UnitMoments:
    """The moments that `unit_moments` makes of rows without gaps, without its checks.

    Parameters
    ----------
    values : ndarray [n, q]
        Finite values.
    columns : tuple of str
        Their q names.
    weights : ndarray [n]
        Positive.
    codes : ndarray [n] of int, or None
        Unit of each row, from 0 on and without gaps; None where every row is one.

    Returns
    -------
    UnitMoments

    Examples
    --------
    >>> values = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 5.0]])
    >>> moments = complete_moments(values, columns=("x", "y"), weights=np.ones(3), codes=np.array([0, 1, 1]))
    >>> moments.n.tolist(), moments.sums()[0, 0, 0].tolist()
    ([1, 2], 3.0)
    """
    # Relative to the first row, so that the means themselves are exact to the spread of the data.
    origin = values[0] + (values - values[0]).mean(axis=0)
    centred = values - origin
    if codes is None:
        return sorted_rows(columns, pd.RangeIndex(len(values)), centred, weights, origin, 0)
    order = np.argsort(codes, kind="stable")
    z = np.column_stack([np.ones(len(values)), centred])[order]
    n = np.bincount(codes)
    starts = np.cumsum(n) - n
    size, most = z.shape[1], int(n.max())
    matrices, factors = np.empty((len(n), size, size)), None
    if most < size and most * len(n) <= _SPARE * len(z):
        factors = np.zeros((len(n), most, size))
        place = np.arange(len(z)) - np.repeat(starts, n)
        factors[np.repeat(np.arange(len(n)), n), place] = np.sqrt(weights[order])[:, None] * z
        np.matmul(np.swapaxes(factors, 1, 2), factors, out=matrices)
    elif len(z) > _MANY * len(n):
        weighted = weights[order][:, None] * z
        for unit, (first, stop) in enumerate(zip(starts.tolist(), (starts + n).tolist(), strict=True)):
            np.matmul(z[first:stop].T, weighted[first:stop], out=matrices[unit])
        matrices = (matrices + np.swapaxes(matrices, 1, 2)) / 2.0
    else:
        for first in range(size):
            sums = np.add.reduceat((weights[order] * z[:, first])[:, None] * z[:, first:], starts, axis=0)
            matrices[:, first, first:] = matrices[:, first:, first] = sums
    return UnitMoments(
        columns=columns,
        units=pd.RangeIndex(len(n)),
        n=n.astype(np.int64, copy=False),
        weight_sums=np.bincount(codes, weights=weights).astype(np.float64, copy=False),
        origin=origin,
        matrices=matrices,
        rows=None,
        n_excluded=0,
        factors=factors,
    )
