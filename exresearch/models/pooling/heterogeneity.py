"""How much true effects differ between clients: nine estimators of the variance between studies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]
PoolingMethod = Literal["REML", "ML", "DL", "HE", "HS", "SJ", "EB", "PM", "FE"]
#: Estimators of the variance between clients; REML is the default, FE takes it to be zero.
POOLING_METHODS: tuple[PoolingMethod, ...] = get_args(PoolingMethod)
# Roots are looked for between so many values of the variance, laid out evenly on the log scale.
_GRID = 160
_SPAN = (1e-8, 1e6)


def between_variance(
    estimates: Array, variances: Array, *, method: PoolingMethod = "REML"
) -> tuple[float, float]:
    """Estimate the variance of the true effects, and its standard error.

    When to use it: inside :func:`exresearch.models.pooling.pool_estimates`, which checks its input.

    Parameters
    ----------
    estimates, variances : ndarray, shape (k,)
        Estimate and squared standard error of each client; k of 2 or more.
    method : str
        One of ``POOLING_METHODS``.

    Returns
    -------
    tuple of float
        tau² (not below 0) and its standard error; 0 and NaN for "FE".

    Raises
    ------
    ValueError
        If the method is none of these.

    Notes
    -----
    With w = 1 / (v + t), m the weighted mean and P = W - W 1 1' W / (1' W 1):

    - DL, HE, HS and SJ are moments: y' P0 y, with the weights 1/v, 1, 1/v and 1/(v + t0), set equal to what it is
      expected to be. Their variance is 2 tr(P0 S P0 S), S = diag(v + tau²).
    - PM solves sum w (y - m)² = k - 1, and EB is the same reached by another road.
    - ML solves sum w = sum w² (y - m)², REML tr(P) = sum w² (y - m)². Where there are several solutions, that of
      the highest (restricted) likelihood is taken, zero among them.

    References
    ----------
    DerSimonian & Laird (1986), doi:10.1016/0197-2456(86)90046-2; Viechtbauer (2005), doi:10.3102/10769986030003261;
    Sidik & Jonkman (2005), doi:10.1111/j.1467-9876.2005.00489.x; Paule & Mandel (1982), doi:10.6028/jres.087.022.

    Examples
    --------
    >>> tau2, _ = between_variance(np.array([0.1, 0.5]), np.array([0.01, 0.02]))
    >>> round(tau2, 6)
    0.065
    """
    if method not in POOLING_METHODS:
        raise ValueError(f"method must be one of {', '.join(POOLING_METHODS)}; got {method!r}.")
    if method == "FE":
        return 0.0, float("nan")
    k, df = len(estimates), len(estimates) - 1
    if method in ("DL", "HE", "HS", "SJ"):
        return _moments(estimates, variances, method)
    if method in ("PM", "EB"):
        tau2 = profile_root(estimates, variances, float(df))
    else:
        tau2 = _likelihood(estimates, variances, restricted=method == "REML")
    weights = 1.0 / (variances + tau2)
    projection = projector(weights)
    if method in ("PM", "EB"):
        error = np.sqrt(2.0 * k**2 / df) / weights.sum()
    elif method == "ML":
        error = np.sqrt(2.0 / np.square(weights).sum())
    else:
        error = np.sqrt(2.0 / np.square(projection).sum())
    return tau2, float(error)


def projector(weights: Array) -> Array:
    """Return P = W - W 1 1' W / (1' W 1), shape (k, k): y' P y is the weighted sum of squares about the mean."""
    return np.asarray(np.diag(weights) - np.outer(weights, weights) / weights.sum())


def weighted_mean(estimates: Array, weights: Array) -> float:
    """Return the weighted mean."""
    return float(weights @ estimates / weights.sum())


def squares(estimates: Array, variances: Array, tau2: float) -> float:
    """Return the weighted sum of squares about the weighted mean, for a variance between clients."""
    return float(sums_of_squares(estimates, variances, np.array([tau2]))[0])


