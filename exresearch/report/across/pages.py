"""The pages of a comparison of clients: summary, a page per question, drivers and methods; made of findings alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from exresearch.disclosure import DisclosureRules
from exresearch.findings.across import (
    LEAST_CLIENTS,
    Change,
    ClientReport,
    PooledDrivers,
    PooledHypothesis,
    PooledPart,
    RankedDriver,
)
from exresearch.findings.decision import Verdict
from exresearch.findings.registry import load_registry
from exresearch.report.across.forest import drivers_forest, pooled_forest
from exresearch.report.across.words import (
    against_sentence,
    leave_one_out_sentence,
    left_out_words,
    limits,
    part_label,
    pooled_sentences,
)
from exresearch.report.anchors import with_anchors
from exresearch.report.markup import fill
from exresearch.report.numbers import Language, interval, unit_spec
from exresearch.report.page import Page, without_lab_style
from exresearch.report.search import with_search
from exresearch.report.sentences import UNIT_NAMES, VERDICT_LABELS, hypothesis_title
from exresearch.report.site import PageLink, SiteContext, fill_shell
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.verdict import SYMBOLS

INDEX, DRIVERS, METHODS = "index", "drivers", "methods"
_SOURCES = (
    "DerSimonian, R. & Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials, 7, 177-188. "
    "doi:10.1016/0197-2456(86)90046-2",
    "Viechtbauer, W. (2005). Bias and efficiency of meta-analytic variance estimators in the random-effects model. "
    "Journal of Educational and Behavioral Statistics, 30, 261-293. doi:10.3102/10769986030003261",
    "Knapp, G. & Hartung, J. (2003). Improved tests for a random effects meta-regression with a single covariate. "
    "Statistics in Medicine, 22, 2693-2710. doi:10.1002/sim.1482",
    "Röver, C., Knapp, G. & Friede, T. (2015). Hartung-Knapp-Sidik-Jonkman approach and its modification for "
    "random-effects meta-analysis with few studies. BMC Medical Research Methodology, 15, 99. "
    "doi:10.1186/s12874-015-0091-1",
    "Higgins, J. P. T., Thompson, S. G. & Spiegelhalter, D. J. (2009). A re-evaluation of random-effects "
    "meta-analysis. Journal of the Royal Statistical Society A, 172, 137-159. doi:10.1111/j.1467-985X.2008.00552.x",
    "IntHout, J., Ioannidis, J. P. A., Rovers, M. M. & Goeman, J. J. (2016). Plea for routinely presenting prediction "
    "intervals in meta-analysis. BMJ Open, 6, e010247. doi:10.1136/bmjopen-2015-010247",
    "Nagashima, K., Noma, H. & Furukawa, T. A. (2019). Prediction intervals for random-effects meta-analysis: a "
    "confidence distribution approach. Statistical Methods in Medical Research, 28, 1689-1702. "
    "doi:10.1177/0962280218773520",
    "Viechtbauer, W. (2007). Confidence intervals for the amount of heterogeneity in meta-analysis. Statistics in "
    "Medicine, 26, 37-52. doi:10.1002/sim.2514",
    "Viechtbauer, W. & Cheung, M. W.-L. (2010). Outlier and influence diagnostics for meta-analysis. Research "
    "Synthesis Methods, 1, 112-125. doi:10.1002/jrsm.11",
    "Bender, R. et al. (2018). Methods for evidence synthesis in the case of very few studies. Research Synthesis "
    "Methods, 9, 382-392. doi:10.1002/jrsm.1297",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that the pages of a comparison show.

    Attributes
    ----------
    language : str
        Of the reader.
    clients : tuple of ClientReport
        In the order in which they are shown.
    first : int or None
        Position of the client that the comparison is for.
    hypotheses : tuple of PooledHypothesis
        In the order of the registry; empty where reports of one client are compared.
    drivers : PooledDrivers or None
    ranked : tuple of RankedDriver
        Where drivers are not pooled.
    changes : tuple of (int, int, list of Change)
        Positions of an earlier and a later report, and what changed; empty where clients are compared.
    titles : mapping of str to str
        Title of each question (notebook), in the reader's language.
    rules : DisclosureRules
        The strictest of all reports.
    version : str
        Of exresearch.
    """

    language: Language
    clients: tuple[ClientReport, ...]
    first: int | None
    hypotheses: tuple[PooledHypothesis, ...]
    drivers: PooledDrivers | None
    ranked: tuple[RankedDriver, ...]
    changes: tuple[tuple[int, int, list[Change]], ...]
    titles: Mapping[str, str]
    rules: DisclosureRules
    version: str

    @property
    def texts(self) -> Texts:
        """The reader's language, in words."""
        return Texts(self.language)

    def name(self, position: int) -> str:
        """Return what a client is called."""
        return self.texts.pick(self.clients[position].label)


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
        client=comparison.name(comparison.first)
        if comparison.first is not None
        else texts.say("several clients"),
        pages=(),
        rules=comparison.rules,
        synthetic=all(client.synthetic for client in comparison.clients),
    )
    bodies: dict[str, tuple[str, Markup, list[tuple[int, str, str]]]] = {}
    if comparison.changes:
        bodies[INDEX] = (site.title, *_changes(comparison))
    else:
        bodies[INDEX] = (site.title, *_summary(comparison))
        for notebook, found in _by_question(comparison).items():
            bodies[notebook] = (comparison.titles[notebook], *_question(found, comparison))
        bodies[DRIVERS] = (texts.say("Drivers over clients"), *_drivers(comparison))
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


