"""Ranks of importance, with intervals that hold where drivers are tied as well."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exresearch.models.bootstrap import percentile_interval
from exresearch.models.expanded import effective_df
from exresearch.models.simultaneous import adjusted_p_values

FloatArray = NDArray[np.float64]
RankMethod = Literal["pairwise", "percentile"]


def ranks(values: FloatArray) -> NDArray[np.int64]:
    """Rank 1 is the largest; equal values share the better rank, so that the order of drivers never matters."""
    return np.asarray((values[:, None, :] > values[:, :, None]).sum(axis=2) + 1, dtype=np.int64)


def check_rank_method(rank_method: str) -> None:
    """Raise ValueError unless `rank_method` is 'pairwise' or 'percentile'."""
    if rank_method not in ("pairwise", "percentile"):
        raise ValueError(f"rank_method must be 'pairwise' or 'percentile', got {rank_method!r}.")


def rank_interval(
    estimate: ArrayLike,
    replicates: ArrayLike,
    *,
    conf_level: float,
    n_units: int,
    influence: ArrayLike | None = None,
    rank_method: RankMethod = "pairwise",
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Interval of the rank of each of P importances; rank 1 is the largest.

    Parameters
    ----------
    estimate : array [P]
    replicates : array [B, P]
    conf_level : float
        Coverage for the rank of each driver by itself.
    n_units : int
        Number of resampled units U.
    influence : array [U, P], optional
        Gives the degrees of freedom of each difference (`effective_df`); U - 1 without it.
    rank_method : {'pairwise', 'percentile'}
        ``pairwise``: a driver ranks below those whose importance is larger beyond chance and above those whose is
        smaller, all comparisons with that driver together at `conf_level`. ``percentile``: quantiles of the ranks in
        the replicates, rounded outwards, as R's relaimpo; of two equal drivers it misses one rank too often.

    Returns
    -------
    (low, high) : two integer arrays [P]
        Where drivers are tied, all ranks that they share count as true.

    Raises
    ------
    ValueError
        The shapes disagree, a value is not finite, or `rank_method` is unknown.

    References
    ----------
    Mogstad, Romano, Shaikh & Wilhelm (2024), Inference for ranks with applications to mobility across neighbourhoods
    and academic achievement across countries, doi:10.1093/restud/rdad006

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal(scale=0.1, size=(999, 3))
    >>> low, high = rank_interval(
    ...     [3.0, 1.0, 1.0], draws + [3.0, 1.0, 1.0], conf_level=0.95, n_units=100
    ... )
    >>> low.tolist(), high.tolist()
    ([1, 2, 2], [1, 3, 3])
    """
    check_rank_method(rank_method)
    centre, values = np.asarray(estimate, dtype=np.float64), np.asarray(replicates, dtype=np.float64)
    if rank_method == "percentile":
        least, most = percentile_interval(ranks(values), conf_level=conf_level)
        return np.floor(least).astype(np.int64), np.ceil(most).astype(np.int64)
    players = len(centre)
    low, high = np.ones(players, dtype=np.int64), np.full(players, players, dtype=np.int64)
    if players == 1:
        return low, high
    pull = None if influence is None else np.asarray(influence, dtype=np.float64)
    for player in range(players):
        others = np.delete(np.arange(players), player)
        gaps = centre[player] - centre[others]
        levels = adjusted_p_values(
            gaps,
            values[:, [player]] - values[:, others],
            n_units=n_units,
            df=None if pull is None else effective_df(pull[:, [player]] - pull[:, others]),
        )
        decided = levels < 1.0 - conf_level
        low[player] += int((decided & (gaps < 0.0)).sum())
        high[player] -= int((decided & (gaps > 0.0)).sum())
    return low, high
