"""Rows put in order by entity, their deviations from its mean, and columns that add something to others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def from_own_mean(values: FloatArray, codes: NDArray[np.int64], w: FloatArray) -> FloatArray:
    """Values [n, q] less the weighted mean of their entity, whose number each row has."""
    total = np.bincount(codes, w)
    means = [np.bincount(codes, w * column) / total for column in values.T]
    return values - np.column_stack(means)[codes] if means else values


def independent(columns: FloatArray) -> FloatArray:
    """Columns that add something to those before them: a wave that nobody shares with another wave adds nothing."""
    if not columns.shape[1]:
        return columns
    # The triangle has the singular values of the columns, and a row for each of them only.
    triangle = np.asarray(np.linalg.qr(columns, mode="r"))
    least = max(columns.shape) * np.finfo(np.float64).eps
    kept: list[int] = []
    for place in range(columns.shape[1]):
        spread = np.linalg.svd(triangle[:, [*kept, place]], compute_uv=False)
        if len(spread) > len(kept) and spread[-1] > least * spread[0]:
            kept.append(place)
    return columns[:, kept]


def row_order(labels: Sequence[NDArray[np.int64]], numbers: Sequence[FloatArray]) -> NDArray[np.intp]:
    """Order by labels, the first one first, and where these are alike by numbers."""
    key = labels[0]
    for codes in labels[1:]:
        key = key * (int(codes.max(initial=0)) + 1) + codes
    # By 16 bits at a time, which numpy sorts in one go.
    order = np.argsort(key.astype(np.uint16), kind="stable")
    shift, most = 16, int(key.max(initial=0))
    while most >> shift:
        order = order[np.argsort((key >> shift)[order].astype(np.uint16), kind="stable")]
        shift += 16
    if (np.diff(key[order]) == 0).any():
        return np.lexsort([*reversed(numbers), key])
    return order
