"""Raking: weights that bring the margins of the answers to those of the population, within bounds if asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
# Shares may be rounded, and numbers of people counted on different days, but not by more than this.
MARGIN_TOLERANCE = 0.005
_PATIENCE = 50
_FACTORS = (1e-100, 1e100)


@dataclass(frozen=True, slots=True)
class Raked:
    """Weights and how raking ended.

    Attributes
    ----------
    weights : pandas.Series
        One weight above 0 for each row, with mean 1.
    cycles : int
        Cycles over all margins.
    converged : bool
        Whether every weighted share lies within the tolerance of its margin.
    largest_deviation : float
        Largest distance of a weighted share to its margin, from 0 to 1.
    n_trimmed : int
        Rows whose weight lies on a bound.
    """

    weights: pd.Series
    cycles: int
    converged: bool
    largest_deviation: float
    n_trimmed: int


def rake(
    categories: pd.DataFrame,
    *,
    margins: Mapping[str, Mapping[str, float]],
    start: pd.Series | None = None,
    tolerance: float = 1e-10,
    max_cycles: int = 1000,
    trim_low: float | None = None,
    trim_high: float | None = None,
) -> Raked:
    """Weight rows so that the share of each category is what is known of the population.

    When to use it: some groups answered less than others, and their sizes are known one variable at a time. Weights
    make respondents look like the population on these variables; they mend the bias of non-response as far as answers
    go together with them, and no further.

    Parameters
    ----------
    categories : pandas.DataFrame
        One row per answer sheet, one column per margin. A missing category is allowed: see the notes.
    margins : mapping
        Per column the numbers, shares or percentages of its categories, above 0; each column is scaled to a sum of 1.
    start : pandas.Series, optional
        Starting weights above 0, in the order of the rows, such as design weights; only their proportions matter.
    tolerance : float
        Largest distance of a weighted share to its margin at which raking stops.
    max_cycles : int
        Cycles after which it stops in any case; it stops earlier when fifty cycles bring it no nearer.
    trim_low, trim_high : float, optional
        Smallest and largest weight, relative to the mean of the weights; below and above 1.

    Returns
    -------
    Raked

    Raises
    ------
    ValueError
        No rows or margins; a margin without a column, not above 0, without rows, or rows without a margin; nothing but
        missing categories; starting weights that are not as many as the rows or not above 0; bounds out of range.

    Notes
    -----
    Iterative proportional fitting (Deming & Stephan 1940): each cycle multiplies, margin by margin, the weights of
    a category by what brings its share to the margin. Of all weights that meet the margins these are the nearest to
    the starting weights in relative entropy. With bounds L and U the weights are min(U, max(L, start x factors)) and
    each factor is the one that brings the bounded weights to the margin: calibration with bounds (Deville & Sarndal
    1992), by relative entropy and with the bounds on the weights themselves. Trimming after raking would break the
    margins again. Where bounds and margins cannot both hold, the bounds hold, ``converged`` is false and
    ``largest_deviation`` says how far the margins are off.

    Rows without a category keep, together, the share of the starting weights that they have; the margin holds among the
    others. That is: they are not moved by a variable on which nothing is known of them.

    In R: ``survey::rake(design, list(~a, ~b), list(pop_a, pop_b), control = list(epsilon = 1e-9, maxit = 1000))``.

    References
    ----------
    Deming & Stephan (1940), doi:10.1214/aoms/1177731829; Deville & Sarndal (1992), doi:10.1080/01621459.1992.10475217

    Examples
    --------
    >>> sheets = pd.DataFrame({"contract": ["fixed", "fixed", "fixed", "hired"]})
    >>> rake(sheets, margins={"contract": {"fixed": 50, "hired": 50}}).weights.round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    _check(categories, margins, trim_low=trim_low, trim_high=trim_high)
    first = _starting(categories, start)
    # Rows with the same categories and starting weight get the same weight, so profiles are raked instead of rows.
    codes = {name: pd.Index(list(margins[name])).get_indexer(pd.Index(categories[name])) for name in margins}
    keys = pd.DataFrame(codes | {"(start)": first})
    profile = keys.groupby(list(keys.columns), sort=True).ngroup().to_numpy(dtype=np.intp)
    _, at, size = np.unique(profile, return_index=True, return_counts=True)
    base, count = first[at], size.astype(np.float64)
    members = [codes[name][at] for name in margins]
    targets = [
        _targets(code, count * base, np.array(list(margins[name].values()), dtype=np.float64))
        for name, code in zip(margins, members, strict=True)
    ]
    groups = [_by_category(code, len(target)) for code, target in zip(members, targets, strict=True)]
    low, high = trim_low or 0.0, trim_high or np.inf
    factors = np.ones(len(base))
    cycles, deviation = 0, _deviation(_bounded(base * factors, low, high), count, members, targets)
    path = [deviation]
    while deviation > tolerance and cycles < max_cycles and not _stuck(path):
        for inside, target in zip(groups, targets, strict=True):
            for rows, wanted in zip(inside, target, strict=True):
                if len(rows):
                    factors[rows] *= _factor(
                        base[rows] * factors[rows], count[rows], wanted, low=low, high=high
                    )
            # Margins that contradict one another drive some factors to 0 and others out of bounds.
            factors = np.clip(factors, *_FACTORS)
        cycles += 1
        deviation = _deviation(_bounded(base * factors, low, high), count, members, targets)
        path.append(deviation)
    # Where the margins could not be met, the mean is still 1.
    unbounded = base * factors
    unbounded = unbounded * _factor(unbounded, count, float(len(first)), low=low, high=high)
    weights = _bounded(unbounded, low, high)
    on_bound = (weights <= low) | (weights >= high)
    deviation = _deviation(weights, count, members, targets)
    return Raked(
        weights=pd.Series(weights[profile], index=categories.index, name="weight"),
        cycles=cycles,
        converged=deviation <= tolerance,
        largest_deviation=deviation,
        n_trimmed=int(count[on_bound].sum()),
    )


