"""The declared choices behind the link of employee and customer experience: whatever else could have been decided."""

from __future__ import annotations

from exresearch.findings.analyses.linkage.variants import LinkVariants
from exresearch.findings.analyses.sensitivity import Alternative, Decision
from exresearch.findings.note import Note

_CUTS = (0.20, 0.25, 1 / 3)
_SAME_CUT = 0.005


def correlation_decisions(variants: LinkVariants) -> list[Decision]:
    """Choices behind the correlation: scoring of the employees' side, what is held equal, how units count."""
    decisions = [Decision("scoring", Note(message="Employees' side"), variants.scorings)]
    if variants.labels:
        options = (
            Alternative("none", Note(message="Nothing"), False),
            Alternative("kinds", Note(message="{kinds}", values={"kinds": variants.kinds}), True),
        )
        decisions.append(Decision("covariates", Note(message="Held equal"), options))
    if variants.n_known:
        options = (
            Alternative("units", Note(message="All alike"), "units"),
            Alternative("employees", Note(message="By number of answers"), "employees"),
        )
        decisions.append(Decision("weights", Note(message="How units count"), options))
    return decisions


def ratio_decisions(variants: LinkVariants, leader_share: float) -> list[Decision]:
    """Choices behind the ratio: the cut-off, the definition of engaged, how units count."""
    cuts = sorted({leader_share, *(cut for cut in _CUTS if abs(cut - leader_share) > _SAME_CUT)})
    # The declared choice comes first in each decision, but cut-offs read best in their own order.
    options = [
        Alternative(
            "declared" if cut == leader_share else f"cut_{round(100 * cut)}",
            Note(message="{cut:percent0} at each end", values={"cut": cut}),
            cut,
        )
        for cut in cuts
    ]
    decisions = [Decision("cut", Note(message="Leaders and laggards"), tuple(options))]
    shares = tuple(option for option in variants.scorings if option.is_share)
    decisions.append(Decision("scoring", Note(message="Employees' side"), shares))
    if variants.n_known:
        options = [
            Alternative("employees", Note(message="By number of answers"), "employees"),
            Alternative("units", Note(message="All alike"), "units"),
        ]
        decisions.append(Decision("weights", Note(message="How units count"), tuple(options)))
    return decisions


def sample_decisions(variants: LinkVariants, min_unit_n: int, set_apart: str) -> list[Decision]:
    """Which units and waves there are: the same decisions for either estimand."""
    decisions = []
    if len(variants.waves) > 1:
        options = (
            Alternative("pooled", Note(message="All waves together"), "pooled"),
            Alternative("latest", Note(message="The latest wave"), "latest"),
        )
        decisions.append(Decision("waves", Note(message="Waves"), options))
    more = 2 * min_unit_n
    if variants.n_known and _leaves_out(variants, min_unit_n, more):
        least_of = tuple(
            Alternative(f"n_{least}", Note(message="{least:integer} or more", values={"least": least}), least)
            for least in (min_unit_n, more)
        )
        decisions.append(Decision("answers", Note(message="Answers a unit needs"), least_of))
    if variants.apart.any():
        kind = set_apart.partition("=")[2]
        options = (
            Alternative("all", Note(message="All"), False),
            Alternative("without", Note(message="Without {kind}", values={"kind": kind}), True),
        )
        decisions.append(Decision("without", Note(message="Units"), options))
    return decisions


def _leaves_out(variants: LinkVariants, least: int, more: int) -> bool:
    """Whether asking more answers changes anything: if not, the same estimates would count twice."""
    first = variants.scorings[0].key
    kept = [
        [variants.sides(first, waves=waves, answers=answers)[-1] for waves in variants.waves]
        for answers in (least, more)
    ]
    return any((few != many).any() for few, many in zip(*kept, strict=True))
