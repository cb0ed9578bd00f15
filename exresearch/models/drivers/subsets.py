"""Exact R-squared of every subset of drivers, for many correlation matrices at once, and their Shapley values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

#: More players than this are refused: the work doubles with each (2**20 subsets per replicate).
MAX_PLAYERS = 20

# Residual variance (share of the column's own) under which a column is a combination of earlier ones.
DEPENDENT = 1e-10
# Doubles of working space per block of replicates; 4 MB, which stays in cache.
_BLOCK_CELLS = 500_000

Triangle = list[FloatArray]


def _inverse(pivot: FloatArray) -> FloatArray:
    """1 / pivot, and 0 where nothing is left to explain with: such a column adds nothing to a subset."""
    usable = pivot > DEPENDENT
    return np.divide(1.0, pivot, out=np.zeros_like(pivot), where=usable)


def _sweep(rows: Triangle) -> Triangle:
    """Schur complement: the first column is taken into the model and leaves the triangle."""
    lead = rows[0][1:]
    scaled = lead * _inverse(rows[0][0])
    return [row - scaled[i] * lead[i:] for i, row in enumerate(rows[1:])]


def _double(rows: Triangle, columns: int) -> Triangle:
    """All states so far without the next player, followed by all of them with it."""
    lanes = rows[0].shape[1]
    out = [np.empty((len(row), 2 * lanes)) for row in rows[columns:]]
    for new, row in zip(out, rows[columns:], strict=True):
        new[:, :lanes] = row
    if columns == 1:
        lead = rows[0][1:]
        scaled = lead * _inverse(rows[0][0])
        for i, (new, row) in enumerate(zip(out, rows[1:], strict=True)):
            half = new[:, lanes:]
            np.multiply(scaled[i], lead[i:], out=half)
            np.subtract(row, half, out=half)
        return out
    swept = rows
    for _ in range(columns):
        swept = _sweep(swept)
    for new, row in zip(out, swept, strict=True):
        new[:, lanes:] = row
    return out


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
            "put related drivers in blocks, or use method 'relative_weights'."
        )


def subset_blocks(
    correlations: FloatArray, *, players: Sequence[Sequence[int]], covariates: Sequence[int], outcome: int
) -> Iterator[tuple[slice, FloatArray]]:
    """Yield (replicates, explained variance [2**P, b]) in blocks of bounded memory; see `subset_r2`."""
    _check_players(correlations.shape[1], players, covariates, outcome)
    order = [*covariates, *(column for player in players for column in player), outcome]
    size = len(order)
    peak, left = 1, size - len(covariates)
    for index, player in enumerate(players):
        left -= len(player)
        peak = max(peak, 2 ** (index + 1) * left * (left + 1) // 2)
    step = max(1, _BLOCK_CELLS // peak)
    for start in range(0, len(correlations), step):
        part = slice(start, min(start + step, len(correlations)))
        block = correlations[part]
        # Replicates lie in the last axis, so that every operation runs over all states and replicates at once.
        rows = [np.ascontiguousarray(block[:, order[i], order[i:]].T) for i in range(size)]
        for _ in covariates:
            rows = _sweep(rows)
        for player in players:
            rows = _double(rows, len(player))
        total = block[:, outcome, outcome]
        yield part, total - rows[0][0].reshape(-1, len(block))


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
        A column is named twice or does not exist, or there are more than 20 players.

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
    matrices = np.asarray(correlations, dtype=np.float64)
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(f"correlations must have the shape [B, q, q], got {matrices.shape}.")
    out = np.empty((len(matrices), 2 ** len(players)) if len(players) <= MAX_PLAYERS else (0, 0))
    for part, values in subset_blocks(matrices, players=players, covariates=covariates, outcome=outcome):
        out[part] = values.T
    return out


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
    depend on the size s only, so after weighting, a player's value is a sum over its subsets: one product of the
    matrix of subset membership, taken for the low and the high half of the bits apart to keep it small.

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
    all_orders = factorial(players)
    with_player = [0.0] + [
        factorial(s - 1) * factorial(players - s) / all_orders for s in range(1, players + 1)
    ]
    without = [factorial(s) * factorial(players - s - 1) / all_orders for s in range(players)] + [0.0]
    sizes = np.bitwise_count(np.arange(2**players))
    weighted = worth * (np.array(with_player) + np.array(without))[sizes][:, None]
    low = players // 2
    cube = weighted.reshape(2 ** (players - low), 2**low, -1)
    membership = [
        (np.arange(2**bits)[None, :] >> np.arange(bits)[:, None] & 1).astype(np.float64)
        for bits in (low, players - low)
    ]
    sums = np.concatenate([membership[0] @ cube.sum(axis=0), membership[1] @ cube.sum(axis=1)])
    return np.asarray((sums - np.array(without)[sizes] @ worth).T)


def lmg(
    correlations: FloatArray,
    *,
    players: Sequence[Sequence[int]],
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> FloatArray:
    """LMG importance [B, P] of players: `shapley_values` of `subset_r2`, in bounded memory."""
    out = np.empty((len(correlations), len(players)))
    for part, values in subset_blocks(correlations, players=players, covariates=covariates, outcome=outcome):
        out[part] = shapley_values(values)
    return out