@dataclass(frozen=True, slots=True)
class _Line:
    """One claim in the summary."""

    id: str
    title: str
    claim: str
    href: str
    css: str
    symbol: str
    label: str
    effect: str
    clients: tuple[tuple[str, str, str], ...]
    own: str


def _summary(comparison: Comparison) -> tuple[Markup, list[tuple[int, str, str]]]:
    texts = comparison.texts
    lines = [_line(found, comparison) for found in comparison.hypotheses]
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
        clients=_made(comparison),
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
                found.append((name, _href(pooled.hypothesis), said))
    return found


def _line(found: PooledHypothesis, comparison: Comparison) -> _Line:
    texts = comparison.texts
    registry = load_registry()
    part = found.parts[0] if found.parts else None
    effect = ""
    if part is not None and part.pooled is not None and part.testable:
        effect = texts.say(
            "{estimate} ({limits})",
            estimate=texts.number(part.back(part.pooled.estimate), unit_spec(part.unit)),
            limits=limits(part, part.pooled.conf_low, part.pooled.conf_high, texts),
        )
    verdicts = []
    for position, verdict in enumerate(found.client_verdicts):
        css = "none" if verdict is None else verdict.value.replace("_", "-")
        symbol = "" if verdict is None else SYMBOLS[verdict]
        label = texts.say("not decided") if verdict is None else texts.say(VERDICT_LABELS[verdict])
        verdicts.append((css, symbol, f"{comparison.name(position)}: {label}"))
    return _Line(
        id=found.hypothesis,
        title=hypothesis_title(found.hypothesis, texts),
        claim=texts.pick(registry[found.hypothesis].claim) if found.hypothesis in registry else "",
        href=_href(found.hypothesis),
        css=found.verdict.value.replace("_", "-"),
        symbol=SYMBOLS[found.verdict],
        label=texts.say(VERDICT_LABELS[found.verdict]),
        effect=effect,
        clients=tuple(verdicts),
        own="",
    )


def _href(hypothesis: str) -> str:
    registry = load_registry()
    notebook = registry[hypothesis].notebook if hypothesis in registry else INDEX
    return f"{notebook}.html#h-{hypothesis}"


