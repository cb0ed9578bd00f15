"""Which answer sheets have their missing answers imputed, and what else on them helps to do so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.findings.analyses.drivers.models import DriverModel
from exresearch.measures import Groups, NotScorable, construct_score, dependence_groups
from exresearch.models.moments.algebra import row_order
from exresearch.study import Study, Variable
from exresearch.study.coded import ranked

# Of more sheets than this a sample is imputed: the check must not take longer than what it checks.
_MOST_SHEETS = 60_000
_MOST_AUXILIARIES, _LEAST_ANSWERED = 5, 0.5
# Names that no column of a client has.
WEIGHT, GROUP, _LEVEL = "(weight)", "(group)", "(level of the group)"


@dataclass(frozen=True, slots=True)
class ImputedSheets:
    """The sheets that are imputed.

    Attributes
    ----------
    frame : pandas.DataFrame
        Drivers and outcomes with their gaps, group, weight where there is one, and auxiliary variables.
    asked : pandas.DataFrame
        Whether the sheet's wave asked each driver and outcome.
    auxiliary : list of str
        Names of the auxiliary variables, the weight among them.
    groups : Groups
        Whose answers depend on each other.
    n_all : int
        Answer sheets of the study.
    sampled : bool
        Whether the sheets are a sample.
    """

    frame: pd.DataFrame
    asked: pd.DataFrame
    auxiliary: list[str]
    groups: Groups
    n_all: int
    sampled: bool


def sheets_to_impute(
    study: Study, data: pd.DataFrame, model: DriverModel, measured: Sequence[Variable], *, seed: int
) -> ImputedSheets:
    """Choose the sheets of waves that asked every driver, and gather what helps to impute their missing answers.

    Parameters
    ----------
    study : Study
        The client.
    data : pandas.DataFrame
        Drivers and outcomes, oriented.
    model, measured
        The drivers, and all outcomes.
    seed : int
        Of the sample that takes the place of more than 60,000 sheets.

    Returns
    -------
    ImputedSheets
        A sheet without any of these answers, or without a weight where there are weights, is not among them.
    """
    employees = study.table("employees")
    columns = [*model.columns, *(v.column for v in measured)]
    answered = data[columns].notna()
    waves = employees["wave"] if "wave" in employees else pd.Series("", index=data.index)
    # What a wave did not ask is missing by design: there is nobody to learn from.
    asked = answered.groupby(waves.fillna("")).transform("any")
    kept = answered.any(axis=1) & asked[model.columns].all(axis=1)
    if "weight" in employees:
        kept &= employees["weight"].notna()
    sampled = int(kept.sum()) > _MOST_SHEETS
    groups = dependence_groups(employees, where=kept)
    if sampled:
        drawn = _sample(data.loc[kept, columns], groups, seed=seed)
        kept = pd.Series(data.index.isin(drawn), index=data.index)
        groups = dependence_groups(employees, where=kept)
    frame = data.loc[kept, columns].assign(**{GROUP: groups.labels})
    helpers = _auxiliaries(study, frame[columns], employees[kept])
    if groups.by != "row":
        helpers[_LEVEL] = _level_of_others(frame[columns], groups)
    if "weight" in employees:
        helpers[WEIGHT] = employees.loc[kept, "weight"].astype("float64")
    return ImputedSheets(frame.assign(**helpers), asked[kept], list(helpers), groups, len(data), sampled)


def _sample(answers: pd.DataFrame, groups: Groups, *, seed: int) -> pd.Index:
    """Draw sheets at random, the same ones whatever the order of the rows; every group stays in it by its share."""
    labels = ranked(groups.labels)[0]
    columns = [answers[name].to_numpy(dtype="float64") for name in reversed(list(answers))]
    ordered = answers.index[row_order([*columns, labels])]
    return ordered[np.random.default_rng(seed).choice(len(ordered), size=_MOST_SHEETS, replace=False)]


def _level_of_others(answers: pd.DataFrame, groups: Groups) -> pd.Series:
    """How the others of a sheet's group answer on the whole, so that imputed answers resemble those of colleagues."""
    standard = (answers - answers.mean()) / answers.std().replace(0.0, 1.0)
    own = standard.mean(axis=1)
    together = own.groupby(groups.labels)
    others = together.transform("count") - 1
    # Without the sheet itself: else its missing answer would follow from the level and its other answers.
    return (together.transform("sum") - own) / others.where(others > 0, 1)


def _auxiliaries(study: Study, answers: pd.DataFrame, employees: pd.DataFrame) -> dict[str, pd.Series]:
    """Scores of the other questions that go most closely with those in the model."""
    asked = [
        v
        for role in ("item", "need")
        for v in study.codebook.select("employees", role=role)
        if v.column in employees
    ]
    found: dict[str, pd.Series] = {}
    strength: dict[str, float] = {}
    for construct in dict.fromkeys(v.construct for v in asked if v.construct is not None):
        try:
            score = construct_score(
                employees, codebook=study.codebook, table="employees", construct=construct
            )
        except NotScorable:
            continue
        if score.notna().mean() < _LEAST_ANSWERED or score.nunique() < 2:
            continue
        varying = answers.loc[score.notna()]
        varying = varying.loc[:, varying.max() > varying.min()]
        # Where only sheets with the same answer have a score, there is no correlation.
        with np.errstate(divide="ignore", invalid="ignore"):
            related = varying.corrwith(score[score.notna()]).abs().fillna(0.0)
        found[f"({construct})"], strength[f"({construct})"] = score, float(related.sum())
    best = sorted(found, key=lambda name: (-round(strength[name], 9), name))[:_MOST_AUXILIARIES]
    return {name: found[name] for name in best}
