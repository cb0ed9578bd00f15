"""The E-value: how strong unmeasured confounding must be on the scale of risk ratios."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from exresearch.models.resampling import is_real

Scale = Literal["risk_ratio", "odds_ratio", "hazard_ratio", "standardised"]
SCALES = ("risk_ratio", "odds_ratio", "hazard_ratio", "standardised")

# ln RR per standard deviation of difference, for an outcome cut at its middle.
_LOG_RATIO_PER_SD = 0.91


def _risk_ratio(value: float, scale: str, rare: bool) -> float:
    if scale == "standardised":
        return float(np.exp(_LOG_RATIO_PER_SD * value))
    if rare or scale == "risk_ratio":
        return value
    if scale == "odds_ratio":
        return float(np.sqrt(value))
    return float((1.0 - 0.5 ** np.sqrt(value)) / (1.0 - 0.5 ** np.sqrt(1.0 / value)))


def _strength(ratio: float) -> float:
    away = max(ratio, 1.0 / ratio)
    return float(away + np.sqrt(away * (away - 1.0)))


def e_value(
    estimate: float,
    conf_low: float | None = None,
    conf_high: float | None = None,
    *,
    scale: Scale = "risk_ratio",
    rare: bool = False,
) -> pd.DataFrame:
    """Least association of a confounder with exposure and with outcome that could explain an estimate away.

    Use it for ratios (leaders against laggards, odds, hazards) and standardised differences; for slopes
    `robustness_value` is exact and this an approximation. Without an interval its limit is missing.

    Parameters
    ----------
    estimate, conf_low, conf_high : float
        The estimate and its interval; ratios above 0.
    scale : {'risk_ratio', 'odds_ratio', 'hazard_ratio', 'standardised'}
        'standardised' is a difference in standard deviations of the outcome between the two exposures compared, as
        a standardised slope is for one standard deviation of the exposure. Rate ratios are taken as risk ratios.
    rare : bool
        Whether the outcome is rare (under 15 %), so that odds and hazard ratios stand for risk ratios as they are.

    Returns
    -------
    DataFrame of one row
        scale; estimate, conf_low, conf_high (as given); risk_ratio, risk_ratio_low, risk_ratio_high; e_value;
        e_value_limit (of the limit nearest to no effect; 1 where the interval holds no effect); method.

    Raises
    ------
    ValueError
        A ratio of zero or below, one limit without the other, an estimate outside its interval, an unknown scale.

    Notes
    -----
    E = RR + sqrt(RR (RR - 1)), for RR < 1 of 1 / RR. Common outcomes: RR = sqrt(OR);
    RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)); RR = exp(0.91 d). In R: `EValue::evalues.RR`.

    References
    ----------
    VanderWeele & Ding (2017), Sensitivity analysis in observational research: introducing the E-value,
    doi:10.7326/M16-2607

    Examples
    --------
    >>> row = e_value(3.9, 1.8, 8.7).iloc[0]
    >>> round(float(row["e_value"]), 2), round(float(row["e_value_limit"]), 2)
    (7.26, 3.0)
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {list(SCALES)}, got {scale!r}.")
    if (conf_low is None) != (conf_high is None):
        raise ValueError("give both conf_low and conf_high, or neither.")
    given = {"estimate": estimate, "conf_low": conf_low, "conf_high": conf_high}
    for name, value in given.items():
        if value is None:
            continue
        if not is_real(value) or not np.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value!r}.")
        if scale != "standardised" and value <= 0.0:
            raise ValueError(f"{name} must be above 0 on the scale '{scale}', got {value!r}.")
    ratio = _risk_ratio(float(estimate), scale, rare)
    low = high = limit = np.nan
    if conf_low is not None and conf_high is not None:
        if not conf_low <= estimate <= conf_high:
            raise ValueError(
                f"estimate must lie between conf_low and conf_high, got {estimate!r} and [{conf_low!r}, {conf_high!r}]."
            )
        low, high = _risk_ratio(float(conf_low), scale, rare), _risk_ratio(float(conf_high), scale, rare)
        limit = 1.0 if low <= 1.0 <= high else _strength(low if low > 1.0 else high)
    outcome = (
        "" if scale in ("risk_ratio", "standardised") else ", rare outcome" if rare else ", common outcome"
    )
    return pd.DataFrame(
        {
            "scale": [scale],
            "estimate": float(estimate),
            "conf_low": np.nan if conf_low is None else float(conf_low),
            "conf_high": np.nan if conf_high is None else float(conf_high),
            "risk_ratio": ratio,
            "risk_ratio_low": low,
            "risk_ratio_high": high,
            "e_value": _strength(ratio),
            "e_value_limit": limit,
            "method": f"E-value{outcome}",
        }
    )
