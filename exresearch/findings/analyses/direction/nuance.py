"""What the one word about direction leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from exresearch.findings.conclude import estimand_for, rule_of
from exresearch.findings.decision import DirectionVerdict
from exresearch.findings.direction import DECLARED
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note

_NEITHER = (
    Note(
        message=(
            "In neither direction is an effect seen, and in neither is an effect that would matter excluded: these "
            "data say little."
        )
    ),
    Note(
        message="In neither direction is an effect seen; in one of them an effect that would matter is excluded."
    ),
    Note(
        message="In neither direction is an effect seen, and in both an effect that would matter is excluded."
    ),
)
_BELOW = Note(
    message=(
        "At least one of the two effects lies below zero: a rise on the one side is followed by a fall on the other, "
        "which none of the claims foresees."
    )
)
_EX_STRONGER = Note(message="Of the two effects, that of employees on customers is the larger one.")
_CX_STRONGER = Note(message="Of the two effects, that of customers on employees is the larger one.")
_NO_STRONGER = Note(message="Which of the two effects is the larger one stays open.")


def nuance(parts: Mapping[str, EstimateRecord], verdict: DirectionVerdict | None) -> list[Note]:
    """Say what the word of the verdict leaves out: whether nothing is excluded, and which of two effects is larger."""
    limits = {name: rule_of(estimand_for(owner, component=name)) for name, owner in DECLARED.items()}
    if any(parts[name].conf_high < 0 for name in ("ex_to_cx", "cx_to_ex")):
        return [_BELOW]
    if verdict == "neither":
        excluded = [
            name
            for name in ("ex_to_cx", "cx_to_ex")
            if parts[name].conf_high <= limits[name].smallest_effect.high
        ]
        return [_NEITHER[len(excluded)]]
    if verdict == "both":
        lead = parts["ex_minus_cx"]
        bound = limits["ex_minus_cx"].smallest_effect
        if lead.conf_low > 0 and lead.conf_high > bound.high:
            return [_EX_STRONGER]
        if lead.conf_high < 0 and lead.conf_low < bound.low:
            return [_CX_STRONGER]
        return [_NO_STRONGER]
    return []
