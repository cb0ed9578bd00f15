"""From unit moments to the sums that a random-intercept model needs, in coordinates where X'X = I."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.moments.unit import UnitMoments
from exresearch.models.regression.design import (
    INTERCEPT,
    frame_of_reference,
    raw_map,
    whitening,
)
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]

# Residual sum of squares below this share of the outcome's is rounding.
_PERFECT = 1e-12
# A direction of the design whose share within units is below this differs between units alone.
_FLAT = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class MixedSums:
    """Sums of the rotated design X (X'X = I, k columns) and the least-squares residual, the last column.

    Attributes
    ----------
    terms : tuple of str
    to_raw : ndarray [k, k]
        Coefficients on their own scale from those of the rotated design.
    solution : ndarray [k]
        Least-squares coefficients of the rotated design.
    centre : float
        What is added to the intercept on the raw scale.
    scale : float
        Standard deviation of the outcome, by which it was divided.
    log_det : float
        log |det| of the map from raw to rotated columns.
    within : ndarray [k + 1, k + 1]
        Cross-products around the unit means.
    sizes, counts : ndarray [D]
        The different numbers of rows, and how many units have them.
    between : ndarray [D, k + 1, k + 1]
        Sum of n m m' over the units of one size, m the unit's means.
    units : pandas.Index [G]
    n_unit : ndarray [G]
    totals : ndarray [G, k + 1]
        Sums of the columns per unit.
    n, n_excluded : int
    """

    terms: tuple[str, ...]
    to_raw: FloatArray
    solution: FloatArray
    centre: float
    scale: float
    log_det: float
    within: FloatArray
    sizes: FloatArray
    counts: FloatArray
    between: FloatArray
    units: pd.Index
    n_unit: NDArray[np.int64]
    totals: FloatArray
    n: int
    n_excluded: int

    @property
    def size(self) -> int:
        """Number k of coefficients."""
        return len(self.terms)

    @property
    def n_units(self) -> int:
        """Number G of units."""
        return len(self.units)


def mixed_sums(moments: UnitMoments, *, outcome: str, predictors: Sequence[str]) -> MixedSums:
    """Sums of the model; errors as in `random_intercept`."""
    moments = moments.select([*predictors, outcome])
    if moments.matrices is None:
        raise ValueError(
            "the moments hold single rows, and a random intercept is that of a unit: give unit_moments a cluster."
        )
    terms = (INTERCEPT, *predictors)
    units, n = moments.n_units, moments.n_rows
    if units < 2:
        raise NotEstimable(
            f"a random intercept needs units that differ, got {units} unit: use linear_regression instead."
        )
    if n == units:
        raise NotEstimable(
            f"each of the {units} units has a single row, so that variance between and within units cannot be told "
            "apart: use linear_regression instead."
        )
    if n <= len(terms):
        raise NotEstimable(
            f"{len(terms)} coefficients need more than {len(terms)} complete rows, got {n} "
            f"({moments.n_excluded} left out as incomplete): use fewer predictors."
        )
    sums = moments.sums()[0]
    change, centre, scale = frame_of_reference(moments, sums, outcome, True)
    total = change @ sums @ change.T
    rotation, _ = whitening(total[:-1, :-1] / n, terms)
    rotation = rotation / np.sqrt(n)
    solution = rotation.T @ total[:-1, -1]
    onto = change[:-1].T @ rotation
    onto = np.column_stack([onto, change[-1] - onto @ solution])
    rotated = onto.T @ moments.matrices @ onto
    totals = moments.matrices[:, 0, :] @ onto
    own = totals[:, :, None] * totals[:, None, :] / moments.n[:, None, None]
    sizes, place = np.unique(moments.n, return_inverse=True)
    between = np.zeros((len(sizes), *own.shape[1:]))
    np.add.at(between, place, own)
    within = (rotated - own).sum(axis=0)
    # Rows that are a unit of their own have no deviation at all.
    single = moments.n == 1
    within -= (rotated[single] - own[single]).sum(axis=0)
    _check_levels(within, terms, outcome, units=units, n=n, whole=float(total[-1, -1]))
    return MixedSums(
        terms=terms,
        to_raw=raw_map(scale, centre, rotation, intercept=True, standardised=False),
        solution=solution,
        centre=float(centre[-1]),
        scale=float(scale[-1]),
        log_det=float(np.linalg.slogdet(rotation)[1] - np.log(scale[:-1]).sum()),
        within=within,
        sizes=sizes.astype(np.float64),
        counts=np.bincount(place).astype(np.float64),
        between=between,
        units=moments.units,
        n_unit=moments.n,
        totals=totals,
        n=n,
        n_excluded=moments.n_excluded,
    )


def _check_levels(
    within: FloatArray, terms: Sequence[str], outcome: str, *, units: int, n: int, whole: float
) -> None:
    """Refuse data that leave nothing to estimate one of the two variances from."""
    values, vectors = np.linalg.eigh(within[:-1, :-1])
    varies = values > _FLAT
    upper = len(terms) - int(varies.sum())
    if units <= upper:
        raise NotEstimable(
            f"{units} units leave nothing to estimate the variance between them from, beside {upper} coefficients "
            "(the intercept included) of columns that differ between units alone: use fewer of those."
        )
    lower = n - units - int(varies.sum())
    # Their share of the residual, with what the design explains within units taken off.
    load = vectors[:, varies].T @ within[:-1, -1]
    left = float(within[-1, -1] - (load**2 / values[varies]).sum())
    if lower <= 0 or left < _PERFECT * whole:
        raise NotEstimable(
            f"outcome '{outcome}' has no variation within units beyond the predictors, so that the residual variance "
            "cannot be estimated: aggregate to one row per unit and use linear_regression."
        )
