"""Confirmatory factor analysis: whether items measure the constructs that the codebook says, and how well."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from exresearch.measures.structure.fit import FitMeasures, fit_measures
from exresearch.measures.structure.robust import robust_statistics
from exresearch.measures.structure.sem import (
    SemFit,
    StructuralModel,
    fit_model,
    measurement_parameters,
    sample_moments,
)
from exresearch.measures.structure.sem.clusters import FloatArray
from exresearch.measures.structure.sem.solution import quantile, two_sided

_INTERVAL = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]


@dataclass(frozen=True, slots=True)
class FactorAnalysis:
    """A confirmatory factor model and what it says of the items.

    Attributes
    ----------
    loadings : pandas.DataFrame
        ``group`` (empty without groups), ``factor, item, estimate, std_error, statistic, p_value, conf_low,
        conf_high, standardised``. The first item of a factor has loading 1, without error or test; in `standardised`
        (the correlation of item and factor) all are comparable.
    correlations : pandas.DataFrame
        Of factors: ``group, first, second, estimate, std_error, statistic, p_value, conf_low, conf_high``, the last
        four by Fisher's z, missing where the estimate is not between -1 and 1.
    reliability : pandas.DataFrame
        Composite reliability (omega) of the sum of a factor's items: ``group, factor, n_items, estimate, std_error,
        conf_low, conf_high``, limits on the logit scale.
    fit : pandas.DataFrame
        One row, see :class:`exresearch.measures.structure.FitMeasures`.
    n, n_excluded : int
        Rows used; rows left out because an item, or the group, is missing.
    n_clusters : int or None
        Clusters behind robust statistics; None where these are of normal theory.
    converged : bool
        Whether there are numbers.
    reason : str
        Why there are none, or why they ask for care (a negative variance); else empty.
    solution : SemFit
        The whole fitted model.
    """

    loadings: pd.DataFrame
    correlations: pd.DataFrame
    reliability: pd.DataFrame
    fit: pd.DataFrame
    n: int
    n_excluded: int
    n_clusters: int | None
    converged: bool
    reason: str
    solution: SemFit


def confirmatory_factor_analysis(
    data: pd.DataFrame,
    *,
    factors: Mapping[str, Sequence[str]],
    weights: str | None = None,
    cluster: str | None = None,
    groups: str | None = None,
    robust: bool | None = None,
    conf_level: float = 0.95,
) -> FactorAnalysis:
    """Fit the factor model in which each item measures one construct and constructs may be correlated.

    When to use it: before scores of these items are believed. A model that fits shows that the items can be summed by
    construct as declared; it does not show that they measure what their names say. Answers in 5 or more steps are
    treated as numbers, which biases loadings a little towards zero and leaves robust tests about right (Rhemtulla et
    al. 2012); with fewer steps the bias is larger.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per answer sheet, items oriented so that higher means more. Rows with a missing item are left out.
    factors : mapping of str to sequence of str
        Columns of the items per construct; an item belongs to one.
    weights, cluster : str, optional
        Columns with a positive weight, and with the cluster (unit, person) of a row.
    groups : str, optional
        Column with groups, each with a solution of its own.
    robust : bool, optional
        Whether chi-square is scaled and errors are a sandwich over clusters (rows without `cluster`), with intervals
        by Student's t on clusters - 1. By default where weights or clusters are given. With fewer than ten clusters
        there is a reason and no numbers: chi-square would then follow chance more than the answers.
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    FactorAnalysis

    Raises
    ------
    ValueError
        If columns are missing or not numeric, weights are not positive, there is no factor or one without items, an
        item has two factors, or the level is out of range.

    References
    ----------
    Jöreskog, K. G. (1969). A general approach to confirmatory maximum likelihood factor analysis. *Psychometrika*,
    34(2), 183-202. https://doi.org/10.1007/BF02289343. Composite reliability: Raykov, T. (1997). *Applied
    Psychological Measurement*, 21(2), 173-184. https://doi.org/10.1177/01466216970212006. In R:
    ``lavaan::cfa(model, data)``, with ``estimator = "MLM"`` for the robust version.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> joy = rng.normal(size=(500, 1))
    >>> sheets = pd.DataFrame(joy + rng.normal(size=(500, 4)), columns=["a", "b", "c", "d"])
    >>> analysis = confirmatory_factor_analysis(sheets, factors={"joy": ["a", "b", "c", "d"]})
    >>> analysis.loadings["standardised"].round(1).tolist(), int(analysis.fit.loc[0, "df"])
    ([0.7, 0.7, 0.6, 0.7], 2)
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    items = check_factors(factors)
    if robust is None:
        robust = weights is not None or cluster is not None
    moments = sample_moments(
        data, columns=items, groups=groups, weights=weights, cluster=cluster, robust=robust
    )
    names = factor_names(factors)
    inner = {names[factor]: list(own) for factor, own in factors.items()}
    n_groups = max(len(moments.groups), 1)
    rows = measurement_parameters(inner, n_groups=n_groups, means=groups is not None)
    solution = fit_model(StructuralModel(tuple(items), tuple(inner), rows, n_groups), moments)
    spread = robust_statistics(solution) if robust and solution.estimated else None
    covariance = solution.covariance if spread is None else spread.covariance
    clusters = None if spread is None else spread.n_clusters
    estimates = solution.estimates(covariance=covariance, clusters=clusters, conf_level=conf_level)
    z = quantile(clusters, conf_level)
    outer = {inside: outside for outside, inside in names.items()}
    loadings = estimates[estimates["op"] == "=~"].rename(columns={"lhs": "factor", "rhs": "item"})
    loadings["factor"] = loadings["factor"].map(outer)
    return FactorAnalysis(
        loadings=loadings[["group", "factor", "item", *_INTERVAL, "standardised"]].reset_index(drop=True),
        correlations=_correlations(solution, covariance, names, z, clusters),
        reliability=_reliabilities(solution, covariance, names, factors, z),
        fit=fit_frame(fit_measures(solution, robust=spread)),
        n=moments.n,
        n_excluded=moments.n_excluded,
        n_clusters=clusters,
        converged=solution.estimated,
        reason=solution.reason,
        solution=solution,
    )


