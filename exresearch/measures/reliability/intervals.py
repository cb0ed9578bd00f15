"""What a reliability is reported as, why there may be none, and its intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f as fisher_f
from scipy.stats import t as student_t

from exresearch.measures.reliability.answers import Answers

FloatArray = NDArray[np.float64]
#: Nearer to 1 a reliability is 1 up to rounding.
PERFECT = 1e-12
#: Why there is no coefficient, or none with an interval; English, to be translated.
REASONS = {
    "single_item": "A single item has no internal consistency; two or more are needed.",
    "two_items": "Omega needs three items; for two, the Spearman-Brown coefficient is the alternative.",
    "few_sheets": "Too few sheets answer the items together.",
    "few_groups": "The sheets come from a single group, so that no interval can be given.",
    "no_variance": "Not all items vary, or their sum does not.",
    "heywood": "The factor model leaves an item no variance of its own (a Heywood case); omega is not determined.",
    "not_fitted": "The factor model cannot be fitted to these answers.",
    "no_general": "The factors are not positively related, so that there is no general factor.",
    "no_interval": "Too many bootstrap samples have no general factor, so that no interval can be given.",
    "scales": "The items have different scales, so that they have no common score.",
    "factor_score": "The score is a factor score; this is the reliability of the plain sum of its items.",
    "perfect": "The items agree perfectly, so that no interval can be given.",
    "one_group": "Without one group of sheets the coefficient cannot be told, so that no interval can be given.",
}


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability coefficient with its interval.

    Attributes
    ----------
    coefficient : str
        ``alpha``, ``omega_total`` or ``omega_hierarchical``.
    estimate : float
        At most 1; NaN where it cannot be told.
    std_error, conf_low, conf_high : float
        Standard error, and limits at ``conf_level``; NaN where there are none.
    conf_level : float
        Level of the interval.
    n : int
        Sheets used; with pairwise covariances those with any answer.
    n_items : int
        Items.
    n_clusters : int
        Groups that the interval keeps together; ``n`` without clusters.
    method : str
        How the estimate and the interval were computed.
    n_pairwise : int
        Sheets that answer both of the two items which the fewest answer together; ``n`` with listwise deletion.
    reason : str
        Why estimate or interval are missing; empty otherwise.
    """

    coefficient: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    n: int
    n_items: int
    n_clusters: int
    method: str
    n_pairwise: int
    reason: str = ""


def check_level(conf_level: float) -> None:
    """Refuse a level that is none.

    Raises
    ------
    ValueError
        If it is not between 0 and 1.
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")


def jackknife_interval(
    estimate: ArrayLike, left_out: ArrayLike, *, conf_level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Interval of a reliability from its values with each group left out in turn.

    The jackknife is taken of ``log(1 - r)``, which is nearly normal where ``r`` is skewed. Its variance
    ``(G - 1)/G sum (g_(i) - mean)^2`` is itself uncertain where few groups carry most of it, so the quantile is that
    of t with Satterthwaite's degrees of freedom ``2 G / (kappa* - 1)``, between 2 and G - 1. ``kappa`` is the kurtosis
    of the G values; a sample shows too little of it (never more than G), so
    ``kappa* - 1 = (kappa - 1) / max(1 - 2 kappa / G, 0.05)``, a correction chosen by simulated coverage.

    Parameters
    ----------
    estimate : float or ndarray [...]
        Below 1.
    left_out : ndarray [..., G]
        The coefficient without each of the groups; two or more groups.
    conf_level : float
        Level of the interval.

    Returns
    -------
    (std_error, conf_low, conf_high) : ndarray [...]
        The standard error is that of the logarithm times ``1 - r`` (delta method). NaN where a value is not
        known or not below 1.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. *Biometrics Bulletin*,
    2(6), 110-114. https://doi.org/10.2307/3002019

    Examples
    --------
    >>> values = np.array([0.78, 0.80, 0.82, 0.79, 0.81])
    >>> [round(float(limit), 2) for limit in jackknife_interval(0.80, values, conf_level=0.95)]
    [0.03, 0.7, 0.87]
    """
    values, centre = np.asarray(left_out, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    size = values.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs, middle = np.log1p(-values), np.log1p(-centre)
        known = np.isfinite(logs).all(axis=-1) & (1 - centre > PERFECT)
        deviations = np.where(known[..., None], logs, 0.0)
        deviations = deviations - deviations.mean(axis=-1, keepdims=True)
        squares = (deviations**2).sum(axis=-1)
        error = np.where(known, np.sqrt((size - 1) / size * squares), np.nan)
        kurtosis = size * (deviations**4).sum(axis=-1) / squares**2
        shown = (kurtosis - 1) / np.maximum(1 - 2 * kurtosis / size, 0.05)
        # Where all are alike the quantile does not matter.
        df = np.where(shown > 0, 2 * size / shown, np.inf)
    half = student_t.ppf(0.5 + conf_level / 2, np.minimum(np.maximum(df, 2.0), size - 1.0)) * error
    return (1 - centre) * error, -np.expm1(middle + half), -np.expm1(middle - half)


def feldt_interval(alpha: float, *, n: int, n_items: int, conf_level: float) -> tuple[float, float]:
    """Feldt's F interval of alpha, exact for normal, tau-equivalent items and independent sheets.

    Parameters
    ----------
    alpha : float
        The estimate.
    n : int
        Sheets.
    n_items : int
        Items.
    conf_level : float
        Level of the interval.

    Returns
    -------
    (conf_low, conf_high) : float
        ``1 - (1 - alpha) F`` at the upper and lower quantile of F with n - 1 and (n - 1)(k - 1) degrees of freedom. In
        R: ``psych::alpha(x)$feldt``.

    References
    ----------
    Feldt, L. S., Woodruff, D. J., & Salih, F. A. (1987). Statistical inference for coefficient alpha. *Applied
    Psychological Measurement*, 11(1), 93-103. https://doi.org/10.1177/014662168701100107

    Examples
    --------
    >>> [round(limit, 3) for limit in feldt_interval(0.8, n=100, n_items=5, conf_level=0.95)]
    [0.731, 0.856]
    """
    tail = (1 - conf_level) / 2
    df = (n - 1, (n - 1) * (n_items - 1))
    low, high = (1 - (1 - alpha) * float(fisher_f.isf(p, *df)) for p in (tail, 1 - tail))
    return low, high


def without_estimate(
    coefficient: str,
    reason: str,
    *,
    answers: Answers,
    conf_level: float,
    method: str,
    estimate: float = float("nan"),
) -> Reliability:
    """Give a coefficient without numbers, or without an interval, and why."""
    return Reliability(
        coefficient=coefficient,
        estimate=estimate,
        std_error=float("nan"),
        conf_low=float("nan"),
        conf_high=float("nan"),
        conf_level=conf_level,
        n=len(answers.scores),
        n_items=answers.scores.shape[1],
        n_clusters=answers.n_groups,
        method=method,
        n_pairwise=answers.n_pairwise if len(answers.scores) else 0,
        reason=REASONS[reason],
    )


def words_of(answers: Answers) -> str:
    """Say in the method what the interval took into account."""
    over = "clusters" if answers.clustered else "sheets"
    return f"jackknife over {over}{', weighted' if answers.weighted else ''}"
