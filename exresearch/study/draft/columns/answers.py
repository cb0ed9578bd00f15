"""How answers are coded: ends of the scale, codes for no answer and direction, from labels or from the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

# Scales that questionnaires use; the smallest that holds the answers is taken.
STANDARD = ((1, 5), (1, 7), (1, 10), (0, 10))
# Codes for no answer that surveys everywhere use: nobody's answer, however few cells hold them.
_CUSTOMARY = (-99, -9, -1, 88, 98, 99, 888, 998, 999)
_UNUSUAL = [list(range(low, high + 1)) for low, high in ((1, 4), (1, 6), (0, 4), (0, 6))]
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
_NEUTRAL = re.compile(
    r"neither|neutral|neutraal|niet mee eens,? niet mee oneens|noch|niet eens,? niet oneens", re.IGNORECASE
)
_STRONG = re.compile(
    r"strongly|very\b|extremely|completely|totally|fully|entirely|helemaal|zeer|volledig|heel|sterk|uiterst|excellent"
    r"|uitstekend|terrible|not at all",
    re.IGNORECASE,
)
_MILD = re.compile(r"mildly|slightly|somewhat|a little|rather|enigszins|beetje|licht|tamelijk", re.IGNORECASE)
_STAYS = re.compile(r"no plans|not planning|never|\bstay|geen plan|\bnooit|blijven|blijf", re.IGNORECASE)
_FREQUENCY = re.compile(
    r"\bnever|rarely|sometimes|often|frequently|always|nooit|zelden|soms|vaak|altijd", re.IGNORECASE
)
_LEADING = re.compile(r"^\s*(-?\d+)\s*(?:[-=:.)(].*|$)")
_AGREE = re.compile(r"agree|\beens\b|oneens", re.IGNORECASE)


# Words of which the answers of questionnaires are made. A text of these alone tells nothing of whoever chose it.
_STOCK = frozenset(
    """
    a agree agreed agreement all always am and answer answered apply applicable applies at bad bit completely degree
    disagree dissatisfied do does don doesn entirely excellent extent extremely fair fairly favourable favorable
    frequently fully good great happy have i in indifferent know large likely little maybe mildly moderate moderately
    mostly much n na neither never neutral no nor not of often ok okay opinion or part partly poor prefer quite rarely
    rather refused satisfied say slightly small some sometimes somewhat strongly sure t tend terrible the to totally
    undecided unfavourable unfavorable unhappy unlikely unsatisfied unsure very yes
    akkoord altijd antwoord beetje bijna deels een eens en enigszins erg geen goed goede heel helemaal het idee ik in
    ja liever licht mate matig mee mening met meestal mij neutraal niet noch nooit nvt v van oneens onvoldoende
    onwaarschijnlijk ontevreden op regelmatig slecht soms sterk tamelijk te tevreden toepassing uiterst uitstekend
    vaak voldoende volledig volstrekt vrij waarschijnlijk weet wel wil zeer zeg zeggen zelden
    """.split()  # noqa: SIM905 - a hundred quotation marks less
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How the answers of a column are coded, as far as can be seen.

    Attributes
    ----------
    minimum, maximum : int
        Ends of the scale.
    missing : tuple of int or str
        Codes for no answer.
    descending : bool or None
        Whether the lowest code is the most favourable answer; None where nothing says so.
    values : dict of str to int
        Number of each answer that the file holds as text.
    source : {"labels", "texts", "data"}
        What it was seen from.
    kind : str
        ``agree``, ``degree`` (satisfied, likely, good), ``leaving``, ``frequency`` or ``other``.
    sure : bool
        Whether nothing else is plausible.
    """

    minimum: int
    maximum: int
    missing: tuple[int | str, ...] = ()
    descending: bool | None = None
    values: dict[str, int] = field(default_factory=dict)
    source: str = "data"
    kind: str = "other"
    sure: bool = True

    @property
    def ends(self) -> tuple[int, int]:
        """Both ends."""
        return self.minimum, self.maximum


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


def scale_from_labels(labels: Mapping[str, str]) -> Scale | None:
    """Return the scale that the labels of codes describe, or None where they describe none.

    Parameters
    ----------
    labels : mapping of str to str
        Label of each code.

    Returns
    -------
    Scale or None
        None for categories without an order, a single ticked box, yes and no, or codes with gaps.

    Examples
    --------
    >>> found = scale_from_labels({"1": "Agree", "2": "Neutral", "3": "Disagree", "8": "Don't know"})
    >>> found.ends, found.missing, found.descending
    ((1, 3), (8,), True)
    """
    codes = {_whole(code): label for code, label in labels.items() if _whole(code) is not None}
    missing = tuple(sorted(code for code, label in codes.items() if code is not None and is_no_answer(label)))
    points = {code: label for code, label in codes.items() if code is not None and code not in missing}
    if len(points) < 2 or len(codes) < len(labels):
        return None
    low, high = min(points), max(points)
    full = len(points) == high - low + 1
    ends_only = {low, high} <= points.keys() and (low, high) in STANDARD
    if not ends_only and (not full or len(points) < 3):
        return None
    first, last = points[low], points[high]
    texts = list(points.values())
    if _STAYS.search(first) or _STAYS.search(last):
        stays = bool(_STAYS.search(first)), bool(_STAYS.search(last))
        leaving = [t for t in texts if re.search(r"month|year|maand|jaar|leav|weg", t, re.IGNORECASE)]
        if stays[0] != stays[1] and len(leaving) >= 2:
            return Scale(low, high, missing, stays[0], source="labels", kind="leaving")
    direction = _valence(first), _valence(last)
    if direction[0] * direction[1] < 0:
        kind = "agree" if _AGREE.search(first) and _AGREE.search(last) else "degree"
        return Scale(low, high, missing, direction[0] > 0, source="labels", kind=kind)
    if sum(bool(_FREQUENCY.search(text)) for text in texts) >= 3:
        return Scale(low, high, missing, None, source="labels", kind="frequency", sure=False)
    return None


