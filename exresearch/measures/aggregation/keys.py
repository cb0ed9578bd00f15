"""Units and people of a table as numbers, made once for all its constructs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.coded import coded, ranked

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SheetKeys:
    """Whose sheets are whose.

    Attributes
    ----------
    units : ndarray of int
        Number of the unit of each sheet in the order of names, -1 where there is none.
    unit_names : pandas.Index
    people : ndarray of int
        Number of the person in the unit of each sheet, in the order of units; a sheet without a person is somebody of
        its own; -1 where there is no unit.
    unit_of : ndarray of int
        Number of the unit of each of these people.
    """

    units: Codes
    unit_names: pd.Index
    people: Codes
    unit_of: Codes

    @classmethod
    def of(cls, frame: pd.DataFrame) -> SheetKeys:
        """Number the units and people of a table with ``unit``."""
        units, names = ranked(frame["unit"])
        who, n_people = np.full(len(frame), -1), 0
        if "person" in frame:
            codes, known = coded(frame["person"])
            who, n_people = codes, len(known)
        who = np.where(who < 0, n_people + np.arange(len(frame)), who)
        there = units >= 0
        pairs, found = np.unique(units[there] * (n_people + len(frame) + 1) + who[there], return_inverse=True)
        people = np.full(len(frame), -1)
        people[there] = found
        return cls(units, names, people, pairs // (n_people + len(frame) + 1))

    def respondents(self, scored: NDArray[np.bool_]) -> Codes:
        """How many people of each unit have one of these sheets."""
        seen = np.zeros(len(self.unit_of) + 1, dtype=bool)
        # Sheets without a unit are put in one place more, which is not counted.
        seen[self.people[scored]] = True
        return np.bincount(self.unit_of[seen[:-1]], minlength=len(self.unit_names))

    def enough(self, scored: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
        """Which of these sheets are in units with enough people who have one."""
        many = np.append(self.respondents(scored) >= max(least, 1), False)
        return np.asarray(scored & many[self.units])
