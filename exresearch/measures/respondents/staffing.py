"""Who answered in a wave beside the staff: sheets, units and staff by category."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from exresearch.study import Study
from exresearch.study.weights import category_of, sheets_of, staff_of, units_during, waves_answered

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
    sheets = sheets_of(study, wave)
    if study.has("people"):
        everybody, during = study.table("people"), staff_of(study, wave)
        people = everybody if during is None else during
        for column in _shared_categories(study):
            if people[column].notna().mean() < _LEAST_KNOWN:
                continue
            answered = category_of(sheets, everybody, column)
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


def _shared_categories(study: Study) -> list[str]:
    employees, people = study.table("employees"), study.table("people")
    columns = [v.column for v in study.codebook.select("people", role="category")]
    columns += ["unit"] if "unit" in people else []
    if {"person"} <= set(employees) & set(people):
        return columns
    own = [v.column for v in study.codebook.select("employees", role="category")] + ["unit"]
    return [column for column in columns if column in own and column in employees]
