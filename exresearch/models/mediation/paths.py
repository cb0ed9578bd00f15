"""Paths and effects of a mediation model from covariance matrices, many at once."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Arrangement = Literal["serial", "parallel"]

# What is left of a variance after the columns before it, as a share of it, below which a column follows from them.
_COLLINEAR = 1e-10
# The same share above which columns are taken out without fear for digits.
_PLAIN = 1e-4


def partial_covariances(covariances: FloatArray, *, keep: int) -> FloatArray:
    """Covariances [B, keep, keep] of the first columns after regressing them on the remaining ones."""
    kept, held = covariances[:, :keep, :keep], covariances[:, keep:, keep:]
    if held.shape[1] == 0:
        return kept
    # Taken out one after the other, which is far quicker than an inverse of each matrix.
    left, pivots = covariances, []
    for _ in range(held.shape[1]):
        last = left.shape[1] - 1
        pivot, own = left[:, last, last], covariances[:, last, last]
        with np.errstate(divide="ignore", invalid="ignore"):
            pivots.append(pivot / own)
            lead = left[:, :-1, -1]
            left = left[:, :-1, :-1] - lead[:, :, None] * (lead / pivot[:, None])[:, None, :]
    plain = np.min(pivots, axis=0) > _PLAIN
    if plain.all():
        return np.asarray(left)
    # A pseudo-inverse, so that a wave that a replicate did not draw takes nothing away.
    rest = ~plain
    inverse = np.linalg.pinv(held[rest], rcond=1e-10, hermitian=True)
    crossed = covariances[rest, :keep, keep:]
    left[rest] = kept[rest] - crossed @ inverse @ crossed.swapaxes(1, 2)
    return np.asarray(left)


def regression_paths(covariances: FloatArray, *, predictors: list[int], outcome: int) -> FloatArray:
    """Slopes [B, p] of one column on others; NaN where a predictor follows from the others or does not vary."""
    inside = covariances[:, predictors][:, :, predictors]
    scale = np.sqrt(np.einsum("bii->bi", inside))
    usable = (scale > 0.0).all(axis=1)
    safe = np.where(scale > 0.0, scale, 1.0)
    correlations = inside / (safe[:, :, None] * safe[:, None, :])
    usable &= _smallest(correlations) > _COLLINEAR
    correlations[~usable] = np.eye(len(predictors))
    target = covariances[:, predictors, outcome] / safe
    slopes = np.linalg.solve(correlations, target[:, :, None])[:, :, 0] / safe
    slopes[~usable] = np.nan
    return np.asarray(slopes)


def _smallest(matrices: FloatArray) -> FloatArray:
    """Smallest eigenvalue of each symmetric matrix."""
    if matrices.shape[1] == 1:
        return np.asarray(matrices[:, 0, 0])
    if matrices.shape[1] == 2:
        first, second = matrices[:, 0, 0], matrices[:, 1, 1]
        return np.asarray((first + second) / 2 - np.hypot((first - second) / 2, matrices[:, 0, 1]))
    return np.asarray(np.linalg.eigvalsh(matrices)[:, 0])


def model_paths(
    covariances: FloatArray, *, names: list[str], arrangement: Arrangement
) -> dict[tuple[str, str], FloatArray]:
    """Paths (source, target) of a model in the order exposure, mediators, outcome; each [B].

    Serial: every variable on all before it. Parallel: mediators on the exposure alone, the outcome on all.
    """
    found: dict[tuple[str, str], FloatArray] = {}
    last = len(names) - 1
    for target in range(1, last + 1):
        sources = list(range(target)) if arrangement == "serial" or target == last else [0]
        slopes = regression_paths(covariances, predictors=sources, outcome=target)
        for place, source in enumerate(sources):
            found[(names[source], names[target])] = slopes[:, place]
    return found


def route_name(route: tuple[str, ...]) -> str:
    """Name of a route: the variables that it passes, in order."""
    return " > ".join(route)


def routes(names: list[str], *, arrangement: Arrangement) -> list[tuple[str, ...]]:
    """Every route from exposure to outcome through one or more mediators, the shortest first.

    Examples
    --------
    >>> routes(["x", "m", "n", "y"], arrangement="serial")
    [('x', 'm', 'y'), ('x', 'n', 'y'), ('x', 'm', 'n', 'y')]
    """
    mediators = names[1:-1]
    longest = len(mediators) if arrangement == "serial" else 1
    return [
        (names[0], *chosen, names[-1])
        for size in range(1, longest + 1)
        for chosen in combinations(mediators, size)
    ]


def route_effects(
    paths: dict[tuple[str, str], FloatArray], names: list[str], *, arrangement: Arrangement
) -> dict[str, FloatArray]:
    """Direct, indirect and total effects by name, each [B]; every specific indirect effect is a product of paths."""
    direct = paths[(names[0], names[-1])]
    specific = {}
    for route in routes(names, arrangement=arrangement):
        product = np.ones_like(direct)
        for step in pairwise(route):
            product = product * paths[step]
        specific[route_name(route)] = product
    indirect = np.sum(list(specific.values()), axis=0)
    return {
        "total": direct + indirect,
        "direct": direct,
        "total_indirect": indirect,
        **specific,
    }
