"""The lexicon: words and phrases that speak for a code or a theme, with negation and emphasis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from exresearch.measures.comments.language import Language
from exresearch.measures.comments.words import CLAUSE
from exresearch.study.yaml_file import shipped_yaml

#: What a contact moment does to somebody, in the order of the weights; the last is for comments that say no such thing.
CODES = ("hinders", "helps", "motivates", "inspires", "none")
DATA = Path(__file__).parent / "data"
_GAP, _WIDEST_GAP, _REACH = "..", 2, 3
_EMPHASIS = 1.5
# Words that are remembered: more than any client's comments hold, and bounded all the same.
_MOST_KNOWN = 50_000
# Of a word: whether it is a phrase by itself, what follows after a given next word, and what follows otherwise.
_Followers = tuple[bool, dict[str, list[tuple[str, ...]]], list[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases to look up, by how they begin.

    Attributes
    ----------
    whole, stems : dict of str to list of tuple
        What follows on a first word, or on the beginning of one; most follow on nothing.
    """

    whole: dict[str, list[tuple[str, ...]]]
    stems: dict[str, list[tuple[str, ...]]]
    _known: dict[str, _Followers | None] = field(default_factory=dict, repr=False, compare=False)

    def longest(self, words: list[str], start: int) -> int:
        """Return how many words the longest phrase takes that begins at a word; 0 where none does."""
        found = self._followers(words[start])
        if found is None:
            return 0
        alone, exact, others = found
        best, after = int(alone), start + 1
        if exact and after < len(words):
            for rest in exact.get(words[after], ()):
                reached = _follow(words, after + 1, rest)
                if reached is not None:
                    best = max(best, reached - start)
        for rest in others:
            reached = _follow(words, after, rest)
            if reached is not None:
                best = max(best, reached - start)
        return best

    def places(self, words: list[str]) -> list[int]:
        """Return the places of the words on which some phrase begins, or may begin."""
        return [place for place, word in enumerate(words) if self._followers(word) is not None]

    def _followers(self, first: str) -> _Followers | None:
        """What may follow on a word; looked up once, as the same words return in every comment."""
        if first in self._known:
            return self._known[first]
        rests = list(self.whole.get(first, ()))
        for end in range(2, len(first) + 1):
            rests += self.stems.get(first[:end], ())
        exact: dict[str, list[tuple[str, ...]]] = {}
        others = []
        for rest in rests:
            if rest and rest[0] != _GAP and not rest[0].endswith("*"):
                exact.setdefault(rest[0], []).append(rest[1:])
            elif rest:
                others.append(rest)
        found = (() in rests, exact, others) if rests else None
        if len(self._known) < _MOST_KNOWN:
            self._known[first] = found
        return found


_Begun = list[tuple[str, Phrases]]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases of one language.

    Attributes
    ----------
    codes, themes : dict of str to Phrases
    negators, intensifiers, turns : frozenset of str
        Words that turn a phrase round, that strengthen it, and that begin what weighs most ("but").
    """

    codes: dict[str, Phrases]
    themes: dict[str, Phrases]
    negators: frozenset[str]
    intensifiers: frozenset[str]
    turns: frozenset[str]
    _begun: dict[str, tuple[_Begun, _Begun]] = field(default_factory=dict, repr=False, compare=False)

    def scores(self, words: list[str]) -> dict[str, float]:
        """Count the phrases of every code.

        Parameters
        ----------
        words : list of str
            Of :func:`exresearch.measures.comments.words.words_of`.

        Returns
        -------
        dict of str to float
            ``code`` and ``not code`` for each code: phrases as they stand, and phrases within three words after a
            negation in the same clause. A phrase after an intensifier counts for one and a half.
        """
        found = {name: 0.0 for code in CODES for name in (code, f"not {code}")}
        free = dict.fromkeys(self.codes, 0)
        for place, word in enumerate(words):
            for code, phrases in self._beginning(word)[0]:
                length = phrases.longest(words, place) if place >= free[code] else 0
                if length:
                    before = self.before(words, place)
                    weight = _EMPHASIS if before and before[-1] in self.intensifiers else 1.0
                    negated = any(word in self.negators for word in before)
                    found[f"not {code}" if negated else code] += weight
                    free[code] = place + length
        return found

    def themes_of(self, words: list[str]) -> tuple[str, ...]:
        """Return the themes that a comment mentions, in the order of the lexicon."""
        found = set()
        for place, word in enumerate(words):
            for theme, phrases in self._beginning(word)[1]:
                if theme not in found and phrases.longest(words, place):
                    found.add(theme)
        return tuple(theme for theme in self.themes if theme in found)

    def _beginning(self, word: str) -> tuple[_Begun, _Begun]:
        """Codes and themes of which a phrase may begin with a word; looked up once, as most words begin none."""
        known = self._begun.get(word)
        if known is None:
            codes, themes = (
                [(name, phrases) for name, phrases in each.items() if phrases.places([word])]
                for each in (self.codes, self.themes)
            )
            known = codes, themes
            if len(self._begun) < _MOST_KNOWN:
                self._begun[word] = known
        return known

    def negated(self, words: list[str]) -> list[bool]:
        """Say of each word whether a negation stands within three words before it, in the same clause."""
        flags = [False] * len(words)
        for start, word in enumerate(words):
            if word in self.negators:
                for place in range(start + 1, min(start + _REACH + 1, len(words))):
                    flags[place] = True
                    if words[place] == CLAUSE:
                        break
        return flags

    def before(self, words: list[str], place: int) -> list[str]:
        """Return the words before a place, at most three and of the same clause."""
        near = words[max(0, place - _REACH) : place]
        if CLAUSE in near:
            near = near[len(near) - near[::-1].index(CLAUSE) :]
        return near


@cache
def lexicon(language: Language) -> Lexicon:
    """Read the lexicon of a language; it is in ``data/lexicon.yaml``, for everybody to read and correct."""
    content = _content()
    return Lexicon(
        codes={code: _phrases(by[language]) for code, by in content["codes"].items()},
        themes={theme: _phrases(by[language]) for theme, by in content["themes"].items()},
        negators=frozenset(content["negators"][language]),
        intensifiers=frozenset(content["intensifiers"][language]),
        turns=frozenset(content["turns"][language]),
    )


def theme_labels() -> dict[str, dict[str, str]]:
    """Return what each theme is called in both languages, in the order of the lexicon.

    Examples
    --------
    >>> theme_labels()["pay"]["en"]
    'Pay'
    """
    return {theme: dict(by["label"]) for theme, by in _content()["themes"].items()}


@cache
def _content() -> dict[str, Any]:
    return dict(shipped_yaml((DATA / "lexicon.yaml").read_text(encoding="utf-8")))


def _phrases(entries: Iterable[str]) -> Phrases:
    made = Phrases({}, {})
    for entry in entries:
        first, *rest = entry.casefold().split()
        table, key = (made.stems, first[:-1]) if first.endswith("*") else (made.whole, first)
        table.setdefault(key, []).append(tuple(rest))
    return made


def _follow(words: list[str], place: int, rest: tuple[str, ...]) -> int | None:
    """Return where a phrase ends whose other parts are to follow at a place, or None."""
    if not rest:
        return place
    if rest[0] == _GAP:
        for skip in range(_WIDEST_GAP + 1):
            end = _follow(words, place + skip, rest[1:])
            if end is not None:
                return end
        return None
    if place >= len(words) or not _fits(words[place], rest[0]):
        return None
    return _follow(words, place + 1, rest[1:])


def _fits(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part
