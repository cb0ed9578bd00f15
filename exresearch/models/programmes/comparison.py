"""Two-way fixed effects, for comparison only, with what it compares that it should not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.programmes.panel import Ends, ProgrammePanel, read_panel
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoWayComparison:
    """The coefficient of a two-way fixed effects regression and what it is made of.

    Attributes
    ----------
    table : DataFrame
        One row, term two_way_fixed_effects, in the estimate schema: estimate, std_error (clustered, CR1), statistic,
        p_value, conf_low, conf_high, n (rows), conf_level, df (clusters less 1).
    negative_weight_share : float
        Share of the treated unit-waves whose effect counts with a negative weight.
    negative_weight_sum : float
        Sum of these weights; all weights sum to 1.
    forbidden_share : float
        Weight of the comparisons of later starters with units that had started already; NaN for panels that are not
        balanced and for weighted ones, to which the decomposition does not apply.
    comparisons : DataFrame
        start, compared_with (a start, or None for units that never start), forbidden, weight, estimate: the coefficient
        is the sum of weight x estimate. Empty where forbidden_share is NaN.
    """

    table: pd.DataFrame
    negative_weight_share: float
    negative_weight_sum: float
    forbidden_share: float
    comparisons: pd.DataFrame


def _residuals(values: FloatArray, there: NDArray[np.bool_], weights: FloatArray) -> FloatArray:
    """Values [U, T] less weighted effects of units and waves, zero where not measured."""
    w = there * weights[:, None]
    total = np.maximum(w.sum(axis=1, keepdims=True), np.finfo(float).tiny)

    def demeaned(array: FloatArray) -> FloatArray:
        return np.asarray((array - (w * array).sum(axis=1, keepdims=True) / total) * there)

    within = demeaned(np.where(there, values, 0.0))
    waves = np.stack([demeaned(np.where(there, column, 0.0)) for column in np.eye(there.shape[1])], axis=-1)
    root = np.sqrt(w)[there]
    slopes = np.linalg.lstsq(waves[there] * root[:, None], within[there] * root, rcond=None)[0]
    return np.asarray((within - waves @ slopes) * there)


def two_way_fixed_effects(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    outcome: str,
    start: str | None = None,
    flag: str | None = None,
    waves: Sequence[Any] | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    ends: Ends = "refuse",
    conf_level: float = 0.95,
) -> TwoWayComparison:
    """Regression of the outcome on being treated with effects of units and waves: never the answer, only beside it.

    Use it to show why `staggered_effects` differs from what others report. With staggered starts and effects that
    grow, units that started already serve as controls, their growth is taken off, and an effect can come out with the
    wrong sign.

    Parameters
    ----------
    data, unit, wave, outcome, start, flag, waves, weights, cluster, ends, conf_level
        As in `staggered_effects`; units treated from the first wave on are left out here too.

    Returns
    -------
    TwoWayComparison

    Raises
    ------
    ValueError
        As in `staggered_effects`.
    NotEstimable
        Fewer than 10 clusters, or being treated does not vary within units and waves.

    Notes
    -----
    Weights of the effects: w D~ D / sum(w D~ D), D~ the residual of treatment D on units and waves: de Chaisemartin &
    D'Haultfoeuille (2020), doi:10.1257/aer.20181169. Comparisons: each pair of starts in the window where only one of
    them changes, with weight proportional to its rows times the sum of squares of D~ within it: Goodman-Bacon (2021),
    doi:10.1016/j.jeconom.2021.03.014. In R: `bacondecomp::bacon`.

    Examples
    --------
    >>> panel = pd.DataFrame({"unit": np.repeat(range(12), 6), "wave": list(range(6)) * 12})
    >>> panel["start"] = np.repeat([1.0, 4.0], 36)
    >>> treated = panel["wave"] - panel["start"] + 1
    >>> panel["ex"] = treated.clip(lower=0) ** 2 + panel["unit"] % 3 * panel["wave"] / 10
    >>> found = two_way_fixed_effects(panel, unit="unit", wave="wave", outcome="ex", start="start")
    >>> found.table["estimate"].round(2).tolist(), round(found.forbidden_share, 2)
    ([-7.33], 0.67)
    """
    check_conf_level(conf_level)
    panel = read_panel(
        data,
        unit=unit,
        wave=wave,
        outcome=outcome,
        start=start,
        flag=flag,
        waves=waves,
        weights=weights,
        covariates=(),
        cluster=cluster,
        ends=ends,
    )
    labels, codes = np.unique(panel.clusters, return_inverse=True)
    if len(labels) < MIN_UNITS:
        raise NotEstimable(
            f"two-way fixed effects need at least {MIN_UNITS} independent units, got {len(labels)}."
        )
    there = ~np.isnan(panel.outcome)
    on = (np.arange(panel.n_waves) >= panel.start[:, None]).astype(np.float64)
    treatment = _residuals(on, there, panel.weights)
    weighted = treatment * panel.weights[:, None]
    size = float((weighted * treatment).sum())
    if size <= 1e-10 * float(panel.weights @ there.sum(axis=1)):
        raise NotEstimable(
            "being treated does not vary within units and waves, so there is nothing to compare."
        )
    residual = _residuals(panel.outcome, there, panel.weights)
    estimate = float((weighted * residual).sum() / size)
    scores = np.bincount(codes, weights=(weighted * (residual - estimate * treatment)).sum(axis=1))
    n = int(there.sum())
    # As fixest and pyfixest: effects of units lie within the clusters and are not counted.
    used = 1 + panel.n_waves
    correction = len(labels) / (len(labels) - 1.0) * (n - 1.0) / (n - used)
    error = float(np.sqrt(correction * (scores**2).sum())) / size
    df = len(labels) - 1
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * error
    effect_weights = (weighted * on)[there & (on > 0.0)]
    effect_weights = effect_weights / effect_weights.sum()
    comparisons = _decomposition(panel) if there.all() and weights is None else _decomposition(None)
    table = pd.DataFrame(
        {
            "term": ["two_way_fixed_effects"],
            "estimate": estimate,
            "std_error": error,
            "statistic": estimate / error if error > 0.0 else np.nan,
            "p_value": float(2.0 * stdtr(df, -abs(estimate / error))) if error > 0.0 else np.nan,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": n,
            "conf_level": conf_level,
            "df": df,
        }
    )
    forbidden = comparisons.loc[comparisons["forbidden"].astype(bool), "weight"]
    return TwoWayComparison(
        table=table,
        negative_weight_share=float((effect_weights < 0.0).mean()),
        negative_weight_sum=float(effect_weights[effect_weights < 0.0].sum()),
        forbidden_share=float(forbidden.sum()) if len(comparisons) else float("nan"),
        comparisons=comparisons,
    )


def _decomposition(panel: ProgrammePanel | None) -> pd.DataFrame:
    """The pairs of starts of a balanced panel, each with its weight and its estimate."""
    rows: list[dict[str, object]] = []
    starts = [] if panel is None else sorted(set(panel.start.tolist()))
    for early in starts:
        for late in starts:
            if panel is None or early >= late:
                continue
            never = late >= panel.n_waves
            # Before the later start the later are controls; after the earlier one the earlier are, by mistake.
            windows = [(early, late, 0, panel.n_waves if never else late, False)]
            if not never:
                windows.append((late, early, early, panel.n_waves, True))
            for changing, other, first, last, forbidden in windows:
                members = np.isin(panel.start, (early, late))
                values = panel.outcome[members, first:last]
                on = (np.arange(first, last) >= panel.start[members][:, None]).astype(np.float64)
                on[panel.start[members] == other] = 0.0
                there = np.ones(values.shape, dtype=bool)
                ones = np.ones(len(values))
                treatment = _residuals(on, there, ones)
                squares = float((treatment**2).sum())
                rows.append(
                    {
                        "start": panel.waves[changing],
                        "compared_with": panel.waves[other] if other < panel.n_waves else None,
                        "forbidden": forbidden,
                        "weight": values.size * squares,
                        "estimate": float((treatment * values).sum()) / squares,
                    }
                )
    table = pd.DataFrame(rows, columns=["start", "compared_with", "forbidden", "weight", "estimate"])
    table["weight"] = table["weight"] / table["weight"].sum()
    return table