def sums_of_squares(y: Array, v: Array, tau2: Array) -> Array:
    """Return the weighted sum of squares for each of several variances between clients, shape of `tau2`."""
    weights = 1.0 / (v + tau2[:, None])
    means = weights @ y / weights.sum(axis=1)
    return np.asarray((weights * np.square(y - means[:, None])).sum(axis=1))


def log_likelihood(estimates: Array, variances: Array, tau2: float, *, restricted: bool) -> float:
    """Return the (restricted) log-likelihood of the normal model, with the mean at its best."""
    total = variances + tau2
    k = len(estimates)
    value = -0.5 * (
        float(np.log(total).sum()) + squares(estimates, variances, tau2) + k * float(np.log(2.0 * np.pi))
    )
    if restricted:
        value += 0.5 * float(np.log(2.0 * np.pi) + np.log(k) - np.log((1.0 / total).sum()))
    return value


def roots(function: Callable[[Array], Array], scale: float) -> list[float]:
    """Return where a function of the variance between clients crosses zero, looked for around a scale."""
    grid = np.concatenate([[0.0], scale * np.geomspace(*_SPAN, _GRID)])
    values = np.sign(function(grid))
    places = np.flatnonzero(values[:-1] != values[1:])
    return [
        float(
            brentq(
                lambda point: float(function(np.array([point]))[0]),
                grid[at],
                grid[at + 1],
                xtol=1e-300,
                rtol=1e-13,
            )
        )
        for at in places
    ]


def profile_root(estimates: Array, variances: Array, critical: float) -> float:
    """Return the variance between clients at which the weighted sum of squares comes to a value; it only falls.

    0 where it is below from the start, ``inf`` where no variance of a sensible size brings it there.
    """
    if squares(estimates, variances, 0.0) <= critical:
        return 0.0
    found = roots(
        lambda tau2: sums_of_squares(estimates, variances, tau2) - critical, _scale_of(estimates, variances)
    )
    return found[0] if found else float("inf")


def _scale_of(estimates: Array, variances: Array) -> float:
    """Return a variance of the size of the data, around which roots are looked for."""
    return float(np.var(estimates) + variances.mean())


def _moments(y: Array, v: Array, method: PoolingMethod) -> tuple[float, float]:
    k = len(y)
    if method == "SJ":
        rough = float(np.var(y))
        if rough <= 0.0:
            # No client differs from another: nothing to multiply.
            return 0.0, 0.0
        projection, factor = projector(1.0 / (v + rough)), rough / (k - 1)
        tau2 = factor * float(y @ projection @ y)
    else:
        projection = projector(np.ones(k) if method == "HE" else 1.0 / v)
        # Hunter and Schmidt divide by all weights and take k, not the k - 1 that is expected.
        factor = 1.0 / float((1.0 / v).sum() if method == "HS" else np.trace(projection))
        expected = float(k) if method == "HS" else float((np.diag(projection) * v).sum())
        tau2 = max(0.0, factor * (float(y @ projection @ y) - expected))
    return tau2, factor * float(np.sqrt(_moment_variance(projection, v, tau2)))


def _moment_variance(projection: Array, v: Array, tau2: float) -> float:
    """Variance of y' P y under the model."""
    product = projection * (v + tau2)
    return 2.0 * float((product * product.T).sum())


def _likelihood(y: Array, v: Array, *, restricted: bool) -> float:
    def score(tau2: Array) -> Array:
        weights = 1.0 / (v + tau2[:, None])
        total, total2 = weights.sum(axis=1), np.square(weights).sum(axis=1)
        residuals = y - (weights @ y / total)[:, None]
        information = total - total2 / total if restricted else total
        return np.asarray(np.square(weights * residuals).sum(axis=1) - information)

    candidates = [0.0, *roots(score, _scale_of(y, v))]
    # The first of equals, so that a tie is zero.
    return max(candidates, key=lambda tau2: log_likelihood(y, v, tau2, restricted=restricted))
