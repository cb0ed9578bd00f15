"""How far sampling alone moves the means of units, wave by wave, and from wave to wave together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.coded import coded

Matrix = NDArray[np.float64]


def unit_mean_errors(
    values: pd.Series,
    *,
    unit: pd.Series,
    wave: pd.Series,
    waves: Sequence[str],
    weights: pd.Series | None = None,
    person: pd.Series | None = None,
) -> Matrix:
    """Estimate the covariances between waves of the sampling errors of unit means, averaged over units.

    When to use it: for a model of unit means over waves that takes their sampling errors as known
    (:func:`exresearch.models.cross_lagged_panel`). A unit that seems to change may only have asked other people; where
    the same people answer again, their errors come again too, and are then part of what looks stable.

    Parameters
    ----------
    values : pandas.Series
        One answer or score per row; missing ones are left out.
    unit, wave : pandas.Series
        Of each answer, in the order of ``values``; answers without one are left out.
    waves : sequence of str
        The waves, in the order of the rows and columns of the result.
    weights : pandas.Series, optional
        Survey weights, above 0.
    person : pandas.Series, optional
        Who answered; without it the errors of different waves are taken to be unrelated.

    Returns
    -------
    numpy.ndarray [waves, waves]
        In the squared unit of ``values``; NaN where no unit has two answers in a wave, or in both waves of a pair.

    Raises
    ------
    ValueError
        If the series differ in length.

    Notes
    -----
    With shares s_i = w_i / sum w of the answers of a unit in a wave and deviations d_i from its mean, an error variance
    is ``sum s_i^2 d_i^2 / (1 - sum s_i^2)``, which is s^2 / n for equal weights; a covariance sums the products of the
    people who answered in both waves. People are taken to be drawn independently from a large population; where nearly
    everybody answers, this is too much.

    Examples
    --------
    >>> values, unit = pd.Series([1.0, 3.0, 2.0, 6.0]), pd.Series(["a", "a", "b", "b"])
    >>> unit_mean_errors(values, unit=unit, wave=pd.Series(["1"] * 4), waves=["1"]).round(9).tolist()
    [[2.5]]
    """
    given = {"unit": unit, "wave": wave, "weights": weights, "person": person}
    differ = [name for name, series in given.items() if series is not None and len(series) != len(values)]
    if differ:
        raise ValueError(f"{', '.join(differ)} must have one entry per value ({len(values)}).")
    value = values.to_numpy(dtype=np.float64, na_value=np.nan)
    weight = np.ones(len(value)) if weights is None else weights.to_numpy(dtype=np.float64, na_value=np.nan)
    place = {name: number for number, name in enumerate(waves)}
    wave_codes, wave_names = coded(wave)
    when = np.array([*(place.get(name, -1) for name in wave_names), -1])[wave_codes]
    where, units = coded(unit)
    # An answer of nobody in particular is somebody's of its own.
    own = np.arange(len(value), dtype=np.int64)
    who, n_people = own, len(value)
    if person is not None:
        codes, people = coded(person)
        who, n_people = np.where(codes < 0, len(people) + own, codes), len(people) + len(value)
    kept = ~np.isnan(value) & ~np.isnan(weight) & (when >= 0) & (where >= 0)
    value, weight, when, where, who = (part[kept] for part in (value, weight, when, where, who))
    size = len(waves)
    cell, cells = where * size + when, len(units) * size
    share = weight / np.bincount(cell, weights=weight, minlength=cells)[cell]
    mean = np.bincount(cell, weights=share * value, minlength=cells)[cell]
    left = 1.0 - np.bincount(cell, weights=share**2, minlength=cells)[cell]
    known = left > 1e-12
    error = share[known] * (value[known] - mean[known]) / np.sqrt(left[known])
    codes, _ = pd.factorize(where[known] * n_people + who[known])
    rows = int(codes.max(initial=-1)) + 1
    errors = np.bincount(codes * size + when[known], weights=error, minlength=rows * size).reshape(-1, size)
    there = (np.bincount(cell[known], minlength=cells) > 0).reshape(-1, size).astype(np.float64)
    pairs = there.T @ there
    return np.asarray(np.divide(errors.T @ errors, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))
