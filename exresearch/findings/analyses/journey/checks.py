"""The outer phases in other ways: another questionnaire, each phase alone, skipped moments, and little to recall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.journey.gain import OuterGain, outer_gain
from exresearch.findings.analyses.journey.sheets import SERVICE, WHO, JourneySheets, journey_sheets
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import JourneyData
from exresearch.study import Study

#: Months in service up to which coming in is fresh in the memory.
RECENT = 12.0
METHODS = {
    "unit": Note(
        message="gain in explained variance within people of one kind and wave, jackknife over units"
    ),
    "person": Note(
        message="gain in explained variance within people of one kind and wave, jackknife over persons"
    ),
    "row": Note(
        message="gain in explained variance within people of one kind and wave, jackknife over answer sheets"
    ),
}
_LABELS = {
    "outer_gain_before": Note(message="Before employment alone, over the moments during it"),
    "outer_gain_after": Note(message="After employment alone, over the moments during it"),
    "outer_gain_survey": Note(
        message="Recommendation from the staff survey instead of the question beside the ratings"
    ),
    "outer_gain_filled": Note(
        message="Sheets with skipped moments as well, filled with the mean and marked as such"
    ),
    "outer_gain_recent": Note(message="Only people who had started at most a year before"),
}


def gain_record(found: OuterGain, sheets: JourneySheets, *, name: str, label: Note) -> EstimateRecord:
    """Take the gain of everybody together into a record."""
    return estimate_record(
        found.table,
        "gain",
        name=name,
        label=label,
        unit_of_measurement="variance_share",
        method=METHODS[sheets.groups.by],
    )


def checks(
    study: Study,
    journey: JourneyData,
    sheets: JourneySheets,
    *,
    rules: DisclosureRules,
    conf_level: float,
    seed: int,
) -> list[EstimateRecord]:
    """Ask the same in other ways; what these data do not allow is left out.

    Parameters
    ----------
    study, journey, sheets
        The client, its journey and the sheets that decide.
    rules : DisclosureRules
        People that a model needs.
    conf_level, seed
        As of the estimate that decides.

    Returns
    -------
    list of EstimateRecord
        ``outer_gain_before, outer_gain_after, outer_gain_survey, outer_gain_filled, outer_gain_recent``.
    """
    during = journey.names("during")
    both: dict[str, Any] = {"during": during, "outer": journey.names("before", "after")}
    options: dict[str, Any] = {"conf_level": conf_level, "seed": seed}
    other = journey_sheets(study, journey, source="survey") if sheets.source == "asked" else None
    tried: dict[str, tuple[JourneySheets | None, dict[str, Any]]] = {
        "outer_gain_before": (sheets, {"during": during, "outer": journey.names("before")}),
        "outer_gain_after": (sheets, {"during": during, "outer": journey.names("after")}),
        "outer_gain_survey": (other, both),
        "outer_gain_filled": (sheets, both | {"fill": True}),
        "outer_gain_recent": (_recent(sheets), both),
    }
    records = []
    for name, (rows, what) in tried.items():
        found = None if rows is None else outer_gain(rows, **what, **options)
        if rows is None or found is None or int(found.table["people"].iloc[0]) < rules.min_model:
            continue
        records.append(gain_record(found, rows, name=name, label=_LABELS[name]))
    return records


def _recent(sheets: JourneySheets) -> JourneySheets | None:
    """Sheets of people who had not been here long; kinds of people that rate nothing before employment as they are."""
    if SERVICE not in sheets.frame:
        return None
    working = sheets.frame[WHO] == "employee"
    recent = sheets.frame[SERVICE].le(RECENT)
    if not (working & recent).any():
        return None
    return replace(sheets, frame=sheets.frame[recent & working])
