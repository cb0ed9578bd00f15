"""Which rows of a table add up to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from exresearch.disclosure.groups import Groups

# Sums of counts are whole numbers, or weights with rounding errors.
_NEAR = 1e-6
Key = tuple[int, ...]
# For a dimension, such as the unit, and each of its values: categories and their values, such as the kind of unit.
RollUps = Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Relations:
    """What adds up to what among the rows of a frame and the totals that it does not show.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array, shape (relations, rows + totals)
        1 for a part, -1 for a total; the product with the numbers is zero, or a number known from elsewhere.
    sums : scipy.sparse.csr_array, shape (totals, rows)
        Which rows each total that is not shown consists of.
    top : numpy.ndarray of bool, shape (rows,)
        Rows with everybody in their table: known from elsewhere, however well they are hidden.
    """

    matrix: sparse.csr_array
    sums: sparse.csr_array
    top: NDArray[np.bool_]

    def with_totals(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the numbers of the rows followed by those of the totals that are not shown."""
        return np.concatenate([values, self.sums @ values])


def relations_of(
    frame: pd.DataFrame,
    *,
    counts: NDArray[np.float64],
    within: Sequence[str],
    groups: Groups | None,
    roll_ups: RollUps | None = None,
    least: float = 0.0,
) -> Relations:
    """Return the additive relations between the rows of a frame.

    Along each dimension the rows that differ in it alone add up to the row where it is missing. Where there is no such
    row, there is a total all the same, which other tables may show; it takes part in the relations as a cell of its
    own. The total over all dimensions is taken to be known: it mostly is. Dimensions in ``within`` are not added up.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group.
    counts : numpy.ndarray, shape (rows,)
        People behind each row.
    within : sequence of str
        Columns that tell apart several tables in one frame.
    groups : Groups or None
        Who is in each row. Without it the rows of each table add up to one total.
    roll_ups : mapping, optional
        For values of a dimension the larger groups they lie in, whose totals other tables show.
    least : float
        People from which such a total is shown.

    Returns
    -------
    Relations
    """
    size = len(frame)
    keys = {column: _codes(frame[column]) for column in within}
    dimensions: list[NDArray[np.intp]] = []
    if groups is not None:
        if groups.pairs is not None:
            keys[groups.pairs[0]] = _codes(frame[groups.pairs[0]])
        if groups.answer and groups.answered in frame.columns:
            keys[groups.answered] = _codes(frame[groups.answered])
        for measure in groups.measures.values():
            if measure.each:
                keys[measure.each] = _codes(frame[measure.each])
        dimensions = [_codes(frame[column]) for column in groups.columns() if column not in keys]
    lattice = _Lattice(counts)
    for rows in _alike(keys, size):
        lattice.add(rows, [codes[rows] for codes in dimensions])
    if groups is not None and roll_ups:
        lattice.found += _rolled_up(frame, keys, groups, roll_ups, counts=counts, least=least)
        lattice.found += _made_of(frame, keys, groups, roll_ups)
    return lattice.relations()


def _rolled_up(
    frame: pd.DataFrame,
    keys: dict[str, NDArray[np.intp]],
    groups: Groups,
    roll_ups: RollUps,
    *,
    counts: NDArray[np.float64],
    least: float,
) -> list[tuple[list[int], int | None]]:
    """Return the rows that add up to larger groups of other tables."""
    found: list[tuple[list[int], int | None]] = []
    for dimension, column in groups.by.items():
        above = roll_ups.get(dimension)
        if above is None or column in keys:
            continue
        others = keys | {c: _codes(frame[c]) for c in groups.columns() if c != column and c not in keys}
        values = frame[column].astype("string").fillna("").tolist()
        for rows in _alike(others, len(frame)):
            larger: dict[tuple[str, str], list[int]] = {}
            for row in rows.tolist():
                for group in above.get(values[row], ()):
                    larger.setdefault(group, []).append(row)
            found += [
                (parts, None)
                for parts in larger.values()
                if 1 < len(parts) < len(rows) and counts[parts].sum() >= least
            ]
    return found


def _made_of(
    frame: pd.DataFrame, keys: dict[str, NDArray[np.intp]], groups: Groups, roll_ups: RollUps
) -> list[tuple[list[int], int | None]]:
    """Return rows of one category that are, unit by unit, the same people as a row of another category."""
    if groups.pairs is None:
        return []
    name, value = groups.pairs
    members: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for dimension, above in roll_ups.items():
        for one, larger in above.items():
            for group in larger:
                members.setdefault(group, set()).add((dimension, one))
    pairs = list(zip(frame[name].astype(str), frame[value].astype("string").fillna(""), strict=True))
    others = {column: codes for column, codes in keys.items() if column != name}
    others |= {column: _codes(frame[column]) for column in groups.by.values() if column not in keys}
    found: list[tuple[list[int], int | None]] = []
    for rows in _alike(others, len(frame)):
        known = [row for row in rows.tolist() if pairs[row] in members]
        for total in known:
            whole = members[pairs[total]]
            within: dict[str, list[int]] = {}
            for row in known:
                if pairs[row][0] != pairs[total][0] and members[pairs[row]] <= whole:
                    within.setdefault(pairs[row][0], []).append(row)
            for parts in within.values():
                # The same group under two names is one relation, not two.
                twice = len(parts) == 1 and parts[0] > total and members[pairs[parts[0]]] == whole
                if set().union(*(members[pairs[row]] for row in parts)) == whole and not twice:
                    found.append((parts, total))
    return found