def _made(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    texts = comparison.texts
    rows = []
    for position, client in enumerate(comparison.clients):
        decided = sum(finding.tested for finding in client.findings.values())
        contributed = texts.say("yes") if client.drivers is not None else texts.say("no")
        rows.append(
            (comparison.name(position), texts.number(decided, "integer"), contributed, client.digest[:12])
        )
    return rows


def _by_question(comparison: Comparison) -> dict[str, list[PooledHypothesis]]:
    registry = load_registry()
    found: dict[str, list[PooledHypothesis]] = {}
    for pooled in comparison.hypotheses:
        found.setdefault(registry[pooled.hypothesis].notebook, []).append(pooled)
    return dict(sorted(found.items()))


def _question(
    found: Sequence[PooledHypothesis], comparison: Comparison
) -> tuple[Markup, list[tuple[int, str, str]]]:
    texts = comparison.texts
    claims, headings = [], []
    for pooled in found:
        line = _line(pooled, comparison)
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
        figure = _inside(page.figure(picture).data)
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
        message = (
            "Where a report has no standard error, it was derived from the interval, on the scale of pooling; that "
            "makes it rather too large than too small."
        )
        sentences.append(texts.say(message))
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
    return _inside(shown.data)


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
    return _inside(shown.data)


def _least(part: PooledPart, comparison: Comparison) -> int:
    """Smallest number of answers behind an estimate."""
    behind = [one.record.n or 0 for one in part.estimates]
    return min(behind, default=comparison.rules.min_respondents)


def _drivers(comparison: Comparison) -> tuple[Markup, list[tuple[int, str, str]]]:
    texts, pooled = comparison.texts, comparison.drivers
    page = Page(language=comparison.language, rules=comparison.rules)
    figure, table, headings = Markup(""), Markup(""), []
    least = min((client.drivers.n for client in comparison.clients if client.drivers is not None), default=0)
    if pooled is not None and pooled.drivers:
        picture = drivers_forest(pooled, texts=texts, rules=comparison.rules, least=least)
        figure = _inside(page.figure(picture).data)
        table = _inside(_drivers_table(pooled, comparison, page, least))
        headings.append((2, "pooled", texts.say("Pooled importance")))
    ranks = _ranks(comparison, page)
    if ranks:
        headings.append((2, "ranks", texts.say("Ranks in each client")))
    left = []
    if pooled is not None:
        left = [(comparison.name(position), texts.note(reason)) for position, reason in pooled.left_out]
    body = fill(
        "across_drivers.html.j2",
        texts=texts,
        reason=texts.note(pooled.reason) if pooled is not None and pooled.reason is not None else "",
        figure=figure,
        table=table,
        ranks=ranks,
        left=left,
    )
    return body, headings


def _drivers_table(pooled: PooledDrivers, comparison: Comparison, page: Page, least: int) -> str:
    texts = comparison.texts
    rows = [
        {
            "driver": texts.pick(driver.label),
            "mean": texts.number(driver.mean.estimate, "percent1"),
            "limits": interval(
                driver.mean.conf_low, driver.mean.conf_high, "percent1", language=texts.language
            ),
            "next": interval(
                driver.mean.expect_low or 0.0,
                driver.mean.expect_high or 0.0,
                "percent1",
                language=texts.language,
            ),
            "i2": texts.number(driver.mean.i2, "percent0"),
            "together": texts.number(driver.together, "percent1"),
            "around": interval(
                driver.together_low, driver.together_high, "percent1", language=texts.language
            ),
            "ranks": texts.listed([str(rank) for rank in driver.ranks]),
        }
        for driver in pooled.drivers
    ]
    columns = {
        "driver": Column(mark("Driver")),
        "mean": Column(mark("Mean of the clients"), "figures"),
        "limits": Column(mark("Interval"), "figures"),
        "next": Column(mark("One more client"), "figures"),
        "i2": Column(mark("More than chance (I²)"), "figures"),
        "together": Column(mark("All answers together"), "figures"),
        "around": Column(mark("Interval over clients"), "figures"),
        "ranks": Column(mark("Rank in each client"), "figures"),
    }
    caption = "Importance of drivers over clients: share of the differences in recommending the employer"
    return str(page.table(pd.DataFrame(rows), count=least, caption=caption, columns=columns).data)


def _ranks(comparison: Comparison, page: Page) -> Markup:
    texts = comparison.texts
    if not comparison.ranked:
        return Markup("")
    names = {f"c{position}": comparison.name(position) for position in range(len(comparison.clients))}
    rows = []
    for driver in comparison.ranked:
        cells = {
            name: "–" if rank is None else str(rank) for name, rank in zip(names, driver.ranks, strict=True)
        }
        rows.append({"driver": texts.pick(driver.label), **cells})
    columns = {"driver": Column(mark("Driver"))}
    columns |= {
        name: Column(dict.fromkeys((comparison.language, "en"), label), "figures")
        for name, label in names.items()
    }
    least = min(
        (finding.n or 0 for client in comparison.clients for finding in client.findings.values()
         if finding.hypothesis == "employee-first" and finding.tested),
        default=0,
    )  # fmt: skip
    shown = page.table(
        pd.DataFrame(rows),
        count=least,
        caption="Rank of each driver among those of its own client",
        columns=columns,
    )
    return _inside(shown.data)


def _changes(comparison: Comparison) -> tuple[Markup, list[tuple[int, str, str]]]:
    texts = comparison.texts
    page = Page(language=comparison.language, rules=comparison.rules)
    blocks, headings = [], []
    for number, (before, after, rows) in enumerate(comparison.changes):
        title = texts.say(
            "From {before} to {after}", before=comparison.name(before), after=comparison.name(after)
        )
        headings.append((2, f"change-{number}", title))
        clear = sum(1 for row in rows if row.p_value is not None and row.p_value <= 0.05)
        tested = sum(1 for row in rows if row.p_value is not None)
        said = texts.say(
            "Of {tested:integer} numbers that both reports have and that can be compared, {clear:integer} changed by "
            "more than chance (p of 0.05 or less, not corrected).",
            tested=tested,
            clear=clear,
        )
        blocks.append((f"change-{number}", title, said, _changes_table(rows, comparison, page)))
    headings.append((2, "made", texts.say("What was compared")))
    body = fill("across_waves.html.j2", texts=texts, blocks=blocks, clients=_made(comparison))
    return body, headings


def _changes_table(rows: Sequence[Change], comparison: Comparison, page: Page) -> Markup:
    texts, registry = comparison.texts, load_registry()
    shown = []
    for row in rows:
        spec = unit_spec(row.unit)
        title = hypothesis_title(row.hypothesis, texts)
        components = registry.family_of(row.hypothesis).components if row.hypothesis in registry else {}
        label = f"{title}: {texts.pick(components[row.term])}" if row.term in components else title
        change = "–"
        between = "–"
        if row.change is not None and row.conf_low is not None and row.conf_high is not None:
            form = spec if row.as_ratio else spec.replace("percent", "points")
            change = texts.number(row.change, form)
            between = interval(row.conf_low, row.conf_high, form, language=texts.language)
            if row.as_ratio:
                change = texts.say("{value} times", value=change)
        shown.append(
            {
                "claim": label,
                "before": texts.number(row.before.estimate, spec),
                "after": texts.number(row.after.estimate, spec),
                "change": change,
                "limits": between,
                "p_value": "–" if row.p_value is None else texts.number(row.p_value, "p"),
                "verdicts": _verdicts(row, texts),
                "detail": "" if row.reason is None else texts.note(row.reason),
            }
        )
    columns = {
        "claim": Column(mark("Claim")),
        "detail": None,
        "before": Column(mark("Before"), "figures"),
        "after": Column(mark("After"), "figures"),
        "change": Column(mark("Change"), "figures"),
        "limits": Column(mark("Interval"), "figures"),
        "p_value": Column(mark("p"), "figures"),
        "verdicts": Column(mark("Verdict of the claim")),
    }
    if not shown:
        return Markup("")
    least = min(min(row.before.n or 0, row.after.n or 0) for row in rows)
    table = page.table(
        pd.DataFrame(shown), count=least, caption="What both reports have, side by side", columns=columns
    )
    return _inside(table.data)


def _verdicts(row: Change, texts: Texts) -> str:
    said = [
        texts.say(VERDICT_LABELS[verdict]) if verdict is not None else texts.say("not decided")
        for verdict in (row.verdict_before, row.verdict_after)
    ]
    return said[0] if said[0] == said[1] else " → ".join(said)


def _methods(comparison: Comparison) -> tuple[Markup, list[tuple[int, str, str]]]:
    texts = comparison.texts
    headings = [(2, "computed", texts.say("How it was computed")), (2, "sources", texts.say("Sources"))]
    body = fill(
        "across_methods.html.j2",
        texts=texts,
        waves=bool(comparison.changes),
        least=LEAST_CLIENTS,
        sources=_SOURCES,
        version=comparison.version,
    )
    return body, headings


def _inside(html: str) -> Markup:
    return Markup(without_lab_style(html))  # noqa: S704 - made by our own templates
