"""Keeping and attracting people, pay and experience: what the frames of the analyses look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups, Measure
from exresearch.findings.analyses import PayAndExperience, TalentMagnet
from exresearch.findings.note import Note
from exresearch.report.figures.business import advocacy_scatter, pay_lines, referral_groups, staying_curve
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_FUNNEL = {
    "campaign": mark("People reached by the campaign who applied"),
    "referred": mark("Applicants referred by colleagues, per 100 employees"),
    "of_applicants": mark("Applicants who were referred by a colleague"),
    "hired": mark("Applicants who were hired"),
    "hired_direct": mark("Applicants not referred by a colleague who were hired"),
    "hired_of_referred": mark("Referred applicants who were hired"),
    "hired_referred": mark("New employees who were referred by a colleague"),
    "first_year": mark("New employees who stayed for a year"),
    "first_year_direct": mark("The same, not referred by a colleague"),
    "first_year_referred": mark("The same, referred by a colleague"),
}
_PHASES = {
    "candidate": mark("Candidates"),
    "employee": mark("Employees"),
    "leaver": mark("Leavers"),
    "alumnus": mark("Former employees"),
}
FUNNEL: dict[str, Column | None] = {
    "label": Column(mark("What"), "message"),
    "estimate": Column(mark("Per 100"), "number1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "events": Column(mark("Number"), "integer"),
    "n": Column(mark("Out of"), "integer"),
    "people": Column(mark("Smallest group"), "integer"),
}
PHASES: dict[str, Column | None] = {
    "label": Column(mark("Who"), "message"),
    "estimate": Column(mark("Mean"), "number1"),
    "conf_low": Column(mark("Interval"), "number1"),
    "n": Column(mark("People"), "integer"),
}
E_VALUES: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "estimate": None,
    "conf_low": None,
    "e_value": Column(mark("E-value"), "number2"),
    "e_value_limit": Column(mark("E-value of the limit"), "number2"),
    "n": None,
}
_E_VALUE_NOTE = mark(
    "Something unmeasured would have to go with both sides by at least this risk ratio to explain the estimate away; "
    "the last column says it of the limit nearest to no effect, and 1 means that the interval holds no effect."
)
_NO_FUNNEL = mark("Applicants, referrals and new employees are not counted by unit.")
_FUNNEL_NOTES = {
    (True, True): mark(
        "Nobody counts applicants by campaign: those whom no colleague referred are set against the reach of all "
        "campaigns together. A first year is counted for people who could be followed for a year."
    ),
    (True, False): mark(
        "Nobody counts applicants by campaign: those whom no colleague referred are set against the reach of all "
        "campaigns together. How many stay for a year is not known: there is no list with first and last working days."
    ),
    (False, True): mark(
        "How many people campaigns reached is not counted. A first year is counted for people who could be followed "
        "for a year."
    ),
    (False, False): mark(
        "Neither the reach of campaigns nor first and last working days of new employees are known, so that these "
        "steps are missing."
    ),
}
# Each step counts other people out of others; those about the same people are hidden together by the analysis.
STEPS_GROUPS = Groups("steps of the funnel", by={"step": "term"})
PHASE_GROUPS = Groups(
    "moments",
    by={"phase": "phase"},
    measures={"estimate": Measure("journey_recommendation", "minimum", "maximum")},
)
_NO_PHASES = mark("Nobody was asked to recommend the employer at contact moments before or after employment.")


def tables(result: TalentMagnet, pay: PayAndExperience) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : TalentMagnet
        Of :func:`exresearch.findings.analyses.talent_magnet`.
    pay : PayAndExperience
        Of :func:`exresearch.findings.analyses.pay_and_experience`.

    Returns
    -------
    dict of str to dict
        ``funnel, phases, e_values``; without rows a table says why.
    """
    funnel, phases = result.funnel, result.phases
    if len(funnel):
        funnel = funnel.assign(label=funnel["term"].map(_FUNNEL))
    if len(phases):
        phases = phases.assign(label=phases["phase"].map(_PHASES))
    parts = [frame for frame in (result.e_values, pay.e_values) if len(frame)]
    strength = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    made: dict[str, tuple[pd.DataFrame, str, dict[str, Column | None], str | Note | None]] = {
        "funnel": (
            funnel,
            mark("From reach to new employees and their first year, over all units and waves"),
            FUNNEL,
            _FUNNEL_NOTES[_has(funnel, "campaign"), _has(funnel, "first_year")]
            if len(funnel)
            else _NO_FUNNEL,
        ),
        "phases": (
            phases,
            mark("Recommending the employer before, during and after employment, on a scale of 0 to 10"),
            PHASES,
            None if len(phases) else _NO_PHASES,
        ),
        "e_values": (
            strength,
            mark("How strong something unmeasured would have to be"),
            E_VALUES,
            _E_VALUE_NOTE if len(strength) else result.finding.reason,
        ),
    }
    who: dict[str, dict[str, Any]] = {
        "funnel": {"count": "fewest", "groups": STEPS_GROUPS, "within": ["term"]},
        "phases": {"count": "n", "groups": PHASE_GROUPS},
        "e_values": {"count": "n"},
    }
    return {
        name: {"frame": frame, "caption": caption, "columns": columns, "note": note, **who[name]}
        for name, (frame, caption, columns, note) in made.items()
    }


def _has(funnel: pd.DataFrame, term: str) -> bool:
    return bool((funnel["term"] == term).any())


def pictures(
    result: TalentMagnet, pay: PayAndExperience, *, texts: Texts, rules: DisclosureRules
) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; a note where there is nothing to draw.

    Parameters
    ----------
    result, pay
        As :func:`tables`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people and answers, and least number of units.

    Returns
    -------
    dict of str to Picture or Note
        ``staying, referrals, advocacy, pay``.
    """
    beside = next((part for part in result.finding.components if part.term == "enps_nps"), None)
    correlation = None if beside is None else (beside.estimate, beside.conf_low, beside.conf_high)
    low, high = pay.finding.conf_low, pay.finding.conf_high
    return {
        "staying": staying_curve(result.survival, texts=texts, rules=rules, variant=result.variant),
        "referrals": referral_groups(result.referrals, texts=texts, rules=rules),
        "advocacy": advocacy_scatter(
            result.units, texts=texts, rules=rules, variant=result.variant, correlation=correlation
        ),
        "pay": pay_lines(
            pay.lines,
            pay.slopes,
            texts=texts,
            labels=pay.labels,
            interplay=None if low is None or high is None else (low, high),
        ),
    }
