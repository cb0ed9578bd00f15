"""Measures that are computed from one another, or from the same columns, so that they go together by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exresearch.study.codebook.book import Codebook
from exresearch.study.codebook.sources import Place, sources_of
from exresearch.study.remarks import Remark

# Pairs of settings whose measures a notebook sets beside each other.
_PAIRS = (
    ("ex_measure", "cx_measure"),
    ("ex_alternative", "cx_measure"),
    ("ex_measure", "later_outcome"),
    ("cx_measure", "later_outcome"),
    ("ex_measure", "moderator"),
    ("cx_measure", "moderator"),
)


@dataclass(frozen=True, slots=True)
class SharedSource:
    """What two measures have in common before anything is measured.

    Attributes
    ----------
    kind : {"contains", "shares"}
        Whether one is computed from the other, or both from the same columns.
    first, second : str
        The measures; with ``contains`` the first is computed from the second.
    columns : tuple of str
        The columns in common.
    """

    kind: Literal["contains", "shares"]
    first: str
    second: str
    columns: tuple[str, ...]


def columns_in_common(book: Codebook, one: str, other: str) -> SharedSource | None:
    """Say whether two measures are computed from one another, or from the same columns.

    Parameters
    ----------
    book : Codebook
        Names in ``derived_from`` what each column is computed from.
    one, other : str
        Constructs, or columns without one.

    Returns
    -------
    SharedSource or None
        None where the codebook names nothing in common, and for a measure beside itself.

    Examples
    --------
    >>> from exresearch.study.codebook.variable import Variable
    >>> more = {"table": "units", "role": "measure", "kind": "mean"}
    >>> stars = Variable(column="stars", construct="stars", derived_from=("turnover",), **more)
    >>> turnover = Variable(column="turnover", construct="staff_turnover", **more)
    >>> columns_in_common(Codebook((stars, turnover), {}), "staff_turnover", "stars")
    SharedSource(kind='contains', first='stars', second='staff_turnover', columns=('turnover',))
    """
    if one == other:
        return None
    sources = sources_of(book.variables)
    own: dict[str, set[Place]] = {
        name: {(v.table, v.column) for v in book.variables if name == v.name} for name in (one, other)
    }
    made_of = {name: _ingredients(own[name], sources) for name in own}
    for first, second in ((one, other), (other, one)):
        inside = made_of[first] & own[second]
        if inside:
            return SharedSource("contains", first, second, _names(inside))
    both = made_of[one] & made_of[other]
    return SharedSource("shares", one, other, _names(both)) if both else None


def derived_remarks(book: Codebook, parameters: object, *, file: str) -> list[Remark]:
    """Return a remark for each pair of measures in the settings that go together by construction.

    Parameters
    ----------
    book : Codebook
        A codebook without problems.
    parameters : Parameters
        Settings that name measures.
    file : str
        Name of the study file.
    """
    remarks = []
    for keys in _PAIRS:
        one, other = (str(getattr(parameters, key)) for key in keys)
        found = columns_in_common(book, one, other) if one and other else None
        if found is not None:
            kind = "measure_computed_from_other" if found.kind == "contains" else "measures_share_columns"
            place = keys[0] if found.first == one else keys[1]
            detail = (
                found.second if found.kind == "contains" else f"{found.second} ({', '.join(found.columns)})"
            )
            remarks.append(Remark("", file, f"{place} {found.first}", kind, len(found.columns), detail))
    return remarks


def _ingredients(columns: set[Place], sources: Mapping[Place, Sequence[Place]]) -> set[Place]:
    found: set[Place] = set()
    open_ones = [source for column in columns for source in sources.get(column, ())]
    while open_ones:
        place = open_ones.pop()
        if place not in found:
            found.add(place)
            open_ones += sources.get(place, ())
    return found


def _names(places: set[Place]) -> tuple[str, ...]:
    return tuple(sorted(column for _, column in places))
