"""Comments as words: lower case, one kind of apostrophe, and a mark where a clause ends."""

from __future__ import annotations

import re

#: Stands between clauses in a list of words; a negation does not reach across it.
CLAUSE = "|"
_WORD = re.compile(r"[^\W\d_]+(?:['/.-][^\W\d_]+)*|'s\b|[.,;:!?()\n]+")
_QUOTES = str.maketrans(dict.fromkeys("\u2019\u2018`\u00b4", "'"))
#: What stands in the place of personal data.
TAG = re.compile(r"\[[a-z]+\]")


def words_of(text: str) -> list[str]:
    """Split a comment into words.

    Parameters
    ----------
    text : str
        One comment.

    Returns
    -------
    list of str
        Words in lower case, in order, and :data:`CLAUSE` where a clause ends.

    Examples
    --------
    >>> words_of("Fijn geholpen, maar het werkte NIET!")
    ['fijn', 'geholpen', '|', 'maar', 'het', 'werkte', 'niet', '|']
    """
    found = _WORD.findall(TAG.sub(" ", text).translate(_QUOTES).casefold())
    return [word if word[0].isalpha() or word == "'s" else CLAUSE for word in found]
