"""Notebook 09: do those who recommend the employer stay, and do they bring others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.talent.advocacy import (
    advocacy,
    fitting,
    question,
    recommendation_by_phase,
)
from exresearch.findings.analyses.talent.exits import Exits, exits
from exresearch.findings.analyses.talent.funnel import funnel
from exresearch.findings.analyses.talent.referrals import referrals
from exresearch.findings.analyses.talent.survival import survival
from exresearch.findings.conclude import conclude_conjunction, not_testable
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.findings.testability import testability
from exresearch.measures import (
    NotScorable,
    construct_score,
    dependence_groups,
    oriented,
    score_items,
)
from exresearch.models import e_value
from exresearch.study import Study

_HYPOTHESIS = "talent-magnet"
#: How the estimate of each component is read where an E-value is computed.
_SCALES: dict[str, Literal["risk_ratio", "hazard_ratio", "standardised"]] = {
    "hazard_ratio": "hazard_ratio",
    "rate_ratio": "risk_ratio",
    "correlation": "standardised",
}


@dataclass(frozen=True, slots=True)
class TalentMagnet:
    """Everything the page shows about keeping and attracting people; no row of it is about one person.

    Attributes
    ----------
    finding : Finding
        The verdict on ``talent-magnet``.
    survival : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.talent.survival.survival`.
    proportional : pandas.DataFrame
        The test of proportional hazards.
    referrals : pandas.DataFrame
        Referred applicants per 100 employees, by groups of units.
    funnel : pandas.DataFrame
        From reach to new employees and their first year.
    units : pandas.DataFrame
        ``unit, ex`` (eNPS), ``cx`` (NPS) and ``n_ex, n_cx`` of the units, in the order of their scores.
    phases : pandas.DataFrame
        Mean recommendation of candidates, employees, leavers and former employees.
    e_values : pandas.DataFrame
        ``term, label, unit_of_measurement, estimate, conf_low, conf_high, conf_level, e_value, e_value_limit, n``.
    variant : str
        Which answers make promoters and detractors; empty where nobody was asked.
    """

    finding: Finding
    survival: pd.DataFrame = field(default_factory=pd.DataFrame)
    proportional: pd.DataFrame = field(default_factory=pd.DataFrame)
    referrals: pd.DataFrame = field(default_factory=pd.DataFrame)
    funnel: pd.DataFrame = field(default_factory=pd.DataFrame)
    units: pd.DataFrame = field(default_factory=pd.DataFrame)
    phases: pd.DataFrame = field(default_factory=pd.DataFrame)
    e_values: pd.DataFrame = field(default_factory=pd.DataFrame)
    variant: str = ""


def talent_magnet(
    study: Study,
    *,
    enps_variant: Literal["us", "eu", "custom"],
    enps_promoters_from: int = 9,
    enps_detractors_to: int = 6,
    min_unit_n: int,
    conf_level: float,
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
) -> TalentMagnet:
    """Decide whether recommending the employer goes with staying, with bringing applicants, and with customers' NPS.

    Each component is decided by the estimand that the registry declares for it; the p-values are corrected together. A
    component without its data is named in a caveat. Where nobody was asked whether they recommend, engagement stands
    in, on the same scale of 0 to 10.

    Parameters
    ----------
    study : Study
        The client.
    enps_variant, enps_promoters_from, enps_detractors_to
        Promoters and detractors.
    min_unit_n : int
        Answers that a unit needs.
    conf_level, n_boot, seed
        Of every interval.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    TalentMagnet
    """
    cuts: dict[str, Any] = {
        "variant": enps_variant,
        "promoters_from": enps_promoters_from,
        "detractors_to": enps_detractors_to,
    }
    shared: dict[str, Any] = {"conf_level": conf_level}
    described: dict[str, Any] = {
        "funnel": funnel(study, **shared),
        "phases": recommendation_by_phase(study, **shared),
    }
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    scores, stand_in = _scores(study)
    reason = ready.reason
    if reason is None and "score" not in scores:
        reason = Note(message="Nobody was asked, on a scale with ends, whether they recommend the employer.")
    if reason is not None:
        finding = not_testable(
            _HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect
        )
        return TalentMagnet(finding, **described)
    labels = {
        name: Note(message="{outcome}", values={"outcome": label}) for name, label in _components().items()
    }
    leaving = exits(study, scores, label=labels["exits"], rules=rules, **shared)
    attracting = referrals(
        study, scores, label=labels["referrals"], min_unit_n=min_unit_n, rules=rules, **shared
    )
    beside = advocacy(
        study,
        label=labels["enps_nps"],
        cuts=cuts,
        min_unit_n=min_unit_n,
        n_boot=n_boot,
        seed=seed,
        **shared,
    )
    parts: dict[str, Any] = {"exits": leaving, "referrals": attracting, "enps_nps": beside}
    components = {name: part.deciding for name, part in parts.items() if part.deciding is not None}
    caveats = _missing(parts) + list(leaving.caveats) + list(attracting.caveats)
    if stand_in is not None:
        caveats.insert(0, stand_in)
    if not components:
        finding = not_testable(
            _HYPOTHESIS,
            reason=Note(
                message="None of the three parts of the claim could be tested; the notes below say why."
            ),
            rules=rules,
            detectable_effect=ready.detectable_effect,
            caveats=caveats,
        )
        return TalentMagnet(finding, **described)
    groups = dependence_groups(study.table("employees"))
    finding = conclude_conjunction(
        components,
        hypothesis=_HYPOTHESIS,
        n_excluded=_left_out(leaving),
        rules=rules,
        robustness=[*leaving.checks, *attracting.checks, *beside.checks],
        caveats=[*caveats, *_together(), *few_units_caveat(groups)],
    )
    asked = question(study, "employees", "enps")
    found = None if asked is None else fitting(asked, **cuts)
    curve = pd.DataFrame()
    if leaving.spells is not None and found is not None:
        curve = survival(leaving.spells, found, rules=rules, **shared)
    return TalentMagnet(
        finding,
        survival=curve,
        proportional=leaving.proportional,
        referrals=attracting.groups,
        units=beside.units,
        e_values=_e_values(finding.components),
        variant="" if found is None else found.variant,
        **described,
    )


def _components() -> dict[str, dict[str, str]]:
    family = load_registry().family_of(_HYPOTHESIS)
    return {name: label.model_dump() for name, label in family.components.items()}


def _scores(study: Study) -> tuple[dict[str, pd.Series], Note | None]:
    """Recommending, as answered; engagement on 0 to 10; and a caveat where the second stands in for the first."""
    found: dict[str, pd.Series] = {}
    asked = question(study, "employees", "enps")
    if asked is not None:
        found["score"] = oriented(study.table("employees")[asked.column], asked)
    items = [
        v for v in score_items(study.codebook, "employees", "engagement") if study.has("employees", v.column)
    ]
    ends = {(v.minimum, v.maximum) for v in items}
    if len(ends) == 1:
        low, high = ends.pop()
        try:
            score = construct_score(
                study.table("employees"),
                codebook=study.codebook,
                table="employees",
                construct="engagement",
                method="mean",
            )
        except NotScorable:
            return found, None
        if low is not None and high is not None and high > low:
            found["engagement"] = 10 * (score - low) / (high - low)
    if "score" in found or "engagement" not in found:
        return found, None
    message = (
        "Nobody was asked whether they recommend the employer: engagement stands in for it, stretched to a scale of 0 "
        "to 10, so that a point is a tenth of the scale."
    )
    return {"score": found["engagement"]}, Note(message=message)


def _missing(parts: dict[str, Any]) -> list[Note]:
    """Say of each part of the claim that was not tested why; the reason names the part."""
    return [part.reason for part in parts.values() if part.deciding is None and part.reason is not None]


def _left_out(leaving: Exits) -> int:
    """Sheets with an answer that put nobody at risk."""
    if leaving.spells is None:
        return 0
    return leaving.spells.counts["answers"] - len(leaving.spells.rows)


def _together() -> list[Note]:
    return [
        Note(
            message=(
                "Who is looking for another job recommends the employer less: that the answer comes before leaving "
                "does not make it the cause."
            )
        )
    ]


def _e_values(components: Sequence[EstimateRecord]) -> pd.DataFrame:
    """How strong something unmeasured would have to be to explain each component away."""
    rows = []
    for part in components:
        found = e_value(
            part.estimate,
            part.conf_low,
            part.conf_high,
            scale=_SCALES[part.unit_of_measurement],
            # Leaving within a year after an answer is rare enough, in most organisations, to read hazards as risks.
            rare=part.unit_of_measurement == "hazard_ratio",
        ).iloc[0]
        rows.append(
            {
                "term": part.term,
                "label": part.label,
                "unit_of_measurement": part.unit_of_measurement,
                "estimate": part.estimate,
                "conf_low": part.conf_low,
                "conf_high": part.conf_high,
                "conf_level": part.conf_level,
                "e_value": float(found["e_value"]),
                "e_value_limit": float(found["e_value_limit"]),
                "n": part.n,
            }
        )
    return pd.DataFrame(rows)
