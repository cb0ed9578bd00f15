"""How several measures of the same units follow one another from wave to wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.structure import FitMeasures, fit_measures
from exresearch.measures.structure.sem import Parameter, StructuralModel, fit_model, sample_moments
from exresearch.measures.structure.sem.matrices import GroupMatrices, compile_model, implied
from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.names import name_list
from exresearch.models.panel.cross_lagged import refuse
from exresearch.models.panel.frame import check_units
from exresearch.models.panel.quantities import delta, normal_rows
from exresearch.models.regression import linear_regression
from exresearch.models.resampling import NotEstimable, check_conf_level
from exresearch.models.unit_waves import unit_waves

FloatArray = NDArray[np.float64]

_COLUMNS = [
    "term", "predictor", "outcome", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n",
    "n_units", "n_waves", "n_excluded", "conf_level", "method",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LaggedInfluence:
    """A fitted panel model with random intercepts for several measures.

    Attributes
    ----------
    table : DataFrame
        Effects of one wave on the next, see `lagged_influence`.
    fit : FitMeasures
        Chi-square, df, p_value, CFI, TLI, RMSEA, SRMR and others.
    """

    table: pd.DataFrame
    fit: FitMeasures


def lagged_influence(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    unit: str,
    wave: str,
    waves: Sequence[Any] | None = None,
    conf_level: float = 0.95,
) -> LaggedInfluence:
    """Effects of each of several measures on each of them a wave later, within units.

    Use it for "these influence one another": a unit that is above its own level on one measure, is it above its level
    on another a wave later, with the rest held constant. It needs three waves.

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave.
    columns : sequence of str
        Two or more numeric measures.
    unit, wave : str
        Columns.
    waves : sequence, optional
        The waves in order, evenly spaced; without it the sorted values of `wave`.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    LaggedInfluence
        Its `table` has one row per predictor and outcome: term ('x->y'), predictor, outcome, estimate (in standard
        deviations within units at the two waves, mean over lags), std_error, statistic (z), p_value, conf_low,
        conf_high, n (units by waves), n_units, n_waves, n_excluded (units without all values), conf_level, method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; rows without unit or wave; a unit twice in a wave.
    NotEstimable
        Fewer than three waves or 30 units with all values, or no more units than values of a unit and four; no
        convergence; a variance below zero within units.

    Notes
    -----
    x_it = m_t + B_i + w_it with w_it = A w_i,t-1 + e_it, for k measures at once; B and w_i1 are uncorrelated, A is the
    same over lags. Maximum likelihood on units with all values, errors of normal theory widened for few units, n / (n -
    p - 4) with p values of a unit. With two measures it is :func:`exresearch.models.cross_lagged_panel`.

    References
    ----------
    Hamaker, Kuiper & Grasman (2015), A critique of the cross-lagged panel model, doi:10.1037/a0038889

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level, now, rows = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)), []
    >>> for at in range(4):
    ...     rows.append(pd.DataFrame(level + now, columns=["a", "b", "c"]).assign(unit=range(200), wave=at))
    ...     now = now @ [[0.3, 0.4, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.3]] + rng.normal(size=(200, 3))
    >>> found = lagged_influence(pd.concat(rows), columns=["a", "b", "c"], unit="unit", wave="wave")
    >>> cross = found.table[found.table["predictor"] != found.table["outcome"]]
    >>> cross.loc[cross["estimate"].idxmax(), "term"]
    'a->b'
    """
    check_conf_level(conf_level)
    names = _names(columns)
    check_columns(data, numeric=names, other=[unit, wave])
    places = unit_waves(data, unit=unit, wave=wave, waves=waves)
    n_waves, k = len(places.waves), len(names)
    if n_waves < 3:
        raise NotEstimable(f"effects within units need at least 3 waves in column '{wave}', got {n_waves}.")
    spread = places.spread(numeric_columns(data, names))
    # On scales of their own, so that the unit of a value does not matter.
    centre = np.nanmean(spread, axis=(1, 2), keepdims=True)
    scale = np.nanstd(spread, axis=(1, 2), keepdims=True)
    if not (scale > 0.0).all():
        raise NotEstimable("a measure does not vary, so that nothing can precede or follow it.")
    wide = np.hstack(list((spread - centre) / scale))
    observed = tuple(f"v{i}_{t}" for i in range(k) for t in range(n_waves))
    moments = sample_moments(
        pd.DataFrame(wide, columns=list(observed)), columns=observed, missing="listwise", robust=False
    )
    check_units(moments.n, "with all values in all waves")
    left = moments.n - k * n_waves - 4
    if left < 1:
        raise NotEstimable(
            f"effects over {n_waves} waves of {k} measures need at least {k * n_waves + 5} units, got {moments.n}."
        )
    solution = fit_model(_model(k, n_waves), moments)
    refuse(solution)
    group = compile_model(solution.model)[0]
    head = len(observed) + k
    inside = slice(head, head + len(observed))
    total = implied(group, solution.theta, len(observed)).total[inside, inside]
    residual = _residual(group, solution.theta)[inside, inside]
    if (np.diag(residual) <= 0.0).any() or np.linalg.eigvalsh(total)[0] <= 0.0:
        raise NotEstimable(
            "a variance within units is estimated at zero or below: the waves are too few, or the units change too "
            "little, for this model."
        )

    def effects(theta: FloatArray) -> FloatArray:
        told = implied(group, theta, len(observed)).total[inside, inside]
        deviation = np.sqrt(np.diag(told)).reshape(k, n_waves)
        arrows = group.arrows.copy()
        chosen = group.kind == 0
        arrows[group.row[chosen], group.column[chosen]] = theta[group.free[chosen]]
        found = []
        for j in range(k):
            for i in range(k):
                raw = arrows[head + i * n_waves + 1, head + j * n_waves]
                found.append(float(raw * (deviation[j, :-1] / deviation[i, 1:]).mean()))
        return np.array(found)

    values, matrix = delta(effects, solution, solution.covariance * (moments.n / left))
    rows = normal_rows(values, np.sqrt(np.diag(matrix)), conf_level)
    rows["predictor"] = np.repeat(names, k)
    rows["outcome"] = names * k
    rows["term"] = rows["predictor"] + "->" + rows["outcome"]
    table = rows.assign(
        n=moments.n * n_waves,
        n_units=moments.n,
        n_waves=n_waves,
        n_excluded=moments.n_excluded,
        conf_level=conf_level,
        method="panel model with random intercepts, equal lags, normal-theory errors widened for few units",
    )
    return LaggedInfluence(table[_COLUMNS], fit_measures(solution))


def lagged_regression(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    unit: str,
    wave: str,
    waves: Sequence[Any] | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Regress each of several measures on all of them a wave earlier, over units and waves together.

    Use it where there are two waves only, or beside `lagged_influence`: it mixes what units are with what they do, so
    that lasting differences between units show up in it as effects over time.

    Parameters
    ----------
    data, columns, unit, wave, waves, conf_level
        As `lagged_influence`.

    Returns
    -------
    DataFrame
        Schema of :attr:`LaggedInfluence.table`; estimates in standard deviations over all units and waves, t intervals,
        n counts units by later waves, n_excluded the rows that have no wave before or after them.

    Raises
    ------
    ValueError
        As `lagged_influence`.
    NotEstimable
        One wave, too few units, or a measure that does not vary.

    Notes
    -----
    Least squares with waves held constant and CR2 errors by unit.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> now = rng.normal(size=(100, 2))
    >>> then = now @ [[0.5, 0.5], [0.0, 0.5]] + rng.normal(size=(100, 2))
    >>> both = [pd.DataFrame(x, columns=["a", "b"]).assign(unit=range(100), wave=t) for t, x in enumerate((now, then))]
    >>> found = lagged_regression(pd.concat(both), columns=["a", "b"], unit="unit", wave="wave").set_index("term")
    >>> bool(found.loc["a->b", "conf_low"] > 0), int(found.loc["a->b", "n_units"])
    (True, 100)
    """
    check_conf_level(conf_level)
    names = _names(columns)
    check_columns(data, numeric=names, other=[unit, wave])
    places = unit_waves(data, unit=unit, wave=wave, waves=waves)
    if len(places.waves) < 2:
        raise NotEstimable("what follows what needs at least two waves.")
    values = numeric_columns(data, names)
    spread = np.nanstd(values, axis=0)
    if not (spread > 0.0).all():
        raise NotEstimable("a measure does not vary, so that nothing can precede or follow it.")
    wide = places.spread((values - np.nanmean(values, axis=0)) / spread)
    size, lags = wide.shape[1], wide.shape[2] - 1
    # Names of their own, which no column of the data can collide with.
    frame = pd.DataFrame({f"before {i}": wide[i, :, :-1].ravel() for i in range(len(names))})
    for i in range(len(names)):
        frame[f"after {i}"] = wide[i, :, 1:].ravel()
    lag = np.tile(np.arange(lags), size)
    frame["unit"] = np.repeat(np.arange(size), lags)
    complete = frame.notna().all(axis=1)
    dummies = []
    for step in sorted(set(lag[complete.to_numpy()].tolist()))[1:]:
        frame[f"wave {step}"] = (lag == step).astype(np.float64)
        dummies.append(f"wave {step}")
    frame = frame[complete]
    before = [f"before {i}" for i in range(len(names))]
    rows = []
    for i, outcome in enumerate(names):
        fit = linear_regression(
            frame,
            outcome=f"after {i}",
            predictors=[*before, *dummies],
            cluster="unit",
            covariance="CR2",
            conf_level=conf_level,
        )
        found = fit.table[fit.table["term"].isin(before)]
        rows.append(found.assign(predictor=names, outcome=outcome, n_units=fit.n_clusters))
    table = pd.concat(rows, ignore_index=True)
    order = {name: at for at, name in enumerate(names)}
    table = table.sort_values(["predictor", "outcome"], key=lambda column: column.map(order), kind="stable")
    table = table.assign(
        term=table["predictor"] + "->" + table["outcome"],
        n_waves=len(places.waves),
        n_excluded=int(len(data) - np.isfinite(values).all(axis=1).sum()),
    )
    return table[_COLUMNS].reset_index(drop=True)


