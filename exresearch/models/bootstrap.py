"""Bootstrap intervals and the significance levels that agree with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

__all__ = [
    "MIN_UNITS",
    "NotEstimable",
    "bca_interval",
    "bootstrap_counts",
    "bootstrap_p_value",
    "bootstrap_tail",
    "percentile_interval",
    "regression_influence",
]

FloatArray = NDArray[np.float64]


def replicate_matrix(replicates: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
    """The replicates as [B, K], and the shape of one of them; refuses what is not finite."""
    values = np.asarray(replicates, dtype=np.float64)
    if values.ndim == 0 or values.shape[0] < 2:
        raise ValueError(
            f"replicates must have two or more rows (one per replicate), got shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"replicates must be finite, got {int((~np.isfinite(values)).sum())} of {values.size} that are not: "
            "decide first what such a replicate means."
        )
    return values.reshape(values.shape[0], -1), values.shape[1:]


def quantiles(ordered: FloatArray, prob: FloatArray) -> FloatArray:
    """Order statistics at (B + 1) * prob per column, interpolated on the normal scale (boot's norm.inter)."""
    size = ordered.shape[0]
    # 1e-9 keeps 0.025 * 1000 = 25.000000000000004 from becoming an interpolation.
    rank = (size + 1) * prob
    whole = np.floor(rank + 1e-9)
    below = np.clip(whole, 1, size).astype(np.intp)
    above = np.clip(whole + 1, 1, size).astype(np.intp)
    low = np.take_along_axis(ordered, below[None, :] - 1, axis=0)[0]
    high = np.take_along_axis(ordered, above[None, :] - 1, axis=0)[0]
    z_low, z_high = ndtri(below / (size + 1)), ndtri(above / (size + 1))
    # A rank that is whole up to rounding is that order statistic itself.
    inside = (above > below) & (np.abs(rank - np.rint(rank)) > 1e-9)
    share = np.divide(ndtri(prob) - z_low, z_high - z_low, out=np.zeros_like(prob), where=inside)
    return np.asarray(low + np.clip(share, 0.0, 1.0) * (high - low))


def percentile_interval(replicates: ArrayLike, *, conf_level: float) -> tuple[FloatArray, FloatArray]:
    """Percentile bootstrap interval, as R's `boot.ci(type = "perc")`.

    Parameters
    ----------
    replicates : array [B] or [B, ...]
        One row per replicate.
    conf_level : float
        Coverage, for example 0.95.

    Returns
    -------
    (low, high) : two ndarrays of the shape of one replicate
        The order statistics at (B + 1) a/2 and (B + 1)(1 - a/2), interpolated on the normal scale.

    Raises
    ------
    ValueError
        A replicate is not finite, or there are too few for `conf_level`.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, section 5.2, doi:10.1017/CBO9780511802843

    Examples
    --------
    >>> low, high = percentile_interval(range(1, 1000), conf_level=0.95)
    >>> float(low), float(high)
    (25.0, 975.0)
    """
    values, shape = replicate_matrix(replicates)
    check_resampling(n_boot=values.shape[0], conf_level=conf_level, seed=0)
    ordered = np.sort(values, axis=0)
    tail = np.full(values.shape[1], (1.0 - conf_level) / 2.0)
    return quantiles(ordered, tail).reshape(shape), quantiles(ordered, 1.0 - tail).reshape(shape)


def _bias_and_acceleration(
    estimate: ArrayLike, values: FloatArray, influence: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    centre = np.asarray(estimate, dtype=np.float64).reshape(-1)
    pull = np.asarray(influence, dtype=np.float64)
    pull = pull.reshape(pull.shape[0], -1)
    if centre.size != values.shape[1] or pull.shape[1] != values.shape[1]:
        raise ValueError(
            f"estimate, replicates and influence must describe the same statistics, got {centre.size}, "
            f"{values.shape[1]} and {pull.shape[1]} columns."
        )
    if not (np.isfinite(pull).all() and np.isfinite(centre).all()):
        raise ValueError("estimate and influence must be finite.")
    size = values.shape[0]
    below = (values < centre).mean(axis=0) + 0.5 * (values == centre).mean(axis=0)
    # All replicates on one side would put the bias at infinity; half a replicate short of that is what B can show.
    bias = ndtri(np.clip(below, 0.5 / size, 1.0 - 0.5 / size))
    pull = pull - pull.mean(axis=0)
    spread = (pull**2).sum(axis=0) ** 1.5
    acceleration = np.divide(
        (pull**3).sum(axis=0), 6.0 * spread, out=np.zeros_like(spread), where=spread > 0.0
    )
    return bias, acceleration


def regression_influence(counts: ArrayLike, replicates: ArrayLike) -> FloatArray:
    """Influence of each unit by regression of the replicates on how often they drew it, as R's `boot::empinf`.

    Use it to reproduce R's BCa intervals, and for statistics without a derivative (`importance_influence` is exact and
    free of the draws). It needs many more replicates than units.

    Parameters
    ----------
    counts : array [B, U]
        How often each of U units is in each of B replicates.
    replicates : array [B] or [B, K]

    Returns
    -------
    ndarray [U] or [U, K]
        Coefficients of the shares counts / U, centred; the last unit's share follows from the others.

    Raises
    ------
    ValueError
        A replicate is not finite, or there are not more of them than units.

    References
    ----------
    Davison & Hinkley (1997), section 2.7.4, doi:10.1017/CBO9780511802843

    Examples
    --------
    >>> counts = bootstrap_counts(3, n_boot=50, seed=1)
    >>> regression_influence(counts, counts @ [1.0, 2.0, 6.0] / 3).round(6).tolist()
    [-2.0, -1.0, 3.0]
    """
    values, shape = replicate_matrix(replicates)
    drawn = np.asarray(counts, dtype=np.float64)
    if drawn.ndim != 2 or len(drawn) != len(values) or len(values) <= drawn.shape[1]:
        raise ValueError(
            f"counts must have a row for each of the {len(values)} replicates and fewer columns than rows, got shape "
            f"{drawn.shape}."
        )
    units = drawn.shape[1]
    design = np.column_stack([np.ones(len(drawn)), drawn[:, :-1] / units])
    slopes = np.linalg.lstsq(design, values, rcond=None)[0][1:]
    influence = np.vstack([slopes, np.zeros((1, values.shape[1]))])
    return np.asarray((influence - influence.mean(axis=0)).reshape((units, *shape)))


def bca_interval(
    estimate: ArrayLike, replicates: ArrayLike, influence: ArrayLike, *, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    """Bias-corrected and accelerated bootstrap interval, vectorised over statistics.

    Use it for statistics of many rows whose replicates are biased or skewed, and to compare with R. With few units its
    two corrections are estimates themselves and it covers too little: see `expanded_interval`.

    Parameters
    ----------
    estimate : scalar or array [K]
        The statistics on the data themselves.
    replicates : array [B] or [B, K]
        The statistics on the replicates.
    influence : array [U] or [U, K]
        Influence of each of the U resampled units on the statistics, on any scale and with any mean:
        `importance_influence` (infinitesimal jackknife), or minus the values with each unit left out.
    conf_level : float
        Coverage, for example 0.95.

    Returns
    -------
    (low, high) : two ndarrays of the shape of one replicate
        A column whose replicates are all equal has no spread to correct: low = high = that value.

    Raises
    ------
    ValueError
        A value is not finite, the shapes disagree, or there are too few replicates.

    Notes
    -----
    The limits are the quantiles of the replicates at Phi(z0 + (z0 + z) / (1 - a (z0 + z))) with z0 the normal
    quantile of the share of replicates below the estimate and a = sum(l^3) / (6 sum(l^2)^1.5), l the centred
    influences. In R: `boot::boot.ci(type = "bca")`, which takes l from a regression of replicates on frequencies.

    References
    ----------
    Efron (1987), Better bootstrap confidence intervals, doi:10.1080/01621459.1987.10478410

    Examples
    --------
    >>> low, high = bca_interval(2.0, [2.0] * 100, [2.0] * 10, conf_level=0.9)
    >>> float(low), float(high)
    (2.0, 2.0)
    """
    values, shape = replicate_matrix(replicates)
    check_resampling(n_boot=values.shape[0], conf_level=conf_level, seed=0)
    bias, acceleration = _bias_and_acceleration(estimate, values, influence)
    ordered = np.sort(values, axis=0)
    constant = ordered[0] == ordered[-1]
    size = values.shape[0]
    limits = []
    for prob in ((1.0 - conf_level) / 2.0, (1.0 + conf_level) / 2.0):
        shifted = bias + ndtri(prob)
        # Beyond the pole 1 = a (z0 + z) the adjustment has left the range of the replicates.
        room = np.maximum(1.0 - acceleration * shifted, 1e-6)
        adjusted = np.clip(ndtr(bias + shifted / room), 1.0 / (size + 1), size / (size + 1))
        limits.append(np.where(constant, ordered[0], quantiles(ordered, adjusted)).reshape(shape))
    return limits[0], limits[1]


def normal_scores(ordered: FloatArray, null: float) -> list[FloatArray]:
    """Normal scores of `null` among sorted replicates, from below and from above, interpolated as the interval is."""
    size = ordered.shape[0]
    scores = []
    for side in (1.0, -1.0):
        ranked = ordered if side > 0 else -ordered[::-1]
        count = (ranked <= side * null).sum(axis=0)
        below, above = np.clip(count, 1, size), np.clip(count + 1, 1, size)
        low = np.take_along_axis(ranked, below[None, :] - 1, axis=0)[0]
        high = np.take_along_axis(ranked, above[None, :] - 1, axis=0)[0]
        z_low, z_high = ndtri(below / (size + 1)), ndtri(above / (size + 1))
        gap = high - low
        share = np.divide(side * null - low, gap, out=np.zeros_like(gap), where=gap > 0.0)
        scores.append(np.asarray(z_low + np.clip(share, 0.0, 1.0) * (z_high - z_low)))
    return scores


def bootstrap_tail(
    replicates: ArrayLike,
    *,
    null: float,
    estimate: ArrayLike | None = None,
    influence: ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """One-sided significance levels (statistic above `null`, statistic below `null`).

    The first is small when the replicates lie above `null`. With `estimate` and `influence` they belong to the
    BCa interval, without to the percentile interval. They are never below 1 / (B + 1).
    """
    values, shape = replicate_matrix(replicates)
    ordered = np.sort(values, axis=0)
    tails = normal_scores(ordered, null)
    if estimate is not None and influence is not None:
        bias, acceleration = _bias_and_acceleration(estimate, values, influence)
        constant = ordered[0] == ordered[-1]
        for index, side in enumerate((1.0, -1.0)):
            shifted = tails[index] - side * bias
            room = np.maximum(1.0 + side * acceleration * shifted, 1e-6)
            tails[index] = np.where(constant, tails[index], shifted / room - side * bias)
    least = 1.0 / (len(values) + 1)
    above_null, below_null = (np.maximum(ndtr(z), least).reshape(shape) for z in tails)
    return above_null, below_null


def bootstrap_p_value(
    replicates: ArrayLike,
    *,
    null: float,
    estimate: ArrayLike | None = None,
    influence: ArrayLike | None = None,
) -> FloatArray:
    """Two-sided achieved significance level, the counterpart of the bootstrap interval.

    Parameters
    ----------
    replicates : array [B] or [B, K]
        The statistic on each replicate.
    null : float
        The value under test.
    estimate, influence : arrays, optional
        Give both to match `bca_interval` instead of `percentile_interval`.

    Returns
    -------
    ndarray of the shape of one replicate
        The smallest level at which the interval leaves `null` out: p < alpha exactly when `null` lies outside the
        interval at 1 - alpha (for alpha > 2 / (B + 1)). With the +1 correction it is never below 2 / (B + 1).

    Raises
    ------
    ValueError
        A replicate is not finite.

    References
    ----------
    Davison & Hinkley (1997), section 4.4 (the +1 correction), doi:10.1017/CBO9780511802843

    Examples
    --------
    >>> float(bootstrap_p_value(range(1, 1000), null=0.0))
    0.002
    """
    above, below = bootstrap_tail(replicates, null=null, estimate=estimate, influence=influence)
    return np.minimum(1.0, 2.0 * np.minimum(above, below))