def _check(
    categories: pd.DataFrame,
    margins: Mapping[str, Mapping[str, float]],
    *,
    trim_low: float | None,
    trim_high: float | None,
) -> None:
    if categories.empty or not margins:
        raise ValueError("rake needs at least one row and one margin.")
    lacking = [name for name in margins if name not in categories]
    if lacking:
        raise ValueError(f"rake: there are no columns {lacking}; the frame has {list(categories.columns)}.")
    if trim_low is not None and not 0 < trim_low < 1:
        raise ValueError(
            f"trim_low must lie between 0 and 1, as a part of the mean weight; got {trim_low!r}."
        )
    if trim_high is not None and not 1 < trim_high < np.inf:
        raise ValueError(f"trim_high must be above 1, as a multiple of the mean weight; got {trim_high!r}.")
    problems = []
    for name, margin in margins.items():
        wrong = [category for category, value in margin.items() if not 0 < value < np.inf]
        if wrong:
            problems.append(f"margins of {name!r} that are not above 0: {wrong}")
        known = set(categories[name].dropna().unique())
        if not known:
            problems.append(f"no row has a category of {name!r}")
            continue
        nobody = [category for category in margin if category not in known]
        if nobody:
            problems.append(f"categories of {name!r} without rows: {nobody}")
        if known - set(margin):
            problems.append(f"{len(known - set(margin))} categories of {name!r} without a margin")
    if problems:
        raise ValueError(f"rake: {'; '.join(problems)}. Merge or complete them.")


def _starting(categories: pd.DataFrame, start: pd.Series | None) -> Floats:
    if start is None:
        return np.ones(len(categories))
    if len(start) != len(categories):
        raise ValueError(f"start must be as many as the rows ({len(categories)}); got {len(start)}.")
    values = start.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = int((~((values > 0) & np.isfinite(values))).sum())
    if wrong:
        raise ValueError(f"start must hold weights above 0; {wrong} are missing, infinite, zero or negative.")
    return np.asarray(values / values.mean())


def _targets(code: Codes, weights: Floats, margin: Floats) -> Floats:
    """Wanted sum of the weights: first of the rows without a category, then of each category."""
    total = float(weights.sum())
    without = float(weights[code < 0].sum())
    return np.concatenate([[without], margin / margin.sum() * (total - without)])


def _by_category(code: Codes, count: int) -> list[Codes]:
    """Positions of each category, those without a category first."""
    order = np.argsort(code, kind="stable")
    return np.split(order, np.searchsorted(code[order], np.arange(count - 1)))


def _bounded(weights: Floats, low: float, high: float) -> Floats:
    return np.clip(weights, low, high)


def _deviation(weights: Floats, count: Floats, members: list[Codes], targets: list[Floats]) -> float:
    total = float(weights @ count)
    return max(
        float(
            np.abs(
                np.bincount(code + 1, weights=weights * count, minlength=len(target)) / total
                - target / target.sum()
            ).max()
        )
        for code, target in zip(members, targets, strict=True)
    )


def _stuck(path: list[float]) -> bool:
    # Also the slowest raking that gets there gains more than a thousandth in fifty cycles.
    return len(path) > 2 * _PATIENCE and min(path[-_PATIENCE:]) > 0.999 * min(path[:-_PATIENCE])


def _factor(weights: Floats, count: Floats, wanted: float, *, low: float, high: float) -> float:
    """Give the factor with which the bounded weights sum to what is wanted, or the nearest they can come to it."""
    if low == 0.0 and high == np.inf:
        return wanted / float(weights @ count)
    total = float(count.sum())
    # From these factors on, or down, every weight is on its bound.
    smallest, largest = (low / weights.max() if low > 0.0 else 0.0), high / weights.min()
    if wanted <= low * total:
        return float(smallest)
    if wanted >= high * total:
        return float(largest)
    # The bounded sum is a broken line in the factor, straight between two bends. Sorted weights give all its bends.
    order = np.argsort(weights)
    ordered, counts = weights[order], np.concatenate([[0.0], count[order].cumsum()])
    masses = np.concatenate([[0.0], (ordered * count[order]).cumsum()])
    bends = np.concatenate([low / ordered[::-1], high / ordered[::-1]])
    bends = np.sort(bends[(bends > 0.0) & np.isfinite(bends)])
    below = np.searchsorted(ordered, low / bends, side="left")
    upto = np.searchsorted(ordered, high / bends, side="right")
    above = high * (counts[-1] - counts[upto]) if np.isfinite(high) else 0.0
    sums = low * counts[below] + bends * (masses[upto] - masses[below]) + above
    place = int(np.searchsorted(sums, wanted))
    if place == 0:
        return float(bends[0] * wanted / sums[0])
    if place == len(bends):
        return wanted / float(masses[-1])
    before, after = place - 1, place
    part = (wanted - sums[before]) / (sums[after] - sums[before])
    return float(bends[before] + part * (bends[after] - bends[before]))
