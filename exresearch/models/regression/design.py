"""From rows or unit moments to the sums of one regression, in coordinates where its normal matrix is I."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.moments.accumulate import powers_of_weights, unit_moments
from exresearch.models.moments.algebra import correlations_of
from exresearch.models.moments.unit import UnitMoments
from exresearch.models.names import name_list, one_name, optional_name, repeated
from exresearch.models.relations import SINGULAR, not_unique, related_sets
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
WorkingVariance = Literal["constant", "inverse_weights"]

INTERCEPT = "intercept"
# Residual variance below this share of the outcome's is rounding.
_PERFECT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """One least squares fit, with what every covariance of its coefficients needs.

    The k design columns are rotated and scaled so that X'WX = I, and the outcome has mean square 1. Per cluster g
    there are m generators Z: the working variance of its residuals is I + Z core Z'. Without weights, or with
    variances that are inverse to them, Z is sqrt(W) X and core is -I. With weights and a constant variance Z is
    [X, W X]. The last k generators carry the scores, and the first k times the last k give X'WX of the cluster.

    Attributes
    ----------
    terms : tuple of str
        The p coefficients that are reported.
    to_raw : ndarray [p, k]
        Coefficients on their own scale from those of the rotated design.
    estimate : ndarray [p]
        Coefficients on their own scale.
    kernels : ndarray [G, m, m] or None
        Z'Z per cluster; None where every row is a cluster.
    generators : ndarray [n, m] or None
        Z per row; exactly one of `kernels` and `generators` is set.
    members : ndarray [G, r, m] or None
        Z per row of each cluster, and zeros, where clusters have fewer rows than Z has columns.
    products : ndarray [G, m]
        Z' times the residuals.
    core : ndarray [m, m]
    residual_variance : float
        With n - k as divisor, on the scale of the rotated design.
    residual_sd : float
        Its root on the outcome's own scale, for a row of mean weight.
    r_squared : float
    n, n_clusters, n_excluded : int
    condition : float
        Condition number of the predictors' correlations: how much rounding is magnified.
    """

    terms: tuple[str, ...]
    to_raw: FloatArray
    estimate: FloatArray
    kernels: FloatArray | None
    generators: FloatArray | None
    products: FloatArray
    core: FloatArray
    residual_variance: float
    residual_sd: float
    r_squared: float
    n: int
    n_clusters: int
    n_excluded: int
    condition: float
    members: FloatArray | None = None
    #: CR2 pieces of the clusters where one chunk holds all, for the covariance and for its degrees of freedom.
    pieces: list[tuple[FloatArray, FloatArray, FloatArray]] = field(default_factory=list, repr=False)

    @property
    def size(self) -> int:
        """Number k of design columns."""
        return int(self.to_raw.shape[1])

    @property
    def scores(self) -> FloatArray:
        """X'W e per cluster [G, k]."""
        return self.products[:, -self.size :]


def check_names(outcome: str, predictors: Sequence[str], intercept: bool) -> None:
    """Raise ValueError for columns with two roles, or the name of the constant."""
    twice = repeated([outcome, *predictors])
    if twice:
        raise ValueError(f"columns {twice} are named more than once among outcome and predictors.")
    if intercept and INTERCEPT in predictors:
        raise ValueError(f"a predictor is called '{INTERCEPT}', the name of the constant: rename the column.")


