"""Notebook 05: does standardisation take away what human skill does for customers, and does room to act add to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import FEW_UNITS
from exresearch.findings.analyses.people.checks import process_checks
from exresearch.findings.analyses.people.units import (
    COMPONENTS,
    HYPOTHESIS,
    PRODUCT,
    PeopleUnits,
    component_record,
    fitted,
    people_units,
)
from exresearch.findings.analyses.score_rules import score_rule
from exresearch.findings.conclude import conclude_conjunction, not_testable
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.testability import Testability, testability
from exresearch.models.regression import LinearFit, linear_combinations
from exresearch.models.regression.design import INTERCEPT
from exresearch.study import Study
from exresearch.study.languages import listed

#: Standard deviations from the mean of standardisation at which the slope of skill is given.
LEVELS = {"low": -1.0, "mean": 0.0, "high": 1.0}
_ALONG = tuple(step / 2 for step in range(-4, 5))
_SINGLE = Note(
    message=(
        "{measures} of a unit is one question each: whether it asks what it is meant to ask, these data cannot tell."
    )
)
_ALIKE = Note(
    message=(
        "Units were not assigned to scripts. Where customers are hard to please, more may have been laid down for that "
        "reason."
    )
)


@dataclass(frozen=True, slots=True)
class PeopleNotProcess:
    """Everything the page shows about human work and standardisation; no row is about one person.

    Attributes
    ----------
    finding : Finding
        The verdict on ``people-not-process``.
    slopes : pandas.DataFrame
        Slope of skill by ``level`` (low, mean, high standardisation): ``estimate`` (standard deviations), ``std_error,
        p_value, conf_low, conf_high, conf_level, n, n_clusters``.
    lines : pandas.DataFrame
        Expected customer experience along skill at these levels: ``level, x, estimate, conf_low, conf_high, conf_level,
        n``, on the scales of the answers.
    known : pandas.DataFrame
        How well the values of units are known: ``label, reliability, n`` (answers).
    labels : dict of str to dict of str to str
        Of ``autonomy, standardisation, human_skill, cx``.
    """

    finding: Finding
    slopes: pd.DataFrame = field(default_factory=pd.DataFrame)
    lines: pd.DataFrame = field(default_factory=pd.DataFrame)
    known: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


def people_not_process(
    study: Study, *, min_unit_n: int, conf_level: float, n_boot: int, seed: int, rules: DisclosureRules
) -> PeopleNotProcess:
    """Decide whether room to act goes with better customer experience, and whether standardisation brakes skill.

    Both are coefficients of one regression over units and waves: customer experience on autonomy, standardisation,
    skill and the product of the last two, all in standard deviations, waves held the same, standard error by unit.
    Their p-values are corrected together by Holm's method.

    Parameters
    ----------
    study : Study
        The client.
    min_unit_n : int
        People and customers that a unit needs.
    conf_level : float
        Of every interval.
    n_boot, seed : int
        Replicates and seed of the check on sampling error, and seed of the halves of people.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    PeopleNotProcess
    """
    ready = testability(
        study, HYPOTHESIS, ex_measure="autonomy", min_unit_n=min_unit_n, conf_level=conf_level
    )
    if ready.reason is not None:
        return PeopleNotProcess(_untested(ready.reason, ready, rules))
    units = people_units(study, min_unit_n=min_unit_n)
    if isinstance(units, Note):
        return PeopleNotProcess(_untested(units, ready, rules))
    fit = fitted(units.frame, units.waves, conf_level=conf_level)
    if fit is None:
        reason = Note(message="Units hardly differ in how people work, or in what customers say.")
        return PeopleNotProcess(_untested(reason, ready, rules))
    records = {name: component_record(fit.table, name, n=units.n) for name in COMPONENTS}
    checked = process_checks(
        study, units, min_unit_n=min_unit_n, conf_level=conf_level, n_boot=n_boot, seed=seed
    )
    finding = conclude_conjunction(
        records,
        hypothesis=HYPOTHESIS,
        n_excluded=units.n_excluded,
        rules=rules,
        robustness=checked.records,
        measures={"cx": units.labels["cx"]},
        caveats=[*_caveats(study, units), *checked.notes],
    )
    known = checked.known
    return PeopleNotProcess(finding, _slopes(fit), _lines(fit, units), known, units.labels)


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _slopes(fit: LinearFit) -> pd.DataFrame:
    wanted = {
        level: {"human_skill": 1.0, PRODUCT: at} if at else {"human_skill": 1.0}
        for level, at in LEVELS.items()
    }
    found = linear_combinations(fit, combinations=wanted).rename(columns={"term": "level"})
    names = ["level", "estimate", "std_error", "p_value", "conf_low", "conf_high", "conf_level", "n"]
    return found[[*names, "n_clusters"]]


def _lines(fit: LinearFit, units: PeopleUnits) -> pd.DataFrame:
    """Expected customer experience along skill, with autonomy at its mean and in the waves as they were."""
    middle = {name: float(units.frame[name].mean()) for name in units.waves}
    low, high = float(units.frame["human_skill"].min()), float(units.frame["human_skill"].max())
    wanted, places = {}, []
    for level, at in LEVELS.items():
        for z in _ALONG:
            # No line beyond the units there are.
            if not low <= z <= high:
                continue
            weights = {INTERCEPT: 1.0, "human_skill": z, "standardisation": at, PRODUCT: z * at} | middle
            wanted[f"{level} {z}"] = {term: value for term, value in weights.items() if value}
            places.append((level, units.means["human_skill"] + z * units.spreads["human_skill"]))
    found = linear_combinations(fit, combinations=wanted)
    lines = pd.DataFrame(places, columns=["level", "x"])
    for name in ("estimate", "conf_low", "conf_high"):
        lines[name] = units.means["cx"] + units.spreads["cx"] * found[name].to_numpy()
    return lines.assign(conf_level=found["conf_level"].to_numpy(), n=fit.n)


def _caveats(study: Study, units: PeopleUnits) -> list[Note]:
    notes = [_ALIKE]
    single = [
        name
        for name in ("autonomy", "standardisation", "human_skill")
        if len(
            [v for v in study.codebook.select("employees", construct=name) if v.role in ("item", "outcome")]
        )
        == 1
    ]
    if single:
        names = listed([units.labels[name] for name in single])
        notes.append(_SINGLE.model_copy(update={"values": {"measures": names}}))
    for construct in ("autonomy", "standardisation", "human_skill"):
        notes += score_rule(study.codebook, "employees", construct)
    if units.n_units < FEW_UNITS:
        message = (
            "There are fewer than {few:integer} units: intervals from so few units are often too narrow."
        )
        notes.append(Note(message=message, values={"few": FEW_UNITS}))
    return notes
