"""What stands beside the verdict on promise and delivery: both ends of the gap, other scales, people and outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.answer_sheets import (
    AnswerSheets,
    answer_sheets,
    general_mood,
    other_half,
    within_groups,
)
from exresearch.findings.analyses.dependence import units_counted
from exresearch.findings.analyses.pay.checks import normal_scores
from exresearch.findings.analyses.promise.sheets import (
    DELIVERY,
    OUTCOME,
    OUTERMOST,
    PROMISE,
    TwoSides,
    two_sides,
    with_powers,
    without_outermost,
)
from exresearch.findings.finding import EstimateRecord, MeasurementUnit
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures.resampling import respondents
from exresearch.models import (
    NotEstimable,
    ResponseSurface,
    linear_combinations,
    linear_regression,
    ordinal_regression,
)
from exresearch.models.regression import LinearFit
from exresearch.models.surface.shape import POLYNOMIAL
from exresearch.study import Study
from exresearch.study.coded import coded

SLOPE = "incongruence_slope"
METHODS = {
    "unit": "polynomial regression, standard error by unit",
    "person": "polynomial regression, standard error by person",
    "row": "polynomial regression, robust standard error",
}
_ORDINAL = "proportional odds with the terms of the surface, sandwich standard error by group"
_TERMS = ("gap", "level", *POLYNOMIAL[2:])
# Colleagues in the other half, from whom a mean is taken.
_LEAST_COLLEAGUES = 3
# Half a unit on either side of the line x = y: a gap of one standard deviation.
_ALONG = {
    "slope_short": ("Slope where one standard deviation less is delivered than was promised", -0.5),
    "slope_more": ("Slope where one standard deviation more is delivered than was promised", 0.5),
}
_LINES = {
    "congruence_slope": "Both rise in step: slope",
    "incongruence_curvature": "Delivery and promise drift apart: curvature",
}
_LABELS = {
    "own_spread": "Slope: each side in its own standard deviations",
    "ranks": "Slope: the outcome by rank instead of by answer",
    "outermost": "Slope: without the outermost {share:percent1} of sheets",
    "ordinal": "Slope, as an odds ratio: only the order of the answers counts",
    "within": "Slope: between colleagues of one unit only",
    "mood": "Slope: “{mood}” and its curve held the same",
    "earlier": "Slope: the promise as the same person told it in an earlier wave",
    "colleagues": "Slope: promise and delivery as told by other people of the unit",
    "other_outcome": "Slope: on “{outcome}” instead",
}


@dataclass(slots=True)
class PromiseChecks:
    """Checks that could be computed, in their order, and how many could not."""

    records: list[EstimateRecord] = field(default_factory=list)
    skipped: int = 0
    #: Whether anybody was asked in an earlier wave what had been promised.
    earlier: bool = False


def slope_record(
    rows: pd.DataFrame, sheets: AnswerSheets, term: str, *, name: str, label: Note
) -> EstimateRecord:
    """Take a row of a surface into a record."""
    by = sheets.groups.by
    return estimate_record(
        units_counted(rows.assign(n_units=rows["n_clusters"]), sheets.groups),
        term,
        name=name,
        label=label,
        unit_of_measurement="standardised",
        method=Note(message=METHODS[by]),
    )


def shape_records(surface: ResponseSurface, sheets: AnswerSheets) -> list[EstimateRecord]:
    """Return the slope on either side of the promise, the curvature of drifting apart and the slope in step."""
    combinations = {
        name: {"x": 1.0, "y": -1.0, "x^2": 2.0 * at, "x*y": -2.0 * at, "y^2": 2.0 * at}
        for name, (_, at) in _ALONG.items()
    }
    along = linear_combinations(surface.fit, combinations=combinations)
    records = [
        slope_record(along, sheets, name, name=name, label=Note(message=message))
        for name, (message, _) in _ALONG.items()
    ]
    return records + [
        slope_record(surface.lines, sheets, term, name=term, label=Note(message=message))
        for term, message in _LINES.items()
    ]


def promise_checks(
    study: Study,
    sides: TwoSides,
    *,
    other_outcome: str | None,
    conf_level: float,
    seed: int,
    rules: DisclosureRules,
) -> PromiseChecks:
    """Estimate the slope along the line of incongruence in other ways; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    sides : TwoSides
        Behind the verdict.
    other_outcome : str or None
        Construct that was asked as well.
    conf_level : float
        Of the intervals.
    seed : int
        Of the random halves of units.
    rules : DisclosureRules
        As many people as a driver model needs must be left.

    Returns
    -------
    PromiseChecks
    """
    sheets, frame = sides.sheets, sides.sheets.frame
    made = PromiseChecks()

    def add(name: str, changed: TwoSides, more: tuple[str, ...] = (), **values: Any) -> None:
        fit = _fitted(changed, with_powers(changed), [*changed.sheets.waves, *more], conf_level=conf_level)
        label = Note(message=_LABELS[name], values=values)
        _add(made, None if fit is None else _record(fit.table, changed.sheets, name=name, label=label))

    if sides.limits is not None:
        add("own_spread", replace(sides, limits=None))
    ranked = frame.assign(**{OUTCOME: normal_scores(sheets.raw[OUTCOME])})
    add("ranks", replace(sides, sheets=replace(sheets, frame=ranked)))
    add("outermost", replace(sides, sheets=sheets.only(without_outermost(frame))), share=OUTERMOST)
    _add(made, _ordinal(sides, conf_level=conf_level))
    if sheets.groups.by == "unit":
        _add(made, _within(sides, conf_level=conf_level))
    mood = general_mood(study, sheets)
    if mood is not None:
        values, label = mood
        known = values.notna().to_numpy()
        rows, felt = sheets.only(known), values.to_numpy()[known]
        with_mood = rows.frame.assign(mood=felt, **{"mood squared": felt**2})
        changed = replace(sides, sheets=replace(rows, frame=with_mood))
        add("mood", changed, ("mood", "mood squared"), mood=label)
    earlier = earlier_promise(study, sides)
    made.earlier = earlier is not None
    employees = study.table("employees")
    if earlier is not None and respondents(employees, where=earlier.sheets.frame.index) >= rules.min_model:
        add("earlier", earlier)
    others = other_half(study, sheets, [DELIVERY, PROMISE], least=_LEAST_COLLEAGUES, seed=seed)
    if not isinstance(others, Note):
        add("colleagues", replace(sides, sheets=others, limits=None))
    if other_outcome is not None:
        again = answer_sheets(study, {OUTCOME: other_outcome, DELIVERY: DELIVERY, PROMISE: PROMISE})
        if not isinstance(again, Note):
            add("other_outcome", two_sides(study, again), outcome=study.codebook.label(other_outcome))
    return made


def earlier_promise(study: Study, sides: TwoSides) -> TwoSides | None:
    """Put the promise that the same person told in the latest earlier wave in place of the one told now.

    Returns
    -------
    TwoSides or None
        The sheets that have one; None without persons or waves.
    """
    employees, sheets = study.table("employees"), sides.sheets
    if "person" not in employees or "wave" not in employees or len(study.waves) < 2:
        return None
    rows = employees.index.get_indexer(sheets.frame.index)
    people, (waves, names) = coded(employees["person"])[0][rows], coded(employees["wave"])
    order = {wave: number for number, wave in enumerate(study.waves)}
    # One place more, for those without a wave.
    place = np.array([*(order.get(name, -1) for name in names), -1])[waves[rows]]
    known = np.flatnonzero((people >= 0) & (place >= 0))
    known = known[np.lexsort([place[known], people[known]])]
    again = people[known][1:] == people[known][:-1]
    if not again.any():
        return None
    told = np.full(len(rows), np.nan)
    told[known[1:][again]] = sheets.frame[PROMISE].to_numpy()[known[:-1][again]]
    kept = sheets.only(np.isfinite(told))
    return replace(sides, sheets=replace(kept, frame=kept.frame.assign(**{PROMISE: told[np.isfinite(told)]})))


def _add(made: PromiseChecks, found: EstimateRecord | None) -> None:
    if found is None:
        made.skipped += 1
    else:
        made.records.append(found)


def _fitted(
    sides: TwoSides, data: pd.DataFrame, held: list[str], *, conf_level: float, intercept: bool = True
) -> LinearFit | None:
    """The polynomial with half the gap as a term of its own."""
    try:
        return linear_regression(
            data,
            outcome=OUTCOME,
            predictors=[*_TERMS, *held],
            cluster=sides.sheets.cluster,
            weights=sides.sheets.weight,
            covariance=None if sides.sheets.cluster is None else "CR2",
            intercept=intercept,
            conf_level=conf_level,
        )
    except NotEstimable:
        return None


def _ordinal(sides: TwoSides, *, conf_level: float) -> EstimateRecord | None:
    sheets = sides.sheets
    frame = with_powers(sides).assign(answer=sheets.raw[OUTCOME].round())
    try:
        table = ordinal_regression(
            frame,
            outcome="answer",
            predictors=[*_TERMS, *sheets.waves],
            cluster=sheets.cluster,
            weights=sheets.weight,
            conf_level=conf_level,
        )
    except (NotEstimable, ValueError):
        # More answers than an ordinal model takes are a number, and the linear model is for numbers.
        return None
    return _record(table, sheets, name="ordinal", unit="odds_ratio", method=Note(message=_ORDINAL))


def _within(sides: TwoSides, *, conf_level: float) -> EstimateRecord | None:
    sheets = sides.sheets
    columns = [OUTCOME, *_TERMS, *sheets.waves]
    inside = within_groups(replace(sheets, frame=with_powers(sides)), columns)
    if inside is None:
        return None
    waves = [name for name in sheets.waves if np.ptp(inside[name].to_numpy()) > 1e-9]
    fit = _fitted(sides, inside, waves, conf_level=conf_level, intercept=False)
    return None if fit is None else _record(fit.table, sheets, name="within")


def _record(
    table: pd.DataFrame,
    sheets: AnswerSheets,
    *,
    name: str,
    label: Note | None = None,
    unit: MeasurementUnit = "standardised",
    method: Note | None = None,
) -> EstimateRecord:
    by = sheets.groups.by
    return estimate_record(
        units_counted(table.assign(n_units=table["n_clusters"]), sheets.groups),
        "gap",
        name=f"slope_{name}",
        label=label or Note(message=_LABELS[name]),
        unit_of_measurement=unit,
        method=method or Note(message=METHODS[by]),
    )
