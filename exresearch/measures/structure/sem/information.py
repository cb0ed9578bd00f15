"""Solving with the information matrix: groups that share no parameter are taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotrs

from exresearch.measures.structure.sem.clusters import FloatArray, IntArray
from exresearch.measures.structure.sem.matrices import GroupMatrices

# The part of a parameter's information that the others do not take away, relative to its whole.
_SINGULAR = 1e-10
# Added to that part where the matrix is singular, so that the search can go on.
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parameters of one group stand.

    Attributes
    ----------
    free : numpy.ndarray
        Positions of the group's parameters, each once.
    member : numpy.ndarray or None
        Which parameter each cell of the group has [cells, parameters], where one has several cells.
    mine, theirs : numpy.ndarray
        Places in `free` of the group's own parameters, in order, and of the shared ones.
    to : numpy.ndarray
        Places of the latter among all shared ones.
    """

    free: IntArray
    member: FloatArray | None
    mine: IntArray
    theirs: IntArray
    to: IntArray


@dataclass(frozen=True, slots=True)
class Owners:
    """Which parameters belong to one group alone, and which are shared.

    Attributes
    ----------
    own : tuple of numpy.ndarray
        Positions per group.
    shared : numpy.ndarray
        Positions of the others.
    layouts : tuple of Layout
        Per group.
    """

    own: tuple[IntArray, ...]
    shared: IntArray
    layouts: tuple[Layout, ...]


def owners(groups: Sequence[GroupMatrices], n_free: int) -> Owners:
    """Find out which parameters occur in one group only."""
    used = np.zeros((len(groups), n_free), dtype=bool)
    for g, matrices in enumerate(groups):
        used[g, matrices.free] = True
    alone = used.sum(axis=0) == 1
    owned = tuple(np.flatnonzero(row & alone).astype(np.intp) for row in used)
    shared = np.flatnonzero(~alone).astype(np.intp)
    place, position = np.zeros(n_free, dtype=np.intp), np.zeros(n_free, dtype=np.intp)
    position[shared] = np.arange(len(shared))
    layouts = []
    for matrices, own in zip(groups, owned, strict=True):
        free, member = matrices.free, None
        if not matrices.once:
            free, cell = np.unique(free, return_inverse=True)
            member = (cell[:, None] == np.arange(len(free))).astype(np.float64)
        place[free] = np.arange(len(free))
        theirs = np.flatnonzero(~alone[free]).astype(np.intp)
        layouts.append(Layout(free, member, place[own], theirs, position[free[theirs]]))
    return Owners(owned, shared, tuple(layouts))


