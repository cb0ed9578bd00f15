"""The page of claims: what each article says, where it comes from, what these data say, and what is shaky about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from exresearch.findings.claims import PublishedFigure, load_claims
from exresearch.findings.finding import Finding
from exresearch.findings.hypothesis import Hypothesis
from exresearch.findings.registry import load_registry
from exresearch.report.markup import fill
from exresearch.report.sentences import RELATIONS, VERDICT_LABELS, verdict_parts
from exresearch.report.site import CLAIMS, SiteContext, shell
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS

_SPECS = {
    "ratio": "number2",
    "odds_ratio": "number2",
    "share": "percent0",
    "share_difference": "points0",
    "correlation": "number2",
    "sum_score": "number0",
}
_KINDS = {
    "ratio": mark("ratio"),
    "odds_ratio": mark("odds ratio"),
    "share": mark("share"),
    "share_difference": mark("difference between two shares"),
    "correlation": mark("correlation"),
    "points": mark("points"),
    "sum_score": mark("sum of three items"),
    "relative_difference": mark("higher or lower than others"),
    "direction": mark("what came first"),
    "definition": mark("definition"),
    "quotation": mark("saying"),
}
_WITHOUT = {
    "failed": mark(
        "Not judged: the notebook that tests it stopped before its end. That says nothing about the claim."
    ),
    "absent": mark("Not tested in this report: the notebook that tests it was not part of this run."),
    "unwritten": mark("Not tested: the claim is in the registry, and no notebook tests it yet."),
}


@dataclass(frozen=True, slots=True)
class _Published:
    """One figure of the ledger, in words."""

    id: str
    value: str
    kind: str
    definition: str
    where: str
    when: str
    source: str
    foreign: bool
    doi: str
    caveat: str
    newer: str
    here: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """One claim with what this study says of it."""

    id: str
    title: str
    claim: str
    articles: tuple[str, ...]
    verdict: str
    symbol: str
    label: str
    effect: str
    meaning: str
    href: str
    figures: tuple[_Published, ...]
    elsewhere: tuple[tuple[str, str], ...]


def render_claims(findings: Sequence[Finding], *, site: SiteContext, failed: Collection[str] = ()) -> str:
    """Render the page of claims and their sources, from the registry, the ledger and the findings alone.

    Every claim stands under the first article that makes it, every published figure under the claim that the ledger
    names first; elsewhere they are referred to. A published figure is context: it carries its year, region, definition
    and source, and says so where the ledger holds a newer figure of the same kind.

    Parameters
    ----------
    findings : sequence of Finding
        All findings of the report; claims without one are listed with the reason.
    site : SiteContext
        The report it belongs to.
    failed : collection of str
        Notebooks that did not run to their end.

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
        raise ValueError("render_claims takes one finding per hypothesis; some hypothesis has two.")
    registry = load_registry()
    articles = sorted({article for hypothesis in registry.hypotheses for article in hypothesis.article})
    by_article: dict[str, list[_Claim]] = {article: [] for article in articles}
    also: dict[str, list[tuple[str, str]]] = {article: [] for article in articles}
    for article in articles:
        for hypothesis in registry.hypotheses:
            if hypothesis.article[0] == article:
                claim = _claim(hypothesis, found.get(hypothesis.id), site=site, failed=failed)
                by_article[article].append(claim)
            elif article in hypothesis.article:
                also[article].append((hypothesis.id, texts.pick(hypothesis.title)))
    headings = [(2, "claims", texts.say("All claims at a glance"))]
    headings += [(2, f"article-{article}", _article(article, texts)) for article in articles]
    body = fill(
        "claims.html.j2",
        texts=texts,
        articles=[
            (article, _article(article, texts), by_article[article], also[article]) for article in articles
        ],
        n_claims=len(registry.hypotheses),
        n_figures=len(load_claims()),
    )
    return shell(body, name=CLAIMS, title=texts.say("Claims and their sources"), site=site, headings=headings)


def _article(article: str, texts: Texts) -> str:
    return texts.say("Article {number}", number=article)


