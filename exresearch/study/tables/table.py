"""One table, read as the codebook describes it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from exresearch.study.codebook import KEYS, Codebook, Variable
from exresearch.study.importers import RawTable, read_columns
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, StudyError
from exresearch.study.remarks import Remark
from exresearch.study.tables.cells.columns import NUMERIC_ROLES, clean_column
from exresearch.study.tables.parts import (
    Parts,
    day_of_wave,
    missing_columns,
    missing_keys,
    unclear_waves,
    unlike_percentages,
    wanted_columns,
)
from exresearch.study.tables.periods import waves_of_days
from exresearch.study.tables.rows import without_asked, without_marked
from exresearch.study.tables.totals import TOTALS, total_rows, without_totals, without_unkeyed_totals

_SHOWN = 12
# Told the name of the table, how many steps are done, and of how many: a step is a file that is read or a column that
# is checked.
OnProgress = Callable[[str, int, int], None]


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
        Name of the file, or of its files.
    unread : tuple of str
        Columns of the file that the codebook does not describe.
    coded_missing : dict of str to int
        How many cells of each column held a missing code.
    n_rows : int
        Rows in the file, or in its files together, wholly empty ones included.
    left_out : dict of str to int
        Rows left out while reading, by the step of the attrition ledger.
    remarks : tuple of Remark
        What was noticed while reading.
    rows_by_file : tuple of (str, int)
        Rows of each file, where there are several.
    counted : dict of str to int
        Rows that lack something and stay, by the step of the attrition ledger.
    flagged : dict of str to (int, int)
        Careless sheets by flag: how many there are, and how many were left out.
    layouts : tuple of str
        What kind of file each turned out to be, such as ``csv/qualtrics``.
    kept_by_file : tuple of (str, int)
        Rows of ``frame`` as it was read, by file, in order.
    marks : tuple of str
        What kinds of answer sheets a survey platform marks in its files: ``preview``, ``spam``, ``unfinished``.
    """

    name: str
    frame: pd.DataFrame
    file: str
    unread: tuple[str, ...]
    coded_missing: dict[str, int]
    n_rows: int
    left_out: dict[str, int]
    remarks: tuple[Remark, ...] = ()
    rows_by_file: tuple[tuple[str, int], ...] = ()
    counted: dict[str, int] = field(default_factory=dict)
    flagged: dict[str, tuple[int, int]] = field(default_factory=dict)
    layouts: tuple[str, ...] = ()
    kept_by_file: tuple[tuple[str, int], ...] = ()
    marks: tuple[str, ...] = ()


