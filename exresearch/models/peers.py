"""What colleagues answered: means per unit and wave that leave out the person they are set beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, check_positive, numeric_columns, unit_codes
from exresearch.models.names import as_list, name_list


def colleague_means(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    person: str,
    unit: str,
    wave: str,
    waves: Sequence[Any],
    weights: str | None = None,
    lag: int = 1,
    least: int = 5,
    present_in_both: bool = False,
) -> pd.DataFrame:
    """Mean answer of a person's colleagues, in the unit where the person is now and a number of waves earlier.

    Use it before `within_regression`, to ask whether people change after their colleagues did. The person is left out
    of the mean, so that nobody is set beside an answer of their own.

    Parameters
    ----------
    data : DataFrame
        One row per person and wave.
    columns : sequence of str
        Numeric columns; a share where they hold 0 and 1. A missing answer is left out of the mean.
    person, unit, wave : str
        Columns. A row without a person counts as a colleague and gets no mean; a row without a unit or wave neither.
    waves : sequence
        All waves in order.
    weights : str, optional
        Column with positive weights of the answers.
    lag : int
        Waves back: 1 for the wave before, 0 for the same wave, -1 for the wave after.
    least : int
        Colleagues with an answer that a mean needs, at least 1.
    present_in_both : bool
        Count only colleagues who have a row in the same unit in both waves, so that nobody who came or went matters.

    Returns
    -------
    DataFrame
        In the rows of `data`: a column for each of `columns` under its own name, NaN where there is no such wave, the
        person is not known or there are too few colleagues.

    Raises
    ------
    ValueError
        Columns missing or not numeric, weights of zero or below, a wave that is not in `waves`, a person twice in a
        wave, options out of range.

    Notes
    -----
    ``sum_j w_j y_j / sum_j w_j`` over the others j of the unit. With deviations from a *unit*, such a mean goes down
    where the person's own answer goes up, by construction (Guryan, Kroft & Notowidigdo 2009). Deviations from a
    *person* in a unit are free of that, since the person's own level drops out, and an earlier wave keeps the answer of
    today out of the mean.

    References
    ----------
    Guryan, Kroft & Notowidigdo (2009), Peer effects in the workplace, doi:10.1257/app.1.4.34; Angrist (2014), The
    perils of peer effects, doi:10.1016/j.labeco.2014.05.008

    Examples
    --------
    >>> rows = pd.DataFrame({"who": list("abcab"), "team": "t", "wave": [1, 1, 1, 2, 2], "fan": [1.0, 0, 1, 1, 1]})
    >>> names = {"person": "who", "unit": "team", "wave": "wave", "waves": [1, 2]}
    >>> colleague_means(rows, columns=["fan"], **names, least=2)["fan"].tolist()
    [nan, nan, nan, 0.5, 1.0]
    """
    names = name_list("columns", columns)
    check_columns(data, numeric=[*names, *([] if weights is None else [weights])], other=[person, unit, wave])
    if isinstance(lag, bool) or not isinstance(lag, int):
        raise ValueError(f"lag must be a whole number of waves, got {lag!r}.")
    if isinstance(least, bool) or not isinstance(least, int) or least < 1:
        raise ValueError(f"least must be a whole number of at least 1, got {least!r}.")
    order = as_list(waves)
    if order is None or len(set(order)) < len(order):
        raise ValueError(f"waves must be a list of all waves in order, each once, got {waves!r}.")
    (g, units), (t, names_of_waves), (who, _) = (unit_codes(data[name]) for name in (unit, wave, person))
    place_of = {value: place for place, value in enumerate(order)}
    placed = (g >= 0) & (t >= 0)
    # One place more, for rows without a wave.
    times = np.array([*(place_of.get(value, -1) for value in names_of_waves), -1])
    strange = np.flatnonzero(times[:-1] < 0)
    strangers = sorted(
        {str(names_of_waves[code]) for code in strange.tolist() if (placed & (t == code)).any()}
    )
    if strangers:
        raise ValueError(f"column '{wave}' holds waves {strangers} that are not in waves {order}.")
    n_waves, n_units = len(order), len(units)
    t, g = np.where(placed, times[t], 0), np.where(placed, g, 0)
    named = placed & (who >= 0)
    twice = int(named.sum()) - len(pd.unique(who[named] * n_waves + t[named]))
    if twice:
        raise ValueError(f"{twice} rows repeat a person in a wave: keep one row per '{person}' and '{wave}'.")
    w = np.ones(len(data)) if weights is None else numeric_columns(data, [weights])[:, 0]
    if weights is not None:
        check_positive(data, argument="weights", column=weights)
        placed = placed & np.isfinite(w)
        named = named & placed

    there = t - lag
    reached = placed & (there >= 0) & (there < n_waves)
    # Row of the same person in the same unit at the other wave, or -1.
    key = (who * n_units + g) * n_waves + t
    own = _partner(key, t, -lag, named, n_waves=n_waves)
    counted = placed
    if present_in_both:
        counted = counted & (_partner(key, t, lag, named, n_waves=n_waves) >= 0)
    cell, target = g * n_waves + t, np.where(reached, g * n_waves + there, 0)
    y = numeric_columns(data, names)
    found = pd.DataFrame(index=data.index)
    for place, name in enumerate(names):
        has = counted & np.isfinite(y[:, place])
        sums = [
            np.bincount(cell[has], part[has], n_units * n_waves)
            for part in (w * np.where(has, y[:, place], 0.0), w, np.ones(len(data)))
        ]
        mine = (own >= 0) & has[own]
        size = sums[2][target] - mine
        weight = sums[1][target] - np.where(mine, w[own], 0.0)
        total = sums[0][target] - np.where(mine, w[own] * np.where(has, y[:, place], 0.0)[own], 0.0)
        enough = reached & named & (size >= least)
        mean = total / np.where(enough, weight, 1.0)
        # Rounding must not make a share leave its range.
        low, high = (y[has, place].min(), y[has, place].max()) if has.any() else (0.0, 0.0)
        found[name] = np.where(enough, np.clip(mean, low, high), np.nan)
    return found


def _partner(
    key: NDArray[np.int64], t: NDArray[np.int64], step: int, named: NDArray[np.bool_], *, n_waves: int
) -> NDArray[np.intp]:
    """Position of the row of the same person in the same unit some waves on; -1 where there is none."""
    found = np.full(len(key), -1)
    rows = np.flatnonzero(named)
    if step == 0:
        found[rows] = rows
        return found
    rows = rows[np.argsort(key[rows], kind="stable")]
    ordered = key[rows]
    there = t[rows] + step
    inside = (there >= 0) & (there < n_waves)
    # Looked up in order, so that neighbours are looked up in the same place.
    at = np.minimum(np.searchsorted(ordered, ordered + step), max(len(rows) - 1, 0))
    hit = inside & (ordered[at] == ordered + step) if len(rows) else inside
    found[rows] = np.where(hit, rows[at], -1)
    return found
