"""One hypothesis over several clients: random-effects meta-analysis of estimates and their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, ndtr, ndtri, stdtr, stdtrit

from exresearch.models.pooling.heterogeneity import (
    PoolingMethod,
    between_variance,
    log_likelihood,
    profile_root,
    projector,
    squares,
    weighted_mean,
)
from exresearch.models.pooling.predict import confidence_prediction
from exresearch.models.resampling import NotEstimable, check_conf_level

Array = NDArray[np.float64]
Test = Literal["knapp_hartung", "adhoc", "normal"]
TESTS: tuple[Test, ...] = ("knapp_hartung", "adhoc", "normal")
#: With fewer clients than this, every interval of a pool says little; Bender et al. (2018).
FEW_CLIENTS = 5


@dataclass(frozen=True, slots=True)
class PooledEstimate:
    """What a random-effects meta-analysis gives.

    Attributes
    ----------
    method, test : str
        Estimator of the variance between clients, and what the interval rests on.
    k : int
        Clients.
    estimate, std_error, statistic, p_value, conf_low, conf_high : float
        The mean of the true effects, tested against `null`.
    df : int or None
        Degrees of freedom of the t-distribution; None where the normal one is used.
    null, conf_level : float
        As given.
    predict_low, predict_high : float or None
        Where the true effect of one more client is expected, if tau² were known to be what it is estimated to be;
        None for "FE", which knows one effect only.
    expect_low, expect_high : float or None
        The same with the doubt about tau² counted in, by :func:`confidence_prediction`: the one to show.
    tau2, tau2_se : float
        Variance of the true effects, and its standard error (NaN for "FE").
    tau2_low, tau2_high : float or None
        Q-profile interval of it; None for "FE". ``inf`` where the data set no upper limit.
    i2, i2_low, i2_high : float or None
        Share (0 to 1) of the variance of estimates that is more than chance.
    h2, h2_low, h2_high : float or None
        Total variance over sampling variance, and interval.
    q, q_p_value : float
        Cochran's test that all true effects are equal, on k - 1 degrees of freedom.
    log_likelihood : float
        Restricted for "REML", full otherwise.
    weights : tuple of float
        Share of each client in the mean; sums to 1.
    warnings : tuple of str
        English sentences on what k is too small for.
    """

    method: PoolingMethod
    test: Test
    k: int
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    df: int | None
    null: float
    conf_level: float
    predict_low: float | None
    predict_high: float | None
    expect_low: float | None
    expect_high: float | None
    tau2: float
    tau2_se: float
    tau2_low: float | None
    tau2_high: float | None
    i2: float
    i2_low: float | None
    i2_high: float | None
    h2: float
    h2_low: float | None
    h2_high: float | None
    q: float
    q_p_value: float
    log_likelihood: float
    weights: tuple[float, ...]
    warnings: tuple[str, ...]


def pool_estimates(
    estimates: Sequence[float] | Array,
    std_errors: Sequence[float] | Array,
    *,
    method: PoolingMethod = "REML",
    test: Test = "knapp_hartung",
    null: float = 0.0,
    conf_level: float = 0.95,
    expect: bool = True,
) -> PooledEstimate:
    """Pool the estimates of several clients, whose true effects may differ.

    When to use it: the same estimand in the same unit, from clients that share no people. Ratios go in as logarithms,
    shares as logits and correlations as Fisher's z; what comes out is on that scale.

    Parameters
    ----------
    estimates, std_errors : sequence of float, shape (k,)
        Of each client; standard errors above zero.
    method : str
        Estimator of the variance between clients, one of ``POOLING_METHODS``.
    test : {"knapp_hartung", "adhoc", "normal"}
        Knapp & Hartung's standard error with t on k - 1 degrees of freedom; the same, but never narrower than the
        ordinary one ("adhoc"), for few clients, which may agree by chance; or the ordinary one with the normal
        distribution.
    null : float
        Value tested against.
    conf_level : float
        Coverage of all intervals.
    expect : bool
        Whether to work out ``expect_low`` and ``expect_high``, which takes most of the time.

    Returns
    -------
    PooledEstimate

    Raises
    ------
    ValueError
        Different lengths, values that are not finite, a standard error of zero or below, an unknown option.
    NotEstimable
        Fewer than two clients: nothing can be said about differences between clients from one.

    Notes
    -----
    w = 1 / (v + tau²), estimate = sum w y / sum w. Ordinary: SE² = 1 / sum w. Knapp-Hartung:
    SE² = sum w (y - estimate)² / ((k - 1) sum w). Prediction: estimate ± q sqrt(SE² + tau²), q of the same distribution
    as the interval's, as metafor has it; Higgins, Thompson & Spiegelhalter take k - 2 degrees of freedom. Both are
    too narrow with few clients (docs/coverage.md), so that ``expect_low`` and ``expect_high``
    stand beside them. The interval of tau² holds all
    values for which the weighted sum of squares is no surprise to chi² on k - 1 (Q-profile). I² = tau² / (tau² + s²),
    s² = (k - 1) / tr(P) with P of the weights 1/v.

    The same in R: metafor 3.8.1, ``rma(yi, sei=, method="REML", test="knha")``, ``predict()``, ``confint()``.

    References
    ----------
    Viechtbauer (2005), doi:10.3102/10769986030003261; Knapp & Hartung (2003), doi:10.1002/sim.1482; Higgins, Thompson
    & Spiegelhalter (2009), doi:10.1111/j.1467-985X.2008.00552.x; IntHout et al. (2016),
    doi:10.1136/bmjopen-2015-010247; Viechtbauer (2007), doi:10.1002/sim.2514; Bender et al. (2018),
    doi:10.1002/jrsm.1297; Röver, Knapp & Friede (2015), doi:10.1186/s12874-015-0091-1.

    Examples
    --------
    >>> pooled = pool_estimates([0.2, 0.3, 0.1, 0.4], [0.1, 0.1, 0.1, 0.1])
    >>> round(pooled.estimate, 3), pooled.k
    (0.25, 4)
    """
    y, v = _checked(estimates, std_errors)
    check_conf_level(conf_level)
    if test not in TESTS:
        raise ValueError(f"test must be one of {', '.join(TESTS)}; got {test!r}.")
    k = len(y)
    tau2, tau2_se = between_variance(y, v, method=method)
    weights = 1.0 / (v + tau2)
    mean = weighted_mean(y, weights)
    variance, df = 1.0 / float(weights.sum()), None
    if test != "normal":
        spread, df = squares(y, v, tau2) / (k - 1), k - 1
        variance *= max(1.0, spread) if test == "adhoc" else spread
    error = float(np.sqrt(variance))
    upper = (1.0 + conf_level) / 2.0
    width = float(ndtri(upper) if df is None else stdtrit(df, upper))
    statistic = _ratio(mean - null, error)
    tail = float(ndtr(-abs(statistic)) if df is None else stdtr(df, -abs(statistic)))
    reach = width * float(np.sqrt(variance + tau2))
    q = squares(y, v, 0.0)
    typical = (k - 1) / float(np.trace(projector(1.0 / v)))
    if method == "FE":
        h2 = q / (k - 1)
        i2 = max(0.0, 1.0 - 1.0 / h2) if h2 > 0.0 else 0.0
        profile = None
    else:
        i2, h2 = tau2 / (tau2 + typical), tau2 / typical + 1.0
        profile = profile_interval(y, v, conf_level=conf_level)
    expected: tuple[float, float] | tuple[None, None] = (None, None)
    if expect and method != "FE":
        expected = confidence_prediction(y, v, conf_level=conf_level, floored=test == "adhoc")
    shares = [_shares(limit, typical) for limit in profile or ()]
    return PooledEstimate(
        method=method,
        test=test,
        k=k,
        estimate=mean,
        std_error=error,
        statistic=statistic,
        p_value=2.0 * tail,
        conf_low=mean - width * error,
        conf_high=mean + width * error,
        df=df,
        null=null,
        conf_level=conf_level,
        predict_low=None if method == "FE" else mean - reach,
        predict_high=None if method == "FE" else mean + reach,
        expect_low=expected[0],
        expect_high=expected[1],
        tau2=tau2,
        tau2_se=tau2_se,
        tau2_low=profile[0] if profile else None,
        tau2_high=profile[1] if profile else None,
        i2=i2,
        i2_low=shares[0][0] if shares else None,
        i2_high=shares[1][0] if shares else None,
        h2=h2,
        h2_low=shares[0][1] if shares else None,
        h2_high=shares[1][1] if shares else None,
        q=q,
        q_p_value=float(chdtrc(k - 1, q)),
        log_likelihood=log_likelihood(y, v, tau2, restricted=method == "REML"),
        weights=tuple(float(weight) for weight in weights / weights.sum()),
        warnings=_warnings(k),
    )


def profile_interval(y: Array, v: Array, *, conf_level: float) -> tuple[float, float]:
    """Return the Q-profile interval of the variance between clients (Viechtbauer 2007); both ends may be 0."""
    df, tail = len(y) - 1, (1.0 - conf_level) / 2.0
    # chdtri takes the probability above.
    low, high = (profile_root(y, v, float(chdtri(df, above))) for above in (tail, 1.0 - tail))
    return low, high


def _checked(estimates: Sequence[float] | Array, std_errors: Sequence[float] | Array) -> tuple[Array, Array]:
    y, errors = np.asarray(estimates, dtype="float64"), np.asarray(std_errors, dtype="float64")
    if y.ndim != 1 or y.shape != errors.shape:
        raise ValueError(
            f"estimates and std_errors must be of one length; got shapes {y.shape} and {errors.shape}."
        )
    if not (np.isfinite(y).all() and np.isfinite(errors).all()):
        raise ValueError("estimates and std_errors must be finite; leave out clients that lack one.")
    if (errors <= 0.0).any():
        raise ValueError("std_errors must be above zero: an estimate without sampling error has no weight.")
    if len(y) < 2:
        raise NotEstimable(f"pooling needs at least 2 clients, got {len(y)}.")
    return y, np.square(errors)


def _ratio(difference: float, error: float) -> float:
    """Difference over its error; where all clients agree to the last digit the error is zero."""
    if error > 0.0:
        return difference / error
    return float(np.copysign(np.inf, difference)) if difference else 0.0


def _shares(tau2: float, typical: float) -> tuple[float, float]:
    if np.isinf(tau2):
        return 1.0, float("inf")
    return tau2 / (tau2 + typical), tau2 / typical + 1.0


def _warnings(k: int) -> tuple[str, ...]:
    if k == 2:
        return (
            "Two clients: how much effects differ rests on one difference, and the intervals on one degree of "
            "freedom. They are computed, and are so wide that they rarely say anything.",
        )
    if k < FEW_CLIENTS:
        return (
            f"{k} clients: how much effects differ is hardly known with fewer than {FEW_CLIENTS}, and the "
            "intervals are wide for that reason.",
        )
    return ()