def read_table(
    parts: Parts,
    *,
    name: str,
    codebook: Codebook,
    whole: bool = True,
    leave_out: Collection[str] = (),
    on_progress: OnProgress | None = None,
) -> Table:
    """Read one table and check every described column, reporting all problems together.

    Parameters
    ----------
    parts : sequence of (pathlib.Path, TableSource)
        The files of the table, rows below one another, as :func:`exresearch.study.importers.read_columns`.
    name : str
        Which table of the data model it is.
    codebook : Codebook
        What its columns mean.
    whole : bool
        Whether the codebook could be read in full; if not, nothing is concluded from an entry that is not there.
    leave_out : collection of str
        Kinds of answer sheets to leave out where the survey platform marks them: ``preview``, ``spam``, ``unfinished``.
    on_progress : callable, optional
        Told the table, the steps done and the steps in all, after each file that is read and each column checked.

    Returns
    -------
    Table

    Raises
    ------
    StudyError
        Missing or empty file, unknown format, columns that no file has, a key that one file has and another has not,
        text in a number or date column, values outside a scale, a weight that is missing or not positive, waves to be
        made from a date where it is not clear which. No message holds a value that fewer than five rows share.
    """
    variables = [variable for variable in codebook.select(name) if variable.role != "ignore"]
    if not variables:
        message = f"table {name!r} is listed in the study, but the codebook describes none of its columns."
        remedy = "Describe its columns, or leave the table out."
        raise StudyError([Problem(path.name, "", message, remedy) for path, _ in parts])
    ignored = {variable.column for variable in codebook.select(name, role="ignore")}
    wanted = wanted_columns(variables)
    raws: list[RawTable] = []
    problems: list[Problem] = []
    step = _steps(name, len(parts) * (1 + len(wanted)), on_progress)
    for path, source in parts:
        try:
            raws.append(_read_file(path, source, wanted=set(wanted)))
        except StudyError as error:
            problems += error.problems
        step()
    if problems:
        raise StudyError(problems)
    problems += missing_columns(parts, raws, wanted, name=name)
    problems += missing_keys(parts, raws, variables, name=name)
    problems += unclear_waves(parts, raws, variables, name=name, whole=whole)
    read: list[Table] = []
    while raws:
        # Taken off the list, so that the cells as they stood can go as soon as they are understood.
        raw, (path, source) = raws.pop(0), parts[len(read)]
        part, found = _understood(
            raw,
            source,
            name=name,
            variables=variables,
            ignored=ignored,
            file=path.name,
            leave_out=leave_out,
            step=step,
        )
        read.append(part)
        problems += found
    problems += unlike_percentages(
        parts,
        [part.frame for part in read],
        [{r.column for r in part.remarks if r.kind == "percentages"} for part in read],
        columns=[v.column for v in variables if v.role in NUMERIC_ROLES],
    )
    if problems:
        raise StudyError(problems)
    table = read[0] if len(read) == 1 else _below_one_another(read)
    lacking = {
        f"without {key}": int(table.frame[key].isna().sum())
        for key in ("unit", "wave", "person")
        if key in table.frame and table.frame[key].isna().any()
    }
    return replace(table, counted=lacking)


def _steps(name: str, total: int, on_progress: OnProgress | None) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(name, done, total)

    return step


def _read_file(path: Path, source: TableSource, *, wanted: set[str]) -> RawTable:
    raw = read_columns(path, columns=wanted, source=source)
    if raw.frame.empty and wanted & set(raw.present):
        raise StudyError([Problem(path.name, "", "the file has a heading but no rows.", "Export it again.")])
    return raw


def _understood(
    raw: RawTable,
    source: TableSource,
    *,
    name: str,
    variables: list[Variable],
    ignored: set[str],
    file: str,
    leave_out: Collection[str],
    step: Callable[[], None],
) -> tuple[Table, list[Problem]]:
    raw, marked = without_marked(raw, leave_out)
    raw, n_totals, amiss = without_totals(raw, source, variables, name=name, file=file)
    frame, coded, problems = _clean(raw, variables, file=file, step=step)
    problems += amiss
    remarks = [replace(remark, table=name, file=remark.file or file) for remark in raw.remarks]
    left_out: dict[str, int] = {}
    empty = sum(remark.n for remark in raw.remarks if remark.kind == "empty_rows")
    n_rows = len(frame) + empty + sum(marked.values()) + n_totals
    if empty:
        left_out["empty rows"] = empty
    left_out |= marked
    for variable in variables:
        if variable.column not in raw.present:
            if variable.role not in KEYS:
                remarks.append(Remark(name, file, variable.column, "column_missing_in_part", 1, file))
            if variable.role != "wave":
                frame[_standard(variable)] = _nothing(variable, frame.index)
    if source.wave and "wave" not in frame:
        frame["wave"] = pd.Series(source.wave, index=frame.index, dtype="str")
    day = day_of_wave(variables) if source.waves_from else None
    if day is not None and day in frame and "wave" not in frame:
        frame["wave"] = waves_of_days(frame[day], period=source.waves_from)
        remarks.append(Remark(name, file, day, "waves_from_dates", int(frame["wave"].notna().sum())))
    frame, n_unkeyed, unkeyed = without_unkeyed_totals(frame, source, variables, name=name, file=file)
    # A row is told of once.
    problems += [] if amiss else unkeyed
    frame, counts, said = without_asked(frame, source, name=name, file=file)
    if n_totals + n_unkeyed:
        left_out[TOTALS] = n_totals + n_unkeyed
    left_out |= counts
    remarks += total_rows(n_totals + n_unkeyed, name=name, file=file) + said
    if frame.empty and not problems:
        message, remedy = (
            "no row is left once rows without a key are left out.",
            "Check which column is the key.",
        )
        if marked:
            message = "no row is left once rows are left out as the study file asks."
            remedy = "Leave out fewer kinds of sheets and rows."
        problems.append(Problem(file, "", message, remedy))
    described = wanted_columns(variables).keys() | ignored
    unread = tuple(column for column in raw.present if column not in described)
    if unread:
        shown = ", ".join(unread[:_SHOWN]) + (", ..." if len(unread) > _SHOWN else "")
        remarks.append(Remark(name, file, "", "columns_not_described", len(unread), shown))
    table = Table(
        name=name,
        frame=frame,
        file=file,
        unread=unread,
        coded_missing=coded,
        n_rows=n_rows,
        left_out=left_out,
        remarks=tuple(remarks),
        rows_by_file=((file, n_rows),),
        layouts=(raw.layout,),
        kept_by_file=((file, len(frame)),),
        marks=tuple(raw.marked),
    )
    return table, problems


