"""What stands beside the effect of a programme: other controls, other units, other assumptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.programmes.effects import (
    SideEffects,
    again,
    answers_behind,
    compared,
    in_deviations,
)
from exresearch.findings.analyses.programmes.panel import Programme, side_panel, starts_of
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import NotEstimable, two_way_fixed_effects
from exresearch.study.languages import worded

_LABELS = {
    "never": "{side}: compared with units that never start",
    "anticipation": "{side}: if it worked a wave before its start already",
    "per_wave": "{side}: each unit and wave since the start counting once",
    "same_waves": "{side}: over the waves since the start that all starters have",
    "complete": "{side}: units measured in every wave",
    "covariates": "{side}: with the course of units of the same size and kind",
    "weighted": "{side}: large units counting for more",
    "no_neighbours": "{side}: without controls in a group with starters ({category})",
    "few_neighbours": "{side}: without controls in groups with many starters ({category})",
    "absorbing": "{side}: waves after a programme ended counting as well",
    "lag_adjusted": "{side}: compared with units that stood as low or high before",
    "within_thirds": "{side}: compared within thirds of where units stood before",
    "two_way": "{side}: regression with effects of units and waves",
}
_METHODS = {
    "otherwise": "the same estimator, with the same standard deviation",
    "two_way": (
        "two-way fixed effects, which takes units that have started already for controls; errors clustered by unit, t "
        "interval"
    ),
}
#: The largest number of values of a category whose course is adjusted for.
MOST_KINDS = 5
_SIDES = {
    "ex": "Employee experience",
    "cx": "Customer experience",
}


def side_name(name: str) -> dict[str, str]:
    """Return the name of a side in every language."""
    return worded(_SIDES[name])


def robustness(
    one: SideEffects, programme: Programme, *, waves: tuple[str, ...], balance: pd.DataFrame, min_units: int
) -> tuple[list[EstimateRecord], list[str]]:
    """Ask the same question in other ways.

    Parameters
    ----------
    one : SideEffects
        The effect on one side.
    programme : Programme
        Of :func:`read_programme`.
    waves : tuple of str
        All waves of the study, in order.
    balance : pandas.DataFrame
        ``effects`` of :func:`exresearch.models.baseline_balance`; empty where it cannot be had.
    min_units : int
        Controls that must be left.

    Returns
    -------
    tuple of list of EstimateRecord and list of str
        Records with the unit ``standardised``, and the names of the checks that could not be computed. Which checks
        there are depends on the data alone: covariates are the logarithm of the number of answers in the first wave of
        the unit and its categories of 2 to 5 values; neighbours are units that share the category with the most values,
        of three units or more on average; controls near starters are left out where as many controls as starters
        remain, else those in values with more starters than most.
    """
    panel = one.panel
    neighbours = _neighbours(one, programme, min_units=min_units)
    # Checks that use part of the panel count the answers of that part.
    narrower: dict[str, pd.DataFrame] = {"same_waves": _same_waves(one)}
    ways: dict[str, Callable[[], pd.DataFrame]] = {
        "never": lambda: _first(one, again(one, panel, control="never").overall),
        "anticipation": lambda: _first(
            one, again(one, panel, anticipation=one.options["anticipation"] + 1).overall
        ),
        "per_wave": lambda: in_deviations(one.effects.overall, one.effects.baseline_sd).iloc[[1]],
        "same_waves": lambda: _first(one, again(one, narrower["same_waves"]).overall),
        "covariates": lambda: _adjusted(one, programme),
    }
    if panel["n"].notna().all():
        ways["weighted"] = lambda: _first(one, again(one, panel, weights="n").overall)
    complete = panel.groupby("unit")["wave"].transform("size") == len(one.waves)
    if not complete.all():
        narrower["complete"] = panel[complete]
        ways["complete"] = lambda: _first(one, again(one, narrower["complete"]).overall)
    if neighbours is not None:
        narrower[neighbours[0]] = panel[~neighbours[2]]
        ways[neighbours[0]] = lambda: _first(one, again(one, narrower[neighbours[0]]).overall)
    if programme.n_ended:
        narrower["absorbing"] = side_panel(one.side, programme, waves, absorbing=True)
        ways["absorbing"] = lambda: _first(one, again(one, narrower["absorbing"]).overall)
    for term in ("lag_adjusted", "within_thirds"):
        ways[term] = lambda term=term: balance[balance["term"] == term]  # type: ignore[misc]
    ways["two_way"] = lambda: _two_way(one)[0]
    records, failed = [], []
    for name, compute in ways.items():
        try:
            row = compute()
        except NotEstimable:
            row = pd.DataFrame()
        if (
            row.empty
            or not np.isfinite(row[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)).all()
        ):
            failed.append(name)
            continue
        values: dict[str, Any] = {"side": side_name(one.name)}
        if neighbours is not None and name == neighbours[0]:
            values["category"] = neighbours[1]
        records.append(
            effect_record(
                one,
                row,
                panel=narrower.get(name, panel),
                name=f"{one.name}_{name}",
                label=Note(message=_LABELS[name], values=values),
                method=Note(message=_METHODS["two_way" if name == "two_way" else "otherwise"]),
            )
        )
    return records, failed


def effect_record(
    one: SideEffects, row: pd.DataFrame, *, panel: pd.DataFrame, name: str, label: Note, method: Note
) -> EstimateRecord:
    """Take a row of effects in standard deviations into a record; ``n`` counts answers, where they are known.

    Units that had the programme from the first wave on are no part of any effect, nor are their answers counted.
    """
    n_units = int(row["n_units"].iloc[0]) if "n_units" in row else int(row["n"].iloc[0])
    return estimate_record(
        row.assign(n=answers_behind(compared(panel, one.waves)), n_units=n_units),
        str(row["term"].iloc[0]),
        name=name,
        label=label,
        unit_of_measurement="standardised",
        method=method,
    )


def comparison_of_regression(one: SideEffects) -> dict[str, float] | None:
    """Say what the regression with effects of units and waves compares, in shares; None where there is none."""
    try:
        shares = _two_way(one)[1]
    except NotEstimable:
        return None
    return shares


def _two_way(one: SideEffects) -> tuple[pd.DataFrame, dict[str, float]]:
    options = {key: one.options[key] for key in ("unit", "wave", "outcome", "waves", "cluster", "conf_level")}
    later = dict(zip(one.waves, one.waves[one.delay :] + [None] * one.delay, strict=True))
    # The regression knows no delay: the start is moved by it. Units treated from the first wave on stay away.
    treated_always = one.panel["start"] == one.waves[0]
    moved = one.panel["start"].map(later, na_action="ignore").astype(object)
    panel = one.panel.assign(start=moved.where(moved.notna(), None))[~treated_always]
    found = two_way_fixed_effects(panel, start="start", **options)
    row = in_deviations(found.table, one.effects.baseline_sd).assign(n_units=panel["unit"].nunique())
    return row, {"forbidden": found.forbidden_share, "negative": found.negative_weight_share}


def _first(one: SideEffects, overall: pd.DataFrame) -> pd.DataFrame:
    """The effect in which each treated unit counts once."""
    return in_deviations(overall, one.effects.baseline_sd).iloc[[0]]


def _same_waves(one: SideEffects) -> pd.DataFrame:
    """The panel without the waves since the start that some starters do not have."""
    order = {wave: place for place, wave in enumerate(one.waves)}
    place, start = one.panel["wave"].map(order), one.panel["start"].map(order)
    base = start - 1 - one.options["anticipation"]
    # A start too late for any effect to count sets no limit.
    last = len(one.waves) - 1 - start[(base >= 0) & (start + one.delay <= len(one.waves) - 1)].max()
    beyond: pd.Series = place - start > last
    return one.panel[~beyond]


def covariates_of(one: SideEffects, programme: Programme) -> tuple[pd.DataFrame, list[str]]:
    """Return the panel with size and kind of the units as numbers, and these columns; there may be none."""
    panel, names = one.panel, []
    if panel["n"].notna().all() and (panel["n"] > 0).all():
        panel = panel.assign(log_answers=np.log(panel["n"].astype("float64")))
        names.append("log_answers")
    for category in programme.categories:
        kinds = panel.drop_duplicates("unit")[category]
        if kinds.isna().any() or not 2 <= kinds.nunique() <= MOST_KINDS:
            continue
        for number, kind in enumerate(sorted(kinds.unique())[1:]):
            name = f"{category}:{number}"
            panel = panel.assign(**{name: (panel[category] == kind).astype("float64")})
            names.append(name)
    return panel, names


def _adjusted(one: SideEffects, programme: Programme) -> pd.DataFrame:
    panel, names = covariates_of(one, programme)
    if not names:
        return pd.DataFrame()
    return _first(one, again(one, panel, covariates=names).overall)


def _neighbours(
    one: SideEffects, programme: Programme, *, min_units: int
) -> tuple[str, dict[str, str], pd.Series] | None:
    """Which controls are near starters: name of the check, category and the rows to leave out."""
    units = one.panel.drop_duplicates("unit")
    candidates = [
        (units[name].nunique(), name)
        for name in programme.categories
        if units[name].notna().all() and 3 <= units[name].nunique() <= len(units) / 3
    ]
    if not candidates:
        return None
    name = max(candidates)[1]
    share = units["start"].notna().groupby(units[name]).mean()
    label = programme.categories[name]
    start = starts_of(one.panel)
    control = one.panel["start"].isna()
    for check, near in (("no_neighbours", share > 0), ("few_neighbours", share > share.median())):
        out = control & one.panel[name].map(near)
        left = int(start[start.isna()].index.isin(one.panel.loc[~out, "unit"]).sum())
        # Fewer controls than starters would say more about these few controls.
        if left >= max(min_units, int(start.notna().sum())) and out.any():
            return check, label, out
    return None
