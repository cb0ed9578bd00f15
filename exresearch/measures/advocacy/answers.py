"""Answers as promoters and detractors, with their weights and the clusters that answer alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.advocacy.cuts import Cuts
from exresearch.measures.advocacy.intervals import (
    Interval,
    adjusted_wald_limits,
    bootstrap_limits,
    quantile_of,
    score_limits,
)

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that count, missing ones left out.

    Attributes
    ----------
    outcome, weights : ndarray [n]
        1 of a promoter, -1 of a detractor and 0 of others; and the weight.
    codes : ndarray [n] of int, or None
        Cluster of each answer, from 0; None where every answer is one by itself.
    promoters, detractors : float
        Weighted shares.
    n_effective : float
        What is left of n after weights and clusters.
    df : float
        Clusters minus one; infinite without clusters.
    """

    outcome: Floats
    weights: Floats
    codes: Codes | None
    promoters: float
    detractors: float
    n_effective: float
    df: float

    @property
    def spread(self) -> float:
        """Variance of one answer."""
        p, d = self.promoters, self.detractors
        return max(p + d - (p - d) ** 2, 0.0)

    def part(self, inside: NDArray[np.bool_]) -> Answers:
        """Return some of the answers, as a sample of their own."""
        codes = None if self.codes is None else self.codes[inside]
        return described(self.outcome[inside], self.weights[inside], codes)

    def limits(self, interval: Interval, *, conf_level: float, n_boot: int, seed: int) -> tuple[float, float]:
        """Give the interval of promoters minus detractors, from -1 to 1."""
        if interval == "bootstrap":
            codes = np.arange(len(self.outcome)) if self.codes is None else recoded(self.codes)
            drawn = bootstrap_limits(
                self.outcome, self.weights, codes, conf_level=conf_level, n_boot=n_boot, seed=seed
            )
            if drawn is not None:
                return drawn
        limits = adjusted_wald_limits if interval == "adjusted_wald" else score_limits
        quantile = quantile_of(1 - conf_level, self.df)
        return limits(self.promoters, self.detractors, n=self.n_effective, quantile=quantile)


def read_answers(
    scores: pd.Series, *, cuts: Cuts, weights: pd.Series | None, cluster: pd.Series | None
) -> tuple[Answers, NDArray[np.bool_]]:
    """Return the answers that count, and which of the scores they are.

    Raises
    ------
    ValueError
        As :func:`exresearch.measures.enps` says.
    """
    for name, series in (("weights", weights), ("cluster", cluster)):
        if series is not None and len(series) != len(scores):
            raise ValueError(f"{name} must be as many as the scores ({len(scores)}); got {len(series)}.")
    there = scores.notna().to_numpy()
    values = scores.to_numpy(dtype="float64", na_value=np.nan)[there]
    if not len(values):
        raise ValueError("enps needs at least one answer; all scores are missing.")
    outside = int((~((values >= cuts.minimum) & (values <= cuts.maximum))).sum())
    if outside:
        raise ValueError(f"enps takes answers from {cuts.minimum} to {cuts.maximum}; {outside} lie outside.")
    w = checked_weights(weights, there)
    outcome = (values >= cuts.promoter).astype("float64") - (values <= cuts.detractor)
    return described(outcome, w, None if cluster is None else _cluster_codes(cluster[there])), there


def checked_weights(weights: pd.Series | None, there: NDArray[np.bool_]) -> Floats:
    """Return the weights of the answers that count, 1 where there are none."""
    if weights is None:
        return np.ones(int(there.sum()))
    w = weights.to_numpy(dtype="float64", na_value=np.nan)[there]
    wrong = int((~(np.isfinite(w) & (w > 0))).sum())
    if wrong:
        raise ValueError(f"enps takes weights above 0; {wrong} are missing, infinite, zero or negative.")
    return w


def described(outcome: Floats, w: Floats, codes: Codes | None) -> Answers:
    """Describe answers by their shares and by what is left of them."""
    total = w.sum()
    p, d = float(w[outcome > 0].sum() / total), float(w[outcome < 0].sum() / total)
    kish = float(total**2 / (w**2).sum())
    if codes is None:
        return Answers(outcome, w, None, p, d, kish, np.inf)
    own = recoded(codes)
    sums = np.bincount(own, weights=deviations(outcome, w))
    if len(sums) < 2:
        raise ValueError(f"cluster must have at least two groups; got {len(sums)}.")
    spread = p + d - (p - d) ** 2
    variance = len(sums) / (len(sums) - 1) * float(sums @ sums)
    if max(p, d, 1 - p - d) >= 1 - 1e-12:
        # All agree: how alike clusters are cannot be seen. One answer for each of them is the least it can be.
        n_effective = min(float(len(sums)), kish)
    elif variance > 0:
        # Clusters that happen to differ less than chance give no more information than independent answers.
        n_effective = min(spread / variance, kish)
    else:
        n_effective = kish
    return Answers(outcome, w, codes, p, d, n_effective, len(sums) - 1.0)


def deviations(outcome: Floats, w: Floats) -> Floats:
    """What each answer adds to the score beyond the mean: the terms of its linearised variance."""
    total = w.sum()
    return np.asarray(w * (outcome - float(w @ outcome) / total) / total)


def recoded(codes: Codes) -> Codes:
    """Number the clusters that occur from 0 without gaps."""
    return np.asarray(np.unique(codes, return_inverse=True)[1])


def _cluster_codes(groups: pd.Series) -> Codes:
    codes, names = pd.factorize(groups)
    alone = codes < 0
    codes = np.array(codes, dtype=np.intp)
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes
