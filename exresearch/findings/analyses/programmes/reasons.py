"""Why an effect of a programme cannot be had, and what to keep in mind where it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from exresearch.findings.analyses.programmes.checks import side_name
from exresearch.findings.analyses.programmes.design import Balance, lead_test
from exresearch.findings.analyses.programmes.effects import Name, SideEffects, side_effects
from exresearch.findings.analyses.programmes.panel import (
    Programme,
    assigned_by,
    side_panel,
    side_waves,
    starts_of,
)
from exresearch.findings.analyses.wording import skipped_checks
from exresearch.findings.note import Note
from exresearch.measures import Side
from exresearch.models import NotEstimable, StaggeredEffects

_FEW_UNITS = (
    "{side}: {n_units:integer} units are measured of which it is known when they had the programme; at least "
    "{needed:integer} are needed."
)
_FEW_WAVES = "{side}: there are {n_waves:integer} waves; at least {needed:integer} are needed."
_NO_START = (
    "{side}: no unit starts the programme after the first wave, so there is no before and after to compare."
)
_FEW_STARTERS = (
    "{side}: fewer than {needed:integer} units start the programme after the first wave, too few to say anything of "
    "them without saying it of single units."
)
_NO_CONTROLS = (
    "{side}: all units start the programme in the same wave, so that there is nobody to compare them with."
)
_FEW_CONTROLS = (
    "{side}: fewer than {needed:integer} units had not started the programme yet and can be compared with, too few to "
    "say anything of them without saying it of single units."
)
_NOTHING_AFTER = (
    "{side}: the programme starts in the last wave, and the effect on customers counts from one wave later."
)
_NO_SPREAD = (
    "{side}: in the first wave all units have the same value, so that no difference can be expressed in it."
)
_ONE_STARTER = (
    "{side}: all units of one group ({category}) start together, and too few of them do: what happened there cannot be "
    "told from the programme."
)
_OTHERWISE = (
    "{side}: no effect can be estimated, because before or after the starts too few units were measured, or hardly "
    "any unit is left to compare with."
)


def effect_or_reason(
    name: Name,
    side: Side,
    programme: Programme,
    *,
    waves: tuple[str, ...],
    anticipation: int,
    conf_level: float,
    n_boot: int,
    seed: int,
    min_units: int,
    needed_units: int,
    needed_waves: int,
) -> SideEffects | Note:
    """Estimate the effect on one side, or say why that cannot be done.

    Parameters
    ----------
    name, side, programme, waves, anticipation, conf_level, n_boot, seed
        As :func:`side_effects`.
    min_units : int
        Units that must start, so that no number is about fewer.
    needed_units, needed_waves : int
        What the registry asks for.

    Returns
    -------
    SideEffects or Note
    """
    values: dict[str, Any] = {"side": side_name(name)}
    own = side_waves(side, waves)
    panel = side_panel(side, programme, waves)
    starts = starts_of(panel)
    if len(starts) < needed_units:
        return Note(message=_FEW_UNITS, values=values | {"n_units": len(starts), "needed": needed_units})
    if len(own) < needed_waves:
        return Note(message=_FEW_WAVES, values=values | {"n_waves": len(own), "needed": needed_waves})
    within = starts[starts.notna() & (starts != own[0])]
    if within.empty:
        return Note(message=_NO_START, values=values)
    if len(within) < min_units:
        return Note(message=_FEW_STARTERS, values=values | {"needed": min_units})
    if starts[starts != own[0]].notna().all() and within.nunique() == 1:
        return Note(message=_NO_CONTROLS, values=values)
    if name == "cx" and set(within) == {own[-1]}:
        return Note(message=_NOTHING_AFTER, values=values)
    category, _ = assigned_by(panel, programme.categories)
    try:
        one = side_effects(
            name,
            side,
            programme,
            waves=waves,
            anticipation=anticipation,
            conf_level=conf_level,
            n_boot=n_boot,
            seed=seed,
        )
    except NotEstimable:
        if panel.loc[panel["wave"] == own[0], "value"].nunique() < 2:
            return Note(message=_NO_SPREAD, values=values)
        if category is not None:
            return Note(message=_ONE_STARTER, values=values | {"category": programme.categories[category]})
        return Note(message=_OTHERWISE, values=values)
    row = one.effects.overall.iloc[0]
    if row["n_treated"] < min_units:
        return Note(message=_FEW_STARTERS, values=values | {"needed": min_units})
    if row["n_compared"] < min_units:
        return Note(message=_FEW_CONTROLS, values=values | {"needed": min_units})
    return one


def caveats(
    both: Mapping[Name, SideEffects],
    balances: Mapping[Name, Balance],
    programme: Programme,
    *,
    n_failed: int,
    conf_level: float,
) -> list[Note]:
    """Return what to keep in mind about the effects, as the data and the design ask for.

    Parameters
    ----------
    both, balances : mapping of side to SideEffects and to Balance
    programme : Programme
    n_failed : int
        Checks that could not be computed.
    conf_level : float
        A test of leads below 1 minus it is said to have found something.
    """
    notes = [
        Note(
            message=(
                "Which units got the programme was not drawn by lot. The effect rests on an assumption that no data "
                "can show to be true: without the programme these units would have changed as the others did."
            )
        )
    ]
    for name, one in both.items():
        notes += _leads(one, conf_level)
        notes += _selected(one, balances[name])
        notes += _few(one)
        notes += _late(one)
    notes += _assigned(both, programme)
    notes += _left_out(both, programme)
    return notes + skipped_checks(n_failed)


def _leads(one: SideEffects, conf_level: float) -> list[Note]:
    found = lead_test(one)
    values: dict[str, Any] = {"side": side_name(one.name)}
    if found is None:
        message = (
            "{side}: there are too few waves before the starts to see whether units with and without the programme "
            "were on different courses already."
        )
        return [Note(message=message, values=values)]
    p_value, count = found
    values |= {"p": p_value, "count": count}
    if p_value < 1 - conf_level:
        message = (
            "{side}: before the start, units with the programme were on another course already (joint test of "
            "{count:integer} leads, p = {p:p}). The effect may be what was going on anyhow."
        )
    else:
        message = (
            "{side}: no other course was found before the start (joint test of {count:integer} leads, p = {p:p}). That "
            "none was found does not show that there was none."
        )
    return [Note(message=message, values=values)]


def _selected(one: SideEffects, balance: Balance) -> list[Note]:
    if balance.selected == "open":
        return []
    effects = balance.effects.set_index("term")
    estimates = effects["estimate"].astype("float64").to_dict()
    plain, adjusted = estimates["difference_in_differences"], estimates["lag_adjusted"]
    gap = float(balance.before["estimate"].iloc[0])
    values: dict[str, Any] = {"side": side_name(one.name), "gap": abs(gap)}
    if not np.isfinite(adjusted):
        message = (
            "{side}: units that got the programme stood {gap:number2} standard deviations from the others before it. "
            "What they would have moved back without it cannot be told from the effect here."
        )
        return [Note(message=message, values=values)]
    values |= {"low": min(plain, adjusted), "high": max(plain, adjusted)}
    message = (
        "{side}: units that got the programme stood {gap:number2} standard deviations lower before it, and low units "
        "rise by themselves. If either courses would have stayed the same, or units that stood as low are a fair "
        "comparison, the effect lies between {low:number2} and {high:number2}."
        if gap < 0
        else "{side}: units that got the programme stood {gap:number2} standard deviations higher before it, and high "
        "units fall back by themselves. If either courses would have stayed the same, or units that stood as high are "
        "a fair comparison, the effect lies between {low:number2} and {high:number2}."
    )
    return [Note(message=message, values=values)]


def _few(one: SideEffects) -> list[Note]:
    effects: StaggeredEffects = one.effects
    if not effects.few_treated:
        return []
    message = (
        "{side}: the programme starts in {count:integer} independent units, which is few for an interval. When the "
        "starts are dealt out to units again and again, an effect at least this large comes out with p = {p:p}."
    )
    values: dict[str, Any] = {
        "side": side_name(one.name),
        "count": effects.n_treated_clusters,
        "p": effects.randomisation_p_value,
    }
    return [Note(message=message, values=values)]


def _late(one: SideEffects) -> list[Note]:
    count = int(one.effects.left_out["treated units without an effect"])
    if not count:
        return []
    message = (
        "{side}: {count:integer} units start without a wave before it, or without one after it that counts, and say "
        "nothing about the effect."
    )
    return [Note(message=message, values={"side": side_name(one.name), "count": count})]


def _assigned(both: Mapping[Name, SideEffects], programme: Programme) -> list[Note]:
    one = next((one for one in both.values() if one.assigned is not None), None)
    if one is None or one.assigned is None:
        return []
    values: dict[str, Any] = {"category": programme.categories[one.assigned]}
    message = (
        "All units of one group ({category}) start together. The programme was given to these groups and not to single "
        "units, so the intervals count groups."
        if one.clustered_by is not None
        else "All units of one group ({category}) start together, and there are too few of these groups to count them. "
        "What else happened in them cannot be told from the programme, and the intervals are too narrow."
    )
    return [Note(message=message, values=values)]


def _left_out(both: Mapping[Name, SideEffects], programme: Programme) -> list[Note]:
    notes = []
    if programme.n_unknown:
        message = "{count:integer} units are left out, because it is not known when their programme started, if it did."
        notes.append(Note(message=message, values={"count": programme.n_unknown}))
    always = max(
        (int(one.effects.left_out["units treated from the first wave"]) for one in both.values()), default=0
    )
    if always:
        message = "{count:integer} units had the programme from the first wave on: without a before they are left out."
        notes.append(Note(message=message, values={"count": always}))
    if programme.n_ended:
        message = (
            "In {count:integer} units the programme ended again; their waves after it are left out, and counted in a "
            "check only."
        )
        notes.append(Note(message=message, values={"count": programme.n_ended}))
    return notes
