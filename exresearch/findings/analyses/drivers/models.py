"""One driver model per outcome: who is in it, its bootstrap, and the contrasts of its drivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import units_counted
from exresearch.findings.analyses.drivers.correlations import pairwise_correlations
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.measures import Groups, dependence_groups
from exresearch.measures.resampling import respondents
from exresearch.models import (
    NotEstimable,
    UnitMoments,
    importance_replicates,
    summarise_differences,
    unit_moments,
)
from exresearch.models.drivers import MAX_PLAYERS, ImportanceReplicates
from exresearch.study import Codebook, Variable
from exresearch.study.languages import listed

FIRST, SECOND = "employee-first", "customer-first"
OUTCOMES = ("enps", "stay", "effort", "promote")
# Beside the measure that decides; relative weights are not defined for groups of drivers.
_CHECKS = ("relative_weights", "first", "last")
_GROUPED_CHECKS = ("first", "last")
# Orders of the drivers that are drawn where there are too many for all of them.
N_ORDERS = 100_000
# Names that no column of a client has.
_WEIGHT, _GROUP = "(weight)", "(group)"


@dataclass(frozen=True, slots=True)
class DriverModel:
    """The drivers of a codebook as players: single drivers, and groups that enter as one."""

    drivers: tuple[Variable, ...]
    groups: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """Columns of all drivers."""
        return [v.column for v in self.drivers]

    @property
    def players(self) -> dict[str, Variable]:
        """First driver of each player, by the player's name."""
        players: dict[str, Variable] = {}
        for variable in self.drivers:
            players.setdefault(self.groups.get(variable.column, variable.column), variable)
        return players

    @property
    def method(self) -> str:
        """The measure that decides: exact LMG, or LMG from a sample of the orders where there are too many players."""
        return "lmg" if len(self.players) <= MAX_PLAYERS else "lmg_sampled"

    @property
    def sampling(self) -> dict[str, Any]:
        """Options of the measure that decides, for ``importance_replicates``."""
        return {} if self.method == "lmg" else {"n_orders": N_ORDERS}

    def named(self, player: str) -> bool:
        """Whether the claim names this player, or a driver in it."""
        return any(v.named for v in self.drivers if self.groups.get(v.column, v.column) == player)

    def side(self, block: str, *, named: bool) -> list[str]:
        """Players of a block, all of them or those that the claim names."""
        players = [name for name, v in self.players.items() if v.block == block]
        return [name for name in players if self.named(name)] if named else players


@dataclass(frozen=True, slots=True)
class Fit:
    """One outcome with its label, the bootstrap of the importances, and the groups and moments behind it.

    The rows of ``groups.labels`` are the complete answer sheets.
    """

    outcome: Variable
    label: dict[str, str]
    replicates: ImportanceReplicates
    groups: Groups
    moments: UnitMoments


def driver_model(codebook: Codebook) -> DriverModel:
    """Read the drivers of a codebook and the groups they form."""
    drivers = codebook.select("employees", role="driver")
    return DriverModel(drivers, {v.column: v.group for v in drivers if v.group is not None})


def fit_importance(
    data: pd.DataFrame,
    employees: pd.DataFrame,
    outcome: Variable,
    *,
    model: DriverModel,
    rules: DisclosureRules,
    codebook: Codebook,
    n_boot: int,
    seed: int,
) -> Fit | Note:
    """Bootstrap the importances for one outcome, once for all methods, or say why that cannot be done."""
    label = codebook.label(outcome.name)
    columns = [outcome.column, *model.columns]
    rows = data[columns]
    if "weight" in employees:
        rows = rows.assign(**{_WEIGHT: employees["weight"]})
    complete = rows.notna().all(axis=1)
    if respondents(employees, where=complete) < rules.min_model:
        message = "{outcome} is left out: fewer than {needed:integer} people answered everything."
        return Note(message=message, values={"outcome": label, "needed": rules.min_model})
    # Chosen among the complete sheets: the units of the others say nothing about this outcome.
    groups = dependence_groups(employees, where=complete)
    try:
        moments = unit_moments(
            rows[complete].assign(**{_GROUP: groups.labels}),
            columns=columns,
            weights=_WEIGHT if _WEIGHT in rows else None,
            cluster=None if groups.by == "row" else _GROUP,
        )
        replicates = importance_replicates(
            moments,
            outcome=outcome.column,
            drivers=model.columns,
            blocks=model.groups or None,
            methods=(model.method, *(_GROUPED_CHECKS if model.groups else _CHECKS)),
            n_boot=n_boot,
            seed=seed,
            **model.sampling,
        )
    except NotEstimable:
        return _obstacle(rows.loc[complete, columns], label, codebook)
    return Fit(outcome, label, replicates, groups, moments)


