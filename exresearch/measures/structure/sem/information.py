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
class Owners:
    """Which parameters belong to one group alone, and which are shared.

    Attributes
    ----------
    own : tuple of numpy.ndarray
        Positions per group.
    shared : numpy.ndarray
        Positions of the others.
    """

    own: tuple[IntArray, ...]
    shared: IntArray


def owners(groups: Sequence[GroupMatrices], n_free: int) -> Owners:
    """Find out which parameters occur in one group only."""
    used = np.zeros((len(groups), n_free), dtype=bool)
    for g, matrices in enumerate(groups):
        used[g, matrices.free] = True
    alone = used.sum(axis=0) == 1
    own = tuple(np.flatnonzero(row & alone).astype(np.intp) for row in used)
    return Owners(own, np.flatnonzero(~alone).astype(np.intp))


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


def factor(information: FloatArray, owned: Owners, *, ridge: bool = False) -> Factored | None:
    """Factor a symmetric positive definite matrix; None where it is singular, unless a ridge is asked for."""
    if not np.isfinite(information).all():
        return None
    diagonal = np.diag(information)
    if not ridge and (diagonal <= 0).any():
        return None
    scale = np.sqrt(np.clip(diagonal, 1e-300, None))
    unit = information / np.outer(scale, scale)
    if ridge:
        unit[np.diag_indices_from(unit)] += _RIDGE
    roots, acrosses = [], []
    shared = owned.shared
    left = unit[np.ix_(shared, shared)]
    try:
        for own in owned.own:
            root = _root(unit[np.ix_(own, own)]) if len(own) else np.empty((0, 0))
            side = unit[np.ix_(own, shared)]
            across = _solve(root, side) if side.size else side
            left = left - side.T @ across
            roots.append(root)
            acrosses.append(across)
        root_shared = _root(left) if len(shared) else left
    except LinAlgError:
        return None
    pivots = np.concatenate([np.diag(root) for root in (*roots, root_shared)])
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
