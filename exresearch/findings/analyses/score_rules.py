"""What to say about the answers that a score needs."""

from __future__ import annotations

import math

from exresearch.findings.note import Note
from exresearch.measures import EngagedDefinition, LinkTable, least_share
from exresearch.study import Codebook


def score_rule(codebook: Codebook, table: str, construct: str, *, complete: bool = False) -> list[Note]:
    """Say how many of its questions must be answered for a score.

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

    Returns
    -------
    list of Note
        Empty where there are fewer than two items, so that there is no rule to speak of.

    Examples
    --------
    >>> score_rule(Codebook((), {}), "employees", "engagement")
    []
    """
    items = [v for v in codebook.select(table, construct=construct) if v.role in ("item", "outcome", "need")]
    count = len(items)
    if count < 2:
        return []
    # A share such as 0.7 of ten items is seven, whatever its last digit.
    needed = count if complete else math.ceil(least_share(codebook, construct) * count - 1e-9)
    measure = codebook.label(construct)
    if needed == count:
        message = (
            "A score for “{measure}” needs all {count:integer} questions; sheets without one are left out."
        )
        return [Note(message=message, values={"measure": measure, "count": count})]
    message = (
        "A score for “{measure}” needs at least {needed:integer} of the {count:integer} questions; sheets with fewer "
        "answers are left out."
    )
    return [Note(message=message, values={"measure": measure, "needed": needed, "count": count})]


def link_score_rules(codebook: Codebook, link: LinkTable, *, definition: EngagedDefinition) -> list[Note]:
    """Say it of both sides of the link, as far as they are scored here and not by whoever made a table of units."""
    notes = []
    for side in (link.ex, link.cx):
        if side.source != "units":
            index = side.construct == "engagement" and definition != "threshold"
            notes += score_rule(codebook, side.source, side.construct, complete=index)
    return notes