def scale_from_texts(answers: Iterable[str]) -> Scale | None:
    """Return the scale of answers that the file holds as text, such as ``Strongly agree``, or None.

    Parameters
    ----------
    answers : iterable of str
        All different answers of the columns that share the scale.

    Returns
    -------
    Scale or None
        With the number of each answer in ``values``, the most favourable highest.

    Examples
    --------
    >>> texts = ["Eens", "Oneens", "Neutraal", "Helemaal eens", "Helemaal oneens", "n.v.t."]
    >>> found = scale_from_texts(texts)
    >>> found.values["Helemaal eens"], found.ends, found.missing
    (5, (1, 5), ('n.v.t.',))
    """
    texts = sorted(set(answers))
    missing = tuple(text for text in texts if is_no_answer(text))
    points = [text for text in texts if text not in missing]
    leading = {text: _leading(text) for text in points}
    numbers = {number for number in leading.values() if number is not None}
    if points and None not in leading.values() and len(numbers) == len(points):
        ends = next((e for e in STANDARD if e[0] <= min(numbers) and max(numbers) <= e[1]), None)
        if ends is None or len(points) < 3:
            return None
        values = {text: number for text, number in leading.items() if number is not None}
        return Scale(*ends, missing, False, values=values, source="texts", kind="degree")
    steps = {text: _step(text) for text in points}
    known = {step for step in steps.values() if step is not None}
    if None in steps.values() or len(known) != len(points) or len(points) < 3:
        return None
    negative, positive = {-s for s in known if s < 0}, {s for s in known if s > 0}
    # Both halves have to show the same words, else a rung nobody chose would shift the others.
    if negative != positive or len(negative) < 1:
        return None
    ladder = sorted(known)
    values = {
        text: ladder.index(steps[text] or 0) + 1 for text in sorted(points, key=lambda t: steps[t] or 0)
    }
    kind = "agree" if any(_AGREE.search(text) for text in points) else "degree"
    return Scale(1, len(ladder), missing, False, values=values, source="texts", kind=kind)


def scale_from_data(columns: Iterable[pd.Series], *, shared: int = 1) -> Scale | None:
    """Return the scale of numeric answers that have no labels, from all columns that share it, or None.

    Parameters
    ----------
    columns : iterable of pandas.Series
        Numbers, missing answers as NaN.
    shared : int
        Cells that a code for no answer needs to be named; rarer ones are left for somebody to look at.

    Returns
    -------
    Scale or None
        The smallest of 1-5, 1-7, 1-10 and 0-10 that holds the answers; codes that stand apart from the rest (-1, 9
        after 7, 99) are taken for missing. None where the numbers are no whole scale points.

    Examples
    --------
    >>> scale_from_data([pd.Series([1.0, 2, 5, 4, 3, 7, 6, 9])]).missing
    (9,)
    """
    counts: dict[int, int] = {}
    for column in columns:
        for value, count in column.value_counts().items():
            if float(str(value)) % 1:
                return None
            counts[int(float(str(value)))] = counts.get(int(float(str(value))), 0) + int(count)
    points = sorted(counts)
    rare = {p for p in points if counts[p] < shared and p not in _CUSTOMARY}
    missing = [p for p in points if p < 0 or p in _CUSTOMARY]
    points = [p for p in points if p not in missing]
    # A code that stands apart: at least one point is left out between it and the longest run of answers.
    while len(points) >= 4 and points[-1] in (8, 9) and points[-1] - points[-2] >= 2:
        missing.append(points.pop())
    if len(points) < 3 or points[-1] - points[0] >= 2 * len(points):
        return None
    missing = [p for p in missing if p not in rare]
    if points == list(range(1, 9)) and counts[8] < min(counts[6], counts[7]):
        # Fewer chose it than the points beside it: 'do not know' after a scale of 1 to 7.
        if points[-1] not in rare:
            missing.append(points[-1])
        points.pop()
    if points in _UNUSUAL:
        return Scale(points[0], points[-1], tuple(sorted(missing)), source="data", sure=False)
    ends = next((e for e in STANDARD if e[0] <= points[0] and points[-1] <= e[1]), None)
    if ends is None:
        return None
    whole = (points[0] == ends[0] and points[-1] == ends[1]) or (ends == (1, 10) and points[-1] == 10)
    return Scale(*ends, tuple(sorted(missing)), source="data", sure=whole)


def _whole(code: str) -> int | None:
    text = code.strip().removesuffix(".0")
    return int(text) if re.fullmatch(r"-?\d{1,4}", text) else None


def _leading(text: str) -> int | None:
    match = _LEADING.match(text)
    return int(match.group(1)) if match else None


def _valence(label: str) -> int:
    if _NEUTRAL.search(label):
        return 0
    if _NEGATIVE.search(label):
        return -1
    return 1 if _POSITIVE.search(label) else 0


def _step(label: str) -> int | None:
    """Rung of an answer: 3 for strongly, 2 without a word of degree, 1 for somewhat; None for no answer of a ladder."""
    if _NEUTRAL.search(label):
        return 0
    valence = _valence(label)
    if valence == 0:
        return None
    return valence * (3 if _STRONG.search(label) else 1 if _MILD.search(label) else 2)
