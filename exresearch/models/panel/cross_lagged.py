"""Cross-lagged panel models: does one precede the other, between and within units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.structure import FitMeasures, fit_measures, robust_statistics
from exresearch.measures.structure.sem import REASONS, SemFit, fit_model, sample_moments
from exresearch.measures.structure.sem.matrices import compile_model, implied
from exresearch.models.panel.diagrams import EFFECTS, cross_lagged_model, observed_names
from exresearch.models.panel.frame import Panel, check_units, read_panel
from exresearch.models.panel.quantities import correlation_rows, delta, effect_rows, effects_and_correlations
from exresearch.models.resampling import NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]

_LABELS = {"clpm": "cross-lagged panel model", "ri_clpm": "random-intercept cross-lagged panel model"}
PanelErrors = Literal["model", "widened", "robust"]
ERRORS: dict[str, str] = {
    "model": "normal-theory errors",
    "widened": "normal-theory errors widened for few units",
    "robust": "sandwich errors",
}


@dataclass(frozen=True, slots=True, eq=False)
class CrossLaggedPanel:
    """A fitted cross-lagged panel model.

    Attributes
    ----------
    table : DataFrame
        Effects of one wave on the next, see `cross_lagged_panel`.
    correlations : DataFrame
        Same-wave correlations in the same schema: between_correlation (of the random intercepts; absent from CLPM
        and where the between-unit part is improper), within_correlation (mean over waves; in CLPM of the values
        themselves) and shock_correlation (of the residuals, mean over the waves after the first).
    effects : Series [4]
        Standardised effects, mean over lags, by term.
    covariance : DataFrame [4, 4]
        Of these.
    raw, raw_covariance : Series [4], DataFrame [4, 4]
        The same for the effects in the unit of the data.
    fit : FitMeasures
        Chi-square, df, p_value, CFI, TLI, RMSEA, SRMR and others.
    solution : SemFit
        Every parameter: ``solution.estimates()``; variables are ex1, cx1, ..., w_ex1, w_cx1, ..., ri_ex and ri_cx.
    model : str
        'clpm' or 'ri_clpm'.
    constrained : bool
        Whether effects are equal over lags.
    n, n_waves, n_excluded : int
        Units used, waves, units left out.
    converged : bool
        Always true: what does not converge is `NotEstimable`.
    reason : str
        Why the between-unit part asks for care (a random intercept with a variance below zero, or intercepts that
        correlate beyond 1); else empty. The effects within units stand.
    errors : str
        'model', 'widened' or 'robust'.
    conf_level : float
    method : str
    """

    table: pd.DataFrame
    correlations: pd.DataFrame
    effects: pd.Series
    covariance: pd.DataFrame
    raw: pd.Series
    raw_covariance: pd.DataFrame
    fit: FitMeasures
    solution: SemFit
    model: str
    constrained: bool
    n: int
    n_waves: int
    n_excluded: int
    converged: bool
    reason: str
    errors: str
    conf_level: float
    method: str


def cross_lagged_panel(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    ex: str,
    cx: str,
    waves: Sequence[Any] | None = None,
    model: Literal["clpm", "ri_clpm"] = "ri_clpm",
    constrained: bool = True,
    missing: Literal["listwise", "fiml"] = "listwise",
    errors: PanelErrors = "model",
    known_errors: Mapping[str, FloatArray] | None = None,
    conf_level: float = 0.95,
) -> CrossLaggedPanel:
    """Effects of employee experience on customer experience a wave later, and the other way round.

    Use `ri_clpm` for "does a unit that is above its own level get customers above theirs a wave later"; it needs three
    waves. `clpm` mixes what units are with what they do: stable differences between units show up in it as effects
    over time. It is there to be shown beside the other, and for two waves.

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave.
    unit, wave, ex, cx : str
        Columns; `ex` and `cx` numeric.
    waves : sequence, optional
        The waves in order, evenly spaced; without it the sorted values of `wave`.
    model : {'ri_clpm', 'clpm'}
        With or without random intercepts.
    constrained : bool
        Effects equal over lags (in the unit of the data). Variances and covariances stay free.
    missing : {'listwise', 'fiml'}
        Units with all waves, or all units with what they have (missing at random).
    errors : {'model', 'widened', 'robust'}
        Normal theory (lavaan's); the same widened for few units, see the notes; or the sandwich, which needs complete
        units and also scales chi-square.
    known_errors : mapping of 'ex', 'cx' to numpy.ndarray [waves, waves], optional
        Covariances between waves of the errors of measurement, in the squared unit of the data, taken as known: of unit
        means, their sampling errors (:func:`exresearch.measures.unit_mean_errors`). The effects are then those of what
        is measured without error, within units; they need random intercepts.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    CrossLaggedPanel
        Its `table` has term (ex_autoregressive, cx_autoregressive, ex_to_cx, cx_to_ex), scale ('raw' or
        'standardised'), wave_from and wave_to ('all' for the mean over lags; rows per lag are there where effects
        are free), estimate, std_error, statistic (z), p_value, conf_low, conf_high, n (units), n_waves, n_excluded,
        conf_level, method. Standardised: in standard deviations within units (of the values themselves in `clpm`)
        at the two waves, mean over lags, with errors by the delta method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; rows without unit or wave; a unit twice in a wave;
        unknown options; robust with FIML; known errors that are not one matrix over the waves, or without random
        intercepts.
    NotEstimable
        Fewer than 30 units or too few waves (three with random intercepts, else two), no convergence, effects that
        the data cannot tell apart, a variance below zero within units.

    Notes
    -----
    RI-CLPM: x_it = m_t + B_i + w_it, with w_it = A w_i,t-1 + e_it; B and w_i1 uncorrelated. Maximum likelihood.
    Widened errors are those of normal theory times the root of n / (n - p - 4), with n units of p = 2 T values each:
    the inverse of a covariance matrix of p variables exaggerates what n units tell by n / (n - p - 2) on average (the
    mean of an inverse Wishart matrix; Muirhead 1982, section 3.2.3), and Student's t on n - p - 2 has the rest of the
    variance. In docs/direction.md the intervals of 60 to 150 units hold the truth with it; without it they miss up to
    twice as often as they should.
    A negative variance of a random intercept is kept (the effects are then those of an unconstrained covariance
    structure) and named in `reason`.

    In R: `lavaan::sem` with the syntax of Mulder & Hamaker (2021).

    References
    ----------
    Hamaker, Kuiper & Grasman (2015), A critique of the cross-lagged panel model, doi:10.1037/a0038889; Mulder &
    Hamaker (2021), Three extensions of the random intercept cross-lagged panel model,
    doi:10.1080/10705511.2020.1784738

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level, now, rows = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)), []
    >>> for wave in range(4):
    ...     rows.append(pd.DataFrame(level + now, columns=["ex", "cx"]).assign(unit=range(200), wave=wave))
    ...     now = now @ [[0.3, 0.3], [0.0, 0.3]] + rng.normal(size=(200, 2))
    >>> result = cross_lagged_panel(pd.concat(rows), unit="unit", wave="wave", ex="ex", cx="cx")
    >>> result.n, result.n_waves, result.fit.df
    (200, 4, 17)
    """
    check_conf_level(conf_level)
    for argument, value, legal in (
        ("model", model, list(_LABELS)),
        ("missing", missing, ["listwise", "fiml"]),
        ("errors", errors, list(ERRORS)),
    ):
        if value not in legal:
            raise ValueError(f"{argument} must be one of {legal}, got {value!r}.")
    if missing == "fiml" and errors == "robust":
        raise ValueError(
            "errors 'robust' need complete units: set missing to 'listwise', or errors to 'model'."
        )
    random = model == "ri_clpm"
    panel = read_panel(data, unit=unit, wave=wave, ex=ex, cx=cx, waves=waves, least=3 if random else 2)
    known = _known(known_errors, n_waves=len(panel.waves), random=random)
    solution, excluded = _solve(
        panel, random=random, constrained=constrained, missing=missing, errors=errors, known=known
    )
    robust = robust_statistics(solution) if errors == "robust" else None
    n_waves = len(panel.waves)
    spread = solution.covariance if robust is None else robust.covariance
    if errors == "widened":
        spread = spread * few_units(solution.moments.n, n_waves)
    reason = _between_reason(solution, n_waves) if random else ""
    label = f"{_LABELS[model]}, {'equal' if constrained else 'free'} lags, {missing}, {ERRORS[errors]}"
    label += f", known errors of {' and '.join(known)}" if known else ""
    tail: dict[str, Any] = {
        "n": solution.moments.n,
        "n_waves": n_waves,
        "n_excluded": excluded,
        "conf_level": conf_level,
        "method": label,
    }
    values, matrix = delta(
        lambda theta: effects_and_correlations(solution, theta, n_waves, random=random, between=not reason),
        solution,
        spread,
        at_once=True,
    )
    first = slice(2 * len(EFFECTS) * (n_waves - 1))
    per_lag = values[first], matrix[first, first]
    table, kept = effect_rows(*per_lag, panel.waves, constrained=constrained, conf_level=conf_level)
    values, matrix = values[first.stop :], matrix[first.stop :, first.stop :]
    names = ["within_correlation", "shock_correlation"]
    names = ["between_correlation", *names] if random and not reason else names
    terms = [term for term, _, _ in EFFECTS]
    return CrossLaggedPanel(
        table=table.assign(**tail),
        correlations=correlation_rows(names, values, matrix, conf_level).assign(**tail),
        effects=pd.Series(kept["standardised"][0], index=terms),
        covariance=pd.DataFrame(kept["standardised"][1], index=terms, columns=terms),
        raw=pd.Series(kept["raw"][0], index=terms),
        raw_covariance=pd.DataFrame(kept["raw"][1], index=terms, columns=terms),
        fit=fit_measures(solution, robust=robust),
        solution=solution,
        model=model,
        constrained=constrained,
        n=solution.moments.n,
        n_waves=n_waves,
        n_excluded=excluded,
        converged=True,
        reason=reason,
        errors=errors,
        conf_level=conf_level,
        method=label,
    )


def few_units(n: int, n_waves: int) -> float:
    """Factor of the variance of effects, for n units; see the notes of `cross_lagged_panel`."""
    left = n - 2 * n_waves - 4
    if left < 1:
        raise NotEstimable(f"effects over {n_waves} waves need at least {2 * n_waves + 5} units, got {n}.")
    return n / left


def _known(errors: Mapping[str, FloatArray] | None, *, n_waves: int, random: bool) -> dict[str, FloatArray]:
    """Check the known errors; those of a side that has none are left out."""
    if not errors:
        return {}
    if not random:
        raise ValueError("known_errors need random intercepts: set model to 'ri_clpm'.")
    unknown = sorted(set(errors) - {"ex", "cx"})
    if unknown:
        raise ValueError(f"known_errors are given for 'ex' and 'cx', got {unknown}.")
    found = {name: np.asarray(errors[name], dtype=np.float64) for name in ("ex", "cx") if name in errors}
    for name, matrix in found.items():
        if matrix.shape != (n_waves, n_waves) or not np.isfinite(matrix).all() or (matrix != matrix.T).any():
            raise ValueError(
                f"known_errors of '{name}' must be a symmetric matrix of {n_waves} by {n_waves} finite numbers, one "
                f"row per wave; got the shape {matrix.shape}."
            )
    return found


def _solve(
    panel: Panel,
    *,
    random: bool,
    constrained: bool,
    missing: str,
    errors: str,
    known: Mapping[str, FloatArray],
) -> tuple[SemFit, int]:
    n_waves = len(panel.waves)
    names = observed_names(n_waves)
    wide = pd.DataFrame(np.hstack([panel.ex, panel.cx]), columns=list(names))
    moments = sample_moments(wide, columns=names, missing=missing, robust=errors == "robust")
    check_units(moments.n, "with both values in all waves" if missing == "listwise" else "with a value")
    model = cross_lagged_model(n_waves, random_intercepts=random, constrained=constrained, known_errors=known)
    solution = fit_model(model, moments)
    refuse(solution)
    head = len(names) + 2 if random else 0
    for group in compile_model(solution.model):
        own = group.covariances.copy()
        chosen = (group.kind == 1) & (group.row == group.column)
        own[group.row[chosen], group.row[chosen]] = solution.theta[group.free[chosen]]
        total = implied(group, solution.theta, len(names)).total
        part = total[head : head + len(names), head : head + len(names)]
        if (np.diag(own)[head : head + len(names)] <= 0.0).any() or np.linalg.eigvalsh(part)[0] <= 0.0:
            raise NotEstimable(
                "a variance within units is estimated at zero or below: the waves are too few, or the units "
                "change too little, for this model."
            )
    return solution, moments.n_excluded


def refuse(solution: SemFit) -> None:
    """Raise NotEstimable where the engine has no numbers."""
    if solution.estimated:
        return
    waves = len(solution.model.observed)
    reasons = {
        REASONS[
            "too_few_rows"
        ]: f"there are not more units than the {waves} values of a unit over the waves.",
        REASONS["not_positive_definite"]: (
            "a wave has a value that does not vary between units, or that follows from the others."
        ),
        REASONS["too_many_parameters"]: "the model has more parameters than so few waves have moments.",
        REASONS["not_converged"]: "the estimation did not converge: these waves cannot carry the model.",
        REASONS["not_identified"]: "the data cannot tell some parameters of the model apart.",
    }
    raise NotEstimable(reasons.get(solution.reason, solution.reason))


def _between_reason(solution: SemFit, n_waves: int) -> str:
    total = solution.implied()[0].total
    block = total[2 * n_waves : 2 * n_waves + 2, 2 * n_waves : 2 * n_waves + 2]
    if (np.diag(block) <= 0.0).any():
        return "the variance of a random intercept is estimated at zero or below"
    if block[0, 1] ** 2 >= block[0, 0] * block[1, 1]:
        return "the random intercepts are estimated to correlate at 1 or beyond"
    return ""
