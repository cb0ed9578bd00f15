"""Effects per cohort and wave, each against units that had not started, with the pull of every unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exresearch.models.programmes.panel import ProgrammePanel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

Control = Literal["never", "not_yet"]
#: How the outcome before the start enters: not at all, as a covariate, or as thirds within which units are compared.
Lag = Literal["none", "linear", "thirds"]


@dataclass(frozen=True, eq=False)
class Cell:
    """The effect on units that start at `cohort`, in `wave`, both as places among the waves.

    Attributes
    ----------
    estimate : float
        Change since the base wave of the treated, less that of the controls.
    influence : ndarray [U]
        Sums to zero over treated and over controls; its squares sum to the variance.
    treated, controls : ndarray [U] of bool
    weight : float
        Weight of the treated units that were measured.
    fitted : int
        Slopes that were estimated among the controls.
    """

    cohort: int
    wave: int
    estimate: float
    influence: FloatArray
    treated: BoolArray
    controls: BoolArray
    weight: float
    fitted: int

    @property
    def event_time(self) -> int:
        """Waves since the start; negative before it."""
        return self.wave - self.cohort


def group_time_cells(
    panel: ProgrammePanel,
    *,
    control: Control,
    anticipation: int,
    lag: Lag = "none",
    effects_only: bool = False,
) -> tuple[list[Cell], dict[str, int]]:
    """All cells that have treated units, controls and a base wave, and how many have not.

    The base wave is the last one before the start and its anticipation, for earlier waves too, so that leads and
    effects of an event study are read against the same wave.
    """
    cells: list[Cell] = []
    missing = {"cohorts without a wave before the start": 0, "cells without controls": 0}
    for cohort in np.unique(panel.start[panel.treated]).tolist():
        base = cohort - 1 - anticipation
        if base < 0:
            missing["cohorts without a wave before the start"] += 1
            continue
        for wave in range(cohort if effects_only else 0, panel.n_waves):
            if wave == base:
                continue
            change = panel.outcome[:, wave] - panel.outcome[:, base]
            there = ~np.isnan(change)
            treated = there & (panel.start == cohort)
            if not treated.any():
                continue
            controls = there & _untreated(panel, cohort, max(wave, base) + anticipation, control)
            cell = _cell(panel, cohort, wave, base, change, treated, controls, lag)
            if cell is None:
                missing["cells without controls"] += 1
            else:
                cells.append(cell)
    return cells, missing


def base_wave_cells(
    panel: ProgrammePanel, *, control: Control, anticipation: int, values: FloatArray | None = None
) -> list[Cell]:
    """Difference between the units of each cohort and its controls in the base wave itself.

    It is that of the outcome, or of `values` [U]. The controls are those of the first wave of the programme.
    """
    bare = replace(panel, covariates=np.empty((len(panel.start), 0)))
    cells = []
    for cohort in np.unique(panel.start[panel.treated]).tolist():
        base = cohort - 1 - anticipation
        if base < 0:
            continue
        there = ~np.isnan(panel.outcome[:, base])
        level = panel.outcome[:, base] if values is None else values
        treated = there & (panel.start == cohort)
        controls = there & _untreated(panel, cohort, cohort + anticipation, control)
        cell = _cell(bare, cohort, base, base, level, treated, controls, "none")
        if cell is not None:
            cells.append(cell)
    return cells


def _untreated(panel: ProgrammePanel, cohort: int, wave: int, control: Control) -> BoolArray:
    """Units outside the cohort that have not started by a wave, or never do."""
    if control == "never":
        return np.asarray(~panel.treated)
    return np.asarray(((panel.start > wave) | ~panel.treated) & (panel.start != cohort))


def _cell(
    panel: ProgrammePanel,
    cohort: int,
    wave: int,
    base: int,
    change: FloatArray,
    treated: BoolArray,
    controls: BoolArray,
    lag: Lag,
) -> Cell | None:
    before = panel.outcome[:, base]
    blocks = [np.ones((len(change), 1)), panel.covariates]
    if lag == "linear":
        blocks.append(before[:, None])
    elif lag == "thirds":
        third = _thirds(before, treated | controls)
        # Treated units without controls in their third have nobody to be compared with.
        treated = treated & np.isin(third, np.unique(third[controls]))
        blocks += [(third == number)[:, None].astype(np.float64) for number in np.unique(third[controls])[1:]]
    design = np.hstack(blocks)
    k = design.shape[1]
    if not treated.any() or controls.sum() < k + 1:
        return None
    x = design[controls]
    w = panel.weights[controls]
    if k > 1:
        scale = np.maximum(np.abs(x).max(axis=0), np.finfo(float).tiny)
        design, x = design / scale, x / scale
        if np.linalg.matrix_rank(x) < k:
            return None
    gram = x.T @ (w[:, None] * x)
    beta = np.linalg.solve(gram, x.T @ (w * change[controls]))
    residual = change - design @ beta
    share = panel.weights[treated] / panel.weights[treated].sum()
    estimate = float(share @ residual[treated])
    influence = np.zeros(len(change))
    influence[treated] = share * (residual[treated] - estimate)
    pull = np.linalg.solve(gram, share @ design[treated])
    influence[controls] = -(x @ pull) * w * residual[controls]
    return Cell(
        cohort=cohort,
        wave=wave,
        estimate=estimate,
        influence=influence,
        treated=treated,
        controls=controls,
        weight=float(panel.weights[treated].sum()),
        fitted=k - 1,
    )


def _thirds(before: FloatArray, among: BoolArray) -> NDArray[np.int64]:
    cuts = np.quantile(before[among], [1 / 3, 2 / 3])
    return np.where(among, np.searchsorted(cuts, before, side="left"), -1)
