"""What must hold before an effect is estimated, and the randomisation test where few units are treated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from exresearch.models.programmes.aggregate import unit_average
from exresearch.models.programmes.cells import Cell, Control, group_time_cells
from exresearch.models.programmes.panel import ProgrammePanel, baseline_deviation
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_resampling, check_whole, is_real


@dataclass(frozen=True)
class EffectOptions:
    """How effects are estimated, apart from the columns."""

    control: Control
    anticipation: int
    delay: int
    conf_level: float
    n_boot: int
    seed: int

    def __post_init__(self) -> None:
        """Raise ValueError for an option out of range."""
        if self.control not in ("never", "not_yet"):
            raise ValueError(f"control must be 'never' or 'not_yet', got {self.control!r}.")
        check_whole("anticipation", self.anticipation, least=0)
        check_whole("delay", self.delay, least=0)
        check_resampling(n_boot=self.n_boot, conf_level=self.conf_level, seed=self.seed)


def checked_deviation(panel: ProgrammePanel, baseline_sd: float | None, *, outcome: str) -> float:
    """The given deviation, or that of the first wave."""
    if baseline_sd is None:
        return baseline_deviation(panel, outcome=outcome)
    if not is_real(baseline_sd) or not 0.0 < baseline_sd < np.inf:
        raise ValueError(f"baseline_sd must be a positive number, got {baseline_sd!r}.")
    return float(baseline_sd)


def effect_cells(
    panel: ProgrammePanel, options: EffectOptions, *, outcome: str
) -> tuple[list[Cell], list[Cell], dict[str, int]]:
    """All cells, those of the overall effect, and how many could not be had.

    Raises
    ------
    NotEstimable
        No treated units, no controls, no wave before a start, one treated unit, or fewer than 10 clusters.
    """
    n_clusters = len(np.unique(panel.clusters))
    if n_clusters < MIN_UNITS:
        raise NotEstimable(
            f"the effect on '{outcome}' needs at least {MIN_UNITS} independent units, got {n_clusters} "
            f"({sum(v for k, v in panel.left_out.items() if k.startswith('units'))} units left out)."
        )
    if not panel.treated.any():
        raise NotEstimable(
            "no unit starts the programme after the first wave, so there is no effect to estimate."
        )
    if options.control == "never" and panel.treated.all():
        raise NotEstimable(
            "every unit starts the programme within the data, so there are no controls that never start: with "
            "control='not_yet' units that start later are the controls."
        )
    cells, missing = group_time_cells(panel, control=options.control, anticipation=options.anticipation)
    based = panel.start - 1 - options.anticipation
    before = panel.treated & (based >= 0)
    before[before] = ~np.isnan(panel.outcome[before, based[before]])
    if not before.any():
        raise NotEstimable(
            f"no treated unit was measured in the wave before its start and {options.anticipation} waves of "
            "anticipation, so there is nothing to compare with."
        )
    effects = [cell for cell in cells if cell.event_time >= options.delay]
    if not effects:
        raise NotEstimable(
            "no start has, in a wave after it, enough units as controls that were measured then and before the start, "
            "so there is no effect to estimate."
        )
    in_effect = np.any([cell.treated for cell in effects], axis=0)
    clusters = len(np.unique(panel.clusters[in_effect]))
    if clusters < 2:
        raise NotEstimable(
            f"only {clusters} independent unit starts the programme and can be compared: what happened to it alone "
            "cannot be told from the programme."
        )
    missing["treated units without an effect"] = int((panel.treated & ~in_effect).sum())
    return cells, effects, missing


def randomisation_p_value(
    panel: ProgrammePanel, options: EffectOptions, *, estimate: float, n_permutations: int
) -> float:
    """Share of re-drawn starts whose overall effect is at least as far from zero as `estimate`.

    Starts are exchanged between clusters where each has one start, else between units.
    """
    labels, codes = np.unique(panel.clusters, return_inverse=True)
    of_cluster = np.zeros(len(labels), dtype=np.int64)
    of_cluster[codes] = panel.start
    if (of_cluster[codes] != panel.start).any():
        of_cluster, codes = panel.start, np.arange(len(panel.start))
    rng = np.random.default_rng(options.seed)
    extreme = 1
    for _ in range(n_permutations):
        drawn = replace(panel, start=rng.permutation(of_cluster)[codes])
        cells = group_time_cells(
            drawn, control=options.control, anticipation=options.anticipation, effects_only=True
        )[0]
        effects = [cell for cell in cells if cell.event_time >= options.delay]
        # A draw that cannot be estimated counts against the programme. Ties count, whatever the order of summation.
        if not effects or abs(unit_average(effects, drawn, term="").estimate) >= abs(estimate) * (
            1.0 - 1e-12
        ):
            extreme += 1
    return extreme / (n_permutations + 1)
