"""Deviations of units from their own level: do employee and customer experience go together within units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.models.columns import label_codes
from exresearch.models.linkage.correlation import correlation_row
from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.panel.frame import read_panel
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_resampling


@dataclass(frozen=True, slots=True, eq=False)
class WithinAssociation:
    """The link within units at the same wave.

    Attributes
    ----------
    table : DataFrame
        One row, see `within_association`.
    deviations : DataFrame
        One row per unit and wave: unit, wave, ex, cx, as deviations from the mean of the unit and from the course that
        all units share.
    """

    table: pd.DataFrame
    deviations: pd.DataFrame


def within_association(
    panel: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    unit: str,
    wave: str,
    waves: Sequence[Any] | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> WithinAssociation:
    """Are customers better served in the waves in which a unit's employees are better off than usual.

    Use it beside `unit_association`: what units have and keep (size, type, region) drops out, and so does what happens
    to all units in a wave. It does not show which comes first.

    Parameters
    ----------
    panel : DataFrame
        One row per unit and wave.
    ex, cx, unit, wave : str
        Columns; `ex` and `cx` numeric.
    waves : sequence, optional
        The waves in order; without it the sorted values of `wave`.
    n_boot, conf_level, seed : int, float, int
        Replicates (units are resampled with all their waves), coverage and seed.

    Returns
    -------
    WithinAssociation
        Its `table` has one row: term within_correlation, estimate, std_error, statistic, p_value, conf_low, conf_high
        as in `unit_association`; n (units and waves); conf_level; n_units; n_excluded (rows of the panel left out:
        without a value, or the only one of a unit); method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; rows without unit or wave; a unit twice in a wave; a wave that is not
        in `waves`.
    NotEstimable
        Fewer than 10 units with two waves, or nothing that varies within units.

    Notes
    -----
    Residuals of ex and cx after effects of units and of waves, by least squares. With two waves the correlation is that
    of the changes (`change_on_change`).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame(rng.normal(size=(40, 2)), columns=["ex", "cx"])
    >>> panel["unit"], panel["wave"] = np.repeat(range(20), 2), ["w1", "w2"] * 20
    >>> within_association(panel, ex="ex", cx="cx", unit="unit", wave="wave", seed=1).table[["n", "n_units"]].values
    array([[40, 20]])
    """
    check_resampling(n_boot=n_boot, conf_level=conf_level, seed=seed)
    order = list(read_panel(panel, unit=unit, wave=wave, ex=ex, cx=cx, waves=waves, least=2).waves)
    kept = panel.loc[panel[[ex, cx]].notna().all(axis=1), [unit, wave, ex, cx]]
    kept = kept[kept.groupby(unit)[unit].transform("size") > 1]
    if kept[unit].nunique() < MIN_UNITS:
        raise NotEstimable(
            f"a link within units needs at least {MIN_UNITS} units with two waves, got {kept[unit].nunique()}."
        )
    # Sorted, so that the order of the rows changes no digit.
    kept = kept.assign(at=[order.index(value) for value in kept[wave]])
    codes, _ = label_codes(kept[unit], argument="unit")
    kept = kept.assign(code=codes).sort_values(["code", "at"], kind="stable")
    dummies = (kept["at"].to_numpy()[:, None] == np.arange(1, len(order))).astype(np.float64)
    values = np.column_stack([kept[[ex, cx]].to_numpy(dtype=np.float64), dummies])
    work = pd.DataFrame(values).groupby(kept["code"].to_numpy())
    within = values - work.transform("mean").to_numpy()
    shared, *_ = np.linalg.lstsq(within[:, 2:], within[:, :2], rcond=None)
    rest = within[:, :2] - within[:, 2:] @ shared
    if (rest.std(axis=0) <= 1e-12 * np.maximum(values[:, :2].std(axis=0), 1e-300)).any():
        raise NotEstimable("within units one of the two does not vary beyond what all units share.")
    deviations = pd.DataFrame(rest, columns=["ex", "cx"])
    deviations.insert(0, "unit", kept[unit].to_numpy())
    deviations.insert(1, "wave", kept[wave].to_numpy())
    row = correlation_row(
        "within_correlation",
        unit_moments(deviations, columns=["ex", "cx"], cluster="unit"),
        covariates=(),
        n_boot=n_boot,
        conf_level=conf_level,
        seed=seed,
        names=(ex, cx),
    )
    method = row.pop("method")
    table = pd.DataFrame([row]).assign(
        n=len(deviations),
        conf_level=conf_level,
        n_units=int(deviations["unit"].nunique()),
        n_excluded=len(panel) - len(deviations),
        method=f"deviations from units and waves, {method}",
    )
    return WithinAssociation(table, deviations)
