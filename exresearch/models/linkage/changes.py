"""Changes from wave to wave within units: do employee and customer experience move together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.linkage.correlation import correlation_row
from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_resampling


def change_on_change(
    panel: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    unit: str,
    wave: str,
    waves: Sequence[str] | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> pd.DataFrame:
    """Do changes in employee experience go with changes in customer experience, unit by unit.

    Use it beside `unit_association`: what units have and keep (size, type, region) drops out of changes. It does not
    show which comes first.

    Parameters
    ----------
    panel : DataFrame
        One row per unit and wave.
    ex, cx, unit, wave : str
        Columns; `ex` and `cx` numeric.
    waves : sequence of str, optional
        The waves in order; without it the sorted values of `wave`. Changes are taken between neighbours only, so a
        unit that skips a wave has no change across the gap.
    n_boot, conf_level, seed : int, float, int
        Replicates (units are resampled with all their changes), coverage and seed.

    Returns
    -------
    DataFrame with one row
        term change_correlation, estimate, std_error, statistic, p_value, conf_low, conf_high as in
        `unit_association`; n (changes); conf_level; n_units (units with a change); n_excluded (rows of the panel
        that are in no change); method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; a unit twice in a wave; a wave that is not in `waves`.
    NotEstimable
        Fewer than 10 units with a change, or no variation in the changes.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame(rng.normal(size=(40, 2)), columns=["ex", "cx"])
    >>> panel["unit"], panel["wave"] = np.repeat(range(20), 2), ["w1", "w2"] * 20
    >>> change_on_change(panel, ex="ex", cx="cx", unit="unit", wave="wave", seed=1)[["n", "n_units"]].values.tolist()
    [[20, 20]]
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    check_columns(panel, numeric=[ex, cx], other=[unit, wave])
    complete = panel[[ex, cx, unit, wave]].notna().all(axis=1)
    kept = panel.loc[complete, [unit, wave]]
    order = sorted(kept[wave].unique()) if waves is None else list(waves)
    strangers = sorted({str(value) for value in kept[wave].unique() if value not in order})
    if strangers:
        raise ValueError(f"column '{wave}' holds waves {strangers} that are not in waves {order}.")
    twice = int(kept.duplicated([unit, wave]).sum())
    if twice:
        raise ValueError(
            f"{twice} rows repeat a unit in a wave: aggregate to one row per '{unit}' and '{wave}'."
        )
    position = {value: index for index, value in enumerate(order)}
    codes, _ = pd.factorize(kept[unit].to_numpy(dtype=object), sort=True)
    times = np.array([position[value] for value in kept[wave]], dtype=np.intp)
    values = numeric_columns(panel.loc[complete], [ex, cx])
    rows = np.lexsort([times, codes])
    codes, times, values = codes[rows], times[rows], values[rows]
    neighbours = (np.diff(codes) == 0) & (np.diff(times) == 1)
    changes = pd.DataFrame(np.diff(values, axis=0)[neighbours], columns=[ex, cx])
    changes["unit of change"] = codes[1:][neighbours]
    n_units = int(changes["unit of change"].nunique())
    if n_units < MIN_UNITS:
        raise NotEstimable(
            f"changes need at least {MIN_UNITS} units with '{ex}' and '{cx}' in two consecutive waves, got {n_units}."
        )
    used = np.zeros(len(values), dtype=bool)
    used[:-1] |= neighbours
    used[1:] |= neighbours
    row = correlation_row(
        "change_correlation",
        unit_moments(changes, columns=[ex, cx], cluster="unit of change"),
        covariates=(),
        n_boot=n_boot,
        conf_level=conf_level,
        seed=seed,
        names=(f"change in {ex}", f"change in {cx}"),
    )
    method = row.pop("method")
    return pd.DataFrame([row]).assign(
        n=len(changes),
        conf_level=conf_level,
        n_units=n_units,
        n_excluded=len(panel) - int(used.sum()),
        method=f"changes between consecutive waves, {method}",
    )
