"""Intraclass correlations: how much of the differences between people lies between their units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import f as f_distribution

from exresearch.measures.aggregation.reml import reml_components

Vector = NDArray[np.float64]
BELOW_ZERO = "Groups differ less than chance alone would make them differ."


@dataclass(frozen=True, slots=True)
class Icc:
    """How much of the variance of answers lies between groups, and how reliable the groups' means are.

    Attributes
    ----------
    icc1, icc1_low, icc1_high : float
        Share of the variance that lies between groups, with its interval. Can be below 0.
    icc2, icc2_low, icc2_high : float
        Reliability of the mean of a group of average size ``k``, with its interval. Can be below 0, down to ``-inf``.
    conf_level : float
        Level of both intervals.
    f, df1, df2, p_value : float
        Test that all groups have the same mean.
    msb, msw : float
        Mean squares between and within groups.
    k : float
        Average size of a group; with weights, of its effective size.
    n, n_groups : int
        Answers and groups.
    tau00, sigma2 : float
        Variance between and within groups by restricted maximum likelihood; ``tau00`` is never below 0.
    icc1_reml, icc2_reml : float
        The same shares from these variances.
    remark : str
        An English sentence where ``icc1`` is below 0; empty otherwise.
    """

    icc1: float
    icc1_low: float
    icc1_high: float
    icc2: float
    icc2_low: float
    icc2_high: float
    conf_level: float
    f: float
    df1: float
    df2: float
    p_value: float
    msb: float
    msw: float
    k: float
    n: int
    n_groups: int
    tau00: float
    sigma2: float
    icc1_reml: float
    icc2_reml: float
    remark: str


def icc(
    values: pd.Series, *, groups: pd.Series, weights: pd.Series | None = None, conf_level: float = 0.95
) -> Icc:
    """Compute ICC(1) and ICC(2) of answers in groups.

    When to use it: before a mean of people is used as a property of their unit. ICC(1) says how much people of one unit
    resemble each other; ICC(2) how well units can be told apart by their means.

    Parameters
    ----------
    values : pandas.Series
        One answer or score per row; missing ones are left out and not counted.
    groups : pandas.Series
        Group of each answer, in the order of ``values``; answers without one are left out.
    weights : pandas.Series, optional
        Survey weights, above 0, in the same order. Their unit does not matter.
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    Icc

    Raises
    ------
    ValueError
        If lengths differ, a weight is missing or not above 0, the level is out of range, there are fewer than two
        groups, no group has two answers, or the answers of every group are all the same.

    Notes
    -----
    ``icc1 = (msb - msw) / (msb + (k - 1) msw)`` with k the plain mean of the group sizes, and
    ``icc2 = (msb - msw) / msb``, as ``multilevel::ICC1`` and ``ICC2`` of R. Negative values are kept.

    The intervals are Wald's: they hold the ratios ``between / within`` that the F test of exactly that ratio does not
    reject. They are exact for normal answers in groups of any sizes, and with equal sizes they are the well-known
    limits ``F / F(1 - alpha / 2)``.

    With weights each group counts by its effective size ``(sum w)^2 / sum w^2``: a weighted mean is as precise as the
    plain mean of that many answers. ``df2`` then need not be whole.

    References
    ----------
    Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability. In K. J. Klein & S. W. J. Kozlowski
    (Eds.), *Multilevel Theory, Research, and Methods in Organizations*, 349-381. Jossey-Bass.

    Wald, A. (1940). A note on the analysis of variance with unequal class frequencies. *Annals of Mathematical
    Statistics*, 11(1), 96-100. https://doi.org/10.1214/aoms/1177731946

    Examples
    --------
    >>> found = icc(pd.Series([1, 2, 4, 5, 7, 9]), groups=pd.Series(list("aabbcc")))
    >>> round(found.icc1, 3), round(found.icc2, 3), found.df1, found.df2
    (0.91, 0.953, 2.0, 3.0)
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    y, codes, w = _complete(values, groups, weights)
    n_groups = int(codes.max()) + 1 if len(codes) else 0
    if n_groups < 2:
        raise ValueError(f"icc needs at least two groups with answers; got {n_groups}.")
    if n_groups == len(y):
        raise ValueError("icc needs a group with two answers; every group has one.")
    total, squares = np.bincount(codes, weights=w), np.bincount(codes, weights=w**2)
    means, sizes = np.bincount(codes, weights=w * y) / total, total**2 / squares
    spread = float(w @ (y - means[codes]) ** 2)
    if spread <= 1e-24 * float(w @ y**2):
        raise ValueError(
            "icc needs answers that differ within a group; in every group they are all the same."
        )
    msw = spread / float((total - squares / total).sum())
    df1, df2, k = float(n_groups - 1), float(sizes.sum() - n_groups), float(sizes.mean())
    centre = float(sizes @ means / sizes.sum())
    msb = float(sizes @ (means - centre) ** 2) / df1
    tail = (1 - conf_level) / 2
    low, high = (
        _ratio_at(float(f_distribution.ppf(level, df1, df2)) * msw, sizes, means)
        for level in (1 - tail, tail)
    )
    components = reml_components(sizes, means, within_ss=msw * df2, within_df=df2)
    ratio = components.between / components.within
    icc1 = (msb - msw) / (msb + (k - 1) * msw)
    return Icc(
        icc1=icc1,
        icc1_low=low / (1 + low),
        icc1_high=high / (1 + high),
        # Means that differ by rounding alone are equal.
        icc2=(msb - msw) / msb if msb > 1e-24 * msw else -np.inf,
        icc2_low=_of_mean(low, k),
        icc2_high=_of_mean(high, k),
        conf_level=conf_level,
        f=msb / msw,
        df1=df1,
        df2=df2,
        p_value=float(f_distribution.sf(msb / msw, df1, df2)),
        msb=msb,
        msw=msw,
        k=k,
        n=len(y),
        n_groups=n_groups,
        tau00=components.between,
        sigma2=components.within,
        icc1_reml=ratio / (1 + ratio),
        icc2_reml=k * ratio / (1 + k * ratio),
        remark=BELOW_ZERO if icc1 < 0 else "",
    )


