"""Climbs in leaps: two steps tell where the steps are going, and a third of them goes there at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.features import FloatArray, gaussian
from exresearch.models.segmentation.steps import Ground, step

Climb = tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]
# How many steps a leap may stand for, squared; more where leaps go well.
_FIRST, _WIDER = 1.0, 4.0


def leapt(
    found: Ground,
    coefficients: FloatArray,
    shares: FloatArray,
    owner: NDArray[np.intp],
    *,
    tolerance: float,
    most: int,
) -> Climb:
    """Climb to where a step of expectation and maximisation gains no more than a share of the log-likelihood.

    Use it for profiles of many people, of which a step takes long; the top is that of plain steps.

    Returns
    -------
    tuple of ndarray
        Coefficients, log shares, log-likelihood before the last step, and which fits converged.

    Notes
    -----
    SQUAREM, scheme S3, on means, logarithms of variances and of shares; a leap that loses likelihood is not taken
    (Varadhan & Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x).
    """
    likelihood = np.full(len(owner), -np.inf)
    converged = np.zeros(len(owner), dtype=bool)
    going = np.arange(len(owner))
    here, here_shares = coefficients[going], shares[going]
    safe, safe_shares, reached = here, here_shares, likelihood.copy()
    widest = np.full(len(owner), _FIRST)
    for _ in range(most // 2):
        if not going.size:
            break
        one, one_shares, before = step(found, here, here_shares, owner[going])
        lost = ~(before >= reached - tolerance * np.abs(reached)) & np.isfinite(reached)
        if lost.any():
            here, here_shares = here.copy(), here_shares.copy()
            here[lost], here_shares[lost] = safe[lost], safe_shares[lost]
            widest[lost] = np.maximum(widest[lost] / _WIDER, _FIRST)
            one[lost], one_shares[lost], before[lost] = step(
                found, safe[lost], safe_shares[lost], owner[going[lost]]
            )
        two, two_shares, after = step(found, one, one_shares, owner[going])
        coefficients[going], shares[going], likelihood[going] = two, two_shares, after
        there = after - before <= tolerance * np.maximum(np.abs(after), 1.0)
        converged[going[there]] = True
        left = ~there
        going, widest = going[left], widest[left]
        safe, safe_shares, reached = two[left], two_shares[left], after[left]
        path = [
            _free(part[left], share[left])
            for part, share in ((here, here_shares), (one, one_shares), (two, two_shares))
        ]
        here, here_shares, widest = _ahead(path, widest)
    return coefficients, shares, likelihood, converged


def _ahead(path: list[FloatArray], widest: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where three places [fits, k, 2 d + 1] of a path lead, as coefficients and shares, and how far to go next."""
    first = path[1] - path[0]
    turn = path[2] - path[1] - first
    size, bend = (np.sqrt((part**2).sum(axis=(1, 2))) for part in (first, turn))
    length = np.clip(size / np.maximum(bend, 1e-300), 1.0, widest)
    widest = np.where(length >= widest, widest * _WIDER, widest)
    wide = length[:, None, None]
    place = path[0] + 2 * wide * first + wide**2 * turn
    d = (place.shape[-1] - 1) // 2
    shares = place[..., -1] - np.logaddexp.reduce(place[..., -1], axis=1)[:, None]
    return gaussian(place[..., :d], np.exp(place[..., d : 2 * d])), shares, widest


def _free(coefficients: FloatArray, shares: FloatArray) -> FloatArray:
    """Means, logarithms of variances, and log shares: any numbers are a mixture."""
    d = coefficients.shape[-1] // 3
    variance = -0.5 / coefficients[..., :d]
    return np.concatenate(
        [coefficients[..., d : 2 * d] * variance, np.log(variance), shares[..., None]], axis=-1
    )
