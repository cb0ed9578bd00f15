"""Does one questionnaire make the difference: a marker in the model, and drivers and outcome from different people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.drivers.models import DriverModel, Fit, named_and_block_differences
from exresearch.findings.analyses.drivers.splits import split_unit_difference
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import oriented_frame
from exresearch.measures.resampling import respondents
from exresearch.models import NotEstimable, importance_replicates
from exresearch.study import Study, Variable

_MARKER, _WEIGHT, _GROUP = "(marker)", "(weight)", "(group)"
SAME_PEOPLE, WITH_MARKER, OTHER_PEOPLE = (
    "as in the verdict",
    "with the marker in the model",
    "drivers and outcome from different people, between units",
)


@dataclass(frozen=True, slots=True)
class OneSource:
    """What the difference between the named drivers becomes when the questionnaire is reckoned with.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per outcome and way: ``outcome, label, handling, estimate, conf_low, conf_high, conf_level,
        unit_of_measurement, n, n_units``.
    records : list of EstimateRecord
        The same as checks beside the verdict, without the rows of the verdict itself.
    notes : list of Note
        Why a check could not be done, and how much the first component of all questions carries.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    records: list[EstimateRecord] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def one_source(
    study: Study,
    data: pd.DataFrame,
    fits: Mapping[str, Fit],
    decided: Mapping[str, pd.DataFrame],
    *,
    model: DriverModel,
    rules: DisclosureRules,
    marker: str,
    n_splits: int,
    n_boot: int,
    conf_level: float,
    seed: int,
) -> OneSource:
    """Repeat the comparison of the named drivers in two ways that weaken what one questionnaire adds.

    Parameters
    ----------
    study : Study
        The client.
    data : pandas.DataFrame
        Drivers and outcomes, oriented.
    fits : mapping of str to Fit
        The outcomes that were analysed.
    decided : mapping of str to pandas.DataFrame
        The difference between the named drivers of each, by the measure that decides.
    model : DriverModel
        The drivers.
    rules : DisclosureRules
        Minimum groups.
    marker : str
        Column or construct that has nothing to do with the others; empty for none.
    n_splits : int
        Random splits of the units' people; 0 for no such check.
    n_boot, conf_level, seed
        Of every interval.

    Returns
    -------
    OneSource
    """
    employees = study.table("employees")
    table: list[dict[str, Any]] = []
    records: list[EstimateRecord] = []
    notes = [_first_component(fits)]
    markers = [] if not marker else _marker_items(study, marker, fits, model)
    if not marker:
        notes.append(Note(message="The study file names no marker, so that check was not made."))
    elif not markers:
        message = "No question of the employees outside the model goes by the name of the marker, {marker}."
        notes.append(Note(message=message, values={"marker": marker}))
    if n_splits and model.method != "lmg":
        notes.append(Note(message="There are too many drivers to split the people of units again and again."))
        n_splits = 0
    options: dict[str, Any] = {"model": model, "conf_level": conf_level, "seed": seed, "rules": rules}
    for name, fit in fits.items():
        ways: list[tuple[str, str, pd.DataFrame | Note, Note]] = []
        if markers:
            found = _with_marker(data, employees, fit, markers, n_boot=n_boot, **options)
            method = Note(message="the marker as a covariate in every model; the same bootstrap")
            ways.append(("marker", WITH_MARKER, found, method))
        if n_splits:
            found = split_unit_difference(data, employees, fit, n_splits=n_splits, n_boot=n_boot, **options)
            message = (
                "exact LMG of unit means; mean of {n_splits:integer} random splits of the people of each unit, each "
                "used both ways round; bootstrap over units, expanded percentile interval"
            )
            ways.append(("split", OTHER_PEOPLE, found, Note(message=message, values={"n_splits": n_splits})))
        table.append(_row(fit, SAME_PEOPLE, decided[name]))
        for term, handling, found, method in ways:
            if isinstance(found, Note):
                notes += [found] if found not in notes else []
                continue
            table.append(_row(fit, handling, found))
            label = Note(message=_LABELS[term], values={"outcome": fit.label})
            records.append(
                estimate_record(
                    found,
                    "named",
                    name=f"{name}_{term}",
                    label=label,
                    unit_of_measurement="variance_share",
                    method=method,
                )
            )
    return OneSource(pd.DataFrame(table), records, notes)


_LABELS = {
    "marker": "{outcome}: with the marker in the model",
    "split": "{outcome}: drivers and outcome from different people, between units",
}


def _marker_items(study: Study, marker: str, fits: Mapping[str, Fit], model: DriverModel) -> list[Variable]:
    """Questions of the marker; none where it is in the model itself."""
    inside = {*model.columns, *(fit.outcome.column for fit in fits.values())}
    employees = study.table("employees")
    return [
        v
        for v in study.codebook.select("employees")
        if marker in (v.column, v.construct)
        and v.column in employees
        and v.column not in inside
        and v.minimum is not None
    ]


def _with_marker(
    data: pd.DataFrame,
    employees: pd.DataFrame,
    fit: Fit,
    markers: list[Variable],
    *,
    model: DriverModel,
    rules: DisclosureRules,
    n_boot: int,
    conf_level: float,
    seed: int,
) -> pd.DataFrame | Note:
    """Compare the named drivers with the marker in every model."""
    sheets = fit.groups.labels.index
    rows = data.loc[sheets, [fit.outcome.column, *model.columns]].assign(
        **{_MARKER: oriented_frame(employees.loc[sheets], markers).mean(axis=1), _GROUP: fit.groups.labels}
    )
    if "weight" in employees:
        rows[_WEIGHT] = employees.loc[sheets, "weight"]
    reason = Note(
        message="{outcome}: too few people answered the marker, or it does not vary.",
        values={"outcome": fit.label},
    )
    if respondents(employees, where=rows.index[rows.notna().all(axis=1)]) < rules.min_model:
        return reason
    try:
        replicates = importance_replicates(
            rows,
            outcome=fit.outcome.column,
            drivers=model.columns,
            covariates=[_MARKER],
            weights=_WEIGHT if _WEIGHT in rows else None,
            cluster=None if fit.groups.by == "row" else _GROUP,
            blocks=model.groups or None,
            methods=[model.method],
            n_boot=n_boot,
            seed=seed,
        )
    except NotEstimable:
        return reason
    with_marker = Fit(fit.outcome, fit.label, replicates, fit.groups, fit.moments)
    return named_and_block_differences(with_marker, model, method=model.method, conf_level=conf_level)


def _first_component(fits: Mapping[str, Fit]) -> Note:
    """Share of the variance of all questions of a model in their first principal component, the largest of them."""
    shares = []
    for fit in fits.values():
        eigenvalues = np.linalg.eigvalsh(fit.moments.correlations()[0])
        shares.append(float(eigenvalues[-1] / eigenvalues.sum()))
    message = (
        "The first component of drivers and outcome together carries at most {share:percent0} of their variance. That "
        "is weak evidence: a large share raises a suspicion, a small one clears nobody of it."
    )
    return Note(message=message, values={"share": max(shares)})


def _row(fit: Fit, handling: str, estimates: pd.DataFrame) -> dict[str, Any]:
    row = estimates[estimates["term"] == "named"].iloc[0]
    names = ("estimate", "conf_low", "conf_high", "conf_level", "n", "n_units")
    found = {name: row[name] for name in names}
    return {
        "outcome": fit.outcome.name,
        "label": fit.label,
        "handling": handling,
        "unit_of_measurement": "variance_share",
    } | found
