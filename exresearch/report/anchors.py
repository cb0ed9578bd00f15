"""Addresses of what a page shows: every table, row, figure and verdict can be linked to, and each number traced."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape

from markupsafe import Markup, escape

from exresearch.report.text import Texts, mark

_TAG = re.compile(r"<[^>]+>")
_ID = re.compile(r'\sid="([^"]*)"')
# Attributes come in any order, and a value may hold the sign that ends a tag.
_ATTRIBUTES = r'(?:[^>"]|"[^"]*")*'
_PLACES = re.compile(
    rf"<(?P<tag>section|figure|div|h[23]|tbody|tr)\b(?P<attributes>{_ATTRIBUTES})>"
    r"|(?P<end></(?:section|figcaption|h[23]|tbody)>|</span></caption>)"
)
_LABEL = re.compile(r'\saria-label="([^"]*)"')
_ROW = re.compile(r'<tr id="([^"]+)"[^>]*>(.*?)</tr>', re.DOTALL)
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
_VERDICT = re.compile(
    r'<section\b[^>]*?\sid="(verdict-[^"]+)"(?:(?!</section>).)*?\bexr-sentence\b.*?</section>', re.DOTALL
)
_FACT = re.compile(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)
_LONGEST = 48
_NEAR = 1000


def slug(text: str) -> str:
    """Return a text as part of an address: small letters, digits and hyphens.

    Examples
    --------
    >>> slug("Bevlogenheid: één maat")
    'bevlogenheid-een-maat'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section"


def unique(wanted: str, used: set[str]) -> str:
    """Return a name that is not used yet, with a number where the wanted one is; it counts as used from then on."""
    name, count = wanted, 1
    while name in used:
        count += 1
        name = f"{wanted}-{count}"
    used.add(name)
    return name


def with_anchors(body: Markup, texts: Texts) -> Markup:
    """Give everything on a page an address, and lead from each deciding number to the table that holds it.

    When to use it: once, on the finished inside of a page. Tables are named after their captions, rows after their
    tables, figures by number; headings and verdicts keep their ids. In a verdict the estimate becomes a link to the
    row that shows the same estimate with the same interval, in the verdict's own tables first, and that row links
    back; the finding's data file is named below.

    Parameters
    ----------
    body : markupsafe.Markup
        Everything below the title.
    texts : Texts
        Language of the reader.

    Returns
    -------
    markupsafe.Markup
        The same with ids, unique on the page and the same for the same body.
    """
    walk = _Walk(texts, used=set(_ID.findall(str(body))))
    html = _PLACES.sub(walk.visit, str(body))
    # Safe: ids are made of letters, digits and hyphens; all else was markup before or is escaped.
    return Markup(_traced(html, texts))  # noqa: S704


