"""What follows what: the model that decides, and the same question answered by other models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.findings.registry import load_registry
from exresearch.models import (
    CrossLaggedPanel,
    NotEstimable,
    cross_lagged_difference,
    cross_lagged_panel,
    dynamic_panel,
    lag_scan,
    loop_gain,
)

Errors = Mapping[str, NDArray[np.float64]]
ROLES: dict[str, Any] = {"unit": "unit", "wave": "wave", "ex": "ex", "cx": "cx"}
#: Components as the registry names them, in its order.
COMPONENTS = ("ex_to_cx", "cx_to_ex", "ex_minus_cx", "loop")
COMPLETE = Note(
    message=(
        "random-intercept cross-lagged panel model on units with all waves, effects equal over lags; maximum "
        "likelihood, normal-theory standard errors widened for few units"
    )
)
FIML = Note(
    message=(
        "random-intercept cross-lagged panel model on all units with the waves they have (full-information maximum "
        "likelihood), effects equal over lags; normal-theory standard errors widened for few units"
    )
)
_FREE = Note(message="random-intercept cross-lagged panel model, effects free to differ over lags")
_ROBUST = Note(
    message="random-intercept cross-lagged panel model on units with all waves, sandwich standard errors"
)
_KNOWN = Note(
    message="random-intercept cross-lagged panel model with the sampling errors of unit means taken as known"
)
_CLPM = Note(message="cross-lagged panel model without random intercepts")
_DPM = Note(
    message=(
        "dynamic panel model with fixed effects of units, maximum likelihood (Allison, Williams & Moral-Benito 2017)"
    )
)
_FIXED = Note(message="regression with fixed effects of units and waves, CR2")
# What the models say, by how it begins, in words of the reader.
_WHY = {
    "direction needs at least": "There are too few units with values at enough waves.",
    "there are not more units": "There are too few units for so many waves.",
    "a variance within units": (
        "The units hardly change from wave to wave: no change is left that something could follow."
    ),
    "a wave has a value": "In one of the waves all units have the same value.",
    "column": "One of the two sides does not vary.",
    "": (
        "The model that follows units over time finds no stable answer in these data: the waves are too few, or the "
        "units change too little or too irregularly."
    ),
}
_LABELS = {
    "free_lags": "{effect}, free to differ from wave to wave",
    "robust": "{effect}, standard errors that ask nothing of the distribution",
    "complete": "{effect}, units with all waves only",
    "known_errors": "{effect}, without the sampling errors of unit means",
    "set_apart": "{effect}, without the units set apart",
    "dynamic": "{effect}, by a second kind of model",
    "fixed_effects": "{effect}, by a plain regression within units",
    "clpm": "{effect}, by a model that mixes what units are with what they do",
    "complaints": "{effect}, with complaints per head as the customer side",
}


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Employees' answers behind a model that uses all units and waves, or some of them.

    Attributes
    ----------
    panel : pandas.DataFrame
        ``unit, wave, ex_n``.
    waves : sequence of str
        In order.
    """

    panel: pd.DataFrame
    waves: Sequence[str]

    def all(self) -> int | None:
        """Of all units; None where the number of answers is not known."""
        n = self.panel["ex_n"]
        return None if n.isna().any() else int(n.sum())

    def complete(self) -> int | None:
        """Of units with all waves."""
        size = self.panel.groupby("unit")["unit"].transform("size")
        return Answers(self.panel[size == len(self.waves)], self.waves).all()

    def without(self, apart: pd.Series) -> Answers:
        """Return those without the rows marked."""
        return Answers(self.panel[~apart], self.waves)

    def in_a_row(self, length: int, *, several: bool = False) -> int | None:
        """Of rows that belong to so many successive waves of their unit; ``several``: of units with two such runs."""
        place = self.panel["wave"].map({wave: number for number, wave in enumerate(self.waves)})
        held = set(zip(self.panel["unit"], place, strict=True))
        runs = {
            (unit, first) for unit, first in held if all((unit, first + k) in held for k in range(length))
        }
        if several:
            count = Counter(unit for unit, _ in runs)
            runs = {(unit, first) for unit, first in runs if count[unit] > 1}
        kept = [
            any((unit, at - k) in runs for k in range(length))
            for unit, at in zip(self.panel["unit"], place, strict=True)
        ]
        return Answers(self.panel[kept], self.waves).all()


def no_answer(error: NotEstimable) -> Note:
    """Say in words of the reader why the deciding model gives no numbers."""
    start = next(start for start in _WHY if str(error).startswith(start))
    return Note(message=_WHY[start])


def component_rows(fit: CrossLaggedPanel) -> pd.DataFrame:
    """Put the four components of a fitted model into one frame, under their names in the registry.

    The loop gain is the product of the two effects. Where both are estimated below zero it counts as negative: two
    opposite movements in a row come back on the side where they began, but they are no circle of the kind claimed.
    """
    table = fit.table[(fit.table["scale"] == "standardised") & (fit.table["wave_from"] == "all")]
    effects = table[table["term"].isin(["ex_to_cx", "cx_to_ex"])]
    difference = cross_lagged_difference(fit).assign(term="ex_minus_cx")
    loop = loop_gain(fit).assign(term="loop")
    if (fit.raw[["ex_to_cx", "cx_to_ex"]] < 0).all():
        low, high = -loop["conf_high"], -loop["conf_low"]
        loop = loop.assign(
            estimate=-loop["estimate"], statistic=-loop["statistic"], conf_low=low, conf_high=high
        )
    return pd.concat([effects, difference, loop], ignore_index=True)


