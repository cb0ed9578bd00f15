"""From the effects on both sides to the records, caveats and frames of the page: the place that makes rows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from exresearch.findings.analyses.programmes.checks import (
    comparison_of_regression,
    effect_record,
    robustness,
    side_name,
)
from exresearch.findings.analyses.programmes.design import Balance, balance_of, lead_test, placebos
from exresearch.findings.analyses.programmes.effects import (
    Name,
    SideEffects,
    courses,
    effects_by_start,
    event_times,
    in_deviations,
)
from exresearch.findings.analyses.programmes.panel import Programme
from exresearch.findings.analyses.programmes.reasons import caveats
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note

_METHODS: dict[Name, str] = {
    "ex": (
        "difference-in-differences against units that have not started yet (Callaway and Sant’Anna), each unit that "
        "starts counting once; t interval; in standard deviations between units in the first wave"
    ),
    "cx": (
        "the same from one wave after the start on, against units that have not started yet; t interval; in standard "
        "deviations between units in the first wave"
    ),
}
_COMPONENTS: dict[Name, str] = {
    "ex": "Employee experience from the start on",
    "cx": "Customer experience from a wave after it on",
}


def component_record(one: SideEffects) -> EstimateRecord:
    """Return the effect on one side as a component of the claim."""
    overall = in_deviations(one.effects.overall, one.effects.baseline_sd).iloc[[0]]
    return effect_record(
        one,
        overall,
        panel=one.panel,
        name=one.name,
        label=Note(message=_COMPONENTS[one.name]),
        method=Note(message=_METHODS[one.name]),
    )


def page_frames(
    both: Mapping[Name, SideEffects],
    programme: Programme,
    *,
    waves: tuple[str, ...],
    min_units: int,
    conf_level: float,
) -> tuple[dict[str, pd.DataFrame], list[EstimateRecord], list[Note]]:
    """Return the frames of the page, the records beside the verdict and the caveats.

    Parameters
    ----------
    both : mapping of side to SideEffects
        The sides that could be estimated.
    programme : Programme
        Of :func:`read_programme`.
    waves : tuple of str
        All waves of the study, in order.
    min_units : int
        Units behind a number of units.
    conf_level : float
        Of every interval.

    Returns
    -------
    tuple of dict, list of EstimateRecord and list of Note
        Frames by their name in :class:`ProgrammeEffect`.
    """
    rows: dict[str, list[Any]] = {
        name: [] for name in ("effects", "events", "starts", "courses", "checks", "balance", "design")
    }
    records: list[EstimateRecord] = []
    balances: dict[Name, Balance] = {}
    n_failed = 0
    for name, one in both.items():
        balances[name] = balance_of(one)
        made, failed = robustness(
            one, programme, waves=waves, balance=balances[name].effects, min_units=min_units
        )
        records += made
        n_failed += len(failed)
        component = component_record(one)
        early = placebos(one, min_units=min_units)
        rows["effects"].append(_effect_row(one, component))
        rows["events"].append(event_times(one, min_units=min_units))
        rows["starts"].append(effects_by_start(one, min_units=min_units))
        rows["courses"].append(courses(one, min_units=min_units))
        rows["checks"] += [
            pd.DataFrame([_check_row(name, "deciding", component)]),
            pd.DataFrame([_check_row(name, "check", record) for record in made]),
            early.assign(kind="placebo", check=early["term"], label=_placebo_labels(name, early)),
        ]
        rows["balance"] += [balances[name].before.assign(term="before"), balances[name].effects]
        leads = lead_test(one)
        regression = comparison_of_regression(one) or {}
        rows["design"].append(
            pd.DataFrame(
                {
                    "side": [name],
                    "n_leads": [0 if leads is None else leads[1]],
                    "p_leads": [None if leads is None else leads[0]],
                    "forbidden": [regression.get("forbidden")],
                    "negative": [regression.get("negative")],
                    "n": [component.n],
                }
            ).astype({"p_leads": "float64", "forbidden": "float64", "negative": "float64"})
        )
    joined = {key: _joined(parts) for key, parts in rows.items()}
    columns = ["side", "kind", "check", "label", "estimate", "conf_low", "conf_high", "conf_level", "n"]
    joined["checks"] = joined["checks"][columns]
    notes = caveats(both, balances, programme, n_failed=n_failed, conf_level=conf_level)
    return joined, records, notes


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _effect_row(one: SideEffects, component: EstimateRecord) -> pd.DataFrame:
    row = in_deviations(one.effects.overall, one.effects.baseline_sd).iloc[[0]]
    columns = [
        "estimate",
        "std_error",
        "p_value",
        "conf_low",
        "conf_high",
        "conf_level",
        "n_treated",
        "n_compared",
    ]
    return row[columns].assign(
        side=one.name,
        label=pd.Series([component.label], index=row.index, dtype="object"),
        baseline_sd=one.effects.baseline_sd,
        few_treated=one.effects.few_treated,
        randomisation_p_value=one.effects.randomisation_p_value,
        n=component.n,
        n_units=component.n_units,
    )


def _check_row(side: str, kind: str, record: EstimateRecord) -> dict[str, Any]:
    return {
        "side": side,
        "kind": kind,
        "check": "deciding" if kind == "deciding" else record.term.removeprefix(f"{side}_"),
        "label": record.label,
        "estimate": record.estimate,
        "conf_low": record.conf_low,
        "conf_high": record.conf_high,
        "conf_level": record.conf_level,
        "n": record.n,
    }


def _placebo_labels(side: str, early: pd.DataFrame) -> pd.Series:
    notes = []
    for shift in early["shift"] if "shift" in early else ():
        values: dict[str, Any] = {"side": side_name(side)}
        if shift == 1:
            notes.append(
                Note(message="{side}: a start that is pretended to be one wave earlier", values=values)
            )
            continue
        message = "{side}: a start that is pretended to be {shift:integer} waves earlier"
        notes.append(Note(message=message, values=values | {"shift": int(shift)}))
    return pd.Series(notes, index=early.index, dtype="object")
