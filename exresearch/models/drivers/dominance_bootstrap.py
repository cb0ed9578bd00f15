"""Dominance analysis of drivers: general, conditional and complete, and how often each repeats in the bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.drivers.dominance import (
    complete_dominance,
    conditional_dominance,
    pairwise_dominance,
)
from exresearch.models.drivers.importance import relative_importance
from exresearch.models.drivers.subsets import subset_r2
from exresearch.models.moments import UnitMoments, unit_moments
from exresearch.models.names import read_roles
from exresearch.models.resampling import check_resampling, count_chunks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: More players than this are refused: pairs times subsets times replicates.
MAX_DOMINANCE_PLAYERS = 16
#: The three statements about a pair, from the weakest to the strictest.
LEVELS = ("general", "conditional", "complete")
# Subset values held at once: 32 MB of them, and a few times that while pairs are compared.
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class DominanceAnalysis:
    """Dominance of P players; made by `dominance_analysis`.

    Attributes
    ----------
    general : DataFrame
        As `relative_importance` with method lmg, which is general dominance.
    conditional : DataFrame
        driver, n_others, importance: mean gain in R-squared beside `n_others` of the other players.
    pairs : DataFrame
        One row per pair in the order of the drivers and level ('general', 'conditional', 'complete'): driver, other,
        level, dominance (1: driver dominates other, -1: the reverse, 0: undetermined), share_greater (of the subsets of
        the rest, those to which driver adds more than other; the same at all levels), reproducibility (share of
        replicates with the same dominance as the data), prob_dominates, prob_dominated, prob_undetermined (shares of
        replicates), n, n_clusters.
    """

    general: pd.DataFrame
    conditional: pd.DataFrame
    pairs: pd.DataFrame


def dominance_analysis(
    data: pd.DataFrame | UnitMoments,
    *,
    outcome: str,
    drivers: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    covariates: Iterable[str] | None = None,
    blocks: Mapping[str, str] | None = None,
    n_boot: int = 2000,
    conf_level: float = 0.95,
    seed: int,
) -> DominanceAnalysis:
    """Which driver is more useful than which, whatever else is in the model, and how surely.

    Use it to say more than a ranking does: a driver with the larger mean importance may still add less than another
    beside the rest.

    Parameters
    ----------
    data, outcome, drivers, weights, cluster, covariates, blocks, n_boot, conf_level, seed
        As in `relative_importance`, whose replicates these are; at most 16 players.

    Returns
    -------
    DominanceAnalysis

    Raises
    ------
    ValueError
        As `relative_importance`, and for a single player or more than 16.
    NotEstimable
        As `relative_importance`.

    Notes
    -----
    With v(S) the R-squared of covariates and players S: i dominates j completely when v(S + i) >= v(S + j) for every S
    without both, conditionally when the mean gain of i is at least that of j beside every number of others, generally
    when its mean over these numbers is larger. Differences within 1e-12 count as equal.

    References
    ----------
    Azen & Budescu (2003), doi:10.1037/1082-989X.8.2.129, who propose the reproducibility over bootstrap samples. In R:
    `dominanceanalysis::bootDominanceAnalysis`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["enps", "needs", "pay"])
    >>> data["enps"] += data["needs"]
    >>> result = dominance_analysis(data, outcome="enps", drivers=["needs", "pay"], n_boot=200, seed=1)
    >>> result.pairs[["driver", "other", "level", "dominance", "reproducibility"]].values.tolist()[2]
    ['needs', 'pay', 'complete', 1, 1.0]
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    roles = read_roles(outcome, drivers, covariates, blocks)
    players, columns = roles.players, roles.columns
    if not 2 <= len(players) <= MAX_DOMINANCE_PLAYERS:
        raise ValueError(
            f"dominance compares 2 to {MAX_DOMINANCE_PLAYERS} players, got {len(players)}: put related drivers in "
            "blocks, or use relative_importance."
        )
    # Columns and what has no answer are checked here, in the words of relative_importance.
    general = relative_importance(
        data,
        outcome=roles.outcome,
        drivers=roles.drivers,
        weights=weights,
        cluster=cluster,
        covariates=roles.covariates,
        blocks=blocks,
        n_boot=n_boot,
        conf_level=conf_level,
        seed=seed,
    )
    moments = (
        data.select(columns)
        if isinstance(data, UnitMoments)
        else unit_moments(data, columns=columns, weights=weights, cluster=cluster)
    )
    place = {name: index for index, name in enumerate(columns)}
    inside = [[place[name] for name in names] for names in players.values()]
    always = [place[name] for name in roles.covariates]
    worth = subset_r2(moments.correlations(), players=inside, covariates=always).T
    counted = _counted(
        moments,
        count_chunks(moments.n_units, n_boot=n_boot, seed=seed),
        players=inside,
        covariates=always,
    )
    return DominanceAnalysis(
        general=general,
        conditional=_conditional(list(players), worth),
        pairs=_pairs(list(players), worth, counted, n_boot).assign(
            n=moments.n_rows, n_clusters=moments.n_units
        ),
    )


def _counted(
    moments: UnitMoments,
    counts: Iterable[NDArray[np.int32]],
    *,
    players: Sequence[Sequence[int]],
    covariates: Sequence[int],
) -> dict[str, IntArray]:
    """Replicates in which i dominates j, [P, P] per level; the values of only a few replicates are held at once."""
    size = len(players)
    totals = {level: np.zeros((size, size), dtype=np.int64) for level in LEVELS}
    step = max(1, _CELLS // 2**size)
    for chunk in counts:
        correlations = moments.correlations(chunk)
        for start in range(0, len(correlations), step):
            worth = subset_r2(correlations[start : start + step], players=players, covariates=covariates).T
            for level, dominance in pairwise_dominance(np.ascontiguousarray(worth)).items():
                totals[level] += (dominance > 0).sum(axis=0)
    return totals


def _conditional(names: Sequence[str], worth: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "driver": np.repeat(names, len(names)),
            "n_others": np.tile(np.arange(len(names)), len(names)),
            "importance": conditional_dominance(worth)[0].ravel(),
        }
    )


def _pairs(
    names: Sequence[str], worth: FloatArray, counted: Mapping[str, IntArray], n_boot: int
) -> pd.DataFrame:
    found = pairwise_dominance(worth)
    share = complete_dominance(worth)[1][0]
    rows = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            for level in LEVELS:
                dominance = int(found[level][0, i, j])
                shares = {1: counted[level][i, j] / n_boot, -1: counted[level][j, i] / n_boot}
                shares[0] = (n_boot - counted[level][i, j] - counted[level][j, i]) / n_boot
                rows.append(
                    {
                        "driver": names[i],
                        "other": names[j],
                        "level": level,
                        "dominance": dominance,
                        "share_greater": share[i, j],
                        "reproducibility": shares[dominance],
                        "prob_dominates": shares[1],
                        "prob_dominated": shares[-1],
                        "prob_undetermined": shares[0],
                    }
                )
    return pd.DataFrame(rows)
