"""Predictions for people who had no part in the fit, by ridge regression whose penalty other units choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.cells import Cells
from exresearch.models.segmentation.features import FloatArray
from exresearch.models.segmentation.ridge import (
    PENALTIES,
    largest_penalty,
    residual_weights,
)
from exresearch.models.segmentation.sums import Answers, answers_of

Design = FloatArray | Cells


def held_out_predictions(
    designs: Design | Sequence[Design],
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
    designs : ndarray [n, p] or Cells, or one per fold
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
        So many columns, the last ones, are not shrunken; not together with `most_columns`.

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
    fold : ndarray [n] of int
    cells, predicted : list of ndarray [n] of int, list of ndarray [cells, q]
        Per fold the predictions of all cells of its design, and whose they are.
    squares : ndarray [groups, q]
        Weighted sum of squared errors of prediction of the people of a group, per outcome.
    training : ndarray [groups, q]
        Derivative of the weighted sum of squared errors of prediction, per outcome, by the logarithm of the weight that
        a group has in training. It adds up to 0 over the groups.
    """

    fold: NDArray[np.integer]
    cells: list[NDArray[np.int64]]
    predicted: list[FloatArray]
    squares: FloatArray
    training: FloatArray

    @property
    def predictions(self) -> FloatArray:
        """As :func:`held_out_predictions`."""
        made = np.empty((len(self.fold), self.predicted[0].shape[1]))
        for number, (cell, predicted) in enumerate(zip(self.cells, self.predicted, strict=True)):
            test = self.fold == number
            made[test] = predicted[cell[test]]
        return made


def held_out_fits(
    designs: Design | Sequence[Design],
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
    designs: Design | Sequence[Design],
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
    if free and most_columns is not None:
        raise ValueError(
            "columns are chosen among those that are shrunken: free and most_columns exclude each other."
        )
    own = not isinstance(designs, np.ndarray | Cells)
    alike: Sequence[Design] = [designs] if isinstance(designs, np.ndarray | Cells) else designs
    given = [_cells(design) for design in alike]
    found = HeldOutFits(
        fold,
        [given[number if own else 0].cell for number in range(folds)],
        [],
        *np.zeros((2, 0 if groups is None else int(groups.max()) + 1, outcomes.shape[1])),
    )
    for number in range(folds):
        if own or number == 0:
            answers = answers_of(
                given[number if own else 0], outcomes, fold=fold, weights=weights, groups=groups
            )
        _predict(found, answers, number, most_columns=most_columns, free=free, influence=groups is not None)
    return found


def _cells(design: Design) -> Cells:
    if isinstance(design, Cells):
        return design
    return Cells(np.asarray(design, dtype="float64"), np.arange(len(design)))


def _predict(
    found: HeldOutFits, answers: Answers, number: int, *, most_columns: int | None, free: int, influence: bool
) -> None:
    """Predict one fold from the others."""
    sums = answers.sums
    of_fold = np.delete(sums, number, axis=0)
    train = of_fold.sum(axis=0)
    inner, q, size = of_fold.shape[:3]
    # Each training fold in turn is left to choose the penalty.
    left_out = (train - of_fold).reshape(inner * q, size, size)
    slopes = residual_weights(left_out, most=most_columns, free=free)
    errors = ((slopes @ of_fold.reshape(left_out.shape)) * slopes).sum(axis=-1)
    best = largest_penalty(errors.reshape(inner, q, -1).transpose(1, 0, 2))
    chosen = -residual_weights(train, most=most_columns, free=free)[np.arange(q), best, :-1]
    predicted = chosen[:, 0] + answers.rows @ chosen[:, 1:].T
    found.predicted.append(predicted)
    if not influence:
        return
    p = size - 2
    penalty = np.repeat(PENALTIES[best][:, None], p, axis=1)
    penalty[:, p - free :] = 0.0
    answers.add_squares(found.squares, predicted, number)
    answers.add_pull(found.training, predicted, number, chosen=chosen, penalty=penalty, train=train)
