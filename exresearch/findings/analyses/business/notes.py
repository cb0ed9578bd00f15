"""What the finding on business outcomes says to keep in mind."""

from __future__ import annotations

from collections.abc import Mapping

from exresearch.findings.analyses.business.checks import Checks, reliability
from exresearch.findings.analyses.business.models import OutcomeFit
from exresearch.findings.analyses.business.panel import RATES, OutcomePanel, outcome_label
from exresearch.findings.analyses.wording import skipped_checks
from exresearch.findings.note import Note, NoteValue
from exresearch.study.languages import listed

EARNINGS = Note(
    message=(
        "Earnings per share are not among these outcomes: one firm has one figure, and nothing to set it against."
    )
)
_ASSOCIATION = Note(
    message=(
        "The outcome comes a wave after employee experience. Something else that moves both, or that stays with a unit "
        "for years, is not ruled out by that."
    )
)
# What to say of a count, by what is the matter with it.
_PERCENTAGE = (
    "{outcome} is known as a percentage only; with the number of employees it was turned into a count."
)
_ROUNDED = "{outcome}: {n:integer} counts were not whole numbers and were rounded."
_UNUSABLE = "{outcome}: {n:integer} counts are left out, being negative or without a number of employees."


def data_notes(panel: OutcomePanel, fits: Mapping[str, OutcomeFit]) -> list[Note]:
    """Say how the data were made, and what that does to the links."""
    notes = [_ASSOCIATION]
    found = reliability(panel, next(iter(fits.values())))
    if found is not None:
        message = (
            "Employee experience of a unit in a wave is measured with error (reliability {total:number2}, and "
            "{given:number2} once waves and kinds of unit are kept equal): the links are probably stronger than they "
            "look here."
        )
        notes.append(Note(message=message, values={"total": found[0], "given": found[1]}))
    if "turnover" in fits:
        if panel.counts["turnover"].source == "people":
            message = (
                "Leavers are counted from the staff list: people whose last day lies in the rest of the wave."
            )
            notes.append(Note(message=message))
        notes.append(
            Note(
                message=(
                    "The verdict looks one wave ahead for every outcome. Where leavers are counted after the survey of "
                    "their own wave, the same wave is later too; that link stands among the checks."
                )
            )
        )
    for name, count in panel.counts.items():
        if name not in fits:
            continue
        values: dict[str, NoteValue] = {"outcome": outcome_label(name)}
        if count.source == "percentage":
            notes.append(Note(message=_PERCENTAGE, values=values))
        if count.n_rounded:
            notes.append(Note(message=_ROUNDED, values=values | {"n": count.n_rounded}))
        if count.n_excluded:
            notes.append(Note(message=_UNUSABLE, values=values | {"n": count.n_excluded}))
    if panel.left_out:
        message = "There are too few units to keep these kinds of unit equal as well: {columns}."
        notes.append(Note(message=message, values={"columns": ", ".join(panel.left_out)}))
    if panel.n_excluded:
        message = "{n:integer} units are left out, for want of answers in any wave."
        notes.append(Note(message=message, values={"n": panel.n_excluded}))
    return notes


def check_notes(checks: Checks) -> list[Note]:
    """Say for which outcomes the link with later experience shows as well, and how many checks could not be done."""
    notes = []
    after = checks.frame[checks.frame["check"] == "after"]
    null = after["component"].isin(RATES).astype("float64")
    clear = after[(after["conf_low"] > null) | (after["conf_high"] < null)]
    if len(clear):
        message = (
            "These also go with employee experience that was measured a wave after them: {outcomes}. Differences "
            "between units that stay, or an outcome that shapes experience, can explain that part of the link."
        )
        names = listed(clear["label"], each=str.lower)
        notes.append(Note(message=message, values={"outcomes": names}))
    return notes + skipped_checks(checks.n_failed)
