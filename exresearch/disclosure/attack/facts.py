"""Shown numbers as equations between the sums of sheets that nothing shown tells apart."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exresearch.disclosure.attack.bounds import LinearSystem
from exresearch.disclosure.attack.geometry import Geometry
from exresearch.disclosure.attack.members import Members
from exresearch.disclosure.ledger import Entry

Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """An equation and where it was shown; without a table it is common knowledge."""

    page: str
    table: str
    group: Key


@dataclass(frozen=True, slots=True)
class Part:
    """A group that is shown or hidden, as a set of unknowns.

    Attributes
    ----------
    group : tuple of pairs
        Dimensions and values.
    unknowns : numpy.ndarray of int
        Which unknowns it adds up.
    hidden, shown : bool
        Whether some table hides it, and whether some table shows it.
    """

    group: Key
    unknowns: NDArray[np.intp]
    hidden: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class System:
    """All that is shown of one measure in one population.

    Attributes
    ----------
    population, measure : str
        Who and what.
    counts : bool
        Whether the unknowns are numbers of people that answered, rather than their answers.
    length : float
        Highest minus lowest possible answer.
    solve : callable
        Makes the equations, and says where each comes from. Most systems have no target, and are never solved.
    parts : tuple of Part
        Every group of which something is shown or hidden.
    persons : numpy.ndarray, shape (unknowns,)
        People behind each unknown; missing where that is not known.
    kinds : Kinds
        The sheets behind the first of the unknowns.
    """

    population: str
    measure: str
    counts: bool
    length: float
    solve: Callable[[], tuple[LinearSystem, tuple[Fact, ...]]]
    parts: tuple[Part, ...]
    persons: NDArray[np.float64]
    kinds: Kinds


# Sorting so few is faster than marking them.
_FEW = 1000


@dataclass(frozen=True, slots=True)
class Kinds:
    """Sheets that no group tells apart; each kind is one unknown.

    Attributes
    ----------
    inside : dict
        The kinds in each group.
    sheets, persons : numpy.ndarray, shape (kinds,)
        Sheets, and people who filled them in; missing where that is not known.
    who : tuple of numpy.ndarray of int
        The people of each kind. Somebody who answered in six waves is in six kinds and one person.
    """

    inside: dict[Key, NDArray[np.intp]]
    sheets: NDArray[np.float64]
    persons: NDArray[np.float64]
    who: tuple[NDArray[np.intp], ...]

    def people(self, kinds: NDArray[np.intp]) -> float:
        """Return how many different people are in some kinds together; missing where that is not known."""
        if not len(kinds):
            return 0.0
        if kinds.max() >= len(self.who):
            return float("nan")
        if len(kinds) == 1:
            return float(len(self.who[kinds[0]]))
        together = np.concatenate([self.who[kind] for kind in kinds])
        if len(together) < _FEW:
            return float(len(np.unique(together)))
        there = np.zeros(int(together.max()) + 1, dtype=bool)
        there[together] = True
        return float(np.count_nonzero(there))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A group in a table, with what is shown of one measure; none where it is hidden."""

    table: int
    fact: Fact
    total: float | None
    slack: float
    n: float | None
    hidden: bool
    length: float
    own: Key
    foreign: Key


