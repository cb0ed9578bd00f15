"""Folds in which a unit is never on both sides, and R-squared on the fold that was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from exresearch.models.moments import UnitMoments
from exresearch.models.moments.algebra import ROUNDING
from exresearch.models.resampling import NotEstimable, check_whole

FloatArray = NDArray[np.float64]
# Directions of the predictors with less than this share of variance are combinations of the others.
_COLLINEAR = 1e-9


def fold_numbers(n_units: int, *, folds: int, repeats: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of every unit in every repeat; folds differ by one unit at most.

    Use it for any model that has to be judged on units it has not seen: rows of one unit get the unit's fold.

    Parameters
    ----------
    n_units : int
        Number of units U: clusters, or rows where rows are on their own.
    folds : int
        2 or more, and no more than units.
    repeats : int
        Independent divisions.
    seed : int

    Returns
    -------
    ndarray [repeats, U] of int
        From 0 to ``folds - 1``.

    Raises
    ------
    ValueError
        A number that is not whole or too small.
    NotEstimable
        Fewer units than folds.

    Examples
    --------
    >>> np.bincount(fold_numbers(7, folds=3, repeats=1, seed=1)[0]).tolist()
    [3, 2, 2]
    """
    check_whole("folds", folds, least=2)
    check_whole("repeats", repeats, least=1)
    check_whole("seed", seed, least=0)
    if n_units < folds:
        raise NotEstimable(f"{folds} folds need as many units, got {n_units}.")
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(n_units) % folds for _ in range(repeats)]).astype(np.int64)


def held_out_r2(
    moments: UnitMoments,
    *,
    outcome: str,
    models: Mapping[str, Sequence[str]],
    folds: int,
    repeats: int,
    seed: int,
) -> dict[str, FloatArray]:
    """R-squared of linear models on units that had no part in the fit, per repeat.

    Parameters
    ----------
    moments : UnitMoments
        Of the outcome and all predictors.
    outcome : str
    models : mapping of str to sequence of str
        Predictors of each model.
    folds, repeats, seed : int
        As :func:`fold_numbers`; every model sees the same folds.

    Returns
    -------
    dict of str to ndarray [repeats]
        ``1 - sum (y - prediction)^2 / sum (y - mean)^2`` over all folds, where prediction and mean come from the other
        folds; below 0 where a model predicts worse than the mean.

    Raises
    ------
    ValueError
        Options at fault, or a column that is not among the moments.
    NotEstimable
        Fewer units than folds.

    References
    ----------
    Stone (1974), Cross-validatory choice and assessment of statistical predictions,
    doi:10.1111/j.2517-6161.1974.tb00994.x

    Examples
    --------
    >>> import pandas as pd
    >>> from exresearch.models import unit_moments
    >>> data = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0) * 2})
    >>> moments = unit_moments(data, columns=["y", "x"])
    >>> held_out_r2(moments, outcome="y", models={"line": ["x"]}, folds=5, repeats=1, seed=1)["line"].round(6).tolist()
    [1.0]
    """
    numbers = fold_numbers(moments.n_units, folds=folds, repeats=repeats, seed=seed)
    inside = (numbers[:, None, :] == np.arange(folds)[None, :, None]).reshape(-1, moments.n_units)
    tested = moments.sums(inside.astype(np.float64))
    trained = moments.sums() - tested
    place = {name: number + 1 for number, name in enumerate(moments.columns)}
    last = place[outcome]
    mean = np.zeros((len(tested), len(place) + 1))
    mean[:, last] = 1.0
    mean[:, 0] = -trained[:, 0, last] / trained[:, 0, 0]
    total = _squares(mean, tested).reshape(repeats, folds).sum(axis=1)
    found = {}
    for name, predictors in models.items():
        residual = _residual(trained, [place[column] for column in predictors], last)
        left = _squares(residual, tested).reshape(repeats, folds).sum(axis=1)
        found[name] = np.asarray(1.0 - left / total)
    return found


def _squares(combination: FloatArray, sums: FloatArray) -> FloatArray:
    """Sum of squares of a combination of the columns, per fold."""
    return np.asarray(np.einsum("bi,bij,bj->b", combination, sums, combination))


def _residual(sums: FloatArray, columns: list[int], outcome: int) -> FloatArray:
    """What the outcome is less its prediction, as weights of (1, columns), fitted on each set of sums."""
    weights = np.zeros((len(sums), sums.shape[1]))
    weights[:, outcome] = 1.0
    total = sums[:, 0, 0]
    mean = sums[:, 0, :] / total[:, None]
    weights[:, 0] = -mean[:, outcome]
    if not columns:
        return weights
    inside = np.ix_(range(len(sums)), columns, columns)
    spread = sums[inside] / total[:, None, None] - mean[:, columns, None] * mean[:, None, columns]
    together = sums[:, columns, outcome] / total[:, None] - mean[:, columns] * mean[:, [outcome]]
    variance = np.einsum("bii->bi", spread)
    varies = variance > ROUNDING * np.einsum("bii->bi", sums[inside]) / total[:, None]
    scale = np.where(varies, 1.0 / np.sqrt(np.where(varies, variance, 1.0)), 0.0)
    inverse = np.linalg.pinv(spread * scale[:, :, None] * scale[:, None, :], rcond=_COLLINEAR, hermitian=True)
    slopes = np.einsum("bij,bj->bi", inverse, together * scale) * scale
    weights[:, columns] = -slopes
    weights[:, 0] += (slopes * mean[:, columns]).sum(axis=1)
    return weights
