"""Exact R-squared of every subset of drivers, for many correlation matrices at once, and their Shapley values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

#: More players than this are refused: the work doubles with each (2**24 subsets take about a fifth of a second).
MAX_PLAYERS = 24

# Residual variance (share of the column's own) under which a column is a combination of earlier ones.
DEPENDENT = 1e-10
# Subsets times replicates that are worked on at once: 0.5 MB a row, 2 MB in all, which stays in cache.
_LANES = 2**16
# Players that enter last, in cache; those before them are kept as states, at most this many doubles (32 MB).
_LAST_PLAYERS = 8
_STATE_CELLS = 4_000_000
# Replicates side by side: enough for long loops, few enough for the cache.
_REPLICATES = 64

Triangle = list[FloatArray]


@dataclass(frozen=True, slots=True)
class _Part:
    """Unexplained variances [2**last, states, b] of some subsets in the replicates `part`.

    The subset of cell [m, t] has the mask m << first | start + t; the array is overwritten by the next part.
    """

    part: slice
    first: int
    start: int
    unexplained: FloatArray


def _inverse(pivot: FloatArray) -> FloatArray:
    """1 / pivot, and 0 where nothing is left to explain with: such a column adds nothing to a subset."""
    if pivot.min(initial=np.inf) > DEPENDENT:
        return np.asarray(1.0 / pivot)
    usable = pivot > DEPENDENT
    return np.divide(1.0, pivot, out=np.zeros_like(pivot), where=usable)


def _sweep(rows: Triangle) -> Triangle:
    """Schur complement: the first column is taken into the model and leaves the triangle."""
    lead = rows[0][1:]
    scaled = lead * _inverse(rows[0][0])
    return [row - scaled[i] * lead[i:] for i, row in enumerate(rows[1:])]


def _double(rows: Triangle, columns: int, lanes: int) -> Triangle:
    """Beside the states so far, without the next player, write those with it; the player's rows are done."""
    swept = [row[:, :lanes] for row in rows]
    for _ in range(columns - 1):
        swept = _sweep(swept)
    lead = swept[0][1:]
    scaled = lead * _inverse(swept[0][0])
    for i, (row, before) in enumerate(zip(rows[columns:], swept[1:], strict=True)):
        half = row[:, lanes : 2 * lanes]
        np.multiply(scaled[i], lead[i:], out=half)
        np.subtract(before, half, out=half)
    return rows[columns:]


def _room(sizes: Sequence[int], players: int, lanes: int) -> Triangle:
    """Empty rows for columns of players of these sizes and the outcome, doubled by the first `players` of them.

    A row is used until its player has entered, so it needs only the states before that.
    """
    doubled = [min(index, players) for index, size in enumerate(sizes) for _ in range(size)]
    doubled.append(min(len(sizes), players))
    return [np.empty((len(doubled) - i, lanes << times)) for i, times in enumerate(doubled)]


def _first_players(sizes: Sequence[int]) -> int:
    """How many players enter before the work is split up: so many that their states fit in memory."""
    first = max(0, len(sizes) - _LAST_PLAYERS)
    while first:
        left = sum(sizes[first:]) + 1
        if (left * (left + 1) // 2) << first <= _STATE_CELLS:
            break
        first -= 1
    return first


def _check_players(
    size: int, players: Sequence[Sequence[int]], covariates: Sequence[int], outcome: int
) -> None:
    named = [outcome, *covariates, *(column for player in players for column in player)]
    if len(set(named)) != len(named) or any(not 0 <= column < size for column in named):
        raise ValueError(
            f"outcome, players and covariates must be different columns of 0 to {size - 1}, got {named}."
        )
    if not players or any(len(player) == 0 for player in players):
        raise ValueError("players must name at least one column each, and there must be at least one player.")
    if len(players) > MAX_PLAYERS:
        raise ValueError(
            f"exact importance needs 2**players subsets, so at most {MAX_PLAYERS} players, got {len(players)}: "
            "put related drivers in blocks, or use method 'relative_weights' or 'lmg_sampled'."
        )


def _parts(
    correlations: FloatArray, *, players: Sequence[Sequence[int]], covariates: Sequence[int], outcome: int
) -> Iterator[_Part]:
    """Unexplained variance of every subset, in parts of bounded memory and in a fixed order.

    The first players are entered for all replicates of a block at once (breadth first); from slices of their
    states the last players are entered in cache (depth first), so that the 2**P values are never all there.
    """
    _check_players(correlations.shape[1], players, covariates, outcome)
    order = [*covariates, *(column for player in players for column in player), outcome]
    sizes = [len(player) for player in players]
    first = _first_players(sizes)
    last = len(players) - first
    most = max(1, _LANES >> last if first == 0 else min(_REPLICATES, _LANES >> first))
    # A power of two, so that it divides the number of states.
    together = 1 << (min(most, len(correlations)) - 1).bit_length()
    step = min(2**first, max(1, (_LANES >> last) // together))
    for begin in range(0, len(correlations), most):
        block = correlations[begin : begin + most]
        lanes = len(block)
        # Replicates lie in the last axis, so that every operation runs over all states and replicates at once.
        rows = [np.ascontiguousarray(block[:, order[i], order[i:]].T) for i in range(len(order))]
        for _ in covariates:
            rows = _sweep(rows)
        if first:
            states = _room(sizes, first, lanes)
            for state, row in zip(states, rows, strict=True):
                state[:, :lanes] = row
            for index in range(first):
                states = _double(states, sizes[index], lanes << index)
            rows = states
        room = _room(sizes[first:], last, step * lanes)
        for start in range(0, 2**first, step):
            for cells, row in zip(room, rows, strict=True):
                cells[:, : step * lanes] = row[:, start * lanes : (start + step) * lanes]
            current = room
            for index in range(last):
                current = _double(current, sizes[first + index], step * lanes << index)
            yield _Part(
                slice(begin, begin + lanes), first, start, current[0].reshape(2**last, step, lanes)
            )


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
    for part in _parts(matrices, players=players, covariates=covariates, outcome=outcome):
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
    weights = sum(order_weights(players))[np.bitwise_count(np.arange(2**players))]
    return _centred(_by_player(worth * weights[:, None]).T, worth[-1] - worth[0])


def _centred(sums: FloatArray, total: FloatArray) -> FloatArray:
    """Values [b, k] that differ as `sums` do and add up to `total` [b]."""
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
    for part in _parts(correlations, players=players, covariates=covariates, outcome=outcome):
        last, states, lanes = part.unexplained.shape
        if part.start == 0:
            by_state, by_last = np.empty((2**part.first, lanes)), np.zeros((last, lanes))
            gain[part.part] = part.unexplained[0, 0]
            if place.shape != (last, states):
                known, place = {}, _cells(np.arange(last) << part.first, outer, table)[:, None] + _cells(
                    np.arange(states), outer, table
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
    weights = sum(order_weights(len(players)))[None, :]
    return _centred(
        *weighted_sums(
            correlations, players=players, weights=weights, covariates=covariates, outcome=outcome
        )
    )
