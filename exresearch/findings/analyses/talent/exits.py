"""Talent magnet, leaving: does who recommends the employer stay longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.talent.spells import Spells, stay_spells
from exresearch.findings.finding import EstimateRecord, MeasurementUnit
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import dependence_groups
from exresearch.models import NotEstimable, cox_regression, proportional_hazards_test, rate_regression
from exresearch.study import Study

#: Leavers that a category needs before it gets a coefficient of its own.
_LEAST_LEAVERS = 5
#: Years of service at which the rate of leaving may change, in the check that takes it to be constant in between.
_SERVICE = (0.0, 1.0, 3.0, 10.0)
_SCORE = "score"
_METHODS = {
    "cox_unit": "Cox regression on length of service, late entry, standard error by unit",
    "cox_row": "Cox regression on length of service, late entry",
    "rate_unit": "regression of counts per person and answer, rate by years of service, standard error by unit",
    "rate_row": "regression of counts per person and answer, rate by years of service",
}
_LABELS = {
    "exits_alone": "Leaving: nothing else held the same",
    "exits_rate": "Leaving: rate per year instead of Cox regression",
    "exits_first": "Leaving: first answer of each person only",
    "exits_own_choice": "Leaving: of one's own choice",
    "exits_with_notice": "Leaving: with answers of people who had given notice",
    "exits_period_end": "Leaving: from the last day of each wave on",
    "exits_engagement": "Leaving: per tenth of the scale of engagement",
}


_COUNTED = {
    "no_person": "{count:integer} answer sheets say nothing of who answered, and are not part of it.",
    "not_listed": "Of those who answered, {count:integer} are not on the staff list.",
    "no_start": "Of {count:integer} people the first working day is not known; they are left out.",
    "no_time": "{count:integer} answer sheets came after the last working day, or after the list ends.",
    "notice": (
        "{count:integer} answer sheets of people who had given notice, or did not work here, are left out: such an "
        "answer follows the decision."
    ),
}
_PROPORTIONAL = {
    "changes": (
        "The hazard ratio is not the same at every length of service (test of proportional hazards, p = {p:p}); it is "
        "an average."
    ),
    "holds": (
        "That the hazard ratio changes with length of service does not show (test of proportional hazards, p = {p:p})."
    ),
}


@dataclass(frozen=True, slots=True)
class Exits:
    """What can be said about leaving.

    Attributes
    ----------
    deciding : EstimateRecord or None
        Hazard ratio per point; None where `reason` says why not.
    checks : tuple of EstimateRecord
        The same by other choices.
    proportional : pandas.DataFrame
        Rows of :func:`exresearch.models.proportional_hazards_test`; empty without an estimate.
    spells : Spells or None
        Behind it; for a figure that adds people up.
    caveats : tuple of Note
    reason : Note or None
    """

    deciding: EstimateRecord | None
    checks: tuple[EstimateRecord, ...]
    proportional: pd.DataFrame
    spells: Spells | None
    caveats: tuple[Note, ...]
    reason: Note | None


def exits(
    study: Study,
    scores: Mapping[str, pd.Series],
    *,
    label: Note,
    conf_level: float,
    rules: DisclosureRules,
) -> Exits:
    """Estimate how the hazard of leaving changes per point of a score.

    Parameters
    ----------
    study : Study
        With employees and people.
    scores : mapping of str to pandas.Series
        ``score`` on a scale of 0 to 10 decides; ``engagement`` on such a scale, where it is there, is a check.
    label : Note
        Of the component.
    conf_level : float
        Of every interval.
    rules : DisclosureRules
        As many leavers as a driver model needs people must be there.

    Returns
    -------
    Exits
    """
    decides = {_SCORE: scores[_SCORE]}
    spells = stay_spells(study, decides)
    reason = spells if isinstance(spells, Note) else _too_few(spells, rules)
    if reason is not None or isinstance(spells, Note):
        return _nothing(reason)
    try:
        rows, covariates = _prepared(spells.rows, event="left")
        fit = cox_regression(
            rows, event="left", predictors=[_SCORE, *covariates], **_design(rows, conf_level)
        )
        proportional = proportional_hazards_test(fit)
    except NotEstimable:
        return _nothing(
            Note(message="Leaving could not be tested: answers hardly differ, or too few people left.")
        )
    by = "unit" if "unit_group" in rows else "row"
    deciding = estimate_record(
        fit.table.assign(n_units=fit.n_clusters if by == "unit" else None),
        _SCORE,
        name="exits",
        label=label,
        unit_of_measurement="hazard_ratio",
        method=Note(message=_METHODS[f"cox_{by}"]),
    )
    proportional = proportional[proportional["term"] == _SCORE].assign(n=fit.n)
    checks = _checks(study, scores, spells, conf_level=conf_level, rules=rules)
    return Exits(deciding, checks, proportional, spells, tuple(_caveats(spells, proportional)), None)


def _nothing(reason: Note | None) -> Exits:
    return Exits(None, (), pd.DataFrame(), None, (), reason)


def _too_few(spells: Spells, rules: DisclosureRules) -> Note | None:
    if spells.counts["leavers"] >= rules.min_model:
        return None
    message = "Leaving could not be tested: fewer than {needed:integer} people left after an answer."
    return Note(message=message, values={"needed": rules.min_model})


def _prepared(rows: pd.DataFrame, *, event: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows with columns for level and wave, a group to keep together where there are ten units, and their names.

    Kinds of contract get a baseline of their own: one that ends after a year makes other curves than one without end.
    """
    frame = rows.copy()
    groups = dependence_groups(rows)
    if groups.by == "unit":
        frame["unit_group"] = groups.labels
    made: list[str] = []
    for column in ("level", "wave"):
        if column in frame:
            made += _dummies(frame, column, event=event)
    return frame, made


