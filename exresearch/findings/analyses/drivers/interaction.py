"""Not either-or: does the named employee-first driver count for more, or less, where the customer-first one is high."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from exresearch.findings.analyses.drivers.models import FIRST, SECOND, DriverModel, Fit
from exresearch.findings.multiplicity import holm
from exresearch.models import NotEstimable
from exresearch.models.regression import linear_combinations, linear_regression

_FIRST, _SECOND, _PRODUCT = "(employee-first)", "(customer-first)", "(product)"
_OUTCOME, _WEIGHT, _GROUP = "(outcome)", "(weight)", "(group)"
#: Standard deviations from the mean of the customer-first driver at which the other's slope is given.
LEVELS = {"slope_low": -1.0, "slope_mean": 0.0, "slope_high": 1.0}
INTERACTION_COLUMNS = [
    "outcome", "label", "term", "estimate", "std_error", "statistic", "df", "p_value", "p_adjusted",
    "conf_low", "conf_high", "conf_level", "n", "n_clusters",
]  # fmt: skip


def interaction_table(
    data: pd.DataFrame,
    employees: pd.DataFrame,
    fits: Mapping[str, Fit],
    *,
    model: DriverModel,
    conf_level: float,
) -> pd.DataFrame:
    """Regress each outcome on the named drivers and their product, the other drivers held the same.

    Outcome and drivers are standardised. Several named drivers of a side count as their mean.

    Parameters
    ----------
    data : pandas.DataFrame
        Drivers and outcomes, oriented.
    employees : pandas.DataFrame
        The answer sheets, for their weights.
    fits : mapping of str to Fit
        The outcomes that were analysed, on the same sheets.
    model : DriverModel
        The drivers.
    conf_level : float
        Of every interval.

    Returns
    -------
    pandas.DataFrame
        Six rows per outcome: ``outcome, label, term, estimate`` (standard deviations of the outcome), ``std_error``
        (CR2, by the groups that answers were kept together in), ``statistic, df`` (Satterthwaite), ``p_value,
        p_adjusted`` (of the products, by Holm's method over the outcomes), ``conf_low, conf_high, conf_level, n,
        n_clusters``. The terms are ``first`` and ``second`` (each at the mean of the other), ``product``, and
        ``slope_low, slope_mean, slope_high``: slope of the employee-first driver one standard deviation below the mean
        of the customer-first one, at it and above it. An outcome that cannot be analysed so is left out.
    """
    rows: list[pd.DataFrame] = []
    for name, fit in fits.items():
        frame, others = _standardised(data, employees, fit, model)
        try:
            fitted = linear_regression(
                frame,
                outcome=_OUTCOME,
                predictors=[_FIRST, _SECOND, _PRODUCT, *others],
                weights=_WEIGHT if _WEIGHT in frame else None,
                cluster=None if fit.groups.by == "row" else _GROUP,
                covariance="CR2",
                conf_level=conf_level,
            )
            wanted = {"first": {_FIRST: 1.0}, "second": {_SECOND: 1.0}, "product": {_PRODUCT: 1.0}}
            wanted |= {term: {_FIRST: 1.0, _PRODUCT: level} for term, level in LEVELS.items()}
            found = linear_combinations(fitted, combinations=wanted)
        except NotEstimable:
            continue
        rows.append(found.assign(outcome=name, label=pd.Series([fit.label] * len(found), dtype="object")))
    if not rows:
        return pd.DataFrame(columns=INTERACTION_COLUMNS)
    table = pd.concat(rows, ignore_index=True)
    products = table[table["term"] == "product"].set_index("outcome")["p_value"]
    adjusted = holm({str(name): float(p) for name, p in products.items()})
    table["p_adjusted"] = table["outcome"].map(adjusted).where(table["term"] == "product").astype("float64")
    return table[INTERACTION_COLUMNS]


def _standardised(
    data: pd.DataFrame, employees: pd.DataFrame, fit: Fit, model: DriverModel
) -> tuple[pd.DataFrame, list[str]]:
    """Outcome, the two named sides and their product in standard deviations, and the other drivers as they are."""
    sheets = fit.groups.labels.index
    rows = data.loc[sheets]
    weights = employees.loc[sheets, "weight"].astype("float64") if "weight" in employees else None

    def scaled(values: pd.Series) -> pd.Series:
        mean = np.average(values, weights=weights)
        spread = np.sqrt(np.average((values - mean) ** 2, weights=weights))
        return pd.Series((values - mean) / spread if spread > 0 else values - mean)

    frame = pd.DataFrame({_OUTCOME: scaled(rows[fit.outcome.column]), _GROUP: fit.groups.labels})
    named = {block: _columns(model, block) for block in (FIRST, SECOND)}
    for column, block in ((_FIRST, FIRST), (_SECOND, SECOND)):
        frame[column] = scaled(pd.concat([scaled(rows[name]) for name in named[block]], axis=1).mean(axis=1))
    frame[_PRODUCT] = frame[_FIRST] * frame[_SECOND]
    others = [name for name in model.columns if name not in named[FIRST] + named[SECOND]]
    frame = pd.concat([frame, rows[others]], axis=1)
    if weights is not None:
        frame[_WEIGHT] = weights
    return frame, others


def _columns(model: DriverModel, block: str) -> list[str]:
    players = model.side(block, named=True)
    return [name for name in model.columns if model.groups.get(name, name) in players]
