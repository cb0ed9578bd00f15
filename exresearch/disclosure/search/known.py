"""The forms in which confidential things are kept for a search, none of which shows what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from exresearch.disclosure.search.rows import TableRows

Kind = Literal["person", "unit", "comment", "contact", "row", "user", "path"]

ATOM = re.compile(r"[^\W_]+")
# Names of an attribute of any page.
_ATTRIBUTES = frozenset({"id", "class", "name", "type", "style", "title"})


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that is recognised by itself.

    Attributes
    ----------
    kind : Kind
        What it is.
    text : str
        All of it, from its first word to its last.
    offset : int
        Where in it the word begins by which it is looked up.
    """

    kind: Kind
    text: str = field(repr=False)
    offset: int

    def stands_at(self, text: str, match: re.Match[str]) -> bool:
        """Whether all of it stands, sign for sign, in a text where the word that is looked up does."""
        if self.text.isalpha() and match.group() != self.text:
            # A name has a capital where a word has none.
            return False
        start = match.start() - self.offset
        end = start + len(self.text)
        if start < 0 or text[start:end].casefold() != self.text.casefold():
            return False
        return _apart(text, start, end, number=not any(map(str.isalpha, self.text)))


class Exact(Mapping[str, Sequence[Known]]):
    """What is looked for sign for sign, by word; keys of one word, of which there may be a million, as words alone.

    Parameters
    ----------
    single : mapping of str to Kind
        Keys of one word, of letters and digits together or of digits, in lower case.
    filed : mapping of str to sequence of Known
        Everything else, by the word by which it is looked up.
    """

    __slots__ = ("_filed", "_single")

    def __init__(self, single: Mapping[str, Kind], filed: Mapping[str, Sequence[Known]]) -> None:
        self._single, self._filed = single, filed

    def __contains__(self, word: object) -> bool:
        return word in self._single or word in self._filed

    def __getitem__(self, word: str) -> Sequence[Known]:
        kind, filed = self._single.get(word), self._filed.get(word, ())
        if kind is None and not filed:
            raise KeyError("no such word")
        return filed if kind is None else [Known(kind, word, 0), *filed]

    def __iter__(self) -> Iterator[str]:
        yield from self._single
        yield from (word for word in self._filed if word not in self._single)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Exact({len(self)})"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that were said one after another.

    Attributes
    ----------
    kind : Kind
        What it is.
    words : tuple of str
        In lower case.
    place : int
        Which two of them are looked up: this one and the next.
    """

    kind: Kind
    words: tuple[str, ...] = field(repr=False)
    place: int

    def stands_among(self, words: Sequence[str], place: int) -> bool:
        """Whether all its words stand among others, where the two that are looked up do."""
        start = place - self.place
        return start >= 0 and tuple(words[start : start + len(self.words)]) == self.words


@dataclass(frozen=True, slots=True)
class Column:
    """Keys that look like any number or word, and what their column is called.

    Attributes
    ----------
    names : frozenset of str
        Names of the column.
    values : frozenset of str
        Its keys.
    """

    names: frozenset[str]
    values: frozenset[str] = field(repr=False)

    def named(self, text: str) -> bool:
        """Whether the column's name stands somewhere in a text."""
        return any(name in text for name in self.names)

    def assigned(self, text: str) -> Iterator[re.Match[str]]:
        """Every value that is given under the column's name, as in ``"team": "17"`` or ``team=17``."""
        names = sorted(self.names - _ATTRIBUTES)
        if not names:
            return iter(())
        either = "|".join(map(re.escape, names))
        sign = r"(?:[\"']\]?\s*[:=]+|\s*=+)\s*\[?"
        value = r"(?:[\"']([^\"'<>\n]{1,60})[\"']|([^\W_](?:[\w.@-]*\w)?))"
        return re.finditer(rf"(?<!\w)(?:{either}){sign}{value}", text)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What to look for; it never shows any of it.

    Attributes
    ----------
    exact : mapping of str to sequence of Known
        What is looked for sign for sign, by the word, in lower case, by which it is looked up.
    said : mapping of pairs of str to sequence of Phrase
        What is looked for word for word, by two words that follow one another.
    columns : mapping of Kind to Column
        Keys that count only beside the name of their column.
    folders : tuple of str
        Absolute paths.
    rows : TableRows or None
        Rows of tables.
    """

    exact: Mapping[str, Sequence[Known]] = field(repr=False)
    said: Mapping[tuple[str, str], Sequence[Phrase]] = field(repr=False, default_factory=dict)
    columns: Mapping[Kind, Column] = field(repr=False, default_factory=dict)
    folders: tuple[str, ...] = field(repr=False, default=())
    rows: TableRows | None = field(repr=False, default=None)


def _apart(text: str, start: int, end: int, *, number: bool) -> bool:
    """Whether a stretch is a word of its own; a number also not part of a longer one, with its decimals."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before[-1:].isalnum() or after[:1].isalnum():
        return False
    return not (number and (re.search(r"\d[.,]$", before) or re.match(r"[.,]\d", after)))
