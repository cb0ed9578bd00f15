"""How often the one with the event had the higher predicted hazard, without going through the pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exresearch.models.events.partial import RiskSets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def concordance(sets: RiskSets, index: FloatArray) -> float:
    """Share of pairs, of an event and a row at risk that outlives it, in which the event has the higher prediction.

    Rows with the event at the same time are no pair, and equal predictions count half.

    Parameters
    ----------
    sets : RiskSets
        Who was at risk when.
    index : ndarray [n]
        Predicted log hazards.

    Returns
    -------
    float
        From 0 to 1; missing where there is no pair.

    Notes
    -----
    A row is at risk at a place when it has entered by then and has not left: both are counts of points below and to
    the left of a query, which `points_below` gives for all events in O(n log n).
    """
    # Rounding must not order predictions that are equal.
    rank = np.unique(np.round(index, 12), return_inverse=True)[1].astype(np.int64)
    events = np.flatnonzero(sets.own >= 0)
    place, value = sets.own[events], rank[events]
    lower, upto, there = (
        points_below(sets.first, rank, place, limit) - points_below(sets.last, rank, place, limit)
        for limit in (value, value + 1, np.full(len(value), int(rank.max()) + 1))
    )
    # Those with the event at the same place are at risk there as well.
    order = np.lexsort([value, place])
    own_lower, own_equal, own = (np.empty(len(order), dtype=np.int64) for _ in range(3))
    new_place = np.append(True, np.diff(place[order]) != 0)
    new_value = new_place | np.append(True, np.diff(value[order]) != 0)
    starts_place, starts_value = np.flatnonzero(new_place), np.flatnonzero(new_value)
    of_place, of_value = np.cumsum(new_place) - 1, np.cumsum(new_value) - 1
    own[order] = np.diff(np.append(starts_place, len(order)))[of_place]
    own_equal[order] = np.diff(np.append(starts_value, len(order)))[of_value]
    own_lower[order] = starts_value[of_value] - starts_place[of_place]
    pairs = float((there - own).sum())
    agree = float((lower - own_lower).sum()) + 0.5 * float((upto - lower - own_equal).sum())
    return agree / pairs if pairs else float("nan")


def points_below(x: IntArray, rank: IntArray, upto: IntArray, limit: IntArray) -> IntArray:
    """Number of points with `x` at most `upto[q]` and rank below `limit[q]`, for each query q.

    A wavelet matrix: the ranks, in order of x, are parted by one bit after another, and a query follows the interval
    of points that it asks about. Ranks and limits are 0 or more.

    Examples
    --------
    >>> points_below(np.array([0, 1, 2]), np.array([2, 0, 1]), np.array([1, 2]), np.array([1, 2])).tolist()
    [1, 2]
    """
    order = np.argsort(x, kind="stable")
    values = rank[order]
    low = np.zeros(len(upto), dtype=np.int64)
    high = np.searchsorted(x[order], upto, side="right").astype(np.int64)
    found = np.zeros(len(upto), dtype=np.int64)
    largest = max(int(rank.max(initial=0)), int(limit.max(initial=0)))
    for bit in range(largest.bit_length() - 1, -1, -1):
        ones = (values >> bit) & 1
        zeros = np.concatenate([[0], np.cumsum(1 - ones)])
        n_zeros = int(zeros[-1])
        of_low, of_high = zeros[low], zeros[high]
        up = (limit >> bit) & 1 == 1
        found += np.where(up, of_high - of_low, 0)
        low, high = (
            np.where(up, n_zeros + edge - left, left) for edge, left in ((low, of_low), (high, of_high))
        )
        values = np.concatenate([values[ones == 0], values[ones == 1]])
    return found
