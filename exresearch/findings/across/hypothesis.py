"""One hypothesis over several clients: what may be pooled, the pool, its verdict, each client against the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from exresearch.findings.across.clients import ClientReport, differing, rule_of
from exresearch.findings.across.scales import NotOnScale, from_scale, to_scale
from exresearch.findings.decision import Verdict, combine
from exresearch.findings.finding import DecisionRule, EstimateRecord, Finding
from exresearch.findings.multiplicity import holm
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.models.pooling import (
    AgainstPool,
    PooledEstimate,
    Test,
    against_pool,
    leave_one_out,
    pool_estimates,
)

#: Knapp and Hartung's standard error, but never below the ordinary one: a few clients may agree by chance.
TEST: Test = "adhoc"
#: Fewer clients than this are no ground for a statement about clients.
LEAST_CLIENTS = 3
_TOO_FEW = (
    "Not testable across clients: {n:integer} of {all:integer} clients have an estimate that can be pooled, and a "
    "statement about clients takes at least {least:integer}."
)
_CORRECTED = (
    "The interval leaves out no effect, but after correction for several tests (p = {p_adjusted:p}) this may be "
    "chance."
)


@dataclass(frozen=True, slots=True)
class ClientEstimate:
    """One client's estimate of one part.

    Attributes
    ----------
    client : int
        Position of the client.
    record : Finding or EstimateRecord
        As in its report.
    value, std_error : float
        On the scale of pooling.
    from_interval : bool
        Whether the standard error was derived from the interval.
    """

    client: int
    record: Finding | EstimateRecord
    value: float
    std_error: float
    from_interval: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A client that is in no pool of a part, and why: settings or definitions that differ, or a reason of its own."""

    client: int
    differs: tuple[str, ...] = ()
    reason: Note | None = None


@dataclass(frozen=True, slots=True)
class PooledPart:
    """One part of a claim over clients.

    Attributes
    ----------
    term : str
        Name of the part; empty where the claim has one estimate.
    rule : DecisionRule
        What judges it, the same for all that are pooled.
    unit : str
        Unit of measurement.
    estimates : tuple of ClientEstimate
        Those that are alike.
    left_out : tuple of LeftOut
        All others.
    pooled : PooledEstimate or None
        On the scale of pooling; None with fewer than two estimates.
    without : pandas.DataFrame or None
        Leave-one-out, on the scale of pooling; None with fewer than three.
    against : dict of int to AgainstPool
        Each client against the others, where these are three or more; on the scale of pooling.
    verdict : Verdict
        ``not_testable`` with fewer than three clients.
    p_adjusted : float or None
        Corrected as the registry says for the family.
    reason : Note or None
        Why there is no verdict, or why it is not what the interval alone would say.
    """

    term: str
    rule: DecisionRule
    unit: str
    estimates: tuple[ClientEstimate, ...]
    left_out: tuple[LeftOut, ...]
    pooled: PooledEstimate | None
    without: pd.DataFrame | None
    against: dict[int, AgainstPool]
    verdict: Verdict = Verdict.NOT_TESTABLE
    p_adjusted: float | None = None
    reason: Note | None = None

    @property
    def testable(self) -> bool:
        """Whether there are clients enough for a statement about clients."""
        return self.pooled is not None and self.pooled.k >= LEAST_CLIENTS

    def back(self, value: float | None) -> float | None:
        """Bring a number from the scale of pooling to the unit of the part."""
        return None if value is None else from_scale(self.unit, value)


@dataclass(frozen=True, slots=True)
class PooledHypothesis:
    """A claim over clients: its parts, and what they come to together."""

    hypothesis: str
    parts: tuple[PooledPart, ...]
    verdict: Verdict
    client_verdicts: tuple[Verdict | None, ...]


def pool_hypothesis(
    hypothesis: str, clients: Sequence[ClientReport], *, first: int | None = None, conf_level: float = 0.95
) -> PooledHypothesis:
    """Pool the findings of one hypothesis over clients, part by part.

    Only estimates of one thing are pooled: the same estimand, unit, null, direction, measures and settings. Where
    clients differ, the largest set that is alike is pooled (with several as large, the one with the client that
    the comparison is for, else that of the first client), and for every other client it is said in what it differs.

    Parameters
    ----------
    hypothesis : str
        Its id.
    clients : sequence of ClientReport
        All clients.
    first : int, optional
        Position of the client that the comparison is for.
    conf_level : float
        Of all intervals.

    Returns
    -------
    PooledHypothesis
    """
    records = [client.records(hypothesis) for client in clients]
    terms = list(dict.fromkeys(term for found in records for term in found))
    known = load_registry().family_of(hypothesis).components if hypothesis in load_registry() else {}
    order = [term for term in known if term in terms]
    terms = order + [term for term in terms if term not in order]
    parts = [_part(hypothesis, term, clients, first=first, conf_level=conf_level) for term in terms]
    decided = _judged(hypothesis, [part for part in parts if part is not None], conf_level=conf_level)
    judged = [part.verdict for part in decided if part.testable]
    return PooledHypothesis(
        hypothesis,
        tuple(decided),
        combine(judged) if judged else Verdict.NOT_TESTABLE,
        tuple(client.verdict(hypothesis) for client in clients),
    )


