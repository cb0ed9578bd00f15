"""Which rows of a frame are hidden: for their own sake, and so that those cannot be worked out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure.groups import Groups
from exresearch.disclosure.primary import open_sums, too_revealing
from exresearch.disclosure.relations import RollUps, relations_of
from exresearch.disclosure.suppression import complementary_suppression

_NEAR = 1e-6


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
    people open. Hidden rows together must not say too much either: two teams hidden together in which everybody gave
    the highest answer would still be known to have done so. So the same is asked of every sum in
    :func:`exresearch.disclosure.primary.open_sums`, on top of what is already hidden.

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
        Larger groups that the rows' groups lie in; see :func:`exresearch.disclosure.relations.relations_of`.

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
    for values, needed in open_sums(frame, counts=counts, groups=groups) if groups is not None else ():
        have = cells.with_totals(values)
        # Of a total that is not shown, what is asked of every row.
        asked = np.concatenate([needed, np.full(len(people) - size, needed.min())])
        short = np.where(hidden & (people > 0), asked - have, 0.0)
        if (short > _NEAR).any():
            hidden = complementary_suppression(
                # Nothing of a sum is not known to be nothing, other than nobody in a group.
                np.where(people > 0, np.maximum(have, _NEAR), 0.0),
                cells.matrix,
                primary=hidden,
                least=0.0,
                cost=cost,
                up=np.maximum(short, 0.0),
                down=np.zeros_like(have),
            ).hidden
    return hidden[:size]
