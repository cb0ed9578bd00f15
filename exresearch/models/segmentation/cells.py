"""Designs with few different rows, such as categories and segments: each is kept once, beside who has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.features import FloatArray

# Codes up to so many times the rows are counted in a table, and sorted beyond.
_ROOM = 4


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Predictors whose rows are few.

    Attributes
    ----------
    rows : ndarray [cells, p]
    cell : ndarray [n] of int
        Row of each person.
    """

    rows: FloatArray
    cell: NDArray[np.int64]

    def beside(self, other: Cells) -> Cells:
        """These predictors and others of the same people."""
        size = len(other.rows)
        found, cell = compact(self.cell * size + other.cell, len(self.rows) * size)
        return Cells(np.hstack([self.rows[found // size], other.rows[found % size]]), cell)


def compact(codes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes below `size` that occur, in order, and which of them each is."""
    if size > _ROOM * len(codes):
        found, place = np.unique(codes, return_inverse=True)
        return found, place.reshape(-1).astype(np.int64)
    there = np.zeros(size, dtype=bool)
    there[codes] = True
    found = np.flatnonzero(there)
    places = np.empty(size, dtype=np.int64)
    places[found] = np.arange(len(found))
    return found, places[codes]
