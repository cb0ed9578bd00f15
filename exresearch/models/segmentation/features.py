"""Answers as features in which the log density of a segment is linear, for profiles and for classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Kind = Literal["profiles", "classes"]
Variances = Literal["equal", "free"]
# A rounded answer has at least the variance of what was rounded away (Sheppard).
_ROUNDED_AWAY = 1 / 12
# Probabilities of exactly zero have no logarithm.
_LEAST_PROBABILITY = 1e-12
_LEAST_WEIGHT = 1e-300
_MOST_CODES = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Rows of answers, prepared for the fit of a mixture.

    Attributes
    ----------
    kind : {"profiles", "classes"}
    items : list of str
        Columns of the answers.
    rows : ndarray [patterns, q]
        Features: squares, values and presence per item (profiles, values standardised), or one column per answer
        that occurs (classes). A missing answer is zero everywhere, so that it adds nothing to a density.
    pattern : ndarray [n] of int
        Row of `rows` of each row of the data: equal answers are one pattern.
    centre, spread : ndarray [items]
        What the values of profiles were standardised by.
    least_variance : ndarray [items]
        Floor of a variance within a segment, on the standardised scale.
    levels : list of ndarray
        Answers that occur per item (classes).
    equal : bool
        Whether an item has the same variance in every segment (profiles).
    """

    kind: Kind
    items: list[str]
    rows: FloatArray
    pattern: NDArray[np.intp]
    centre: FloatArray
    spread: FloatArray
    least_variance: FloatArray
    levels: list[FloatArray]
    equal: bool

    def n_parameters(self, k: int) -> int:
        """Free parameters of k segments, their shares included."""
        if self.kind == "profiles":
            return len(self.items) * (k + (1 if self.equal else k)) + k - 1
        return k * sum(len(levels) - 1 for levels in self.levels) + k - 1

    def rescaled(self) -> FloatArray:
        """Log density [patterns] that a row gains when its values are put back on the scale of the answers."""
        if self.kind == "classes":
            return np.zeros(len(self.rows))
        return -self.rows[:, 2 * len(self.items) :] @ np.log(self.spread)

    def gathered(self, weights: FloatArray) -> FloatArray:
        """Sum weights [n, replicates] by pattern."""
        return np.column_stack(
            [np.bincount(self.pattern, weights=column, minlength=len(self.rows)) for column in weights.T]
        )

    def coefficients(self, sums: FloatArray) -> FloatArray:
        """Turn weighted sums of features [..., k, q] into coefficients [..., k, q] of the log density: the M-step."""
        if self.kind == "classes":
            made, start = np.empty_like(sums), 0
            for levels in self.levels:
                part = sums[..., start : start + len(levels)]
                share = part / np.maximum(part.sum(axis=-1, keepdims=True), _LEAST_WEIGHT)
                made[..., start : start + len(levels)] = np.log(np.maximum(share, _LEAST_PROBABILITY))
                start += len(levels)
            return made
        d = len(self.items)
        count = np.maximum(sums[..., 2 * d :], _LEAST_WEIGHT)
        if self.equal:
            return self.moved(sums[..., d : 2 * d], count, sums[..., :d].sum(axis=-2))
        mean = sums[..., d : 2 * d] / count
        around = sums[..., :d] - mean**2 * count
        return gaussian(mean, np.maximum(around / count, self.least_variance))

    def moved(self, sums: FloatArray, count: FloatArray, squares: FloatArray) -> FloatArray:
        """Coefficients [..., k, q] of profiles whose variances are equal.

        From weighted sums [..., k, items] of values and of presence, and sums of squares [..., items] of all segments:
        those do not depend on who is in which.
        """
        mean = sums / np.maximum(count, _LEAST_WEIGHT)
        around = squares - np.add.reduce(mean * sums, axis=-2)
        variance = np.maximum(around / np.add.reduce(count, axis=-2), self.least_variance)
        return gaussian(mean, variance[..., None, :])

    def started(self, chosen: NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Coefficients at the start, one segment around each chosen pattern [...]."""
        if self.kind == "classes":
            # The pattern's answer, mixed with random probabilities: a pure one would never let go.
            return self.coefficients(
                self.rows[chosen] + rng.exponential(1.0, (*chosen.shape, self.rows.shape[1]))
            )
        d = len(self.items)
        there = self.rows[chosen][..., 2 * d :]
        mean = self.rows[chosen][..., d : 2 * d] + (1 - there) * rng.standard_normal((*chosen.shape, d))
        return gaussian(mean, np.ones_like(mean))

    def described(self, coefficients: FloatArray) -> tuple[FloatArray, FloatArray] | list[FloatArray]:
        """Means and variances [k, items] on the scale of the answers; of classes probabilities [k, levels] per item."""
        if self.kind == "classes":
            parts = np.split(
                np.exp(coefficients), np.cumsum([len(levels) for levels in self.levels])[:-1], axis=-1
            )
            return list(parts)
        d = len(self.items)
        variance = -0.5 / coefficients[..., :d]
        mean = coefficients[..., d : 2 * d] * variance
        return mean * self.spread + self.centre, variance * self.spread**2


def profile_features(
    data: pd.DataFrame, *, variances: Variances = "equal", least_variance: float | None = None
) -> Features:
    """Prepare numeric answers; the floor of a variance is in squared units of the data, or follows from rounding."""
    values = data.to_numpy(dtype="float64")
    centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    floor = np.array([_rounding(column) if least_variance is None else least_variance for column in values.T])
    patterns, pattern = _patterns((values - centre) / spread)
    there = ~np.isnan(patterns)
    filled = np.where(there, patterns, 0.0)
    return Features(
        "profiles", [str(name) for name in data], np.hstack([filled**2, filled, there * 1.0]), pattern,
        centre, spread, floor / spread**2, [], variances == "equal",
    )  # fmt: skip


def class_features(data: pd.DataFrame) -> Features:
    """Prepare answers as categories."""
    values = data.to_numpy(dtype="float64")
    patterns, pattern = _patterns(values)
    levels = [np.unique(column[~np.isnan(column)]) for column in values.T]
    rows = np.hstack([(patterns[:, [i]] == found) * 1.0 for i, found in enumerate(levels)])
    none = np.zeros(values.shape[1])
    return Features(
        "classes", [str(name) for name in data], rows, pattern, none, none + 1, none, levels, False
    )


def gaussian(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Coefficients of normal densities; a variance that segments share is worked out once."""
    d = mean.shape[-1]
    made = np.empty((*mean.shape[:-1], 3 * d))
    made[..., :d] = -0.5 / variance
    turned = np.divide(mean, variance, out=made[..., d : 2 * d])
    presence = np.multiply(mean, turned, out=made[..., 2 * d :])
    presence += np.log(2 * np.pi * variance)
    presence *= -0.5
    return made


def _rounding(values: FloatArray) -> float:
    found = np.unique(values[~np.isnan(values)])
    return float(np.diff(found).min() ** 2 * _ROUNDED_AWAY)


def _patterns(values: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
    """Rows that occur, in order, and which of them each row is; far sooner than a sort of whole rows where it can."""
    code, size = np.zeros(len(values), dtype=np.int64), 1
    for column in values.T:
        levels, place = np.unique(column, return_inverse=True)
        size *= len(levels)
        if size > _MOST_CODES:
            found, pattern = np.unique(values, axis=0, return_inverse=True, equal_nan=True)
            return found, pattern.reshape(-1).astype(np.intp)
        code = code * len(levels) + place
    _, first, pattern = np.unique(code, return_index=True, return_inverse=True)
    return values[first], pattern.astype(np.intp)
