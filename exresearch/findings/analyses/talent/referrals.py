"""Talent magnet, attracting: do units whose people recommend the employer bring more applicants along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.talent.cells import per_hundred, referred_hires, unit_cells
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import unit_means
from exresearch.models import NotEstimable, rate_regression
from exresearch.models.resampling import MIN_UNITS
from exresearch.study import Study

#: Groups of units, from the least to the most recommended, in the figure.
N_GROUPS = 4
#: Units that a category of units needs before it gets a coefficient of its own.
_LEAST_UNITS = 3
_SCORE = "score"
_METHOD = "regression of counts, employees as exposure, standard error by unit"
_LABELS = {
    "referrals_alone": "Referrals: nothing else held the same",
    "referrals_categories": "Referrals: within the same kind of unit",
    "referrals_later": "Referrals: a wave later",
    "referrals_hires": "Referrals: referred people who were hired, a wave later",
    "referrals_engagement": "Referrals: per tenth of the scale of engagement",
}


@dataclass(frozen=True, slots=True)
class Referrals:
    """What can be said about attracting people.

    Attributes
    ----------
    deciding : EstimateRecord or None
        Rate ratio per point of a unit's mean; None where `reason` says why not.
    checks : tuple of EstimateRecord
        The same by other choices.
    groups : pandas.DataFrame
        Units by their mean, in groups of the same size: ``group`` (from 1), ``mean, estimate`` (referred applicants per
        100 employees), ``conf_low, conf_high, conf_level, n`` (employees, wave by wave), ``n_units``.
    caveats : tuple of Note
    reason : Note or None
    """

    deciding: EstimateRecord | None
    checks: tuple[EstimateRecord, ...]
    groups: pd.DataFrame
    caveats: tuple[Note, ...]
    reason: Note | None


def referrals(
    study: Study,
    scores: Mapping[str, pd.Series],
    *,
    label: Note,
    min_unit_n: int,
    conf_level: float,
    rules: DisclosureRules,
) -> Referrals:
    """Estimate how the rate of referred applicants changes per point of a unit's mean.

    Answers of a wave are set beside the referrals of its own period: a survey is held at its start, or asks about a
    feeling that lasts longer than a week. A check takes the referrals of the next wave.

    Parameters
    ----------
    study : Study
        With employees by unit, and head counts by unit or a staff list.
    scores : mapping of str to pandas.Series
        As :func:`exresearch.findings.analyses.talent.exits.exits`.
    label : Note
        Of the component.
    min_unit_n : int
        Answers that a unit needs in a wave.
    conf_level : float
        Of every interval.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    Referrals
    """
    cells = unit_cells(study)
    counted = "referrals" in cells
    if not counted:
        cells = referred_hires(study, cells)
    if cells.empty or "referrals" not in cells:
        message = (
            "Referrals could not be tested: referred applicants are not counted by unit, or it is not known how many "
            "people work in each."
        )
        return Referrals(None, (), pd.DataFrame(), (), Note(message=message))
    frame, few = _with_scores(study, cells, scores[_SCORE], min_unit_n=min_unit_n)
    n_units = int(frame["unit"].nunique())
    if n_units < MIN_UNITS:
        message = (
            "Referrals could not be tested: {n_units:integer} units have enough answers and a count of referred "
            "applicants; at least {needed:integer} are needed."
        )
        note = Note(message=message, values={"n_units": n_units, "needed": MIN_UNITS})
        return Referrals(None, (), pd.DataFrame(), (), note)
    deciding = _fit(frame, name="referrals", label=label, conf_level=conf_level)
    if deciding is None:
        message = "Referrals could not be tested: there are none, or units hardly differ."
        return Referrals(None, (), pd.DataFrame(), (), Note(message=message))
    found = [
        _fit(frame, name="referrals_alone", waves=False, conf_level=conf_level),
        _fit(frame, name="referrals_categories", study=study, conf_level=conf_level),
        _fit(_later(study, frame, cells, "referrals"), name="referrals_later", conf_level=conf_level),
    ]
    if "hires_referred" in frame and counted:
        found.append(
            _fit(_later(study, frame, cells, "hires_referred"), name="referrals_hires", conf_level=conf_level)
        )
    if "engagement" in scores:
        other, _ = _with_scores(study, cells, scores["engagement"], min_unit_n=min_unit_n)
        found.append(_fit(other, name="referrals_engagement", conf_level=conf_level))
    return Referrals(
        deciding,
        tuple(record for record in found if record is not None),
        _groups(frame, conf_level=conf_level, rules=rules),
        tuple(_caveats(few, counted=counted)),
        None,
    )


def _with_scores(
    study: Study, cells: pd.DataFrame, values: pd.Series, *, min_unit_n: int
) -> tuple[pd.DataFrame, int]:
    """Put the mean of a unit's answers beside its counts; units with few answers in a wave are left out and counted."""
    sheets = study.table("employees")
    means = unit_means(values, unit=sheets["unit"], wave=sheets["wave"], weights=sheets.get("weight"))
    joined = cells.merge(means[["unit", "wave", "mean", "n"]], on=["unit", "wave"], how="inner")
    joined = joined[joined["referrals"].notna()].rename(columns={"mean": _SCORE, "n": "answers"})
    enough = joined["answers"] >= min_unit_n
    return joined[enough].reset_index(drop=True), int((~enough).sum())