def systems_of(
    shown: Sequence[tuple[str, Entry]], members: Mapping[str, Members]
) -> tuple[list[System], tuple[str, ...]]:
    """Make one system of equations for each measure in each population, and one for its numbers of people.

    Parameters
    ----------
    shown : sequence of tuple of str and Entry
        Page and what it shows.
    members : mapping of str to Members
        Who belongs to which group.

    Returns
    -------
    tuple of list of System and tuple of str
        The systems, and dimensions that no table of the study has.
    """
    collected: dict[tuple[str, bool, str], list[_Seen]] = defaultdict(list)
    unmatched: set[str] = set()
    for table, (page, entry) in enumerate(shown):
        if entry.kind != "groups":
            continue
        known = members.get(entry.population)
        for cell in entry.cells:
            own = {d: v for d, v in cell.group.items() if known is not None and known.has(d, v)}
            foreign = {d: v for d, v in cell.group.items() if d not in own}
            unmatched |= {f"{entry.population}: {d}" for d in foreign}
            names = (tuple(sorted(own.items())), tuple(sorted(foreign.items())))
            fact = Fact(page, entry.name, names[0] + names[1])
            for measure in [t.measure for t in cell.totals] or [""]:
                if not entry.distribution:
                    # Numbers of people differ between questions, because not everybody answers all.
                    seen = _Seen(table, fact, cell.n, 0.0, cell.n, cell.hidden, 1.0, *names)
                    collected[entry.population, True, measure].append(seen)
            for t in cell.totals:
                # Shifted, so that the lowest answer is nothing.
                total = t.total if t.total is None or cell.n is None else t.total - t.low * cell.n
                seen = _Seen(table, fact, total, t.within, cell.n, cell.hidden, t.high - t.low, *names)
                collected[entry.population, False, t.measure].append(seen)
    # Most measures are shown in the same groups: what follows from these is worked out once.
    geometries: dict[bytes, Geometry] = {}
    kinds: dict[tuple[str, tuple[Key, ...]], Kinds] = {}
    systems = []
    for (population, counts, measure), together in sorted(collected.items()):
        groups = tuple(dict.fromkeys(item.own for item in together))
        if (population, groups) not in kinds:
            kinds[population, groups] = _kinds(groups, members.get(population))
        make = partial(LinearSystem, geometries=geometries)
        system = _system(population, measure, counts, together, kinds[population, groups], make)
        if system is not None:
            systems.append(system)
    return systems, tuple(sorted(unmatched))


def _system(
    population: str,
    measure: str,
    counts: bool,
    seen: Sequence[_Seen],
    kinds: Kinds,
    make: Callable[..., LinearSystem],
) -> System | None:
    length = max(item.length for item in seen)
    if not math.isfinite(length) or length <= 0 or all(item.total is None for item in seen):
        return None
    inside, sheets, persons = kinds.inside, kinds.sheets, kinds.persons
    foreign = list(dict.fromkeys((item.own, item.foreign) for item in seen if item.foreign))
    place = {key: len(sheets) + index for index, key in enumerate(foreign)}
    people = np.concatenate([persons, np.full(len(foreign), np.nan)])
    for item in seen:
        if item.foreign and item.n is not None:
            people[place[item.own, item.foreign]] = item.n
    most = np.full(len(people), np.inf)
    if not counts:
        answers = np.concatenate([sheets, people[len(sheets) :]])
        most = np.where(np.isnan(answers), np.inf, answers * length)

    def unknowns(item: _Seen) -> NDArray[np.intp]:
        if item.foreign:
            return np.array([place[item.own, item.foreign]], dtype=np.intp)
        return inside[item.own]

    secret = [unknowns(item) for item in seen if item.hidden]
    make = partial(make, open_unknowns=np.unique(np.concatenate([np.empty(0, dtype=np.intp), *secret])))
    facts = [fact for item in seen if (fact := _about_sheets(item, kinds, counts=counts)) is not None]
    if not facts:
        return None
    rows = [(unknowns(item), np.empty(0, dtype=np.intp)) for item in facts]
    known = np.array([item.total for item in facts], dtype="float64")
    slack = np.array([item.slack for item in facts])
    # How far tables may disagree: in proportion to how many people each is about.
    size = np.array([length * max(item.n or 1.0, 1.0) for item in facts])
    partitions = list(_partitions(seen, place))
    whole = [(np.array(sorted(children)), inside[own]) for own, children in partitions]

    def solve() -> tuple[LinearSystem, tuple[Fact, ...]]:
        matrix = _matrix(rows + whole, len(most))
        linear = make(
            matrix,
            known=np.append(known, np.zeros(len(whole))),
            slack=np.append(slack, np.zeros(len(whole))),
            most=most,
        )
        sources = [item.fact for item in facts]
        if linear.feasible():
            return linear, (*sources, *(Fact("", "", own) for own, _ in partitions))
        # Parts that overlap, or leave somebody out, do not add up to their whole. What remains may disagree because
        # answers were weighted, or some were left out; then nobody can rely on sums more than they agree.
        matrix = _matrix(rows, len(most))
        linear = make(matrix, known=known, slack=slack, most=most)
        if not linear.feasible():
            apart = 2 * linear.disagreement(size)
            linear = make(matrix, known=known, slack=slack + apart * size, most=most)
        return linear, tuple(sources)

    parts: dict[Key, Part] = {}
    for item in seen:
        group = item.own + item.foreign
        before = parts.get(group)
        hidden, open_ = (before.hidden, before.shown) if before is not None else (False, False)
        parts[group] = Part(group, unknowns(item), hidden or item.hidden, open_ or item.total is not None)
    listed = tuple(parts.values())
    return System(population, measure, counts, length, solve, listed, people, kinds)


