"""Rates of events per exposure: ratios with standard errors that hold within units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

import pandas as pd

from exresearch.models.columns import check_positive, numeric_columns
from exresearch.models.events.columns import read_rows
from exresearch.models.events.rate_fits import RateFit, RateModel, fit_rates
from exresearch.models.names import name_list, one_name, optional_name
from exresearch.models.resampling import check_conf_level

__all__ = ["RateFit", "RateModel", "rate_regression"]


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
    return fit_rates(
        numeric_columns(rows.frame, [events])[:, 0],
        rows.x,
        events=events,
        predictors=names,
        exposure=None if exposure is None else numeric_columns(rows.frame, [exposure])[:, 0],
        weights=None if weights is None else numeric_columns(rows.frame, [weights])[:, 0],
        clusters=rows.clusters,
        n_clusters=rows.n_clusters,
        n_excluded=rows.n_excluded,
        divisors=rows.divisors,
        model=model,
        conf_level=conf_level,
    )