def _dummies(frame: pd.DataFrame, column: str, *, event: str) -> list[str]:
    """Add a column per category but the largest; categories with few leavers go with the largest."""
    codes, values = pd.factorize(frame[column])
    there = codes >= 0
    sizes = np.bincount(codes[there], minlength=len(values))
    leavers = np.bincount(
        codes[there], weights=frame[event].to_numpy(dtype=np.float64)[there], minlength=len(values)
    )
    names: list[str] = []
    if not len(values) or leavers[sizes.argmax()] < _LEAST_LEAVERS:
        return names
    enough = np.flatnonzero(leavers >= _LEAST_LEAVERS)
    for code in sorted(enough[enough != sizes.argmax()], key=lambda code: values[code]):
        name = f"{column}: {values[code]}"
        frame[name] = (codes == code).astype(np.float64)
        names.append(name)
    return names


def _design(rows: pd.DataFrame, conf_level: float) -> dict[str, Any]:
    return {
        "start": "start",
        "duration": "stop",
        "strata": "contract" if "contract" in rows else None,
        "cluster": "unit_group" if "unit_group" in rows else None,
        "conf_level": conf_level,
    }


def _checks(
    study: Study,
    scores: Mapping[str, pd.Series],
    spells: Spells,
    *,
    conf_level: float,
    rules: DisclosureRules,
) -> tuple[EstimateRecord, ...]:
    rows = spells.rows
    decides = {_SCORE: scores[_SCORE]}
    found = [
        _cox("exits_alone", rows, conf_level=conf_level, alone=True),
        _rate("exits_rate", rows, conf_level=conf_level),
        _cox("exits_first", rows[rows["first"]], conf_level=conf_level, rules=rules),
    ]
    if "own_choice" in rows:
        found.append(_cox("exits_own_choice", rows, event="own_choice", conf_level=conf_level, rules=rules))
    if spells.counts["notice"]:
        found.append(
            _cox_of("exits_with_notice", study, decides, conf_level=conf_level, rules=rules, with_notice=True)
        )
    if spells.by_period:
        found.append(
            _cox_of("exits_period_end", study, decides, conf_level=conf_level, rules=rules, at_end=True)
        )
    if "engagement" in scores:
        engaged = {_SCORE: scores["engagement"]}
        found.append(_cox_of("exits_engagement", study, engaged, conf_level=conf_level, rules=rules))
    return tuple(record for record in found if record is not None)


def _cox_of(
    name: str,
    study: Study,
    scores: Mapping[str, pd.Series],
    *,
    conf_level: float,
    rules: DisclosureRules,
    **options: bool,
) -> EstimateRecord | None:
    spells = stay_spells(study, scores, **options)
    return None if isinstance(spells, Note) else _cox(name, spells.rows, conf_level=conf_level, rules=rules)


def _cox(
    name: str,
    rows: pd.DataFrame,
    *,
    conf_level: float,
    event: str = "left",
    alone: bool = False,
    rules: DisclosureRules | None = None,
) -> EstimateRecord | None:
    if rules is not None and int(rows[event].sum()) < rules.min_model:
        return None
    frame, covariates = _prepared(rows, event=event)
    design = _design(frame, conf_level)
    if alone:
        covariates, design["strata"] = [], None
    try:
        table = cox_regression(frame, event=event, predictors=[_SCORE, *covariates], **design).table
    except NotEstimable:
        return None
    by = "row" if design["cluster"] is None else "unit"
    return _record(name, table, by=by, unit="hazard_ratio")


def _rate(name: str, rows: pd.DataFrame, *, conf_level: float) -> EstimateRecord | None:
    frame, covariates = _prepared(rows, event="left")
    cluster = "unit_group" if "unit_group" in frame else None
    frame["service"] = pd.cut(frame["start"], [-1.0, *_SERVICE[1:], float("inf")], labels=False).astype("str")
    for column in ("service", "contract"):
        if column in frame:
            covariates += _dummies(frame, column, event="left")
    try:
        table = rate_regression(
            frame,
            events="left",
            exposure="years",
            predictors=[_SCORE, *covariates],
            cluster=cluster,
            model="poisson",
            conf_level=conf_level,
        ).table
    except NotEstimable:
        return None
    return _record(name, table, by="row" if cluster is None else "unit", unit="rate_ratio")


def _record(name: str, table: pd.DataFrame, *, by: str, unit: MeasurementUnit) -> EstimateRecord:
    kind = "cox" if unit == "hazard_ratio" else "rate"
    return estimate_record(
        table.assign(n_units=table["n_clusters"] if by == "unit" else None),
        _SCORE,
        name=name,
        label=Note(message=_LABELS[name]),
        unit_of_measurement=unit,
        method=Note(message=_METHODS[f"{kind}_{by}"]),
    )


def _caveats(spells: Spells, proportional: pd.DataFrame) -> list[Note]:
    counts = spells.counts
    caveats = [
        Note(
            message=(
                "Leaving is about {people:integer} people who could be found on the staff list, of whom "
                "{leavers:integer} left after an answer."
            ),
            values={"people": counts["people"], "leavers": counts["leavers"]},
        )
    ]
    caveats += [Note(message=_COUNTED[key], values={"count": counts[key]}) for key in _COUNTED if counts[key]]
    if spells.by_period:
        message = "The day of an answer is not in the data: it is taken to be the first day of the period of its wave."
        caveats.append(Note(message=message))
    p_value = float(proportional["p_value"].iloc[0])
    known = "changes" if p_value < 0.05 else "holds"
    caveats.append(Note(message=_PROPORTIONAL[known], values={"p": p_value}))
    return caveats
