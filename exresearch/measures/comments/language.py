"""Dutch or English, by the small words that every sentence has."""

from __future__ import annotations

from typing import Literal

from exresearch.measures.comments.words import words_of

Language = Literal["nl", "en"]
_DUTCH = frozenset(
    """
    aan al alles als bij ben best bij da dan dat de deze die dit doen door een eens en er erg geen gaat geen goed
    haar had heb hebben heeft hem het heel hier hij hoe hun iets ik in is je jij jullie kan kon kunnen kreeg laat
    maar me meer men met mij mijn moest mocht na naar niet niets niks nog nooit nu of om omdat ons onze ook op
    over prima snel te ten toch toen tot uit u van vanaf veel vind voor waar waren was wat weer wel welke werd
    werk weet wie wij wilde worden wordt ze zelf zich zijn zijn zo zonder zou zo'n zoals deed echt geweest weinig
    steeds altijd iedereen niemand
    """.split()  # noqa: SIM905
)
_ENGLISH = frozenset(
    """
    a about after again all am an and any are as at be because been before being but by can could did do does done
    for from get got had has have he her here him his how i if in into is it its just knew know me more much my
    never no not nobody nothing now of on one or our out really she should so some still than that the their them
    then there they this to too up us very was we well were what when where which who will with without would you
    your good great work i'm don't didn't wasn't couldn't felt made always everyone
    """.split()  # noqa: SIM905
)


def comment_language(text: str) -> Language | None:
    """Tell whether a comment is Dutch or English.

    Parameters
    ----------
    text : str
        One comment.

    Returns
    -------
    {"nl", "en"} or None
        The language whose function words occur most; None where that does not tell.

    Examples
    --------
    >>> comment_language("Het duurde weken voordat ik iets hoorde."), comment_language("Nobody told me where to go.")
    ('nl', 'en')
    >>> comment_language("Super!") is None
    True
    """
    words = words_of(text)
    # Words that both have, such as "was" and "in", count on both sides and decide nothing.
    dutch = sum(word in _DUTCH for word in words)
    english = sum(word in _ENGLISH for word in words)
    if dutch == english:
        return None
    return "nl" if dutch > english else "en"
