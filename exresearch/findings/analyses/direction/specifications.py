"""Notebook 04, beside its verdicts: the effects over time under every declared choice, and unmeasured causes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from exresearch.findings.analyses.direction.caveats import sampling_errors
from exresearch.findings.analyses.direction.links import Links
from exresearch.findings.analyses.direction.models import ROLES, Errors, component_rows, dynamic_rows
from exresearch.findings.analyses.direction.order import COMPLAINTS, Direction
from exresearch.findings.analyses.linkage.variants import DEFINITIONS
from exresearch.findings.analyses.sensitivity import (
    Alternative,
    Decision,
    Sensitivity,
    Specifications,
    declared_specifications,
    no_specifications,
)
from exresearch.findings.analyses.set_apart import is_set_apart
from exresearch.findings.analyses.unmeasured import Slope, unmeasured_rows
from exresearch.findings.conclude import estimand_for
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.registry import load_registry
from exresearch.measures import EngagedDefinition, LinkTable, UnsuitableScale, link_table, other_definition
from exresearch.models import NotEstimable, cross_lagged_panel
from exresearch.models.regression import LinearFit, linear_regression
from exresearch.study import Study

#: Component of each curve, with the hypothesis that it decides.
_CURVES = {"ex_to_cx": "ex-precedes-cx", "cx_to_ex": "two-way", "loop": "vicious-circle"}
_BETWEEN = "Between units: the level of “{cx}” on that of “{ex}”"
_WITHIN = "Within units: “{cx}” on “{ex}”, from a unit’s own level"
_SINGLE = Note(message="These data leave one way only to estimate the effect.")
_EQUAL, _FREE, _KNOWN, _BOTH, _DYNAMIC = "equal", "free", "known", "free_known", "dynamic"
_MODELS = {
    _EQUAL: Note(message="Effects equal over waves"),
    _FREE: Note(message="Effects free per wave"),
    _KNOWN: Note(message="Equal, sampling errors taken out"),
    _BOTH: Note(message="Free, sampling errors taken out"),
    _DYNAMIC: Note(message="A second kind of model"),
}


@dataclass(frozen=True, slots=True)
class _Data:
    """Units by wave under one definition of engaged."""

    panel: pd.DataFrame
    errors: Errors
    apart: pd.Series


@dataclass(slots=True)
class _Fits:
    """Rows of all components by combination of choices: each model is fitted once, whatever is asked of it."""

    data: Mapping[str, _Data]
    waves: list[str]
    incomplete: bool
    conf_level: float
    done: dict[tuple[object, ...], pd.DataFrame | NotEstimable] = field(default_factory=dict)

    def row(
        self, component: str, *, model: str = _EQUAL, units: str = "all", kinds: bool = True, scoring: str
    ) -> pd.Series:
        """Give the row of a component under one combination; ``n`` counts answers where they are known."""
        key = (model, units, kinds, scoring)
        if key not in self.done:
            try:
                self.done[key] = self._fitted(*key)
            except NotEstimable as reason:
                self.done[key] = reason
        found = self.done[key]
        if isinstance(found, NotEstimable):
            raise found
        return found[found["term"] == component].iloc[0]

    def _fitted(self, model: str, units: str, kinds: bool, scoring: str) -> pd.DataFrame:
        data = self.data[scoring]
        panel = data.panel if kinds else data.panel[~data.apart]
        options: dict[str, Any] = {
            **ROLES,
            "waves": self.waves,
            "errors": "widened",
            "missing": "fiml" if self.incomplete and units == "all" else "listwise",
            "conf_level": self.conf_level,
        }
        columns = panel[["unit", "wave", "ex", "cx"]]
        if model == _DYNAMIC:
            rows = dynamic_rows(columns, **options)
        else:
            known = data.errors if model in (_KNOWN, _BOTH) else None
            free = model in (_FREE, _BOTH)
            fit = cross_lagged_panel(columns, **options, constrained=not free, known_errors=known)
            rows = component_rows(fit)
        if units != "all":
            panel = panel[panel.groupby("unit")["unit"].transform("size") == len(self.waves)]
        counted = len(panel) if panel["ex_n"].isna().any() else int(panel["ex_n"].sum())
        return rows.assign(n_clusters=rows["n"], n=counted)


def direction_specifications(
    study: Study,
    result: Direction,
    *,
    ex_measure: str,
    cx_measure: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    set_apart: str,
    min_unit_n: int,
    conf_level: float,
) -> Sensitivity:
    """Estimate the effects over time under every combination of declared choices; the verdicts stay what they are.

    The panel model without random intercepts is no alternative: it mixes what units are with what happens to them, and
    so answers another question. It stands among the checks.

    Parameters
    ----------
    study : Study
        The client.
    result : Direction
        What :func:`exresearch.findings.analyses.which_comes_first` gave with the same settings.
    ex_measure, cx_measure, engaged_definition, engaged_threshold, set_apart, min_unit_n, conf_level
        As there.

    Returns
    -------
    Sensitivity
        Curves of employees on customers, customers on employees and what comes back (the last alone where only the
        circle was tested). Decisions: ``model`` (random intercepts with effects equal or free over lags, each also with
        the sampling errors of unit means as known; dynamic panel model, which has neither and no loop), ``units`` (all,
        or those with all waves), ``kinds`` (all, or without those set apart) and ``scoring`` (definition of engaged); a
        decision that changes nothing in these data is not there. ``unmeasured`` has the links between and within units,
        also where the order could not be asked. Without curves, with the reason, where nothing was tested.
    """
    unmeasured = unmeasured_rows(_slopes(result.links, result.labels, conf_level=conf_level))
    tested = {part: name for part, name in _CURVES.items() if result.findings[name].tested}
    if not tested:
        estimand = estimand_for("ex-precedes-cx")
        nothing = no_specifications(
            unit_of_measurement=estimand.unit,
            note=result.findings["ex-precedes-cx"].reason,
            null=estimand.null,
        )
        return Sensitivity(nothing, unmeasured=unmeasured)
    # Where customers were not asked the circle is decided by complaints.
    measure = cx_measure if "ex_to_cx" in tested else COMPLAINTS
    fits, scorings = _read(
        study,
        ex_measure=ex_measure,
        cx_measure=measure,
        engaged_definition=engaged_definition,
        engaged_threshold=engaged_threshold,
        set_apart=set_apart,
        min_unit_n=min_unit_n,
        conf_level=conf_level,
    )
    components = load_registry().family_of("ex-precedes-cx").components
    curves = []
    for part, name in tested.items():
        label = Note(message="{effect}", values={"effect": components[part].model_dump()})
        curves.append((label, _curve(fits, scorings, part, result.findings[name], set_apart)))
    return Sensitivity(curves[0][1], tuple(curves), unmeasured)


def _read(
    study: Study,
    *,
    ex_measure: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    set_apart: str,
    conf_level: float,
    **sides: Any,
) -> tuple[_Fits, tuple[Alternative, ...]]:
    """Units by wave under each definition of engaged, and the words for these."""

    def read(definition: EngagedDefinition) -> LinkTable:
        return link_table(
            study,
            ex_measure=ex_measure,
            engaged_definition=definition,
            engaged_threshold=engaged_threshold,
            **sides,
        )

    link = read(engaged_definition)
    engaged = ex_measure == "engagement" and link.ex.source == "employees"
    label = Note(message="{measure}", values={"measure": study.codebook.label(ex_measure)})
    found = [("declared", DEFINITIONS[engaged_definition] if engaged else label, engaged_definition, link)]
    other = other_definition(engaged_definition) if engaged else None
    if other is not None:
        with suppress(UnsuitableScale):
            found.append((other, DEFINITIONS[other], other, read(other)))
    present = set(link.panel["wave"])
    waves = [wave for wave in study.waves if wave in present] or sorted(present)
    data = {}
    for key, _, definition, table in found:
        errors = sampling_errors(
            study, table, waves=waves, engaged_definition=definition, engaged_threshold=engaged_threshold
        )
        panel = table.panel
        apart = is_set_apart(panel, set_apart) if set_apart else pd.Series(False, index=panel.index)
        data[key] = _Data(panel, errors, apart)
    incomplete = bool((link.panel.groupby("unit").size() < len(waves)).any())
    scorings = tuple(Alternative(key, words, key) for key, words, *_ in found)
    return _Fits(data, waves, incomplete, conf_level), scorings


def _curve(
    fits: _Fits, scorings: tuple[Alternative, ...], part: str, finding: Finding, set_apart: str
) -> Specifications:
    estimand = estimand_for(finding.hypothesis, component=part)
    record = _record(finding, part)
    decisions = _decisions(fits, scorings, part, set_apart)
    bounds = estimand.smallest_effect

    def estimate(data: _Fits, scoring: str = "declared", **choices: Any) -> pd.Series:
        return data.row(part, scoring=scoring, **choices)

    return declared_specifications(
        fits,
        decisions=decisions,
        estimate=estimate,
        # The declared way comes first in every decision.
        deciding={one.name: one.alternatives[0].key for one in decisions},
        unit_of_measurement=record.unit_of_measurement,
        null=estimand.null,
        smallest_effect=(bounds.low, bounds.high),
        verdict=record,
    )


def _decisions(fits: _Fits, scorings: tuple[Alternative, ...], part: str, set_apart: str) -> list[Decision]:
    first = fits.data["declared"]
    models = [_EQUAL, _FREE, *([_KNOWN, _BOTH] if first.errors else [])]
    if part != "loop":
        # Its two directions come from models of their own: what goes round has no interval there.
        models.append(_DYNAMIC)
    named = tuple(Alternative(key, _MODELS[key], key) for key in models)
    decisions = [Decision("model", Note(message="Model"), named)]
    if fits.incomplete:
        units = (
            Alternative("all", Note(message="All, with the waves they have"), "all"),
            Alternative("complete", Note(message="With all waves only"), "complete"),
        )
        decisions.append(Decision("units", Note(message="Units"), units))
    if first.apart.any():
        kind = set_apart.partition("=")[2]
        kinds = (
            Alternative("all", Note(message="All"), True),
            Alternative("without", Note(message="Without {kind}", values={"kind": kind}), False),
        )
        decisions.append(Decision("kinds", Note(message="Kinds of unit"), kinds))
    if len(scorings) > 1:
        decisions.append(Decision("scoring", Note(message="Employees' side"), scorings))
    return decisions


def _record(finding: Finding, part: str) -> EstimateRecord:
    """The recorded estimate of a component; of a claim with one estimate, the finding itself."""
    for record in finding.components:
        if record.term == part:
            return record
    values = finding.model_dump(
        include={"unit_of_measurement", "estimate", "conf_low", "conf_high", "conf_level", "n"}
    )
    return EstimateRecord(term=part, label=_SINGLE, method=finding.method or _SINGLE, **values)


def _slopes(links: Links, labels: Mapping[str, Mapping[str, str]], *, conf_level: float) -> list[Slope]:
    """The links between and within units as slopes in standard deviations."""
    names: dict[str, NoteValue] = {side: dict(labels[side]) for side in ("ex", "cx")}
    found = []
    for frame, message in ((links.levels, _BETWEEN), (links.deviations, _WITHIN)):
        within = frame is links.deviations
        fit = _fit(frame, within=within, conf_level=conf_level)
        if fit is None:
            continue
        smaller = frame[["ex_n", "cx_n"]].min(axis=1, skipna=False)
        answers = smaller.sum() if smaller.notna().all() else len(frame)
        label = Note(message=message, values=names)
        found.append(Slope(label, fit, "ex", per_sd=1.0, unit_of_measurement="standardised", n=int(answers)))
    return found


def _fit(frame: pd.DataFrame, *, within: bool, conf_level: float) -> LinearFit | None:
    # Deviations of one unit belong together; the effects of waves and units are out of them already.
    clustered: dict[str, Any] = {"cluster": "unit", "covariance": "CR2"} if within else {}
    if frame.empty:
        return None
    data = frame[["unit", "ex", "cx"]].reset_index(drop=True)
    try:
        return linear_regression(
            data, outcome="cx", predictors=["ex"], conf_level=conf_level, standardised=True, **clustered
        )
    except NotEstimable:
        return None
