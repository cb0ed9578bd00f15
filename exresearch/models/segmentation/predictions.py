"""Predictions for people who had no part in the fit, by ridge regression whose penalty other units choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.features import FloatArray

# Penalties as shares of the variance of a standardised predictor, from none to one that leaves the mean alone.
_PENALTIES = np.concatenate([[0.0], 10.0 ** np.arange(-2.5, 2.1, 0.5), [1e5]])
# What is free of the penalty is stretched so far that none of these is felt.
_STRETCH = 1e5
_COLLINEAR = 1e-9


def held_out_predictions(
    designs: FloatArray | Sequence[FloatArray],
    outcomes: FloatArray,
    *,
    fold: NDArray[np.integer],
    weights: FloatArray,
    most_columns: int | None = None,
    free: int = 0,
) -> FloatArray:
    """Predict every outcome of everybody from the people in other folds.

    Linear regression, shrunken to the mean by a penalty that predicts well from training folds to another training
    fold: cross-validation within cross-validation. It is the largest one whose error is within one standard error of
    the least. Without it a model of many small groups, such as places of work, is
    judged by what it learnt of single units, and loses against a model of few groups for no other reason.

    Parameters
    ----------
    designs : ndarray [n, p], or one per fold
        Predictors; one per fold where they were made anew from its training part.
    outcomes : ndarray [n, q]
        NaN where one is missing; such rows take no part in its fit, and are predicted all the same.
    fold : ndarray [n] of int
        From 0; three or more.
    weights : ndarray [n]
        Survey weights.
    most_columns : int, optional
        Use only so many columns for an outcome, those that forward selection chooses, within each training part.
    free : int
        So many columns, the last ones, are not shrunken.

    Returns
    -------
    ndarray [n, q]

    Raises
    ------
    ValueError
        If there are fewer than three folds.

    Notes
    -----
    Ridge regression: Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634. Nested cross-validation: Varma & Simon
    2006, doi:10.1186/1471-2105-7-91. One standard error: Breiman, Friedman, Olshen & Stone 1984, section 3.4.3, here
    of the difference between two penalties over the folds.

    Examples
    --------
    >>> x = np.repeat([0.0, 1.0], 20)[:, None]
    >>> found = held_out_predictions(x, 3 * x, fold=np.arange(40) % 5, weights=np.ones(40))
    >>> found[[0, -1], 0].round(3).tolist()
    [0.0, 3.0]
    """
    fits = _held_out_fits(
        designs, outcomes, fold=fold, weights=weights, groups=None, most_columns=most_columns, free=free
    )
    return fits.predictions


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutFits:
    """Predictions by the people in other folds, and how much every group of people pulls at their errors.

    Attributes
    ----------
    predictions : ndarray [n, q]
        As :func:`held_out_predictions`.
    training : ndarray [groups, q]
        Derivative of the weighted sum of squared errors of prediction, per outcome, by the logarithm of the weight that
        a group has in training. It adds up to 0 over the groups.
    """

    predictions: FloatArray
    training: FloatArray


def held_out_fits(
    designs: FloatArray | Sequence[FloatArray],
    outcomes: FloatArray,
    *,
    fold: NDArray[np.integer],
    weights: FloatArray,
    groups: NDArray[np.integer],
    most_columns: int | None = None,
    free: int = 0,
) -> HeldOutFits:
    """Predict as :func:`held_out_predictions`, and say what each group of people adds to the errors through training.

    Use it for a standard error of the errors that knows that the models would be others with other people.

    Parameters
    ----------
    designs, outcomes, fold, weights, most_columns, free
        As :func:`held_out_predictions`.
    groups : ndarray [n] of int
        From 0: people whose answers are kept together.

    Returns
    -------
    HeldOutFits

    Raises
    ------
    ValueError
        If there are fewer than three folds.

    Notes
    -----
    The infinitesimal jackknife (Jaeckel 1972; Efron 2014, doi:10.1080/01621459.2013.823775) of the regressions of all
    folds. Penalties, chosen columns and designs are taken as they are.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, fold = rng.normal(size=(60, 2)), np.arange(60) % 5
    >>> y = x[:, :1] + rng.normal(size=(60, 1))
    >>> found = held_out_fits(x, y, fold=fold, weights=np.ones(60), groups=np.arange(60) // 3)
    >>> found.training.shape, bool(abs(found.training.sum()) < 1e-9)
    ((20, 1), True)
    """
    return _held_out_fits(
        designs, outcomes, fold=fold, weights=weights, groups=groups, most_columns=most_columns, free=free
    )


def _held_out_fits(
    designs: FloatArray | Sequence[FloatArray],
    outcomes: FloatArray,
    *,
    fold: NDArray[np.integer],
    weights: FloatArray,
    groups: NDArray[np.integer] | None,
    most_columns: int | None,
    free: int,
) -> HeldOutFits:
    folds = int(fold.max()) + 1
    if folds < 3:
        raise ValueError(f"cross-validation within cross-validation needs three folds; got {folds}.")
    made = np.full(outcomes.shape, np.nan)
    training = np.zeros((0 if groups is None else int(groups.max()) + 1, outcomes.shape[1]))
    sums: dict[tuple[int, int], FloatArray] = {}
    for number in range(folds):
        own = not isinstance(designs, np.ndarray)
        design = designs[number] if own else np.asarray(designs)
        test = fold == number
        for column in range(outcomes.shape[1]):
            key = (number if own else 0, column)
            if key not in sums:
                sums[key] = _sums(design, outcomes[:, column], fold, weights, folds)
            of_fold = np.delete(sums[key], number, axis=0)
            train = of_fold.sum(axis=0)
            # Each training fold in turn is left to choose the penalty.
            slopes = _slopes(train - of_fold, most_columns, free)
            best = _largest(np.einsum("gpi,gij,gpj->gp", slopes, of_fold, slopes))
            chosen = -_slopes(train[None], most_columns, free)[0, best]
            made[test, column] = chosen[0] + design[test] @ chosen[1:-1]
            if groups is not None:
                y = outcomes[:, column]
                penalty = np.full(design.shape[1], _PENALTIES[best])
                penalty[design.shape[1] - free :] /= _STRETCH**2
                pull = _training_pull(design, y, chosen[:-1], penalty, train, test=test, weights=weights)
                training[:, column] += np.bincount(groups, weights=pull, minlength=len(training))
    return HeldOutFits(made, training)


def _training_pull(
    design: FloatArray,
    y: FloatArray,
    coefficients: FloatArray,
    penalty: FloatArray,
    sums: FloatArray,
    *,
    test: NDArray[np.bool_],
    weights: FloatArray,
) -> FloatArray:
    """What a little more weight of each row in training adds to the squared errors of the test fold.

    `sums` are the cross-products of the training part, as of :func:`_sums`.
    """
    slopes, known = coefficients[1:], ~np.isnan(y)
    used = slopes != 0.0
    mean = sums[0, 1:-1] / sums[0, 0]
    spread = sums[1:-1, 1:-1] / sums[0, 0] - np.outer(mean, mean)
    left = np.where(known, y - coefficients[0] - design @ slopes, 0.0)
    error = np.where(test, weights * left, 0.0)
    # The penalty is in variances of the predictors, which each row has its own part in.
    inside = (spread + np.diag(penalty * np.diag(spread)))[np.ix_(used, used)]
    scale = 1 / np.sqrt(np.diag(inside))
    turned = np.linalg.pinv(inside * scale[:, None] * scale, rcond=_COLLINEAR, hermitian=True)
    moved = np.zeros(len(slopes))
    moved[used] = turned @ (scale * (error @ design - error.sum() * mean)[used]) * scale
    shrunk = penalty * moved * slopes
    distance = (design**2) @ shrunk - 2 * design @ (mean * shrunk) + mean**2 @ shrunk
    pull = left * (error.sum() + design @ moved - mean @ moved) - distance
    return np.where(known & ~test, -2 * weights / sums[0, 0] * pull, 0.0)


def _largest(errors: FloatArray) -> int:
    """Place of the largest penalty whose errors [folds, penalties] are within one standard error of the least."""
    gap = errors - errors[:, [int(errors.sum(axis=0).argmin())]]
    std_error = np.sqrt(len(gap) * gap.var(axis=0, ddof=1))
    return int(np.flatnonzero(gap.sum(axis=0) <= std_error + _COLLINEAR).max())


def _sums(
    x: FloatArray, y: FloatArray, fold: NDArray[np.integer], weights: FloatArray, folds: int
) -> FloatArray:
    """Cross-products [folds, p + 2, p + 2] of a constant, the predictors and the outcome."""
    rows = np.column_stack([np.ones(len(x)), x, y])
    known = ~np.isnan(y)
    found = []
    for number in range(folds):
        chosen = known & (fold == number)
        found.append((rows[chosen] * weights[chosen, None]).T @ rows[chosen])
    return np.stack(found)


def _slopes(sums: FloatArray, most: int | None, free: int) -> FloatArray:
    """The outcome less its prediction, as weights [sets, penalties, p + 2] of constant, predictors and outcome."""
    mean = sums[:, 0] / sums[:, :1, 0]
    spread = sums / sums[:, :1, :1] - mean[:, :, None] * mean[:, None, :]
    inside, together = spread[:, 1:-1, 1:-1], spread[:, 1:-1, -1]
    variance = np.einsum("gii->gi", inside)
    scale = np.where(variance > _COLLINEAR, 1 / np.sqrt(np.where(variance > _COLLINEAR, variance, 1.0)), 0.0)
    scale[:, scale.shape[1] - free :] *= _STRETCH
    inside, together = inside * scale[:, :, None] * scale[:, None, :], together * scale
    if most is not None and most < inside.shape[1]:
        kept = np.stack([_selected(a, b, most=most) for a, b in zip(inside, together, strict=True)])
        inside, together = inside * kept[:, :, None] * kept[:, None, :], together * kept
        scale = scale * kept
    values, vectors = np.linalg.eigh(inside)
    values = np.where(values > _COLLINEAR, values, np.inf)
    turned = np.einsum("gij,gi->gj", vectors, together)
    shrunk = turned[:, None] / (values[:, None] + _PENALTIES[:, None])
    slopes = np.einsum("gij,gpj->gpi", vectors, shrunk) * scale[:, None]
    found = np.zeros((len(sums), len(_PENALTIES), sums.shape[1]))
    found[:, :, 1:-1], found[:, :, -1] = -slopes, 1.0
    found[:, :, 0] = -(mean[:, None, -1] - np.einsum("gpi,gi->gp", slopes, mean[:, 1:-1]))
    return found


def _selected(inside: FloatArray, together: FloatArray, *, most: int) -> NDArray[np.bool_]:
    """Columns by forward selection on standardised moments: each step takes what explains most of what is left."""
    inside, together = inside.copy(), together.copy()
    kept = np.zeros(len(together), dtype=bool)
    for _ in range(most):
        variance = np.diag(inside)
        open_ = (variance > 1e-6) & ~kept
        if not open_.any():
            break
        best = int(np.where(open_, together**2 / np.where(open_, variance, 1.0), -1.0).argmax())
        kept[best] = True
        column, pivot = inside[:, best].copy(), variance[best].copy()
        together -= column * (together[best] / pivot)
        inside -= np.outer(column, column) / pivot
    return kept
