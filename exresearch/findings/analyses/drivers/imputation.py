"""The check of the driver models against missing answers: the same difference on completed answer sheets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.drivers.models import FIRST, SECOND, DriverModel, Fit
from exresearch.findings.analyses.drivers.sheets import GROUP, WEIGHT, ImputedSheets, sheets_to_impute
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import Groups, dependence_groups
from exresearch.models import (
    NotEstimable,
    UnitMoments,
    importance_replicates,
    imputations,
    pool_imputations,
    unit_moments,
)
from exresearch.models.drivers import gap_replicates
from exresearch.models.resampling import count_chunks
from exresearch.study import Codebook, Study, Variable

# Bootstrap replicates of all completed data sets together: their mean variance is then known to 3 %.
_REPLICATES, _FEWEST_EACH = 2000, 100
_LABEL = "{outcome}: missing answers imputed"
# By whether the sheets are a sample.
_METHODS = {
    False: (
        "multiple imputation (chained equations, predictive mean matching), {m:integer} imputations; Rubin's rules, "
        "degrees of freedom of Barnard and Rubin"
    ),
    True: (
        "multiple imputation (chained equations, predictive mean matching), {m:integer} imputations, of a random "
        "sample of {n:integer} answer sheets; Rubin's rules, degrees of freedom of Barnard and Rubin"
    ),
}
LISTWISE, IMPUTED = "only complete answer sheets", "missing answers imputed"


@dataclass(frozen=True, slots=True)
class ImputedDifferences:
    """The differences on completed sheets.

    Attributes
    ----------
    records : list of EstimateRecord
        One per outcome, in the order of the fits; empty where nothing was imputed.
    table : pandas.DataFrame
        One row per record: ``outcome, estimate, conf_low, conf_high, conf_level, n, n_excluded, imputed`` (share of
        answers that were imputed) and ``missing_information``.
    caveats : list of Note
        Why nothing was imputed, or for which outcome not.
    """

    records: list[EstimateRecord] = field(default_factory=list)
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    caveats: list[Note] = field(default_factory=list)


def imputed_differences(
    study: Study,
    data: pd.DataFrame,
    fits: Mapping[str, Fit],
    *,
    model: DriverModel,
    measured: Sequence[Variable],
    n_imputations: int,
    conf_level: float,
    seed: int,
) -> ImputedDifferences:
    """Estimate the difference between the named drivers on sheets whose missing answers are imputed.

    Imputed are all drivers and outcomes, on the sheets of waves that asked every driver, with the weight, the level of
    the unit and up to five other scores of the questionnaire as auxiliary variables. An outcome is analysed on the
    sheets of the waves that asked it.

    Parameters
    ----------
    study : Study
        The client.
    data : pandas.DataFrame
        Drivers and outcomes, oriented.
    fits : mapping of str to Fit
        The outcomes that were analysed on complete sheets.
    model, measured
        The drivers, and all outcomes.
    n_imputations : int
        0 for none; otherwise 2 or more.
    conf_level, seed
        Of every interval.

    Returns
    -------
    ImputedDifferences
    """
    if n_imputations == 0:
        message = "Missing answers were not imputed: n_imputations is 0."
        return ImputedDifferences(caveats=[Note(message=message)])
    sheets = sheets_to_impute(study, data, model, measured, seed=seed)
    columns = [*model.columns, *(v.column for v in measured)]
    wanted = {name: sheets.asked[fit.outcome.column].to_numpy() for name, fit in fits.items()}
    if not any(
        sheets.frame.loc[rows, [fits[name].outcome.column, *model.columns]].isna().to_numpy().any()
        for name, rows in wanted.items()
    ):
        message = "No answer to these questions is missing: there was nothing to impute."
        return ImputedDifferences(caveats=[Note(message=message)])

    estimates: dict[str, list[tuple[float, float]]] = {name: [] for name in fits}
    seeds = [int(state) for state in np.random.SeedSequence(seed).generate_state(n_imputations + 1)]
    completed = imputations(
        sheets.frame,
        columns=columns,
        auxiliary=sheets.auxiliary,
        cluster=None if sheets.groups.by == "row" else GROUP,
        n_imputations=n_imputations,
        seed=seeds[0],
    )
    n_boot = max(_FEWEST_EACH, math.ceil(_REPLICATES / n_imputations))
    failed: dict[str, Fit] = {}
    extra = sheets.frame[[name for name in (WEIGHT,) if name in sheets.frame]]
    # Chosen among the sheets of the outcome: a wave that asked it may have been held in few units.
    employees, index = study.table("employees"), sheets.frame.index
    groups = {name: dependence_groups(employees, where=index[asked]) for name, asked in wanted.items()}
    # Sorted once, and not again for each of the completed sets.
    labels = {name: own.labels.astype("category") for name, own in groups.items()}
    for answers, own_seed in zip(completed, seeds[1:], strict=True):
        rows = pd.concat([answers, extra], axis=1)
        # Mostly all outcomes were asked in the same waves, and one pass over the sheets does for all.
        moments: dict[bytes, UnitMoments] = {}
        for name, fit in fits.items():
            same = wanted[name].tobytes()
            if same not in moments:
                chosen = rows[wanted[name]].assign(**{GROUP: labels[name]})
                moments[same] = _moments(chosen, columns, groups[name])
            try:
                found = _named_difference(moments[same], fit, model, n_boot=n_boot, seed=own_seed)
            except NotEstimable:
                failed[name] = fit
                continue
            estimates[name].append(found)
    return _pooled(sheets, {k: f for k, f in fits.items() if k not in failed}, failed, estimates, wanted, groups, model,
                   conf_level=conf_level)  # fmt: skip


def handling_table(
    finding: Finding, imputed: pd.DataFrame, codebook: Codebook, *, n_sheets: int
) -> pd.DataFrame:
    """Set both ways of handling missing answers side by side, one row per outcome and way.

    Parameters
    ----------
    finding : Finding
        Its components are estimates on complete sheets.
    imputed : pandas.DataFrame
        The table of :class:`ImputedDifferences`.
    codebook : Codebook
        Labels the outcomes.
    n_sheets : int
        Answer sheets of the study.

    Returns
    -------
    pandas.DataFrame
        As :class:`exresearch.findings.analyses.EmployeeFirst` says.
    """
    rows: list[dict[str, Any]] = []
    for part in finding.components:
        listwise = {
            name: getattr(part, name) for name in ("estimate", "conf_low", "conf_high", "conf_level", "n")
        }
        shared = {
            "outcome": part.term,
            "label": codebook.label(part.term),
            "unit_of_measurement": part.unit_of_measurement,
        }
        nothing = {"imputed": float("nan"), "missing_information": float("nan")}
        rows.append(shared | {"handling": LISTWISE} | listwise | {"n_excluded": n_sheets - part.n} | nothing)
        if not imputed.empty:
            done = imputed[imputed["outcome"] == part.term]
            for _, row in done.iterrows():
                rows.append(
                    shared | {"handling": IMPUTED} | {str(name): value for name, value in row.items()}
                )
    return pd.DataFrame(rows)


def _moments(rows: pd.DataFrame, columns: Sequence[str], groups: Groups) -> UnitMoments:
    return unit_moments(
        rows,
        columns=columns,
        weights=WEIGHT if WEIGHT in rows else None,
        cluster=None if groups.by == "row" else GROUP,
    )


def _named_difference(
    moments: UnitMoments, fit: Fit, model: DriverModel, *, n_boot: int, seed: int
) -> tuple[float, float]:
    """Estimate and bootstrap variance of the difference between the named drivers."""
    first, second = (model.side(block, named=True) for block in (FIRST, SECOND))
    if model.method == "lmg":
        estimate, replicates = gap_replicates(
            moments,
            count_chunks(moments.n_units, n_boot=n_boot, seed=seed),
            outcome=fit.outcome.column,
            drivers=model.columns,
            blocks=model.groups or None,
            first=first,
            second=second,
        )
        return estimate, float(replicates.var(ddof=1))
    result = importance_replicates(
        moments,
        outcome=fit.outcome.column,
        drivers=model.columns,
        blocks=model.groups or None,
        methods=[model.method],
        n_boot=n_boot,
        seed=seed,
        influence=False,
    )
    weights = np.zeros(len(result.drivers))
    for sign, side in ((1.0, first), (-1.0, second)):
        weights[[result.drivers.index(name) for name in side]] = sign / len(side)
    variance = float((result.replicates[model.method] @ weights).var(ddof=1))
    return float(result.estimate[model.method] @ weights), variance


def _pooled(
    sheets: ImputedSheets,
    fits: dict[str, Fit],
    failed: dict[str, Fit],
    estimates: dict[str, list[tuple[float, float]]],
    wanted: dict[str, np.ndarray[Any, np.dtype[np.bool_]]],
    groups: Mapping[str, Groups],
    model: DriverModel,
    *,
    conf_level: float,
) -> ImputedDifferences:
    records, table = [], []
    for name, fit in fits.items():
        rows = wanted[name]
        own = groups[name].labels
        pairs = np.asarray(estimates[name])
        try:
            pooled = pool_imputations(
                pairs[:, :1],
                pairs[:, 1:],
                terms=["named"],
                df_complete=own.nunique() - 1,
                n=len(own),
                conf_level=conf_level,
            )
        except NotEstimable:
            failed[name] = fit
            continue
        pooled["n_units"] = own.nunique() if groups[name].by == "unit" else None
        values = {"m": len(pairs)} | ({"n": len(own)} if sheets.sampled else {})
        record = estimate_record(
            pooled,
            "named",
            name=f"{name}_imputed",
            label=Note(message=_LABEL, values={"outcome": fit.label}),
            unit_of_measurement="variance_share",
            method=Note(message=_METHODS[sheets.sampled], values=dict(values)),
        )
        records.append(record)
        cells = sheets.frame.loc[rows, [fit.outcome.column, *model.columns]].isna().to_numpy()
        table.append(
            {
                "outcome": name,
                "estimate": record.estimate,
                "conf_low": record.conf_low,
                "conf_high": record.conf_high,
                "conf_level": conf_level,
                "n": record.n,
                "n_excluded": sheets.n_all - record.n,
                "imputed": float(cells.mean()),
                "missing_information": float(pooled["missing_information"].iloc[0]),
            }
        )
    message = "{outcome}: the completed answer sheets could not be analysed."
    caveats = [Note(message=message, values={"outcome": fit.label}) for fit in failed.values()]
    return ImputedDifferences(records, pd.DataFrame(table), caveats)
