"""What must not leave the computer: the keys, words and rows of a study's tables, and where and by whom it was run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import pandas as pd

from exresearch.disclosure.rows import TableRows
from exresearch.study import Study

Kind = Literal["person", "unit", "comment", "contact", "row", "user", "path"]

ATOM = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(r"(?<![\w.,+])(?:\+|00?)[1-9][\d /().-]{7,16}\d(?![\w.,]\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d[-/.]\d\d[-/.]\d{4}")
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
# Shorter words of somebody may be anybody's.
_LEAST_COMMENT, _LEAST_SENTENCE, _BEGINNING = 25, 40, 60
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
    words : tuple of str
        Its words in lower case.
    place : int
        Which of its words is looked up.
    offset : int
        Where in the text that word begins.
    """

    kind: Kind
    text: str = field(repr=False)
    words: tuple[str, ...] = field(repr=False)
    place: int
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

    def stands_among(self, words: Sequence[str], place: int) -> bool:
        """Whether all its words stand among others, whatever signs are between them."""
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
    said : mapping of str to sequence of Known
        What is looked for word for word, likewise.
    columns : mapping of Kind to Column
        Keys that count only beside the name of their column.
    folders : tuple of str
        Absolute paths.
    rows : TableRows or None
        Rows of tables.
    """

    exact: Mapping[str, Sequence[Known]] = field(repr=False)
    said: Mapping[str, Sequence[Known]] = field(repr=False, default_factory=dict)
    columns: Mapping[Kind, Column] = field(repr=False, default_factory=dict)
    folders: tuple[str, ...] = field(repr=False, default=())
    rows: TableRows | None = field(repr=False, default=None)


def secrets_of(
    study: Study,
    *,
    own_texts: Iterable[str] = (),
    names: Iterable[str] = (),
    folders: Iterable[str] = (),
    units_may_be_named: bool = False,
) -> Secrets:
    """Collect what must not leave the computer.

    A report is full of numbers and words, so a key is looked for by itself only where it is like nothing else: letters
    and digits together, seven digits or more, or a name that is no word of the suite and no category. Other keys count
    beside the name of their column.

    Parameters
    ----------
    study : Study
        The client.
    own_texts : iterable of str
        What the suite says whoever the client is, such as its notebooks; none of its words is a secret.
    names : iterable of str
        Who ran it on which computer.
    folders : iterable of str
        Absolute paths that may not be named.
    units_may_be_named : bool
        Whether the keys of units are left out.

    Returns
    -------
    Secrets
    """
    harmless = _harmless(study, own_texts)
    exact: list[tuple[Kind, str]] = []
    columns: dict[Kind, Column] = {}
    roles: list[Kind] = ["person"] if units_may_be_named else ["person", "unit"]
    for role in roles:
        keys = {
            str(key)
            for table in study.tables.values()
            if role in table
            for key in table[role].dropna().unique()
        }
        alone = {key for key in keys if _like_nothing_else(key, harmless, least=4 if role == "person" else 3)}
        exact += [(role, key) for key in alone]
        own = {variable.column for variable in study.codebook.variables if variable.role == role}
        columns[role] = Column(frozenset(own | {role}), frozenset(keys - alone))
    contacts = _contacts(study)
    exact += [("contact", contact) for contact in contacts if "@" in contact]
    exact += [("user", name) for name in names if _like_nothing_else(name, harmless, least=4, letters=4)]
    said: list[tuple[Kind, str]] = [("comment", comment) for comment in _comments(study)]
    said += [("contact", contact) for contact in contacts if "@" not in contact]
    places = {place for place in folders if place.count("/") + place.count("\\") > 1}
    return Secrets(
        exact=_by_rarest_word(exact),
        said=_by_rarest_word(said),
        columns=columns,
        folders=tuple(sorted(places)),
        rows=TableRows(study.tables),
    )


def _harmless(study: Study, own_texts: Iterable[str]) -> frozenset[str]:
    """Words of the suite, of the study's own titles and labels, and of its categories."""
    settings = study.settings
    texts = [*own_texts, settings.client, settings.name, settings.title.nl, settings.title.en, *study.waves]
    if settings.source is not None:
        texts += [settings.source.nl, settings.source.en]
    texts += [str(value) for value in settings.parameters.model_dump().values()]
    texts += [path.name for paths in study.files.values() for path in paths]
    for variable in study.codebook.variables:
        texts += [variable.column, variable.construct or "", variable.group or ""]
        if variable.label is not None:
            texts += [variable.label.nl, variable.label.en]
        frame = study.table(variable.table)
        if variable.role == "category" and variable.column in frame:
            texts += [str(value) for value in frame[variable.column].dropna().unique()]
    said: set[str] = set()
    for text in texts:
        said.update(_said(text))
    return frozenset(said)