def _about_sheets(item: _Seen, kinds: Kinds, *, counts: bool) -> _Seen | None:
    """Return what is shown as a sum over sheets; None where it is none, or hidden.

    Some tables count people, each once, where they filled in sheets in several waves. Their number of people does not
    add up over waves. Their mean does: it is a mean of sheets.
    """
    if item.total is None:
        return None
    if item.foreign or item.n is None or not kinds.who:
        return item
    inside = kinds.inside[item.own]
    sheets = float(kinds.sheets[inside].sum())
    if item.n >= sheets:
        # So many people there cannot be.
        return item
    people = kinds.people(inside)
    if not item.n <= people < sheets:
        return item
    return (
        None
        if counts
        else replace(item, total=item.total * sheets / people, slack=item.slack * sheets / people)
    )


def _kinds(groups: Sequence[Key], members: Members | None) -> Kinds:
    """Find the sheets that no group tells apart; they have one unknown together."""
    if members is None:
        # Nothing is known of who belongs where: the only group is everybody.
        nobody = np.array([np.nan])
        return Kinds({group: np.array([0]) for group in groups}, nobody, nobody, ())
    kind, marks = members.marks([dict(group) for group in groups])
    _, one, of_kind = np.unique(np.packbits(marks, axis=1), axis=0, return_index=True, return_inverse=True)
    number = of_kind.reshape(-1)[kind]
    sheets = np.bincount(number, minlength=len(one)).astype("float64")
    most = int(members.person.max(initial=0)) + 1
    pairs = np.unique(number.astype(np.int64) * most + members.person)
    persons = np.bincount(pairs // most, minlength=len(one)).astype("float64")
    patterns = marks[one]
    inside = {group: np.flatnonzero(patterns[:, index]) for index, group in enumerate(groups)}
    who = tuple(np.split(pairs % most, np.cumsum(persons.astype(np.intp))[:-1]))
    return Kinds(inside, sheets, persons, who)


def _partitions(seen: Sequence[_Seen], place: Mapping[tuple[Key, Key], int]) -> list[tuple[Key, set[int]]]:
    """Return the groups that a table cuts into parts of the analysis' own making, and these parts."""
    found: dict[tuple[int, Key, tuple[str, ...]], set[int]] = defaultdict(set)
    for item in seen:
        if item.foreign:
            kind = tuple(dimension for dimension, _ in item.foreign)
            found[item.table, item.own, kind].add(place[item.own, item.foreign])
    return [(own, parts) for (_, own, _), parts in found.items() if len(parts) > 1]


def _matrix(rows: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]], size: int) -> sparse.csr_array:
    """Return a matrix with 1 for what each row adds and -1 for what it takes off."""
    columns = [np.concatenate([plus, minus]) for plus, minus in rows]
    values = [np.concatenate([np.ones(len(plus)), -np.ones(len(minus))]) for plus, minus in rows]
    where = np.repeat(np.arange(len(rows)), [len(c) for c in columns])
    data = (np.concatenate(values), (where, np.concatenate(columns)))
    return sparse.csr_array(data, shape=(len(rows), size))
