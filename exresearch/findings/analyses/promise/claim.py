"""Notebook 05: do people who get less than they were promised turn away."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.answer_sheets import AnswerSheets, answer_sheets
from exresearch.findings.analyses.balance.surface import shown_region, surface_grid, surface_lines
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.promise.checks import (
    SLOPE,
    promise_checks,
    shape_records,
    slope_record,
)
from exresearch.findings.analyses.promise.sheets import (
    DELIVERY,
    OUTCOME,
    PROMISE,
    TwoSides,
    surface_of,
    two_sides,
)
from exresearch.findings.analyses.score_rules import score_rule
from exresearch.findings.analyses.wording import skipped_checks
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.shared_source import shared_sources
from exresearch.findings.testability import Testability, testability
from exresearch.measures import score_items
from exresearch.models import ResponseSurface
from exresearch.study import Study
from exresearch.study.coded import coded

_HYPOTHESIS = "promise-delivered"
_OUTCOMES = ("stay", "enps")
_SHAPE = {
    "x": "Delivery, at the middle: slope",
    "y": "Promise, at the middle: slope",
    "congruence_slope": "Both rise in step: slope",
    "congruence_curvature": "Both rise in step: curvature",
    "incongruence_slope": "Delivery rises and promise falls: slope",
    "incongruence_curvature": "Delivery rises and promise falls: curvature",
    "first_axis_intercept": "Ridge of the surface: height where delivery is at the middle",
    "first_axis_slope": "Ridge of the surface: slope (1 is in step)",
}


@dataclass(frozen=True, slots=True)
class PromiseDelivered:
    """Everything the page shows about promise and delivery; the frames are empty when the claim is not testable.

    Attributes
    ----------
    finding : Finding
        The verdict on ``promise-delivered``.
    shape : pandas.DataFrame
        ``term, label`` (a note) and the estimate schema: slopes, slope and curvature along both lines and the first
        principal axis, in standard deviations; axes without an interval are left out.
    sides : pandas.DataFrame
        ``group`` (x_above_y: more delivered than promised, y_above_x, equal), ``n`` (sheets), ``share``,
        ``people``.
    region, grid, along : pandas.DataFrame
        Outline of what may be drawn, the predicted outcome on a lattice, and along both lines with intervals; ``x``
        (delivery), ``y`` (promise) and ``position`` in standard deviations, the outcome on the scale of the answers.
    scales : dict of str to (float, float)
        Value at zero and size of one unit, on the scale of the answers, of ``delivery`` and ``promise``.
    labels : dict of str to dict of str to str
        Of ``outcome, delivery, promise`` in both languages.
    difference_p : float or None
        p-value of what a difference score would take for granted.
    one_scale : bool
        Whether promise and delivery were answered on one scale.
    n_people : int
        Persons, or sheets where persons are not known.
    """

    finding: Finding
    shape: pd.DataFrame = field(default_factory=pd.DataFrame)
    sides: pd.DataFrame = field(default_factory=pd.DataFrame)
    region: pd.DataFrame = field(default_factory=pd.DataFrame)
    grid: pd.DataFrame = field(default_factory=pd.DataFrame)
    along: pd.DataFrame = field(default_factory=pd.DataFrame)
    scales: dict[str, tuple[float, float]] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    difference_p: float | None = None
    one_scale: bool = True
    n_people: int = 0


def promise_delivered(
    study: Study, *, conf_level: float, n_boot: int, seed: int, rules: DisclosureRules
) -> PromiseDelivered:
    """Decide whether the intention to stay is higher where more is delivered than was promised, and lower where less.

    The intention (recommending, where that was not asked) is regressed on delivery, promise, their squares and their
    product. The slope along the line on which delivery rises and promise falls by as much decides. No difference score
    is used: it takes for granted that both count the same and that nothing is curved.

    Parameters
    ----------
    study : Study
        The client.
    conf_level, n_boot, seed
        Of every interval; only those of the axes are drawn.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    PromiseDelivered
    """
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    if ready.reason is not None:
        return PromiseDelivered(_untested(ready.reason, ready, rules))
    asked = [name for name in _OUTCOMES if _asked(study, name)]
    scored = answer_sheets(study, {OUTCOME: asked[0], DELIVERY: DELIVERY, PROMISE: PROMISE})
    if isinstance(scored, Note):
        return PromiseDelivered(_untested(scored, ready, rules))
    sides = two_sides(study, scored)
    surface = surface_of(sides, conf_level=conf_level, n_boot=n_boot, seed=seed)
    if surface is None:
        reason = Note(message="Promise and delivery take too few values: no surface can be estimated.")
        return PromiseDelivered(_untested(reason, ready, rules))
    deciding = slope_record(
        surface.lines,
        sides.sheets,
        SLOPE,
        name="incongruence_slope",
        label=Note(message="Delivery rises and promise falls"),
    )
    checks = promise_checks(
        study,
        sides,
        other_outcome=asked[1] if len(asked) > 1 else None,
        conf_level=conf_level,
        seed=seed,
        rules=rules,
    )
    finding = conclude(
        deciding,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=sides.sheets.n_excluded,
        rules=rules,
        measures={"ex": sides.sheets.labels[OUTCOME]},
        robustness=[*shape_records(surface, sides.sheets), *checks.records],
        caveats=[*_caveats(study, sides, asked, earlier=checks.earlier), *skipped_checks(checks.skipped)],
    )
    return _shown(study, finding, sides, surface, rules=rules)


def _asked(study: Study, construct: str) -> bool:
    employees = study.table("employees")
    return any(v.column in employees for v in score_items(study.codebook, "employees", construct))


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _shown(
    study: Study, finding: Finding, sides: TwoSides, surface: ResponseSurface, *, rules: DisclosureRules
) -> PromiseDelivered:
    sheets = sides.sheets
    people = _people_of(study.table("employees"), sheets.frame.index)
    values = sheets.frame[[DELIVERY, PROMISE]].to_numpy() - list(surface.centre)
    region = shown_region(values, people, min_units=rules.min_respondents)
    mean, spread = sheets.means[OUTCOME], sheets.spreads[OUTCOME]
    tests = surface.tests.set_index("term")["p_value"]
    return PromiseDelivered(
        finding=finding,
        shape=_shape(surface),
        sides=surface.balance.assign(people=_people(surface.balance, values, people)),
        region=region,
        grid=_answered(surface_grid(surface, region), mean, spread),
        along=_answered(surface_lines(surface, region), mean, spread),
        scales=sides.unit,
        labels=sheets.labels,
        difference_p=None if pd.isna(tests["difference_score"]) else float(tests["difference_score"]),
        one_scale=sides.limits is not None,
        n_people=len(np.unique(people)),
    )


def _people_of(employees: pd.DataFrame, sheets: pd.Index) -> NDArray[np.int64]:
    """Number of the person behind each sheet; a sheet without one is somebody of its own."""
    rows = employees.index.get_indexer(sheets)
    if "person" not in employees:
        return rows.astype(np.int64)
    codes, names = coded(employees["person"])
    found = codes[rows]
    return np.where(found < 0, len(names) + np.arange(len(rows)), found)


def _people(balance: pd.DataFrame, values: NDArray[np.float64], people: NDArray[np.int64]) -> list[int]:
    """Count the people on each side; those further away than half a standard deviation are not told apart."""
    gap = values[:, 0] - values[:, 1]
    inside = {"x_above_y": gap > 0.0, "y_above_x": gap < 0.0, "equal": gap == 0.0}
    return [len(np.unique(people[inside[name]])) if name in inside else 0 for name in balance["group"]]


def _shape(surface: ResponseSurface) -> pd.DataFrame:
    both = pd.concat([surface.coefficients, surface.lines, surface.axes], ignore_index=True)
    both = both[both["term"].isin(_SHAPE) & both[["estimate", "conf_low", "conf_high"]].notna().all(axis=1)]
    order = {term: place for place, term in enumerate(_SHAPE)}
    both = both.sort_values("term", key=lambda terms: terms.map(order)).reset_index(drop=True)
    labels = pd.Series([Note(message=_SHAPE[term]) for term in both["term"]], index=both.index)
    return both.assign(label=labels)


def _answered(frame: pd.DataFrame, mean: float, spread: float) -> pd.DataFrame:
    names = [name for name in ("estimate", "conf_low", "conf_high") if name in frame]
    return frame.assign(**{name: mean + spread * frame[name] for name in names})


def _caveats(study: Study, sides: TwoSides, asked: list[str], *, earlier: bool) -> list[Note]:
    sheets: AnswerSheets = sides.sheets
    notes = [
        Note(
            message=(
                "What was promised is told afterwards, by people who know by now what they got: disappointment may "
                "raise the promise that is remembered."
            )
        )
    ]
    if not earlier:
        message = (
            "Nobody was asked in an earlier wave what had been promised, so that this could not be checked."
        )
        notes.append(Note(message=message))
    notes.append(
        Note(
            message=(
                "Promise, delivery and the outcome come from one questionnaire: a mood that lifts delivery and the "
                "outcome together makes the slope too steep."
            )
        )
    )
    if asked[0] == "enps":
        message = (
            "Nobody was asked about the intention to stay. Recommending the organisation takes its place."
        )
        notes.append(Note(message=message))
    if sides.limits is None:
        message = (
            "Promise and delivery were not answered on one scale. As much as promised means here an equal position "
            "among all answers."
        )
        notes.append(Note(message=message))
    for construct in (DELIVERY, PROMISE, asked[0]):
        notes += score_rule(study.codebook, "employees", construct)
    notes += shared_sources(study, [DELIVERY, PROMISE], [asked[0], PROMISE])
    return notes + few_units_caveat(sheets.groups)
