"""Notebook 03: what moves advocacy, staying, effort and promotion, and whether employee-first beats customer-first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.driver_imputation import handling_table, imputed_differences
from exresearch.findings.analyses.driver_models import (
    FIRST,
    OUTCOMES,
    SECOND,
    DriverModel,
    Fit,
    driver_correlations,
    driver_model,
    fit_importance,
    named_and_block_differences,
    rank_caveats,
    standing_caveats,
    turned_round,
)
from exresearch.findings.conclude import conclude_conjunction, estimand_for, not_testable
from exresearch.findings.decision import error_rate
from exresearch.findings.finding import DriverRecord, EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.testability import testability
from exresearch.measures import oriented_frame
from exresearch.models import summarise_importance
from exresearch.study import Codebook, Study, Variable

_METHODS = {
    "unit": "exact LMG; bootstrap over units, percentile interval",
    "person": "exact LMG; bootstrap over persons, percentile interval",
    "row": "exact LMG; bootstrap over answer sheets, percentile interval",
}
_CHECKS = {
    "blocks": "{outcome}: mean driver of the two blocks",
    "relative_weights": "{outcome}: relative weights",
    "first": "{outcome}: each driver alone (first)",
    "last": "{outcome}: each driver last",
}
# Above this many players exact LMG takes minutes; the codebook's groups bring the number down.
_MOST_PLAYERS = 20


@dataclass(frozen=True, slots=True)
class EmployeeFirst:
    """Everything the page about drivers shows.

    Attributes
    ----------
    finding : Finding
        The verdict on ``employee-first``.
    importance : pandas.DataFrame
        One row per outcome and driver: ``outcome, driver, label, block, named, reversed`` (values run against the
        label), ``importance, conf_low, conf_high, rank, rank_low, rank_high, n, r_squared``; empty when not testable.
    differences : pandas.DataFrame
        One row per outcome: ``outcome, label, estimate, conf_low, conf_high, verdict, n``.
    correlations : pandas.DataFrame
        Weighted correlation of each driver with each outcome, oriented: ``driver, label, block, reversed``, one
        column per outcome, and ``n``, the smallest number of sheets behind one of them.
    missing_answers : pandas.DataFrame
        The same difference on complete sheets and with missing answers imputed, one row per outcome and way: ``outcome,
        label, handling, estimate, conf_low, conf_high, conf_level, unit_of_measurement, n, n_excluded, imputed`` (share
        of the answers) and ``missing_information``, the last two missing where nothing was imputed.
    """

    finding: Finding
    importance: pd.DataFrame
    differences: pd.DataFrame
    correlations: pd.DataFrame
    missing_answers: pd.DataFrame


def employee_first(
    study: Study, *, conf_level: float, n_boot: int, n_imputations: int, seed: int, rules: DisclosureRules
) -> EmployeeFirst:
    """Decide whether the named employee-first driver moves four outcomes more than the named customer-first driver.

    Importance is LMG (general dominance), exact over all subsets of the drivers, on the pooled answer sheets of all
    waves that answer every driver and the outcome. Units are resampled where there are ten or more of them, else
    persons, else answer sheets. All methods and contrasts of one outcome rest on the same replicates. Beside that
    stands the same difference with missing answers imputed.

    Parameters
    ----------
    study : Study
        The client.
    conf_level, n_boot, seed
        Of every interval.
    n_imputations : int
        Times that missing answers are imputed for the check, 2 or more; 0 for no such check.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    EmployeeFirst
    """
    ready = testability(study, "employee-first", conf_level=conf_level)
    reason, model = ready.reason, driver_model(study.codebook)
    # One item for each outcome: the first that the codebook gives.
    measured = [
        v for name in OUTCOMES for v in study.codebook.select("employees", role="outcome", construct=name)[:1]
    ]
    if reason is None:
        reason = _incomplete(model, measured)
    if reason is not None:
        return _untestable(reason, rules, ready.detectable_effect)

    employees = study.table("employees")
    data = oriented_frame(employees, [*model.drivers, *measured])
    resampling = {"n_boot": n_boot, "seed": seed}
    caveats = standing_caveats(measured)
    fitted: dict[str, Fit] = {}
    for outcome in measured:
        result = fit_importance(
            data, employees, outcome, model=model, rules=rules, codebook=study.codebook, **resampling
        )
        if isinstance(result, Note):
            caveats.append(result)
            continue
        fitted[outcome.name] = result
        caveats += [note for note in few_units_caveat(result.groups) if note not in caveats]
    if not fitted:
        reason = caveats[-1] if measured else Note(message="No outcome could be analysed.")
        return _untestable(reason, rules, ready.detectable_effect)
    if len(fitted) * 2 / (n_boot + 1) > error_rate(conf_level):
        message = (
            "With {n_boot:integer} bootstrap replicates no p-value can be small enough to support the claim."
        )
        caveats.append(Note(message=message, values={"n_boot": n_boot}))

    importance = pd.concat(
        [_importance(fit, study.codebook, model, conf_level=conf_level) for fit in fitted.values()],
        ignore_index=True,
    )
    caveats += rank_caveats(importance, {name: fit.label for name, fit in fitted.items()})
    imputed = imputed_differences(
        study,
        data,
        fitted,
        model=model,
        measured=measured,
        n_imputations=n_imputations,
        conf_level=conf_level,
        seed=seed,
    )
    caveats += imputed.caveats
    checks = [check for fit in fitted.values() for check in _checks(fit, model, conf_level=conf_level)]
    finding = conclude_conjunction(
        {name: _component(fit, model, conf_level=conf_level) for name, fit in fitted.items()},
        hypothesis="employee-first",
        estimand=estimand_for("employee-first"),
        n_excluded=len(employees) - next(iter(fitted.values())).replicates.n,
        rules=rules,
        robustness=[*checks, *imputed.records],
        drivers=[_driver_record(row) for _, row in importance.iterrows()],
        caveats=caveats,
    )
    return EmployeeFirst(
        finding,
        importance,
        _difference_frame(finding, study.codebook),
        driver_correlations(data, employees.get("weight"), model, measured, study.codebook),
        handling_table(finding, imputed.table, study.codebook, n_sheets=len(employees)),
    )


def _incomplete(model: DriverModel, measured: Sequence[Variable]) -> Note | None:
    for block in (FIRST, SECOND):
        if not model.side(block, named=True):
            return Note(message="The codebook names no driver of the block {block}.", values={"block": block})
    if not measured:
        return Note(message="None of the four outcomes is measured.")
    if len(model.players) > _MOST_PLAYERS:
        return Note(
            message=(
                "There are {count:integer} drivers; exact importance takes at most {most:integer}. Group some in the "
                "codebook."
            ),
            values={"count": len(model.players), "most": _MOST_PLAYERS},
        )
    return None


def _untestable(reason: Note, rules: DisclosureRules, detectable: Any) -> EmployeeFirst:
    finding = not_testable("employee-first", reason=reason, rules=rules, detectable_effect=detectable)
    return EmployeeFirst(finding, *(pd.DataFrame() for _ in range(4)))


def _component(fit: Fit, model: DriverModel, *, conf_level: float) -> EstimateRecord:
    return estimate_record(
        named_and_block_differences(fit, model, method="lmg", conf_level=conf_level),
        "named",
        name=fit.outcome.name,
        label=Note(message="{outcome}", values={"outcome": fit.label}),
        unit_of_measurement="variance_share",
        method=Note(message=_METHODS[fit.groups.by]),
    )


def _checks(fit: Fit, model: DriverModel, *, conf_level: float) -> list[EstimateRecord]:
    records = []
    for name, message in _CHECKS.items():
        method, term = ("lmg", "blocks") if name == "blocks" else (name, "named")
        if method in fit.replicates.estimate:
            record = estimate_record(
                named_and_block_differences(fit, model, method=method, conf_level=conf_level),
                term,
                name=f"{fit.outcome.name}_{name}",
                label=Note(message=message, values={"outcome": fit.label}),
                unit_of_measurement="variance_share",
                method=Note(message="the same bootstrap"),
            )
            records.append(record)
    return records


def _importance(fit: Fit, codebook: Codebook, model: DriverModel, *, conf_level: float) -> pd.DataFrame:
    table = summarise_importance(fit.replicates, conf_level=conf_level)
    table = table[table["method"] == "lmg"]
    players = model.players
    # The construct's label and not the item's wording: values are oriented, the wording may be reversed.
    labels = {
        name: codebook.label(name if name in model.groups.values() else v.name) for name, v in players.items()
    }
    return table.assign(
        outcome=fit.outcome.name,
        label=table["driver"].map(labels),
        block=table["driver"].map({name: v.block for name, v in players.items()}),
        named=table["driver"].map({name: model.named(name) for name in players}),
        # A group goes by its own name.
        reversed=table["driver"].map(
            {n: n not in model.groups.values() and turned_round(v, codebook) for n, v in players.items()}
        ),
    )


def _driver_record(row: pd.Series) -> DriverRecord:
    return DriverRecord(
        outcome=str(row["outcome"]),
        driver=str(row["driver"]),
        label=row["label"],
        block=row["block"],
        importance=float(row["importance"]),
        conf_low=float(row["conf_low"]),
        conf_high=float(row["conf_high"]),
        rank=int(row["rank"]),
        rank_low=int(row["rank_low"]),
        rank_high=int(row["rank_high"]),
    )


def _difference_frame(finding: Finding, codebook: Codebook) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "outcome": part.term,
                "label": codebook.label(part.term),
                "estimate": part.estimate,
                "conf_low": part.conf_low,
                "conf_high": part.conf_high,
                "verdict": part.verdict.value if part.verdict is not None else None,
                "p_value": part.p_value,
                "p_adjusted": part.p_adjusted,
                "n": part.n,
            }
            for part in finding.components
        ]
    )
