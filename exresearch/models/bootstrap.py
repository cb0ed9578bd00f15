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
]

FloatArray = NDArray[np.float64]


def _replicate_matrix(replicates: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
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


def _quantiles(ordered: FloatArray, prob: FloatArray) -> FloatArray:
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
    values, shape = _replicate_matrix(replicates)
    check_resampling(n_boot=values.shape[0], conf_level=conf_level, seed=0)
    ordered = np.sort(values, axis=0)
    tail = np.full(values.shape[1], (1.0 - conf_level) / 2.0)
    return _quantiles(ordered, tail).reshape(shape), _quantiles(ordered, 1.0 - tail).reshape(shape)


def _bias_and_acceleration(
    estimate: ArrayLike, values: FloatArray, jackknife: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    centre = np.asarray(estimate, dtype=np.float64).reshape(-1)
    left_out = np.asarray(jackknife, dtype=np.float64)
    left_out = left_out.reshape(left_out.shape[0], -1)
    if centre.size != values.shape[1] or left_out.shape[1] != values.shape[1]:
        raise ValueError(
            f"estimate, replicates and jackknife must describe the same statistics, got {centre.size}, "
            f"{values.shape[1]} and {left_out.shape[1]} columns."
        )
    if not (np.isfinite(left_out).all() and np.isfinite(centre).all()):
        raise ValueError("estimate and jackknife must be finite.")
    size = values.shape[0]
    below = (values < centre).mean(axis=0) + 0.5 * (values == centre).mean(axis=0)
    # All replicates on one side would put the bias at infinity; half a replicate short of that is what B can show.
    bias = ndtri(np.clip(below, 0.5 / size, 1.0 - 0.5 / size))
    gap = left_out.mean(axis=0) - left_out
    spread = (gap**2).sum(axis=0) ** 1.5
    acceleration = np.divide(
        (gap**3).sum(axis=0), 6.0 * spread, out=np.zeros_like(spread), where=spread > 0.0
    )
    return bias, acceleration


def bca_interval(
    estimate: ArrayLike, replicates: ArrayLike, jackknife: ArrayLike, *, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    """Bias-corrected and accelerated bootstrap interval, vectorised over statistics.

    Use it when replicates are biased or skewed, as small importances are.

    Parameters
    ----------
    estimate : scalar or array [K]
        The statistics on the data themselves.
    replicates : array [B] or [B, K]
        The statistics on the replicates.
    jackknife : array [U] or [U, K]
        The statistics with each of the U resampled units left out in turn.
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
    quantile of the share of replicates below the estimate and a = sum(d^3) / (6 sum(d^2)^1.5), d the jackknife
    mean minus the jackknife values. In R: `boot::boot.ci(type = "bca")`, which takes `a` from a regression.

    References
    ----------
    Efron (1987), Better bootstrap confidence intervals, doi:10.1080/01621459.1987.10478410

    Examples
    --------
    >>> low, high = bca_interval(2.0, [2.0] * 100, [2.0] * 10, conf_level=0.9)
    >>> float(low), float(high)
    (2.0, 2.0)
    """
    values, shape = _replicate_matrix(replicates)
    check_resampling(n_boot=values.shape[0], conf_level=conf_level, seed=0)
    bias, acceleration = _bias_and_acceleration(estimate, values, jackknife)
    ordered = np.sort(values, axis=0)
    constant = ordered[0] == ordered[-1]
    size = values.shape[0]
    limits = []
    for prob in ((1.0 - conf_level) / 2.0, (1.0 + conf_level) / 2.0):
        shifted = bias + ndtri(prob)
        # Beyond the pole 1 = a (z0 + z) the adjustment has left the range of the replicates.
        room = np.maximum(1.0 - acceleration * shifted, 1e-6)
        adjusted = np.clip(ndtr(bias + shifted / room), 1.0 / (size + 1), size / (size + 1))
        limits.append(np.where(constant, ordered[0], _quantiles(ordered, adjusted)).reshape(shape))
    return limits[0], limits[1]


def bootstrap_tail(
    replicates: ArrayLike,
    *,
    null: float,
    estimate: ArrayLike | None = None,
    jackknife: ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """One-sided significance levels (statistic above `null`, statistic below `null`).

    The first is small when the replicates lie above `null`. With `estimate` and `jackknife` they belong to the
    BCa interval, without to the percentile interval. They are never below 1 / (B + 1).
    """
    values, shape = _replicate_matrix(replicates)
    size = values.shape[0]
    ordered = np.sort(values, axis=0)
    tails = []
    for side in (1.0, -1.0):
        # The rank of `null` among the replicates, interpolated exactly as the interval is.
        ranked = ordered if side > 0 else -ordered[::-1]
        count = (ranked <= side * null).sum(axis=0)
        below, above = np.clip(count, 1, size), np.clip(count + 1, 1, size)
        low = np.take_along_axis(ranked, below[None, :] - 1, axis=0)[0]
        high = np.take_along_axis(ranked, above[None, :] - 1, axis=0)[0]
        z_low, z_high = ndtri(below / (size + 1)), ndtri(above / (size + 1))
        gap = high - low
        share = np.divide(side * null - low, gap, out=np.zeros_like(gap), where=gap > 0.0)
        tails.append(z_low + np.clip(share, 0.0, 1.0) * (z_high - z_low))
    if estimate is not None and jackknife is not None:
        bias, acceleration = _bias_and_acceleration(estimate, values, jackknife)
        constant = ordered[0] == ordered[-1]
        for index, side in enumerate((1.0, -1.0)):
            shifted = tails[index] - side * bias
            room = np.maximum(1.0 + side * acceleration * shifted, 1e-6)
            tails[index] = np.where(constant, tails[index], shifted / room - side * bias)
    least = 1.0 / (size + 1)
    above_null, below_null = (np.maximum(ndtr(z), least).reshape(shape) for z in tails)
    return above_null, below_null


def bootstrap_p_value(
    replicates: ArrayLike,
    *,
    null: float,
    estimate: ArrayLike | None = None,
    jackknife: ArrayLike | None = None,
) -> FloatArray:
    """Two-sided achieved significance level, the counterpart of the bootstrap interval.

    Parameters
    ----------
    replicates : array [B] or [B, K]
        The statistic on each replicate.
    null : float
        The value under test.
    estimate, jackknife : arrays, optional
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
    above, below = bootstrap_tail(replicates, null=null, estimate=estimate, jackknife=jackknife)
    return np.minimum(1.0, 2.0 * np.minimum(above, below))
