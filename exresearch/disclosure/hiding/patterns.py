"""The search for the cheapest cells to hide: linear programmes for changes that nobody could see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

Method = Literal["auto", "optimal", "heuristic"]
Demand = tuple[int, int, float]
# The optimum is sought where the programme stays small: cells times two changes for each protected cell. It is given up
# after a number of steps and not of seconds, so that every machine finds the same.
_SMALL, _STEPS = 800, 500
_NEAR = 1e-7


@dataclass(frozen=True, slots=True)
class Table:
    """Cells, what adds up to what, and what is asked of each hidden cell.

    Attributes
    ----------
    values : numpy.ndarray, shape (cells,)
    relations : scipy.sparse.csr_array, shape (relations, cells)
    primary : numpy.ndarray of bool, shape (cells,)
        Cells to protect.
    cost : numpy.ndarray, shape (cells,)
        What it costs to hide each cell.
    up, down : numpy.ndarray, shape (cells,)
        How much larger and smaller each cell must be able to be.
    room : numpy.ndarray, shape (cells,)
        How much larger each cell can be.
    """

    values: NDArray[np.float64]
    relations: sparse.csr_array
    primary: NDArray[np.bool_]
    cost: NDArray[np.float64]
    up: NDArray[np.float64]
    down: NDArray[np.float64]
    room: NDArray[np.float64]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Cells that can have another value."""
        return (self.values > 0) | (self.room > 0)

    def single(self, least: float) -> bool:
        """Whether this is one relation in which any other cell is large enough to protect all."""
        others = self.values[~self.primary & (self.values > 0)]
        return self.relations.shape[0] == 1 and self.relations.min() >= 0 and bool((others >= least).all())

    def demands(self, cells: NDArray[np.bool_]) -> list[Demand]:
        """Return cell, direction and amount of every protection that is asked for, the largest first."""
        asked = [
            (int(cell), sign, float(level[cell]))
            for cell in np.flatnonzero(cells)
            for sign, level in ((1, self.up), (-1, self.down))
            if level[cell] > 0
        ]
        return sorted(asked, key=lambda demand: (-demand[2], demand[0], -demand[1]))

    def change(
        self, demand: Demand, usable: NDArray[np.bool_], price: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64] | None:
        """Return the cheapest change of usable cells that meets a demand, or any; None where there is none."""
        cell, sign, amount = demand
        if not usable[cell] or amount > (self.room if sign > 0 else self.values)[cell] + _NEAR:
            return None
        columns = np.flatnonzero(usable)
        own = int(np.searchsorted(columns, cell))
        part = self.relations[:, columns]
        low, high = -self.values[columns], self.room[columns].copy()
        low[own] = high[own] = sign * amount
        cost = np.zeros(len(columns))
        if price is not None:
            # Changes in both directions as two variables, so that each costs the same.
            part = sparse.hstack([part, -part], format="csr")
            low, high = (
                np.concatenate([np.maximum(low, 0.0), np.maximum(-high, 0.0)]),
                np.concatenate([np.maximum(high, 0.0), np.maximum(-low, 0.0)]),
            )
            cost = np.tile(price[columns], 2)
        result = milp(cost, constraints=LinearConstraint(part, 0.0, 0.0), bounds=Bounds(low, high))
        if result.x is None or result.status != 0:
            return None
        found = np.zeros(len(self.values))
        size = len(columns)
        found[columns] = result.x if price is None else result.x[:size] - result.x[size:]
        return found


def search(table: Table, method: Method) -> tuple[NDArray[np.bool_], NDArray[np.bool_], str]:
    """Return hidden cells, those that nothing protects, and how they were found."""
    hidden, lost = _heuristic(table, table.cost)
    if _loss(table, hidden) > 0:
        # A programme pays for each unit that a cell changes, a table once for each cell: the root is between the two.
        other, _ = _heuristic(table, np.sqrt(table.cost))
        hidden = min(hidden, other, key=lambda found: _loss(table, found))
    asked = table.primary & ~lost
    size = len(table.values) * 2 * max(1, int(asked.sum()))
    way = "heuristic" if lost.any() or _loss(table, hidden) > 0 else "optimal"
    if (
        way == "heuristic"
        and method != "heuristic"
        and not lost.any()
        and (method == "optimal" or size <= _SMALL)
    ):
        best, proven = _optimum(table, steps=None if method == "optimal" else _STEPS)
        way = "optimal" if proven else "heuristic"
        if best is not None and _loss(table, best) <= _loss(table, hidden):
            hidden = best
    # What cannot be protected is hidden with everything it adds up with: more cannot be done.
    for cell in np.flatnonzero(lost):
        rows = table.relations[:, [cell]].nonzero()[0]
        hidden[table.relations[rows].nonzero()[1]] = True
    return hidden, lost, way


