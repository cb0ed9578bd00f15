"""Which drivers matter most: relative importance with intervals for importances and for ranks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from exresearch.models.drivers.intervals import Interval, check_interval, check_smallest_effect, combined
from exresearch.models.drivers.preconditions import method_list
from exresearch.models.drivers.ranks import RankMethod, check_rank_method, rank_interval, ranks
from exresearch.models.drivers.replicates import ImportanceReplicates, importance_replicates
from exresearch.models.drivers.sampling import N_ORDERS
from exresearch.models.moments.accumulate import Missing
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import check_resampling, is_whole


def relative_importance(
    data: pd.DataFrame | UnitMoments | PairwiseMoments,
    *,
    outcome: str,
    drivers: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Iterable[str] | None = None,
    methods: Iterable[str] = ("lmg",),
    missing: Missing = "listwise",
    n_boot: int = 2000,
    conf_level: float = 0.95,
    interval: Interval = "expanded",
    rank_method: RankMethod = "pairwise",
    smallest_effect: float | None = None,
    seed: int,
    n_orders: int = N_ORDERS,
) -> pd.DataFrame:
    """Share of an outcome's explained variance that belongs to each of a set of correlated drivers.

    Use it to rank drivers (what moves eNPS most?). It describes explained variance; it does not say what changing
    a driver would do. A lower limit above zero is no evidence of influence: squares are never below zero, so that
    neither is their interval, also for a driver without any; see `smallest_effect`.

    Parameters
    ----------
    data : DataFrame or moments
        One row per answer sheet, or the moments made from it (then without `weights` and `cluster`). A row missing
        outcome, driver, covariate, weight or cluster is left out and counted.
    outcome, drivers : str and sequence of str
        Numeric columns, by name; a list, tuple, index, array or series of names.
    weights : str, optional
        Column with positive survey weights.
    cluster : str, optional
        Column with the unit that the bootstrap resamples; rows without it.
    blocks : mapping of driver to block name, optional
        The drivers of a block are one player that enters as a whole and appears under the block's name. Copies within
        a block do no harm.
    covariates : sequence of str, optional
        Numeric columns that are in every model; importance is what drivers add to them.
    methods : sequence of str
        Any of lmg, relative_weights, first, last, beta_squared, pratt, car, owen (see `importance_metrics`) and
        lmg_sampled (see `lmg_sampled`). lmg takes at most 24 players, lmg_sampled any number; blocks are defined for
        lmg, first, last and lmg_sampled, and owen shares them out among their drivers.
    missing : {'listwise', 'pairwise'}
        With 'pairwise' every correlation rests on the rows that have its two columns, and n is the smallest of their
        numbers. Intervals then have U - 1 degrees of freedom however unequal the units (as those of lmg_sampled).
    n_boot, conf_level, seed : int, float, int
        Replicates (0: estimates alone, without intervals of any kind), coverage and seed of the bootstrap.
    interval : {'expanded', 'percentile', 'bca'}
        Interval of the importance: `expanded_interval`, which holds with few units as well, or those of R's relaimpo,
        `percentile_interval` and `bca_interval`.
    rank_method : {'pairwise', 'percentile'}
        Interval of the rank, see `rank_interval`. Near the border it may settle a pair that the difference of the two
        (`importance_differences`) leaves open, or the reverse: one goes by the spread of the replicates, the other by
        their quantiles.
    smallest_effect : float, optional
        Smallest importance of interest, in units of R-squared; adds the test that a driver has less.
    n_orders : int
        Orders of entry that lmg_sampled draws with `seed`, an even number. What that draw leaves uncertain is in
        std_error and the intervals, and on its own in the column sampling_error.

    Returns
    -------
    DataFrame, one row per method and driver in the order given (owen: the drivers of a block together)
        driver, method, importance (in units of R-squared), share (of the sum over drivers; 0 when that is 0), rank (1
        is the most important), std_error, conf_low, conf_high, rank_low, rank_high (for each driver by itself),
        prob_first, prob_last (share of replicates with the highest, lowest importance), n (rows), n_clusters (resampled
        units), r_squared (drivers and covariates), n_excluded, conf_level, few_clusters (under 30 resampled units).
        With `few_clusters` also conf_low_jackknife and conf_high_jackknife (`jackknife_interval`, no bootstrap;
        symmetric, so that it may begin below zero). With
        `smallest_effect` also smallest_effect and p_equivalence: level of the test that the importance lies within plus
        and minus the smallest effect, for measures that are never negative the one-sided test that it is smaller.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite (all at once); weights of zero or below; too
        many players; an unknown or undefined method; options out of range.
    NotEstimable
        The data have no answer: columns that are constant, exact combinations of one another (but within one block
        or among the covariates) or equal to the outcome (all at once), an outcome that is an exact combination of
        them, too few complete rows, fewer than ten units, or an outcome that does not vary in more than 1 % of the
        replicates.

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
    # Without replicates there are no tails to have enough of them for.
    check_resampling(
        n_boot=10**9 if is_whole(n_boot) and n_boot == 0 else n_boot, conf_level=conf_level, seed=seed
    )
    check_interval(interval)
    check_rank_method(rank_method)
    check_smallest_effect(smallest_effect)
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
        n_orders=n_orders,
        influence=True if interval == "bca" else None,
    )
    return summarise_importance(
        result,
        conf_level=conf_level,
        interval=interval,
        rank_method=rank_method,
        smallest_effect=smallest_effect,
    )


