"""What a finding means, in one or two plain sentences that never claim more than the record holds."""

from __future__ import annotations

from exresearch.findings.claims import PublishedFigure, load_claims
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import Comparison, DetectableEffect, EstimateRecord, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.text import Texts, mark

VERDICT_LABELS = {
    Verdict.SUPPORTED: mark("supported"),
    Verdict.CONTRADICTED: mark("contradicted"),
    Verdict.EQUIVALENT: mark("no meaningful effect"),
    Verdict.INCONCLUSIVE: mark("inconclusive"),
    Verdict.NOT_TESTABLE: mark("not testable"),
}
UNIT_NAMES = {
    "ratio": mark("ratio"),
    "odds_ratio": mark("odds ratio"),
    "share": mark("share"),
    "share_difference": mark("difference between two shares"),
    "correlation": mark("correlation"),
    "variance_share": mark("share of explained variance"),
    "slope": mark("slope"),
    "score": mark("score"),
    "hazard_ratio": mark("hazard ratio"),
    "rate_ratio": mark("rate ratio"),
    "points": mark("points"),
    "index": mark("index"),
    "standardised": mark("standardised effect"),
    "returned_share": mark("share of a shock that comes back"),
}
_BY_ESTIMAND = {
    ("peer_effect", "standardised"): mark(
        "After a wave in which more colleagues than usual were ambassadors, by one standard deviation, a person's "
        "answer differs by {estimate:signed2} standard deviations from that person's usual one ({level:percent0} "
        "interval {limits})."
    ),
    ("autonomy_slope", "standardised"): mark(
        "Per standard deviation more room to act, customer experience differs by {estimate:signed2} standard "
        "deviations between units ({level:percent0} interval {limits})."
    ),
    ("ratio", "ratio"): mark(
        "Among the leaders in customer experience the share of engaged employees is {estimate:number2} "
        "times that among the laggards "
        "({level:percent0} interval {limits})."
    ),
    ("share", "share"): mark(
        "Of the employees who answered, {estimate:percent1} are engaged ({level:percent0} interval {limits})."
    ),
    ("lmg_difference", "variance_share"): mark(
        "The difference in explained variance between the employee-first and the customer-first driver is "
        "{estimate:points1} "
        "({level:percent0} interval {limits}; positive means that the employee-first driver weighs more)."
    ),
    ("out_of_sample_gain", "variance_share"): mark(
        "Among people who had no part in the fit, segments on needs explain {estimate:points1} more of the differences "
        "in outcomes than the categories of the organisation ({level:percent0} interval {limits}; negative means less)."
    ),
    ("outer_phases_gain", "variance_share"): mark(
        "With moments before and after employment, {estimate:points1} more of the differences in recommending is "
        "explained than with moments during employment alone ({level:percent0} interval {limits})."
    ),
    ("gain_difference", "variance_share"): mark(
        "What experience adds to clicks is {estimate:points1} of the differences in recommending more than what clicks "
        "add to experience ({level:percent0} interval {limits}; negative means less)."
    ),
    ("product_gain", "variance_share"): mark(
        "The interplay of ready, willing, able and aligned explains {estimate:points1} more of the differences in "
        "customer-oriented behaviour than the sum of the four ({level:percent0} interval {limits}; negative means that "
        "people make up for their weakest part)."
    ),
    ("hazard_ratio", "hazard_ratio"): mark(
        "With every point higher on the recommendation item (0 to 10) the chance of leaving from one moment to the "
        "next is {estimate:number2} times as large ({level:percent0} interval {limits}; under 1 means that people "
        "leave less soon)."
    ),
    ("referral_rate_ratio", "rate_ratio"): mark(
        "With every point higher on the recommendation item (0 to 10) the people of a unit refer {estimate:number2} "
        "times as many applicants ({level:percent0} interval {limits})."
    ),
    ("enps_nps_correlation", "correlation"): mark(
        "The correlation between the eNPS of units and the NPS of their customers is {estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
    ("pay_experience_interaction", "standardised"): mark(
        "With every standard deviation better experience, the link between pay satisfaction and staying changes by "
        "{estimate:number2} standard deviations ({level:percent0} interval {limits}; negative means that pay matters "
        "most where experience is poor)."
    ),
    ("serial_indirect_effect", "standardised"): mark(
        "Along the whole chain, with every standard deviation better employee experience, customer experience changes "
        "by {estimate:number2} standard deviations ({level:percent0} interval {limits})."
    ),
    ("partial_correlation", "correlation"): mark(
        "With the third side held constant, the correlation between units is {estimate:number2} ({level:percent0} "
        "interval {limits})."
    ),
    ("incongruence_slope", "standardised"): mark(
        "With every standard deviation that employees move ahead and customers fall behind, the outcome of the next "
        "wave changes by {estimate:number2} standard deviations ({level:percent0} interval {limits}; positive means "
        "that it is worse when employees lose to customers)."
    ),
    ("incongruence_curvature", "standardised"): mark(
        "With employees and customers each a standard deviation from their average, one above and the other below, the "
        "outcome of the next wave differs by {estimate:number2} standard deviations from balance ({level:percent0} "
        "interval {limits}; negative means that it is worse when the two drift apart)."
    ),
}
# Where one name of an estimand stands for different questions, the hypothesis says which.
_BY_HYPOTHESIS = {
    ("promise-delivered", "incongruence_slope"): mark(
        "With every standard deviation more delivered and one less promised, “{outcome}” changes by {estimate:signed2} "
        "standard deviations ({level:percent0} interval {limits}; positive means that it is lower where less was "
        "delivered than promised)."
    ),
}
# By the side of zero on which the estimate lies, so that nobody reads "a minus number above".
_CROSS_LAGGED = {
    "above": mark(
        "A unit that is one standard deviation above its own level on “{ex}” is {size:number2} standard deviations "
        "above its own level on “{cx}” a wave later ({level:percent0} interval {limits})."
    ),
    "below": mark(
        "A unit that is one standard deviation above its own level on “{ex}” is {size:number2} standard deviations "
        "below its own level on “{cx}” a wave later ({level:percent0} interval {limits}, where minus means below)."
    ),
}
_BY_ESTIMAND |= {
    ("incidence_rate_ratio", "rate_ratio"): mark(
        "Where employee experience is one standard deviation better, the rate a wave later is {estimate:number2} times "
        "as high ({level:percent0} interval {limits})."
    ),
    ("standardised_slope", "standardised"): mark(
        "Where employee experience is one standard deviation better, the outcome a wave later is {estimate:number2} "
        "standard deviations higher ({level:percent0} interval {limits})."
    ),
}
_CORRELATION = {
    "up": mark(
        "Units with a better employee experience tend to have a better customer experience: the "
        "correlation is {estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
    "down": mark(
        "Units with a better employee experience tend to have a worse customer experience: the correlation "
        "is {estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
    "open": mark(
        "Between units no clear link shows between employee and customer experience: the correlation is "
        "{estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
}
_CORRELATION_NAMED = {
    "up": mark(
        "Units with a higher “{ex}” tend to have a higher “{cx}”: the correlation is {estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
    "down": mark(
        "Units with a higher “{ex}” tend to have a lower “{cx}”: the correlation is {estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
    "open": mark(
        "Between units no clear link shows between “{ex}” and “{cx}”: the correlation is {estimate:number2} "
        "({level:percent0} interval {limits})."
    ),
}
_PROGRAMME = {
    ("ex", "up"): mark(
        "After its start, units with a programme stand {size:number2} standard deviations higher in employee "
        "experience than they would have without it ({level:percent0} interval {limits})."
    ),
    ("ex", "down"): mark(
        "After its start, units with a programme stand {size:number2} standard deviations lower in employee experience "
        "than they would have without it ({level:percent0} interval {limits})."
    ),
    ("ex", "open"): mark(
        "After its start, employee experience in units with a programme does not clearly differ from what it would "
        "have been without it: {estimate:signed2} standard deviations ({level:percent0} interval {limits})."
    ),
    ("cx", "up"): mark(
        "From a wave later on they stand {size:number2} standard deviations higher in customer experience "
        "({level:percent0} interval {limits})."
    ),
    ("cx", "down"): mark(
        "From a wave later on they stand {size:number2} standard deviations lower in customer experience "
        "({level:percent0} interval {limits})."
    ),
    ("cx", "open"): mark(
        "From a wave later on, customer experience does not clearly differ: {estimate:signed2} standard deviations "
        "({level:percent0} interval {limits})."
    ),
}
# Support by another measure than the claim names is support for its direction only.
_MEANING_PROXY = {
    Verdict.SUPPORTED: mark(
        "That fits the direction of the claim, with another measure than engagement: how many times as many "
        "engaged employees there are, these data cannot say. It shows that the two go together, not that one "
        "is the cause of the other."
    ),
}
_BY_UNIT = {
    "ratio": mark(
        "One group has {estimate:number2} times the value of the other ({level:percent0} interval {limits})."
    ),
    "odds_ratio": mark(
        "The odds of one group are {estimate:number2} times those of the other ({level:percent0} interval "
        "{limits})."
    ),
    "share": mark("The share is {estimate:percent1} ({level:percent0} interval {limits})."),
    "share_difference": mark(
        "The two shares differ by {estimate:points1} ({level:percent0} interval {limits})."
    ),
    "correlation": mark("The correlation is {estimate:number2} ({level:percent0} interval {limits})."),
    "variance_share": mark(
        "The share of explained variance is {estimate:percent1} ({level:percent0} interval {limits})."
    ),
    "slope": mark("The slope is {estimate:number2} ({level:percent0} interval {limits})."),
    "score": mark("The score is {estimate:number2} ({level:percent0} interval {limits})."),
    "hazard_ratio": mark(
        "The chance of it happening from one moment to the next is {estimate:number2} times as large "
        "({level:percent0} interval {limits})."
    ),
    "rate_ratio": mark("It happens {estimate:number2} times as often ({level:percent0} interval {limits})."),
    "points": mark("The estimate is {estimate:number1} points ({level:percent0} interval {limits})."),
    "index": mark("The index stands at {estimate:number1} ({level:percent0} interval {limits})."),
    "returned_share": mark(
        "Of a rise or fall on one side, {estimate:percent1} comes back to it two waves later, by way of the other side "
        "({level:percent0} interval {limits})."
    ),
    "standardised": mark(
        "The effect is {estimate:number2} standard deviations ({level:percent0} interval {limits})."
    ),
}
_MEANING = {
    Verdict.SUPPORTED: mark(
        "That supports the claim. It shows that the two go together, not that one is the cause of the other."
    ),
    Verdict.CONTRADICTED: mark("That contradicts the claim: these data point the other way."),
    Verdict.EQUIVALENT: mark(
        "That is no meaningful effect: the whole interval lies within what was agreed beforehand to be too "
        "small to matter."
    ),
    Verdict.INCONCLUSIVE: mark("These data leave the claim open. That is no proof that there is nothing."),
}
# The claim gives a size, and support is about its direction.
_MEANING_OTHER_SIZE = {
    Verdict.SUPPORTED: mark(
        "That supports the direction of the claim; the size that was published lies outside the interval. It shows "
        "that the two go together, not that one is the cause of the other."
    ),
}
_MEANING_SHARE = {
    Verdict.SUPPORTED: mark("That supports the claim."),
    Verdict.EQUIVALENT: mark("That is too close to the dividing line to speak of more or less."),
}
_MEANING_CONJUNCTION = {
    Verdict.SUPPORTED: mark(
        "Every part of the claim that was measured supports it. It shows what goes together, not what causes what."
    ),
    Verdict.CONTRADICTED: mark("The claim is contradicted, and supported in none of its parts."),
    Verdict.EQUIVALENT: mark(
        "In every part of the claim that was measured the effect is too small to matter."
    ),
    Verdict.INCONCLUSIVE: mark(
        "The claim is about all its parts together, and it stays open because not every part supports it."
    ),
}
# What follows what is more than what goes together, and still no cause.
_MEANING_DIRECTION = {
    Verdict.SUPPORTED: mark(
        "That supports the claim: within units the one is seen to follow the other. Something else that changes over "
        "time and moves both can look the same."
    ),
    Verdict.INCONCLUSIVE: mark("These data leave the claim open. That is no proof that there is nothing."),
}
_DIRECTIONS = {
    "ex_first": mark("Employee experience comes first."),
    "cx_first": mark("Customer experience comes first."),
    "both": mark("Each moves the other."),
    "neither": mark("Neither is seen to follow the other."),
    "undetermined_by_design": mark("Which comes first cannot be told from data of this design."),
}
_ORDER_OPEN = mark("Which comes first stays open in these data.")
_DETECTABLE = {
    "correlation": mark(
        "With {n:integer} units a study finds a correlation of {value:number2} or stronger with "
        "{power:percent0} probability."
    ),
    "share_difference": mark(
        "With {n:integer} people who answer independently a study finds a difference of {value:points1} or more with "
        "{power:percent0} probability."
    ),
    "variance_share": mark(
        "With {n:integer} people who answer independently a study finds {value:percent2} of explained variance or more "
        "with {power:percent0} probability."
    ),
}
RELATIONS = {
    "below": mark("lower than the published figure"),
    "inside": mark("not distinguishable from the published figure"),
    "above": mark("higher than the published figure"),
}


def verdict_sentence(finding: Finding, texts: Texts) -> str:
    """Say what was found and what the verdict means.

    Parameters
    ----------
    finding : Finding
        Any finding, tested or not.
    texts : Texts
        Language of the reader.

    Returns
    -------
    str
        Plain text: effect with its interval, then the meaning of the verdict; for what could not be tested
        the reason and the effect that a study of this size would find.
    """
    return " ".join(verdict_parts(finding, texts))


def verdict_parts(finding: Finding, texts: Texts) -> tuple[str, str]:
    """Return the two halves of :func:`verdict_sentence`: what was found, and what that means."""
    if not finding.tested:
        parts = direction_words(finding, texts)
        parts.append(texts.note(finding.reason))
        if finding.detectable_effect is not None:
            parts.append(detectable_sentence(finding.detectable_effect, texts))
        return texts.say("These data cannot test the claim."), " ".join(parts)
    effect = texts.say(_effect_message(finding), **_effect_values(finding, texts))
    if finding.components and finding.estimand == "difference_in_differences":
        effect = " ".join(_programme_sentence(part, texts) for part in finding.components)
    elif len(finding.components) > 1:
        # A conjunction carries the numbers of its first component; the others follow by verdict.
        effect = f"{texts.note(finding.components[0].label)}: {effect[:1].lower()}{effect[1:]}"
    parts = direction_words(finding, texts)
    directed = _is_directed(finding)
    if len(finding.components) > 1:
        conjunction = _MEANING_CONJUNCTION | (_MEANING_DIRECTION if directed else {})
        if all(part.verdict is Verdict.INCONCLUSIVE for part in finding.components):
            conjunction = conjunction | {Verdict.INCONCLUSIVE: _MEANING[Verdict.INCONCLUSIVE]}
        parts += [component_sentence(finding, texts), texts.say(conjunction[finding.verdict])]
    elif directed:
        parts.append(texts.say((_MEANING | _MEANING_DIRECTION)[finding.verdict]))
    else:
        meaning = _MEANING | _MEANING_SHARE if finding.unit_of_measurement == "share" else _MEANING
        if finding.hypothesis == "engagement-cx" and finding.estimand == "correlation":
            meaning = meaning | _MEANING_PROXY
        elif finding.estimand == "ratio" and any(c.relation != "inside" for c in finding.comparisons):
            meaning = meaning | _MEANING_OTHER_SIZE
        parts.append(texts.say(meaning[finding.verdict]))
    return effect, " ".join(parts)


def direction_words(finding: Finding, texts: Texts) -> list[str]:
    """Say which comes first, of a hypothesis about direction; nothing of others, and where it could not be asked."""
    if finding.direction_verdict is not None:
        return [texts.say(_DIRECTIONS[finding.direction_verdict])]
    return [texts.say(_ORDER_OPEN)] if finding.tested and _is_directed(finding) else []


def _is_directed(finding: Finding) -> bool:
    registry = load_registry()
    return finding.hypothesis in registry and registry.family_of(finding.hypothesis).direction


def component_sentence(finding: Finding, texts: Texts) -> str:
    """List the components of a claim by verdict, such as "Supported: staying, effort. Inconclusive: eNPS."."""
    groups = []
    for verdict, label in VERDICT_LABELS.items():
        members = [texts.note(part.label) for part in finding.components if part.verdict is verdict]
        if members:
            heading = texts.say(label)
            groups.append(f"{heading[0].upper()}{heading[1:]}: {', '.join(members)}.")
    return " ".join(groups)


def detectable_sentence(effect: DetectableEffect, texts: Texts) -> str:
    """Say which effect a study of this size would find."""
    return texts.say(_DETECTABLE[effect.kind], n=effect.n, value=effect.value, power=effect.power)


def comparison_sentence(comparison: Comparison, texts: Texts) -> str:
    """Set the client's interval beside a published figure, with region, year, source and what is wrong with the figure.

    Raises
    ------
    ValueError
        If the ledger has no figure of that id.
    """
    figure = next((claim for claim in load_claims() if claim.id == comparison.claim), None)
    if figure is None:
        raise ValueError(
            f"comparison {comparison.claim!r} is not in the ledger of published figures (claims.yaml)."
        )
    return texts.say(
        "Published: {value} ({region}, {period}). Here: {relation}. {caveat} Source: {source}",
        value=published_value(figure, comparison.published, texts),
        region=figure.region,
        period=figure.period or str(figure.year),
        source=texts.pick(figure.source),
        relation=texts.say(RELATIONS[comparison.relation]),
        caveat=figure.caveat,
    )


def published_value(figure: PublishedFigure, value: float, texts: Texts) -> str:
    """Write a published value in its own unit: shares as percentages, ratios with two decimals."""
    return texts.number(value, "percent0" if figure.unit == "share" else unit_spec(figure.unit))


def hypothesis_title(hypothesis: str, texts: Texts) -> str:
    """Return the registry's short title of a hypothesis; its id where the registry does not know it."""
    registry = load_registry()
    return texts.pick(registry[hypothesis].title) if hypothesis in registry else hypothesis


def _effect_message(finding: Finding) -> str:
    low, high = finding.conf_low or 0.0, finding.conf_high or 0.0
    if (finding.estimand, finding.unit_of_measurement) == ("correlation", "correlation"):
        messages = _CORRELATION_NAMED if {"ex", "cx"} <= set(finding.measures) else _CORRELATION
        return messages["up" if low > 0 else "down" if high < 0 else "open"]
    if finding.estimand == "cross_lagged_effect":
        return _CROSS_LAGGED["above" if (finding.estimate or 0.0) >= 0 else "below"]
    if (finding.hypothesis, finding.estimand) in _BY_HYPOTHESIS:
        return _BY_HYPOTHESIS[finding.hypothesis, finding.estimand]
    return _BY_ESTIMAND.get(
        (finding.estimand, finding.unit_of_measurement), _BY_UNIT[finding.unit_of_measurement]
    )


def _programme_sentence(part: EstimateRecord, texts: Texts) -> str:
    side = "up" if part.conf_low > 0 else "down" if part.conf_high < 0 else "open"
    message = _PROGRAMME[part.term, side]
    spec = unit_spec(part.unit_of_measurement)
    limits = interval(part.conf_low, part.conf_high, spec, language=texts.language)
    # Higher and lower are words there, so that the number goes without its sign.
    number = {"estimate": part.estimate} if side == "open" else {"size": abs(part.estimate)}
    return texts.say(message, level=part.conf_level, limits=limits, **number)


def _effect_values(finding: Finding, texts: Texts) -> dict[str, object]:
    if (
        finding.estimate is None
        or finding.conf_low is None
        or finding.conf_high is None
        or finding.conf_level is None
    ):
        raise ValueError(f"{finding.hypothesis} was not testable: there is no effect to put into words.")
    kind = (finding.estimand, finding.unit_of_measurement)
    # The general sentence on explained variance names a share and not a difference.
    general = finding.unit_of_measurement == "variance_share" and kind not in _BY_ESTIMAND
    spec = "percent1" if general else unit_spec(finding.unit_of_measurement)
    limits = interval(finding.conf_low, finding.conf_high, spec, language=texts.language)
    values: dict[str, object] = {"estimate": finding.estimate, "level": finding.conf_level, "limits": limits}
    if (finding.hypothesis, finding.estimand) in _BY_HYPOTHESIS:
        values["outcome"] = texts.pick(finding.measures.get("ex", texts.say("the outcome")))
    if finding.estimand == "cross_lagged_effect":
        values["size"] = abs(finding.estimate)
        del values["estimate"]
        sides = {"ex": texts.say("employee experience"), "cx": texts.say("customer experience")}
        values |= sides | {
            side: texts.pick(label) for side, label in finding.measures.items() if side in sides
        }
    if (finding.estimand, finding.unit_of_measurement) == ("correlation", "correlation") and {
        "ex",
        "cx",
    } <= set(finding.measures):
        values |= {"ex": finding.measures["ex"], "cx": finding.measures["cx"]}
    return values
