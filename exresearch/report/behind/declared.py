"""How a table behind a figure is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exresearch.report.tables import STANDARD_COLUMNS, Column
from exresearch.report.text import mark


@dataclass(frozen=True, slots=True)
class Behind:
    """What the table behind a figure shows of one released frame.

    Parameters
    ----------
    caption : str
        English message.
    columns : mapping of str to Column
        In order; a column that a frame does not have, or that is empty, is left out. What is not named here is in the
        frame for the drawing alone.
    shuffled : bool
        Rows are units that the drawing does not name: they are listed in the order of their values, so that no order
        tells which is which.
    thinned : bool
        Rows are points along lines, of which a few tell enough.
    """

    caption: str
    columns: Mapping[str, Column]
    shuffled: bool = False
    thinned: bool = False


# Headers that many figures have in common; what a figure heads otherwise it says itself.
_SHARED: dict[str, Column] = {
    **STANDARD_COLUMNS,
    "label": Column(mark("What")),
    "outcome_label": Column(mark("Outcome")),
    "people": Column(mark("People"), "integer"),
    "respondents": Column(mark("People"), "integer"),
    "performance": Column(mark("Performance, 0 to 100"), "number1"),
    "rank_low": Column(mark("Interval of the rank"), "integer"),
    "title": Column(mark("Hypothesis")),
    "total": Column(mark("Total"), "integer"),
}


def table(
    caption: str,
    columns: str,
    *,
    shuffled: bool = False,
    thinned: bool = False,
    spec: str = "",
    **own: Column,
) -> Behind:
    """Declare a table: names of columns in order, ``spec`` for estimates and their intervals, and headers of its own.

    Examples
    --------
    >>> list(table("Importance", "driver importance conf_low", spec="percent1").columns)
    ['driver', 'importance', 'conf_low']
    """
    chosen = {name: own[name] if name in own else _SHARED[name] for name in columns.split()}
    if spec:
        chosen |= {
            name: Column(column.header, spec)
            for name, column in chosen.items()
            if column.spec == "estimate" and name not in own
        }
    return Behind(caption, chosen, shuffled, thinned)
