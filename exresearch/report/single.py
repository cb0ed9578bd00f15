"""The whole report as one file: every page a section, one style, one script, and links that stay within it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from markupsafe import Markup, escape

from exresearch.report.search import with_search
from exresearch.report.site import PageLink, SiteContext, fill_shell, pages_of

_MAIN = re.compile(r"<main\b[^>]*>\n(.*?)</main>", re.DOTALL)
_CONTENTS = re.compile(r'<li class="level(\d)"><a href="#([^"]*)">(.*?)</a></li>')
_PAGER = re.compile(r'<nav class="pager" aria-label="[^"]*">(.*?)</nav>', re.DOTALL)
_HEADING = re.compile(r"(</?)h([1-5])\b")
_REFERENCE = re.compile(r'\s(id|for|aria-labelledby|aria-describedby|aria-controls|headers)="([^"]*)"')
_LINK = re.compile(r'<a\b([^>]*?)\shref="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)


def one_file(documents: Mapping[str, str], *, site: SiteContext) -> str:
    """Put all pages of a report into one document.

    When to use it: to send a report by mail or to read it where a folder of files is in the way. Without script it is
    one long page; with it one page shows at a time, named by the address.

    Parameters
    ----------
    documents : mapping of str to str
        Whole pages by name, in reading order; those of :func:`exresearch.report.site.shell`.
    site : SiteContext
        The report they belong to.

    Returns
    -------
    str
        A whole HTML document. Ids carry the name of their page; links to other files, such as the data files of
        findings, become plain text, for those files do not travel along.
    """
    sections, tocs = [], {}
    for name, document in documents.items():
        main = _MAIN.search(document)
        if main is None:
            raise ValueError(f"page {name!r} has no main part; one_file takes whole pages of the report.")
        sections.append(_section(main[1], name=name, pages=documents))
        contents = document.split("<main", 1)[0]
        tocs[name] = [
            (int(level), f"{name}.{target}", unescape(text))
            for level, target, text in _CONTENTS.findall(contents)
        ]
    titles = {page.name: page.title for page in pages_of(site)}
    whole = fill_shell(
        # Safe: made of our own pages.
        Markup("\n").join(Markup(section) for section in sections),  # noqa: S704
        name=next(iter(documents)),
        title=site.title,
        site=site,
        pages=[PageLink(name, titles[name], f"#{name}") for name in documents],
        tocs=tocs,
        code=any('id="code-button"' in document for document in documents.values()),
    )
    # The list of places is made of the pages, and goes into the one file as it goes into each of them.
    return with_search(documents, into={"report": whole})["report"]


def _section(main: str, *, name: str, pages: Mapping[str, str]) -> str:
    """One page as a section: addresses that carry its name, headings one level lower, no landmark of its own twice."""

    def renamed(found: re.Match[str]) -> str:
        return f' {found[1]}="{" ".join(f"{name}.{part}" for part in found[2].split())}"'

    def linked(found: re.Match[str]) -> str:
        page, _, place = found[2].partition("#")
        page = page.removesuffix(".html")
        if not page:
            target = f"{name}.{place}"
        elif page in pages:
            target = f"{page}.{place}" if place else page
        else:
            # A file that stays behind; its name says where to ask for it.
            return f'<span class="left-behind">{escape(unescape(found[2]).rpartition("/")[2])}</span>'
        return f'<a{found[1]} href="#{target}"{found[3]}>{found[4]}</a>'

    def lower(found: re.Match[str]) -> str:
        return f"{found[1]}h{int(found[2]) + 1}"

    inner = _PAGER.sub(r'<div class="pager">\1</div>', main)
    inner = _LINK.sub(linked, _REFERENCE.sub(renamed, inner))
    inner = _HEADING.sub(lower, inner).replace("<h2>", f'<h2 class="page-title" id="{name}.title">', 1)
    return f'<section class="exr-page" id="{name}" aria-labelledby="{name}.title">\n{inner}</section>'
