"""Effects of starts that never were, from the waves before the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from exresearch.models.names import as_list
from exresearch.models.programmes.aggregate import Average, empty_average, estimate_table, unit_average
from exresearch.models.programmes.cells import Control
from exresearch.models.programmes.panel import Ends, ProgrammePanel, blank_treated, read_panel
from exresearch.models.programmes.preconditions import EffectOptions, checked_deviation, effect_cells
from exresearch.models.resampling import NotEstimable, is_whole


def placebo_effects(
    data: pd.DataFrame,
    *,
    unit: str,
    wave: str,
    outcome: str,
    start: str | None = None,
    flag: str | None = None,
    shifts: Sequence[int] = (1,),
    control: Control = "not_yet",
    anticipation: int = 0,
    waves: Sequence[Any] | None = None,
    weights: str | None = None,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    ends: Ends = "refuse",
    baseline_sd: float | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Effects of starts that are pretended to be earlier than they were, from waves before the true start.

    Use it beside `staggered_effects`: an effect of a date at which nothing began says that trends were not parallel.

    Parameters
    ----------
    data, unit, wave, outcome, start, flag, control, anticipation, waves, weights, covariates, cluster, ends
        As in `staggered_effects`.
    shifts : sequence of int
        By how many waves starts are moved, each more than `anticipation`.
    baseline_sd, conf_level : float
        As in `staggered_effects`.

    Returns
    -------
    DataFrame, one row per shift
        The columns of `StaggeredEffects.overall`, with shift, n_left_out (treated units whose pretended start leaves no
        wave before it) and reason (text where it cannot be had, else None).

    Raises
    ------
    ValueError
        As in `staggered_effects`; shifts that are no whole numbers above `anticipation`.
    NotEstimable
        No shift can be had; fewer than 10 units, no treated units.

    Notes
    -----
    What was measured at or after the true start, or within its anticipation, is left out; treated units are controls
    until their pretended start.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame({"unit": np.repeat(range(40), 4), "wave": [1, 2, 3, 4] * 40, "ex": rng.normal(size=160)})
    >>> panel["start"] = np.repeat(np.where(np.arange(40) < 20, 4.0, np.nan), 4)
    >>> placebo_effects(panel, unit="unit", wave="wave", outcome="ex", start="start", shifts=[1, 3])[
    ...     ["shift", "n", "reason"]
    ... ].values.tolist()
    [[1, 40, None], [3, 0, 'no unit starts the programme after the first wave, so there is no effect to estimate.']]
    """
    options = EffectOptions(control, anticipation, 0, conf_level, 1999, 0)
    moves = as_list(shifts)
    if not moves or not all(is_whole(move) and move > anticipation for move in moves):
        raise ValueError(
            f"shifts must be a list of whole numbers above anticipation={anticipation}, got {shifts!r}."
        )
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
    deviation = checked_deviation(panel, baseline_sd, outcome=outcome)
    before = blank_treated(panel, anticipation=anticipation)
    pretended = replace(options, anticipation=0)
    averages: list[Average] = []
    reasons: list[str | None] = []
    lost = []
    for move in moves:
        early = panel.treated & (panel.start - move <= 0)
        lost.append(int(early.sum()))
        shifted = _subset(
            replace(before, start=np.where(panel.treated, panel.start - move, panel.start)), ~early
        )
        term = f"placebo_{move}"
        try:
            _, effects, _ = effect_cells(shifted, pretended, outcome=outcome)
        except NotEstimable as error:
            averages.append(empty_average(panel, term=term))
            reasons.append(str(error))
        else:
            averages.append(_widened(unit_average(effects, shifted, term=term), ~early))
            reasons.append(None)
    if all(reason is not None for reason in reasons):
        raise NotEstimable(f"no placebo start can be had: {reasons[0]}")
    table = estimate_table(averages, panel, conf_level=conf_level, baseline_sd=deviation)
    table.insert(1, "shift", moves)
    return table.assign(n_left_out=lost, reason=pd.Series(reasons, dtype=object))


def _subset(panel: ProgrammePanel, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> ProgrammePanel:
    return replace(
        panel,
        units=[label for label, keep in zip(panel.units, kept, strict=True) if keep],
        outcome=panel.outcome[kept],
        start=panel.start[kept],
        weights=panel.weights[kept],
        covariates=panel.covariates[kept],
        clusters=panel.clusters[kept],
    )


def _widened(average: Average, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> Average:
    """The average as of the whole panel, in which the other units have no part."""

    def spread(values: Any) -> Any:
        wide = np.zeros(len(kept), dtype=values.dtype)
        wide[kept] = values
        return wide

    return replace(
        average,
        influence=spread(average.influence),
        treated=spread(average.treated),
        controls=spread(average.controls),
    )
