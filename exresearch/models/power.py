"""What a study of this size could have shown, and how large one must be."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import fdtri, ncfdtr, ndtri

from exresearch.models.resampling import NotEstimable


def _check_levels(power: float, alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, got {alpha!r}: use 0.05.")
    if not alpha < power < 1.0:
        raise ValueError(f"power must lie between alpha ({alpha!r}) and 1, got {power!r}: use 0.8.")


def _distance(power: float, alpha: float) -> float:
    """Standard errors between null and truth that a two-sided test needs."""
    return float(ndtri(1.0 - alpha / 2.0) + ndtri(power))


def detectable_correlation(n: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Smallest correlation that a two-sided test on `n` units finds with the given power.

    Parameters
    ----------
    n : float
        Number of independent units, above 3.
    power, alpha : float
        Probability of finding it; two-sided significance level.

    Returns
    -------
    float
        tanh((z_alpha/2 + z_power) / sqrt(n - 3)), Fisher (1921). In R: `pwr::pwr.r.test`, to two digits.

    Raises
    ------
    ValueError
        Levels out of range.
    NotEstimable
        Three units or fewer.

    Examples
    --------
    >>> round(detectable_correlation(75), 2)
    0.32
    """
    _check_levels(power, alpha)
    if not n > 3:
        raise NotEstimable(f"a correlation needs more than 3 units, got {n!r}.")
    return float(np.tanh(_distance(power, alpha) / np.sqrt(n - 3)))


def units_needed(r: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """Number of units needed to find a correlation `r` with the given power.

    Parameters
    ----------
    r : float
        Correlation, not 0, between -1 and 1.
    power, alpha : float
        As in `detectable_correlation`, of which this is the inverse.

    Returns
    -------
    int
        Rounded up.

    Raises
    ------
    ValueError
        Levels out of range, or `r` that is 0 or outside (-1, 1).

    Examples
    --------
    >>> [units_needed(r) for r in (0.32, 0.25, 0.20)]
    [75, 124, 194]
    """
    _check_levels(power, alpha)
    if not 0.0 < abs(r) < 1.0:
        raise ValueError(f"r must lie between -1 and 1 and not be 0, got {r!r}.")
    return int(np.ceil((_distance(power, alpha) / np.arctanh(abs(r))) ** 2 + 3 - 1e-9))


def detectable_difference(
    share: float, *, n_per_group: float, design_effect: float = 1.0, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest rise over a `share` that a comparison of two groups finds with the given power.

    Use it for leaders against laggards: `share` is the engaged share of laggards, the answer is in share points.

    Parameters
    ----------
    share : float
        Share in the lower group, in [0, 1).
    n_per_group : float
        People per group.
    design_effect : float
        Variance of a share in units over that of independent people, 1 + (unit size - 1) ICC; 0 is not possible.
    power, alpha : float
        As in `detectable_correlation`.

    Returns
    -------
    float
        d in (0, 1 - share]: the root of d / sqrt((p0 q0 + p1 q1) deff / n) = z_alpha/2 + z_power, p1 = p0 + d.

    Raises
    ------
    ValueError
        Levels, share, group size or design effect out of range.
    NotEstimable
        Not even a difference of 1 - share is found with that power.

    Examples
    --------
    >>> round(detectable_difference(0.49, n_per_group=100), 3)
    0.191
    """
    _check_levels(power, alpha)
    if not 0.0 <= share < 1.0:
        raise ValueError(f"share must lie in [0, 1), got {share!r}.")
    if not (n_per_group > 0 and design_effect > 0):
        raise ValueError(
            f"n_per_group and design_effect must be positive, got {n_per_group!r} and {design_effect!r}."
        )
    needed = _distance(power, alpha)

    def surplus(gain: float) -> float:
        other = share + gain
        variance = (share * (1.0 - share) + other * (1.0 - other)) * design_effect / n_per_group
        return float(gain - needed * np.sqrt(max(variance, 0.0)))

    largest = 1.0 - share
    if surplus(largest) < 0.0:
        raise NotEstimable(
            f"with {n_per_group!r} people per group and a design effect of {design_effect!r} no difference from a "
            f"share of {share!r} is found with power {power!r}."
        )
    # At 0 a share of 0 makes the surplus 0; the root that matters is the one above.
    return float(brentq(surplus, 1e-9, largest, xtol=1e-12)) if surplus(1e-9) < 0.0 else 1e-9


def detectable_r2_increment(
    n: int, *, n_predictors: int, n_tested: int = 1, r2: float = 0.0, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest gain in R-squared by `n_tested` of `n_predictors` that an F test finds with the given power.

    Parameters
    ----------
    n : int
        Independent rows.
    n_predictors : int
        Predictors in the full model, the tested ones included.
    n_tested : int
        Predictors whose joint gain is tested.
    r2 : float
        R-squared of the others, in [0, 1).
    power, alpha : float
        As in `detectable_correlation`.

    Returns
    -------
    float
        f2 (1 - r2) / (1 + f2), with noncentrality f2 n (Cohen 1988). In R: `pwr::pwr.f2.test` solves for f2.

    Raises
    ------
    ValueError
        Levels, numbers of predictors or `r2` out of range.
    NotEstimable
        No degrees of freedom are left.

    Examples
    --------
    >>> round(detectable_r2_increment(200, n_predictors=10), 4)
    0.0381
    """
    _check_levels(power, alpha)
    if not 1 <= n_tested <= n_predictors:
        raise ValueError(
            f"n_tested must lie between 1 and n_predictors ({n_predictors!r}), got {n_tested!r}."
        )
    if not 0.0 <= r2 < 1.0:
        raise ValueError(f"r2 must lie in [0, 1), got {r2!r}.")
    rest = n - n_predictors - 1
    if rest < 1:
        raise NotEstimable(f"{n_predictors} predictors need more than {n_predictors + 1} rows, got {n!r}.")
    critical = float(fdtri(n_tested, rest, 1.0 - alpha))

    def shortfall(noncentrality: float) -> float:
        return float(ncfdtr(n_tested, rest, noncentrality, critical)) - (1.0 - power)

    upper = 10.0
    while shortfall(upper) > 0.0:
        upper *= 2.0
    f2 = brentq(shortfall, 1e-9, upper, xtol=1e-12) / n
    return float(f2 * (1.0 - r2) / (1.0 + f2))
