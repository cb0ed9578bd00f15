"""Cox regression: hazard ratios with errors that hold within units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from exresearch.models.columns import label_codes
from exresearch.models.events.columns import check_event, check_times, read_rows
from exresearch.models.events.concordance import concordance
from exresearch.models.events.maximum import maximise
from exresearch.models.events.partial import PartialLikelihood, group_sums, risk_sets
from exresearch.models.events.patterns import Likelihood
from exresearch.models.events.ratios import ratio_rows
from exresearch.models.names import name_list, one_name, optional_name
from exresearch.models.regression.design import Design
from exresearch.models.regression.sandwich import check_variances, coefficient_covariance, satterthwaite
from exresearch.models.resampling import check_conf_level

FloatArray = NDArray[np.float64]
Ties = Literal["efron", "breslow"]


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted Cox regression, for `proportional_hazards_test`.

    Attributes
    ----------
    table : DataFrame
        One row per predictor, see `cox_regression`.
    overall : DataFrame
        Tests of all predictors at once (term likelihood_ratio, wald and score; statistic, df, p_value). The Wald test
        uses the covariance of the table, the others the model's.
    coefficients : Series [p]
        Log hazard ratios.
    covariance, model_covariance : DataFrame [p, p]
        Their covariance as in the table, and as the model has it.
    log_likelihood, null_log_likelihood : float
    concordance : float
        Share of the pairs of which one had the event while the other was at risk, and in which the higher hazard was
        predicted for who had it; equal predictions count half. 0.5 is chance.
    n, n_events, n_clusters, n_excluded : int
    likelihood : PartialLikelihood
        At the maximum, of predictors with mean 0 and variance 1.
    start, stop : ndarray [n]
    event : ndarray [n] of bool
    """

    table: pd.DataFrame
    overall: pd.DataFrame
    coefficients: pd.Series
    covariance: pd.DataFrame
    model_covariance: pd.DataFrame
    log_likelihood: float
    null_log_likelihood: float
    n: int
    n_events: int
    n_clusters: int
    n_excluded: int
    likelihood: PartialLikelihood
    start: FloatArray
    stop: FloatArray
    event: NDArray[np.bool_]

    @cached_property
    def concordance(self) -> float:
        """Reckoned when it is asked for, as it takes longer than the fit."""
        return concordance(self.likelihood.sets, self.likelihood.x @ self.likelihood.beta)


