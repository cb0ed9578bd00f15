"""Notebook 10, beside its verdict: the effect of a programme under every declared choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from exresearch.findings.analyses.programmes.checks import covariates_of
from exresearch.findings.analyses.programmes.effects import (
    Name,
    SideEffects,
    again,
    answers_behind,
    in_deviations,
)
from exresearch.findings.analyses.programmes.panel import Programme, starts_of
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

_NAMES: dict[str, Note] = {
    "ex": Note(message="Employee experience from the start on"),
    "cx": Note(message="Customer experience from a wave after it on"),
}
_HELD = {
    (True, True): Note(message="Size and kind of the units"),
    (True, False): Note(message="Size of the units"),
    (False, True): Note(message="Kind of the units"),
}


def programme_specifications(
    finding: Finding, both: Mapping[Name, SideEffects], programme: Programme
) -> Sensitivity:
    """Estimate the effect on each side under all combinations of the declared choices.

    Parameters
    ----------
    finding : Finding
        The verdict on ``programme-effect``; where it could not be reached, because a side is missing, no combination
        is marked as the deciding one.
    both : mapping of side to SideEffects
        The sides that could be estimated, employees first.
    programme : Programme
        Of :func:`~exresearch.findings.analyses.programmes.panel.read_programme`.

    Returns
    -------
    Sensitivity
        In standard deviations between units, the same throughout. Decisions: ``controls`` (units that have not started
        yet, or never do), ``anticipation`` (waves before the start in which it may work: the declared number, none,
        one), ``covariates`` (nothing; size and kind of the unit) and ``weights`` (units alike; by answers). A decision
        that changes nothing, or that these data do not leave, is not there.
    """
    records = {record.term: record for record in finding.components} if finding.tested else {}
    curves = tuple(
        (_NAMES[name], _curve(one, programme, finding, records.get(name))) for name, one in both.items()
    )
    return Sensitivity(curves[0][1], curves)


def no_programme(finding: Finding) -> Sensitivity:
    """Return the place of the curves where no side could be estimated, with the reason."""
    estimand = estimand_for(finding.hypothesis)
    return Sensitivity(
        no_specifications(unit_of_measurement=estimand.unit, note=finding.reason, null=estimand.null)
    )


def _curve(
    one: SideEffects, programme: Programme, finding: Finding, record: EstimateRecord | None
) -> Specifications:
    panel, names = covariates_of(one, programme)
    decisions = _decisions(one, names, weighed=bool(panel["n"].notna().all()))
    if not decisions:
        lacking = Note(message="These data leave one way only to estimate the effect.")
        return no_specifications(unit_of_measurement="standardised", note=lacking)
    bounds = finding.smallest_effect
    return declared_specifications(
        panel,
        decisions=decisions,
        estimate=partial(_estimate, one=one),
        # The declared way comes first in every decision.
        deciding=None if record is None else {each.name: each.alternatives[0].key for each in decisions},
        unit_of_measurement="standardised",
        smallest_effect=(bounds.low, bounds.high),
        verdict=record,
    )


def _decisions(one: SideEffects, names: list[str], *, weighed: bool) -> list[Decision]:
    decisions = []
    starts = starts_of(one.panel)
    later = starts[starts.notna() & (starts != one.waves[0])]
    # With one start, or none that never do, the two groups of controls are one or not there.
    if len(set(later)) > 1 and starts.isna().any():
        controls = (
            Alternative("not_yet", Note(message="Units that have not started yet"), "not_yet"),
            Alternative("never", Note(message="Units that never start"), "never"),
        )
        decisions.append(Decision("controls", Note(message="Compared with"), controls))
    declared = int(one.options["anticipation"])
    waves = [declared, *(count for count in (0, 1) if count != declared)]
    early = tuple(Alternative(f"waves_{count}", _early(count), count) for count in waves)
    decisions.append(Decision("anticipation", Note(message="May work from"), early))
    if names:
        held = _HELD["log_answers" in names, any(name != "log_answers" for name in names)]
        covariates = (
            Alternative("none", Note(message="Nothing"), []),
            Alternative("equal", held, names),
        )
        decisions.append(Decision("covariates", Note(message="Held equal"), covariates))
    if weighed:
        weights = (
            Alternative("units", Note(message="All alike"), None),
            Alternative("answers", Note(message="By number of answers"), "n"),
        )
        decisions.append(Decision("weights", Note(message="How units count"), weights))
    return decisions


def _early(count: int) -> Note:
    if count == 0:
        return Note(message="The wave of the start")
    if count == 1:
        return Note(message="One wave before the start")
    return Note(message="{count:integer} waves before the start", values={"count": count})


def _estimate(
    data: pd.DataFrame,
    *,
    one: SideEffects,
    controls: str = "not_yet",
    anticipation: int,
    covariates: list[str] | None = None,
    weights: str | None = None,
) -> pd.DataFrame:
    found = again(
        one, data, control=controls, anticipation=anticipation, covariates=covariates or [], weights=weights
    )
    row = in_deviations(found.overall, one.effects.baseline_sd).iloc[[0]]
    # Clusters are units, or the category that the programme was assigned by; n counts answers.
    return row.assign(n=answers_behind(data))
