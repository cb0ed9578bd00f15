"""The pages of a report: one per notebook, whole in themselves, with nothing loaded from anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from markupsafe import Markup, escape
from nbformat import NotebookNode

from exresearch.disclosure import DisclosureRules, Entry
from exresearch.findings.note import Note
from exresearch.report.anchors import with_anchors
from exresearch.report.brand import Brand
from exresearch.report.markup import asset, fill
from exresearch.report.notebook import NotebookBody, convert_notebook
from exresearch.report.numbers import Language
from exresearch.report.text import Texts

_LINK = re.compile(r'(<a href="([^"#]+)[^"]*")([^>]*)>(.*?)</a>', re.DOTALL)
INDEX = "index"
CLAIMS = "claims"
METHODS = "methods"
PROVENANCE = "provenance"
#: Pages that are no notebook; a run makes all of them anew.
SUMMARIES = (INDEX, CLAIMS, METHODS, PROVENANCE)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of the report: the notebook's file stem, and its title in the reader's language."""

    name: str
    title: str
    target: str = ""

    @property
    def href(self) -> str:
        """File name of the page, or its place where all pages are one file."""
        return self.target or f"{self.name}.html"


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """A page that is no notebook, with what it shows: its part of the report's ledger.

    Attributes
    ----------
    name : str
        File stem.
    html : str
        A whole HTML document.
    entries : tuple of Entry
        What the audit of the whole report has to know of it.
    """

    name: str
    html: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteContext:
    """What every page of one report shares.

    Parameters
    ----------
    language : {"nl", "en"}
        Language of the reader.
    title : str
        Title of the report, in that language.
    client : str
        For whom it was made, as the reader knows them.
    pages : tuple of PageLink
        Pages of the notebooks, in reading order.
    rules : DisclosureRules
        Minimum groups, printed in every footer.
    synthetic : bool
        Whether the data are fictional; said on every page.
    source : str
        Where the data come from and under which terms, in that language; may be empty.
    written : frozenset of str
        Notebooks that exist, whether or not they ran this time; a hypothesis of another one has no notebook yet.
    brand : Brand, optional
        The client's logo and colours.
    downloads : tuple of (str, str)
        Files that are passed on beside the pages: file name, and what it is called in that language.
    """

    language: Language
    title: str
    client: str
    pages: tuple[PageLink, ...]
    rules: DisclosureRules
    synthetic: bool = False
    source: str = ""
    written: frozenset[str] = frozenset()
    brand: Brand | None = None
    downloads: tuple[tuple[str, str], ...] = ()

    @property
    def texts(self) -> Texts:
        """The reader's language, in words."""
        return Texts(self.language)


def pages_of(site: SiteContext) -> list[PageLink]:
    """Return all pages of a report, in reading order."""
    texts = site.texts
    return [
        PageLink(INDEX, texts.say("Summary")),
        *site.pages,
        PageLink(CLAIMS, texts.say("Claims and their sources")),
        PageLink(METHODS, texts.say("Methods")),
        PageLink(PROVENANCE, texts.say("What this report was made from")),
    ]


def render_page(notebook: NotebookNode | NotebookBody, *, name: str, site: SiteContext) -> str:
    """Render the page of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode or NotebookBody
        Executed notebook, or what was made of it already.
    name : str
        File stem; one of the site's pages.
    site : SiteContext
        The report it belongs to.

    Returns
    -------
    str
        A whole HTML document; the same input gives the same bytes.

    Raises
    ------
    ValueError
        If the name is not a page of the site or the notebook has no title.
    """
    body = notebook if isinstance(notebook, NotebookBody) else convert_notebook(notebook, site.texts)
    return shell(
        Markup("{}{}").format(body.html, body.settings),
        name=name,
        title=body.title,
        site=site,
        headings=body.headings,
        code=True,
    )


