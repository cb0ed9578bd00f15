"""The page of one question: each claim over clients, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from exresearch.findings.across import (
    PooledHypothesis,
    PooledPart,
)
from exresearch.report.across.comparison import Comparison, Headings, inside, line_of
from exresearch.report.across.forest import pooled_forest
from exresearch.report.across.words import (
    FROM_INTERVAL,
    against_sentence,
    leave_one_out_sentence,
    left_out_words,
    limits,
    part_label,
    pooled_sentences,
)
from exresearch.report.markup import fill
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.page import Page
from exresearch.report.sentences import UNIT_NAMES, VERDICT_LABELS
from exresearch.report.tables import Column
from exresearch.report.text import mark
from exresearch.report.verdict import SYMBOLS


def question_body(found: Sequence[PooledHypothesis], comparison: Comparison) -> tuple[Markup, Headings]:
    """Return the inside of the page of one question, and its headings."""
    texts = comparison.texts
    claims, headings = [], []
    for pooled in found:
        line = line_of(pooled, comparison)
        headings.append((2, f"h-{pooled.hypothesis}", line.title))
        claims.append((line, [_part(pooled.hypothesis, part, comparison) for part in pooled.parts]))
    return fill("across_question.html.j2", texts=texts, claims=claims), headings


@dataclass(frozen=True, slots=True)
class _Part:
    label: str
    css: str
    symbol: str
    verdict: str
    reason: str
    sentences: tuple[str, ...]
    against: str
    figure: Markup
    tables: tuple[Markup, ...]


def _part(hypothesis: str, part: PooledPart, comparison: Comparison) -> _Part:
    texts = comparison.texts
    page = Page(language=comparison.language, rules=comparison.rules)
    label = part_label(hypothesis, part, texts)
    figure, tables = Markup(""), [_clients_table(part, comparison, page)]
    if part.pooled is not None:
        picture = pooled_forest(part, comparison.clients, label=label, texts=texts, rules=comparison.rules)
        figure = inside(page.figure(picture).data)
    if part.without is not None:
        tables.append(_without_table(part, comparison, page))
    against = ""
    if comparison.first is not None and comparison.first in part.against:
        held = part.against[comparison.first]
        against = against_sentence(comparison.clients[comparison.first], held, part, texts)
    sentences = pooled_sentences(part, texts)
    names = [comparison.name(one.client) for one in part.estimates]
    sentences += [text for text in (leave_one_out_sentence(part, names, texts),) if text]
    if any(one.from_interval for one in part.estimates):
        sentences.append(texts.say(FROM_INTERVAL))
    return _Part(
        label,
        part.verdict.value.replace("_", "-"),
        SYMBOLS[part.verdict],
        texts.say(VERDICT_LABELS[part.verdict]),
        texts.note(part.reason) if part.reason is not None else "",
        tuple(sentences),
        against,
        figure,
        tuple(tables),
    )


def _clients_table(part: PooledPart, comparison: Comparison, page: Page) -> Markup:
    texts, spec = comparison.texts, unit_spec(part.unit)
    shares = (
        dict(zip([one.client for one in part.estimates], part.pooled.weights, strict=True))
        if part.pooled
        else {}
    )
    records = {one.client: one.record for one in part.estimates}
    reasons = {one.client: left_out_words(one, texts) for one in part.left_out}
    rows = []
    for position in range(len(comparison.clients)):
        record, own = records.get(position), part.against.get(position)
        expected = (
            limits(part, own.others.expect_low, own.others.expect_high, texts) if own is not None else "–"
        )
        rows.append(
            {
                "client": comparison.name(position),
                "estimate": "–" if record is None else texts.number(record.estimate, spec),
                "limits": "–"
                if record is None
                else interval(record.conf_low or 0.0, record.conf_high or 0.0, spec, language=texts.language),
                "weight": texts.number(shares[position], "percent0") if position in shares else "–",
                "expected": expected,
                "verdict": None if record is None else record.verdict,
                "detail": reasons.get(position, ""),
            }
        )
    columns = {
        "client": Column(mark("Client")),
        "detail": None,
        "estimate": Column(UNIT_NAMES[part.unit], "figures"),
        "limits": Column(mark("Interval"), "figures"),
        "verdict": Column(mark("Own verdict"), "verdict"),
        "weight": Column(mark("Weight in the mean"), "figures"),
        "expected": Column(mark("Expected from the others"), "figures"),
    }
    if not part.against:
        columns.pop("expected")
    shown = page.table(
        pd.DataFrame(rows), count=_least(part, comparison), caption="The clients", columns=columns
    )
    return inside(shown.data)


def _without_table(part: PooledPart, comparison: Comparison, page: Page) -> Markup:
    texts = comparison.texts
    if part.without is None:
        return Markup("")
    rows = []
    for one, row in zip(part.estimates, part.without.to_dict("records"), strict=True):
        rows.append(
            {
                "client": comparison.name(one.client),
                "estimate": texts.number(part.back(row["estimate"]), unit_spec(part.unit)),
                "limits": limits(part, row["conf_low"], row["conf_high"], texts),
                "p_value": texts.number(min(1.0, row["p_value"]), "p"),
                "i2": texts.number(row["i2"], "percent0"),
            }
        )
    columns = {
        "client": Column(mark("Without")),
        "estimate": Column(mark("Mean of the others"), "figures"),
        "limits": Column(mark("Interval"), "figures"),
        "p_value": Column(mark("p"), "figures"),
        "i2": Column(mark("More than chance (I²)"), "figures"),
    }
    shown = page.table(
        pd.DataFrame(rows),
        count=_least(part, comparison),
        caption="Each client left out in turn",
        columns=columns,
    )
    return inside(shown.data)


def _least(part: PooledPart, comparison: Comparison) -> int:
    """Smallest number of answers behind an estimate."""
    behind = [one.record.n or 0 for one in part.estimates]
    return min(behind, default=comparison.rules.min_respondents)
