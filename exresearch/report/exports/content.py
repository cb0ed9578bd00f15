"""What spreadsheets and slides say of a finding: words, and numbers that went through the door."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from exresearch.disclosure import Entry
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import DecisionRule, DriverRecord, EstimateRecord, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.answers import answer
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.overview import reading_order
from exresearch.report.sentences import (
    UNIT_NAMES,
    VERDICT_LABELS,
    comparison_sentence,
    hypothesis_title,
    verdict_parts,
)
from exresearch.report.site import SiteContext
from exresearch.report.text import Texts
from exresearch.report.verdict import SYMBOLS, release_records

Part = Literal["deciding", "component", "check", "driver"]
NUMBERS = (
    "estimate", "conf_low", "conf_high", "conf_level", "std_error", "p_value", "p_adjusted", "n", "n_units", "rank",
    "rank_low", "rank_high",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edition:
    """For whom and when something is made that is passed on.

    Attributes
    ----------
    site : SiteContext
        The report it belongs to.
    made_on : datetime.date
        Day of the run.
    version : str
        Version of the package.
    seed : int
        Seed of the run.
    """

    site: SiteContext
    made_on: datetime.date
    version: str
    seed: int


@dataclass(frozen=True, slots=True)
class Line:
    """One estimate of a finding: as it is, and as the report shows it.

    Attributes
    ----------
    part : Part
        The number that decides, a part of the claim, a check beside it, or a driver.
    label : str
        What was estimated.
    unit : str
        Unit of measurement.
    numbers : dict
        Of :data:`NUMBERS`, in full precision; empty where they are hidden.
    shown, limits, p_shown, level : str
        Estimate, interval, p-value and level as in the report; the rule where they are hidden, empty where there is
        none.
    smallest : str
        What is too small to matter, where this estimate is judged.
    verdict : Verdict or None
    method, note, ranks : str
        How it was estimated; the outcome of a driver; the limits of its rank.
    """

    part: Part
    label: str
    unit: str
    numbers: dict[str, float | int]
    shown: str
    limits: str
    p_shown: str
    level: str
    smallest: str
    verdict: Verdict | None
    method: str
    note: str = ""
    ranks: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A finding in words and released numbers.

    Attributes
    ----------
    finding : Finding
    title, claim, label, symbol : str
        Short title, claim, verdict in words and its sign.
    answer : str
        The answer to the question in a plain sentence, without a number.
    effect, meaning : str
        What was found, and what that means; without numbers where those are hidden.
    lines : tuple of Line
        The deciding estimate first; none for what could not be tested.
    reason, method : str
        Why the verdict is what it is; how it was estimated.
    comparisons, caveats : tuple of str
        Published figures beside it; what a result does not show.
    disclosure : str
        The rule under which it was concluded.
    page : str
        Where it stands in the report; empty where the registry does not know it.
    entries : tuple of Entry
        For the ledger.
    """

    finding: Finding
    title: str
    claim: str
    label: str
    symbol: str
    answer: str
    effect: str
    meaning: str
    lines: tuple[Line, ...]
    reason: str
    method: str
    comparisons: tuple[str, ...]
    caveats: tuple[str, ...]
    disclosure: str
    page: str
    entries: tuple[Entry, ...]

    @property
    def hidden(self) -> bool:
        """Whether the deciding estimate may not be shown."""
        return bool(self.lines) and not self.lines[0].numbers


def contents_of(findings: Sequence[Finding], texts: Texts) -> tuple[Content, ...]:
    """Put findings into words and released numbers, in reading order.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of a report.
    texts : Texts
        Language of the reader.

    Returns
    -------
    tuple of Content
    """
    return tuple(_content(finding, texts) for finding in reading_order(findings))


