"""Columns split into what differs within units and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import repeated
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# A sum of squares below this share of the column's whole is rounding.
_ROUNDING = 1e-12


def within_name(column: str) -> str:
    """Name of the deviation from the unit's mean."""
    return f"{column}_within"


def between_name(column: str) -> str:
    """Name of the unit's mean."""
    return f"{column}_between"


def split_columns(moments: UnitMoments, columns: Sequence[str]) -> UnitMoments:
    """Moments in which each of the columns x is replaced by x_within and x_between.

    The mean of a unit is that over its rows in the moments, and is on the scale of x.

    Raises
    ------
    ValueError
        A new name that is taken.
    NotEstimable
        Columns that do not vary within units, or whose means are the same in all units.
    """
    if moments.matrices is None:
        raise ValueError("these moments hold rows, not clusters.")
    names: list[str] = []
    for name in moments.columns:
        names += [within_name(name), between_name(name)] if name in columns else [name]
    twice = repeated(names)
    if twice:
        raise ValueError(
            f"columns {twice} have the name of a within or between part: rename them, or split other columns."
        )
    means = moments.matrices[:, 1:, 0] / moments.matrices[:, :1, 0]
    _check_variation(moments, columns, means)
    units, size = len(means), len(names) + 1
    # z' = T z per unit, with the mean of the unit in the column of the constant.
    change = np.zeros((units, size, len(moments.columns) + 1))
    change[:, 0, 0] = 1.0
    origin = np.zeros(len(names))
    within = []
    row = 0
    for index, name in enumerate(moments.columns):
        row += 1
        change[:, row, index + 1] = 1.0
        if name in columns:
            within.append(row)
            change[:, row, 0] = -means[:, index]
            row += 1
            change[:, row, 0] = means[:, index]
        origin[row - 1] = moments.origin[index]
    matrices = change @ moments.matrices @ change.swapaxes(1, 2)
    # Deviations add up to zero, also against what is constant within units.
    constant = [0, *(row + 1 for row in within)]
    for row in within:
        matrices[:, row, constant] = 0.0
        matrices[:, constant, row] = 0.0
    return replace(
        moments, columns=tuple(names), origin=origin, matrices=matrices, squared=None, factors=None
    )


def _check_variation(moments: UnitMoments, columns: Sequence[str], means: FloatArray) -> None:
    if moments.matrices is None:
        raise ValueError("these moments hold rows, not clusters.")
    weights = moments.weight_sums
    # On the scale of the differences around the mean, so that neither unit nor origin decides.
    grand = weights @ means / weights.sum()
    between = weights @ (means - grand) ** 2
    squares = np.einsum("gii->gi", moments.matrices)[:, 1:]
    within = (squares - weights[:, None] * means**2).sum(axis=0)
    # A product of n rows is rounded at the size of the square around the origin.
    floor = _ROUNDING * squares.sum(axis=0)
    places = {name: moments.columns.index(name) for name in columns}
    constant = [
        name for name in columns if max(within[places[name]], between[places[name]]) <= floor[places[name]]
    ]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows: leave them out.")
    flat = [name for name in columns if within[places[name]] <= floor[places[name]]]
    if flat:
        raise NotEstimable(
            f"columns {flat} do not vary within units, so they have no within part: leave them out of within_between."
        )
    level = [name for name in columns if between[places[name]] <= floor[places[name]]]
    if level:
        raise NotEstimable(
            f"columns {level} have the same mean in every unit, so they have no between part: leave them out of "
            "within_between."
        )
