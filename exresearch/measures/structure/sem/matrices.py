"""Implied means and covariances of a model in RAM form, with derivatives, in the form that Fisher scoring needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

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
    """

    arrows: FloatArray
    covariances: FloatArray
    means: FloatArray
    kind: IntArray
    row: IntArray
    column: IntArray
    free: IntArray


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
        table = np.array(cells, dtype=np.intp).reshape(-1, 4)
        found.append(GroupMatrices(arrows, covariances, means, *table.T))
    return tuple(found)


def implied(matrices: GroupMatrices, theta: FloatArray, n_observed: int) -> Implied:
    """Fill in the free values; raise LinAlgError where the arrows run in a circle that has no solution."""
    arrows, covariances, means = matrices.arrows.copy(), matrices.covariances.copy(), matrices.means.copy()
    row, column, value = matrices.row, matrices.column, theta[matrices.free]
    a, s, m = (matrices.kind == kind for kind in (0, 1, 2))
    arrows[row[a], column[a]] = value[a]
    covariances[row[s], column[s]] = covariances[column[s], row[s]] = value[s]
    means[row[m]] = value[m]
    effects = np.asarray(np.linalg.inv(np.eye(len(means)) - arrows), dtype=np.float64)
    total = effects @ covariances @ effects.T
    observed = slice(n_observed)
    cov: FloatArray = total[observed, observed]
    mean: FloatArray = (effects @ means)[observed]
    return Implied(mean, (cov + cov.T) / 2, total, effects)


def log_likelihood(
    matrices: Sequence[GroupMatrices],
    blocks: Sequence[Block],
    theta: FloatArray,
    *,
    n_observed: int,
    means: bool,
) -> float:
    """Normal log likelihood; minus infinity where an implied covariance matrix is not positive definite."""
    total = 0.0
    try:
        told = [implied(group, theta, n_observed) for group in matrices]
        for block in blocks:
            group = told[block.group]
            whitener = _whitener(group.cov, block.columns)
            fit = float(((whitener @ block.cov) * whitener).sum())
            if means:
                fit += float(((whitener @ (block.mean - group.mean[block.columns])) ** 2).sum())
            log_det = -2.0 * float(np.log(np.diag(whitener)).sum())
            total -= block.n / 2 * (len(block.columns) * _LOG_2PI + log_det + fit)
    except (LinAlgError, ValueError):
        return -np.inf
    return total if np.isfinite(total) else -np.inf


@dataclass(frozen=True, slots=True)
class Slopes:
    """Derivatives of one block with its residuals, all in units in which the implied covariances are the identity.

    Attributes
    ----------
    free : numpy.ndarray
        Positions of the q cells among the free parameters; a position may return.
    cov : numpy.ndarray
        Derivatives of the covariances [q, p, p].
    mean : numpy.ndarray
        Derivatives of the means [q, p].
    whitener : numpy.ndarray
        Inverse of the lower Cholesky factor of the implied covariances.
    """

    free: IntArray
    cov: FloatArray
    mean: FloatArray
    whitener: FloatArray


def slopes(matrices: GroupMatrices, told: Implied, columns: IntArray, means: FloatArray) -> Slopes:
    """Differentiate one group's moments; `means` are those of all variables, before effects."""
    whitener = _whitener(told.cov, columns)
    reach, spread = whitener @ told.effects[columns], whitener @ told.total[columns]
    row, column = matrices.row, matrices.column
    left = reach[:, row].T
    # An arrow moves covariances through what its origin shares with all; a covariance through the effects of both ends.
    right = np.where((matrices.kind == 0)[:, None], spread[:, column].T, reach[:, column].T)
    right = np.where((matrices.kind == 2)[:, None], 0.0, right)
    outer = left[:, :, None] * right[:, None, :]
    variance = (matrices.kind == 1) & (row == column)
    cov = np.where(variance[:, None, None], outer, outer + outer.transpose(0, 2, 1))
    level = told.effects @ means
    scale = np.where(matrices.kind == 0, level[column], np.where(matrices.kind == 2, 1.0, 0.0))
    return Slopes(matrices.free, cov, left * scale[:, None], whitener)


def _whitener(cov: FloatArray, columns: IntArray) -> FloatArray:
    """Inverse of the lower Cholesky factor; raises LinAlgError where the matrix is not positive definite."""
    part = cov if len(columns) == len(cov) else cov[np.ix_(columns, columns)]
    inverse: FloatArray = np.linalg.inv(np.linalg.cholesky(part))
    return inverse


def means_before_effects(matrices: GroupMatrices, theta: FloatArray) -> FloatArray:
    """The vector m with free values filled in."""
    found = matrices.means.copy()
    chosen: NDArray[np.bool_] = matrices.kind == 2
    found[matrices.row[chosen]] = theta[matrices.free[chosen]]
    return found


def derivatives(
    matrices: Sequence[GroupMatrices],
    blocks: Sequence[Block],
    theta: FloatArray,
    *,
    n_observed: int,
    means: bool,
) -> tuple[FloatArray, FloatArray]:
    """Gradient [q] and expected information [q, q] of the log likelihood."""
    gradient, information = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
    told = [implied(group, theta, n_observed) for group in matrices]
    before = [means_before_effects(group, theta) for group in matrices]
    for block in blocks:
        group = told[block.group]
        slope = slopes(matrices[block.group], group, block.columns, before[block.group])
        residual = slope.whitener @ block.cov @ slope.whitener.T
        size = len(block.columns)
        flat = slope.cov.reshape(len(slope.free), size * size)
        local = block.n / 2 * (flat @ flat.T)
        off = np.zeros(size)
        if means:
            off = slope.whitener @ (block.mean - group.mean[block.columns])
            residual = residual + np.outer(off, off)
            local += block.n * (slope.mean @ slope.mean.T)
        push = block.n / 2 * (flat @ (residual - np.eye(size)).ravel())
        if means:
            push += block.n * (slope.mean @ off)
        np.add.at(gradient, slope.free, push)
        # A label may stand at several cells of one group.
        if len(np.unique(slope.free)) == len(slope.free):
            information[np.ix_(slope.free, slope.free)] += local
        else:
            np.add.at(information, np.ix_(slope.free, slope.free), local)
    return gradient, information
