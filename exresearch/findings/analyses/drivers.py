"""Notebook 03: what moves advocacy, staying, effort and promotion, and whether employee-first beats customer-first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import few_units_caveat
from exresearch.findings.conclude import conclude_conjunction, estimand_for, not_testable
from exresearch.findings.finding import DriverRecord, EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.registry import load_registry
from exresearch.findings.testability import testability
from exresearch.measures import Groups, dependence_groups, oriented_frame
from exresearch.models import NotEstimable, importance_differences, relative_importance
from exresearch.study import Codebook, Study, Variable

OUTCOMES = ("enps", "stay", "effort", "promote")
FIRST, SECOND = "employee-first", "customer-first"
_METHODS = {
    "unit": "exact LMG; bootstrap over units, percentile interval",
    "person": "exact LMG; bootstrap over persons, percentile interval",
    "row": "exact LMG; bootstrap over answer sheets, percentile interval",
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
        One row per outcome and driver: ``outcome, driver, label, block, named, importance, conf_low, conf_high, rank,
        rank_low, rank_high, n, r_squared``; empty when not testable.
    differences : pandas.DataFrame
        One row per outcome: ``outcome, label, estimate, conf_low, conf_high, verdict, n``.
    correlations : pandas.DataFrame
        Correlation of each driver with each outcome, oriented: ``driver, label, block`` and one column per outcome.
    """

    finding: Finding
    importance: pd.DataFrame
    differences: pd.DataFrame
    correlations: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Model:
    """The drivers of a codebook as players: single drivers, and groups that enter as one."""

    drivers: tuple[Variable, ...]
    groups: dict[str, str]

    @property
    def columns(self) -> list[str]:
        return [v.column for v in self.drivers]

    @property
    def players(self) -> dict[str, Variable]:
        players: dict[str, Variable] = {}
        for variable in self.drivers:
            players.setdefault(self.groups.get(variable.column, variable.column), variable)
        return players

    def side(self, block: str, *, named: bool) -> list[str]:
        return [name for name, v in self.players.items() if v.block == block and (v.named or not named)]


def employee_first(
    study: Study, *, conf_level: float, n_boot: int, seed: int, rules: DisclosureRules
) -> EmployeeFirst:
    """Decide whether the named employee-first driver moves four outcomes more than the named customer-first driver.

    Importance is LMG (general dominance), exact over all subsets of the drivers, on the pooled answer sheets of all waves.
    Units are resampled where the study has them, rows otherwise.

    Parameters
    ----------
    study : Study
        The client.
    conf_level, n_boot, seed
        Of every interval.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    EmployeeFirst
    """
    ready = testability(study, "employee-first", conf_level=conf_level)
    reason, model = ready.reason, _model(study.codebook)
    measured = [
        v for name in OUTCOMES for v in study.codebook.select("employees", role="outcome", construct=name)
    ]
    if reason is None:
        reason = _incomplete(model, measured)
    if reason is not None:
        return _untestable(reason, rules, ready.detectable_effect)

    data, options, groups = _prepared(study, model, measured)
    options |= {"n_boot": n_boot, "conf_level": conf_level, "seed": seed}
    components: dict[str, EstimateRecord] = {}
    checks: list[EstimateRecord] = []
    tables: list[pd.DataFrame] = []
    caveats = _caveats(measured, groups)
    n_excluded = 0
    for outcome in measured:
        label = study.codebook.label(outcome.name)
        complete = int(data[[outcome.column, *model.columns]].notna().all(axis=1).sum())
        if complete < rules.min_model:
            message = "{outcome} is left out: fewer than {needed:integer} complete answer sheets."
            caveats.append(Note(message=message, values={"outcome": label, "needed": rules.min_model}))
            continue
        try:
            named, block = _differences(data, outcome.column, model=model, options=options)
            table = relative_importance(data, outcome=outcome.column, drivers=model.columns, **options)
        except NotEstimable as error:
            message = "{outcome} is left out: {reason}"
            caveats.append(Note(message=message, values={"outcome": label, "reason": str(error)}))
            continue
        n_excluded = max(n_excluded, len(data) - complete)
        components[outcome.name] = _component(named, outcome.name, label=label, groups=groups)
        checks += _checks(data, outcome, label=label, block=block, model=model, options=options)
        tables.append(_labelled(table, study.codebook, model).assign(outcome=outcome.name))
    if not components:
        reason = caveats[-1] if caveats else Note(message="No outcome could be analysed.")
        return _untestable(reason, rules, ready.detectable_effect)

    importance = pd.concat(tables, ignore_index=True)
    finding = conclude_conjunction(
        components,
        hypothesis="employee-first",
        estimand=estimand_for("employee-first"),
        n_excluded=n_excluded,
        rules=rules,
        robustness=checks,
        drivers=[_driver_record(row) for _, row in importance.iterrows()],
        caveats=caveats,
    )
    return EmployeeFirst(
        finding,
        importance,
        _difference_frame(finding, study.codebook),
        _correlations(data, model, measured, study.codebook),
    )


def _model(codebook: Codebook) -> _Model:
    drivers = codebook.select("employees", role="driver")
    return _Model(drivers, {v.column: v.group for v in drivers if v.group is not None})


