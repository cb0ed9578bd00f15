"""Cox's partial likelihood with tied times, late entry and strata."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def group_sums(values: FloatArray, groups: IntArray, size: int) -> FloatArray:
    """Sums of rows [n, q] by group [size, q]; columns by themselves, in which numpy is ten times as fast."""
    total = np.empty((size, values.shape[1]))
    for column in range(values.shape[1]):
        total[:, column] = np.bincount(groups, weights=values[:, column], minlength=size)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Who was at risk when, whatever the coefficients; made by `risk_sets`.

    The K places are the event times of stratum 0 in order and one place after them, then those of stratum 1, and so
    on. Row i is at risk at the places from `first[i]` up to, not including, `last[i]`.

    Attributes
    ----------
    first, last : ndarray [n] of int
    own : ndarray [n] of int
        The place of the event of a row that ends with it, -1 for others.
    times : ndarray [K]
        NaN for the places after the last event time of a stratum.
    bounds : ndarray [strata + 1] of int
        Where the places of each stratum begin and end.
    event_place : ndarray [events] of int
        The place of each of the events, and
    event_share : ndarray [events]
        the share of those with the event there that no longer counts (Efron's l / d; 0 for Breslow).
    """

    first: IntArray
    last: IntArray
    own: IntArray
    times: FloatArray
    bounds: IntArray
    event_place: IntArray
    event_share: FloatArray

    def at_risk(self, values: FloatArray) -> FloatArray:
        """Sum of values [n, q] over those at risk at each place [K, q]."""
        return self._later(self.last, values) - self._later(self.first, values)

    def having_event(self, values: FloatArray) -> FloatArray:
        """Sum of values [n, q] over those with the event at each place [K, q]."""
        events = self.own >= 0
        return group_sums(values[events], self.own[events], len(self.times))

    def while_at_risk(self, values: FloatArray) -> FloatArray:
        """Sum of values [K, q] of the places at which each row was at risk [n, q]."""
        below = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
        return np.asarray(below[self.last] - below[self.first])

    def _later(self, place: IntArray, values: FloatArray) -> FloatArray:
        # From the end, where few are left, so that small sums are not differences of large ones.
        added = group_sums(values, place, len(self.times))
        total = np.zeros_like(added)
        for low, high in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            total[low : high - 1] = np.cumsum(added[high - 1 : low : -1], axis=0)[::-1]
        return total


def risk_sets(
    start: FloatArray, stop: FloatArray, event: NDArray[np.bool_], strata: IntArray, *, efron: bool
) -> RiskSets:
    """Risk sets of rows that are at risk in (start, stop], within strata numbered from 0."""
    n = len(stop)
    first, last, own = (np.full(n, -1, dtype=np.int64) for _ in range(3))
    times: list[FloatArray] = []
    bounds = [0]
    for stratum in range(int(strata.max()) + 1):
        rows = np.flatnonzero(strata == stratum)
        inside = np.unique(stop[rows][event[rows]])
        first[rows] = bounds[-1] + np.searchsorted(inside, start[rows], side="right")
        last[rows] = bounds[-1] + np.searchsorted(inside, stop[rows], side="right")
        ended = rows[event[rows]]
        own[ended] = bounds[-1] + np.searchsorted(inside, stop[ended])
        times.append(np.append(inside, np.nan))
        bounds.append(bounds[-1] + len(inside) + 1)
    places = np.sort(own[own >= 0])
    deaths = np.bincount(places, minlength=bounds[-1])
    number = np.arange(len(places)) - (np.cumsum(deaths) - deaths)[places]
    return RiskSets(
        first=first,
        last=last,
        own=own,
        times=np.concatenate(times),
        bounds=np.array(bounds),
        event_place=places,
        event_share=number / deaths[places] if efron else np.zeros(len(places)),
    )


