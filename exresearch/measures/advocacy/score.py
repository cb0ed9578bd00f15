"""Net promoter scores of employees (eNPS) and customers (NPS), with their uncertainty and their variant."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from exresearch.measures.advocacy.answers import Answers, read_answers
from exresearch.measures.advocacy.cuts import Cuts, Variant, cut_points
from exresearch.measures.advocacy.intervals import INTERVALS, Interval


@dataclass(frozen=True, slots=True)
class NetPromoterScore:
    """A net promoter score with the variant it was computed by.

    Attributes
    ----------
    variant : str
        ``us`` (9-10, 0-6), ``eu`` (8-10, 0-5) or one's own cut-points; with the scale where that is not 0-10.
    estimate, std_error, conf_low, conf_high : float
        In points from -100 to 100.
    conf_level : float
        Level of the interval.
    promoters, passives, detractors : float
        Weighted shares, summing to 1.
    n : int
        Answers.
    n_effective : float
        Effective number of answers: what is left of ``n`` after weights and clusters.
    df : float
        Degrees of freedom of Student's t: clusters minus one; infinite without clusters.
    interval : str
        ``score``, ``adjusted_wald`` or ``bootstrap``.
    """

    variant: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    promoters: float
    passives: float
    detractors: float
    n: int
    n_effective: float
    df: float = math.inf
    interval: Interval = "score"


def enps(
    scores: pd.Series,
    *,
    variant: Variant | Cuts,
    weights: pd.Series | None = None,
    cluster: pd.Series | None = None,
    conf_level: float = 0.95,
    scale: tuple[float, float] | None = None,
    interval: Interval = "score",
    n_boot: int = 2000,
    seed: int = 2016,
) -> NetPromoterScore:
    """Compute a net promoter score from answers on 0-10, or on the scale that is declared.

    When to use it: to describe advocacy; employees (eNPS) and customers (NPS) alike. ``score = 100 (P - D)`` with
    standard error ``100 sqrt((P + D - (P - D)^2) / n_effective)``, where ``n_effective`` is Kish's
    ``(sum w)^2 / sum w^2``, or with clusters what their linearised variance amounts to where that is less. Where all
    answers agree, clusters show no variance, and ``n_effective`` is at most their number.

    No interval is without a width, not even where all answers agree and the standard error is 0. Of the three, the
    score interval holds the truth closest to 95 % of the time with few and with skewed answers
    (docs/coverage-measures.md).

    Parameters
    ----------
    scores : pandas.Series
        Answers; missing ones are left out and not counted.
    variant : {"us", "eu"} or Cuts
        Which answers make promoters and detractors. There is no default: the same answers can score +1 or +44.
    weights : pandas.Series, optional
        Survey weights, in the order of ``scores``; above 0. Their unit does not matter.
    cluster : pandas.Series, optional
        Group of each answer whose members answer alike, in the order of ``scores``; at least two groups. An answer
        without a group is one by itself. The interval then uses Student's t with the number of groups minus one.
    conf_level : float
        Level of the interval, between 0 and 1.
    scale : tuple of float, optional
        Lowest and highest answer of the question. By default that of the ``Cuts``, or 0-10: nobody can see from answers
        of 1 to 10 that 0 was not offered, so that such a question has to be declared, and its score says so.
    interval : {"score", "adjusted_wald", "bootstrap"}
        Tango's score interval; the adjusted Wald interval of Rocks, which adds three answers; or the expanded
        percentile interval of a bootstrap over clusters, or rows (the score interval where its replicates do not
        differ).
    n_boot, seed : int
        Replicates of the bootstrap, and what draws them.

    Returns
    -------
    NetPromoterScore

    Raises
    ------
    ValueError
        If the variant or interval is unknown, cut-points do not fit the scale, an answer lies outside it, nobody
        answered, weights or clusters are not as many as the scores, a weight is missing or not above 0, there is only
        one cluster, or level, replicates or seed are out of range.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the "Net Promoter Score". *The American Statistician*, 70(4), 365-372.
    https://arxiv.org/abs/1601.07235

    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design. *Statistics in Medicine*, 17(8), 891-908.
    https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C891::AID-SIM780%3E3.0.CO;2-B

    Examples
    --------
    >>> round(enps(pd.Series([10, 9, 8, 3]), variant="us").estimate, 6)
    25.0
    >>> enps(pd.Series([10, 9, 8, 3]), variant="us", scale=(1, 10)).variant
    'us, 1-10'
    """
    cuts = cut_points(variant, scale=scale)
    check_interval(interval, conf_level=conf_level, n_boot=n_boot, seed=seed)
    answers, _ = read_answers(scores, cuts=cuts, weights=weights, cluster=cluster)
    low, high = answers.limits(interval, conf_level=conf_level, n_boot=n_boot, seed=seed)
    return _scored(answers, (low, high), variant=cuts.variant, conf_level=conf_level, interval=interval)


def check_interval(interval: str, *, conf_level: float, n_boot: int, seed: int) -> None:
    """Refuse options of an interval that are none.

    Raises
    ------
    ValueError
        If the interval is unknown, the level is not between 0 and 1, there are too few replicates for it, or the seed
        is no whole number of 0 or more.
    """
    if interval not in INTERVALS:
        raise ValueError(f"interval must be one of {', '.join(INTERVALS)}; got {interval!r}.")
    check_level(conf_level)
    least = math.ceil(2 / (1 - conf_level) - 1e-9) - 1
    if isinstance(n_boot, bool) or not isinstance(n_boot, int) or n_boot < least:
        raise ValueError(
            f"n_boot must be a whole number of at least {least} for a level of {conf_level!r}; got {n_boot!r}. "
            "Use 1000 or more for an interval that is shown."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be a whole number of 0 or more; got {seed!r}.")


def check_level(conf_level: float) -> None:
    """Refuse a level that is none."""
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")


def _scored(
    answers: Answers, limits: tuple[float, float], *, variant: str, conf_level: float, interval: Interval
) -> NetPromoterScore:
    p, d = answers.promoters, answers.detractors
    return NetPromoterScore(
        variant=variant,
        estimate=100 * (p - d),
        std_error=100 * math.sqrt(answers.spread / answers.n_effective),
        conf_low=100 * limits[0],
        conf_high=100 * limits[1],
        conf_level=conf_level,
        promoters=p,
        passives=max(1 - p - d, 0.0),
        detractors=d,
        n=len(answers.outcome),
        n_effective=answers.n_effective,
        df=answers.df,
        interval=interval,
    )