def summarise_importance(
    result: ImportanceReplicates,
    *,
    conf_level: float = 0.95,
    interval: Interval = "expanded",
    rank_method: RankMethod = "pairwise",
    smallest_effect: float | None = None,
    methods: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Summarise replicates of importance: intervals of importance and of rank.

    Use it with `importance_replicates` and `summarise_differences` when several summaries rest on one bootstrap.

    Parameters
    ----------
    result : ImportanceReplicates
        BCa intervals need its influences.
    conf_level, interval, rank_method, smallest_effect
        As in `relative_importance`.
    methods : iterable of str, optional
        Those of the result that are wanted, all of them by default.

    Returns
    -------
    DataFrame
        As `relative_importance`.

    Raises
    ------
    ValueError
        An option is out of range, a method is not in the result, or BCa intervals are asked for without influences.
    """
    check_smallest_effect(smallest_effect)
    frames = []
    wanted = list(result.estimate) if methods is None else method_list(methods)
    for method in wanted:
        if method not in result.estimate:
            raise ValueError(f"methods must be some of {list(result.estimate)}, got {wanted}.")
        estimate = result.estimate[method]
        replicates = result.replicates[method]
        total = estimate.sum()
        columns: dict[str, object] = {
            "driver": result.names(method),
            "method": method,
            "importance": estimate,
            "share": estimate / total if total != 0.0 else np.zeros_like(estimate),
            "rank": ranks(estimate[None, :])[0],
        }
        counts: dict[str, object] = {
            "n": result.n,
            "n_clusters": result.n_units,
            "r_squared": result.r_squared,
            "n_excluded": result.n_excluded,
            "sampling_error": result.sampling_error.get(method, 0.0),
        }
        if not len(replicates):
            frames.append(pd.DataFrame(columns | counts))
            continue
        values = combined(result, method, None, interval=interval)
        low, high = values.limits(conf_level)
        if method != "pratt":
            # The normal tail beyond the outermost replicate may leave the values that squares can have.
            low = np.maximum(low, 0.0)
        rank_low, rank_high = rank_interval(
            estimate,
            replicates,
            conf_level=conf_level,
            n_units=result.n_units,
            influence=values.influence,
            rank_method=rank_method,
        )
        spread: dict[str, object] = {
            "std_error": values.std_error,
            "conf_low": low,
            "conf_high": high,
            "rank_low": rank_low,
            "rank_high": rank_high,
            "prob_first": (replicates == replicates.max(axis=1, keepdims=True)).mean(axis=0),
            "prob_last": (replicates == replicates.min(axis=1, keepdims=True)).mean(axis=0),
        }
        table = pd.DataFrame(columns | spread | counts | {"conf_level": conf_level})
        table = pd.concat([table, values.few_clusters(conf_level=conf_level, null=None)], axis=1)
        if smallest_effect is not None:
            table["smallest_effect"] = smallest_effect
            table["p_equivalence"] = values.p_equivalence(smallest_effect)
        frames.append(table)
    return pd.concat(frames, ignore_index=True)
