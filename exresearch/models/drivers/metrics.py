"""Measures of relative importance as functions of correlation matrices, vectorised over replicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from exresearch.models.drivers.doubling import DEPENDENT
from exresearch.models.drivers.owen import owen_values
from exresearch.models.drivers.subsets import as_matrices, lmg

FloatArray = NDArray[np.float64]

# Above this size LAPACK's method of NumPy divides the matrix and shares the small products out over threads, which has
# cost a hundred times the time on busy processors; the older method stays in one thread and is as fast.
_DIVIDED = 25

#: Measures that are defined for blocks of drivers: of a block that enters as one player, or of its drivers (owen).
BLOCK_METHODS = ("lmg", "first", "last", "owen")
#: All measures that follow from a correlation matrix, in the order of the documentation.
METHODS = ("lmg", "relative_weights", "first", "last", "beta_squared", "pratt", "car", "owen")


def partial_out(matrices: FloatArray, *, covariates: Sequence[int], keep: Sequence[int]) -> FloatArray:
    """Residual cross-products [B, k, k] of the columns `keep` given `covariates`, per matrix of [B, q, q].

    A covariate that is a combination of earlier ones is passed over.
    """
    order = [*covariates, *keep]
    block = matrices[:, np.array(order)[:, None], np.array(order)[None, :]].copy()
    for _ in covariates:
        pivot = block[:, 0, 0]
        inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=pivot > DEPENDENT)
        lead = block[:, 0, 1:]
        block = block[:, 1:, 1:] - lead[:, :, None] * lead[:, None, :] * inverse[:, None, None]
    return np.asarray(block)


def _eigh(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues and vectors of symmetric matrices [B, k, k]."""
    if matrices.shape[1] <= _DIVIDED:
        return np.linalg.eigh(matrices)
    pairs = [eigh(matrix, driver="ev", check_finite=False) for matrix in matrices]
    return np.stack([values for values, _ in pairs]), np.stack([vectors for _, vectors in pairs])


def _usefulness(predictors: FloatArray, outcome: FloatArray, r2: FloatArray) -> FloatArray:
    """Loss of explained variance when each driver leaves; through pseudo-inverses, for dependent drivers."""
    size = predictors.shape[-1]
    out = np.empty_like(outcome)
    for driver in range(size):
        rest = np.delete(np.arange(size), driver)
        inverse = np.linalg.pinv(predictors[:, rest[:, None], rest[None, :]], rcond=DEPENDENT, hermitian=True)
        without = np.einsum("bi,bij,bj->b", outcome[:, rest], inverse, outcome[:, rest])
        out[:, driver] = np.maximum(r2 - without, 0.0)
    return out


def _spectral(matrices: FloatArray, methods: Sequence[str]) -> dict[str, FloatArray]:
    """All measures that need the inverse or the root of the drivers' correlation matrix."""
    variance = np.einsum("bii->bi", matrices)[:, 1:]
    varies = np.asarray(variance > DEPENDENT)
    inverse_sd = np.divide(
        1.0, np.sqrt(np.where(varies, variance, 1.0)), out=np.zeros_like(variance), where=varies
    )
    predictors = matrices[:, 1:, 1:] * inverse_sd[:, :, None] * inverse_sd[:, None, :]
    outcome = matrices[:, 0, 1:] * inverse_sd
    out: dict[str, FloatArray] = {}
    if "first" in methods:
        out["first"] = outcome**2
    if not {"relative_weights", "last", "beta_squared", "pratt", "car"} & set(methods):
        return out
    eigenvalues, vectors = _eigh(predictors)
    usable: NDArray[np.bool_] = np.asarray(eigenvalues > DEPENDENT)
    kept = np.where(usable, eigenvalues, 1.0)
    projected = np.einsum("bij,bi->bj", vectors, outcome)
    # Directions without variance explain nothing (Moore-Penrose).
    beta = np.einsum("bij,bj->bi", vectors, np.where(usable, projected / kept, 0.0))
    if "beta_squared" in methods:
        out["beta_squared"] = beta**2
    if "pratt" in methods:
        out["pratt"] = beta * outcome
    if "last" in methods:
        diagonal = np.einsum("bij,bj->bi", vectors**2, np.where(usable, 1.0 / kept, 0.0))
        full = np.asarray(usable.all(axis=1))
        last = np.divide(beta**2, diagonal, out=np.zeros_like(beta), where=full[:, None])
        if not full.all():
            r2 = np.einsum("bi,bi->b", beta, outcome)
            last[~full] = _usefulness(predictors[~full], outcome[~full], r2[~full])
        out["last"] = last
    if {"relative_weights", "car"} & set(methods):
        rooted = np.einsum("bij,bj->bi", vectors, np.where(usable, projected / np.sqrt(kept), 0.0))
        if "car" in methods:
            out["car"] = rooted**2
        if "relative_weights" in methods:
            root = np.einsum("bij,bj,bkj->bik", vectors, np.sqrt(np.where(usable, kept, 0.0)), vectors)
            out["relative_weights"] = np.einsum("bik,bk->bi", root**2, rooted**2)
    return out


