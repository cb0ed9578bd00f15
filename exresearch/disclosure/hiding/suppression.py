"""Complementary suppression: what else is hidden so that nothing hidden can be computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from exresearch.disclosure.hiding.patterns import Method, Table, search


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
        How the pattern was found; "single" where each cell is in at most one relation, which is solved exactly. Where
        parts of the table were solved in different ways, the least exact one.
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
    room: NDArray[np.float64] | None = None,
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
    dearest first. Tables that have no cell in common are solved apart.

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
    room : numpy.ndarray, shape (cells,), optional
        How much larger each cell can be at all, as readers know: answers of known people end at the top of the scale.
        Without limit by default, other than for zero cells.
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
    simple = up is None and down is None and room is None and method != "optimal"
    cost = values.copy() if cost is None else np.asarray(cost, dtype="float64")
    up = np.maximum(least - values, 1.0) if up is None else np.asarray(up, dtype="float64")
    down = values if down is None else np.asarray(down, dtype="float64")
    room = np.where(values > 0, np.inf, 0.0) if room is None else np.asarray(room, dtype="float64")
    needy = primary & ((up > 0) | (down > 0)) & ((values > 0) | (room > 0))
    hidden, unprotected = primary.copy(), np.zeros_like(primary)
    ways = {"none"}
    for rows, cells in _pieces(matrix, needy):
        part = Table(
            values[cells],
            matrix[rows][:, cells],
            needy[cells],
            np.where(primary, 0.0, cost)[cells],
            up[cells],
            down[cells],
            room[cells],
        )
        if simple and part.single(least):
            found, lost, how = _one_by_one(part, least)
        else:
            found, lost, how = search(part, method)
        hidden[cells] |= found
        unprotected[cells] = lost
        ways.add(how)
    complementary = hidden & ~primary
    way = max(ways, key=_WAYS.index)
    return Pattern(hidden, complementary, unprotected, float(cost[complementary].sum()), way)


# From the most to the least exact.
_WAYS = ("none", "single", "optimal", "heuristic")


def _pieces(
    matrix: sparse.csr_array, needy: NDArray[np.bool_]
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return relations and cells of each part of the table that has a cell to protect and no cell in common."""
    n_rows = matrix.shape[0]
    if not n_rows or not needy.any():
        return []
    joined = sparse.block_array([[None, matrix], [matrix.T, None]], format="csr")
    labels = connected_components(abs(joined), directed=False)[1]
    of_row, of_cell = labels[:n_rows], labels[n_rows:]
    wanted = np.intersect1d(np.unique(of_cell[needy]), of_row)
    return [(np.flatnonzero(of_row == label), np.flatnonzero(of_cell == label)) for label in wanted]


def _one_by_one(table: Table, least: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_], str]:
    """Hide the cheapest shown cells of one relation until its hidden cells are two with enough people.

    One other cell is enough wherever each of them has enough people by itself.
    """
    hidden = table.primary.copy()
    total, count = table.values[hidden].sum(), int(hidden.sum())
    others = np.flatnonzero(~hidden & (table.values > 0))
    for cell in others[np.lexsort((others, table.cost[others]))]:
        if total >= least and count > 1:
            break
        hidden[cell] = True
        total, count = total + table.values[cell], count + 1
    enough = total >= least and count > 1
    return hidden, np.zeros_like(hidden) if enough else table.primary.copy(), "single"
