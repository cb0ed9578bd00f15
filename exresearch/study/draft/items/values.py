"""Scales of numbers without labels: what a column shows, what its neighbours have, and a code just beside the scale."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from exresearch.study.draft.columns.answers import CUSTOMARY, STANDARD, Scale, scale_from_data
from exresearch.study.draft.columns.column import Column
from exresearch.study.draft.columns.questions import RECOMMEND
from exresearch.study.problems import NAMEABLE

_WEAKEST = 0.15
_FEWEST_OTHERS = 2
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class _Beside:
    """A value just beyond an end of a scale that is otherwise wholly used."""

    code: int
    ends: tuple[int, int]

    @property
    def wide(self) -> tuple[int, int]:
        """Ends of the scale if the value is a point of it."""
        return min(self.code, self.ends[0]), max(self.code, self.ends[1])

    @property
    def place(self) -> str:
        return f"{self.code} lies just beside {self.ends[0]} to {self.ends[1]}"


def scales_of_values(columns: Sequence[Column]) -> dict[str, Scale]:
    """Return the scale of columns of numbers without labels; one that shows only a part takes that of its neighbours.

    A question about recommending lends its scale to no other kind of question. A value just beside a scale, such as a 6
    after 1 to 5, is a code for no answer where whoever chose it answers the other questions like anybody else.
    """
    beside = {c.name: code for c in columns if (code := _beside(c.numbers)) is not None}
    rest = _answers(columns, beside)
    verdicts = {
        c.name: _is_code(c.name, rest, c.numbers, beside[c.name]) for c in columns if c.name in beside
    }
    alone = {c.name: _alone(c, beside.get(c.name), verdicts.get(c.name)) for c in columns}
    sure: dict[str, Counter[tuple[int, int]]] = {}
    everywhere: Counter[tuple[int, int]] = Counter()
    for column in columns:
        scale = alone[column.name]
        if scale is not None and scale.sure:
            sure.setdefault(stem_of(column.name), Counter())[scale.ends] += 1
            if not RECOMMEND.search(column.words):
                everywhere[scale.ends] += 1
    found: dict[str, Scale] = {}
    for column in columns:
        scale = alone[column.name]
        if scale is None:
            continue
        stem = sure.get(stem_of(column.name), Counter())
        if scale.ends == (1, 10) and (0, 10) in stem:
            # Nobody happened to give a 0 here.
            scale = Scale(0, 10)
        if not scale.sure:
            scale = _borrowed(column, scale, stem or everywhere, beside.get(column.name))
        found[column.name] = scale
    return found


def stem_of(name: str) -> str:
    """Return the beginning that the items of one block share.

    Examples
    --------
    >>> stem_of("A2a"), stem_of("Q12_3"), stem_of("eng_1")
    ('A2', 'Q12', 'eng')
    """
    stem = re.sub(r"(?<=\d)[a-z]{1,3}$|[ _.-]*\d+$", "", name)
    return stem.rstrip(" _.-") or name


def _alone(column: Column, beside: _Beside | None, is_code: bool | None) -> Scale | None:
    if beside is None:
        return scale_from_data([column.numbers], shared=NAMEABLE)
    scale = scale_from_data([column.numbers[column.numbers != beside.code]], shared=NAMEABLE)
    if scale is None:
        return None
    if is_code:
        said = (
            f"{beside.place} and is taken for no answer: whoever chose it answers the rest like anybody else."
        )
        return _with_code(scale, beside, column, said)
    if beside.ends[1] == STANDARD[-1][1]:
        return _with_code(scale, beside, column, f"{beside.place} and is taken for no answer.")
    if is_code is None:
        said = f"{beside.place}; if it stands for no answer, list it under 'missing' and correct the scale."
        return replace(scale, minimum=beside.wide[0], maximum=beside.wide[1], sure=False, doubtful=said)
    said = f"{beside.place} and is taken for a point of the scale: whoever chose it answers the rest accordingly."
    return replace(scale, minimum=beside.wide[0], maximum=beside.wide[1], doubtful=said)


def _borrowed(column: Column, scale: Scale, lent: Counter[tuple[int, int]], beside: _Beside | None) -> Scale:
    """The scale of the neighbours that holds the answers; or that of which a code lies beside."""
    values = column.numbers[~column.numbers.isin(scale.missing)].dropna()
    for ends, _ in lent.most_common():
        if beside is not None and ends == beside.ends:
            said = f"{beside.place}, the scale of other questions, and is taken for no answer."
            return _with_code(Scale(*ends, scale.missing), beside, column, said)
        if ends[0] <= values.min() and values.max() <= ends[1]:
            return Scale(*ends, scale.missing)
    return scale


def _with_code(scale: Scale, beside: _Beside, column: Column, said: str) -> Scale:
    if int((column.numbers == beside.code).sum()) < NAMEABLE:
        # So rare that it is left for somebody to look at, and named nowhere.
        return scale
    return replace(scale, missing=tuple(sorted((*scale.missing, beside.code))), doubtful=said)


def _beside(numbers: pd.Series) -> _Beside | None:
    points = {int(value) for value in numbers.dropna().unique() if value >= 0} - set(CUSTOMARY)
    for low, high in STANDARD:
        within = points & set(range(low, high + 1))
        full = len(within) == high - low + 1 or (high == STANDARD[-1][1] and {low, high} <= within)
        for code in (low - 1, high + 1):
            known = (min(low, code), max(high, code)) in STANDARD or code < 0
            if full and not known and points - within == {code}:
                return None if low == 1 and high == 7 and code == 8 else _Beside(code, (low, high))
    return None


def _answers(columns: Sequence[Column], beside: dict[str, _Beside]) -> pd.DataFrame:
    """All answers on one footing, values beside a scale left out; columns of other files are not put side by side."""
    longest = max((len(c.numbers) for c in columns), default=0)
    frame: dict[str, pd.Series] = {}
    for column in columns:
        numbers = column.numbers
        if column.name in beside:
            numbers = numbers[numbers != beside[column.name].code]
        spread = numbers.std()
        if len(column.numbers) == longest and spread > 0:
            frame[column.name] = (numbers - numbers.mean()) / spread
    return pd.DataFrame(frame)


def _is_code(name: str, answers: pd.DataFrame, numbers: pd.Series, beside: _Beside) -> bool | None:
    """Whether those who chose a value answer the rest like anybody else; None where that cannot be seen.

    The mean of the other answers at a point of the scale lies on a line through the other points; at a code it lies at
    the mean of all.
    """
    others = answers.drop(columns=name, errors="ignore")
    if name not in answers or others.shape[1] < _FEWEST_OTHERS:
        return None
    rest = others.mean(axis=1)
    chosen = rest[numbers == beside.code].dropna()
    both = pd.DataFrame({"own": numbers[numbers != beside.code], "rest": rest}).dropna()
    if len(chosen) < NAMEABLE or len(both) < 2 * NAMEABLE or both["own"].std() == 0:
        return None
    if abs(both["own"].corr(both["rest"])) < _WEAKEST:
        return None
    slope, level = np.polyfit(both["own"], both["rest"], 1)
    on_line, anybody = slope * beside.code + level, float(both["rest"].mean())
    if abs(on_line - anybody) < _STANDARD_ERRORS * float(both["rest"].std()) / np.sqrt(len(chosen)):
        return None
    mean = float(chosen.mean())
    return bool(abs(mean - anybody) < abs(mean - on_line))
