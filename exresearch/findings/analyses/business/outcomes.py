"""Notebook 09: employee experience and what the business sees of it a wave later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.business.checks import checks_beside, component_record
from exresearch.findings.analyses.business.levels import rates_by_level
from exresearch.findings.analyses.business.models import OutcomeFit, outcome_fit
from exresearch.findings.analyses.business.notes import EARNINGS, check_notes, data_notes
from exresearch.findings.analyses.business.panel import (
    COMPONENTS,
    HYPOTHESIS,
    RATES,
    OutcomePanel,
    outcome_label,
    outcome_panel,
)
from exresearch.findings.analyses.business.strength import (
    confounding_table,
    dispersion_table,
)
from exresearch.findings.analyses.wording import side_label
from exresearch.findings.conclude import conclude_conjunction, estimand_for, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.registry import load_registry
from exresearch.findings.shared_source import shared_sources
from exresearch.findings.testability import testability, unsuitable_scale
from exresearch.measures import EngagedDefinition, NotMeasured, UnsuitableScale
from exresearch.models import NotEstimable
from exresearch.study import Study


@dataclass(frozen=True, slots=True)
class BusinessOutcomes:
    """Everything the page about business outcomes shows; frames are empty where nothing could be tested.

    Attributes
    ----------
    finding : Finding
        The verdict on ``business-outcomes``.
    outcomes : pandas.DataFrame
        ``component, label, estimate, conf_low, conf_high, conf_level, unit_of_measurement, verdict, n, n_units, low,
        high`` (bounds of what is too small to matter) per outcome.
    checks : pandas.DataFrame
        As :class:`~exresearch.findings.analyses.business.checks.Checks`.
    levels : pandas.DataFrame
        As :func:`~exresearch.findings.analyses.business.levels.rates_by_level`, of turnover (of absence without it),
        with ``component`` and ``label``.
    dispersion, confounding : pandas.DataFrame
        As in :mod:`exresearch.findings.analyses.business.strength`.
    labels : dict of str to dict of str to str
        Label of ``ex`` in both languages.
    ex_is_share : bool
        Whether employee experience is a share of people.
    """

    finding: Finding
    outcomes: pd.DataFrame
    checks: pd.DataFrame
    levels: pd.DataFrame
    dispersion: pd.DataFrame
    confounding: pd.DataFrame
    labels: dict[str, dict[str, str]]
    ex_is_share: bool

    @property
    def first(self) -> str | None:
        """The outcome that heads the finding."""
        return None if self.outcomes.empty else str(self.outcomes["component"].iloc[0])


def business_outcomes(
    study: Study,
    *,
    ex_measure: str,
    ex_alternative: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    min_unit_n: int,
    conf_level: float,
    rules: DisclosureRules,
) -> BusinessOutcomes:
    """Decide whether good employee experience goes with less turnover and absence, and with better figures.

    Each outcome is set against employee experience of the wave before, per standard deviation of it over units and
    waves: turnover and absence as ratios of rates per person, productivity and result as standardised slopes.

    Parameters
    ----------
    study : Study
        The client; a customer side is not needed.
    ex_measure, ex_alternative : str
        Construct of employee experience; the alternative is a check, or empty.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    min_unit_n : int
        Answers a unit needs in a wave.
    conf_level : float
        Level of the intervals.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    BusinessOutcomes
    """
    label = side_label(study, ex_measure)
    ready = testability(
        study, HYPOTHESIS, ex_measure=ex_measure, min_unit_n=min_unit_n, conf_level=conf_level
    )
    side: dict[str, Any] = {
        "engaged_definition": engaged_definition,
        "engaged_threshold": engaged_threshold,
        "min_unit_n": min_unit_n,
    }
    reason, panel = ready.reason, None
    if reason is None:
        try:
            panel = outcome_panel(study, ex_measure=ex_measure, **side)
        except UnsuitableScale:
            reason = unsuitable_scale(engaged_definition)
        except NotMeasured:
            reason = Note(message="Employee experience is not measured by unit and wave.")
    fits: dict[str, OutcomeFit] = {}
    caveats: list[Note] = []
    if panel is not None:
        fits, caveats, reason = _deciding(panel, conf_level=conf_level)
    if panel is None or reason is not None:
        finding = not_testable(
            HYPOTHESIS,
            reason=reason or Note(message="Employee experience is not measured by unit and wave."),
            rules=rules,
            estimand=estimand_for(HYPOTHESIS),
            detectable_effect=ready.detectable_effect,
            caveats=[*caveats, EARNINGS],
        )
        none = pd.DataFrame()
        return BusinessOutcomes(finding, none, none, none, none, none, {"ex": label}, False)

    alternative, missing = _alternative(study, ex_alternative, side)
    checks = checks_beside(
        panel,
        fits,
        alternative=alternative,
        measure=study.codebook.label(ex_alternative) if ex_alternative else None,
        conf_level=conf_level,
    )
    finding = conclude_conjunction(
        {name: component_record(fit) for name, fit in fits.items()},
        hypothesis=HYPOTHESIS,
        n_excluded=panel.n_excluded,
        rules=rules,
        robustness=checks.records,
        measures={"ex": label},
        caveats=[
            *data_notes(panel, fits),
            *shared_sources(study, [ex_measure, ex_alternative], list(fits)),
            *caveats,
            *missing,
            *check_notes(checks),
            EARNINGS,
        ],
    )
    rate = next((name for name in RATES if name in fits), None)
    levels = pd.DataFrame()
    if rate is not None:
        levels = rates_by_level(panel, rate, least_units=rules.min_units, conf_level=conf_level)
        levels = levels.assign(
            component=rate, label=pd.Series([outcome_label(rate)] * len(levels), dtype="object")
        )
    return BusinessOutcomes(
        finding=finding,
        outcomes=_outcomes(finding),
        checks=checks.frame,
        levels=levels,
        dispersion=dispersion_table(fits),
        confounding=confounding_table(fits, conf_level=conf_level),
        labels={"ex": label},
        ex_is_share=panel.side.kind == "share",
    )


def _deciding(
    panel: OutcomePanel, *, conf_level: float
) -> tuple[dict[str, OutcomeFit], list[Note], Note | None]:
    """The deciding fit of every outcome that has one, what to say of the others, and why there is none at all."""
    least = load_registry()[HYPOTHESIS].needs.min_units
    fits: dict[str, OutcomeFit] = {}
    caveats: list[Note] = []
    most = 0
    for name in COMPONENTS:
        values: dict[str, NoteValue] = {"outcome": outcome_label(name)}
        if name in panel.lacking:
            caveats.append(panel.lacking[name])
            continue
        fit = None
        for kinds in (True, False) if panel.categories else (True,):
            try:
                fit = outcome_fit(panel, name, categories=kinds, conf_level=conf_level)
            except NotEstimable:
                continue
            if not kinds:
                message = (
                    "For {outcome} kinds of unit could not be kept equal: some of them single out units, or have no "
                    "events."
                )
                caveats.append(Note(message=message, values=values))
            break
        if fit is None:
            message = (
                "{outcome} is left out: it hardly differs or occurs, or too few units have it a wave after the answers "
                "of employees."
            )
            caveats.append(Note(message=message, values=values))
            continue
        n_units = fit.used["unit"].nunique()
        most = max(most, n_units)
        if n_units < least:
            message = (
                "{outcome} is left out: {n_units:integer} units have it a wave after employee experience, and at least "
                "{least:integer} are needed."
            )
            caveats.append(Note(message=message, values=values | {"n_units": n_units, "least": least}))
            continue
        fits[name] = fit
    if fits:
        return fits, caveats, None
    if most:
        message = "{n_units:integer} units can be linked over two waves; at least {least:integer} are needed."
        return {}, caveats, Note(message=message, values={"n_units": most, "least": least})
    message = "None of the four outcomes is measured by unit in such a way that it can be linked with the wave before."
    return {}, caveats, Note(message=message)


def _alternative(
    study: Study, construct: str, side: Mapping[str, Any]
) -> tuple[OutcomePanel | None, list[Note]]:
    if not construct:
        return None, []
    try:
        return outcome_panel(study, ex_measure=construct, **side), []
    except (NotMeasured, UnsuitableScale):
        message = "The check with {measure} could not be done: it is not measured by unit and wave."
        return None, [Note(message=message, values={"measure": study.codebook.label(construct)})]


def _outcomes(finding: Finding) -> pd.DataFrame:
    rows = []
    for record in finding.components:
        bounds = record.rule.smallest_effect if record.rule is not None else finding.smallest_effect
        kept = record.model_dump(
            include={"estimate", "conf_low", "conf_high", "conf_level", "unit_of_measurement", "n", "n_units"}
        )
        rows.append(
            {
                "component": record.term,
                "label": outcome_label(record.term),
                **kept,
                "verdict": None if record.verdict is None else record.verdict.value,
                "low": bounds.low,
                "high": bounds.high,
            }
        )
    return pd.DataFrame(rows)
