"""Which rows of a frame are hidden: for their own sake, and so that those cannot be worked out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure.groups import Groups
from exresearch.disclosure.hiding.patterns import Table, stuck
from exresearch.disclosure.hiding.primary import OpenSum, open_sums, too_revealing
from exresearch.disclosure.hiding.relations import Relations, RollUps, relations_of
from exresearch.disclosure.hiding.suppression import complementary_suppression
from exresearch.disclosure.rules import PROTECTION


def hidden_rows(
    frame: pd.DataFrame,
    *,
    counts: NDArray[np.float64],
    least: float,
    within: Sequence[str] = (),
    groups: Groups | None = None,
    roll_ups: RollUps | None = None,
) -> NDArray[np.bool_]:
    """Find the rows whose numbers may not be shown.

    First those with fewer than ``least`` people or that say too much, with the company that keeps their number of
    people open. That is not enough for a reader who knows who is in which row: two teams hidden together in which
    everybody gave the highest answer would still be known to have done so. So the answers in every such row must be
    open as well, as :func:`exresearch.disclosure.hiding.primary.open_sums` says; company for that comes on top of what
    is already hidden.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of results, one row per group.
    counts : numpy.ndarray, shape (rows,)
        People behind each row; NaN where that is not known, which counts as too few.
    least : float
        People from which a row may be shown.
    within : sequence of str
        Columns that tell apart several tables in one frame.
    groups : Groups, optional
        Who is in each row.
    roll_ups : mapping, optional
        Larger groups that the rows' groups lie in; see :func:`exresearch.disclosure.hiding.relations.relations_of`.

    Returns
    -------
    numpy.ndarray of bool, shape (rows,)
    """
    # A missing number is not greater than or equal to anything.
    primary = ~(counts >= least)
    if groups is not None:
        primary |= too_revealing(frame, counts=counts, groups=groups)
    if not primary.any():
        return primary
    counts = np.nan_to_num(counts, nan=1.0)
    cells = relations_of(frame, counts=counts, within=within, groups=groups, roll_ups=roll_ups, least=least)
    people = cells.with_totals(counts)
    size = len(counts)
    # Totals that other tables may show come last: to hide them here hides them nowhere else.
    known = np.concatenate([cells.top, np.ones(len(people) - size, dtype=bool)])
    cost = people + known * (people.sum() + 1.0)
    secret = np.concatenate([primary, people[size:] < least])
    hidden = complementary_suppression(people, cells.matrix, primary=secret, least=least, cost=cost).hidden
    for held in open_sums(frame, counts=counts, groups=groups) if groups is not None else ():
        hidden = _opened(held, cells, hidden, secret & (people > 0), cost)
    return hidden[:size]


def _opened(
    held: OpenSum,
    cells: Relations,
    hidden: NDArray[np.bool_],
    secret: NDArray[np.bool_],
    cost: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Hide as many more rows as a sum needs to stay open in each row that is secret for its own sake."""
    values = cells.with_totals(held.values)
    down = np.zeros_like(values)
    if held.most is None or held.up is not None:
        room = None
        up = (
            np.zeros_like(values)
            if held.up is None
            else np.concatenate([held.up, np.zeros(len(values) - len(held.up))]) * secret
        )
    else:
        room = np.maximum(cells.with_totals(held.most) - values, 0.0)
        asked = np.minimum(PROTECTION, np.maximum(room, values)) * secret
        table = Table(values, cells.matrix, secret, cost, asked, asked, room)
        asked = asked * stuck(table, hidden, asked)
        # Where neither direction is open, the one with more room is opened.
        up, down = asked * (room >= values), asked * (room < values)
    if not (up.any() or down.any()):
        return hidden
    return complementary_suppression(
        values, cells.matrix, primary=hidden, least=0.0, cost=cost, up=up, down=down, room=room
    ).hidden