def stuck(table: Table, hidden: NDArray[np.bool_], amount: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find cells that cannot differ by an amount in either direction while only hidden cells change."""
    found = np.zeros(len(table.values), dtype=bool)
    changes: list[NDArray[np.float64]] = []
    for cell in np.flatnonzero(amount > 0).tolist():
        if any(abs(known[cell]) >= amount[cell] - _NEAR for known in changes):
            continue
        ways = (table.change((cell, sign, float(amount[cell])), hidden) for sign in (1, -1))
        change = next((way for way in ways if way is not None), None)
        if change is None:
            found[cell] = True
        else:
            changes.append(change)
    return found


def _loss(table: Table, hidden: NDArray[np.bool_]) -> float:
    return float(table.cost[hidden & ~table.primary].sum())


def _met(table: Table, demand: Demand, found: NDArray[np.float64]) -> bool:
    return bool(demand[1] * found[demand[0]] >= demand[2] - _NEAR)


def _heuristic(table: Table, cost: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Protect one cell after the other, then show what turned out unnecessary."""
    hidden, lost = table.primary.copy(), np.zeros_like(table.primary)
    usable = table.usable
    changes: dict[Demand, NDArray[np.float64]] = {}
    for demand in table.demands(table.primary):
        if lost[demand[0]]:
            continue
        # A change that protects one cell often protects others as well.
        found = next((known for known in changes.values() if _met(table, demand, known)), None)
        if found is None:
            found = table.change(demand, usable, np.where(hidden, 0.0, cost))
        if found is None:
            lost[demand[0]] = True
            continue
        changes[demand] = found
        hidden |= np.abs(found) > _NEAR
    changes = {demand: found for demand, found in changes.items() if not lost[demand[0]]}
    extra = np.flatnonzero(hidden & ~table.primary & (table.cost > 0))
    for cell in extra[np.lexsort((extra, -table.cost[extra]))]:
        hidden[cell] = False
        again = _without(table, cell, hidden, changes)
        if again is None:
            hidden[cell] = True
        else:
            changes |= again
    return hidden, lost


def _without(
    table: Table, cell: int, hidden: NDArray[np.bool_], changes: dict[Demand, NDArray[np.float64]]
) -> dict[Demand, NDArray[np.float64]] | None:
    """Return other changes for the demands whose change needs the cell; None where one of them has no other."""
    again: dict[Demand, NDArray[np.float64]] = {}
    for demand, known in changes.items():
        if abs(known[cell]) <= _NEAR:
            continue
        found = next((new for new in again.values() if _met(table, demand, new)), None)
        if found is None:
            found = table.change(demand, hidden)
        if found is None:
            return None
        again[demand] = found
    return again


def _optimum(table: Table, *, steps: int | None) -> tuple[NDArray[np.bool_] | None, bool]:
    """Solve the mixed-integer programme: one choice for each cell, one change of all cells for each demand."""
    cells, demands = len(table.values), table.demands(table.primary)
    # No change need be larger than everything together.
    most = float(table.values.sum() + max(table.up.max(), 1.0))
    n_changes = len(demands) * cells
    low, high = np.full(cells + n_changes, -np.inf), np.full(cells + n_changes, np.inf)
    low[:cells], high[:cells] = table.primary, 1.0
    high[:cells][~table.usable & ~table.primary] = 0.0
    for index, (cell, sign, amount) in enumerate(demands):
        own = cells + index * cells + cell
        low[own] = high[own] = sign * amount
    balance = sparse.block_diag([table.relations] * len(demands), format="csr")
    eye = sparse.eye_array(n_changes, format="csr")
    choice = sparse.vstack([sparse.eye_array(cells, format="csr")] * len(demands), format="csr")
    reach = np.tile(np.minimum(table.room, most), len(demands))
    depth = np.tile(table.values, len(demands))
    constraints = [
        LinearConstraint(
            sparse.hstack([sparse.csr_array((balance.shape[0], cells)), balance], format="csr"), 0.0, 0.0
        ),
        # A cell that is shown does not change; none falls below zero.
        LinearConstraint(sparse.hstack([-(choice * reach[:, None]), eye], format="csr"), -np.inf, 0.0),
        LinearConstraint(sparse.hstack([choice * depth[:, None], eye], format="csr"), 0.0, np.inf),
    ]
    options: dict[str, float] = {"mip_rel_gap": 1e-6}
    if steps is not None:
        options["node_limit"] = steps
    result = milp(
        np.concatenate([np.where(table.primary, 0.0, table.cost + _NEAR), np.zeros(n_changes)]),
        constraints=constraints,
        bounds=Bounds(low, high),
        integrality=np.concatenate([np.ones(cells), np.zeros(n_changes)]),
        options=options,
    )
    if result.x is None:
        return None, False
    hidden = result.x[:cells] > 0.5
    # Solvers work to a tolerance; a pattern counts only when it protects.
    if any(table.change(demand, hidden) is None for demand in demands):
        return None, False
    return hidden, result.status == 0
