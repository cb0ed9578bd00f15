"""How closely an outsider can know a group: feasible intervals of sums in a linear system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from exresearch.disclosure.attack.geometry import Geometry

# Relative to the size of the numbers: what a solver calls the same.
_NEAR = 1e-7
# Rounds of projection before a point is found by linear programming; unknowns near a target, and of one group.
_ROUNDS, _NEAR_BY, _EACH = 40, 240, 30
# Targets worked on at a time; bounds memory.
_CHUNK = 256


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
    open_unknowns : numpy.ndarray of int, optional
        Unknowns that are in some hidden group.
    geometries : dict, optional
        Where systems of the same equations share what follows from these alone.
    """

    def __init__(
        self,
        matrix: sparse.csr_array,
        *,
        known: NDArray[np.float64],
        slack: NDArray[np.float64],
        most: NDArray[np.float64],
        open_unknowns: NDArray[np.intp] | None = None,
        geometries: dict[bytes, Geometry] | None = None,
    ) -> None:
        self.matrix, self.known, self.slack, self.most = matrix, known, slack, most
        # The numbers shown are sums of decimal fractions; equality holds to what those carry.
        self._give = _NEAR * max(1.0, float(np.abs(known).max(initial=0.0)))
        self._shared = {} if geometries is None else geometries
        self._open = np.empty(0, dtype=np.intp) if open_unknowns is None else open_unknowns
        self._middle: NDArray[np.float64] | None = None

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

    def intervals(self, targets: sparse.csr_array, *, wanted: float) -> dict[int, Interval]:
        """Return the feasible intervals of the targets that are known too closely.

        Most targets are cleared without solving anything: the unknowns can be changed so that no shown number changes
        and the target does, far enough. What is left is solved with the unknowns near the target alone, which can only
        narrow the interval; and what is left then, with all.

        Parameters
        ----------
        targets : scipy.sparse.csr_array, shape (targets, unknowns)
            1 for each unknown that is added up.
        wanted : float
            The width that protects.

        Returns
        -------
        dict of int to Interval
            By position among the targets.
        """
        centre = self._centre()
        if not targets.shape[0]:
            return {}
        if centre is None:
            # Facts that contradict one another clear nobody.
            everything = Interval(0.0, 0.0, np.arange(self.matrix.shape[0]))
            return dict.fromkeys(range(targets.shape[0]), everything)
        # Groups at the border of the rules have exactly what is wanted, but for the last digits.
        wanted -= self._give
        geometry = self._geometry()
        speed, reach = geometry.speeds(targets)
        room = np.minimum(centre, np.where(np.isfinite(self.most), self.most - centre, np.inf))
        least = float((room / geometry.size).min())
        left = np.flatnonzero(2 * least * reach * speed < wanted)
        found = {}
        for position in left[self._reach(targets[left], speed[left], centre) < wanted]:
            row = targets[[position]]
            if speed[position] > 0 and self._near_by(row, centre, wanted):
                continue
            interval = self._solved(row, centre, wanted)
            if interval is not None:
                found[int(position)] = interval
        return found

    def _changes(
        self, target: sparse.csr_array, centre: NDArray[np.float64], columns: NDArray[np.intp]
    ) -> tuple[list[float], NDArray[np.intp]] | None:
        """Return how far the target can fall and rise from the centre when some unknowns change, and what stops it.

        Changes around a point that satisfies all facts satisfy ``A d = 0``, which holds exactly, where ``A y = b`` does
        only as far as decimal fractions allow. None where the solver does not decide; infinite where nothing stops it.
        """
        part = self.matrix[:, columns]
        touched = np.flatnonzero(np.diff(part.indptr))
        exact, loose = touched[self.slack[touched] <= 0], touched[self.slack[touched] > 0]
        off = (self.known - self.matrix @ centre)[loose]
        room = {}
        if len(loose):
            slack = self.slack[loose] + self._give
            room = {
                "A_ub": sparse.vstack([part[loose], -part[loose]], format="csr"),
                "b_ub": np.maximum(np.concatenate([slack + off, slack - off]), 0.0),
            }
        price = target[:, columns].toarray().reshape(-1)
        ends, rows = [], [np.empty(0, dtype=np.intp)]
        for sign in (1.0, -1.0):
            result = linprog(
                sign * price,
                A_eq=part[exact] if len(exact) else None,
                b_eq=np.zeros(len(exact)) if len(exact) else None,
                bounds=np.column_stack([-centre[columns], (self.most - centre)[columns]]),
                method="highs",
                **room,
            )
            if result.status == 3:
                return [-np.inf, np.inf], rows[0]
            if result.status != 0:
                return None
            ends.append(sign * float(result.fun))
            if len(exact):
                rows.append(exact[np.abs(result.eqlin.marginals) > _NEAR])
            if len(loose):
                rows.append(loose[np.abs(result.ineqlin.marginals[: len(loose)]) > _NEAR])
        return ends, np.unique(np.concatenate(rows))

    def _solved(
        self, target: sparse.csr_array, centre: NDArray[np.float64], wanted: float
    ) -> Interval | None:
        found = self._changes(target, centre, np.arange(len(self.most)))
        if found is None:
            # Not decided: taken for given away, which is the safe mistake.
            return Interval(0.0, 0.0, np.arange(self.matrix.shape[0]))
        (low, high), rows = found
        if high - low >= wanted:
            return None
        middle = float((target @ centre)[0])
        return Interval(middle + low, middle + high, rows)

    def _reach(
        self, targets: sparse.csr_array, speed: NDArray[np.float64], centre: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return how far each target moves from the centre along its change before a limit is met."""
        geometry, reached = self._geometry(), np.zeros(len(speed))
        up, down = self.most - centre, centre
        for first in range(0, len(speed), _CHUNK):
            part = slice(first, first + _CHUNK)
            steps = geometry.steps(targets[part])
            size = np.abs(steps)
            # A step of this size is noise of the arithmetic, and would meet a limit at once.
            size[size <= 1e-9 * size.max(axis=1, initial=0.0, keepdims=True)] = 0.0
            with np.errstate(divide="ignore", invalid="ignore"):
                forward = np.where(size > 0, np.where(steps > 0, up, down) / size, np.inf).min(axis=1)
                backward = np.where(size > 0, np.where(steps > 0, down, up) / size, np.inf).min(axis=1)
            reached[part] = np.where(speed[part] > 0, np.maximum(forward, 0) + np.maximum(backward, 0), 0.0)
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(reached * speed, nan=0.0)

    def _near_by(self, target: sparse.csr_array, centre: NDArray[np.float64], wanted: float) -> bool:
        """Return whether changes of the unknowns that share the smallest groups with the target reach far enough."""
        own = target.indices
        facts = np.unique(self.matrix[:, own].nonzero()[0])
        sizes = np.diff(self.matrix.indptr)[facts]
        # What is hidden can move most easily: nothing shown holds it by itself.
        near = set(own.tolist()) | set(self._open.tolist())
        most = len(near) + _NEAR_BY
        for fact in facts[np.argsort(sizes, kind="stable")]:
            cells = self.matrix.indices[self.matrix.indptr[fact] : self.matrix.indptr[fact + 1]]
            # A few of each large group, spread evenly: enough to make up for a change.
            near |= set(cells[:: max(1, len(cells) // _EACH)].tolist())
            if len(near) > most:
                break
        found = self._changes(target, centre, np.array(sorted(near)))
        return found is not None and found[0][1] - found[0][0] >= wanted

    def _geometry(self) -> Geometry:
        finite = np.isfinite(self.most)
        typical = max(1.0, float(np.median(self.most[finite]))) if finite.any() else 1.0
        size = np.maximum(np.where(finite, self.most, typical), _NEAR)
        key = Geometry.key(self.matrix, size)
        if key not in self._shared:
            self._shared[key] = Geometry(self.matrix, size)
        return self._shared[key]

    def _centre(self) -> NDArray[np.float64] | None:
        """Return a point far from every limit, so that changes from it reach far; None where there is no point."""
        if self._middle is None:
            middle = self._projected()
            self._middle = self._programmed() if middle is None else middle
        return self._middle if self._middle.size else None

    def _projected(self) -> NDArray[np.float64] | None:
        """Try a point that satisfies the equations by projection, between limits a little inside the real ones."""
        geometry = self._geometry()
        finite = np.isfinite(self.most)
        low, high = 0.02 * geometry.size, np.where(finite, 0.98 * self.most, np.inf)
        point = 0.5 * geometry.size
        for _ in range(_ROUNDS):
            point = np.clip(point + geometry.towards(self.known - self.matrix @ point), low, high)
            off = np.abs(self.known - self.matrix @ point)
            if bool((off <= self.slack + self._give).all()):
                return np.asarray(point)
        return None

    def _programmed(self) -> NDArray[np.float64]:
        """Maximise the least distance from the limits, as a part of each unknown's range."""
        size, finite = len(self.most), np.isfinite(self.most)
        scale = np.where(finite, self.most, max(1.0, float(np.abs(self.known).max(initial=1.0))))
        matrix = sparse.hstack([self.matrix, sparse.csr_array((self.matrix.shape[0], 1))], format="csr")
        eye, far = sparse.eye_array(size, format="csr"), sparse.csr_array(scale[:, None])
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
        return np.asarray(result.x[:-1]) if result.status == 0 else np.empty(0)
