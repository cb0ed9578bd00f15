"""The strength of the link between units, in several ways of reckoning it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.findings.analyses.linkage.checks import counted
from exresearch.findings.analyses.linkage.covariates import Covariates, both_languages, unit_covariates
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import EngagedDefinition, LinkTable, UnitPrecision, unit_precision
from exresearch.models import NotEstimable, disattenuated_association, linear_regression
from exresearch.study import Study

_HC3 = Note(message="least squares on unit values, HC3 standard error, t interval")
_CR2 = Note(message="least squares on units by wave, clustered by unit (CR2, Satterthwaite), t interval")
_CORRECTED = Note(message="correlation over the root of both reliabilities, bootstrap over units, t interval")
_WAVES_TOO = Note(
    message=(
        "Sampling errors of {measure} are not given; what differs from wave to wave within a unit counts as error, so "
        "that the correction is an upper bound."
    )
)
_UNKNOWN = Note(
    message=(
        "The link is not corrected for unreliable unit values: the study says nothing about the sampling error of "
        "{measure}."
    )
)
_NO_CORRECTION = Note(
    message=(
        "The link is not corrected for unreliable unit values: on one side units differ hardly more than chance alone "
        "would make them."
    )
)
_SOME_FAIL = Note(
    message="{count:integer} of the ways to reckon the link could not be computed with these units."
)
_RELIABLE = Note(
    message=(
        "Reliability of the unit values: {ex:number2} ({ex_low:number2} to {ex_high:number2}) on the employees’ side, "
        "{cx:number2} ({cx_low:number2} to {cx_high:number2}) on the customers’ side."
    )
)
_BY_ERROR = Note(message="Units weighted by one over the squared standard error of their customers’ side")
_COLUMNS = [
    "term", "label", "detail", "estimate", "std_error", "p_value", "conf_low", "conf_high", "conf_level", "n",
    "n_units", "unit_of_measurement",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkSlopes:
    """The link in standard deviations of units, reckoned in several ways.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per way: ``term`` (raw, adjusted, weighted, panel, panel_adjusted, disattenuated), ``label, detail``
        (notes), ``estimate, std_error, p_value, conf_low, conf_high, conf_level, n`` (answers, or units where those are
        not known), ``n_units, unit_of_measurement``. All slopes are in standard deviations of the units' values, taken
        as known.
    notes : list of Note
        What is left out and why, and how reliable the unit values are.
    precision : dict of str to UnitPrecision
        Of ``ex`` and ``cx``.
    """

    table: pd.DataFrame
    notes: list[Note]
    precision: dict[str, UnitPrecision]

    def records(self) -> list[EstimateRecord]:
        """Return the checks that stand beside the verdict: held constant, and corrected for unreliable values."""
        labels: dict[str, Any] = dict(zip(self.table["term"], self.table["label"], strict=True))
        methods: dict[str, Any] = dict(zip(self.table["term"], self.table["detail"], strict=True))
        return [
            estimate_record(
                self.table,
                term,
                name=name,
                label=labels[term],
                unit_of_measurement="standardised",
                method=methods[term],
            )
            for term, name in (("adjusted", "slope_adjusted"), ("disattenuated", "slope_disattenuated"))
            if term in labels
        ]


def link_slopes(
    study: Study,
    table: LinkTable,
    *,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    resampling: Mapping[str, Any],
) -> LinkSlopes:
    """Reckon the link between units raw, with covariates, weighted, by wave and corrected for unreliable values.

    Parameters
    ----------
    study : Study
        The client.
    table : LinkTable
        Its link.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    resampling : mapping
        ``n_boot, conf_level, seed``.

    Returns
    -------
    LinkSlopes
    """
    given: dict[str, Any] = {"engaged_definition": engaged_definition, "engaged_threshold": engaged_threshold}
    precision = {
        "ex": unit_precision(study, table.ex, **given),
        "cx": unit_precision(study, table.cx, **given),
    }
    covariates = unit_covariates(study, table.units)
    units = in_deviations(table.units, table.units).merge(covariates.frame, on="unit", validate="one_to_one")
    level = float(resampling["conf_level"])
    rows = [_row("raw", Note(message="All units alike"), units, conf_level=level)]
    held = Note(message="With {names} held constant", values={"names": both_languages(covariates.labels)})
    if covariates.columns:
        rows.append(_row("adjusted", held, units, covariates=covariates.columns, conf_level=level))
    weighted, label = _weights(units, precision)
    if label is not None:
        rows.append(_row("weighted", label, weighted, weights="weight", conf_level=level))
    rows += _by_wave(table, covariates, level)
    failed = sum(row is None for row in rows)
    notes = [*covariates.notes]
    corrected, remarks = _corrected(study, table, precision, resampling)
    found = [row for row in rows if row is not None] + corrected
    notes += remarks
    if failed:
        notes.append(_SOME_FAIL.model_copy(update={"values": {"count": failed}}))
    frame = pd.DataFrame(found, columns=_COLUMNS)
    return LinkSlopes(frame, notes, precision)


def in_deviations(rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Put both sides of some rows in standard deviations of the units."""
    scaled = {side: (rows[side] - units[side].mean()) / units[side].std() for side in ("ex", "cx")}
    return rows.assign(**scaled)


