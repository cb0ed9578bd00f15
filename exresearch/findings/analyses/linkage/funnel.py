"""Whether extreme units are small ones: unit values against the number of people behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.measures import LinkTable, Side, UnitPrecision
from exresearch.measures.link import pool_waves
from exresearch.models import funnel_limits

LEVELS = (0.95, 0.998)
_POINTS = 60
_NO_LIMITS = Note(
    message=(
        "How far {measure} of small units scatters by chance cannot be drawn: the study does not give the "
        "answers within units, nor standard errors with their numbers of answers."
    )
)


@dataclass(frozen=True, slots=True)
class Funnel:
    """One side of the link against its number of answers.

    Attributes
    ----------
    side : {"ex", "cx"}
        Which.
    units : pandas.DataFrame
        ``unit, value, people, answers, linked, outside`` (whether a value lies beyond the outer limits), ``extreme``
        (among the tenth at either end), ``small`` (fewer people than the median unit). Units that are not linked are
        there to give company to those of few people, and are not to be drawn.
    limits : pandas.DataFrame
        ``level, n, low, high`` of :func:`exresearch.models.funnel_limits`.
    centre : float
        Value of all people together.
    is_share : bool
        Whether values are shares.
    source : Side
        Where the values come from.
    """

    side: str
    units: pd.DataFrame
    limits: pd.DataFrame
    centre: float
    is_share: bool
    source: Side


def link_funnels(
    table: LinkTable, precision: Mapping[str, UnitPrecision], labels: Mapping[str, dict[str, str]]
) -> tuple[list[Funnel], list[Note]]:
    """Set each unit's value against the people behind it, with limits of what chance alone would do.

    Parameters
    ----------
    table : LinkTable
        The link.
    precision : mapping of str to UnitPrecision
        Of ``ex`` and ``cx``.
    labels : mapping
        Names of both sides.

    Returns
    -------
    tuple of list of Funnel and list of Note
        The customers' side first, since it ranks the units; notes for sides whose scatter is not known.
    """
    found, notes = [], []
    linked = set(table.units["unit"])
    for side, source in (("cx", table.cx), ("ex", table.ex)):
        given = precision[side]
        known = given.frame.dropna(subset=["value", "people"])
        rows = known[known["unit"].isin(linked)]
        if given.spread is None or rows.empty:
            notes.append(_NO_LIMITS.model_copy(update={"values": {"measure": labels[side]}}))
            continue
        value, people = rows["value"].astype("float64"), rows["people"].astype("float64")
        centre = float(np.average(value, weights=people))
        # A share of people who answered once is binomial; anything else scatters by the spread within units.
        spread = None if given.is_share else given.spread
        limits = funnel_limits(
            np.geomspace(people.min(), people.max(), _POINTS), centre=centre, spread=spread, levels=LEVELS
        )
        own = funnel_limits(people.to_numpy(), centre=centre, spread=spread, levels=LEVELS[1:])
        tenth = max(1, round(len(rows) / 10))
        order = value.rank(method="first")
        units = pd.DataFrame(
            {
                "unit": rows["unit"].to_numpy(),
                "value": value.to_numpy(),
                "people": people.to_numpy(),
                "linked": True,
                "outside": (value.to_numpy() < own["low"]) | (value.to_numpy() > own["high"]),
                "extreme": ((order <= tenth) | (order > len(rows) - tenth)).to_numpy(),
                "small": (people < people.median()).to_numpy(),
            }
        )
        others = known.loc[~known["unit"].isin(linked), ["unit", "value", "people"]].assign(linked=False)
        marks = dict.fromkeys(("outside", "extreme", "small"), False)
        units = pd.concat([units, others.assign(**marks)], ignore_index=True) if len(others) else units
        answers = pool_waves(source.frame).set_index("unit")["n"].astype("float64")
        units["answers"] = units["unit"].map(answers).fillna(units["people"])
        found.append(Funnel(side, units, limits, centre, source.kind == "share", source))
    return found, notes
