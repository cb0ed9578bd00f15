"""Notebook 04: which comes first, employee or customer experience, and does what goes round come round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.direction.caveats import direction_caveats, sampling_errors
from exresearch.findings.analyses.direction.links import NO_LINKS, Links, links_of
from exresearch.findings.analyses.direction.models import (
    COMPLETE,
    COMPONENTS,
    FIML,
    Answers,
    component_records,
    component_rows,
    deciding_panel,
    no_answer,
    other_models,
    scan,
)
from exresearch.findings.analyses.direction.nuance import nuance
from exresearch.findings.analyses.direction.shocks import complaint_circle, shock_table
from exresearch.findings.analyses.set_apart import is_set_apart, set_apart_problem
from exresearch.findings.analyses.wording import side_label, skipped_checks
from exresearch.findings.conclude import (
    conclude,
    conclude_conjunction,
    estimand_for,
    not_testable,
)
from exresearch.findings.decision import DirectionVerdict
from exresearch.findings.direction import direction_verdict
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.hypothesis import MIN_WAVES_FOR_DIRECTION
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.findings.testability import NOT_LINKED, Testability, testability_of, unsuitable_scale
from exresearch.measures import (
    EngagedDefinition,
    LinkTable,
    NotMeasured,
    UnsuitableScale,
    link_table,
)
from exresearch.models import NotEstimable
from exresearch.study import Study, StudyError

HYPOTHESES = ("ex-precedes-cx", "two-way", "vicious-circle")
# The construct that stands for the customer side where customers were not asked.
COMPLAINTS = "complaints"
_FEW_WAVES = (
    "The same units were measured in {n_waves:integer} waves. Which side comes first can only be told from three or "
    "more: with fewer, what a unit always is cannot be told apart from what happens to it."
)
_OVERLAP = Note(
    message=(
        "Successive waves share part of the time they measure, so that no wave comes before another: which side comes "
        "first cannot be told."
    )
)
_FEW_UNITS = (
    "{n_units:integer} units were measured on both sides in three waves or more; {needed:integer} are needed."
)


@dataclass(frozen=True, slots=True)
class Direction:
    """Everything the page about direction shows.

    Attributes
    ----------
    findings : dict of str to Finding
        ``ex-precedes-cx``, ``two-way``, ``vicious-circle``; all with the same ``direction_verdict``.
    links : Links
        The link between units and the link within units; empty where the two sides cannot be linked.
    effects : pandas.DataFrame
        Components of the deciding model under their names in the registry; empty where it has no numbers.
    paths : pandas.DataFrame
        ``term`` (ex_autoregressive, cx_autoregressive, ex_to_cx, cx_to_ex) and the estimate schema, standardised.
    lags : pandas.DataFrame
        Of :func:`exresearch.models.lag_scan`; may be empty.
    shocks : pandas.DataFrame
        Effects of rises and falls, in standard deviations of changes; may be empty.
    labels : dict of str to dict of str to str
        Label of ``ex`` and ``cx`` in both languages.
    shares : tuple of bool
        Whether EX, and CX, are shares of people.
    n_waves : int
        Waves in which units have both sides.
    nuance : tuple of Note
        What the word of the verdict leaves out; also the first caveats of every finding.
    link : LinkTable or None
        The two sides by unit; None where they cannot be linked.
    """

    findings: dict[str, Finding]
    links: Links
    effects: pd.DataFrame
    paths: pd.DataFrame
    lags: pd.DataFrame
    shocks: pd.DataFrame
    labels: dict[str, dict[str, str]]
    shares: tuple[bool, bool]
    n_waves: int
    nuance: tuple[Note, ...] = ()
    link: LinkTable | None = None

    @property
    def verdict(self) -> DirectionVerdict | None:
        """Which comes first; None where these data leave it open, or could not be asked."""
        return self.findings["ex-precedes-cx"].direction_verdict


def which_comes_first(
    study: Study,
    *,
    ex_measure: str,
    cx_measure: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    set_apart: str,
    waves_overlap: bool,
    min_unit_n: int,
    conf_level: float,
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
) -> Direction:
    """Decide which of employee and customer experience comes first, and whether they form a circle.

    A cross-lagged panel model with random intercepts decides: does a unit that is above its own level on the one side
    come to lie above its own level on the other, a wave later. Under three waves, or where waves overlap, the answer is
    ``undetermined_by_design``; with too few units, or a model without a stable answer, the claims are not testable,
    because then there are no numbers that could be inconclusive. Where customers were not asked and complaints are
    counted, the circle alone is decided, by complaints per head.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, cx_measure : str
        Constructs of both sides.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    set_apart : str
        ``column=value`` of a category of units that is left out in a check, or empty.
    waves_overlap : bool
        Whether successive waves share part of the time they measure.
    min_unit_n : int
        Answers a unit needs on each side, in every wave.
    conf_level, n_boot, seed
        Of every interval; the bootstrap serves the correlations.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    Direction

    Raises
    ------
    StudyError
        If ``set_apart`` does not name a category of the units and one of its values.
    """
    problem = set_apart_problem(study, set_apart)
    if problem is not None:
        raise StudyError([problem])
    labels = {"ex": side_label(study, ex_measure), "cx": side_label(study, cx_measure)}
    sides: dict[str, Any] = {"ex_measure": ex_measure, "cx_measure": cx_measure, "min_unit_n": min_unit_n}
    ready = testability_of(
        study, HYPOTHESES, **sides, engaged_definition=engaged_definition, conf_level=conf_level
    )
    scale: dict[str, Any] = {
        "engaged_definition": engaged_definition,
        "engaged_threshold": engaged_threshold,
    }
    try:
        link = link_table(study, **sides, **scale)
    except (NotMeasured, UnsuitableScale) as error:
        if isinstance(error, NotMeasured) and ready["vicious-circle"].reason is None:
            circle = which_comes_first(
                study,
                ex_measure=ex_measure,
                cx_measure=COMPLAINTS,
                engaged_definition=engaged_definition,
                engaged_threshold=engaged_threshold,
                set_apart=set_apart,
                waves_overlap=waves_overlap,
                min_unit_n=min_unit_n,
                conf_level=conf_level,
                n_boot=n_boot,
                seed=seed,
                rules=rules,
            )
            return _only_circle(circle, ready, rules=rules)
        return _unlinked(study, ready, error, definition=engaged_definition, labels=labels, rules=rules)
    present = set(link.panel["wave"])
    waves = [wave for wave in study.waves if wave in present] or sorted(present)
    resampling: dict[str, Any] = {"conf_level": conf_level, "n_boot": n_boot, "seed": seed}
    links = links_of(link, waves=waves, set_apart=set_apart, **resampling)
    shares = (link.ex.kind == "share", link.cx.kind == "share")
    shown: dict[str, Any] = {
        "links": links,
        "labels": labels,
        "shares": shares,
        "n_waves": len(waves),
        "link": link,
    }
    stopped, verdict = _stopped(link, waves, overlap=waves_overlap)
    if stopped is not None:
        return _untested(ready, stopped, verdict, rules=rules, **shown)
    incomplete = bool((link.panel.groupby("unit").size() < len(waves)).any())
    panel = link.panel[["unit", "wave", "ex", "cx"]]
    try:
        fit = deciding_panel(panel, waves=waves, incomplete=incomplete, conf_level=conf_level)
    except NotEstimable as error:
        return _untested(ready, no_answer(error), None, rules=rules, **shown)

    answers = Answers(link.panel, waves)
    rows = component_rows(fit)
    parts = component_records(rows, method=FIML if incomplete else COMPLETE, answers=answers.all())
    verdict = direction_verdict(parts)
    errors = sampling_errors(study, link, waves=waves, **scale)
    apart = is_set_apart(link.panel, set_apart) if set_apart else None
    others, failed = other_models(
        panel,
        waves=waves,
        incomplete=incomplete,
        errors=errors,
        apart=apart,
        conf_level=conf_level,
        answers=answers,
    )
    beside = [
        r for r in links.records if r.term in ("between", "within", "between_set_apart", "within_set_apart")
    ]
    shocks, shock_records = shock_table(
        panel, waves=waves, conf_level=conf_level, answers=answers.in_a_row(3)
    )
    by_complaints = complaint_circle(study, link=link, conf_level=conf_level, **sides, **scale)
    extra = {"vicious-circle": [*by_complaints, *shock_records]}
    caveats = direction_caveats(
        study,
        link,
        fit,
        waves=waves,
        deviations=links.deviations,
        errors=errors,
        min_unit_n=min_unit_n,
        **scale,
    )
    finer = nuance(parts, verdict)
    caveats = [*finer, *caveats, *skipped_checks(failed)]
    common: dict[str, Any] = {
        # Units with enough answers over all waves may have too few in every one of them.
        "n_excluded": link.n_excluded + len(link.units) - fit.n,
        "rules": rules,
        "measures": {"ex": labels["ex"], "cx": labels["cx"]},
        "direction_verdict": verdict,
        "caveats": caveats,
    }
    findings = {
        name: _concluded(name, parts, [*_beside(name, others), *extra.get(name, []), *beside], common)
        for name in HYPOTHESES
    }
    table = fit.table
    paths = table[(table["scale"] == "standardised") & (table["wave_from"] == "all")].reset_index(drop=True)
    lags = scan(panel, waves=waves, conf_level=conf_level)
    return Direction(
        findings, effects=rows, paths=paths, lags=lags, shocks=shocks, nuance=tuple(finer), **shown
    )


def _concluded(
    name: str,
    parts: Mapping[str, EstimateRecord],
    robustness: Sequence[EstimateRecord],
    common: Mapping[str, Any],
) -> Finding:
    declared = load_registry()[name]
    if declared.rule == "single":
        (part,) = declared.components
        estimand = estimand_for(name, component=part)
        return conclude(parts[part], hypothesis=name, estimand=estimand, robustness=robustness, **common)
    own = {part: parts[part] for part in declared.components}
    return conclude_conjunction(own, hypothesis=name, robustness=robustness, **common)


def _beside(name: str, others: Mapping[str, list[EstimateRecord]]) -> list[EstimateRecord]:
    own = load_registry()[name].components
    return [record for part in COMPONENTS if part in own for record in others[part]]


def _stopped(
    link: LinkTable, waves: Sequence[str], *, overlap: bool
) -> tuple[Note | None, DirectionVerdict | None]:
    """Say why direction cannot be asked; by design where no number of units would help."""
    if len(waves) < MIN_WAVES_FOR_DIRECTION:
        note = Note(message=_FEW_WAVES, values={"n_waves": len(waves)})
        return note, "undetermined_by_design"
    if overlap:
        return _OVERLAP, "undetermined_by_design"
    needed = load_registry()["ex-precedes-cx"].needs.min_units
    usable = int((link.panel.groupby("unit").size() >= MIN_WAVES_FOR_DIRECTION).sum())
    if usable < needed:
        return Note(message=_FEW_UNITS, values={"n_units": usable, "needed": needed}), None
    return None, None


def _untested(
    ready: Mapping[str, Testability],
    reason: Note,
    verdict: DirectionVerdict | None,
    *,
    rules: DisclosureRules,
    **shown: Any,
) -> Direction:
    findings = {
        name: not_testable(
            name,
            reason=reason,
            rules=rules,
            # Where the design is what stands in the way, more units would not help.
            detectable_effect=None if verdict else ready[name].detectable_effect,
            direction_verdict=verdict,
        )
        for name in HYPOTHESES
    }
    empty = pd.DataFrame()
    return Direction(findings, effects=empty, paths=empty, lags=empty, shocks=empty, **shown)


def _only_circle(circle: Direction, ready: Mapping[str, Testability], *, rules: DisclosureRules) -> Direction:
    """Keep the verdict on the circle, by complaints, and say of the others what is missing."""
    findings = {
        name: circle.findings[name]
        if ready[name].reason is None
        else not_testable(
            name,
            reason=ready[name].reason or NOT_LINKED,
            rules=rules,
            detectable_effect=ready[name].detectable_effect,
        )
        for name in HYPOTHESES
    }
    return replace(circle, findings=findings)


def _unlinked(
    study: Study,
    ready: Mapping[str, Testability],
    error: Exception,
    *,
    definition: EngagedDefinition,
    labels: dict[str, dict[str, str]],
    rules: DisclosureRules,
) -> Direction:
    """Give the findings of a study in which the two sides cannot be linked."""
    reason = unsuitable_scale(definition) if isinstance(error, UnsuitableScale) else NOT_LINKED
    findings = {
        name: not_testable(
            name,
            reason=ready[name].reason or reason,
            rules=rules,
            detectable_effect=ready[name].detectable_effect,
        )
        for name in HYPOTHESES
    }
    empty = pd.DataFrame()
    return Direction(findings, NO_LINKS, empty, empty, empty, empty, labels, (False, False), len(study.waves))
