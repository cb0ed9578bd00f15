"""Ridge regressions of many sets of cross-products at once, each with every penalty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.features import FloatArray

#: Penalties as shares of the variance of a standardised predictor, from none to one that leaves the mean alone.
PENALTIES = np.concatenate([[0.0], 10.0 ** np.arange(-2.5, 2.1, 0.5), [1e5]])
#: Directions of the predictors with less variance than this are combinations of the others.
COLLINEAR = 1e-9
_TIED = 1e-8


def largest_penalty(errors: FloatArray) -> NDArray[np.intp]:
    """Place of the largest penalty whose errors [sets, folds, penalties] are within a standard error of the least."""
    least = errors.sum(axis=1).argmin(axis=-1)
    gap = errors - np.take_along_axis(errors, least[:, None, None], axis=2)
    std_error = np.sqrt(errors.shape[1] * gap.var(axis=1, ddof=1))
    near = gap.sum(axis=1) <= std_error + COLLINEAR
    return np.asarray(near.shape[1] - 1 - near[:, ::-1].argmax(axis=1), dtype=np.intp)


def residual_weights(sums: FloatArray, *, most: int | None, free: int) -> FloatArray:
    """The outcome less its prediction, as weights [sets, penalties, p + 2] of constant, predictors and outcome.

    Parameters
    ----------
    sums : ndarray [sets, p + 2, p + 2]
        Cross-products of constant, predictors and outcome.
    most : int, optional
        Use only so many predictors, those that forward selection chooses.
    free : int
        So many predictors, the last ones, are not shrunken.
    """
    mean = sums[:, 0] / sums[:, :1, 0]
    spread = sums / sums[:, :1, :1] - mean[:, :, None] * mean[:, None, :]
    inside, together = spread[:, 1:-1, 1:-1], spread[:, 1:-1, -1]
    variance = np.einsum("gii->gi", inside)
    scale = np.where(variance > COLLINEAR, 1 / np.sqrt(np.where(variance > COLLINEAR, variance, 1.0)), 0.0)
    inside, together = inside * scale[:, :, None] * scale[:, None, :], together * scale
    slopes = np.zeros((len(sums), len(PENALTIES), len(scale.T)))
    if most is not None and most < inside.shape[1]:
        columns, taken = _selected(inside, together, most=most)
        inside = np.take_along_axis(inside, columns[:, :, None], axis=1)
        inside = np.take_along_axis(inside, columns[:, None, :], axis=2) * (
            taken[:, :, None] * taken[:, None]
        )
        together = np.take_along_axis(together, columns, axis=1) * taken
        np.put_along_axis(slopes, columns[:, None], _shrunken(inside, together), axis=2)
    elif free:
        # What is free is taken out of the others and of the outcome first.
        p = inside.shape[1] - free
        values, vectors = _directions(inside[:, p:, p:])
        given = np.concatenate([inside[:, p:, :p], together[:, p:, None]], axis=2)
        through = vectors @ ((vectors.transpose(0, 2, 1) @ given) / values[:, :, None])
        left = inside[:, :p, :p] - inside[:, :p, p:] @ through[:, :, :p]
        aim = together[:, :p] - (inside[:, :p, p:] @ through[:, :, p:])[..., 0]
        slopes[:, :, :p] = _shrunken(left, aim)
        slopes[:, :, p:] = through[:, None, :, p] - slopes[:, :, :p] @ through[:, :, :p].transpose(0, 2, 1)
    else:
        slopes = _shrunken(inside, together)
    found = np.zeros((len(sums), len(PENALTIES), sums.shape[1]))
    found[:, :, 1:-1] = -slopes * scale[:, None]
    found[:, :, -1] = 1.0
    found[:, :, 0] = -mean[:, None, -1] - (found[:, :, 1:-1] @ mean[:, 1:-1, None])[..., 0]
    return found


def _directions(inside: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Principal directions, those without variance as if theirs were infinite."""
    values, vectors = np.linalg.eigh(inside)
    return np.where(values > COLLINEAR, values, np.inf), vectors


def _shrunken(inside: FloatArray, together: FloatArray) -> FloatArray:
    """Slopes [sets, penalties, p] of standardised predictors."""
    values, vectors = _directions(inside)
    turned = (vectors.transpose(0, 2, 1) @ together[:, :, None])[..., 0]
    shrunken: FloatArray = (
        turned[:, None] / (values[:, None] + PENALTIES[:, None]) @ vectors.transpose(0, 2, 1)
    )
    return shrunken


def _selected(
    inside: FloatArray, together: FloatArray, *, most: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Columns [sets, most] by forward selection on standardised moments, and whether there was one to take.

    Each step takes what explains most of what is left.
    """
    inside, together = inside.copy(), together.copy()
    sets = np.arange(len(together))
    kept = np.zeros(together.shape, dtype=bool)
    columns = np.zeros((len(sets), most), dtype=np.intp)
    taken = np.zeros((len(sets), most), dtype=bool)
    for number in range(most):
        variance = np.einsum("gii->gi", inside)
        open_ = (variance > 1e-6) & ~kept
        explained = np.where(open_, together**2 / np.where(open_, variance, 1.0), -1.0)
        # Of columns that say the same, as two categories out of three do, the first: rounding must not decide.
        best = (explained >= explained.max(axis=1, keepdims=True) * (1 - _TIED)).argmax(axis=1)
        there = open_[sets, best]
        # Where nothing is left, any other column stands for none.
        best = np.where(there, best, kept.argmin(axis=1))
        kept[sets, best], columns[:, number], taken[:, number] = True, best, there
        column = inside[sets, :, best] * there[:, None]
        pivot = np.where(there, variance[sets, best], 1.0)
        together -= column * (together[sets, best] / pivot)[:, None]
        inside -= column[:, :, None] * column[:, None, :] / pivot[:, None, None]
    return columns, taken
