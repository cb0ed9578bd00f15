"""How sure a finding is, in words: a declared rule set from interval and verdict to a sentence, and no probability."""

from __future__ import annotations

from dataclasses import dataclass

from exresearch.findings.decision import Verdict
from exresearch.findings.finding import DecisionRule, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.text import Texts, mark


@dataclass(frozen=True, slots=True)
class Certainty:
    """One rule of the set: which intervals it is about, and how sure they are called.

    Attributes
    ----------
    id : str
        Name of the rule.
    ends : tuple of str
        Zones in which the two ends of the interval lie, seen from the claim: ``against`` (against the claim, and large
        enough to matter), ``little_against``, ``little_with`` and ``with``. Empty where the verdict decides instead.
    label, sentence : str
        English messages: a few words, and what the data fit.
    """

    id: str
    ends: tuple[str, ...]
    label: str
    sentence: str


#: The rule set "words for certainty". The ends of the interval are compared with no effect and with the smallest effect
#: that matters, both declared before the data were read; nothing else goes in (after Lakens 2017).
CERTAINTIES = (
    Certainty(
        "firm",
        ("with", "with"),
        mark("clear, and large enough to matter"),
        mark("Every value that fits the data is in line with the claim and large enough to matter."),
    ),
    Certainty(
        "direction",
        ("little_with", "with"),
        mark("clear in direction, open in size"),
        mark(
            "The data fit anything from an effect that is too small to matter to one that matters, all of it in line "
            "with the claim."
        ),
    ),
    Certainty(
        "small",
        (),
        mark("clear, and too small to matter"),
        mark("Every value that fits the data is too small to matter."),
    ),
    Certainty(
        "leaning",
        ("little_against", "with"),
        mark("open, leaning towards the claim"),
        mark(
            "The data fit anything from a small effect against the claim to one in line with it that matters. An "
            "effect against the claim that matters does not fit them."
        ),
    ),
    Certainty(
        "open",
        ("against", "with"),
        mark("wide open"),
        mark(
            "The data fit anything from an effect against the claim that matters to one in line with it that matters."
        ),
    ),
    Certainty(
        "leaning_against",
        ("against", "little_with"),
        mark("open, leaning away from the claim"),
        mark(
            "The data fit anything from an effect against the claim that matters to a small one in line with it. An "
            "effect in line with the claim that matters does not fit them."
        ),
    ),
    Certainty(
        "direction_against",
        ("against", "little_against"),
        mark("clear in direction, open in size"),
        mark(
            "The data fit anything from an effect that is too small to matter to one that matters, all of it against "
            "the claim."
        ),
    ),
    Certainty(
        "firm_against",
        ("against", "against"),
        mark("clear, and large enough to matter"),
        mark("Every value that fits the data is against the claim and large enough to matter."),
    ),
    Certainty(
        "corrected",
        (),
        mark("open, because several things were tested at once"),
        mark(
            "On its own the interval lies on one side. With the correction for testing several things at once, chance "
            "is not ruled out."
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class SureWords:
    """How sure one claim, or some of its parts, is.

    Attributes
    ----------
    id : str
        Of the rule.
    names : str
        The parts; empty where it is about the whole claim.
    label, sentence : str
        In the reader's language.
    """

    id: str
    names: str
    label: str
    sentence: str


_BY_ID = {rule.id: rule for rule in CERTAINTIES}
_BY_ENDS = {rule.ends: rule for rule in CERTAINTIES if rule.ends}


def certainty(rule: DecisionRule, conf_low: float, conf_high: float, *, verdict: Verdict) -> Certainty:
    """Say how sure one interval is.

    Parameters
    ----------
    rule : DecisionRule
        Null, direction and smallest effect of interest of the estimand.
    conf_low, conf_high : float
        The interval, in the unit of the estimand.
    verdict : Verdict
        What the decision rule made of it.

    Returns
    -------
    Certainty
        ``small`` for an equivalent verdict, whatever side it lies on; ``corrected`` where the interval lies on one side
        and the corrected p-value still leaves the claim open; otherwise the rule for the zones of both ends.

    References
    ----------
    Lakens, D. (2017). Equivalence tests. *Social Psychological and Personality Science*, 8(4), 355-362.
    https://doi.org/10.1177/1948550617697177

    Examples
    --------
    >>> from exresearch.findings.finding import SmallestEffect
    >>> rule = DecisionRule(
    ...     estimand="x", null=0.0, direction="greater", smallest_effect=SmallestEffect(low=-0.1, high=0.1)
    ... )
    >>> certainty(rule, 0.02, 0.4, verdict=Verdict.SUPPORTED).label
    'clear in direction, open in size'
    """
    if verdict is Verdict.EQUIVALENT:
        return _BY_ID["small"]
    if verdict is Verdict.INCONCLUSIVE and (conf_low > rule.null or conf_high < rule.null):
        return _BY_ID["corrected"]
    low, high, null = rule.smallest_effect.low, rule.smallest_effect.high, rule.null
    down = "against" if conf_low < low else "little_against"
    if conf_low > null:
        down = "with" if conf_low > high else "little_with"
    up = "with" if conf_high > high else "little_with"
    if conf_high < null:
        up = "against" if conf_high < low else "little_against"
    # A claim without a side is in line with whatever side it was found on.
    if rule.direction == "less" or (rule.direction == "two-sided" and conf_high < null):
        turned = {
            "with": "against", "little_with": "little_against", "little_against": "little_with", "against": "with",
        }  # fmt: skip
        down, up = turned[up], turned[down]
    # Both ends in the small zones on both sides of nothing is what equivalence means, and was caught above.
    return _BY_ENDS.get((down, up), _BY_ID["small"])


def certainty_words(finding: Finding, texts: Texts) -> list[SureWords]:
    """Say how sure a finding is, for all its parts at once where they are equally sure.

    Parameters
    ----------
    finding : Finding
        Any finding.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of SureWords
        One for the whole claim where all its parts are equally sure; nothing of a finding that was not testable.
    """
    if not finding.tested or finding.conf_low is None or finding.conf_high is None:
        return []
    if len(finding.components) < 2:
        one = certainty(finding.rule, finding.conf_low, finding.conf_high, verdict=finding.verdict)
        return [_words(one, "", texts)]
    known = (
        load_registry().family_of(finding.hypothesis).components
        if finding.hypothesis in load_registry()
        else {}
    )
    groups: dict[str, list[str]] = {}
    for part in finding.components:
        verdict = part.verdict if part.verdict is not None else finding.verdict
        one = certainty(part.rule or finding.rule, part.conf_low, part.conf_high, verdict=verdict)
        name = known[part.term][texts.language] if part.term in known else texts.note(part.label)
        groups.setdefault(one.id, []).append(name)
    together = len(groups) == 1
    return [_words(_BY_ID[key], "" if together else "; ".join(names), texts) for key, names in groups.items()]


def _words(rule: Certainty, names: str, texts: Texts) -> SureWords:
    return SureWords(rule.id, names, texts.say(rule.label), texts.say(rule.sentence))
