"""Known margins of a population: as the study file gives them, or as the staff list counts them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from exresearch.study.codebook import Codebook
from exresearch.study.parameters import Weighting
from exresearch.study.problems import Problem, nearest
from exresearch.study.weights.raking import MARGIN_TOLERANCE
from exresearch.study.weights.staff import staff_during

# In the messages a category that the settings name may be shown.
_SHOWN = 5


def check_margins(
    weighting: Weighting, *, table: str, tables: Mapping[str, pd.DataFrame], codebook: Codebook, file: str
) -> list[Problem]:
    """Say what is wrong with the settings of a table's weights, before its answers are looked at.

    Parameters
    ----------
    weighting : Weighting
        The settings.
    table : str
        Table of answers they are for.
    tables : mapping of str to pandas.DataFrame
        All cleaned tables.
    codebook : Codebook
        Says which columns are categories.
    file : str
        Name of the study file, for the messages.

    Returns
    -------
    list of Problem
        Unknown columns, margins that are given twice, not at all, are not above 0, or do not agree in total.
    """
    place = f"weighting.{table}"
    if table not in tables:
        remedy = "Give the table under 'tables', or take this out."
        return [Problem(file, place, f"this study has no table {table!r}.", remedy)]
    if not weighting.margins and not weighting.staff_list:
        message = "there is nothing to weight by."
        return [Problem(file, place, message, "Give 'margins' or 'staff_list', or take this out.")]
    problems: list[Problem] = []
    legal = _categories(table, tables=tables, codebook=codebook)
    for column, margin in weighting.margins.items():
        where = f"{place}.margins.{column}"
        if column not in legal:
            message = f"table {table!r} has no such category column."
            problems.append(Problem(file, where, message, nearest(column, legal)))
        problems += _wrong_numbers(margin, place=where, file=file)
    problems += _different_totals(weighting, place=f"{place}.margins", file=file)
    return problems + _wrong_staff_list(weighting, table=table, tables=tables, codebook=codebook, file=file)


def staff_margins(
    columns: list[str],
    *,
    wave: str | None,
    people: pd.DataFrame,
    codebook: Codebook,
    day: pd.Timestamp | None = None,
) -> tuple[dict[str, dict[str, float]], bool]:
    """Count the staff list by category.

    Parameters
    ----------
    columns : list of str
        Category columns of ``people``.
    wave : str or None
        Wave whose staff is counted; None for everybody.
    people : pandas.DataFrame
        The cleaned table ``people``.
    codebook : Codebook
        Describes its dates.
    day : pandas.Timestamp, optional
        Day of reference of the wave.

    Returns
    -------
    tuple of dict and bool
        Number of people per column and category, and whether they are those in service during the wave.
    """
    during = None if wave is None else staff_during(people, wave=wave, codebook=codebook, day=day)
    staff = people if during is None else during
    counts = {column: staff[column].value_counts().sort_index() for column in columns}
    return {
        column: {str(category): float(n) for category, n in count.items()} for column, count in counts.items()
    }, during is not None


def are_counts(margin: Mapping[str, float]) -> bool:
    """Whether margins are numbers of people, and not shares or percentages.

    Examples
    --------
    >>> are_counts({"fixed": 820, "hired": 41}), are_counts({"fixed": 95, "hired": 5}), are_counts({"fixed": 0.95})
    (True, False, False)
    >>> are_counts({"everybody": 1})
    False
    """
    whole = all(float(value).is_integer() for value in margin.values())
    return whole and sum(margin.values()) not in (1, 100)


def _categories(table: str, *, tables: Mapping[str, pd.DataFrame], codebook: Codebook) -> list[str]:
    columns = [v.column for v in codebook.select(table, role="category")]
    return columns + (["unit"] if "unit" in tables[table] else [])


def _wrong_numbers(margin: Mapping[str, float], *, place: str, file: str) -> list[Problem]:
    if not margin:
        return [Problem(file, place, "there are no margins.", "Give one for each category.")]
    wrong = [category for category, value in margin.items() if value <= 0]
    if wrong:
        message = f"the margin of {_listed(wrong)} is not above 0."
        if len(wrong) > 1:
            message = f"the margins of {_listed(wrong)} are not above 0."
        return [Problem(file, place, message, "Leave out categories that nobody is in.")]
    total = sum(margin.values())
    if are_counts(margin) or any(abs(total - whole) <= MARGIN_TOLERANCE * whole for whole in (1, 100)):
        return []
    message = f"the shares sum to {total:g}, not to 1 or 100."
    remedy = "Complete or correct them, or give whole numbers of people."
    return [Problem(file, place, message, remedy)]


def _different_totals(weighting: Weighting, *, place: str, file: str) -> list[Problem]:
    totals = {
        column: sum(margin.values())
        for column, margin in weighting.margins.items()
        if margin and are_counts(margin) and min(margin.values()) > 0
    }
    if not totals or max(totals.values()) <= (1 + MARGIN_TOLERANCE) * min(totals.values()):
        return []
    shown = ", ".join(f"{column} {total:g}" for column, total in totals.items())
    message = f"the numbers of people differ between the columns: {shown}."
    return [Problem(file, place, message, "Count the same people in each, or give shares.")]


def _wrong_staff_list(
    weighting: Weighting, *, table: str, tables: Mapping[str, pd.DataFrame], codebook: Codebook, file: str
) -> list[Problem]:
    if not weighting.staff_list:
        return []
    place = f"weighting.{table}.staff_list"
    if table != "employees":
        message = f"the staff list says nothing about table {table!r}."
        return [Problem(file, place, message, "Give 'margins' instead.")]
    if "people" not in tables:
        message = "this study has no staff list."
        return [Problem(file, place, message, "Give the table 'people' under 'tables', or give 'margins'.")]
    problems = []
    listed = _categories("people", tables=tables, codebook=codebook)
    # The staff list tells the category of a sheet whose person it knows.
    linked = {"person"} <= set(tables[table]) & set(tables["people"])
    answered = listed if linked else _categories(table, tables=tables, codebook=codebook)
    for column in dict.fromkeys(weighting.staff_list):
        if column not in listed or column not in answered:
            lacking = "people" if column not in listed else table
            message = f"table {lacking!r} has no category column {column!r}."
            both = [name for name in listed if name in answered]
            problems.append(Problem(file, place, message, nearest(column, both)))
        if column in weighting.margins:
            message = f"the margins of {column!r} are given under 'margins' as well."
            problems.append(Problem(file, place, message, "Keep one of the two."))
    return problems


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:_SHOWN]) + (" and others" if len(names) > _SHOWN else "")
