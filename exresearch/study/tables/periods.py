"""When a wave was: periods of the calendar, names in order of time, and waves made from the days of answering."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

_YEAR = r"(?P<year>(?:19|20)\d\d)"
_PERIODS = (
    (re.compile(_YEAR), "{year}", "Y"),
    (re.compile(_YEAR + r"[-_ /]?[QqKk](?P<part>[1-4])"), "{year}Q{part}", "Q"),
    (re.compile(r"[QqKk](?P<part>[1-4])[-_ /]?" + _YEAR), "{year}Q{part}", "Q"),
    (re.compile(_YEAR + r"[-_ /]?[Hh](?P<part>[12])"), "{year}-{first}", "6M"),
    (re.compile(r"[Hh](?P<part>[12])[-_ /]?" + _YEAR), "{year}-{first}", "6M"),
    (re.compile(_YEAR + r"[-_/](?P<part>0[1-9]|1[0-2])"), "{year}-{part}", "M"),
)
_MONTHS = (
    "jan januari january", "feb februari february", "mrt mar maart march", "apr april", "mei may", "jun juni june",
    "jul juli july", "aug augustus august", "sep sept september", "okt oct oktober october", "nov november",
    "dec december",
)  # fmt: skip
# A winter is in two years, so that its name tells no order.
_SEASONS = {3: "voorjaar lente spring", 6: "zomer summer", 9: "najaar herfst autumn fall"}
_PARTS = {word: month for month, words in enumerate(_MONTHS, start=1) for word in words.split()} | {
    word: month for month, words in _SEASONS.items() for word in words.split()
}
# Waves of a programme: the first, one halfway, that afterwards, and the last. Those between have a number.
_STAGES = {
    0: "beginmeting voormeting startmeting baseline pre voor before",
    50: "tussenmeting tussen midterm midline mid",
    90: "nameting post na after",
    93: "followup vervolgmeting",
    99: "eindmeting endline",
}
_STAGE = {word: stage for stage, words in _STAGES.items() for word in words.split()}
_ORDINALS = (
    "first eerste", "second tweede", "third derde", "fourth vierde", "fifth vijfde", "sixth zesde", "seventh zevende",
    "eighth achtste", "ninth negende", "tenth tiende",
)  # fmt: skip
_ORDINAL = {word: number for number, words in enumerate(_ORDINALS, start=1) for word in words.split()}
# Q4 23, 4e kwartaal '23: two digits beside the part of a year are a year.
_SHORT_YEAR = re.compile(
    r"(?P<part>(?:[qkh]|kw|kwartaal|quarter|halfjaar)[\W_]?[1-4]"
    r"|[1-4](?:e|st|nd|rd|th)? ?(?:kwartaal|quarter|halfjaar))"
    r"[\W_]+(?P<year>\d\d)(?!\d)"
)
_NUMBERS = _ORDINAL | {"nul": 0, "een": 1, "één": 1, "twee": 2, "drie": 3, "vier": 4, "vijf": 5, "zes": 6}
_NUMBERED = re.compile(
    r"(?<![^\W_])(?:(nul|een|één|twee|drie|vier|vijf|zes)|"
    rf"({'|'.join(_ORDINAL)}) |(\d{{1,2}})(?:e|de|ste)?[\s-]?)meting(?![^\W\d_])"
)
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_Key = list[tuple[int, float, str]]
_DAYS = 31
_IN_YEAR, _PART, _IN_STAGE, _NUMBER, _WORD = range(5)
# Months in each period, and the kind of period by its months.
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
_KINDS = {months: kind for kind, months in MONTHS.items()}


def wave_period(wave: str) -> pd.Period | None:
    """Return the year, half-year, quarter or month that a wave is named after; None where its name says no such thing.

    Parameters
    ----------
    wave : str
        Such as ``2024``, ``2024-H1``, ``2024Q1``, ``Q1 2024``, ``2024-K1`` or ``2024-03``.

    Returns
    -------
    pandas.Period or None
        A half-year is a period of six months.

    Examples
    --------
    >>> wave_period("Q2 2024"), wave_period("2024-03"), wave_period("baseline")
    (Period('2024Q2', 'Q-DEC'), Period('2024-03', 'M'), None)
    """
    for pattern, name, freq in _PERIODS:
        found = pattern.fullmatch(wave.strip())
        if found:
            parts = found.groupdict()
            first = "07" if parts.get("part") == "2" else "01"
            return pd.Period(name.format(**parts, first=first), freq=freq)
    return None


def period_kind(waves: Iterable[str]) -> str:
    """Return the kind of period that all waves are named after; an empty text where they are not.

    Examples
    --------
    >>> period_kind(["2024Q1", "Q2 2024"]), period_kind(["2024Q1", "2024"]), period_kind(["2023-H2"]), period_kind([])
    ('quarter', '', 'half_year', '')
    """
    periods = [wave_period(wave) for wave in waves]
    kinds = {"" if period is None else _KINDS[_months(period)] for period in periods}
    return kinds.pop() if len(kinds) == 1 else ""


def in_time(waves: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Return waves in order of time as their names tell it, and whether they do.

    When to use it: where nobody said in which order waves were. The year goes first, then months and seasons in Dutch
    and English, stages (nulmeting, eenmeting; pre, post), and numbers as numbers; a day comes before its month.

    Parameters
    ----------
    waves : iterable of str
        Names, each once.

    Returns
    -------
    tuple of tuple of str and bool
        The names in order. The order is not known where two neighbours differ in a word that tells no time, where a
        part of the year has no year, or where days and months (03-04-2024, 12 maart) can be read in two ways that
        differ.

    Examples
    --------
    >>> in_time(["najaar 2024", "voorjaar 2024"]), in_time(["Q1 24", "Q4 23"])
    ((('voorjaar 2024', 'najaar 2024'), True), (('Q4 23', 'Q1 24'), True))
    >>> in_time(["na", "voor"]), in_time(["pilot", "start"])
    ((('voor', 'na'), True), (('pilot', 'start'), False))
    """
    names = sorted(waves)
    keys = {name: _in_time(name) for name in names}
    ordered = sorted(names, key=lambda name: keys[name])
    known = all(_tells(keys[first], keys[second]) for first, second in pairwise(ordered))
    others = {name: _in_time(name, other=True) for name in names}
    agree = ordered == sorted(names, key=lambda name: others[name])
    return tuple(ordered), known and agree


