"""What to say about the answers that a score needs."""

from __future__ import annotations

import math

from exresearch.findings.note import Note
from exresearch.measures import (
    EngagedDefinition,
    LinkTable,
    approximates,
    least_share,
    score_items,
    score_method,
)
from exresearch.study import Codebook, ScoreMethod

_METHODS = {
    "sum": (
        "The score for “{measure}” is a sum: the mean of the answered questions times the number of questions."
    ),
    "factor": (
        "The score for “{measure}” is a factor score, on the scale of the questions: those that go together most "
        "with the others count most."
    ),
}
_APPROXIMATION = (
    "The bands of the engagement index are an approximation: the three questions have another scale, which was "
    "stretched to 1 to 7. They are not compared with published figures."
)


def score_rule(
    codebook: Codebook,
    table: str,
    construct: str,
    *,
    complete: bool = False,
    method: ScoreMethod | None = None,
) -> list[Note]:
    """Say how many of its questions must be answered for a score, and how they become one unless by their mean.

    Parameters
    ----------
    codebook : Codebook
        Names the items of the construct, and the share of them that must be answered.
    table : str
        Where they are.
    construct : str
        What they measure.
    complete : bool
        Whether all of them are needed, whatever the codebook says: the three-item index is a sum.
    method : {"mean", "sum", "factor"}, optional
        How they become a score, where it is not by what the codebook says.

    Returns
    -------
    list of Note
        Empty where there are fewer than two items, so that there is no rule to speak of.

    Examples
    --------
    >>> score_rule(Codebook((), {}), "employees", "engagement")
    []
    """
    count = len(score_items(codebook, table, construct))
    if count < 2:
        return []
    # A share such as 0.7 of ten items is seven, whatever its last digit.
    needed = count if complete else math.ceil(least_share(codebook, construct) * count - 1e-9)
    measure = codebook.label(construct)
    how = method or score_method(codebook, construct)
    notes = [Note(message=_METHODS[how], values={"measure": measure})] if how in _METHODS else []
    if needed == count:
        message = (
            "A score for “{measure}” needs all {count:integer} questions; sheets without one are left out."
        )
        return [Note(message=message, values={"measure": measure, "count": count}), *notes]
    message = (
        "A score for “{measure}” needs at least {needed:integer} of the {count:integer} questions; sheets with fewer "
        "answers are left out."
    )
    return [Note(message=message, values={"measure": measure, "needed": needed, "count": count}), *notes]


def link_score_rules(codebook: Codebook, link: LinkTable, *, definition: EngagedDefinition) -> list[Note]:
    """Say it of both sides of the link, as far as they are scored here and not by whoever made a table of units."""
    notes = []
    for side in (link.ex, link.cx):
        if side.source != "units":
            # The engaged are counted by the index or by a threshold of the mean, never by another score.
            share = side.kind == "share"
            notes += score_rule(
                codebook,
                side.source,
                side.construct,
                complete=share and definition != "threshold",
                method="mean" if share else None,
            )
            notes += approximation_caveat(definition) if share else []
    return notes


def approximation_caveat(definition: EngagedDefinition) -> list[Note]:
    """Say that the bands are approximated, where they are.

    Examples
    --------
    >>> approximation_caveat("highly")
    []
    """
    return [Note(message=_APPROXIMATION)] if approximates(definition) else []
