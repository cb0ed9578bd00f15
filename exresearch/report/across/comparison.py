"""What the pages of a comparison show, and the pieces that several of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from exresearch.disclosure import DisclosureRules
from exresearch.findings.across import (
    Change,
    ClientReport,
    PooledDrivers,
    PooledHypothesis,
    RankedDriver,
)
from exresearch.findings.registry import load_registry
from exresearch.report.across.words import limits
from exresearch.report.numbers import Language, unit_spec
from exresearch.report.page import without_lab_style
from exresearch.report.sentences import VERDICT_LABELS, hypothesis_title
from exresearch.report.text import Texts
from exresearch.report.verdict import SYMBOLS

Headings = list[tuple[int, str, str]]
INDEX = "index"


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


@dataclass(frozen=True, slots=True)
class Line:
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


def line_of(found: PooledHypothesis, comparison: Comparison) -> Line:
    """Return a claim as the summary and its own page head it."""
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
    return Line(
        id=found.hypothesis,
        title=hypothesis_title(found.hypothesis, texts),
        claim=texts.pick(registry[found.hypothesis].claim) if found.hypothesis in registry else "",
        href=href_of(found.hypothesis),
        css=found.verdict.value.replace("_", "-"),
        symbol=SYMBOLS[found.verdict],
        label=texts.say(VERDICT_LABELS[found.verdict]),
        effect=effect,
        clients=tuple(verdicts),
        own="",
    )


def href_of(hypothesis: str) -> str:
    """Return where a claim stands."""
    registry = load_registry()
    notebook = registry[hypothesis].notebook if hypothesis in registry else INDEX
    return f"{notebook}.html#h-{hypothesis}"


def made_of(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Return what was compared: name, claims tested, whether it contributed, and the hash of its files."""
    texts = comparison.texts
    rows = []
    for position, client in enumerate(comparison.clients):
        decided = sum(finding.tested for finding in client.findings.values())
        contributed = texts.say("yes") if client.drivers is not None else texts.say("no")
        rows.append(
            (comparison.name(position), texts.number(decided, "integer"), contributed, client.digest[:12])
        )
    return rows


def inside(html: str) -> Markup:
    """Return a fragment for a page, without the style that it brings along for a notebook."""
    return Markup(without_lab_style(html))  # noqa: S704 - made by our own templates
