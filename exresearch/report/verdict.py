"""A finding as a block of HTML: everything the record holds, so that text and data cannot disagree."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from exresearch.disclosure import DisclosureRules, Entry, Released, release
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import DecisionRule, EstimateRecord, Finding
from exresearch.findings.registry import load_registry
from exresearch.report.markup import fill
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.sentences import (
    UNIT_NAMES,
    VERDICT_LABELS,
    comparison_sentence,
    hypothesis_title,
    verdict_parts,
)
from exresearch.report.tables import Column, html_table
from exresearch.report.text import Texts

# Signs that differ in form, so that a verdict is told apart without colour.
SYMBOLS = {
    Verdict.SUPPORTED: "✓",
    Verdict.CONTRADICTED: "✗",
    Verdict.EQUIVALENT: "≈",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_TESTABLE: "–",
}


def verdict_block(finding: Finding, texts: Texts) -> Markup:
    """Show a finding: verdict, sentence, numbers, checks, published figures and caveats.

    Parameters
    ----------
    finding : Finding
        Any finding, tested or not.
    texts : Texts
        Language of the reader.

    Returns
    -------
    markupsafe.Markup
        A ``<section>`` with the id ``verdict-<hypothesis>``.
    """
    registry = load_registry()
    known = finding.hypothesis in registry
    effect, meaning = verdict_parts(finding, texts)
    tables = Markup("")
    if finding.components:
        tables += _records(
            finding.components, texts, texts.say("What the claim is tested on"), finding=finding
        )
    if finding.robustness:
        tables += _records(
            finding.robustness,
            texts,
            texts.say("Checks beside the deciding estimate; they never choose the verdict"),
            finding=finding,
        )
    return fill(
        "verdict.html.j2",
        texts=texts,
        hypothesis=finding.hypothesis,
        known=known,
        verdict=finding.verdict.value.replace("_", "-"),
        symbol=SYMBOLS[finding.verdict],
        label=texts.say(VERDICT_LABELS[finding.verdict]),
        title=hypothesis_title(finding.hypothesis, texts),
        claim=texts.pick(registry[finding.hypothesis].claim) if known else finding.hypothesis,
        effect=effect,
        meaning=meaning,
        # For what was not testable the sentence already holds the reason.
        # Nor is it said again where the table of the parts shows it.
        reason=texts.note(finding.reason) if finding.tested and len(finding.components) < 2 else "",
        facts=_facts(finding, texts),
        tables=tables,
        comparisons=[comparison_sentence(comparison, texts) for comparison in finding.comparisons],
        caveats=[texts.note(note) for note in finding.caveats],
        disclosure=texts.note(finding.disclosure_rule),
    )


def release_records(frame: pd.DataFrame, finding: Finding, *, name: str | None = None) -> Released:
    """Release estimates of a finding by the rules under which it was concluded.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per estimate, with its ``n`` where that is known; elsewhere the finding's own number counts.
    finding : Finding
        Where they come from.
    name : str, optional
        What the ledger calls the table; by default the hypothesis.

    Returns
    -------
    Released
    """
    rules = DisclosureRules.from_values(finding.disclosure_rule.values)
    behind = frame["n"].astype("Float64").fillna(float(finding.n or finding.n_units or 0))
    return release(frame.assign(people=behind), count="people", rules=rules, name=name or finding.hypothesis)


def shown_entry(finding: Finding) -> Entry:
    """Return what the report's ledger has to know of a finding whose numbers are shown."""
    numbers = pd.DataFrame({"n": [finding.n]}, dtype="Float64")
    return release_records(numbers, finding).entry


def _facts(finding: Finding, texts: Texts) -> list[tuple[str, str]]:
    spec = unit_spec(finding.unit_of_measurement)
    smallest = _smallest(finding.rule, finding.unit_of_measurement, texts)
    if (
        finding.estimate is None
        or finding.conf_low is None
        or finding.conf_high is None
        or finding.conf_level is None
    ):
        return []
    facts = [
        (texts.say("Decided by"), texts.say(UNIT_NAMES[finding.unit_of_measurement])),
        (texts.say("Estimate"), texts.number(finding.estimate, spec)),
        (
            texts.say("{level:percent0} interval", level=finding.conf_level),
            interval(finding.conf_low, finding.conf_high, spec, language=texts.language),
        ),
        (texts.say("Too small to matter"), smallest),
    ]
    if finding.p_adjusted is not None and finding.p_adjusted != finding.p_value:
        facts.append((texts.say("p, corrected"), texts.number(finding.p_adjusted, "p")))
    elif finding.p_value is not None:
        facts.append(("p", texts.number(finding.p_value, "p")))
    counts = (
        # Where nothing is known of answers, the units were counted.
        (texts.say("Answers"), finding.n if finding.n != finding.n_units else None),
        (texts.say("Units"), finding.n_units),
        (texts.say("Left out"), finding.n_excluded),
    )
    facts += [(name, texts.number(count, "integer")) for name, count in counts if count is not None]
    if finding.method is not None:
        facts.append((texts.say("Method"), texts.note(finding.method)))
    return facts


def _smallest(rule: DecisionRule, unit: str, texts: Texts) -> str:
    low, high = rule.smallest_effect.low, rule.smallest_effect.high
    return interval(low, high, unit_spec(unit), language=texts.language)


def _records(records: Sequence[EstimateRecord], texts: Texts, caption: str, *, finding: Finding) -> Markup:
    methods = list(dict.fromkeys(texts.note(record.method) for record in records))
    signs = dict(zip(methods, string.ascii_lowercase, strict=False)) if len(methods) > 1 else {}
    # The unit stands in the small print: a column of its own would push the numbers off the page.
    units_differ = {record.unit_of_measurement for record in records} != {finding.unit_of_measurement}
    rows = []
    for record in records:
        sign = signs.get(texts.note(record.method), "")
        rows.append(
            {
                "label": record.label,
                "unit_of_measurement": record.unit_of_measurement,
                "estimate": record.estimate,
                "conf_low": record.conf_low,
                "conf_high": record.conf_high,
                "conf_level": record.conf_level,
                "p_value": record.p_value if record.p_adjusted is None else record.p_adjusted,
                "n": record.n,
                "detail": "; ".join(
                    [texts.say(UNIT_NAMES[record.unit_of_measurement])] * units_differ
                    + [texts.say("method {sign}", sign=sign)] * bool(sign)
                ),
                "smallest": ""
                if record.rule is None
                else _smallest(record.rule, record.unit_of_measurement, texts).replace(" ", "\u00a0"),
                "verdict": None if record.verdict is None else record.verdict.value,
            }
        )
    frame = pd.DataFrame(rows)
    # A column that says the same as the facts above the table says nothing.
    silent = set()
    if set(frame["n"]) == {finding.n}:
        silent.add("n")
    silent |= {name for name in ("p_value", "verdict") if frame[name].isna().all()}
    if all(record.rule in (None, finding.rule) for record in records):
        silent.add("smallest")
    order = (
        "label",
        "estimate",
        "conf_low",
        "smallest",
        "p_value",
        "n",
        "verdict",
        "detail",
    )
    columns: dict[str, str | Column | Mapping[str, str] | None] = {
        name: "Too small to matter" if name == "smallest" else None for name in order if name not in silent
    }
    if "n" in columns and finding.n == finding.n_units:
        columns["n"] = "Units"
    listed = "; ".join(f"{signs[method]}: {method}" if signs else method for method in methods)
    return html_table(
        release_records(frame, finding),
        texts=texts,
        caption=caption,
        columns=columns,
        note=f"{texts.say('Method')}: {listed}.",
    )
