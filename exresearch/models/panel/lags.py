"""Effects over one to four waves, and effects of good and of bad shocks, by regression within units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.panel.frame import LEAST_PANEL_UNITS, check_units, read_panel
from exresearch.models.regression import LinearFit, linear_combinations, linear_regression, wald_test
from exresearch.models.resampling import NotEstimable, check_conf_level, check_whole

FloatArray = NDArray[np.float64]

_DIRECTIONS = (("ex_to_cx", "ex", "cx"), ("cx_to_ex", "cx", "ex"))


def lag_scan(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    ex: str,
    cx: str,
    waves: Sequence[Any] | None = None,
    max_lag: int = 4,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Effect of each experience on the other one, two, three and four waves later, within units.

    Use it to see after how long an effect shows, not how large it is: with few waves all of these effects are drawn
    towards a negative value (Nickell 1981), more so at longer lags, which fewer waves are left for.

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave.
    unit, wave, ex, cx : str
        Columns; `ex` and `cx` numeric.
    waves : sequence, optional
        The waves in order, evenly spaced; without it the sorted values of `wave`.
    max_lag : int
        Longest lag; lag k needs k + 2 waves, and longer ones than the waves allow are left out.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame, one row per lag and direction
        term (ex_to_cx, cx_to_ex), lag, estimate (in standard deviations within units of the rows used, taken as
        known), std_error (CR2), statistic, df (Satterthwaite), p_value, conf_low, conf_high, n (rows), n_clusters
        (units), n_excluded (units without a row), conf_level, method. Lags that fewer than 30 units can show are
        left out.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; rows without unit or wave; a unit twice in a wave; `max_lag` below 1.
    NotEstimable
        Fewer than three waves, or fewer than 30 units at every lag.

    Notes
    -----
    y_it on x_i,t-k and y_i,t-k with effects of units and waves, k waves apart whatever is missing in between; all
    variables are deviations from the means of a unit over the rows of that lag. CR2 on deviations equals CR2 with a
    dummy per unit (Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame(rng.normal(size=(200, 2)), columns=["ex", "cx"])
    >>> panel["unit"], panel["wave"] = np.repeat(range(40), 5), [1, 2, 3, 4, 5] * 40
    >>> lag_scan(panel, unit="unit", wave="wave", ex="ex", cx="cx")[["term", "lag", "n"]].values.tolist()[:2]
    [['ex_to_cx', 1, 160], ['cx_to_ex', 1, 160]]
    """
    check_conf_level(conf_level)
    check_whole("max_lag", max_lag, least=1)
    panel = read_panel(data, unit=unit, wave=wave, ex=ex, cx=cx, waves=waves, least=3)
    frames, largest = [], 0
    for lag in range(1, min(max_lag, len(panel.waves) - 2) + 1):
        for term, source, target in _DIRECTIONS:
            values = {"ex": panel.ex, "cx": panel.cx}
            rows = _long(
                {
                    "outcome": values[target][:, lag:],
                    "predictor": values[source][:, :-lag],
                    "own past": values[target][:, :-lag],
                }
            )
            rows = rows[rows.groupby("unit")["unit"].transform("size") > 1]
            largest = max(largest, rows["unit"].nunique())
            if rows["unit"].nunique() < LEAST_PANEL_UNITS:
                continue
            fit = _fixed_effects(rows, ["predictor", "own past"], conf_level)
            scale = _within_ratio(rows)
            row = fit.table.iloc[[0]].assign(term=term, n_excluded=len(panel.ex) - fit.n_clusters)
            for column in ("estimate", "std_error", "conf_low", "conf_high"):
                row[column] = row[column] * scale
            row.insert(1, "lag", lag)
            frames.append(row)
    if not frames:
        check_units(largest, "with two pairs of waves")
    table = pd.concat(frames, ignore_index=True)
    return table.assign(method="fixed effects of units and waves, " + table["method"])


@dataclass(frozen=True, slots=True, eq=False)
class AsymmetricShocks:
    """Effects of rises and of falls.

    Attributes
    ----------
    table : DataFrame
        See `asymmetric_shocks`.
    test : DataFrame
        One row per direction: term, test, statistic (F), df_num, df_denom, p_value, n, n_clusters, n_excluded, method,
        of equal effects of rises and falls.
    """

    table: pd.DataFrame
    test: pd.DataFrame


