"""Intervals of a net promoter score, from shares and the answers that are left in effect; all on -1 to 1."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student_t

Interval = Literal["score", "adjusted_wald", "bootstrap"]
INTERVALS = ("score", "adjusted_wald", "bootstrap")
# Next to the estimate the variance of the hypothesis can be 0 while the interval is not.
_BESIDE = 1e-12
# Draws held at once, 32 MB.
_CELLS = 4_000_000


def quantile_of(alpha: float, df: float) -> float:
    """Return the two-sided quantile: Student's t where clusters leave ``df`` degrees of freedom, else normal."""
    return float(norm.isf(alpha / 2) if math.isinf(df) else student_t.isf(alpha / 2, df))


def score_limits(promoters: float, detractors: float, *, n: float, quantile: float) -> tuple[float, float]:
    """Give the score interval of a difference of two shares of one sample (Tango 1998).

    The limits are the differences ``delta`` at which the score test just rejects:
    ``(P - D - delta)^2 = quantile^2 (P' + D' - delta^2) / n``, where ``P'`` and ``D'`` are the shares of greatest
    likelihood among those with ``P' - D' = delta``. The variance is that of the hypothesis and not that of the sample,
    so that it is not 0 when all answers agree.

    Parameters
    ----------
    promoters, detractors : float
        Shares of the answers.
    n : float
        Answers in effect; need not be whole.
    quantile : float
        Of the normal, or of Student's t.

    Returns
    -------
    (low, high) : two floats
        From -1 to 1; the estimate lies between them.

    References
    ----------
    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design. *Statistics in Medicine*, 17(8), 891-908.
    https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C891::AID-SIM780%3E3.0.CO;2-B

    Examples
    --------
    >>> [round(limit, 4) for limit in score_limits(1, 0, n=12, quantile=1.959964)]
    [0.515, 1.0]
    """
    # Promoters and detractors change places: the lower limit is the upper one of the mirror image.
    low = -_score_upper(detractors, promoters, n=n, quantile=quantile)
    return low, _score_upper(promoters, detractors, n=n, quantile=quantile)


def _score_upper(promoters: float, detractors: float, *, n: float, quantile: float) -> float:
    estimate = promoters - detractors

    def surplus(delta: float) -> float:
        spread = constrained_spread(promoters, detractors, delta=delta)
        return quantile**2 * spread - n * (estimate - delta) ** 2

    first = estimate + _BESIDE
    if first >= 1 or surplus(first) <= 0:
        return float(min(estimate, 1.0))
    return float(brentq(surplus, first, 1.0, xtol=1e-14))


def constrained_spread(promoters: float, detractors: float, *, delta: float) -> float:
    """Return the variance of one answer where promoters minus detractors is ``delta``, by maximum likelihood."""
    # The detractors D' solve 2 D'^2 + b D' - D delta (1 - delta) = 0 (Tango 1998, per answer).
    b = (2 - promoters + detractors) * delta - promoters - detractors
    root = math.sqrt(max(b * b + 8 * detractors * delta * (1 - delta), 0.0))
    below = max((root - b) / 4, 0.0, -delta)
    return max(2 * below + delta - delta**2, 0.0)


def adjusted_wald_limits(
    promoters: float, detractors: float, *, n: float, quantile: float
) -> tuple[float, float]:
    """Give the adjusted Wald interval: three quarters of an answer more in each outer class, 1.5 in the middle.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the "Net Promoter Score". *The American Statistician*, 70(4), 365-372.
    https://arxiv.org/abs/1601.07235

    Examples
    --------
    >>> [round(limit, 4) for limit in adjusted_wald_limits(0.5, 0.2, n=10, quantile=1.959964)]
    [-0.1905, 0.652]
    """
    added = n + 3
    p, d = (promoters * n + 0.75) / added, (detractors * n + 0.75) / added
    half = quantile * math.sqrt((p + d - (p - d) ** 2) / added)
    return max(p - d - half, -1.0), min(p - d + half, 1.0)


def bootstrap_limits(
    outcome: NDArray[np.float64],
    weights: NDArray[np.float64],
    codes: NDArray[np.intp],
    *,
    conf_level: float,
    n_boot: int,
    seed: int,
) -> tuple[float, float] | None:
    """Give the expanded percentile interval of a weighted mean, clusters drawn with replacement.

    With ``G`` clusters (rows, where every row is one) a percentile interval is too narrow by
    ``sqrt((G - 1) / G)`` and by what separates the normal from Student's t; Hesterberg (2015) widens its two levels to
    ``Phi(-+ sqrt(G / (G - 1)) t)``.

    Parameters
    ----------
    outcome, weights : ndarray [n]
        1, 0 or -1 of each answer, and its weight.
    codes : ndarray [n] of int
        Cluster of each answer, from 0.
    conf_level : float
        Level.
    n_boot, seed : int
        Replicates, and what draws them.

    Returns
    -------
    (low, high) or None
        None where the replicates do not differ: there is nothing to draw an interval from.

    References
    ----------
    Hesterberg, T. C. (2015). What teachers should know about the bootstrap. *The American Statistician*, 69(4),
    371-386. https://doi.org/10.1080/00031305.2015.1089789
    """
    n_groups = int(codes.max()) + 1
    if n_groups < 2:
        return None
    sums = np.column_stack(
        [np.bincount(codes, weights=weights * outcome), np.bincount(codes, weights=weights)]
    )
    # Clusters that are the same in everything are drawn together, which makes plain answers three kinds.
    kinds, counts = np.unique(sums, axis=0, return_counts=True)
    rng, at_once = np.random.default_rng(seed), max(1, _CELLS // len(kinds))
    sizes = [min(at_once, n_boot - start) for start in range(0, n_boot, at_once)]
    totals = np.concatenate(
        [rng.multinomial(n_groups, counts / n_groups, size=size) @ kinds for size in sizes]
    )
    replicates = totals[:, 0] / totals[:, 1]
    if np.ptp(replicates) < 1e-12:
        return None
    t = student_t.isf((1 - conf_level) / 2, n_groups - 1)
    tail = float(norm.sf(np.sqrt(n_groups / (n_groups - 1)) * t))
    low, high = np.quantile(replicates, [tail, 1 - tail], method="weibull")
    return float(low), float(high)
