"""Predicted intercepts of the units of a random-intercept model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from exresearch.models.mixed.result import RandomIntercept
from exresearch.models.resampling import check_conf_level


def unit_predictions(fit: RandomIntercept, *, conf_level: float | None = None) -> pd.DataFrame:
    """Best linear unbiased prediction of the intercept of each unit, as a difference from the whole.

    Use it to see which units stand out after predictors and chance; small units are drawn to zero. They are results of
    single units: whether they may be shown is for the caller to decide.

    Parameters
    ----------
    fit : RandomIntercept
        From `random_intercept`.
    conf_level : float, optional
        Coverage; that of the fit when left out.

    Returns
    -------
    DataFrame, one row per unit in the order of the labels
        unit; estimate (unit of the outcome); std_error (of prediction: with the uncertainty of the coefficients, the
        variances taken as known); conf_low, conf_high (normal); n (rows); reliability (share of the variance of the
        unit's mean residual that is the unit's); conf_level; method.

    Raises
    ------
    ValueError
        A coverage that is not between 0 and 1.

    Notes
    -----
    With r the variance ratio: estimate = r / (1 + n r) times the sum of the unit's residuals; its variance is
    tau^2 / (1 + n r) (lme4's `condVar`) plus that of the residuals' sum by the coefficients. At the boundary all are
    zero, with a standard error of zero.

    Examples
    --------
    >>> from exresearch.models.mixed import random_intercept
    >>> data = pd.DataFrame({"team": list("aaabbbccc"), "y": [1.0, 2, 3, 4, 5, 6, 7, 8, 9]})
    >>> fit = random_intercept(data, outcome="y", cluster="team")
    >>> unit_predictions(fit)[["unit", "estimate", "n"]].round(2).values.tolist()
    [['a', -2.89, 3], ['b', 0.0, 3], ['c', 2.89, 3]]
    """
    level = fit.conf_level if conf_level is None else conf_level
    check_conf_level(level)
    sums, fitted, ratio = fit.sums, fit.precision, fit.ratio
    shrink = 1.0 / (1.0 + sums.n_unit * ratio)
    design = sums.totals[:, :-1]
    left = sums.totals[:, -1] - design @ (fitted.solution - sums.solution)
    variance = ratio * fitted.residual_variance * shrink
    variance += (ratio * shrink) ** 2 * np.einsum("gi,ij,gj->g", design, fitted.model, design)
    estimate, std_error = ratio * shrink * left * sums.scale, np.sqrt(variance) * sums.scale
    half = float(ndtri((1.0 + level) / 2.0)) * std_error
    return pd.DataFrame(
        {
            "unit": sums.units,
            "estimate": estimate,
            "std_error": std_error,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": sums.n_unit,
            "reliability": 1.0 - shrink,
            "conf_level": level,
            "method": "best linear unbiased prediction",
        }
    )