def _in_time(name: str, *, other: bool = False) -> _Key:
    """Return what a name tells of time, the largest unit first; a number of doubtful meaning read in the other way."""
    text = re.sub(r"follow[\s-]?up", "followup", name.strip().casefold())
    text = _NUMBERED.sub(lambda found: f"meting {found[3] or _NUMBERS[found[1] or found[2]]}", text)
    text = re.sub(r"['’](\d\d)(?!\d)", r" 20\1", text)
    if not re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", text):
        text = _SHORT_YEAR.sub(lambda found: f"{found['part']} 20{found['year']}", text)
    text = re.sub(r"(?<=\d)(?:ste|de|e|st|nd|rd|th)(?![^\W\d_])", " ", text)
    if re.match(r"-\s*\d+$", text):
        # One wave before and one after.
        return [(_NUMBER, -float(text[1:]), "")]
    years, parts, stages, rest = _Key(), _Key(), _Key(), _Key()
    tokens = _TOKEN.findall(text)
    for position, token in enumerate(tokens):
        before = tokens[position - 1] if position else ""
        if token.isdecimal():
            dated = any(_is_year(found) for found in tokens)
            short = len(token) == 2 and not dated and before in _PARTS and not (other and int(token) <= _DAYS)
            if _is_year(token) or short:
                years.append((_IN_YEAR, float(token) + (2000 if short else 0), ""))
            elif before == "meting":
                # The word itself tells no more.
                stages.append((_IN_STAGE, float(token), ""))
                rest.pop()
            else:
                rest.append((_NUMBER, float(token), ""))
        elif token in _PARTS:
            parts.append((_PART, float(_PARTS[token]), ""))
        elif token in _STAGE:
            stages.append((_IN_STAGE, float(_STAGE[token]), ""))
        elif token in _ORDINAL:
            rest.append((_NUMBER, float(_ORDINAL[token]), ""))
        else:
            rest.append((_WORD, 0.0, token))
    if len(tokens) == 3 and [kind for kind, _, _ in rest] == [_NUMBER, _NUMBER] and _is_year(tokens[-1]):
        # 31-12-2023; or the month first, where that can be.
        american = other and all(number <= len(_MONTHS) for _, number, _ in rest)
        rest = rest if american else rest[::-1]
    return [*years, *parts, *stages, *rest] or [(_WORD, 0.0, text)]


