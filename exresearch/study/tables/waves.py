"""Waves: in order of time, written in one way, shared by the tables, and each of more than a few rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from exresearch.study.problems import NAMEABLE, Problem, nearest
from exresearch.study.remarks import Remark
from exresearch.study.tables.cells.naming import named_of
from exresearch.study.tables.periods import in_time, same_period
from exresearch.study.tables.table import Table


def check_waves(tables: Mapping[str, Table]) -> list[Problem]:
    """Refuse waves that hardly any row shares: they are slips of the pen, or the column is no wave.

    The names of waves are shown everywhere, so that a column with names or dates in their place would show persons.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a study.

    Returns
    -------
    list of Problem
        At most one for each table, without the names.
    """
    dated = {name: table.frame["wave"].dropna() for name, table in tables.items() if "wave" in table.frame}
    if not dated:
        return []
    counts = pd.concat(list(dated.values())).value_counts()
    rare = counts.index[counts < NAMEABLE]
    problems = []
    for name, column in dated.items():
        n = int(column[column.isin(rare)].nunique())
        # A row of units is nobody, and few units may be all there are.
        if n and name != "units":
            waves = "1 wave has" if n == 1 else f"{n} waves have"
            message = f"{waves} fewer than {NAMEABLE} rows in all tables together."
            remedy = "Correct the cells, list them under 'missing' in the codebook, or give this column another role."
            if _made(tables[name]):
                remedy = "Correct the dates, leave these rows out, or choose a longer 'waves_from' in the study file."
            problems.append(Problem(tables[name].file, "wave", message, remedy))
    return problems


def shared_waves(tables: Mapping[str, Table]) -> tuple[list[Problem], list[Remark]]:
    """Return what is wrong with the waves of tables beside one another, and what is worth knowing of them.

    Parameters
    ----------
    tables : mapping of str to Table
        What could be read.

    Returns
    -------
    list of Problem
        Waves written in two ways, or tables without a wave in common.
    list of Remark
        Waves that only one table has.
    """
    waves = {
        table.name: table.frame["wave"].dropna()
        for table in tables.values()
        if "wave" in table.frame and table.frame["wave"].notna().any()
    }
    problems = _two_spellings(waves, tables)
    remarks = []
    isolated = []
    for name, mine in waves.items():
        others = [other for of, other in waves.items() if of != name]
        alone = set(mine.unique()).difference(*(other.unique() for other in others))
        if not others or not alone:
            continue
        if len(alone) == mine.nunique():
            isolated.append(name)
        else:
            # Of two tables the other one is named.
            only = "".join(of for of in waves if of != name) if len(others) == 1 else ""
            kind = "waves_not_shared" if only else "waves_in_no_other"
            remarks.append(Remark(name, tables[name].file, "wave", kind, len(alone), only))
    if problems:
        # Once each wave is written in one way, they may well be shared.
        return problems, []
    # Of two tables without a wave in common the second is named: one sentence is enough.
    for name in isolated if len(waves) > 2 else isolated[1:]:
        mine, elsewhere = waves[name], pd.concat([other for of, other in waves.items() if of != name])
        message = (
            f"no wave of this table is in another: {_listed(mine)} here; {_listed(elsewhere)} elsewhere."
        )
        remedy = "Write the waves alike in all tables, or give this column another role than wave."
        if any(_made(tables[of]) for of in waves):
            remedy = (
                "Choose the 'waves_from' that fits the other waves, or name those after the same periods."
            )
        problems.append(Problem(tables[name].file, "wave", message, remedy))
    return problems, remarks


def waves_alike(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Return the tables with waves that were made from dates written as other tables write the same period.

    Parameters
    ----------
    tables : mapping of str to Table
        What could be read; ``2024Q1`` made from a date becomes ``Q1 2024`` where all others write it so.

    Returns
    -------
    dict of str to Table
    """
    made = [name for name, table in tables.items() if _made(table)]
    elsewhere: set[str] = set()
    for name, table in tables.items():
        if name not in made and "wave" in table.frame:
            elsewhere |= set(table.frame["wave"].dropna().unique())
    alike = dict(tables)
    for name in made:
        frame = tables[name].frame
        names = same_period(sorted(frame["wave"].dropna().unique()), elsewhere=sorted(elsewhere))
        if names:
            alike[name] = replace(tables[name], frame=frame.assign(wave=frame["wave"].replace(names)))
    return alike


