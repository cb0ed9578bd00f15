"""What colleagues answered: means per unit and wave that leave out the person they are set beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.models.columns import check_columns, check_positive, numeric_columns
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
    placed = data[[unit, wave]].notna().all(axis=1).to_numpy()
    time = data[wave].map({value: place for place, value in enumerate(order)})
    strangers = sorted({str(value) for value in data.loc[placed & time.isna().to_numpy(), wave]})
    if strangers:
        raise ValueError(f"column '{wave}' holds waves {strangers} that are not in waves {order}.")
    named = placed & data[person].notna().to_numpy()
    twice = int(data.loc[named, [person, wave]].duplicated().sum())
    if twice:
        raise ValueError(f"{twice} rows repeat a person in a wave: keep one row per '{person}' and '{wave}'.")
    w = np.ones(len(data)) if weights is None else numeric_columns(data, [weights])[:, 0]
    if weights is not None:
        check_positive(data, argument="weights", column=weights)
        placed = placed & np.isfinite(w)
        named = named & placed

    t = np.where(placed, time.fillna(0).to_numpy(), 0).astype(np.int64)
    g = np.where(placed, pd.factorize(data[unit], sort=True)[0], 0).astype(np.int64)
    who = pd.factorize(data[person], sort=True)[0].astype(np.int64)
    n_waves, n_units = len(order), int(g.max(initial=0)) + 1
    there = t - lag
    reached = placed & (there >= 0) & (there < n_waves)
    # Row of the same person in the same unit at the other wave, or -1.
    own = _partner(who, g, t, there, named, span=(n_units, n_waves))
    counted = placed
    if present_in_both:
        counted = counted & (_partner(who, g, t, t + lag, named, span=(n_units, n_waves)) >= 0)
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
    who: np.ndarray[Any, Any], g: np.ndarray[Any, Any], t: np.ndarray[Any, Any], there: np.ndarray[Any, Any],
    named: np.ndarray[Any, Any], *, span: tuple[int, int],
) -> np.ndarray[Any, Any]:  # fmt: skip
    """Position of the row of the same person in the same unit at another wave; -1 where there is none."""
    n_units, n_waves = span
    key = (who * n_units + g) * n_waves + t
    rows = np.flatnonzero(named)
    ordered = rows[np.argsort(key[rows], kind="stable")]
    wanted = np.where((there >= 0) & (there < n_waves), (who * n_units + g) * n_waves + there, -1)
    at = np.searchsorted(key[ordered], wanted)
    at = np.minimum(at, max(len(ordered) - 1, 0))
    if not len(ordered):
        return np.full(len(who), -1)
    hit = named & (wanted >= 0) & (key[ordered[at]] == wanted)
    return np.where(hit, ordered[at], -1)
