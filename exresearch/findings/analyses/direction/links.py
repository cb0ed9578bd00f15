"""The two links that are easily taken for one another: between units, and within units over waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.linkage.checks import BOOTSTRAP, counted
from exresearch.findings.analyses.set_apart import is_set_apart
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import LinkTable
from exresearch.models import (
    NotEstimable,
    linear_combinations,
    linear_regression,
    unit_association,
    within_association,
)

_BETWEEN = "Between units: the level of a unit on the one side, with its level on the other"
_BETWEEN_APART = "Between units, without {kind}"
_MOMENT = "Between units, at one moment: {wave}"
_WITHIN = (
    "Within units: how far a unit is from its own level on the one side, with how far on the other, in "
    "the same wave"
)
_CHANGED = "Within units, units that changed: the change from {first} to {last} on the one side, with that on the other"
_WITHIN_APART = "Within units, without {kind}"
_ANSWERS = ["ex_n", "cx_n"]
_NO_DEVIATIONS = pd.DataFrame(columns=["unit", "wave", "ex", "cx", *_ANSWERS])
# Places along a line at which its interval is drawn.
_PLACES = 25


@dataclass(frozen=True, slots=True)
class Links:
    """Between and within units, beside each other.

    Attributes
    ----------
    levels : pandas.DataFrame
        One row per unit: ``unit, ex, cx`` and the answers behind both, ``ex_n, cx_n`` (missing where unknown).
    deviations : pandas.DataFrame
        One row per unit and wave: ``unit, wave, ex, cx`` as deviations from the unit's own level and from what all
        units share, ``ex_n`` and ``cx_n``.
    lines : pandas.DataFrame
        ``part`` (between, within), ``x, estimate, conf_low, conf_high``: least-squares lines with their intervals.
    records : tuple of EstimateRecord
        Correlations: ``between``, ``within`` and those without units set apart or of one wave.
    """

    levels: pd.DataFrame
    deviations: pd.DataFrame
    lines: pd.DataFrame
    records: tuple[EstimateRecord, ...]

    def record(self, term: str) -> EstimateRecord | None:
        """Return the correlation of that name; None where it could not be estimated."""
        return next((record for record in self.records if record.term == term), None)


NO_LINKS = Links(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), ())


def links_of(
    link: LinkTable, *, waves: Sequence[str], set_apart: str, conf_level: float, n_boot: int, seed: int
) -> Links:
    """Estimate the link between units and the link within units, and what their picture needs.

    Parameters
    ----------
    link : LinkTable
        Units, and units by wave.
    waves : sequence of str
        The waves of the panel in order.
    set_apart : str
        ``column=value`` of units to leave out in a check, or empty.
    conf_level, n_boot, seed
        Of every interval.
    """
    resampling: dict[str, Any] = {"conf_level": conf_level, "n_boot": n_boot, "seed": seed}
    units, panel = link.units, link.panel
    levels = units[["unit", "ex", "cx", *_ANSWERS]]
    records = [_between(units, "between", Note(message=_BETWEEN), resampling)]
    if set_apart:
        kind = set_apart.partition("=")[2]
        rest = units[~is_set_apart(units, set_apart)]
        label = Note(message=_BETWEEN_APART, values={"kind": kind})
        records.append(_between(rest, "between_set_apart", label, resampling))
    if 1 < len(waves) <= 2:
        for wave in waves:
            label = Note(message=_MOMENT, values={"wave": wave})
            records.append(_between(panel[panel["wave"] == wave], f"between_{wave}", label, resampling))
    deviations = _NO_DEVIATIONS
    if len(waves) > 1:
        label = Note(message=_WITHIN)
        if len(waves) == 2:
            label = Note(message=_CHANGED, values={"first": waves[0], "last": waves[1]})
        deviations, record = _within(panel, waves, "within", label, resampling)
        records.append(record)
        if set_apart:
            rest = panel[~is_set_apart(panel, set_apart)]
            label = Note(message=_WITHIN_APART, values={"kind": set_apart.partition("=")[2]})
            records.append(_within(rest, waves, "within_set_apart", label, resampling)[1])
    lines = [
        _line(levels, "between", cluster=None, conf_level=conf_level),
        _line(deviations, "within", cluster="unit", conf_level=conf_level),
    ]
    found = tuple(record for record in records if record is not None)
    return Links(levels, deviations, pd.concat(lines, ignore_index=True), found)


def _between(
    units: pd.DataFrame, name: str, label: Note, resampling: dict[str, Any]
) -> EstimateRecord | None:
    try:
        rows = counted(unit_association(units, ex="ex", cx="cx", **resampling), units)
    except NotEstimable:
        return None
    return estimate_record(
        rows, "correlation", name=name, label=label, unit_of_measurement="correlation", method=BOOTSTRAP
    )


def _within(
    panel: pd.DataFrame, waves: Sequence[str], name: str, label: Note, resampling: dict[str, Any]
) -> tuple[pd.DataFrame, EstimateRecord | None]:
    try:
        found = within_association(
            panel, ex="ex", cx="cx", unit="unit", wave="wave", waves=waves, **resampling
        )
    except NotEstimable:
        return _NO_DEVIATIONS, None
    answers = panel[["unit", "wave", *_ANSWERS]]
    deviations = found.deviations.merge(answers, on=["unit", "wave"], how="left", validate="one_to_one")
    used = panel[panel["unit"].isin(deviations["unit"])]
    record = estimate_record(
        counted(found.table, used),
        "within_correlation",
        name=name,
        label=label,
        unit_of_measurement="correlation",
        method=BOOTSTRAP,
    )
    return deviations, record


def _line(rows: pd.DataFrame, part: str, *, cluster: str | None, conf_level: float) -> pd.DataFrame:
    """The line through levels, or through deviations and the origin, with its interval at several places."""
    empty = pd.DataFrame(columns=["part", "x", "estimate", "conf_low", "conf_high"])
    if len(rows) < 10:
        return empty
    through_origin = cluster is not None
    places = np.linspace(float(rows["ex"].min()), float(rows["ex"].max()), _PLACES)
    # Around the middle, so that the interval is computed where it is narrow.
    middle = 0.0 if through_origin else float(rows["ex"].mean())
    data = rows.assign(x=rows["ex"] - middle)[["x", "cx", "unit"]]
    try:
        fit = linear_regression(
            data,
            outcome="cx",
            predictors=["x"],
            cluster=cluster,
            intercept=not through_origin,
            conf_level=conf_level,
        )
    except NotEstimable:
        return empty
    start = {} if through_origin else {fit.design.terms[0]: 1.0}
    wanted = {
        str(number): start | {"x": float(place - middle)}
        for number, place in enumerate(places)
        if start or place != middle
    }
    found = linear_combinations(fit, combinations=wanted).set_index("term")
    table = pd.DataFrame({"part": part, "x": places, "estimate": 0.0, "conf_low": 0.0, "conf_high": 0.0})
    for name in ("estimate", "conf_low", "conf_high"):
        table.loc[[int(number) for number in wanted], name] = found[name].to_numpy()
    return table
