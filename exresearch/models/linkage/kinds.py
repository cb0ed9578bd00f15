"""The link within kinds of unit and between them: how much of it is that kinds differ on both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.expanded import expanded_interval, expanded_p_value
from exresearch.models.resampling import MIN_UNITS, NotEstimable, bootstrap_counts, check_resampling

FloatArray = NDArray[np.float64]

#: Rows of `kind_slopes`, in order.
KIND_TERMS = ("slope", "slope_within", "slope_between", "slope_change", "correlation_means")
_LEAST_FINITE = 0.975


def kind_slopes(
    units: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    kind: str,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Slope of CX on EX over all units, within kinds of unit, and between the means of the kinds.

    Use it where kinds of unit (shops, offices) may differ on both sides, so that a link shows although within each kind
    there is none. The kinds are those there are, not a sample: intervals are about units.

    Parameters
    ----------
    units : DataFrame
        One row per unit. Incomplete rows are left out and counted.
    ex, cx : str
        Numeric columns.
    kind : str
        Column with the kind of unit.
    n_boot, conf_level, seed : int, float, int
        Replicates (units), coverage and seed.

    Returns
    -------
    DataFrame, one row per term
        term: slope (all units), slope_within (one slope within all kinds, as with dummies), slope_between (of the
        kinds' means, weighted by units), slope_change (within minus slope), and from three kinds on correlation_means
        (of the kinds' means, weighted by units); estimate; std_error (bootstrap); p_value (null 0); conf_low,
        conf_high (expanded percentile); n (units); n_units; n_kinds; n_excluded; conf_level; method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; options out of range.
    NotEstimable
        Fewer than 10 units, a single kind, EX without variation within or between kinds, or so in more than 2.5 % of
        the replicates.

    Notes
    -----
    slope = w between + (1 - w) within, with w the share of the variance of EX that lies between kinds. In R:
    `lm(cx ~ ex)`, `lm(cx ~ ex + kind)`.

    References
    ----------
    Robinson (1950), Ecological correlations and the behavior of individuals, doi:10.2307/2087176

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame({"kind": np.repeat(["shop", "desk"], 30)})
    >>> units["ex"] = rng.normal(size=60) + 2 * (units["kind"] == "desk")
    >>> units["cx"] = rng.normal(size=60) + 2 * (units["kind"] == "desk")
    >>> kind_slopes(units, ex="ex", cx="cx", kind="kind", n_boot=99, seed=1)["term"].tolist()
    ['slope', 'slope_within', 'slope_between', 'slope_change']
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    check_columns(units, numeric=[ex, cx], other=(kind,))
    complete = (units[[ex, cx, kind]].notna().all(axis=1)).to_numpy()
    kept = units.loc[complete]
    values = numeric_columns(kept, [ex, cx])
    codes, names = pd.factorize(kept[kind].astype(str).to_numpy(), sort=True)
    if len(values) < MIN_UNITS:
        raise NotEstimable(
            f"slopes within kinds need at least {MIN_UNITS} units with '{ex}', '{cx}' and '{kind}', got {len(values)}."
        )
    if len(names) < 2:
        raise NotEstimable(f"all complete units are of one '{kind}'.")
    order = np.lexsort([codes, values[:, 1], values[:, 0]])
    values, codes = values[order] - values.mean(axis=0), codes[order]
    member = np.eye(len(names))[codes]
    once = _statistics(np.ones((1, len(values))), values, member)[0]
    if not np.isfinite(once[:4]).all():
        raise NotEstimable(f"'{ex}' does not vary within, or between, the kinds of '{kind}'.")
    counts = bootstrap_counts(len(values), n_boot=n_boot, seed=seed).astype(np.float64)
    replicates = _statistics(counts, values, member)
    number = 4 if len(names) < 3 else 5
    once, replicates = once[:number], replicates[:, :number]
    replicates = replicates[np.isfinite(replicates).all(axis=1)]
    if len(replicates) < _LEAST_FINITE * n_boot:
        raise NotEstimable(f"in too many replicates '{ex}' does not vary within, or between, kinds.")
    low, high = expanded_interval(replicates, conf_level=conf_level, n_units=len(values))
    if number == 5:
        low[4], high[4] = max(low[4], -1.0), min(high[4], 1.0)
    return pd.DataFrame(
        {
            "term": list(KIND_TERMS[:number]),
            "estimate": once,
            "std_error": replicates.std(axis=0, ddof=1),
            "p_value": expanded_p_value(replicates, null=0.0, n_units=len(values)),
            "conf_low": low,
            "conf_high": high,
            "n": len(values),
            "n_units": len(values),
            "n_kinds": len(names),
            "n_excluded": int((~complete).sum()),
            "conf_level": conf_level,
            "method": "least squares within and between kinds, unit bootstrap",
        }
    )


def _statistics(counts: FloatArray, values: FloatArray, member: FloatArray) -> FloatArray:
    """The five terms [B, 5] for row counts [B, n]."""
    x, y = values.T
    sizes, sums_x, sums_y = counts @ member, counts @ (member * x[:, None]), counts @ (member * y[:, None])
    total = sizes.sum(axis=1)
    squares, cross = counts @ x**2, counts @ (x * y)
    with np.errstate(invalid="ignore", divide="ignore"):
        present = sizes > 0.0
        inverse = np.where(present, 1.0 / np.where(present, sizes, 1.0), 0.0)
        mean_x, mean_y = sums_x.sum(axis=1) / total, sums_y.sum(axis=1) / total
        kinds_xx, kinds_xy, kinds_yy = (
            (left * right * inverse).sum(axis=1) - total * one * other
            for left, right, one, other in (
                (sums_x, sums_x, mean_x, mean_x),
                (sums_x, sums_y, mean_x, mean_y),
                (sums_y, sums_y, mean_y, mean_y),
            )
        )
        all_xx, all_xy = squares - total * mean_x**2, cross - total * mean_x * mean_y
        floor = 1e-12 * np.abs(squares)
        slope = all_xy / np.where(all_xx > floor, all_xx, np.nan)
        inner = all_xx - kinds_xx
        within = (all_xy - kinds_xy) / np.where(inner > floor, inner, np.nan)
        between = kinds_xy / np.where(kinds_xx > floor, kinds_xx, np.nan)
        r = kinds_xy / np.sqrt(np.where((kinds_xx > floor) & (kinds_yy > 0.0), kinds_xx * kinds_yy, np.nan))
    return np.column_stack([slope, within, between, within - slope, r])
