"""Columns that are copies or linear combinations of one another: which sets of them, and which could go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

FloatArray = NDArray[np.float64]

#: Correlations among columns with an eigenvalue below this hold a relation, not collinearity.
SINGULAR = 1e-10
# Two columns share a relation when the projection on all relations ties them by more than this.
_TIED = 1e-6


def null_space(correlations: FloatArray) -> FloatArray:
    """The relations [p, k] that hold among p columns: eigenvectors without variance."""
    eigenvalues, vectors = np.linalg.eigh(correlations)
    return np.asarray(vectors[:, eigenvalues < SINGULAR])


def related_sets(null: FloatArray, names: Sequence[str]) -> list[list[str]]:
    """The names that relations [p, k] tie together, one list for each set that no relation links to another."""
    # The projection is the same for every choice of vectors, and zero between sets without a common relation.
    tied = np.abs(null @ null.T) > _TIED
    left = np.flatnonzero(tied.any(axis=1)).tolist()
    sets = []
    while left:
        inside: set[int] = set()
        edge = {left[0]}
        while edge:
            inside |= edge
            edge = set(np.flatnonzero(tied[sorted(edge)].any(axis=0)).tolist()) - inside
        sets.append([names[index] for index in sorted(inside)])
        left = [index for index in left if index not in inside]
    return sets


def redundant(null: FloatArray, names: Sequence[str]) -> list[str]:
    """As few names as leave the others without relations."""
    if null.shape[1] == 0:
        return []
    pivots: list[int] = qr(null.T, mode="r", pivoting=True)[1].tolist()
    return [names[index] for index in sorted(pivots[: null.shape[1]])]


def not_unique(sets: Sequence[Sequence[str]], what: str) -> str:
    """The start of a refusal that names the sets; `what` is not unique."""
    listed = " and ".join(str(list(one)) for one in sets)
    return (
        f"columns {listed} are copies or linear combinations among themselves (to {SINGULAR:g} of their variance), so "
        f"their {what} not unique: leave one of them out of each such set"
    )
