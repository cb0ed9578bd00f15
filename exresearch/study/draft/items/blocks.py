"""The answers of one table beside one another: one scale per construct, one outcome each, blocks and groups."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.columns.questions import CUSTOMER, CUSTOMER_FIRST, EMPLOYEE_FIRST
from exresearch.study.draft.columns.words import slug, spaced
from exresearch.study.draft.items.values import stem_of

# Exact importance of drivers takes 2 to the power of their number: more than this are put into groups.
_MOST_DRIVERS = 13


def settle(columns: Sequence[Column], found: Mapping[str, Guess], *, table: str) -> None:
    """See the answers of one table beside one another: one scale per construct, one outcome each, blocks and groups.

    Changes the guesses in ``found``.
    """
    here = [c for c in columns if c.name in found]
    _one_outcome_each(here, found)
    _one_scale_each(here, found)
    if table == "employees":
        _blocks(here, found)
    if table in ("customers", "partners"):
        experience = "cx" if table == "customers" else "bx"
        items = [c for c in here if found[c.name].more.get("construct") == experience]
        scores = [c for c in here if found[c.name].more.get("construct") == "nps"]
        if scores and not items:
            found[scores[0].name].more["construct"] = experience
            found[scores[0].name].why += " The only question of this table, so it stands for the experience."


def _one_outcome_each(columns: Sequence[Column], found: Mapping[str, Guess]) -> None:
    taken: dict[str, str] = {}
    # One that was not turned round, and that has words of its own, comes first.
    for column in columns:
        guess = found[column.name]
        if guess.role != "outcome":
            continue
        construct = guess.more["construct"]
        if construct in taken:
            guess.role, guess.doubt = "ignore", 1
            del guess.more["construct"]
            guess.why = f"Column {taken[construct]!r} stands for {construct!r} already. {guess.why}"
        else:
            taken[construct] = column.name


def _one_scale_each(columns: Sequence[Column], found: Mapping[str, Guess]) -> None:
    scales: dict[str, Counter[tuple[float, float]]] = {}
    for column in columns:
        guess = found[column.name]
        if guess.role in ("item", "outcome", "need"):
            ends = guess.more["minimum"], guess.more["maximum"]
            scales.setdefault(guess.more["construct"], Counter())[ends] += 1
    for column in columns:
        guess = found[column.name]
        if guess.role not in ("item", "need"):
            continue
        ends, _ = scales[guess.more["construct"]].most_common(1)[0]
        if (guess.more["minimum"], guess.more["maximum"]) != ends:
            name = guess.more.pop("construct")
            guess.role, guess.doubt = "ignore", 2
            guess.why = f"Most items of {name!r} have the scale {ends[0]} to {ends[1]}. {guess.why}"


def _blocks(columns: Sequence[Column], found: Mapping[str, Guess]) -> None:
    drivers = [c for c in columns if found[c.name].role == "driver"]
    best: dict[str, tuple[int, str]] = {}
    for column in drivers:
        guess, text = found[column.name], column.question or spaced(column.name)
        rank = next((i for i, pattern in enumerate(EMPLOYEE_FIRST) if pattern.search(text)), None)
        if CUSTOMER.search(text):
            block = "customer-first"
            rank = next(
                (i for i, pattern in enumerate(CUSTOMER_FIRST) if pattern.search(text)), len(CUSTOMER_FIRST)
            )
        elif rank is not None:
            block = "employee-first"
        else:
            guess.more["block"] = "other"
            continue
        guess.more["block"] = block
        guess.doubt = max(guess.doubt, 1)
        if block not in best or rank < best[block][0]:
            best[block] = rank, column.name
    for block, (_, name) in best.items():
        guess = found[name]
        guess.more["named"] = True
        guess.doubt = max(guess.doubt, 2)
        guess.why = f"The nearest to the claim of all {block} drivers. {guess.why}"
    _group(drivers, found)


def _group(drivers: Sequence[Column], found: Mapping[str, Guess]) -> None:
    """Put drivers into groups where they are many: first those of no block, by what their names begin with.

    The steps go on only while there are too many: items of one question, then of one part of the questionnaire, then
    all; at last what is not named in the two blocks of the claim.
    """
    others = [c for c in drivers if found[c.name].more["block"] == "other"]
    steps: tuple[Callable[[str], str], ...] = (
        lambda name: name,
        stem_of,
        lambda name: re.sub(r"[\d_ .-]+$", "", stem_of(name)) or "other",
        lambda name: "other",
    )
    for step in steps:
        groups = Counter(step(c.name) for c in others)
        if len(drivers) - len(others) + len(groups) <= _MOST_DRIVERS:
            break
    for column in others:
        if groups[step(column.name)] > 1:
            found[column.name].more["group"] = slug(step(column.name))
    if len(drivers) - len(others) + len(groups) > _MOST_DRIVERS:
        for column in drivers:
            more = found[column.name].more
            if more["block"] != "other" and not more.get("named"):
                more["group"] = slug(more["block"])
