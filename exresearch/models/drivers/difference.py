"""Does one set of drivers matter more than another: differences of importance, with an equivalence test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.bootstrap import (
    bca_interval,
    bootstrap_p_value,
    bootstrap_tail,
    percentile_interval,
)
from exresearch.models.drivers.importance import Interval, check_interval
from exresearch.models.drivers.replicates import ImportanceReplicates, importance_replicates, players_of
from exresearch.models.moments.accumulate import Missing
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.resampling import check_resampling

Contrasts = Mapping[str, tuple[Sequence[str], Sequence[str]]]


def _weights(contrasts: Contrasts, players: Sequence[str], per_driver: bool) -> NDArray[np.float64]:
    """One column of player weights per contrast."""
    if not contrasts:
        raise ValueError("contrasts must name at least one pair of sets of drivers, got none.")
    weights = np.zeros((len(players), len(contrasts)))
    for column, (term, sides) in enumerate(contrasts.items()):
        if (
            isinstance(sides, str)
            or len(sides) != 2
            or any(isinstance(side, str) or not side for side in sides)
        ):
            raise ValueError(f"contrast '{term}' must be two non-empty lists of drivers, got {sides!r}.")
        named = [name for side in sides for name in side]
        unknown = [name for name in named if name not in players]
        if unknown:
            raise ValueError(f"contrast '{term}' names {unknown}, which are not among {list(players)}.")
        if len(set(named)) != len(named):
            twice = sorted({name for name in named if named.count(name) > 1})
            raise ValueError(
                f"contrast '{term}' names {twice} more than once: a driver is on one side, once."
            )
        for sign, side in zip((1.0, -1.0), sides, strict=True):
            for name in side:
                weights[players.index(name), column] = sign / len(side) if per_driver else sign
    return weights


def importance_differences(
    data: pd.DataFrame | UnitMoments | PairwiseMoments,
    *,
    outcome: str,
    drivers: Sequence[str],
    contrasts: Contrasts,
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Sequence[str] | None = None,
    method: str = "lmg",
    per_driver: bool = False,
    smallest_effect: float | None = None,
    missing: Missing = "listwise",
    n_boot: int = 2000,
    conf_level: float = 0.95,
    interval: Interval = "percentile",
    seed: int,
) -> pd.DataFrame:
    """Difference in importance between two sets of drivers.

    Use it to decide "A matters more than B": overlapping intervals of A and B do not. The same data and seed give
    the replicates of `relative_importance`.

    Parameters
    ----------
    data, outcome, drivers, weights, cluster, blocks, covariates, missing, n_boot, conf_level, interval, seed
        As in `relative_importance`.
    contrasts : mapping of name to (first, second)
        Two lists of drivers (of blocks, by block name, where `blocks` makes them one player).
    method : str
        One of the methods of `relative_importance`.
    per_driver : bool
        Compare means per driver instead of sums; needed to be fair to sets of unequal size.
    smallest_effect : float, optional
        Smallest difference of interest, in units of R-squared; adds the equivalence test.

    Returns
    -------
    DataFrame, one row per contrast
        term, estimate (importance of the first set minus the second, in units of R-squared), std_error, statistic
        (estimate / std_error, 0 when both are 0), p_value (two-sided, against 0, counterpart of the interval),
        conf_low, conf_high, n, conf_level, n_units, n_excluded, method; with `smallest_effect` also smallest_effect
        and p_equivalence: the larger of the two one-sided p values (TOST). Below 0.05 the 90 % interval lies
        within plus and minus the smallest effect.

    Raises
    ------
    ValueError
        As `relative_importance`; and a contrast that is empty, names an unknown driver or names one twice; or a
        `smallest_effect` that is not positive.
    NotEstimable
        As `relative_importance`.

    References
    ----------
    Azen & Budescu (2003), doi:10.1037/1082-989X.8.2.129; Schuirmann (1987, TOST), doi:10.1007/BF01068419

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["enps", "needs", "pay"])
    >>> data["enps"] += data["needs"]
    >>> table = importance_differences(
    ...     data, outcome="enps", drivers=["needs", "pay"], contrasts={"needs - pay": (["needs"], ["pay"])},
    ...     n_boot=199, seed=1,
    ... )
    >>> table[["term", "p_value", "n"]].values.tolist()
    [['needs - pay', 0.01, 200]]
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    check_interval(interval)
    _check_smallest_effect(smallest_effect)
    if isinstance(drivers, str) or not drivers:
        raise ValueError(f"drivers must be a list of one or more column names, got {drivers!r}.")
    # Refused before the bootstrap, which may take a while.
    _weights(contrasts, list(players_of(drivers, blocks)), per_driver)
    result = importance_replicates(
        data,
        outcome=outcome,
        drivers=drivers,
        weights=weights,
        cluster=cluster,
        blocks=blocks,
        covariates=covariates,
        methods=[method],
        missing=missing,
        n_boot=n_boot,
        seed=seed,
        jackknife=interval == "bca",
    )
    return summarise_differences(
        result,
        contrasts=contrasts,
        method=method,
        per_driver=per_driver,
        smallest_effect=smallest_effect,
        conf_level=conf_level,
    )


