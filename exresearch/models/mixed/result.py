"""What a random-intercept model returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.mixed.design import MixedSums
from exresearch.models.mixed.likelihood import VarianceIntervals
from exresearch.models.mixed.precision import Precision

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RandomIntercept:
    """A fitted random-intercept model; `unit_predictions` gives the intercepts of the units.

    Attributes
    ----------
    table : DataFrame
        One row per coefficient, see `random_intercept`.
    contextual : DataFrame
        As `table`, one row per column that was split: slope between units minus slope within. Empty without a split.
    variances : DataFrame
        Rows 'between' and 'residual': term, estimate (variance, unit of the outcome squared), conf_low, conf_high
        (profile likelihood), n, n_clusters, n_excluded, conf_level, method.
    boundary : bool
        Whether the variance between units is estimated as zero: the units differ no more than their rows explain.
    boundary_test : DataFrame
        One row, variance between units = 0: term, statistic (likelihood ratio), p_value (half chi-squared with 1 df),
        n, n_clusters, method.
    coefficients : Series [k]
    covariance : DataFrame [k, k]
        That behind `table`.
    model_covariance : DataFrame [k, k]
        With the variances taken as known (lme4's `vcov`).
    reml : bool
    criterion, log_likelihood : float
        -2 log likelihood (the REML criterion with reml=True), and the log likelihood.
    aic, bic : float
        With k + 2 parameters and, for bic, n rows, as lme4. Fits by REML compare only with the same predictors.
    icc_adjusted, icc_low, icc_high : float
        Share of the variance between units in what the predictors leave, and its profile-likelihood interval.
    icc_conditional : float
        The same over the whole variance, with that of the predictors.
    r2_marginal, r2_conditional : float
        Share of the variance of the predictors, and of predictors and units.
    n, n_clusters, n_excluded : int
    conf_level : float
    sums : MixedSums
        What it was computed from: per unit the sums of the rotated columns.
    precision : Precision
    ratio : float
        Variance between units over the residual one.
    """

    table: pd.DataFrame
    contextual: pd.DataFrame
    variances: pd.DataFrame
    boundary: bool
    boundary_test: pd.DataFrame
    coefficients: pd.Series
    covariance: pd.DataFrame
    model_covariance: pd.DataFrame
    reml: bool
    criterion: float
    log_likelihood: float
    aic: float
    bic: float
    icc_adjusted: float
    icc_low: float
    icc_high: float
    icc_conditional: float
    r2_marginal: float
    r2_conditional: float
    n: int
    n_clusters: int
    n_excluded: int
    conf_level: float
    sums: MixedSums
    precision: Precision
    ratio: float


def estimate_rows(
    terms: list[str],
    estimate: FloatArray,
    reach: FloatArray,
    *,
    fitted: Precision,
    sums: MixedSums,
    conf_level: float,
    method: str,
) -> pd.DataFrame:
    """One row per combination [r, k] of the rotated coefficients."""
    std_error = np.sqrt(np.einsum("ri,ij,rj->r", reach, fitted.covariance, reach))
    df = fitted.df(reach)
    statistic = estimate / std_error
    half = stdtrit(df, (1.0 + conf_level) / 2.0) * std_error
    return pd.DataFrame(
        {
            "term": pd.Series(terms, dtype=object),
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "df": df,
            "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": sums.n,
            "n_clusters": sums.n_units,
            "n_excluded": sums.n_excluded,
            "conf_level": conf_level,
            "method": method,
        }
    )


def variance_rows(
    sums: MixedSums, variances: FloatArray, found: VarianceIntervals, conf_level: float, likelihood: str
) -> pd.DataFrame:
    """The two variances with their intervals, on the scale of the outcome."""
    limits = np.array([found.between, found.residual]) * sums.scale**2
    return pd.DataFrame(
        {
            "term": ["between", "residual"],
            "estimate": variances,
            "conf_low": limits[:, 0],
            "conf_high": limits[:, 1],
            "n": sums.n,
            "n_clusters": sums.n_units,
            "n_excluded": sums.n_excluded,
            "conf_level": conf_level,
            "method": f"random intercept, {likelihood}, profile-likelihood interval",
        }
    )
