"""One effect from several ways to split the same answers, averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.mediation.analysis import moment_statistics, statistic_names
from exresearch.models.mediation.intervals import (
    Interval,
    check_interval,
    interval_rows,
    usable_replicates,
)
from exresearch.models.mediation.paths import Arrangement
from exresearch.models.moments import UnitMoments, unit_moments
from exresearch.models.moments.algebra import covariances_of
from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

FloatArray = NDArray[np.float64]


def averaged_mediation(
    frames: Sequence[pd.DataFrame],
    *,
    exposure: str,
    mediators: Sequence[str],
    outcome: str,
    cluster: str,
    covariates: Sequence[str] = (),
    arrangement: Arrangement = "serial",
    standardised: bool = False,
    interval: Interval = "expanded",
    conf_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 1,
) -> pd.DataFrame:
    """Average the effects of a mediation model over several versions of the same data.

    Use it where the data were split at random, such as in halves of people that answer for different variables: one
    split is an accident, and the average of several is not. Clusters are drawn once for all versions.

    Parameters
    ----------
    frames : sequence of DataFrame
        Versions with the same columns; a cluster may lack in some.
    exposure, mediators, outcome, cluster, covariates, arrangement, standardised, interval, conf_level, n_boot, seed
        As `mediation_analysis`.

    Returns
    -------
    DataFrame
        Effects as of `mediation_analysis`; ``n`` is the smallest number of rows of a version.

    Raises
    ------
    ValueError
        No frame, or as `mediation_analysis`.
    NotEstimable
        Fewer than 10 clusters, or a version in which the variables cannot be told apart.

    Notes
    -----
    The interval is about the drawing of clusters. What the choice of the splits adds to it falls with their number; ten
    leave little of it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(size=(60, 3)), columns=["x", "m", "y"]).assign(team=np.arange(60) // 3)
    >>> found = averaged_mediation(
    ...     [data, data], exposure="x", mediators=["m"], outcome="y", cluster="team", n_boot=200
    ... )
    >>> found["term"].tolist()
    ['total', 'direct', 'total_indirect', 'x > m > y']
    """
    check_interval(interval)
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    if not frames:
        raise ValueError("frames must hold one version of the data or more; got none.")
    names = [exposure, *mediators, outcome]
    made = [unit_moments(frame, columns=[*names, *covariates], cluster=cluster) for frame in frames]
    clusters = made[0].units
    for moments in made[1:]:
        clusters = clusters.union(moments.units)
    if len(clusters) < MIN_UNITS:
        raise NotEstimable(f"{len(clusters)} groups are too few for an interval: {MIN_UNITS} are needed.")
    counts = bootstrap_counts(len(clusters), n_boot=n_boot, seed=seed)
    options: dict[str, Any] = {"names": names, "arrangement": arrangement, "standardised": standardised}
    whole, drawn, left_out = [], [], []
    for moments in made:
        place = clusters.get_indexer(moments.units)
        whole.append(moment_statistics(moments.covariances(), **options)[0])
        drawn.append(_drawn(moments, counts[:, place], len(whole[-1]), **options))
        left_out.append(_left_out(moments, whole[-1], place, len(clusters), **options))
    estimates = np.mean(whole, axis=0)
    if not np.isfinite(estimates).all():
        raise NotEstimable("exposure, mediators and outcome cannot be told apart in one of the versions.")
    replicates, _ = usable_replicates(np.mean(drawn, axis=0), what="the variables")
    terms, n_paths = statistic_names(names, arrangement=arrangement)
    rows = interval_rows(
        terms,
        estimates,
        replicates,
        np.mean(left_out, axis=0),
        interval=interval,
        conf_level=conf_level,
        n_clusters=len(clusters),
    )
    rows = rows.assign(n=min(moments.n_rows for moments in made), n_clusters=len(clusters))
    return rows.iloc[n_paths:].reset_index(drop=True)


def _drawn(moments: UnitMoments, counts: NDArray[np.int32], size: int, **options: Any) -> FloatArray:
    """Effects by replicate; missing where a replicate holds no cluster of this version."""
    some = counts.sum(axis=1) > 0
    found = np.full((len(counts), size), np.nan)
    found[some] = moment_statistics(moments.covariances(counts[some]), **options)
    return found


def _left_out(
    moments: UnitMoments,
    whole: FloatArray,
    place: NDArray[np.intp],
    n_clusters: int,
    *,
    names: list[str],
    arrangement: Arrangement,
    standardised: bool,
) -> FloatArray:
    found = np.tile(whole, (n_clusters, 1))
    if moments.matrices is not None:
        covariances = covariances_of(moments.sums() - moments.matrices)
        found[place] = moment_statistics(
            covariances, names=names, arrangement=arrangement, standardised=standardised
        )
    return found
