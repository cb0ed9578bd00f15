"""Predictive mean matching: which rows lie nearest to a prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

# Predictions that differ by less are equal: rounding must not choose the donor.
_DIGITS = 9


def nearest(
    known: FloatArray, wanted: FloatArray, names: IndexArray, *, donors: int, rng: np.random.Generator
) -> IndexArray:
    """Name of one of the nearest known predictions for each wanted one, drawn at random."""
    order, ordered = _ranked(known, names)
    # Searched in their order, which is quicker by far; drawn in that of the rows.
    by_value = np.argsort(wanted)
    wanted = wanted.take(by_value).round(_DIGITS)
    k = min(donors, len(known))
    # The k nearest lie among the k below and the k above; at either end the window is moved inside.
    start = np.searchsorted(ordered, wanted) - k
    np.maximum(np.minimum(start, len(known) - 2 * k, out=start), 0, out=start)
    window = start + np.arange(min(2 * k, len(known)))[:, None]
    apart = np.abs(ordered.take(window) - wanted)
    # They are neighbours, so the k-th distance is that of the far end of the closest k in a row.
    far = np.maximum(apart[: len(apart) - k + 1], apart[k - 1 :])
    distance = far.min(axis=0) + 0.5 * 10.0**-_DIGITS
    # Everybody at that distance, and not those whom the order of the rows puts first.
    ends = np.empty((2, len(wanted)), dtype=np.intp)
    ends[0, by_value] = np.searchsorted(ordered, wanted - distance, side="left")
    ends[1, by_value] = np.searchsorted(ordered, wanted + distance, side="right")
    return np.asarray(order.take(rng.integers(ends[0], ends[1])), dtype=np.intp)


def _ranked(values: FloatArray, names: IndexArray) -> tuple[IndexArray, FloatArray]:
    """Names in the order of the values rounded to so many digits, the smaller name first, and these values."""
    whole = np.rint(values * 10.0**_DIGITS)
    bits = int(names.max()).bit_length()
    if np.abs(whole).max() * 2.0**bits >= 2.0**62:
        rounded = values.round(_DIGITS)
        order = np.lexsort([names, rounded])
        return names[order], rounded[order]
    # Value and name in one number: whole numbers are sorted far more quickly than places by their values.
    keys = whole.astype(np.int64)
    keys <<= bits
    keys |= names
    keys.sort()
    return keys & ((1 << bits) - 1), (keys >> bits) / 10.0**_DIGITS
