"""Covariance and degrees of freedom of the coefficients of a random-intercept model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.mixed.likelihood import Profile

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """Coefficients of the rotated design, their covariances, and what degrees of freedom need.

    Attributes
    ----------
    solution : ndarray [k]
    residual_variance : float
    model : ndarray [k, k]
        Inverse of X' V^-1 X, variances taken as known.
    covariance : ndarray [k, k]
        That of the tests: with the small-sample term of Kenward and Roger, or `model` itself.
    changes : ndarray [2, k, k]
        Derivative of `model` by the variance between units and the residual one.
    variances : ndarray [2, 2]
        Covariance of the two estimated variances.
    """

    solution: FloatArray
    residual_variance: float
    model: FloatArray
    covariance: FloatArray
    changes: FloatArray
    variances: FloatArray

    def df(self, reach: FloatArray) -> FloatArray:
        """Degrees of freedom of combinations [r, k] of the rotated coefficients."""
        own = np.einsum("ri,ij,rj->r", reach, self.model, reach)
        shares = np.einsum("ri,vij,rj->rv", reach, self.changes, reach) / own[:, None]
        return np.asarray(2.0 / np.einsum("rv,vw,rw->r", shares, self.variances, shares))


def precision(profile: Profile, ratio: float, *, kenward_roger: bool) -> Precision:
    """Covariance of the coefficients at one variance ratio.

    Notes
    -----
    V has the values s (1 + n r) on a unit's mean and s around it, so every X' V^-1 G V^-1 X is a weighted sum of the
    cross-products between units by their size, and those within. For one combination c the F of Kenward & Roger has
    df 2 / (sum of W_ij a_i a_j) and scale 1, a_i the derivative of log c'Cov c by variance i, W the inverse of the
    expected information; Satterthwaite's takes the observed one and leaves the covariance as it is.
    """
    sums, k = profile.sums, profile.sums.size
    shrink = profile.shrink(ratio)

    def summed(size_power: int, shrink_power: int) -> FloatArray:
        total = np.tensordot(sums.sizes**size_power * shrink**shrink_power, sums.between, axes=1)
        return np.asarray(total if size_power else total + sums.within)

    def traced(size_power: int) -> float:
        total = float(sums.counts @ (sums.sizes**size_power * shrink**2))
        return total if size_power else total + sums.n - sums.n_units

    normal = summed(0, 1)
    correction = np.linalg.solve(normal[:k, :k], normal[:k, k])
    residual = np.append(-correction, 1.0)
    scale = float(residual @ normal @ residual) / profile.df
    model = scale * np.linalg.inv(normal[:k, :k])
    model = (model + model.T) / 2.0
    # Index 0 is the variance between units, 1 the residual one.
    first = [-summed(1, 2) / scale**2, -summed(0, 2) / scale**2]
    second = [[summed(2 - i - j, 3) / scale**3 for j in (0, 1)] for i in (0, 1)]
    traces = np.array([[traced(2 - i - j) / scale**2 for j in (0, 1)] for i in (0, 1)])
    bent = [model @ part[:k, :k] for part in first]
    expected, observed = traces.copy(), np.zeros((2, 2))
    for i in (0, 1):
        for j in (0, 1):
            if profile.reml:
                expected[i, j] += np.trace(bent[i] @ bent[j]) - 2.0 * np.trace(model @ second[i][j][:k, :k])
            pull = [part[:k] @ residual for part in (first[i], first[j])]
            observed[i, j] = (
                2.0 * (residual @ second[i][j] @ residual - pull[0] @ model @ pull[1]) - expected[i, j]
            )
    changes = -np.stack([part @ model for part in bent])
    covariance = model
    variances = np.zeros((2, 2))
    if kenward_roger:
        variances[:] = 2.0 * np.linalg.inv(expected)
        spread = np.zeros((k, k))
        for i in (0, 1):
            for j in (0, 1):
                spread += variances[i, j] * (
                    second[i][j][:k, :k] - first[i][:k, :k] @ model @ first[j][:k, :k]
                )
        covariance = model + 2.0 * model @ spread @ model
        covariance = (covariance + covariance.T) / 2.0
    elif ratio == 0.0:
        # At the boundary only the residual variance is free.
        variances[1, 1] = 2.0 / observed[1, 1]
    else:
        variances[:] = 2.0 * np.linalg.inv(observed)
    return Precision(
        solution=sums.solution + correction,
        residual_variance=scale,
        model=model,
        covariance=covariance,
        changes=changes,
        variances=variances,
    )
