"""A whole journey in order: how many moments were good, the weakest one, and peak and end against the mean."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.journey.sheets import GROUP, OUTCOME, WEIGHT, WHO, JourneySheets
from exresearch.models import NotEstimable, explained_variance
from exresearch.models.regression import linear_combinations, linear_regression

#: Part of the scale from which a rating is good: the upper third.
GOOD = 2 / 3
_LEAST_MOMENTS = 3
MODELS: dict[str, list[str]] = {
    "mean": ["(mean)"],
    "peak_end": ["(peak)", "(end)"],
    "weakest": ["(weakest)"],
    "last": ["(end)"],
    "good": ["(good)"],
}


@dataclass(frozen=True, slots=True)
class WholeJourney:
    """What a journey as a whole says, for people who rated three or more moments.

    Attributes
    ----------
    rivals : pandas.DataFrame
        ``term`` (``mean, peak_end, weakest, last, good, each`` and their differences with the mean, ``peak_end -
        mean`` and so on), and the columns of :func:`exresearch.models.explained_variance`.
    steps : pandas.DataFrame
        ``good`` (number of good moments), ``estimate`` (mean recommendation, missing for too few people), ``conf_low,
        conf_high, conf_level, n, people``.
    last_step : dict
        ``estimate, conf_low, conf_high``: how much more the last step brings than the mean of the steps before it.
    moments : int
        Moments of these journeys.
    good_from : float
        Lowest good rating.
    """

    rivals: pd.DataFrame = field(default_factory=pd.DataFrame)
    steps: pd.DataFrame = field(default_factory=pd.DataFrame)
    last_step: dict[str, float] = field(default_factory=dict)
    moments: int = 0
    good_from: float = float("nan")


def whole_journey(
    sheets: JourneySheets, *, scale: tuple[float, float], rules: DisclosureRules, conf_level: float, seed: int
) -> WholeJourney:
    """Compare ways to sum up a journey, on complete sheets of the people who rate the most moments.

    Parameters
    ----------
    sheets : JourneySheets
        Of :func:`journey_sheets`.
    scale : tuple of float
        Ends of the scale of the ratings.
    rules : DisclosureRules
        People that a model needs.
    conf_level, seed
        Of the intervals.

    Returns
    -------
    WholeJourney
        Empty where nobody rates three moments, or too few do.
    """
    who = max(sheets.asked, key=lambda name: len(sheets.asked[name]), default=None)
    if who is None or len(sheets.asked[who]) < _LEAST_MOMENTS:
        return WholeJourney()
    moments = sheets.asked[who]
    rows = sheets.frame[sheets.frame[WHO] == who].dropna(subset=[OUTCOME, *moments])
    if sheets.people(rows) < rules.min_model:
        return WholeJourney()
    good_from = scale[0] + GOOD * (scale[1] - scale[0])
    rows = rows.assign(**_summaries(rows[moments], scale=scale, good_from=good_from))
    waves = [name for name in sheets.waves if rows[name].min() < rows[name].max()]
    models = {name: [*columns, *waves] for name, columns in MODELS.items()} | {"each": [*moments, *waves]}
    contrasts = {f"{name} - mean": {name: 1.0, "mean": -1.0} for name in models if name != "mean"}
    try:
        rivals = explained_variance(
            rows,
            outcome=OUTCOME,
            models=models,
            contrasts=contrasts,
            cluster=sheets.cluster,
            weights=sheets.weights,
            conf_level=conf_level,
            seed=seed,
        )
    except NotEstimable:
        rivals = pd.DataFrame()
    steps, last = _steps(sheets, rows, k=len(moments), rules=rules, conf_level=conf_level)
    return WholeJourney(rivals, steps, last, len(moments), good_from)


def _summaries(
    ratings: pd.DataFrame, *, scale: tuple[float, float], good_from: float
) -> dict[str, pd.Series]:
    """Mean, peak, end, weakest and number of good ones of each row, whose columns are in the order of the journey.

    The peak is the rating furthest from the middle of the scale, the lower one of two as far away: bad moments stay
    longer (Baumeister et al. 2001).
    """
    values, middle = ratings.to_numpy(dtype=np.float64), sum(scale) / 2
    away = np.abs(values - middle) - 1e-6 * (values - middle)
    peak = values[np.arange(len(values)), away.argmax(axis=1)]
    made = {
        "(mean)": values.mean(axis=1),
        "(peak)": peak,
        "(end)": values[:, -1],
        "(weakest)": values.min(axis=1),
        "(good)": (values >= good_from - 1e-9).sum(axis=1).astype("float64"),
    }
    return {name: pd.Series(column, index=ratings.index) for name, column in made.items()}


def _steps(
    sheets: JourneySheets, rows: pd.DataFrame, *, k: int, rules: DisclosureRules, conf_level: float
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Mean recommendation by number of good moments, and the last step beside those before it."""
    numbers = [
        good for good in range(k + 1) if sheets.people(rows[rows["(good)"] == good]) >= rules.min_respondents
    ]
    kept = rows[rows["(good)"].isin(numbers)]
    if len(numbers) < 2:
        return pd.DataFrame(), {}
    columns = {f"good {good}": (kept["(good)"] == good).astype("float64") for good in numbers}
    try:
        fit = linear_regression(
            kept[[OUTCOME, *(name for name in (GROUP, WEIGHT) if name in kept)]].assign(**columns),
            outcome=OUTCOME,
            predictors=list(columns),
            intercept=False,
            weights=sheets.weights,
            cluster=sheets.cluster,
            conf_level=conf_level,
        )
    except NotEstimable:
        return pd.DataFrame(), {}
    table = fit.table.set_index("term").loc[list(columns), ["estimate", "conf_low", "conf_high"]]
    # Rows of too few people stay, without a mean, so that whoever shows the others knows what would follow from them.
    every = sorted({int(good) for good in rows["(good)"]})
    table.index = pd.Index(numbers)
    steps = (
        table.reindex(every)
        .reset_index(drop=True)
        .assign(
            good=every,
            conf_level=conf_level,
            n=[int((rows["(good)"] == good).sum()) for good in every],
            people=[sheets.people(rows[rows["(good)"] == good]) for good in every],
        )
    )
    if numbers != list(range(k + 1)) or k < 2:
        return steps, {}
    # The last step minus the mean of the k - 1 before it: m_k - m_{k-1} - (m_{k-1} - m_0) / (k - 1).
    weights = {f"good {k}": 1.0, f"good {k - 1}": -1.0 - 1.0 / (k - 1), "good 0": 1.0 / (k - 1)}
    row = linear_combinations(fit, combinations={"last step": weights}).iloc[0]
    return steps, {name: float(row[name]) for name in ("estimate", "conf_low", "conf_high", "conf_level")}
