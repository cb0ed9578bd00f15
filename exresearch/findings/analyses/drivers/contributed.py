"""What the driver model of the eNPS contributes to comparisons of clients: moments of all complete sheets together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.across.contribution import LEAST_PEOPLE, Contributed, DriverMoments
from exresearch.findings.analyses.drivers.models import (
    OUTCOMES,
    DriverModel,
    Fit,
    driver_model,
    fit_importance,
)
from exresearch.findings.note import Note
from exresearch.measures import oriented_frame
from exresearch.measures.resampling import respondents
from exresearch.models.drivers import MAX_PLAYERS
from exresearch.study import Codebook, Study, Variable


@dataclass(frozen=True, slots=True)
class Contribution:
    """Moments to be passed on, with what a reader learns from them.

    Attributes
    ----------
    moments : DriverMoments
    means : dict of str to tuple of (float, float, float)
        Mean of each column as it was answered, with the ends of its scale.
    whole : frozenset of str
        Columns that nobody answered who is not among the complete sheets: their mean is that of everybody.
    """

    moments: DriverMoments
    means: dict[str, tuple[float, float, float]]
    whole: frozenset[str]


def contributed_drivers(
    study: Study, *, rules: DisclosureRules, n_boot: int, seed: int
) -> Contribution | Note:
    """Sum up the answers to the drivers and the eNPS of all sheets that answer every one of them.

    One matrix for the whole client, over all units and waves: never one of a unit. Nobody who left an answer out
    is in it, so that it is another group than the tables of a report are about; where that leaves only a few people
    over, their answers would follow from the difference, and nothing is contributed.

    Parameters
    ----------
    study : Study
        The client.
    rules : DisclosureRules
        Rules of the report; 30 people are the least whatever they say.
    n_boot, seed
        Of the bootstrap behind the standard errors of the importances; as in the report.

    Returns
    -------
    Contribution or Note
        The note says why there is none.
    """
    model = driver_model(study.codebook)
    # Drivers that a client groups are single here: groups of one client are not those of another.
    model = DriverModel(model.drivers, {})
    outcomes = study.codebook.select("employees", role="outcome", construct=OUTCOMES[0])[:1]
    if "employees" not in study.tables or not outcomes or len(model.drivers) < 2:
        return Note(message="There are no drivers, or no item about recommending the employer.")
    if len(model.drivers) > MAX_PLAYERS:
        message = "There are more than {most:integer} drivers, too many for all their orders."
        return Note(message=message, values={"most": MAX_PLAYERS})
    outcome = outcomes[0]
    columns = [outcome.column, *model.columns]
    employees = study.table("employees")
    if any(column not in employees for column in columns):
        return Note(message="A column of a driver or of the eNPS is not in the data.")
    data = oriented_frame(employees, [outcome, *model.drivers])
    needed = max(rules.min_model, LEAST_PEOPLE)
    weights = ["weight"] if "weight" in employees else []
    answered = data[columns].notna()
    complete = answered.all(axis=1) & employees[weights].notna().all(axis=1)
    if respondents(employees, where=complete) < needed:
        message = "Fewer than {needed:integer} people answered everything."
        return Note(message=message, values={"needed": needed})
    over = {column: respondents(employees, where=answered[column] & ~complete) for column in columns}
    if any(0 < count < rules.min_respondents for count in over.values()):
        message = (
            "Fewer than {least:integer} people left an answer out, and theirs would follow from the moments beside the "
            "tables of the report."
        )
        return Note(message=message, values={"least": rules.min_respondents})
    fit = fit_importance(
        data,
        employees,
        outcome,
        model=model,
        rules=rules,
        codebook=study.codebook,
        n_boot=n_boot,
        seed=seed,
    )
    if isinstance(fit, Note):
        return fit
    moments = _moments(fit, outcome, model, study.codebook, employees)
    raw = employees.loc[complete, columns].astype("float64")
    counted = employees.loc[complete, "weight"].astype("float64") if weights else pd.Series(1.0, raw.index)
    means = {
        v.column: (float(np.average(raw[v.column], weights=counted)), *_scale(v))
        for v in (outcome, *model.drivers)
    }
    return Contribution(moments, means, frozenset(column for column, count in over.items() if not count))


def _moments(
    fit: Fit, outcome: Variable, model: DriverModel, codebook: Codebook, employees: pd.DataFrame
) -> DriverMoments:
    sums = fit.moments.sums()[0]
    # About zero again: the moments are kept about an origin near the means.
    change = np.eye(len(sums))
    change[1:, 0] = fit.moments.origin
    matrix = change @ sums @ change.T
    matrix = (matrix + matrix.T) / 2.0
    names = _names([outcome, *model.drivers])
    contributed = [
        Contributed(
            name=names[v.column],
            label=dict(codebook.label(v.name)),
            block=v.block,
            group=v.group,
            minimum=_scale(v)[0],
            maximum=_scale(v)[1],
        )
        for v in (outcome, *model.drivers)
    ]
    replicates = fit.replicates
    order = [replicates.drivers.index(column) for column in model.columns]
    covariance = np.atleast_2d(np.cov(replicates.replicates["lmg"][:, order], rowvar=False))
    resampled: dict[str, Literal["unit", "person", "row"]] = {"unit": "unit", "person": "person"}
    return DriverMoments(
        outcome=contributed[0],
        drivers=tuple(contributed[1:]),
        n=replicates.n,
        n_people=respondents(employees, where=fit.groups.labels.index),
        n_units=replicates.n_units,
        resampled=resampled.get(fit.groups.by, "row"),
        weighted="weight" in employees,
        moments=_rows(matrix),
        importance=tuple(float(value) for value in replicates.estimate["lmg"][order]),
        covariance=_rows((covariance + covariance.T) / 2.0),
        r_squared=float(replicates.r_squared),
    )


def _names(variables: Sequence[Variable]) -> dict[str, str]:
    """Name each column by its construct, or by itself where two measure one construct."""
    constructs = [v.name for v in variables]
    return {v.column: v.name if constructs.count(v.name) == 1 else v.column for v in variables}


def _scale(variable: Variable) -> tuple[float, float]:
    if variable.minimum is None or variable.maximum is None:
        raise ValueError(f"column {variable.column!r} has no scale; a driver and an outcome need one.")
    return float(variable.minimum), float(variable.maximum)


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in matrix)
