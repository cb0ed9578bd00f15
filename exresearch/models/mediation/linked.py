"""A chain in which every link has rows of its own: persons for one, units for another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.mediation.intervals import (
    Interval,
    check_interval,
    interval_rows,
    usable_replicates,
)
from exresearch.models.mediation.paths import partial_covariances, regression_paths
from exresearch.models.moments import UnitMoments, unit_moments
from exresearch.models.moments.algebra import covariances_of
from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChainLink:
    """One link: a regression with its own rows.

    Attributes
    ----------
    name : str
        Name of the link.
    frame : pandas.DataFrame
        Its rows; they have the column of the cluster.
    source, target : str
        The slope of target on source is the link.
    held : tuple of str
        Columns that are held the same.
    weights : str, optional
        Positive weights.
    """

    name: str
    frame: pd.DataFrame = field(repr=False)
    source: str
    target: str
    held: tuple[str, ...] = ()
    weights: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinkedChain:
    """Links and their product.

    Attributes
    ----------
    links : pandas.DataFrame
        One row per link: ``term, estimate, std_error, statistic, p_value, conf_low, conf_high, conf_level, n``
        (its own rows), ``n_clusters`` (those of its rows).
    product : pandas.DataFrame of one row
        The same for the product (``chain``); ``n`` is the smallest of the links, ``n_clusters`` all that were drawn.
    n_failed : int
        Replicates without an estimate.
    """

    links: pd.DataFrame
    product: pd.DataFrame
    n_failed: int


def linked_chain(
    links: Sequence[ChainLink],
    *,
    cluster: str,
    interval: Interval = "expanded",
    conf_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 1,
) -> LinkedChain:
    """Multiply links that were estimated on rows of their own, and resample all of them together.

    Use it where links live at different levels, or where listwise deletion would throw away rows that one link has and
    another lacks. The clusters are drawn once for all links, so that the interval of the product knows that the same
    units are behind them.

    Parameters
    ----------
    links : sequence of ChainLink
        Two or more, in order.
    cluster : str
        The unit, a column of every link's frame.
    interval, conf_level, n_boot, seed
        As `mediation_analysis`.

    Returns
    -------
    LinkedChain

    Raises
    ------
    ValueError
        Fewer than two links, two with one name, columns that are missing or not numeric, options out of range.
    NotEstimable
        Fewer than 10 clusters in all, or a link's columns do not vary or follow from each other.

    Notes
    -----
    The product is the indirect effect only if each link holds the same everything that comes before it, and if a link
    within persons may stand for one between units: no person's surroundings add to it. Compare with the product at one
    level, `mediation_analysis`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"team": np.repeat(np.arange(30), 20), "x": rng.normal(size=600)})
    >>> people["m"] = 0.5 * people["x"] + rng.normal(size=600)
    >>> teams = people.groupby("team", as_index=False)[["x", "m"]].mean()
    >>> teams["y"] = 2.0 * teams["m"] + 0.1 * rng.normal(size=30)
    >>> found = linked_chain(
    ...     [ChainLink("a", people, "x", "m"), ChainLink("b", teams, "m", "y", ("x",))], cluster="team", n_boot=200
    ... )
    >>> found.links[["term", "n"]].values.tolist()
    [['a', 600], ['b', 30]]
    """
    check_interval(interval)
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    names = [link.name for link in links]
    if len(names) < 2 or len(set(names)) != len(names):
        raise ValueError(f"links must be two or more with a name each; got {names}.")
    made = [
        unit_moments(
            link.frame,
            columns=[link.source, link.target, *link.held],
            cluster=cluster,
            weights=link.weights,
        )
        for link in links
    ]
    clusters = made[0].units
    for moments in made[1:]:
        clusters = clusters.union(moments.units)
    if len(clusters) < MIN_UNITS:
        raise NotEstimable(f"{len(clusters)} groups are too few for an interval: {MIN_UNITS} are needed.")
    whole = np.array([_slope(moments.covariances())[0] for moments in made])
    if not np.isfinite(whole).all():
        lacking = [name for name, value in zip(names, whole, strict=True) if not np.isfinite(value)]
        raise NotEstimable(
            f"links {lacking} cannot be estimated: a column does not vary, or follows from others."
        )
    counts = bootstrap_counts(len(clusters), n_boot=n_boot, seed=seed)
    places = [clusters.get_indexer(moments.units) for moments in made]
    drawn = np.stack(
        [_drawn(moments, counts[:, place]) for moments, place in zip(made, places, strict=True)], axis=1
    )
    drawn, n_failed = usable_replicates(drawn, what="the links")
    left_out = np.stack(
        [
            _left_out(moments, value, place, len(clusters))
            for moments, value, place in zip(made, whole, places, strict=True)
        ],
        axis=1,
    )
    rows = interval_rows(
        [*names, "chain"],
        np.append(whole, whole.prod()),
        np.column_stack([drawn, drawn.prod(axis=1)]),
        np.column_stack([left_out, left_out.prod(axis=1)]),
        interval=interval,
        conf_level=conf_level,
        n_clusters=len(clusters),
    )
    n = [moments.n_rows for moments in made]
    rows = rows.assign(n=[*n, min(n)], n_clusters=[*(m.n_units for m in made), len(clusters)])
    return LinkedChain(rows.iloc[:-1].reset_index(drop=True), rows.iloc[-1:].reset_index(drop=True), n_failed)


def _slope(covariances: FloatArray) -> FloatArray:
    partial = partial_covariances(covariances, keep=2)
    # Columns that say nearly the same leave rounding only.
    before = np.einsum("bii->bi", covariances)[:, 0]
    slopes = regression_paths(partial, predictors=[0], outcome=1)[:, 0]
    slopes[partial[:, 0, 0] <= 1e-10 * before] = np.nan
    return slopes


def _drawn(moments: UnitMoments, counts: NDArray[np.int32]) -> FloatArray:
    """Slopes by replicate; missing where a replicate holds no row of this link."""
    some = counts.sum(axis=1) > 0
    found = np.full(len(counts), np.nan)
    found[some] = _slope(moments.covariances(counts[some]))
    return found


def _left_out(moments: UnitMoments, whole: float, place: NDArray[np.intp], n_clusters: int) -> FloatArray:
    """Slopes without each cluster; a cluster without rows of this link changes nothing."""
    found = np.full(n_clusters, whole)
    if moments.matrices is not None:
        found[place] = _slope(covariances_of(moments.sums() - moments.matrices))
    return found