def _claim(
    hypothesis: Hypothesis,
    finding: Finding | None,
    *,
    site: SiteContext,
    failed: Collection[str],
) -> _Claim:
    """Put a claim into words; a figure that the ledger gives to another claim first is only referred to."""
    texts = site.texts
    pages = {page.name: page.href for page in site.pages}
    verdict, symbol, label, effect, meaning = "none", "–", texts.say("not tested"), "", ""
    href = pages.get(hypothesis.notebook, "")
    if finding is not None:
        effect, meaning = verdict_parts(finding, texts)
        verdict, symbol = finding.verdict.value.replace("_", "-"), SYMBOLS[finding.verdict]
        label = texts.say(VERDICT_LABELS[finding.verdict])
        href = f"{href}#verdict-{hypothesis.id}" if href else ""
    else:
        written = hypothesis.notebook in set(pages) | site.written
        reason = "failed" if hypothesis.notebook in failed else "absent" if written else "unwritten"
        meaning = texts.say(_WITHOUT[reason])
    figures, elsewhere = [], []
    for figure in load_claims():
        if hypothesis.id not in figure.hypotheses:
            continue
        if figure.hypotheses[0] != hypothesis.id:
            named = texts.say(
                "{value} ({definition})", value=_value(figure, texts), definition=_short(figure, texts)
            )
            elsewhere.append((figure.id, named))
            continue
        figures.append(_published(figure, finding, texts))
    return _Claim(
        id=hypothesis.id,
        title=texts.pick(hypothesis.title),
        claim=texts.pick(hypothesis.claim),
        articles=hypothesis.article,
        verdict=verdict,
        symbol=symbol,
        label=label,
        effect=effect,
        meaning=meaning,
        href=href,
        figures=tuple(figures),
        elsewhere=tuple(elsewhere),
    )


def _published(figure: PublishedFigure, finding: Finding | None, texts: Texts) -> _Published:
    newest = _newest(figure)
    compared = [one for one in (finding.comparisons if finding is not None else ()) if one.claim == figure.id]
    return _Published(
        id=figure.id,
        value=_value(figure, texts),
        kind=texts.say(_KINDS[figure.unit]),
        definition=texts.pick(figure.definition),
        where=texts.pick(figure.region),
        when=_when(figure, texts),
        source=texts.pick(figure.source),
        foreign=isinstance(figure.source, str),
        doi=figure.doi or "",
        caveat=texts.pick(figure.caveat),
        newer=""
        if newest is None
        else texts.say(
            "Not a current figure: the newest of this kind in the ledger is of {year}.", year=str(newest)
        ),
        here=texts.say("This study: {relation}.", relation=texts.say(RELATIONS[compared[0].relation]))
        if compared
        else "",
    )


def _newest(figure: PublishedFigure) -> int | None:
    """Year of a newer figure that may be set beside the same estimate; None where this is the newest."""
    if figure.estimand is None or figure.year is None:
        return None
    years = [
        other.year
        for other in load_claims()
        if other.estimand == figure.estimand
        and set(other.hypotheses) & set(figure.hypotheses)
        and other.year is not None
        and other.year > figure.year
    ]
    return max(years, default=None)


def _when(figure: PublishedFigure, texts: Texts) -> str:
    if figure.period is not None:
        return figure.period
    return texts.say("year not stated") if figure.year is None else str(figure.year)


def _value(figure: PublishedFigure, texts: Texts) -> str:
    """Write a figure in its own unit; one without a number by what it is."""
    if figure.value is None:
        return texts.say(_KINDS[figure.unit])
    if figure.unit == "relative_difference":
        sign = "+" if figure.value > 0 else ""
        return f"{sign}{texts.number(figure.value, 'percent0')}"
    whole = figure.value == round(figure.value)
    return texts.number(figure.value, _SPECS.get(figure.unit, "number0" if whole else "number1"))


def _short(figure: PublishedFigure, texts: Texts) -> str:
    """Name a figure in one line: who, and when."""
    author = texts.pick(figure.source).split(" (")[0].split("; ")[0].split(", ")[0]
    return f"{author}, {_when(figure, texts)}"
