"""Exact R-squared of every subset of drivers, for many correlation matrices at once, and their Shapley values."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exresearch.models.drivers.doubling import MAX_PLAYERS, subset_parts

FloatArray = NDArray[np.float64]


def subset_r2(
    correlations: ArrayLike,
    *,
    players: Sequence[Sequence[int]],
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> FloatArray:
    """R-squared of all subsets of players, for a batch of correlation matrices.

    Use it when a method needs every submodel; for LMG alone `lmg` does not keep them.

    Parameters
    ----------
    correlations : array [B, q, q]
        Correlation matrices, outcome included. A constant column has a zero row and column.
    players : sequence of sequences of int
        The columns of each of P players; a player of several columns enters or leaves as a whole.
    covariates : sequence of int
        Columns that are in every model.
    outcome : int
        Column of the outcome.

    Returns
    -------
    ndarray [B, 2**P]
        Entry m is the R-squared of the covariates and the players whose bit is set in m (player 0 is the lowest
        bit). A column that is a combination of those already in adds nothing, so the value always exists.

    Raises
    ------
    ValueError
        A column is named twice or does not exist, or there are more than 24 players.

    Notes
    -----
    Subsets are doubled: the residual cross-products of the first k players' 2**k models give those of 2**(k+1) by
    one Schur complement, S_jk - S_ji S_ik / S_ii, so that every submodel costs a handful of operations.

    Examples
    --------
    >>> r = [[[1.0, 0.5, 0.4], [0.5, 1.0, 0.0], [0.4, 0.0, 1.0]]]
    >>> subset_r2(r, players=[[1], [2]]).round(2).tolist()
    [[0.0, 0.25, 0.16, 0.41]]
    """
    matrices = as_matrices(correlations)
    total = matrices[:, outcome, outcome]
    out = np.empty((len(matrices), 2 ** len(players)) if len(players) <= MAX_PLAYERS else (0, 0))
    for part in subset_parts(matrices, players=players, covariates=covariates, outcome=outcome):
        last, states, lanes = part.unexplained.shape
        cells = out[part.part].reshape(lanes, last, 2**part.first)
        explained = total[part.part] - part.unexplained
        cells[:, :, part.start : part.start + states] = explained.transpose(2, 0, 1)
    return out


def as_matrices(correlations: ArrayLike) -> FloatArray:
    """The matrices as floats; ValueError unless they have the shape [B, q, q]."""
    matrices = np.asarray(correlations, dtype=np.float64)
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(f"correlations must have the shape [B, q, q], got {matrices.shape}.")
    return matrices


def _by_player(sums: FloatArray) -> FloatArray:
    """Sums [k, b] over the subsets with each of k players, from one value per subset, [2**k, b]."""
    out = np.empty((len(sums).bit_length() - 1, sums.shape[1]))
    for player in reversed(range(len(out))):
        with_player, without = sums[2**player :], sums[: 2**player]
        out[player] = with_player.sum(axis=0)
        sums = without + with_player
    return out


def order_weights(players: int) -> tuple[FloatArray, FloatArray]:
    """Shapley weights by the size of a subset: of its worth for a player in it, and for one outside."""
    orders = factorial(players)
    inside = [0.0] + [factorial(s - 1) * factorial(players - s) / orders for s in range(1, players + 1)]
    outside = [factorial(s) * factorial(players - s - 1) / orders for s in range(players)] + [0.0]
    return np.array(inside), np.array(outside)


def shapley_values(values: ArrayLike) -> FloatArray:
    """Shapley values of games given by the worth of every subset.

    Parameters
    ----------
    values : array [2**P, b]
        Worth of subset m (bit j set: player j in) in each of b games.

    Returns
    -------
    ndarray [b, P]
        Sums over players to values[-1] - values[0].

    Raises
    ------
    ValueError
        The first dimension is not a power of two of at least 2.

    Notes
    -----
    phi_j = sum over S with j of (s-1)!(P-s)!/P! v(S) - sum over S without j of s!(P-s-1)!/P! v(S). Both weights
    depend on the size s only, so after weighting by their sum, a player's value is a sum over its subsets less a
    constant, which is the same for all players and follows from sum(phi) = v(all) - v(none).

    References
    ----------
    Lindeman, Merenda & Gold (1980); Groemping (2006), doi:10.18637/jss.v017.i01; Budescu (1993) and Azen & Budescu
    (2003), who call it general dominance, doi:10.1037/1082-989X.8.2.129

    Examples
    --------
    >>> shapley_values([[0.0], [0.25], [0.16], [0.41]]).round(2).tolist()
    [[0.25, 0.16]]
    """
    worth = np.asarray(values, dtype=np.float64)
    players = int(worth.shape[0]).bit_length() - 1 if worth.ndim == 2 else 0
    if players < 1 or worth.shape[0] != 2**players:
        raise ValueError(f"values must have the shape [2**P, b], got {worth.shape}.")
    weights = np.add(*order_weights(players))[np.bitwise_count(np.arange(2**players))]
    return spread(_by_player(worth * weights[:, None]).T, worth[-1] - worth[0])


def spread(sums: FloatArray, total: FloatArray) -> FloatArray:
    """Values [b, k] that differ from one another as `sums` do and add up to `total` [b]."""
    return np.asarray(sums - (sums.sum(axis=1) - total)[:, None] / sums.shape[1])


def _cells(masks: NDArray[np.int64], outer: int, table: FloatArray) -> NDArray[np.intp]:
    """Cell of the flat table [a, b] for subsets of a of the first `outer` players and b others."""
    first = np.bitwise_count(masks & (1 << outer) - 1).astype(np.intp)
    return np.asarray(first * table.shape[1] + np.bitwise_count(masks >> outer))


def weighted_sums(
    correlations: FloatArray,
    *,
    players: Sequence[Sequence[int]],
    weights: FloatArray,
    outer: int = 0,
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Sums [B, P] of weight times explained variance over the subsets with each player, and the total gain [B].

    A subset of a of the first `outer` players and b of the others has the weight weights[a, b]. The sums are less a
    constant that is the same for all players with the same weights (see `shapley_values`), as it is for unexplained
    variance with its sign turned.
    """
    count = len(players)
    sums, gain = np.empty((len(correlations), count)), np.empty(len(correlations))
    by_state, by_last = np.empty((0, 0)), np.empty((0, 0))
    # The part a subset's size owes to where it stands in its part, which is the same in all parts.
    place: NDArray[np.intp] = np.empty((0, 0), dtype=np.intp)
    known: dict[int, FloatArray] = {}
    table = np.ascontiguousarray(weights)
    for part in subset_parts(correlations, players=players, covariates=covariates, outcome=outcome):
        last, states, lanes = part.unexplained.shape
        if part.start == 0:
            by_state, by_last = np.empty((2**part.first, lanes)), np.zeros((last, lanes))
            gain[part.part] = part.unexplained[0, 0]
            if place.shape != (last, states):
                known, place = (
                    {},
                    _cells(np.arange(last) << part.first, outer, table)[:, None]
                    + _cells(np.arange(states), outer, table),
                )
        here = int(_cells(np.array([part.start]), outer, table)[0])
        if here not in known:
            known[here] = table.ravel()[here:].take(place)[:, :, None]
        if part.start + states == 2**part.first:
            gain[part.part] -= part.unexplained[-1, -1]
        weighted = part.unexplained
        weighted *= known[here]
        by_state[part.start : part.start + states] = weighted.sum(axis=0)
        by_last += weighted.sum(axis=1)
        if part.start + states == 2**part.first:
            sums[part.part] = -np.concatenate([_by_player(by_state), _by_player(by_last)]).T
    return sums, gain


def lmg(
    correlations: FloatArray,
    *,
    players: Sequence[Sequence[int]],
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> FloatArray:
    """LMG importance [B, P] of players: `shapley_values` of `subset_r2`, in bounded memory."""
    weights = np.add(*order_weights(len(players)))[None, :]
    return spread(
        *weighted_sums(correlations, players=players, weights=weights, covariates=covariates, outcome=outcome)
    )
