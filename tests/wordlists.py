"""The words a reader meets on a page, and words that belong to one language only."""

import base64
import html.parser
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

from exresearch.findings import load_claims, load_registry
from exresearch.report.lookup import load_sources

# About 300 common words of each language. Words of both are in neither: in, is, was, of, over, had, best, open, order.
ENGLISH, DUTCH = (
    frozenset(Path(__file__).with_name(f"words_{language}.txt").read_text(encoding="utf-8").split())
    for language in ("en", "nl")
)
# Names of methods and houses: they are the same in every language.
_NAMES = ["Temkin Group", "Employee Engagement Benchmark Study", "predictive mean matching", "k-means"]
_ATTRIBUTES = ("alt", "title", "aria-label", "placeholder", "aria-description")
_SILENT = {"script", "style", "code", "pre", "kbd", "template"}
_VOID = {"meta", "img", "br", "hr", "link", "input", "source", "wbr", "col"}
# Whole words: no part of a file's name, a setting or a DOI.
_WORD = re.compile(r"(?<![\w./])[^\W\d_]+(?:['’][^\W\d_]+)*(?![\w/]|\.\w)")
_SVG = "data:image/svg+xml"


class _Reader(html.parser.HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._stack: list[tuple[str, bool]] = []
        self._language = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self._language = given.get("lang", "")
        elsewhere = given.get("lang", self._language) != self._language
        silent = tag in _SILENT or elsewhere or (bool(self._stack) and self._stack[-1][1])
        if not silent:
            self.texts += [given[name] for name in _ATTRIBUTES if given.get(name)]
            if tag == "meta" and given.get("name") in ("description", "title"):
                self.texts.append(given.get("content") or "")
            if str(given.get("src", "")).startswith(_SVG):
                self.texts += _of_svg(given["src"])
        if tag not in _VOID:
            self._stack.append((tag, silent))

    def handle_endtag(self, tag):
        while self._stack:
            name, _ = self._stack.pop()
            if name == tag:
                break

    def handle_data(self, data):
        if not (self._stack and self._stack[-1][1]) and data.strip():
            self.texts.append(data)


def _of_svg(source: str) -> list[str]:
    head, _, body = source.partition(",")
    text = base64.b64decode(body).decode("utf-8") if head.endswith(";base64") else unquote(body)
    return [part for part in ET.fromstring(text).itertext() if part.strip()]  # noqa: S314 - our own picture


def texts_of(page: str) -> list[str]:
    """Return what a page says: its text, that of its pictures, and what is read aloud instead of them.

    Left out are code, and passages that say themselves that they are in another language.
    """
    return _Reader(page).texts


def hits(texts, words, names=()):
    """Count the words of a list in texts; names, such as a client's own, are taken out first."""
    found = Counter()
    for text in texts:
        for name in names:
            text = text.replace(name, " ")
        found.update(word for word in map(str.lower, _WORD.findall(text)) if word in words)
    return found


def references() -> list[str]:
    """Return what is the same in every language: publications, and constructs by the names of the codebook."""
    cited = [figure.source for figure in load_claims() if isinstance(figure.source, str)]
    cited += [source.text for source in load_sources()]
    needs = [one for hypothesis in load_registry().hypotheses for one in hypothesis.needs.any_of]
    keys = {", ".join(names) for one in needs for names in one.constructs.values() if len(names) > 1}
    return [*cited, *sorted(keys, key=len, reverse=True), *_NAMES]
