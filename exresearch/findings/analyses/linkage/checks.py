"""What is shown beside the verdict on engagement and customer experience: other cuts, scales, waves and units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from exresearch.findings.analyses.set_apart import is_set_apart
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import (
    EngagedDefinition,
    LinkTable,
    NotMeasured,
    UnsuitableScale,
    link_table,
    other_definition,
)
from exresearch.models import NotEstimable, change_on_change, leader_contrast, unit_association
from exresearch.study import Study

BOOTSTRAP = Note(message="bootstrap standard error over units, t interval on the Fisher z scale")
RERANKED = Note(
    message=(
        "bootstrap standard error over units, ranked anew in every replicate; t interval, for ratios on the log scale"
    )
)
HC3 = Note(message="least squares on unit means, HC3 standard error, t interval")
_RATIOS: dict[EngagedDefinition, str] = {
    "highly": "Ratio of highly engaged",
    "highly_or_moderately": "Ratio of highly or moderately engaged",
    "highly_approximated": "Ratio of highly engaged (approximated)",
    "highly_or_moderately_approximated": "Ratio of highly or moderately engaged (approximated)",
}
_CUTS = (0.20, 0.25, 1 / 3)
# None stands for a check that these data do not allow, so that it can be counted.
Records = list[EstimateRecord | None]


def share_contrast(
    link: LinkTable, *, leader_share: float, **resampling: Any
) -> tuple[pd.DataFrame, Note | None]:
    """Contrast the engaged share of leaders and laggards, or say why that cannot be done.

    Returns
    -------
    tuple of pandas.DataFrame and Note or None
        The estimates, empty with a reason; ``n`` counts answers.
    """
    if link.ex.kind != "share":
        return pd.DataFrame(columns=["term"]), Note(
            message="Employee experience is measured as a mean, not as a share of people."
        )
    try:
        rows = leader_contrast(
            sized(link.units), cx="cx", engaged="ex", n="ex_size", leader_share=leader_share, **resampling
        )
        return counted(rows, link.units), None
    except NotEstimable:
        reason = Note(
            message=(
                "There is no ratio: among the leaders or the laggards hardly anybody, or nearly everybody, counts as "
                "engaged, or the units hardly differ."
            )
        )
        return pd.DataFrame(columns=["term"]), reason


def ratio_checks(
    link: LinkTable, contrast: pd.DataFrame, *, leader_share: float, **resampling: Any
) -> Records:
    """Give the ratio, odds ratio and difference, and the ratio at other cut-offs and with units counting alike."""
    if contrast.empty:
        return []
    labels = {
        "ratio": ("ratio", "Engaged share of the leaders divided by that of the laggards"),
        "odds_ratio": ("odds_ratio", "Odds ratio of leaders to laggards"),
        "difference": ("share_difference", "Engaged share of the leaders minus that of the laggards"),
    }
    if link.ex.construct != "engagement":
        labels["ratio"] = ("ratio", "Favourable share of the leaders divided by that of the laggards")
        labels["difference"] = (
            "share_difference",
            "Favourable share of the leaders minus that of the laggards",
        )
    records: Records = [
        _record(contrast, term, label=Note(message=label), unit=unit, method=RERANKED)
        for term, (unit, label) in labels.items()
    ]
    for cut in _CUTS:
        if abs(cut - leader_share) > 1e-9:
            label = Note(message="Ratio with {cut:percent0} of the units at each end", values={"cut": cut})
            records += _ratio(
                link.units, label, name=f"ratio_top_{round(100 * cut)}", leader_share=cut, **resampling
            )
    label = Note(message="Ratio with every unit counting alike")
    return records + _ratio(
        link.units,
        label,
        name="ratio_units_alike",
        leader_share=leader_share,
        weighting="units",
        **resampling,
    )


def definition_check(
    study: Study,
    link: LinkTable,
    *,
    definition: EngagedDefinition,
    leader_share: float,
    options: Mapping[str, Any],
    resampling: Mapping[str, Any],
) -> Records:
    """Give the ratio with the other published definition of engaged."""
    other = other_definition(definition)
    if link.ex.construct != "engagement" or link.ex.source != "employees" or other is None:
        return []
    again = link_table(study, ex_measure="engagement", engaged_definition=other, **options)
    return _ratio(
        again.units,
        Note(message=_RATIOS[other]),
        name=f"ratio_{other}",
        leader_share=leader_share,
        **resampling,
    )


def association_checks(
    study: Study,
    link: LinkTable,
    association: pd.DataFrame,
    *,
    set_apart: str,
    ex_alternative: str,
    definition: EngagedDefinition,
    options: Mapping[str, Any],
    resampling: Mapping[str, Any],
) -> Records:
    """Give the correlation and slope, without a category of units, by wave, for another measure, and of changes."""
    labels = study.codebook.label
    records: Records = [
        _record(
            association,
            "correlation",
            label=Note(message="Correlation of the unit means"),
            unit="correlation",
            method=BOOTSTRAP,
        ),
        _record(
            association,
            "slope",
            label=Note(message="Slope of customer on employee experience, in their own units"),
            unit="slope",
            method=HC3,
        ),
    ]
    records += _correlations(link, study.waves, set_apart=set_apart, measure=None, resampling=resampling)
    if ex_alternative:
        try:
            other = link_table(study, ex_measure=ex_alternative, engaged_definition=definition, **options)
        except (NotMeasured, UnsuitableScale):
            return records + _changes(link, study.waves, measure=None, resampling=resampling)
        measure = labels(ex_alternative)
        label = Note(message="Correlation with {measure} instead", values={"measure": measure})
        records += _one(other.units, label, "correlation_alternative", resampling)
        records += _correlations(
            other, study.waves, set_apart=set_apart, measure=measure, resampling=resampling
        )
        records += _changes(link, study.waves, measure=None, resampling=resampling)
        return records + _changes(other, study.waves, measure=measure, resampling=resampling)
    return records + _changes(link, study.waves, measure=None, resampling=resampling)


def _correlations(
    link: LinkTable,
    waves: Sequence[str],
    *,
    set_apart: str,
    measure: dict[str, str] | None,
    resampling: Mapping[str, Any],
) -> Records:
    suffix = "" if measure is None else "_alternative"
    with_measure = {} if measure is None else {"measure": measure}
    records: Records = []
    if set_apart:
        rest = link.units[~is_set_apart(link.units, set_apart)]
        kind = set_apart.partition("=")[2]
        message = (
            "Correlation without {kind}" if measure is None else "Correlation with {measure}, without {kind}"
        )
        records += _one(
            rest,
            Note(message=message, values={"kind": kind, **with_measure}),
            f"correlation_set_apart{suffix}",
            resampling,
        )
    for wave in waves if len(waves) > 1 else ():
        rows = link.panel[link.panel["wave"] == wave]
        message = "Correlation in {wave}" if measure is None else "Correlation with {measure} in {wave}"
        records += _one(
            rows,
            Note(message=message, values={"wave": wave, **with_measure}),
            f"correlation_{wave}{suffix}",
            resampling,
        )
        if set_apart:
            rest = rows[~is_set_apart(link.panel, set_apart).loc[rows.index]]
            kind = set_apart.partition("=")[2]
            message = (
                "Correlation in {wave} without {kind}"
                if measure is None
                else "Correlation with {measure} in {wave} without {kind}"
            )
            label = Note(message=message, values={"wave": wave, "kind": kind, **with_measure})
            records += _one(rest, label, f"correlation_{wave}_set_apart{suffix}", resampling)
    return records


def _changes(
    link: LinkTable, waves: Sequence[str], *, measure: dict[str, str] | None, resampling: Mapping[str, Any]
) -> Records:
    if len(waves) < 2:
        return []
    try:
        changes = change_on_change(
            link.panel, ex="ex", cx="cx", unit="unit", wave="wave", waves=waves, **resampling
        )
    except NotEstimable:
        return [None]
    changes = counted(changes, _in_changes(link.panel, waves))
    message = "Correlation of changes from wave to wave, within units"
    label = Note(message=message)
    if measure is not None:
        label = Note(
            message="Correlation of changes with {measure}, within units", values={"measure": measure}
        )
    name = "change_on_change" if measure is None else "change_on_change_alternative"
    term = str(changes["term"].iloc[0])
    return [_record(changes, term, name=name, label=label, unit="correlation", method=BOOTSTRAP)]


def _in_changes(panel: pd.DataFrame, waves: Sequence[str]) -> pd.DataFrame:
    """Keep the rows of a unit that has the wave before or after as well."""
    position = panel["wave"].map({wave: number for number, wave in enumerate(waves)})
    present = set(zip(panel["unit"], position, strict=True))
    beside = [
        (unit, place - 1) in present or (unit, place + 1) in present
        for unit, place in zip(panel["unit"], position, strict=True)
    ]
    return panel[beside]


def _one(units: pd.DataFrame, label: Note, name: str, resampling: Mapping[str, Any]) -> Records:
    try:
        rows = counted(unit_association(units, ex="ex", cx="cx", **resampling), units)
    except NotEstimable:
        return [None]
    return [_record(rows, "correlation", name=name, label=label, unit="correlation", method=BOOTSTRAP)]


def _ratio(units: pd.DataFrame, label: Note, *, name: str, **options: Any) -> Records:
    try:
        rows = counted(leader_contrast(sized(units), cx="cx", engaged="ex", n="ex_size", **options), units)
    except NotEstimable:
        return [None]
    return [_record(rows, "ratio", name=name, label=label, unit="ratio", method=RERANKED)]


def counted(rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Return estimates with the number of employees' answers behind them as ``n``, where known, else the units."""
    if units["ex_n"].isna().any():
        return rows
    return rows.assign(n=int(units["ex_n"].sum()))


def sized(units: pd.DataFrame) -> pd.DataFrame:
    """Return units whose ``ex_size`` counts employees; without numbers of answers every unit counts alike."""
    if units["ex_size"].isna().any():
        return units.assign(ex_size=1.0)
    # The bootstrap reckons with half an employee, so sizes must count employees whatever the unit of the weights.
    known = units["ex_n"].notna().all()
    return (
        units.assign(ex_size=units["ex_size"] * (units["ex_n"].sum() / units["ex_size"].sum()))
        if known
        else units
    )


def _record(
    rows: pd.DataFrame, term: str, *, label: Note, unit: Any, method: Note, name: str | None = None
) -> EstimateRecord:
    return estimate_record(rows, term, name=name, label=label, unit_of_measurement=unit, method=method)
