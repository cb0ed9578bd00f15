"""A finding for somebody who reads nothing else: the answer as one plain sentence, and its numbers in one line."""

from __future__ import annotations

from exresearch.findings.decision import Verdict
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.certainty import certainty
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.sentences import UNIT_NAMES, component_sentence, verdict_parts
from exresearch.report.text import Texts, mark

_OPEN = mark("It stays open {question}.")
_LITTLE = mark("Asked was {question}. The effect is too small to matter.")
_UNKNOWN = mark("These data cannot tell {question}.")
_UNITS_HELP = mark("More units would help most: there are {units:integer} now.")
_HELP = {
    "correlation_units": _UNITS_HELP,
    "panel_units": mark(
        "More units would help most, and more waves too: there are {units:integer} units now."
    ),
    "proportion_respondents": mark("More answers would help most: there are {n:integer} now."),
    "variance_share_respondents": mark("More answers would help most: there are {n:integer} now."),
}


def answer(finding: Finding, texts: Texts) -> str:
    """Answer the question of a hypothesis in one plain sentence, without a number.

    Parameters
    ----------
    finding : Finding
        Any finding.
    texts : Texts
        Language of the reader.

    Returns
    -------
    str
        From the registry's answers; of a claim with several parts that do not agree, the parts follow by verdict. For
        a hypothesis that the registry does not know, what was found, with numbers.
    """
    registry = load_registry()
    if finding.hypothesis not in registry:
        return verdict_parts(finding, texts)[0]
    answers = registry[finding.hypothesis].answers
    question = answers.question[texts.language]
    if finding.verdict is Verdict.SUPPORTED:
        return answers.supported[texts.language]
    if finding.verdict is Verdict.EQUIVALENT:
        if answers.equivalent is not None:
            return answers.equivalent[texts.language]
        return texts.say(_LITTLE, question=question)
    if finding.verdict is Verdict.NOT_TESTABLE:
        return texts.say(_UNKNOWN, question=question)
    if finding.verdict is Verdict.CONTRADICTED:
        said = answers.contradicted[texts.language]
    else:
        said = texts.say(_OPEN, question=question)
    if len({part.verdict for part in finding.components}) > 1:
        said = f"{said} {component_sentence(finding, texts)}"
    return said


def numbers(finding: Finding, texts: Texts) -> list[tuple[str, str]]:
    """Write the deciding numbers of a finding, one line each.

    Parameters
    ----------
    finding : Finding
        Any finding.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of (str, str)
        Name of the part (empty for a claim of one number), and its unit of measurement, estimate and interval; how
        sure it is, where its parts differ in that.
    """
    if not finding.tested:
        return []
    if len(finding.components) < 2:
        line = _number(finding, texts)
        return [("", line[:1].upper() + line[1:])]
    registry = load_registry()
    known = registry.family_of(finding.hypothesis).components if finding.hypothesis in registry else {}
    sure = [_sure(finding, part) for part in finding.components]
    lines = []
    for part, label in zip(finding.components, sure, strict=True):
        name = known[part.term][texts.language] if part.term in known else texts.note(part.label)
        # Where all parts are equally sure that is said of the whole claim.
        suffix = "" if len(set(sure)) == 1 else f" – {texts.say(label)}"
        lines.append((name, f"{_number(part, texts)}{suffix}"))
    return lines


def would_help(finding: Finding, texts: Texts) -> str:
    """Say what more data would help a claim that stays open; nothing of other verdicts."""
    registry = load_registry()
    if finding.verdict is not Verdict.INCONCLUSIVE or finding.hypothesis not in registry:
        return ""
    power = registry[finding.hypothesis].power
    if power in ("correlation_units", "panel_units"):
        return "" if finding.n_units is None else texts.say(_HELP[power], units=finding.n_units)
    return texts.say(_HELP[power], n=finding.n)


def _sure(finding: Finding, part: EstimateRecord) -> str:
    verdict = part.verdict if part.verdict is not None else finding.verdict
    return certainty(part.rule or finding.rule, part.conf_low, part.conf_high, verdict=verdict).label


def _number(record: Finding | EstimateRecord, texts: Texts) -> str:
    if record.estimate is None or record.conf_low is None or record.conf_high is None:
        raise ValueError("there is no number to write: it was not testable.")
    spec = unit_spec(record.unit_of_measurement)
    return texts.say(
        "{unit} {estimate} ({level:percent0} interval {limits})",
        unit=texts.say(UNIT_NAMES[record.unit_of_measurement]),
        estimate=texts.number(record.estimate, spec),
        level=record.conf_level,
        limits=interval(record.conf_low, record.conf_high, spec, language=texts.language),
    )