def cox_regression(
    data: pd.DataFrame,
    *,
    duration: str,
    event: str,
    predictors: Iterable[str],
    start: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    ties: Ties = "efron",
    standardise: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> CoxFit:
    """Hazard ratios of leaving (or another event) by Cox regression.

    Use it for who leaves sooner. With one row per person and wave (`start` to `duration`, predictors as measured at
    the start of the row) predictors may change over time; people already employed when observation began enter late,
    by their `start`. Check `proportional_hazards_test`: a ratio that changes over time is an average.

    Parameters
    ----------
    data : DataFrame
        One row per person, or several that follow one another in time. Incomplete rows are left out and counted.
    duration : str
        Column with the time at which the row ends, on the person's own clock (time employed).
    event : str
        Column with 1 where the event happened then and 0 where it had not.
    predictors : sequence of str
        Numeric columns.
    start : str, optional
        Column with the time at which the row begins, on the same clock; 0 without it.
    strata : str, optional
        Column with groups that each have a baseline hazard of their own.
    cluster : str, optional
        Column with the unit within which people may go together.
    ties : {'efron', 'breslow'}
        How equal event times are treated.
    standardise : sequence of str, optional
        Predictors whose ratio is per standard deviation over units (of the clusters' means; of rows without
        clusters), n - 1.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    CoxFit
        Its `table` has one row per predictor: term, estimate (hazard ratio), std_error (of the ratio), statistic (log
        ratio over its standard error), df (Satterthwaite; infinite without clusters), p_value, conf_low, conf_high,
        log_estimate, log_std_error, model_log_std_error (as if rows were independent and the model true), per (the
        standard deviation that one step is; NaN for a step of 1), n (rows), n_events, n_clusters (rows where there is
        no cluster), n_excluded, conf_level, method.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite; events other than 0 and 1; rows that do not
        take time; unknown options.
    NotEstimable
        No event; columns that are constant (but for one cluster), related, or that do not vary among those at risk
        together; columns that order who has the event perfectly (monotone likelihood, named); one cluster; no
        convergence.

    Notes
    -----
    With clusters the covariance is I^-1 (sum of s_g s_g') I^-1. The score residuals u_g of cluster g (Lin & Wei) are
    corrected for what the cluster contributes to the estimate: s_g = (1 - I_g I^-1)^(-1/2) u_g, taken symmetric where
    I = 1, with I_g the cluster's part of the information; the degrees of freedom are Satterthwaite's. It is CR2 of
    least squares carried over; R's `coxph(..., cluster = g)` has s_g = u_g and z. Several rows of a person need no
    cluster for that reason alone: a person has one event.

    References
    ----------
    Cox (1972), doi:10.1111/j.2517-6161.1972.tb00899.x; Efron (1977), doi:10.1080/01621459.1977.10480613; Lin & Wei
    (1989), doi:10.1080/01621459.1989.10478874; Bell & McCaffrey (2002), Survey
    Methodology 28, 169-181; Therneau & Grambsch (2000), Modeling survival data,
    doi:10.1007/978-1-4757-3294-8

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> staff = pd.DataFrame({"team": np.repeat(range(30), 10), "enps": rng.integers(0, 11, 300)})
    >>> time = rng.exponential(np.exp(0.2 * staff["enps"]))
    >>> staff["left"], staff["years"] = (time < 4).astype(int), np.minimum(time, 4)
    >>> fit = cox_regression(staff, duration="years", event="left", predictors=["enps"], cluster="team")
    >>> fit.table[["term", "n", "n_clusters"]].values.tolist()
    [['enps', 300, 30]]
    """
    check_conf_level(conf_level)
    if ties not in get_args(Ties):
        raise ValueError(f"ties must be one of {list(get_args(Ties))}, got {ties!r}.")
    names = name_list("predictors", predictors)
    duration, event = one_name("duration", duration), one_name("event", event)
    start, strata = optional_name("start", start), optional_name("strata", strata)
    cluster = optional_name("cluster", cluster)
    rows = read_rows(
        data,
        numeric=[duration, event, *([] if start is None else [start])],
        labels=[] if strata is None else [strata],
        predictors=names,
        cluster=cluster,
        standardise=standardise,
    )
    happened = check_event(rows.frame, event)
    begin, stop = check_times(rows.frame, duration, start)
    n = len(stop)
    groups = (
        np.zeros(n, dtype=np.int64)
        if strata is None
        else label_codes(rows.frame[strata], argument="strata")[0]
    )
    sets = risk_sets(begin, stop, happened, groups, efron=ties == "efron")
    spread = rows.x.std(axis=0)
    null, fit = maximise(sets, (rows.x - rows.x.mean(axis=0)) / spread, names)
    naive: FloatArray = np.asarray(np.linalg.inv(fit.information), dtype=np.float64)
    covariance, df = naive, np.full(len(names), np.inf)
    error = "model standard error, z"
    if rows.clusters is not None:
        covariance, df = _within_clusters(fit, naive, rows.clusters, names)
        error = "CR2 standard error, t with Satterthwaite df"
    table = ratio_rows(
        names,
        fit.beta / spread,
        np.sqrt(np.diag(covariance)) / spread,
        df=df,
        conf_level=conf_level,
    ).assign(
        model_log_std_error=np.sqrt(np.diag(naive)) / spread,
        per=rows.divisors,
        n=n,
        n_events=int(happened.sum()),
        n_clusters=rows.n_clusters,
        n_excluded=rows.n_excluded,
        conf_level=conf_level,
        method=f"Cox regression, {ties} ties{'' if strata is None else ', stratified'}, {error}",
    )
    outer = np.outer(spread, spread)
    return CoxFit(
        table=table,
        overall=_overall(null, fit, covariance, rows.n_clusters if rows.clusters is not None else None),
        coefficients=pd.Series(fit.beta / spread, index=names),
        covariance=pd.DataFrame(covariance / outer, index=names, columns=names),
        model_covariance=pd.DataFrame(naive / outer, index=names, columns=names),
        log_likelihood=fit.log_likelihood,
        null_log_likelihood=null.log_likelihood,
        n=n,
        n_events=int(happened.sum()),
        n_clusters=rows.n_clusters,
        n_excluded=rows.n_excluded,
        likelihood=fit,
        start=begin,
        stop=stop,
        event=happened,
    )


def _within_clusters(
    fit: PartialLikelihood, naive: FloatArray, clusters: NDArray[np.int64], names: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """CR2 covariance of the coefficients and their Satterthwaite df.

    In coordinates in which the information is I, scores and information per cluster play the parts that X'We and
    X'WX have in least squares with a variance inverse to the weights.
    """
    rotation: FloatArray = np.asarray(np.linalg.cholesky(naive), dtype=np.float64)
    sums = group_sums(fit.score_residuals(), clusters, int(clusters.max()) + 1)
    size, n = len(names), len(clusters)
    design = Design(
        terms=tuple(names),
        to_raw=rotation,
        estimate=fit.beta,
        kernels=np.asarray(rotation.T @ fit.information_by_cluster(clusters) @ rotation),
        generators=None,
        products=sums @ rotation,
        core=-np.eye(size),
        residual_variance=1.0,
        residual_sd=1.0,
        r_squared=np.nan,
        n=n,
        n_clusters=len(sums),
        n_excluded=0,
        condition=1.0,
    )
    covariance = np.asarray(rotation @ coefficient_covariance(design, "CR2") @ rotation.T)
    check_variances(design, np.diag(covariance), tuple(names), rotation)
    return covariance, satterthwaite(design, rotation)


def _overall(
    null: Likelihood, fit: PartialLikelihood, covariance: FloatArray, clusters: int | None
) -> pd.DataFrame:
    size = len(fit.beta)
    wald = np.nan
    # Fewer clusters than coefficients leave directions without variance.
    if clusters is None or clusters > size:
        wald = float(fit.beta @ np.linalg.solve(covariance, fit.beta))
    statistic = np.array(
        [
            2.0 * (fit.log_likelihood - null.log_likelihood),
            wald,
            float(null.score @ np.linalg.solve(null.information, null.score)),
        ]
    )
    return pd.DataFrame(
        {
            "term": ["likelihood_ratio", "wald", "score"],
            "statistic": statistic,
            "df": size,
            "p_value": chi2.sf(statistic, size),
        }
    )
