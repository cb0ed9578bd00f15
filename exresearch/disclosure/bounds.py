"""How closely an outsider can know a group: feasible intervals of sums in a linear system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

# Relative to the size of the numbers: what a solver calls the same.
_NEAR = 1e-7


@dataclass(frozen=True, slots=True)
class Interval:
    """Lowest and highest possible value of a target.

    Attributes
    ----------
    low, high : float
        In the unit of the measure, summed over the people of the target.
    given_away_by : numpy.ndarray of int
        Rows of the system that hold it there.
    """

    low: float
    high: float
    given_away_by: NDArray[np.intp]

    @property
    def width(self) -> float:
        """High minus low."""
        return self.high - self.low


class LinearSystem:
    r"""What is known of unknown sums: :math:`b - s \le A y \le b + s` and :math:`0 \le y \le u`.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (facts, unknowns)
        Each row says which unknowns a shown number adds up.
    known : numpy.ndarray, shape (facts,)
        The numbers shown.
    slack : numpy.ndarray, shape (facts,)
        What rounding leaves open, to either side.
    most : numpy.ndarray, shape (unknowns,)
        Highest possible value of each unknown; infinite where nothing is known.
    """

    def __init__(
        self,
        matrix: sparse.csr_array,
        *,
        known: NDArray[np.float64],
        slack: NDArray[np.float64],
        most: NDArray[np.float64],
    ) -> None:
        self.matrix, self.known, self.slack, self.most = matrix, known, slack, most
        self._exact = slack <= 0
        # The numbers shown are sums of decimal fractions; equality holds to what those carry.
        self._give = _NEAR * max(1.0, float(np.abs(known).max(initial=0.0)))
        self._middle: NDArray[np.float64] | None = None
        self._inverse: NDArray[np.float64] | None = None

    def feasible(self) -> bool:
        """Return whether the facts agree with one another at all."""
        return self._centre() is not None

    def disagreement(self, size: NDArray[np.float64]) -> float:
        """Return the least part of each fact's size by which facts must be off for all to hold.

        Parameters
        ----------
        size : numpy.ndarray, shape (facts,)
            What a part of one means for each fact.

        Returns
        -------
        float
        """
        off = sparse.csr_array(-size[:, None])
        result = linprog(
            np.append(np.zeros(len(self.most)), 1.0),
            A_ub=sparse.vstack(
                [sparse.hstack([self.matrix, off]), sparse.hstack([-self.matrix, off])], format="csr"
            ),
            b_ub=np.concatenate([self.known + self.slack, -(self.known - self.slack)]),
            bounds=[(0.0, most) for most in self.most] + [(0.0, None)],
            method="highs",
        )
        return float(result.x[-1])

    def interval(self, target: NDArray[np.float64], *, wanted: float) -> Interval | None:
        """Return the feasible interval of a sum of unknowns; None where it is at least as wide as wanted.

        A change of the unknowns that leaves every shown number as it is, and moves the target, is tried first: where it
        reaches far enough there is nothing to solve.

        Parameters
        ----------
        target : numpy.ndarray, shape (unknowns,)
            Which unknowns are added up.
        wanted : float
            The width that protects.

        Returns
        -------
        Interval or None
        """
        centre = self._centre()
        if centre is None or self._reach(target, centre) >= wanted:
            return None
        ends, rows = [], set()
        for sign in (1.0, -1.0):
            result = self._solve(sign * target)
            if result.status == 3:
                return None
            if result.status != 0:
                # Not decided: taken for given away, which is the safe mistake.
                return Interval(0.0, 0.0, np.arange(self.matrix.shape[0]))
            ends.append(sign * float(result.fun))
            tight = np.abs(result.ineqlin.marginals) > _NEAR
            rows |= set((np.flatnonzero(tight) % self.matrix.shape[0]).tolist())
        if ends[1] - ends[0] >= wanted - self._give:
            return None
        return Interval(ends[0], ends[1], np.array(sorted(rows), dtype=np.intp))

    def _solve(self, price: NDArray[np.float64]) -> Any:
        both = sparse.vstack([self.matrix, -self.matrix], format="csr")
        limit = np.concatenate([self.known + self.slack, -(self.known - self.slack)]) + self._give
        return linprog(
            price,
            A_ub=both,
            b_ub=limit,
            bounds=np.column_stack([np.zeros(len(self.most)), self.most]),
            method="highs",
        )

    def _centre(self) -> NDArray[np.float64] | None:
        """Return a point far from every limit, so that changes from it reach far."""
        if self._middle is None:
            size = len(self.most)
            finite = np.isfinite(self.most)
            # Maximise the least distance from the limits, as a part of each unknown's range.
            scale = np.where(finite, self.most, max(1.0, float(np.abs(self.known).max(initial=1.0))))
            matrix = sparse.hstack([self.matrix, sparse.csr_array((self.matrix.shape[0], 1))], format="csr")
            eye = sparse.eye_array(size, format="csr")
            far = sparse.csr_array(scale[:, None])
            rows = [matrix, -matrix, sparse.hstack([-eye, far])]
            limits = [
                self.known + self.slack + self._give,
                -(self.known - self.slack) + self._give,
                np.zeros(size),
            ]
            if finite.any():
                rows.append(sparse.hstack([eye, far], format="csr")[np.flatnonzero(finite)])
                limits.append(self.most[finite])
            result = linprog(
                np.append(np.zeros(size), -1.0),
                A_ub=sparse.vstack(rows, format="csr"),
                b_ub=np.concatenate(limits),
                bounds=[(0, None)] * size + [(0, 0.5)],
                method="highs",
            )
            self._middle = result.x[:-1] if result.status == 0 else np.empty(0)
        return self._middle if self._middle.size else None

    def _reach(self, target: NDArray[np.float64], centre: NDArray[np.float64]) -> float:
        """Return how far the target moves along its own part of the null space before a limit is met."""
        if self._inverse is None:
            gram = (self.matrix @ self.matrix.T).toarray()
            self._inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
        step = target - self.matrix.T @ (self._inverse @ (self.matrix @ target))
        speed = float(target @ step)
        if speed <= _NEAR * float(target @ target):
            return 0.0
        # A step of this size is noise of the arithmetic, and would meet a limit at once.
        moving = np.abs(step) > 1e-9
        forward = np.where(step > 0, self.most - centre, centre)[moving] / np.abs(step)[moving]
        backward = np.where(step > 0, centre, self.most - centre)[moving] / np.abs(step)[moving]
        return float((max(forward.min(), 0.0) + max(backward.min(), 0.0)) * speed)
