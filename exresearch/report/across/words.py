"""What a comparison of clients says in words: definitions that differ, pools, and one client against the others."""

from __future__ import annotations

import math
from collections.abc import Sequence

from exresearch.findings.across import ClientReport, PooledPart
from exresearch.findings.across.hypothesis import LeftOut
from exresearch.findings.decision import Verdict
from exresearch.findings.registry import load_registry
from exresearch.models.pooling import AgainstPool, PooledEstimate
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.text import Texts, mark

DEFINITIONS = {
    "estimand": mark("the number that decides"),
    "unit_of_measurement": mark("the unit of measurement"),
    "null": mark("the value of no effect"),
    "direction": mark("the direction of the claim"),
    "measure_ex": mark("what stands for employee experience"),
    "measure_cx": mark("what stands for customer experience"),
    "measure_bx": mark("what stands for partner experience"),
    "ex_measure": mark("the measure of employee experience (ex_measure)"),
    "cx_measure": mark("the measure of customer experience (cx_measure)"),
    "engaged_definition": mark("who counts as engaged (engaged_definition)"),
    "engaged_threshold": mark("the threshold of being engaged (engaged_threshold)"),
    "leader_share": mark("the share of leaders and laggards (leader_share)"),
    "later_outcome": mark("the outcome a wave later (later_outcome)"),
    "waves_overlap": mark("whether waves overlap (waves_overlap)"),
    "anticipation": mark("how early a programme may work (anticipation)"),
    "composite_ex": mark("the weight of employee experience (composite_ex)"),
    "composite_cx": mark("the weight of customer experience (composite_cx)"),
    "composite_bx": mark("the weight of partner experience (composite_bx)"),
    "enps_variant": mark("the variant of the eNPS (enps_variant)"),
    "enps_promoters_from": mark("from where somebody is a promoter (enps_promoters_from)"),
    "enps_detractors_to": mark("up to where somebody is a detractor (enps_detractors_to)"),
    "number_of_drivers": mark("the number of drivers, which share one explained variance"),
}

_DIFFERENCES = mark(
    "Of the differences between the estimates {share:percent0} ({limits}) is more than chance (I²); Q = {q:number1} on "
    "{df:integer} degrees of freedom, p = {p:p}; true effects differ by a standard deviation of {tau} on the scale of "
    "pooling (τ)."
)
_TWO = mark(
    "With two clients how much they differ rests on one difference, and the interval on one degree of freedom: it is "
    "so wide that it rarely says anything."
)
_FEW = mark(
    "With {k:integer} clients it is hardly known how much clients differ; the intervals are wide for that reason."
)
FROM_INTERVAL = mark(
    "Where a report has no standard error, it was derived from the interval, on the scale of pooling; that makes it "
    "rather too large than too small."
)


def part_label(hypothesis: str, part: PooledPart, texts: Texts) -> str:
    """Return what a part is called; the title of the claim where it has one estimate."""
    registry = load_registry()
    if hypothesis not in registry:
        return part.term or hypothesis
    components = registry.family_of(hypothesis).components
    if part.term in components and part.term:
        return texts.pick(components[part.term])
    return texts.pick(registry[hypothesis].title) if not part.term else part.term


def left_out_words(one: LeftOut, texts: Texts) -> str:
    """Say why a client is in no pool."""
    if one.reason is not None:
        return texts.note(one.reason)
    differs = texts.listed([texts.say(DEFINITIONS[name]) for name in one.differs if name in DEFINITIONS])
    return texts.say("Not pooled, because it differs in: {differs}.", differs=differs)


def limits(part: PooledPart, low: float | None, high: float | None, texts: Texts) -> str:
    """Write two limits on the scale of pooling in the unit of a part."""
    ends = sorted(part.back(value) or 0.0 for value in (low, high) if value is not None)
    # A limit that no number can hold is written as the largest that says something.
    low, high = (min(max(end, -999.0), 999.0) for end in ends)
    return interval(low, high, _spec(part), language=texts.language)


