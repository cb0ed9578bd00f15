"""The pages of a report: one per notebook, whole in themselves, with nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from nbformat import NotebookNode

from exresearch.disclosure import DisclosureRules, Entry
from exresearch.findings.note import Note
from exresearch.report.markup import asset, fill
from exresearch.report.notebook import convert_notebook
from exresearch.report.numbers import Language
from exresearch.report.text import Texts

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

    @property
    def href(self) -> str:
        """File name of the page."""
        return f"{self.name}.html"


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
    """

    language: Language
    title: str
    client: str
    pages: tuple[PageLink, ...]
    rules: DisclosureRules
    synthetic: bool = False
    source: str = ""
    written: frozenset[str] = frozenset()

    @property
    def texts(self) -> Texts:
        """The reader's language, in words."""
        return Texts(self.language)


def render_page(notebook: NotebookNode, *, name: str, site: SiteContext) -> str:
    """Render the page of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed notebook.
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
    body = convert_notebook(notebook, site.texts)
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
    body = fill(
        "failure.html.j2", texts=texts, reason=said, section=section, lost=lost, technical=technical
    )
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
    texts = site.texts
    pages = [
        PageLink(INDEX, texts.say("Summary")),
        *site.pages,
        PageLink(CLAIMS, texts.say("Claims and their sources")),
        PageLink(METHODS, texts.say("Methods")),
        PageLink(PROVENANCE, texts.say("What this report was made from")),
    ]
    names = [page.name for page in pages]
    if name not in names:
        raise ValueError(f"page {name!r} is not in the site; its pages are {', '.join(names)}.")
    here = names.index(name)
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
        code=code,
        disclosure=texts.say(message, **values),
        style=asset("fragment.css") + asset("style.css"),
        script=asset("report.js"),
    )
    return str(document)
