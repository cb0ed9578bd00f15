"""Notebook 03: what moves advocacy, staying, effort and promotion, and whether employee-first beats customer-first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.analyses.drivers.agreement import agreement_table
from exresearch.findings.analyses.drivers.imputation import handling_table, imputed_differences
from exresearch.findings.analyses.drivers.influence import influence_table, named_influence
from exresearch.findings.analyses.drivers.interaction import interaction_table
from exresearch.findings.analyses.drivers.models import (
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
)
from exresearch.findings.analyses.drivers.performance import performance_table
from exresearch.findings.analyses.drivers.records import (
    component_record,
    difference_table,
    driver_record,
    importance_table,
    method_records,
    sampled_orders_caveats,
)
from exresearch.findings.analyses.drivers.source import OneSource, one_source
from exresearch.findings.conclude import conclude_conjunction, estimand_for, not_testable
from exresearch.findings.decision import error_rate
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note
from exresearch.findings.testability import testability
from exresearch.measures import oriented_frame
from exresearch.study import Study, Variable

# Each split is used both ways round; more of them hardly move their mean.
_SPLITS = 10


@dataclass(frozen=True, slots=True)
class EmployeeFirst:
    """Everything the page about drivers shows; the frames are empty when the claim is not testable.

    Attributes
    ----------
    finding : Finding
        The verdict on ``employee-first``.
    importance : pandas.DataFrame
        One row per outcome and driver: ``outcome, driver, label, block, named, reversed`` (values run against the
        label), ``importance, conf_low, conf_high, rank, rank_low, rank_high, n, r_squared``.
    differences : pandas.DataFrame
        One row per outcome: ``outcome, label, estimate, conf_low, conf_high, verdict, n``.
    correlations : pandas.DataFrame
        Weighted correlation of each driver with each outcome, oriented: ``driver, label, block, reversed``, one
        column per outcome, and ``n``, the smallest number of sheets behind one of them.
    missing_answers : pandas.DataFrame
        The same difference on complete sheets and with missing answers imputed, one row per outcome and way: ``outcome,
        label, handling, estimate, conf_low, conf_high, conf_level, unit_of_measurement, n, n_excluded, imputed`` (share
        of the answers) and ``missing_information``, the last two missing where nothing was imputed.
    influence : pandas.DataFrame
        Importance of each driver against the smallest one that matters; see
        :func:`~exresearch.findings.analyses.drivers.influence.influence_table`.
    interaction : pandas.DataFrame
        The two named drivers together; see
        :func:`~exresearch.findings.analyses.drivers.interaction.interaction_table`.
    performance : pandas.DataFrame
        Importance beside performance; see
        :func:`~exresearch.findings.analyses.drivers.performance.performance_table`.
    agreement : pandas.DataFrame
        Ranks by every method; see :func:`~exresearch.findings.analyses.drivers.agreement.agreement_table`.
    source : OneSource
        The difference when one questionnaire is reckoned with.
    sentences : dict of str to list of Note
        What is to be said about ``importance`` and ``influence``, in words.
    """

    finding: Finding
    importance: pd.DataFrame = field(default_factory=pd.DataFrame)
    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    correlations: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing_answers: pd.DataFrame = field(default_factory=pd.DataFrame)
    influence: pd.DataFrame = field(default_factory=pd.DataFrame)
    interaction: pd.DataFrame = field(default_factory=pd.DataFrame)
    performance: pd.DataFrame = field(default_factory=pd.DataFrame)
    agreement: pd.DataFrame = field(default_factory=pd.DataFrame)
    source: OneSource = field(default_factory=OneSource)
    sentences: dict[str, list[Note]] = field(default_factory=dict)


def employee_first(
    study: Study,
    *,
    conf_level: float,
    n_boot: int,
    n_imputations: int,
    seed: int,
    rules: DisclosureRules,
    marker: str = "",
    n_splits: int = _SPLITS,
) -> EmployeeFirst:
    """Decide whether the named employee-first driver moves four outcomes more than the named customer-first driver.

    Importance is LMG (general dominance), exact over all subsets of the drivers, on the pooled answer sheets of all
    waves that answer every driver and the outcome. Units are resampled where there are ten or more of them, else
    persons, else answer sheets. All methods and contrasts of one outcome rest on the same replicates. Beside that
    stand the same difference with missing answers imputed, with a marker in the model and with drivers and outcome
    from different people, and what else the page shows; none of it changes the verdict.

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
    marker : str
        Column or construct that has nothing to do with the others; empty for no such check.
    n_splits : int
        Random splits of the people of a unit; 0 for no such check.

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
    caveats = standing_caveats(measured)
    fitted: dict[str, Fit] = {}
    for outcome in measured:
        result = fit_importance(
            data,
            employees,
            outcome,
            model=model,
            rules=rules,
            codebook=study.codebook,
            n_boot=n_boot,
            seed=seed,
        )
        if isinstance(result, Note):
            caveats.append(result)
            continue
        fitted[outcome.name] = result
        caveats += [note for note in few_units_caveat(result.groups) if note not in caveats]
    if not fitted:
        reason = caveats[-1] if measured else Note(message="No outcome could be analysed.")
        return _untestable(reason, rules, ready.detectable_effect)
    sampled = sampled_orders_caveats(fitted.values(), model)
    caveats += sampled
    if len(fitted) * 2 / (n_boot + 1) > error_rate(conf_level):
        message = (
            "With {n_boot:integer} bootstrap replicates no p-value can be small enough to support the claim."
        )
        caveats.append(Note(message=message, values={"n_boot": n_boot}))

    importance = pd.concat(
        [importance_table(fit, study.codebook, model, conf_level=conf_level) for fit in fitted.values()],
        ignore_index=True,
    )
    labels = {name: fit.label for name, fit in fitted.items()}
    caveats += rank_caveats(importance, labels)
    options: dict[str, Any] = {"model": model, "conf_level": conf_level, "seed": seed}
    imputed = imputed_differences(
        study, data, fitted, measured=measured, n_imputations=n_imputations, **options
    )
    caveats += imputed.caveats
    # The measure that decides, which the verdict and several checks show.
    decided = {
        name: named_and_block_differences(fit, model, method=model.method, conf_level=conf_level)
        for name, fit in fitted.items()
    }
    source = one_source(
        study, data, fitted, decided, rules=rules, marker=marker, n_splits=n_splits, n_boot=n_boot, **options
    )
    checks = [
        record
        for name, fit in fitted.items()
        for record in method_records(fit, model, decided[name], conf_level=conf_level)
    ]
    estimand = estimand_for("employee-first")
    finding = conclude_conjunction(
        {name: component_record(fit, model, decided[name]) for name, fit in fitted.items()},
        hypothesis="employee-first",
        n_excluded=len(employees) - next(iter(fitted.values())).replicates.n,
        rules=rules,
        robustness=[*checks, *imputed.records, *source.records],
        drivers=[driver_record(row) for _, row in importance.iterrows()],
        caveats=caveats,
    )
    weights = employees.get("weight")
    correlations = driver_correlations(data, weights, model, measured, study.codebook)
    smallest = estimand.smallest_effect.high
    influence = influence_table(
        fitted, importance, method=model.method, smallest_effect=smallest, conf_level=conf_level
    )
    return EmployeeFirst(
        finding,
        importance,
        difference_table(finding, study.codebook),
        correlations,
        handling_table(finding, imputed.table, study.codebook, n_sheets=len(employees)),
        influence,
        interaction_table(data, employees, fitted, model=model, conf_level=conf_level),
        performance_table(
            fitted,
            importance,
            data=data,
            employees=employees,
            model=model,
            measured=measured,
            correlations=correlations,
            conf_level=conf_level,
        ),
        agreement_table(fitted, importance, model),
        source,
        {"importance": sampled, "influence": [named_influence(influence, labels)]},
    )


def _incomplete(model: DriverModel, measured: Sequence[Variable]) -> Note | None:
    for block in (FIRST, SECOND):
        if not model.side(block, named=True):
            return Note(message="The codebook names no driver of the block {block}.", values={"block": block})
    if not measured:
        return Note(message="None of the four outcomes is measured.")
    return None


def _untestable(reason: Note, rules: DisclosureRules, detectable: Any) -> EmployeeFirst:
    return EmployeeFirst(
        not_testable("employee-first", reason=reason, rules=rules, detectable_effect=detectable)
    )
