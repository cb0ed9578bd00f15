"""Signs that the treated would have changed differently without the programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.models.programmes.aggregate import (
    Average,
    cell_average,
    empty_average,
    estimate_table,
    unit_average,
)
from exresearch.models.programmes.cells import Control, Lag, base_wave_cells, group_time_cells
from exresearch.models.programmes.panel import Ends, ProgrammePanel, read_panel
from exresearch.models.programmes.preconditions import EffectOptions, checked_deviation, effect_cells
from exresearch.models.resampling import NotEstimable


@dataclass(frozen=True, eq=False)
class BaselineBalance:
    """Were units with a low outcome selected, and does the effect survive that.

    Attributes
    ----------
    differences : DataFrame
        Treated less controls in the wave before the start (and its anticipation): term (outcome and covariates) and the
        other columns of `StaggeredEffects.overall`, standardised by the deviation of each term at the first wave.
    effects : DataFrame
        The overall effect as term difference_in_differences, lag_adjusted (the trend of controls may depend on their
        outcome in the base wave), within_thirds (compared within thirds of that outcome) and earlier_base (one wave
        before the one that may have led to the selection), with reason (text where it cannot be had, else None).
    selected_low, selected_high : bool
        The interval of the difference in the outcome lies below, or above, zero.
    """

    differences: pd.DataFrame
    effects: pd.DataFrame
    selected_low: bool
    selected_high: bool


def baseline_balance(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    outcome: str,
    start: str | None = None,
    flag: str | None = None,
    control: Control = "not_yet",
    anticipation: int = 0,
    delay: int = 0,
    waves: Sequence[Any] | None = None,
    weights: str | None = None,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    ends: Ends = "refuse",
    baseline_sd: float | None = None,
    conf_level: float = 0.95,
) -> BaselineBalance:
    """Compare treated and controls before the start, and look for regression to the mean.

    Use it beside `staggered_effects`: units that were chosen because they did badly would have recovered anyway, in
    part, and the recovery counts as an effect.

    Parameters
    ----------
    data, unit, wave, outcome, start, flag, control, anticipation, delay, waves, weights, covariates, cluster, ends
        As in `staggered_effects`.
    baseline_sd, conf_level : float
        As in `staggered_effects`.

    Returns
    -------
    BaselineBalance

    Raises
    ------
    ValueError, NotEstimable
        As in `staggered_effects`.

    Notes
    -----
    Difference-in-differences is right when levels differ for good and trends are parallel, adjustment for the lag when
    units were chosen on the lag itself. Where the treated started low the first lies above the second, and if either
    assumption holds the truth is one of the two or between them: Ding & Li (2019), doi:10.1017/pan.2019.25. An effect
    that vanishes with the earlier base was a dip before the start.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> wide = np.repeat(rng.normal(size=(200, 1)), 3, axis=1) + rng.normal(size=(200, 3))
    >>> low = wide[:, 1] < np.median(wide[:, 1])
    >>> panel = pd.DataFrame({"unit": np.repeat(range(200), 3), "wave": [1, 2, 3] * 200, "cx": wide.ravel()})
    >>> panel["start"] = np.repeat(np.where(low, 3.0, np.nan), 3)
    >>> found = baseline_balance(panel, unit="unit", wave="wave", outcome="cx", start="start")
    >>> found.selected_low, found.effects["term"].tolist()
    (True, ['difference_in_differences', 'lag_adjusted', 'within_thirds', 'earlier_base'])
    >>> bool(found.effects["estimate"][0] > 0.8), bool(abs(found.effects["estimate"][1]) < 0.4)
    (True, True)
    """
    # No draws here: the seed is never used.
    options = EffectOptions(control, anticipation, delay, conf_level, 1999, 0)
    panel = read_panel(
        data,
        unit=unit,
        wave=wave,
        outcome=outcome,
        start=start,
        flag=flag,
        waves=waves,
        weights=weights,
        covariates=covariates,
        cluster=cluster,
        ends=ends,
    )
    effect_cells(panel, options, outcome=outcome)
    deviation = checked_deviation(panel, baseline_sd, outcome=outcome)
    tables = []
    names = [outcome, *covariates]
    for place, name in enumerate(names):
        values = None if place == 0 else panel.covariates[:, place - 1]
        cells = base_wave_cells(panel, control=control, anticipation=anticipation, values=values)
        if not cells:
            raise NotEstimable(
                "no start has enough controls in its base wave, so that nothing can be compared."
            )
        spread = deviation if values is None else float(values.std(ddof=1))
        tables.append(
            estimate_table(
                [cell_average(cells, panel, term=name)],
                panel,
                conf_level=conf_level,
                # A covariate without variation has no standardised difference.
                baseline_sd=spread if spread > 0.0 else np.nan,
            )
        )
    differences = pd.concat(tables, ignore_index=True)
    ways: list[tuple[str, Lag, int]] = [
        ("difference_in_differences", "none", 0),
        ("lag_adjusted", "linear", 0),
        ("within_thirds", "thirds", 0),
        ("earlier_base", "none", 1),
    ]
    averages, reasons = [], []
    for term, lag, earlier in ways:
        average = _overall(panel, options, term=term, lag=lag, earlier=earlier)
        averages.append(average if average is not None else empty_average(panel, term=term))
        reasons.append(
            None if average is not None else "no start has enough controls, or a measured base wave, for it"
        )
    effects = estimate_table(averages, panel, conf_level=conf_level, baseline_sd=deviation)
    return BaselineBalance(
        differences=differences,
        effects=effects.assign(reason=pd.Series(reasons, dtype=object)),
        selected_low=bool(differences["conf_high"][0] < 0.0),
        selected_high=bool(differences["conf_low"][0] > 0.0),
    )


def _overall(
    panel: ProgrammePanel, options: EffectOptions, *, term: str, lag: Lag, earlier: int
) -> Average | None:
    cells, _ = group_time_cells(
        panel,
        control=options.control,
        anticipation=options.anticipation + earlier,
        lag=lag,
        effects_only=True,
    )
    effects = [cell for cell in cells if cell.event_time >= options.delay]
    return unit_average(effects, panel, term=term) if effects else None
