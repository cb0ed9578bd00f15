"""Means of answers by unit and wave, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from exresearch.study.coded import coded, ranked

Vector = NDArray[np.float64]
#: From how many people on a unit's own variance is used. By simulation (docs/coverage-measures.md): from five on its
#: interval holds the truth as often as it says, while the pooled one holds too seldom where people differ more than
#: elsewhere. With fewer, the own variance is hardly known; of three people it is 0 in one unit of twenty.
LEAST_FOR_OWN_VARIANCE = 5


def unit_means(
    values: pd.Series,
    *,
    unit: pd.Series,
    wave: pd.Series | None = None,
    weights: pd.Series | None = None,
    person: pd.Series | None = None,
    conf_level: float = 0.95,
    own_variance_from: float = LEAST_FOR_OWN_VARIANCE,
) -> pd.DataFrame:
    """Compute the weighted mean of each unit, or of each unit and wave, with a t interval.

    When to use it: wherever a unit is described by the answers of its people. Whether it should be is the question of
    :func:`icc` and :func:`aggregation_gate`.

    Parameters
    ----------
    values : pandas.Series
        One answer or score per row; missing ones are left out and not counted.
    unit : pandas.Series
        Unit of each answer, in the order of ``values``; answers without one are left out.
    wave : pandas.Series, optional
        Wave of each answer; answers without one are left out. Otherwise all answers are of wave ``all``.
    weights : pandas.Series, optional
        Survey weights, above 0. Their unit does not matter, except in ``size``.
    person : pandas.Series, optional
        Who answered, where people answer more than once: their answers are then not taken for those of several people.
    conf_level : float
        Level of the intervals, between 0 and 1.
    own_variance_from : float
        People from whose number on a unit's own variance is used; ``inf`` for the pooled variance everywhere.

    Returns
    -------
    pandas.DataFrame
        One row per unit and wave, ordered by both: ``unit, wave, n`` (answers), ``size`` (sum of their weights),
        ``mean, sd, std_error, conf_low, conf_high``. Missing: ``sd`` where there is one answer, the last three where
        no unit has answers of two people.

    Raises
    ------
    ValueError
        If lengths differ, a value is infinite, a weight is missing, infinite or not above 0, or the level is out of
        range.

    Notes
    -----
    Own variance: ``m / (m - 1) sum(w_i (y_i - mean))^2 / (sum w)^2`` over the m people, the linearised variance of a
    weighted mean (Taylor), with ``(sum w)^2 / sum w^2 - 1`` degrees of freedom (Kish); without weights that is
    ``s^2 / n`` with ``n - 1``. Where there are too few people, or nobody differs from anybody, the variance within
    units pooled over all units and waves takes its place, divided by the effective number of people.

    References
    ----------
    Kish, L. (1965). *Survey Sampling*. Wiley. Lumley, T. (2010). *Complex Surveys*. Wiley.
    https://doi.org/10.1002/9780470580066

    Examples
    --------
    >>> found = unit_means(pd.Series([4.0, 5, 6, 5, 5, 2]), unit=pd.Series(list("aaaaab")))
    >>> found[["unit", "n", "mean"]].to_numpy().tolist(), found["conf_low"].round(3).tolist()
    ([['a', 5, 5.0], ['b', 1, 2.0]], [4.122, 0.037])
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    for name, series in (("unit", unit), ("wave", wave), ("weights", weights), ("person", person)):
        if series is not None and len(series) != len(values):
            raise ValueError(f"{name} must be as many as the values ({len(values)}); got {len(series)}.")
    units, unit_names = ranked(unit)
    waves, wave_names = (
        (np.zeros(len(values), dtype=np.int64), pd.Index(["all"])) if wave is None else ranked(wave)
    )
    there = np.flatnonzero((units >= 0) & (waves >= 0) & values.notna().to_numpy())
    y = values.array[there].to_numpy(dtype=np.float64, na_value=np.nan)
    w = (
        np.ones(len(there))
        if weights is None
        else weights.array[there].to_numpy(dtype=np.float64, na_value=np.nan)
    )
    check_weights("unit_means", w)
    infinite = int(np.isinf(y).sum())
    if infinite:
        raise ValueError(
            f"unit_means takes finite values; {infinite} are infinite. Declare such codes missing."
        )
    # Grouped by number: text would be compared anew for every table.
    codes, cells = pd.factorize(units[there] * len(wave_names) + waves[there], sort=True)
    size = len(cells)
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(least, codes, y)
    np.maximum.at(most, codes, y)
    total = np.bincount(codes, w, size).astype(np.float64)
    # No mean lies outside its answers: where all units answer alike, rounding must not make them differ.
    mean = np.bincount(codes, y * w, size) / total
    # Nor may the order of the rows part units whose means are the same: what is left over is added once more.
    mean += np.bincount(codes, w * (y - mean[codes]), size) / total
    mean = np.clip(mean, least, most)
    means = pd.DataFrame(
        {
            "unit": unit_names.take(cells // max(len(wave_names), 1)),
            "wave": wave_names.take(cells % max(len(wave_names), 1)),
            "n": np.bincount(codes, minlength=size),
            "size": total,
            "mean": mean,
        }
    )
    rows = _spread(y, w, codes, mean)
    people = rows
    if person is not None:
        people = _spread(*_by_person(y, w, codes, coded(person)[0][there]), mean)
    several = rows.m >= 2
    means["sd"] = np.sqrt(np.divide(rows.ss, rows.dof, out=np.full(len(means), np.nan), where=several))
    std_error, dof = _standard_errors(people, own_from=own_variance_from)
    half = stdtrit(dof, 0.5 + conf_level / 2) * std_error
    means["std_error"], means["conf_low"], means["conf_high"] = std_error, mean - half, mean + half
    return means[["unit", "wave", "n", "size", "mean", "sd", "std_error", "conf_low", "conf_high"]]


def person_means(
    values: pd.Series, *, unit: pd.Series, person: pd.Series | None = None, weights: pd.Series | None = None
) -> pd.DataFrame:
    """Average the answers of each person in each unit, so that a row is a person and not an answer sheet.

    When to use it: before :func:`icc`, where people answer in several waves. Their own constancy would otherwise be
    taken for a property of their unit.

    Parameters
    ----------
    values, unit, person, weights : pandas.Series
        As :func:`unit_means`. An answer without a person is one by itself, and so are all without ``person``.

    Returns
    -------
    pandas.DataFrame
        ``unit, value, weight``: one row per person and unit, with the sum of the weights, so that the mean of a unit
        is that of all its answers.

    Raises
    ------
    ValueError
        If the weight of an answer is missing, infinite or not above 0.

    Examples
    --------
    >>> people = person_means(pd.Series([4.0, 6, 3]), unit=pd.Series(list("aaa")), person=pd.Series(["p", "p", "q"]))
    >>> people.to_numpy().tolist()
    [['a', 5.0, 2.0], ['a', 3.0, 1.0]]
    """
    y = values.to_numpy(dtype="float64", na_value=np.nan)
    there = np.isfinite(y) & unit.notna().to_numpy()
    w = np.ones(len(y)) if weights is None else weights.to_numpy(dtype="float64", na_value=np.nan)
    codes, names = pd.factorize(unit[there], sort=True)
    y, w = y[there], w[there]
    check_weights("person_means", w)
    if person is not None:
        y, w, codes = _by_person(y, w, codes, coded(person)[0][there])
    return pd.DataFrame({"unit": np.asarray(names, dtype=object)[codes], "value": y, "weight": w})


def check_weights(function: str, weights: Vector) -> None:
    """Raise ValueError in the name of a function unless all weights are above 0."""
    wrong = int((~(np.isfinite(weights) & (weights > 0))).sum())
    if wrong:
        raise ValueError(
            f"{function} takes weights above 0; {wrong} are missing, infinite, zero or negative."
        )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Per group: rows, their effective number, squares around the mean, their degrees of freedom, own variance."""

    m: NDArray[np.intp]
    n_effective: Vector
    ss: Vector
    dof: Vector
    own: Vector


def _spread(y: Vector, w: Vector, codes: NDArray[np.intp], means: Vector) -> _Spread:
    size = len(means)
    distances: Vector = y - means[codes]
    m = np.bincount(codes, minlength=size)
    total, squares = (np.bincount(codes, weights=part, minlength=size) for part in (w, w**2))
    linear = np.bincount(codes, weights=(w * distances) ** 2, minlength=size) / total**2
    return _Spread(
        m=m,
        n_effective=total**2 / squares,
        ss=np.bincount(codes, weights=w * distances**2, minlength=size).astype(np.float64),
        # In units of the weights, like ss; with equal weights of 1, one less than the rows.
        dof=total - squares / total,
        own=linear * m / np.maximum(m - 1, 1),
    )


def _standard_errors(people: _Spread, *, own_from: float) -> tuple[Vector, Vector]:
    """Standard errors and their degrees of freedom, from a group's own variance or from that of all groups."""
    several = people.m >= 2
    if not several.any():
        return np.full(len(people.m), np.nan), np.full(len(people.m), np.nan)
    pooled = float(people.ss[several].sum() / people.dof[several].sum())
    own = (people.m >= max(own_from, 2)) & (people.own * people.n_effective > 1e-12 * pooled)
    variance = np.where(own, people.own, pooled / people.n_effective)
    dof = np.where(own, people.n_effective - 1, float((people.n_effective[several] - 1).sum()))
    return np.sqrt(variance), dof


def _by_person(
    y: Vector, w: Vector, codes: NDArray[np.intp], people: NDArray[np.int64]
) -> tuple[Vector, Vector, NDArray[np.intp]]:
    """One row per person and group: mean, sum of weights, group; a row without a person is one by itself."""
    alone = people < 0
    size = int(people.max(initial=-1)) + 1
    who = people.copy()
    who[alone] = size + np.arange(alone.sum())
    _, first, cells = np.unique(
        codes.astype(np.int64) * (size + int(alone.sum()) + 1) + who,
        return_index=True,
        return_inverse=True,
    )
    total = np.bincount(cells, weights=w, minlength=len(first))
    means = np.bincount(cells, weights=w * y, minlength=len(first)) / total
    return means, total.astype(np.float64), codes[first]
