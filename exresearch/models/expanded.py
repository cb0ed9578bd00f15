"""Bootstrap intervals and levels that hold with few units, or units of very different weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from exresearch.models.bootstrap import normal_scores, quantiles, replicate_matrix
from exresearch.models.resampling import check_resampling

FloatArray = NDArray[np.float64]

#: Fewer units than this are flagged as few clusters.
FEW_UNITS = 30


def _degrees(n_units: int, df: ArrayLike | None) -> tuple[float, FloatArray]:
    """Factor by which the bootstrap's spread falls short, and degrees of freedom."""
    if isinstance(n_units, bool) or not isinstance(n_units, (int, np.integer)) or n_units < 2:
        raise ValueError(f"n_units must be an integer of 2 or more, got {n_units!r}.")
    degrees = np.asarray(n_units - 1.0 if df is None else df, dtype=np.float64)
    if not (degrees > 0.0).all():
        raise ValueError(f"df must be positive, got {df!r}.")
    return float(np.sqrt(n_units / (n_units - 1.0))), degrees


def expanded_interval(
    replicates: ArrayLike, *, conf_level: float, n_units: int, df: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Expanded percentile interval: the percentile interval, wide enough for the number of units.

    Use it by default. With many units it is the percentile interval; with 12 units that covers 91 % instead of 95 %.

    Parameters
    ----------
    replicates : array [B] or [B, ...]
        One row per replicate.
    conf_level : float
        Coverage, for example 0.95.
    n_units : int
        Number of units U that were resampled.
    df : scalar or array of the shape of one replicate, optional
        Degrees of freedom, U - 1 by default; `effective_df` for unequal units.

    Returns
    -------
    (low, high) : two ndarrays of the shape of one replicate

    Raises
    ------
    ValueError
        A replicate is not finite, there are too few for `conf_level`, or `n_units` or `df` is out of range.

    Notes
    -----
    The limits are quantiles of the replicates at Phi(-z) and Phi(z), z = sqrt(U / (U - 1)) t with t the Student
    quantile at `df`: the bootstrap's variance has the divisor U, and its quantiles forget that the variance is
    estimated. Beyond the outermost replicate the limit goes on as a normal tail with the replicates' standard
    deviation.

    References
    ----------
    Hesterberg (2015), What teachers should know about the bootstrap, doi:10.1080/00031305.2015.1089789

    Examples
    --------
    >>> low, high = expanded_interval(range(1, 1000), conf_level=0.95, n_units=12)
    >>> round(float(low), 1), round(float(high), 1)
    (10.8, 989.2)
    """
    values, shape = replicate_matrix(replicates)
    check_resampling(n_boot=values.shape[0], conf_level=conf_level, seed=0)
    short, degrees = _degrees(n_units, df)
    score = np.broadcast_to(short * stdtrit(degrees, (1.0 + conf_level) / 2.0), shape).reshape(-1)
    ordered = np.sort(values, axis=0)
    size = len(ordered)
    outermost = ndtri(size / (size + 1))
    inside = ndtr(np.minimum(score, outermost))
    beyond = np.maximum(score - outermost, 0.0) * values.std(axis=0, ddof=1)
    low, high = quantiles(ordered, 1.0 - inside) - beyond, quantiles(ordered, inside) + beyond
    return low.reshape(shape), high.reshape(shape)


def expanded_tail(
    replicates: ArrayLike, *, null: float, n_units: int, df: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """One-sided significance levels (statistic above `null`, below `null`) that belong to `expanded_interval`.

    The first is small when the replicates lie above `null`. They are never below 1 / (B + 1).
    """
    values, shape = replicate_matrix(replicates)
    short, degrees = _degrees(n_units, df)
    degrees = np.broadcast_to(degrees, shape).reshape(-1)
    ordered = np.sort(values, axis=0)
    spread = values.std(axis=0, ddof=1)
    outside = (ordered[0] - null, null - ordered[-1])
    levels = []
    for score, gap in zip(normal_scores(ordered, null), outside, strict=True):
        # Replicates that never vary have an interval of one point, which leaves everything else out at any level.
        never = np.where(gap > 0.0, np.inf, 0.0)
        further = np.divide(np.maximum(gap, 0.0), spread, out=never, where=spread > 0.0)
        level = stdtr(degrees, (score - further) / short)
        levels.append(np.maximum(level, 1.0 / (len(values) + 1)).reshape(shape))
    return levels[0], levels[1]


def expanded_p_value(
    replicates: ArrayLike, *, null: float, n_units: int, df: ArrayLike | None = None
) -> FloatArray:
    """Two-sided significance level: below alpha exactly when `null` lies outside `expanded_interval` at 1 - alpha.

    That holds for alpha > 2 / (B + 1), which is the smallest value it takes.
    """
    above, below = expanded_tail(replicates, null=null, n_units=n_units, df=df)
    return np.minimum(1.0, 2.0 * np.minimum(above, below))