def component_records(
    rows: pd.DataFrame, *, method: Note, answers: int | None, suffix: str = ""
) -> dict[str, EstimateRecord]:
    """Make a record of every component that the rows hold, by component.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``term`` and the estimate schema; ``n`` counts units.
    method : Note
        How they were computed.
    answers : int or None
        Answers behind the units, where known.
    suffix : str
        Which model; added to the names, so that records of several models can stand beside one another.
    """
    names = load_registry().family_of("ex-precedes-cx").components
    rows = rows.assign(n_units=rows["n"])
    if answers is not None:
        rows = rows.assign(n=answers)
    return {
        component: estimate_record(
            rows,
            component,
            name=f"{component}_{suffix}" if suffix else component,
            label=_labelled(names[component].model_dump(), suffix),
            unit_of_measurement="returned_share" if component == "loop" else "standardised",
            method=method,
        )
        for component in COMPONENTS
        if component in set(rows["term"])
    }


def _labelled(effect: dict[str, str], suffix: str) -> Note:
    if not suffix:
        return Note(message="{effect}", values={"effect": effect})
    return Note(message=_LABELS[suffix], values={"effect": effect})


def deciding_panel(
    panel: pd.DataFrame, *, waves: Sequence[str], incomplete: bool, conf_level: float
) -> CrossLaggedPanel:
    """Fit the model that decides; with units that miss waves, on what they have.

    Leaving such units out would keep only those that were asked every time; where nobody misses a wave, both are the
    same.
    """
    return cross_lagged_panel(
        panel,
        **ROLES,
        waves=waves,
        missing="fiml" if incomplete else "listwise",
        errors="widened",
        conf_level=conf_level,
    )


def other_models(
    panel: pd.DataFrame,
    *,
    waves: Sequence[str],
    incomplete: bool,
    errors: Errors,
    apart: pd.Series | None,
    conf_level: float,
    answers: Answers,
) -> tuple[dict[str, list[EstimateRecord]], int]:
    """Answer the same question with other models, by component, and count those that gave no answer.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``unit, wave, ex, cx``.
    waves : sequence of str
        In order.
    incomplete : bool
        Whether units miss waves.
    errors : mapping
        Sampling errors of the unit means by side; empty where unknown.
    apart : pandas.Series or None
        Which rows are of units set apart, or none.
    answers : Answers
        Behind the panel; each model counts those of the units and waves that it uses.
    """
    missing = "fiml" if incomplete else "listwise"
    common: dict[str, Any] = {**ROLES, "waves": waves, "errors": "widened", "conf_level": conf_level}

    def fitted(data: pd.DataFrame, **options: Any) -> Callable[[], pd.DataFrame]:
        return lambda: component_rows(cross_lagged_panel(data, **{**common, "missing": missing, **options}))

    whole = answers.all()
    variants: list[tuple[str, Note, int | None, Callable[[], pd.DataFrame]]] = [
        ("free_lags", _FREE, whole, fitted(panel, constrained=False)),
        ("robust", _ROBUST, answers.complete(), fitted(panel, errors="robust", missing="listwise")),
    ]
    if incomplete:
        variants.append(("complete", COMPLETE, answers.complete(), fitted(panel, missing="listwise")))
    if errors:
        variants.append(("known_errors", _KNOWN, whole, fitted(panel, known_errors=errors)))
    if apart is not None:
        method, rest = FIML if incomplete else COMPLETE, answers.without(apart).all()
        variants.append(("set_apart", method, rest, fitted(panel[~apart])))
    pairs = answers.in_a_row(2, several=True)
    variants += [
        ("dynamic", _DPM, whole, lambda: dynamic_rows(panel, **common, missing=missing)),
        ("fixed_effects", _FIXED, pairs, lambda: _one_lag(panel, common)),
        ("clpm", _CLPM, whole, fitted(panel, model="clpm")),
    ]
    records: dict[str, list[EstimateRecord]] = {component: [] for component in COMPONENTS}
    failed = 0
    for suffix, method, behind, estimate in variants:
        try:
            rows = estimate()
        except NotEstimable:
            failed += 1
            continue
        made = component_records(rows, method=method, answers=behind, suffix=suffix)
        for component, record in made.items():
            records[component].append(record)
    return records, failed


def scan(panel: pd.DataFrame, *, waves: Sequence[str], conf_level: float) -> pd.DataFrame:
    """Effects one to four waves later, by regression within units; empty where the waves are too few."""
    try:
        return lag_scan(panel, **ROLES, waves=waves, conf_level=conf_level)
    except NotEstimable:
        return pd.DataFrame()


def dynamic_rows(panel: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Give both effects of a dynamic panel model, standardised; options as :func:`exresearch.models.dynamic_panel`."""
    table = dynamic_panel(panel, **options).table
    return table[(table["scale"] == "standardised") & table["term"].isin(["ex_to_cx", "cx_to_ex"])]


def _one_lag(panel: pd.DataFrame, common: Mapping[str, Any]) -> pd.DataFrame:
    # Errors by unit of their own (CR2).
    options = {name: value for name, value in common.items() if name != "errors"}
    table = lag_scan(panel, **options, max_lag=1)
    return table.assign(n=table["n_clusters"])
