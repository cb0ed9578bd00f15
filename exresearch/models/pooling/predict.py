"""Where the true effect of one more client is expected, with the doubt about how much clients differ counted in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, stdtrit

from exresearch.models.pooling.heterogeneity import sums_of_squares

Array = NDArray[np.float64]
# Points of equal probability for the variance between clients, and for the error of the mean.
_POINTS, _ERRORS = 100, 24
# Halvings of the logarithm of a variance between 1e-10 and 1e8 times the data's own: to 1e-11 of it.
_HALVINGS = 42
_RANGE = (-10.0, 8.0)


def confidence_prediction(
    estimates: Array, variances: Array, *, conf_level: float, floored: bool = False
) -> tuple[float, float]:
    """Predict the true effect of one more client from the confidence distribution of the variance between clients.

    When to use it: as the prediction interval that is shown. The usual one puts the estimated variance in as if it
    were known, and holds the next client's effect in 82 to 92 % where 95 is promised, with 5 to 20 clients
    (docs/coverage.md).

    Parameters
    ----------
    estimates, variances : ndarray, shape (k,)
        Estimate and squared standard error of each client; k of 2 or more.
    conf_level : float
        Coverage.
    floored : bool
        Whether the error of the mean is at least the ordinary one.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    Notes
    -----
    The weighted sum of squares Q(t) has a chi² distribution with k - 1 degrees of freedom at the true variance t, and
    falls with t: a value of chi² with the probability u above it gives the u-quantile of the confidence distribution
    of t, the one that the Q-profile interval is made of. For each of 100 such t the next effect is
    m(t) + s(t) T + sqrt(t) Z, with Knapp & Hartung's standard error s(t), T of Student's t with k - 1 degrees of
    freedom and Z normal; the limits are quantiles of the mixture. Nagashima, Noma & Furukawa draw t from the
    distribution of Q with the weights of t = 0 instead; here nothing is drawn.

    References
    ----------
    Nagashima, Noma & Furukawa (2019), doi:10.1177/0962280218773520; Partlett & Riley (2017), doi:10.1002/sim.7140.

    Examples
    --------
    >>> y, v = np.array([0.1, 0.3, 0.2, 0.6]), np.full(4, 0.01)
    >>> low, high = confidence_prediction(y, v, conf_level=0.95)
    >>> low < 0.1 and high > 0.6
    True
    """
    k = len(estimates)
    tau2 = _quantiles(estimates, variances)
    weights = 1.0 / (variances + tau2[:, None])
    total = weights.sum(axis=1)
    means = weights @ estimates / total
    spread = sums_of_squares(estimates, variances, tau2) / (k - 1)
    errors = np.sqrt((np.maximum(spread, 1.0) if floored else spread) / total)
    steps = stdtrit(k - 1, (np.arange(_ERRORS) + 0.5) / _ERRORS)
    centres = means[:, None] + errors[:, None] * steps
    scale = float(np.sqrt(_scale(estimates, variances)))
    # Without variance between clients there is a step; a slope no eye can see keeps it one function.
    widths = np.maximum(np.sqrt(tau2), 1e-9 * scale)[:, None]

    def below(point: float) -> float:
        return float(ndtr((point - centres) / widths).mean())

    reach = float(np.abs(centres - centres.mean()).max()) + 40.0 * float(widths.max())
    ends = float(centres.mean()) - reach, float(centres.mean()) + reach
    tail = (1.0 - conf_level) / 2.0
    low, high = (
        float(brentq(lambda point, share=share: below(point) - share, *ends, xtol=1e-10 * scale))
        for share in (tail, 1.0 - tail)
    )
    return low, high


def _quantiles(y: Array, v: Array) -> Array:
    """Quantiles of the confidence distribution of the variance between clients, at points of equal probability."""
    critical = chdtri(len(y) - 1, (np.arange(_POINTS) + 0.5) / _POINTS)
    low, high = np.full(_POINTS, _RANGE[0]), np.full(_POINTS, _RANGE[1])
    scale = _scale(y, v)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        above = sums_of_squares(y, v, scale * 10.0**middle) > critical
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    start = sums_of_squares(y, v, np.zeros(1))[0]
    return np.asarray(np.where(start <= critical, 0.0, scale * 10.0 ** ((low + high) / 2.0)))


def _scale(y: Array, v: Array) -> float:
    return float(np.var(y) + v.mean())
