"""Whether the hazard ratios of a Cox regression change as time passes."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, rankdata

from exresearch.models.events.hazards import CoxFit
from exresearch.models.events.kaplan_meier import survival_steps
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
TimeScale = Literal["km", "identity", "rank", "log"]


def proportional_hazards_test(fit: CoxFit, *, time: TimeScale = "km") -> pd.DataFrame:
    """Do hazard ratios change as time passes: score test on the scaled Schoenfeld residuals.

    Use it after every `cox_regression`. A small p value says that the ratio is an average over time; split the time,
    or stratify by the column. Many events find changes too small to matter: look at `slope` as well.

    Parameters
    ----------
    fit : CoxFit
    time : {'km', 'identity', 'rank', 'log'}
        The function of time along which the log hazard ratio may change: 1 - the Kaplan-Meier estimate (which spreads
        the events evenly), time itself, the ranks of the times at which rows end, or the logarithm.

    Returns
    -------
    DataFrame, one row per predictor and 'global'
        term; slope (change of the log hazard ratio per unit of the function of time, one step towards the maximum;
        NaN for 'global'); statistic (chi-squared); df; p_value; n_events; method.

    Raises
    ------
    ValueError
        `time` is unknown.
    NotEstimable
        All events at one time.

    Notes
    -----
    The model is extended by x g(t), and the score test of these terms at 0 taken one by one (with all x in the model)
    and together; the score is the sum of g times the Schoenfeld residuals. This is `survival::cox.zph(fit, terms =
    FALSE)` of version 3 and later. Clusters are not taken into account.

    References
    ----------
    Grambsch & Therneau (1994), doi:10.1093/biomet/81.3.515

    Examples
    --------
    >>> from exresearch.models import cox_regression
    >>> rng = np.random.default_rng(1)
    >>> staff = pd.DataFrame({"enps": rng.integers(0, 11, 300), "left": 1})
    >>> staff["years"] = rng.exponential(np.exp(0.2 * staff["enps"]))
    >>> fit = cox_regression(staff, duration="years", event="left", predictors=["enps"])
    >>> proportional_hazards_test(fit)["term"].tolist()
    ['enps', 'global']
    """
    if time not in get_args(TimeScale):
        raise ValueError(f"time must be one of {list(get_args(TimeScale))}, got {time!r}.")
    sets, likelihood = fit.likelihood.sets, fit.likelihood
    moments = fit.stop[fit.event]
    if (moments == moments[0]).all():
        raise NotEstimable("all events happened at the same time, so hazards cannot change between events.")
    scaled = _time_scale(fit, time)
    scaled = scaled - scaled.mean()
    along = np.zeros(len(sets.times))
    along[sets.own[fit.event]] = scaled
    residuals = likelihood.x[fit.event] - likelihood.mean_at_event()[sets.own[fit.event]]
    score = scaled @ residuals
    by_time = likelihood.information_by_time()
    mixed = np.einsum("k,kij->ij", along, by_time)
    late = np.einsum("k,kij->ij", along**2, by_time)
    # What the score of x g(t) varies given that the score of x is 0.
    left = late - mixed.T @ np.linalg.solve(likelihood.information, mixed)
    alone = np.diag(left)
    names = list(fit.coefficients.index)
    statistic = np.append(score**2 / alone, score @ np.linalg.pinv(left, hermitian=True) @ score)
    df = np.append(np.ones(len(names)), float(np.linalg.matrix_rank(left, hermitian=True)))
    naive = np.diag(np.linalg.inv(likelihood.information))
    per_unit = np.sqrt(np.diag(fit.model_covariance.to_numpy()) / naive)
    return pd.DataFrame(
        {
            "term": [*names, "global"],
            "slope": np.append(score / alone * per_unit, np.nan),
            "statistic": statistic,
            "df": df,
            "p_value": chi2.sf(statistic, df),
            "n_events": fit.n_events,
            "method": f"score test on Schoenfeld residuals along time ({time})",
        }
    )


def _time_scale(fit: CoxFit, time: str) -> FloatArray:
    """The function of time at each event, in the order of the rows."""
    moments = fit.stop[fit.event]
    if time == "identity":
        return moments
    if time == "log":
        if (moments <= 0.0).any():
            raise NotEstimable(
                "the logarithm of time needs events after time 0: use another function of time."
            )
        return np.asarray(np.log(moments))
    if time == "rank":
        return np.asarray(rankdata(fit.stop)[fit.event])
    times, _, _, share = survival_steps(fit.start, fit.stop, fit.event)
    # Just before the event, over all strata.
    return np.asarray(1.0 - np.concatenate([[1.0], share])[np.searchsorted(times, moments, side="left")])
