"""Factor models of few items: one factor by maximum likelihood, several by least squares, and their rotation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_Function = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
# Least share of its variance that an item may keep for itself: the bound of R's factanal and psych::fa.
HEYWOOD = 0.005
_ROUNDS = 300
_CONVERGED = 1e-10
# Far below the 1e-5 at which GPArotation stops.
_ROTATIONS, _ROTATED = 1000, 1e-7


@dataclass(frozen=True, slots=True)
class OneFactor:
    """One-factor models of k items, one for each of b covariance matrices.

    Attributes
    ----------
    loadings : ndarray [b, k]
        On the items' own scale, their sum on standardised items not negative.
    uniquenesses : ndarray [b, k]
        Residual variances.
    heywood : ndarray [b] of bool
        A residual variance lies on its bound.
    converged : ndarray [b] of bool
        The minimum was found.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    heywood: NDArray[np.bool_]
    converged: NDArray[np.bool_]


def one_factor(matrices: FloatArray) -> OneFactor:
    """Fit one factor to covariances by maximum likelihood.

    Given the residual variances, the loadings follow from the largest eigenvalue; what remains is minimised over the
    logarithms of the residual variances by Newton's method with exact second derivatives, damped where they mislead.

    Parameters
    ----------
    matrices : ndarray [b, k, k]
        Positive definite covariances, k at least 3, all fitted at once.

    Returns
    -------
    OneFactor

    References
    ----------
    Joreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis. *Psychometrika*, 32(4), 443-482.
    https://doi.org/10.1007/BF02289658

    Clarke, M. R. B. (1970). A rapidly convergent method for maximum-likelihood factor analysis. *British Journal of
    Mathematical and Statistical Psychology*, 23(1), 43-52. https://doi.org/10.1111/j.2044-8317.1970.tb00432.x

    Examples
    --------
    >>> truth = np.array([0.8, 0.7, 0.6, 0.5])
    >>> matrix = np.outer(truth, truth) + np.diag(1 - truth**2)
    >>> one_factor(matrix[None]).loadings.round(6).tolist()
    [[0.8, 0.7, 0.6, 0.5]]
    """
    scale = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    r = matrices / (scale[:, :, None] * scale[:, None])
    k = r.shape[1]
    # Joreskog's start: half a factor's worth of what the other items leave unexplained.
    alone = 1 / np.diagonal(np.linalg.inv(r), axis1=1, axis2=2)
    start = np.log(np.clip((1 - 0.5 / k) * alone, HEYWOOD, 1.0))
    x, converged = _minimised(r, start, (np.log(HEYWOOD), np.inf), _likelihood)
    half = np.exp(x / 2)
    roots, vectors = np.linalg.eigh(r / (half[:, :, None] * half[:, None]))
    loadings = half * vectors[:, :, -1] * np.sqrt(np.maximum(roots[:, -1:] - 1, 0.0))
    sign = np.where(loadings.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    return OneFactor(
        loadings=sign * scale * loadings,
        uniquenesses=scale**2 * half**2,
        heywood=(x <= np.log(HEYWOOD) + 1e-9).any(axis=1),
        converged=converged,
    )


def factor_derivatives(matrices: FloatArray, model: OneFactor) -> FloatArray:
    """Say how the fitted loadings and residual variances move with the covariances.

    Parameters
    ----------
    matrices : ndarray [b, k, k]
        The covariances.
    model : OneFactor
        Fitted to them, without a variance on its bound.

    Returns
    -------
    ndarray [b, 2 k, k, k]
        Change of each loading, then of each residual variance, per change of each covariance, by the implicit
        function theorem: the inverse of the observed second derivatives times those by parameter and covariance. The
        sum over a whole symmetric change of the covariances is the change of the parameter.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the second derivatives cannot be inverted: a model is not identified.
    """
    number, k = model.loadings.shape
    loadings, eye = model.loadings, np.eye(k)
    inverse = np.linalg.inv(loadings[:, :, None] * loadings[:, None] + model.uniquenesses[:, :, None] * eye)
    middle = inverse @ matrices @ inverse
    moves = np.zeros((number, 2 * k, k, k))
    for i in range(k):
        moves[:, i, i] += loadings
        moves[:, i, :, i] += loadings
        moves[:, k + i, i, i] = 1.0
    left = inverse[:, None] @ moves
    right = middle[:, None] @ moves
    flat = left.reshape(number, 2 * k, -1).transpose(0, 2, 1)
    hessian = (2 * right - left).transpose(0, 1, 3, 2).reshape(number, 2 * k, -1) @ flat
    # Symmetric by itself only where the model fits.
    hessian = (hessian + hessian.transpose(0, 2, 1)) / 2
    # What the second derivatives of the implied covariances add: that of l_i l_j by both is 1.
    hessian[:, :k, :k] += 2 * (inverse - middle)
    by_covariance = (left @ inverse[:, None]).reshape(number, 2 * k, -1)
    return np.linalg.solve(hessian, by_covariance).reshape(number, 2 * k, k, k)


def minres(r: FloatArray, n_factors: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Fit factors to correlation matrices by least squares (minimum residuals).

    Parameters
    ----------
    r : ndarray [b, k, k]
        Correlation matrices, all fitted at once.
    n_factors : int
        Factors, fewer than k.

    Returns
    -------
    (loadings, proper) : ndarray [b, k, n_factors], ndarray [b] of bool
        Unrotated; ``proper`` where the minimum was found with no residual variance on its bound.

    References
    ----------
    Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres). *Psychometrika*, 31(3),
    351-368. https://doi.org/10.1007/BF02289468. In R: ``psych::fa(r, n_factors, rotate = "none", fm = "minres")``.
    """
    eye = np.eye(r.shape[1])
    alone = 1 / np.maximum(np.diagonal(np.linalg.inv(r + 1e-6 * eye), axis1=1, axis2=2), 1e-9)
    start = np.clip(alone, HEYWOOD, 1.0)
    u, done = _minimised(r, start, (HEYWOOD, 1.0), partial(_residual, n_factors=n_factors))
    roots, vectors = np.linalg.eigh(r - u[:, :, None] * eye)
    top = np.sqrt(np.maximum(roots[:, None, : -n_factors - 1 : -1], 0.0))
    return vectors[:, :, : -n_factors - 1 : -1] * top, done & (u > HEYWOOD * (1 + 1e-6)).all(axis=1)


def quartimin(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rotate loadings to oblique simple structure: direct quartimin, which is oblimin with gamma 0.

    Gradient projection from the unrotated solution, without Kaiser's normalisation, as GPArotation does it.

    Parameters
    ----------
    loadings : ndarray [b, k, m]
        Unrotated loadings, all rotated at once; m at least 2.

    Returns
    -------
    (rotated, correlations) : ndarray [b, k, m], ndarray [b, m, m]
        Loadings and correlations of the factors.

    References
    ----------
    Jennrich, R. I. (2002). A simple general method for oblique rotation. *Psychometrika*, 67(1), 7-19.
    https://doi.org/10.1007/BF02294706. In R: ``GPArotation::oblimin(loadings)``.
    """
    number, _, m = loadings.shape
    turn = np.broadcast_to(np.eye(m), (number, m, m)).copy()
    length = np.ones(number)
    work = np.arange(number)
    for _ in range(_ROTATIONS):
        here, start = loadings[work], turn[work]
        _, value, slope = _quartimin_slope(here, start)
        projected = slope - start * (start * slope).sum(axis=1, keepdims=True)
        size = np.sqrt((projected**2).sum(axis=(1, 2)))
        # What has arrived stays where it is.
        moving = size >= _ROTATED
        if not moving.any():
            break
        work, here, start = work[moving], here[moving], start[moving]
        value, projected, size = value[moving], projected[moving], size[moving]
        step = np.minimum(length[work] * 2, 1e3)
        better = np.zeros(len(work), dtype=bool)
        for _ in range(20):
            new = start - step[:, None, None] * projected
            new = new / np.sqrt((new**2).sum(axis=1, keepdims=True))
            found = ~better & (_quartimin_slope(here, new)[1] < value - 0.5 * size**2 * step)
            turn[work[found]] = new[found]
            better |= found
            if better.all():
                break
            step = np.where(better, step, step / 2)
        length[work] = step
        work = work[better]
    rotated, _, _ = _quartimin_slope(loadings, turn)
    return rotated, np.einsum("bij,bik->bjk", turn, turn)


def _minimised(
    r: FloatArray, start: FloatArray, bounds: tuple[float, float], function: _Function
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Minimise a function of k numbers for each matrix, within bounds; and say for which that went well."""
    x, (low, high) = start.copy(), bounds
    number, k = x.shape
    eye = np.eye(k)
    # Levenberg's damping: raised where a step makes it worse, else let go.
    damping = np.full(number, 1e-3)
    done = np.zeros(number, dtype=bool)
    work = np.arange(number)
    for _ in range(_ROUNDS):
        here, at = r[work], x[work]
        value, gradient, hessian = function(here, at)
        held = ((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0))
        gradient = np.where(held, 0.0, gradient)
        size = np.abs(gradient).max(axis=1)
        # What no step improves any more has arrived as far as numbers reach.
        arrived = (size < _CONVERGED) | ((damping[work] > 1e3) & (size < 1e-6))
        done[work[arrived]] = True
        go = ~arrived & (damping[work] < 1e8)
        if not go.any():
            break
        work, here, at, value, gradient = work[go], here[go], at[go], value[go], gradient[go]
        hessian, held = hessian[go], held[go]
        hessian = np.where(held[:, :, None] | held[:, None, :], 0.0, hessian) + held[:, :, None] * eye
        step = np.linalg.solve(hessian + damping[work, None, None] * eye, gradient[..., None])[..., 0]
        tried = np.clip(at - step, np.maximum(low, at - 1), np.minimum(high, at + 1))
        better = function(here, tried)[0] <= value
        x[work[better]] = tried[better]
        damping[work] = np.where(better, np.maximum(damping[work] / 10, 1e-12), damping[work] * 10)
    return x, done


def _likelihood(r: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Misfit of one factor with residual variances exp(x), with first and second derivatives by x."""
    half = np.exp(-x / 2)
    roots, vectors = np.linalg.eigh(r * half[:, :, None] * half[:, None])
    small, axes = roots[:, :-1], vectors[:, :, :-1]
    large, top = roots[:, -1:], vectors[:, :, -1]
    value = (small - np.log(np.maximum(small, 1e-300)) - 1).sum(axis=1)
    weight = (1 - small) * (small + large) / np.maximum(large - small, 1e-12)
    across = axes.transpose(0, 2, 1)
    hessian = ((axes * small[:, None]) @ across) * (axes @ across)
    hessian += top[:, :, None] * top[:, None] * ((axes * weight[:, None]) @ across)
    return value, np.einsum("bim,bm->bi", axes**2, 1 - small), hessian


def _residual(r: FloatArray, u: FloatArray, n_factors: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Half the squared roots that the factors leave, with first and second derivatives by the variances u."""
    roots, vectors = np.linalg.eigh(r - u[:, :, None] * np.eye(r.shape[1]))
    small, axes = roots[:, :-n_factors], vectors[:, :, :-n_factors]
    large, others = roots[:, -n_factors:], vectors[:, :, -n_factors:]
    gap = np.minimum(small[:, :, None] - large[:, None], -1e-12)
    cross = np.einsum("bim,bmn,bin->bimn", axes, 2 * small[:, :, None] / gap, others)
    turned = np.einsum("bimn,bjm,bjn->bij", cross, axes, others, optimize=True)
    plain = axes @ axes.transpose(0, 2, 1)
    return (small**2).sum(axis=1) / 2, -np.einsum("bim,bm->bi", axes**2, small), plain**2 + turned


def _quartimin_slope(loadings: FloatArray, turn: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    inverse = np.linalg.inv(turn)
    rotated = loadings @ inverse.transpose(0, 2, 1)
    squares = rotated**2
    others = squares.sum(axis=2, keepdims=True) - squares
    value = (squares * others).sum(axis=(1, 2)) / 4
    slope = -np.swapaxes(np.swapaxes(rotated, 1, 2) @ (rotated * others) @ inverse, 1, 2)
    return rotated, value, slope
