"""Personal data out of comments: names, addresses and numbers are replaced by a tag before anything else is done."""

from __future__ import annotations

import re

_FIRST = """
    jan piet kees henk hans johan willem peter erik mark marco bart tim tom sander jeroen martijn bas ruben daan
    sem lucas levi finn thijs lars jesse stijn gijs niels joost koen wouter rob ron ruud frank frans theo gerard
    harry dirk maarten michiel pieter rik roel sjoerd wim anna anne maria johanna petra ingrid monique karin
    marieke linda sandra esther manon lisa sanne lotte emma julia sophie eva femke fleur iris jolien joke mieke
    tineke truus wilma yvonne saskia nienke marloes kim laura tessa mohamed mohammed ahmed ali fatima aisha
    yusuf mehmet mustafa hassan omar youssef samira naima layla ayse emre john james michael david robert
    william thomas daniel paul andrew steven kevin brian george edward mary patricia jennifer elizabeth susan
    jessica sarah karen nancy emily hannah olivia charlotte amelia grace sofia elena ivan olga natasha piotr
    agnieszka katarzyna wei ming raj priya carlos jose luis pablo maria-jose chen li nguyen kwame amina abdul
"""
_LAST = """
    jansen janssen visser smit meijer meyer mulder bakker dekker dijkstra hendriks brouwer bos vos peters kok
    vermeulen hoekstra koster willems prins huisman postma kuipers veenstra kramer schouten groen yilmaz kaya
    demir smith jones williams taylor davies evans wilson johnson robinson thompson wright walker hughes edwards
    patel khan singh garcia martinez rodriguez lopez kowalski nowak ivanov schmidt schneider
"""
# Also words of every day: a name only with a capital, and not where a sentence begins.
_COMMON_TEXT = """
    mark kim rob tim bas rik grace daan will bos vos kok prins groen smit wright walker
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_NAMES = frozenset(f"{_FIRST} {_LAST}".split())
_WORD = r"[A-ZÀ-Ý][\w'’-]+"
_PARTICLE = r"(?:van(?: de[rn]?)?|de|den|der|ter|ten|te|el|al|von|di|da|la|le|Van|De|El|Al)"
_SURNAME = rf"(?:(?: {_PARTICLE}){{0,2}} {_WORD})"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[mail]", re.compile(r"[\w.+-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)),
    (
        "[url]",
        re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:nl|com|be|eu|org|net)(?:/\S*)?\b", re.IGNORECASE),
    ),
    ("[account]", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    (
        "[phone]",
        re.compile(
            r"(?<!\w)(?:\+|00)\d{1,3}[\s.()-]*(?:\(0\))?(?:[\s.-]*\d){7,11}\b|\b0\d(?:[\s.-]*\d){8}\b"
        ),
    ),
    ("[number]", re.compile(r"\b\d(?:[ .-]?\d){7,8}\b")),
    ("[postcode]", re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")),
    ("[handle]", re.compile(r"(?<!\w)@\w[\w.]+")),
)
_TITLE = re.compile(
    r"\b((?:de )?(?:[Mm]evrouw|[Mm]evr\.?|[Mm]eneer|[Dd]hr\.?|[Mm]w\.?|[Dd]okter|[Dd]r\.?|[Mm]r\.?|[Mm]rs\.?|[Mm]s\.?|"
    r"[Cc]ollega|[Mm]anager|[Ll]eidinggevende|[Cc]hef|[Tt]eamleider|[Bb]aas|[Bb]uddy|[Mm]entor|[Cc]olleague|"
    r"[Ss]upervisor|[Bb]oss|[Rr]ecruiter|[Gg]roet(?:en|jes)?,?|[Rr]egards,?|[Gg]reetings,?)) "
    rf"({_WORD}{_SURNAME}?)"
)
_NAME = re.compile(rf"(?<![\w'’-])({_WORD})({_SURNAME}?)")
_INITIALS = re.compile(rf"\b(?:[A-Z]\.){{1,3}} ?(?:{_PARTICLE} ){{0,2}}{_WORD}")
_PARTICLED = re.compile(rf"\b{_WORD} (?:van (?:de[rn]? )?|de |den |der |ter |ten |von )+{_WORD}")
_OPENING = re.compile(r"(?:^|[.!?:]\s+)$")


def without_personal_data(text: str) -> str:
    """Replace names, mail addresses, telephone and account numbers, postcodes and the like by a tag.

    Use it before a comment is used for anything. It errs on the side of taking out too much: a capital within a
    sentence after "collega" is a name.

    Parameters
    ----------
    text : str
        One comment.

    Returns
    -------
    str
        The comment with ``[name]``, ``[mail]``, ``[url]``, ``[phone]``, ``[account]``, ``[number]`` (a citizen's
        or staff number), ``[postcode]`` and ``[handle]``.

    Notes
    -----
    Rules and lists of names, no model: what they miss, they miss. How often is in docs/comments.md.

    Examples
    --------
    >>> without_personal_data("Jolien van Dommelen hielp me, mail j.dommelen@bedrijf.example of bel 06-12345678.")
    '[name] hielp me, mail [mail] of bel [phone].'
    """
    for tag, form in _FORMS:
        text = form.sub(tag, text)
    text = _INITIALS.sub("[name]", text)
    text = _PARTICLED.sub(_if_person, text)
    text = _TITLE.sub(r"\1 [name]", text)
    return _NAME.sub(_by_list, text)


def _if_person(found: re.Match[str]) -> str:
    """A capital, a particle and a capital: a person, unless the first word only opens the sentence."""
    first = found.group(0).split()[0]
    opens = bool(_OPENING.search(found.string[: found.start()]))
    return found.group(0) if opens and first.casefold() in _OPENERS else "[name]"


def _by_list(found: re.Match[str]) -> str:
    first, rest = found.group(1), found.group(2)
    plain = re.sub(r"['’]s$", "", first).casefold()
    opens = bool(_OPENING.search(found.string[: found.start()]))
    known = plain in _NAMES and not (plain in _COMMON and opens and not rest)
    if known:
        return "[name]"
    last = rest.split()[-1].casefold() if rest else ""
    if last in _NAMES and not (opens and plain in _OPENERS):
        return "[name]"
    return first + _NAME.sub(_by_list, rest) if rest else first


_OPENERS_TEXT = """
    de het een ik mijn onze ons wij we zij ze hij je er dat dit die deze toen als bij na met door voor op in van
    aan the a an my our we they he she it this that when after with by for on in of at from and but en maar ook
    dankzij thanks graag contact ask vraag bel call mail
"""
_OPENERS = frozenset(_OPENERS_TEXT.split())
