"""Odds ratios of an ordered outcome, with standard errors that hold within clusters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from exresearch.models.events.ratios import ratio_rows
from exresearch.models.likelihood.design import Design, read_design
from exresearch.models.likelihood.subsets import fit_design
from exresearch.models.names import name_list
from exresearch.models.resampling import NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]


def ordinal_regression(
    data: pd.DataFrame,
    *,
    outcome: str,
    predictors: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Odds ratios of a higher answer, from a proportional-odds model.

    Use it beside a linear regression where answers pile up at an end of the scale: only their order counts, and an
    answer at the top stands for all that would lie above it.

    Parameters
    ----------
    data : DataFrame
        One row per answer. Incomplete rows are left out and counted.
    outcome : str
        Column of numbers with at most 20 values.
    predictors : sequence of str
        Numeric columns.
    weights : str, optional
        Column with positive weights; only their ratios matter.
    cluster : str, optional
        Column with the unit within which rows may go together.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame, one row per predictor
        term, estimate (odds ratio of a higher answer, per unit of the predictor), std_error (of the ratio), statistic,
        df (clusters - 1; n - parameters without clusters), p_value, conf_low, conf_high, log_estimate, log_std_error,
        n, n_clusters, n_excluded, conf_level, method.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite; weights of zero or below; too many values.
    NotEstimable
        An outcome with one value; columns that are constant, related or that separate the categories; one cluster.

    Notes
    -----
    logit P(y > k) = x'b - t_k. With F(a) and F(b) the logistic function at the upper and lower threshold of a row, less
    x'b, the score of x'b is F(a) + F(b) - 1. The covariance is H^-1 (sum of s_g s_g') H^-1 G / (G - 1), with s_g the
    score of a cluster (a row without clusters) and H the negative Hessian: `sandwich::vcovCL(fit)` in R.

    References
    ----------
    McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"x": rng.normal(size=400)})
    >>> data["y"] = np.clip(np.rint(4 + data["x"] + rng.logistic(size=400)), 1, 7)
    >>> table = ordinal_regression(data, outcome="y", predictors=["x"])
    >>> bool(table["conf_low"][0] < np.e < table["conf_high"][0])
    True
    """
    check_conf_level(conf_level)
    names = name_list("predictors", predictors)
    design = read_design(
        data, outcome=outcome, drivers=names, model="ordinal", weights=weights, cluster=cluster
    )
    groups = int(design.units.max()) + 1
    if groups < 2:
        raise NotEstimable("one cluster: nothing says how much clusters differ.")
    fit = fit_design(design)
    scores = np.zeros((groups, len(fit.params)))
    np.add.at(scores, design.units, row_scores(design, fit.params))
    bread = fit.covariance
    covariance = bread @ (scores.T @ scores) @ bread * groups / (groups - 1)
    size = len(names)
    df = float(groups - 1 if cluster is not None else len(design.levels) - len(fit.params))
    return ratio_rows(
        names,
        fit.params[:size] / design.scales,
        np.sqrt(np.diag(covariance)[:size]) / design.scales,
        df=np.full(size, df),
        conf_level=conf_level,
    ).assign(
        n=len(design.levels),
        n_clusters=groups,
        n_excluded=design.n_excluded,
        conf_level=conf_level,
        method="proportional odds, sandwich standard error, t",
    )


def row_scores(design: Design, params: FloatArray) -> FloatArray:
    """Score of each row [n, parameters], in the order of `CumulativeLogit`: coefficients, then thresholds."""
    size, top = design.x.shape[1], len(design.categories) - 1
    predicted = design.x @ params[:size]
    ends = np.concatenate([[-np.inf], params[size:], [np.inf]])
    upper, lower = expit(ends[design.levels + 1] - predicted), expit(ends[design.levels] - predicted)
    share = upper - lower
    scores = np.zeros((len(predicted), size + top))
    scores[:, :size] = design.x * (upper + lower - 1.0)[:, None]
    rows = np.arange(len(predicted))
    below, above = design.levels < top, design.levels > 0
    scores[rows[below], size + design.levels[below]] = (upper * (1.0 - upper) / share)[below]
    scores[rows[above], size + design.levels[above] - 1] = -(lower * (1.0 - lower) / share)[above]
    return scores * design.weights[:, None]
