"""The profile likelihood of a random-intercept model: its optimum, and intervals for the variances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtri

from exresearch.models.mixed.design import MixedSums
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# Variance ratios looked at: from a share of 1e-6 in the mean of the largest unit up to an ICC of 1 - 1e-10.
_SMALLEST, _LARGEST, _POINTS = 1e-6, 1e10, 65
# Ratios looked at for the end of an interval, and how often the stretch around the best is looked at more closely; the
# error of the value is quadratic in that of the ratio.
_FINE, _ZOOMS = 33, 5


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """-2 log likelihood (restricted or not) by the ratio of the variance between units to the residual one.

    Coefficients and residual variance are at their best for the ratio; everything is on the scale of the sums.
    """

    sums: MixedSums
    reml: bool

    @property
    def df(self) -> int:
        """Divisor of the residual variance: n - k for REML, n for maximum likelihood."""
        return self.sums.n - (self.sums.size if self.reml else 0)

    def shrink(self, ratio: float) -> FloatArray:
        """Share of the variance of a unit's mean that is not the unit's, 1 / (1 + n ratio), by size [D]."""
        return np.asarray(1.0 / (1.0 + self.sums.sizes * ratio))

    def pieces(self, ratios: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Log determinants and residual sum of squares, each [T]."""
        ratio = np.atleast_1d(np.asarray(ratios, dtype=np.float64))
        grown = ratio[:, None] * self.sums.sizes
        normal = self.sums.within + np.tensordot(1.0 / (1.0 + grown), self.sums.between, axes=1)
        # Last pivot of a Cholesky factor: what is left of the outcome.
        pivots = np.einsum("tii->ti", np.linalg.cholesky(normal))
        logs = np.log1p(grown) @ self.sums.counts
        if self.reml:
            logs = logs + 2.0 * np.log(pivots[:, :-1]).sum(axis=1)
        return logs, pivots[:, -1] ** 2

    def deviance(self, ratios: ArrayLike) -> FloatArray:
        """-2 log likelihood [T] up to a constant."""
        logs, left = self.pieces(ratios)
        return np.asarray(logs + self.df * np.log(left))

    def slope(self, ratio: float) -> float:
        """Derivative of the deviance by the ratio."""
        sums, shrink, k = self.sums, self.shrink(ratio), self.sums.size
        normal = sums.within + np.tensordot(shrink, sums.between, axes=1)
        change = np.tensordot(sums.sizes * shrink**2, sums.between, axes=1)
        solution = np.linalg.solve(normal[:k, :k], np.column_stack([normal[:k, k:], change[:k, :k]]))
        residual = np.append(-solution[:, 0], 1.0)
        left = float(residual @ normal @ residual)
        slope = (
            float(sums.counts @ (sums.sizes * shrink)) - self.df * float(residual @ change @ residual) / left
        )
        return slope - (float(np.trace(solution[:, 1:])) if self.reml else 0.0)

    def constant(self) -> float:
        """What the deviance leaves out, on the raw scale and as lme4 counts it."""
        fixed = -2.0 * self.sums.log_det if self.reml else 0.0
        return float(fixed + self.df * (1.0 + np.log(2.0 * np.pi * self.sums.scale**2 / self.df)))


def best_ratio(profile: Profile) -> float:
    """Variance ratio with the highest likelihood; 0.0 when that is at the boundary."""
    grid = np.concatenate([[0.0], np.geomspace(_SMALLEST / profile.sums.sizes[-1], _LARGEST, _POINTS)])
    deviance = profile.deviance(grid)
    best = int(np.argmin(deviance))
    if best == len(grid) - 1:
        raise NotEstimable(
            f"the variance between units is more than {_LARGEST:g} times that within them, which floats do not hold: "
            "aggregate to one row per unit and use linear_regression."
        )
    low, high = grid[max(best - 1, 0)], grid[best + 1]
    # Below the first point of the grid the deviance is flat to its last digit, and its slope decides.
    if best <= 1 and profile.slope(0.0) >= 0.0:
        return 0.0
    return float(brentq(profile.slope, low, high, xtol=1e-15 * high, rtol=1e-14))


def _roots(excess: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The two solutions x of x - log x = 1 + excess, below and above 1."""
    # Newton on a convex function from the far side of each root: no step overshoots. (scipy's lambertw gives NaN at its
    # branch point, where the excess is rounding.)
    root = np.sqrt(2.0 * excess)
    start = [np.where(root < 0.9, -root, np.expm1(-1.0 - excess)), root + excess]
    for _ in range(30):
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = [np.where(t == 0.0, 0.0, (t - np.log1p(t) - excess) * (1.0 + t) / t) for t in start]
        start = [t - step for t, step in zip(start, steps, strict=True)]
        if all((np.abs(step) <= 1e-12 * np.abs(t)).all() for step, t in zip(steps, start, strict=True)):
            break
    return 1.0 + start[0], 1.0 + start[1]


@dataclass(frozen=True, slots=True)
class VarianceIntervals:
    """Profile-likelihood intervals (low, high), variances on the scale of the sums."""

    ratio: tuple[float, float]
    between: tuple[float, float]
    residual: tuple[float, float]


def variance_intervals(profile: Profile, ratio: float, conf_level: float) -> VarianceIntervals:
    """Ranges of the two variances, and of their ratio, over the region that the likelihood-ratio test keeps.

    Notes
    -----
    With the ratio r given, -2 log L is L(r) + m log s + RSS(r) / s in the residual variance s. The region is then known
    per ratio: s = RSS / (m x) with x - log x = 1 + (cut - deviance(r)) / m. Its outermost r, r s and s are the limits.
    """
    cut = float(profile.deviance(ratio)[0] + chdtri(1.0, 1.0 - conf_level))

    def above(value: float) -> float:
        return float(profile.deviance(value)[0]) - cut

    # The step out is that of a variance of the ratio that is not below the spacing of the grid.
    high = max(2.0 * ratio, 1.0 / float(profile.sums.sizes[-1]))
    while above(high) < 0.0:
        high *= 4.0
    high = float(brentq(above, ratio, high, rtol=1e-14, xtol=1e-15 * high))
    low = 0.0 if above(0.0) <= 0.0 else float(brentq(above, 0.0, ratio, rtol=1e-14, xtol=1e-15 * high))

    def edges(values: FloatArray) -> tuple[FloatArray, FloatArray]:
        logs, left = profile.pieces(values)
        spare = np.maximum(cut - logs - profile.df * np.log(left), 0.0) / profile.df
        below, beyond = _roots(spare)
        return left / (profile.df * beyond), left / (profile.df * below)

    # Ratios by their square roots, so that a low end at zero is looked at closely.
    whole = np.linspace(np.sqrt(low), np.sqrt(high), _FINE)

    def farthest(value: Callable[[FloatArray], FloatArray]) -> float:
        roots = whole
        for _ in range(_ZOOMS):
            there = value(roots**2)
            best = int(np.argmin(there))
            roots = np.linspace(roots[max(best - 1, 0)], roots[min(best + 1, _FINE - 1)], _FINE)
        return float(there[best])

    return VarianceIntervals(
        ratio=(low, high),
        between=(
            0.0 if low == 0.0 else farthest(lambda r: r * edges(r)[0]),
            -farthest(lambda r: -r * edges(r)[1]),
        ),
        residual=(farthest(lambda r: edges(r)[0]), -farthest(lambda r: -edges(r)[1])),
    )
