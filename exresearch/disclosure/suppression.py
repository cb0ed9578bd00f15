"""Complementary suppression: what else is hidden so that nothing hidden can be computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

Method = Literal["auto", "optimal", "heuristic"]
# The optimum is sought where the programme stays small: cells times two flows for each protected cell.
_SMALL, _SECONDS = 4_000, 5.0
_NEAR = 1e-7


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which cells of a table are hidden.

    Attributes
    ----------
    hidden : numpy.ndarray of bool, shape (cells,)
        Hidden for their own sake, or to protect others.
    complementary : numpy.ndarray of bool, shape (cells,)
        Those hidden to protect others.
    unprotected : numpy.ndarray of bool, shape (cells,)
        Cells that hiding everything would not protect, because what adds up to them is known.
    loss : float
        Summed cost of the complementary cells.
    method : {"none", "single", "optimal", "heuristic"}
        How the pattern was found; "single" where each cell is in at most one relation, which is solved exactly.
    """

    hidden: NDArray[np.bool_]
    complementary: NDArray[np.bool_]
    unprotected: NDArray[np.bool_]
    loss: float
    method: str


def complementary_suppression(
    values: NDArray[np.float64],
    relations: sparse.sparray | NDArray[np.float64],
    *,
    primary: NDArray[np.bool_],
    least: float,
    cost: NDArray[np.float64] | None = None,
    up: NDArray[np.float64] | None = None,
    down: NDArray[np.float64] | None = None,
    method: Method = "auto",
) -> Pattern:
    r"""Hide as little as possible so that no hidden cell can be worked out.

    Whoever reads a table knows every shown cell, that no cell is negative, and which cells add up to which. A hidden
    cell :math:`p` is protected when the cells could also have other values that agree with everything shown, in which
    it is larger by ``up[p]``, and others in which it is smaller by ``down[p]``:

    .. math:: R g = 0, \quad g_p \ge up_p, \quad g_c \ge -x_c, \quad g_c = 0 \text{ for shown } c.

    The cheapest set of cells with such a :math:`g` for every primary cell is a mixed-integer programme. It is solved
    exactly for small tables. Beyond, primary cells are protected one after the other, the neediest first, by the linear
    programme with the least cost of cells not yet hidden; then cells that turned out unnecessary are shown again, the
    dearest first.

    When to use it: inside :func:`exresearch.disclosure.release`; directly for tables of other origin.

    Parameters
    ----------
    values : numpy.ndarray, shape (cells,)
        Number of people in each cell; zero cells are known to be zero.
    relations : array, shape (relations, cells)
        1 for a part and -1 for a total; ``relations @ values`` is zero, or known to the reader.
    primary : numpy.ndarray of bool, shape (cells,)
        Cells hidden for their own sake.
    least : float
        Number of people from which a cell may be shown. By default a hidden cell must be able to hold at least so many,
        and nobody, so that what is known of hidden cells together is about at least so many people.
    cost : numpy.ndarray, shape (cells,), optional
        What it costs to hide each cell; the number of people by default.
    up, down : numpy.ndarray, shape (cells,), optional
        Protection of primary cells, in people.
    method : {"auto", "optimal", "heuristic"}
        "auto" looks for the optimum where the table is small.

    Returns
    -------
    Pattern

    Raises
    ------
    ValueError
        If shapes do not agree, or a value is negative or not a number.

    References
    ----------
    Fischetti, M. and Salazar-González, J. J. (2001). Solving the cell suppression problem on tabular data with linear
    constraints. *Management Science*, 47(7), 1008-1027. https://doi.org/10.1287/mnsc.47.7.1008.9805

    Examples
    --------
    >>> table = np.array([3.0, 20.0, 9.0])
    >>> complementary_suppression(table, np.ones((1, 3)), primary=table < 5, least=5).hidden.tolist()
    [True, False, True]
    """
    values = np.asarray(values, dtype="float64")
    matrix = sparse.csr_array(relations)
    primary = np.asarray(primary, dtype=bool)
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("complementary_suppression: numbers of people must be finite and not negative.")
    if primary.shape != values.shape or (matrix.shape[0] and matrix.shape[1] != len(values)):
        raise ValueError(
            f"complementary_suppression: {len(values)} values, {len(primary)} marks and relations of shape "
            f"{matrix.shape} do not fit together."
        )
    needy = primary & (values > 0)
    cost = values.copy() if cost is None else np.asarray(cost, dtype="float64")
    up = np.maximum(least - values, 1.0) if up is None else np.asarray(up, dtype="float64")
    down = values if down is None else np.asarray(down, dtype="float64")
    none = np.zeros_like(primary)
    if not needy.any() or not matrix.shape[0]:
        return Pattern(primary.copy(), none, none, 0.0, "none")
    table = _Table(values, matrix, needy, cost, up, down)
    single = int(np.abs(matrix).sum(axis=0).max()) <= 1 and matrix.min() >= 0 and method != "optimal"
    if single:
        hidden, unprotected, how = _one_by_one(table, least), none, "single"
    else:
        unprotected = table.hopeless()
        hidden, how = _search(table, unprotected, method)
    complementary = hidden & ~primary
    return Pattern(hidden | primary, complementary, unprotected, float(cost[complementary].sum()), how)


