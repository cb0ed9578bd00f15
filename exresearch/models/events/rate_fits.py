"""Fits of rates to arrays without gaps, for whoever has checked the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.events.counts import (
    CountFit,
    check_separation,
    fit_negative_binomial,
    fit_poisson,
    overdispersion_rows,
)
from exresearch.models.events.ratios import ratio_cells
from exresearch.models.moments.arrays import complete_moments
from exresearch.models.regression.design import Design, build_design
from exresearch.models.regression.sandwich import check_variances, coefficient_covariance, satterthwaite
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
RateModel = Literal["auto", "poisson", "negative_binomial"]

#: Below this p value of the likelihood ratio test `model='auto'` takes the negative binomial.
OVERDISPERSION_LEVEL = 0.05
_ERROR = "CR2 standard error, t with Satterthwaite df"


@dataclass(frozen=True, eq=False)
class RateFit:
    """A fitted regression of counts.

    Frames are made when they are asked for: of many fits only one number may be wanted.

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
    tests : callable
        Gives the rows of `overdispersion`.
    design : Design
        The weighted least squares that the maximum is.
    log_estimates, model_std_errors, per : ndarray [p]
        Coefficients, their standard errors if the model's variance were true, and what one step is.
    n_events : int
    conf_level : float
    """

    model: str
    reason: str
    theta: float
    theta_std_error: float
    pearson_dispersion: float
    log_likelihood: float
    aic: float
    n: int
    n_clusters: int
    n_excluded: int
    tests: Callable[[], list[dict[str, object]]]
    design: Design
    log_estimates: FloatArray
    model_std_errors: FloatArray
    per: FloatArray
    n_events: int
    conf_level: float

    @cached_property
    def table(self) -> pd.DataFrame:
        """All coefficients."""
        return self.rows(slice(None))

    def rows(self, part: slice) -> pd.DataFrame:
        """Some rows of `table`, numbered anew."""
        return pd.DataFrame(self.cells(part))

    def cells(self, part: slice) -> dict[str, Any]:
        """The columns of some rows of `table`; one value for what is the same in all."""
        design, variances = self.design, np.diag(_covariance(self.design))
        return ratio_cells(
            design.terms[part],
            self.log_estimates[part],
            np.sqrt(variances[part]),
            df=satterthwaite(design, design.to_raw[part]),
            conf_level=self.conf_level,
            more={
                "model_log_std_error": self.model_std_errors[part],
                "per": self.per[part],
                "n": self.n,
                "n_events": self.n_events,
                "n_clusters": self.n_clusters,
                "n_excluded": self.n_excluded,
                "conf_level": self.conf_level,
                "method": f"{self.model.replace('_', ' ')} regression ({self.reason}), {_ERROR}",
            },
        )

    @cached_property
    def overdispersion(self) -> pd.DataFrame:
        """Whether counts vary more than Poisson has it."""
        return pd.DataFrame(self.tests())

    @cached_property
    def coefficients(self) -> pd.Series:
        """Log rate ratios by term."""
        return pd.Series(self.log_estimates, index=list(self.design.terms))


def fit_rates(
    y: FloatArray,
    x: FloatArray,
    *,
    events: str,
    predictors: Sequence[str],
    exposure: FloatArray | None,
    weights: FloatArray | None = None,
    clusters: NDArray[np.int64] | None,
    n_clusters: int,
    n_excluded: int = 0,
    divisors: FloatArray | None = None,
    model: RateModel,
    conf_level: float,
) -> RateFit:
    """Fit what `rate_regression` fits, to rows that were checked as `read_rows` checks them.

    Parameters
    ----------
    y : ndarray [n]
        Counts.
    x : ndarray [n, p]
        Predictors, divided by `divisors` where these are given.
    events, predictors
        Names, for the table and for messages.
    exposure, weights : ndarray [n] or None
        Positive.
    clusters : ndarray [n] of int, or None
        From 0 on and without gaps.
    n_clusters, n_excluded : int
        As in `RateFit`.
    divisors : ndarray [p], optional
        For the column `per`; NaN for predictors on their own scale.
    model, conf_level
        As in `rate_regression`.

    Returns
    -------
    RateFit

    Raises
    ------
    ValueError, NotEstimable
        For counts and predictors, as `rate_regression`.
    """
    names = list(predictors)
    _check_counts(y, events)
    n, size = len(y), len(names) + 1
    if n <= size:
        raise NotEstimable(
            f"{size} coefficients need more than {size} complete rows, got {n} ({n_excluded} left out as "
            "incomplete): use fewer predictors."
        )
    offset = np.zeros(n) if exposure is None else np.log(exposure)
    per = np.full(len(names), np.nan) if divisors is None else divisors
    weight = np.ones(n) if weights is None else weights
    weight = weight / weight.mean()
    centre, spread = x.mean(axis=0), x.std(axis=0)
    z = (x - centre) / spread
    check_separation(y, z, names)
    design = np.column_stack([np.ones(n), z])
    poisson = fit_poisson(y, design, offset, weight)
    if float(np.abs(y - poisson.mean).max()) < 1e-9 * float(y.max()):
        raise NotEstimable(
            f"the counts '{events}' are fitted exactly by {names}, so nothing is left to estimate the precision from: "
            "use fewer predictors."
        )

    @cache
    def negative() -> CountFit | None:
        return fit_negative_binomial(y, design, offset, weight, poisson)

    @cache
    def tests() -> list[dict[str, object]]:
        return overdispersion_rows(y, poisson, negative(), clusters)

    # Where Poisson is asked for, the other fit is made if somebody looks at the tests.
    used, reason = poisson, "asked for"
    if model != "poisson":
        level = float(tests()[0]["p_value"])  # type: ignore[arg-type]
        used, reason = _choose(model, poisson, negative(), level, events)
    kind = "poisson" if used is poisson else "negative_binomial"

    linearised = _linearised(used, y, offset, weight, x, names, clusters)
    naive = np.linalg.inv(design.T @ (design * (weight * used.working_weights)[:, None]))
    to_raw = np.eye(size)
    to_raw[1:, 1:] = np.diag(1.0 / spread)
    to_raw[0, 1:] = -centre / spread
    return RateFit(
        model=kind,
        reason=reason,
        theta=used.theta,
        theta_std_error=used.theta_std_error,
        pearson_dispersion=float(weight @ ((y - poisson.mean) ** 2 / poisson.mean)) / (n - size),
        log_likelihood=used.log_likelihood,
        aic=2.0 * (size + (used is not poisson)) - 2.0 * used.log_likelihood,
        n=n,
        n_clusters=n_clusters,
        n_excluded=n_excluded,
        tests=tests,
        design=linearised,
        log_estimates=to_raw @ used.coefficients,
        model_std_errors=np.sqrt(np.diag(to_raw @ naive @ to_raw.T)),
        per=np.array([np.nan, *per]),
        n_events=int(y.sum()),
        conf_level=conf_level,
    )


def _check_counts(y: FloatArray, events: str) -> None:
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


def _choose(
    model: str, poisson: CountFit, negative: CountFit | None, p_value: float, events: str
) -> tuple[CountFit, str]:
    """The fit to use, and why."""
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
) -> Design:
    """The weighted least squares that the maximum is, of which CR2 standard errors and their df are."""
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
    design = build_design(
        moments, outcome=outcome, predictors=list(names), working_variance="inverse_weights"
    )
    check_variances(design, np.diag(_covariance(design)), design.terms, design.to_raw)
    return design


def _covariance(design: Design) -> FloatArray:
    return np.asarray(design.to_raw @ coefficient_covariance(design, "CR2") @ design.to_raw.T)
