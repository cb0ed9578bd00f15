"""What follows from the two cross-lagged effects together: their difference, and what comes back of a shock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, roots_legendre

from exresearch.models.panel.cross_lagged import CrossLaggedPanel, few_units
from exresearch.models.panel.quantities import normal_rows
from exresearch.models.resampling import check_conf_level

FloatArray = NDArray[np.float64]

_PATHS = ["ex_to_cx", "cx_to_ex"]
# Beyond this many standard errors nothing is left; panels of nodes between them.
_REACH, _PANELS = 9.0, 48
_NODES, _WEIGHTS = roots_legendre(12)
# Where the limit is near 0 the integrand turns near X = 0 on the scale of the limit.
_NEAR = np.concatenate([-np.geomspace(1e-8, 1.0, 17), np.geomspace(1e-8, 1.0, 17)])


def cross_lagged_difference(panel: CrossLaggedPanel, *, conf_level: float | None = None) -> pd.DataFrame:
    """Effect of EX on CX minus that of CX on EX, both standardised, with the covariance of the two.

    Use it for "which comes first": two effects of which one is significant need not differ.

    Parameters
    ----------
    panel : CrossLaggedPanel
        From `cross_lagged_panel`.
    conf_level : float, optional
        Coverage; that of the panel when left out.

    Returns
    -------
    DataFrame with one row
        term cross_lagged_difference, estimate, std_error, statistic (z), p_value, conf_low, conf_high, n, n_waves,
        n_excluded, conf_level, method.

    Raises
    ------
    ValueError
        `conf_level` out of range.

    Notes
    -----
    Standard error: root of Var(a) + Var(b) - 2 Cov(a, b), of the means over lags of the standardised effects a and b.

    Examples
    --------
    >>> from exresearch.models.panel import cross_lagged_panel
    >>> rng = np.random.default_rng(1)
    >>> now, rows = rng.normal(size=(200, 2)), []
    >>> for wave in range(2):
    ...     rows.append(pd.DataFrame(now, columns=["ex", "cx"]).assign(unit=range(200), wave=wave))
    ...     now = now @ [[0.3, 0.5], [0.0, 0.3]] + rng.normal(size=(200, 2))
    >>> roles = {"unit": "unit", "wave": "wave", "ex": "ex", "cx": "cx"}
    >>> panel = cross_lagged_panel(pd.concat(rows), **roles, model="clpm")
    >>> cross_lagged_difference(panel)[["term", "n"]].values.tolist()
    [['cross_lagged_difference', 200]]
    """
    level = panel.conf_level if conf_level is None else conf_level
    check_conf_level(level)
    effects, spread = _two(panel.effects, panel.covariance)
    sides = np.array([1.0, -1.0])
    rows = normal_rows(np.array([sides @ effects]), np.array([np.sqrt(sides @ spread @ sides)]), level)
    rows.insert(0, "term", "cross_lagged_difference")
    return rows.assign(**_tail(panel, level), method=f"difference of standardised effects, {panel.method}")


def loop_gain(panel: CrossLaggedPanel, *, conf_level: float | None = None) -> pd.DataFrame:
    """The share of a shock that comes back to where it began after two waves: the product of both effects.

    Use it for circles, virtuous or vicious. A product of two effects below zero is positive as well: read the effects
    beside it.

    Parameters
    ----------
    panel : CrossLaggedPanel
        From `cross_lagged_panel`.
    conf_level : float, optional
        Coverage; that of the panel when left out.

    Returns
    -------
    DataFrame with one row
        term loop_gain, estimate (no unit: those of EX and CX cancel), std_error (first order, widened as below),
        statistic, p_value (that of the interval), conf_low, conf_high, n, n_waves, n_excluded, conf_level, method.

    Raises
    ------
    ValueError
        `conf_level` out of range.
    NotEstimable
        No more units than the values of a unit and four.

    Notes
    -----
    Estimate a b, of the raw effects (means over lags). The interval holds the quantiles of the product of two
    correlated normal variables around the estimates, found by numerical integration; p is the smallest level at which
    it leaves out 0. In R: `RMediation::medci(a, b, sd_a, sd_b, rho, type = "dop")`.

    The errors of a and b are always widened for few units, see `cross_lagged_panel`. Of 400 simulated panels of 60
    units and four waves that brings coverage from 91.5 to 94.5 % at effects of 0.3 and 0.3, and from 91.2 to 95 % at
    0.3 and 0; with 150 units from 93.5 to 94 %.

    References
    ----------
    Tofighi & MacKinnon (2011), RMediation: an R package for mediation analysis confidence intervals,
    doi:10.3758/s13428-011-0076-x; Muirhead (1982), Aspects of multivariate statistical theory, section 3.2.3 (inverse
    Wishart), doi:10.1002/9780470316559

    Examples
    --------
    >>> from exresearch.models.panel import cross_lagged_panel
    >>> rng = np.random.default_rng(1)
    >>> now, rows = rng.normal(size=(200, 2)), []
    >>> for wave in range(2):
    ...     rows.append(pd.DataFrame(now, columns=["ex", "cx"]).assign(unit=range(200), wave=wave))
    ...     now = now @ [[0.3, 0.5], [0.0, 0.3]] + rng.normal(size=(200, 2))
    >>> roles = {"unit": "unit", "wave": "wave", "ex": "ex", "cx": "cx"}
    >>> panel = cross_lagged_panel(pd.concat(rows), **roles, model="clpm")
    >>> loop_gain(panel)[["term", "n"]].values.tolist()
    [['loop_gain', 200]]
    """
    level = panel.conf_level if conf_level is None else conf_level
    check_conf_level(level)
    (a, b), spread = _two(panel.raw, panel.raw_covariance)
    if panel.errors != "widened":
        spread = spread * few_units(panel.n, panel.n_waves)
    sd_a, sd_b = np.sqrt(np.diag(spread))
    rho = float(spread[0, 1] / (sd_a * sd_b))
    std_error = float(np.sqrt(b**2 * spread[0, 0] + a**2 * spread[1, 1] + 2.0 * a * b * spread[0, 1]))
    low, high = product_interval(a / sd_a, b / sd_b, rho, level) * sd_a * sd_b
    below = product_below(0.0, a / sd_a, b / sd_b, rho)
    row = {
        "term": "loop_gain",
        "estimate": a * b,
        "std_error": std_error,
        "statistic": a * b / std_error,
        "p_value": float(np.clip(2.0 * min(below, 1.0 - below), 0.0, 1.0)),
        "conf_low": low,
        "conf_high": high,
    }
    return pd.DataFrame([row]).assign(
        **_tail(panel, level), method=f"distribution of the product, widened for few units, {panel.method}"
    )


def product_below(limit: float, first: float, second: float, rho: float) -> float:
    """Probability that X Y <= limit, for normal X and Y of variance 1, these means and this correlation."""
    # Y given X is normal; the line X = 0, where the inequality turns, parts two panels of nodes.
    edges = np.unique(np.append(np.linspace(first - _REACH, first + _REACH, _PANELS + 1), [0.0]))
    edges = np.unique(np.append(edges, _NEAR[np.abs(_NEAR - first) < _REACH]))
    edges = edges[np.abs(edges - first) <= _REACH]
    half = np.diff(edges)[:, None] / 2.0
    x = (edges[:-1, None] + half + half * _NODES).ravel()
    mass = (half * _WEIGHTS).ravel() * np.exp(-0.5 * (x - first) ** 2) / np.sqrt(2.0 * np.pi)
    left = np.sqrt(max(1.0 - rho**2, 1e-12))
    score = (limit / x - second - rho * (x - first)) / left
    return float(mass @ ndtr(np.where(x > 0.0, score, -score)))


def product_interval(first: float, second: float, rho: float, conf_level: float) -> FloatArray:
    """Quantiles of the product at both tails."""
    reach = (abs(first) + _REACH) * (abs(second) + _REACH)
    tails = ((1.0 - conf_level) / 2.0, (1.0 + conf_level) / 2.0)
    return np.array(
        [
            brentq(lambda z, p=p: product_below(z, first, second, rho) - p, -reach, reach, xtol=1e-10)
            for p in tails
        ]
    )


def _two(effects: pd.Series, covariance: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    return effects[_PATHS].to_numpy(dtype=np.float64), covariance.loc[_PATHS, _PATHS].to_numpy(
        dtype=np.float64
    )


def _tail(panel: CrossLaggedPanel, conf_level: float) -> dict[str, Any]:
    return {
        "n": panel.n,
        "n_waves": panel.n_waves,
        "n_excluded": panel.n_excluded,
        "conf_level": conf_level,
    }
