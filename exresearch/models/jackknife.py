"""Standard errors and intervals from leaving out one unit at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.influence import effective_df
from exresearch.models.resampling import check_conf_level

FloatArray = NDArray[np.float64]


def _spread(estimate: ArrayLike, left_out: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    centre, values = np.asarray(estimate, dtype=np.float64), np.asarray(left_out, dtype=np.float64)
    if values.shape[1:] != centre.shape or values.shape[0] < 2:
        raise ValueError(
            f"left_out must have two or more rows of the shape of the estimate {centre.shape}, got {values.shape}."
        )
    gaps = values - values.mean(axis=0)
    std_error = np.sqrt((len(values) - 1) / len(values) * (gaps**2).sum(axis=0))
    return centre, np.asarray(std_error), effective_df(values)


def jackknife_interval(
    estimate: ArrayLike, left_out: ArrayLike, *, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    """Student interval with the jackknife's standard error.

    Use it beside a bootstrap interval when units are few: it rests on no replicates, and for a regression coefficient
    it is the interval of the cluster-robust CV3. It is symmetric, which suits differences better than importances.

    Parameters
    ----------
    estimate : scalar or array [K]
    left_out : array [U] or [U, K]
        The statistics with each of the U units left out in turn.
    conf_level : float

    Returns
    -------
    (low, high) : two ndarrays of the shape of the estimate

    Raises
    ------
    ValueError
        The shapes disagree, or `conf_level` is not inside (0, 1).

    Notes
    -----
    Variance (U - 1) / U times the sum of squares around the mean of the left-out values; degrees of freedom from
    `effective_df`, at most U - 1.

    References
    ----------
    MacKinnon, Nielsen & Webb (2023), Fast and reliable jackknife and bootstrap methods for cluster-robust inference,
    doi:10.1002/jae.2969

    Examples
    --------
    >>> values = np.arange(1.0, 11.0)
    >>> means = (values.sum() - values) / 9
    >>> low, high = jackknife_interval(values.mean(), means, conf_level=0.95)
    >>> round(float(low), 2), round(float(high), 2)
    (3.33, 7.67)
    """
    check_conf_level(conf_level)
    centre, std_error, df = _spread(estimate, left_out)
    half = stdtrit(df, (1.0 + conf_level) / 2.0) * std_error
    return centre - half, centre + half


def jackknife_p_value(estimate: ArrayLike, left_out: ArrayLike, *, null: float) -> FloatArray:
    """Two-sided level: below alpha exactly when `null` lies outside `jackknife_interval` at 1 - alpha."""
    centre, std_error, df = _spread(estimate, left_out)
    gap = np.abs(centre - null)
    score = np.divide(gap, std_error, out=np.where(gap > 0.0, np.inf, 0.0), where=std_error > 0.0)
    return np.asarray(2.0 * stdtr(df, -score))
