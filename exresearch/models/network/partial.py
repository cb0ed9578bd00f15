"""Correlations between measures of units that remain when the other measures are held constant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.drivers.metrics import partial_out
from exresearch.models.expanded import expanded_interval, expanded_p_value
from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.names import name_list
from exresearch.models.resampling import (
    MIN_UNITS,
    NotEstimable,
    bootstrap_counts,
    check_resampling,
    count_chunks,
)

FloatArray = NDArray[np.float64]

# Residual variance (share of a column's own) below which the others explain it completely.
_EXHAUSTED = 1e-10
_LEAST_FINITE = 0.975
_LIMIT = 1.0 - 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class PartialNetwork:
    """Links between measures, each with the other measures held constant.

    Attributes
    ----------
    table : DataFrame
        One row per pair, see `partial_network`.
    marginal : DataFrame
        The same schema for the plain correlations; empty from `disattenuated_network`.
    replicates : numpy.ndarray [B, pairs]
        Partial correlations in the bootstrap replicates that have all of them, in the order of `table`.
    reliability : DataFrame
        ``term`` (the column), ``estimate``: share of the variance between units that is no sampling error; empty from
        `partial_network`.
    """

    table: pd.DataFrame
    marginal: pd.DataFrame
    replicates: FloatArray
    reliability: pd.DataFrame


def partial_network(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> PartialNetwork:
    """Correlate every pair of measures with the other measures held constant.

    Use it for "these three hang together": a pair whose plain correlation runs through the third measure has none left
    here. It says nothing about direction, and whatever touches all measures alike is still in it.

    Parameters
    ----------
    data : DataFrame
        One row per unit, or several with `cluster`. Rows with a missing value are left out and counted.
    columns : sequence of str
        Two or more numeric measures.
    covariates : sequence of str
        Numeric columns that are held constant as well.
    cluster : str, optional
        Column whose rows are resampled together.
    n_boot, conf_level, seed : int, float, int
        Replicates, coverage and seed.

    Returns
    -------
    PartialNetwork
        Its tables have one row per pair: term ('x--y'), x, y, estimate, std_error (of the correlation itself),
        statistic (Fisher's z over its standard error), df, p_value (null 0), conf_low, conf_high, n (rows), conf_level,
        n_units, n_excluded, method.

    Raises
    ------
    ValueError
        Fewer than two columns; columns missing, named twice, not numeric or infinite; options out of range.
    NotEstimable
        Fewer than 10 units (or 4 more than there are other columns), or a measure that does not vary beyond what the
        others explain.

    Notes
    -----
    With P the inverse of the correlation matrix, the partial correlation of i and j is -P_ij / sqrt(P_ii P_jj). The
    interval is tanh(atanh r +- t(U - 2 - k) SE), with U units, k other columns, and SE the bootstrap standard error of
    atanh r over units, as in :func:`exresearch.models.unit_association`.

    References
    ----------
    Whittaker (1990), Graphical models in applied multivariate statistics, section 5.7; Epskamp & Fried (2018), A
    tutorial on regularized partial correlation networks, doi:10.1037/met0000167 (three measures need no regularising)

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> units = pd.DataFrame({"a": rng.normal(size=200)})
    >>> units["b"] = units["a"] + rng.normal(size=200)
    >>> units["c"] = units["b"] + rng.normal(size=200)
    >>> found = partial_network(units, columns=["a", "b", "c"], n_boot=199, seed=1).table
    >>> found["term"].tolist(), bool(found["conf_low"][1] < 0 < found["conf_high"][1])
    (['a--b', 'a--c', 'b--c'], True)
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    measures, held = name_list("columns", columns), name_list("covariates", covariates, least=0)
    if len(measures) < 2:
        raise ValueError(f"columns must name two measures or more, got {measures}.")
    everything = [*measures, *held]
    moments = unit_moments(data, columns=everything, cluster=cluster)
    others = len(everything) - 2
    least = max(MIN_UNITS, others + 4)
    if moments.n_units < least:
        raise NotEstimable(f"links between {measures} need at least {least} units, got {moments.n_units}.")
    whole = moments.correlations()
    for index, name in enumerate(everything):
        rest = [other for other in range(len(everything)) if other != index]
        if float(partial_out(whole, covariates=rest, keep=[index])[0, 0, 0]) < _EXHAUSTED:
            raise NotEstimable(
                f"'{name}' does not vary between units, or not beyond what the other columns explain."
            )
    drawn = [moments.correlations(part) for part in count_chunks(moments.n_units, n_boot=n_boot, seed=seed)]
    pairs = list(combinations(range(len(measures)), 2))
    tables, kept = [], np.zeros((0, 0))
    for partial in (False, True):
        once = _pairs(whole, pairs, partial=partial, size=len(everything))[0]
        replicates = np.concatenate(
            [_pairs(part, pairs, partial=partial, size=len(everything)) for part in drawn]
        )
        df = float(moments.n_units - 2 - (others if partial else 0))
        tables.append(
            _fisher_rows(once, replicates, df=df, conf_level=conf_level).assign(
                n=int(moments.n.sum()),
                conf_level=conf_level,
                n_units=moments.n_units,
                n_excluded=len(data) - int(moments.n.sum()),
                method="bootstrap standard error of Fisher's z, t interval",
            )
        )
        kept = replicates
    named = [_named(table, measures, pairs) for table in tables]
    return PartialNetwork(named[1], named[0], kept, pd.DataFrame(columns=["term", "estimate"]))


def disattenuated_network(
    units: pd.DataFrame,
    *,
    columns: Sequence[str],
    errors: Sequence[str],
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> PartialNetwork:
    """Correlate every pair of measures with the others held constant, corrected for the sampling error of all.

    Use it beside `partial_network`. A measure that is known roughly is held constant roughly: without the correction
    the link of the other two is not only weakened by their own error, it also keeps part of what runs through the
    third.

    Parameters
    ----------
    units : DataFrame
        One row per unit; incomplete rows are left out and counted.
    columns, errors : sequence of str
        Measures, and as many columns with their sampling variances (squared standard errors), zero or more. Errors of
        different measures are taken to be unrelated, as they are where different people answered.
    n_boot, conf_level, seed : int, float, int
        Replicates over units, coverage and seed.

    Returns
    -------
    PartialNetwork
        `table` as in `partial_network` without df and statistic; `replicates` only where they could be corrected.

    Raises
    ------
    ValueError
        As `partial_network`; as many errors as columns are needed, none of them negative.
    NotEstimable
        Fewer than 10 units; the variances left after the correction cannot be those of real measures, in the data or in
        more than one replicate in forty.

    Notes
    -----
    The mean sampling variances are taken off the diagonal of the covariance matrix (Fuller 1987, Measurement Error
    Models, section 1.2), and the partial correlations are those of what remains. The interval is the expanded
    percentile interval over units (:func:`exresearch.models.expanded_interval`).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> true = rng.normal(size=(200, 1)) + rng.normal(size=(200, 3))
    >>> units = pd.DataFrame(true + rng.normal(0, 0.7, (200, 3)), columns=list("abc")).assign(e=0.49)
    >>> found = disattenuated_network(units, columns=list("abc"), errors=["e", "e", "e"], n_boot=199, seed=1)
    >>> raw = partial_network(units, columns=list("abc"), n_boot=199, seed=1)
    >>> bool(found.table["estimate"].mean() > raw.table["estimate"].mean())
    True
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    measures, variances = name_list("columns", columns), list(errors)
    if len(measures) < 2 or len(variances) != len(measures):
        raise ValueError(
            f"columns and errors must name as many columns, two or more; got {measures} and {variances}."
        )
    check_columns(units, numeric=[*measures, *dict.fromkeys(variances)], other=())
    values = np.hstack([numeric_columns(units, measures), numeric_columns(units, variances)])
    values = values[np.isfinite(values).all(axis=1)]
    # In an order of their own, so that the order of the rows does not matter.
    values = values[np.lexsort(values.T)]
    size, n = len(measures), len(values)
    if n < MIN_UNITS:
        raise NotEstimable(f"corrected links need at least {MIN_UNITS} units with all values, got {n}.")
    if (values[:, size:] < 0.0).any():
        raise ValueError(f"{variances} are variances: they cannot be negative.")
    spread = values[:, :size].std(axis=0)
    if (spread == 0.0).any():
        raise NotEstimable("a measure has the same value in all units.")
    z = (values[:, :size] - values[:, :size].mean(axis=0)) / spread
    noise = values[:, size:] / spread**2
    pairs = list(combinations(range(size), 2))
    once, left = _corrected(np.ones((1, n)), z, noise, pairs)
    if not np.isfinite(once).all():
        raise NotEstimable("the values of a measure differ hardly more than their sampling error explains.")
    counts = bootstrap_counts(n, n_boot=n_boot, seed=seed).astype(np.float64)
    replicates, _ = _corrected(counts, z, noise, pairs)
    sound = np.isfinite(replicates).all(axis=1)
    if sound.mean() < _LEAST_FINITE:
        raise NotEstimable(
            "in too many replicates a measure differs hardly more than its sampling error explains."
        )
    replicates = replicates[sound]
    low, high = expanded_interval(replicates, conf_level=conf_level, n_units=n)
    table = pd.DataFrame(
        {
            "estimate": once[0],
            "std_error": replicates.std(axis=0, ddof=1),
            "p_value": expanded_p_value(replicates, null=0.0, n_units=n),
            "conf_low": np.maximum(np.minimum(low, once[0]), -1.0),
            "conf_high": np.minimum(np.maximum(high, once[0]), 1.0),
            "n": n,
            "conf_level": conf_level,
            "n_units": n,
            "n_excluded": len(units) - n,
            "method": "corrected for sampling error, unit bootstrap, expanded percentile interval",
        }
    )
    reliability = pd.DataFrame({"term": measures, "estimate": left[0]})
    return PartialNetwork(_named(table, measures, pairs), pd.DataFrame(), replicates, reliability)


def _corrected(
    counts: FloatArray, z: FloatArray, noise: FloatArray, pairs: Sequence[tuple[int, int]]
) -> tuple[FloatArray, FloatArray]:
    """Corrected partial correlations [B, pairs], missing where there are none, and reliabilities [B, k]."""
    total = counts.sum(axis=1)
    size = z.shape[1]
    means = counts @ z / total[:, None]
    products = (counts @ (z[:, :, None] * z[:, None, :]).reshape(len(z), -1)).reshape(-1, size, size)
    covariance = products / total[:, None, None] - means[:, :, None] * means[:, None, :]
    covariance *= (total / (total - 1.0))[:, None, None]
    variance = np.einsum("bii->bi", covariance).copy()
    true = covariance.copy()
    place = np.arange(size)
    true[:, place, place] -= counts @ noise / total[:, None]
    sound = np.linalg.eigvalsh(true)[:, 0] > 1e-6
    found = np.full((len(counts), len(pairs)), np.nan)
    inverse = np.linalg.inv(true[sound])
    for column, (i, j) in enumerate(pairs):
        found[sound, column] = -inverse[:, i, j] / np.sqrt(inverse[:, i, i] * inverse[:, j, j])
    kept = np.einsum("bii->bi", true)
    return found, np.divide(kept, variance, out=np.zeros_like(kept), where=variance > 0.0)


def _pairs(
    correlations: FloatArray, pairs: Sequence[tuple[int, int]], *, partial: bool, size: int
) -> FloatArray:
    """Correlations [B, pairs], plain or given all other columns; 0 where one of the two does not vary."""
    return np.column_stack(list(_each_pair(correlations, pairs, partial=partial, size=size)))


def _each_pair(
    correlations: FloatArray, pairs: Sequence[tuple[int, int]], *, partial: bool, size: int
) -> Iterator[FloatArray]:
    for i, j in pairs:
        others = [k for k in range(size) if k not in (i, j)] if partial else []
        rest = partial_out(correlations, covariates=others, keep=[i, j])
        scale = np.sqrt(np.clip(rest[:, 0, 0], 0.0, None) * np.clip(rest[:, 1, 1], 0.0, None))
        yield np.divide(rest[:, 0, 1], scale, out=np.zeros_like(scale), where=scale > _EXHAUSTED)


def _fisher_rows(once: FloatArray, replicates: FloatArray, *, df: float, conf_level: float) -> pd.DataFrame:
    spread = np.arctanh(np.clip(replicates, -_LIMIT, _LIMIT)).std(axis=0, ddof=1)
    centre = np.arctanh(np.clip(once, -_LIMIT, _LIMIT))
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * spread
    return pd.DataFrame(
        {
            "estimate": once,
            "std_error": replicates.std(axis=0, ddof=1),
            "statistic": centre / spread,
            "df": df,
            "p_value": 2.0 * stdtr(df, -np.abs(centre) / spread),
            "conf_low": np.tanh(centre - half),
            "conf_high": np.tanh(centre + half),
        }
    )


def _named(table: pd.DataFrame, measures: Sequence[str], pairs: Sequence[tuple[int, int]]) -> pd.DataFrame:
    first, second = [measures[i] for i, _ in pairs], [measures[j] for _, j in pairs]
    table.insert(0, "term", [f"{x}--{y}" for x, y in zip(first, second, strict=True)])
    table.insert(1, "x", first)
    table.insert(2, "y", second)
    return table