def frame_of_reference(
    moments: UnitMoments, sums: FloatArray, outcome: str, intercept: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Map from (1, x - origin) to working coordinates, with the centres and scales of x it uses; the outcome is last.

    With an intercept columns have mean 0 and variance 1; without one they keep their zero and have mean square 1.
    """
    mean = sums[1:, 0] / sums[0, 0]
    shift = mean if intercept else -moments.origin
    change = np.eye(len(sums))
    change[1:, 0] = -shift
    square = np.diag(change @ sums @ change.T)[1:] / sums[0, 0]
    if intercept:
        constant = np.diag(correlations_of(sums[None])[0]) == 0.0
        if constant[-1]:
            raise NotEstimable(f"outcome '{outcome}' is constant over the complete rows.")
        fault = "constant over the complete rows: leave them out"
    else:
        constant = square <= 0.0
        fault = "zero in all complete rows: leave them out"
    names = [name for name, one in zip(moments.columns, constant, strict=True) if one]
    if names:
        raise NotEstimable(f"columns {names} are {fault}.")
    scale = np.sqrt(square)
    change[1:] /= scale[:, None]
    return change, moments.origin + shift, scale


def whitening(normal: FloatArray, names: Sequence[str]) -> tuple[FloatArray, float]:
    """L with L L' = inverse of the normal matrix, and the condition number; refuses exact relations by name."""
    eigenvalues, vectors = np.linalg.eigh(normal)
    null = vectors[:, eigenvalues < SINGULAR * eigenvalues[-1]]
    if null.size:
        raise NotEstimable(not_unique(related_sets(null, names), "coefficients are") + ".")
    return vectors / np.sqrt(eigenvalues), float(eigenvalues[-1] / eigenvalues[0])


def raw_map(
    scale: FloatArray, centre: FloatArray, rotation: FloatArray, *, intercept: bool, standardised: bool
) -> FloatArray:
    """Coefficients on their own scale from those of the rotated design; the outcome's centre is added elsewhere."""
    if standardised:
        return np.asarray(rotation[1:])
    slopes: FloatArray = (scale[-1] / scale[:-1])[:, None] * (rotation[1:] if intercept else rotation)
    if not intercept:
        return slopes
    return np.vstack([scale[-1] * rotation[0] - centre[:-1] @ slopes, slopes])


def build_design(
    data: pd.DataFrame | UnitMoments,
    *,
    outcome: str,
    predictors: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    intercept: bool = True,
    standardised: bool = False,
    working_variance: WorkingVariance = "constant",
) -> Design:
    """Fit by weighted least squares from moments; parameters and errors as in `linear_regression`."""
    outcome, predictors = one_name("outcome", outcome), name_list("predictors", predictors)
    weights, cluster = optional_name("weights", weights), optional_name("cluster", cluster)
    check_names(outcome, predictors, intercept)
    if standardised and not intercept:
        raise ValueError("standardised=True needs an intercept: use intercept=True.")
    columns = [*predictors, outcome]
    plain = None
    if isinstance(data, UnitMoments):
        if weights is not None or cluster is not None:
            raise ValueError(
                "weights and cluster are already in the moments: give them to unit_moments instead."
            )
        moments = data.select(columns)
        if (
            moments.matrices is not None
            and working_variance == "constant"
            and (moments.weight_sums != moments.n).any()
        ):
            raise ValueError(
                "moments with weights do not hold what a constant working variance needs: give the rows, or use "
                "working_variance='inverse_weights'."
            )
    elif weights is not None and cluster is not None and working_variance == "constant":
        moments, plain = powers_of_weights(data, columns=columns, weights=weights, cluster=cluster)
    else:
        moments = unit_moments(data, columns=columns, weights=weights, cluster=cluster)

    names = (INTERCEPT, *predictors) if intercept else tuple(predictors)
    if moments.n_rows <= len(names):
        raise NotEstimable(
            f"{len(names)} coefficients need more than {len(names)} complete rows, got {moments.n_rows} "
            f"({moments.n_excluded} left out as incomplete): use fewer predictors."
        )
    sums = moments.sums()[0]
    change, centre, scale = frame_of_reference(moments, sums, outcome, intercept)
    # Weights of mean 1, so that sums with their powers 0, 1 and 2 are of one size.
    mean_weight = float(sums[0, 0]) / moments.n_rows
    used = slice(0, -1) if intercept else slice(1, -1)
    total = change @ (sums / mean_weight) @ change.T
    rotation, condition = whitening(total[used, used] / moments.n_rows, names)
    rotation = rotation / np.sqrt(moments.n_rows)
    solution = rotation.T @ total[used, -1]
    whole = float(total[-1, -1])
    left = whole - float(solution @ solution)
    if left < _PERFECT * whole:
        raise NotEstimable(
            f"outcome '{outcome}' is an exact linear combination of the predictors, so nothing is left to estimate "
            "the precision from: look for a predictor that was made from it."
        )
    # From (1, x - origin, y - origin) to the rotated columns and the residual, in one matrix [q + 1, k + 1].
    onto = change[used].T @ rotation
    onto = np.column_stack([onto, change[-1] - onto @ solution])

    size = len(names)
    kernels = generators = members = None
    core = -np.eye(size)
    if moments.rows is not None:
        weight = moments.weight_sums / mean_weight
        rotated = np.column_stack([np.ones(moments.n_rows), moments.rows]) @ onto
        design, residual = rotated[:, :size], rotated[:, size]
        if working_variance == "constant" and (weight != weight[0]).any():
            weighted = weight[:, None] * design
            core = _constant_core(weighted.T @ weighted)
            generators = np.column_stack([design, weighted])
            products = generators * residual[:, None]
        else:
            root = np.sqrt(weight)
            generators = root[:, None] * design
            products = generators * (root * residual)[:, None]
    elif moments.factors is not None and moments.factors.shape[1] < size and plain is None:
        rows = moments.factors @ (onto / np.sqrt(mean_weight))
        first = np.swapaxes(rows, 1, 2) @ rows
        kernels, products = first[:, :size, :size], first[:, :size, size]
        members = rows[:, :, :size]
    else:
        first = _rotated(moments.matrices, onto) / mean_weight
        kernels, products = first[:, :size, :size], first[:, :size, size]
        if plain is not None:
            zeroth = _rotated(plain, onto)
            second = _rotated(moments.squared, onto) / mean_weight**2
            core = _constant_core(second[:, :size, :size].sum(axis=0))
            kernels = np.block([[zeroth[:, :size, :size], kernels], [kernels, second[:, :size, :size]]])
            products = np.concatenate([zeroth[:, :size, size], products], axis=1)
    to_raw = raw_map(scale, centre, rotation, intercept=intercept, standardised=standardised)
    estimate = to_raw @ solution
    if intercept and not standardised:
        estimate[0] += centre[-1]
    variance = left / (moments.n_rows - size)
    return Design(
        terms=tuple(predictors) if standardised else names,
        to_raw=to_raw,
        estimate=estimate,
        kernels=kernels,
        generators=generators,
        members=members,
        products=products,
        core=core,
        residual_variance=variance,
        residual_sd=float(np.sqrt(variance) * scale[-1]),
        r_squared=1.0 - left / whole,
        n=moments.n_rows,
        n_clusters=moments.n_units,
        n_excluded=moments.n_excluded,
        condition=condition,
    )


def _rotated(matrices: FloatArray | None, onto: FloatArray) -> FloatArray:
    """Unit matrices [G, k + 1, k + 1] of the rotated design and the residual."""
    if matrices is None:
        raise ValueError("these moments hold rows, not clusters.")
    return np.asarray(onto.T @ matrices @ onto)


def _constant_core(squared: FloatArray) -> FloatArray:
    """Core of the generators [X, W X] when residuals have a constant variance; `squared` is X'W^2 X."""
    identity = np.eye(len(squared))
    return np.block([[squared, -identity], [-identity, np.zeros_like(identity)]])