def _said(text: str) -> Iterator[str]:
    """Words, and every two words that follow one another."""
    words = [word.casefold() for word in ATOM.findall(text)]
    yield from words
    yield from map(" ".join, pairwise(words))


def _like_nothing_else(key: str, harmless: frozenset[str], *, least: int, letters: int = 5) -> bool:
    words = [word.casefold() for word in ATOM.findall(key)]
    signs = "".join(words)
    parts = words if len(words) < 2 else [" ".join(two) for two in pairwise(words)]
    if all(part in harmless for part in parts) or _DATE.fullmatch(key):
        return False
    if signs.isdigit():
        return len(signs) >= 7
    if signs.isalpha():
        return len(signs) >= letters
    if _HEXADECIMAL.fullmatch(signs) and len(signs) < 8:
        # Colours, and numbers such as 1e5.
        return False
    return len(signs) >= least


def _comments(study: Study) -> set[str]:
    said: set[str] = set()
    for text in _texts(study, roles=("text",)):
        whole = " ".join(text.split())
        if len(whole) > _LEAST_COMMENT:
            # Quoted in full, cut off, or a sentence of it.
            said.add(whole if len(whole) <= _BEGINNING else whole[:_BEGINNING].rsplit(" ", 1)[0])
            said.update(part for part in _SENTENCE.split(whole) if len(part) > _LEAST_SENTENCE)
    return said


def _contacts(study: Study) -> set[str]:
    found: set[str] = set()
    for text in _texts(study, roles=("text", "person", "category", "unit")):
        found.update(match for match in _ADDRESS.findall(text))
        for match in _TELEPHONE.findall(text):
            digits = sum(map(str.isdigit, match))
            if 9 <= digits <= 15 and not _DATE.search(match):
                found.add(match)
    return found


def _texts(study: Study, *, roles: Sequence[str]) -> Iterator[str]:
    for variable in study.codebook.variables:
        name = variable.role if variable.role in ("person", "unit") else variable.column
        frame = study.table(variable.table)
        if variable.role in roles and name in frame and not pd.api.types.is_numeric_dtype(frame[name].dtype):
            yield from map(str, frame[name].dropna().unique())


def _by_rarest_word(known: Iterable[tuple[Kind, str]]) -> dict[str, list[Known]]:
    """File each under the one of its words that the fewest others have, so that a look is seldom in vain."""
    split = [(kind, text, list(ATOM.finditer(text))) for kind, text in dict.fromkeys(known)]
    often = Counter(word for *_, found in split for word in {match.group().casefold() for match in found})
    filed: dict[str, list[Known]] = {}
    for kind, text, found in split:
        if not found:
            continue
        words = tuple(match.group().casefold() for match in found)
        place = min(range(len(words)), key=lambda at: (often[words[at]], -len(words[at])))
        first, last = found[0].start(), found[-1].end()
        one = Known(kind, text[first:last], words, place, found[place].start() - first)
        filed.setdefault(words[place], []).append(one)
    return filed


def _apart(text: str, start: int, end: int, *, number: bool) -> bool:
    """Whether a stretch is a word of its own; a number also not part of a longer one, with its decimals."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before[-1:].isalnum() or after[:1].isalnum():
        return False
    return not (number and (re.search(r"\d[.,]$", before) or re.match(r"[.,]\d", after)))