def _incomplete(model: _Model, measured: Sequence[Variable]) -> Note | None:
    for block in (FIRST, SECOND):
        if not model.side(block, named=True):
            return Note(message="The codebook names no driver of the block {block}.", values={"block": block})
    if not measured:
        return Note(message="None of the four outcomes is measured.")
    if len(model.players) > _MOST_PLAYERS:
        return Note(
            message="There are {count:integer} drivers; exact importance takes at most {most:integer}. Group some in the codebook.",
            values={"count": len(model.players), "most": _MOST_PLAYERS},
        )
    return None


def _untestable(reason: Note, rules: DisclosureRules, detectable: Any) -> EmployeeFirst:
    finding = not_testable("employee-first", reason=reason, rules=rules, detectable_effect=detectable)
    return EmployeeFirst(finding, pd.DataFrame(), pd.DataFrame(), pd.DataFrame())


def _prepared(
    study: Study, model: _Model, measured: Sequence[Variable]
) -> tuple[pd.DataFrame, dict[str, Any], Groups]:
    employees = study.table("employees")
    data = oriented_frame(employees, [*model.drivers, *measured])
    options: dict[str, Any] = {}
    if model.groups:
        options["groups"] = model.groups
    if "weight" in employees:
        data["weight"] = employees["weight"]
        options["weights"] = "weight"
    groups = dependence_groups(employees)
    if groups.by != "row":
        data["group"] = groups.labels
        options["cluster"] = "group"
    return data, options, groups


def _differences(
    data: pd.DataFrame, outcome: str, *, model: _Model, options: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    smallest = estimand_for("employee-first").smallest_effect.high
    sides = {
        "named": (model.side(FIRST, named=True), model.side(SECOND, named=True)),
        "block": (model.side(FIRST, named=False), model.side(SECOND, named=False)),
    }
    rows = importance_differences(
        data,
        outcome=outcome,
        drivers=model.columns,
        contrasts=sides,
        per_driver=True,
        smallest_effect=smallest,
        **options,
    )
    return rows[rows["term"] == "named"], rows[rows["term"] == "block"]


def _component(rows: pd.DataFrame, name: str, *, label: dict[str, str], groups: Groups) -> EstimateRecord:
    return estimate_record(
        rows,
        "named",
        name=name,
        label=Note(message="{outcome}", values={"outcome": label}),
        unit_of_measurement="variance_share",
        method=Note(message=_METHODS[groups.by]),
    )


def _checks(
    data: pd.DataFrame,
    outcome: Variable,
    *,
    label: dict[str, str],
    block: pd.DataFrame,
    model: _Model,
    options: dict[str, Any],
) -> list[EstimateRecord]:
    method = Note(message="the same bootstrap")
    record = estimate_record(
        block,
        "block",
        name=f"{outcome.name}_blocks",
        label=Note(message="{outcome}: mean driver of the two blocks", values={"outcome": label}),
        unit_of_measurement="variance_share",
        method=method,
    )
    records = [record]
    methods = {"first": "{outcome}: each driver alone (first)", "last": "{outcome}: each driver last"}
    if not model.groups:
        methods = {"relative_weights": "{outcome}: relative weights"} | methods
    for name, message in methods.items():
        sides = {"named": (model.side(FIRST, named=True), model.side(SECOND, named=True))}
        rows = importance_differences(
            data,
            outcome=outcome.column,
            drivers=model.columns,
            contrasts=sides,
            per_driver=True,
            method=name,
            **options,
        )
        records.append(
            estimate_record(
                rows,
                "named",
                name=f"{outcome.name}_{name}",
                label=Note(message=message, values={"outcome": label}),
                unit_of_measurement="variance_share",
                method=method,
            )
        )
    return records


def _labelled(table: pd.DataFrame, codebook: Codebook, model: _Model) -> pd.DataFrame:
    players = model.players
    # The construct's label and not the item's wording: values are oriented, the wording may be reversed.
    labels = {
        name: codebook.label(name if name in model.groups.values() else v.name) for name, v in players.items()
    }
    return table.assign(
        label=table["driver"].map(labels),
        block=table["driver"].map({name: v.block for name, v in players.items()}),
        named=table["driver"].map({name: v.named for name, v in players.items()}),
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


def _correlations(
    data: pd.DataFrame, model: _Model, measured: Sequence[Variable], codebook: Codebook
) -> pd.DataFrame:
    rows = []
    for variable in model.drivers:
        row: dict[str, Any] = {
            "driver": variable.column,
            "label": codebook.label(variable.name),
            "block": variable.block,
        }
        both = data[variable.column].notna()
        row |= {
            v.name: float(data.loc[both, variable.column].corr(data.loc[both, v.column])) for v in measured
        }
        row["n"] = int(both.sum())
        rows.append(row)
    return pd.DataFrame(rows)


def _caveats(measured: Sequence[Variable], groups: Groups) -> list[Note]:
    caveats = [
        Note(
            message="Drivers and outcomes come from the same questionnaire, which makes every link look stronger than it is."
        ),
        Note(
            message="Importance describes which answers go together. It does not say what would change if a driver changed."
        ),
    ]
    components = load_registry().family_of("employee-first").components
    absent = [name for name in OUTCOMES if name not in {v.name for v in measured}]
    if absent:
        missing: dict[str, str] = {
            "nl": ", ".join(components[name].nl for name in absent),
            "en": ", ".join(components[name].en for name in absent),
        }
        message = "Not measured here: {missing}. The claim is about all four outcomes."
        caveats.append(Note(message=message, values={"missing": missing}))
    return caveats + few_units_caveat(groups)
