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

#: A comment whose likeliest code is less likely than this gets the code for comments that do not tell.
LEAST_SURE = 0.35
_MOST = 3.0
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
        Where the words do not tell the language, the one whose model is surer is taken.

    Examples
    --------
    >>> code_comment("De helpdesk neemt niet op en het systeem is traag.").code
    'hinders'
    >>> code_comment("My manager helped me straight away.").themes
    ('manager',)
    """
    words = words_of(text)
    known = comment_language(text)
    languages: tuple[Language, ...] = ("nl", "en") if known is None else (known,)
    found = []
    for language in languages:
        chances = probabilities(features(words, language), weights(language))
        best = int(chances.argmax())
        sure = float(chances[best])
        code = CODES[best] if sure >= LEAST_SURE else CODES[-1]
        found.append(Coded(language, code, sure, lexicon(language).themes_of(words)))
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
        ``lexicon: ...``: scores of the lexicon, at most 3; ``length``: words in dozens, at most 1; ``word: ...``: each
        word and pair of words, together of length 1.
    """
    listed = list(words)
    scores = lexicon(language).scores(listed)
    plain = [word for word in listed if word != CLAUSE]
    found = {f"lexicon: {name}": min(score, _MOST) for name, score in scores.items() if score}
    found["length"] = min(len(plain), _LONG) / _LONG
    terms = set(plain) | {f"{first} {second}" for first, second in pairwise(plain)}
    if terms:
        found |= {f"word: {term}": 1.0 / math.sqrt(len(terms)) for term in terms}
    return found


def probabilities(seen: Mapping[str, float], model: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Return the probability of each code, in the order of :data:`CODES`, by multinomial logistic regression.

    Parameters
    ----------
    seen : mapping of str to float
        Of :func:`features`.
    model : mapping of str to sequence of float
        Weight of each feature for each code; ``(intercept)`` among them.

    Returns
    -------
    numpy.ndarray [5]
    """
    total = np.array(model["(intercept)"], dtype=np.float64)
    for name, value in seen.items():
        if name in model:
            total = total + value * np.asarray(model[name], dtype=np.float64)
    raised = np.exp(total - total.max())
    return np.asarray(raised / raised.sum())


@cache
def weights(language: Language) -> dict[str, list[float]]:
    """Read the weights of a language; ``tools/comment_model.py`` makes them of ``data/remarks.csv``."""
    return {str(name): list(row) for name, row in _read("weights.json")[language].items()}


def confusion(language: Language) -> np.ndarray:
    """Return how held-out remarks were coded: rows by hand, columns by the coder, in the order of :data:`CODES`."""
    return np.array(_read("agreement.json")[language], dtype=np.float64)


@cache
def _read(file: str) -> dict[str, Any]:
    return dict(json.loads((DATA / file).read_text(encoding="utf-8")))
