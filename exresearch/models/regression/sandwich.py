"""Covariances of least squares coefficients that hold under unequal variances and within clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from exresearch.models.moments.algebra import BLOCK_CELLS
from exresearch.models.regression.design import Design
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
Covariance = Literal["classical", "HC0", "HC1", "HC2", "HC3", "HC4", "CR0", "CR1", "CR1S", "CR2", "CR3"]
COVARIANCES: tuple[str, ...] = get_args(Covariance)

# A cluster that fits a direction of the design alone leaves no residual there: its share of the variance is then 1
# up to rounding, which grows with the condition of the design.
_ALONE = 1e-10
# A variance below this share of the classical one is rounding.
_NOTHING = 1e-16
_INVOLVED = 1e-6


def _margin(design: Design) -> float:
    return max(_ALONE, 100.0 * float(np.finfo(np.float64).eps) * design.condition)


def _refuse_alone(design: Design, direction: FloatArray, covariance: str) -> None:
    """Raise for directions [k, d] of the rotated design that one cluster (or row) decides alone."""
    if not direction.size:
        return
    weight = np.abs(design.to_raw @ direction).max(axis=1) / np.linalg.norm(design.to_raw, axis=1)
    names = [name for name, one in zip(design.terms, weight, strict=True) if one > _INVOLVED]
    who, remedy = (
        ("row", "merge small categories")
        if design.kernels is None
        else ("cluster", "leave these out, or use covariance='CR2'")
    )
    raise NotEstimable(
        f"one {who} decides the coefficients of {names} alone, so that {covariance} is not defined: {remedy}."
    )


def _leverage(design: Design, covariance: str) -> FloatArray:
    """Leverage of each row; refuses 1."""
    if design.generators is None:
        raise ValueError(
            f"covariance '{covariance}' needs rows, and these are clusters: use CR0 to CR3, or leave cluster out."
        )
    size = design.size
    leverage = np.einsum("ij,ij->i", design.generators[:, :size], design.generators[:, -size:])
    alone = leverage > 1.0 - _margin(design)
    _refuse_alone(design, design.generators[alone, :size].T, covariance)
    return np.asarray(leverage)


def _heteroscedastic(design: Design, covariance: str) -> FloatArray:
    if covariance in ("HC0", "HC1"):
        scores = design.scores
        factor = design.n / (design.n - design.size) if covariance == "HC1" else 1.0
        return np.asarray(factor * scores.T @ scores)
    leverage = _leverage(design, covariance)
    power: float | FloatArray = {"HC2": 1.0, "HC3": 2.0}.get(covariance, 0.0)
    if covariance == "HC4":
        power = np.minimum(4.0, leverage * (design.n / design.size))
    return np.asarray((design.scores / ((1.0 - leverage) ** power)[:, None]).T @ design.scores)


def _jackknifed_scores(design: Design) -> FloatArray:
    """(I - S_g)^-1 X'W e: what a cluster's scores would be had it not taken part in the fit (CR3)."""
    if design.kernels is None:
        return np.asarray(design.scores / (1.0 - _leverage(design, "CR3"))[:, None])
    size = design.size
    shares, vectors = np.linalg.eigh(design.kernels[:, :size, -size:])
    alone = shares > 1.0 - _margin(design)
    _refuse_alone(design, np.swapaxes(vectors, 1, 2)[alone].T, "CR3")
    turned = np.einsum("gij,gi->gj", vectors, design.scores) / (1.0 - shares)
    return np.asarray(np.einsum("gij,gj->gi", vectors, turned))


def adjusted(design: Design) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Pieces of `_adjusted`, reckoned once where one chunk holds all clusters."""
    if design.pieces or design.n_clusters > _step(design):
        return iter(design.pieces) if design.pieces else _adjusted(design)
    design.pieces.extend(_adjusted(design))
    return iter(design.pieces)


