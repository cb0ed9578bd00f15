"""One client at two moments: what changed between two reports, as far as they can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from exresearch.findings.across.clients import ClientReport, differing
from exresearch.findings.across.scales import NotOnScale, scale_of, to_scale
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a claim in an earlier and a later report of one client.

    Attributes
    ----------
    hypothesis, term, unit : str
    before, after : Finding or EstimateRecord
    verdict_before, verdict_after : Verdict or None
        Of the whole claim.
    change, conf_low, conf_high, p_value : float or None
        After minus before; for ratios after over before. None where no interval is honest, with the reason.
    reason : Note or None
        Why there is no interval.
    """

    hypothesis: str
    term: str
    unit: str
    before: Finding | EstimateRecord
    after: Finding | EstimateRecord
    verdict_before: Verdict | None
    verdict_after: Verdict | None
    change: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None
    reason: Note | None = None

    @property
    def as_ratio(self) -> bool:
        """Whether the change is after over before."""
        return scale_of(self.unit) == "log"


def shared_inputs(before: ClientReport, after: ClientReport) -> tuple[str, ...]:
    """Return the input files that two reports have in common, by content; the codebook is none of them."""
    common = set(before.inputs.values()) & set(after.inputs.values())
    return tuple(sorted(name for name, digest in after.inputs.items() if digest in common))


def changes(before: ClientReport, after: ClientReport, *, conf_level: float = 0.95) -> list[Change]:
    """Set the findings of two reports of one client beside each other.

    Parameters
    ----------
    before, after : ClientReport
        Made from different data.
    conf_level : float
        Of the intervals.

    Returns
    -------
    list of Change
        In the order of the registry; parts that both have.

    Notes
    -----
    SE² = SE²(before) + SE²(after): exact where the two are independent. The same units, and often the same people, are
    in both, whose estimates then go up and down together, so that the interval is rather too wide than too narrow.
    Where a file of answers is in both, the estimates share answers and there is no interval.
    """
    shared = shared_inputs(before, after)
    rows = []
    known = list(load_registry().ids)
    ordered = sorted(after.findings, key=lambda one: (known.index(one) if one in known else len(known), one))
    for hypothesis in ordered:
        finding = after.findings[hypothesis]
        earlier = before.findings.get(hypothesis)
        if earlier is None:
            continue
        old, new = before.records(hypothesis), after.records(hypothesis)
        for term in new:
            if term not in old:
                continue
            reason = _why_not(before, after, hypothesis, old[term], new[term], shared)
            numbers = None if reason is not None else _difference(old[term], new[term], conf_level)
            if reason is None and numbers is None:
                message = "An estimate lies at the end of its range, or has no standard error."
                reason = Note(message=message)
            change, low, high, p_value = numbers or (None, None, None, None)
            rows.append(
                Change(
                    hypothesis,
                    term,
                    new[term].unit_of_measurement,
                    old[term],
                    new[term],
                    earlier.verdict,
                    finding.verdict,
                    change,
                    low,
                    high,
                    p_value,
                    reason,
                )
            )
    return rows


def _why_not(
    before: ClientReport,
    after: ClientReport,
    hypothesis: str,
    old: Finding | EstimateRecord,
    new: Finding | EstimateRecord,
    shared: Sequence[str],
) -> Note | None:
    if differing(before.definition(hypothesis, old), after.definition(hypothesis, new)):
        return Note(message="Not the same number: definitions or settings differ between the two reports.")
    if shared:
        return Note(
            message="Not independent: both reports were made from some of the same files, so that they share answers."
        )
    return None


def _difference(
    old: Finding | EstimateRecord, new: Finding | EstimateRecord, conf_level: float
) -> tuple[float, float, float, float] | None:
    unit = new.unit_of_measurement
    placed = []
    try:
        for record in (old, new):
            if record.estimate is None or record.conf_low is None or record.conf_high is None:
                return None
            placed.append(
                to_scale(
                    # The change of a share or a correlation is read in its own unit.
                    unit if scale_of(unit) == "log" else "score",
                    record.estimate,
                    conf_low=record.conf_low,
                    conf_high=record.conf_high,
                    conf_level=record.conf_level or 0.95,
                    std_error=record.std_error,
                )
            )
    except NotOnScale:
        return None
    change = placed[1].estimate - placed[0].estimate
    error = float(np.hypot(placed[0].std_error, placed[1].std_error))
    reach = float(ndtri((1.0 + conf_level) / 2.0)) * error
    p_value = 2.0 * float(ndtr(-abs(change / error)))
    values = (change, change - reach, change + reach)
    if scale_of(unit) == "log":
        values = (float(np.exp(values[0])), float(np.exp(values[1])), float(np.exp(values[2])))
    return (*values, p_value)
