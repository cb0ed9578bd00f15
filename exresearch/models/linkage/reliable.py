"""The link between units corrected for how roughly their values are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

FloatArray = NDArray[np.float64]

_LEAST_FINITE = 0.975


def disattenuated_association(
    units: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    ex_error: str,
    cx_error: str,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Correlation of two sides of units, corrected for the sampling error of both.

    Use it beside `unit_association`, since means of few answers make a link look weaker than it is. It cannot tell
    error from real differences that were modelled as error, so it can lie beyond 1.

    Parameters
    ----------
    units : DataFrame
        One row per unit. Incomplete rows are left out and counted.
    ex, cx : str
        Columns with the values of both sides.
    ex_error, cx_error : str
        Columns with the sampling variance of each value (the squared standard error), zero or more.
    n_boot, conf_level, seed : int, float, int
        Replicates (units), coverage and seed.

    Returns
    -------
    DataFrame
        Rows correlation, reliability_ex, reliability_cx, disattenuated: term, estimate, std_error (bootstrap), p_value
        (null 0), conf_low, conf_high, n (units), conf_level, n_units, n_excluded, method. A reliability of 1
        without any sampling error has an interval of no width.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; a negative variance; options out of range.
    NotEstimable
        Fewer than 10 units, no variation, a reliability of zero or less, or so in more than 2.5 % of the replicates.

    Notes
    -----
    reliability = 1 - mean sampling variance / variance of the values, which is ICC(2) where units have equally many
    answers; disattenuated = r / sqrt(reliability_ex reliability_cx), Spearman (1904), doi:10.2307/1412159. Intervals:
    estimate +- t(units - 1) x standard deviation over replicates, in which all three are computed anew; those of
    reliabilities are cut at 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame({"true": rng.normal(size=80)})
    >>> units["ex"], units["cx"] = (units["true"] + rng.normal(0, 0.5, 80) for _ in range(2))
    >>> units = units.assign(ex_error=0.25, cx_error=0.25)
    >>> names = {"ex": "ex", "cx": "cx", "ex_error": "ex_error", "cx_error": "cx_error"}
    >>> found = disattenuated_association(units, **names, n_boot=199, seed=1).set_index("term")["estimate"]
    >>> bool(found["disattenuated"] > found["correlation"])
    True
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    columns = [ex, cx, ex_error, cx_error]
    check_columns(units, numeric=columns, other=())
    values = numeric_columns(units, columns)
    complete = np.isfinite(values).all(axis=1)
    values = values[complete]
    # In an order of their own, so that the order of the rows does not matter.
    values = values[np.lexsort(values.T)]
    if len(values) < MIN_UNITS:
        raise NotEstimable(
            f"a corrected link needs at least {MIN_UNITS} units with {columns}, got {len(values)}."
        )
    if (values[:, 2:] < 0.0).any():
        raise ValueError(f"'{ex_error}' and '{cx_error}' are variances: they cannot be negative.")
    if (np.ptp(values[:, :2], axis=0) == 0.0).any():
        raise NotEstimable(f"'{ex}' or '{cx}' has the same value in all units.")
    # On scales of their own, so that the unit of a value does not matter.
    spread = values[:, :2].std(axis=0)
    values = np.column_stack(
        [(values[:, :2] - values[:, :2].mean(axis=0)) / spread, values[:, 2:] / spread**2]
    )
    counts = bootstrap_counts(len(values), n_boot=n_boot, seed=seed).astype(np.float64)
    once = _statistics(np.ones((1, len(values))), values)[0]
    if (once[1:3] <= 0.0).any():
        raise NotEstimable("the values of one side differ no more than their sampling error explains.")
    replicates = _statistics(counts, values)
    sound = np.isfinite(replicates).all(axis=1)
    if sound.mean() < _LEAST_FINITE:
        raise NotEstimable(
            "in too many replicates one side differs no more than its sampling error explains."
        )
    error = replicates[sound].std(axis=0, ddof=1)
    df = len(values) - 1.0
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * error
    low, high = once - half, once + half
    low[0], high[0] = max(low[0], -1.0), min(high[0], 1.0)
    high[1:3] = np.minimum(high[1:3], 1.0)
    statistic = np.divide(once, error, out=np.full(4, np.inf), where=error > 0.0)
    return pd.DataFrame(
        {
            "term": ["correlation", "reliability_ex", "reliability_cx", "disattenuated"],
            "estimate": once,
            "std_error": error,
            "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
            "conf_low": low,
            "conf_high": high,
            "n": len(values),
            "conf_level": conf_level,
            "n_units": len(values),
            "n_excluded": int((~complete).sum()),
            "method": "corrected for sampling error, unit bootstrap, t interval",
        }
    )


def _statistics(counts: FloatArray, values: FloatArray) -> FloatArray:
    """Correlation, two reliabilities and the corrected correlation [B, 4] for row counts [B, n]."""
    total = counts.sum(axis=1)
    moments = counts @ np.column_stack(
        [values, values[:, 0] ** 2, values[:, 1] ** 2, values[:, 0] * values[:, 1]]
    )
    means = moments / total[:, None]
    variances = (means[:, 4:6] - means[:, :2] ** 2) * (total / (total - 1.0))[:, None]
    covariance = (means[:, 6] - means[:, 0] * means[:, 1]) * total / (total - 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / np.sqrt(variances.prod(axis=1))
        reliability = 1.0 - means[:, 2:4] / variances
        product = np.where((reliability > 0.0).all(axis=1), reliability.prod(axis=1), np.nan)
        return np.column_stack([r, reliability, r / np.sqrt(product)])