def _is_year(token: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d", token) is not None


def _tells(first: _Key, second: _Key) -> bool:
    """Whether two keys differ first in a number of the same kind; in a part of the year only where there is a year."""
    for one, two in zip(first, second, strict=False):
        if one != two:
            return one[0] == two[0] != _WORD and (one[0] != _PART or first[0][0] == _IN_YEAR)
    return False


def waves_of_days(days: pd.Series, *, period: str) -> pd.Series:
    """Return the wave of each day: the period of the calendar that it lies in.

    When to use it: where answers come with a day and no wave, to set them beside waves that are named after periods.

    Parameters
    ----------
    days : pandas.Series
        datetime64.
    period : {"month", "quarter", "half_year", "year"}
        How long a wave is.

    Returns
    -------
    pandas.Series
        Text such as ``2024-03``, ``2024Q1``, ``2024-H1`` or ``2024``; missing where the day is.

    Examples
    --------
    >>> days = pd.Series(pd.to_datetime(["2024-03-31", None, "2024-07-01"]))
    >>> waves_of_days(days, period="quarter").tolist(), waves_of_days(days, period="half_year").tolist()
    (['2024Q1', nan, '2024Q3'], ['2024-H1', nan, '2024-H2'])
    """
    months = MONTHS[period]
    number = (days.dt.year * 12 + days.dt.month - 1) // months
    codes, found = pd.factorize(number)
    names = np.array([*(_name(int(n), months) for n in found), None], dtype="object")
    # A missing day has code -1, the last name.
    return pd.Series(names[codes], index=days.index, dtype="str")


def same_period(waves: Iterable[str], *, elsewhere: Iterable[str]) -> dict[str, str]:
    """Return for waves how other tables write them, where these write the same period in one other way.

    Parameters
    ----------
    waves : iterable of str
        Waves made from days.
    elsewhere : iterable of str
        Waves of other tables.

    Returns
    -------
    dict of str to str
        Only the waves that others write differently.

    Examples
    --------
    >>> same_period(["2024Q1", "2024Q2", "2024Q3"], elsewhere=["Q1 2024", "2024Q2", "baseline"])
    {'2024Q1': 'Q1 2024'}
    """
    written: dict[tuple[pd.Timestamp, int], set[str]] = {}
    for wave in elsewhere:
        period = wave_period(wave)
        if period is not None:
            written.setdefault((period.start_time, _months(period)), set()).add(wave)
    found = {}
    for wave in waves:
        period = wave_period(wave)
        others = written.get((period.start_time, _months(period)), set()) if period is not None else set()
        if len(others) == 1 and wave not in others:
            found[wave] = next(iter(others))
    return found


def _months(period: pd.Period) -> int:
    return {"M": 1, "Q": 3, "6": 6, "Y": 12}[period.freqstr[0]]


def _name(number: int, months: int) -> str:
    year, part = divmod(number, 12 // months)
    return {1: f"{year}-{part + 1:02}", 3: f"{year}Q{part + 1}", 6: f"{year}-H{part + 1}", 12: f"{year}"}[
        months
    ]
