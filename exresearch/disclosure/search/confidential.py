"""What must not leave the computer: the keys, words and rows of a study's tables, and where and by whom it was run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import pandas as pd

from exresearch.disclosure.search.known import ATOM, Column, Exact, Kind, Known, Phrase, Secrets
from exresearch.disclosure.search.rows import TableRows
from exresearch.study import Study
from exresearch.study.coded import coded
from exresearch.study.problems import NAMEABLE

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(r"(?<![\w.,+])(?:\+|00?)[1-9][\d /().-]{7,16}\d(?![\w.,]\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d[-/.]\d\d[-/.]\d{4}")
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
# Shorter words of somebody may be anybody's.
_LEAST_COMMENT, _LEAST_SENTENCE, _BEGINNING = 25, 40, 60
# So many words one after another are nobody else's.
_ENOUGH, _LONG = 12, 400


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
        keys = {str(key) for table in study.tables.values() if role in table for key in coded(table[role])[1]}
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
    phrases = {(kind, tuple(ATOM.findall(text.casefold()[:_LONG])[:_ENOUGH])): text for kind, text in said}
    exact += [(kind, text) for (kind, words), text in phrases.items() if len(words) == 1]
    return Secrets(
        exact=_by_rarest_word(exact),
        said=_by_rarest_pair([(kind, words) for kind, words in phrases if len(words) > 1]),
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
    if key.isalnum():
        # One word, as most keys are; of these there may be a million.
        signs = key.casefold()
        if signs in harmless:
            return False
        if signs.isdigit():
            return len(signs) >= 7
        if signs.isalpha():
            return len(signs) >= letters
        return len(signs) >= (least if len(signs) >= 8 or not _HEXADECIMAL.fullmatch(signs) else 8)
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
        if text.isalnum() and text[0] != "0":
            # A number begins with it, or with a sign that is no letter.
            continue
        if "@" in text:
            found.update(_ADDRESS.findall(text))
        if "0" not in text and "+" not in text:
            continue
        for match in _TELEPHONE.findall(text):
            digits = sum(map(str.isdigit, match))
            if 9 <= digits <= 15 and not _DATE.search(match):
                found.add(match)
    return found


def _texts(study: Study, *, roles: Sequence[str]) -> Iterator[str]:
    """Every text that stands in fewer than five rows; what more have is a code, and not somebody's answer."""
    for variable in study.codebook.variables:
        name = variable.role if variable.role in ("person", "unit") else variable.column
        frame = study.table(variable.table)
        if variable.role in roles and name in frame and not pd.api.types.is_numeric_dtype(frame[name].dtype):
            if name in ("person", "unit"):
                yield from map(str, coded(frame[name])[1])
                continue
            often = frame[name].value_counts(sort=False)
            yield from map(str, often.index[often < NAMEABLE])


def _by_rarest_word(known: Iterable[tuple[Kind, str]]) -> Exact:
    """File each under the one of its words that the fewest others have, so that a look is seldom in vain."""
    single: dict[str, Kind] = {}
    others: list[tuple[Kind, str]] = []
    for kind, text in dict.fromkeys(known):
        word = text.casefold()
        # A name of letters alone counts by its capitals; a word that is two things is filed twice.
        plain = text.isalnum() and not text.isalpha() and len(word) == len(text)
        if plain and single.setdefault(word, kind) == kind:
            continue
        others.append((kind, text))
    split = [(kind, text, list(ATOM.finditer(text))) for kind, text in others]
    often = Counter(match.group().casefold() for *_, found in split for match in found)
    filed: dict[str, list[Known]] = {}
    for kind, text, found in split:
        if found:
            _, _, word, start = min(
                (often[word], -len(word), word, match.start())
                for match in found
                if (word := match.group().casefold())
            )
            first, last = found[0].start(), found[-1].end()
            filed.setdefault(word, []).append(Known(kind, text[first:last], start - first))
    return Exact(single, filed)


def _by_rarest_pair(
    known: Sequence[tuple[Kind, tuple[str, ...]]],
) -> dict[tuple[str, str], list[Phrase]]:
    often = Counter(word for _, words in known for word in words)
    filed: dict[tuple[str, str], list[Phrase]] = {}
    for kind, words in known:
        counts = [often[word] for word in words]
        sums = [one + other for one, other in pairwise(counts)]
        place = sums.index(min(sums))
        filed.setdefault((words[place], words[place + 1]), []).append(Phrase(kind, words, place))
    return filed
