"""Implied means and covariances of a model in RAM form, with their derivatives cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.linalg import LinAlgError

from exresearch.measures.structure.sem.clusters import FloatArray, IntArray
from exresearch.measures.structure.sem.model import StructuralModel
from exresearch.measures.structure.sem.moments import Block

_LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class GroupMatrices:
    """A, S and m of one group, before free values are filled in, and where those go.

    Attributes
    ----------
    arrows, covariances, means : numpy.ndarray
        Fixed values; ``arrows[i, j]`` is the effect of variable j on i.
    kind : numpy.ndarray
        0, 1, 2 for a free cell of arrows, covariances, means.
    row, column : numpy.ndarray
        The cell.
    free : numpy.ndarray
        Position of its value among the free parameters of the whole model.
    of_arrows, of_covariances, of_means : numpy.ndarray
        Which cells are of each kind.
    once : bool
        Whether no free value stands at several cells of the group.
    moving : int
        How many of the cells, the first ones, move covariances: arrows and covariances stand before means.
    """

    arrows: FloatArray
    covariances: FloatArray
    means: FloatArray
    kind: IntArray
    row: IntArray
    column: IntArray
    free: IntArray
    of_arrows: IntArray = field(init=False)
    of_covariances: IntArray = field(init=False)
    of_means: IntArray = field(init=False)
    once: bool = field(init=False)
    moving: int = field(init=False)

    def __post_init__(self) -> None:
        for kind, name in enumerate(("of_arrows", "of_covariances", "of_means")):
            object.__setattr__(self, name, np.flatnonzero(self.kind == kind))
        object.__setattr__(self, "once", len(np.unique(self.free)) == len(self.free))
        first = int(self.of_means[0]) if len(self.of_means) else len(self.kind)
        object.__setattr__(self, "moving", first if (self.kind[first:] == 2).all() else len(self.kind))


@dataclass(frozen=True, slots=True)
class Implied:
    """What the model says of one group.

    Attributes
    ----------
    mean, cov : numpy.ndarray
        Of the observed variables.
    total : numpy.ndarray
        Covariances of all variables, latent ones included.
    effects : numpy.ndarray
        (I - A)^-1.
    """

    mean: FloatArray
    cov: FloatArray
    total: FloatArray
    effects: FloatArray


# A model is compiled for its estimates, for what it implies and for robust tests.
@lru_cache(maxsize=8)
def compile_model(model: StructuralModel) -> tuple[GroupMatrices, ...]:
    """Put the parameters into matrices, a group at a time; observed variables come first."""
    position = {name: index for index, name in enumerate((*model.observed, *model.latent))}
    size = len(position)
    free = model.free_index
    found = []
    for g in range(model.n_groups):
        arrows, covariances, means = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)
        cells: list[tuple[int, int, int, int]] = []
        for parameter, index in zip(model.parameters, free, strict=True):
            if parameter.group != g:
                continue
            a, b = position[parameter.lhs], position.get(parameter.rhs, 0)
            if parameter.op == "=~":
                kind, a, b = 0, b, a
            else:
                kind = {"~": 0, "~~": 1, "~1": 2}[parameter.op]
            if index >= 0:
                cells.append((kind, a, b, index))
            elif parameter.value is not None:
                if kind == 0:
                    arrows[a, b] = parameter.value
                elif kind == 1:
                    covariances[a, b] = covariances[b, a] = parameter.value
                else:
                    means[a] = parameter.value
        # Means come last, as covariances do not move with them.
        table = np.array(sorted(cells, key=lambda cell: cell[0] == 2), dtype=np.intp).reshape(-1, 4)
        found.append(GroupMatrices(arrows, covariances, means, *table.T))
    return tuple(found)


def implied(matrices: GroupMatrices, theta: FloatArray, n_observed: int) -> Implied:
    """Fill in the free values; raise LinAlgError where the arrows run in a circle that has no solution."""
    return implied_groups([matrices], theta, n_observed)[0]


def implied_groups(matrices: Sequence[GroupMatrices], theta: FloatArray, n_observed: int) -> list[Implied]:
    """What :func:`implied` says of each group, computed for all of them at once."""
    arrows = np.array([group.arrows for group in matrices])
    covariances = np.array([group.covariances for group in matrices])
    means = np.array([group.means for group in matrices])
    for g, group in enumerate(matrices):
        row, column, value = group.row, group.column, theta[group.free]
        a, s, m = group.of_arrows, group.of_covariances, group.of_means
        arrows[g, row[a], column[a]] = value[a]
        covariances[g, row[s], column[s]] = covariances[g, column[s], row[s]] = value[s]
        means[g, row[m]] = value[m]
    effects = np.asarray(np.linalg.inv(np.eye(means.shape[1]) - arrows), dtype=np.float64)
    total = effects @ covariances @ effects.transpose(0, 2, 1)
    cov = total[:, :n_observed, :n_observed]
    cov = (cov + cov.transpose(0, 2, 1)) / 2
    mean = (effects @ means[:, :, None])[:, :n_observed, 0]
    return [Implied(*group) for group in zip(mean, cov, total, effects, strict=True)]


@dataclass(frozen=True, slots=True)
class Told:
    """What the model says at one point of its parameters.

    Attributes
    ----------
    groups : list of Implied
        Per group.
    whiteners : list of numpy.ndarray
        Per block of the data, the inverse of the lower Cholesky factor of the implied covariances.
    value : float
        Normal log likelihood.
    """

    groups: list[Implied]
    whiteners: list[FloatArray]
    value: float


def told_at(
    matrices: Sequence[GroupMatrices],
    blocks: Sequence[Block],
    theta: FloatArray,
    *,
    n_observed: int,
    means: bool,
) -> Told | None:
    """Evaluate the model; None where an implied covariance matrix is not positive definite."""
    total = 0.0
    try:
        told = implied_groups(matrices, theta, n_observed)
        whiteners = whiteners_of(told, blocks)
        for block, whitener in zip(blocks, whiteners, strict=True):
            group = told[block.group]
            fit = float(((whitener @ block.cov) * whitener).sum())
            if means:
                fit += float(((whitener @ (block.mean - group.mean[block.columns])) ** 2).sum())
            log_det = -2.0 * float(np.log(whitener.diagonal()).sum())
            total -= block.n / 2 * (len(block.columns) * _LOG_2PI + log_det + fit)
    except (LinAlgError, ValueError):
        return None
    return Told(told, whiteners, total) if np.isfinite(total) else None


@dataclass(frozen=True, slots=True)
class Slopes:
    """Derivatives of one block with its residuals, all in units in which the implied covariances are the identity.

    The derivative of the covariances to one cell is ``left right' + right left'``: two vectors say all of it.

    Attributes
    ----------
    free : numpy.ndarray
        Positions of the q cells among the free parameters; a position may return.
    left, right : numpy.ndarray
        The vectors of each cell [q, p].
    mean : numpy.ndarray
        Derivatives of the means [q, p].
    whitener : numpy.ndarray
        Inverse of the lower Cholesky factor of the implied covariances.
    """

    free: IntArray
    left: FloatArray
    right: FloatArray
    mean: FloatArray
    whitener: FloatArray


def slopes(
    matrices: GroupMatrices,
    told: Implied,
    columns: IntArray,
    means: FloatArray,
    whitener: FloatArray | None = None,
) -> Slopes:
    """Differentiate one group's moments; `means` are those of all variables, before effects."""
    if whitener is None:
        whitener = _whitener(told.cov, columns)
    reach, spread = whitener @ told.effects[columns], whitener @ told.total[columns]
    row, column = matrices.row, matrices.column
    left = reach[:, row].T
    # An arrow moves covariances through what its origin shares with all; a covariance through the effects of both ends.
    arrow, level = matrices.kind == 0, matrices.kind == 2
    right = np.where(arrow[:, None], spread[:, column].T, reach[:, column].T)
    # A variance stands once in its matrix.
    right *= np.where(level, 0.0, np.where((matrices.kind == 1) & (row == column), 0.5, 1.0))[:, None]
    scale = np.where(arrow, (told.effects @ means)[column], np.where(level, 1.0, 0.0))
    return Slopes(matrices.free, left, right, left * scale[:, None], whitener)


def whiteners_of(told: Sequence[Implied], blocks: Sequence[Block]) -> list[FloatArray]:
    """Whitener of each block: of all at once where none lacks a column."""
    if all(len(block.columns) == len(told[block.group].cov) for block in blocks):
        covs = np.array([told[block.group].cov for block in blocks])
        return list(np.linalg.inv(np.linalg.cholesky(covs)))
    return [_whitener(told[block.group].cov, block.columns) for block in blocks]


def _whitener(cov: FloatArray, columns: IntArray) -> FloatArray:
    """Inverse of the lower Cholesky factor; raises LinAlgError where the matrix is not positive definite."""
    part = cov if len(columns) == len(cov) else cov[np.ix_(columns, columns)]
    inverse: FloatArray = np.linalg.inv(np.linalg.cholesky(part))
    return inverse


def means_before_effects(matrices: GroupMatrices, theta: FloatArray) -> FloatArray:
    """The vector m with free values filled in."""
    found = matrices.means.copy()
    chosen = matrices.of_means
    found[matrices.row[chosen]] = theta[matrices.free[chosen]]
    return found
