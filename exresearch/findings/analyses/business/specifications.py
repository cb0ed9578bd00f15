"""Notebook 09, beside its verdict: every outcome under every declared choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from exresearch.findings.analyses.business.checks import smaller_units
from exresearch.findings.analyses.business.models import outcome_fit
from exresearch.findings.analyses.business.outcomes import BusinessOutcomes
from exresearch.findings.analyses.business.panel import (
    HYPOTHESIS,
    RATES,
    OutcomePanel,
    Outcomes,
    outcome_label,
    outcome_panel,
)
from exresearch.findings.analyses.linkage.variants import DEFINITIONS
from exresearch.findings.analyses.sensitivity import (
    Alternative,
    Decision,
    Sensitivity,
    Specifications,
    declared_specifications,
    no_specifications,
)
from exresearch.findings.conclude import estimand_for
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.measures import EngagedDefinition, NotMeasured, UnsuitableScale, other_definition
from exresearch.models import NotEstimable
from exresearch.study import Study

# A unit needs this many times the answers in the stricter alternative.
_STRICTER = 2
_KEPT, _LEFT_OUT = Note(message="Kept equal"), Note(message="Not kept equal")
Panels = Mapping[tuple[str, int], OutcomePanel]


def outcome_specifications(
    study: Study,
    result: BusinessOutcomes,
    *,
    ex_alternative: str = "",
    conf_level: float,
    **side_options: Any,
) -> Sensitivity:
    """Answer for each outcome under every combination of choices that could have been made otherwise.

    Parameters
    ----------
    study : Study
        The client.
    result : BusinessOutcomes
        What :func:`exresearch.findings.analyses.business_outcomes` gave with the same settings.
    ex_alternative, conf_level, **side_options
        The declared choices, as there.

    Returns
    -------
    Sensitivity
        One curve per outcome, the first of the finding first. Decisions: ``scoring`` (employee experience as declared,
        by the other definition of engaged, or by the alternative measure), ``answers`` (least in a unit and wave),
        ``kinds`` (of unit kept equal or not), ``units`` (all, or without the largest tenth) and ``earlier`` (its own
        value of a wave before); a decision that changes nothing in these data is not there. Without curves, with the
        reason, where the finding was not testable.
    """
    if not result.finding.tested:
        unit = estimand_for(HYPOTHESIS)
        nothing = no_specifications(unit_of_measurement=unit.unit, note=result.finding.reason, null=unit.null)
        return Sensitivity(nothing)
    panels, sample = _panels(study, ex_alternative, **side_options)
    curves = tuple(
        (
            Note(message="{outcome}", values={"outcome": outcome_label(record.term)}),
            _curve(panels, sample, record, result.finding, conf_level=conf_level),
        )
        for record in result.finding.components
    )
    return Sensitivity(curves[0][1], curves)


def _panels(
    study: Study,
    ex_alternative: str,
    *,
    ex_measure: str,
    engaged_definition: EngagedDefinition,
    min_unit_n: int,
    **options: Any,
) -> tuple[dict[tuple[str, int], OutcomePanel], list[Decision]]:
    """Units by wave under every scoring and limit of answers, with the decisions between them."""

    def read(
        measure: str, definition: EngagedDefinition, least: int, outcomes: Outcomes | None
    ) -> OutcomePanel:
        return outcome_panel(
            study,
            ex_measure=measure,
            engaged_definition=definition,
            min_unit_n=least,
            outcomes=outcomes,
            **options,
        )

    declared = read(ex_measure, engaged_definition, min_unit_n, None)
    engaged = ex_measure == "engagement" and declared.side.source == "employees"
    label = DEFINITIONS[engaged_definition] if engaged else _named(study, ex_measure)
    ways: list[tuple[str, Note, str, EngagedDefinition]] = [
        ("declared", label, ex_measure, engaged_definition)
    ]
    other = other_definition(engaged_definition) if engaged else None
    if other is not None:
        ways.append((other, DEFINITIONS[other], ex_measure, other))
    if ex_alternative:
        ways.append(("alternative", _named(study, ex_alternative), ex_alternative, engaged_definition))
    more = _STRICTER * min_unit_n
    stricter = read(ex_measure, engaged_definition, more, declared.outcomes)
    # Where asking more answers leaves no unit out, every estimate would count twice.
    limits = [min_unit_n] if stricter.frame["ex"].equals(declared.frame["ex"]) else [min_unit_n, more]
    panels = {("declared", min_unit_n): declared, ("declared", more): stricter}
    scorings = []
    for key, words, measure, definition in ways:
        try:
            for least in limits:
                if (key, least) not in panels:
                    panels[key, least] = read(measure, definition, least, declared.outcomes)
        except (NotMeasured, UnsuitableScale):
            continue
        scorings.append(Alternative(key, words, key))
    answers = [
        Alternative(f"n_{least}", Note(message="{least:integer} or more", values={"least": least}), least)
        for least in limits
    ]
    sample = [
        Decision("scoring", Note(message="Employees' side"), tuple(scorings)),
        Decision("answers", Note(message="Answers a unit needs"), tuple(answers)),
    ]
    return panels, sample


def _curve(
    panels: Panels,
    sample: list[Decision],
    record: EstimateRecord,
    finding: Finding,
    *,
    conf_level: float,
) -> Specifications:
    declared = next(iter(panels.values()))
    decisions = list(sample)
    if _has_kinds(declared, record.term, conf_level):
        kinds = (Alternative("kept", _KEPT, True), Alternative("left_out", _LEFT_OUT, False))
        decisions.append(Decision("kinds", Note(message="Kinds of unit"), kinds))
    if smaller_units(declared):
        units = (
            Alternative("all", Note(message="All"), False),
            Alternative("smaller", Note(message="Without the largest tenth"), True),
        )
        decisions.append(Decision("units", Note(message="Units"), units))
    earlier = (Alternative("left_out", _LEFT_OUT, False), Alternative("kept", _KEPT, True))
    decisions.append(Decision("earlier", Note(message="The outcome of a wave before"), earlier))
    # A choice with one alternative is none.
    decisions = [one for one in decisions if len(one.alternatives) > 1]
    bounds = finding.smallest_effect if record.rule is None else record.rule.smallest_effect
    return declared_specifications(
        panels,
        decisions=decisions,
        estimate=partial(
            _estimate, component=record.term, least=next(iter(panels))[1], conf_level=conf_level
        ),
        # The declared way comes first in every decision.
        deciding={one.name: one.alternatives[0].key for one in decisions},
        unit_of_measurement=record.unit_of_measurement,
        null=1.0 if record.term in RATES else 0.0,
        smallest_effect=(bounds.low, bounds.high),
        verdict=record,
    )


def _has_kinds(panel: OutcomePanel, component: str, conf_level: float) -> bool:
    """Whether kinds of unit are kept equal in the deciding fit: not where some of them single out units."""
    if not panel.categories:
        return False
    try:
        outcome_fit(panel, component, conf_level=conf_level)
    except NotEstimable:
        return False
    return True


def _estimate(
    panels: Panels,
    *,
    component: str,
    least: int,
    conf_level: float,
    scoring: str = "declared",
    answers: int | None = None,
    kinds: bool = False,
    units: bool = False,
    earlier: bool = False,
) -> dict[str, Any]:
    panel = panels[scoring, least if answers is None else answers]
    if component not in panel.measured:
        raise NotEstimable(f"'{component}' is not measured.")
    fit = outcome_fit(
        panel,
        component,
        categories=kinds,
        earlier=earlier,
        units=smaller_units(panel) if units else None,
        conf_level=conf_level,
    )
    # Employee experience is the only term here, so that no table is made of it.
    first = {name: values if np.ndim(values) == 0 else values[0] for name, values in fit.cells.items()}
    return first | {"n_clusters": first["n_units"]}


def _named(study: Study, construct: str) -> Note:
    return Note(message="{measure}", values={"measure": study.codebook.label(construct)})
