"""The partial likelihood from counts of rows that are alike: the steps towards its maximum need no rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.events.partial import RiskSets, group_sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Cells of the counts at most (80 MB), and at most so many for each row: with more of them the rows are quicker.
_MOST_CELLS, _CELLS_PER_ROW = 10_000_000, 8


class Likelihood(Protocol):
    """What the way to the maximum needs of a partial likelihood."""

    beta: FloatArray
    log_likelihood: float
    information: FloatArray

    @property
    def score(self) -> FloatArray:
        """First derivative [p]."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """The C different rows of the predictors, and how many of each are at risk at each of the K places.

    Attributes
    ----------
    sets : RiskSets
    x : ndarray [C, p]
    at_risk : ndarray [K, C]
    own : ndarray [events] of int
        Pattern of each row with the event, and
    places : ndarray [events] of int
        its place, in the order of the rows.
    """

    sets: RiskSets
    x: FloatArray
    at_risk: FloatArray
    own: IntArray
    places: IntArray

    @classmethod
    def of(cls, sets: RiskSets, x: FloatArray) -> Patterns | None:
        """The patterns of predictors x [n, p]; None where there are too many for this to be quicker."""
        most = min(_MOST_CELLS, _CELLS_PER_ROW * len(x)) // len(sets.times)
        codes, count = np.zeros(len(x), dtype=np.int64), 1
        for column in x.T:
            levels, values = pd.factorize(column)
            if len(values) > most:
                return None
            codes, found = pd.factorize(codes * len(values) + levels)
            count = len(found)
            if count > most:
                return None
        first = np.empty(count, dtype=np.int64)
        first[codes[::-1]] = np.arange(len(x))[::-1]
        cells = len(sets.times) * count
        entered = np.bincount(sets.first * count + codes, minlength=cells)
        entered -= np.bincount(sets.last * count + codes, minlength=cells)
        at_risk = np.cumsum(entered.reshape(len(sets.times), count), axis=0, dtype=np.float64)
        events = sets.own >= 0
        return cls(sets, x[first], at_risk, codes[events], sets.own[events])

    @cached_property
    def by_place(self) -> tuple[IntArray, IntArray, IntArray]:
        """The places with events, the patterns of all events in their order, and where each place begins in it."""
        order = np.argsort(self.places, kind="stable")
        found, starts = np.unique(self.places[order], return_index=True)
        return found, self.own[order], np.append(starts, len(order))

    def monotone(self, index: FloatArray) -> bool:
        """Whether at every event those who have it hold the largest value at risk, and some at risk hold less.

        `index` has a value for each pattern.
        """
        slack = 1e-12 * float(index.max() - index.min())
        lower = False
        found, own, starts = self.by_place
        for number, place in enumerate(found):
            risk = index[self.at_risk[place] > 0.0]
            if index[own[starts[number] : starts[number + 1]]].min() < risk.max() - slack:
                return False
            lower |= bool(risk.min() < risk.max() - slack)
        return lower


class PatternLikelihood:
    """The partial likelihood at one vector of coefficients: as `PartialLikelihood`, without what is asked of rows."""

    def __init__(self, patterns: Patterns, beta: FloatArray) -> None:
        self.beta = beta
        sets, x, own = patterns.sets, patterns.x, patterns.own
        eta = x @ beta
        top = float(eta.max())
        hazard = np.exp(eta - top)
        parts = np.column_stack([hazard, hazard[:, None] * x])
        self.all_sums = all_sums = patterns.at_risk @ parts
        own_sums = group_sums(parts[own], patterns.places, len(all_sums))
        place, share = sets.event_place, sets.event_share
        sums = all_sums[place] - share[:, None] * own_sums[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums[:, 1:] / sums[:, :1]
            self.log_likelihood = float(eta[own].sum() - (np.log(sums[:, 0]) + top).sum())
            jumps = 1.0 / sums[:, 0]
        size = len(all_sums)
        exposed = np.bincount(place, weights=jumps, minlength=size) @ patterns.at_risk
        shared = np.bincount(place, weights=share * jumps, minlength=size)
        exposed -= np.bincount(own, weights=shared[patterns.places], minlength=len(x))
        expected = hazard * exposed
        happened = np.bincount(own, minlength=len(x))
        self.score = (happened - expected) @ x
        self.information = (x * expected[:, None]).T @ x - means.T @ means
