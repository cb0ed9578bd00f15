"""A second opinion on direction: lagged outcome, fixed effects of units, and predictors that may answer the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.structure import robust_statistics
from exresearch.measures.structure.sem import SemFit, fit_model, sample_moments
from exresearch.models.panel.cross_lagged import ERRORS, PanelErrors, few_units, refuse
from exresearch.models.panel.diagrams import dynamic_model
from exresearch.models.panel.frame import Panel, check_units, read_panel
from exresearch.models.panel.quantities import normal_rows
from exresearch.models.resampling import NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DynamicPanel:
    """Both directions of a dynamic panel model.

    Attributes
    ----------
    table : DataFrame
        See `dynamic_panel`.
    cx_solution, ex_solution : SemFit
        The model with CX, and with EX, as outcome; variables are y1, y2, ..., x1, x2, ... and the fixed effect.
    n, n_waves, n_excluded : int
        Units used, waves, units left out; of the direction with fewer units, where these differ (under FIML a unit
        with nothing but the predictor at the last wave says nothing).
    conf_level : float
    """

    table: pd.DataFrame
    cx_solution: SemFit
    ex_solution: SemFit
    n: int
    n_waves: int
    n_excluded: int
    conf_level: float


def dynamic_panel(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    ex: str,
    cx: str,
    waves: Sequence[Any] | None = None,
    missing: Literal["listwise", "fiml"] = "listwise",
    errors: PanelErrors = "model",
    conf_level: float = 0.95,
) -> DynamicPanel:
    """Fixed-effects regression with a lagged outcome, by maximum likelihood, in both directions.

    Use it beside the RI-CLPM: it assumes less of the predictor (no model of its own) and lets the stable part of a
    unit go with everything. The regression on deviations from unit means is no substitute: with a lagged outcome and
    few waves it is biased (Nickell 1981), its autoregressive effect by about -(1 + a) / (T - 1).

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave.
    unit, wave, ex, cx : str
        Columns; `ex` and `cx` numeric.
    waves : sequence, optional
        The waves in order, evenly spaced; without it the sorted values of `wave`.
    missing : {'listwise', 'fiml'}
        Units with all waves, or all units with what they have.
    errors : {'model', 'widened', 'robust'}
        As :func:`exresearch.models.cross_lagged_panel`.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DynamicPanel
        Its `table` has term (ex_autoregressive, cx_autoregressive, ex_to_cx, cx_to_ex), scale ('raw', or
        'standardised': in standard deviations within units over all waves, taken as known), estimate, std_error,
        statistic (z), p_value, conf_low, conf_high, n (units), n_waves, n_excluded, chisq and df (of the model the
        row comes from), conf_level, method. Both directions come from models of their own, so that the covariance of
        their effects is not known; `cross_lagged_difference` has it.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; rows without unit or wave; a unit twice in a wave;
        unknown options; robust with FIML.
    NotEstimable
        Fewer than 30 units or three waves, no convergence, or effects that the data cannot tell apart.

    Notes
    -----
    y_it = m_t + a y_i,t-1 + b x_i,t-1 + f_i + e_it. f goes with y_i1 and all x; e_it with x_is for s >= t, so that x
    may answer earlier y (sequential exogeneity). The variance of f is not held above zero.

    In R: `dpm::dpm(y ~ pre(lag(x)), data)`.

    References
    ----------
    Allison, Williams & Moral-Benito (2017), Maximum likelihood for cross-lagged panel models with fixed effects,
    doi:10.1177/2378023117710578; Nickell (1981), Biases in dynamic models with fixed effects, doi:10.2307/1911408

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level, now, rows = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)), []
    >>> for wave in range(4):
    ...     rows.append(pd.DataFrame(level + now, columns=["ex", "cx"]).assign(unit=range(200), wave=wave))
    ...     now = now @ [[0.3, 0.3], [0.0, 0.3]] + rng.normal(size=(200, 2))
    >>> result = dynamic_panel(pd.concat(rows), unit="unit", wave="wave", ex="ex", cx="cx")
    >>> result.n, result.cx_solution.df
    (200, 5)
    """
    check_conf_level(conf_level)
    if missing not in ("listwise", "fiml"):
        raise ValueError(f"missing must be one of ['listwise', 'fiml'], got {missing!r}.")
    if errors not in ERRORS:
        raise ValueError(f"errors must be one of {list(ERRORS)}, got {errors!r}.")
    if missing == "fiml" and errors == "robust":
        raise ValueError(
            "errors 'robust' need complete units: set missing to 'listwise', or errors to 'model'."
        )
    panel = read_panel(data, unit=unit, wave=wave, ex=ex, cx=cx, waves=waves, least=3)
    complete = np.asarray(np.isfinite(np.hstack([panel.ex, panel.cx])).all(axis=1), dtype=np.bool_)
    if missing == "listwise":
        panel = Panel(panel.ex[complete], panel.cx[complete], panel.waves)
        check_units(len(panel.ex), "with both values in all waves")
    outside = len(complete) - len(panel.ex)
    scale_ex, scale_cx = _within_sd(panel.ex), _within_sd(panel.cx)
    cx_solution, cx_spread = _solve(panel.cx, panel.ex, missing=missing, errors=errors)
    ex_solution, ex_spread = _solve(panel.ex, panel.cx, missing=missing, errors=errors)
    frames = []
    for scale, ratio in (("raw", 1.0), ("standardised", scale_ex / scale_cx)):
        own_ex, other_ex = _paths(ex_solution, ex_spread, scale=1.0 / ratio)
        own_cx, other_cx = _paths(cx_solution, cx_spread, scale=ratio)
        pairs = np.array([own_ex, own_cx, other_cx, other_ex])
        rows = normal_rows(pairs[:, 0], pairs[:, 1], conf_level)
        rows.insert(0, "scale", scale)
        rows.insert(0, "term", ["ex_autoregressive", "cx_autoregressive", "ex_to_cx", "cx_to_ex"])
        frames.append(rows)
    fits = [ex_solution, cx_solution, cx_solution, ex_solution] * 2
    table = pd.concat(frames, ignore_index=True).assign(
        n=[fit.moments.n for fit in fits],
        n_waves=len(panel.waves),
        n_excluded=[outside + fit.moments.n_excluded for fit in fits],
        chisq=[float(fit.chisq) for fit in fits],
        df=[fit.df for fit in fits],
        conf_level=conf_level,
        method=f"dynamic panel with fixed effects by maximum likelihood, {missing}, {ERRORS[errors]}",
    )
    return DynamicPanel(
        table=table,
        cx_solution=cx_solution,
        ex_solution=ex_solution,
        n=min(fit.moments.n for fit in fits),
        n_waves=len(panel.waves),
        n_excluded=max(outside + fit.moments.n_excluded for fit in fits),
        conf_level=conf_level,
    )


def _within_sd(values: FloatArray) -> float:
    """Standard deviation within units over waves, pooled over units."""
    seen = ~np.isnan(values)
    counts = seen.sum(axis=1)
    filled = np.where(seen, values, 0.0)
    means = filled.sum(axis=1) / np.maximum(counts, 1)
    squares = float((np.where(seen, values - means[:, None], 0.0) ** 2).sum())
    return float(np.sqrt(squares / max(int((counts - 1).clip(min=0).sum()), 1)))


def _solve(
    outcome: FloatArray, predictor: FloatArray, *, missing: str, errors: str
) -> tuple[SemFit, FloatArray]:
    n_waves = outcome.shape[1]
    model = dynamic_model(n_waves)
    wide = pd.DataFrame(
        {
            **{f"y{t + 1}": outcome[:, t] for t in range(n_waves)},
            **{f"x{t + 1}": predictor[:, t] for t in range(n_waves - 1)},
        }
    )
    moments = sample_moments(wide, columns=model.observed, missing=missing, robust=errors == "robust")
    check_units(moments.n, "with a value")
    solution = fit_model(model, moments)
    refuse(solution)
    pairs = zip(model.parameters, solution.row_values, strict=True)
    if any(p.op == "~~" and p.lhs == p.rhs and p.lhs.startswith("y") and value <= 0.0 for p, value in pairs):
        raise NotEstimable(
            "a variance within units is estimated at zero or below: the waves are too few, or the units change too "
            "little, for this model."
        )
    spread = robust_statistics(solution).covariance if errors == "robust" else solution.covariance
    if errors == "widened":
        spread = spread * few_units(solution.moments.n, outcome.shape[1])
    return solution, spread


def _paths(
    solution: SemFit, spread: FloatArray, *, scale: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Autoregressive and cross-lagged effect with their standard errors; the latter times `scale`."""
    free = dict(zip((p.label for p in solution.model.parameters), solution.model.free_index, strict=True))
    own, other = free["autoregressive"], free["cross_lagged"]
    return (
        (float(solution.theta[own]), float(np.sqrt(spread[own, own]))),
        (float(solution.theta[other]) * scale, float(np.sqrt(spread[other, other])) * scale),
    )