class PartialLikelihood:
    """The partial likelihood at one vector of coefficients.

    Attributes
    ----------
    log_likelihood : float
    martingale : ndarray [n]
        Events minus what was expected; the score is X' times it.
    information : ndarray [p, p]
        Minus the second derivative.
    """

    def __init__(
        self, sets: RiskSets, x: FloatArray, beta: FloatArray, *, all_sums: FloatArray | None = None
    ) -> None:
        # `all_sums` [K, 1 + p]: hazards, and hazards times x, of all at risk at each place, where they are known.
        self.sets, self.x, self.beta = sets, x, beta
        eta = x @ beta
        events = sets.own >= 0
        # The largest log hazard is taken off, and added again in the sum of logarithms.
        top = float(eta.max())
        hazard = np.exp(eta - top)
        parts = np.column_stack([hazard, hazard[:, None] * x])
        if all_sums is None:
            all_sums = sets.at_risk(parts)
        own_sums = sets.having_event(parts)
        place, share = sets.event_place, sets.event_share
        sums = all_sums[place] - share[:, None] * own_sums[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            self.means = sums[:, 1:] / sums[:, :1]
            self.log_likelihood = float(eta[events].sum() - (np.log(sums[:, 0]) + top).sum())
            jumps = 1.0 / sums[:, 0]
        self.hazard, self.event_sums = hazard, sums[:, 0]
        # Columns: jump of the hazard, and that times the mean of x; the second pair with Efron's share.
        both = np.column_stack([jumps, jumps[:, None] * self.means])
        self.jumps = group_sums(both, place, len(all_sums))
        self.shared_jumps = group_sums(share[:, None] * both, place, len(all_sums))
        exposed = sets.while_at_risk(self.jumps)
        exposed[events] -= self.shared_jumps[sets.own[events]]
        self.expected = hazard[:, None] * exposed
        self.martingale = events - self.expected[:, 0]
        self.information = (x * self.expected[:, :1]).T @ x - self.means.T @ self.means

    @property
    def score(self) -> FloatArray:
        """First derivative [p]."""
        return np.asarray(self.martingale @ self.x)

    def score_residuals(self) -> FloatArray:
        """Each row's part of the score [n, p], as if rows had been drawn independently (Lin & Wei)."""
        sets, events = self.sets, self.sets.own >= 0
        residuals = self.x * self.martingale[:, None] + self.expected[:, 1:]
        residuals[events] -= self.mean_at_event()[sets.own[events]]
        return np.asarray(residuals)

    def mean_at_event(self) -> FloatArray:
        """Mean of x over those at risk, weighted by their hazards, averaged over the events of each place [K, p]."""
        total = group_sums(self.means, self.sets.event_place, len(self.sets.times))
        deaths = np.bincount(self.sets.event_place, minlength=len(total))
        return np.asarray(total / np.maximum(deaths, 1)[:, None])

    def information_by_time(self) -> FloatArray:
        """The information of each place [K, p, p]; they sum to `information`."""
        sets, size = self.sets, self.x.shape[1]
        jumps, shared = self.jumps[:, :1], self.shared_jumps[:, :1]
        total = np.empty((len(sets.times), size, size))
        # Row by row, which needs a p-th of the memory.
        for row in range(size):
            products = (self.hazard * self.x[:, row])[:, None] * self.x
            total[:, row] = jumps * sets.at_risk(products) - shared * sets.having_event(products)
            total[:, row] -= group_sums(
                self.means[:, row : row + 1] * self.means, sets.event_place, len(sets.times)
            )
        return total

    def information_by_cluster(self, clusters: IntArray) -> FloatArray:
        """The information of each cluster [G, p, p]: hazard times squared distance from the mean of those at risk.

        Of a row that is e x x' - x m' - m x' + h S, with e and m its expected events and their sum of means, and S the
        sum of squared means over the places at which it was at risk.
        """
        sets, size, count = self.sets, self.x.shape[1], int(clusters.max()) + 1
        order = np.argsort(clusters, kind="stable")
        bounds = np.append(0, np.bincount(clusters, minlength=count).cumsum())
        x, exposed, means = self.x[order], self.expected[order, :1], self.expected[order, 1:]
        left = exposed * x - means
        total = np.empty((count, size, size))
        for cluster, (low, high) in enumerate(itertools.pairwise(bounds.tolist())):
            own = x[low:high].T
            np.matmul(own, left[low:high], out=total[cluster])
            total[cluster] -= (own @ means[low:high]).T
        upper, other = np.triu_indices(size)
        squares = (1.0 / self.event_sums)[:, None] * self.means[:, upper] * self.means[:, other]
        full = group_sums(squares, sets.event_place, len(sets.times))
        shared = group_sums(sets.event_share[:, None] * squares, sets.event_place, len(sets.times))
        below = np.concatenate([np.zeros((1, full.shape[1])), np.cumsum(full, axis=0)])
        # How much hazard of each cluster left by each place, less what had not entered.
        events = np.flatnonzero(sets.own >= 0)
        seen = _by_place(self.hazard, clusters, sets.last, (count, len(below))) @ below
        seen -= _by_place(self.hazard, clusters, sets.first, (count, len(below))) @ below
        seen -= (
            _by_place(self.hazard[events], clusters[events], sets.own[events], (count, len(full))) @ shared
        )
        total[:, upper, other] += seen
        below_diagonal = upper != other
        total[:, other[below_diagonal], upper[below_diagonal]] += seen[:, below_diagonal]
        return total


def _by_place(
    hazard: FloatArray, clusters: IntArray, places: IntArray, shape: tuple[int, int]
) -> csr_array[Any, Any]:
    """Sums of hazards by cluster and place, most of which are none."""
    return csr_array((hazard, (clusters, places)), shape=shape)
