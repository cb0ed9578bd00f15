"""Gradient and expected information of the log likelihood, group by group: most parameters are of one group alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exresearch.measures.structure.sem.clusters import FloatArray
from exresearch.measures.structure.sem.matrices import (
    GroupMatrices,
    Slopes,
    Told,
    implied_groups,
    means_before_effects,
    slopes,
    whiteners_of,
)
from exresearch.measures.structure.sem.moments import Block


def derivatives(
    matrices: Sequence[GroupMatrices],
    blocks: Sequence[Block],
    theta: FloatArray,
    *,
    n_observed: int,
    means: bool,
    told: Told | None = None,
    curvature: bool = True,
) -> tuple[FloatArray, list[FloatArray]]:
    """Gradient [q] and, per group, the expected information between its cells; `told` is what is known of this point.

    Without `curvature` the information is left out.
    """
    gradient = np.zeros(len(theta))
    informations = [np.zeros((len(group.free), len(group.free))) for group in matrices] if curvature else []
    groups = implied_groups(matrices, theta, n_observed) if told is None else told.groups
    whiteners = whiteners_of(groups, blocks) if told is None else told.whiteners
    before = [means_before_effects(group, theta) for group in matrices]
    for block, whitener in zip(blocks, whiteners, strict=True):
        group, cells = groups[block.group], matrices[block.group]
        slope = slopes(cells, group, block.columns, before[block.group], whitener)
        residual = whitener @ block.cov @ whitener.T
        k = cells.moving
        left, right = slope.left[:k], slope.right[:k]
        off = None
        if means:
            off = whitener @ (block.mean - group.mean[block.columns])
            residual += off[:, None] * off
        residual.ravel()[:: len(residual) + 1] -= 1.0
        push = np.zeros(len(slope.free))
        push[:k] = block.n * ((left @ residual) * right).sum(axis=1)
        if off is not None:
            push += block.n * (slope.mean @ off)
        # A label may stand at several cells of one group.
        if cells.once:
            gradient[slope.free] += push
        else:
            np.add.at(gradient, slope.free, push)
        if curvature:
            _inform(informations[block.group], slope, block.n, moving=k, means=means)
    return gradient, informations


def _inform(information: FloatArray, slope: Slopes, n: float, *, moving: int, means: bool) -> None:
    """Add the expected information of one block: trace(D_a D_b) of D = left right' + right left', by inner products."""
    left, right = slope.left[:moving], slope.right[:moving]
    crossed = left @ right.T
    moved = (left @ left.T) * (right @ right.T)
    moved += crossed * crossed.T
    moved *= n
    if means:
        information += n * (slope.mean @ slope.mean.T)
    information[:moving, :moving] += moved


def joined(matrices: Sequence[GroupMatrices], informations: Sequence[FloatArray], n_free: int) -> FloatArray:
    """Put the information of the groups into one matrix of all free parameters [q, q]."""
    whole = np.zeros((n_free, n_free))
    for group, information in zip(matrices, informations, strict=True):
        if group.once:
            whole[np.ix_(group.free, group.free)] += information
        else:
            np.add.at(whole, np.ix_(group.free, group.free), information)
    return whole
