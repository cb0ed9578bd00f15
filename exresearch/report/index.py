"""The first page of a report: what was asked, what these data say, how sure that is, and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from exresearch.findings.decision import Verdict
from exresearch.findings.finding import Finding
from exresearch.findings.registry import Hypothesis, load_registry
from exresearch.report.figures.overview import overview_forest
from exresearch.report.markup import fill
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.overview import reading_order
from exresearch.report.page import Page, lab_style
from exresearch.report.sentences import VERDICT_LABELS, hypothesis_title, verdict_parts
from exresearch.report.site import INDEX, SiteContext, shell
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS

_STATUS = {"ok": mark("finished"), "failed": mark("failed")}


@dataclass(frozen=True, slots=True)
class _Row:
    hypothesis: str
    title: str
    href: str
    json: str
    verdict: str
    symbol: str
    label: str
    effect_sentence: str
    meaning: str
    effect: str
    limits: str
    n: str


@dataclass(frozen=True, slots=True)
class _Failed:
    title: str
    href: str
    hypotheses: tuple[Hypothesis, ...]


def render_index(findings: Sequence[Finding], *, site: SiteContext, provenance: Mapping[str, Any]) -> str:
    """Render the summary of a report.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of the run; those the registry does not know come last.
    site : SiteContext
        The report it belongs to. A hypothesis whose notebook is not one of its pages is listed as having
        none yet.
    provenance : mapping
        What the report was made from, every key optional: ``version``; ``started`` (ISO time); ``seed``;
        ``files`` (list of mappings with ``name``, ``sha256``, ``rows``); ``parameters`` and ``packages``
        (mappings); ``notebooks`` (list of mappings with ``name``, ``status`` (``ok`` or ``failed``),
        ``seconds``).

    Returns
    -------
    str
        A whole HTML document; the same input gives the same bytes.

    Raises
    ------
    ValueError
        If there are two findings of one hypothesis.
    """
    texts = site.texts
    found = {finding.hypothesis: finding for finding in findings}
    if len(found) != len(findings):
        raise ValueError("render_index takes one finding per hypothesis; some hypothesis has two.")
    registry = load_registry()
    ordered = reading_order(findings)
    pages = {page.name: page.href for page in site.pages}
    rows = [_row(finding, pages, texts) for finding in ordered]
    cards: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        # One reason for several claims is said once.
        reason = row.meaning if row.verdict == "not-testable" else row.hypothesis
        cards.setdefault((row.verdict, reason), []).append(row)
    rest = [hypothesis for hypothesis in registry.hypotheses if hypothesis.id not in found]
    failed = _failed(provenance, site, rest)
    lost = {hypothesis.id for notebook in failed for hypothesis in notebook.hypotheses}
    headings = [(2, "verdicts", texts.say("What these data say"))]
    forest = Markup("")
    if any(finding.tested for finding in findings):
        page = Page(language=site.language, rules=site.rules)
        picture = overview_forest(ordered, texts=texts)
        forest = Markup(page.figure(picture).data.replace(lab_style(), ""))  # noqa: S704 - made by our own template
        headings.append((2, "overview", texts.say("Overview")))
    headings += [
        (2, "all", texts.say("All hypotheses")),
        (2, "provenance", texts.say("What this report was made from")),
    ]
    written = set(pages) | site.written
    body = fill(
        "index.html.j2",
        texts=texts,
        rows=rows,
        cards=list(cards.values()),
        counts=_counts(rows, texts),
        forest=forest,
        failed=[(f.title, f.href, [_named(h, texts)[0] for h in f.hypotheses]) for f in failed],
        lost=[_named(hypothesis, texts) for hypothesis in rest if hypothesis.id in lost],
        absent=[
            _named(hypothesis, texts)
            for hypothesis in rest
            if hypothesis.notebook in written and hypothesis.id not in lost
        ],
        unwritten=[_named(hypothesis, texts) for hypothesis in rest if hypothesis.notebook not in written],
        provenance=_provenance(provenance, texts),
        site=site,
    )
    return shell(body, name=INDEX, title=site.title, site=site, headings=headings)


def _row(finding: Finding, pages: Mapping[str, str], texts: Texts) -> _Row:
    registry = load_registry()
    notebook = registry[finding.hypothesis].notebook if finding.hypothesis in registry else ""
    effect = limits = ""
    found, meaning = verdict_parts(finding, texts)
    if finding.estimate is not None and finding.conf_low is not None and finding.conf_high is not None:
        spec = unit_spec(finding.unit_of_measurement)
        effect = texts.number(finding.estimate, spec)
        limits = interval(finding.conf_low, finding.conf_high, spec, language=texts.language)
    return _Row(
        hypothesis=finding.hypothesis,
        title=hypothesis_title(finding.hypothesis, texts),
        href=f"{pages[notebook]}#verdict-{finding.hypothesis}" if notebook in pages else "",
        json=f"findings/{finding.hypothesis}.json",
        verdict=finding.verdict.value.replace("_", "-"),
        symbol=SYMBOLS[finding.verdict],
        label=texts.say(VERDICT_LABELS[finding.verdict]),
        effect_sentence=found,
        meaning=meaning,
        effect=effect,
        limits=limits,
        n="" if finding.n is None else texts.number(finding.n, "integer"),
    )


def _failed(provenance: Mapping[str, Any], site: SiteContext, rest: Sequence[Hypothesis]) -> list[_Failed]:
    """Return the notebooks that failed, each with its hypotheses that have no finding."""
    names = [str(run["name"]) for run in provenance.get("notebooks", []) if run["status"] == "failed"]
    pages = {page.name: page for page in site.pages}
    return [
        _Failed(
            pages[name].title if name in pages else name,
            pages[name].href if name in pages else "",
            tuple(hypothesis for hypothesis in rest if hypothesis.notebook == name),
        )
        for name in names
    ]


def _counts(rows: Sequence[_Row], texts: Texts) -> list[tuple[str, str, str, str]]:
    counted = []
    for verdict, label in VERDICT_LABELS.items():
        name = verdict.value.replace("_", "-")
        number = sum(1 for row in rows if row.verdict == name)
        if number:
            counted.append(
                (name, SYMBOLS[Verdict(verdict)], texts.number(number, "integer"), texts.say(label))
            )
    return counted


def _named(hypothesis: Hypothesis, texts: Texts) -> tuple[str, str]:
    return hypothesis.title[texts.language], hypothesis.claim[texts.language]


def _provenance(provenance: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Return only what is meant to be seen, already in words: short hashes, counts, names without paths."""
    files = [
        (
            str(file["name"]).replace("\\", "/").rsplit("/", 1)[-1],
            str(file.get("sha256") or "")[:12] or "–",
            "–" if file.get("rows") is None else texts.number(file["rows"], "integer"),
        )
        for file in provenance.get("files", [])
    ]
    notebooks = [
        (str(run["name"]), texts.say(_STATUS[run["status"]]), texts.number(run["seconds"], "number1"))
        for run in provenance.get("notebooks", [])
    ]
    facts = []
    if provenance.get("started"):
        facts.append((texts.say("Made on"), texts.number(str(provenance["started"])[:10], "date")))
    named = (("exresearch", "version"), (texts.say("Seed"), "seed"))
    facts += [(name, str(provenance[key])) for name, key in named if provenance.get(key) is not None]
    return {
        "facts": facts,
        "files": files,
        "notebooks": notebooks,
        "parameters": [(str(name), str(value)) for name, value in provenance.get("parameters", {}).items()],
        "packages": [
            (str(name), str(version)) for name, version in sorted(provenance.get("packages", {}).items())
        ],
    }
