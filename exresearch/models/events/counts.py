"""Maximum likelihood for counts: Poisson and negative binomial, and whether the counts vary more than Poisson."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, linprog
from scipy.special import chdtrc, digamma, gammaln, ndtr, polygamma

from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# Beyond this theta the variance is that of Poisson to seven digits.
_THETA_MAX = 1e7
_ROUNDS = 200
_NOTHING = 1e-6
# A step this small, relative, is rounding; a step halved to this has nowhere to go.
_STILL, _SHORTEST = 1e-13, 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class CountFit:
    """A fit with log link: coefficients of the design [1, x], means, log-likelihood; theta is infinite for Poisson."""

    coefficients: FloatArray
    mean: FloatArray
    log_likelihood: float
    theta: float
    theta_std_error: float

    @property
    def alpha(self) -> float:
        """1 / theta: the variance is mean + alpha mean^2."""
        return 1.0 / self.theta

    @property
    def working_weights(self) -> FloatArray:
        """Inverse variance of log-scale residuals (y - mean) / mean."""
        return np.asarray(self.mean / (1.0 + self.alpha * self.mean))


def fit_poisson(y: FloatArray, design: FloatArray, offset: FloatArray, weights: FloatArray) -> CountFit:
    """Poisson regression; the design [n, k] starts with ones and has columns of unit variance."""
    coefficients, mean = _maximum(y, design, offset, weights)
    fit = float(weights @ (y * np.log(mean) - mean - gammaln(y + 1.0)))
    return CountFit(coefficients, mean, fit, np.inf, np.nan)


def fit_negative_binomial(
    y: FloatArray, design: FloatArray, offset: FloatArray, weights: FloatArray, poisson: CountFit
) -> CountFit | None:
    """Negative binomial regression (variance mean + mean^2 / theta); None where the counts vary no more than Poisson.

    Coefficients given theta and theta given the means take turns, as in `MASS::glm.nb`: they are
    orthogonal, so that few rounds suffice.
    """
    coefficients, mean = poisson.coefficients, poisson.mean
    theta = _theta(y, mean, weights)
    for _ in range(_ROUNDS):
        if theta is None:
            return None
        coefficients, mean = _maximum(y, design, offset, weights, alpha=1.0 / theta, start=coefficients)
        before, theta = theta, _theta(y, mean, weights)
        if theta is None or abs(theta - before) < 1e-10 * theta:
            break
    if theta is None:
        return None
    fit = negative_binomial_log_likelihood(y, mean, theta, weights)
    slope = polygamma(1, theta) - polygamma(1, theta + y) - 1.0 / theta + 2.0 / (mean + theta)
    observed = float(weights @ (slope - (y + theta) / (mean + theta) ** 2))
    return CountFit(coefficients, mean, fit, theta, observed**-0.5 if observed > 0.0 else np.nan)


def negative_binomial_log_likelihood(
    y: FloatArray, mean: FloatArray, theta: float, weights: FloatArray
) -> float:
    """Weighted log-likelihood of counts with the means and theta."""
    terms = gammaln(theta + y) - gammaln(theta) - gammaln(y + 1.0)
    # log1p keeps the digits where theta is much larger than the mean.
    terms += y * (np.log(mean) - np.log(theta + mean)) - theta * np.log1p(mean / theta)
    return float(weights @ terms)


def _maximum(
    y: FloatArray,
    design: FloatArray,
    offset: FloatArray,
    weights: FloatArray,
    *,
    alpha: float = 0.0,
    start: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Coefficients and means with the largest likelihood given alpha, by Newton's method.

    The log-likelihood is concave in the coefficients, so that halving a step which does not raise it is all that can be
    needed: separation was refused before.
    """
    if start is None:
        # One step of weighted least squares from means between the counts and their mean.
        mean = (y + float(weights @ y) / float(weights.sum())) / 2.0
        root = np.sqrt(weights * mean)
        towards = np.log(mean) - offset + (y - mean) / mean
        start = np.asarray(np.linalg.lstsq(design * root[:, None], towards * root, rcond=None)[0])
    beta: FloatArray = start

    def level(eta: FloatArray) -> float:
        # A step too long may leave the range of floats, and is halved.
        with np.errstate(over="ignore", invalid="ignore"):
            if alpha == 0.0:
                return float(weights @ (y * eta - np.exp(eta)))
            return float(weights @ (y * eta - (y + 1.0 / alpha) * np.log1p(alpha * np.exp(eta))))

    eta = design @ beta + offset
    reached = level(eta)
    for _ in range(_ROUNDS):
        mean = np.exp(eta)
        damped = 1.0 + alpha * mean
        score = design.T @ (weights * (y - mean) / damped)
        curvature = weights * mean * (1.0 + alpha * y) / damped**2
        step = _solved(design.T @ (design * curvature[:, None]), score)
        if float(np.abs(step).max()) < _STILL * max(1.0, float(np.abs(beta).max())):
            break
        part = 1.0
        while part > _SHORTEST:
            there = design @ (beta + part * step) + offset
            now = level(there)
            if now >= reached - _STILL * abs(reached):
                break
            part /= 2.0
        else:
            break
        beta, eta, reached = beta + part * step, there, now
    return beta, np.exp(eta)


