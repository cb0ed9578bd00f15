"""Change of a mean between two waves of persons: those who stayed, those who joined and those who left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.change.linearised import COLUMNS, Term, check_rows, rows_by_group

Vector = NDArray[np.float64]


def panel_change(frame: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Split the change of a weighted mean into what the same people answered and who the people were.

    When to use it: where persons can be followed. Who stays, joins and leaves is seen from the answers: a leaver may
    still work there and not have answered.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per answer sheet: ``later`` (whether it is of the second wave), ``person`` (who; missing for somebody
        unknown, who never matches anybody), ``value``, ``weight`` (above 0), ``group`` (whose answers depend on each
        other). Several sheets of a person in a wave count as one with their mean and the sum of their weights.
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``term, estimate, std_error, conf_low, conf_high, conf_level, n_from, n_to, n_both``: ``total``, ``answers``
        (people in both waves answered differently), ``people`` (other people, or the same ones with other weights), and
        what they consist of: ``stayers`` (change of the mean of those in both waves), ``joiners``, ``leavers``, and
        ``weights`` (the part of ``stayers`` that other weights made). ``answers + people`` and ``stayers + joiners +
        leavers`` are both the total; ``answers = stayers - weights``, ``people = joiners + leavers + weights``. n
        counts people. Without anybody in both waves all terms but the total are missing.

    Raises
    ------
    ValueError
        If a column is missing, a value is missing, a weight is not above 0, there is one wave only, or the level is out
        of range.

    Notes
    -----
    With S the means of the stayers, M those of everybody, j and l the weight shares of joiners and leavers, J and L
    their means: ``M1 - M0 = (S1 - S0) + j (J1 - S1) - l (L0 - S0)``. Joiners are set against those who were there when
    they came, and leavers against those who stayed when they went, so that neither is credited with the change that
    everybody made; Melitz & Polanec (2015) show what goes wrong otherwise. Within the stayers
    ``S1 - S0 = sum p (y1 - y0) + sum (q1 - q0) (y1 + y0) / 2``, with q their shares of the weight in each wave and p
    the mean of the two. Nothing in it depends on which wave comes first, but the signs.
    A person's rows are kept in one group, the first that is known; without any the person is a group. Weights are taken
    as given.

    References
    ----------
    Melitz, M. J., & Polanec, S. (2015). Dynamic Olley-Pakes productivity decomposition with entry and exit. *RAND
    Journal of Economics*, 46(2), 362-375. https://doi.org/10.1111/1756-2171.12088

    Examples
    --------
    Two who stayed rose by 1; a discontented third left and a contented one joined:

    >>> sheets = pd.DataFrame(
    ...     {
    ...         "later": [False] * 3 + [True] * 3,
    ...         "person": ["a", "b", "c", "a", "b", "d"],
    ...         "value": [4.0, 4.0, 1.0, 5.0, 5.0, 5.0],
    ...         "weight": 1.0,
    ...         "group": ["a", "b", "c", "a", "b", "d"],
    ...     }
    ... )
    >>> panel_change(sheets).set_index("term")["estimate"].round(6).to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'total': 2.0, 'answers': 1.0, 'people': 1.0, 'stayers': 1.0, 'joiners': 0.0, 'leavers': 1.0,
     'weights': 0.0}
    """
    check_rows(frame, ["later", "person", "value", "weight", "group"], conf_level=conf_level)
    rows, _ = panel_rows(frame, conf_level=conf_level)
    return pd.DataFrame(rows, columns=COLUMNS)


