"""Whether the analysis plan was followed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exresearch.findings.note import Note
from exresearch.report.text import Texts, mark

_CHANGED = mark(
    "The analysis plan that the study names was changed after it was frozen: its digest does not fit. Whether the "
    "analysis was planned this way is therefore not known."
)


@dataclass(frozen=True, slots=True)
class PlanWords:
    """What a report says of the plan.

    Attributes
    ----------
    summary : str
        One sentence, for every page that says it.
    deviations : tuple of str
        A sentence per departure.
    remarks : tuple of str
        What the plan cannot tell.
    facts : tuple of (str, str)
        File, day and digest.
    """

    summary: str
    deviations: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def check_words(record: Mapping[str, Any] | None, texts: Texts) -> list[str]:
    """Say before a run what the frozen plan is and where the study departs from it already; nothing without one."""
    if record is None:
        return []
    day = texts.number(str(record["frozen"])[:10], "date")
    said = [texts.say("The analysis plan {file} was frozen on {date}.", file=str(record["file"]), date=day)]
    said += [] if record["fits"] else [texts.say(_CHANGED)]
    return said + [texts.note(Note.model_validate(one)) for one in record["deviations"]]


def plan_words(record: Mapping[str, Any] | None, texts: Texts) -> PlanWords:
    """Say whether the frozen analysis plan was followed.

    Parameters
    ----------
    record : mapping or None
        As the run's record has it under ``plan``; None where no plan was named.
    texts : Texts
        Language of the reader.

    Returns
    -------
    PlanWords
    """
    if record is None:
        return PlanWords(texts.say("No analysis plan was frozen for this study."))
    day = texts.number(str(record["frozen"])[:10], "date")
    said = tuple(texts.note(Note.model_validate(one)) for one in record["deviations"])
    if not record["fits"]:
        summary = texts.say(_CHANGED)
    elif said:
        summary = texts.say(
            "This report departs from the analysis plan that was frozen on {date}. Departures: {n:integer}.",
            date=day,
            n=len(said),
        )
    else:
        summary = texts.say(
            "The analysis plan that was frozen on {date} was followed in everything that it fixes.", date=day
        )
    remarks = (
        texts.say(
            "Whether somebody had seen the data when the plan was frozen cannot be told from the plan, nor whether the "
            "clock of that computer was right. Whoever kept its digest since then can tell that it is the same plan."
        ),
    )
    facts = (
        (texts.say("File"), str(record["file"])),
        (texts.say("Frozen on"), day),
        (texts.say("Digest of the plan"), str(record["digest"])),
    )
    return PlanWords(summary, said, remarks, facts)