def _solved(information: FloatArray, score: FloatArray) -> FloatArray:
    """A Newton step; of all that there are the shortest, should the information be singular."""
    try:
        return np.asarray(np.linalg.solve(information, score))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(information, score, rcond=None)[0])


def _theta(y: FloatArray, mean: FloatArray, weights: FloatArray) -> float | None:
    """Theta with the largest likelihood given the means; None where that is infinite."""
    if float(weights @ ((y - mean) ** 2 - y)) <= 0.0:
        return None

    def slope(log_theta: float) -> float:
        theta = np.exp(log_theta)
        first = digamma(theta + y) - digamma(theta) - np.log1p(mean / theta)
        return float(weights @ (first + (mean - y) / (mean + theta)))

    low, high = -2.0, 2.0
    while slope(low) < 0.0:
        low -= 2.0
    while slope(high) > 0.0:
        high += 1.0
        if high > np.log(_THETA_MAX):
            return None
    return float(np.exp(brentq(slope, low, high, xtol=1e-13, rtol=1e-13)))


def overdispersion_rows(
    y: FloatArray,
    poisson: CountFit,
    negative_binomial: CountFit | None,
    clusters: NDArray[np.int64] | None,
) -> list[dict[str, object]]:
    """Tests of Poisson against a variance of mean + alpha mean^2 (NB2) or (1 + alpha) mean (NB1), one-sided."""
    ratio = 0.0
    if negative_binomial is not None:
        ratio = max(0.0, 2.0 * (negative_binomial.log_likelihood - poisson.log_likelihood))
    rows: list[dict[str, object]] = [
        {
            "term": "likelihood_ratio",
            "estimate": 0.0 if negative_binomial is None else negative_binomial.alpha,
            "std_error": np.nan,
            "statistic": ratio,
            # At the boundary: half a point mass at 0, half chi-squared with 1 df.
            "p_value": 0.5 * float(chdtrc(1.0, ratio)) if ratio > 0.0 else 1.0,
        }
    ]
    excess = ((y - poisson.mean) ** 2 - y) / poisson.mean
    for term, column in (("cameron_trivedi_nb2", poisson.mean), ("cameron_trivedi_nb1", np.ones(len(y)))):
        square = float(column @ column)
        alpha = float(column @ excess) / square
        left = excess - alpha * column
        if clusters is None:
            variance = float(left @ left) / (len(y) - 1) / square
        else:
            sums = np.bincount(clusters, weights=column * left)
            variance = len(sums) / (len(sums) - 1) * float(sums @ sums) / square**2
        z = alpha / np.sqrt(variance) if variance > 0.0 else np.nan
        rows.append(
            {
                "term": term,
                "estimate": alpha,
                "std_error": float(np.sqrt(variance)),
                "statistic": z,
                "p_value": float(ndtr(-z)),
            }
        )
    return rows


def check_separation(y: FloatArray, x: FloatArray, names: Sequence[str]) -> None:
    """Refuse columns along which the means of rows without events go to 0 while those with events stay.

    Such a direction b has x'b + c = 0 in all rows with events and at most 0 in the others: the likelihood rises along
    it for ever. It exists only where the columns are related among the rows with events (Santos Silva & Tenreyro).
    """
    design = np.column_stack([np.ones(len(x)), x])
    some = y > 0.0
    size = design.shape[1]
    values, vectors = np.linalg.eigh(design[some].T @ design[some] / len(y))
    null = vectors[:, values < 1e-12 * len(names)]
    if not null.size:
        return
    # Within that space: coordinates c with design null c <= 0, and entries of the direction as small as can be.
    without = np.unique(design[~some], axis=0) @ null
    wide = null.shape[1]
    # Free c, and bounds on the absolute entries of null c.
    bounds = np.concatenate([np.zeros(wide), np.zeros(1), np.ones(size - 1)])
    upper = np.block(
        [
            [without, np.zeros((len(without), size))],
            [null, -np.eye(size)],
            [-null, -np.eye(size)],
        ]
    )
    result = linprog(
        bounds,
        A_ub=upper,
        b_ub=np.zeros(len(upper)),
        A_eq=np.concatenate([without.mean(axis=0), np.zeros(size)])[None, :],
        b_eq=[-1.0],
        bounds=[(None, None)] * wide + [(0.0, None)] * size,
        method="highs",
    )
    if (
        result.status != 0
    ):  # infeasible: no direction leaves rows with events alone and lowers the others only
        return
    entries = np.abs(null @ result.x[:wide])[1:]
    named = [name for name, entry in zip(names, entries, strict=True) if entry > _NOTHING * entries.max()]
    raise NotEstimable(
        f"columns {named} single out rows in which no event happened, so their rate ratio has no finite estimate "
        "(separation): leave them out, or merge categories."
    )
