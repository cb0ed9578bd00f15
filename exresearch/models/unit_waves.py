"""One row per unit and wave: where each row belongs, and what a table of units and waves must not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import label_codes
from exresearch.models.names import as_list

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What to do with rows that have no unit or no wave.
Nameless = Literal["refuse", "leave_out"]


@dataclass(frozen=True, slots=True, eq=False)
class UnitWaves:
    """Where the rows of a table belong.

    Attributes
    ----------
    placed : ndarray [rows] of bool
        Which rows have a unit and a wave; the two below hold one value for each of these.
    unit, wave : ndarray of int
        Place of the unit in `units` and of the wave in `waves`.
    units : Index
        Labels of the units, sorted.
    waves : list
        Labels of the waves, in order.
    """

    placed: NDArray[np.bool_]
    unit: IntArray
    wave: IntArray
    units: pd.Index
    waves: list[Any]

    def spread(self, values: FloatArray) -> FloatArray:
        """Values of the placed rows [rows, q] as [q, units, waves], NaN where there is no row."""
        wide = np.full((values.shape[1], len(self.units), len(self.waves)), np.nan)
        wide[:, self.unit, self.wave] = values.T
        return wide


def unit_waves(
    data: pd.DataFrame, *, unit: str, wave: str, waves: Sequence[Any] | None, nameless: Nameless = "refuse"
) -> UnitWaves:
    """Find the place of every row; the columns are there (`check_columns`).

    Parameters
    ----------
    data : DataFrame
        One row per unit and wave.
    unit, wave : str
        Columns.
    waves : sequence or None
        All waves in order; None for the sorted values of `wave`.
    nameless : {'refuse', 'leave_out'}
        Refuse rows without a unit or wave, or leave them out of `placed`.

    Raises
    ------
    ValueError
        Rows without a unit or wave, where these are refused; a unit twice in a wave; a wave that is not in `waves`, or
        twice in it; waves without an order among themselves; labels that cannot be labels.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": ["b", "a", "b"], "year": [2025, 2024, 2024], "ex": [3.0, 1.0, 2.0]})
    >>> places = unit_waves(rows, unit="team", wave="year", waves=None)
    >>> places.waves, places.spread(rows[["ex"]].to_numpy()).tolist()
    ([2024, 2025], [[[1.0, nan], [2.0, 3.0]]])
    """
    units_of, waves_of = data[unit], data[wave]
    placed = units_of.notna().to_numpy(dtype=bool) & waves_of.notna().to_numpy(dtype=bool)
    lost = int((~placed).sum())
    if lost:
        if nameless == "refuse":
            raise ValueError(
                f"{lost} rows have no '{unit}' or '{wave}', and no place in the panel: fill these in, or remove the "
                "rows first and say so."
            )
        units_of, waves_of = units_of[placed], waves_of[placed]
    order = _wave_order(waves_of, waves)
    codes, units = label_codes(units_of, argument="unit")
    position = {value: index for index, value in enumerate(order)}
    times = np.array([position[value] for value in waves_of.tolist()], dtype=np.int64)
    twice = len(times) - len(np.unique(codes * max(len(order), 1) + times))
    if twice:
        raise ValueError(
            f"{twice} rows repeat a unit in a wave: aggregate to one row per '{unit}' and '{wave}'."
        )
    return UnitWaves(placed, codes, times, units, order)


def _wave_order(column: pd.Series, waves: Sequence[Any] | None) -> list[Any]:
    """The waves as given, or sorted."""
    present = list(dict.fromkeys(column.tolist()))
    if waves is None:
        try:
            return sorted(present)
        except TypeError as error:
            raise ValueError(
                f"wave column '{column.name}' holds values that have no order among themselves: give waves in order."
            ) from error
    order = as_list(waves)
    if order is None:
        raise ValueError(f"waves must be a list of the waves in order, got {waves!r}.")
    if len(set(order)) < len(order):
        raise ValueError(f"waves names a wave more than once: {order}.")
    strangers = sorted({str(value) for value in present if value not in order})
    if strangers:
        raise ValueError(f"column '{column.name}' holds waves {strangers} that are not in waves {order}.")
    return order
