"""Serial and parallel mediation at one level, on cross-products per cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.mediation.drawn import CELLS, DrawnMoments
from exresearch.models.mediation.intervals import (
    Interval,
    check_interval,
    interval_rows,
    usable_replicates,
)
from exresearch.models.mediation.paths import (
    Arrangement,
    model_paths,
    partial_covariances,
    route_effects,
    route_name,
)
from exresearch.models.moments import UnitMoments
from exresearch.models.moments.algebra import covariances_of
from exresearch.models.names import name_list
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_resampling

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mediation:
    """Paths and effects of a mediation model.

    Attributes
    ----------
    paths : pandas.DataFrame
        One row per path: ``term`` ("target ~ source"), ``source, target, estimate, std_error, statistic, p_value,
        conf_low, conf_high, conf_level, n, n_clusters``.
    effects : pandas.DataFrame
        The same for ``total, direct, total_indirect`` and every specific indirect effect, named by the variables that
        it passes ("x > m > y").
    covariance : pandas.DataFrame
        Of exposure, mediators and outcome, after taking out the covariates, in the units of `paths`.
    replicates : pandas.DataFrame
        Effects by bootstrap replicate.
    n, n_clusters, n_excluded, n_failed : int
        Complete rows, groups that were resampled, rows left out, replicates without an estimate.
    """

    paths: pd.DataFrame
    effects: pd.DataFrame
    covariance: pd.DataFrame
    replicates: pd.DataFrame = field(repr=False)
    n: int
    n_clusters: int
    n_excluded: int
    n_failed: int

    def effect(self, *route: str) -> pd.Series:
        """Return the row of a specific indirect effect by the variables that it passes; KeyError without one."""
        rows = self.effects[self.effects["term"] == route_name(route)]
        if len(rows) != 1:
            raise KeyError(
                f"there is no road {route_name(route)!r}; there are {', '.join(self.effects['term'])}."
            )
        return rows.iloc[0]


def mediation_analysis(
    frame: pd.DataFrame | DrawnMoments,
    *,
    exposure: str,
    mediators: Sequence[str],
    outcome: str,
    covariates: Sequence[str] = (),
    arrangement: Arrangement = "serial",
    cluster: str | None = None,
    weights: str | None = None,
    standardised: bool = False,
    interval: Interval = "expanded",
    conf_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 1,
) -> Mediation:
    """Estimate how much of a link goes through one or more mediators.

    Use it for rows of one level: persons, or units (2-2-2). Where persons in units are both, see
    `within_between_mediation`; where every link has rows of its own, `linked_chain`.

    Parameters
    ----------
    frame : DataFrame or DrawnMoments
        One row per person, unit, or unit and wave; or their moments, with cluster, weights, replicates and seed.
    exposure, outcome : str
        Numeric columns.
    mediators : sequence of str
        One or more numeric columns; in their order when `arrangement` is serial.
    covariates : sequence of str
        Columns held the same in every regression.
    arrangement : {"serial", "parallel"}
        Serial: each mediator is regressed on the exposure and all mediators before it. Parallel: on the exposure alone.
    cluster : str, optional
        Rows of one cluster are drawn together; without it every row is drawn by itself.
    weights : str, optional
        Positive weights of rows.
    standardised : bool
        Paths and effects in standard deviations of the rows, in each replicate by its own standard deviations.
    interval : {"expanded", "percentile", "bca"}
        Percentile intervals, made wider for few clusters by default. BCa takes its acceleration from leaving out each
        cluster in turn.
    conf_level, n_boot, seed
        Of every interval.

    Returns
    -------
    Mediation

    Raises
    ------
    ValueError
        Columns that are missing, not numeric or have two roles; options out of range.
    NotEstimable
        Fewer than 10 clusters, columns that do not vary or follow from each other.

    Notes
    -----
    Ordinary least squares: M1 on X; M2 on X and M1; Y on X and all M. A specific indirect effect is the product of
    the paths that it passes; the total effect is the direct one plus all specific ones, which in least squares is the
    slope of Y on X. The last path of a mediator is its slope *with the exposure and the other mediators held the same*,
    never the simple slope of the outcome on it. In R: ``lavaan`` with the same equations gives the same estimates.

    No equation can tell the order of the variables: that is assumed, and so is that nothing unmeasured moves two of
    them (`confounded_path`).

    References
    ----------
    Preacher & Hayes (2008), Asymptotic and resampling strategies for assessing and comparing indirect effects,
    doi:10.3758/BRM.40.3.879. Taylor, MacKinnon & Tein (2008), Tests of the three-path mediated effect,
    doi:10.1177/1094428107300344.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=400)
    >>> m = 0.5 * x + rng.normal(size=400)
    >>> data = pd.DataFrame({"x": x, "m": m, "y": 0.6 * m + rng.normal(size=400)})
    >>> found = mediation_analysis(data, exposure="x", mediators=["m"], outcome="y", n_boot=200)
    >>> found.effects["term"].tolist(), bool(found.effect("x", "m", "y")["conf_low"] > 0.0)
    (['total', 'direct', 'total_indirect', 'x > m > y'], True)
    """
    check_interval(interval)
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    if arrangement not in ("serial", "parallel"):
        raise ValueError(f"arrangement must be 'serial' or 'parallel'; got {arrangement!r}.")
    names = [exposure, *name_list("mediators", mediators), outcome]
    held = name_list("covariates", covariates, least=0)
    if isinstance(frame, DrawnMoments):
        if cluster is not None or weights is not None:
            raise ValueError("cluster and weights are already in the moments: give them to DrawnMoments.of.")
        drawn = frame.select([*names, *held])
    else:
        drawn = DrawnMoments.of(
            frame, columns=[*names, *held], cluster=cluster, weights=weights, n_boot=n_boot, seed=seed
        )
    moments = drawn.moments
    if moments.n_units < MIN_UNITS:
        raise NotEstimable(
            f"{moments.n_units} groups of rows are too few for an interval: {MIN_UNITS} are needed."
        )
    model: dict[str, Any] = {"names": names, "arrangement": arrangement, "standardised": standardised}
    whole = moment_statistics(drawn.whole, **model)
    if not np.isfinite(whole).all():
        raise NotEstimable(
            "exposure, mediators and outcome cannot be told apart: one does not vary, or follows from others."
        )
    replicates = moment_statistics(drawn.replicates, **model)
    replicates, n_failed = usable_replicates(replicates, what="the variables")
    left_out = left_out_statistics(moments, **model) if interval == "bca" else np.empty((0, whole.shape[1]))
    terms, n_paths = statistic_names(names, arrangement=arrangement)
    rows = interval_rows(
        terms,
        whole[0],
        replicates,
        left_out,
        interval=interval,
        conf_level=conf_level,
        n_clusters=moments.n_units,
    )
    rows["n"], rows["n_clusters"] = moments.n_rows, moments.n_units
    paths = rows.iloc[:n_paths].reset_index(drop=True)
    ends = [term.split(" ~ ", 1) for term in terms[:n_paths]]
    paths.insert(1, "source", [source for _, source in ends])
    paths.insert(2, "target", [target for target, _ in ends])
    return Mediation(
        paths=paths,
        effects=rows.iloc[n_paths:].reset_index(drop=True),
        covariance=_covariance(drawn.whole, names, standardised=standardised),
        replicates=pd.DataFrame(replicates[:, n_paths:], columns=terms[n_paths:]),
        n=moments.n_rows,
        n_clusters=moments.n_units,
        n_excluded=moments.n_excluded,
        n_failed=n_failed,
    )


def statistic_names(names: Sequence[str], *, arrangement: Arrangement) -> tuple[list[str], int]:
    """Names of the columns of `moment_statistics`, and how many of them are paths."""
    found, n_paths = _statistic_names(tuple(names), arrangement)
    return list(found), n_paths


@lru_cache(maxsize=32)
def _statistic_names(chosen: tuple[str, ...], arrangement: Arrangement) -> tuple[tuple[str, ...], int]:
    names = list(chosen)
    some = np.eye(len(names))[None]
    paths = model_paths(some, names=names, arrangement=arrangement)
    effects = route_effects(paths, names, arrangement=arrangement)
    return (*(f"{target} ~ {source}" for source, target in paths), *effects), len(paths)


def moment_statistics(
    covariances: FloatArray, *, names: list[str], arrangement: Arrangement, standardised: bool
) -> FloatArray:
    """Paths and effects [B, K] from covariances [B, q, q] whose first columns are `names` and the others are held."""
    keep = len(names)
    partial = partial_covariances(covariances, keep=keep)
    if standardised:
        partial = _scaled(partial, covariances)
    # A constant column has covariances of rounding alone.
    variances = np.einsum("bii->bi", covariances)[:, :keep]
    left = np.einsum("bii->bi", partial)
    with np.errstate(invalid="ignore"):
        paths = model_paths(partial, names=names, arrangement=arrangement)
    effects = route_effects(paths, names, arrangement=arrangement)
    found = np.stack([*paths.values(), *effects.values()], axis=1)
    varies = (variances > 0.0).all(axis=1) & (left > 0.0).all(axis=1)
    found[~varies] = np.nan
    return np.asarray(found)


def left_out_statistics(
    moments: UnitMoments, *, names: list[str], arrangement: Arrangement, standardised: bool
) -> FloatArray:
    """The same without each cluster in turn, [U, K], from sums and not from rows."""
    total = moments.sums()
    size = max(1, CELLS // (len(moments.columns) + 1) ** 2)
    found = []
    for start in range(0, moments.n_units, size):
        stop = min(start + size, moments.n_units)
        one = np.zeros((stop - start, moments.n_units), dtype=np.int32)
        one[np.arange(stop - start), np.arange(start, stop)] = 1
        own = moments.matrices[start:stop] if moments.matrices is not None else moments.sums(one)
        found.append(
            moment_statistics(
                covariances_of(total - own), names=names, arrangement=arrangement, standardised=standardised
            )
        )
    return np.concatenate(found)


def _scaled(partial: FloatArray, covariances: FloatArray) -> FloatArray:
    keep = partial.shape[1]
    spread = np.sqrt(np.einsum("bii->bi", covariances)[:, :keep])
    safe = np.where(spread > 0.0, spread, 1.0)
    return np.asarray(partial / (safe[:, :, None] * safe[:, None, :]))


def _covariance(covariances: FloatArray, names: list[str], *, standardised: bool) -> pd.DataFrame:
    partial = partial_covariances(covariances, keep=len(names))
    if standardised:
        partial = _scaled(partial, covariances)
    return pd.DataFrame(partial[0], index=names, columns=names)