def _standard(variable: Variable) -> str:
    return variable.role if variable.role in KEYS else variable.column


def _nothing(variable: Variable, index: pd.Index) -> pd.Series:
    """A column of missing cells, of the type that the column has where it is there."""
    if variable.role in NUMERIC_ROLES:
        return pd.Series(np.nan, index=index, dtype="float64")
    if variable.role == "date":
        return pd.Series(pd.NaT, index=index, dtype="datetime64[us]")
    return pd.Series(None, index=index, dtype="str")


def _clean(
    raw: RawTable, variables: list[Variable], *, file: str, step: Callable[[], None]
) -> tuple[pd.DataFrame, dict[str, int], list[Problem]]:
    by_column = {variable.column: variable for variable in variables}
    coded: dict[str, int] = {}
    columns: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    for column in list(raw.frame.columns):
        described = by_column.get(column)
        clean = clean_column(
            # Taken out, so that a large table is not held twice.
            raw.frame.pop(column),
            described,
            column=column,
            file=file,
            decimal_comma=raw.decimal_comma,
            decimal_known=raw.decimal_known,
        )
        problems += clean.problems
        if raw.merged.get(column) and (described is None or described.role in NUMERIC_ROLES):
            problems.append(_merged_numbers(raw.merged[column], column=column, file=file))
        count = clean.coded_missing + sum(raw.coded_missing.get(column, {}).values())
        if count:
            coded[column] = count
        columns[_standard(described) if described else column] = clean.cells
        step()
    return pd.DataFrame(columns), coded, problems


def _merged_numbers(n: int, *, column: str, file: str) -> Problem:
    """A key or category that is shown once holds for all its rows; whether a number does cannot be seen."""
    cells = "1 cell is" if n == 1 else f"{n} cells are"
    message = f"{cells} merged with the cell above, and it is not clear which row the number is about."
    return Problem(file, column, message, "Unmerge the cells, and write each number in its own row.")


def _below_one_another(parts: list[Table]) -> Table:
    first = parts[0]
    coded: dict[str, int] = {}
    left_out: dict[str, int] = {}
    for part in parts:
        for column, count in part.coded_missing.items():
            coded[column] = coded.get(column, 0) + count
        for step, count in part.left_out.items():
            left_out[step] = left_out.get(step, 0) + count
    return Table(
        name=first.name,
        frame=pd.concat([part.frame for part in parts], ignore_index=True),
        file=", ".join(part.file for part in parts),
        unread=tuple(dict.fromkeys(column for part in parts for column in part.unread)),
        coded_missing=coded,
        n_rows=sum(part.n_rows for part in parts),
        left_out=left_out,
        remarks=tuple(remark for part in parts for remark in part.remarks),
        rows_by_file=tuple(rows for part in parts for rows in part.rows_by_file),
        layouts=tuple(layout for part in parts for layout in part.layouts),
        kept_by_file=tuple(rows for part in parts for rows in part.kept_by_file),
        marks=tuple(dict.fromkeys(kind for part in parts for kind in part.marks)),
    )
