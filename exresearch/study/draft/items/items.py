"""Answers on a scale: which scale, what they measure, and which drivers the claims are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from exresearch.study.draft.columns.answers import Scale, scale_from_data, scale_from_labels
from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.columns.labels import is_no_answer, is_stock
from exresearch.study.draft.columns.plain import codes_in_words
from exresearch.study.draft.columns.questions import (
    CUSTOMER,
    EFFORT,
    ENGAGEMENT,
    LEAVE,
    NAMED_ITEMS,
    NAMED_OUTCOMES,
    NEED,
    OVERALL,
    PAY,
    PROMOTE,
    RECOMMEND,
    SATISFACTION,
    STAY,
)
from exresearch.study.draft.columns.texts import has_numbered_words, scale_from_texts
from exresearch.study.draft.columns.words import GRADE, slug, spaced
from exresearch.study.draft.items.values import scales_of_values, stem_of
from exresearch.study.problems import NAMEABLE

_MOST_POINTS = 11
_FEW_POINTS = 3
_HIGHEST_OF_SMALLER = 7
_NUMBER = re.compile(r"-?\d+")
_SEEN = {"labels": "by its labels", "texts": "by its answers", "data": "by the values that occur"}


def find_scales(columns: Sequence[Column]) -> dict[str, Scale]:
    """Return the scale of every column that holds answers on one, by labels, else by texts, else by values."""
    found: dict[str, Scale] = {}
    for column in columns:
        if column.labels and column.kind == "number":
            scale = scale_from_labels(column.labels) or _between_labels(column)
            if scale is not None:
                found[column.name] = scale
    few = [c for c in columns if 3 <= c.n_distinct <= _MOST_POINTS + 3]
    found |= _from_texts([c for c in few if c.kind == "text" or (not c.labels and _is_mixed(c))])
    plain = [
        c
        for c in columns
        if c.name not in found and not c.labels and c.whole and 3 <= c.n_distinct <= _MOST_POINTS + 3
    ]
    halves = [
        c for c in columns if c.name not in found and not c.labels and c.legible and _are_half_grades(c)
    ]
    return found | scales_of_values(plain) | {c.name: _grades(c) for c in halves}


def _are_half_grades(column: Column) -> bool:
    """Whether a column by its words holds grades of 1 to 10 or 0 to 10, with halves between them."""
    values = column.numbers.dropna()
    if column.kind != "number" or column.whole or not GRADE.search(column.words):
        return False
    return bool(
        (values * 2 % 1 == 0).all() and values.between(0, 10).all() and values.max() > _HIGHEST_OF_SMALLER
    )


def _grades(column: Column) -> Scale:
    low = 0 if column.numbers.min() < 1 else 1
    return Scale(low, 10, doubtful="Some answers lie halfway between two points, as grades do.")


def _between_labels(column: Column) -> Scale | None:
    """The scale of numbers of which only codes for no answer, or one end, have a label."""
    labels = {code: label for code, label in column.labels.items() if not is_no_answer(label)}
    missing = sorted(
        {float(code) for code in column.labels.keys() - labels.keys() if _NUMBER.fullmatch(code)}
    )
    answers = column.numbers[~column.numbers.isin(missing)]
    if len(labels) > 2 or answers.nunique() < _FEW_POINTS + len(labels):
        return None
    scale = scale_from_data([answers], shared=NAMEABLE)
    if scale is None or not all(_NUMBER.fullmatch(code) and float(code) in scale.ends for code in labels):
        return None
    return replace(scale, missing=tuple(sorted({*scale.missing, *(int(code) for code in missing)})))


def guess_answer(column: Column, scale: Scale, *, table: str) -> Guess:
    """Guess what an answer on a scale measures, before it is seen beside the others."""
    more: dict[str, Any] = {"minimum": scale.minimum, "maximum": scale.maximum}
    in_words, strange = codes_in_words(column) if column.kind == "number" and not scale.values else ([], 0)
    if scale.values:
        known = {str(text).casefold() for text in (*scale.values, *scale.missing)}
        strange = int((~column.texts.dropna().str.casefold().isin(known)).sum())
    missing: list[int | str] = [*scale.missing, *in_words]
    if missing:
        more["missing"] = missing
    if scale.values:
        more["values"] = dict(scale.values)
    if scale.descending:
        more["reversed"] = True
    why = f"Scale {_SEEN[scale.source]}"
    why += "; the lowest code is the most favourable answer." if scale.descending else "."
    doubt = 0 if scale.source != "data" and scale.sure else 1 if scale.sure else 2
    unknown = scale.source == "data" or (scale.source == "texts" and scale.descending is None)
    if unknown and not (RECOMMEND.search(column.words) and scale.ends[1] == 10):
        why += " Nothing says which end is the favourable one; the highest is taken for it."
        doubt = max(doubt, 2 if scale.source == "texts" else 0)
    if scale.descending and scale.source == "texts":
        doubt = max(doubt, 2)
    if scale.source == "data":
        if not (scale.sure or scale.doubtful):
            why += f" Not all of {scale.minimum} to {scale.maximum} occurs, or other values do."
        apart = [c for c in scale.missing if not (isinstance(c, int) and c in _beside(scale))]
        if apart:
            codes = ", ".join(str(code) for code in apart)
            why += f" {codes} stands apart from the scale and is taken for no answer."
            doubt = 2
    if scale.doubtful:
        why += f" {scale.doubtful}"
        doubt = 3
    if strange:
        cells = "1 cell holds" if strange == 1 else f"{strange} cells hold"
        them = "it" if strange == 1 else "these"
        why += f" {cells} text that is no answer on it; correct {them}, or list the text under 'missing'."
        doubt = 3
    if scale.source == "data":
        outside = column.numbers.dropna()
        n = int((~outside.between(*scale.ends) & ~outside.isin(scale.missing)).sum())
        if n:
            cells, them = ("1 cell lies", "it") if n == 1 else (f"{n} cells lie", "these")
            why += f" {cells} outside it; correct {them}, or list the code under 'missing'."
            doubt = 3
    guess = Guess("ignore", why, more, doubt=doubt)
    if scale.kind == "frequency":
        guess.why += " How often something happens may be good or bad; give it a role if it is to be used."
        guess.doubt = 1
        return guess
    text = column.question or spaced(column.name)
    named = {
        "employees": _employees,
        "customers": _customers,
        "partners": _customers,
        "moments": _moments,
        "people": _people,
    }[table]
    role, construct, reason = named(column, text, scale, table)
    if scale.kind == "leaving" and construct != "stay":
        return Guess("ignore", "Answers without an order from bad to good.")
    guess.role, guess.why = role, f"{reason} {guess.why}"
    if construct:
        more["construct"] = construct
    if (
        construct in ("enps", "nps", "journey_recommendation")
        and scale.source == "data"
        and scale.maximum == 10
    ):
        more["minimum"] = 0
    leaving = construct == "stay" and LEAVE.search(text) and not re.search(r"\b(stay|blijv)", text)
    if leaving and scale.kind != "leaving":
        # Agreeing to leave is not staying.
        more["reversed"] = not scale.descending
        guess.why += " Asked as leaving, so turned round."
        guess.doubt = 2
    if not more.get("reversed"):
        more.pop("reversed", None)
    if role == "ignore":
        guess.doubt = max(guess.doubt, 1)
    if construct in ("cx", "bx") and not column.says_something:
        guess.doubt = 2
    return guess


def _beside(scale: Scale) -> tuple[int, int]:
    return scale.minimum - 1, scale.maximum + 1


def _employees(column: Column, text: str, scale: Scale, table: str) -> tuple[str, str, str]:
    stem = slug(stem_of(column.name))
    if stem in NAMED_OUTCOMES or stem in NAMED_ITEMS:
        return ("outcome" if stem in NAMED_OUTCOMES else "item"), stem, "It bears the name of a construct."
    for role, construct, pattern, words in (
        ("outcome", "promote", PROMOTE, "speaking well of products or brand"),
        ("outcome", "enps", RECOMMEND, "recommending the employer"),
        ("outcome", "effort", EFFORT, "extra effort"),
        ("item", "pay_satisfaction", PAY, "pay"),
    ):
        if pattern.search(text):
            return role, construct, f"By its words it asks about {words}."
    if STAY.search(text) or LEAVE.search(text):
        return "outcome", "stay", "By its words it asks about staying or leaving."
    if NEED.search(spaced(column.name)):
        stem = slug(re.sub(r"[\d_ ]+$", "", column.name))
        return "need", stem, "By its name it is about what somebody needs."
    satisfied = any(SATISFACTION.search(label) for label in (*column.labels.values(), *scale.values))
    if (SATISFACTION.search(text) or satisfied) and (OVERALL.search(text) or len(text.split()) <= 3):
        return "item", "satisfaction", "By its words it asks about satisfaction with the work as a whole."
    if ENGAGEMENT.search(text) and not CUSTOMER.search(text):
        return "item", "engagement", "By its words it asks about engagement."
    if (
        scale.source != "data"
        and scale.kind in ("agree", "degree")
        and (column.question or column.says_something)
    ):
        return "driver", "", "A statement with an answer scale: taken for a driver."
    if column.says_something and scale.sure:
        return "driver", "", "Only its name says what was asked; taken for a driver."
    return (
        "ignore",
        "",
        "Answers on a scale, but nothing says what was asked; give it a role and a construct.",
    )


def _customers(column: Column, text: str, scale: Scale, table: str) -> tuple[str, str, str]:
    if RECOMMEND.search(text):
        return "outcome", "nps", "By its words it asks about recommending."
    experience = "cx" if table == "customers" else "bx"
    return "item", experience, f"A question to {table}: taken for their experience."


def _moments(column: Column, text: str, scale: Scale, table: str) -> tuple[str, str, str]:
    if RECOMMEND.search(text):
        return "outcome", "journey_recommendation", "By its words it asks about recommending."
    return "item", "moment_experience", "An answer on a scale in a table of moments: taken for the rating."


def _people(column: Column, text: str, scale: Scale, table: str) -> tuple[str, str, str]:
    return "ignore", "", "Answers on a scale do not belong to an HR record."


def _is_mixed(column: Column) -> bool:
    """Whether a column of numbers has words behind some, as at the ends of a scale of 0 to 10."""
    if column.kind != "number":
        return False
    return has_numbered_words(column.texts[column.numbers.isna()].dropna().unique())


def _from_texts(columns: Sequence[Column]) -> dict[str, Scale]:
    """Scales of answers in words, from all columns together that share two answers or more.

    Where all together make none, such as two wordings of one scale, each column is looked at by itself.
    """
    found: dict[str, Scale] = {}
    groups: list[tuple[set[str], list[Column]]] = []
    for column in columns:
        # A number without words says nothing about which scale it is of.
        texts = {text for text in column.texts.dropna().unique() if not _NUMBER.fullmatch(text)}
        joined = [group for group in groups if len(group[0] & texts) >= 2]
        groups = [group for group in groups if group not in joined]
        merged = texts.union(*(group[0] for group in joined))
        groups.append((merged, [c for group in joined for c in group[1]] + [column]))
    for _, members in groups:
        together = _written(members)
        for column in members:
            scale = together or _written([column])
            if scale is not None:
                found[column.name] = scale
    return found


def _written(columns: Sequence[Column]) -> Scale | None:
    """The scale of all texts of some columns that may be written down.

    A text that few chose is written down only if it is made of words that no person has to itself.
    """
    texts = {text for column in columns for text in column.texts.dropna().unique()}
    return scale_from_texts(
        text for text in texts if _NUMBER.fullmatch(text) or is_stock(text) or _is_shared(text, columns)
    )


def _is_shared(text: str, columns: Sequence[Column]) -> bool:
    """Whether so many rows hold a text, in whatever column, that it is nobody's own."""
    rows: set[int] = set()
    for column in columns:
        rows.update(column.texts.index[column.texts == text][:NAMEABLE])
        if len(rows) >= NAMEABLE:
            return True
    return False
