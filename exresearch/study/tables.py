"""Tables read as the codebook describes them, and checked before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from exresearch.study.codebook import KEYS, Codebook
from exresearch.study.columns import clean_column, nameable
from exresearch.study.files import read_columns
from exresearch.study.problems import Problem, StudyError, nearest

_NEEDED = {"units": ("unit",), "people": ("person",)}
# The first key must be there; the others count where they are.
_UNIQUE = {"employees": ("person", "wave"), "units": ("unit", "wave"), "people": ("person",)}


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it was understood.

    Attributes
    ----------
    name : str
        Which table of the data model.
    frame : pandas.DataFrame
        The described columns; keys under their standard names, missing codes made missing, numbers as
        float64, dates as datetime64, the rest as str.
    file : str
        Name of the file.
    unread : tuple of str
        Columns of the file that the codebook does not describe.
    coded_missing : dict of str to int
        How many cells of each column held a missing code.
    n_rows : int
        Rows in the file.
    """

    name: str
    frame: pd.DataFrame
    file: str
    unread: tuple[str, ...]
    coded_missing: dict[str, int]
    n_rows: int


def read_table(path: Path, *, name: str, codebook: Codebook) -> Table:
    """Read one table and check every described column, reporting all problems together.

    Parameters
    ----------
    path : pathlib.Path
        As :func:`exresearch.study.files.read_columns`.
    name : str
        Which table of the data model it is.
    codebook : Codebook
        What its columns mean.

    Returns
    -------
    Table

    Raises
    ------
    StudyError
        Missing or empty file, unknown format, missing columns, text in a number or date column, values outside a
        scale, a weight that is missing or not positive. No message holds a value that fewer than five rows share.
    """
    variables = [variable for variable in codebook.select(name) if variable.role != "ignore"]
    if not variables:
        message = f"table {name!r} is listed in the study, but the codebook describes none of its columns."
        raise StudyError([Problem(path.name, "", message, "Describe its columns, or leave the table out.")])
    wanted = {variable.column: variable.column for variable in variables}
    for variable in variables:
        for key in ("n_column", "std_error_column"):
            if getattr(variable, key) is not None:
                wanted.setdefault(getattr(variable, key), f"{key} of {variable.column}")
    raw = read_columns(path, columns=set(wanted))
    if raw.frame.empty and set(wanted) & set(raw.present):
        raise StudyError([Problem(path.name, "", "the file has a heading but no rows.", "Export it again.")])
    problems = [
        Problem(
            path.name,
            column if why == column else f"{column} ({why})",
            f"table {name!r} has no such column.",
            nearest(column, raw.present),
        )
        for column, why in sorted(wanted.items())
        if column not in raw.present
    ]
    coded: dict[str, int] = {}
    columns: dict[str, pd.Series] = {}
    by_column = {variable.column: variable for variable in variables}
    for column in raw.frame.columns:
        described = by_column.get(column)
        clean = clean_column(
            raw.frame[column], described, column=column, file=path.name, decimal_comma=raw.decimal_comma
        )
        problems += clean.problems
        if clean.coded_missing:
            coded[column] = clean.coded_missing
        columns[described.role if described and described.role in KEYS else column] = clean.cells
    if problems:
        raise StudyError(problems)
    unread = tuple(column for column in raw.present if column not in wanted)
    frame = pd.DataFrame(columns)
    return Table(
        name=name, frame=frame, file=path.name, unread=unread, coded_missing=coded, n_rows=len(frame)
    )


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


def attrition_ledger(tables: Mapping[str, Table]) -> pd.DataFrame:
    """Return what was read and what was taken out: ``table, step, counted, n, removed``, one row per table and step."""
    rows: list[dict[str, Any]] = []

    def add(table: Table, step: str, counted: str, n: int, removed: int = 0) -> None:
        rows.append({"table": table.name, "step": step, "counted": counted, "n": n, "removed": removed})

    for table in tables.values():
        add(table, "rows in the file", "rows", table.n_rows)
        for key in ("unit", "wave", "person"):
            if key in table.frame and table.frame[key].isna().any():
                add(table, f"without {key}", "rows", int(table.frame[key].isna().sum()))
        coded = sum(table.coded_missing.values())
        if coded:
            add(table, "cells with a missing code", "cells", coded, coded)
        if table.unread:
            add(table, "columns not in the codebook", "columns", len(table.unread))
    return pd.DataFrame(rows, columns=["table", "step", "counted", "n", "removed"])


def _lacking_keys(table: Table) -> list[Problem]:
    frame = table.frame
    problems = []
    for key in _NEEDED.get(table.name, ()):
        if key not in frame:
            message = f"table {table.name!r} needs a column with role {key!r}."
            problems.append(Problem(table.file, key, message, "Give one column that role in the codebook."))
    for key in (*_NEEDED.get(table.name, ()), *(("wave",) if table.name == "units" else ())):
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
