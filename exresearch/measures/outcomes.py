"""Counts of what happens in units, such as leavers and days of absence, with the people they could happen to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from exresearch.measures.sides import NotMeasured
from exresearch.study import Codebook, Study, Variable
from exresearch.study.tables.periods import wave_period
from exresearch.study.weights import staff_of, units_during

CountSource = Literal["count", "percentage", "people"]
#: Construct of the head count, which may also come from the staff list.
HEADCOUNT = "headcount"
#: The one outcome that the staff list tells as well.
TURNOVER = "turnover"
_COLUMNS = ["unit", "wave", "count", "exposure"]


class NoExposure(NotMeasured):
    """An outcome is there, and nothing says how many people it could have happened to."""


@dataclass(frozen=True, slots=True)
class UnitCount:
    """How often something happened, by unit and wave.

    Attributes
    ----------
    construct : str
        What happened.
    source : {"count", "percentage", "people"}
        A column that counts; a percentage times the exposure; exits on the staff list.
    frame : pandas.DataFrame
        ``unit, wave, count`` (whole numbers) and ``exposure`` (above 0), as floats.
    n_excluded : int
        Rows with a value that cannot be used: negative, or without exposure.
    n_rounded : int
        Rows whose count was not a whole number.
    """

    construct: str
    source: CountSource
    frame: pd.DataFrame
    n_excluded: int
    n_rounded: int


def unit_count(study: Study, construct: str, *, exposure: str = HEADCOUNT) -> UnitCount:
    """Read how often something happened in each unit and wave, and to how many people it could have happened.

    Use it for rates: turnover and absence per employee, referrals per employee, applicants per person reached.

    Parameters
    ----------
    study : Study
        The client.
    construct : str
        Of a column ``count`` of the table of units, or of a measure that is a percentage of the exposure. Turnover may
        also come from the days on which people on the staff list left.
    exposure : str
        Construct of the count that it is a rate of. The head count may also come from the staff list.

    Returns
    -------
    UnitCount

    Raises
    ------
    NotMeasured
        If neither a count nor a percentage has that construct, or there are no units or waves.
    NoExposure
        If nothing is known about the exposure, or the outcome is a rate whose base nobody knows.

    Notes
    -----
    A percentage is turned into a count, rounded to whole numbers: which people it is about is then known, and how many
    days or hours stand behind it is not; ratios of rates do not depend on that.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from exresearch.study import load_study
    >>> from exresearch.study.demo import write_demo_study
    >>> study = load_study(write_demo_study(Path(mkdtemp()), n_units=4, n_employees=40))
    >>> unit_count(study, "turnover").source, list(unit_count(study, "turnover").frame.columns)
    ('count', ['unit', 'wave', 'count', 'exposure'])
    """
    variable = _column(study, construct)
    if variable is None and construct == TURNOVER:
        return staff_exits(study)
    if variable is None:
        raise NotMeasured(f"construct {construct!r} is no count and no percentage of table 'units'.")
    if variable.role == "measure" and variable.kind != "percent":
        raise NoExposure(f"construct {construct!r} is a {variable.kind} of which the base is not known.")
    units = study.table("units")
    values = pd.to_numeric(units[variable.column], errors="coerce").astype("float64")
    frame = units[["unit", "wave"]].assign(count=values)
    frame = frame.merge(_exposure(study, exposure), on=["unit", "wave"], how="left", validate="many_to_one")
    if variable.role == "measure":
        frame["count"] = frame["count"] / 100 * frame["exposure"]
    return _usable(frame, construct, source="count" if variable.role == "count" else "percentage")


def staff_exits(study: Study) -> UnitCount:
    """Count who left each unit in each wave, and who could, by the staff list.

    Parameters
    ----------
    study : Study
        The client; its table ``people`` has a unit and a date ``end``, and its waves have dates.

    Returns
    -------
    UnitCount
        ``exposure`` is the people in service on the day of reference of the wave, or on the first day of its period.

    Raises
    ------
    NotMeasured
        If there is no staff list with units and days of leaving, or no wave has a date.

    Notes
    -----
    Who leaves after the day of reference counts until the period of the wave ends; where waves are no periods, until
    the next wave's day. Waves that begin after the last day on the staff list are left out. A wave in which the list
    was drawn up is counted as far as the list goes: its rate is too low, for all units alike.
    """
    people = study.table("people")
    dates = _dates(study.codebook, people)
    if "unit" not in people or "end" not in dates:
        raise NotMeasured("the staff list does not say who left which unit when.")
    known = pd.concat([people[column] for column in dates.values()]).max()
    counted = []
    for wave, (first, last) in _windows(study).items():
        there = staff_of(study, wave)
        if there is None or first > known:
            continue
        starts = there[dates["start"]] if "start" in dates else pd.Series(pd.NaT, index=there.index)
        there = there[~(starts > first)]
        left = there[(there[dates["end"]] >= first) & (there[dates["end"]] <= last)]
        at_risk = there["unit"].value_counts().rename("exposure").rename_axis("unit").reset_index()
        exits = at_risk["unit"].map(left["unit"].value_counts()).fillna(0.0)
        counted.append(at_risk.assign(wave=wave, count=exits))
    if not counted:
        raise NotMeasured(
            "no wave has dates that the staff list covers, so that nobody can be said to leave after it."
        )
    frame = pd.concat(counted, ignore_index=True)
    return _usable(frame, TURNOVER, source="people")


def _column(study: Study, construct: str) -> Variable | None:
    """The column of the units that holds an outcome: a count before a measure."""
    found = [
        variable
        for role in ("count", "measure")
        for variable in study.codebook.select("units", role=role, construct=construct)
        if study.has("units", "unit", "wave", variable.column)
    ]
    return found[0] if found else None


def _exposure(study: Study, construct: str) -> pd.DataFrame:
    units = study.table("units")
    if construct == HEADCOUNT:
        waves = [wave for wave in study.waves if (units["wave"] == wave).any()]
        parts = [units_during(study, wave)[["unit", "headcount"]].assign(wave=wave) for wave in waves]
        frame = pd.concat(parts, ignore_index=True).rename(columns={"headcount": "exposure"})
    else:
        counts = [v.column for v in study.codebook.select("units", role="count", construct=construct)]
        if not counts:
            raise NoExposure(f"no count of table 'units' has the construct {construct!r}.")
        frame = units[["unit", "wave"]].assign(exposure=units[counts[0]])
    frame = frame.assign(exposure=frame["exposure"].astype("float64"))
    if not (frame["exposure"] > 0).any():
        raise NoExposure(f"{construct!r} is nowhere known and above 0.")
    return frame


def _usable(frame: pd.DataFrame, construct: str, *, source: CountSource) -> UnitCount:
    there = frame[frame["count"].notna()]
    good = there[(there["count"] >= 0) & (there["exposure"] > 0)]
    whole = good["count"].round()
    return UnitCount(
        construct=construct,
        source=source,
        frame=good.assign(count=whole, exposure=good["exposure"].astype("float64"))[_COLUMNS].reset_index(
            drop=True
        ),
        n_excluded=len(there) - len(good),
        # A percentage of a head count is never whole, and not a fault.
        n_rounded=int((whole != good["count"]).sum()) if source == "count" else 0,
    )


def _dates(codebook: Codebook, people: pd.DataFrame) -> dict[str, str]:
    named = {
        v.construct or v.column: v.column
        for v in codebook.select("people", role="date")
        if v.column in people
    }
    return {name: column for name, column in named.items() if name in ("start", "end")}


def _windows(study: Study) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last moment in which leaving counts as leaving after a wave."""
    days = study.settings.reference_days()
    windows = {}
    for number, wave in enumerate(study.waves):
        period, day = wave_period(wave), days.get(wave)
        following = study.waves[number + 1] if number + 1 < len(study.waves) else None
        first = day if day is not None else None if period is None else period.start_time
        last = None if period is None else period.end_time.normalize()
        if last is None and following is not None and following in days:
            last = days[following] - pd.Timedelta(days=1)
        if first is not None and last is not None:
            windows[wave] = (first, last)
    return windows
