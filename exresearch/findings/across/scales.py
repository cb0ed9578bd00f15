"""The scale on which estimates of a unit of measurement are pooled, and their standard errors there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtri

Scale = Literal["linear", "log", "logit", "fisher"]
_SCALES: dict[str, Scale] = {
    "ratio": "log",
    "odds_ratio": "log",
    "hazard_ratio": "log",
    "rate_ratio": "log",
    "share": "logit",
    "correlation": "fisher",
}


@dataclass(frozen=True, slots=True)
class OnScale:
    """An estimate as it is pooled.

    Attributes
    ----------
    estimate, std_error : float
        On the scale of pooling.
    from_interval : bool
        Whether the standard error was derived from the interval, because none was recorded.
    """

    estimate: float
    std_error: float
    from_interval: bool


class NotOnScale(ValueError):
    """An estimate that has no place, or no standard error, on the scale of pooling."""


def scale_of(unit: str) -> Scale:
    """Return the scale on which a unit of measurement is pooled: ratios as logarithms, shares as logits, correlations
    as Fisher's z, all others as they are.
    """  # noqa: D205
    return _SCALES.get(unit, "linear")


def to_scale(
    unit: str,
    estimate: float,
    *,
    conf_low: float,
    conf_high: float,
    conf_level: float,
    std_error: float | None,
) -> OnScale:
    """Bring an estimate to the scale of pooling.

    Parameters
    ----------
    unit : str
        A unit of measurement of findings.
    estimate, conf_low, conf_high, conf_level : float
        As recorded.
    std_error : float or None
        As recorded, in the unit itself: divided by the slope of the scale (delta method). None: half the interval on
        the scale of pooling over the normal quantile, a little too large where the interval was by Student's t.

    Returns
    -------
    OnScale

    Raises
    ------
    NotOnScale
        An estimate or limit at the end of its range, or a standard error of zero.

    Examples
    --------
    >>> to_scale("ratio", 2.0, conf_low=1.0, conf_high=4.0, conf_level=0.95, std_error=0.7).std_error
    0.35
    >>> to_scale("ratio", 2.0, conf_low=1.0, conf_high=4.0, conf_level=0.95, std_error=None).from_interval
    True
    """
    forward, slope = _FORWARD[scale_of(unit)]
    try:
        value = forward(estimate)
        if std_error is not None:
            error, derived = std_error * slope(estimate), False
        else:
            reach = forward(conf_high) - forward(conf_low)
            error, derived = reach / 2.0 / float(ndtri((1.0 + conf_level) / 2.0)), True
    except (ValueError, ZeroDivisionError):
        raise NotOnScale(f"a {unit} of {estimate} has no place on the scale of pooling.") from None
    if not (math.isfinite(value) and math.isfinite(error) and error > 0.0):
        raise NotOnScale(f"a {unit} of {estimate} has no standard error on the scale of pooling.")
    return OnScale(value, error, derived)


def from_scale(unit: str, value: float) -> float:
    """Bring a value back from the scale of pooling to its unit of measurement."""
    scale = scale_of(unit)
    if scale == "log":
        return math.exp(value) if value < 700.0 else math.inf
    if scale == "logit":
        return 1.0 / (1.0 + math.exp(-value)) if value > -700.0 else 0.0
    return math.tanh(value) if scale == "fisher" else value


_FORWARD: dict[Scale, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "linear": (lambda value: value, lambda value: 1.0),
    "log": (math.log, lambda value: 1.0 / value),
    "logit": (lambda value: math.log(value / (1.0 - value)), lambda value: 1.0 / (value * (1.0 - value))),
    "fisher": (math.atanh, lambda value: 1.0 / (1.0 - value * value)),
}
