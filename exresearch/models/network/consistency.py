"""How far several measures of the same units say the same of each unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.expanded import expanded_interval, expanded_p_value
from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.names import name_list
from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

FloatArray = NDArray[np.float64]


def consistency_index(
    units: pd.DataFrame,
    *,
    columns: Sequence[str],
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Intraclass correlation of standardised measures: do units that stand high on one stand high on all.

    Use it for "the same values for all": 1 says that every unit takes the same place on every measure, 0 that places
    have nothing to do with each other. Two more rows say it in units: how many are in the same third on all measures,
    and how many are in the highest third on one and in the lowest on another.

    Parameters
    ----------
    units : DataFrame
        One row per unit; incomplete rows are left out and counted.
    columns : sequence of str
        Two or more numeric measures, all turned so that higher is better.
    n_boot, conf_level, seed : int, float, int
        Replicates over units, coverage and seed.

    Returns
    -------
    DataFrame
        Rows icc_single, icc_mean, same_third, opposite_thirds: term, estimate, std_error, p_value, conf_low, conf_high,
        by_chance (what measures that have nothing to do with each other would give, the null of the p-value), n
        (units), conf_level, n_units, n_excluded, method.

    Raises
    ------
    ValueError
        Fewer than two columns; columns missing, not numeric or infinite; options out of range.
    NotEstimable
        Fewer than 10 units, or a measure that does not vary.

    Notes
    -----
    ICC(C,1) and ICC(C,k) of McGraw & Wong (1996), doi:10.1037/1082-989X.1.1.30, on measures of mean 0 and standard
    deviation 1: ICC(C,1) is then the mean of the correlations, r, and ICC(C,k) = k r / (1 + (k - 1) r), the reliability
    of their sum as a measure of one thing. The interval is on Fisher's scale for intraclass correlations,
    ln((1 + (k - 1) r) / (1 - r)) / 2, with a bootstrap standard error over units and t(U - 1). Thirds are cut anew in
    every replicate; by chance (1/3)^(k-1) of the units are in the same third on all, and 1 - 2 (2/3)^k + (1/3)^k in
    opposite ones.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame(rng.normal(size=(90, 1)) + rng.normal(size=(90, 3)), columns=["a", "b", "c"])
    >>> found = consistency_index(units, columns=["a", "b", "c"], n_boot=199, seed=1).set_index("term")
    >>> bool(abs(found.loc["icc_single", "estimate"] - (units.corr().sum().sum() - 3) / 6) < 1e-12)
    True
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    measures = name_list("columns", columns)
    k = len(measures)
    if k < 2:
        raise ValueError(f"columns must name two measures or more, got {measures}.")
    moments = unit_moments(units, columns=measures)
    n = moments.n_units
    if n < MIN_UNITS:
        raise NotEstimable(f"a consistency index needs at least {MIN_UNITS} units with all values, got {n}.")
    whole = moments.correlations()
    if (np.einsum("bii->bi", whole) <= 0.0).any():
        raise NotEstimable("a measure has the same value in all units.")
    values = units[measures].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values).all(axis=1)]
    values = values[np.lexsort(values.T)]
    counts = bootstrap_counts(n, n_boot=n_boot, seed=seed).astype(np.float64)
    weights = np.vstack([np.ones((1, n)), counts])
    r = _mean_correlation(weights, values)
    single, mean = _fisher(r, k, conf_level=conf_level, df=n - 1.0)
    rows = [{"term": "icc_single", **single}, {"term": "icc_mean", **mean}]
    expected = {"same_third": 3.0 ** (1 - k), "opposite_thirds": 1.0 - 2.0 * (2.0 / 3.0) ** k + 3.0**-k}
    for term, found in zip(expected, _thirds(weights, values), strict=True):
        low, high = expanded_interval(found[1:], conf_level=conf_level, n_units=n)
        rows.append(
            {
                "term": term,
                "estimate": float(found[0]),
                "std_error": float(found[1:].std(ddof=1)),
                "p_value": float(expanded_p_value(found[1:], null=expected[term], n_units=n)),
                "conf_low": max(0.0, min(float(low), float(found[0]))),
                "conf_high": min(1.0, max(float(high), float(found[0]))),
                "by_chance": expected[term],
                "method": "unit bootstrap, expanded percentile interval",
            }
        )
    return pd.DataFrame(rows).assign(n=n, conf_level=conf_level, n_units=n, n_excluded=len(units) - n)


def _mean_correlation(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Mean of the correlations between columns [B], for counts of rows [B, n]."""
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    k, total = z.shape[1], weights.sum(axis=1)
    means = weights @ z / total[:, None]
    products = (weights @ (z[:, :, None] * z[:, None, :]).reshape(len(z), -1)).reshape(-1, k, k)
    covariance = products / total[:, None, None] - means[:, :, None] * means[:, None, :]
    spread = np.sqrt(np.clip(np.einsum("bii->bi", covariance), 1e-300, None))
    r = covariance / (spread[:, :, None] * spread[:, None, :])
    return np.asarray((r.sum(axis=(1, 2)) - np.einsum("bii->b", r)) / (k * (k - 1)))


