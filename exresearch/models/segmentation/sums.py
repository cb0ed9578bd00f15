"""What held-out predictions need of the answers: sums by fold, group and row of the design, not each person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.cells import Cells, compact
from exresearch.models.segmentation.features import FloatArray
from exresearch.models.segmentation.ridge import COLLINEAR


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Sums over the people of one fold, one group and one row of the design: a batch. Batches are in order of folds.

    Attributes
    ----------
    rows : ndarray [cells, p]
        Of the design.
    cell, group, fold : ndarray [batches] of int
    weight, total, squares : ndarray [batches, q]
        Of those with an answer: sums of weights, of weighted outcomes, and of weighted squared outcomes.
    sums : ndarray [folds, q, p + 2, p + 2]
        Cross-products of constant, predictors and outcome.
    """

    rows: FloatArray
    cell: NDArray[np.int64]
    group: NDArray[np.int64]
    fold: NDArray[np.int64]
    weight: FloatArray
    total: FloatArray
    squares: FloatArray
    sums: FloatArray

    def of(self, number: int) -> slice:
        """Batches of one fold."""
        return slice(*np.searchsorted(self.fold, [number, number + 1]))

    def add_squares(self, squares: FloatArray, predicted: FloatArray, number: int) -> None:
        """Add the squared errors of one fold to those of groups [groups, q]; `predicted` [cells, q] for it."""
        part = self.of(number)
        made = predicted[self.cell[part]]
        left = self.squares[part] - 2 * made * self.total[part] + made**2 * self.weight[part]
        for column, values in enumerate(left.T):
            squares[:, column] += np.bincount(self.group[part], weights=values, minlength=len(squares))

    def add_pull(
        self,
        training: FloatArray,
        predicted: FloatArray,
        number: int,
        *,
        chosen: FloatArray,
        penalty: FloatArray,
        train: FloatArray,
    ) -> None:
        """Add what a little more weight of each group in training adds to the squared errors of the test fold.

        Parameters
        ----------
        training : ndarray [groups, q]
            Is added to.
        predicted : ndarray [cells, q]
        number : int
            The test fold.
        chosen, penalty : ndarray [q, 1 + p], [q, p]
            Constant and slopes, and what they were shrunken by.
        train : ndarray [q, p + 2, p + 2]
            Cross-products of the training part.
        """
        rows, slopes, test = self.rows, chosen[:, 1:], self.of(number)
        total = train[:, 0, 0]
        mean = train[:, 0, 1:-1] / total[:, None]
        left = self.total - self.weight * predicted[self.cell]
        error = left[test].sum(axis=0)
        along = left[test].T @ rows[self.cell[test]] - error[:, None] * mean
        moved = _moved(train, slopes, penalty, along)
        shrunk = penalty * moved * slopes
        # The penalty is in variances of the predictors, which each row has its own part in.
        distance = (rows**2) @ shrunk.T - 2 * rows @ (mean * shrunk).T + (mean**2 * shrunk).sum(axis=1)
        ahead = error + rows @ moved.T - (mean * moved).sum(axis=1)
        pull = left * ahead[self.cell] - self.weight * distance[self.cell]
        pull[test] = 0.0
        for column, values in enumerate((-2 / total * pull).T):
            training[:, column] += np.bincount(self.group, weights=values, minlength=len(training))


def answers_of(
    design: Cells,
    outcomes: FloatArray,
    *,
    fold: NDArray[np.integer],
    weights: FloatArray,
    groups: NDArray[np.integer] | None,
) -> Answers:
    """Sum the answers; without groups everybody is in one."""
    group = np.zeros(len(fold), dtype=np.int64) if groups is None else groups.astype(np.int64)
    n_groups, n_cells, folds = int(group.max()) + 1, len(design.rows), int(fold.max()) + 1
    if n_cells < len(fold):
        codes = (fold.astype(np.int64) * n_groups + group) * n_cells + design.cell
        found, batch = compact(codes, folds * n_groups * n_cells)
        of_fold, rest = np.divmod(found, n_groups * n_cells)
        of_group, cell = np.divmod(rest, n_cells)
    else:
        # Hardly two people alike: everybody is a batch.
        order = np.argsort(fold, kind="stable")
        of_fold, of_group, cell = fold[order].astype(np.int64), group[order], design.cell[order]
        batch = np.empty_like(order)
        batch[order] = np.arange(len(order))
    known = ~np.isnan(outcomes)
    weight = np.where(known, weights[:, None], 0.0)
    y = np.where(known, outcomes, 0.0)
    added, total, squares = (_added(part, batch, len(cell)) for part in (weight, weight * y, weight * y**2))
    sums = _cross_products(design.rows, cell, of_fold, (added, total, squares), folds)
    return Answers(design.rows, cell, of_group, of_fold, added, total, squares, sums)


def _added(values: FloatArray, place: NDArray[np.int64], size: int) -> FloatArray:
    """Sum rows [n, q] by place."""
    made = np.empty((size, values.shape[1]))
    for column, part in enumerate(values.T):
        made[:, column] = np.bincount(place, weights=part, minlength=size)
    return made


def _cross_products(
    rows: FloatArray,
    cell: NDArray[np.int64],
    fold: NDArray[np.int64],
    moments: tuple[FloatArray, FloatArray, FloatArray],
    folds: int,
) -> FloatArray:
    p, q = rows.shape[1], moments[0].shape[1]
    found = np.zeros((folds, q, p + 2, p + 2))
    edges = np.searchsorted(fold, np.arange(folds + 1))
    for number in range(folds):
        part = slice(edges[number], edges[number + 1])
        here, place = compact(cell[part], len(rows))
        design = np.column_stack([np.ones(len(here)), rows[here]])
        weight, total, squares = (_added(moment[part], place, len(here)) for moment in moments)
        for column in range(q):
            made = found[number, column]
            made[:-1, :-1] = (design * weight[:, [column]]).T @ design
            made[-1, :-1] = made[:-1, -1] = total[:, column] @ design
            made[-1, -1] = squares[:, column].sum()
    return found


def _moved(sums: FloatArray, slopes: FloatArray, penalty: FloatArray, along: FloatArray) -> FloatArray:
    """Per outcome the inverse of the penalised spread of the predictors in use, times a direction [q, p]."""
    mean = sums[:, 0, 1:-1] / sums[:, :1, 0]
    spread = sums[:, 1:-1, 1:-1] / sums[:, :1, :1] - mean[:, :, None] * mean[:, None, :]
    variance = np.einsum("qii->qi", spread).copy()
    np.einsum("qii->qi", spread)[...] += penalty * variance
    used = (slopes != 0.0) & (variance > 0.0)
    # What is not in use has no size, and the inverse leaves it out.
    scale = np.where(used, 1 / np.sqrt(np.where(used, (1 + penalty) * variance, 1.0)), 0.0)
    turned = np.linalg.pinv(spread * scale[:, :, None] * scale[:, None, :], rcond=COLLINEAR, hermitian=True)
    return np.asarray((turned @ (scale * along)[:, :, None])[..., 0] * scale)
