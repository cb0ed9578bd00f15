"""What a programme does to the units that start it, at different waves, compared with units that have not started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from exresearch.models.programmes.aggregate import (
    FEW_TREATED,
    cell_average,
    cohort_average,
    estimate_table,
    joint_test,
    simultaneous_band,
    unit_average,
)
from exresearch.models.programmes.cells import Control
from exresearch.models.programmes.panel import Ends, ProgrammePanel, read_panel
from exresearch.models.programmes.preconditions import (
    EffectOptions,
    checked_deviation,
    effect_cells,
    randomisation_p_value,
)
from exresearch.models.resampling import check_whole


@dataclass(frozen=True, eq=False)
class StaggeredEffects:
    """Effects of a programme with staggered starts.

    Attributes
    ----------
    overall : DataFrame
        Rows `overall` (each treated unit counts once) and `overall_per_wave` (each treated unit and wave counts once).
        Columns: term, estimate, std_error, statistic (t), p_value, conf_low, conf_high, n (units), conf_level, df,
        n_treated, n_controls (units that are only that), n_compared (all that are compared with, those that start later
        included), standardised, standardised_low, standardised_high (the estimate and its interval divided by
        `baseline_sd`).
    by_event_time : DataFrame
        The same per event time, with event_time (waves since the start), phase (lead, anticipation or effect) and
        band_low, band_high (simultaneous over all rows). The base wave is no row: it is zero by definition.
    by_cohort : DataFrame
        The same per start wave (column start), averaged over the waves since the start.
    group_time : DataFrame
        The same per start and wave (columns start, wave, event_time).
    pretrend : DataFrame
        Tests wald and max_t of all leads being zero: test, statistic, df, df2, p_value; no rows without leads.
    baseline_sd : float
        Standard deviation between units at the first wave, or the one that was given.
    n_treated, n_controls : int
        Units that start within the data and have an effect; units that never start within the data.
    n_clusters, n_treated_clusters : int
        Independent units of the inference.
    few_treated : bool
        Fewer than 10 treated clusters.
    randomisation_p_value : float
        Share of re-drawn starts with an overall effect at least as far from zero; NaN when it was not asked for.
    left_out : dict
        What was left out, in numbers.
    """

    overall: pd.DataFrame
    by_event_time: pd.DataFrame
    by_cohort: pd.DataFrame
    group_time: pd.DataFrame
    pretrend: pd.DataFrame
    baseline_sd: float
    n_treated: int
    n_controls: int
    n_clusters: int
    n_treated_clusters: int
    few_treated: bool
    randomisation_p_value: float
    left_out: Mapping[str, int]


def phase_of(event_time: int, anticipation: int) -> str:
    """Whether a wave, counted from the start, is a lead, within the anticipation, or shows the effect."""
    if event_time >= 0:
        return "effect"
    return "anticipation" if event_time >= -anticipation else "lead"


def summarise_cells(
    panel: ProgrammePanel,
    options: EffectOptions,
    *,
    baseline_sd: float | None,
    outcome: str,
    n_permutations: int | None,
    parts: bool = True,
) -> StaggeredEffects:
    """All tables of `staggered_effects` from a panel; without `parts` those of the overall effect alone."""
    cells, effects, missing = effect_cells(panel, options, outcome=outcome)
    deviation = checked_deviation(panel, baseline_sd, outcome=outcome)
    table = {"conf_level": options.conf_level, "baseline_sd": deviation}
    overall = [
        unit_average(effects, panel, term="overall"),
        cell_average(effects, panel, term="overall_per_wave"),
    ]
    treated_clusters = len(np.unique(panel.clusters[overall[0].treated]))
    few = treated_clusters < FEW_TREATED
    draws = (999 if few else 0) if n_permutations is None else n_permutations
    found = StaggeredEffects(
        overall=estimate_table(overall, panel, **table),
        by_event_time=pd.DataFrame(),
        by_cohort=pd.DataFrame(),
        group_time=pd.DataFrame(),
        pretrend=pd.DataFrame(columns=["test", "statistic", "df", "df2", "p_value"]),
        baseline_sd=deviation,
        n_treated=int(overall[0].treated.sum()),
        n_controls=int((~panel.treated).sum()),
        n_clusters=len(np.unique(panel.clusters)),
        n_treated_clusters=treated_clusters,
        few_treated=few,
        randomisation_p_value=randomisation_p_value(
            panel, options, estimate=overall[0].estimate, n_permutations=draws
        )
        if draws
        else float("nan"),
        left_out={**panel.left_out, **missing},
    )
    if not parts:
        return found
    times = sorted({cell.event_time for cell in cells})
    events = [
        cell_average([cell for cell in cells if cell.event_time == time], panel, term=f"event_{time}")
        for time in times
    ]
    starts = sorted({cell.cohort for cell in effects})
    cohorts = [
        cohort_average([cell for cell in effects if cell.cohort == start], term=f"start_{panel.waves[start]}")
        for start in starts
    ]
    single = [
        cohort_average([cell], term=f"start_{panel.waves[cell.cohort]}_wave_{panel.waves[cell.wave]}")
        for cell in cells
    ]
    low, high = simultaneous_band(
        events, panel, conf_level=options.conf_level, n_boot=options.n_boot, seed=options.seed
    )
    by_event_time = estimate_table(events, panel, **table).assign(band_low=low, band_high=high)
    by_event_time.insert(1, "event_time", times)
    by_event_time.insert(2, "phase", [phase_of(time, options.anticipation) for time in times])
    by_cohort = estimate_table(cohorts, panel, **table)
    by_cohort.insert(1, "start", [panel.waves[start] for start in starts])
    group_time = estimate_table(single, panel, **table)
    group_time.insert(1, "start", [panel.waves[cell.cohort] for cell in cells])
    group_time.insert(2, "wave", [panel.waves[cell.wave] for cell in cells])
    group_time.insert(3, "event_time", [cell.event_time for cell in cells])
    leads = [
        one for one, time in zip(events, times, strict=True) if phase_of(time, options.anticipation) == "lead"
    ]
    return replace(
        found,
        by_event_time=by_event_time,
        by_cohort=by_cohort,
        group_time=group_time,
        pretrend=joint_test(leads, panel, n_boot=options.n_boot, seed=options.seed)
        if leads
        else found.pretrend,
    )


def staggered_effects(
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
    n_boot: int = 1999,
    n_permutations: int | None = None,
    conf_level: float = 0.95,
    parts: bool = True,
    seed: int,
) -> StaggeredEffects:
    """Effect of a programme that units start at different waves (difference-in-differences).

    Use it for "units that worked on X improved more than those that had not yet". It rests on parallel trends: without
    the programme the treated would have changed as the controls did. `pretrend`, `placebo_effects` and
    `baseline_balance` look for signs that they would not; none of them can show that they would.

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave. Units may miss waves: each comparison takes the units measured in both its waves.
    unit, wave, outcome : str
        Columns; the outcome numeric.
    start : str, optional
        Column with the first wave of the programme, the same in all rows of a unit, missing for units that never
        start. A start between two waves counts from the second; one after the last wave is no start within the data.
    flag : str, optional
        Instead of `start`, a column that is 0 before the programme and 1 from it on.
    control : "not_yet" or "never"
        Who is compared with: units that have not started yet (and never do), or only those that never start.
    anticipation : int
        Waves before the start in which the programme may already show; the base wave is the one before these.
    delay : int
        Waves after the start before the overall effect and those of cohorts count: 1 for an outcome that follows a
        wave later.
    waves : sequence, optional
        The waves in order; without it the sorted values of `wave`. Event times count waves, not years.
    weights : str, optional
        Positive column, such as the number of employees; the value at the unit's first wave is used throughout.
    covariates : sequence of str
        Numeric columns whose value at the unit's first wave the trend of the controls may depend on.
    cluster : str, optional
        Larger groups of units that share shocks or were assigned together.
    ends : "refuse" or "absorbing"
        What to do when `flag` turns back to 0: refuse, or count the unit as treated from its start on.
    baseline_sd : float, optional
        Divides the standardised effects; by default the standard deviation between units at the first wave.
    n_boot, n_permutations, conf_level, seed : int, int, float, int
        Draws of the band and of the joint test; re-drawn starts of the randomisation test (by default 999 with fewer
        than 10 treated clusters, else none; 0 for none); coverage; seed.
    parts : bool
        Also the tables by event time, by start, and of both, and the test of the leads; without, they are empty and the
        overall effect comes sooner.

    Returns
    -------
    StaggeredEffects

    Raises
    ------
    ValueError
        Columns missing or of the wrong kind; a unit twice in a wave; a start, or cluster, that differs within a unit; a
        flag that turns back; options out of range.
    NotEstimable
        No treated units, no controls, no wave before a start, one treated unit, fewer than 10 units, or an outcome
        without variation at the first wave.

    Notes
    -----
    ATT(g, t) = mean over the units starting at g of [Y_t - Y_b - m(X)], b = g - 1 - anticipation, m the regression of
    Y_t - Y_b on the covariates among the controls (their mean without covariates): Callaway & Sant'Anna's outcome
    regression, the same base wave for leads. Already treated units are never controls, so that effects may differ
    between cohorts and grow with time. Standard errors come from influence functions, that of the weights included,
    summed by cluster and scaled by n / (n - 1) within treated and controls; t with Welch's degrees of freedom. The band
    is that of the largest |t| over draws of the sign of each cluster's influence.
    In R: `did::att_gt(est_method = "reg", base_period = "universal")` and `did::aggte`.

    References
    ----------
    Callaway & Sant'Anna (2021), Difference-in-differences with multiple time periods,
    doi:10.1016/j.jeconom.2020.12.001

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame({"unit": np.repeat(range(40), 5), "wave": list(range(5)) * 40})
    >>> panel["start"] = np.repeat([2.0, 3.0, np.nan, np.nan], 50)
    >>> panel["ex"] = np.repeat(rng.normal(size=40), 5) + rng.normal(0, 0.2, 200) + (panel["wave"] >= panel["start"])
    >>> effects = staggered_effects(panel, unit="unit", wave="wave", outcome="ex", start="start", seed=1)
    >>> effects.overall[["term", "n_treated", "n_controls"]].values.tolist()
    [['overall', 20, 20], ['overall_per_wave', 20, 20]]
    >>> effects.overall["estimate"].round(1).tolist(), effects.by_event_time["event_time"].tolist()
    ([1.1, 1.1], [-3, -2, 0, 1, 2])
    """
    options = EffectOptions(control, anticipation, delay, conf_level, n_boot, seed)
    if n_permutations is not None:
        check_whole("n_permutations", n_permutations, least=0)
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
    return summarise_cells(
        panel, options, baseline_sd=baseline_sd, outcome=outcome, n_permutations=n_permutations, parts=parts
    )
