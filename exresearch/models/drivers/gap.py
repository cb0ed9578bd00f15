"""How much more important one player is than another, without the importance of all the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import factorial

import numpy as np
from numpy.typing import NDArray

from exresearch.models.drivers.doubling import inverse, subset_states
from exresearch.models.drivers.preconditions import check_moments
from exresearch.models.drivers.replicates import replicated
from exresearch.models.drivers.subsets import lmg
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import read_roles

FloatArray = NDArray[np.float64]

# Replicates at once: their states, three columns in each, stay near the processor.
_TOGETHER = 128


def lmg_gap(
    correlations: FloatArray, *, columns: Sequence[int], first: int, second: int, outcome: int = 0
) -> FloatArray:
    """LMG importance of one driver less that of another, in a batch of correlation matrices.

    Use it for many replicates of one difference: a quarter of the subsets is enough for it.

    Parameters
    ----------
    correlations : ndarray [B, q, q]
        Correlation matrices, outcome included.
    columns : sequence of int
        The columns of all P drivers, each a player of its own.
    first, second : int
        The two of them.
    outcome : int
        Column of the outcome.

    Returns
    -------
    ndarray [B]
        As the difference between two columns of `lmg`.

    Notes
    -----
    The Shapley values of a and b differ by the sum over the subsets S of the others of
    s! (P - s - 2)! / (P - 1)! (v(S + a) - v(S + b)), with s the size of S.

    Examples
    --------
    >>> r = np.array([[[1.0, 0.5, 0.4], [0.5, 1.0, 0.0], [0.4, 0.0, 1.0]]])
    >>> lmg_gap(r, columns=[1, 2], first=1, second=2).round(2).tolist()
    [0.09]
    """
    others = [[column] for column in columns if column not in (first, second)]
    count = len(others)
    # P - 1 = count + 1 of the formula.
    by_size = np.array([factorial(s) * factorial(count - s) / factorial(count + 1) for s in range(count + 1)])
    kept = [first, second, outcome]
    out = np.zeros(len(correlations))
    for begin in range(0, len(correlations), _TOGETHER):
        block, sums = correlations[begin : begin + _TOGETHER], out[begin : begin + _TOGETHER]
        for states in subset_states(block, players=others, covariates=[], kept=kept, rows=2):
            (own, _, with_first), (other, with_second) = states.rows
            gained = with_first * with_first
            gained *= inverse(own)
            less = with_second * with_second
            less *= inverse(other)
            gained -= less
            last, inside, _ = gained.shape
            masks = (np.arange(last) << states.first)[:, None] | (states.start + np.arange(inside))
            gained *= by_size[np.bitwise_count(masks)][:, :, None]
            sums[states.part] += gained.reshape(last * inside, -1).sum(axis=0)
    return out


def gap_replicates(
    moments: UnitMoments,
    counts: Iterable[NDArray[np.int32]],
    *,
    outcome: str,
    drivers: Iterable[str],
    first: Sequence[str],
    second: Sequence[str],
    blocks: Mapping[str, str] | None = None,
) -> tuple[float, FloatArray]:
    """Mean LMG importance of some players less that of some others, on the data and on bootstrap replicates.

    Use it in place of `importance_replicates` where this difference is all that is wanted of many sets of data.

    Parameters
    ----------
    moments : UnitMoments
        Of outcome and drivers; other columns may be there too.
    counts : iterable of ndarray [b, U]
        Times each unit is drawn in each replicate, in chunks (`count_chunks`).
    outcome, drivers, blocks
        As in `relative_importance`.
    first, second : sequence of str
        The players of the two sides, one or more each: drivers, or blocks by their name.

    Returns
    -------
    (float, ndarray [B])

    Raises
    ------
    ValueError, NotEstimable
        As `importance_replicates`.
    """
    roles = read_roles(outcome, drivers, None, blocks)
    own = moments.select(roles.columns)
    without = check_moments(own, roles=roles, methods=["lmg"], cluster=None, resampled=True)
    place = {name: index for index, name in enumerate(roles.columns)}
    players = {
        player: [place[name] for name in names if name not in without]
        for player, names in roles.players.items()
    }
    sides = [[players[name] for name in side] for side in (first, second)]
    contrast = np.zeros(len(players))
    for sign, side in ((1.0, first), (-1.0, second)):
        contrast[[list(players).index(name) for name in side]] = sign / len(side)

    def measure(correlations: FloatArray) -> dict[str, FloatArray]:
        if all(len(columns) == 1 for columns in players.values()) and [len(side) for side in sides] == [1, 1]:
            columns = [column for (column,) in players.values()]
            values = lmg_gap(correlations, columns=columns, first=sides[0][0][0], second=sides[1][0][0])
        else:
            values = lmg(correlations, players=list(players.values())) @ contrast
        return {"gap": values}

    estimate = float(measure(own.correlations())["gap"][0])
    return estimate, replicated(own, counts, outcome=outcome, measure=measure)["gap"]
