"""Proportional-odds and logistic regression: statsmodels' OrderedModel with weights and exact derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from statsmodels.miscmodels.ordinal_model import OrderedModel

FloatArray = NDArray[np.float64]

# Newton's steps halve the distance to the optimum's digits each time; a model that has an optimum takes 4 to 8 from the
# null model, while coefficients that run away grow by about one per step.
_MAX_STEPS = 25
# A maximum is where another Newton step moves no parameter by more than this. Under separation each step moves some
# by about one, however flat the likelihood has become, so that gradient and gain would tell nothing.
_STEP = 1e-5


class CumulativeLogit(OrderedModel):  # type: ignore[misc]
    """Logit model of P(y <= k) for an ordered outcome, for two categories the logistic regression.

    It is statsmodels' `OrderedModel(distr="logit")` with four differences: rows may have weights; the thresholds
    themselves are parameters (not logs of their differences), in which the log-likelihood is concave; score and Hessian
    are exact, so that Newton's method takes a few steps; and some columns may have a coefficient per threshold.

    Parameters
    ----------
    endog : array [n] of int
        Categories 0 to K - 1, sorted, each of them present.
    exog : array [n, p]
        Columns with one coefficient each, without a constant; p may be 0.
    weights : array [n], optional
        Times each row counts in the log-likelihood.
    by_threshold : array [n, q], optional
        Columns with a coefficient at each of the K - 1 thresholds (partial proportional odds).

    Notes
    -----
    logit P(y <= k) = theta_k - x'beta - z'gamma_k. With a and b the value at the upper and the lower threshold of a
    row, log(F(a) - F(b)) = log F(a) + log F(-b) + log(1 - exp(b - a)) for the logistic F: no digits lost in the tails.
    Parameters are (beta, theta, gamma of the first column at each threshold, gamma of the second, ...).
    """

    def __init__(
        self,
        endog: ArrayLike,
        exog: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        by_threshold: ArrayLike | None = None,
    ) -> None:
        common = np.asarray(exog, dtype=np.float64)
        # hasconst spares statsmodels a singular value decomposition per model; the callers have no constant columns.
        super().__init__(endog, common if common.shape[1] else None, distr="logit", hasconst=False)
        rows = len(common)
        self.weights = np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64)
        self._x = common
        # Column by column, as sums over all rows are quicker there.
        self._across = np.ascontiguousarray(common.T)
        self._edges = np.searchsorted(np.asarray(self.endog), np.arange(self.k_levels + 1))
        self._z = np.ones((rows, 1))
        if by_threshold is not None:
            extra = np.asarray(by_threshold, dtype=np.float64)
            self._z = np.column_stack([self._z, -extra])
            names = [f"column {c} at {k}" for c in range(extra.shape[1]) for k in range(1, self.k_levels)]
            (self.data.xnames if self.exog is None else self.exog_names).extend(names)
            self.k_extra += len(names)
            self.df_resid -= len(names)
        self._last: tuple[bytes, float, FloatArray, FloatArray] | None = None

    def initialize(self) -> None:
        """Leave out the rank that statsmodels computes here for degrees of freedom it then replaces."""

    def transform_threshold_params(self, params: FloatArray) -> FloatArray:
        """Thresholds with minus and plus infinity around them: here they are the parameters themselves."""
        start = self.k_vars
        inner = np.asarray(params)[start : start + self.k_levels - 1]
        return np.concatenate([[-np.inf], inner, [np.inf]])

    @property
    def start_params(self) -> FloatArray:
        """The null model: thresholds at the logits of the weighted cumulative shares, all coefficients 0."""
        sums = np.add.reduceat(self.weights, self._edges[:-1]).cumsum()
        start = np.zeros(self.k_vars + self._z.shape[1] * (self.k_levels - 1))
        start[self.k_vars : self.k_vars + self.k_levels - 1] = logit(sums[:-1] / sums[-1])
        return start

    def loglike(self, params: FloatArray) -> float:
        """Weighted log-likelihood; minus infinity where thresholds cross."""
        return self._evaluate(params)[0]

    def score(self, params: FloatArray) -> FloatArray:
        """Its gradient."""
        return self._evaluate(params)[1].copy()

    def hessian(self, params: FloatArray) -> FloatArray:
        """Its matrix of second derivatives."""
        return self._evaluate(params)[2].copy()

    def linear_bounds(self, params: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Value at the upper threshold of rows below the last category, at the lower one of rows above the first."""
        at = np.asarray(params)[self.k_vars :].reshape(-1, self.k_levels - 1).T
        predicted = np.asarray(params)[: self.k_vars] @ self._across
        sizes = np.diff(self._edges)
        first, last = self._edges[1], self._edges[-2]
        if at.shape[1] == 1:
            upper, lower = np.repeat(at[:, 0], sizes[:-1]), np.repeat(at[:, 0], sizes[1:])
        else:
            upper = np.einsum("ij,ij->i", self._z[:last], np.repeat(at, sizes[:-1], axis=0))
            lower = np.einsum("ij,ij->i", self._z[first:], np.repeat(at, sizes[1:], axis=0))
        return upper - predicted[:last], lower - predicted[first:]

    def _evaluate(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log-likelihood, score and Hessian, kept for the next call: an optimiser asks for them one by one."""
        values = np.ascontiguousarray(params, dtype=np.float64)
        key = values.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = (key, *self._derivatives(values))
        return self._last[1:]

    def slopes(self, params: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Score and Hessian without the log-likelihood, whose logarithms a Newton step does not need."""
        return self._derivatives(np.ascontiguousarray(params, dtype=np.float64), valued=False)[1:]

    def _derivatives(
        self, params: FloatArray, *, valued: bool = True
    ) -> tuple[float, FloatArray, FloatArray]:
        size, levels, edges = len(params), self.k_levels, self._edges
        first, last = edges[1], edges[-2]
        upper, lower = self.linear_bounds(params)
        k, q = self.k_vars, self._z.shape[1]
        if q == 1:
            # As wide for everybody in a category, with one logarithm and one power for all of them.
            inner = np.diff(edges[1:-1])
            gap, w_gap = np.diff(params[k:]), np.add.reduceat(self.weights, edges[:-1])[1:-1]
        else:
            inner, gap = None, upper[first:] - lower[: last - first]
            w_gap = self.weights[first:last]
        if not (gap > 0.0).all():
            return -np.inf, np.full(size, np.nan), np.full((size, size), np.nan)
        below, above = expit(upper), expit(-lower)  # F(a), 1 - F(b)
        w_upper, w_lower, w_inner = self.weights[:last], self.weights[first:], self.weights[first:last]
        # Far from the maximum a probability may be 0 and a gap beyond exp's range; both have their limit.
        with np.errstate(divide="ignore", over="ignore"):
            value = np.nan
            if valued:
                value = w_upper @ np.log(below) + w_lower @ np.log(above) + w_gap @ np.log(-np.expm1(-gap))
            ratio = 1.0 / np.expm1(gap)
        if inner is not None:
            ratio = np.repeat(ratio, inner)
        grad_upper = w_upper * (1.0 - below)
        grad_lower = w_lower * (above - 1.0)
        dense_upper, dense_lower = grad_upper * below, -grad_lower * above  # w f(a), w f(b)
        pull = np.zeros(len(self.weights))
        pull[:last] = grad_upper
        pull[first:] += grad_lower
        spread = np.zeros(len(self.weights))
        spread[:last] = dense_upper
        spread[first:] += dense_lower
        cross = w_inner * ratio
        grad_upper[first:] += cross
        grad_lower[: last - first] -= cross
        cross *= 1.0 + ratio
        curve_upper, curve_lower = -dense_upper, -dense_lower
        curve_upper[first:] -= cross
        curve_lower[: last - first] -= cross

        score, hessian = np.zeros(size), np.zeros((size, size))
        score[:k] = -(self._across @ pull)
        hessian[:k, :k] = -(self._across * spread) @ self._across.T
        if q == 1:
            # Thresholds alone differ by category: sums over the rows of each, which lie together.
            place = np.arange(k, size)
            score[k:] = np.add.reduceat(grad_upper, edges[:-2])
            score[k:] += np.add.reduceat(grad_lower, edges[1:-1] - first)
            if k:
                hessian[:k, k:] = np.add.reduceat(self._across[:, :last] * dense_upper, edges[:-2], axis=1)
                hessian[:k, k:] += np.add.reduceat(
                    self._across[:, first:] * dense_lower, edges[1:-1] - first, axis=1
                )
            hessian[place, place] = np.add.reduceat(curve_upper, edges[:-2])
            hessian[place, place] += np.add.reduceat(curve_lower, edges[1:-1] - first)
            if levels > 2:
                beside = np.add.reduceat(cross, edges[1:-2] - first)
                hessian[place[1:], place[:-1]] = hessian[place[:-1], place[1:]] = beside
            hessian[k:, :k] = hessian[:k, k:].T
            return float(value), score, hessian
        for level in range(levels):
            rows = slice(edges[level], edges[level + 1])
            x, z = self._x[rows], self._z[rows]
            here = k + level + (levels - 1) * np.arange(q)
            if level < levels - 1:
                score[here] += grad_upper[rows] @ z
                hessian[:k, here] += x.T @ (z * dense_upper[rows, None])
                hessian[np.ix_(here, here)] += z.T @ (z * curve_upper[rows, None])
            if level > 0:
                under = slice(edges[level] - first, edges[level + 1] - first)
                score[here - 1] += grad_lower[under] @ z
                hessian[:k, here - 1] += x.T @ (z * dense_lower[under, None])
                hessian[np.ix_(here - 1, here - 1)] += z.T @ (z * curve_lower[under, None])
            if 0 < level < levels - 1:
                block = z.T @ (z * cross[under, None])
                hessian[np.ix_(here, here - 1)] += block
                hessian[np.ix_(here - 1, here)] += block.T
        hessian[k:, :k] = hessian[:k, k:].T
        return float(value), score, hessian


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where the log-likelihood of a `CumulativeLogit` is largest.

    Attributes
    ----------
    params, covariance : ndarray
        Parameters as `CumulativeLogit` orders them, and the inverse of the negative Hessian.
    log_likelihood : float
    converged : bool
        Another Newton step moves no parameter by more than 1e-5. False says that there may be no maximum at all.
    """

    params: FloatArray
    covariance: FloatArray
    log_likelihood: float
    converged: bool


def maximise(model: CumulativeLogit, *, start: FloatArray | None = None) -> Maximum:
    """Fit by Newton's method from `start` (default: the null model), by a trust region where its steps overshoot."""
    begin = model.start_params if start is None else start
    found = _newton(model, begin)
    if not found.converged and start is not None:
        found = _newton(model, model.start_params)
    if not found.converged:
        with np.errstate(all="ignore"):
            result = model.fit(
                start_params=model.start_params,
                method="minimize",
                min_method="trust-exact",
                maxiter=200,
                disp=0,
                skip_hessian=True,
                warn_convergence=False,
            )
        found = _newton(model, np.asarray(result.params))
    return found


def _newton(model: CumulativeLogit, start: FloatArray) -> Maximum:
    params = start
    with np.errstate(all="ignore"):
        for _ in range(_MAX_STEPS):
            score, hessian = model.slopes(params)
            try:
                step = np.linalg.solve(hessian, score)
            except np.linalg.LinAlgError:  # a singular Hessian: coefficients that have run away
                return _judged(model, np.full_like(start, np.nan))
            params = params - step
            # Digits double with each step, so that the next one would be about 1e-10.
            if not (np.abs(step) > _STEP).any():
                break
    return _judged(model, params)


def _judged(model: CumulativeLogit, params: FloatArray) -> Maximum:
    """Whether there is a maximum: parameters may be NaN, or still run away slowly."""
    size = len(params)
    lost = Maximum(params, np.full((size, size), np.nan), -np.inf, False)
    if not np.isfinite(params).all():
        return lost
    value, score, hessian = model.loglike(params), model.score(params), model.hessian(params)
    if not np.isfinite(value):
        return lost
    try:
        covariance: FloatArray = np.asarray(np.linalg.inv(-hessian), dtype=np.float64)
    except np.linalg.LinAlgError:
        return lost
    at_rest = bool((np.diag(covariance) > 0.0).all() and (np.abs(covariance @ score) < _STEP).all())
    return Maximum(params, covariance, value, at_rest)
