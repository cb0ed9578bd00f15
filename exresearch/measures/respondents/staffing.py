"""Who answered in a wave, and who could have: sheets, units and staff side by side."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from exresearch.study import Study
from exresearch.study.weights import staff_during

ALL_WAVES = "all"
# A category that most of the staff lack, such as the reason for leaving, says nothing about the staff.
_LEAST_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Comparison:
    """Respondents and staff by one category column, in one wave.

    Attributes
    ----------
    wave, source, column : str
        Which; the source is ``staff list`` or ``head counts``.
    answered, weighted, staff : pandas.Series
        By category: respondents, the sum of their weights, and staff.
    """

    wave: str
    source: str
    column: str
    answered: pd.Series
    weighted: pd.Series
    staff: pd.Series


def staff_comparisons(study: Study, wave: str | None) -> list[Comparison]:
    """Count respondents and staff of a wave by each category known of both.

    Parameters
    ----------
    study : Study
        The client.
    wave : str or None
        None for the last wave that employees answered in.

    Returns
    -------
    list of Comparison
        Columns of the staff list first, then those of the units; without columns that are missing for more than half
        of the staff.

    Raises
    ------
    ValueError
        If employees did not answer in that wave.
    """
    if not study.has("employees"):
        return []
    waves = waves_answered(study)
    if wave is not None and wave not in waves:
        raise ValueError(f"wave must be one that employees answered in ({', '.join(waves)}); got {wave!r}.")
    if not waves:
        return []
    wave = waves[-1] if wave is None else wave
    found: list[Comparison] = []
    sheets = _sheets(study, wave)
    if study.has("people"):
        people = _staff(study, wave)
        for column in _shared_categories(study):
            if people[column].notna().mean() < _LEAST_KNOWN:
                continue
            answered = _category_of(sheets, study.table("people"), column)
            found.append(
                _counted(wave, "staff list", column, answered, sheets, people[column].value_counts())
            )
    if study.has("units", "unit") and "unit" in sheets:
        units = units_during(study, wave)
        for variable in study.codebook.select("units", role="category"):
            known = units.dropna(subset=["headcount", variable.column])
            staff = known.groupby(variable.column)["headcount"].sum()
            answered = sheets["unit"].map(known.set_index("unit")[variable.column])
            found.append(_counted(wave, "head counts", variable.column, answered, sheets, staff))
    return [group for group in found if group.staff.sum() > 0 and group.answered.sum() > 0]


def _counted(
    wave: str, source: str, column: str, answered: pd.Series, sheets: pd.DataFrame, staff: pd.Series
) -> Comparison:
    weights = sheets["weight"] if "weight" in sheets else pd.Series(1.0, index=sheets.index)
    counts, sums = answered.value_counts(), weights.groupby(answered).sum()
    categories = sorted(set(staff.index) | set(counts.index))
    on_all = [series.reindex(categories).fillna(0.0).astype("float64") for series in (counts, sums, staff)]
    return Comparison(wave, source, column, *on_all)


def _category_of(sheets: pd.DataFrame, people: pd.DataFrame, column: str) -> pd.Series:
    if {"person"} <= set(sheets) & set(people):
        known = people.dropna(subset=["person"]).drop_duplicates("person").set_index("person")[column]
        linked = sheets["person"].map(known)
        if linked.notna().any():
            # The same source for both sides, so that spelling and moment of recording cannot differ.
            return linked
    return sheets[column] if column in sheets else pd.Series(pd.NA, index=sheets.index, dtype="str")


def _shared_categories(study: Study) -> list[str]:
    employees, people = study.table("employees"), study.table("people")
    columns = [v.column for v in study.codebook.select("people", role="category")]
    columns += ["unit"] if "unit" in people else []
    if {"person"} <= set(employees) & set(people):
        return columns
    own = [v.column for v in study.codebook.select("employees", role="category")] + ["unit"]
    return [column for column in columns if column in own and column in employees]


def _staff(study: Study, wave: str) -> pd.DataFrame:
    people = study.table("people")
    during = staff_during(people, wave=wave, codebook=study.codebook)
    return people if during is None else during


def waves_answered(study: Study) -> list[str]:
    """Return the waves that employees answered in, in order of time; ``all`` where their table has no waves."""
    frame = study.table("employees")
    if "wave" not in frame:
        return [ALL_WAVES]
    return [wave for wave in study.waves if (frame["wave"] == wave).any()]


def at_work(sheets: pd.DataFrame) -> pd.DataFrame:
    """Return the sheets of people at work; those from before or after employment say nothing about the response.

    All of them where there is no column ``phase``, or it has no such people.
    """
    if "phase" not in sheets:
        return sheets
    working = sheets["phase"].isin(["employee", "working"])
    return sheets[working] if working.any() else sheets


def _sheets(study: Study, wave: str) -> pd.DataFrame:
    """Sheets of employees in a wave."""
    sheets = at_work(study.table("employees"))
    return sheets if wave == ALL_WAVES and "wave" not in sheets else sheets[sheets["wave"] == wave]


def headcount_column(study: Study) -> str | None:
    """Return the column of ``units`` that counts the people of a unit.

    Returns
    -------
    str or None
        The column with role ``count`` whose construct is ``headcount``, else the one of that name, else None.
    """
    counts = study.codebook.select("units", role="count")
    named = [v.column for v in counts if v.construct == "headcount"]
    named += [v.column for v in counts if v.column == "headcount"]
    return named[0] if named and study.has("units", named[0]) else None


def headcount_source(study: Study, wave: str) -> str:
    """Return where the head counts of :func:`units_during` come from.

    Returns
    -------
    str
        ``head counts`` (of the units), ``staff list`` (people in service during the wave), ``whole staff list`` (where
        that cannot be told), or empty where nothing is known.
    """
    if headcount_column(study) is not None:
        return "head counts"
    if not study.has("people", "unit"):
        return ""
    during = staff_during(study.table("people"), wave=wave, codebook=study.codebook)
    return "whole staff list" if during is None else "staff list"


def counted_waves(study: Study) -> list[str]:
    """Return the waves of ``units`` in order of time, ``all`` where it has none; for a study without answer sheets."""
    units = study.table("units")
    if "wave" not in units:
        return [ALL_WAVES]
    return [wave for wave in study.waves if (units["wave"] == wave).any()]


def answers_counted(study: Study, units: pd.DataFrame) -> pd.Series:
    """Return how many answered in each row of ``units``, by the first measure that says so; else missing."""
    names = [v.n_column for v in study.codebook.select("units", role="measure") if v.n_column is not None]
    return units[names[0]] if names else pd.Series(float("nan"), index=units.index)


def units_during(study: Study, wave: str) -> pd.DataFrame:
    """Return the units of a wave with ``n``, employees who answered, and ``headcount``.

    Parameters
    ----------
    study : Study
        With units, and employees who have one; or without employees.
    wave : str
        One of :func:`waves_answered`, without employees of :func:`counted_waves`.

    Returns
    -------
    pandas.DataFrame
        Rows of ``units`` with both columns. The head count is :func:`headcount_column`, else the people of
        the unit on the staff list in service during the wave, else missing. Without answer sheets ``n`` is
        :func:`answers_counted`, missing where a unit does not say it.
    """
    units = study.table("units")
    if "wave" in units:
        units = (
            units[units["wave"] == wave] if wave != ALL_WAVES else units.drop_duplicates("unit", keep="last")
        )
    if study.has("employees"):
        answered = units["unit"].map(_sheets(study, wave)["unit"].value_counts()).fillna(0.0)
    else:
        answered = answers_counted(study, units)
    counted = headcount_column(study)
    if counted is not None:
        headcount = units[counted]
    elif study.has("people", "unit"):
        headcount = units["unit"].map(_staff(study, wave)["unit"].value_counts()).fillna(0.0)
    else:
        headcount = pd.Series(float("nan"), index=units.index)
    return units.assign(n=answered, headcount=headcount.astype("float64"))
