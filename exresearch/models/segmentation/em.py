"""Expectation and maximisation for many starts, and many sets of weights, at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exresearch.models.segmentation.features import Features, FloatArray
from exresearch.models.segmentation.leaps import leapt
from exresearch.models.segmentation.steps import Ground, ground, step

_SAME_OPTIMUM = 1e-3
# Of more patterns than this, so many are enough to come near the top.
_NEAR = 20_000
# Relative gain to which single precision, which is twice as fast, tells the way up.
_SINGLE = 3e-7


@dataclass(frozen=True, slots=True)
class Search:
    """How hard the best fit is looked for.

    Parameters
    ----------
    starts : int
        Random starts.
    short : int
        Iterations of every start.
    kept : int
        Starts that go on after these, the most likely ones.
    tolerance : float
        Relative gain in log-likelihood below which a fit has converged.
    most : int
        Iterations at most.
    rows : int
        Patterns of answers at most that the short runs see; more are sampled.
    """

    starts: int = 60
    short: int = 25
    kept: int = 6
    tolerance: float = 1e-8
    most: int = 1000
    rows: int = 1200


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """The best fit per set of weights.

    Attributes
    ----------
    coefficients : ndarray [replicates, k, q]
    log_shares : ndarray [replicates, k]
        Segments from large to small.
    log_likelihood : ndarray [replicates]
    converged : ndarray [replicates] of bool
    reached : ndarray [replicates] of int
        How many of the starts that went on reached the best log-likelihood, within 0.001.
    """

    coefficients: FloatArray
    log_shares: FloatArray
    log_likelihood: FloatArray
    converged: np.ndarray
    reached: np.ndarray


def best_fits(
    features: Features, *, k: int, weights: FloatArray, search: Search, rng: np.random.Generator
) -> Fits:
    """Fit a mixture of k segments by many random starts, separately for every column of weights.

    Short runs of all starts, then the most likely go on until they converge (Biernacki, Celeux & Govaert 2003,
    doi:10.1016/S0167-9473(02)00163-9).

    Parameters
    ----------
    features : Features
        Patterns of answers.
    k : int
        Segments.
    weights : ndarray [patterns, replicates]
        Weight of every pattern in every replicate.
    search : Search
        How hard to look.
    rng : numpy.random.Generator
        For the starts.
    """
    weights = np.ascontiguousarray(weights.T)
    replicates = len(weights)
    starts = 1 if k == 1 else search.starts
    owner = np.repeat(np.arange(replicates), starts)
    chosen = np.stack(
        [rng.choice(len(features.rows), size=(starts, k), p=column / column.sum()) for column in weights]
    ).reshape(-1, k)
    coefficients = features.started(chosen, rng)
    seen = None
    if len(features.rows) > search.rows:
        seen = np.sort(rng.choice(len(features.rows), size=search.rows, replace=False))
    if k == 1:
        return _alone(features, weights)
    shares = np.full((len(owner), k), -np.log(k))
    likelihood = np.full(len(owner), -np.inf)
    whole = ground(features, weights)
    rough = whole.single()
    few = rough if seen is None else ground(features, weights, rows=seen).single()
    for number in range(search.short):
        # What a start is worth is only asked at the end.
        asked = number == search.short - 1
        coefficients, shares, likelihood = step(few, coefficients, shares, owner, measured=asked)
    kept = min(search.kept, starts)
    order = np.argsort(-likelihood.reshape(replicates, starts), axis=1, kind="stable")[:, :kept]
    rows = (order + starts * np.arange(replicates)[:, None]).reshape(-1)
    owner, coefficients, shares = owner[rows], coefficients[rows], shares[rows]
    near = replace(search, tolerance=max(search.tolerance, _SINGLE))
    if len(features.rows) > _NEAR:
        some = np.sort(rng.choice(len(features.rows), size=_NEAR, replace=False))
        less = ground(features, weights, rows=some).single()
        coefficients, shares, _, _ = _climbed(less, coefficients, shares, owner, near)
    coefficients, shares, _, _ = _climbed(rough, coefficients, shares, owner, near)
    coefficients, shares, likelihood, converged = _climbed(whole, coefficients, shares, owner, search)
    found = likelihood.reshape(replicates, kept)
    best = found.argmax(axis=1)
    rows = best + kept * np.arange(replicates)
    by_size = np.argsort(-shares[rows], axis=1, kind="stable")
    return Fits(
        coefficients=np.take_along_axis(coefficients[rows], by_size[:, :, None], axis=1),
        log_shares=np.take_along_axis(shares[rows], by_size, axis=1),
        log_likelihood=likelihood[rows],
        converged=converged[rows],
        reached=(found >= found.max(axis=1, keepdims=True) - _SAME_OPTIMUM).sum(axis=1),
    )


def posteriors(features: Features, coefficients: FloatArray, log_shares: FloatArray) -> FloatArray:
    """Probability [fits, k, patterns] of every segment."""
    density = coefficients @ features.rows.T + log_shares[:, :, None]
    density -= density.max(axis=1, keepdims=True)
    np.exp(density, out=density)
    density /= density.sum(axis=1, keepdims=True)
    return density


def likeliest(features: Features, coefficients: FloatArray, log_shares: FloatArray) -> NDArray[np.intp]:
    """Segment [fits, patterns] with the largest probability."""
    density = coefficients @ features.rows.T + log_shares[:, :, None]
    best, highest = np.zeros(density[:, 0].shape, dtype=np.intp), density[:, 0].copy()
    for number in range(1, density.shape[1]):
        above = density[:, number] > highest
        best[above] = number
        np.maximum(highest, density[:, number], out=highest)
    return best


def _alone(features: Features, weights: FloatArray) -> Fits:
    """Everybody in one segment: the step from anywhere leads there."""
    sums = (weights @ features.rows)[:, None]
    coefficients = features.coefficients(sums)
    replicates = len(weights)
    return Fits(
        coefficients=coefficients,
        log_shares=np.zeros((replicates, 1)),
        log_likelihood=(sums * coefficients).sum(axis=(1, 2)),
        converged=np.ones(replicates, dtype=bool),
        reached=np.ones(replicates, dtype=int),
    )


def _climbed(
    found: Ground, coefficients: FloatArray, shares: FloatArray, owner: NDArray[np.intp], search: Search
) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
    """Take steps of every fit until it gains no more; leaps where a step takes long."""
    if len(found.columns) >= _NEAR and found.features.kind == "profiles":
        return leapt(found, coefficients, shares, owner, tolerance=search.tolerance, most=search.most)
    likelihood = np.full(len(owner), -np.inf)
    converged = np.zeros(len(owner), dtype=bool)
    going = np.arange(len(owner))
    # Only those that go on are carried along, and are put in their places as they arrive.
    here, here_shares, reached, of_weights = coefficients, shares, likelihood, owner
    coefficients, shares = coefficients.copy(), shares.copy()
    for _ in range(search.most):
        here, here_shares, gained = step(found, here, here_shares, of_weights)
        there = gained - reached <= search.tolerance * np.maximum(np.abs(gained), 1.0)
        reached = gained
        if there.any():
            arrived, left = going[there], ~there
            coefficients[arrived], shares[arrived] = here[there], here_shares[there]
            likelihood[arrived], converged[arrived] = reached[there], True
            going, of_weights = going[left], of_weights[left]
            here, here_shares, reached = here[left], here_shares[left], reached[left]
            if not going.size:
                break
    coefficients[going], shares[going], likelihood[going] = here, here_shares, reached
    return coefficients, shares, likelihood, converged