def _names(columns: Sequence[str]) -> list[str]:
    names = name_list("columns", columns)
    if len(names) < 2:
        raise ValueError(f"columns must name two measures or more, got {names}.")
    return names


def _model(k: int, n_waves: int) -> StructuralModel:
    """Random intercepts of k measures, and their deviations from these that follow one another."""
    observed = [f"v{i}_{t}" for i in range(k) for t in range(n_waves)]
    latent = [*(f"level{i}" for i in range(k)), *(f"w_{name}" for name in observed)]
    rows: list[Parameter] = []
    for i in range(k):
        rows += [Parameter(f"level{i}", "=~", f"v{i}_{t}", value=1.0) for t in range(n_waves)]
        rows += [Parameter(f"level{i}", "~~", f"level{j}") for j in range(i, k)]
    rows += [Parameter(f"w_{name}", "=~", name, value=1.0) for name in observed]
    for t in range(n_waves):
        for i in range(k):
            rows += [Parameter(f"w_v{i}_{t}", "~~", f"w_v{j}_{t}") for j in range(i, k)]
            if t:
                rows += [
                    Parameter(f"w_v{i}_{t}", "~", f"w_v{j}_{t - 1}", label=f"{j} to {i}") for j in range(k)
                ]
    rows += [Parameter(name, "~1") for name in observed]
    return StructuralModel(tuple(observed), tuple(latent), tuple(rows))


def _residual(group: GroupMatrices, theta: FloatArray) -> FloatArray:
    own = group.covariances.copy()
    chosen = group.kind == 1
    own[group.row[chosen], group.column[chosen]] = theta[group.free[chosen]]
    own[group.column[chosen], group.row[chosen]] = theta[group.free[chosen]]
    return own