def _step(design: Design) -> int:
    wide = int(design.products.shape[1])
    return max(1, BLOCK_CELLS // (4 * wide * wide))


def _adjusted(design: Design) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Bias-reduced (CR2) pieces of the clusters, in chunks of bounded size.

    Yields
    ------
    scores : ndarray [g, k]
        X'W A e with A = (I + Z core Z')^(-1/2), the symmetric generalised inverse root.
    spread : ndarray [g, k, m]
        X'W A Z.
    power : ndarray [g, k, k]
        X'W A A W X.
    """
    size, wide = design.size, design.products.shape[1]
    margin = _margin(design)
    step = _step(design)
    for start in range(0, design.n_clusters, step):
        block = slice(start, start + step)
        products = design.products[block]
        if design.generators is not None:
            # One row per cluster: A is a number.
            rows = design.generators[block]
            variance = 1.0 + np.einsum("gi,ij,gj->g", rows, design.core, rows)
            root = np.sqrt(np.where(variance > margin, variance, np.inf))
            scaled = rows[:, -size:] / root[:, None]
            yield (
                products[:, -size:] / root[:, None],
                scaled[:, :, None] * rows[:, None, :],
                scaled[:, :, None] * scaled[:, None, :],
            )
            continue
        if design.kernels is None:
            raise ValueError("a design holds kernels or generators.")
        # Z = Q R with R'R = Z'Z and orthonormal Q, so that functions of I + Z core Z' need those of I + R core R' only.
        if design.members is not None:
            # With few rows Z Z' is smaller, and has the same values other than 0.
            rows = np.swapaxes(design.members[block], 1, 2)
            values, vectors = np.linalg.eigh(design.members[block] @ rows)
            sides = rows @ vectors
        else:
            values, vectors = np.linalg.eigh(design.kernels[block])
            sides = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        if wide == size:
            # The core is -I, and R R' is diagonal already.
            shift = -values
        else:
            shift, turn = np.linalg.eigh(np.swapaxes(sides, 1, 2) @ design.core @ sides)
            sides = sides @ turn
        variance = 1.0 + shift
        there = variance > margin
        root = np.sqrt(np.where(there, variance, 1.0))
        inverse = np.where(there, 1.0 / root, 0.0)
        # (variance^(-1/2) - 1) / shift, written so that a shift near 0 costs no digits.
        change = np.where(there, -1.0 / (root * (1.0 + root)), 1.0)
        ours = sides[:, -size:]
        inner = ((products @ design.core)[:, None, :] @ sides)[:, 0]
        yield (
            products[:, -size:] + (ours @ (change * inner)[:, :, None])[:, :, 0],
            (ours * inverse[:, None, :]) @ np.swapaxes(sides, 1, 2),
            (ours * (inverse**2)[:, None, :]) @ np.swapaxes(ours, 1, 2),
        )


def coefficient_covariance(design: Design, covariance: str) -> FloatArray:
    """Covariance matrix [k, k] of the coefficients of the rotated design."""
    size, clusters, n = design.size, design.n_clusters, design.n
    if covariance == "classical":
        return np.asarray(design.residual_variance * np.eye(size))
    if covariance.startswith("HC"):
        return _heteroscedastic(design, covariance)
    if clusters < 2:
        raise NotEstimable(
            f"covariance '{covariance}' compares clusters and there is {clusters}: name a cluster with two or more "
            "units, or leave cluster out to take rows."
        )
    if covariance == "CR2":
        meat = np.zeros((size, size))
        for scores, _, _ in adjusted(design):
            meat += scores.T @ scores
        return meat
    scores = _jackknifed_scores(design) if covariance == "CR3" else design.scores
    factor = 1.0
    if covariance in ("CR1", "CR1S"):
        factor = clusters / (clusters - 1)
    if covariance == "CR1S":
        factor *= (n - 1) / (n - size)
    return np.asarray(factor * scores.T @ scores)


def check_variances(design: Design, variances: FloatArray, names: tuple[str, ...], reach: FloatArray) -> None:
    """Refuse estimates without variance between clusters; `reach` [r, k] maps the rotated design to the estimates."""
    classical = design.residual_variance * (reach**2).sum(axis=1)
    nothing = [name for name, one in zip(names, variances <= _NOTHING * classical, strict=True) if one]
    if nothing:
        raise NotEstimable(
            f"the coefficients of {nothing} are fitted without residual in every cluster (a column that is constant "
            "within few clusters, for example), so that clusters say nothing of their precision: leave them out."
        )


def satterthwaite(design: Design, combinations: FloatArray) -> FloatArray:
    """Degrees of freedom of the CR2 variance of each of r combinations [r, k] of the rotated coefficients.

    Notes
    -----
    The variance is a sum over clusters of squares with covariances P under the working model; its df is
    tr(P)^2 / tr(P P) (Bell & McCaffrey 2002). P is a diagonal plus a matrix of rank m, so nothing G x G is formed.
    """
    count, wide = len(combinations), design.products.shape[1]
    trace, square = np.zeros(count), np.zeros(count)
    gram = np.zeros((count, wide, wide))
    for _, spread, power in adjusted(design):
        own = ((combinations @ power) * combinations).sum(axis=2).T
        rows = np.swapaxes(combinations @ spread, 0, 1)
        shared = ((rows @ design.core) * rows).sum(axis=2)
        trace += (own + shared).sum(axis=1)
        square += (own * (own + 2.0 * shared)).sum(axis=1)
        gram += np.swapaxes(rows, 1, 2) @ rows
    turned = design.core @ gram
    square += np.einsum("rij,rji->r", turned, turned)
    return np.asarray(trace**2 / square)


def hotelling_df(design: Design, constraints: FloatArray) -> float:
    """Degrees of freedom nu of the Wishart that stands for the CR2 covariance of q constraints [q, k] (HTZ).

    Notes
    -----
    nu = q (q + 1) / sum over clusters g, h of tr(B_gh B_gh) + tr(B_gh)^2, with B_gh the q x q covariance of the
    contributions of g and h, scaled so that the B_gg sum to I (Pustejovsky & Tipton 2018).
    """
    count, wide = constraints.shape[0], design.products.shape[1]
    whole = np.zeros((count, count))
    for _, spread, power in adjusted(design):
        rows = constraints @ spread
        whole += (constraints @ power @ constraints.T + rows @ design.core @ np.swapaxes(rows, 1, 2)).sum(
            axis=0
        )
    values, vectors = np.linalg.eigh(whole)
    scaled = (vectors / np.sqrt(values)) @ vectors.T @ constraints
    total = 0.0
    gram, turned_gram = np.zeros((2, count * wide, count * wide))
    for _, spread, power in adjusted(design):
        own = scaled @ power @ scaled.T
        rows = scaled @ spread
        turned = rows @ design.core
        shared = turned @ np.swapaxes(rows, 1, 2)
        total += float((own * np.swapaxes(own + 2.0 * shared, 1, 2)).sum())
        traces = [np.einsum("gii->g", part) for part in (own, shared)]
        total += float((traces[0] * (traces[0] + 2.0 * traces[1])).sum())
        flat, flat_turned = rows.reshape(len(rows), -1), turned.reshape(len(rows), -1)
        gram += flat.T @ flat
        turned_gram += flat_turned.T @ flat_turned
    shape = (count, wide, count, wide)
    straight, crossed = gram.reshape(shape), gram.reshape(shape).transpose(2, 1, 0, 3)
    total += float((turned_gram.reshape(shape) * (straight + crossed)).sum())
    return float(count * (count + 1) / total)
