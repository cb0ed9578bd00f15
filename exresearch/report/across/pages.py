"""The pages of a comparison of clients: summary, a page per question, drivers and methods; made of findings alone."""

from __future__ import annotations

from markupsafe import Markup

from exresearch.findings.across import (
    LEAST_CLIENTS,
    PooledHypothesis,
)
from exresearch.findings.decision import Verdict
from exresearch.findings.registry import load_registry
from exresearch.report.across.comparison import INDEX, Comparison, Headings, href_of, line_of, made_of
from exresearch.report.across.drivers import drivers_body
from exresearch.report.across.question import question_body
from exresearch.report.across.sources import SOURCES
from exresearch.report.across.waves import changes_body
from exresearch.report.across.words import (
    against_sentence,
    part_label,
)
from exresearch.report.anchors import with_anchors
from exresearch.report.markup import fill
from exresearch.report.search import with_search
from exresearch.report.sentences import VERDICT_LABELS, hypothesis_title
from exresearch.report.site import PageLink, SiteContext, fill_shell
from exresearch.report.verdict import SYMBOLS

DRIVERS, METHODS = "drivers", "methods"


def render_comparison(comparison: Comparison) -> dict[str, str]:
    """Render all pages of a comparison.

    Parameters
    ----------
    comparison : Comparison
        What to show.

    Returns
    -------
    dict of str to str
        Whole HTML documents by name, the summary first; the same input gives the same bytes.
    """
    texts = comparison.texts
    site = SiteContext(
        language=comparison.language,
        title=texts.say("Reports of one client compared" if comparison.changes else "Clients compared"),
        client=_reader(comparison),
        pages=(),
        rules=comparison.rules,
        synthetic=all(client.synthetic for client in comparison.clients),
    )
    bodies: dict[str, tuple[str, Markup, Headings]] = {}
    if comparison.changes:
        bodies[INDEX] = (site.title, *changes_body(comparison))
    else:
        bodies[INDEX] = (site.title, *_summary(comparison))
        for notebook, found in _by_question(comparison).items():
            bodies[notebook] = (comparison.titles[notebook], *question_body(found, comparison))
        bodies[DRIVERS] = (texts.say("Drivers over clients"), *drivers_body(comparison))
    bodies[METHODS] = (texts.say("Methods"), *_methods(comparison))
    pages = [
        PageLink(name, texts.say("Summary") if name == INDEX else title)
        for name, (title, _, _) in bodies.items()
    ]
    documents = {
        name: fill_shell(
            with_anchors(body, texts), name=name, title=title, site=site, pages=pages, headings=headings
        )
        for name, (title, body, headings) in bodies.items()
    }
    return with_search(documents)


def _reader(comparison: Comparison) -> str:
    """Name the client that the comparison goes to: the one whose reports they all are, or the one it is for."""
    if comparison.changes:
        return comparison.clients[0].client
    if comparison.first is not None:
        return comparison.name(comparison.first)
    return comparison.texts.say("several clients")


def _summary(comparison: Comparison) -> tuple[Markup, Headings]:
    texts = comparison.texts
    lines = [line_of(found, comparison) for found in comparison.hypotheses]
    testable = [found for found in comparison.hypotheses if found.verdict is not Verdict.NOT_TESTABLE]
    counts = [
        (verdict.value.replace("_", "-"), SYMBOLS[verdict], texts.say(label), [
            line for line, found in zip(lines, comparison.hypotheses, strict=True) if found.verdict is verdict
        ])
        for verdict, label in VERDICT_LABELS.items()
    ]  # fmt: skip
    headline = texts.say(
        "Of {total:integer} claims, {tested:integer} could be tested across these {clients:integer} clients.",
        total=len(lines),
        tested=len(testable),
        clients=len(comparison.clients),
    )
    headings = [(2, "glance", texts.say("In short"))]
    apart = _apart(comparison)
    if comparison.first is not None:
        headings.append(
            (2, "own", texts.say("{client} beside the others", client=comparison.name(comparison.first)))
        )
    headings += [
        (2, "claims", texts.say("All claims at a glance")),
        (2, "made", texts.say("What was compared")),
    ]
    body = fill(
        "across_index.html.j2",
        texts=texts,
        headline=headline,
        groups=[group for group in counts if group[3]],
        lines=lines,
        first=comparison.first,
        own=comparison.name(comparison.first) if comparison.first is not None else "",
        apart=apart,
        clients=made_of(comparison),
        pooled=bool(comparison.drivers and comparison.drivers.drivers),
        least=LEAST_CLIENTS,
    )
    return body, headings


def _apart(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Where the client that the comparison is for differs from the others: title, place, sentence."""
    found = []
    for pooled in comparison.hypotheses:
        for part in pooled.parts:
            held = None if comparison.first is None else part.against.get(comparison.first)
            if held is None or comparison.first is None:
                continue
            if held.p_value <= round(1 - held.others.conf_level, 12) or not held.inside:
                said = against_sentence(comparison.clients[comparison.first], held, part, comparison.texts)
                title = hypothesis_title(pooled.hypothesis, comparison.texts)
                label = part_label(pooled.hypothesis, part, comparison.texts)
                name = title if label == title else f"{title}: {label}"
                found.append((name, href_of(pooled.hypothesis), said))
    return found


def _by_question(comparison: Comparison) -> dict[str, list[PooledHypothesis]]:
    registry = load_registry()
    found: dict[str, list[PooledHypothesis]] = {}
    for pooled in comparison.hypotheses:
        found.setdefault(registry[pooled.hypothesis].notebook, []).append(pooled)
    return dict(sorted(found.items()))


def _methods(comparison: Comparison) -> tuple[Markup, Headings]:
    texts = comparison.texts
    headings = [(2, "computed", texts.say("How it was computed")), (2, "sources", texts.say("Sources"))]
    body = fill(
        "across_methods.html.j2",
        texts=texts,
        waves=bool(comparison.changes),
        least=LEAST_CLIENTS,
        sources=SOURCES,
        version=comparison.version,
    )
    return body, headings