@dataclass(slots=True)
class _Walk:
    """Where on the page one is."""

    texts: Texts
    used: set[str]
    verdict: str = ""
    heading: str = ""
    table: str = ""
    figure: str = ""
    rows: int = 0
    in_body: bool = False
    figures: int = 0

    def visit(self, found: re.Match[str]) -> str:
        return self._close(found["end"]) if found["end"] else self._open(found)

    def _open(self, found: re.Match[str]) -> str:
        tag, attributes = found["tag"], found["attributes"]
        name = given[1] if (given := _ID.search(attributes)) else ""
        if tag == "section" and name.startswith("verdict-"):
            self.verdict = name.removeprefix("verdict-")
        elif tag in ("h2", "h3"):
            self.heading = name
        elif tag == "tbody":
            self.in_body, self.rows = True, 0
        elif tag == "tr" and self.in_body and self.table:
            self.rows += 1
            return f'<tr id="{self._unique(f"{self.table}-{self.rows}")}"{attributes}>'
        elif "exr-figure" in attributes:
            self.figures += 1
            self.figure = name or self._unique(f"figure-{self.figures}")
            return found.group() if name else f'<{tag} id="{self.figure}"{attributes}>'
        elif "exr-table" in attributes:
            # The scrolling part, which says what the table is, follows at once.
            label = _LABEL.search(found.string, found.end(), found.end() + _NEAR)
            within = f"{self.verdict}-" if self.verdict else ""
            self.table = name or self._unique(f"table-{within}{_short(unescape(label[1]) if label else '')}")
            return found.group() if name else f'<{tag} id="{self.table}"{attributes}>'
        return found.group()

    def _close(self, end: str) -> str:
        if end == "</section>":
            return self._end_of_verdict()
        link = ""
        if end == "</tbody>":
            self.in_body, self.table = False, ""
        elif end == "</figcaption>":
            link = self._link(self.figure, mark("Link to this figure"))
            self.figure = ""
        elif end == "</span></caption>":
            link = self._link(self.table, mark("Link to this table"))
        else:
            link = self._link(self.heading, mark("Link to this section"))
            self.heading = ""
        return f"{link}{end}"

    def _end_of_verdict(self) -> str:
        if not self.verdict:
            return "</section>"
        name, self.verdict = self.verdict, ""
        says = escape(self.texts.say("This finding as a data file (JSON)"))
        link = self._link(f"verdict-{name}", mark("Link to this verdict"))
        return (
            f'<p class="exr-note exr-trail"><a href="findings/{name}.json">{says}</a>{link}</p>\n</section>'
        )

    def _link(self, target: str, message: str) -> str:
        if not target:
            return ""
        return (
            f'<a class="anchor" href="#{target}"><span aria-hidden="true">#</span>'
            f'<span class="hidden-text"> {escape(self.texts.translate(message))}</span></a>'
        )

    def _unique(self, wanted: str) -> str:
        return unique(wanted, self.used)


def _short(text: str) -> str:
    """Cut a long address at a word."""
    whole = slug(text)
    if len(whole) <= _LONGEST:
        return whole
    return whole[: _LONGEST + 1].rpartition("-")[0] or whole[:_LONGEST]


def _traced(html: str, texts: Texts) -> str:
    """Link the estimate of each verdict to the row that holds it, and that row back."""
    rows = {found[1]: {_plain(cell) for cell in _CELL.findall(found[2])} for found in _ROW.finditer(html)}
    back: dict[str, str] = {}

    def trace(block: re.Match[str]) -> str:
        found = [(_plain(name), _plain(value)) for name, value in _FACT.findall(block.group())]
        names, facts = [name for name, _ in found], [value for _, value in found]
        estimate = texts.say("Estimate")
        if estimate not in names[:-1]:
            return block.group()
        place = names.index(estimate)
        # The interval stands beside its estimate; both together name one result.
        sought = set(facts[place : place + 2])
        own = {name for name, _ in _ROW.findall(block.group())}
        holding = [name for name, cells in rows.items() if sought <= cells]
        holding.sort(key=lambda name: name not in own)
        if not holding:
            return block.group()
        back.setdefault(holding[0], block[1])
        says = escape(texts.say("to the table that holds it"))
        link = (
            f'<dt>{escape(estimate)}</dt><dd><a class="exr-trace" href="#{holding[0]}">{escape(facts[place])}'
            f'<span class="hidden-text">, {says}</span></a></dd>'
        )
        fact = list(_FACT.finditer(block.group()))[place]
        start, end = fact.span()
        return f"{block.group()[:start]}{link}{block.group()[end:]}"

    traced = _VERDICT.sub(trace, html)
    says = escape(texts.say("Back to the verdict"))
    for row, verdict in back.items():
        link = (
            f' <a class="exr-back" href="#{verdict}"><span aria-hidden="true">↑</span>'
            f'<span class="hidden-text">{says}</span></a>'
        )
        head = re.search(
            rf'<tr id="{re.escape(row)}"[^>]*>\s*<th[^>]*>.*?(?=<small|</th>)', traced, re.DOTALL
        )
        if head is not None:
            traced = f"{traced[: head.end()]}{link}{traced[head.end() :]}"
    return traced


def _plain(html: str) -> str:
    return " ".join(unescape(_TAG.sub("", html)).split())
