"""Tidy tables of the fits of all subsets: importance, conditional and complete dominance, coefficients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from exresearch.models.drivers.dominance import complete_dominance, conditional_dominance
from exresearch.models.drivers.subsets import shapley_values
from exresearch.models.likelihood.design import Design
from exresearch.models.likelihood.subsets import SubsetFits

FloatArray = NDArray[np.float64]


def pseudo_r2(log_likelihood: FloatArray, *, null: float, n: float, fit: str) -> FloatArray:
    """McFadden's 1 - l / l0, or Nagelkerke's (1 - exp(2 (l0 - l) / n)) / (1 - exp(2 l0 / n))."""
    if fit == "mcfadden":
        return np.asarray(1.0 - log_likelihood / null)
    return np.asarray(np.expm1(2.0 * (null - log_likelihood) / n) / np.expm1(2.0 * null / n))


def fit_values(fitted: SubsetFits, fit: str) -> FloatArray:
    """Pseudo R-squared [2**P] of all subsets."""
    return pseudo_r2(fitted.log_likelihood, null=fitted.null, n=fitted.n, fit=fit)


def importance_values(fitted: SubsetFits, fits: Sequence[str]) -> FloatArray:
    """Importance [fits * P]."""
    worth = np.column_stack([fit_values(fitted, fit) for fit in fits])
    return shapley_values(worth).ravel()


def importance_table(design: Design, fitted: SubsetFits, fits: Sequence[str], model: str) -> pd.DataFrame:
    """One row per measure of fit and player."""
    frames = []
    for fit in fits:
        worth = fit_values(fitted, fit)
        estimate = shapley_values(worth[:, None])[0]
        total = estimate.sum()
        frames.append(
            pd.DataFrame(
                {
                    "driver": list(design.players),
                    "fit": fit,
                    "importance": estimate,
                    "share": estimate / total if total != 0.0 else np.zeros_like(estimate),
                    "rank": (estimate[None, :] > estimate[:, None]).sum(axis=1) + 1,
                    "n": len(design.levels),
                    "model_fit": worth[-1],
                    "n_excluded": design.n_excluded,
                    "model": model,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def conditional_table(design: Design, fitted: SubsetFits, fits: Sequence[str]) -> pd.DataFrame:
    """One row per measure of fit, player and number of others."""
    names = list(design.players)
    frames = []
    for fit in fits:
        gains = conditional_dominance(fit_values(fitted, fit)[:, None])[0]
        frames.append(
            pd.DataFrame(
                {
                    "driver": np.repeat(names, len(names)),
                    "fit": fit,
                    "n_others": np.tile(np.arange(len(names)), len(names)),
                    "importance": gains.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def complete_table(design: Design, fitted: SubsetFits, fits: Sequence[str]) -> pd.DataFrame:
    """One row per measure of fit and ordered pair of players."""
    names = list(design.players)
    pairs = [(i, j) for i in range(len(names)) for j in range(len(names)) if i != j]
    frames = []
    for fit in fits:
        dominance, share = complete_dominance(fit_values(fitted, fit)[:, None])
        frames.append(
            pd.DataFrame(
                {
                    "driver": [names[i] for i, _ in pairs],
                    "other": [names[j] for _, j in pairs],
                    "fit": fit,
                    "dominance": np.array([dominance[0, i, j] for i, j in pairs], dtype=np.int64),
                    "share_greater": np.array([share[0, i, j] for i, j in pairs], dtype=np.float64),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def subsets_table(design: Design, fitted: SubsetFits, fits: Sequence[str]) -> pd.DataFrame:
    """One row per model."""
    names = list(design.players)
    members = [[name for j, name in enumerate(names) if m >> j & 1] for m in range(2 ** len(names))]
    return pd.DataFrame(
        {
            "subset": [" + ".join(inside) for inside in members],
            "n_players": [len(inside) for inside in members],
            "log_likelihood": fitted.log_likelihood,
        }
        | {fit: fit_values(fitted, fit) for fit in fits}
    )


def coefficients_table(design: Design, fitted: SubsetFits, model: str) -> pd.DataFrame:
    """Estimates of the model with all columns, on the scale of the columns."""
    # x'b of standardised columns is (x - m)'(b / s), so that thresholds move by m'(b / s).
    size = design.x.shape[1]
    change = np.eye(len(fitted.full.params))
    change[:size, :size] /= design.scales
    change[size:, :size] = design.means / design.scales
    names = [f"{low:g}|{high:g}" for low, high in zip(design.categories, design.categories[1:], strict=False)]
    if model == "logistic":
        change[size:] *= -1.0
        names = ["intercept"]
    estimate = change @ fitted.full.params
    std_error = np.sqrt(np.diag(change @ fitted.full.covariance @ change.T))
    half = stats.norm.ppf(0.975) * std_error
    return pd.DataFrame(
        {
            "term": [*design.columns, *names],
            "estimate": estimate,
            "std_error": std_error,
            "statistic": estimate / std_error,
            "p_value": 2.0 * stats.norm.sf(np.abs(estimate / std_error)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": len(design.levels),
        }
    )
