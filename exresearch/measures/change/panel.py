"""Change of a mean between two waves of persons: those who stayed, those who joined and those who left."""

from __future__ import annotations

import numpy as np
import pandas as pd

from exresearch.measures.change.linearised import Term, check_rows, with_intervals


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
    people = _people(frame)
    later = people["later"].to_numpy(dtype=bool)
    y, w = people["value"].to_numpy(dtype=np.float64), people["weight"].to_numpy(dtype=np.float64)
    stays = people["stays"].to_numpy(dtype=bool)
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
    return with_intervals(terms, people["group"], conf_level=conf_level, counts=counts)


def _people(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per person and wave, in the same order of persons in both waves; the unknown are each somebody else."""
    known = frame["person"].notna()
    codes = pd.factorize(frame["person"])[0].astype("int64")
    codes[~known] = -1 - np.arange(int((~known).sum()))
    work = pd.DataFrame(
        {
            "person": codes,
            "later": frame["later"].to_numpy(dtype=bool),
            "weight": frame["weight"].to_numpy(dtype=np.float64),
            "value": frame["value"].to_numpy(dtype=np.float64),
            "group": frame["group"].to_numpy(),
        }
    )
    if work.duplicated(["person", "later"]).any():
        work["value"] *= work["weight"]
        work = work.groupby(["person", "later"], as_index=False, sort=False).agg(
            weight=("weight", "sum"), value=("value", "sum"), group=("group", "first")
        )
        work["value"] /= work["weight"]
    work = work.sort_values(["later", "person"], kind="stable", ignore_index=True)
    work["stays"] = work.groupby("person")["later"].transform("size") == 2
    # Who moved to another unit would else be in two groups.
    work["group"] = work.groupby("person")["group"].transform("first")
    groups = pd.factorize(work["group"])[0]
    work["group"] = np.where(groups < 0, len(work) + pd.factorize(work["person"])[0], groups)
    return work


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
