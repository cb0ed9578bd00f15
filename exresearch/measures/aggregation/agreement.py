"""Agreement within units: rwg of one item, rwg(j) of several."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Null = Literal["uniform", "slightly_skewed"]
# Table 2 of LeBreton and Senter (2008): the variance of answers that lean a little to one side.
_SLIGHTLY_SKEWED = {5: 1.34, 7: 2.90}


def rwg(values: pd.Series, *, groups: pd.Series, n_points: int, null: Null = "uniform") -> pd.DataFrame:
    """Compute the agreement within each group on one item.

    When to use it: for constructs that are meant to be shared by a unit, beside ICC(2). Weights do not enter: agreement
    is about the answers that were given. Answers of one person in several waves count as several answers.

    Parameters
    ----------
    values : pandas.Series
        One answer per row; missing ones are left out and not counted.
    groups : pandas.Series
        Group of each answer, in the order of ``values``; answers without one are left out.
    n_points : int
        Points of the answer scale, 2 or more.
    null : {"uniform", "slightly_skewed"}
        Answers of people who do not agree at all: every point as often, or leaning a little to one side, as answers
        do that are biased towards the friendly end. The second is published for 5 and 7 points.

    Returns
    -------
    pandas.DataFrame
        ``group, rwg, n``, in the order of the groups' names: 1 is full agreement; 0 is no more than ``null``, or
        less, as in ``multilevel::rwg``; missing where a group has fewer than two answers.

    Raises
    ------
    ValueError
        If lengths differ, or ``n_points`` or ``null`` is not legal.

    Notes
    -----
    ``1 - variance / v`` with ``v = (n_points^2 - 1) / 12`` for the uniform null, cut off at 0.

    References
    ----------
    James, L. R., Demaree, R. G. & Wolf, G. (1984). Estimating within-group interrater reliability with and without
    response bias. *Journal of Applied Psychology*, 69(1), 85-98. https://doi.org/10.1037/0021-9010.69.1.85

    LeBreton, J. M. & Senter, J. L. (2008). Answers to 20 questions about interrater reliability and interrater
    agreement. *Organizational Research Methods*, 11(4), 815-852. https://doi.org/10.1177/1094428106296642

    Examples
    --------
    >>> rwg(pd.Series([4, 5, 1, 5]), groups=pd.Series(list("aabb")), n_points=5)["rwg"].tolist()
    [0.75, 0.0]
    """
    return rwg_j(values.to_frame(), groups=groups, n_points=n_points, null=null)


def rwg_j(items: pd.DataFrame, *, groups: pd.Series, n_points: int, null: Null = "uniform") -> pd.DataFrame:
    """Compute the agreement within each group on several parallel items.

    Parameters
    ----------
    items : pandas.DataFrame
        One column per item on one scale, turned the same way; a row counts where all items are answered.
    groups, n_points, null
        As :func:`rwg`.

    Returns
    -------
    pandas.DataFrame
        ``group, rwg, n``, as :func:`rwg`; one item gives the same values.

    Raises
    ------
    ValueError
        If there is no item, lengths differ, or ``n_points`` or ``null`` is not legal.

    Notes
    -----
    ``J (1 - s) / (J (1 - s) + s)`` with J items and ``s`` the mean of their variances divided by that of the null, at
    most 1; as ``multilevel::rwg.j``. It rises with the number of items, as reliability does.

    References
    ----------
    As :func:`rwg`.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [4, 5, 1, 5], "b": [4, 5, 2, 2]})
    >>> rwg_j(answers, groups=pd.Series(list("aabb")), n_points=5)["rwg"].round(3).tolist()
    [0.857, 0.0]
    """
    variance = _null_variance(n_points, null)
    n_items = items.shape[1]
    if not n_items:
        raise ValueError("items must have at least one column; it has none.")
    if len(groups) != len(items):
        raise ValueError(f"groups must be as many as the answers ({len(items)}); got {len(groups)}.")
    answers = items.to_numpy(dtype="float64", na_value=np.nan)
    codes, names = pd.factorize(groups, sort=True)
    there = (codes >= 0) & np.isfinite(answers).all(axis=1)
    answers, codes = answers[there], codes[there]
    n = np.bincount(codes, minlength=len(names))
    squares = np.zeros(len(names))
    for column in answers.T:
        means = np.bincount(codes, weights=column, minlength=len(names)) / np.maximum(n, 1)
        squares += np.bincount(codes, weights=(column - means[codes]) ** 2, minlength=len(names))
    several = n >= 2
    share = np.full(len(names), np.nan)
    share[several] = np.minimum(squares[several] / (n[several] - 1) / n_items / variance, 1)
    frame = pd.DataFrame(
        {"group": names, "rwg": n_items * (1 - share) / (n_items * (1 - share) + share), "n": n}
    )
    return frame[frame["n"] > 0].reset_index(drop=True)


def _null_variance(n_points: int, null: str) -> float:
    if n_points < 2:
        raise ValueError(f"n_points must be 2 or more; got {n_points!r}.")
    if null == "uniform":
        return (n_points**2 - 1) / 12
    if null != "slightly_skewed":
        raise ValueError(f"null must be one of uniform, slightly_skewed; got {null!r}.")
    if n_points not in _SLIGHTLY_SKEWED:
        raise ValueError(
            f"the slightly skewed null is published for 5 and 7 points; got {n_points!r}. Use null='uniform'."
        )
    return _SLIGHTLY_SKEWED[n_points]
