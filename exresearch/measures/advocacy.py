"""Net promoter scores of employees (eNPS) and customers (NPS), with their uncertainty and their variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student_t

Variant = Literal["us", "eu"]
# Lowest score of a promoter, highest score of a detractor, on 0-10.
CUTS: dict[str, tuple[int, int]] = {"us": (9, 6), "eu": (8, 5)}


@dataclass(frozen=True, slots=True)
class NetPromoterScore:
    """A net promoter score with the variant it was computed by.

    Attributes
    ----------
    variant : str
        ``us`` (9-10, 0-6) or ``eu`` (8-10, 0-5).
    estimate, std_error, conf_low, conf_high : float
        In points from -100 to 100.
    conf_level : float
        Level of the interval.
    promoters, passives, detractors : float
        Weighted shares, summing to 1.
    n : int
        Answers.
    n_effective : float
        Effective number of answers: what is left of ``n`` after weights and clusters.
    """

    variant: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    promoters: float
    passives: float
    detractors: float
    n: int
    n_effective: float


def enps(
    scores: pd.Series,
    *,
    variant: Variant,
    weights: pd.Series | None = None,
    cluster: pd.Series | None = None,
    conf_level: float = 0.95,
) -> NetPromoterScore:
    """Compute a net promoter score from answers on 0-10.

    When to use it: to describe advocacy; employees (eNPS) and customers (NPS) alike. ``score = 100 (P - D)`` with
    standard error ``100 sqrt((P + D - (P - D)^2) / n_effective)``, where ``n_effective`` is Kish's
    ``(sum w)^2 / sum w^2``, or with clusters what their linearised variance amounts to where that is less. The interval
    adds three quarters of an answer to each outer class and one and a half to the middle (an adjusted Wald interval),
    so that it has a width when all answers agree and the standard error is 0; it is cut off at -100 and 100.

    Parameters
    ----------
    scores : pandas.Series
        Answers from 0 to 10; missing ones are left out and not counted.
    variant : {"us", "eu"}
        Which answers make promoters and detractors. There is no default: the same answers can score +1 or +44.
    weights : pandas.Series, optional
        Survey weights, in the order of ``scores``; above 0. Their unit does not matter.
    cluster : pandas.Series, optional
        Group of each answer whose members answer alike, in the order of ``scores``; at least two groups. An answer
        without a group is one by itself. The interval then uses Student's t with the number of groups minus one.
    conf_level : float
        Level of the interval, between 0 and 1.

    Returns
    -------
    NetPromoterScore

    Raises
    ------
    ValueError
        If the variant is unknown, an answer lies outside 0-10, nobody answered, weights or clusters are not as many as
        the scores, a weight is missing or not above 0, there is only one cluster, or the level is out of range.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the "Net Promoter Score". *The American Statistician*, 70(4), 365-372.
    https://arxiv.org/abs/1601.07235

    Examples
    --------
    >>> round(enps(pd.Series([10, 9, 8, 3]), variant="us").estimate, 6)
    25.0
    """
    if variant not in CUTS:
        raise ValueError(f"variant must be one of {', '.join(CUTS)}; got {variant!r}.")
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    for name, series in (("weights", weights), ("cluster", cluster)):
        if series is not None and len(series) != len(scores):
            raise ValueError(f"{name} must be as many as the scores ({len(scores)}); got {len(series)}.")
    there = scores.notna().to_numpy()
    values = scores.to_numpy(dtype="float64", na_value=np.nan)[there]
    if not len(values):
        raise ValueError("enps needs at least one answer; all scores are missing.")
    outside = int((~((values >= 0) & (values <= 10))).sum())
    if outside:
        raise ValueError(f"enps takes answers from 0 to 10; {outside} lie outside.")
    w = np.ones(len(values)) if weights is None else weights.to_numpy(dtype="float64", na_value=np.nan)[there]
    wrong = int((~(np.isfinite(w) & (w > 0))).sum())
    if wrong:
        raise ValueError(f"enps takes weights above 0; {wrong} are missing, infinite, zero or negative.")
    promoter, detractor = CUTS[variant]
    total = w.sum()
    p, d = float(w[values >= promoter].sum() / total), float(w[values <= detractor].sum() / total)
    n_effective, quantile = float(total**2 / (w**2).sum()), float(norm.ppf(0.5 + conf_level / 2))
    if cluster is not None:
        outcome = (values >= promoter).astype("float64") - (values <= detractor)
        n_effective, n_groups = _cluster_n(
            outcome, w, cluster[there], n_effective=n_effective, spread=p + d - (p - d) ** 2
        )
        quantile = float(student_t.ppf(0.5 + conf_level / 2, n_groups - 1))
    # Rocks (2016): the adjusted Wald interval that keeps its coverage with small groups.
    added = n_effective + 3
    p_adj, d_adj = (p * n_effective + 0.75) / added, (d * n_effective + 0.75) / added
    half = quantile * np.sqrt((p_adj + d_adj - (p_adj - d_adj) ** 2) / added)
    centre = p_adj - d_adj
    return NetPromoterScore(
        variant=variant,
        estimate=100 * (p - d),
        std_error=float(100 * np.sqrt((p + d - (p - d) ** 2) / n_effective)),
        conf_low=float(100 * max(centre - half, -1)),
        conf_high=float(100 * min(centre + half, 1)),
        conf_level=conf_level,
        promoters=p,
        passives=max(1 - p - d, 0.0),
        detractors=d,
        n=len(values),
        n_effective=n_effective,
    )


def _cluster_n(
    outcome: NDArray[np.float64],
    w: NDArray[np.float64],
    groups: pd.Series,
    *,
    n_effective: float,
    spread: float,
) -> tuple[float, int]:
    """Return the effective n that gives the linearised cluster variance, and the number of clusters."""
    total = w.sum()
    residuals = w * (outcome - float(w @ outcome) / total)
    codes, names = pd.factorize(groups)
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    sums = np.bincount(codes, weights=residuals)
    if len(sums) < 2:
        raise ValueError(f"cluster must have at least two groups; got {len(sums)}.")
    variance = len(sums) / (len(sums) - 1) * float(sums @ sums) / total**2
    # Clusters that happen to differ less than chance give no more information than independent answers.
    return (min(spread / variance, n_effective) if variance > 0 else n_effective), len(sums)
