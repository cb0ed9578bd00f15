"""Which drivers matter most: relative importance with intervals for importances and for ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.bootstrap import bca_interval, percentile_interval
from exresearch.models.drivers.replicates import ImportanceReplicates, importance_replicates
from exresearch.models.moments.accumulate import Missing
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import check_resampling

FloatArray = NDArray[np.float64]
Interval = Literal["percentile", "bca"]


def check_interval(interval: str) -> None:
    """Raise ValueError unless `interval` is 'percentile' or 'bca'."""
    if interval not in ("percentile", "bca"):
        raise ValueError(f"interval must be 'percentile' or 'bca', got {interval!r}.")


def _ranks(values: FloatArray) -> NDArray[np.int64]:
    """Rank 1 is the largest; equal values share the better rank, so that the order of drivers never matters."""
    return np.asarray((values[:, None, :] > values[:, :, None]).sum(axis=2) + 1, dtype=np.int64)


def relative_importance(
    data: pd.DataFrame | UnitMoments | PairwiseMoments,
    *,
    outcome: str,
    drivers: Sequence[str],
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Sequence[str] | None = None,
    methods: Sequence[str] = ("lmg",),
    missing: Missing = "listwise",
    n_boot: int = 2000,
    conf_level: float = 0.95,
    interval: Interval = "percentile",
    seed: int,
) -> pd.DataFrame:
    """Share of an outcome's explained variance that belongs to each of a set of correlated drivers.

    Use it to rank drivers (what moves eNPS most?). It describes explained variance; it does not say what changing
    a driver would do.

    Parameters
    ----------
    data : DataFrame or moments
        One row per answer sheet, or the moments made from it (then without `weights` and `cluster`). A row missing
        outcome, driver, covariate, weight or cluster is left out and counted.
    outcome, drivers : str and sequence of str
        Numeric columns.
    weights : str, optional
        Column with positive survey weights.
    cluster : str, optional
        Column with the unit that the bootstrap resamples; rows without it.
    blocks : mapping of driver to block name, optional
        The drivers of a block are one player that enters as a whole and appears under the block's name.
    covariates : sequence of str, optional
        Numeric columns that are in every model; importance is what drivers add to them.
    methods : sequence of str
        Any of lmg, relative_weights, first, last, beta_squared, pratt, car (see `importance_metrics`). lmg takes at
        most 20 players; blocks are defined for lmg, first and last.
    missing : {'listwise', 'pairwise'}
        With 'pairwise' every correlation rests on the rows that have its two columns, and n is the smallest of their
        numbers.
    n_boot, conf_level, seed : int, float, int
        Replicates, coverage and seed of the bootstrap.
    interval : {'percentile', 'bca'}
        Interval of the importance; ranks always have the percentile interval.

    Returns
    -------
    DataFrame, one row per method and driver in the order given
        driver, method, importance (in units of R-squared), share (of the sum over drivers; 0 when that is 0), rank (1
        is the most important), std_error, conf_low, conf_high, rank_low, rank_high (rounded outwards), prob_first,
        prob_last (share of replicates with the highest, lowest importance), n (rows), n_clusters (resampled units),
        r_squared (drivers and covariates), n_excluded, conf_level.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite (all at once); weights of zero or below; too
        many players; an unknown or undefined method; options out of range.
    NotEstimable
        The data have no answer: columns that are constant, exact combinations of one another or equal to the outcome
        (all at once), too few complete rows, a single cluster, or an outcome that does not vary in more than 1 % of
        the replicates.

    References
    ----------
    Groemping (2006), Relative importance for linear regression in R, doi:10.18637/jss.v017.i01

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["enps", "needs", "pay"])
    >>> data["enps"] += data["needs"]
    >>> table = relative_importance(data, outcome="enps", drivers=["needs", "pay"], n_boot=200, seed=1)
    >>> table[["driver", "rank", "rank_low", "rank_high"]].values.tolist()
    [['needs', 1, 1, 1], ['pay', 2, 2, 2]]
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    check_interval(interval)
    result = importance_replicates(
        data,
        outcome=outcome,
        drivers=drivers,
        weights=weights,
        cluster=cluster,
        blocks=blocks,
        covariates=covariates,
        methods=methods,
        missing=missing,
        n_boot=n_boot,
        seed=seed,
        jackknife=interval == "bca",
    )
    return summarise_importance(result, conf_level=conf_level)


def summarise_importance(result: ImportanceReplicates, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Summarise replicates of importance: intervals of importance and of rank.

    Use it with `importance_replicates` and `summarise_differences` when several summaries rest on one bootstrap.

    Parameters
    ----------
    result : ImportanceReplicates
        With a jackknife the intervals are BCa, without one percentile intervals.
    conf_level : float
        Coverage.

    Returns
    -------
    DataFrame
        As `relative_importance`.
    """
    frames = []
    for method, estimate in result.estimate.items():
        replicates = result.replicates[method]
        if result.jackknife is not None:
            low, high = bca_interval(estimate, replicates, result.jackknife[method], conf_level=conf_level)
        else:
            low, high = percentile_interval(replicates, conf_level=conf_level)
        rank_low, rank_high = percentile_interval(_ranks(replicates), conf_level=conf_level)
        total = estimate.sum()
        frames.append(
            pd.DataFrame(
                {
                    "driver": result.drivers,
                    "method": method,
                    "importance": estimate,
                    "share": estimate / total if total != 0.0 else np.zeros_like(estimate),
                    "rank": _ranks(estimate[None, :])[0],
                    "std_error": replicates.std(axis=0, ddof=1),
                    "conf_low": low,
                    "conf_high": high,
                    "rank_low": np.floor(rank_low).astype(np.int64),
                    "rank_high": np.ceil(rank_high).astype(np.int64),
                    "prob_first": (replicates == replicates.max(axis=1, keepdims=True)).mean(axis=0),
                    "prob_last": (replicates == replicates.min(axis=1, keepdims=True)).mean(axis=0),
                    "n": result.n,
                    "n_clusters": result.n_units,
                    "r_squared": result.r_squared,
                    "n_excluded": result.n_excluded,
                    "conf_level": conf_level,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
