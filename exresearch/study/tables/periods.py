"""Periods of the calendar: waves that are named after one, and waves made from the days of answering."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
