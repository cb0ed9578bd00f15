"""Keys within tables and references between them: nobody twice, nothing that hangs in the air."""

from __future__ import annotations

import re
from collections.abc import Mapping

from exresearch.study.problems import Problem, StudyError
from exresearch.study.tables.columns import nameable
from exresearch.study.tables.table import NEEDED, Table

# The first key must be there; the others count where they are.
_UNIQUE = {"employees": ("person", "wave"), "units": ("unit", "wave"), "people": ("person",)}


def check_tables(tables: dict[str, Table]) -> None:
    """Check keys within tables and references between them.

    Raises
    ------
    StudyError
        A person twice in one wave, a unit twice in one wave of ``units``, a key without a value where it is needed,
        or units that the ``units`` table does not know.
    """
    problems: list[Problem] = []
    for table in tables.values():
        problems += _lacking_keys(table) + _repeated_keys(table)
    if "units" in tables and "unit" in tables["units"].frame:
        known = tables["units"].frame["unit"].dropna().unique().tolist()
        for table in tables.values():
            if table.name != "units" and "unit" in table.frame:
                problems += _strange_units(table, known)
    if problems:
        raise StudyError(problems)


def ordered_waves(tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Return all waves in order of time, by the year and the numbers in their names."""
    found: set[str] = set()
    for table in tables.values():
        if "wave" in table.frame:
            found |= set(table.frame["wave"].dropna().unique())
    years = {name: re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", name) for name in found}
    # The year first where every name has one, so that Q1 2025 follows Q4 2024.
    dated = all(len(set(year)) == 1 for year in years.values())

    def in_time(name: str) -> tuple[str, list[str | int]]:
        # Numbers inside a name are compared as numbers, so that wave 10 follows wave 9.
        parts = re.split(r"([0-9]+)", name)
        return years[name][0] if dated else "", [int(p) if i % 2 else p for i, p in enumerate(parts)]

    return tuple(sorted(found, key=in_time))


def _lacking_keys(table: Table) -> list[Problem]:
    frame = table.frame
    problems = []
    for key in NEEDED.get(table.name, ()):
        if key not in frame:
            message = f"table {table.name!r} needs a column with role {key!r}."
            problems.append(Problem(table.file, key, message, "Give one column that role in the codebook."))
    for key in (*NEEDED.get(table.name, ()), *(("wave",) if table.name == "units" else ())):
        if key in frame and frame[key].isna().any():
            count = int(frame[key].isna().sum())
            message = f"{count} row{' has' if count == 1 else 's have'} no {key}."
            problems.append(Problem(table.file, key, message, "Complete or remove them."))
    return problems


def _repeated_keys(table: Table) -> list[Problem]:
    frame = table.frame
    first, *others = _UNIQUE.get(table.name, ("",))
    if first not in frame:
        return []
    keys = [first, *(key for key in others if key in frame)]
    repeated = int(frame.dropna(subset=keys).duplicated(subset=keys).sum())
    if not repeated:
        return []
    rows, what = f"{repeated} row{' repeats' if repeated == 1 else 's repeat'}", " and ".join(keys)
    if len(keys) == 1:
        message = f"{rows} a {first} that stands in an earlier row."
        remedy = f"Keep one row for each {first}."
        if others:
            remedy = f"Keep one row for each {first}, or give a column the role 'wave'."
    else:
        message = f"{rows} a combination of {what} that stands in an earlier row."
        remedy = "Keep one row for each, or correct the wave."
    return [Problem(table.file, what, message, remedy)]


def _strange_units(table: Table, known: list[str]) -> list[Problem]:
    units = table.frame["unit"].dropna()
    strange = units[~units.isin(known)]
    if strange.empty:
        return []
    count = strange.nunique()
    # A unit of few rows may be as good as a person, so only larger ones are named.
    named = nameable(strange)
    shown = f": {', '.join(named[:5])}" if named else ""
    shown += " and others" if named and count > len(named[:5]) else ""
    units_are = "1 unit is" if count == 1 else f"{count} units are"
    message = f"{units_are} not in the table 'units'{shown}."
    return [Problem(table.file, "unit", message, "Correct the names, or add these units.")]
