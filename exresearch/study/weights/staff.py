"""Who was in service during a wave, as far as the staff list and the name of the wave say so."""

from __future__ import annotations

import pandas as pd

from exresearch.study.codebook import Codebook
from exresearch.study.tables.periods import wave_period


def staff_during(people: pd.DataFrame, *, wave: str, codebook: Codebook) -> pd.DataFrame | None:
    """Return the people who were in service at some time during a wave.

    When to use it: to set respondents against the staff of their own wave, and not against everybody who ever worked
    there.

    Parameters
    ----------
    people : pandas.DataFrame
        The cleaned table ``people``.
    wave : str
        Name of a wave.
    codebook : Codebook
        Its date columns called ``start`` and ``end``, or with that construct, say who was in service; a missing
        start is before, a missing end after every wave.

    Returns
    -------
    pandas.DataFrame or None
        The rows of ``people`` in service; None where there is no ``start`` or ``end``, or the wave has no dates.
    """
    period = wave_period(wave)
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
