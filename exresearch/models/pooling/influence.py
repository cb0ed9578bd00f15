"""What one client does to a pool: leave-one-out, a client against the others, and what is borrowed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr

from exresearch.models.pooling.heterogeneity import PoolingMethod
from exresearch.models.pooling.pool import PooledEstimate, Test, pool_estimates
from exresearch.models.resampling import NotEstimable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AgainstPool:
    """One client beside what the others lead to expect.

    Attributes
    ----------
    estimate, std_error : float
        Of the client.
    others : PooledEstimate
        The pool without it; its prediction interval is where the true effect of one more client is expected.
    inside : bool
        Whether the client's estimate lies in that prediction interval.
    difference, difference_se, statistic, p_value : float
        Client minus the others' mean; the standard error counts the client's own sampling error, the spread of true
        effects and the error of the mean (studentised deleted residual).
    """

    estimate: float
    std_error: float
    others: PooledEstimate
    inside: bool
    difference: float
    difference_se: float
    statistic: float
    p_value: float


def leave_one_out(
    estimates: Sequence[float] | Array,
    std_errors: Sequence[float] | Array,
    *,
    terms: Sequence[str],
    method: PoolingMethod = "REML",
    test: Test = "knapp_hartung",
    null: float = 0.0,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Pool again without each client in turn.

    When to use it: to see whether a pooled statement rests on one client.

    Parameters
    ----------
    estimates, std_errors : sequence of float, shape (k,)
        k of 3 or more.
    terms : sequence of str, length k
        Names of the clients.
    method, test, null, conf_level
        As for :func:`pool_estimates`.

    Returns
    -------
    DataFrame, one row per client left out
        term, estimate, std_error, statistic, p_value, conf_low, conf_high, n (clients left), q, q_p_value,
        tau2, i2, h2.

    Raises
    ------
    ValueError
        As :func:`pool_estimates`, or if `terms` has another length.
    NotEstimable
        Fewer than three clients.
    """
    y, errors = np.asarray(estimates, dtype="float64"), np.asarray(std_errors, dtype="float64")
    if len(terms) != len(y):
        raise ValueError(f"terms must name each of the {len(y)} clients; got {len(terms)} names.")
    if len(y) < 3:
        raise NotEstimable(f"leaving one out needs at least 3 clients, got {len(y)}.")
    rows = []
    for position, term in enumerate(terms):
        kept = np.arange(len(y)) != position
        pooled = pool_estimates(
            y[kept], errors[kept], method=method, test=test, null=null, conf_level=conf_level, expect=False
        )
        rows.append(
            {
                "term": term,
                "estimate": pooled.estimate,
                "std_error": pooled.std_error,
                "statistic": pooled.statistic,
                "p_value": pooled.p_value,
                "conf_low": pooled.conf_low,
                "conf_high": pooled.conf_high,
                "n": pooled.k,
                "q": pooled.q,
                "q_p_value": pooled.q_p_value,
                "tau2": pooled.tau2,
                "i2": pooled.i2,
                "h2": pooled.h2,
            }
        )
    return pd.DataFrame(rows)


def against_pool(
    estimate: float,
    std_error: float,
    *,
    others: Sequence[float] | Array,
    others_se: Sequence[float] | Array,
    method: PoolingMethod = "REML",
    test: Test = "knapp_hartung",
    conf_level: float = 0.95,
) -> AgainstPool:
    """Hold one client against all others, which it is not part of.

    When to use it: "are we different?" A client inside a pool would be compared with itself in part.

    Parameters
    ----------
    estimate, std_error : float
        Of the client.
    others, others_se : sequence of float, shape (k,)
        Of the others; k of 2 or more.
    method, test, conf_level
        As for :func:`pool_estimates`.

    Returns
    -------
    AgainstPool

    Raises
    ------
    ValueError, NotEstimable
        As :func:`pool_estimates`; also if `estimate` is not finite or `std_error` is not above zero.

    References
    ----------
    Higgins, Thompson & Spiegelhalter (2009), doi:10.1111/j.1467-985X.2008.00552.x; Viechtbauer & Cheung (2010),
    doi:10.1002/jrsm.11.
    """
    if not (np.isfinite(estimate) and np.isfinite(std_error) and std_error > 0.0):
        raise ValueError("the client's estimate must be finite and its std_error above zero.")
    pool = pool_estimates(others, others_se, method=method, test=test, conf_level=conf_level)
    error = float(np.sqrt(std_error**2 + pool.tau2 + pool.std_error**2))
    difference = estimate - pool.estimate
    statistic = difference / error
    tail = ndtr(-abs(statistic)) if pool.df is None else stdtr(pool.df, -abs(statistic))
    low = pool.conf_low if pool.expect_low is None else pool.expect_low
    high = pool.conf_high if pool.expect_high is None else pool.expect_high
    return AgainstPool(
        float(estimate), float(std_error), pool, low <= estimate <= high, difference, error, statistic,
        2.0 * float(tail),
    )  # fmt: skip


def shrunken(
    estimates: Sequence[float] | Array,
    std_errors: Sequence[float] | Array,
    *,
    terms: Sequence[str],
    method: PoolingMethod = "REML",
    test: Test = "normal",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Estimate each client's true effect with what the others say about it (best linear unbiased prediction).

    When to use it: where single clients are small, and a list of them invites to pick the extremes.

    Parameters
    ----------
    estimates, std_errors, terms, method, conf_level
        As for :func:`leave_one_out`; k of 2 or more.
    test : str
        What the standard error of the mean rests on, as for :func:`pool_estimates`. Intervals are normal.

    Returns
    -------
    DataFrame, one row per client
        term, estimate, std_error, conf_low, conf_high, weight (share of the client's own estimate in it), influence
        (Cook's distance: squared change of the mean without the client, over its squared standard error).

    Raises
    ------
    ValueError, NotEstimable
        As :func:`pool_estimates`.

    Notes
    -----
    With l = tau² / (tau² + v): l y + (1 - l) m, variance l v + (1 - l)² SE². In metafor: ``blup()``,
    ``cooks.distance()``.
    """
    y, errors = np.asarray(estimates, dtype="float64"), np.asarray(std_errors, dtype="float64")
    if len(terms) != len(y):
        raise ValueError(f"terms must name each of the {len(y)} clients; got {len(terms)} names.")
    pooled = pool_estimates(y, errors, method=method, test=test, conf_level=conf_level, expect=False)
    own = pooled.tau2 / (pooled.tau2 + np.square(errors))
    values = own * y + (1.0 - own) * pooled.estimate
    spread = np.sqrt(own * np.square(errors) + np.square((1.0 - own) * pooled.std_error))
    width = float(ndtri((1.0 + conf_level) / 2.0))
    influence = np.full(len(y), np.nan)
    if len(y) > 2 and pooled.std_error > 0.0:
        without = leave_one_out(y, errors, terms=terms, method=method, test=test, conf_level=conf_level)
        changes = without["estimate"].to_numpy(dtype="float64") - pooled.estimate
        influence = np.square(changes / pooled.std_error)
    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": values,
            "std_error": spread,
            "conf_low": values - width * spread,
            "conf_high": values + width * spread,
            "weight": own,
            "influence": influence,
        }
    )
