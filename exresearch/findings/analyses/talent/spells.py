"""From answer sheets and a staff list to spells: who was at risk of leaving, from when to when, after which answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.measures.resampling import respondents
from exresearch.study import Study
from exresearch.study.coded import coded
from exresearch.study.tables.periods import wave_period
from exresearch.study.weights.phases import phase_column, working_rows

#: Days for which an answer counts, unless a newer one replaces it: what was said longer ago says little about today.
ANSWER_HOLDS = 366
_DAYS_A_YEAR = 365.25
#: Words for a departure of one's own choice, in lower case; other reasons are the employer's, a contract's or an age's.
_OWN_CHOICE = ("eigen", "vrijwillig", "voluntary", "own ", "resign", "opgezegd door medewerker", "quit")
_NOT_OWN = ("onvrijwillig", "involuntary", "niet vrijwillig", "not voluntary")
_CONTRACT, _LEVEL = ("contract", "contract_type"), ("level", "niveau", "management_level")


@dataclass(frozen=True, slots=True)
class Spells:
    """Stretches of service after an answer. Person by person: for estimators, never for a page.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row per answer that put somebody at risk, in the order of the sheets: ``person, unit, wave, score``, any
        other column of the scores, ``start, stop`` (years of service when the row begins and ends), ``years`` between
        them, ``left`` (1 where it ends with leaving), ``own_choice`` (1 where that was one's own choice; missing column
        where no reason is given), ``since_first`` (years since the person's first row begins), ``first`` (whether it is
        that), ``contract`` and ``level`` where known. Its index is that of the sheets.
    counts : dict of str to int
        ``answers`` (sheets with every score), ``no_person`` (sheets without one), ``not_listed`` (people who are not on
        the staff list), ``no_start`` (people without a first working day), ``notice`` (sheets of people who had given
        notice or did not work there),
        ``no_time`` (sheets after the last working day or the end of observation), ``people`` and ``leavers``.
    by_period : bool
        Whether the day of an answer is the first day of the period that its wave is named after.
    """

    rows: pd.DataFrame
    counts: dict[str, int]
    by_period: bool


def stay_spells(
    study: Study, scores: Mapping[str, pd.Series], *, with_notice: bool = False, at_end: bool = False
) -> Spells | Note:
    """Join answer sheets to the staff list by person, and cut everybody's service into rows after each answer.

    Somebody enters the risk set on the day of the first answer, not on the first working day: who left before could not
    be asked. A row ends at the next answer, on the last working day, after :data:`ANSWER_HOLDS` days or where
    observation ends, whichever comes first. Observation ends with the month of the last departure that is on the list.

    Parameters
    ----------
    study : Study
        With employees and people.
    scores : mapping of str to pandas.Series
        What the sheets say, by name; one of them is called ``score``. A sheet without one of them is no answer.
    with_notice : bool
        Whether sheets of people who had given notice count as well: these follow a decision to leave.
    at_end : bool
        Whether an answer counts from the last day of its wave's period only, where it has no day of its own.

    Returns
    -------
    Spells or Note
        A note where there is no last working day, no day of an answer, or nobody can be joined.
    """
    sheets, people = study.table("employees"), study.table("people")
    dates = {v.name: v.column for v in study.codebook.select("people", role="date") if v.column in people}
    if "end" not in dates or "person" not in sheets or "person" not in people:
        return Note(
            message="Leaving could not be tested: there is no last working day, or sheets do not say who answered."
        )
    answered = pd.concat(scores, axis=1).dropna()
    # Of the sheets only what is read below: all their answers would be copied again and again.
    told = {v.column for role in ("category", "date") for v in study.codebook.select("employees", role=role)}
    named = [name for name in sheets if name in told | {"person", "unit", "wave"}]
    counts = {"answers": len(answered), "notice": 0}
    at = sheets.index.get_indexer(answered.index)
    phase = phase_column(study.codebook)
    if not with_notice and phase in sheets:
        kept = working_rows(sheets[[phase]].iloc[at], study.codebook)
        if kept is not None:
            counts["notice"], at = int((~kept).sum()), at[kept]
    codes, names = coded(sheets["person"])
    counts["no_person"] = int((codes[at] < 0).sum())
    at = at[codes[at] >= 0]
    listed = people.dropna(subset=["person"]).set_index("person")
    # Where everybody stands on the list is looked up once, for all that is read from it.
    found = np.append(listed.index.get_indexer(names), -1)[codes[at]]
    counts["not_listed"] = len(np.unique(codes[at[found < 0]]))
    working = sheets[named].iloc[at[found >= 0]]
    places = pd.Series(found[found >= 0], index=working.index)
    day, by_period = answer_days(study, working, at_end=at_end)
    if working.empty or day.isna().all():
        return Note(
            message=(
                "Leaving could not be tested: nobody who answered is on the staff list, or it is not known when they "
                "answered."
            )
        )
    rows = pd.DataFrame({"person": working["person"], "day": day})
    rows["unit"] = working["unit"] if "unit" in working else pd.NA
    rows["wave"] = working["wave"] if "wave" in working else "all"
    rows = rows.join(answered)
    rows["end"] = listed[dates["end"]].array.take(places.to_numpy())
    # The place on the list stands for the person, as numbers are compared more quickly than names.
    rows["place"] = places.to_numpy()
    if "start" in dates:
        rows["begin"] = listed[dates["start"]].array.take(places.to_numpy())
    else:
        rows["begin"] = rows.groupby("place")["day"].transform("min")
    counts["no_start"] = int(rows.loc[rows["begin"].isna(), "person"].nunique())
    rows = _cut(rows, last=_observed_until(listed[dates["end"]], day))
    chosen = places.loc[rows.index].to_numpy()
    for name, columns in (("contract", _CONTRACT), ("level", _LEVEL)):
        column = _category(study, columns)
        if column is not None:
            # As the staff list has it, else as the sheet says.
            own = (
                working[column].loc[rows.index]
                if column in working
                else pd.Series(pd.NA, index=rows.index, dtype="str")
            )
            said = pd.Series(listed[column].array.take(chosen), index=rows.index) if column in listed else own
            rows[name] = said.where(said.notna(), own).fillna("")
    reason = _category(study, ("reason", "reason_for_leaving"), table="people")
    if reason is not None:
        said = listed[reason]
        own_choice = said.map({one: is_own_choice(one) for one in said.dropna().unique()}).eq(True).to_numpy()
        rows["own_choice"] = rows["left"] * own_choice[chosen].astype("int64")
    counts["no_time"] = int((rows["stop"] <= rows["start"]).sum())
    rows = rows[rows["stop"] > rows["start"]]
    counts["people"], counts["leavers"] = respondents(rows), int(rows["left"].sum())
    return Spells(rows, counts, by_period)


def answer_days(study: Study, sheets: pd.DataFrame, *, at_end: bool = False) -> tuple[pd.Series, bool]:
    """Return the day of each sheet: its own, else the reference day of its wave, else the first day of its period.

    Parameters
    ----------
    study : Study
        Its settings may give a wave a day.
    sheets : pandas.DataFrame
        Rows of the table employees.
    at_end : bool
        Take the last day of the period instead of the first.

    Returns
    -------
    tuple of pandas.Series and bool
        Days, missing where a wave is not named after a period; and whether any of them is that of a period.
    """
    own = [v.column for v in study.codebook.select("employees", role="date") if v.column in sheets]
    days = sheets[own[0]] if own else pd.Series(pd.NaT, index=sheets.index, dtype="datetime64[us]")
    if "wave" not in sheets:
        return days, False
    known, periods = study.settings.reference_days(), {}
    codes, waves = coded(sheets["wave"])
    for wave in waves:
        period = wave_period(str(wave))
        if period is not None:
            periods[wave] = period.end_time.normalize() if at_end else period.start_time

    def of_wave(told: Mapping[Any, Any]) -> pd.Series:
        # The last place is that of sheets without a wave, whose number is -1.
        each = pd.Series([*(told.get(wave) for wave in waves), None], dtype="datetime64[us]")
        return pd.Series(each.array.take(codes), index=sheets.index)

    filled = days.fillna(of_wave(known))
    from_period = filled.isna() & of_wave(periods).notna()
    filled = filled.fillna(of_wave(periods))
    return filled, bool(from_period.any())


def is_own_choice(reason: str) -> bool:
    """Whether a reason for leaving says that it was one's own choice.

    Examples
    --------
    >>> is_own_choice("eigen keuze"), is_own_choice("Resigned"), is_own_choice("involuntary"), is_own_choice("pensioen")
    (True, True, False, False)
    """
    said = f"{reason.casefold().strip()} "
    return any(word in said for word in _OWN_CHOICE) and not any(word in said for word in _NOT_OWN)


def _observed_until(ends: pd.Series, days: pd.Series) -> pd.Timestamp:
    """The end of the month of the last departure; not the day, and no planned departure in a far future."""
    last: pd.Timestamp = days.max() + pd.Timedelta(days=ANSWER_HOLDS)
    past = ends[ends <= last]
    if past.empty:
        return last
    return pd.Timestamp(past.max()) + pd.offsets.MonthEnd(0)


def _cut(rows: pd.DataFrame, *, last: pd.Timestamp) -> pd.DataFrame:
    """Give each answer its stretch of service, in years."""
    rows = rows.dropna(subset=["day", "begin"]).sort_values(["place", "day"], kind="stable")
    entry = rows["day"].where(rows["day"] > rows["begin"], rows["begin"])
    # Who answered before the first working day counts from that day.
    first_entry = entry.groupby(rows["place"]).transform("min")
    following = rows["day"].shift(-1).where(rows["place"] == rows["place"].shift(-1))
    stop = rows["day"] + pd.Timedelta(days=ANSWER_HOLDS)
    for other in (following, rows["end"]):
        stop = stop.mask(other < stop, other)
    stop = stop.mask(stop > last, last)
    # Rows that take no time are left out by whoever asked; an answer after the last working day is one of them.
    leaves = (rows["end"] == stop) & (stop > entry)
    cut = rows.assign(
        start=(entry - rows["begin"]).dt.days / _DAYS_A_YEAR,
        stop=(stop - rows["begin"]).dt.days / _DAYS_A_YEAR,
        years=(stop - entry).dt.days / _DAYS_A_YEAR,
        since_first=(entry - first_entry).dt.days / _DAYS_A_YEAR,
        left=leaves.astype("int64"),
        first=entry == first_entry,
    )
    return cut.drop(columns=["day", "end", "begin", "place"]).loc[lambda frame: frame.index.sort_values()]


def _category(study: Study, names: tuple[str, ...], *, table: str | None = None) -> str | None:
    """Column of a category that goes by one of these names, or has it for a construct."""
    for where in (table,) if table is not None else ("employees", "people"):
        for variable in study.codebook.select(where, role="category"):
            if variable.name in names and variable.column in study.table(where):
                return variable.column
    return None
