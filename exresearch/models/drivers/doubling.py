"""Unexplained variance of every subset of players by doubling, in bounded memory and in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: More players than this are refused: the work doubles with each (2**24 subsets take about a fifth of a second).
MAX_PLAYERS = 24
#: Residual variance (share of the column's own) under which a column is a combination of earlier ones.
DEPENDENT = 1e-10
# Subsets times replicates that are worked on at once: 1 MB a row, so that few and long loops do the work.
_LANES = 2**17
# Players that enter last, in cache; those before them are kept as states, at most this many doubles (32 MB).
_LAST_PLAYERS = 8
_STATE_CELLS = 4_000_000
# Replicates side by side: enough for long loops, few enough for the cache.
_REPLICATES = 128

Triangle = list[FloatArray]


@dataclass(frozen=True, slots=True)
class Part:
    """Unexplained variances [2**last, states, b] of some subsets in the replicates `part`.

    The subset of cell [m, t] has the mask m << first | start + t; the array is overwritten by the next part.
    """

    part: slice
    first: int
    start: int
    unexplained: FloatArray


@dataclass(frozen=True, slots=True)
class States:
    """What is left of some columns given every subset of players, in the replicates `part`.

    Row i holds the residual products of the i-th of these columns with itself and with those after it, as an array
    [columns, 2**last, states, b] whose cell [m, t] belongs to the mask m << first | start + t. The arrays are
    overwritten by the next ones.
    """

    part: slice
    first: int
    start: int
    rows: list[FloatArray]


def inverse(pivot: FloatArray) -> FloatArray:
    """1 / pivot, and 0 where nothing is left to explain with: such a column adds nothing to a subset."""
    if pivot.min(initial=np.inf) > DEPENDENT:
        return np.asarray(1.0 / pivot)
    usable = pivot > DEPENDENT
    return np.divide(1.0, pivot, out=np.zeros_like(pivot), where=usable)


def _sweep(rows: Triangle) -> Triangle:
    """Schur complement: the first column is taken into the model and leaves the triangle."""
    lead = rows[0][1:]
    scaled = lead * inverse(rows[0][0])
    return [row - scaled[i] * lead[i:] for i, row in enumerate(rows[1:])]


def _double(rows: Triangle, columns: int, lanes: int) -> Triangle:
    """Beside the states so far, without the next player, write those with it; the player's rows are done."""
    swept = [row[:, :lanes] for row in rows]
    for _ in range(columns - 1):
        swept = _sweep(swept)
    lead = swept[0][1:]
    scaled = lead * inverse(swept[0][0])
    for i, (row, before) in enumerate(zip(rows[columns:], swept[1:], strict=True)):
        half = row[:, lanes : 2 * lanes]
        np.multiply(scaled[i], lead[i:], out=half)
        np.subtract(before, half, out=half)
    return rows[columns:]


def _room(sizes: Sequence[int], players: int, lanes: int, *, columns: int, rows: int) -> Triangle:
    """Empty rows for columns of players of these sizes and those that stay, doubled by the first `players` of them.

    A row is used until its player has entered, so it needs only the states before that.
    """
    doubled = [min(index, players) for index, size in enumerate(sizes) for _ in range(size)]
    doubled += [min(len(sizes), players)] * columns
    kept = len(doubled) - columns + rows
    return [np.empty((len(doubled) - i, lanes << times)) for i, times in enumerate(doubled[:kept])]


def _first_players(sizes: Sequence[int], columns: int) -> int:
    """How many players enter before the work is split up: so many that their states fit in memory."""
    first = max(0, len(sizes) - _LAST_PLAYERS)
    while first:
        left = sum(sizes[first:]) + columns
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


def subset_parts(
    correlations: FloatArray, *, players: Sequence[Sequence[int]], covariates: Sequence[int], outcome: int
) -> Iterator[Part]:
    """Unexplained variance of every subset, in parts of bounded memory and in a fixed order."""
    _check_players(correlations.shape[1], players, covariates, outcome)
    for states in subset_states(correlations, players=players, covariates=covariates, kept=[outcome], rows=1):
        yield Part(states.part, states.first, states.start, states.rows[0][0])


def subset_states(
    correlations: FloatArray,
    *,
    players: Sequence[Sequence[int]],
    covariates: Sequence[int],
    kept: Sequence[int],
    rows: int,
) -> Iterator[States]:
    """Residual products of the columns `kept`, the first `rows` of them with those after, given every subset.

    The first players are entered for all replicates of a block at once (breadth first); from slices of their
    states the last players are entered in cache (depth first), so that the 2**P values are never all there.
    """
    order = [*covariates, *(column for player in players for column in player), *kept]
    sizes = [len(player) for player in players]
    needed = len(order) - len(kept) + rows
    first = _first_players(sizes, len(kept))
    last = len(players) - first
    most = max(1, _LANES >> last if first == 0 else min(_REPLICATES, _LANES >> first))
    # A power of two, so that it divides the number of states.
    together = 1 << (min(most, len(correlations)) - 1).bit_length()
    step = min(2**first, max(1, (_LANES >> last) // together))
    for begin in range(0, len(correlations), most):
        block = correlations[begin : begin + most]
        lanes = len(block)
        # Replicates lie in the last axis, so that every operation runs over all states and replicates at once.
        entered = [np.ascontiguousarray(block[:, order[i], order[i:]].T) for i in range(needed)]
        for _ in covariates:
            entered = _sweep(entered)
        if first:
            states = _room(sizes, first, lanes, columns=len(kept), rows=rows)
            for state, row in zip(states, entered, strict=True):
                state[:, :lanes] = row
            for index in range(first):
                states = _double(states, sizes[index], lanes << index)
            entered = states
        room = _room(sizes[first:], last, step * lanes, columns=len(kept), rows=rows)
        for start in range(0, 2**first, step):
            for cells, row in zip(room, entered, strict=True):
                cells[:, : step * lanes] = row[:, start * lanes : (start + step) * lanes]
            current = room
            for index in range(last):
                current = _double(current, sizes[first + index], step * lanes << index)
            shape = (-1, 2**last, step, lanes)
            yield States(slice(begin, begin + lanes), first, start, [row.reshape(shape) for row in current])
