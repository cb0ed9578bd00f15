"""Whether one coefficient per driver fits all thresholds of an ordered outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from exresearch.models.likelihood.cumulative import CumulativeLogit, Maximum, maximise
from exresearch.models.likelihood.design import Design, read_design
from exresearch.models.likelihood.subsets import fit_design
from exresearch.models.resampling import NotEstimable

_SLOPES = [
    "term",
    "threshold",
    "common",
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
    "n",
]


@dataclass(frozen=True, slots=True, eq=False)
class ProportionalOddsTest:
    """Tests of proportional odds; made by `proportional_odds_test`.

    Attributes
    ----------
    tests : DataFrame
        term (each column, then "all"), statistic, df, p_value, n, method ("likelihood ratio", or "score" where the
        larger model has no largest likelihood).
    slopes : DataFrame
        term, threshold ("0|1", "1|2", ...), common (the one coefficient of proportional odds), estimate, std_error,
        statistic, p_value, conf_low, conf_high, n: the column's coefficient at each threshold, the others held
        proportional. Look here at the size of what a test finds. Columns tested by score are absent.
    """

    tests: pd.DataFrame
    slopes: pd.DataFrame


def proportional_odds_test(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str] | None = None,
    weights: str | None = None,
) -> ProportionalOddsTest:
    """Test that each driver shifts the odds by the same factor at every threshold of the outcome.

    Use it beside `likelihood_importance` with model 'ordinal'. With thousands of sheets it finds departures that do not
    matter; see the slopes then.

    Parameters
    ----------
    data, outcome, drivers, covariates, weights
        As in `likelihood_importance`; the outcome has three or more categories.

    Returns
    -------
    ProportionalOddsTest

    Raises
    ------
    ValueError
        As `likelihood_importance`.
    NotEstimable
        As `likelihood_importance`, and for an outcome with two categories, which has one threshold.

    Notes
    -----
    The statistic for a column is twice the gain in log-likelihood when its coefficient may differ between the K - 1
    thresholds (partial proportional odds), chi-squared with K - 2 degrees of freedom; for "all" every column's may. The
    score test is s' I^-1 s, with score and observed information of the larger model at the estimates of the smaller.
    Both take rows as independent and weights, with mean 1, as counts.

    References
    ----------
    Peterson & Harrell (1990), Partial proportional odds models for ordinal response variables, Applied Statistics
    39(2), 205-217; Brant (1990), Biometrics 46(4), 1171-1178. In R: `ordinal::nominal_test`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(300, 2)), columns=["needs", "pay"])
    >>> data["enps"] = np.clip(np.round(2 + data["needs"] + rng.logistic(size=300)), 0, 4)
    >>> result = proportional_odds_test(data, outcome="enps", drivers=["needs", "pay"])
    >>> result.tests[["term", "df", "n"]].values.tolist()
    [['needs', 3, 300], ['pay', 3, 300], ['all', 6, 300]]
    """
    design = read_design(
        data, outcome=outcome, drivers=drivers, model="ordinal", covariates=covariates, weights=weights
    )
    levels = len(design.categories)
    if levels < 3:
        raise NotEstimable(
            f"outcome '{outcome}' has two categories, {design.categories.tolist()}, so that there is one threshold and "
            "nothing to compare."
        )
    small = fit_design(design)
    everything = list(range(design.x.shape[1]))
    tests, slopes = [], []
    for term, columns in [*((name, [i]) for i, name in enumerate(design.columns)), ("all", everything)]:
        statistic, larger = _compared(design, small, columns)
        df = (levels - 2) * len(columns)
        tests.append(
            {
                "term": term,
                "statistic": statistic,
                "df": df,
                "p_value": float(stats.chi2.sf(statistic, df)),
                "n": len(design.levels),
                "method": "score" if larger is None else "likelihood ratio",
            }
        )
        if term != "all" and larger is not None:
            slopes += _slopes(design, small, larger, columns[0])
    return ProportionalOddsTest(tests=pd.DataFrame(tests), slopes=pd.DataFrame(slopes, columns=_SLOPES))


def _compared(design: Design, small: Maximum, columns: Sequence[int]) -> tuple[float, Maximum | None]:
    """Statistic for `columns`, and the model in which they have a coefficient per threshold if it has a maximum."""
    size, levels = design.x.shape[1], len(design.categories)
    rest = [column for column in range(size) if column not in columns]
    model = CumulativeLogit(
        design.levels, design.x[:, rest], weights=design.weights, by_threshold=design.x[:, columns]
    )
    # The same model as proportional odds, so that thresholds cannot cross at the start.
    start = np.concatenate(
        [small.params[rest], small.params[size:], np.repeat(small.params[columns], levels - 1)]
    )
    larger = maximise(model, start=start)
    if larger.converged:
        return max(0.0, 2.0 * (larger.log_likelihood - small.log_likelihood)), larger
    score = model.score(start)
    return float(score @ np.linalg.solve(-model.hessian(start), score)), None


def _slopes(design: Design, small: Maximum, larger: Maximum, column: int) -> list[dict[str, object]]:
    """The column's coefficient at each threshold, on the scale of the column."""
    count = len(design.categories) - 1
    estimate = larger.params[-count:] / design.scales[column]
    std_error = np.sqrt(np.diag(larger.covariance)[-count:]) / design.scales[column]
    half = stats.norm.ppf(0.975) * std_error
    return [
        {
            "term": design.columns[column],
            "threshold": f"{design.categories[k]:g}|{design.categories[k + 1]:g}",
            "common": small.params[column] / design.scales[column],
            "estimate": estimate[k],
            "std_error": std_error[k],
            "statistic": estimate[k] / std_error[k],
            "p_value": 2.0 * stats.norm.sf(abs(estimate[k] / std_error[k])),
            "conf_low": estimate[k] - half[k],
            "conf_high": estimate[k] + half[k],
            "n": len(design.levels),
        }
        for k in range(count)
    ]
