"""A composite of several measures, and how much of it hangs on the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_whole

FloatArray = NDArray[np.float64]

#: Share of the draws in which a unit must keep its group to be called steady.
STEADY = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class CompositeSensitivity:
    """What other weights would make of a composite.

    Attributes
    ----------
    draws : DataFrame
        One row per draw: a column per measure with its weight (they add up to 1), ``rank_correlation`` with the
        declared composite, ``same_group`` (share of the units in the same group as by the declared weights) and, with
        an outcome, ``outcome_correlation``.
    summary : DataFrame
        Rows rank_correlation, same_group and outcome_correlation: ``term, declared, lowest, low, middle, high,
        highest`` (5th, 50th and 95th percentile in between), ``n`` (units), ``n_draws``. These are ranges over weights,
        and no confidence intervals.
    groups : DataFrame
        ``group`` (1 is the lowest), ``n_units`` and ``steady`` (units that keep the group in 90 % of the draws).
    """

    draws: pd.DataFrame
    summary: pd.DataFrame
    groups: pd.DataFrame


def composite_sensitivity(
    units: pd.DataFrame,
    *,
    weights: Mapping[str, float],
    outcome: str | None = None,
    n_draws: int = 1000,
    n_groups: int = 4,
    seed: int,
) -> CompositeSensitivity:
    """Draw other weights for a composite, and see which units change place.

    Use it before a composite is used to rank units: if other weights rank them otherwise, the ranking is a choice and
    not a measurement.

    Parameters
    ----------
    units : DataFrame
        One row per unit; rows without one of the measures are left out. Rows without the outcome count for the ranks.
    weights : mapping of str to float
        Measures (columns, higher is better) and their declared weights, zero or more and not all zero; their sum does
        not matter.
    outcome : str, optional
        Column that composites are correlated with.
    n_draws, n_groups, seed : int
        Draws of weights, groups of equal size that units are put into, seed.

    Returns
    -------
    CompositeSensitivity

    Raises
    ------
    ValueError
        Fewer than two measures, weights out of range, columns missing or not numeric, options out of range.
    NotEstimable
        Fewer than 10 units, or a measure that does not vary.

    Notes
    -----
    Measures are brought to mean 0 and standard deviation 1 over the units, since weights of measures on different
    scales say nothing. Weights are drawn evenly from all that are zero or more and add up to 1: a Dirichlet
    distribution with all parameters 1. That is no belief about weights; it covers all of them alike.

    References
    ----------
    Saisana, Saltelli & Tarantola (2005), Uncertainty and sensitivity analysis techniques as tools for the quality
    assessment of composite indicators, doi:10.1111/j.1467-985X.2005.00350.x

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    >>> found = composite_sensitivity(units, weights={"a": 1, "b": 1, "c": 1}, n_draws=200, seed=1)
    >>> float(found.summary.set_index("term").loc["rank_correlation", "declared"])
    1.0
    """
    check_whole("n_draws", n_draws, least=100)
    check_whole("n_groups", n_groups, least=2)
    check_whole("seed", seed, least=0)
    names = list(weights)
    given = np.array([float(weights[name]) for name in names])
    if len(names) < 2 or not np.isfinite(given).all() or (given < 0.0).any() or not given.sum() > 0.0:
        raise ValueError(
            f"weights must be of two measures or more, zero or more and not all zero; got {dict(weights)}."
        )
    check_columns(units, numeric=[*names, *([outcome] if outcome else [])], other=())
    values = numeric_columns(units, names)
    kept = np.isfinite(values).all(axis=1)
    result = numeric_columns(units, [outcome])[kept, 0] if outcome else None
    values = values[kept]
    n = len(values)
    if n < max(MIN_UNITS, n_groups):
        raise NotEstimable(f"a composite needs at least {max(MIN_UNITS, n_groups)} units, got {n}.")
    spread = values.std(axis=0)
    if (spread == 0.0).any():
        raise NotEstimable("a measure has the same value in all units.")
    z = (values - values.mean(axis=0)) / spread
    drawn = np.random.default_rng(seed).dirichlet(np.ones(len(names)), size=n_draws)
    everything = np.vstack([given / given.sum(), drawn])
    ranks = _ranks(everything @ z.T)
    group = np.minimum((n_groups * (ranks - 0.5) / n).astype(np.int64), n_groups - 1)
    draws = pd.DataFrame(everything, columns=names)
    draws["rank_correlation"] = _correlations(ranks, ranks[0])
    draws["same_group"] = (group == group[0]).mean(axis=1)
    if result is not None and np.isfinite(result).sum() >= MIN_UNITS and np.nanstd(result) > 0.0:
        known = np.isfinite(result)
        draws["outcome_correlation"] = _correlations(everything @ z[known].T, result[known])
    terms = [name for name in draws.columns if name not in names]
    rows = []
    for term in terms:
        at = draws[term].to_numpy()
        low, middle, high = np.quantile(at[1:], [0.05, 0.5, 0.95])
        rows.append((term, at[0], at[1:].min(), low, middle, high, at[1:].max()))
    summary = pd.DataFrame(rows, columns=["term", "declared", "lowest", "low", "middle", "high", "highest"])
    steady = (group[1:] == group[0]).mean(axis=0) >= STEADY
    counted = pd.DataFrame({"group": group[0] + 1, "steady": steady}).groupby("group")["steady"]
    groups = pd.DataFrame({"n_units": counted.size(), "steady": counted.sum()}).reset_index()
    return CompositeSensitivity(
        draws.iloc[1:].reset_index(drop=True), summary.assign(n=n, n_draws=n_draws), groups
    )


def _ranks(scores: FloatArray) -> FloatArray:
    """Ranks within each row, from 1; equal scores do not come up in real weights and keep their order."""
    places = np.argsort(scores, axis=1, kind="stable")
    ranks = np.empty_like(scores)
    np.put_along_axis(ranks, places, np.arange(1.0, scores.shape[1] + 1.0)[None, :], axis=1)
    return ranks


def _correlations(rows: FloatArray, with_: FloatArray) -> FloatArray:
    centred, other = rows - rows.mean(axis=1, keepdims=True), with_ - with_.mean()
    scale = np.sqrt((centred**2).sum(axis=1) * (other**2).sum())
    return np.asarray(np.divide(centred @ other, scale, out=np.zeros(len(rows)), where=scale > 0.0))
