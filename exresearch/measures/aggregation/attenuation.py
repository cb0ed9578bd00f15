"""Correlations between constructs, as observed and corrected for the unreliability of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student_t

from exresearch.measures.reliability.answers import ordered_groups

Array = NDArray[np.float64]
ABOVE_ONE = (
    "Corrected for unreliability the correlation lies beyond 1: the two can hardly be told apart, or a reliability is "
    "estimated too low."
)
NO_CORRECTION = {
    "single_item": "At least one of the two is measured by a single item, whose reliability is not known.",
    "unreliable": "At least one of the two has a reliability of 0 or lower, so that nothing can be corrected.",
    "no_spread": "Too few people answered both, or at least one of the two does not vary.",
    "factor_score": "At least one of the two is a factor score, and alpha is that of a plain sum.",
    "perfect": "The two go together perfectly, so that no interval can be given.",
    "few_groups": "Those who answered both come from a single group, so that no interval can be given.",
    "no_interval": "In too many bootstrap samples there is no correlation, so that no interval can be given.",
    "no_corrected": (
        "In too many bootstrap samples nothing can be corrected, so that the corrected value has no interval."
    ),
}
#: More groups than this are put together at random: it takes time and changes the interval hardly.
_MOST_GROUPS = 400
_LEAST_FINITE = 0.975
# Rows of zeros and ones at once, of which single precision holds the sums.
_ROWS = 100_000
_COLUMNS = ["x", "y", "n", "r", "conf_low", "conf_high", "disattenuated", "dis_low", "dis_high", "reason"]


@dataclass(frozen=True, slots=True)
class Disattenuated:
    """A correlation corrected for unreliability.

    Attributes
    ----------
    estimate : float
        The corrected correlation; can lie beyond 1.
    remark : str
        An English sentence where it does; empty otherwise.
    """

    estimate: float
    remark: str


def disattenuated_correlation(r: float, *, reliability_x: float, reliability_y: float) -> Disattenuated:
    """Correct a correlation for the unreliability of both variables.

    When to use it: to ask how strongly two constructs go together, rather than two questionnaires. The result is only
    as good as the reliabilities: one that is too low, as alpha often is, makes it too high.

    Parameters
    ----------
    r : float
        Observed correlation, from -1 to 1.
    reliability_x, reliability_y : float
        Reliabilities, above 0 and at most 1.

    Returns
    -------
    Disattenuated

    Raises
    ------
    ValueError
        If the correlation or a reliability is out of range.

    Notes
    -----
    ``r / sqrt(reliability_x reliability_y)``; not cut off.

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. *American Journal of Psychology*,
    15(1), 72-101. https://doi.org/10.2307/1412159

    Examples
    --------
    >>> round(disattenuated_correlation(0.42, reliability_x=0.7, reliability_y=0.9).estimate, 6)
    0.52915
    """
    if not -1 <= r <= 1:
        raise ValueError(f"r must be from -1 to 1; got {r!r}.")
    for name, value in (("reliability_x", reliability_x), ("reliability_y", reliability_y)):
        if not 0 < value <= 1:
            raise ValueError(f"{name} must be above 0 and at most 1; got {value!r}.")
    estimate = float(r / np.sqrt(reliability_x * reliability_y))
    return Disattenuated(estimate=estimate, remark=ABOVE_ONE if abs(estimate) > 1 else "")


def construct_correlations(
    scores: pd.DataFrame,
    *,
    items: Mapping[str, pd.DataFrame],
    reliability: Mapping[str, float] | None = None,
    weights: pd.Series | None = None,
    groups: pd.Series | None = None,
    conf_level: float = 0.95,
    n_boot: int = 2000,
    seed: int,
) -> pd.DataFrame:
    """Correlate constructs two by two, as observed and corrected for unreliability, with bootstrap intervals.

    When to use it: to see which constructs are hardly different, and how much of a low correlation is error.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per answer sheet, one column per construct; a pair uses the sheets that have both.
    items : mapping of str to pandas.DataFrame
        The items behind a construct, turned the same way, in the rows of ``scores``. Of two or more items alpha is
        computed, in the data and again in every replicate.
    reliability : mapping of str to float, optional
        Reliabilities that are taken as known, above 0 and at most 1; they come before alpha.
    weights : pandas.Series, optional
        Survey weights, above 0, in the rows of ``scores``. Their unit does not matter.
    groups : pandas.Series, optional
        Whose answers depend on each other (:func:`exresearch.measures.dependence_groups`); sheets otherwise. A sheet
        without one is a group by itself.
    conf_level : float
        Level of the intervals, between 0 and 1.
    n_boot : int
        Bootstrap replicates.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row per pair, in the order of the columns: ``x, y, n`` (sheets with both), ``r, conf_low, conf_high``,
        ``disattenuated, dis_low, dis_high``, and ``reason``: why something is missing, or that the corrected value lies
        beyond 1; empty otherwise.

    Raises
    ------
    ValueError
        If lengths differ, a weight is missing or not above 0, or a known reliability or the level is out of range.

    Notes
    -----
    Groups are drawn with replacement, in the order of their answers, so that the order of rows does not matter. With
    more than 400 they are first put into 400 groups at random, which keeps the variance and only loses degrees of
    freedom (Wolter 2007). Intervals: ``estimate -/+ t sd``, with the standard deviation of the replicates and, as
    degrees of freedom, one less than the groups in which somebody answered both, for ``r`` on Fisher's z scale.
    Alpha is computed on the sheets that answered all items of a construct.

    References
    ----------
    Spearman, C. (1904). https://doi.org/10.2307/1412159

    Charles, E. P. (2005). The correction for attenuation due to measurement error. *Psychological Methods*, 10(2),
    206-226. https://doi.org/10.1037/1082-989X.10.2.206

    Wolter, K. M. (2007). *Introduction to Variance Estimation*. Springer. https://doi.org/10.1007/978-0-387-35099-8

    Examples
    --------
    >>> sheets = pd.DataFrame({"a": [1.0, 2, 4, 3, 5, 2], "b": [2.0, 1, 5, 3, 4, 2], "c": [1.0, 3, 4, 4, 5, 1]})
    >>> both = pd.DataFrame({"ab": sheets[["a", "b"]].mean(axis=1), "c": sheets["c"]})
    >>> found = construct_correlations(both, items={"ab": sheets[["a", "b"]]}, reliability={"c": 0.8}, seed=1)
    >>> found["r"].round(3).tolist()
    [0.81]
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    known = dict(reliability or {})
    for name, value in known.items():
        if not 0 < value <= 1:
            raise ValueError(f"reliability of {name!r} must be above 0 and at most 1; got {value!r}.")
    parts = {"weights": weights, "groups": groups} | {
        f"items[{name!r}]": frame for name, frame in items.items()
    }
    for name, part in parts.items():
        if part is not None and len(part) != len(scores):
            raise ValueError(f"{name} must be as many as the scores ({len(scores)}); got {len(part)}.")
    w = np.ones(len(scores)) if weights is None else weights.to_numpy(dtype="float64", na_value=np.nan)
    wrong = int((~(np.isfinite(w) & (w > 0))).sum())
    if wrong:
        raise ValueError(f"weights must be above 0; {wrong} are missing, infinite, zero or negative.")
    names = [str(name) for name in scores.columns]
    left, right = np.triu_indices(len(names), k=1)
    rng = np.random.default_rng(seed)
    y = scores.to_numpy(dtype="float64", na_value=np.nan)
    # Column by column, as they are needed: all of them side by side would be the table once more.
    codes = _group_codes(groups, [*y.T, w, *_columns(items)], rng=rng)
    n_groups = int(codes.max()) + 1 if len(codes) else 0
    even = np.full(n_groups, 1 / max(n_groups, 1))
    drawn = rng.multinomial(n_groups, even, size=n_boot) if n_groups else np.zeros((n_boot, 0))
    # The data themselves are the first replicate.
    counts: Array = np.vstack([np.ones((1, n_groups)), drawn])
    r, present = _correlations(counts, y, w, codes, left=left, right=right)
    alphas = np.full((len(counts), len(names)), np.nan)
    for place, name in enumerate(names):
        if name in known:
            alphas[:, place] = known[name]
        elif name in items and items[name].shape[1] >= 2:
            answers = items[name].to_numpy(dtype="float64", na_value=np.nan)
            alphas[:, place] = _alphas(counts, answers, w, codes)
    product = np.where(
        (alphas[:, left] > 0) & (alphas[:, right] > 0), alphas[:, left] * alphas[:, right], np.nan
    )
    corrected = r / np.sqrt(product)
    answered = np.isfinite(y)
    together = sum(
        (part.T @ part).astype(np.float64)
        for part in (answered[start : start + _ROWS].astype(np.float32) for start in range(0, len(y), _ROWS))
    )
    both = np.asarray(together)[left, right] if len(y) else np.zeros(len(left))
    with np.errstate(divide="ignore"):
        z_low, z_high = _limits(np.arctanh(np.clip(r, -1, 1)), n_groups=present, conf_level=conf_level)
    dis_low, dis_high = _limits(corrected, n_groups=present, conf_level=conf_level)
    return pd.DataFrame(
        {
            "x": [names[i] for i in left],
            "y": [names[j] for j in right],
            "n": both.astype(np.int64),
            "r": r[0],
            "conf_low": np.tanh(z_low),
            "conf_high": np.tanh(z_high),
            "disattenuated": corrected[0],
            "dis_low": dis_low,
            "dis_high": dis_high,
            "reason": [
                _reason(*row)
                for row in zip(
                    r[0],
                    corrected[0],
                    alphas[0, left],
                    alphas[0, right],
                    z_low,
                    dis_low,
                    present,
                    strict=True,
                )
            ],
        },
        columns=_COLUMNS,
    )


