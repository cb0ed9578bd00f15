"""Small groups that an outsider might try to work out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exresearch.disclosure.attack.facts import Key, Part, System
from exresearch.disclosure.rules import DisclosureRules


@dataclass(frozen=True, slots=True)
class Target:
    """A group under attack.

    Attributes
    ----------
    name : str
        In words.
    unknowns : numpy.ndarray of int
        The unknowns that add up to it.
    """

    name: str
    unknowns: NDArray[np.intp]


def targets_of(system: System, *, rules: DisclosureRules) -> Iterator[Target]:
    """Return the groups of a system that must not be worked out.

    These are hidden groups, alone and together with the others that their table hides beside them; sets of sheets that
    nothing tells apart; and differences and overlaps of two shown groups. The last three count where they hold too few
    people.

    Parameters
    ----------
    system : System
        All that is shown of one measure.
    rules : DisclosureRules
        Minimum groups.

    Yields
    ------
    Target
    """
    least = rules.min_respondents
    done: set[bytes] = set()

    def fresh(name: str, unknowns: NDArray[np.intp]) -> Iterator[Target]:
        mark = np.sort(unknowns).tobytes()
        if len(unknowns) and mark not in done:
            done.add(mark)
            yield Target(name, np.sort(unknowns))

    hidden = [part for part in system.parts if part.hidden]
    for part in hidden:
        people = system.kinds.people(part.unknowns)
        # Where nobody is there is nothing to find out. A group of enough people that one table hides, to protect
        # others, and another shows is no secret; whether those others stay protected is asked of them.
        if people != 0 and not (part.shown and people >= least):
            yield from fresh(_words(part.group), part.unknowns)
    if system.counts:
        return
    for name, beside in _beside(hidden):
        together = np.unique(np.concatenate([part.unknowns for part in beside]))
        if 0 < system.kinds.people(together) < least:
            yield from fresh(name, together)
    few = np.flatnonzero((system.persons > 0) & (system.persons < least))
    shown = [part for part in system.parts if part.shown]
    for part in shown:
        # A table that counted answers where it should have counted people.
        if 0 < system.kinds.people(part.unknowns) < least:
            yield from fresh(_words(part.group), part.unknowns)
    smallest = _smallest(shown, len(system.persons))
    for unknown in few:
        if smallest[unknown] >= 0:
            yield from fresh(f"some of {_words(shown[smallest[unknown]].group)}", np.array([unknown]))
    for name, unknowns in _between(shown, system, least):
        yield from fresh(name, unknowns)


def _smallest(shown: list[Part], size: int) -> NDArray[np.intp]:
    """Return for each unknown the shown group with the fewest others, -1 where there is none."""
    found = np.full(size, -1, dtype=np.intp)
    for index in sorted(range(len(shown)), key=lambda index: -len(shown[index].unknowns)):
        found[shown[index].unknowns] = index
    return found


def _beside(hidden: list[Part]) -> Iterator[tuple[str, list[Part]]]:
    families: dict[tuple[str, Key], list[Part]] = defaultdict(list)
    for part in hidden:
        for dimension, _ in part.group:
            rest = tuple(pair for pair in part.group if pair[0] != dimension)
            families[dimension, rest].append(part)
    for (dimension, rest), parts in families.items():
        if len(parts) > 1:
            yield f"all hidden groups by {dimension} of {_words(rest)}", parts


def _between(shown: list[Part], system: System, least: int) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Return differences and overlaps of two shown groups with too few people."""
    if len(shown) < 2:
        return
    rows = np.concatenate([np.full(len(part.unknowns), index) for index, part in enumerate(shown)])
    columns = np.concatenate([part.unknowns for part in shown])
    known = np.nan_to_num(system.persons)
    marks = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(shown), len(known)))
    both = (marks * known @ marks.T).toarray()
    own = np.diagonal(both)
    left_over = own[:, None] - both
    sets = [set(part.unknowns.tolist()) for part in shown]
    # People in several waves are counted once each time here; whether they are few is settled below.
    often = least * _most_often(system)
    for one, other in zip(*np.nonzero((both > 0) & (left_over > 0) & (left_over < often)), strict=True):
        rest = np.array(sorted(sets[one] - sets[other]), dtype=np.intp)
        if system.kinds.people(rest) < least:
            yield f"{_words(shown[one].group)} without {_words(shown[other].group)}", rest
    overlap = np.triu((both > 0) & (both < often), k=1)
    for one, other in zip(*np.nonzero(overlap), strict=True):
        shared = np.array(sorted(sets[one] & sets[other]), dtype=np.intp)
        if system.kinds.people(shared) < least:
            yield f"{_words(shown[one].group)} that are also {_words(shown[other].group)}", shared


def _most_often(system: System) -> int:
    """Return in how many kinds of sheet one person is at most."""
    if not system.kinds.who:
        return 1
    return int(np.bincount(np.concatenate(system.kinds.who)).max(initial=1))


def _words(group: Key) -> str:
    return ", ".join(f"{dimension} {value}" for dimension, value in group) or "everybody"