def summarise_differences(
    result: ImportanceReplicates,
    *,
    contrasts: Contrasts,
    method: str = "lmg",
    per_driver: bool = False,
    smallest_effect: float | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Summarise replicates of importance as differences between sets of drivers.

    Use it with `importance_replicates` and `summarise_importance` when several summaries rest on one bootstrap.

    Parameters
    ----------
    result : ImportanceReplicates
        With a jackknife the intervals are BCa, without one percentile intervals.
    contrasts, method, per_driver, smallest_effect, conf_level
        As in `importance_differences`; `method` is one that the replicates hold.

    Returns
    -------
    DataFrame
        As `importance_differences`.

    Raises
    ------
    ValueError
        As `importance_differences`, and for a method that the replicates do not hold.
    """
    _check_smallest_effect(smallest_effect)
    if method not in result.estimate:
        raise ValueError(f"method must be one of the replicates' {list(result.estimate)}, got {method!r}.")
    combine = _weights(contrasts, result.drivers, per_driver)
    interval = "percentile" if result.jackknife is None else "bca"
    estimate = result.estimate[method] @ combine
    replicates = result.replicates[method] @ combine
    jackknife = None if result.jackknife is None else result.jackknife[method] @ combine
    if jackknife is None:
        low, high = percentile_interval(replicates, conf_level=conf_level)
    else:
        low, high = bca_interval(estimate, replicates, jackknife, conf_level=conf_level)
    std_error = replicates.std(axis=0, ddof=1)
    table = pd.DataFrame(
        {
            "term": list(contrasts),
            "estimate": estimate,
            "std_error": std_error,
            "statistic": np.divide(estimate, std_error, out=np.zeros_like(estimate), where=std_error > 0.0),
            "p_value": bootstrap_p_value(replicates, null=0.0, estimate=estimate, jackknife=jackknife),
            "conf_low": low,
            "conf_high": high,
            "n": result.n,
            "conf_level": conf_level,
            "n_units": result.n_units,
            "n_excluded": result.n_excluded,
            "method": f"difference in {method}, {interval} bootstrap",
        }
    )
    if smallest_effect is not None:
        above, _ = bootstrap_tail(replicates, null=-smallest_effect, estimate=estimate, jackknife=jackknife)
        _, below = bootstrap_tail(replicates, null=smallest_effect, estimate=estimate, jackknife=jackknife)
        table["smallest_effect"] = smallest_effect
        table["p_equivalence"] = np.minimum(1.0, np.maximum(above, below))
    return table


def _check_smallest_effect(smallest_effect: float | None) -> None:
    if smallest_effect is not None and not (np.isfinite(smallest_effect) and smallest_effect > 0.0):
        raise ValueError(
            f"smallest_effect must be a positive difference in R-squared, for example 0.02, got {smallest_effect!r}."
        )
