"""One table, read as the codebook describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from exresearch.study.codebook import KEYS, Codebook, Variable
from exresearch.study.importers import RawTable, read_columns
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.remarks import Remark
from exresearch.study.tables.columns import clean_column

# Without these keys a row says nothing about anybody.
NEEDED = {"units": ("unit",), "people": ("person",)}
_SHOWN = 12


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
        Rows in the file.
    left_out : dict of str to int
        Rows left out on request, by the step of the attrition ledger.
    remarks : tuple of Remark
        What was noticed while reading.
    """

    name: str
    frame: pd.DataFrame
    file: str
    unread: tuple[str, ...]
    coded_missing: dict[str, int]
    n_rows: int
    left_out: dict[str, int]
    remarks: tuple[Remark, ...] = ()


def read_table(parts: Sequence[tuple[Path, TableSource]], *, name: str, codebook: Codebook) -> Table:
    """Read one table and check every described column, reporting all problems together.

    Parameters
    ----------
    parts : sequence of (pathlib.Path, TableSource)
        The files of the table, rows below one another, as :func:`exresearch.study.importers.read_columns`.
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
        remedy = "Describe its columns, or leave the table out."
        raise StudyError([Problem(path.name, "", message, remedy) for path, _ in parts])
    read: list[Table] = []
    problems: list[Problem] = []
    for path, source in parts:
        try:
            read.append(_read_part(path, source, name=name, variables=variables))
        except StudyError as error:
            problems += error.problems
    if problems:
        raise StudyError(problems)
    return read[0] if len(read) == 1 else _below_one_another(read)


def _read_part(path: Path, source: TableSource, *, name: str, variables: list[Variable]) -> Table:
    wanted = {variable.column: variable.column for variable in variables}
    for variable in variables:
        for key in ("n_column", "std_error_column"):
            if getattr(variable, key) is not None:
                wanted.setdefault(getattr(variable, key), f"{key} of {variable.column}")
    raw = read_columns(path, columns=set(wanted), source=source)
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
    frame, coded, found = _clean(raw, variables, file=path.name)
    problems += found
    if source.wave and "wave" in frame:
        message = f"the study file gives wave {source.wave!r}, but the codebook names a column for it."
        problems.append(Problem(path.name, "wave", message, "Take one of the two out."))
    if problems:
        raise StudyError(problems)
    if source.wave:
        frame = frame.assign(wave=pd.Series(source.wave, index=frame.index, dtype="str"))
    n_rows, left_out, remarks = len(frame), {}, [replace(remark, table=name) for remark in raw.remarks]
    for key in NEEDED.get(name, ()):
        if source.without_key == "leave_out" and key in frame and frame[key].isna().any():
            lacking = frame[key].isna()
            left_out[f"without {key}"] = int(lacking.sum())
            remarks.append(Remark(name, path.name, "", "rows_without_key", int(lacking.sum()), key))
            frame = frame[~lacking].reset_index(drop=True)
    unread = tuple(column for column in raw.present if column not in wanted)
    if unread:
        shown = ", ".join(unread[:_SHOWN]) + (", ..." if len(unread) > _SHOWN else "")
        remarks.append(Remark(name, path.name, "", "columns_not_described", len(unread), shown))
    return Table(
        name=name,
        frame=frame,
        file=path.name,
        unread=unread,
        coded_missing=coded,
        n_rows=n_rows,
        left_out=left_out,
        remarks=tuple(remarks),
    )


def _clean(
    raw: RawTable, variables: list[Variable], *, file: str
) -> tuple[pd.DataFrame, dict[str, int], list[Problem]]:
    by_column = {variable.column: variable for variable in variables}
    coded: dict[str, int] = {}
    columns: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    for column in raw.frame.columns:
        described = by_column.get(column)
        clean = clean_column(
            raw.frame[column], described, column=column, file=file, decimal_comma=raw.decimal_comma
        )
        problems += clean.problems
        count = clean.coded_missing + sum(raw.coded_missing.get(column, {}).values())
        if count:
            coded[column] = count
        columns[described.role if described and described.role in KEYS else column] = clean.cells
    return pd.DataFrame(columns), coded, problems


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
    )
