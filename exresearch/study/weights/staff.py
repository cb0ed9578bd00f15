"""Who was in service during a wave, and what the staff list says of whoever answered."""

from __future__ import annotations

import pandas as pd

from exresearch.study.codebook import Codebook
from exresearch.study.tables.periods import wave_period


def staff_during(
    people: pd.DataFrame, *, wave: str, codebook: Codebook, day: pd.Timestamp | None = None
) -> pd.DataFrame | None:
    """Return the people who were in service on the day of a wave, or at some time during it.

    When to use it: to set respondents against the staff of their own wave, and not against everybody who ever worked
    there. Over a long wave more people are in service than on any day of it: of 72 people of whom 12 are replaced
    during the year, 84. A day of reference mends that.

    Parameters
    ----------
    people : pandas.DataFrame
        The cleaned table ``people``.
    wave : str
        Name of a wave.
    codebook : Codebook
        Its date columns called ``start`` and ``end``, or with that construct, say who was in service; a missing
        start is before, a missing end after every wave.
    day : pandas.Timestamp, optional
        Day of reference of the wave, as the study file gives it; the first and the last day of service count.

    Returns
    -------
    pandas.DataFrame or None
        The rows of ``people`` in service; None where there is no ``start`` or ``end``, or the wave has no dates.
    """
    period = wave_period(wave) if day is None else day.to_period("D")
    dates = {v.name: v.column for v in codebook.select("people", role="date") if v.column in people}
    if period is None or not {"start", "end"} & set(dates):
        return None
    there = pd.Series(True, index=people.index)
    if "start" in dates:
        # A period's end is its last moment, so that its last day counts.
        there &= ~(people[dates["start"]] > period.end_time)
    if "end" in dates:
        there &= ~(people[dates["end"]] < period.start_time)
    return people[there]


def category_of(sheets: pd.DataFrame, people: pd.DataFrame, column: str) -> pd.Series:
    """Return the category of each sheet: as the staff list has it, else as the sheet says.

    When to use it: for weights as for the comparison of respondents with staff, so that the two cannot disagree. The
    staff list goes first: both sides then have the same source, the same spelling and the same moment of recording.

    Parameters
    ----------
    sheets : pandas.DataFrame
        Answer sheets; those with a ``person`` are looked up.
    people : pandas.DataFrame
        The cleaned table ``people``.
    column : str
        A category column of either table.

    Returns
    -------
    pandas.Series
        In the order of the sheets; missing where neither table tells.
    """
    own = sheets[column] if column in sheets else pd.Series(pd.NA, index=sheets.index, dtype="str")
    listed = _listed(sheets, people, column)
    return own if listed is None else listed.where(listed.notna(), own)


def categories_disagree(sheets: pd.DataFrame, people: pd.DataFrame, column: str) -> pd.Series:
    """Return for each sheet whether it gives another category than the staff list does."""
    listed = _listed(sheets, people, column)
    if listed is None or column not in sheets:
        return pd.Series(False, index=sheets.index)
    both = listed.notna() & sheets[column].notna()
    return both & (listed.astype("object") != sheets[column].astype("object"))


def _listed(sheets: pd.DataFrame, people: pd.DataFrame, column: str) -> pd.Series | None:
    """Category of the person of each sheet on the staff list; None where nobody can be looked up."""
    if column not in people or not {"person"} <= set(sheets) & set(people):
        return None
    known = people.dropna(subset=["person"]).drop_duplicates("person").set_index("person")[column]
    return sheets["person"].map(known)
