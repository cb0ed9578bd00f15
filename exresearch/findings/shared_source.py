"""Measures that go together by construction, because one is computed from the other or both from the same columns."""

from __future__ import annotations

from collections.abc import Sequence

from exresearch.findings.note import Note
from exresearch.study import Study, columns_in_common


def shared_source(study: Study, one: str, other: str) -> Note | None:
    """Say what two measures have in common before anything is measured.

    When to use it: as a caveat on every finding that sets two measures beside each other.

    Parameters
    ----------
    study : Study
        Its codebook names in ``derived_from`` what each column is computed from.
    one, other : str
        Constructs, or columns without one.

    Returns
    -------
    Note or None
        None where the codebook names nothing in common.
    """
    found = columns_in_common(study.codebook, one, other)
    if found is None:
        return None
    first, second = study.codebook.label(found.first), study.codebook.label(found.second)
    if found.kind == "contains":
        return Note(
            message="“{whole}” is computed in part from “{part}”: they go together by construction.",
            values={"whole": first, "part": second},
        )
    return Note(
        message=(
            "“{first}” and “{second}” are computed in part from the same columns ({columns}): some of their link is "
            "there by construction."
        ),
        values={"first": first, "second": second, "columns": ", ".join(found.columns)},
    )


def shared_sources(study: Study, ones: Sequence[str], others: Sequence[str]) -> list[Note]:
    """Say of every pair that a page sets beside each other what the two have in common before anything is measured.

    Parameters
    ----------
    study : Study
        As :func:`shared_source`.
    ones, others : sequence of str
        Constructs; empty ones are passed over, and a pair is named once.

    Returns
    -------
    list of Note
    """
    pairs = {frozenset((one, other)): (one, other) for one in ones for other in others if one and other}
    notes = [shared_source(study, one, other) for one, other in pairs.values() if one != other]
    return [note for note in notes if note is not None]


def by_construction(study: Study, one: str, other: str) -> Note | None:
    """Say why no link between two measures can be tested, where one is computed from the other.

    A whole goes with its part even where the other parts have nothing to do with it, so "no link" is not what chance
    would give and neither size nor sign of what is found says anything. Where both are computed from the same columns
    the answer is a caveat, :func:`shared_source`: the part in common may be small, and how small the codebook does not
    say.

    Parameters
    ----------
    study, one, other
        As :func:`shared_source`.

    Returns
    -------
    Note or None
        None where neither is computed from the other.
    """
    found = columns_in_common(study.codebook, one, other)
    if found is None or found.kind != "contains":
        return None
    return Note(
        message=(
            "“{whole}” is computed in part from “{part}”, so that the two go together by construction. Whatever their "
            "link is, it would say nothing about people; choose a measure that does not contain the other."
        ),
        values={"whole": study.codebook.label(found.first), "part": study.codebook.label(found.second)},
    )