def _fit(
    frame: pd.DataFrame,
    *,
    name: str,
    conf_level: float,
    label: Note | None = None,
    waves: bool = True,
    study: Study | None = None,
) -> EstimateRecord | None:
    work = frame[[_SCORE, "unit", "wave", "referrals", "headcount", "answers"]].copy()
    made: list[str] = []
    if waves:
        made += _dummies(work, work["wave"], "wave")
    if study is not None:
        categories = [v.column for v in study.codebook.select("units", role="category")]
        if not categories:
            return None
        latest = study.table("units").groupby("unit")[categories].last()
        for column in categories:
            made += _dummies(work, work["unit"].map(latest[column]), column)
    try:
        fit = rate_regression(
            work.astype({"headcount": "float64", "referrals": "float64"}),
            events="referrals",
            exposure="headcount",
            predictors=[_SCORE, *made],
            cluster="unit",
            conf_level=conf_level,
        )
    except (NotEstimable, ValueError):
        # A count that is no whole number is another thing than a count.
        return None
    return estimate_record(
        fit.table.assign(n=int(work["answers"].sum()), n_units=fit.n_clusters),
        _SCORE,
        name=name,
        label=label if label is not None else Note(message=_LABELS[name]),
        unit_of_measurement="rate_ratio",
        method=Note(message=_METHOD),
    )


def _dummies(work: pd.DataFrame, values: pd.Series, name: str) -> list[str]:
    """Add a column per category but the largest; categories of few units go with the largest."""
    units = work["unit"].groupby(values).nunique()
    with_events = work["referrals"].groupby(values).sum() > 0
    sizes = values.value_counts()
    enough = [value for value in sizes.index if units[value] >= _LEAST_UNITS and with_events[value]]
    made = []
    for value in sorted(enough[1:]):
        column = f"{name}: {value}"
        work[column] = (values == value).astype("float64")
        made.append(column)
    return made


def _later(study: Study, frame: pd.DataFrame, cells: pd.DataFrame, column: str) -> pd.DataFrame:
    """Put the count of the next wave, and the employees of that wave, beside the answers of this one.

    What is counted in the next wave does not depend on whether enough people answered then.
    """
    place = {wave: number for number, wave in enumerate(study.waves)}
    here = frame.assign(at=frame["wave"].map(place))
    following = cells[["unit", "wave", column, "headcount"]].assign(at=cells["wave"].map(place) - 1)
    kept = here.drop(columns=[*{"referrals", column}, "headcount"])
    following = following.drop(columns="wave").rename(columns={column: "referrals"})
    joined = kept.merge(following, on=["unit", "at"], how="inner")
    return joined[joined["referrals"].notna()].reset_index(drop=True)


def _groups(frame: pd.DataFrame, *, conf_level: float, rules: DisclosureRules) -> pd.DataFrame:
    """Cut units and waves into groups of the same size by their mean, each with enough units."""
    least = max(rules.min_units, MIN_UNITS)
    number = min(N_GROUPS, frame["unit"].nunique() // least)
    if number < 2:
        return pd.DataFrame()
    ranks = frame[_SCORE].rank(method="first") - 1
    group = np.floor(ranks * number / len(frame)).astype("int64") + 1
    rows = []
    for value, part in frame.groupby(group):
        if part["unit"].nunique() < least:
            return pd.DataFrame()
        row = per_hundred(part, events="referrals", base="headcount", conf_level=conf_level)
        if row is None:
            return pd.DataFrame()
        mean = float(np.average(part[_SCORE].astype("float64"), weights=part["headcount"].astype("float64")))
        rows.append(row | {"group": int(str(value)), "mean": mean})
    return pd.DataFrame(rows)


def _caveats(few: int, *, counted: bool) -> list[Note]:
    caveats = []
    if few:
        message = (
            "{count:integer} times a unit had too few answers in a wave to set its referrals beside them."
        )
        caveats.append(Note(message=message, values={"count": few}))
    if not counted:
        message = (
            "Applicants are not counted: referrals are people on the staff list whom a colleague brought, so that "
            "those who were not hired are missing."
        )
        caveats.append(Note(message=message))
    return caveats