def asymmetric_shocks(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    ex: str,
    cx: str,
    waves: Sequence[Any] | None = None,
    lag: int = 1,
    conf_level: float = 0.95,
) -> AsymmetricShocks:
    """Do falls in the one do more to the other than rises of the same size, within units.

    Use it for "a bad year does more harm than a good year does good". What it tests is the difference between falls
    and rises; for the size of an effect see `cross_lagged_panel`, because changes share the noise of the wave between
    them.

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave.
    unit, wave, ex, cx : str
        Columns; `ex` and `cx` numeric.
    waves : sequence, optional
        The waves in order, evenly spaced; without it the sorted values of `wave`.
    lag : int
        Waves between the two changes: 0 for changes at the same time (two waves are then enough), 1 for the next.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    AsymmetricShocks
        Its `table` has three rows per direction: term (ex_to_cx, cx_to_ex), shock ('rise', 'fall', 'fall_minus_rise'),
        estimate (change in the one per unit of change in the other, in the units of the data), std_error (CR2),
        statistic, df (Satterthwaite), p_value, conf_low, conf_high, n (changes), n_clusters (units), n_excluded (units
        without such changes), conf_level, method. A positive effect of falls means that the other falls too.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; rows without unit or wave; a unit twice in a wave; `lag` below 0.
    NotEstimable
        Fewer waves than lag + 2, fewer than 30 units with such changes, or changes in one direction only.

    Notes
    -----
    d y_it on max(d x_i,t-lag, 0), min(d x_i,t-lag, 0), dummies of waves and (lag of 1 or more) d y_i,t-lag, with
    d the change since the wave before; CR2 by unit, equality by the Wald test (HTZ).

    References
    ----------
    York & Light (2017), Directional asymmetry in sociological analyses, doi:10.1177/2378023117697180; Allison (2019),
    Asymmetric fixed-effects models for panel data, doi:10.1177/2378023119826441

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame(rng.normal(size=(200, 2)), columns=["ex", "cx"])
    >>> panel["unit"], panel["wave"] = np.repeat(range(40), 5), [1, 2, 3, 4, 5] * 40
    >>> shocks = asymmetric_shocks(panel, unit="unit", wave="wave", ex="ex", cx="cx")
    >>> shocks.test[["term", "df_num", "n"]].values.tolist()
    [['ex_to_cx', 1, 120], ['cx_to_ex', 1, 120]]
    """
    check_conf_level(conf_level)
    check_whole("lag", lag, least=0)
    panel = read_panel(data, unit=unit, wave=wave, ex=ex, cx=cx, waves=waves, least=lag + 2)
    changes = {"ex": np.diff(panel.ex, axis=1), "cx": np.diff(panel.cx, axis=1)}
    tables, tests = [], []
    for term, source, target in _DIRECTIONS:
        used = changes[source].shape[1] - lag
        moved = changes[source][:, :used]
        columns = {
            "outcome": changes[target][:, lag:],
            "rise": np.where(np.isnan(moved), np.nan, np.maximum(moved, 0.0)),
            "fall": np.where(np.isnan(moved), np.nan, np.minimum(moved, 0.0)),
        }
        if lag:
            columns["own past"] = changes[target][:, :used]
        rows = _long(columns)
        check_units(rows["unit"].nunique(), "with changes that far apart" if lag else "with a change")
        if not (rows["rise"] > 0.0).any() or not (rows["fall"] < 0.0).any():
            raise NotEstimable("all changes go in one direction, so that rises and falls cannot be compared.")
        dummies = _wave_dummies(rows)
        rows = pd.concat([rows, dummies], axis=1)
        fit = linear_regression(
            rows,
            outcome="outcome",
            predictors=[*list(columns)[1:], *dummies.columns],
            cluster="unit",
            conf_level=conf_level,
        )
        combined = linear_combinations(
            fit,
            combinations={
                "rise": {"rise": 1.0},
                "fall": {"fall": 1.0},
                "fall_minus_rise": {"fall": 1.0, "rise": -1.0},
            },
        ).rename(columns={"term": "shock"})
        without = {"n_excluded": len(panel.ex) - fit.n_clusters}
        combined.insert(0, "term", term)
        tables.append(combined.assign(**without))
        contrast = [[{"rise": -1.0, "fall": 1.0}.get(name, 0.0) for name in fit.design.terms]]
        test = wald_test(fit, constraints=contrast)
        test.insert(0, "term", term)
        tests.append(test.assign(**without))
    return AsymmetricShocks(
        table=pd.concat(tables, ignore_index=True), test=pd.concat(tests, ignore_index=True)
    )


def _long(columns: dict[str, FloatArray]) -> pd.DataFrame:
    """Complete rows of unit, wave and the values of matrices [units, waves]."""
    shape = next(iter(columns.values())).shape
    units, times = np.indices(shape)
    frame = pd.DataFrame({"unit": units.ravel(), "wave": times.ravel()})
    frame = frame.assign(**{name: values.ravel() for name, values in columns.items()})
    return frame.dropna().reset_index(drop=True)


def _wave_dummies(rows: pd.DataFrame) -> pd.DataFrame:
    found = sorted(rows["wave"].unique())
    return pd.DataFrame(
        {f"wave {t}": (rows["wave"] == t).astype(np.float64) for t in found[1:]}, index=rows.index
    )


def _deviations(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    return rows[list(columns)] - rows.groupby("unit")[list(columns)].transform("mean")


def _fixed_effects(rows: pd.DataFrame, predictors: list[str], conf_level: float) -> LinearFit:
    """Least squares on deviations from the means of a unit, waves as dummies."""
    full = pd.concat([rows, _wave_dummies(rows)], axis=1)
    names = ["outcome", *predictors, *(name for name in full.columns if name.startswith("wave "))]
    within = _deviations(full, names).assign(unit=full["unit"])
    return linear_regression(
        within,
        outcome="outcome",
        predictors=names[1:],
        cluster="unit",
        intercept=False,
        conf_level=conf_level,
    )


def _within_ratio(rows: pd.DataFrame) -> float:
    """Standard deviation within units of the predictor over that of the outcome."""
    spread = (_deviations(rows, ["predictor", "outcome"]) ** 2).sum()
    return float(np.sqrt(spread["predictor"] / spread["outcome"]))
