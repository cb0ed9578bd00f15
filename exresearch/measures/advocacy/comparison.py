"""Differences between net promoter scores: of two groups of other people, and of two waves of perhaps the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student_t

from exresearch.measures.advocacy.answers import Answers, deviations, read_answers
from exresearch.measures.advocacy.cuts import Cuts, Variant, cut_points
from exresearch.measures.advocacy.intervals import quantile_of
from exresearch.measures.advocacy.score import NetPromoterScore, check_level

# Answers added to each side: half of what one score by itself is given (Agresti & Caffo 2000 of shares).
_ADDED = 1.5


@dataclass(frozen=True, slots=True)
class NetPromoterDifference:
    """Score *a* minus score *b*; of a change, *a* is the later wave.

    Attributes
    ----------
    variant : str
        That of both scores.
    estimate, std_error, conf_low, conf_high : float
        In points, from -200 to 200.
    conf_level : float
        Level of the interval.
    p_value : float
        Two-sided, the counterpart of the interval: below ``1 - conf_level`` exactly where the interval leaves out 0.
    n_a, n_b : int
        Answers.
    n_effective_a, n_effective_b : float
        What is left of them after weights and clusters.
    n_shared : int
        Clusters (persons, units) with answers on both sides; 0 for independent groups.
    correlation : float
        Of the two scores, through what they share.
    df : float
        Degrees of freedom of Student's t; infinite without clusters.
    """

    variant: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    p_value: float
    n_a: int
    n_b: int
    n_effective_a: float
    n_effective_b: float
    n_shared: int
    correlation: float
    df: float


@dataclass(frozen=True, slots=True)
class _Side:
    """What an interval needs of one score; shares, not points."""

    promoters: float
    detractors: float
    n: float
    df: float

    @property
    def estimate(self) -> float:
        return self.promoters - self.detractors

    @property
    def variance(self) -> float:
        return max(self.promoters + self.detractors - self.estimate**2, 0.0) / self.n

    @property
    def adjusted(self) -> tuple[float, float, float]:
        """Mean and its variance with the added answers, and what is left of the weight of the real ones."""
        total = self.n + _ADDED
        p, d = ((share * self.n + _ADDED / 4) / total for share in (self.promoters, self.detractors))
        return p - d, (p + d - (p - d) ** 2) / total, self.n / total


def enps_difference(
    a: NetPromoterScore, b: NetPromoterScore, *, conf_level: float = 0.95
) -> NetPromoterDifference:
    """Compare the scores of two groups that share neither people nor clusters: *a* minus *b*.

    When to use it: departments, regions, two samples of customers. Not for groups within the same units, nor for waves
    with the same people: their scores go together, see :func:`enps_change`.

    ``std_error = sqrt(se_a^2 + se_b^2)``. The interval and the p-value are those of an adjusted Wald test: 3/8 of an
    answer more among promoters and among detractors of each group, and 3/4 among passives, half of what one score by
    itself is given. That keeps them right with few answers, and the interval has a width where everybody agrees. With
    clusters Student's t is used, with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    a, b : NetPromoterScore
        Of the same variant. Their shares, effective numbers and degrees of freedom are used, not their intervals.
    conf_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    NetPromoterDifference

    Raises
    ------
    ValueError
        If the variants differ or the level is out of range.

    References
    ----------
    Agresti, A., & Caffo, B. (2000). Simple and effective confidence intervals for proportions and differences of
    proportions result from adding two successes and two failures. *The American Statistician*, 54(4), 280-288.
    https://doi.org/10.1080/00031305.2000.10474560

    Examples
    --------
    >>> from exresearch.measures import enps
    >>> here, there = (enps(pd.Series(x), variant="us") for x in ([10, 9, 9, 8, 10], [6, 7, 8, 9, 2]))
    >>> found = enps_difference(here, there)
    >>> round(found.estimate, 6), round(found.conf_low, 1), round(found.conf_high, 1)
    (100.0, 3.8, 150.1)
    """
    check_level(conf_level)
    one_variant([a.variant, b.variant])
    sides = [_Side(score.promoters, score.detractors, score.n_effective, score.df) for score in (a, b)]
    return _compared(
        *sides, variant=a.variant, conf_level=conf_level, n=(a.n, b.n), n_shared=0, correlation=0.0
    )


def enps_change(
    scores: pd.Series,
    *,
    later: pd.Series,
    variant: Variant | Cuts,
    weights: pd.Series | None = None,
    cluster: pd.Series | None = None,
    conf_level: float = 0.95,
    scale: tuple[float, float] | None = None,
) -> NetPromoterDifference:
    """Compare the scores of two waves, in which persons or clusters may be the same: later minus earlier.

    When to use it: two waves of one company; also two groups within the same units. Answers of a cluster (a person, or
    the unit that persons belong to) are kept together across both waves. With ``S_g`` the sum over cluster ``g`` of
    ``w (x - mean) / sum w`` in a wave, the correlation of the two scores is
    ``r = sum_g S_ga S_gb / sqrt(sum S_ga^2 sum S_gb^2)``, and ``std_error = sqrt(se_a^2 + se_b^2 - 2 r se_a se_b)``.

    The interval and the p-value are those of :func:`enps_difference` with this covariance in them. The added answers go
    together with nothing, because of few people nobody can know that they always answer the same; so the interval has a
    width even where they did. Student's t has the degrees of freedom of the wave with fewer clusters.

    Parameters
    ----------
    scores : pandas.Series
        Answers of both waves; missing ones are left out.
    later : pandas.Series of bool
        Whether an answer is of the later wave, in the order of ``scores``; both must occur.
    variant, weights, scale
        As in :func:`exresearch.measures.enps`; weights are relative within a wave.
    cluster : pandas.Series, optional
        Group of each answer, named alike in both waves; at least two in each wave. Without it the waves count as
        independent, which is too wide an interval where people are the same.
    conf_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    NetPromoterDifference

    Raises
    ------
    ValueError
        As :func:`exresearch.measures.enps`, and if ``later`` is not as long as the scores, has missing values, or one
        of the waves has no answers.

    References
    ----------
    Agresti & Caffo (2000), as in :func:`enps_difference`.

    Wolter, K. M. (2007). *Introduction to Variance Estimation*, 2nd ed. Springer.
    https://doi.org/10.1007/978-0-387-35099-8

    Examples
    --------
    >>> scores, person = pd.Series([9, 9, 6, 7, 9, 10, 8, 8]), pd.Series(list("abcdabcd"))
    >>> found = enps_change(scores, later=pd.Series([False] * 4 + [True] * 4), variant="us", cluster=person)
    >>> round(found.estimate, 6), round(found.correlation, 3), found.n_shared
    (25.0, 0.905, 4)
    """
    check_level(conf_level)
    if len(later) != len(scores):
        raise ValueError(f"later must be as many as the scores ({len(scores)}); got {len(later)}.")
    if later.isna().any() or not later.isin([True, False]).all():
        raise ValueError("later must say True or False of every score; it holds other or missing values.")
    cuts = cut_points(variant, scale=scale)
    answers, there = read_answers(scores, cuts=cuts, weights=weights, cluster=cluster)
    after = later.to_numpy(dtype="bool")[there]
    if after.all() or not after.any():
        wave = "earlier" if after.all() else "later"
        raise ValueError(f"enps_change needs answers in both waves; the {wave} one has none.")
    a, b = answers.part(after), answers.part(~after)
    correlation, n_shared = _through_clusters(a, b)
    sides = [_Side(wave.promoters, wave.detractors, wave.n_effective, wave.df) for wave in (a, b)]
    return _compared(
        *sides,
        variant=cuts.variant,
        conf_level=conf_level,
        n=(len(a.outcome), len(b.outcome)),
        n_shared=n_shared,
        correlation=correlation,
    )


def one_variant(variants: list[str]) -> None:
    """Refuse scores of different variants side by side.

    Raises
    ------
    ValueError
        If there are two variants or more.
    """
    found = list(dict.fromkeys(variants))
    if len(found) > 1:
        shown = " and ".join(repr(name) for name in found)
        raise ValueError(
            "Net promoter scores of different variants cannot be compared or put in one table, because the same "
            f"answers score differently; got {shown}. Compute all of them by one variant, on one scale."
        )


def _through_clusters(a: Answers, b: Answers) -> tuple[float, int]:
    """Correlation of the two scores by linearisation, and the clusters that are in both."""
    if a.codes is None or b.codes is None:
        return 0.0, 0
    size = int(max(a.codes.max(), b.codes.max())) + 1
    sums = [
        np.bincount(codes, weights=deviations(wave.outcome, wave.weights), minlength=size)
        for codes, wave in ((a.codes, a), (b.codes, b))
    ]
    n_shared = len(np.intersect1d(a.codes, b.codes))
    scale = math.sqrt(float(sums[0] @ sums[0]) * float(sums[1] @ sums[1]))
    return (float(sums[0] @ sums[1]) / scale if scale > 1e-300 else 0.0), n_shared


def _compared(
    a: _Side,
    b: _Side,
    *,
    variant: str,
    conf_level: float,
    n: tuple[int, int],
    n_shared: int,
    correlation: float,
) -> NetPromoterDifference:
    # Answers that an adjusted Wald interval adds to each sample go together with nothing.
    (mean_a, variance_a, kept_a), (mean_b, variance_b, kept_b) = a.adjusted, b.adjusted
    covariance = correlation * math.sqrt(a.variance * b.variance)
    centre = mean_a - mean_b
    error = math.sqrt(variance_a + variance_b - 2 * covariance * kept_a * kept_b)
    df = min(a.df, b.df) if n_shared else _satterthwaite((variance_a, a.df), (variance_b, b.df))
    half = quantile_of(1 - conf_level, df) * error
    beyond = abs(centre) / error
    return NetPromoterDifference(
        variant=variant,
        estimate=100 * (a.estimate - b.estimate),
        std_error=100 * math.sqrt(max(a.variance + b.variance - 2 * covariance, 0.0)),
        conf_low=100 * max(centre - half, -2.0),
        conf_high=100 * min(centre + half, 2.0),
        conf_level=conf_level,
        p_value=float(2 * (norm.sf(beyond) if math.isinf(df) else student_t.sf(beyond, df))),
        n_a=n[0],
        n_b=n[1],
        n_effective_a=a.n,
        n_effective_b=b.n,
        n_shared=n_shared,
        correlation=correlation,
        df=df,
    )


def _satterthwaite(*sides: tuple[float, float]) -> float:
    """Degrees of freedom of a sum of independent variances, each with its own."""
    below = sum(variance**2 / df for variance, df in sides)
    return sum(variance for variance, _ in sides) ** 2 / below if below > 0 else math.inf
