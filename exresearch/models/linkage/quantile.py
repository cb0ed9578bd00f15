"""Quantile regression: whether EX lifts average units, or the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.models.expanded import expanded_interval, expanded_p_value
from exresearch.models.linkage.complete import complete_rows
from exresearch.models.linkage.interior import quantile_coefficients
from exresearch.models.names import as_list
from exresearch.models.relations import not_unique, null_space, related_sets
from exresearch.models.resampling import NotEstimable, check_resampling, count_chunks, is_real

# Units that must lie beyond a quantile before a line through it is worth drawing.
_BEYOND = 5.0
# Cells of replicates by rows by columns squared solved at once.
_CELLS = 2_000_000


def quantile_regression(
    units: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    quantiles: Sequence[float] = (0.5, 0.9),
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Slope of CX on EX at several quantiles of CX, and how it differs between the last and the first.

    Use it for "EX is what takes units from average to excellent": that needs a steeper slope at the 90th percentile
    than at the median. It speaks of units that are high given their EX, not of units that became excellent.

    Parameters
    ----------
    units : DataFrame
        One row per unit, or per unit and wave (then with `cluster`). Incomplete rows are left out and counted.
    ex, cx : str
        Numeric columns.
    quantiles : sequence of float
        One or more in (0, 1), rising.
    covariates : sequence of str
        Numeric columns to adjust for.
    weights : str, optional
        Column with positive weights: a unit of weight 2 counts as two units.
    cluster : str, optional
        Column to resample by when a unit has several rows.
    n_boot, conf_level, seed : int, float, int
        Replicates (units), coverage and seed.

    Returns
    -------
    DataFrame, one row per quantile and, with two or more, one for the difference
        term (slope, slope_difference); quantile (missing for the difference); estimate; std_error (bootstrap);
        statistic; df (units - 1); p_value (null 0); conf_low, conf_high (expanded percentile); n; n_clusters (units);
        n_excluded; conf_level; method.

    Raises
    ------
    ValueError
        Columns missing, named twice, not numeric or infinite; weights of zero or below; quantiles out of order.
    NotEstimable
        Fewer than 10 units, or than 5 on the far side of a quantile for each coefficient; columns without variation or
        that are combinations of one another; too many replicates in which they are.

    Notes
    -----
    Minimises the sum of w rho_q(cx - b0 - b1 ex - ...), rho_q(u) = u (q - 1[u < 0]), in the data and in each
    replicate. Replicates in which a column has no variation are left out, and at most 2.5 % may be. In R:
    `quantreg::rq(cx ~ ex, tau = c(0.5, 0.9))` with `se = "boot"`.

    References
    ----------
    Koenker & Bassett (1978), Regression quantiles, doi:10.2307/1913643

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame({"ex": rng.uniform(4, 9, 200)})
    >>> units["cx"] = units["ex"] + units["ex"] * rng.normal(0, 0.3, 200)
    >>> quantile_regression(units, ex="ex", cx="cx", n_boot=99, seed=1)["term"].tolist()
    ['slope', 'slope', 'slope_difference']
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    levels = as_list(quantiles) or []
    if not levels or not all(is_real(q) and 0.0 < q < 1.0 for q in levels) or (np.diff(levels) <= 0.0).any():
        raise ValueError(f"quantiles must be a rising list of numbers between 0 and 1, got {quantiles!r}.")
    rows = complete_rows(
        units,
        columns=[ex, cx],
        covariates=covariates,
        weights=weights,
        cluster=cluster,
        what="a quantile regression",
    )
    names = [ex, *covariates]
    outcome, predictors = rows.matrix[:, 1], np.delete(rows.matrix, 1, axis=1)
    constant = [
        name
        for name, column in zip([ex, cx, *covariates], rows.matrix.T, strict=True)
        if np.ptp(column) == 0.0
    ]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows.")
    null = null_space(np.atleast_2d(np.corrcoef(predictors, rowvar=False)))
    if null.size:
        raise NotEstimable(not_unique(related_sets(null, names), "coefficients are") + ".")
    size = len(names) + 1
    scarce = [q for q in levels if rows.n_units * min(q, 1.0 - q) < _BEYOND * (size - 1)]
    if scarce:
        least = int(np.ceil(_BEYOND * (size - 1) / min(min(q, 1.0 - q) for q in scarce) - 1e-9))
        raise NotEstimable(
            f"a line with {size - 1} slopes through quantiles {scarce} needs at least {least} units, "
            f"got {rows.n_units}."
        )
    # Columns of mean 0 and variance 1 keep the normal equations sound.
    spread = predictors.std(axis=0)
    design = np.column_stack([np.ones(len(outcome)), (predictors - predictors.mean(axis=0)) / spread])
    scale = float(outcome.std())
    target = (outcome - outcome.mean()) / scale
    leverage = np.einsum("ij,ij->i", design @ np.linalg.inv(design.T @ design), design)
    alone = int((leverage > 1.0 - 1e-8).sum())
    if alone:
        raise NotEstimable(
            f"{alone} units decide a coefficient of {names} alone (a category with one unit, for example): merge small "
            "categories."
        )
    once = np.array(
        [quantile_coefficients(design, target, rows.weights[None, :], q)[0, 1] for q in levels]
    ) * (scale / spread[0])
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    parts = []
    for counts in count_chunks(
        rows.n_units,
        n_boot=n_boot,
        seed=seed,
        max_cells=max(1, _CELLS * rows.n_units // (len(outcome) * size)),
    ):
        drawn = counts[:, rows.codes] * rows.weights
        normal = (drawn / drawn.sum(axis=1, keepdims=True) @ products).reshape(-1, size, size)
        sound = np.linalg.eigvalsh(normal)[:, 0] > 1e-9
        parts.append(
            np.column_stack([quantile_coefficients(design, target, drawn[sound], q)[:, 1] for q in levels])
        )
    replicates = np.concatenate(parts) * (scale / spread[0])
    if len(replicates) < 0.975 * n_boot:
        raise NotEstimable(
            f"in {n_boot - len(replicates)} of {n_boot} replicates a column of {names} has no variation: leave out "
            "what few units differ in."
        )
    terms = ["slope"] * len(levels)
    if len(levels) > 1:
        terms.append("slope_difference")
        once = np.append(once, once[-1] - once[0])
        replicates = np.column_stack([replicates, replicates[:, -1] - replicates[:, 0]])
    low, high = expanded_interval(replicates, conf_level=conf_level, n_units=rows.n_units)
    error = replicates.std(axis=0, ddof=1)
    return pd.DataFrame(
        {
            "term": terms,
            "quantile": [*levels, *[np.nan] * (len(terms) - len(levels))],
            "estimate": once,
            "std_error": error,
            "statistic": np.divide(once, error, out=np.full_like(once, np.nan), where=error > 0.0),
            "df": rows.n_units - 1.0,
            "p_value": expanded_p_value(replicates, null=0.0, n_units=rows.n_units),
            "conf_low": low,
            "conf_high": high,
            "n": len(outcome),
            "n_clusters": rows.n_units,
            "n_excluded": rows.n_excluded,
            "conf_level": conf_level,
            "method": "quantile regression, unit bootstrap",
        }
    )
