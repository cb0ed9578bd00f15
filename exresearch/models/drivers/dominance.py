"""Conditional and complete dominance of players, from the worth of every subset of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Differences of fit within this of zero are rounding (fits lie between 0 and 1): neither driver adds more.
TIE = 1e-12


def _worth(values: ArrayLike) -> tuple[FloatArray, int]:
    worth = np.asarray(values, dtype=np.float64)
    players = int(worth.shape[0]).bit_length() - 1 if worth.ndim == 2 else 0
    if players < 1 or worth.shape[0] != 2**players:
        raise ValueError(f"values must have the shape [2**P, b], got {worth.shape}.")
    return worth, players


def conditional_dominance(values: ArrayLike) -> FloatArray:
    """Mean gain of each player over subsets of the others of each size (Azen and Budescu's conditional dominance).

    Use it to see whether a driver matters alone, beside many others, or both: its general dominance (Shapley value) is
    the mean over the sizes.

    Parameters
    ----------
    values : array [2**P, b]
        Worth (any measure of fit) of subset m, bit j set where player j is in, in each of b games; as
        `subset_r2` gives it, transposed.

    Returns
    -------
    ndarray [b, P, P]
        Entry [., j, s] is the mean of v(S + j) - v(S) over the subsets S of s other players.

    Raises
    ------
    ValueError
        The first dimension is not a power of two of at least 2.

    References
    ----------
    Azen & Budescu (2003), doi:10.1037/1082-989X.8.2.129. In R: `domir::domir`, `dominanceanalysis::dominanceAnalysis`.

    Examples
    --------
    >>> conditional_dominance([[0.0], [0.25], [0.16], [0.41]]).round(2).tolist()
    [[[0.25, 0.25], [0.16, 0.16]]]
    """
    worth, players = _worth(values)
    games = worth.shape[1]
    sizes = np.bitwise_count(np.arange(2 ** (players - 1)))
    average = (sizes[None, :] == np.arange(players)[:, None]).astype(np.float64)
    average /= average.sum(axis=1, keepdims=True)
    out = np.empty((games, players, players))
    for player in range(players):
        pairs = worth.reshape(-1, 2, 2**player, games)
        gain = (pairs[:, 1] - pairs[:, 0]).reshape(-1, games)
        out[:, player, :] = (average @ gain).T
    return out


def complete_dominance(values: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Whether one player adds at least as much as another to every subset of the rest, for all pairs.

    Use it for the strictest statement that a dominance analysis makes: complete dominance implies conditional, and that
    implies general dominance.

    Parameters
    ----------
    values : array [2**P, b]
        As in `conditional_dominance`.

    Returns
    -------
    dominance : ndarray [b, P, P] of int
        1 where player i (row) dominates j (column) completely, -1 where j dominates i, 0 where neither does. Gains
        within 1e-12 of one another count as equal.
    share_greater : ndarray [b, P, P]
        Share of the 2**(P - 2) subsets without both to which i adds more than j; 0 on the diagonal.

    Raises
    ------
    ValueError
        As `conditional_dominance`.

    References
    ----------
    Azen & Budescu (2003), doi:10.1037/1082-989X.8.2.129. `domir::domir` (1.2) reports `share_greater`.

    Examples
    --------
    >>> dominance, share = complete_dominance([[0.0], [0.25], [0.16], [0.41]])
    >>> dominance.tolist(), share.tolist()
    ([[[0, 1], [-1, 0]]], [[[0.0, 1.0], [0.0, 0.0]]])
    """
    worth, players = _worth(values)
    games = worth.shape[1]
    dominance = np.zeros((games, players, players), dtype=np.int64)
    share = np.zeros((games, players, players))
    for low in range(players):
        for high in range(low + 1, players):
            cube = worth.reshape(-1, 2, 2 ** (high - low - 1), 2, 2**low, games)
            more = (cube[:, 0, :, 1] - cube[:, 1, :, 0]).reshape(-1, games)
            above = (more > TIE).mean(axis=0)
            below = (more < -TIE).mean(axis=0)
            share[:, low, high], share[:, high, low] = above, below
            verdict = ((below == 0.0) & (above > 0.0)).astype(np.int64) - ((above == 0.0) & (below > 0.0))
            dominance[:, low, high], dominance[:, high, low] = verdict, -verdict
    return dominance, share


def pairwise_dominance(values: ArrayLike) -> dict[str, IntArray]:
    """General, conditional and complete dominance of all pairs, each [b, P, P], coded as in `complete_dominance`.

    Conditional: i adds at least as much as j at every number of other players; general: on average over the numbers.
    """
    conditional = conditional_dominance(values)
    more = conditional[:, :, None, :] - conditional[:, None, :, :]
    at_least, at_most = (more >= -TIE).all(axis=-1), (more <= TIE).all(axis=-1)
    mean = more.mean(axis=-1)
    return {
        "general": (mean > TIE).astype(np.int64) - (mean < -TIE),
        "conditional": at_least.astype(np.int64) - at_most,
        "complete": complete_dominance(values)[0],
    }
