"""The coder: what a contact moment did to somebody, by a lexicon and weights that anybody can read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from exresearch.measures.comments.language import Language, comment_language
from exresearch.measures.comments.lexicon import CODES, DATA, lexicon
from exresearch.measures.comments.words import CLAUSE, words_of

_MOST, _POLARITY = 3.0, 2.0
_LONG = 12.0


@dataclass(frozen=True, slots=True)
class Coded:
    """One comment as the coder sees it.

    Attributes
    ----------
    language : {"nl", "en"}
        Whose lexicon and weights were used.
    code : str
        One of :data:`CODES`.
    sure : float
        Probability of the likeliest code, by the model.
    themes : tuple of str
        What it is about.
    """

    language: Language
    code: str
    sure: float
    themes: tuple[str, ...]


def code_comment(text: str) -> Coded:
    """Code one comment. Personal data are to be taken out first, see :func:`without_personal_data`.

    Parameters
    ----------
    text : str
        The comment.

    Returns
    -------
    Coded
        Where the words do not tell the language, the one whose model is surer is taken. Without words nothing is told.

    Examples
    --------
    >>> code_comment("De helpdesk neemt niet op en het systeem is traag.").code
    'hinders'
    >>> code_comment("My manager helped me straight away.").themes
    ('manager',)
    """
    words = words_of(text)
    if not any(word != CLAUSE for word in words):
        return Coded("nl", CODES[-1], 1.0, ())
    known = comment_language(text)
    languages: tuple[Language, ...] = ("nl", "en") if known is None else (known,)
    found = []
    for language in languages:
        chances = probabilities(features(words, language), weights(language))
        best = int(chances.argmax())
        sure = float(chances[best])
        found.append(Coded(language, CODES[best], sure, lexicon(language).themes_of(words)))
    return max(found, key=lambda coded: coded.sure)


def features(words: Sequence[str], language: Language) -> dict[str, float]:
    """Return what the model sees of a comment.

    Parameters
    ----------
    words : sequence of str
        Of :func:`exresearch.measures.comments.words.words_of`.
    language : {"nl", "en"}

    Returns
    -------
    dict of str to float
        ``lexicon: ...``: scores of the lexicon, at most 3; ``polarity: ...``: of single words, at most 2; ``then ...``:
        both of what follows on the last turn such as "but"; ``length``: words in dozens, at most 1; ``word: ...``
        each word and pair of words, and ``not: ...`` each word after a negation, either kind of length 1.
    """
    listed = list(words)
    plain = [word for word in listed if word != CLAUSE]
    found = _scores(listed, language)
    turns = [place for place, word in enumerate(listed) if place and word in lexicon(language).turns]
    if turns:
        found |= {f"then {name}": value for name, value in _scores(listed[turns[-1] :], language).items()}
    found["length"] = min(len(plain), _LONG) / _LONG
    flags = lexicon(language).negated(listed)
    negated = [word for word, turned in zip(listed, flags, strict=True) if turned and word != CLAUSE]
    for kind, named in (
        ("word", [*plain, *(f"{first} {second}" for first, second in pairwise(plain))]),
        ("not", negated),
    ):
        # Each once, in the order of the words: that of a set differs between processes, and with it the rounding.
        terms = list(dict.fromkeys(named))
        if terms:
            share = 1.0 / math.sqrt(len(terms))
            found |= {f"{kind}: {term}": share for term in terms}
    return found


def probabilities(
    seen: Mapping[str, float], model: Mapping[str, Mapping[str, Sequence[float]]]
) -> np.ndarray:
    """Return the probability of each code, in the order of :data:`CODES`, by two logistic regressions.

    The first tells whether something hinders, something is good, or neither; the second in which way it is good.

    Parameters
    ----------
    seen : mapping of str to float
        Of :func:`features`.
    model : mapping
        ``side`` and ``good``: the weights of each feature for the three outcomes of either; ``(intercept)`` among them.

    Returns
    -------
    numpy.ndarray [5]
    """
    hinders, good, none = _logistic(seen, model["side"])
    return np.array([hinders, *(good * _logistic(seen, model["good"])), none])


@cache
def weights(language: Language) -> dict[str, dict[str, list[float]]]:
    """Read the weights of a language; ``tools/comment_model.py`` makes them of ``data/remarks.csv``."""
    read: dict[str, dict[str, list[float]]] = _read("weights.json")[language]
    return read


def confusion(language: Language) -> np.ndarray:
    """Return how held-out remarks were coded: rows by hand, columns by the coder, in the order of :data:`CODES`."""
    return np.array(_read("agreement.json")[language], dtype=np.float64)


@cache
def _read(file: str) -> dict[str, Any]:
    return dict(json.loads((DATA / file).read_text(encoding="utf-8")))


def _logistic(seen: Mapping[str, float], model: Mapping[str, Sequence[float]]) -> np.ndarray:
    first, second, third = model["(intercept)"]
    for name, value in seen.items():
        weight = model.get(name)
        if weight is not None:
            first += value * weight[0]
            second += value * weight[1]
            third += value * weight[2]
    total = np.array([first, second, third], dtype=np.float64)
    raised = np.exp(total - total.max())
    return np.asarray(raised / raised.sum())


def _scores(words: list[str], language: Language) -> dict[str, float]:
    found = {
        f"lexicon: {name}": min(score, _MOST)
        for name, score in lexicon(language).scores(words).items()
        if score
    }
    polarity: dict[str, float] = _read("polarity.json")[language]
    flags = lexicon(language).negated(words)
    for place, word in enumerate(words):
        if word in polarity:
            kind = "good" if polarity[word] > 0 else "bad"
            name = f"polarity: {'not ' if flags[place] else ''}{kind}"
            found[name] = min(found.get(name, 0.0) + abs(polarity[word]), _POLARITY)
    return found