def render_failure(
    *,
    name: str,
    title: str,
    reason: Note | str,
    site: SiteContext,
    section: str = "",
    lost: Sequence[tuple[str, str]] = (),
    technical: str = "",
) -> str:
    """Render the page of a notebook that did not run to its end.

    Parameters
    ----------
    name : str
        File stem; one of the site's pages.
    title : str
        Title of the notebook, in the reader's language.
    reason : Note or str
        What happened, in plain words (an English message); never the text of an error, which may quote data.
    site : SiteContext
        The report it belongs to.
    section : str
        Heading of the section that stopped it, in the reader's language.
    lost : sequence of (str, str)
        Hypotheses that have no verdict because of it: id, and claim in the reader's language.
    technical : str
        For whoever ran the study: the step, and the type of the error.

    Returns
    -------
    str
        A whole HTML document.

    Raises
    ------
    ValueError
        If the name is not a page of the site.
    """
    texts = site.texts
    said = texts.note(reason) if isinstance(reason, Note) else texts.say(reason)
    body = fill("failure.html.j2", texts=texts, reason=said, section=section, lost=lost, technical=technical)
    return shell(body, name=name, title=title, site=site)


def shell(
    body: Markup,
    *,
    name: str,
    title: str,
    site: SiteContext,
    headings: Sequence[tuple[int, str, str]] = (),
    code: bool = False,
) -> str:
    """Put a body into the page that all pages share: navigation, title, banner and footer.

    Parameters
    ----------
    body : markupsafe.Markup
        Everything below the title.
    name : str
        One of ``SUMMARIES``, or of the site's pages.
    title : str
        The page's only first-level heading.
    site : SiteContext
        The report it belongs to.
    headings : sequence of (int, str, str)
        Level, id and text of each heading, for the table of contents.
    code : bool
        Whether there is code to show.

    Returns
    -------
    str
        A whole HTML document.

    Raises
    ------
    ValueError
        If the name is not a page of the site.
    """
    pages = pages_of(site)
    names = [page.name for page in pages]
    if name not in names:
        raise ValueError(f"page {name!r} is not in the site; its pages are {', '.join(names)}.")
    inside = _named(with_anchors(body, site.texts), {page.href: page.title for page in pages})
    return fill_shell(inside, name=name, title=title, site=site, pages=pages, headings=headings, code=code)


def fill_shell(
    body: Markup,
    *,
    name: str,
    title: str,
    site: SiteContext,
    pages: Sequence[PageLink],
    headings: Sequence[tuple[int, str, str]] = (),
    tocs: Mapping[str, Sequence[tuple[int, str, str]]] | None = None,
    code: bool = False,
) -> str:
    """Put a body that is ready into the frame of a page, or of all pages in one file.

    Parameters
    ----------
    body, name, title, site, headings, code
        As :func:`shell`.
    pages : sequence of PageLink
        All pages, in reading order.
    tocs : mapping, optional
        Headings of every page, where the body holds them all.

    Returns
    -------
    str
        A whole HTML document.
    """
    texts = site.texts
    here = [page.name for page in pages].index(name)
    message, values = site.rules.sentence()
    document = fill(
        "shell.html.j2",
        texts=texts,
        body=body,
        title=title,
        site=site,
        pages=pages,
        here=name,
        previous=pages[here - 1] if here else None,
        following=pages[here + 1] if here + 1 < len(pages) else None,
        headings=headings,
        tocs=tocs,
        single=tocs is not None,
        code=code,
        disclosure=texts.say(message, **values),
        style=asset("fragment.css") + asset("style.css") + (site.brand.style if site.brand else ""),
        script=asset("report.js"),
    )
    return str(document)


def _named(body: Markup, titles: Mapping[str, str]) -> Markup:
    """Name the page that a link goes to, for paper: there nobody can follow it."""

    def name(found: re.Match[str]) -> str:
        opening, page, rest, text = found.groups()
        title = titles.get(page)
        if title is None or unescape(text).strip() == title:
            return found.group()
        return f'{opening} data-to="{escape(title)}"{rest}>{text}</a>'

    # Safe: markup before, and a title that is escaped.
    return Markup(_LINK.sub(name, str(body)))  # noqa: S704