@dataclass(frozen=True, slots=True)
class Factored:
    """An information matrix, ready to be solved with.

    Attributes
    ----------
    scale : numpy.ndarray
        Root of the diagonal [q].
    owners : Owners
        How it was taken apart.
    roots : tuple of numpy.ndarray
        Cholesky factor of each group's own part, in units of `scale`.
    across : tuple of numpy.ndarray
        Own part of the group by the shared ones, solved with the former.
    root_shared : numpy.ndarray
        Cholesky factor of what is left of the shared part.
    """

    scale: FloatArray
    owners: Owners
    roots: tuple[FloatArray, ...]
    across: tuple[FloatArray, ...]
    root_shared: FloatArray

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve for one vector [q] or several [q, k]."""
        unit = self.scale if right.ndim == 1 else self.scale[:, None]
        right = right / unit
        found = np.empty_like(right)
        rest = right[self.owners.shared]
        firsts = []
        for own, root, across in zip(self.owners.own, self.roots, self.across, strict=True):
            firsts.append(_solve(root, right[own]) if len(own) else right[own])
            rest = rest - across.T @ right[own]
        if len(self.owners.shared):
            rest = _solve(self.root_shared, rest)
        found[self.owners.shared] = rest
        for own, first, across in zip(self.owners.own, firsts, self.across, strict=True):
            found[own] = first - across @ rest
        solution: FloatArray = found / unit
        return solution

    def inverse(self) -> FloatArray:
        """Solve for the identity [q, q], knowing where it has nothing."""
        shared, size = self.owners.shared, len(self.scale)
        found = np.empty((size, size))
        rest = _solve(self.root_shared, np.eye(len(shared))) if len(shared) else np.empty((0, 0))
        found[np.ix_(shared, shared)] = rest
        # All own parameters, in the order of the groups.
        everyone = np.concatenate([np.empty(0, dtype=np.intp), *self.owners.own])
        across = np.concatenate([np.empty((0, len(shared))), *self.across])
        beside = across @ rest
        found[np.ix_(everyone, shared)], found[np.ix_(shared, everyone)] = -beside, -beside.T
        among = beside @ across.T
        start = 0
        for own, root in zip(self.owners.own, self.roots, strict=True):
            end = start + len(own)
            among[start:end, start:end] += _solve(root, np.eye(len(own)))
            start = end
        found[np.ix_(everyone, everyone)] = among
        found /= self.scale[:, None]
        found /= self.scale
        return found


def factor(information: FloatArray, owned: Owners, *, ridge: bool = False) -> Factored | None:
    """Factor a symmetric positive definite matrix; None where it is singular, unless a ridge is asked for."""
    shared = owned.shared
    own = [information[np.ix_(own, own)] for own in owned.own]
    sides = [information[np.ix_(own, shared)] for own in owned.own]
    finite = bool(np.isfinite(information).all())
    parts = (own, sides, information[np.ix_(shared, shared)])
    return _factored(np.diag(information), *parts, owned, ridge=ridge) if finite else None


def factor_groups(
    informations: Sequence[FloatArray], owned: Owners, *, ridge: bool = False
) -> Factored | None:
    """Factor as :func:`factor` from the information of each group between its cells; the whole is never made."""
    size = len(owned.shared)
    diagonal, common = np.zeros(sum(map(len, owned.own)) + size), np.zeros((size, size))
    insides, sides = [], []
    for information, layout in zip(informations, owned.layouts, strict=True):
        if not np.isfinite(information).all():
            return None
        given = information if layout.member is None else layout.member.T @ information @ layout.member
        diagonal[layout.free] += given.diagonal()
        rows = given[layout.mine]
        insides.append(rows[:, layout.mine])
        side = np.zeros((len(rows), size))
        if size:
            side[:, layout.to] = rows[:, layout.theirs]
            common[layout.to[:, None], layout.to] += given[layout.theirs[:, None], layout.theirs]
        sides.append(side)
    return _factored(diagonal, insides, sides, common, owned, ridge=ridge)


def _factored(
    diagonal: FloatArray,
    insides: Sequence[FloatArray],
    sides: Sequence[FloatArray],
    common: FloatArray,
    owned: Owners,
    *,
    ridge: bool,
) -> Factored | None:
    """Factor what is given in parts: own by own and own by shared of each group, and shared by shared."""
    if not ridge and (diagonal <= 0).any():
        return None
    scale = np.sqrt(np.clip(diagonal, 1e-300, None))
    of_shared = scale[owned.shared]
    left = common / (of_shared[:, None] * of_shared)
    if ridge:
        left[np.diag_indices_from(left)] += _RIDGE
    roots, acrosses = [], []
    try:
        for own, inside, beside in zip(owned.own, insides, sides, strict=True):
            of_own = scale[own]
            unit = inside / (of_own[:, None] * of_own)
            if ridge:
                unit[np.diag_indices_from(unit)] += _RIDGE
            root = _root(unit) if len(own) else np.empty((0, 0))
            side = beside / (of_own[:, None] * of_shared)
            across = _solve(root, side) if side.size else side
            left = left - side.T @ across
            roots.append(root)
            acrosses.append(across)
        root_shared = _root(left) if len(owned.shared) else left
    except LinAlgError:
        return None
    pivots = np.concatenate([root.diagonal() for root in (*roots, root_shared)])
    if not ridge and len(pivots) and float(pivots.min()) ** 2 < _SINGULAR:
        return None
    return Factored(scale, owned, tuple(roots), tuple(acrosses), root_shared)


def _root(matrix: FloatArray) -> FloatArray:
    """Lower Cholesky factor; raises LinAlgError. LAPACK itself: the checks of SciPy cost more than small matrices."""
    root, trouble = dpotrf(matrix, lower=1, clean=1)
    if trouble:
        raise LinAlgError
    found: FloatArray = root
    return found


def _solve(root: FloatArray, right: FloatArray) -> FloatArray:
    """Solve with a matrix whose lower Cholesky factor this is."""
    if not right.size:
        return right
    found: FloatArray = dpotrs(root, right, lower=1)[0]
    return found