def _codes(column: pd.Series) -> NDArray[np.intp]:
    texts = column.map(lambda value: value if pd.api.types.is_scalar(value) else str(value))
    return np.asarray(pd.factorize(texts, use_na_sentinel=True)[0])


def _alike(keys: dict[str, NDArray[np.intp]], size: int) -> list[NDArray[np.intp]]:
    if not keys or not size:
        return [np.arange(size)] if size else []
    numbers = pd.DataFrame(keys).groupby(list(keys), sort=False).ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _below(dimensions: Sequence[NDArray[np.intp]]) -> list[list[int]]:
    """Return for each dimension those nested in it: a team is in one department only, so its total comes first."""
    below: list[list[int]] = [[] for _ in dimensions]
    for child, codes in enumerate(dimensions):
        seen = codes >= 0
        for parent, above in enumerate(dimensions):
            pairs = set(zip(codes[seen].tolist(), above[seen].tolist(), strict=True))
            nested = bool((above[seen] >= 0).all()) and len(pairs) == len(set(codes[seen].tolist()))
            if child != parent and nested and parent not in below[child]:
                below[parent].append(child)
    return below


@dataclass
class _Lattice:
    """Totals over every set of dimensions, from the rows up."""

    counts: NDArray[np.float64]
    found: list[tuple[list[int], int | None]] = field(default_factory=list)
    # The rows in each total that no row shows.
    totals: list[list[int]] = field(default_factory=list)
    tops: list[int] = field(default_factory=list)

    def add(self, rows: NDArray[np.intp], columns: Sequence[NDArray[np.intp]]) -> None:
        # A dimension with one value and no total says nothing.
        used = [codes for codes in columns if len(set(codes.tolist())) > 1]
        below = _below(used)
        shown: dict[Key, list[int]] = {}
        for index, row in enumerate(rows.tolist()):
            shown.setdefault(tuple(int(codes[index]) for codes in used), []).append(row)
        top = (-1,) * len(used)
        self.tops += shown.get(top, []) if used else []
        nodes = dict(shown)
        if not used:
            self._top([rows.tolist()])
        for level in range(len(used)):
            routes: dict[Key, dict[int, list[int]]] = {}
            for key in [key for key in nodes if key.count(-1) == level]:
                for column, code in enumerate(key):
                    if code >= 0 and all(key[child] < 0 for child in below[column]):
                        above = (*key[:column], -1, *key[column + 1 :])
                        routes.setdefault(above, {}).setdefault(column, []).extend(nodes[key])
            for above, ways in routes.items():
                if above in shown:
                    self._shown(shown[above][0], list(ways.values()), set(rows.tolist()))
                elif above == top:
                    self._top(list(ways.values()))
                else:
                    nodes[above] = [self._implied(list(ways.values()))]

    def _sum(self, cells: Sequence[int]) -> float:
        return float(self.counts[self._leaves(cells)].sum())

    def _leaves(self, cells: Sequence[int]) -> list[int]:
        size = len(self.counts)
        return [row for cell in cells for row in ([cell] if cell < size else self.totals[cell - size])]

    def _shown(self, total: int, ways: list[list[int]], own: set[int]) -> None:
        for parts in ways:
            # Totals that are not shown may be of some rows only, one department of two; then they do not add up.
            if set(parts) <= own or abs(self._sum(parts) - self.counts[total]) < _NEAR:
                self.found.append((parts, total))

    def _top(self, ways: list[list[int]]) -> None:
        most = max(self._sum(parts) for parts in ways)
        for parts in ways:
            # One part adds up to nothing but itself.
            if len(parts) > 1 and self._sum(parts) > most - _NEAR:
                self.found.append((parts, None))

    def _implied(self, ways: list[list[int]]) -> int:
        most = max(self._sum(parts) for parts in ways)
        kept = [parts for parts in ways if self._sum(parts) > most - _NEAR]
        alone = [parts[0] for parts in kept if len(parts) == 1]
        if alone:
            total = alone[0]
        else:
            total = len(self.counts) + len(self.totals)
            self.totals.append(self._leaves(kept[0]))
        self.found += [(parts, total) for parts in kept if parts != [total]]
        return total

    def relations(self) -> Relations:
        size, more = len(self.counts), len(self.totals)
        matrix = sparse.lil_array((len(self.found), size + more))
        for index, (parts, total) in enumerate(self.found):
            for part in parts:
                matrix[index, part] += 1.0
            if total is not None:
                matrix[index, total] -= 1.0
        sums = sparse.lil_array((more, size))
        for index, parts in enumerate(self.totals):
            sums[index, parts] = 1.0
        top = np.zeros(size, dtype=bool)
        top[self.tops] = True
        return Relations(matrix.tocsr(), sums.tocsr(), top)
