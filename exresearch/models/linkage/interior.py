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


def _solve(design: FloatArray, scale: FloatArray, right: FloatArray) -> FloatArray:
    """Coefficients [B, k] of least squares with weights `scale` [B, n], towards `right` [B, n] times the weights."""
    normal = np.einsum("bni,bn,bnj->bij", design, scale, design, optimize=True)
    size = np.sqrt(np.einsum("bii->bi", normal))
    # Scaled, with a trace of ridge: near the optimum weights differ by 20 orders of magnitude, and a step that is a
    # little off is only a little shorter.
    scaled = normal / (size[:, :, None] * size[:, None, :]) + _RIDGE * np.eye(normal.shape[1])
    towards = np.einsum("bni,bn->bi", design, right) / size
    return np.asarray(np.linalg.solve(scaled, towards[:, :, None])[:, :, 0] / size)


def _reach(state: FloatArray, step: FloatArray) -> FloatArray:
    """How far each replicate may go before a state [B, n] reaches zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(step < 0.0, -state / step, np.inf)
    return np.asarray(far.min(axis=1))


def quantile_coefficients(
    design: FloatArray, outcome: FloatArray, weights: FloatArray, quantile: float
) -> FloatArray:
    """Coefficients [B, k] that minimise the weighted check loss, one regression per row of the weights [B, n].

    The Frisch-Newton method of Portnoy & Koenker (1997), doi:10.1214/ss/1030037960: a row with weight w is the row
    times w, as the check loss is homogeneous; rows with weight 0 drop out.
    """
    share = weights / weights.mean(axis=1, keepdims=True)
    a = share[:, :, None] * design
    c = -share * outcome
    count, n = c.shape
    x = np.full((count, n), 1.0 - quantile)
    s = 1.0 - x
    b = np.einsum("bni,bn->bi", a, x)
    y = _solve(a, np.ones_like(c), c)
    r = c - np.einsum("bni,bi->bn", a, y)
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
        a, b, c, x, s, y, z, w, left = (part[~done] for part in (a, b, c, x, s, y, z, w, left))
        q = 1.0 / (z / x + w / s)
        r = z - w
        dy = _solve(a, q, q * r)
        dx = q * (np.einsum("bni,bi->bn", a, dy) - r)
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
        dy = _solve(a, q, q * right)
        dx = q * (np.einsum("bni,bi->bn", a, dy) - right)
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
