"""What the equations alone say, whatever the numbers: shared by all measures that are shown in the same groups."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_NEAR = 1e-9
# Columns worked on at a time; bounds memory.
_CHUNK = 256


class Geometry:
    r"""Changes of the unknowns that no shown number notices.

    For a target :math:`t` the change is :math:`d = W t - W A^\top (A W A^\top)^+ A W t`, with :math:`W` the size of
    each unknown, so that large groups take more of it than small ones. It solves :math:`A d = 0`.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (facts, unknowns)
        The equations.
    size : numpy.ndarray, shape (unknowns,)
        Range of each unknown; positive.
    """

    def __init__(self, matrix: sparse.csr_array, size: NDArray[np.float64]) -> None:
        self.matrix, self.size = matrix, size
        weighted = (matrix * size[None, :]).tocsr()
        self.inverse = np.linalg.pinv((weighted @ matrix.T).toarray(), rcond=1e-11, hermitian=True)
        self._weighted = weighted
        self._speeds: dict[bytes, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    @staticmethod
    def key(matrix: sparse.csr_array, size: NDArray[np.float64]) -> bytes:
        """Return what tells one geometry from another."""
        digest = hashlib.sha256()
        for part in (matrix.indptr, matrix.indices, matrix.data, size):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.digest()

    def towards(self, off: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the change that makes up for what the facts are off by."""
        return np.asarray(self._weighted.T @ (self.inverse @ off))

    def steps(self, targets: sparse.csr_array) -> NDArray[np.float64]:
        """Return the change for each target, shape (targets, unknowns)."""
        pulled = (self._weighted @ targets.T).toarray()
        return np.asarray(
            (targets * self.size[None, :]).toarray() - (self._weighted.T @ (self.inverse @ pulled)).T
        )

    def speeds(self, targets: sparse.csr_array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how fast each target moves along its change, and how far that goes per part of the ranges.

        Returns
        -------
        tuple of numpy.ndarray, shape (targets,)
            Speed, zero for what the equations pin down; and the largest change that keeps every unknown within its
            whole range.
        """
        key = self.key(targets, np.empty(0))
        if key not in self._speeds:
            speed, reach = np.zeros(targets.shape[0]), np.zeros(targets.shape[0])
            for first in range(0, targets.shape[0], _CHUNK):
                part = targets[first : first + _CHUNK]
                steps = self.steps(part)
                own = np.asarray((part * self.size[None, :]).sum(axis=1)).reshape(-1)
                moved = np.asarray(part.multiply(steps).sum(axis=1)).reshape(-1)
                pinned = moved <= _NEAR * own
                relative = np.abs(steps) / self.size[None, :]
                speed[first : first + _CHUNK] = np.where(pinned, 0.0, moved)
                reach[first : first + _CHUNK] = 1.0 / np.maximum(relative.max(axis=1), _NEAR)
            self._speeds[key] = speed, reach
        return self._speeds[key]
