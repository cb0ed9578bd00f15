"""Does one set of drivers matter more than another: differences of importance, with an equivalence test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.drivers.intervals import Interval, check_interval, check_smallest_effect, combined
from exresearch.models.drivers.replicates import ImportanceReplicates, importance_replicates
from exresearch.models.moments.accumulate import Missing
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import as_list, read_roles, repeated, shown
from exresearch.models.resampling import check_resampling
from exresearch.models.simultaneous import adjusted_p_values

Contrasts = Mapping[str, tuple[Iterable[str], Iterable[str]]]
_NAMES = {"expanded": "expanded percentile", "percentile": "percentile", "bca": "BCa"}


def all_pairs(players: Sequence[str]) -> dict[str, tuple[list[str], list[str]]]:
    """Contrasts of every driver (or block) with every later one, named "first - second".

    Use it to see which drivers differ at all; read its `p_adjusted`, since some of many pairs differ by chance.

    Examples
    --------
    >>> list(all_pairs(["needs", "pay", "team"]))
    ['needs - pay', 'needs - team', 'pay - team']
    """
    return {f"{one} - {other}": ([one], [other]) for one, other in combinations(players, 2)}


def _sides(contrasts: object) -> dict[str, tuple[list[str], list[str]]]:
    """The two sides of each contrast as lists, so that what can be read only once is read once."""
    if not isinstance(contrasts, Mapping):
        raise ValueError(
            "contrasts must map names to two lists of drivers, as in {'pay - team': (['pay'], ['team'])}, got "
            f"{contrasts!r}."
        )
    if not contrasts:
        raise ValueError("contrasts must name at least one pair of sets of drivers, got none.")
    out = {}
    for term, given in contrasts.items():
        pair = as_list(given)
        # The order within a side changes nothing, so that a set is as good as a list.
        lists = [list(side) if isinstance(side, (set, frozenset)) else as_list(side) for side in pair or ()]
        first, second = lists if len(lists) == 2 else (None, None)
        if not first or not second:
            got = given if pair is None else tuple(one or side for one, side in zip(lists, pair, strict=True))
            raise ValueError(f"contrast '{term}' must be two non-empty lists of drivers, got {got!r}.")
        out[term] = (first, second)
    return out


def _weights(
    contrasts: Mapping[str, tuple[list[str], list[str]]], players: Sequence[str], per_driver: bool
) -> NDArray[np.float64]:
    """One column of player weights per contrast."""
    weights = np.zeros((len(players), len(contrasts)))
    for column, (term, sides) in enumerate(contrasts.items()):
        named = [name for side in sides for name in side]
        unknown = [name for name in named if name not in players]
        if unknown:
            raise ValueError(f"contrast '{term}' names {unknown}, which are not among {shown(players)}.")
        twice = repeated(named)
        if twice:
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
    drivers: Iterable[str],
    contrasts: Contrasts,
    weights: str | None = None,
    cluster: str | None = None,
    blocks: Mapping[str, str] | None = None,
    covariates: Iterable[str] | None = None,
    method: str = "lmg",
    per_driver: bool = False,
    smallest_effect: float | None = None,
    missing: Missing = "listwise",
    n_boot: int = 2000,
    conf_level: float = 0.95,
    interval: Interval = "expanded",
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
        Two lists of drivers (of blocks, by block name, where `blocks` makes them one player); `all_pairs` makes those
        of all pairs.
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
        conf_low, conf_high, n, conf_level, n_units, n_excluded, method, p_adjusted (for all contrasts of the call at
        once: `adjusted_p_values`, and never below p_value), few_clusters (under 30 resampled units). With
        `few_clusters` also conf_low_jackknife, conf_high_jackknife and p_value_jackknife (`jackknife_interval`, no
        bootstrap). With `smallest_effect` also smallest_effect and p_equivalence: the larger of the two one-sided p
        values (TOST). Below 0.05 the 90 % interval lies within plus and minus the smallest effect.

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
    check_smallest_effect(smallest_effect)
    # Refused before the bootstrap, which may take a while.
    roles = read_roles(outcome, drivers, covariates, blocks)
    sides = _sides(contrasts)
    _weights(sides, roles.drivers if method == "owen" else list(roles.players), per_driver)
    result = importance_replicates(
        data,
        outcome=roles.outcome,
        drivers=roles.drivers,
        weights=weights,
        cluster=cluster,
        blocks=blocks,
        covariates=roles.covariates,
        methods=[method],
        missing=missing,
        n_boot=n_boot,
        seed=seed,
        influence=True if interval == "bca" else None,
    )
    return summarise_differences(
        result,
        contrasts=sides,
        method=method,
        per_driver=per_driver,
        smallest_effect=smallest_effect,
        conf_level=conf_level,
        interval=interval,
    )


def summarise_differences(
    result: ImportanceReplicates,
    *,
    contrasts: Contrasts,
    method: str = "lmg",
    per_driver: bool = False,
    smallest_effect: float | None = None,
    conf_level: float = 0.95,
    interval: Interval = "expanded",
) -> pd.DataFrame:
    """Summarise replicates of importance as differences between sets of drivers.

    Use it with `importance_replicates` and `summarise_importance` when several summaries rest on one bootstrap.

    Parameters
    ----------
    result : ImportanceReplicates
        BCa intervals need its influences.
    contrasts, method, per_driver, smallest_effect, conf_level, interval
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
    check_smallest_effect(smallest_effect)
    if method not in result.estimate:
        raise ValueError(f"method must be one of the replicates' {list(result.estimate)}, got {method!r}.")
    sides = _sides(contrasts)
    combine = _weights(sides, result.names(method), per_driver)
    values = combined(result, method, combine, interval=interval)
    low, high = values.limits(conf_level)
    above, below = values.tails(0.0)
    p_value = np.minimum(1.0, 2.0 * np.minimum(above, below))
    together = adjusted_p_values(values.estimate, values.replicates, n_units=result.n_units, df=values.df)
    estimate, std_error = values.estimate, values.std_error
    table = pd.DataFrame(
        {
            "term": list(sides),
            "estimate": estimate,
            "std_error": std_error,
            "statistic": np.divide(estimate, std_error, out=np.zeros_like(estimate), where=std_error > 0.0),
            "p_value": p_value,
            "conf_low": low,
            "conf_high": high,
            "n": result.n,
            "conf_level": conf_level,
            "n_units": result.n_units,
            "n_excluded": result.n_excluded,
            "method": f"difference in {method}, {_NAMES[interval]} bootstrap",
            "p_adjusted": p_value if len(sides) == 1 else np.maximum(p_value, together),
        }
    )
    table = pd.concat([table, values.few_clusters(conf_level=conf_level, null=0.0)], axis=1)
    if smallest_effect is not None:
        table["smallest_effect"] = smallest_effect
        table["p_equivalence"] = values.p_equivalence(smallest_effect)
    return table
