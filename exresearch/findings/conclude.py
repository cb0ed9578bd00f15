"""From estimates to a finding: the declared estimand is looked up, the rule applied, the record made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from exresearch.disclosure import DisclosureRules
from exresearch.findings.decision import DirectionVerdict, Verdict, combine
from exresearch.findings.finding import (
    Comparison,
    DecisionRule,
    DetectableEffect,
    DriverRecord,
    EstimateRecord,
    Finding,
    SmallestEffect,
)
from exresearch.findings.multiplicity import holm
from exresearch.findings.note import Note
from exresearch.findings.registry import Estimand, load_registry

Side = Literal["ex", "cx", "bx"]
_REASONS = {
    Verdict.SUPPORTED: (
        "The whole interval lies on the side of the claim, and not all of it is too small to matter."
    ),
    Verdict.CONTRADICTED: "The whole interval lies on the other side than the claim.",
    Verdict.EQUIVALENT: ("The whole interval lies within what was agreed to be too small to matter."),
    Verdict.INCONCLUSIVE: (
        "The interval holds both no effect and effects that would matter: these data do not decide."
    ),
}
_ADJUSTED = (
    "The interval leaves out no effect, but after correction for several tests (p = {p_adjusted:p}) this may be "
    "chance."
)
_TOGETHER = {
    Verdict.SUPPORTED: "Each of the {n:integer} measured parts of the claim supports it.",
    Verdict.CONTRADICTED: "No measured part of the claim supports it, and at least one contradicts it.",
    Verdict.EQUIVALENT: "For each of the {n:integer} measured parts of the claim the effect is too small to matter.",
    Verdict.INCONCLUSIVE: (
        "The claim is about all its parts together, and not all of the {n:integer} measured ones support it."
    ),
}
_ALL_OPEN = (
    "None of the {n:integer} measured parts of the claim decides: no verdict on a single one is more than "
    "inconclusive."
)


def estimand_for(
    hypothesis: str, *, component: str | None = None, ex_construct: str | None = None
) -> Estimand:
    """Return the estimand that decides a hypothesis, as declared in the registry.

    Parameters
    ----------
    hypothesis : str
        Its id.
    component : str, optional
        Member of the family, where the hypothesis has components; the first declared one by default.
    ex_construct : str, optional
        What the employee side measures; some estimands are reserved for one construct.

    Returns
    -------
    Estimand

    Raises
    ------
    UnknownHypothesis
        If the registry has no such id.
    ValueError
        If the hypothesis has no such component.

    Examples
    --------
    >>> estimand_for("engagement-cx", ex_construct="engagement").name, estimand_for("engagement-cx").name
    ('ratio', 'correlation')
    """
    declared = load_registry()[hypothesis]
    if component is None and declared.components:
        component = declared.components[0]
    return declared.deciding(component=component, ex_construct=ex_construct)


def conclude(
    deciding: EstimateRecord,
    *,
    hypothesis: str,
    estimand: Estimand,
    n_excluded: int,
    rules: DisclosureRules,
    robustness: Sequence[EstimateRecord] = (),
    comparisons: Sequence[Comparison] = (),
    measures: Mapping[Side, dict[str, str]] | None = None,
    direction_verdict: DirectionVerdict | None = None,
    caveats: Sequence[Note] = (),
) -> Finding:
    """Apply the decision rule to one estimate and make the finding.

    Parameters
    ----------
    deciding : EstimateRecord
        The estimate of the declared estimand.
    hypothesis : str
        Id of the hypothesis.
    estimand : Estimand
        Its declaration: null, direction, smallest effect of interest.
    n_excluded : int
        Units left out of a link between units; answer sheets left out elsewhere.
    rules : DisclosureRules
        The rules under which the numbers may be shown.
    robustness, comparisons, caveats
        What is shown beside the verdict; none of it changes the verdict.
    measures : mapping, optional
        Label of what stands for ``ex``, ``cx`` or ``bx``, in both languages.
    direction_verdict : str, optional
        What comes first, of a hypothesis about direction; None where the data leave it open.

    Returns
    -------
    Finding

    Raises
    ------
    ValueError
        If the estimate has no p-value.
    """
    if deciding.p_value is None:
        raise ValueError(f"{hypothesis}: the deciding estimate {deciding.term!r} needs a p-value.")
    verdict = rule_of(estimand).decide(
        deciding.conf_low,
        deciding.conf_high,
        p_adjusted=deciding.p_value,
        conf_level=deciding.conf_level,
    )
    return Finding(
        hypothesis=hypothesis,
        verdict=verdict,
        reason=_reason(verdict, deciding, estimand, p_adjusted=deciding.p_value),
        **_declared(hypothesis, estimand, rules),
        **_numbers(deciding, p_adjusted=deciding.p_value),
        n_excluded=n_excluded,
        robustness=tuple(robustness),
        comparisons=tuple(comparisons),
        measures=dict(measures or {}),
        direction_verdict=direction_verdict,
        caveats=tuple(caveats),
    )


def rule_of(estimand: Estimand) -> DecisionRule:
    """Return what a declared estimand decides by."""
    return DecisionRule(
        estimand=estimand.name,
        null=estimand.null,
        direction=estimand.direction,
        smallest_effect=SmallestEffect(low=estimand.smallest_effect.low, high=estimand.smallest_effect.high),
    )


def conclude_conjunction(
    components: Mapping[str, EstimateRecord],
    *,
    hypothesis: str,
    n_excluded: int,
    rules: DisclosureRules,
    ex_construct: str | None = None,
    robustness: Sequence[EstimateRecord] = (),
    drivers: Sequence[DriverRecord] = (),
    comparisons: Sequence[Comparison] = (),
    measures: Mapping[Side, dict[str, str]] | None = None,
    direction_verdict: DirectionVerdict | None = None,
    caveats: Sequence[Note] = (),
) -> Finding:
    """Decide a claim about several things at once: each by its own declared estimand, and all must agree.

    Where the registry corrects the family, the p-values of the components are corrected together by Holm's method.

    Parameters
    ----------
    components : mapping of str to EstimateRecord
        One estimate per component that could be measured, under its name in the registry; the first is the headline of
        the finding.
    hypothesis, n_excluded, rules, robustness, comparisons, measures, direction_verdict, caveats
        As :func:`conclude`.
    ex_construct : str, optional
        As :func:`estimand_for`.
    drivers : sequence of DriverRecord
        Importance of every driver for every outcome.

    Returns
    -------
    Finding

    Raises
    ------
    ValueError
        If there is no component, or one has no p-value.
    """
    if not components:
        raise ValueError(f"{hypothesis}: a conjunction needs at least one tested component; got none.")
    untested = [name for name, record in components.items() if record.p_value is None]
    if untested:
        raise ValueError(f"{hypothesis}: components need a p-value; {', '.join(untested)} have none.")
    p_values = {name: record.p_value for name, record in components.items()}
    correct = load_registry().family_of(hypothesis).correction == "holm"
    adjusted = holm(p_values) if correct else p_values
    estimands = {
        name: estimand_for(hypothesis, component=name, ex_construct=ex_construct) for name in components
    }
    decided: list[EstimateRecord] = []
    for name, record in components.items():
        p_adjusted = adjusted[name]
        rule = rule_of(estimands[name])
        verdict = rule.decide(
            record.conf_low,
            record.conf_high,
            p_adjusted=1.0 if p_adjusted is None else p_adjusted,
            conf_level=record.conf_level,
        )
        update = {"p_adjusted": p_adjusted, "verdict": verdict, "rule": rule}
        decided.append(record.model_copy(update=update))
    estimand = next(iter(estimands.values()))
    verdict = combine(record.verdict for record in decided if record.verdict is not None)
    headline = decided[0]
    return Finding(
        hypothesis=hypothesis,
        verdict=verdict,
        reason=_together(verdict, decided, estimand),
        **_declared(hypothesis, estimand, rules),
        **_numbers(headline, p_adjusted=headline.p_adjusted),
        n_excluded=n_excluded,
        components=tuple(decided),
        robustness=tuple(robustness),
        drivers=tuple(drivers),
        comparisons=tuple(comparisons),
        measures=dict(measures or {}),
        direction_verdict=direction_verdict,
        caveats=tuple(caveats),
    )


def not_testable(
    hypothesis: str,
    *,
    reason: Note,
    rules: DisclosureRules,
    estimand: Estimand | None = None,
    detectable_effect: DetectableEffect | None = None,
    direction_verdict: DirectionVerdict | None = None,
    caveats: Sequence[Note] = (),
) -> Finding:
    """Make the finding of a hypothesis that these data cannot test, with the reason and the detectable effect.

    Parameters
    ----------
    hypothesis : str
        Its id.
    reason : Note
        Why not.
    rules : DisclosureRules
        The rules of this report.
    estimand : Estimand, optional
        The estimand that would have decided; the first declared one by default.
    detectable_effect : DetectableEffect, optional
        What a study of this size could have found.
    direction_verdict : str, optional
        ``undetermined_by_design`` where the design leaves open what comes first.
    caveats : sequence of Note
        Anything else to know.

    Returns
    -------
    Finding
    """
    declared = estimand if estimand is not None else estimand_for(hypothesis)
    return Finding(
        hypothesis=hypothesis,
        verdict=Verdict.NOT_TESTABLE,
        reason=reason,
        **_declared(hypothesis, declared, rules),
        detectable_effect=detectable_effect,
        direction_verdict=direction_verdict,
        caveats=tuple(caveats),
    )


def _together(verdict: Verdict, decided: Sequence[EstimateRecord], estimand: Estimand) -> Note:
    if len(decided) == 1:
        p_adjusted = decided[0].p_adjusted
        return _reason(verdict, decided[0], estimand, p_adjusted=1.0 if p_adjusted is None else p_adjusted)
    if verdict is Verdict.CONTRADICTED:
        return Note(message=_TOGETHER[verdict])
    all_open = all(record.verdict is Verdict.INCONCLUSIVE for record in decided)
    return Note(message=_ALL_OPEN if all_open else _TOGETHER[verdict], values={"n": len(decided)})


def _reason(verdict: Verdict, record: EstimateRecord, estimand: Estimand, *, p_adjusted: float) -> Note:
    if verdict is not Verdict.INCONCLUSIVE or record.conf_low <= estimand.null <= record.conf_high:
        return Note(message=_REASONS[verdict])
    return Note(message=_ADJUSTED, values={"p_adjusted": p_adjusted})


def _declared(hypothesis: str, estimand: Estimand, rules: DisclosureRules) -> dict[str, Any]:
    message, values = rules.sentence()
    return {
        "estimand": estimand.name,
        "unit_of_measurement": estimand.unit,
        "null": estimand.null,
        "direction": estimand.direction,
        "smallest_effect": SmallestEffect(
            low=estimand.smallest_effect.low, high=estimand.smallest_effect.high
        ),
        "family": load_registry()[hypothesis].family,
        "disclosure_rule": Note(message=message, values=dict(values)),
    }


def _numbers(record: EstimateRecord, *, p_adjusted: float | None) -> dict[str, Any]:
    names = (
        "estimate",
        "conf_low",
        "conf_high",
        "conf_level",
        "std_error",
        "p_value",
        "n",
        "n_units",
        "method",
    )
    return {name: getattr(record, name) for name in names} | {"p_adjusted": p_adjusted}