def importance_metrics(
    correlations: ArrayLike,
    *,
    methods: Sequence[str],
    players: Sequence[Sequence[int]],
    covariates: Sequence[int] = (),
    outcome: int = 0,
) -> dict[str, FloatArray]:
    """Importance of every player by every method, for a batch of correlation matrices.

    Use it on matrices that were published or computed elsewhere; `relative_importance` starts from data.

    Parameters
    ----------
    correlations : array [B, q, q]
        Correlation matrices, outcome included.
    methods : sequence of str
        Any of `METHODS`.
    players : sequence of sequences of int
        Columns of each player; several columns only for the methods in `BLOCK_METHODS`.
    covariates : sequence of int
        Columns whose explained variance is taken off first. All measures are then on the scale of the outcome's
        total variance, of outcome and drivers with the covariates partialled out.
    outcome : int
        Column of the outcome.

    Returns
    -------
    dict of method to ndarray [B, P]
        For ``owen`` one value per column of the players, in their order.

    Raises
    ------
    ValueError
        An unknown method, a method that is not defined for blocks, or more than 24 players for LMG (for Owen values:
        drivers of a block and other blocks).

    Notes
    -----
    With R the correlations among the drivers, r those with the outcome and b = R^-1 r:

    - ``lmg``: average gain in R-squared over all orders of entry (Shapley value; general dominance).
    - ``relative_weights``: [R^1/2]^2 (R^-1/2 r)^2, Johnson (2000), doi:10.1207/S15327906MBR3501_1 = Genizi (1993).
    - ``first``: R-squared of the driver alone; ``last``: loss of R-squared when it leaves.
    - ``beta_squared``: b^2; ``pratt``: b r (may be negative), Pratt (1987).
    - ``owen``: as ``lmg`` over the orders that keep a block's drivers together (see `owen_values`).
    - ``car``: (R^-1/2 r)^2, Zuber & Strimmer (2011), doi:10.2202/1544-6115.1730.

    In R: `relaimpo::calc.relimp(type = c("lmg", "genizi", "first", "last", "betasq", "pratt", "car"))`.

    Examples
    --------
    >>> r = [[[1.0, 0.5, 0.4], [0.5, 1.0, 0.0], [0.4, 0.0, 1.0]]]
    >>> importance_metrics(r, methods=["pratt"], players=[[1], [2]])["pratt"].round(2).tolist()
    [[0.25, 0.16]]
    """
    unknown = [method for method in methods if method not in METHODS]
    if unknown or not methods:
        raise ValueError(f"methods must be some of {list(METHODS)}, got {list(methods)}.")
    matrices = as_matrices(correlations)
    in_blocks = any(len(player) > 1 for player in players)
    undefined = [method for method in methods if method not in BLOCK_METHODS]
    if in_blocks and undefined:
        raise ValueError(
            f"methods {undefined} are not defined for blocks of drivers: use some of {list(BLOCK_METHODS)}, "
            "or leave out blocks."
        )
    columns = [outcome, *(column for player in players for column in player)]
    residual = partial_out(matrices, covariates=covariates, keep=columns)
    starts = np.cumsum([1, *(len(player) for player in players)])
    inside = [list(range(starts[i], starts[i + 1])) for i in range(len(players))]
    out: dict[str, FloatArray] = {}
    if "lmg" in methods:
        out["lmg"] = lmg(residual, players=inside)
    if "owen" in methods:
        out["owen"] = owen_values(residual, blocks=inside) if in_blocks or "lmg" not in out else out["lmg"]
    if in_blocks:
        if "first" in methods:
            out["first"] = np.column_stack([_explained(residual, player) for player in inside])
        if "last" in methods:
            everything = [column for player in inside for column in player]
            full = _explained(residual, everything)
            others = [[column for column in everything if column not in player] for player in inside]
            out["last"] = np.column_stack([full - _explained(residual, rest) for rest in others])
    else:
        out |= _spectral(residual, methods)
    return {method: out[method] for method in methods}


def _explained(matrices: FloatArray, columns: Sequence[int]) -> FloatArray:
    """Explained variance [B] of the outcome in column 0 by `columns`."""
    return np.asarray(matrices[:, 0, 0] - partial_out(matrices, covariates=columns, keep=[0])[:, 0, 0])


def explained_variance(
    correlations: FloatArray, *, predictors: Sequence[int], outcome: int = 0
) -> FloatArray:
    """R-squared [B] of the outcome on `predictors`; dependent predictors add nothing."""
    rest = partial_out(correlations, covariates=predictors, keep=[outcome])[:, 0, 0]
    return np.asarray(correlations[:, outcome, outcome] - rest)
