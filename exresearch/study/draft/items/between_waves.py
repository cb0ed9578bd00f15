"""What changes between waves and should not: the scale of a question, and the direction it was asked in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.coded import coded
from exresearch.study.draft.items.reversal import WEAKEST_ITEM, Z, evenly, likely_reversed
from exresearch.study.problems import NAMEABLE

_FEWEST = 40
_SHARE = 0.1
_EXPECTED = 20


@dataclass(frozen=True, slots=True)
class OtherScale:
    """A wave whose answers to one question seem to have a smaller scale than those of the other waves.

    Attributes
    ----------
    wave : str
        The wave.
    n : int
        Its answers.
    here, elsewhere : tuple of int
        Lowest and highest answer that at least five rows share, in this wave and in the others together.
    """

    wave: str
    n: int
    here: tuple[int, int]
    elsewhere: tuple[int, int]


def other_scales(answers: pd.Series, waves: pd.Series) -> list[OtherScale]:
    """Find waves in which nobody gives answers that are usual in the others.

    When to use it: on one question, before waves are compared; a questionnaire that went from 1-5 to 1-10 gives such
    waves, and a change of opinion does not.

    Parameters
    ----------
    answers : pandas.Series
        Numbers, missing answers as NaN.
    waves : pandas.Series
        Wave of each, by the same index.

    Returns
    -------
    list of OtherScale
        In the order of the waves. One wave is found where at least a tenth of the answers elsewhere, and twenty of as
        many answers as it has, lie beyond the lowest or highest that it shows.

    Examples
    --------
    >>> answers = pd.Series([1, 2, 3, 4, 5] * 20 + [2, 4, 6, 8, 10] * 20)
    >>> found = other_scales(answers, pd.Series(["2023"] * 100 + ["2024"] * 100))
    >>> [(one.wave, one.here, one.elsewhere) for one in found]
    [('2023', (1, 5), (2, 10))]
    """
    of_wave, names = coded(waves)
    given = answers.notna().to_numpy(dtype=bool) & (of_wave >= 0)
    of_point, points = pd.factorize(answers.to_numpy(dtype="float64", na_value=np.nan)[given], sort=True)
    size = len(points)
    # Answers by wave and point: all that follows is about them.
    table = np.bincount(of_wave[given] * size + of_point, minlength=len(names) * size).reshape(
        len(names), size
    )
    total = table.sum(axis=0)
    found = []
    for place in np.argsort(names.to_numpy(dtype=object)):
        here, elsewhere = table[place], total - table[place]
        mine, theirs = _range(points, here), _range(points, elsewhere)
        if mine is None or theirs is None or min(here.sum(), elsewhere.sum()) < _FEWEST:
            continue
        if mine[1] - mine[0] > theirs[1] - theirs[0]:
            # It is the others that have the smaller scale.
            continue
        beyond = (
            max(int(elsewhere[side].sum()) for side in (points > mine[1], points < mine[0])) / elsewhere.sum()
        )
        if beyond >= _SHARE and beyond * here.sum() >= _EXPECTED:
            found.append(OtherScale(str(names[place]), int(here.sum()), mine, theirs))
    return found


def other_directions(
    frame: pd.DataFrame, waves: pd.Series, *, questions: Sequence[str] | None = None
) -> dict[str, list[str]]:
    """Find questions that run with the others in one wave and against them in another.

    When to use it: on all answers of one table together, before waves are compared: where items were coded the other
    way round in one wave, their correlation with what was not has another sign there.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers, one column per question; missing answers are NaN.
    waves : pandas.Series
        Wave of each row, by the same index.
    questions : sequence of str, optional
        Columns to look at; all by default.

    Returns
    -------
    dict of str to list of str
        By wave: questions whose direction against the majority differs from that in the first wave that shows it.

    Examples
    --------
    >>> rows = pd.DataFrame({"a": [1, 2, 3, 4, 5] * 40, "b": [1, 2, 3, 5, 4] * 40, "c": [2, 1, 3, 4, 5] * 40})
    >>> waves = pd.Series(["2023"] * 100 + ["2024"] * 100)
    >>> other_directions(rows.assign(c=rows["c"].where(waves == "2023", 6 - rows["c"])), waves)
    {'2024': ['c']}
    """
    first: pd.Series | None = None
    found: dict[str, list[str]] = {}
    of_wave, names = coded(waves)
    for place in np.argsort(names.to_numpy(dtype=object)):
        wave, rows = names[place], np.flatnonzero(of_wave == place)
        some = frame.iloc[rows[evenly(len(rows))]].reset_index(drop=True)
        judged = likely_reversed(some if questions is None else some[list(questions)])
        evidence = judged.evidence
        if judged.reason not in ("", "mixed"):
            continue
        strength = evidence["item_rest"].abs().astype("float64").clip(upper=0.999999)
        clear = (strength >= WEAKEST_ITEM) & (np.arctanh(strength) * np.sqrt(evidence["n"] - 3) > Z)
        signs = np.sign(evidence.loc[clear].set_index("item")["loading"].astype("float64"))
        if first is None:
            first = signs
            continue
        shared = (signs * first).dropna()
        against = shared < 0
        if 2 * against.sum() > len(against):
            against = ~against
        # In the order of the frame, not of the names.
        changed = [
            str(column) for column in questions or frame.columns if column in set(shared.index[against])
        ]
        if changed:
            found[str(wave)] = changed
    return found


def _range(points: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[int, int] | None:
    shared = points[counts >= NAMEABLE]
    return (int(shared.min()), int(shared.max())) if len(shared) >= 2 else None
