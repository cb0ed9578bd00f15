"""Search within a report, offline: what its pages say, shortened, goes along in every page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser

# The place in a page that the list goes to; pages kept from an earlier run have an older list there.
_PLACE = re.compile(r'(<script type="application/json" id="exr-places">).*?(</script>)', re.DOTALL)
# Most of a page's elements are cells of numbers, which are not told of.
_NUMBERS = re.compile(r"<td\b[^<>]*>[^<]*</td>")
_HEAVY = re.compile(r'\ssrc="data:[^"]*"|<(script|style|pre)\b.*?</\1>', re.DOTALL)
_MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
_TITLE = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
# A hit in the rest of a long paragraph is rarely what somebody looks for, and every page carries all of this.
_LONGEST = 120
_HEADS = 200
_MOST = 360
_HEADINGS = ("h2", "h3", "h4")
_TEXTS = ("p", "li", "figcaption", "caption", "summary")
_NAMED = ("verdict-", "claim-", "figure-", "table-", "h-", "m-")
_SILENT = ("nav", "button", "small")
# What is not text of the page, and what is the same below every verdict.
_UNSAID = {
    "anchor",
    "hidden-text",
    "exr-trail",
    "exr-badge-line",
    "exr-detail",
    "exr-sub",
    "published-source",
}
_VOID = ("img", "br", "hr", "input", "meta", "wbr")

Place = list[str]


def with_search(documents: Mapping[str, str], *, into: Mapping[str, str] | None = None) -> dict[str, str]:
    """Put into every page the list of what all pages say, for the search field.

    When to use it: once all pages of a report are made, those kept from an earlier run among them.

    Parameters
    ----------
    documents : mapping of str to str
        Whole pages by name, in reading order.
    into : mapping of str to str, optional
        Documents to put it into, where they are not the pages themselves.

    Returns
    -------
    dict of str to str
        The same pages, or the documents of ``into``.
    """
    data = json.dumps(
        [[name, *places_of(document)] for name, document in documents.items()],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    # Within a script element nothing but its end is markup.
    listed = data.replace("<", "\\u003c")
    return {
        name: _PLACE.sub(lambda found: f"{found[1]}{listed}{found[2]}", document, count=1)
        for name, document in (documents if into is None else into).items()
    }


def places_of(document: str) -> tuple[str, list[Place]]:
    """Return the title of a page and what it says, place by place.

    Parameters
    ----------
    document : str
        A whole page.

    Returns
    -------
    tuple of str and list of list of str
        Each place as id, heading and texts: headings, verdicts, captions, the beginnings of paragraphs and the heads
        of rows. Code, numbers in tables and what is only for navigation are left out.
    """
    light = _HEAVY.sub("", document)
    main = _MAIN.search(light)
    title = _TITLE.search(light)
    reader = _Reader()
    if main is not None:
        reader.feed(_NUMBERS.sub("", main[1]))
        reader.close()
    name = unescape(re.sub(r"<[^>]+>", "", title[1])).strip() if title is not None else ""
    return name, [place for place in reader.places if any(place[1:])]


class _Reader(HTMLParser):
    """Reads the inside of a page into places."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = [["", ""]]
        self._here = self.places[0]
        # Elements that are open: name, whether silent, and the place to go back to at the end.
        self._open: list[tuple[str, bool, Place | None]] = []
        self._text: list[str] = []
        self._collect = ""
        self._heads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        values = dict(attrs)
        classes = set((values.get("class") or "").split())
        name = values.get("id") or ""
        back = None
        if name and (tag in _HEADINGS or (name.startswith(_NAMED) and tag != "tr")):
            back = None if tag in _HEADINGS else self._here
            # A verdict and a claim say what they are; a figure is named by its takeaway, the first that it says.
            self._here = [name, "" if name.startswith("table-") else values.get("aria-label") or ""]
            self.places.append(self._here)
        silent = tag in _SILENT or bool(classes & _UNSAID) or values.get("aria-hidden") == "true"
        # Settings and versions are for whoever makes the report anew.
        silent = silent or ("settings" in classes and "quiet" not in classes)
        self._open.append((tag, silent, back))
        if not self._silent() and (
            tag in _HEADINGS + _TEXTS or (tag == "th" and values.get("scope") == "row")
        ):
            # What stands before a list or paragraph within the same element is said by itself.
            self._say()
            self._collect = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._collect:
            self._say()
        if tag == "tbody" and self._heads:
            self._here.append(_cut(" · ".join(dict.fromkeys(self._heads)), _HEADS))
            self._heads = []
        while self._open:
            opened, _, back = self._open.pop()
            self._here = self._here if back is None else back
            if opened == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._collect and not self._silent():
            self._text.append(data)

    def _silent(self) -> bool:
        return any(silent for _, silent, _ in self._open)

    def _say(self) -> None:
        text, tag = " ".join("".join(self._text).split()), self._collect
        self._text, self._collect = [], ""
        if not text:
            return
        if tag == "th":
            self._heads.append(text)
        elif not self._here[1] and (tag in (*_HEADINGS, "caption") or self._here[0].startswith("figure-")):
            self._here[1] = text
        elif sum(map(len, self._here[2:])) < _MOST:
            self._here.append(_cut(text, _LONGEST))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest + 1].rpartition(" ")[0] + " …"
