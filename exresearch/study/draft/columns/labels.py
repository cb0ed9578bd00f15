"""What the label of one answer says: no answer, which direction, how strongly, and a number before its words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NO_ANSWER = re.compile(
    r"do(es)? ?n[o']t know|do not know|don.?t know|dk\b|no opinion|not applicable|does not apply|"
    r"doesn.?t apply|\bn/?\.?a\b"
    r"|not sure|unsure|prefer not|rather not|no answer|refused|skipped|not answered|weet (ik )?niet|weet het niet"
    r"|geen mening|geen antwoord|niet van toepassing|\bn\.?v\.?t\b|wil (ik )?niet zeggen|"
    r"zeg ik liever niet|geen idee",
    re.IGNORECASE,
)
_NOTHING = (
    "na", "n/a", "nan", "null", "none", "nil", "nb", "n.b", "nvt", "n.v.t", "x", "supp", "suppressed", "missing",
    "leeg", "div/0", "value", "ref",
)  # fmt: skip
_SIGNS = re.compile(r"[-–—−.*?/\\_#=~ ]{1,5}")
# The direction of an answer label; the negative words are looked for first, because they hold the positive ones.
_NEGATIVE = re.compile(
    r"disagree|dissatisf|unsatisf|unlikely|not (at all )?likely|poor\b|\bbad\b|terrible|unfavou?rable|"
    r"unhappy|not at all"
    r"|oneens|ontevreden|onwaarschijnlijk|slecht|onvoldoende|helemaal niet|not satisf|not agree|"
    r"niet mee eens|niet tevreden",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"agree|satisf|likely|excellent|\bgood\b|favou?rable|happy|\beens\b|tevreden|waarschijnlijk|goed\b|uitstekend"
    r"|very much|completely|helemaal wel",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(r"neither|neutral|neutraal|\bnoch\b", re.IGNORECASE)
# One pole of a scale, perhaps denied; a label that names both lies between them, however it is put together.
_POLE = re.compile(
    r"(?P<denied>\b(?:niet|not)\s+(?:(?:mee|helemaal|zo|erg|zeer|echt|at all|very)\s+)*)?"
    r"\b(?:(?P<low>oneens|ontevreden|onwaarschijnlijk|slechte?|disagree|dissatisfied|unsatisfied|unlikely|bad|poor)"
    r"|(?P<high>eens|tevreden|waarschijnlijk|goede?|agree|satisfied|likely|good))\b",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\b(of|or|nor)\b", re.IGNORECASE)
_STRONG = re.compile(
    r"strongly|very\b|extremely|completely|totally|fully|entirely|helemaal|zeer|volledig|heel|sterk|uiterst|excellent"
    r"|uitstekend|terrible|not at all",
    re.IGNORECASE,
)
_MILD = re.compile(r"mildly|slightly|somewhat|a little|rather|enigszins|beetje|licht|tamelijk", re.IGNORECASE)
# A number before the words of an answer; with a second number behind the sign it is a range, such as an age.
_NUMBERED = re.compile(
    r"\s*(?P<number>-?\d{1,4})\s*(?P<sign>[-\u2013=:.)(](?!\s*\d))?\s*(?P<words>.*?)\s*", re.DOTALL
)


# Words of which the answers of questionnaires are made. A text of these alone tells nothing of whoever chose it.
_STOCK = frozenset(
    """
    a agree agreed agreement all always am and answer answered apply applicable applies at bad bit completely degree
    disagree dissatisfied do does don doesn entirely excellent extent extremely fair fairly favourable favorable
    frequently fully good great happy have i in indifferent know large likely little maybe mildly moderate moderately
    mostly much n na neither never neutral no nor not of often ok okay opinion or part partly poor prefer quite rarely
    rather refused satisfied say slightly small some sometimes somewhat strongly sure t tend terrible the to totally
    undecided low high unfavourable unfavorable unhappy unlikely unsatisfied unsure very yes
    akkoord altijd antwoord beetje bijna deels een eens en enigszins erg geen goed goede heel helemaal het idee ik in
    ja liever licht mate matig mee mening met meestal mij neutraal niet noch nooit nvt v van oneens onvoldoende
    onwaarschijnlijk ontevreden op regelmatig slecht soms sterk tamelijk te tevreden toepassing uiterst uitstekend
    laag lage hoog hoge vaak voldoende volledig volstrekt vrij waarschijnlijk weet wel wil zeer zeg zeggen zelden
    """.split()  # noqa: SIM905 - a hundred quotation marks less
)


def is_no_answer(text: str) -> bool:
    """Whether a label says that there is no answer.

    Examples
    --------
    >>> is_no_answer("Do not know or does not apply"), is_no_answer("n.v.t."), is_no_answer("No plans to leave")
    (True, True, False)
    """
    return bool(_NO_ANSWER.search(text))


def is_stock(text: str) -> bool:
    """Whether a text is made of words of answer scales alone, so that it can be written down however few chose it.

    Examples
    --------
    >>> is_stock("Helemaal mee oneens"), is_stock("5 - very good"), is_stock("I am not sure about Piet")
    (True, True, False)
    """
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return bool(words) and all(word in _STOCK for word in words) and len(re.findall(r"\d", text)) <= 2


def is_placeholder(text: str) -> bool:
    """Whether a cell holds a sign for nothing, such as a dash or an asterisk, and nobody's answer.

    Examples
    --------
    >>> is_placeholder("-"), is_placeholder("#N/A"), is_placeholder("none of them")
    (True, True, False)
    """
    return bool(_SIGNS.fullmatch(text)) or text.lower().strip("#.!?*") in _NOTHING


def valence(label: str) -> int:
    """Return the direction of an answer: 1 for a favourable one, -1 for an unfavourable one, 0 for neither.

    Examples
    --------
    >>> [valence(text) for text in ("Mee eens", "Niet mee eens", "Niet mee eens/niet mee oneens")]
    [1, -1, 0]
    """
    if _NEUTRAL.search(label):
        return 0
    poles = [(match["low"] is not None, match["denied"] is not None) for match in _POLE.finditer(label)]
    if len({low for low, _ in poles}) == 2 and _EITHER.search(label):
        return 0
    towards = {-1 if low != denied else 1 for low, denied in poles}
    if len(towards) == 2:
        return 0
    if towards:
        return towards.pop()
    if _NEGATIVE.search(label):
        return -1
    return 1 if _POSITIVE.search(label) else 0


def is_between(label: str) -> bool:
    """Whether an answer says that it lies between the two poles of its scale.

    Examples
    --------
    >>> is_between("Niet tevreden, niet ontevreden"), is_between("Ontevreden"), is_between("Utrecht")
    (True, False, False)
    """
    return bool(_NEUTRAL.search(label)) or (bool(_POLE.search(label)) and valence(label) == 0)


def rung(label: str) -> int | None:
    """Return how far from the middle an answer is: 3 for strongly, 2 without a word of degree, 1 for somewhat.

    Unfavourable answers are negative, the middle is 0; None for what is no answer of a ladder.

    Examples
    --------
    >>> rung("Helemaal mee oneens"), rung("Beetje mee eens"), rung("Neutraal"), rung("Utrecht")
    (-3, 1, 0, None)
    """
    if is_between(label):
        return 0
    towards = valence(label)
    if towards == 0:
        return None
    return towards * (3 if _STRONG.search(label) else 1 if _MILD.search(label) else 2)


def numbered(text: str) -> tuple[int, str] | None:
    """Return the number before the words of an answer, and the words; None where there is none.

    A number without a sign behind it counts only before words of an answer scale: ``5 years`` is no fifth point.

    Examples
    --------
    >>> numbered("1 = zeer tevreden"), numbered("7"), numbered("5 Agree"), numbered("5 years"), numbered("25-34")
    ((1, 'zeer tevreden'), (7, ''), (5, 'Agree'), None, None)
    """
    match = _NUMBERED.fullmatch(text)
    if match is None or not (match["sign"] or not match["words"] or rung(match["words"]) is not None):
        return None
    return int(match["number"]), match["words"]


def lowest_is_best(labels: Mapping[int, str]) -> bool | None:
    """Whether the favourable labels stand at the low numbers; None where the labels do not say.

    Examples
    --------
    >>> lowest_is_best({1: "zeer tevreden", 2: "", 3: "ontevreden"}), lowest_is_best({0: "", 10: "yes"})
    (True, None)
    """
    middle = (min(labels) + max(labels)) / 2
    lean = sum(valence(label) * (number - middle) for number, label in labels.items())
    return None if lean == 0 else lean < 0
