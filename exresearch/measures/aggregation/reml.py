"""Variance between and within groups by restricted maximum likelihood, from the groups' sizes and means alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Components:
    """Variance components of a random intercept.

    Attributes
    ----------
    between : float
        Variance of the groups' true means; 0 where the likelihood is highest at its bound.
    within : float
        Variance of answers within a group.
    """

    between: float
    within: float


def reml_components(sizes: Vector, means: Vector, *, within_ss: float, within_df: float) -> Components:
    """Estimate the variance between and within groups of a random intercept.

    When to use it: instead of ``lmer(y ~ 1 + (1 | group))``; the likelihood needs no single answer, so that it takes
    the same time for a hundred answers and for a million.

    Parameters
    ----------
    sizes, means : numpy.ndarray
        Answers (or effective answers) and mean of each group, in one order.
    within_ss : float
        Sum of squares around the groups' means; above 0.
    within_df : float
        Its degrees of freedom: answers minus groups.

    Returns
    -------
    Components

    Notes
    -----
    With ``ratio = between / within`` and ``w = n / (1 + n ratio)`` minimises ``(N - 1) log S + sum log(1 + n ratio) +
    log sum w``, where ``S`` is ``within_ss`` plus the sum of ``w`` times the squared distance of each mean to their
    weighted mean; ``within = S / (N - 1)``.

    References
    ----------
    Searle, S. R., Casella, G. & McCulloch, C. E. (1992). *Variance Components*. Wiley.
    https://doi.org/10.1002/9780470316856

    Examples
    --------
    >>> found = reml_components(np.array([2.0, 2, 2]), np.array([1.0, 2, 6]), within_ss=3.0, within_df=3.0)
    >>> round(found.between, 6), round(found.within, 6)
    (6.5, 1.0)
    """
    dof = within_df + len(sizes) - 1

    def parts(ratio: float) -> tuple[Vector, Vector, float]:
        w = sizes / (1 + sizes * ratio)
        distances = means - (w @ means) / w.sum()
        return w, distances, within_ss + float(w @ distances**2)

    def deviance(ratio: float) -> float:
        w, _, total = parts(ratio)
        return float(dof * np.log(total) + np.log1p(sizes * ratio).sum() + np.log(w.sum()))

    def slope(ratio: float) -> float:
        w, distances, total = parts(ratio)
        return float(w.sum() - (w @ w) / w.sum() - dof * (w**2 @ distances**2) / total)

    upper = 4 * float(np.var(means, ddof=1)) * within_df / within_ss + 1
    ratio = _lowest(deviance, slope, upper)
    within = parts(ratio)[2] / dof
    return Components(between=ratio * within, within=within)


def reml_between(means: Vector, variances: Vector) -> float:
    """Estimate the variance of true values behind estimates of known sampling variance.

    Parameters
    ----------
    means : numpy.ndarray
        One estimate per group.
    variances : numpy.ndarray
        Their sampling variances, all above 0.

    Returns
    -------
    float
        Variance between the true values; 0 where the likelihood is highest at its bound.

    Notes
    -----
    With ``w = 1 / (between + variance)`` minimises ``log sum w - sum log w + sum w (mean - centre)^2``, the likelihood
    of Fay and Herriot's model without covariates.

    References
    ----------
    Fay, R. E. & Herriot, R. A. (1979). Estimates of income for small places. *Journal of the American Statistical
    Association*, 74(366), 269-277. https://doi.org/10.1080/01621459.1979.10482505

    Examples
    --------
    >>> round(reml_between(np.array([1.0, 2, 6]), np.full(3, 0.5)), 6)
    6.5
    """

    def parts(between: float) -> tuple[Vector, Vector]:
        w = 1 / (between + variances)
        return w, means - (w @ means) / w.sum()

    def deviance(between: float) -> float:
        w, distances = parts(between)
        return float(np.log(w.sum()) - np.log(w).sum() + w @ distances**2)

    def slope(between: float) -> float:
        w, distances = parts(between)
        return float(w.sum() - (w @ w) / w.sum() - w**2 @ distances**2)

    return _lowest(deviance, slope, 4 * float(np.var(means, ddof=1)) + float(variances.max()))


def _lowest(deviance: Callable[[float], float], slope: Callable[[float], float], upper: float) -> float:
    """Find where the deviance is lowest between 0 and ``upper``; it may have more than one valley."""
    grid = np.concatenate([[0.0], np.geomspace(1e-8 * upper, upper, 60)])
    place = int(np.argmin([deviance(value) for value in grid]))
    low, high = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, len(grid) - 1)])
    if slope(low) >= 0:
        return low
    # A root of the slope: the lowest point of a flat curve is known to half as many digits.
    return float(brentq(slope, low, high, xtol=1e-15 * upper, rtol=1e-14))
