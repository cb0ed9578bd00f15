"""The page of methods: what every claim was tested on, by which rule, and how it was computed in this study."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.hypothesis import Hypothesis
from exresearch.findings.registry import load_registry
from exresearch.report.certainty import CERTAINTIES
from exresearch.report.lookup import load_terms, methods_of, sources_of
from exresearch.report.markup import fill
from exresearch.report.method_words import (
    correction_words,
    data_words,
    decision_words,
    least_words,
    missing_words,
    smallest_words,
    weighting_words,
)
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.planned import plan_words
from exresearch.report.sentences import UNIT_NAMES, VERDICT_LABELS
from exresearch.report.site import METHODS, SiteContext, SummaryPage, shell
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS, release_records, shown_entry
from exresearch.study.parameters import StudyFile

_WITHOUT = {
    "failed": mark(
        "Not judged: the notebook stopped before its end. What follows is what it would have done."
    ),
    "absent": mark(
        "Not judged: the notebook was not part of this run. What follows is what it would have done."
    ),
    "unwritten": mark("Not judged: no notebook tests it yet. What follows is declared all the same."),
}


@dataclass(frozen=True, slots=True)
class _Estimand:
    of: str
    meaning: str
    when: str
    unit: str
    smallest: str
    reason: str
    decision: str
    used: bool


@dataclass(frozen=True, slots=True)
class _Method:
    """What the page says of one hypothesis."""

    id: str
    title: str
    claim: str
    css: str
    symbol: str
    label: str
    href: str
    status: str
    estimands: tuple[_Estimand, ...]
    conjunction: str
    correction: str
    needs: tuple[str, ...]
    least: str
    reason: str
    methods: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, str], ...]
    caveats: tuple[str, ...]
    rivals: str
    sources: tuple[str, ...]


def render_methods(
    findings: Sequence[Finding],
    *,
    site: SiteContext,
    settings: StudyFile,
    failed: Collection[str] = (),
    plan: Mapping[str, Any] | None = None,
) -> SummaryPage:
    """Render the page of methods, from the registry, the findings and the settings alone.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of the report; a hypothesis without one is shown as it was declared.
    site : SiteContext
        The report it belongs to.
    settings : StudyFile
        The study's settings: level of intervals, replicates, weights, rules for careless sheets.
    failed : collection of str
        Notebooks that did not run to their end.
    plan : mapping, optional
        Whether the frozen analysis plan was followed, as the run's record has it.

    Returns
    -------
    SummaryPage
        Every hypothesis of the registry has the anchor ``m-<hypothesis>``.
    """
    texts = site.texts
    found = {finding.hypothesis: finding for finding in findings}
    registry = load_registry()
    level = settings.parameters.conf_level
    methods = [
        _method(hypothesis, found.get(hypothesis.id), site=site, level=level, failed=failed)
        for hypothesis in registry.hypotheses
    ]
    used = [
        source
        for hypothesis in registry.hypotheses
        for source in sources_of(hypothesis, found.get(hypothesis.id))
    ]
    headings = [
        (2, "verdicts", texts.say("How a verdict is reached")),
        (2, "sure", texts.say("How sure, in words")),
        (2, "intervals", texts.say("Intervals")),
        (2, "missing", texts.say("Missing answers, weights and careless sheets")),
        (2, "small-groups", texts.say("Small groups")),
        (2, "hypotheses", texts.say("Every hypothesis")),
        *((3, f"m-{method.id}", method.title) for method in methods),
        (2, "words", texts.say("Words")),
        (2, "literature", texts.say("Literature")),
    ]
    message, values = site.rules.sentence()
    body = fill(
        "methods.html.j2",
        texts=texts,
        methods=methods,
        planned="" if plan is None else plan_words(plan, texts).summary,
        certainties=[(texts.say(rule.label), texts.say(rule.sentence)) for rule in CERTAINTIES],
        level=level,
        n_boot=settings.parameters.n_boot,
        seed=settings.parameters.seed,
        missing=missing_words(settings, texts),
        weighting=weighting_words(settings, texts),
        disclosure=texts.say(message, **values),
        terms=sorted(
            ((term.term[texts.language], term.meaning[texts.language]) for term in load_terms()),
            key=lambda pair: pair[0].casefold(),
        ),
        sources=sorted({_cited(source.text, source.doi) for source in used}),
    )
    html = shell(body, name=METHODS, title=texts.say("Methods"), site=site, headings=headings)
    return SummaryPage(METHODS, html, tuple(shown_entry(finding) for finding in findings if finding.tested))


def _method(
    hypothesis: Hypothesis,
    finding: Finding | None,
    *,
    site: SiteContext,
    level: float,
    failed: Collection[str],
) -> _Method:
    texts, language = site.texts, site.language
    pages = {page.name: page.href for page in site.pages}
    href = pages.get(hypothesis.notebook, "")
    css, symbol, label, status, reason = "none", "–", texts.say("not decided"), "", ""
    if finding is not None:
        css, symbol = finding.verdict.value.replace("_", "-"), SYMBOLS[finding.verdict]
        label = texts.say(VERDICT_LABELS[finding.verdict])
        href = f"{href}#verdict-{hypothesis.id}" if href else ""
        reason = texts.note(finding.reason)
    else:
        written = hypothesis.notebook in set(pages) | site.written
        why = "failed" if hypothesis.notebook in failed else "absent" if written else "unwritten"
        status = texts.say(_WITHOUT[why])
    parts = len(hypothesis.components)
    tested = finding if finding is not None and finding.tested else None
    return _Method(
        id=hypothesis.id,
        title=hypothesis.title[language],
        claim=hypothesis.claim[language],
        css=css,
        symbol=symbol,
        label=label,
        href=href,
        status=status,
        estimands=tuple(_estimands(hypothesis, tested, level=level, texts=texts)),
        conjunction=texts.say(
            "The claim is about {count:integer} parts together: it is supported only where every part that was "
            "measured is.",
            count=parts,
        )
        if parts > 1
        else "",
        correction=correction_words(load_registry().family_of(hypothesis.id), texts),
        needs=tuple(data_words(hypothesis, texts)),
        least=_sentence(least_words(hypothesis, texts)),
        reason=reason,
        methods=tuple(_sentence(texts.note(note)) for note in methods_of(tested)) if tested else (),
        facts=tuple(_facts(tested, texts)) if tested else (),
        checks=tuple(_checks(tested, texts)) if tested else (),
        caveats=tuple(texts.note(note) for note in finding.caveats) if finding is not None else (),
        rivals=_sentence("; ".join(_rivals(hypothesis, texts))),
        sources=tuple(_cited(source.text, source.doi) for source in sources_of(hypothesis, finding)),
    )


def _estimands(
    hypothesis: Hypothesis, finding: Finding | None, *, level: float, texts: Texts
) -> list[_Estimand]:
    family = load_registry().family_of(hypothesis.id)
    rules = [] if finding is None else [part.rule for part in finding.components] or [finding.rule]
    names = {rule.estimand for rule in rules if rule is not None}
    return [
        _Estimand(
            of=texts.listed(family.components[name] for name in estimand.components),
            meaning=estimand.meaning[texts.language],
            when="" if estimand.when is None else estimand.when[texts.language],
            unit=texts.say(UNIT_NAMES[estimand.unit]),
            smallest=smallest_words(estimand, texts),
            reason=estimand.reason[texts.language],
            decision=decision_words(estimand, level=level, texts=texts),
            # Said only where there was a choice.
            used=len(hypothesis.estimands) > 1 and estimand.name in names and not hypothesis.components,
        )
        for estimand in hypothesis.estimands
    ]


def _facts(finding: Finding, texts: Texts) -> list[tuple[str, str]]:
    counts = (
        (texts.say("Answers"), finding.n if finding.n != finding.n_units else None),
        (texts.say("Units"), finding.n_units),
        (texts.say("Left out"), finding.n_excluded),
    )
    return [(name, texts.number(count, "integer")) for name, count in counts if count is not None]


def _checks(finding: Finding, texts: Texts) -> list[tuple[str, str]]:
    """List the checks beside the deciding estimate with what came of them; of too few people only that it was done."""
    if not finding.robustness:
        return []
    behind = pd.DataFrame({"n": [record.n for record in finding.robustness]})
    hidden = release_records(behind, finding).hidden
    return [
        (texts.note(record.label), "–" if secret else _outcome(record, texts))
        for record, secret in zip(finding.robustness, hidden, strict=True)
    ]


def _outcome(record: EstimateRecord, texts: Texts) -> str:
    spec = unit_spec(record.unit_of_measurement)
    return texts.say(
        "{unit} {estimate} ({level:percent0} interval {limits})",
        unit=texts.say(UNIT_NAMES[record.unit_of_measurement]),
        estimate=texts.number(record.estimate, spec),
        level=record.conf_level,
        limits=interval(record.conf_low, record.conf_high, spec, language=texts.language),
    )


def _rivals(hypothesis: Hypothesis, texts: Texts) -> list[str]:
    pairs = zip(hypothesis.rivals.nl, hypothesis.rivals.en, strict=True)
    return [texts.pick({"nl": dutch, "en": english}) for dutch, english in pairs]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cited(text: str, doi: str) -> str:
    return f"{text}, doi:{doi}" if doi else text