def pooled_sentences(part: PooledPart, texts: Texts) -> list[str]:
    """Say what the pool of a part gives: mean, where the next client is expected, and how much clients differ."""
    pooled = part.pooled
    if pooled is None:
        return []
    spec = _spec(part)
    said = [
        texts.say(
            "Over {k:integer} clients the mean is {estimate} ({level:percent0} interval {limits}; p = {p:p}).",
            k=pooled.k,
            estimate=texts.number(part.back(pooled.estimate), spec),
            level=pooled.conf_level,
            limits=limits(part, pooled.conf_low, pooled.conf_high, texts),
            p=min(1.0, pooled.p_value if part.p_adjusted is None else part.p_adjusted),
        ),
        texts.say(
            "Of one more client a true value from {limits} is expected ({level:percent0} prediction interval).",
            level=pooled.conf_level,
            limits=limits(part, pooled.expect_low, pooled.expect_high, texts),
        ),
        _differences(pooled, texts),
    ]
    return [*said, *_warnings(pooled, texts)]


def _differences(pooled: PooledEstimate, texts: Texts) -> str:
    return texts.say(
        _DIFFERENCES,
        share=pooled.i2,
        limits=interval(pooled.i2_low or 0.0, pooled.i2_high or 0.0, "percent0", language=texts.language),
        q=pooled.q,
        df=pooled.k - 1,
        p=min(1.0, pooled.q_p_value),
        tau=texts.number(math.sqrt(pooled.tau2), "number3"),
    )


def _warnings(pooled: PooledEstimate, texts: Texts) -> list[str]:
    if pooled.k == 2:
        return [texts.say(_TWO)]
    return [texts.say(_FEW, k=pooled.k)] if pooled.warnings else []


def leave_one_out_sentence(part: PooledPart, names: Sequence[str], texts: Texts) -> str:
    """Say whether the pooled verdict rests on one client."""
    if part.without is None or part.pooled is None or not part.testable:
        return ""
    moved = []
    # What the correction for several tests made of the p-value of all, it makes of those without one.
    times = (part.p_adjusted or 0.0) / part.pooled.p_value if part.pooled.p_value > 0.0 else 1.0
    for name, low, high, p_value in zip(
        names, part.without["conf_low"], part.without["conf_high"], part.without["p_value"], strict=True
    ):
        ends = sorted(float(part.back(value) or 0.0) for value in (low, high))
        verdict = (
            part.rule.decide(
                ends[0],
                ends[1],
                p_adjusted=min(1.0, times * float(p_value)),
                conf_level=part.pooled.conf_level,
            )
            if ends[1] < float("inf")
            else Verdict.INCONCLUSIVE
        )
        if verdict is not part.verdict:
            moved.append(name)
    if not moved:
        return texts.say("Whichever client is left out, the verdict stays the same.")
    return texts.say(
        "The verdict would be another one without {clients}: it rests on few clients.",
        clients=texts.listed(moved),
    )


def against_sentence(client: ClientReport, held: AgainstPool, part: PooledPart, texts: Texts) -> str:
    """Say how one client compares with what the others lead to expect."""
    inside = mark(
        "{client} has {estimate}; the other {k:integer} lead to expect {limits}. That is where it lies: nothing sets "
        "it apart."
    )
    unsure = mark(
        "{client} has {estimate}; the other {k:integer} lead to expect {limits}. It lies outside, but with its own "
        "uncertainty this may be chance (p = {p:p})."
    )
    outside = mark(
        "{client} has {estimate}; the other {k:integer} lead to expect {limits}. It differs from them by more than "
        "chance (p = {p:p})."
    )
    apart = held.p_value <= round(1.0 - held.others.conf_level, 12)
    values = {
        "client": texts.pick(client.label),
        "estimate": texts.number(part.back(held.estimate), _spec(part)),
        "k": held.others.k,
        "limits": limits(part, held.others.expect_low, held.others.expect_high, texts),
    }
    if held.inside and not apart:
        return texts.say(inside, **values)
    return texts.say(outside if apart else unsure, p=min(1.0, held.p_value), **values)


def _spec(part: PooledPart) -> str:
    return unit_spec(part.unit)
