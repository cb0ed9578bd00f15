"""What a speaker may be asked, and the slide does not say: method, rule, checks, caveats, published figures."""

from __future__ import annotations

from exresearch.report.exports.content import Content, Edition, Line, unit_name
from exresearch.report.key_figures import KeyFigure
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.text import Texts

# Beyond these a speaker has the spreadsheet.
_MOST_CHECKS = 12


def notes_of(content: Content, edition: Edition, figure: KeyFigure | None) -> str:
    """Return the speaker notes of a hypothesis, without a number that its slide could not show.

    Parameters
    ----------
    content : Content
        The finding in words and released numbers.
    edition : Edition
        The report it belongs to.
    figure : KeyFigure or None
        What the slide shows.

    Returns
    -------
    str
        Paragraphs.
    """
    texts, finding = edition.site.texts, content.finding
    told = [f"{content.title}: {content.label}.", f"{texts.say('The claim:')} {content.claim}"]
    if not finding.tested:
        told.append(content.meaning)
    if content.reason:
        told.append(content.reason)
    if finding.tested:
        told += _decided(content, texts)
    if figure is not None:
        told += [_headed(texts.say("The figure"), f"{figure.takeaway} {figure.caption}")]
    for part, heading in (
        ("component", "What the claim is tested on"),
        ("check", "Checks beside the deciding estimate; they never choose the verdict"),
    ):
        lines = [line for line in content.lines if line.part == part]
        if lines:
            told.append(_headed(texts.say(heading), ""))
            told += [f"– {_said(line, texts)}" for line in lines[:_MOST_CHECKS]]
            if len(lines) > _MOST_CHECKS:
                told.append(texts.say("And {count} more, in the report.", count=len(lines) - _MOST_CHECKS))
    for heading, said in (
        ("Beside published figures", content.comparisons),
        ("Keep in mind", content.caveats),
    ):
        if said:
            told += [_headed(texts.say(heading), ""), *(f"– {text}" for text in said)]
    told.append(content.disclosure)
    if content.page:
        told.append(texts.say("In the report: {page}", page=content.page))
    return "\n".join(told)


def _decided(content: Content, texts: Texts) -> list[str]:
    first, rule = content.lines[0], content.finding.rule
    unit, spec = unit_name(first, texts), unit_spec(first.unit)
    smallest = interval(rule.smallest_effect.low, rule.smallest_effect.high, spec, language=texts.language)
    told = [_headed(texts.say("Decided by"), f"{unit}: {first.shown} ({first.limits})")]
    if first.p_shown and not content.hidden:
        told[0] += f"; p: {first.p_shown}"
    told.append(_headed(texts.say("Method"), content.method))
    told.append(
        texts.say(
            "The rule, fixed beforehand: {smallest} is too small to matter. Supported where the whole interval lies on "
            "the side of the claim and not all of it is too small to matter; no meaningful effect where all of it is; "
            "inconclusive where both are still possible.",
            smallest=smallest,
        )
    )
    return told


def _said(line: Line, texts: Texts) -> str:
    said = f"{line.label}: {line.shown}"
    if line.numbers:
        said += f" ({line.limits}; {unit_name(line, texts)})"
    return said


def _headed(heading: str, text: str) -> str:
    return f"{heading}: {text}".strip()