def _fisher(
    r: FloatArray, k: int, *, conf_level: float, df: float
) -> tuple[dict[str, object], dict[str, object]]:
    """Rows of the intraclass correlation of one measure and of the mean of all; the first entry is the estimate."""

    def scaled(x: FloatArray) -> FloatArray:
        x = np.clip(x, -1.0 / (k - 1) + 1e-9, 1.0 - 1e-9)
        return np.asarray(0.5 * np.log((1.0 + (k - 1) * x) / (1.0 - x)))

    def back(z: FloatArray) -> FloatArray:
        e = np.exp(2.0 * z)
        return np.asarray((e - 1.0) / (e + k - 1.0))

    z = scaled(r)
    spread, centre = float(z[1:].std(ddof=1)), float(z[0])
    half = float(stdtrit(df, (1.0 + conf_level) / 2.0)) * spread
    limits = back(np.array([centre - half, centre + half]))
    shared = {
        "p_value": float(2.0 * stdtr(df, -abs(centre) / spread)),
        "by_chance": 0.0,
        "method": "bootstrap standard error of Fisher's z for intraclass correlations, t interval",
    }
    rows = []
    for of_mean in (False, True):
        values = np.concatenate([r, limits])
        if of_mean:
            values = k * values / np.maximum(1.0 + (k - 1) * values, 1e-9)
        low, high = (float(value) for value in values[-2:])
        rows.append(
            {
                "estimate": float(values[0]),
                "std_error": float(values[1:-2].std(ddof=1)),
                "conf_low": low,
                "conf_high": high,
                **shared,
            }
        )
    return rows[0], rows[1]


def _thirds(weights: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares of units in the same third on all columns, and in opposite thirds on two of them [B]."""
    total = weights.sum(axis=1, keepdims=True)
    lowest = highest = np.zeros(0)
    for column in values.T:
        # Units with the same value share the middle of the places they take.
        order = np.argsort(column, kind="stable")
        _, tie = np.unique(column[order], return_inverse=True)
        sums = np.zeros((len(weights), int(tie.max()) + 1))
        ordered = weights[:, order]
        starts = np.flatnonzero(np.r_[True, np.diff(tie) > 0])
        sums = np.add.reduceat(ordered, starts, axis=1)
        middle = (np.cumsum(sums, axis=1) - sums / 2.0)[:, tie] / total
        third = np.empty_like(middle)
        third[:, order] = np.minimum(np.floor(3.0 * middle), 2.0)
        lowest = third if not lowest.size else np.minimum(lowest, third)
        highest = third if not highest.size else np.maximum(highest, third)
    same = (weights * (lowest == highest)).sum(axis=1) / total[:, 0]
    opposite = (weights * ((lowest == 0.0) & (highest == 2.0))).sum(axis=1) / total[:, 0]
    return same, opposite
