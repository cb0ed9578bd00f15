"""The first page of a report: what was asked, what these data say, how sure that is, and what may be done with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from exresearch.disclosure import Entry
from exresearch.findings.decision import Verdict
from exresearch.findings.finding import Finding
from exresearch.findings.registry import Hypothesis, load_registry
from exresearch.report.answers import answer, numbers, would_help
from exresearch.report.asked import Asked
from exresearch.report.certainty import CERTAINTIES, SureWords, certainty_words
from exresearch.report.figures.overview import overview_forest
from exresearch.report.markup import fill
from exresearch.report.overview import reading_order
from exresearch.report.page import Page, entries_shown, without_lab_style
from exresearch.report.planned import plan_words
from exresearch.report.sentences import VERDICT_LABELS, direction_words, hypothesis_title, verdict_parts
from exresearch.report.site import INDEX, SiteContext, SummaryPage, shell
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS, shown_entry

# What a verdict is good for, and what it is not: said once for all claims that have it.
_GOOD_FOR = {
    Verdict.SUPPORTED: mark(
        "This may be built upon: in this organisation the two go together as the claim says. That changing the one "
        "would change the other is not said by that."
    ),
    Verdict.CONTRADICTED: mark(
        "Nothing should be built on these claims here: in this organisation the data point the other way. The page "
        "of the claim says what else may explain that."
    ),
    Verdict.EQUIVALENT: mark(
        "There may be an effect, but no larger than what was beforehand called too small to matter. A plan that rests "
        "on it will hardly be noticed."
    ),
    Verdict.INCONCLUSIVE: mark(
        "This must not be read as “no effect”. The data do not settle the claim, and neither its opposite: acting on "
        "it is a choice that these data neither back nor oppose."
    ),
    Verdict.NOT_TESTABLE: mark(
        "Nothing follows from this, for or against. What is missing stands beside each claim."
    ),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One claim, in words."""

    hypothesis: str
    title: str
    href: str
    known: bool
    verdict: Verdict
    answer: str
    direction: str
    sure: tuple[SureWords, ...]
    numbers: tuple[tuple[str, str], ...]
    help: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Group:
    """The claims of one verdict."""

    id: str
    css: str
    symbol: str
    label: str
    count: str
    good_for: str
    rows: tuple[_Row, ...]

    @property
    def by_certainty(self) -> list[tuple[str, str, list[_Row]]]:
        """Claims by how sure they are (label, sentence, claims); those whose parts differ come last, without either."""
        order = [rule.id for rule in CERTAINTIES]
        kinds: dict[tuple[int, str, str], list[_Row]] = {}
        for row in self.rows:
            same = len(row.sure) == 1
            label, sentence = (row.sure[0].label, row.sure[0].sentence) if same else ("", "")
            place = order.index(row.sure[0].id) if same else len(order)
            kinds.setdefault((place, label, sentence), []).append(row)
        return [(label, sentence, rows) for (_, label, sentence), rows in sorted(kinds.items(), key=_place)]

    @property
    def reasons(self) -> list[tuple[str, list[_Row]]]:
        """Claims by what is said of them, so that one reason for several is said once."""
        said: dict[str, list[_Row]] = {}
        for row in self.rows:
            said.setdefault(row.reason, []).append(row)
        return list(said.items())


@dataclass(frozen=True, slots=True)
class _Failed:
    title: str
    href: str
    hypotheses: tuple[Hypothesis, ...]


def render_index(
    findings: Sequence[Finding],
    *,
    site: SiteContext,
    asked: Asked | None = None,
    failed: Collection[str] = (),
    made: str = "",
    plan: Mapping[str, Any] | None = None,
) -> SummaryPage:
    """Render the summary of a report.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of the run; those the registry does not know come last.
    site : SiteContext
        The report it belongs to. A hypothesis whose notebook is not one of its pages is listed as having
        none yet.
    asked : Asked, optional
        What the study brought.
    failed : collection of str
        Notebooks that did not run to their end.
    made : str
        Date of the run (ISO), or nothing.
    plan : mapping, optional
        Whether the frozen analysis plan was followed, as the run's record has it.

    Returns
    -------
    SummaryPage
        A whole HTML document and what it shows; the same input gives the same bytes.

    Raises
    ------
    ValueError
        If there are two findings of one hypothesis.
    """
    texts = site.texts
    found = {finding.hypothesis: finding for finding in findings}
    if len(found) != len(findings):
        raise ValueError("render_index takes one finding per hypothesis; some hypothesis has two.")
    ordered = reading_order(findings)
    pages = {page.name: page.href for page in site.pages}
    groups = _groups(ordered, pages, texts)
    rest = [hypothesis for hypothesis in load_registry().hypotheses if hypothesis.id not in found]
    broken = _failed(failed, site, rest)
    lost = {hypothesis.id for notebook in broken for hypothesis in notebook.hypotheses}
    written = set(pages) | site.written
    forest, entries = _forest(ordered, site)
    headings = [(2, "glance", texts.say("In short"))]
    headings += [(2, "overview", texts.say("Overview"))] if forest else []
    headings += [(2, f"group-{group.id}", group.label[:1].upper() + group.label[1:]) for group in groups]
    body = fill(
        "index.html.j2",
        texts=texts,
        site=site,
        asked=asked,
        headline=_headline(groups, texts),
        groups=groups,
        forest=forest,
        failed=[(f.title, f.href, [_named(h, texts)[1] for h in f.hypotheses]) for f in broken],
        lost=[_named(hypothesis, texts) for hypothesis in rest if hypothesis.id in lost],
        absent=[
            _named(hypothesis, texts)
            for hypothesis in rest
            if hypothesis.notebook in written and hypothesis.id not in lost
        ],
        unwritten=[_named(hypothesis, texts) for hypothesis in rest if hypothesis.notebook not in written],
        planned="" if plan is None else plan_words(plan, texts).summary,
        made=texts.number(made[:10], "date") if made else "",
    )
    entries += [shown_entry(finding) for finding in ordered if finding.tested]
    entries += [asked.entry] if asked is not None else []
    headings += [(2, "downloads", texts.say("To pass on"))] if site.downloads else []
    html = shell(body, name=INDEX, title=site.title, site=site, headings=headings)
    return SummaryPage(INDEX, html, tuple(entries))