def _reason(
    r: float, corrected: float, alpha_x: float, alpha_y: float, low: float, dis_low: float, n_groups: int
) -> str:
    """Say why something is missing, first what the others follow from."""
    if np.isnan(r):
        return NO_CORRECTION["no_spread"]
    if np.isnan(low):
        why = "perfect" if abs(r) > 1 - 1e-12 else "few_groups" if n_groups < 2 else "no_interval"
        return NO_CORRECTION[why]
    if np.isnan(alpha_x) or np.isnan(alpha_y):
        return NO_CORRECTION["single_item"]
    if np.isnan(corrected):
        return NO_CORRECTION["unreliable"]
    if np.isnan(dis_low):
        return NO_CORRECTION["no_corrected"]
    return ABOVE_ONE if abs(corrected) > 1 else ""


def _columns(items: Mapping[str, pd.DataFrame]) -> list[Array]:
    return [
        frame[name].to_numpy(dtype="float64", na_value=np.nan) for frame in items.values() for name in frame
    ]


def _group_codes(
    groups: pd.Series | None, content: Sequence[Array], *, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Number the groups by what they answered, and put them together where there are many."""
    codes, n_groups = ordered_groups(content, groups)
    if n_groups <= _MOST_GROUPS:
        return codes
    return (rng.permutation(n_groups) % _MOST_GROUPS)[codes].astype(np.intp)


def _sums(counts: Array, products: Iterable[Array], codes: NDArray[np.intp]) -> Array:
    """Sum the columns ``products`` within groups, and the groups as often as each replicate drew them."""
    n_groups = counts.shape[1]
    grouped = np.stack(
        [np.bincount(codes, weights=column, minlength=n_groups) for column in products], axis=1
    )
    return counts @ grouped


def _correlations(
    counts: Array,
    y: Array,
    w: Array,
    codes: NDArray[np.intp],
    *,
    left: NDArray[np.intp],
    right: NDArray[np.intp],
) -> tuple[Array, NDArray[np.intp]]:
    """Pairwise complete weighted correlations, one row per replicate; and the groups in which somebody has both."""
    n_groups, size = counts.shape[1], y.shape[1]
    # Around the mean, so that sums of squares keep their digits.
    centre = np.array([np.nansum(column * w) / max(w @ np.isfinite(column), 1e-300) for column in y.T])
    moments = np.empty((4, n_groups, size, size))
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
    for group, rows in enumerate(parts):
        own = y[rows]
        there = np.isfinite(own).astype("float64")
        x = np.where(there > 0, own - centre, 0.0)
        weighted = x * w[rows, None]
        moments[0, group] = (there * w[rows, None]).T @ there
        moments[1, group] = weighted.T @ there
        moments[2, group] = (weighted * x).T @ there
        moments[3, group] = weighted.T @ x
    present = np.count_nonzero(moments[0][:, left, right], axis=0).astype(np.intp)
    total, first, second, cross = (counts @ part[:, left, right] for part in moments)
    first_y, second_y = (counts @ part[:, right, left] for part in moments[1:3])
    with np.errstate(invalid="ignore", divide="ignore"):
        var_x, var_y = second / total - (first / total) ** 2, second_y / total - (first_y / total) ** 2
        covariance = cross / total - first * first_y / total**2
        usable = (var_x > 1e-12 * second / total) & (var_y > 1e-12 * second_y / total)
        return np.where(usable, covariance / np.sqrt(var_x * var_y), np.nan), present


def _alphas(counts: Array, answers: Array, w: Array, codes: NDArray[np.intp]) -> Array:
    """Coefficient alpha of the complete rows, one value per replicate."""
    whole = np.isfinite(answers).all(axis=1)
    if not whole.any():
        return np.full(len(counts), np.nan)
    # Column by column, each in one piece.
    x = [column[whole] for column in np.ascontiguousarray(answers.T)]
    x = [column - column.mean() for column in x]
    x.append(np.sum(x, axis=0))
    own = w[whole]
    weighted = [column * own for column in x]
    squares = (column * part for column, part in zip(x, weighted, strict=True))
    sums = _sums(counts, chain([own], weighted, squares), codes[whole])
    size = answers.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        moments = sums[:, 1:] / sums[:, :1]
        variances = moments[:, size + 1 :] - moments[:, : size + 1] ** 2
        alphas: Array = size / (size - 1) * (1 - variances[:, :size].sum(axis=1) / variances[:, size])
    return alphas


def _limits(replicates: Array, *, n_groups: NDArray[np.intp], conf_level: float) -> tuple[Array, Array]:
    """Estimate, first row, plus and minus t times the standard deviation of the other rows."""
    estimate, drawn = replicates[0], replicates[1:]
    finite = np.isfinite(drawn)
    enough = (finite.mean(axis=0) if len(drawn) else np.zeros(len(estimate))) >= _LEAST_FINITE
    enough = enough & np.isfinite(estimate) & (n_groups >= 2)
    limits = np.full((2, len(estimate)), np.nan)
    if enough.any():
        kept = np.where(finite[:, enough], drawn[:, enough], np.nan)
        half = student_t.ppf(0.5 + conf_level / 2, n_groups[enough] - 1) * np.nanstd(kept, axis=0, ddof=1)
        limits[:, enough] = estimate[enough] - half, estimate[enough] + half
    return limits[0], limits[1]