def _obstacle(rows: pd.DataFrame, label: dict[str, str], codebook: Codebook) -> Note:
    constant = [column for column in rows.columns if rows[column].max() == rows[column].min()]
    if not constant:
        message = (
            "{outcome} is left out: some of its drivers, or a driver and the outcome, are copies or sums of one "
            "another, or hardly anybody answers differently."
        )
        return Note(message=message, values={"outcome": label})
    by_column = {
        v.column: codebook.label(v.name) for v in codebook.select("employees") if v.column in constant
    }
    same = listed([by_column[column] for column in constant])
    message = "{outcome} is left out: everybody answers the same on {same}."
    return Note(message=message, values={"outcome": label, "same": same})


def named_and_block_differences(
    fit: Fit, model: DriverModel, *, method: str, conf_level: float
) -> pd.DataFrame:
    """Compare the mean named driver of the two blocks, and the mean driver of the two blocks."""
    sides = {
        "named": (model.side(FIRST, named=True), model.side(SECOND, named=True)),
        "blocks": (model.side(FIRST, named=False), model.side(SECOND, named=False)),
    }
    rows = summarise_differences(
        fit.replicates, contrasts=sides, method=method, per_driver=True, conf_level=conf_level
    )
    return units_counted(rows, fit.groups)


def turned_round(driver: Variable, codebook: Codebook) -> bool:
    """Whether the values of a driver run against its label: it is reversed and goes by the wording of the question.

    A construct with a label of its own says what high values mean.
    """
    return driver.reversed and driver.name not in codebook.constructs


def driver_correlations(
    data: pd.DataFrame,
    weights: pd.Series | None,
    model: DriverModel,
    measured: Sequence[Variable],
    codebook: Codebook,
) -> pd.DataFrame:
    """Correlate each driver with each outcome on the sheets that answer both: one row per driver, one column each."""
    rows = []
    names = [*model.columns, *(v.column for v in measured)]
    answers = [data[name].to_numpy(dtype="float64", na_value=np.nan) for name in names]
    counted = None if weights is None else weights.to_numpy(dtype="float64", na_value=np.nan)
    found, both = pairwise_correlations(answers, counted)
    for first, variable in enumerate(model.drivers):
        row: dict[str, object] = {
            "driver": variable.column,
            "label": codebook.label(variable.name),
            "block": variable.block,
            "reversed": turned_round(variable, codebook),
        }
        sizes = []
        for second, v in enumerate(measured, start=len(model.drivers)):
            row[v.name] = float(found[first, second])
            sizes.append(int(both[first, second]))
        row["n"] = min(sizes)
        rows.append(row)
    return pd.DataFrame(rows)


def rank_caveats(importance: pd.DataFrame, labels: Mapping[str, dict[str, str]]) -> list[Note]:
    """Say where the named drivers are not the most and the least important of all, which the claim says as well.

    Parameters
    ----------
    importance : pandas.DataFrame
        ``outcome, block, named, rank``, one row per outcome and driver.
    labels : mapping
        Label of each outcome in both languages.

    Returns
    -------
    list of Note
        Empty where the named drivers come first and last for every outcome.
    """
    named = importance[importance["named"]]
    first = named[named["block"] == FIRST].groupby("outcome", sort=False)["rank"].min()
    last = named[named["block"] == SECOND].groupby("outcome", sort=False)["rank"].max()
    lowest = importance.groupby("outcome", sort=False)["rank"].max()
    caveats = []
    outdone = first.index[first > 1]
    if len(outdone):
        message = (
            "Only the difference between the named drivers is tested. The claim also says “most”: for {outcomes} "
            "another driver weighs more."
        )
        caveats.append(Note(message=message, values={"outcomes": _listed(outdone, labels)}))
    undercut = last.index[last < lowest.loc[last.index]]
    if len(undercut):
        message = (
            "Only the difference between the named drivers is tested. The claim also says “least”: for {outcomes} "
            "another driver weighs less."
        )
        caveats.append(Note(message=message, values={"outcomes": _listed(undercut, labels)}))
    return caveats


def _listed(outcomes: pd.Index, labels: Mapping[str, dict[str, str]]) -> dict[str, str]:
    return listed([labels[name] for name in outcomes])


def standing_caveats(measured: Sequence[Variable]) -> list[Note]:
    """Say what holds of every such model, and which of the four outcomes are not among those measured."""
    caveats = [
        Note(
            message=(
                "Drivers and outcomes come from the same questionnaire, which makes every link look stronger than it "
                "is."
            )
        ),
        Note(
            message=(
                "Importance describes which answers go together. It does not say what would change if a driver changed."
            )
        ),
    ]
    components = load_registry().family_of("employee-first").components
    absent = [name for name in OUTCOMES if name not in {v.name for v in measured}]
    if absent:
        missing = listed([components[name] for name in absent])
        message = "Not measured here: {missing}. The claim is about all four outcomes."
        caveats.append(Note(message=message, values={"missing": missing}))
    return caveats