def _row(
    term: str,
    label: Note,
    frame: pd.DataFrame,
    *,
    covariates: list[str] | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    conf_level: float,
) -> dict[str, Any] | None:
    try:
        fit = linear_regression(
            frame,
            outcome="cx",
            predictors=["ex", *(covariates or [])],
            weights=weights,
            cluster=cluster,
            conf_level=conf_level,
        )
    except NotEstimable:
        return None
    used = frame[["ex", "cx", *(covariates or []), *([weights] if weights else [])]].notna().all(axis=1)
    row = counted(fit.table, frame[used]).set_index("term").loc["ex"].to_dict()
    return _named(term, label, _HC3 if cluster is None else _CR2, row | {"n_units": row["n_clusters"]})


def _named(term: str, label: Note, detail: Note, row: Mapping[Any, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in _COLUMNS[3:11]}
    return {"term": term, "label": label, "detail": detail, "unit_of_measurement": "standardised", **kept}


def _weights(units: pd.DataFrame, precision: Mapping[str, UnitPrecision]) -> tuple[pd.DataFrame, Note | None]:
    """Weights of the outcome: one over its sampling variance where the study gives that, else its number of answers."""
    found = precision["cx"]
    if found.source == "std_error":
        error = units["unit"].map(found.frame.set_index("unit")["error"]).astype("float64")
        if error.gt(0).all():
            return units.assign(weight=1 / error), _BY_ERROR
    for side, label in (
        ("cx", Note(message="Units weighted by their number of customers’ answers")),
        ("ex", Note(message="Units weighted by their number of employees’ answers")),
    ):
        n = units[f"{side}_n"]
        if n.notna().all() and n.gt(0).all():
            return units.assign(weight=n), label
    return units, None


def _by_wave(table: LinkTable, covariates: Covariates, conf_level: float) -> list[dict[str, Any] | None]:
    """Units by wave, clustered by unit; waves are held constant, since all units may shift together."""
    waves = sorted(table.panel["wave"].unique())
    if len(waves) < 2 or not table.panel["unit"].duplicated().any():
        return []
    panel = in_deviations(table.panel, table.units).merge(covariates.frame, on="unit", how="left")
    dummies = [f"wave: {wave}" for wave in waves[1:]]
    panel = panel.assign(**{f"wave: {wave}": (panel["wave"] == wave).astype("float64") for wave in waves[1:]})
    label = Note(message="Units by wave, waves held constant")
    rows = [_row("panel", label, panel, covariates=dummies, cluster="unit", conf_level=conf_level)]
    if covariates.columns:
        label = Note(
            message="Units by wave, with waves and {names} held constant",
            values={"names": both_languages(covariates.labels)},
        )
        held = [*dummies, *covariates.columns]
        rows.append(
            _row("panel_adjusted", label, panel, covariates=held, cluster="unit", conf_level=conf_level)
        )
    return rows


def _corrected(
    study: Study, table: LinkTable, precision: Mapping[str, UnitPrecision], resampling: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[Note]]:
    notes, units = [], table.units
    for side, source in (("ex", table.ex), ("cx", table.cx)):
        measure = {"measure": study.codebook.label(source.construct)}
        if precision[side].source == "unknown":
            return [], [_UNKNOWN.model_copy(update={"values": measure})]
        if precision[side].source == "waves":
            notes.append(_WAVES_TOO.model_copy(update={"values": measure}))
        errors = precision[side].frame.set_index("unit")["error"]
        units = units.assign(**{f"{side}_error": units["unit"].map(errors).astype("float64")})
    names: dict[str, Any] = {name: name for name in ("ex", "cx", "ex_error", "cx_error")}
    try:
        found = disattenuated_association(units, **names, **resampling)
    except NotEstimable:
        return [], [_NO_CORRECTION]
    found = counted(found, units[units[list(names)].notna().all(axis=1)]).set_index("term")
    values = {
        f"{side}{end}": float(found.to_dict()[column][f"reliability_{side}"])
        for side in ("ex", "cx")
        for end, column in (("", "estimate"), ("_low", "conf_low"), ("_high", "conf_high"))
    }
    notes.append(_RELIABLE.model_copy(update={"values": values}))
    label = Note(message="Corrected for unreliable unit values")
    return [_named("disattenuated", label, _CORRECTED, found.loc["disattenuated"].to_dict())], notes
