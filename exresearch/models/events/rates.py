"""Rates of events per exposure: ratios with standard errors that hold within units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_positive, numeric_columns
from exresearch.models.events.columns import read_rows
from exresearch.models.events.counts import (
    CountFit,
    check_separation,
    fit_negative_binomial,
    fit_poisson,
    overdispersion_rows,
)
from exresearch.models.events.ratios import ratio_rows
from exresearch.models.moments.arrays import complete_moments
from exresearch.models.names import name_list, one_name, optional_name
from exresearch.models.regression.design import INTERCEPT
from exresearch.models.regression.linear import linear_regression
from exresearch.models.resampling import NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]
RateModel = Literal["auto", "poisson", "negative_binomial"]

#: Below this p value of the likelihood ratio test `model='auto'` takes the negative binomial.
OVERDISPERSION_LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class RateFit:
    """A fitted regression of counts.

    Attributes
    ----------
    table : DataFrame
        One row per coefficient, see `rate_regression`.
    overdispersion : DataFrame
        term (likelihood_ratio, cameron_trivedi_nb2, cameron_trivedi_nb1), estimate (alpha: variance mean +
        alpha mean^2, for nb1 (1 + alpha) mean), std_error, statistic, p_value (one-sided: more than Poisson).
    model : str
        'poisson' or 'negative_binomial', and
    reason : str
        why: 'asked for', or what the declared rule found.
    coefficients : Series [p]
        Log rate ratios by term, the intercept first.
    theta, theta_std_error : float
        Size of the negative binomial; infinite and NaN for Poisson.
    pearson_dispersion : float
        Squared Pearson residuals of the Poisson fit over n - k; 1 where counts vary like Poisson.
    log_likelihood, aic : float
        Of the model that was used (theta counts as a parameter).
    n, n_clusters, n_excluded : int
    """

    table: pd.DataFrame
    overdispersion: pd.DataFrame
    model: str
    reason: str
    coefficients: pd.Series
    theta: float
    theta_std_error: float
    pearson_dispersion: float
    log_likelihood: float
    aic: float
    n: int
    n_clusters: int
    n_excluded: int


def rate_regression(
    data: pd.DataFrame,
    *,
    events: str,
    exposure: str | None,
    predictors: Iterable[str],
    cluster: str | None = None,
    weights: str | None = None,
    model: RateModel = "auto",
    standardise: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> RateFit:
    """Incidence-rate ratios of counts with exposure, such as leavers or days of absence per person-year.

    Use it for turnover, absence and referrals per unit (and wave). Which of the two models is used changes precision
    only: both have the same meaning of the ratio, both are right when the mean is, and the standard errors take
    neither model's variance on trust.

    Parameters
    ----------
    data : DataFrame
        One row per unit, or per unit and wave. A row missing any column that is used is left out and counted.
    events : str
        Column with whole numbers of 0 or more.
    exposure : str or None
        Column with positive person-time (head count times years); None where all rows have the same.
    predictors : sequence of str
        Numeric columns.
    cluster : str, optional
        Column with the unit within which rows may go together.
    weights : str, optional
        Column with positive weights of rows; only their ratios matter. With them likelihoods are pseudo-likelihoods,
        and so is the test that chooses the model.
    model : {'auto', 'poisson', 'negative_binomial'}
        'auto' takes the negative binomial where the likelihood ratio test at the boundary finds more variance than
        Poisson at p < 0.05, and Poisson otherwise.
    standardise : sequence of str, optional
        Predictors whose ratio is per standard deviation over units (of the clusters' means; of rows without
        clusters), n - 1.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    RateFit
        Its `table` has one row per coefficient, 'intercept' (the rate at predictors of 0) first: term, estimate (rate
        ratio), std_error (of the ratio), statistic (t of the log ratio), df (Satterthwaite), p_value, conf_low,
        conf_high, log_estimate, log_std_error, model_log_std_error (if the model's variance were true), per (the
        standard deviation that one step is; NaN for a step of 1), n (rows), n_events, n_clusters (rows where there is
        no cluster), n_excluded, conf_level, method.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite; exposure or weights of zero or below; counts
        that are negative or not whole; unknown options.
    NotEstimable
        No event at all; columns that are constant (but for one cluster), related, or that single out rows without
        events (separation); too few rows; one cluster; counts that are fitted exactly; model 'negative_binomial' for
        counts that vary no more than Poisson.

    Notes
    -----
    log E(y) = log exposure + x'b, with variance m (Poisson) or m + m^2 / theta (negative binomial). At the maximum
    the estimate is a weighted least squares of x'b + (y - m) / m with weights m or m / (1 + m / theta). Its
    bias-reduced covariance (CR2) with Satterthwaite degrees of freedom is that of `linear_regression` with a
    variance inverse to the weights, as `clubSandwich::vcovCR` has it for a `glm`.

    References
    ----------
    Cameron & Trivedi (1990), doi:10.1016/0304-4076(90)90014-K; Gourieroux, Monfort & Trognon (1984),
    doi:10.2307/1913472; Self & Liang (1987), doi:10.1080/01621459.1987.10478472; Santos Silva & Tenreyro (2010),
    doi:10.1016/j.econlet.2010.02.020; Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004

    Examples
    --------
    >>> data = pd.DataFrame({"left": [4, 6, 1, 2, 5, 3], "years": [10, 12, 10, 15, 11, 14], "good": [0, 0, 1, 1, 0, 1]})
    >>> fit = rate_regression(data, events="left", exposure="years", predictors=["good"])
    >>> fit.model, round(float(fit.table["estimate"][1]), 4), round((6 / 39) / (15 / 33), 4)
    ('poisson', 0.3385, 0.3385)
    """
    check_conf_level(conf_level)
    if model not in get_args(RateModel):
        raise ValueError(f"model must be one of {list(get_args(RateModel))}, got {model!r}.")
    events, names = one_name("events", events), name_list("predictors", predictors)
    exposure, weights = optional_name("exposure", exposure), optional_name("weights", weights)
    cluster = optional_name("cluster", cluster)
    numeric = [events, *(name for name in (exposure, weights) if name is not None)]
    rows = read_rows(
        data, numeric=numeric, labels=(), predictors=names, cluster=cluster, standardise=standardise
    )
    for argument, column in (("exposure", exposure), ("weights", weights)):
        if column is not None:
            check_positive(rows.frame, argument=argument, column=column)
    y = _counts(rows.frame, events)
    n, size = len(y), len(names) + 1
    if n <= size:
        raise NotEstimable(
            f"{size} coefficients need more than {size} complete rows, got {n} ({rows.n_excluded} left out as "
            "incomplete): use fewer predictors."
        )
    offset = np.zeros(n) if exposure is None else np.log(numeric_columns(rows.frame, [exposure])[:, 0])
    weight = np.ones(n) if weights is None else numeric_columns(rows.frame, [weights])[:, 0]
    weight = weight / weight.mean()
    centre, spread = rows.x.mean(axis=0), rows.x.std(axis=0)
    z = (rows.x - centre) / spread
    check_separation(y, z, names)
    design = np.column_stack([np.ones(n), z])
    poisson = fit_poisson(y, design, offset, weight)
    if float(np.abs(y - poisson.mean).max()) < 1e-9 * float(y.max()):
        raise NotEstimable(
            f"the counts '{events}' are fitted exactly by {names}, so nothing is left to estimate the precision from: "
            "use fewer predictors."
        )
    negative = fit_negative_binomial(y, design, offset, weight, poisson)
    tests = overdispersion_rows(y, poisson, negative, rows.clusters)
    used, reason = _choose(model, poisson, negative, float(tests["p_value"].iloc[0]), events)
    kind = "poisson" if used is poisson else "negative_binomial"

    linear = _linearised(used, y, offset, weight, rows.x, names, rows.clusters, conf_level)
    terms = [INTERCEPT, *names]
    naive = np.linalg.inv(design.T @ (design * (weight * used.working_weights)[:, None]))
    to_raw = np.eye(size)
    to_raw[1:, 1:] = np.diag(1.0 / spread)
    to_raw[0, 1:] = -centre / spread
    coefficients = to_raw @ used.coefficients
    table = ratio_rows(
        terms,
        coefficients,
        linear["std_error"].to_numpy(),
        df=linear["df"].to_numpy(),
        conf_level=conf_level,
        more={
            "model_log_std_error": np.sqrt(np.diag(to_raw @ naive @ to_raw.T)),
            "per": [np.nan, *rows.divisors],
            "n": n,
            "n_events": int(y.sum()),
            "n_clusters": rows.n_clusters,
            "n_excluded": rows.n_excluded,
            "conf_level": conf_level,
            "method": (
                f"{kind.replace('_', ' ')} regression ({reason}), CR2 standard error, t with Satterthwaite df"
            ),
        },
    )
    return RateFit(
        table=table,
        overdispersion=tests,
        model=kind,
        reason=reason,
        coefficients=pd.Series(coefficients, index=terms),
        theta=used.theta,
        theta_std_error=used.theta_std_error,
        pearson_dispersion=float(weight @ ((y - poisson.mean) ** 2 / poisson.mean)) / (n - size),
        log_likelihood=used.log_likelihood,
        aic=2.0 * (size + (used is not poisson)) - 2.0 * used.log_likelihood,
        n=n,
        n_clusters=rows.n_clusters,
        n_excluded=rows.n_excluded,
    )


def _counts(frame: pd.DataFrame, events: str) -> FloatArray:
    y = numeric_columns(frame, [events])[:, 0]
    negative = int((y < 0.0).sum())
    if negative:
        raise ValueError(
            f"events column '{events}' holds {negative} negative values, and counts are 0 or more: correct them."
        )
    broken = int((y != np.floor(y)).sum())
    if broken:
        raise ValueError(
            f"events column '{events}' holds {broken} values that are not whole numbers: give the count itself (a rate "
            "times its exposure), and the exposure in its own column."
        )
    if not y.any():
        raise NotEstimable(f"events column '{events}' is 0 in all {len(y)} complete rows: nothing happened.")
    return y


def _choose(
    model: str, poisson: CountFit, negative: CountFit | None, p_value: float, events: str
) -> tuple[CountFit, str]:
    """The fit to use, and why."""
    if model == "poisson":
        return poisson, "asked for"
    if model == "negative_binomial":
        if negative is None:
            raise NotEstimable(
                f"the counts '{events}' vary no more than Poisson, so the negative binomial has no finite theta: use "
                "model='poisson' or 'auto'."
            )
        return negative, "asked for"
    if negative is not None and p_value < OVERDISPERSION_LEVEL:
        return negative, f"over-dispersion at p < {OVERDISPERSION_LEVEL:g}"
    return poisson, f"no over-dispersion at p < {OVERDISPERSION_LEVEL:g}"


def _linearised(
    fit: CountFit,
    y: FloatArray,
    offset: FloatArray,
    weight: FloatArray,
    x: FloatArray,
    names: Sequence[str],
    clusters: NDArray[np.int64] | None,
    conf_level: float,
) -> pd.DataFrame:
    """Rows of the weighted least squares that the maximum is, with CR2 standard errors and their df."""
    towards = np.log(fit.mean) - offset + (y - fit.mean) / fit.mean
    outcome = "working outcome"
    while outcome in names:  # a predictor may be called so
        outcome += "_"
    moments = complete_moments(
        np.column_stack([x, towards]),
        columns=(*names, outcome),
        weights=weight * fit.working_weights,
        codes=clusters,
    )
    return linear_regression(
        moments,
        outcome=outcome,
        predictors=list(names),
        covariance="CR2",
        working_variance="inverse_weights",
        conf_level=conf_level,
    ).table
