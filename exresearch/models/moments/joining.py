"""What moments of both kinds share: columns by name, counts of units, and parts that become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exresearch.models.moments.algebra import AnyArray, FloatArray, row_order
from exresearch.models.names import name_list, name_order, repeated

if TYPE_CHECKING:
    from exresearch.models.moments.pairwise import PairwiseMoments
    from exresearch.models.moments.unit import UnitMoments


def column_places(held: tuple[str, ...], columns: object) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The names asked for, and their places among the columns held."""
    names = name_list("columns", columns)
    twice = repeated(names)
    if twice:
        raise ValueError(f"columns {twice} are named more than once: name every column once.")
    missing = [name for name in names if name not in held]
    if missing:
        raise ValueError(
            f"columns {missing} are not in these moments, which hold {list(held)}: "
            "compute unit_moments again with all columns."
        )
    return tuple(names), np.array([held.index(name) for name in names], dtype=np.intp)


def as_counts(counts: ArrayLike, n_units: int) -> AnyArray:
    """Times each unit enters each replicate [B, U], checked."""
    times = np.asarray(counts)
    if times.ndim != 2 or times.shape[1] != n_units:
        raise ValueError(f"counts must have the shape [B, {n_units}], got {times.shape}.")
    # A comparison with NaN is false.
    if times.dtype.kind not in "biuf" or (times.size and not (times.min() >= 0 and times.max() < np.inf)):
        raise ValueError("counts must be numbers of zero or more: how often each unit enters a replicate.")
    return times


def check_totals(totals: FloatArray) -> None:
    """Raise ValueError for replicates whose sum of weights [B] is zero, as they hold no unit."""
    empty = np.flatnonzero(totals <= 0.0)
    if len(empty):
        raise ValueError(
            f"{len(empty)} of {len(totals)} replicates hold no unit (the first is number {empty[0]}): leave out the "
            "rows of counts that are zero throughout."
        )


def ordered_rows(columns: tuple[str, ...], rows: FloatArray, weights: FloatArray) -> NDArray[np.intp]:
    """An order of rows of its own, so that neither row nor column order of the file reaches the bootstrap."""
    by_name = sorted(range(len(columns)), key=lambda index: name_order(columns[index]))
    return row_order([*(rows[:, index] for index in by_name), weights])


def check_alike(parts: Sequence[UnitMoments] | Sequence[PairwiseMoments]) -> None:
    """Refuse moments of other columns, and clusters beside single rows."""
    first = parts[0]
    for part in parts[1:]:
        if part.columns != first.columns:
            raise ValueError(
                f"only moments of the same columns in the same order can be merged, got {list(first.columns)} "
                f"and {list(part.columns)}: use select."
            )
        if (part.matrices is None) != (first.matrices is None):
            raise ValueError(
                "moments per cluster and moments per row cannot be merged: give both a cluster, or neither."
            )


def common_origin(parts: Sequence[UnitMoments | PairwiseMoments]) -> FloatArray:
    """Weighted mean of the origins; whole where all of them are, and themselves where they agree."""
    first = parts[0].origin
    weights = [float(part.weight_sums.sum()) for part in parts]
    total = float(np.sum(weights))
    origin = first.copy()
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        origin += (weight / total) * (part.origin - first)
    whole = np.all([part.origin == np.rint(part.origin) for part in parts], axis=0)
    return np.where(whole, np.rint(origin), origin)


def joined_labels(parts: Sequence[UnitMoments] | Sequence[PairwiseMoments]) -> pd.Index:
    """Labels of the units of all parts, one after the other."""
    return parts[0].units.append([part.units for part in parts[1:]])


def joined_units(
    parts: Sequence[UnitMoments] | Sequence[PairwiseMoments],
) -> tuple[pd.Index, list[NDArray[Any]]]:
    """The different units of all parts, sorted, and the places of each part's units among them."""
    codes, units = pd.factorize(joined_labels(parts), sort=True)
    return pd.Index(units), np.split(codes, np.cumsum([len(part.units) for part in parts])[:-1])
