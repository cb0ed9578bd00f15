"""Waves that a draft makes from days of answering, where the waves of another table are named after periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from exresearch.study.draft.columns.column import Column, Guess
from exresearch.study.draft.columns.words import BIRTH, PLATFORM, personal, spaced
from exresearch.study.draft.items.grouping import Part
from exresearch.study.tables.cells.dates import as_dates
from exresearch.study.tables.periods import period_kind, same_period, waves_of_days

_ANSWERS = ("employees", "customers", "partners")
_CALLED = {"month": "months", "quarter": "quarters", "half_year": "half-years", "year": "years"}


def waves_by_day(parts: Sequence[Part], guesses: Mapping[str, dict[str, Guess]]) -> dict[str, str]:
    """Guess which tables of answers get their waves from the day of answering, and change the guess of that column.

    When to use it: once all columns are guessed. A table without waves but with a day gets them only where all waves of
    another table of answers, or of the units, are named after periods of one length and one of them holds such a day.

    Parameters
    ----------
    parts : sequence of Part
        Tables of the draft.
    guesses : mapping of str to dict of str to Guess
        What every column of every table is taken for; the day of answering becomes a date.

    Returns
    -------
    dict of str to str
        By table: ``month``, ``quarter``, ``half_year`` or ``year``, for ``waves_from`` in the study file.
    """
    waves = {part.table: _waves(part, guesses[part.table]) for part in parts}
    found: dict[str, str] = {}
    for part in parts:
        day = _day(part) if part.table in _ANSWERS and not waves[part.table] else None
        days, problems = (None, []) if day is None else as_dates(day.texts, column="", file="")
        if day is None or days is None or problems:
            continue
        for other, theirs in waves.items():
            period = period_kind(theirs)
            if other in (*_ANSWERS, "units") and period and _shared(days, theirs, period=period):
                found[part.table] = period
                guesses[part.table][day.name] = Guess(
                    "date",
                    f"The waves of table {other!r} are named after {_CALLED[period]}, so the wave of each row is made "
                    f"from this day ('waves_from: {period}' in the study file).",
                    doubt=3,
                )
                break
    return found


def _waves(part: Part, found: Mapping[str, Guess]) -> list[str]:
    column = next((c for c in part.columns if found[c.name].role == "wave"), None)
    return list(part.waves) if column is None else sorted(column.texts.dropna().unique())


def _day(part: Part) -> Column | None:
    """The one column with days; of those that a survey platform adds, the first."""
    names = {c.name: spaced(c.name) for c in part.columns if c.kind == "date" and c.read}
    days = [
        c for c in part.columns if c.name in names and not (personal(c.name) or BIRTH.search(names[c.name]))
    ]
    own = [c for c in days if not PLATFORM.match(names[c.name])]
    if len(own) == 1:
        return own[0]
    return days[0] if days and not own else None


def _shared(days: pd.Series, theirs: Sequence[str], *, period: str) -> bool:
    mine = set(waves_of_days(days, period=period).dropna())
    return bool(mine & set(theirs)) or bool(same_period(mine, elsewhere=theirs))
