"""A panel as one row per unit: employee and customer experience at each wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, numeric_columns
from exresearch.models.resampling import NotEstimable
from exresearch.models.unit_waves import unit_waves

FloatArray = NDArray[np.float64]

#: Fewer units than this say nothing about direction.
LEAST_PANEL_UNITS = 30


@dataclass(frozen=True, slots=True)
class Panel:
    """Values by unit and wave.

    Attributes
    ----------
    ex, cx : numpy.ndarray
        [units, waves], NaN where there is no value.
    waves : tuple
        Labels of the waves, in order.
    """

    ex: FloatArray
    cx: FloatArray
    waves: tuple[Any, ...]


def read_panel(
    data: pd.DataFrame, *, unit: str, wave: str, ex: str, cx: str, waves: Sequence[Any] | None, least: int
) -> Panel:
    """Spread a frame of one row per unit and wave.

    Raises
    ------
    ValueError
        Columns that are missing, not numeric or infinite; rows without a unit or wave; a unit twice in a wave; a
        wave that is not in `waves`, or twice in it; waves without an order among themselves.
    NotEstimable
        Fewer than `least` waves, or a value that does not vary.
    """
    check_columns(data, numeric=[ex, cx], other=[unit, wave])
    places = unit_waves(data, unit=unit, wave=wave, waves=waves)
    if len(places.waves) < least:
        raise NotEstimable(f"this needs at least {least} waves in column '{wave}', got {len(places.waves)}.")
    spread = places.spread(numeric_columns(data, [ex, cx]))
    for name, values in zip((ex, cx), spread, strict=True):
        found = values[~np.isnan(values)]
        if not len(found) or found.min() == found.max():
            raise NotEstimable(f"column '{name}' does not vary, so that nothing can precede or follow it.")
    return Panel(spread[0], spread[1], tuple(places.waves))


def check_units(n_units: int, what: str) -> None:
    """Raise NotEstimable below the least number of units."""
    if n_units < LEAST_PANEL_UNITS:
        raise NotEstimable(f"direction needs at least {LEAST_PANEL_UNITS} units {what}, got {n_units}.")
