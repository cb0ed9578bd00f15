"""How strong a cause that nobody measured must be to undo an association, beside the strongest that was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.findings.finding import MeasurementUnit
from exresearch.findings.note import Note
from exresearch.models import NotEstimable
from exresearch.models.regression import LinearFit
from exresearch.models.sensitivity import confounder_bounds, e_value, robustness_value
from exresearch.models.sensitivity.evalue import Scale

#: Units of measurement of ratios, with the scale of their E-value. Rate ratios are taken as risk ratios.
_SCALES: dict[str, Scale] = {
    "ratio": "risk_ratio",
    "odds_ratio": "odds_ratio",
    "hazard_ratio": "hazard_ratio",
    "rate_ratio": "risk_ratio",
}
_COLUMNS = (
    "label",
    "unit_of_measurement",
    "estimate",
    "conf_low",
    "conf_high",
    "conf_level",
    "n",
    "partial_r2",
    "robustness_value",
    "robustness_value_alpha",
    "e_value",
    "e_value_limit",
    "yardstick",
    "yardstick_exposure",
    "yardstick_outcome",
    "left_over",
    "left_low",
    "left_high",
    "reason",
)


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """A coefficient of a fit, with the covariates that can be its yardstick.

    Attributes
    ----------
    label : Note or mapping
        What it is, for the reader.
    fit : LinearFit
        From :func:`exresearch.models.regression.linear_regression`.
    term : str
        The exposure.
    benchmarks : mapping of str to (label, columns)
        Measured covariates of the fit, the dummies of a category together; none where there are none.
    per_sd : float, optional
        What turns the coefficient into standard deviations of the outcome per standard deviation of the exposure (1
        for a standardised fit); without it there is no E-value.
    unit_of_measurement : str
        ``slope``, or ``standardised``.
    n : int, optional
        Answers behind it; the rows of the fit by default.
    """

    label: Note | Mapping[str, str]
    fit: LinearFit
    term: str
    benchmarks: Mapping[str, tuple[Note | Mapping[str, str], Sequence[str]]] = field(default_factory=dict)
    per_sd: float | None = None
    unit_of_measurement: MeasurementUnit = "slope"
    n: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A ratio of shares, odds, hazards or rates, for which the E-value is made.

    Attributes
    ----------
    label : Note or mapping
        What it is, for the reader.
    estimate, conf_low, conf_high, conf_level : float
        As recorded.
    n : int
        Answers behind it.
    unit_of_measurement : str
        ``ratio``, ``odds_ratio``, ``hazard_ratio`` or ``rate_ratio``.
    rare : bool
        Whether the outcome happens to fewer than 15 in 100.
    """

    label: Note | Mapping[str, str]
    estimate: float
    conf_low: float
    conf_high: float
    conf_level: float
    n: int
    unit_of_measurement: MeasurementUnit = "ratio"
    rare: bool = False


def unmeasured_rows(associations: Sequence[Slope | Ratio], *, alpha: float | None = None) -> pd.DataFrame:
    """Say of each association how strong an unmeasured common cause must be to take it away.

    Parameters
    ----------
    associations : sequence of Slope or Ratio
        One per row.
    alpha : float, optional
        Two-sided level at which the interval is to reach zero; that of the fit's interval by default.

    Returns
    -------
    pandas.DataFrame
        ``label, unit_of_measurement, estimate, conf_low, conf_high, conf_level, n``; ``partial_r2`` (of the exposure
        with the outcome), ``robustness_value`` and ``robustness_value_alpha`` (share of what is left of both sides that
        a cause must explain to bring the estimate, or a limit of its interval, to zero); ``e_value`` and
        ``e_value_limit`` (the same as a ratio of risks); ``yardstick`` (label of the measured covariate of which
        another one as strong would take most away), ``yardstick_exposure`` and ``yardstick_outcome`` (shares that such
        another would explain), ``left_over, left_low, left_high`` (the estimate after it); ``reason`` (Note where
        robustness values cannot be made). What does not exist for a row is missing.

    Raises
    ------
    ValueError
        As :func:`exresearch.models.sensitivity.robustness_value`, ``confounder_bounds`` and ``e_value``.

    Examples
    --------
    >>> shares = Ratio(Note(message="Ratio"), 1.5, 1.2, 1.9, 0.95, 400)
    >>> row = unmeasured_rows([shares]).iloc[0]
    >>> round(float(row["e_value"]), 2), round(float(row["e_value_limit"]), 2)
    (2.37, 1.69)
    """
    rows = [_of_slope(one, alpha=alpha) if isinstance(one, Slope) else _of_ratio(one) for one in associations]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _of_ratio(one: Ratio) -> dict[str, object]:
    scale = _SCALES.get(one.unit_of_measurement)
    if scale is None:
        raise ValueError(
            f"unit_of_measurement must be one of {sorted(_SCALES)} for a ratio, got {one.unit_of_measurement!r}."
        )
    strength = e_value(one.estimate, one.conf_low, one.conf_high, scale=scale, rare=one.rare).iloc[0]
    given = ("label", "unit_of_measurement", "estimate", "conf_low", "conf_high", "conf_level", "n")
    return {name: getattr(one, name) for name in given} | {
        "e_value": float(strength["e_value"]),
        "e_value_limit": float(strength["e_value_limit"]),
    }


def _of_slope(one: Slope, *, alpha: float | None) -> dict[str, object]:
    table = one.fit.table
    found = table[table["term"] == one.term]
    row: dict[str, object] = {"label": one.label, "unit_of_measurement": one.unit_of_measurement}
    if len(found) == 1:
        row |= {
            name: float(found[name].iloc[0]) for name in ("estimate", "conf_low", "conf_high", "conf_level")
        }
    row["n"] = one.fit.n if one.n is None else one.n
    level = 1.0 - one.fit.conf_level if alpha is None else alpha
    try:
        value = robustness_value(one.fit, term=one.term, alpha=level).iloc[0]
    except NotEstimable:
        reason = Note(message="There are too few units for one more cause beside those measured.")
        return row | {"reason": reason}
    for name in ("partial_r2", "robustness_value", "robustness_value_alpha"):
        row[name] = float(value[name])
    if one.per_sd is not None:
        limits = [float(value[name]) * one.per_sd for name in ("estimate", "conf_low", "conf_high")]
        strength = e_value(limits[0], *limits[1:], scale="standardised").iloc[0]
        row |= {name: float(strength[name]) for name in ("e_value", "e_value_limit")}
    return row | _yardstick(one)


def _yardstick(one: Slope) -> dict[str, object]:
    """The measured covariate whose equal, left out, would have moved the estimate most towards zero."""
    if not one.benchmarks:
        return {}
    columns = {name: list(members) for name, (_, members) in one.benchmarks.items()}
    bounds = confounder_bounds(one.fit, term=one.term, benchmarks=columns, strengths=(1.0,))
    possible = bounds[bounds["estimate"].notna()]
    if possible.empty:
        return {}
    side = float(np.sign(float(one.fit.coefficients[one.term])))
    strongest = possible.iloc[int(np.argmin(possible["estimate"].to_numpy() * side))]
    return {
        "yardstick": one.benchmarks[str(strongest["benchmark"])][0],
        "yardstick_exposure": float(strongest["r2_exposure"]),
        "yardstick_outcome": float(strongest["r2_outcome"]),
        "left_over": float(strongest["estimate"]),
        "left_low": float(strongest["conf_low"]),
        "left_high": float(strongest["conf_high"]),
    }