def _forest(ordered: Sequence[Finding], site: SiteContext) -> tuple[Markup, list[Entry]]:
    """Draw the key figure, where there is anything to draw, and return what it shows."""
    if not any(finding.tested for finding in ordered):
        return Markup(""), []
    shown = Page(language=site.language, rules=site.rules).figure(overview_forest(ordered, texts=site.texts))
    drawn = Markup(without_lab_style(shown.data))  # noqa: S704 - made by our own template
    return drawn, list(entries_shown(shown))


def _headline(groups: Sequence[_Group], texts: Texts) -> str:
    """Say in one sentence how the verdicts came out."""
    counts = {group.id: len(group.rows) for group in groups}
    if not counts:
        return ""
    total, supported = sum(counts.values()), counts.get("supported", 0)
    if "not-testable" not in counts:
        return texts.say(
            "Of {total:integer} claims that were tested, these data support {supported:integer}.",
            total=total,
            supported=supported,
        )
    return texts.say(
        "Of {total:integer} claims, {tested:integer} could be tested with these data, which support "
        "{supported:integer}.",
        total=total,
        tested=total - counts["not-testable"],
        supported=supported,
    )


def _groups(ordered: Sequence[Finding], pages: dict[str, str], texts: Texts) -> list[_Group]:
    """Group findings by verdict, what is supported first and what could not be tested last."""
    groups = []
    for verdict, label in VERDICT_LABELS.items():
        rows = tuple(_row(finding, pages, texts) for finding in ordered if finding.verdict is verdict)
        if rows:
            groups.append(
                _Group(
                    id=verdict.value.replace("_", "-"),
                    css=verdict.value.replace("_", "-"),
                    symbol=SYMBOLS[verdict],
                    label=texts.say(label),
                    count=texts.number(len(rows), "integer"),
                    good_for=texts.say(_GOOD_FOR[verdict]),
                    rows=rows,
                )
            )
    return groups


def _row(finding: Finding, pages: dict[str, str], texts: Texts) -> _Row:
    registry = load_registry()
    notebook = registry[finding.hypothesis].notebook if finding.hypothesis in registry else ""
    return _Row(
        hypothesis=finding.hypothesis,
        title=hypothesis_title(finding.hypothesis, texts),
        href=f"{pages[notebook]}#verdict-{finding.hypothesis}" if notebook in pages else "",
        known=finding.hypothesis in registry,
        verdict=finding.verdict,
        answer=answer(finding, texts),
        direction=" ".join(direction_words(finding, texts)) if finding.tested else "",
        sure=tuple(certainty_words(finding, texts)),
        numbers=tuple(numbers(finding, texts)),
        help=would_help(finding, texts),
        reason="" if finding.tested else verdict_parts(finding, texts)[1],
    )


def _failed(failed: Collection[str], site: SiteContext, rest: Sequence[Hypothesis]) -> list[_Failed]:
    """Return the notebooks that failed, each with its hypotheses that have no finding."""
    pages = {page.name: page for page in site.pages}
    return [
        _Failed(
            pages[name].title if name in pages else name,
            pages[name].href if name in pages else "",
            tuple(hypothesis for hypothesis in rest if hypothesis.notebook == name),
        )
        for name in failed
    ]


def _place(kind: tuple[tuple[int, str, str], list[_Row]]) -> int:
    return kind[0][0]


def _named(hypothesis: Hypothesis, texts: Texts) -> tuple[str, str, str]:
    return hypothesis.id, hypothesis.title[texts.language], hypothesis.claim[texts.language]
