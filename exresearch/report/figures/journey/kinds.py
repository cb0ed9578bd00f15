"""How the kinds of people who rate a journey are drawn and called, the same in every figure."""

from __future__ import annotations

from typing import Any, NamedTuple

from exresearch.report.text import Texts, mark
from exresearch.report.theme import COLOURS


class Kind(NamedTuple):
    """Colour, marker, line and name of one kind of people."""

    colour: str
    marker: str
    dash: Any
    name: str


_KINDS = {
    "candidate": Kind(COLOURS["green"], "s", (0, (1.2, 1.2)), mark("Candidates")),
    "employee": Kind(COLOURS["blue"], "o", "-", mark("Employees")),
    "leaver": Kind(COLOURS["orange"], "^", (0, (4, 1.5)), mark("Leavers")),
    "alumnus": Kind(COLOURS["grey"], "D", (0, (4, 1.5, 1, 1.5)), mark("Former employees")),
}
_OTHERS = Kind(COLOURS["blue"], "o", "-", mark("Everybody"))


def kind_of(who: str) -> Kind:
    """Return how a kind of people is drawn."""
    return _KINDS.get(who, _OTHERS)


def kind_name(who: str, texts: Texts) -> str:
    """Return how a kind of people is called.

    Examples
    --------
    >>> kind_name("leaver", Texts("en"))
    'Leavers'
    """
    return texts.say(kind_of(who).name)


def in_order(found: list[str]) -> list[str]:
    """Return kinds of people in the order of a journey."""
    return [who for who in _KINDS if who in found] + [who for who in found if who not in _KINDS]
