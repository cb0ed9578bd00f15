"""Everything that a report shows, held together, to see whether a small group can be worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from exresearch.disclosure.attack.bounds import Interval
from exresearch.disclosure.attack.facts import Fact, System, systems_of
from exresearch.disclosure.attack.members import Members
from exresearch.disclosure.attack.targets import Target, targets_of
from exresearch.disclosure.ledger import Entry
from exresearch.disclosure.rules import PROTECTION, DisclosureRules

# So many ways to the same group are named; more helps nobody.
_MOST_TABLES = 6


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A group that the report gives away.

    Attributes
    ----------
    population, measure : str
        Who was asked, and what.
    counts : bool
        Whether the number of people that answered is given away, rather than their answers.
    group : str
        The group in words; never its answers.
    exact : bool
        Whether its sum can be computed, rather than bounded too closely.
    tables : tuple of str
        What gives it away.
    """

    population: str
    measure: str
    counts: bool
    group: str
    exact: bool
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of a report came to.

    Attributes
    ----------
    disclosures : tuple of Disclosure
        Empty when nothing can be worked out.
    n_entries, n_cells, n_hidden, n_systems, n_targets : int
        Tables and figures looked at, groups in them, groups hidden in them, systems of equations, and groups that were
        attacked.
    unmatched : tuple of str
        Dimensions that are in no table of the study, and were therefore taken as parts of a whole.
    """

    disclosures: tuple[Disclosure, ...]
    n_entries: int
    n_cells: int
    n_hidden: int
    n_systems: int
    n_targets: int
    unmatched: tuple[str, ...] = field(default=())


def audit(
    shown: Sequence[tuple[str, Entry]], members: Mapping[str, Members], *, rules: DisclosureRules
) -> Audit:
    r"""Look for small groups whose answers follow from everything that was shown together.

    An outsider is assumed to know the size of every group, who belongs to it, which scale was used, and every number
    shown in any table, figure or page. Sheets that are in the same groups cannot be told apart by anything shown; each
    such set :math:`a` has an unknown sum :math:`y_a` between nothing and its number of sheets times the length of the
    scale. Every shown mean, share, score or count is an equation between them. For each target, the sum is minimised
    and maximised under all equations:

    .. math:: \min, \max \textstyle\sum_{a \in T} y_a \; \text{s.t.} \; A y = b, \; 0 \le y_a \le n_a (high - low).

    The difference must be at least half of the scale for answers, and the least number of respondents for numbers of
    people. Targets are hidden groups; sets of sheets, differences and overlaps of shown groups with too few people; and
    what shown parts leave over of a shown total.

    Parameters
    ----------
    shown : sequence of tuple of str and Entry
        Page and what it shows, of the whole report.
    members : mapping of str to Members
        Who belongs to which group; see :func:`exresearch.disclosure.attack.members.members_of`.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    Audit

    References
    ----------
    Hundepool, A. et al. (2012). *Statistical Disclosure Control*. Wiley. https://doi.org/10.1002/9781118348239
    """
    systems, unmatched = systems_of(shown, members)
    found: list[Disclosure] = []
    attacked = 0
    known: dict[object, list[Target]] = {}
    for system in systems:
        wanted = float(rules.min_respondents) if system.counts else PROTECTION * system.length
        # Measures that are shown and hidden in the same groups have the same targets.
        key = (system.population, system.counts, tuple((p.group, p.hidden, p.shown) for p in system.parts))
        if key not in known:
            known[key] = list(targets_of(system, rules=rules))
        targets = known[key]
        attacked += len(targets)
        if not targets:
            continue
        linear, sources = system.solve()
        for position, interval in linear.intervals(_stacked(targets, system), wanted=wanted).items():
            found.append(_disclosure(system, sources, targets[position], interval, wanted))
    groups = [entry for _, entry in shown if entry.kind == "groups"]
    return Audit(
        disclosures=tuple(dict.fromkeys(found)),
        n_entries=len(shown),
        n_cells=sum(len(entry.cells) for entry in groups),
        n_hidden=sum(cell.hidden for entry in groups for cell in entry.cells),
        n_systems=len(systems),
        n_targets=attacked,
        unmatched=unmatched,
    )


def _stacked(targets: Sequence[Target], system: System) -> sparse.csr_array:
    sizes = [len(target.unknowns) for target in targets]
    columns = np.concatenate([np.empty(0, dtype=np.intp), *(target.unknowns for target in targets)])
    rows = np.repeat(np.arange(len(targets)), sizes)
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(targets), len(system.persons)))


def _disclosure(
    system: System, sources: Sequence[Fact], target: Target, interval: Interval, wanted: float
) -> Disclosure:
    facts: list[Fact] = [sources[row] for row in interval.given_away_by]
    own = [fact for fact in facts if fact.table] or list(sources)
    tables = tuple(dict.fromkeys(f"{fact.page}: {fact.table}" for fact in own))
    return Disclosure(
        population=system.population,
        measure=system.measure,
        counts=system.counts,
        group=target.name,
        exact=interval.width < 0.02 * wanted,
        tables=tables[:_MOST_TABLES],
    )
