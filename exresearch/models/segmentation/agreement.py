"""Do two ways to divide the same people agree, and a second way to divide them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exresearch.models.segmentation.features import FloatArray

# People at once, so that their distances stay near the processor.
_ROWS = 10_000
# Groups that a byte can number.
_FEW = 100


def adjusted_rand(first: ArrayLike, second: ArrayLike) -> float:
    """Return how far two divisions of the same people agree, beyond what chance gives.

    Parameters
    ----------
    first, second : array-like [n]
        Group of each person, of any kind; the names of the groups do not matter.

    Returns
    -------
    float
        1 where they are the same, about 0 where they agree as often as chance would, negative below.

    Raises
    ------
    ValueError
        If they are not of the same people, or of fewer than two.

    Notes
    -----
    Hubert & Arabie 1985, doi:10.1007/BF01908075: pairs of people who are together in both, less what is expected with
    the same sizes, out of what could be had at most.

    Examples
    --------
    >>> adjusted_rand([0, 0, 1, 1], ["b", "b", "a", "a"]), round(adjusted_rand([0, 0, 1, 1], [0, 1, 0, 1]), 2)
    (1.0, -0.5)
    """
    a, b = (np.unique(np.asarray(part), return_inverse=True)[1].reshape(-1) for part in (first, second))
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(
            f"two divisions of the same two or more people are needed; got {len(a)} and {len(b)}."
        )
    table = np.bincount(a * (b.max() + 1) + b, minlength=(a.max() + 1) * (b.max() + 1)).reshape(
        -1, b.max() + 1
    )
    together, of_first, of_second = (_pairs(part) for part in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = of_first * of_second / (len(a) * (len(a) - 1) / 2)
    most = (of_first + of_second) / 2
    return 1.0 if most == expected else float((together - expected) / (most - expected))


def k_means(
    data: pd.DataFrame, *, k: int, starts: int = 30, iterations: int = 100, seed: int = 0
) -> NDArray[np.intp]:
    """Divide people into k groups by distance alone, without any idea of how answers are distributed.

    Use it to see whether segments hang on the model: columns are standardised, a missing answer is taken as the mean.

    Parameters
    ----------
    data : DataFrame [n, items]
        Numeric answers.
    k : int
        Groups.
    starts, iterations : int
        Random starts; steps of each at most.
    seed : int
        For the starts.

    Returns
    -------
    ndarray [n] of int
        Group of each person, of the start with the least squared distances.

    Notes
    -----
    Lloyd 1982, doi:10.1109/TIT.1982.1056489.

    Examples
    --------
    >>> k_means(pd.DataFrame({"a": [0.0, 0.1, 5.0, 5.1]}), k=2).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    values = data.to_numpy(dtype="float64")
    x = np.nan_to_num((values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0))
    rng = np.random.default_rng([seed, k])
    drawn = [x[rng.choice(len(x), size=k, replace=False)] for _ in range(starts)]
    best, least = np.zeros(len(x), dtype=np.intp), np.inf
    for centres in drawn:
        near, centres = _settled(x, centres, iterations)
        squares = float(((x - centres[near]) ** 2).sum())
        if squares < least:
            best, least = near, squares
    return best


def _settled(x: FloatArray, centres: FloatArray, iterations: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Groups and centres when people stay where they are."""
    turned = np.ascontiguousarray(x.T)
    near, added = _nearest(x, turned, centres)
    for _ in range(iterations):
        count = np.bincount(near, minlength=len(centres))[:, None]
        centres = np.where(count > 0, added / np.maximum(count, 1), centres)
        before = near
        near, added = _nearest(x, turned, centres)
        if (near == before).all():
            break
    return near.astype(np.intp), centres


def _nearest(
    x: FloatArray, turned: FloatArray, centres: FloatArray
) -> tuple[NDArray[np.integer], FloatArray]:
    """Nearest centre of everybody, the first of equals, and the sums [k, d] of those around each."""
    size = (centres**2).sum(axis=1)[:, None]
    found: NDArray[np.integer] = np.zeros(len(x), dtype=np.int8 if len(centres) < _FEW else np.intp)
    added = np.zeros_like(centres)
    numbers = np.arange(len(centres))[:, None]
    for start in range(0, len(x), _ROWS):
        part = slice(start, start + _ROWS)
        distance = size - 2 * (centres @ turned[:, part])
        least, near = distance[0], found[part]
        for number in range(1, len(centres)):
            nearer = distance[number] < least
            # Numbers rise, so that the last centre that was nearer has the largest one.
            np.maximum(near, nearer.astype(near.dtype) * near.dtype.type(number), out=near)
            least = np.minimum(least, distance[number])
        added += (near == numbers).astype("float64") @ x[part]
    return found, added


def _pairs(counts: NDArray[np.int64]) -> float:
    return float((counts * (counts - 1.0) / 2).sum())
