"""Scales of answers that a file holds as text: in words alone, or with a number before them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from exresearch.study.draft.columns.answers import AGREE, FREQUENCY, STANDARD, Scale
from exresearch.study.draft.columns.labels import (
    is_no_answer,
    is_placeholder,
    is_stock,
    lowest_is_best,
    numbered,
    rung,
)

_FEWEST = 3
_WIDEST = 10


def scale_from_texts(answers: Iterable[str]) -> Scale | None:
    """Return the scale of answers that the file holds as text, such as ``Strongly agree``, or None.

    Parameters
    ----------
    answers : iterable of str
        All different answers of the columns that share the scale.

    Returns
    -------
    Scale or None
        With the number of each answer in ``values``. Answers in words are numbered from the least favourable; a number
        that stands before the words stays what it is, and the words say which end is the favourable one.

    Examples
    --------
    >>> texts = ["Eens", "Oneens", "Neutraal", "Helemaal eens", "Helemaal oneens", "n.v.t."]
    >>> found = scale_from_texts(texts)
    >>> found.values["Helemaal eens"], found.ends, found.missing
    (5, (1, 5), ('n.v.t.',))
    >>> found = scale_from_texts(["1 = zeer tevreden", "2", "3", "4", "5 = zeer ontevreden"])
    >>> found.values["1 = zeer tevreden"], found.descending
    (1, True)
    """
    texts = sorted(set(answers))
    missing = tuple(text for text in texts if is_no_answer(text) or is_placeholder(text))
    points = [text for text in texts if text not in missing]
    return _numbered(points, missing) or _ladder(points, missing)


def has_numbered_words(texts: Iterable[str]) -> bool:
    """Whether one of some texts has a number before the words of an answer.

    Examples
    --------
    >>> has_numbered_words(["7", "10 - Zeer waarschijnlijk"]), has_numbered_words(["7", "n.v.t."])
    (True, False)
    """
    return any(found is not None and found[1] for found in map(numbered, texts))


def _numbered(points: Sequence[str], missing: tuple[str, ...]) -> Scale | None:
    """The scale of answers that all begin with their number."""
    labels: dict[int, str] = {}
    values: dict[str, int] = {}
    for text in points:
        found = numbered(text)
        if found is None:
            return None
        number, words = found
        known = labels.get(number, "")
        if words and known and words.casefold() != known.casefold():
            # Two answers with one number: texts of two scales.
            return None
        labels[number] = known or words
        if text.casefold() not in {other.casefold() for other in values}:
            values[text] = number
    worded = [label for label in labels.values() if label]
    if len(labels) < _FEWEST or not any(is_stock(label) or rung(label) is not None for label in worded):
        return None
    low, high = min(labels), max(labels)
    ends, doubtful = _ends(labels, low, high)
    if ends is None:
        return None
    often = sum(bool(FREQUENCY.search(label)) for label in worded) >= _FEWEST
    agree = any(AGREE.search(label) for label in worded)
    kind = "frequency" if often else "agree" if agree else "degree"
    return Scale(
        *ends, missing, lowest_is_best(labels), values=values, source="texts", kind=kind, doubtful=doubtful
    )


def _ends(labels: dict[int, str], low: int, high: int) -> tuple[tuple[int, int] | None, str]:
    """Both ends, and what is doubtful about them; outer labels that are each other's mirror name the ends."""
    first, last = rung(labels[low]), rung(labels[high])
    if first and last and first == -last and high - low <= _WIDEST:
        return (low, high), ""
    standard = next((e for e in STANDARD if e[0] <= low and high <= e[1]), None)
    if standard is None or standard == (low, high):
        return standard, ""
    if len(labels) == high - low + 1 and all(labels.values()):
        # Every number has words of its own: as far as anybody chose, this is the whole scale.
        standard = (low, high)
    return (
        standard,
        f"No answer names both ends; {low} to {high} occurs, {standard[0]} to {standard[1]} is taken.",
    )


def _ladder(points: Sequence[str], missing: tuple[str, ...]) -> Scale | None:
    """The scale of answers in words, by direction and degree; two spellings of one answer are one rung."""
    rungs: dict[int, list[str]] = {}
    for text in points:
        step = rung(text)
        if step is None:
            return None
        rungs.setdefault(step, []).append(text)
    for step, texts in rungs.items():
        if step and len({_spelt(text) for text in texts}) > 1:
            return None
    # Both halves have to show the same words, else a rung nobody chose would shift the others.
    negative, positive = {-s for s in rungs if s < 0}, {s for s in rungs if s > 0}
    if len(rungs) < _FEWEST or negative != positive:
        return None
    values: dict[str, int] = {}
    for number, step in enumerate(sorted(rungs), start=1):
        for text in rungs[step]:
            if text.casefold() not in {other.casefold() for other in values}:
                values[text] = number
    kind = "agree" if any(AGREE.search(text) for text in points) else "degree"
    return Scale(1, len(rungs), missing, False, values=values, source="texts", kind=kind)


def _spelt(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