@dataclass(frozen=True, slots=True)
class _Table:
    values: NDArray[np.float64]
    relations: sparse.csr_array
    primary: NDArray[np.bool_]
    cost: NDArray[np.float64]
    up: NDArray[np.float64]
    down: NDArray[np.float64]

    def demands(self, cells: NDArray[np.bool_]) -> list[tuple[int, int, float]]:
        """Return cell, direction and amount of every protection that is asked for, the largest first."""
        asked = [
            (int(cell), sign, float(level[cell]))
            for cell in np.flatnonzero(cells)
            for sign, level in ((1, self.up), (-1, self.down))
            if level[cell] > 0
        ]
        return sorted(asked, key=lambda demand: (-demand[2], demand[0], -demand[1]))

    def flow(
        self, demand: tuple[int, int, float], usable: NDArray[np.bool_], price: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return the cheapest change of usable cells that meets a demand; None where there is none."""
        cell, sign, amount = demand
        columns = np.flatnonzero(usable)
        part = self.relations[:, columns]
        own = int(np.searchsorted(columns, cell))
        # Changes in both directions as two variables, so that each costs the same.
        low = np.zeros(2 * len(columns))
        high = np.concatenate([np.full(len(columns), np.inf), self.values[columns]])
        high[[own, own + len(columns)]] = (amount, 0.0) if sign > 0 else (0.0, amount)
        low[own if sign > 0 else own + len(columns)] = amount
        if sign < 0 and amount > self.values[cell] + _NEAR:
            return None
        result = linprog(
            np.tile(price[columns], 2),
            A_eq=sparse.hstack([part, -part], format="csr"),
            b_eq=np.zeros(part.shape[0]),
            bounds=np.column_stack([low, high]),
            method="highs",
        )
        if result.x is None or result.status != 0:
            return None
        change = np.zeros(len(self.values))
        change[columns] = result.x[: len(columns)] - result.x[len(columns) :]
        return change

    def hopeless(self) -> NDArray[np.bool_]:
        found = np.zeros(len(self.values), dtype=bool)
        usable, free = self.values > 0, np.zeros(len(self.values))
        for demand in self.demands(self.primary):
            if not found[demand[0]] and self.flow(demand, usable, free) is None:
                found[demand[0]] = True
        return found

    def protects(self, hidden: NDArray[np.bool_], asked: NDArray[np.bool_]) -> bool:
        free = np.zeros(len(self.values))
        return all(self.flow(demand, hidden, free) is not None for demand in self.demands(asked))


def _one_by_one(table: _Table, least: float) -> NDArray[np.bool_]:
    """Hide the smallest shown cell of each relation until its hidden cells are two with enough people."""
    hidden = table.primary.copy()
    matrix = table.relations
    for row in range(matrix.shape[0]):
        cells = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        asked = cells[table.primary[cells]]
        if not len(asked):
            continue
        others = cells[~hidden[cells] & (table.values[cells] > 0)]
        total, count = table.values[asked].sum(), len(asked)
        for cell in others[np.lexsort((others, table.cost[others]))]:
            if total >= least and count > 1:
                break
            hidden[cell] = True
            total, count = total + table.values[cell], count + 1
    return hidden


def _search(table: _Table, unprotected: NDArray[np.bool_], method: Method) -> tuple[NDArray[np.bool_], str]:
    asked = table.primary & ~unprotected
    hidden = _heuristic(table, asked)
    # What cannot be protected is hidden with everything it adds up with: more cannot be done.
    for cell in np.flatnonzero(unprotected):
        rows = table.relations[:, [cell]].nonzero()[0]
        hidden[table.relations[rows].nonzero()[1]] = True
    size = len(table.values) * 2 * max(1, int(asked.sum()))
    if method == "heuristic" or (method == "auto" and size > _SMALL) or unprotected.any():
        return hidden, "heuristic"
    best = _optimum(table, asked, limit=None if method == "optimal" else _SECONDS)
    if best is None:
        return hidden, "heuristic"
    return best, "optimal"


def _heuristic(table: _Table, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    hidden = table.primary.copy()
    usable = table.values > 0
    for demand in table.demands(asked):
        price = np.where(hidden, 0.0, table.cost)
        change = table.flow(demand, usable, price)
        if change is not None:
            hidden |= np.abs(change) > _NEAR
    extra = np.flatnonzero(hidden & ~table.primary)
    for cell in extra[np.lexsort((extra, -table.cost[extra]))]:
        hidden[cell] = False
        if not table.protects(hidden, asked):
            hidden[cell] = True
    return hidden


def _optimum(table: _Table, asked: NDArray[np.bool_], *, limit: float | None) -> NDArray[np.bool_] | None:
    """Solve the mixed-integer programme: one choice for each cell, one change of all cells for each demand."""
    cells, demands = len(table.values), table.demands(asked)
    # No change need be larger than everybody together.
    most = float(table.values.sum() + max(table.up.max(), 1.0))
    n_flows = len(demands) * cells
    size = cells + n_flows
    low, high = np.full(size, -np.inf), np.full(size, np.inf)
    low[:cells], high[:cells] = table.primary, 1.0
    high[:cells][(table.values <= 0) & ~table.primary] = 0.0
    balance = sparse.block_diag([table.relations] * len(demands), format="csr")
    eye, ones = (
        sparse.eye_array(n_flows, format="csr"),
        sparse.vstack([sparse.eye_array(cells, format="csr")] * len(demands), format="csr"),
    )
    for index, (cell, sign, amount) in enumerate(demands):
        own = cells + index * cells + cell
        low[own] = high[own] = sign * amount
    room = np.where(table.values > 0, most, 0.0)
    reach = np.tile(room, len(demands))
    depth = np.tile(table.values, len(demands))
    constraints = [
        LinearConstraint(
            sparse.hstack([sparse.csr_array((balance.shape[0], cells)), balance], format="csr"), 0.0, 0.0
        ),
        # A cell that is shown does not change; none falls below zero.
        LinearConstraint(sparse.hstack([-(ones * reach[:, None]), eye], format="csr"), -np.inf, 0.0),
        LinearConstraint(sparse.hstack([ones * depth[:, None], eye], format="csr"), 0.0, np.inf),
    ]
    options: dict[str, float] = {"mip_rel_gap": 1e-6}
    if limit is not None:
        options["time_limit"] = limit
    price = np.concatenate([np.where(table.primary, 0.0, table.cost + _NEAR), np.zeros(n_flows)])
    result = milp(
        price,
        constraints=constraints,
        bounds=Bounds(low, high),
        integrality=np.concatenate([np.ones(cells), np.zeros(n_flows)]),
        options=options,
    )
    if result.status != 0 or result.x is None:
        return None
    hidden = result.x[:cells] > 0.5
    # Solvers work to a tolerance; a pattern counts only when it protects.
    return hidden if table.protects(hidden, asked) else None
