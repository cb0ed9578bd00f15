"""Notebook 09: does pay bind less, or more, where people have a good experience."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.pay.checks import checks
from exresearch.findings.analyses.pay.sheets import (
    EXPERIENCE,
    PAY,
    PRODUCT,
    PaySheets,
    fitted,
    interaction_record,
    pay_sheets,
)
from exresearch.findings.analyses.score_rules import score_rule
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.testability import Testability, testability
from exresearch.models import e_value
from exresearch.models.regression import LinearFit, linear_combinations
from exresearch.models.regression.design import INTERCEPT
from exresearch.study import Study

_HYPOTHESIS = "pay-is-not-enough"
#: Standard deviations from the mean of experience at which the slope of pay is given.
LEVELS = {"low": -1.0, "mean": 0.0, "high": 1.0}
#: Where the lines are drawn: standard deviations from the mean of pay satisfaction.
_ALONG = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)


@dataclass(frozen=True, slots=True)
class PayAndExperience:
    """Everything the page shows about pay and experience; no row of it is about one person.

    Attributes
    ----------
    finding : Finding
        The verdict on ``pay-is-not-enough``.
    slopes : pandas.DataFrame
        ``level`` (low, mean, high experience), ``estimate`` (standard deviations of the outcome per standard deviation
        of pay satisfaction), ``std_error, p_value, conf_low, conf_high, conf_level, n, n_clusters``.
    lines : pandas.DataFrame
        Expected outcome along pay satisfaction at low and high experience: ``level, x, estimate, conf_low, conf_high,
        conf_level, n``, outcome and pay on the scales on which they were answered.
    e_values : pandas.DataFrame
        One row as in :class:`exresearch.findings.analyses.TalentMagnet`.
    labels : dict of str to dict of str to str
        Of ``pay, experience`` and ``outcome``, in both languages.
    """

    finding: Finding
    slopes: pd.DataFrame = field(default_factory=pd.DataFrame)
    lines: pd.DataFrame = field(default_factory=pd.DataFrame)
    e_values: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


def pay_and_experience(study: Study, *, conf_level: float, rules: DisclosureRules) -> PayAndExperience:
    """Decide whether pay satisfaction matters more for staying where experience is poor.

    Intention to stay, pay satisfaction and experience are standardised; the coefficient of the product of the last two
    decides, with waves held the same and a standard error by unit. Where the intention was not asked, still being
    there a year later takes its place.

    Parameters
    ----------
    study : Study
        The client.
    conf_level : float
        Of every interval.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    PayAndExperience
    """
    ready = testability(study, _HYPOTHESIS, conf_level=conf_level)
    if ready.reason is not None:
        return PayAndExperience(_untested(ready.reason, ready, rules))
    sheets = pay_sheets(study)
    if isinstance(sheets, Note):
        return PayAndExperience(_untested(sheets, ready, rules))
    fit = fitted(sheets, conf_level=conf_level)
    if fit is None:
        reason = Note(
            message="Pay satisfaction, experience or the intention to stay hardly differ between people."
        )
        return PayAndExperience(_untested(reason, ready, rules))
    deciding = interaction_record(
        fit, sheets, name="pay_experience_interaction", label=Note(message="Interplay of pay and experience")
    )
    finding = conclude(
        deciding,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=sheets.n_excluded,
        rules=rules,
        robustness=checks(study, sheets, conf_level=conf_level, rules=rules),
        caveats=_caveats(study, sheets),
    )
    return PayAndExperience(
        finding, _slopes(fit), _lines(fit, sheets), _e_values(deciding), labels=sheets.labels
    )


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _slopes(fit: LinearFit) -> pd.DataFrame:
    wanted = {level: {PAY: 1.0, PRODUCT: at} if at else {PAY: 1.0} for level, at in LEVELS.items()}
    found = linear_combinations(fit, combinations=wanted).rename(columns={"term": "level"})
    names = ["level", "estimate", "std_error", "p_value", "conf_low", "conf_high", "conf_level", "n"]
    return found[[*names, "n_clusters"]]


def _lines(fit: LinearFit, sheets: PaySheets) -> pd.DataFrame:
    """Expected outcome along pay, in the waves as they were answered, on the scales of the answers."""
    wanted, places = {}, []
    middle = {name: float(sheets.frame[name].mean()) for name in sheets.waves}
    low, high = sheets.ends["pay"]
    for level, at in LEVELS.items():
        if level == "mean":
            continue
        for z in _ALONG:
            x = sheets.means["pay"] + z * sheets.spreads["pay"]
            # Nobody can answer beyond the end of the scale.
            if not low <= x <= high:
                continue
            weights = {INTERCEPT: 1.0, PAY: z, EXPERIENCE: at, PRODUCT: z * at} | middle
            wanted[f"{level} {z}"] = {term: value for term, value in weights.items() if value}
            places.append((level, x))
    found = linear_combinations(fit, combinations=wanted)
    lines = pd.DataFrame(places, columns=["level", "x"])
    for name in ("estimate", "conf_low", "conf_high"):
        lines[name] = sheets.means["outcome"] + sheets.spreads["outcome"] * found[name].to_numpy()
    return lines.assign(conf_level=found["conf_level"].to_numpy(), n=fit.n)


def _e_values(deciding: EstimateRecord) -> pd.DataFrame:
    found = e_value(deciding.estimate, deciding.conf_low, deciding.conf_high, scale="standardised").iloc[0]
    row = {
        name: getattr(deciding, name) for name in ("term", "label", "unit_of_measurement", "estimate", "n")
    }
    row |= {name: getattr(deciding, name) for name in ("conf_low", "conf_high", "conf_level")}
    row |= {name: float(found[name]) for name in ("e_value", "e_value_limit")}
    return pd.DataFrame([row])


def _caveats(study: Study, sheets: PaySheets) -> list[Note]:
    caveats = []
    if sheets.outcome == "asked":
        message = (
            "Pay, experience and the intention to stay come from one questionnaire: a mood that colours all answers "
            "makes them go together. It does not easily make an interplay, but may."
        )
        caveats.append(Note(message=message))
        message = (
            "{share:percent0} of the answers on “{outcome}” are the highest there is and cannot rise further."
        )
        caveats.append(
            Note(message=message, values={"share": sheets.at_top, "outcome": sheets.labels["outcome"]})
        )
    else:
        message = (
            "Nobody was asked about the intention to stay. Being there a year later takes its place, for the answers "
            "that could be followed for a year."
        )
        caveats.append(Note(message=message))
    for construct in ("pay_satisfaction", "experience"):
        caveats += score_rule(study.codebook, "employees", construct)
    return caveats + few_units_caveat(sheets.groups)
