"""Importance of drivers that come in blocks: the Owen value, exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exresearch.models.drivers.doubling import MAX_PLAYERS
from exresearch.models.drivers.subsets import as_matrices, lmg, order_weights, spread, weighted_sums

FloatArray = NDArray[np.float64]


def check_blocks(sizes: Sequence[int]) -> None:
    """Raise ValueError where blocks of these sizes have too many subsets for exact values."""
    most = max(sizes, default=0) + len(sizes) - 1
    if most > MAX_PLAYERS:
        raise ValueError(
            f"method 'owen' needs all subsets of a block's drivers and the other blocks, at most {MAX_PLAYERS} "
            f"together, got {max(sizes)} drivers and {len(sizes) - 1} other blocks: use fewer or smaller blocks, or "
            "method 'lmg' for the blocks as wholes."
        )


def owen_values(
    correlations: ArrayLike,
    *,
    blocks: Sequence[Sequence[int]],
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> FloatArray:
    """Owen values of drivers in blocks, for a batch of correlation matrices.

    Use it where the importance of a block is to be shared out among its drivers: other than LMG of single drivers,
    a block does not gain by being asked with more items.

    Parameters
    ----------
    correlations : array [B, q, q]
        Correlation matrices, outcome included.
    blocks : sequence of sequences of int
        Columns of each block; a driver without a block is a block of one.
    covariates : sequence of int
        Columns that are in every model.
    outcome : int
        Column of the outcome.

    Returns
    -------
    ndarray [B, K]
        One value per driver, in the order of the blocks. The drivers of a block sum to its LMG as one player, all
        drivers to the R-squared beyond the covariates.

    Raises
    ------
    ValueError
        A column is named twice or does not exist, or a block has, with the other blocks, more than 24 members.

    Notes
    -----
    The mean gain over the orders of entry in which the drivers of a block come one after the other. For driver j of
    block k with c drivers, among m blocks: the sum over sets H of other blocks and sets T of the block's other drivers
    of h!(m-h-1)!/m! t!(c-t-1)!/c! [R2(H, T, j) - R2(H, T)]. Blocks of one driver, or one block of all, give LMG.

    References
    ----------
    Owen (1977), Values of games with a priori unions, in Henn & Moeschlin (eds), Mathematical Economics and Game
    Theory, 76-88

    Examples
    --------
    >>> r = [[[1.0, 0.5, 0.4, 0.4], [0.5, 1.0, 0.0, 0.0], [0.4, 0.0, 1.0, 0.6], [0.4, 0.0, 0.6, 1.0]]]
    >>> owen_values(r, blocks=[[1], [2, 3]]).round(2).tolist()
    [[0.25, 0.1, 0.1]]
    """
    matrices = as_matrices(correlations)
    check_blocks([len(block) for block in blocks])
    wholes = lmg(matrices, players=blocks, covariates=covariates, outcome=outcome)
    outside = order_weights(len(blocks))[1]
    values = []
    for place, block in enumerate(blocks):
        whole = wholes[:, place]
        if len(block) == 1:
            values.append(whole[:, None])
            continue
        others = [*blocks[:place], *blocks[place + 1 :]]
        sums, _ = weighted_sums(
            matrices,
            players=[*others, *([driver] for driver in block)],
            weights=np.outer(outside[: len(blocks)], np.add(*order_weights(len(block)))),
            outer=len(others),
            covariates=covariates,
            outcome=outcome,
        )
        values.append(spread(sums[:, len(others) :], whole))
    return np.concatenate(values, axis=1)