def check_factors(factors: Mapping[str, Sequence[str]]) -> list[str]:
    """Return all items in order; raise ValueError without factors, for an empty one, or for an item with two."""
    if not factors:
        raise ValueError("factors must name at least one construct with its items; got none.")
    empty = [name for name, items in factors.items() if isinstance(items, str) or not len(items)]
    if empty:
        raise ValueError(f"factors {empty} must be lists of at least one item.")
    items = [item for own in factors.values() for item in own]
    twice = sorted({item for item in items if items.count(item) > 1})
    if twice:
        raise ValueError(f"columns {twice} are named more than once: give every item one factor.")
    return items


def factor_names(factors: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Name each factor inside a model: a construct may be called like a column, and no column starts with a blank."""
    items = {item for own in factors.values() for item in own}
    return {name: f" {name}" if name in items else name for name in factors}


def fit_frame(measures: FitMeasures) -> pd.DataFrame:
    """Give the fit as one row."""
    return pd.DataFrame([dataclasses.asdict(measures)])


def _positions(solution: SemFit) -> dict[tuple[str, str, str, int], int]:
    free = solution.model.free_index
    return {
        (p.op, p.lhs, p.rhs, p.group): index
        for p, index in zip(solution.model.parameters, free, strict=True)
        if index >= 0
    }


def _correlations(
    solution: SemFit, covariance: FloatArray, names: Mapping[str, str], z: float, clusters: int | None
) -> pd.DataFrame:
    at, theta = _positions(solution), solution.theta
    rows = []
    for g, group in enumerate(solution.moments.groups):
        for position, first in enumerate(names):
            for second in list(names)[position + 1 :]:
                a, b = names[first], names[second]
                where = [at["~~", a, b, g], at["~~", a, a, g], at["~~", b, b, g]]
                between, one, other = theta[where]
                scale = float(np.sqrt(one * other)) if one > 0 and other > 0 else float("nan")
                r = between / scale
                slope = np.array([1 / scale, -r / (2 * one), -r / (2 * other)])
                error = float(np.sqrt(max(slope @ covariance[np.ix_(where, where)] @ slope, 0.0)))
                centre = float(np.arctanh(r)) if abs(r) < 1 else float("nan")
                half = z * error / (1 - r**2)
                statistic = centre * (1 - r**2) / error
                rows.append(
                    [
                        *(
                            group,
                            first,
                            second,
                            r,
                            error,
                            statistic,
                            float(two_sided(np.array(statistic), clusters)),
                        ),
                        *(float(np.tanh(centre - half)), float(np.tanh(centre + half))),
                    ]
                )
    return pd.DataFrame(rows, columns=["group", "first", "second", *_INTERVAL])


def _reliabilities(
    solution: SemFit,
    covariance: FloatArray,
    names: Mapping[str, str],
    factors: Mapping[str, Sequence[str]],
    z: float,
) -> pd.DataFrame:
    at, theta = _positions(solution), solution.theta
    rows = []
    for g, group in enumerate(solution.moments.groups):
        for factor, items in factors.items():
            name = names[factor]
            free = [at["=~", name, item, g] for item in items[1:]]
            residuals = [at["~~", item, item, g] for item in items]
            own = at["~~", name, name, g]
            total, variance = 1.0 + float(theta[free].sum()), float(theta[own])
            true, error = total**2 * variance, float(theta[residuals].sum())
            whole = (true + error) ** 2
            slope = np.array(
                [2 * total * variance * error / whole] * len(free)
                + [total**2 * error / whole]
                + [-true / whole] * len(residuals)
            )
            where = [*free, own, *residuals]
            omega = true / (true + error)
            spread = float(np.sqrt(max(slope @ covariance[np.ix_(where, where)] @ slope, 0.0)))
            inside = 0 < omega < 1
            centre = float(logit(omega)) if inside else float("nan")
            half = z * spread / (omega * (1 - omega)) if inside else float("nan")
            rows.append(
                [
                    *(group, factor, len(items), omega, spread),
                    *(float(expit(centre - half)), float(expit(centre + half))),
                ]
            )
    columns = ["group", "factor", "n_items", "estimate", "std_error", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=columns)
