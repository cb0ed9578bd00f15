"""Importance beside performance: what matters, and is low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from exresearch.findings.analyses.drivers.models import DriverModel, Fit
from exresearch.measures import dependence_groups
from exresearch.measures.resampling import respondents
from exresearch.models import expanded_interval
from exresearch.study import Variable
from exresearch.study.coded import ranked

#: Quadrants of the map; ``against`` is a driver that goes with a worse outcome, for which "low" is no shortcoming.
QUADRANTS = ("matters_low", "matters_high", "less_low", "less_high", "against")
FloatArray = NDArray[np.float64]


def performance_table(
    fits: Mapping[str, Fit],
    importance: pd.DataFrame,
    *,
    data: pd.DataFrame,
    employees: pd.DataFrame,
    model: DriverModel,
    measured: Sequence[Variable],
    correlations: pd.DataFrame,
    conf_level: float,
) -> pd.DataFrame:
    """Set the importance of each driver for each outcome beside how well it is doing.

    Performance is the weighted mean answer of everybody who answered the driver, 0 at the low end of its scale and 100
    at the high end; of a group of drivers the mean. What a reader compares is the distance of a driver from the mean of
    all drivers, so the interval is that of this distance, laid around the performance; its standard error is linearised
    over the groups that answers are kept together in.

    Parameters
    ----------
    fits : mapping of str to Fit
        The outcomes that were analysed.
    importance : pandas.DataFrame
        One row per outcome and driver: ``outcome, driver, importance, conf_low, conf_high`` and labels.
    data : pandas.DataFrame
        Drivers, oriented.
    employees : pandas.DataFrame
        The answer sheets, for their weights and the people behind them.
    model, measured
        The drivers, and the outcomes.
    correlations : pandas.DataFrame
        ``driver`` and one column per outcome: which way a driver goes.
    conf_level : float
        Of every interval.

    Returns
    -------
    pandas.DataFrame
        The rows of ``importance`` whose drivers have a declared scale, with ``performance, performance_low,
        performance_high``; ``cut_importance`` (median over the drivers of the outcome) and ``cut_performance`` (mean
        over the drivers); ``quadrant``; ``clear``, whether the intervals of the distances to both cuts exclude zero;
        and ``respondents``, the people behind the performance.
    """
    scaled = [v for v in model.drivers if v.minimum is not None and v.maximum is not None]
    own = _performances(data, employees, scaled, model, conf_level=conf_level)
    table = importance.merge(own, on="driver", how="inner")
    table["cut_importance"] = table.groupby("outcome")["importance"].transform("median")
    away = []
    for name, rows in table.groupby("outcome", sort=False):
        replicates = fits[str(name)].replicates
        kept = [replicates.drivers.index(driver) for driver in rows["driver"]]
        drawn = replicates.replicates[model.method][:, kept]
        low, high = expanded_interval(
            drawn - np.median(drawn, axis=1, keepdims=True), conf_level=conf_level, n_units=replicates.n_units
        )
        away.append(pd.Series((low > 0) | (high < 0), index=rows.index))
    if away:
        table["clear"] = table["clear"] & pd.concat(away)
    direction = _direction(table, model, measured, correlations)
    table["quadrant"] = _quadrants(table).mask(direction < 0, "against")
    return table


def _performances(
    data: pd.DataFrame,
    employees: pd.DataFrame,
    drivers: Sequence[Variable],
    model: DriverModel,
    *,
    conf_level: float,
) -> pd.DataFrame:
    """Performance of each player with its interval, and whether it differs from the mean of all."""
    groups = dependence_groups(employees)
    codes = ranked(groups.labels)[0]
    weights = np.ones(len(data))
    if "weight" in employees:
        weights = employees["weight"].fillna(0.0).to_numpy(dtype="float64")
    means, influence, people = {}, {}, {}
    for variable in drivers:
        values = data[variable.column].to_numpy(dtype="float64")
        counted = np.where(np.isnan(values), 0.0, weights)
        if counted.sum() <= 0 or variable.minimum is None or variable.maximum is None:
            continue
        share = 100 * (np.nan_to_num(values) - variable.minimum) / (variable.maximum - variable.minimum)
        mean = float(counted @ share / counted.sum())
        means[variable.column] = mean
        influence[variable.column] = np.bincount(codes, counted * (share - mean) / counted.sum())
        people[variable.column] = respondents(employees, where=data[variable.column].notna())
    players = [player for player in model.players if any(_in(c, player, model) for c in means)]
    if not players:
        return pd.DataFrame(columns=["driver", "performance", "cut_performance", "clear", "respondents"])
    members = {player: [c for c in means if _in(c, player, model)] for player in players}
    middle = np.array([np.mean([means[c] for c in members[player]]) for player in players])
    moved = np.column_stack([np.mean([influence[c] for c in members[player]], axis=0) for player in players])
    quantile = float(stdtrit(len(moved) - 1, (1 + conf_level) / 2))
    apart = quantile * _errors(moved - moved.mean(axis=1, keepdims=True))
    return pd.DataFrame(
        {
            "driver": players,
            "performance": middle,
            "performance_low": middle - apart,
            "performance_high": middle + apart,
            "cut_performance": middle.mean(),
            "clear": np.abs(middle - middle.mean()) > apart,
            "respondents": [min(people[c] for c in members[player]) for player in players],
        }
    )


def _in(column: str, player: str, model: DriverModel) -> bool:
    return model.groups.get(column, column) == player


def _errors(influence: FloatArray) -> FloatArray:
    """Standard errors from the influence of each group [G, p], whose columns sum to zero."""
    count = len(influence)
    return np.asarray(np.sqrt(count / max(count - 1, 1) * (influence**2).sum(axis=0)))


def _direction(
    table: pd.DataFrame, model: DriverModel, measured: Sequence[Variable], correlations: pd.DataFrame
) -> pd.Series:
    """Mean correlation of a player's drivers with the outcome, per row of the table."""
    players = correlations["driver"].map(lambda column: model.groups.get(column, column))
    mean = correlations[[v.name for v in measured]].groupby(players).mean()
    pairs = zip(table["driver"], table["outcome"], strict=True)
    return pd.Series([mean.loc[driver, outcome] for driver, outcome in pairs], index=table.index, dtype=float)


def _quadrants(table: pd.DataFrame) -> pd.Series:
    matters = table["importance"] >= table["cut_importance"]
    low = table["performance"] < table["cut_performance"]
    quadrant = pd.Series("less_high", index=table.index)
    return quadrant.mask(low, "less_low").mask(matters, "matters_high").mask(matters & low, "matters_low")
