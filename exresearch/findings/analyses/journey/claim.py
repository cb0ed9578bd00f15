"""The whole employee journey: whether what happens before and after employment adds to what happens during it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.journey.checks import checks, gain_record
from exresearch.findings.analyses.journey.gain import OuterGain, outer_gain
from exresearch.findings.analyses.journey.importance import moment_importance, people_in_several
from exresearch.findings.analyses.journey.limits import moment_bottlenecks, moment_necessity
from exresearch.findings.analyses.journey.map import NO_MAP, JourneyMap, drawn_map
from exresearch.findings.analyses.journey.order import WholeJourney, whole_journey
from exresearch.findings.analyses.journey.recall import promise_kept
from exresearch.findings.analyses.journey.sheets import OUTCOME, JourneySheets, journey_sheets
from exresearch.findings.analyses.talent.advocacy import recommendation_by_phase
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.findings.testability import Testability, testability
from exresearch.measures import JourneyData
from exresearch.study import Study
from exresearch.study.languages import listed

_HYPOTHESIS = "journey-moments"


@dataclass(frozen=True, slots=True)
class JourneyMoments:
    """Everything that the page says about the journey.

    Attributes
    ----------
    finding : Finding
    map : JourneyMap
    gain : OuterGain or None
        Of :func:`outer_gain`.
    importance : pandas.DataFrame
        Of :func:`moment_importance`.
    without_model : list of str
        Kinds of people without one.
    overlap : pandas.DataFrame
        Of :func:`people_in_several`.
    asked : dict of str to list of str
        Moments that each kind of people rates.
    whole : WholeJourney
    necessity, bottlenecks : pandas.DataFrame
        Of :func:`moment_necessity` and :func:`moment_bottlenecks`.
    promise : pandas.DataFrame
        Of :func:`promise_kept`.
    advocacy : pandas.DataFrame
        Of :func:`recommendation_by_phase`.
    outcome_scale : tuple of float
        Ends of the scale of the recommendation.
    """

    finding: Finding
    map: JourneyMap = field(default_factory=JourneyMap)
    gain: OuterGain | None = None
    importance: pd.DataFrame = field(default_factory=pd.DataFrame)
    without_model: list[str] = field(default_factory=list)
    overlap: pd.DataFrame = field(default_factory=pd.DataFrame)
    asked: dict[str, list[str]] = field(default_factory=dict)
    whole: WholeJourney = field(default_factory=WholeJourney)
    necessity: pd.DataFrame = field(default_factory=pd.DataFrame)
    bottlenecks: pd.DataFrame = field(default_factory=pd.DataFrame)
    promise: pd.DataFrame = field(default_factory=pd.DataFrame)
    advocacy: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcome_scale: tuple[float, float] = (0.0, 10.0)


def journey_moments(
    study: Study, *, rules: DisclosureRules, conf_level: float, n_boot: int, seed: int
) -> JourneyMoments:
    """Draw the journey and decide whether the phases before and after employment count.

    What decides is the explained variance of recommending that moments before and after employment add to those
    during it, tested together in people who rated both (:func:`outer_gain`).

    Parameters
    ----------
    study : Study
        The client.
    rules : DisclosureRules
        Rules of the report.
    conf_level, n_boot, seed
        Of every interval.

    Returns
    -------
    JourneyMoments
    """
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    drawn, journey = drawn_map(study, rules=rules, conf_level=conf_level)
    if journey is None:
        reason = drawn.reason if ready.reason is None and drawn.reason is not None else ready.reason
        return JourneyMoments(_untested(reason or NO_MAP, ready, rules), drawn)
    sheets = journey_sheets(study, journey)
    advocacy = recommendation_by_phase(study, conf_level=conf_level)
    promise = promise_kept(journey, rules=rules, conf_level=conf_level)
    if sheets is None:
        reason = ready.reason or Note(
            message="Ratings do not say whose they are, or nobody who rated was asked about recommending."
        )
        return JourneyMoments(_untested(reason, ready, rules), drawn, promise=promise, advocacy=advocacy)
    importance, without = moment_importance(
        sheets, rules=rules, conf_level=conf_level, n_boot=n_boot, seed=seed
    )
    finding, gain = _decided(
        study, journey, sheets, drawn, ready=ready, rules=rules, conf_level=conf_level, seed=seed
    )
    return JourneyMoments(
        finding=finding,
        map=drawn,
        gain=gain,
        importance=importance,
        without_model=without,
        overlap=people_in_several(sheets, rules=rules),
        asked=sheets.asked,
        whole=whole_journey(sheets, scale=journey.scale, rules=rules, conf_level=conf_level, seed=seed),
        necessity=moment_necessity(sheets, scale=journey.scale, rules=rules, seed=seed),
        bottlenecks=moment_bottlenecks(sheets, scale=journey.scale, rules=rules),
        promise=promise,
        advocacy=advocacy,
        outcome_scale=sheets.scale,
    )


def _decided(
    study: Study,
    journey: JourneyData,
    sheets: JourneySheets,
    drawn: JourneyMap,
    *,
    ready: Testability,
    rules: DisclosureRules,
    conf_level: float,
    seed: int,
) -> tuple[Finding, OuterGain | None]:
    if ready.reason is not None:
        return _untested(ready.reason, ready, rules), None
    during, outer = journey.names("during"), journey.names("before", "after")
    if not during or not outer:
        message = (
            "No moment during employment, or none before or after it, was rated. The study file says in which phase a "
            "moment lies (journey)."
        )
        return _untested(Note(message=message), ready, rules), None
    found = outer_gain(sheets, during=during, outer=outer, conf_level=conf_level, seed=seed)
    needed = load_registry()[_HYPOTHESIS].needs.min_respondents
    answers = sheets.frame[[OUTCOME, *sheets.moments]]
    if found is None and (answers.max() <= answers.min()).any():
        message = "Recommendations, or ratings of a moment, hardly differ between people."
        return _untested(Note(message=message), ready, rules), None
    if found is None or int(found.table["people"].iloc[0]) < needed:
        message = (
            "Fewer than {needed:integer} people rated moments both during employment and before or after it, with a "
            "recommendation."
        )
        return _untested(Note(message=message, values={"needed": needed}), ready, rules), found
    record = gain_record(
        found,
        sheets,
        name="outer_phases_gain",
        label=Note(message="Gain of the phases before and after employment"),
    )
    finding = conclude(
        record,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=found.n_excluded,
        rules=rules,
        robustness=checks(study, journey, sheets, rules=rules, conf_level=conf_level, seed=seed),
        caveats=_caveats(drawn, sheets, found, rules=rules),
    )
    return finding, found


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _caveats(
    drawn: JourneyMap, sheets: JourneySheets, found: OuterGain, *, rules: DisclosureRules
) -> list[Note]:
    caveats = []
    if sheets.source == "asked":
        message = (
            "Ratings and recommendation stand on one sheet: a mood that colours all answers makes every moment go "
            "with recommending, those during employment as much as the others."
        )
        caveats.append(Note(message=message))
    moments = drawn.moments
    if drawn.partial:
        message = (
            "Partial journey: {share:percent0} of its moments were rated. What was not asked cannot count."
        )
        caveats.append(Note(message=message, values={"share": drawn.coverage}))
    gaps = moments[moments["n"] == 0]
    if len(gaps):
        message = "Moments of the journey that were not rated: {moments}."
        caveats.append(Note(message=message, values={"moments": listed(gaps["label"])}))
    if not drawn.declared:
        message = (
            "The study file does not describe the journey. Moments are in the order of the phases in the data, or of "
            "their first appearance."
        )
        caveats.append(Note(message=message))
    caveats += _strangers(moments, drawn, rules=rules)
    if found.silent:
        message = (
            "People who rated no moment during employment, or none outside it, have no part in the verdict. On the map "
            "they do: different people tell of different phases."
        )
        caveats.append(Note(message=message))
    late = drawn.recall[drawn.recall["recalled"] > 0.5] if len(drawn.recall) else drawn.recall
    if len(late):
        message = (
            "Mostly rated afterwards, by people who were in a later phase: {moments}. Memory colours them."
        )
        caveats.append(Note(message=message, values={"moments": listed(late["label"])}))
    if sheets.n_keyless or sheets.n_off:
        message = (
            "Left out of all models: {keyless:integer} ratings that do not say whose they are, and {off:integer} of "
            "moments that are not asked of those people as a rule."
        )
        caveats.append(Note(message=message, values={"keyless": sheets.n_keyless, "off": sheets.n_off}))
    return caveats + few_units_caveat(sheets.groups)


def _strangers(moments: pd.DataFrame, drawn: JourneyMap, *, rules: DisclosureRules) -> list[Note]:
    """Moments that the data hold and the journey of the study file does not."""
    if not drawn.declared:
        return []
    strange = moments[~moments["declared"]]
    # A moment that hardly anybody rated may be somebody's own words.
    named = strange[strange["people"] >= rules.min_respondents]
    if strange.empty:
        return []
    if named.empty:
        message = "{n:integer} moments in the data are not in the journey of the study file; too few people rated them."
        return [Note(message=message, values={"n": len(strange)})]
    message = (
        "Rated, and not in the journey of the study file: {moments} ({n:integer} in all). They are on the map and in "
        "no test."
    )
    return [Note(message=message, values={"moments": listed(named["label"]), "n": len(strange)})]
