"""Effects and correlations as functions of the parameters of a panel model, with first-order errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from exresearch.measures.structure.sem import SemFit, StructuralModel
from exresearch.measures.structure.sem.matrices import GroupMatrices, compile_model
from exresearch.models.panel.diagrams import EFFECTS

FloatArray = NDArray[np.float64]


def delta(
    function: Callable[[FloatArray], FloatArray],
    solution: SemFit,
    spread: FloatArray,
    *,
    at_once: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Values of a function of the parameters, and their covariance to first order.

    `at_once`: whether the function takes many sets of parameters [B, p] and returns [B, m].
    """
    theta = solution.theta
    widths = 1e-4 * np.sqrt(np.clip(np.diag(solution.covariance), 1e-300, None))
    steps = np.diag(widths)
    places = np.concatenate([theta[None], theta + steps, theta - steps])
    values = function(places) if at_once else np.array([function(place) for place in places])
    above, below = values[1 : 1 + len(theta)], values[1 + len(theta) :]
    jacobian = (above - below) / (2.0 * widths[:, None])
    return np.asarray(values[0]), np.asarray(jacobian.T @ spread @ jacobian)


@lru_cache(maxsize=4)
def _compiled(model: StructuralModel) -> GroupMatrices:
    """The one group of a model: a derivative asks for it twice per parameter."""
    return compile_model(model)[0]


def _within(solution: SemFit, theta: FloatArray, n_waves: int, *, random: bool) -> tuple[FloatArray, ...]:
    """Arrows, residual covariances, and total covariances of the 2 T variables that carry the dynamics; all totals."""
    group = _compiled(solution.model)
    head = 2 * n_waves + 2 if random else 0
    inside = slice(head, head + 2 * n_waves)
    size = (*theta.shape[:-1], *group.arrows.shape)
    arrows, residual = (np.broadcast_to(fixed, size).copy() for fixed in (group.arrows, group.covariances))
    a, s = group.of_arrows, group.of_covariances
    arrows[..., group.row[a], group.column[a]] = theta[..., group.free[a]]
    residual[..., group.row[s], group.column[s]] = theta[..., group.free[s]]
    residual[..., group.column[s], group.row[s]] = theta[..., group.free[s]]
    effects = np.linalg.inv(np.eye(size[-1]) - arrows)
    total = effects @ residual @ np.swapaxes(effects, -1, -2)
    return arrows[..., inside, inside], residual[..., inside, inside], total[..., inside, inside], total


def effects_and_correlations(
    solution: SemFit, theta: FloatArray, n_waves: int, *, random: bool, between: bool
) -> FloatArray:
    """Effects by scale (raw, standardised), term and lag: [..., 2 * 4 * (T - 1)]; behind them same-wave correlations.

    Correlations between units where asked for, within units, and of the residuals. Together, because a derivative asks
    for both at the same parameters and the model is solved once for each set of parameters [..., p].
    """
    parts = _within(solution, theta, n_waves, random=random)
    return np.concatenate(
        [_effects(parts, n_waves), _correlations(parts, n_waves, between=random and between)], axis=-1
    )


def _effects(parts: tuple[FloatArray, ...], n_waves: int) -> FloatArray:
    arrows, _, total, _ = parts
    scale = np.sqrt(np.einsum("...ii->...i", total))
    start = {"ex": 0, "cx": n_waves}
    raw, standardised = [], []
    for _, outcome, predictor in EFFECTS:
        to = start[outcome] + np.arange(1, n_waves)
        by = start[predictor] + np.arange(n_waves - 1)
        raw.append(arrows[..., to, by])
        standardised.append(arrows[..., to, by] * scale[..., by] / scale[..., to])
    return np.concatenate([*raw, *standardised], axis=-1)


def _correlations(parts: tuple[FloatArray, ...], n_waves: int, *, between: bool) -> FloatArray:
    _, residual, total, everything = parts
    ex, cx = np.arange(n_waves), n_waves + np.arange(n_waves)

    def correlation(matrix: FloatArray) -> FloatArray:
        return np.asarray(matrix[..., ex, cx] / np.sqrt(matrix[..., ex, ex] * matrix[..., cx, cx]))

    found = [correlation(total).mean(axis=-1), correlation(residual)[..., 1:].mean(axis=-1)]
    if between:
        a = 2 * n_waves
        variances = everything[..., a, a] * everything[..., a + 1, a + 1]
        found.insert(0, everything[..., a, a + 1] / np.sqrt(variances))
    return np.stack(found, axis=-1)


def normal_rows(estimate: FloatArray, std_error: FloatArray, conf_level: float) -> pd.DataFrame:
    """Estimates with tests and intervals by the normal distribution."""
    half = ndtri((1.0 + conf_level) / 2.0) * std_error
    statistic = estimate / std_error
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "p_value": 2.0 * ndtr(-np.abs(statistic)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
        }
    )


def effect_rows(
    values: FloatArray, matrix: FloatArray, waves: Sequence[Any], *, constrained: bool, conf_level: float
) -> tuple[pd.DataFrame, dict[str, tuple[FloatArray, FloatArray]]]:
    """The table of effects, and by scale the means over lags with their covariance."""
    lags, terms = len(waves) - 1, [term for term, _, _ in EFFECTS]
    mean = np.kron(np.eye(8), np.full((1, lags), 1.0 / lags))
    averages, spread = mean @ values, mean @ matrix @ mean.T
    frames, kept = [], {}
    for s, scale in enumerate(("raw", "standardised")):
        part = slice(4 * s, 4 * s + 4)
        kept[scale] = averages[part], spread[part, part]
        rows = normal_rows(averages[part], np.sqrt(np.diag(spread)[part]), conf_level)
        head: dict[str, Any] = {"term": terms, "scale": scale, "wave_from": "all", "wave_to": "all"}
        frames.append(pd.concat([pd.DataFrame(head), rows], axis=1))
        if not constrained:
            part = slice(4 * s * lags, 4 * (s + 1) * lags)
            rows = normal_rows(values[part], np.sqrt(np.diag(matrix)[part]), conf_level)
            head = {
                "term": np.repeat(terms, lags),
                "scale": scale,
                "wave_from": [str(w) for w in waves[:-1]] * 4,
                "wave_to": [str(w) for w in waves[1:]] * 4,
            }
            frames.append(pd.concat([pd.DataFrame(head), rows], axis=1))
    return pd.concat(frames, ignore_index=True), kept


def correlation_rows(
    names: list[str], values: FloatArray, matrix: FloatArray, conf_level: float
) -> pd.DataFrame:
    """Intervals on Fisher's scale, so that they stay between -1 and 1."""
    std_error = np.sqrt(np.diag(matrix))
    rows = normal_rows(values, std_error, conf_level)
    half = ndtri((1.0 + conf_level) / 2.0) * std_error / (1.0 - values**2)
    rows["conf_low"], rows["conf_high"] = (
        np.tanh(np.arctanh(values) - half),
        np.tanh(np.arctanh(values) + half),
    )
    rows.insert(0, "term", names)
    return rows