def panel_rows(frame: pd.DataFrame, *, conf_level: float) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Give the rows of :func:`panel_change` of a frame that was checked, not yet a frame, and the numbers of people."""
    later, y, w, stays, groups = _people(frame)
    m0, at_m0 = _mean(y, w, ~later)
    m1, at_m1 = _mean(y, w, later)
    terms: dict[str, Term] = {"total": (m1 - m0, at_m1 - at_m0)}
    if not stays.any():
        unknown = (float("nan"), np.full(len(y), np.nan))
        terms |= dict.fromkeys(("answers", "people", "stayers", "joiners", "leavers", "weights"), unknown)
    else:
        s0, at_s0 = _mean(y, w, ~later & stays)
        s1, at_s1 = _mean(y, w, later & stays)
        answers, at_answers = _answers(y, w, before=~later & stays, after=later & stays)
        if answers is None:
            # Without other weights all of the change is one of answers, to the last digit.
            answers, at_answers = s1 - s0, at_s1 - at_s0
        terms |= {
            "answers": (answers, at_answers),
            "people": (m1 - m0 - answers, at_m1 - at_m0 - at_answers),
            "stayers": (s1 - s0, at_s1 - at_s0),
            "joiners": (m1 - s1, at_m1 - at_s1),
            "leavers": (s0 - m0, at_s0 - at_m0),
            "weights": (s1 - s0 - answers, at_s1 - at_s0 - at_answers),
        }
    counts = {"n_from": int((~later).sum()), "n_to": int(later.sum()), "n_both": int((later & stays).sum())}
    return rows_by_group(terms, groups, conf_level=conf_level, counts=counts), counts


def _people(
    frame: pd.DataFrame,
) -> tuple[NDArray[np.bool_], Vector, Vector, NDArray[np.bool_], NDArray[np.intp]]:
    """One row per person and wave, in the same order of persons in both waves; the unknown are each somebody else.

    Returns whether it is of the second wave, value, weight, whether the person is in both, and number of the group.
    """
    who, n_known = _numbers(frame["person"])
    alone = who < 0
    who[alone] = n_known + np.arange(int(alone.sum()))
    size = n_known + int(alone.sum())
    own, group_names = pd.factorize(frame["group"])
    second = frame["later"].to_numpy(dtype=bool)
    value, weight = (frame[name].to_numpy(dtype=np.float64) for name in ("value", "weight"))
    place = second * size + who
    counts = np.bincount(place, minlength=2 * size)
    w = np.bincount(place, weight, 2 * size).astype(np.float64)
    if counts.max(initial=0) > 1:
        y = np.divide(
            np.bincount(place, weight * value, 2 * size), w, out=np.zeros(2 * size), where=counts > 0
        )
    else:
        y = np.zeros(2 * size)
        y[place] = value
    # Of the first wave where there is one, else who moved to another unit would be in two groups.
    group = np.full(size, -1)
    for wave in (True, False):
        rows = np.flatnonzero((second == wave) & (own >= 0))[::-1]
        group[who[rows]] = own[rows]
    group = np.where(group < 0, len(group_names) + np.arange(size), group)
    present = np.flatnonzero(counts)
    stays: NDArray[np.bool_] = np.logical_and(counts[:size] > 0, counts[size:] > 0)
    _, numbers = np.unique(group[present % size], return_inverse=True)
    return present >= size, y[present], w[present], stays[present % size], numbers.astype(np.intp)


def _numbers(persons: pd.Series) -> tuple[NDArray[np.int64], int]:
    """Number of each person, and a number above all of them; numbers that are there already are taken."""
    if persons.dtype == np.float64:
        values = persons.to_numpy()
        missing = np.isnan(values)
        whole = np.where(missing, -1.0, values).astype(np.int64)
        if (
            (whole[~missing] == values[~missing]).all()
            and (whole >= -1).all()
            and (whole < 4 * len(whole)).all()
        ):
            return np.where(missing, -1, whole), int(whole.max(initial=-1)) + 1
    codes, names = pd.factorize(persons)
    return np.asarray(codes, dtype=np.int64), len(names)


def _mean(y: np.ndarray, w: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
    """Weighted mean of some rows, and its influence values."""
    inside = np.where(rows, w, 0.0)
    total = inside.sum()
    mean = float(inside @ y / total)
    return mean, inside * (y - mean) / total


def _answers(
    y: np.ndarray, w: np.ndarray, *, before: np.ndarray, after: np.ndarray
) -> tuple[float | None, np.ndarray]:
    """Mean change of the stayers with the mean of both waves' weights; its influence lies on their later rows.

    None where their weights are the same in both waves.
    """
    nothing = np.zeros(len(y))
    q0, q1 = w[before] / w[before].sum(), w[after] / w[after].sum()
    if np.allclose(q0, q1, rtol=1e-12, atol=0.0):
        return None, nothing
    change, first = nothing.copy(), nothing.copy()
    change[after], first[after] = y[after] - y[before], w[before]
    by_first, at_first = _mean(change, first, after)
    by_second, at_second = _mean(change, w, after)
    return (by_first + by_second) / 2, (at_first + at_second) / 2