def _complete(
    values: pd.Series, groups: pd.Series, weights: pd.Series | None
) -> tuple[Vector, NDArray[np.intp], Vector]:
    """Answers, group numbers and weights of the rows that have both an answer and a group."""
    for name, series in (("groups", groups), ("weights", weights)):
        if series is not None and len(series) != len(values):
            raise ValueError(f"{name} must be as many as the values ({len(values)}); got {len(series)}.")
    y = values.to_numpy(dtype="float64", na_value=np.nan)
    there = np.isfinite(y) & groups.notna().to_numpy()
    w = np.ones(len(y)) if weights is None else weights.to_numpy(dtype="float64", na_value=np.nan)
    wrong = int((~(np.isfinite(w[there]) & (w[there] > 0))).sum())
    if wrong:
        raise ValueError(f"icc takes weights above 0; {wrong} are missing, infinite, zero or negative.")
    codes, _ = pd.factorize(groups[there], sort=True)
    return y[there], codes, w[there]


def _of_mean(ratio: float, k: float) -> float:
    """Reliability of the mean of k answers; at the bound of the ratio, where that mean has no variance, -inf."""
    total = 1 + k * ratio
    return k * ratio / total if total > 1e-12 else -np.inf


def _ratio_at(target: float, sizes: Vector, means: Vector) -> float:
    """Variance between groups, as a multiple of that within, at which the mean square between groups is ``target``."""

    def excess(ratio: float) -> float:
        w = sizes / (1 + sizes * ratio)
        distances = means - (w @ means) / w.sum()
        return float(w @ distances**2) / (len(sizes) - 1) - target

    # Below this the variance of the largest group's mean would be negative.
    bound = -1 / float(sizes.max())
    low = bound * (1 - 1e-9)
    if excess(low) <= 0:
        return bound
    high = 1.0
    while excess(high) > 0:
        high *= 4
    return float(brentq(excess, low, high, xtol=1e-14, rtol=1e-13))