def ordered_waves(tables: Mapping[str, Table], *, listed: Sequence[str] = ()) -> tuple[str, ...]:
    """Return all waves in order of time: as listed, else as far as their names tell it.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a study.
    listed : sequence of str
        All waves in order, if somebody said so.

    Returns
    -------
    tuple of str
    """
    found = _all_waves(tables)
    return tuple(wave for wave in listed if wave in found) if listed else in_time(found)[0]


def check_order(
    tables: Mapping[str, Table], *, listed: Sequence[str], file: str
) -> tuple[list[Problem], list[Remark]]:
    """Return what is wrong with a list of waves, or without one whether their names leave the order open.

    Parameters
    ----------
    tables : mapping of str to Table
        All tables of a study, none of their waves of a few rows.
    listed : sequence of str
        What the study file gives, each wave once; empty where it gives none.
    file : str
        Name of the study file, for the messages.

    Returns
    -------
    list of Problem
        Waves in the list and in no table, and waves in a table and not in the list.
    list of Remark
        At most one: ``waves_order_unknown``.
    """
    found = _all_waves(tables)
    if not listed:
        ordered, known = in_time(found)
        detail = ", ".join(ordered)
        return [], [] if known else [Remark("", file, "waves", "waves_order_unknown", len(ordered), detail)]
    problems = [
        Problem(file, "waves", f"no table has the wave {wave!r}.", nearest(wave, sorted(found)))
        for wave in listed
        if wave not in found
    ]
    lacking = found - set(listed)
    if lacking:
        rows = pd.concat([_waves_of(table) for table in tables.values()])
        number = f"{len(lacking)} wave{' is' if len(lacking) == 1 else 's are'}"
        message = f"{number} not in the list{named_of(rows[rows.isin(lacking)], len(lacking))}."
        problems.append(Problem(file, "waves", message, "List all waves of all tables, in order of time."))
    return problems, []


def _all_waves(tables: Mapping[str, Table]) -> set[str]:
    return {wave for table in tables.values() for wave in _waves_of(table).unique()}


def _waves_of(table: Table) -> pd.Series:
    return table.frame["wave"].dropna() if "wave" in table.frame else pd.Series(dtype="str")


def _made(table: Table) -> bool:
    """Whether waves of a table were made from dates."""
    return any(remark.kind == "waves_from_dates" for remark in table.remarks)


def _two_spellings(waves: Mapping[str, pd.Series], tables: Mapping[str, Table]) -> list[Problem]:
    """Waves that differ only in case, blanks, hyphens, leading zeros or the place of the year: 2024Q1, q1-2024."""
    spellings: dict[tuple[str | int, ...], dict[str, str]] = {}
    problems = []
    for name, column in waves.items():
        two: list[str] = []
        for wave in sorted(column.unique()):
            first = spellings.setdefault(_spelling(wave), {wave: name})
            if wave not in first:
                two += [wave, *first]
        if two:
            written = pd.concat([column[column.isin(two)] for column in waves.values()])
            message = f"waves are written in two ways{named_of(written, len(set(two)))}."
            problems.append(
                Problem(tables[name].file, "wave", message, "Write each wave in one way, in all tables.")
            )
    return problems


def _spelling(wave: str) -> tuple[str | int, ...]:
    parts = re.findall(r"[^\W\d_]+|\d+|[^\w\s./-]", wave.casefold())
    if not parts or re.match(r"\s*[-.]", wave):
        # A sign in front may be a minus: one wave before and one after.
        return (wave,)
    years = [part for part in parts if re.fullmatch(r"(?:19|20)\d\d", part)]
    if len(years) == 1:
        # Q1 2024 is 2024Q1.
        parts = [years[0], *(part for part in parts if part != years[0])]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _listed(waves: pd.Series) -> str:
    count = waves.nunique()
    return f"{count} wave{'' if count == 1 else 's'}{named_of(waves, count)}"
