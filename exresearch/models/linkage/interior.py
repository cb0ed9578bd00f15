"""Weighted quantile regressions, many at once, by an interior point method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# Share of the way to the border that a step goes, and the gap (relative) at which the primal and dual agree.
_STEP = 0.9995
_GAP = 1e-10
_MOST_STEPS = 50
_FLOOR = 1e-12
_RIDGE = 1e-14
# Replicates times rows at once.
_BLOCK = 30_000


def _solve(design: FloatArray, products: FloatArray, scale: FloatArray, right: FloatArray) -> FloatArray:
    """Coefficients [B, k] of least squares with weights `scale` [B, n], towards `right` [B, n] times the weights.

    `products` [n, k * k] are those of the columns of the design, the same for all replicates.
    """
    width = design.shape[1]
    normal = (scale @ products).reshape(-1, width, width)
    size = np.sqrt(np.einsum("bii->bi", normal))
    # Scaled, with a trace of ridge: near the optimum weights differ by 20 orders of magnitude, and a step that is a
    # little off is only a little shorter.
    scaled = normal / (size[:, :, None] * size[:, None, :]) + _RIDGE * np.eye(width)
    towards = (right @ design) / size
    return np.asarray(np.linalg.solve(scaled, towards[:, :, None])[:, :, 0] / size)


def _reach(state: FloatArray, step: FloatArray) -> FloatArray:
    """How far each replicate may go before a state [B, n], which is positive, reaches zero."""
    steepest = (step / state).min(axis=1)
    return np.asarray(np.divide(-1.0, steepest, out=np.full(len(steepest), np.inf), where=steepest < 0.0))


def quantile_coefficients(
    design: FloatArray, outcome: FloatArray, weights: FloatArray, quantile: float
) -> FloatArray:
    """Coefficients [B, k] that minimise the weighted check loss, one regression per row of the weights [B, n].

    The Frisch-Newton method of Portnoy & Koenker (1997), doi:10.1214/ss/1030037960: a row with weight w is the row
    times w, as the check loss is homogeneous; rows with weight 0 drop out.
    """
    step = max(1, _BLOCK // len(outcome))
    if len(weights) > step:
        # In blocks that stay near the processor, which is twice as fast.
        blocks = [weights[start : start + step] for start in range(0, len(weights), step)]
        return np.concatenate([quantile_coefficients(design, outcome, one, quantile) for one in blocks])
    # The replicates have one design, of which every row is multiplied by its weight: products are those of matrices.
    share = weights / weights.mean(axis=1, keepdims=True)
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    a, squared = share, share**2
    c = -share * outcome
    count, n = c.shape
    x = np.full((count, n), 1.0 - quantile)
    s = 1.0 - x
    b = (a * x) @ design
    y = _solve(design, products, squared, a * c)
    r = c - a * (y @ design.T)
    # Both away from zero: a row that the start fits exactly would hold all steps back.
    z = np.maximum(r, 0.0) + 1e-2 * np.abs(r).mean(axis=1, keepdims=True) + 1e-12
    w = z - r
    found = np.empty((count, design.shape[1]))
    left = np.arange(count)
    for _ in range(_MOST_STEPS):
        gap = (c * x).sum(axis=1) - (y * b).sum(axis=1) + w.sum(axis=1)
        done = gap < _GAP * (1.0 + np.abs(c).sum(axis=1))
        found[left[done]] = -y[done]
        if done.all():
            return found
        if done.any():
            a, squared, b, c, x, s, y, z, w, left = (
                part[~done] for part in (a, squared, b, c, x, s, y, z, w, left)
            )
        q = 1.0 / (z / x + w / s)
        r = z - w
        dy = _solve(design, products, q * squared, q * r * a)
        dx = q * (a * (dy @ design.T) - r)
        dz, dw = -z * (1.0 + dx / x), -w * (1.0 - dx / s)
        primal = np.minimum(1.0, _STEP * np.minimum(_reach(x, dx), _reach(s, -dx)))[:, None]
        dual = np.minimum(1.0, _STEP * np.minimum(_reach(z, dz), _reach(w, dw)))[:, None]
        # The corrector, which takes the curvature of the path into account.
        mu = (z * x + w * s).sum(axis=1, keepdims=True)
        after = ((z + dual * dz) * (x + primal * dx) + (w + dual * dw) * (s - primal * dx)).sum(
            axis=1, keepdims=True
        )
        mu = mu * (after / mu) ** 3 / (2.0 * n)
        dxdz, dsdw = dx * dz, -dx * dw
        push = mu * (1.0 / x - 1.0 / s)
        right = r + dxdz / x - dsdw / s - push
        dy = _solve(design, products, q * squared, q * right * a)
        dx = q * (a * (dy @ design.T) - right)
        dz = mu / x - z - z * dx / x - dxdz / x
        dw = mu / s - w + w * dx / s - dsdw / s
        primal = np.minimum(1.0, _STEP * np.minimum(_reach(x, dx), _reach(s, -dx)))[:, None]
        dual = np.minimum(1.0, _STEP * np.minimum(_reach(z, dz), _reach(w, dw)))[:, None]
        x, s = x + primal * dx, s - primal * dx
        y, z, w = y + dual * dy, z + dual * dz, w + dual * dw
        # Where one row decides a coefficient alone, states run to zero together and the equations become singular.
        x, s, z, w = (np.maximum(part, _FLOOR) for part in (x, s, z, w))
    # Degenerate optima, on which the steps stall just short of the gap.
    for place in left:
        found[place] = _by_simplex(design, outcome, share[place], quantile)
    return found


def _by_simplex(design: FloatArray, outcome: FloatArray, weights: FloatArray, quantile: float) -> FloatArray:
    """The same for one regression as a linear programme."""
    there = weights > 0.0
    rows, weight = design[there], weights[there]
    size, count = rows.shape[1], len(rows)
    answer = linprog(
        np.concatenate([np.zeros(size), quantile * weight, (1.0 - quantile) * weight]),
        A_eq=np.hstack([rows, np.eye(count), -np.eye(count)]),
        b_eq=outcome[there],
        bounds=[(None, None)] * size + [(0.0, None)] * (2 * count),
        method="highs",
    )
    if answer.x is None:
        raise NotEstimable(
            f"quantile regression at {quantile:g} does not settle on one line: use fewer covariates, or an outcome "
            "with more different values."
        )
    return np.asarray(answer.x[:size])
