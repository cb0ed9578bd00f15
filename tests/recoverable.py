"""An outsider who works out what a table hides, with means of his own, and tables to try him on.

Nothing here uses ``exresearch.disclosure``. The outsider knows the smallest groups that people can be in, that none of
them has fewer than nobody, which of them have nobody, and how many people are in every group that is shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog

TOLERANCE = 1e-6
Places = list[tuple[str | None, ...]]


def bounds(
    known: Sequence[tuple[NDArray[np.float64], float]],
    asked: NDArray[np.float64],
    empty: NDArray[np.bool_],
    most: NDArray[np.float64] | None = None,
) -> tuple[float, float]:
    """Least and most that a sum over the smallest groups can be, given other sums and the most in each of them."""
    tops = [None] * len(empty) if most is None else most.tolist()
    limits = [(0, 0 if nobody else top) for nobody, top in zip(empty, tops, strict=True)]
    sums = {
        "A_eq": np.array([row for row, _ in known]) if known else None,
        "b_eq": np.array([value for _, value in known]) if known else None,
    }
    ends = [linprog(sign * asked, bounds=limits, method="highs", **sums) for sign in (1, -1)]
    assert all(end.status in (0, 3) for end in ends)
    least, largest = (np.inf if end.status == 3 else float(end.fun) for end in ends)
    return least, np.inf if largest == np.inf else -largest


@dataclass(frozen=True)
class MadeTable:
    """A table with its total rows, and which of the smallest groups each row is made of."""

    frame: pd.DataFrame
    columns: tuple[str, ...]
    leaves: NDArray[np.float64]
    members: NDArray[np.float64]
    unseen: NDArray[np.float64]

    def exposed(self, hidden: NDArray[np.bool_], *, least: float, everybody: bool = True) -> list[int]:
        """Rows of fewer than ``least`` people that are shown, or whose number is not open from 0 to ``least``.

        Totals without a row count too, from the number of rows on. The whole is known as well, unless ``everybody`` is
        false.
        """
        counts = self.frame["n"].to_numpy("float64")
        known = [(row, n) for row, n, secret in zip(self.members, counts, hidden, strict=True) if not secret]
        if everybody:
            known.append((np.ones_like(self.leaves), float(self.leaves.sum())))
        found = []
        groups = np.vstack([self.members, self.unseen])
        people = groups @ self.leaves
        for row in np.flatnonzero((people > 0) & (people < least)):
            fewest, most = bounds(known, groups[row], self.leaves == 0)
            if fewest > TOLERANCE or most < least - TOLERANCE:
                found.append(int(row))
        return found


def made_table(rng: np.random.Generator, *, totals: bool = True, most_rows: int | None = None) -> MadeTable:
    """One to three dimensions, the first with two or three levels: teams in departments, perhaps in divisions.

    Many of the smallest groups are small or empty. Without ``totals`` only these have rows. Tables of more than
    ``most_rows`` rows are drawn again.
    """
    while True:
        made = _drawn(rng, totals)
        if most_rows is None or len(made.members) + len(made.unseen) <= most_rows:
            return made


def _drawn(rng: np.random.Generator, totals: bool) -> MadeTable:
    levels, crossed = int(rng.integers(2, 4)), int(rng.integers(0, 3))
    nested = _teams(rng, levels)
    others = [
        [(None,), *((f"{name}{value}",) for value in range(rng.integers(2, 4)))]
        for name in ("sex", "age")[:crossed]
    ]
    columns = ("division", "department", "team")[-levels:] + ("sex", "age")[:crossed]
    places = [sum(place, ()) for place in itertools.product(nested, *others)]
    smallest = [place for place in places if None not in place]
    leaves = rng.choice([0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 25, 40], len(smallest)).astype("float64")
    members = np.array(
        [
            [all(a is None or a == b for a, b in zip(place, leaf, strict=True)) for leaf in smallest]
            for place in places
        ],
        dtype="float64",
    )
    keep = np.ones(len(places), bool) if totals else np.array([None not in place for place in places])
    order = rng.permutation(np.flatnonzero(keep))
    frame = pd.DataFrame([places[row] for row in order], columns=list(columns))
    frame["n"] = members[order] @ leaves
    return MadeTable(frame, columns, leaves, members[order], members[~keep])


def _teams(rng: np.random.Generator, levels: int) -> Places:
    """Every place of a hierarchy, a missing value for all of them."""
    places: Places = [(None,) * levels]
    open_places: list[tuple[str, ...]] = [()]
    for level in range(levels):
        open_places = [
            (*place, "".join([*place[-1:], "ABCDE"[child]]))
            for place in open_places
            for child in range(rng.integers(1 if level else 2, 5))
        ]
        places += [(*place, *(None,) * (levels - len(place))) for place in open_places]
    return places


def room_in_two_ways(
    table: NDArray[np.int64], hidden: NDArray[np.bool_], row: int, column: int, *, enough: int
) -> tuple[int, int]:
    """How far a hidden cell of a two-way table with known margins can rise and fall, found without a programme.

    People are moved one round trip at a time: out of hidden cells along a column, into hidden cells along a row. No
    more of them are moved than ``enough``.
    """
    rise = _moved(table.copy(), hidden, row, column, rising=True, enough=enough)
    return rise, _moved(table.copy(), hidden, row, column, rising=False, enough=enough)


def _moved(
    table: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    row: int,
    column: int,
    *,
    rising: bool,
    enough: int,
) -> int:
    moved = 0
    while moved < enough and (rising or table[row, column] > 0):
        trip = _trip(table, hidden, row, column, rising)
        if trip is None:
            return moved
        step = min(int(table[cell]) for cell, sign in trip if sign < 0)
        for cell, sign in trip:
            table[cell] += sign * step
        moved += step
    return moved


def _trip(
    table: NDArray[np.int64], hidden: NDArray[np.bool_], row: int, column: int, rising: bool
) -> list[tuple[tuple[int, int], int]] | None:
    """The shortest alternation of falling and rising cells that gives back what the cell took."""
    sign = 1 if rising else -1
    queue: list[tuple[bool, int, list[tuple[tuple[int, int], int]]]] = [
        (True, column, [((row, column), sign)])
    ]
    seen = {(True, column)}
    while queue:
        in_column, line, trip = queue.pop(0)
        change = -trip[-1][1]
        for other in range(table.shape[0] if in_column else table.shape[1]):
            cell = (other, line) if in_column else (line, other)
            if cell == (row, column) or not hidden[cell] or (change < 0 and table[cell] == 0):
                continue
            longer = [*trip, (cell, change)]
            if in_column and other == row:
                return longer
            if (not in_column, other) not in seen:
                seen.add((not in_column, other))
                queue.append((not in_column, other, longer))
    return None
