"""The answers that a reliability is computed from: checked, with weights, groups and covariances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Handling = Literal["listwise", "pairwise"]
HANDLINGS = ("listwise", "pairwise")
# Of what an int64 holds.
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers of n sheets to k items.

    Attributes
    ----------
    names : tuple
        The items' names, k of them.
    scores : ndarray [n, k]
        Answers as given, NaN where missing; none missing after listwise deletion. Sheets without any answer are out.
    weights : ndarray [n]
        Mean 1.
    groups : ndarray [n] of int or None
        Number of each sheet's group, from 0 without gaps; None where every sheet is a group by itself.
    n_groups : int
        Groups, or sheets.
    weighted, clustered : bool
        Whether weights or groups were given.
    """

    names: tuple[str, ...]
    scores: FloatArray
    weights: FloatArray
    groups: NDArray[np.intp] | None
    n_groups: int
    weighted: bool
    clustered: bool

    @property
    def n_pairwise(self) -> int:
        """Sheets that answer both of the two items which the fewest answer together."""
        there = (~np.isnan(self.scores)).astype(np.float64)
        return int((there.T @ there).min())


def checked_answers(
    items: pd.DataFrame,
    *,
    weights: pd.Series | None,
    cluster: pd.Series | None,
    handling: str,
    least_items: int = 2,
) -> Answers:
    """Check items, weights and clusters, and leave out the sheets that cannot be used.

    Parameters
    ----------
    items : pandas.DataFrame [n, k]
        One numeric column per item, higher meaning more of the construct.
    weights, cluster : pandas.Series or None
        As many as the rows of ``items``, in the same order.
    handling : {"listwise", "pairwise"}
        Keep the sheets that answer all items, or those that answer any.
    least_items : int
        Columns needed.

    Returns
    -------
    Answers

    Raises
    ------
    ValueError
        If items are no frame of enough numeric, finite columns of different names, weights or clusters are not as
        many as the rows, a weight is missing or not above 0, or ``handling`` is unknown.
    """
    if handling not in HANDLINGS:
        raise ValueError(f"handling must be one of {', '.join(HANDLINGS)}; got {handling!r}.")
    if not isinstance(items, pd.DataFrame):
        raise ValueError(
            f"items must be a pandas DataFrame, one column per item; got {type(items).__name__}."
        )
    if items.shape[1] < least_items:
        raise ValueError(f"items must have {least_items} or more columns; got {items.shape[1]}.")
    twice = sorted({str(name) for name in items.columns[items.columns.duplicated()]})
    if twice:
        raise ValueError(f"items must have a name of their own each; more than once: {', '.join(twice)}.")
    text = [str(name) for name in items.columns if not pd.api.types.is_numeric_dtype(items[name])]
    if text:
        raise ValueError(f"items must be numeric; not so: {', '.join(text)}. Recode them to numbers.")
    for name, series in (("weights", weights), ("cluster", cluster)):
        if series is not None and len(series) != len(items):
            raise ValueError(
                f"{name} must be as many as the rows of items ({len(items)}); got {len(series)}."
            )
    values = items.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = [
        str(name) for name, column in zip(items.columns, values.T, strict=True) if np.isinf(column).any()
    ]
    if infinite:
        raise ValueError(f"items must be finite; not so: {', '.join(infinite)}. Declare such codes missing.")
    given = ~np.isnan(values)
    there = given.all(axis=1) if handling == "listwise" else given.any(axis=1)
    w = np.ones(int(there.sum()))
    if weights is not None:
        w = weights.to_numpy(dtype=np.float64, na_value=np.nan)[there]
        wrong = int((~(np.isfinite(w) & (w > 0))).sum())
        if wrong:
            raise ValueError(
                f"weights must be above 0; {wrong} are missing, infinite, zero or negative. Leave those rows out."
            )
        w = w / w.mean() if len(w) else w
    groups = None
    n_groups = len(w)
    if cluster is not None:
        groups, n_groups = _numbered(cluster[there])
    return Answers(
        names=tuple(str(name) for name in items.columns),
        scores=values[there],
        weights=w,
        groups=groups,
        n_groups=n_groups,
        weighted=weights is not None,
        clustered=cluster is not None,
    )


def covariance_matrix(answers: Answers) -> FloatArray:
    """Return the weighted covariances, each from the sheets that answer both items.

    Parameters
    ----------
    answers : Answers
        Of n sheets.

    Returns
    -------
    ndarray [k, k]
        ``sum w (x - m)(y - m') / (W - sum w^2 / W)``, as R's ``cov.wt``; with equal weights the divisor is n - 1. NaN
        where fewer than two sheets answer both.
    """
    k = answers.scores.shape[1]
    matrix = np.full((k, k), np.nan)
    for i, j, covariance, _ in _pairs(answers, deleted=False):
        matrix[i, j] = matrix[j, i] = covariance
    return matrix


def deletions(answers: Answers) -> Iterator[tuple[int, int, FloatArray]]:
    """Give for each pair of items its covariance with each group left out in turn.

    Parameters
    ----------
    answers : Answers
        Of n sheets in G groups.

    Yields
    ------
    (i, j, covariances) : int, int, ndarray [G]
        Pairs with i at most j, in order: a matrix for every group would not fit in memory.
    """
    for i, j, _, left_out in _pairs(answers, deleted=True):
        yield i, j, left_out