def _part(
    hypothesis: str, term: str, clients: Sequence[ClientReport], *, first: int | None, conf_level: float
) -> PooledPart | None:
    usable: list[tuple[ClientEstimate, tuple[tuple[str, str], ...]]] = []
    left: list[LeftOut] = []
    for position, client in enumerate(clients):
        record = client.records(hypothesis).get(term)
        if record is None:
            left.append(LeftOut(position, reason=_absent(client, hypothesis)))
            continue
        try:
            estimate = _estimate(position, record)
        except NotOnScale:
            weightless = Note(
                message="Its estimate lies at the end of its range or has no standard error, so it has no weight."
            )
            left.append(LeftOut(position, reason=weightless))
            continue
        usable.append((estimate, client.definition(hypothesis, record)))
    if not usable:
        return None
    chosen = _largest(usable, first=first)
    alike = tuple(estimate for estimate, definition in usable if not differing(definition, chosen))
    left += [
        LeftOut(estimate.client, differs=differing(chosen, definition))
        for estimate, definition in usable
        if differing(definition, chosen)
    ]
    left.sort(key=lambda one: one.client)
    finding = clients[alike[0].client].findings[hypothesis]
    rule, unit = rule_of(alike[0].record, finding), alike[0].record.unit_of_measurement
    null = to_scale_null(unit, rule.null)
    values, errors = [one.value for one in alike], [one.std_error for one in alike]
    pooled = without = None
    against: dict[int, AgainstPool] = {}
    if len(alike) >= 2:
        pooled = pool_estimates(values, errors, null=null, conf_level=conf_level, test=TEST)
    if len(alike) > LEAST_CLIENTS:
        against = _against(alike, conf_level=conf_level)
    if len(alike) >= LEAST_CLIENTS:
        names = [str(one.client) for one in alike]
        without = leave_one_out(values, errors, terms=names, null=null, conf_level=conf_level, test=TEST)
    reason = None
    if pooled is None or pooled.k < LEAST_CLIENTS:
        reason = Note(message=_TOO_FEW, values={"n": len(alike), "all": len(clients), "least": LEAST_CLIENTS})
    return PooledPart(term, rule, unit, alike, tuple(left), pooled, without, against, reason=reason)


def _against(alike: Sequence[ClientEstimate], *, conf_level: float) -> dict[int, AgainstPool]:
    """Hold each client against a pool of all others."""
    held = {}
    for one in alike:
        others = [other for other in alike if other is not one]
        held[one.client] = against_pool(
            one.value,
            one.std_error,
            others=[other.value for other in others],
            others_se=[other.std_error for other in others],
            conf_level=conf_level,
            test=TEST,
        )
    return held


def to_scale_null(unit: str, null: float) -> float:
    """Bring the value of no effect to the scale of pooling."""
    return to_scale(unit, null, conf_low=null, conf_high=null, conf_level=0.95, std_error=1.0).estimate


def _judged(hypothesis: str, parts: Sequence[PooledPart], *, conf_level: float) -> list[PooledPart]:
    """Give each part that can be tested its verdict, with the family corrected together."""
    p_values = {
        str(at): part.pooled.p_value for at, part in enumerate(parts) if part.testable and part.pooled
    }
    corrected = hypothesis in load_registry() and load_registry().family_of(hypothesis).correction == "holm"
    adjusted = holm(p_values) if corrected else dict(p_values)
    judged = []
    for at, part in enumerate(parts):
        p_adjusted = adjusted.get(str(at))
        if part.pooled is None or p_adjusted is None:
            judged.append(part)
            continue
        low, high = (from_scale(part.unit, limit) for limit in (part.pooled.conf_low, part.pooled.conf_high))
        # A limit beyond what a number can hold excludes nothing.
        verdict = (
            part.rule.decide(low, high, p_adjusted=p_adjusted, conf_level=conf_level)
            if high < float("inf")
            else Verdict.INCONCLUSIVE
        )
        reason: Note | None = None
        if verdict is Verdict.INCONCLUSIVE and not low <= part.rule.null <= high:
            reason = Note(message=_CORRECTED, values={"p_adjusted": p_adjusted})
        judged.append(
            PooledPart(
                part.term,
                part.rule,
                part.unit,
                part.estimates,
                part.left_out,
                part.pooled,
                part.without,
                part.against,
                verdict,
                p_adjusted,
                reason,
            )
        )
    return judged


def _estimate(position: int, record: Finding | EstimateRecord) -> ClientEstimate:
    if record.estimate is None or record.conf_low is None or record.conf_high is None:
        raise NotOnScale("no estimate")
    placed = to_scale(
        record.unit_of_measurement,
        record.estimate,
        conf_low=record.conf_low,
        conf_high=record.conf_high,
        conf_level=record.conf_level or 0.95,
        std_error=record.std_error,
    )
    return ClientEstimate(position, record, placed.estimate, placed.std_error, placed.from_interval)


def _largest(
    usable: Sequence[tuple[ClientEstimate, tuple[tuple[str, str], ...]]], *, first: int | None
) -> tuple[tuple[str, str], ...]:
    sizes: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for estimate, definition in usable:
        sizes.setdefault(definition, []).append(estimate.client)
    return max(sizes, key=lambda one: (len(sizes[one]), first in sizes[one], -min(sizes[one])))


def _absent(client: ClientReport, hypothesis: str) -> Note:
    finding = client.findings.get(hypothesis)
    if finding is None:
        return Note(message="Its report does not decide this claim.")
    if not finding.tested:
        return Note(message="Its data could not test this claim.")
    return Note(message="Its data could not test this part of the claim.")