def _content(finding: Finding, texts: Texts) -> Content:
    registry = load_registry()
    known = registry[finding.hypothesis] if finding.hypothesis in registry else None
    lines: list[Line] = []
    entries: list[Entry] = []
    if finding.tested:
        parts: tuple[tuple[Part, Sequence[Finding | EstimateRecord | DriverRecord]], ...] = (
            ("deciding", (finding,)),
            ("component", finding.components),
            ("check", finding.robustness),
            ("driver", finding.drivers),
        )
        for part, records in parts:
            if records:
                made, entry = _lines(part, records, finding, texts)
                lines += made
                entries.append(entry)
    effect, meaning = verdict_parts(finding, texts)
    hidden = bool(lines) and not lines[0].numbers
    return Content(
        finding=finding,
        title=hypothesis_title(finding.hypothesis, texts),
        claim=known.claim[texts.language] if known is not None else finding.hypothesis,
        label=texts.say(VERDICT_LABELS[finding.verdict]),
        symbol=SYMBOLS[finding.verdict],
        answer=answer(finding, texts) if known is not None else hypothesis_title(finding.hypothesis, texts),
        # The sentence has numbers in it, so it is hidden with them.
        effect=lines[0].shown if hidden else effect,
        meaning="" if hidden else meaning,
        lines=tuple(lines),
        reason="" if hidden or not finding.tested else texts.note(finding.reason),
        method="" if finding.method is None else texts.note(finding.method),
        comparisons=() if hidden else tuple(comparison_sentence(one, texts) for one in finding.comparisons),
        caveats=tuple(texts.note(note) for note in finding.caveats),
        disclosure=texts.note(finding.disclosure_rule),
        page=f"{known.notebook}.html#verdict-{finding.hypothesis}" if known is not None else "",
        entries=tuple(entries),
    )


def _lines(
    part: Part, records: Sequence[Finding | EstimateRecord | DriverRecord], finding: Finding, texts: Texts
) -> tuple[list[Line], Entry]:
    rows = []
    for record in records:
        row = {name: getattr(record, name, None) for name in NUMBERS}
        if isinstance(record, DriverRecord):
            row |= {"estimate": record.importance, "conf_level": finding.conf_level}
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(NUMBERS)).astype("Float64")
    released = release_records(frame, finding)
    least = texts.say("n < {minimum}", minimum=released.rules.min_respondents)
    shown: dict[str, list[Any]] = {
        name: [None if pd.isna(value) else value for value in released.frame[name]] for name in NUMBERS
    }
    lines = []
    for index, record in enumerate(records):
        numbers = {
            name: int(column[index]) if name.startswith(("n", "rank")) else float(column[index])
            for name, column in shown.items()
            if column[index] is not None
        }
        secret = bool(released.hidden.iloc[index])
        lines.append(_line(part, record, {} if secret else numbers, least, finding, texts))
    return lines, released.entry


def _line(
    part: Part,
    record: Finding | EstimateRecord | DriverRecord,
    numbers: dict[str, float | int],
    secret: str,
    finding: Finding,
    texts: Texts,
) -> Line:
    rule: DecisionRule | None = None
    method, verdict, note = "", None, ""
    if isinstance(record, DriverRecord):
        label, unit, spec = texts.pick(record.label), "variance_share", "percent1"
        outcomes = {one.term: texts.note(one.label) for one in finding.components}
        note = outcomes.get(record.outcome, record.outcome)
    else:
        unit = record.unit_of_measurement
        spec, verdict, rule = unit_spec(unit), record.verdict, record.rule
        method = "" if record.method is None else texts.note(record.method)
        is_whole = isinstance(record, Finding)
        label = hypothesis_title(finding.hypothesis, texts) if is_whole else texts.note(record.label)  # type: ignore[union-attr]
    shown = limits = p_shown = level = secret
    if numbers:
        shown = texts.number(numbers["estimate"], spec)
        limits = interval(numbers["conf_low"], numbers["conf_high"], spec, language=texts.language)
        p = numbers.get("p_adjusted", numbers.get("p_value"))
        p_shown = "" if p is None else texts.number(p, "p")
        level = texts.number(numbers["conf_level"], "percent0") if "conf_level" in numbers else ""
    ranks = ""
    if "rank_low" in numbers:
        ranks = interval(numbers["rank_low"], numbers["rank_high"], "integer", language=texts.language)
    smallest = ""
    if rule is not None:
        bounds = (rule.smallest_effect.low, rule.smallest_effect.high)
        smallest = interval(*bounds, unit_spec(unit), language=texts.language)
    return Line(
        part, label, unit, numbers, shown, limits, p_shown, level, smallest, verdict, method, note, ranks
    )


def unit_name(line: Line, texts: Texts) -> str:
    """Return the name of a line's unit of measurement."""
    return texts.say(UNIT_NAMES[line.unit])
