"""How answers are coded: ends of the scale, codes for no answer and direction, from labels or from the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from exresearch.study.draft.columns.labels import is_no_answer, valence

# Scales that questionnaires use; the smallest that holds the answers is taken.
STANDARD = ((1, 5), (1, 7), (1, 10), (0, 10))
# Codes for no answer that surveys everywhere use: nobody's answer, however few cells hold them.
CUSTOMARY = (-99, -9, -1, 88, 98, 99, 888, 998, 999)
_UNUSUAL = [list(range(low, high + 1)) for low, high in ((1, 4), (1, 6), (0, 4), (0, 6))]
_STAYS = re.compile(r"no plans|not planning|never|\bstay|geen plan|\bnooit|blijven|blijf", re.IGNORECASE)
FREQUENCY = re.compile(
    r"\bnever|rarely|sometimes|often|frequently|always|nooit|zelden|soms|vaak|altijd", re.IGNORECASE
)
AGREE = re.compile(r"agree|\beens\b|oneens", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scale:
    """How the answers of a column are coded, as far as can be seen.

    Attributes
    ----------
    minimum, maximum : int
        Ends of the scale.
    missing : tuple of int or str
        Codes for no answer.
    descending : bool or None
        Whether the lowest code is the most favourable answer; None where nothing says so.
    values : dict of str to int
        Number of each answer that the file holds as text.
    source : {"labels", "texts", "data"}
        What it was seen from.
    kind : str
        ``agree``, ``degree`` (satisfied, likely, good), ``leaving``, ``frequency`` or ``other``.
    sure : bool
        Whether nothing else is plausible.
    doubtful : str
        What is to be looked at first, in a sentence; empty where nothing is.
    """

    minimum: int
    maximum: int
    missing: tuple[int | str, ...] = ()
    descending: bool | None = None
    values: dict[str, int] = field(default_factory=dict)
    source: str = "data"
    kind: str = "other"
    sure: bool = True
    doubtful: str = ""

    @property
    def ends(self) -> tuple[int, int]:
        """Both ends."""
        return self.minimum, self.maximum


def scale_from_labels(labels: Mapping[str, str]) -> Scale | None:
    """Return the scale that the labels of codes describe, or None where they describe none.

    Parameters
    ----------
    labels : mapping of str to str
        Label of each code.

    Returns
    -------
    Scale or None
        None for categories without an order, a single ticked box, yes and no, or codes with gaps.

    Examples
    --------
    >>> found = scale_from_labels({"1": "Agree", "2": "Neutral", "3": "Disagree", "8": "Don't know"})
    >>> found.ends, found.missing, found.descending
    ((1, 3), (8,), True)
    """
    codes = {_whole(code): label for code, label in labels.items() if _whole(code) is not None}
    missing = tuple(sorted(code for code, label in codes.items() if code is not None and is_no_answer(label)))
    points = {code: label for code, label in codes.items() if code is not None and code not in missing}
    if len(points) < 2 or len(codes) < len(labels):
        return None
    low, high = min(points), max(points)
    full = len(points) == high - low + 1
    ends_only = {low, high} <= points.keys() and (low, high) in STANDARD
    if not ends_only and (not full or len(points) < 3):
        return None
    first, last = points[low], points[high]
    texts = list(points.values())
    if _STAYS.search(first) or _STAYS.search(last):
        stays = bool(_STAYS.search(first)), bool(_STAYS.search(last))
        leaving = [t for t in texts if re.search(r"month|year|maand|jaar|leav|weg", t, re.IGNORECASE)]
        if stays[0] != stays[1] and len(leaving) >= 2:
            return Scale(low, high, missing, stays[0], source="labels", kind="leaving")
    direction = valence(first), valence(last)
    if direction[0] * direction[1] < 0:
        kind = "agree" if AGREE.search(first) and AGREE.search(last) else "degree"
        return Scale(low, high, missing, direction[0] > 0, source="labels", kind=kind)
    if sum(bool(FREQUENCY.search(text)) for text in texts) >= 3:
        return Scale(low, high, missing, None, source="labels", kind="frequency", sure=False)
    return None


def scale_from_data(columns: Iterable[pd.Series], *, shared: int = 1) -> Scale | None:
    """Return the scale of numeric answers that have no labels, from all columns that share it, or None.

    Parameters
    ----------
    columns : iterable of pandas.Series
        Numbers, missing answers as NaN.
    shared : int
        Cells that a code for no answer needs to be named; rarer ones are left for somebody to look at.

    Returns
    -------
    Scale or None
        The smallest of 1-5, 1-7, 1-10 and 0-10 that holds the answers; codes that stand apart from the rest (-1, 9
        after 7, 99) are taken for missing. None where the numbers are no whole scale points.

    Examples
    --------
    >>> scale_from_data([pd.Series([1.0, 2, 5, 4, 3, 7, 6, 9])]).missing
    (9,)
    """
    counts: dict[int, int] = {}
    for column in columns:
        for value, count in column.value_counts().items():
            if float(str(value)) % 1:
                return None
            counts[int(float(str(value)))] = counts.get(int(float(str(value))), 0) + int(count)
    points = sorted(counts)
    rare = {p for p in points if counts[p] < shared and p not in CUSTOMARY}
    missing = [p for p in points if p < 0 or p in CUSTOMARY]
    points = [p for p in points if p not in missing]
    # A code that stands apart: at least one point is left out between it and the longest run of answers.
    while len(points) >= 4 and points[-1] in (8, 9) and points[-1] - points[-2] >= 2:
        missing.append(points.pop())
    if len(points) < 3 or points[-1] - points[0] >= 2 * len(points):
        return None
    missing = [p for p in missing if p not in rare]
    if points == list(range(1, 9)) and counts[8] < min(counts[6], counts[7]):
        # Fewer chose it than the points beside it: 'do not know' after a scale of 1 to 7.
        if points[-1] not in rare:
            missing.append(points[-1])
        points.pop()
    if points in _UNUSUAL:
        return Scale(points[0], points[-1], tuple(sorted(missing)), source="data", sure=False)
    ends = next((e for e in STANDARD if e[0] <= points[0] and points[-1] <= e[1]), None)
    if ends is None:
        return None
    whole = (points[0] == ends[0] and points[-1] == ends[1]) or (ends == (1, 10) and points[-1] == 10)
    return Scale(*ends, tuple(sorted(missing)), source="data", sure=whole)


def _whole(code: str) -> int | None:
    text = code.strip().removesuffix(".0")
    return int(text) if re.fullmatch(r"-?\d{1,4}", text) else None