def ordered_groups(
    content: FloatArray | Sequence[FloatArray], labels: pd.Series | None
) -> tuple[NDArray[np.intp], int]:
    """Number groups in the order of what their rows hold, so that a draw of groups does not depend on that of rows.

    Parameters
    ----------
    content : ndarray [n, p], or sequence of ndarray [n]
        All that a row brings, or its columns; NaN where nothing.
    labels : pandas.Series or None
        Group of each row; a row without one is a group by itself, as every row is without ``labels``.

    Returns
    -------
    (numbers, n_groups) : ndarray [n] of int, int
        From 0 without gaps. Groups that hold the same take numbers next to each other, in an order that changes
        nothing.

    Examples
    --------
    >>> ordered_groups(np.array([[3.0], [1.0], [2.0]]), pd.Series(["b", "a", "b"]))[0].tolist()
    [1, 0, 1]
    """
    columns = content.T if isinstance(content, np.ndarray) else content
    n = len(columns[0]) if len(columns) else 0
    if not n:
        return np.empty(0, dtype=np.intp), 0
    place = _places(columns, n)
    if labels is None:
        number = np.empty(n, dtype=np.intp)
        number[np.argsort(place, kind="stable")] = np.arange(n)
        return number, n
    groups, n_groups = _numbered(labels)
    rows = np.lexsort((place, groups))
    starts = np.cumsum(np.bincount(groups, minlength=n_groups))[:-1]
    firsts = place[rows][np.concatenate([[0], starts]).astype(np.intp)]
    number = np.empty(n_groups, dtype=np.intp)
    if len(np.unique(firsts)) == n_groups:
        # Their first rows tell all groups apart.
        number[np.argsort(firsts)] = np.arange(n_groups)
        return number[groups], n_groups
    held = [part.tolist() for part in np.split(place[rows], starts)]
    number[sorted(range(n_groups), key=held.__getitem__)] = np.arange(n_groups)
    return number[groups], n_groups


def _places(columns: Sequence[FloatArray] | FloatArray, n: int) -> NDArray[np.int64]:
    """How many rows come before each in the order of the first column, then the second and so on; missing comes last.

    Most rows differ in a few columns, and only those that do not are looked at further: of a million rows with eighty
    columns that is a second instead of half a minute.
    """
    place = np.zeros(n, dtype=np.int64)
    tied = np.arange(n)
    remaining = iter(columns)
    column = next(remaining, None)
    while column is not None and len(tied):
        key, size = np.zeros(len(tied), dtype=np.int64), 1
        while column is not None:
            # NaN is not equal to itself, so that equal rows would differ.
            values = column[tied]
            codes, points = pd.factorize(np.where(np.isnan(values), np.inf, values), sort=True)
            if size > 1 and size * len(points) * n > _LARGEST:
                break
            key, size = key * len(points) + codes, size * len(points)
            column = next(remaining, None)
        # Rows tied so far stand together, from the place of the first of them.
        before = place[tied]
        order = (
            np.lexsort((key, before))
            if size * n > _LARGEST
            else np.argsort(before * size + key, kind="stable")
        )
        tied, before, key = tied[order], before[order], key[order]
        block = np.concatenate([[True], before[1:] != before[:-1]])
        run = block | np.concatenate([[True], key[1:] != key[:-1]])
        at = np.arange(len(tied))
        place[tied] = (
            before
            + np.maximum.accumulate(np.where(run, at, 0))
            - np.maximum.accumulate(np.where(block, at, 0))
        )
        tied = np.sort(tied[~(run & np.concatenate([run[1:], [True]]))])
    return place


def _pairs(answers: Answers, *, deleted: bool) -> Iterator[tuple[int, int, float, FloatArray]]:
    given = np.asfortranarray(~np.isnan(answers.scores))
    filled = np.where(given, answers.scores, 0.0)
    # Near the mean no digits are lost; an answer that is missing stays 0 and has no weight.
    x = np.asfortranarray(
        np.where(given, filled - filled.sum(axis=0) / np.maximum(given.sum(axis=0), 1), 0.0)
    )
    complete = bool(given.all())
    k, w = x.shape[1], answers.weights
    base = _sums(answers, [w, w * w], deleted) if complete else []
    # With gaps every pair has rows, and so sums, of its own.
    single = _sums(answers, [w * x[:, i] for i in range(k)], deleted) if complete else []
    for i in range(k):
        wi = w if complete else np.where(given[:, i], w, 0.0)
        for j in range(i, k):
            wij = w if complete else np.where(given[:, j], wi, 0.0)
            wa = wij * x[:, i]
            sums = base or _sums(answers, [wij, wij * wij], deleted)
            alone = [single[i], single[j]] if complete else _sums(answers, [wa, wij * x[:, j]], deleted)
            sums = [*sums, *alone, *_sums(answers, [wa * x[:, j]], deleted)]
            covariance = float(_covariance(*(np.array(total) for total, _ in sums)))
            left_out = _covariance(*(total - part for total, part in sums)) if deleted else np.empty(0)
            yield i, j, covariance, left_out


def _sums(answers: Answers, columns: list[FloatArray], by_group: bool) -> list[tuple[float, FloatArray]]:
    """Sum of each column, and, where asked, of each of its groups."""
    groups, number = answers.groups, answers.n_groups
    if groups is None or not by_group:
        return [(float(column.sum()), column) for column in columns]
    parts = [np.bincount(groups, weights=column, minlength=number).astype(np.float64) for column in columns]
    return [(float(part.sum()), part) for part in parts]


def _covariance(w: FloatArray, w2: FloatArray, a: FloatArray, b: FloatArray, ab: FloatArray) -> FloatArray:
    """Covariance from sums of weights, squared weights, values and products; NaN where nothing is left."""
    with np.errstate(invalid="ignore", divide="ignore"):
        divisor = w - w2 / w
        return np.asarray(np.where(divisor > 1e-9 * w, (ab - a * b / w) / divisor, np.nan))


def _numbered(labels: pd.Series) -> tuple[NDArray[np.intp], int]:
    # A row without a label is a group by itself, as everywhere.
    codes, names = pd.factorize(labels)
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes, len(names) + int(alone.sum())
