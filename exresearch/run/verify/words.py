"""What a page says, as words: so that two pages are compared by what a reader sees."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from html import unescape

from exresearch.run.verify.outcome import Difference, most, other

# What is no text, or is put into a page after it was made: addresses, ways back, the seal.
_SILENT = re.compile(
    r"<(script|style|svg)\b.*?</\1>"
    r'|<a class="anchor".*?</a>|<a class="exr-back".*?</a>'
    r'|<p class="exr-note exr-trail">.*?</p>'
    r'|<p class="[^"]*exr-sealed[^"]*">.*?</p>'
    r'|<span class="hidden-text">.*?</span>'
    r"|<!--.*?-->",
    re.DOTALL,
)
_ALT = re.compile(r'<img\b[^>]*?\salt="([^"]*)"[^>]*>')
_TAG = re.compile(r"<[^>]*>")
_MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
_PAGER = re.compile(r'<(nav|div) class="pager".*?</\1>', re.DOTALL)
# So many differences of one text are told one by one; so many words are quoted.
_TOLD, _QUOTED = 3, 12


def main_of(document: str) -> str:
    """Return the part of a page that is its own, without navigation; empty where there is none."""
    found = _MAIN.search(document)
    return _PAGER.sub("", found[1]) if found else ""


def words_of(html: str) -> list[str]:
    """Return what a reader of markup sees, word by word, descriptions of pictures included.

    Examples
    --------
    >>> words_of("<p>n = <b>1,204</b>&nbsp;people</p>")
    ['n', '=', '1,204', 'people']
    """
    said = _ALT.sub(r" \1 ", _SILENT.sub(" ", html))
    return unescape(_TAG.sub(" ", said)).split()


def unlike(
    expected: Sequence[str], found: Sequence[str], *, file: str, place: str, against: str
) -> tuple[Difference, ...]:
    """Return where two texts part, each place with the words of both.

    Parameters
    ----------
    expected, found : sequence of str
        Of :func:`words_of`.
    file, place : str
        Where the second was read.
    against : str
        What the first was made from.

    Returns
    -------
    tuple of Difference
        At most four; the last may say how many there are besides.
    """
    if list(expected) == list(found):
        return ()
    matcher = difflib.SequenceMatcher(None, expected, found, autojunk=False)
    parted = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    differences = [
        other(
            file,
            place,
            expected=_quoted(expected[first:last]),
            found=_quoted(found[start:end]),
            against=against,
        )
        for _, first, last, start, end in parted
    ]
    return most(differences, _TOLD)


def _quoted(words: Sequence[str]) -> str:
    return " ".join(words[:_QUOTED]) + (" …" if len(words) > _QUOTED else "")
