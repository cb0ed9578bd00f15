"""The effect of a programme on one side of the link: by event time, by start, and as courses of groups of units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import t as student

from exresearch.findings.analyses.programmes.panel import (
    Programme,
    assigned_by,
    side_panel,
    side_waves,
    starts_of,
)
from exresearch.measures import Side
from exresearch.models import NotEstimable, StaggeredEffects, staggered_effects

Name = Literal["ex", "cx"]
#: Waves after the start from which on the effect counts: customers follow a wave later.
DELAYS: dict[Name, int] = {"ex": 0, "cx": 1}
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high")


@dataclass(frozen=True, eq=False)
class SideEffects:
    """The effect on one side, and what it was estimated from.

    Attributes
    ----------
    name : {"ex", "cx"}
    side : Side
        Its measure.
    panel : pandas.DataFrame
        Of :func:`side_panel`.
    effects : StaggeredEffects
        In the unit of the measure; its columns ``standardised`` are in standard deviations between units.
    options : dict
        With which everything beside it is estimated.
    clustered_by : str or None
        Category of units that the programme was assigned by, where the errors are clustered by it.
    assigned : str or None
        Category of units within which all units start together.
    """

    name: Name
    side: Side
    panel: pd.DataFrame
    effects: StaggeredEffects
    options: Mapping[str, Any] = field(repr=False)
    clustered_by: str | None
    assigned: str | None

    @property
    def waves(self) -> list[str]:
        """Waves in which this side was measured, in order."""
        return list(self.options["waves"])

    @property
    def delay(self) -> int:
        """Waves after the start from which on the effect counts."""
        return DELAYS[self.name]


def side_effects(
    name: Name,
    side: Side,
    programme: Programme,
    *,
    waves: tuple[str, ...],
    anticipation: int,
    conf_level: float,
    n_boot: int,
    seed: int,
) -> SideEffects:
    """Estimate the effect of the programme on one side.

    Parameters
    ----------
    name : {"ex", "cx"}
        Which side: customers count from a wave after the start on.
    side : Side
        Of :func:`exresearch.measures.link_side`.
    programme : Programme
        Of :func:`read_programme`.
    waves : tuple of str
        All waves of the study, in order.
    anticipation, conf_level, n_boot, seed
        As :func:`exresearch.models.staggered_effects`.

    Returns
    -------
    SideEffects

    Raises
    ------
    NotEstimable
        As :func:`exresearch.models.staggered_effects`.
    """
    panel = side_panel(side, programme, waves)
    if panel.empty:
        raise NotEstimable("no unit with a known programme is measured.")
    assigned, enough = assigned_by(panel, programme.categories)
    options: dict[str, Any] = {
        "unit": "unit",
        "wave": "wave",
        "outcome": "value",
        "start": "start",
        "waves": side_waves(side, waves),
        "cluster": assigned if enough else None,
        "anticipation": anticipation,
        "conf_level": conf_level,
    }
    effects = staggered_effects(panel, **options, delay=DELAYS[name], n_boot=n_boot, seed=seed)
    return SideEffects(
        name=name,
        side=side,
        panel=panel,
        effects=effects,
        options=options | {"baseline_sd": effects.baseline_sd},
        clustered_by=assigned if enough else None,
        assigned=assigned,
    )


def again(one: SideEffects, panel: pd.DataFrame, **changes: Any) -> StaggeredEffects:
    """Estimate the overall effect once more, from another panel or with other options, in the same standard deviations.

    Raises
    ------
    NotEstimable
        As :func:`exresearch.models.staggered_effects`.
    """
    # Neither the overall effect nor its interval is drawn by lot, so that the fewest draws that are allowed do.
    fewest = math.ceil(2 / (1 - one.options["conf_level"]))
    draws = {"n_boot": fewest, "n_permutations": 0, "parts": False, "seed": 0}
    options = {**one.options, **draws, "delay": one.delay, **changes}
    return staggered_effects(panel, **options)


def in_deviations(table: pd.DataFrame, baseline_sd: float) -> pd.DataFrame:
    """Return estimates and their limits divided by the standard deviation between units; p-values stay as they are."""
    present = [name for name in _NUMBERS if name in table]
    return table.assign(**{name: table[name].astype("float64") / baseline_sd for name in present})


def answers_behind(panel: pd.DataFrame) -> int:
    """Return the number of answers behind a panel, or of units where it is not known for all rows."""
    known = panel["n"].notna().all() and len(panel) > 0
    return int(panel["n"].sum()) if known else int(panel["unit"].nunique())


def compared(panel: pd.DataFrame, waves: list[str]) -> pd.DataFrame:
    """Return the panel without the units that had the programme from the first wave on, which say nothing here."""
    return panel[panel["start"].isna() | (panel["start"] != waves[0])]


def event_times(one: SideEffects, *, min_units: int) -> pd.DataFrame:
    """Return the effect by waves since the start, in standard deviations between units.

    Returns
    -------
    pandas.DataFrame
        ``side, event_time, phase`` (lead, base, anticipation, effect), ``counts`` (whether it is part of the overall
        effect), ``estimate, std_error, p_value, conf_low, conf_high, band_low, band_high, conf_level, n_treated,
        n_compared, n``. Times with fewer than ``min_units`` units that are treated, or compared with, are left out;
        the base wave, zero by definition, is a row without limits.
    """
    table = in_deviations(one.effects.by_event_time, one.effects.baseline_sd)
    fewest = table[["n_treated", "n_compared"]].min(axis=1)
    shown = table[(fewest >= min_units) & table["conf_low"].notna()]
    base = -1 - int(one.options["anticipation"])
    rows = pd.concat(
        [shown, pd.DataFrame({"event_time": [base], "phase": ["base"], "estimate": [0.0]})], ignore_index=True
    ).sort_values("event_time", ignore_index=True)
    columns = [
        "event_time",
        "phase",
        "estimate",
        "std_error",
        "p_value",
        "conf_low",
        "conf_high",
        "band_low",
        "band_high",
        "conf_level",
        "n_treated",
        "n_compared",
    ]
    return rows[columns].assign(
        side=one.name,
        counts=(rows["phase"] == "effect") & (rows["event_time"] >= one.delay),
        n=answers_behind(compared(one.panel, one.waves)),
    )


def start_groups(panel: pd.DataFrame, waves: list[str], *, min_units: int) -> list[list[str]]:
    """Put the starts into groups of at least ``min_units`` units, in order of time; none where there are fewer in all.

    Examples
    --------
    >>> panel = pd.DataFrame({"unit": list("abcdefgh"), "start": ["2"] * 2 + ["3"] * 5 + ["4"]})
    >>> start_groups(panel, ["1", "2", "3", "4"], min_units=5)
    [['2', '3', '4']]
    """
    starts = starts_of(panel).dropna()
    counts = starts[starts != waves[0]].value_counts()
    groups: list[list[str]] = []
    waiting: list[str] = []
    for wave in (wave for wave in waves if wave in counts.index):
        waiting.append(wave)
        if counts[waiting].sum() >= min_units:
            groups.append(waiting)
            waiting = []
    if waiting and groups:
        # What is left over joins the last group.
        groups[-1] = groups[-1] + waiting
    return groups


def effects_by_start(one: SideEffects, *, min_units: int) -> pd.DataFrame:
    """Return the effect per group of units that started together, in standard deviations between units.

    Returns
    -------
    pandas.DataFrame
        ``side, starts`` (text), ``estimate, std_error, p_value, conf_low, conf_high, conf_level, n_treated,
        n_compared, n``. Starts with fewer than ``min_units`` units are joined with others.
    """
    rows = []
    groups = start_groups(one.panel, one.waves, min_units=min_units)
    order = {wave: place for place, wave in enumerate(one.waves)}
    for starts in groups if len(groups) > 1 else ():
        # Other units that start are controls until then, and no more than that.
        other = one.panel["start"].notna() & ~one.panel["start"].isin(starts)
        late = one.panel["wave"].map(order) >= one.panel["start"].map(order)
        try:
            found = again(one, one.panel[~(other & late)])
        except NotEstimable:
            continue
        row = in_deviations(found.overall, found.baseline_sd).iloc[[0]]
        if row[["n_treated", "n_compared"]].min(axis=1).iloc[0] < min_units:
            continue
        own = one.panel[one.panel["start"].isin(starts)]
        rows.append(row.assign(side=one.name, starts=", ".join(starts), n=answers_behind(own)))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def courses(one: SideEffects, *, min_units: int) -> pd.DataFrame:
    """Return the mean of the units by wave, for groups that started together and for units that never started.

    Returns
    -------
    pandas.DataFrame
        ``side, group`` (0 for units that never started, then in order of start), ``starts`` (text, empty for the
        first), ``start`` (first wave of the group), ``wave, place`` (of the wave), ``mean, conf_low, conf_high,
        conf_level`` (in the unit of the measure; Student interval of the mean of units), ``n_units, n``. Groups and
        waves with fewer than ``min_units`` units are not there.
    """
    level = float(one.options["conf_level"])
    groups: list[tuple[list[str], pd.DataFrame]] = [([], one.panel[one.panel["start"].isna()])]
    groups += [
        (starts, one.panel[one.panel["start"].isin(starts)])
        for starts in start_groups(one.panel, one.waves, min_units=min_units)
    ]
    rows = []
    for number, (starts, panel) in enumerate(groups):
        for place, wave in enumerate(one.waves):
            rows_of_wave = panel[panel["wave"] == wave]
            values = rows_of_wave["value"].to_numpy(dtype=np.float64)
            if len(values) < min_units:
                continue
            half = student.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
            rows.append(
                {
                    "side": one.name,
                    "group": number,
                    "starts": ", ".join(starts),
                    "start": starts[0] if starts else None,
                    "wave": wave,
                    "place": place,
                    "mean": float(values.mean()),
                    "conf_low": float(values.mean() - half),
                    "conf_high": float(values.mean() + half),
                    "conf_level": level,
                    "n_units": len(values),
                    "n": answers_behind(rows_of_wave),
                }
            )
    return pd.DataFrame(rows)
