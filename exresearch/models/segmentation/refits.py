"""The same division made again on other weights: bootstrap samples, or the training part of every fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.segmentation.agreement import adjusted_rand
from exresearch.models.segmentation.em import Search, best_fits, likeliest
from exresearch.models.segmentation.features import (
    Features,
    FloatArray,
    Kind,
    class_features,
    profile_features,
)

#: Enough to divide people; a likelihood to the last digit is not needed for that.
QUICK = Search(starts=12, short=12, kept=2, tolerance=1e-6, most=150, rows=700)
# Bootstrap samples fitted at once.
_SAMPLES = 5
# Segments that a byte can number.
_FEW = 100
# Fits times rows of densities at once.
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Refits:
    """Divisions of the same people by several fits.

    Attributes
    ----------
    segments : ndarray [n, replicates] of int
        Likeliest segment of each row under each fit; numbers mean nothing across fits.
    converged : ndarray [replicates] of bool
    bic : ndarray [replicates]
        Of each fit on its own weights.
    """

    segments: NDArray[np.integer]
    converged: NDArray[np.bool_]
    bic: FloatArray


def refit_segments(
    data: pd.DataFrame,
    *,
    k: int,
    weights: FloatArray,
    kind: Kind = "profiles",
    search: Search = QUICK,
    seed: int = 0,
) -> Refits:
    """Fit k segments once per column of weights, and divide all rows by each fit.

    Rows with weight 0 take no part in a fit and are divided by it all the same: the way to hold rows out.

    Parameters
    ----------
    data : DataFrame [n, items]
        As :func:`latent_profiles`.
    k : int
        Number of segments.
    weights : ndarray [n, replicates]
        Weight of every row in every fit, at least 0.
    kind : {"profiles", "classes"}
        Model.
    search : Search
        Starts of each fit.
    seed : int
        For the starts.

    Returns
    -------
    Refits

    Raises
    ------
    ValueError
        If the weights do not fit the rows.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1.0, 2, 1, 7, 6, 7] * 9, "b": [1.0, 2, 2, 6, 7, 7] * 9})
    >>> held_out = np.ones((54, 2))
    >>> held_out[:6, 0] = 0
    >>> adjusted_rand(*refit_segments(answers, k=2, weights=held_out).segments.T)
    1.0
    """
    return refitted(featured(data, kind=kind), k=k, weights=weights, search=search, seed=seed)


def refitted(
    features: Features, *, k: int, weights: FloatArray, search: Search = QUICK, seed: int = 0
) -> Refits:
    """Fit and divide as :func:`refit_segments` on features that are there already."""
    n = len(features.pattern)
    if weights.shape[0] != n or (weights < 0).any():
        raise ValueError(f"weights must be at least 0, a row for each of {n}; got shape {weights.shape}.")
    fits = best_fits(
        features, k=k, weights=features.gathered(weights), search=search, rng=np.random.default_rng([seed, k])
    )
    replicates = weights.shape[1]
    segments = np.empty((n, replicates), dtype=np.int8 if k < _FEW else np.intp)
    size = max(1, _CELLS // (len(features.rows) * k))
    for start in range(0, replicates, size):
        part = slice(start, start + size)
        found = likeliest(features, fits.coefficients[part], fits.log_shares[part])
        segments[:, part] = found.T[features.pattern]
    n_parameters = features.n_parameters(k)
    bic = -2 * fits.log_likelihood + np.log(weights.sum(axis=0)) * n_parameters
    return Refits(segments, fits.converged, bic)


def featured(data: pd.DataFrame, *, kind: Kind) -> Features:
    """Features of one of the two models."""
    return profile_features(data) if kind == "profiles" else class_features(data)


def stability(
    data: pd.DataFrame,
    segment: NDArray[np.integer],
    *,
    k: int,
    weights: FloatArray,
    kind: Kind,
    n_boot: int,
    seed: int,
    least: float | None = None,
) -> FloatArray:
    """Adjusted Rand index of a division with divisions from `n_boot` bootstrap samples of the people.

    With `least` it ends early, and with a lower mean, as soon as the mean of all can no longer reach that.
    """
    rng = np.random.default_rng([seed, k, n_boot])
    counts = rng.multinomial(len(data), np.full(len(data), 1 / len(data)), size=n_boot).T
    made: list[float] = []
    features = featured(data, kind=kind)
    for start in range(0, n_boot, _SAMPLES):
        weight = counts[:, start : start + _SAMPLES] * weights[:, None]
        found = refitted(features, k=k, weights=weight, seed=seed + 1 + start)
        made += [adjusted_rand(segment, column) for column in found.segments.T]
        # No index is above 1.
        if least is not None and sum(made) + n_boot - len(made) < least * n_boot:
            break
    return np.array(made)
