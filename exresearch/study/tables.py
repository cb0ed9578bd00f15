"""Tables read as the codebook describes them, and checked before anything is computed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from exresearch.study.codebook import KEYS, Codebook, Variable
from exresearch.study.problems import Problem, StudyError, nearest

_NUMERIC_ROLES = ("item", "driver", "outcome", "need", "measure", "count", "flag", "weight")
# A value is named in a message only if at least this many rows hold it: then it is a code, not somebody's answer.
_NAMEABLE = 5


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it was understood.

    Attributes
    ----------
    name : str
        Which table of the data model.
    frame : pandas.DataFrame
        The described columns; keys under their standard names, missing codes made missing, numbers as float64.
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
        A ``.csv`` or ``.parquet`` file.
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
        Missing or empty file, unknown format, missing columns, text in a number column, values outside a scale,
        a weight that is not positive. No message holds a value that fewer than five rows share.
    """
    variables = [variable for variable in codebook.select(name) if variable.role != "ignore"]
    if not variables:
        message = f"table {name!r} is listed in the study, but the codebook describes none of its columns."
        raise StudyError([Problem(path.name, "", message, "Describe its columns, or leave the table out.")])
    wanted = {variable.column for variable in variables}
    wanted |= {c for v in variables for c in (v.n_column, v.std_error_column) if c is not None}
    raw, present = _read(path, columns=wanted)
    missing = sorted(wanted - set(present))
    if missing:
        raise StudyError(
            [
                Problem(path.name, column, f"table {name!r} has no such column.", nearest(column, present))
                for column in missing
            ]
        )
    if raw.empty:
        raise StudyError([Problem(path.name, "", "the file has a heading but no rows.", "Export it again.")])
    problems: list[Problem] = []
    coded: dict[str, int] = {}
    columns: dict[str, pd.Series] = {}
    by_column = {variable.column: variable for variable in variables}
    for column in [c for c in present if c in wanted]:
        variable = by_column.get(column)
        values, n_coded = _blank_codes(raw[column], variable)
        if n_coded:
            coded[column] = n_coded
        if variable is None or variable.role in _NUMERIC_ROLES:
            values, found = _as_numbers(values, column=column, file=path.name)
            problems += found
            if not found and variable is not None:
                problems += _check_range(values, variable, file=path.name)
        elif variable.role != "date":
            values = _as_text(values)
        columns[variable.role if variable and variable.role in KEYS else column] = values
    if problems:
        raise StudyError(problems)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(raw)))
    unread = tuple(column for column in present if column not in wanted)
    return Table(name=name, frame=frame, file=path.name, unread=unread, coded_missing=coded, n_rows=len(raw))


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
        frame = table.frame
        needed = {"units": ("unit",), "people": ("person",), "moments": ()}.get(table.name, ())
        for key in needed:
            if key not in frame:
                message = f"table {table.name!r} needs a column with role {key!r}."
                problems.append(
                    Problem(table.file, key, message, "Give one column that role in the codebook.")
                )
            elif frame[key].isna().any():
                count = int(frame[key].isna().sum())
                problems.append(
                    Problem(table.file, key, f"{count} rows have no {key}.", "Complete or remove those rows.")
                )
        keys = {"employees": ["person", "wave"], "units": ["unit", "wave"], "people": ["person"]}.get(
            table.name, []
        )
        keys = [key for key in keys if key in frame]
        if keys and not (table.name == "employees" and "person" not in keys):
            complete = frame[keys].dropna()
            repeated = int(complete.duplicated().sum())
            if repeated:
                what = " and ".join(keys)
                message = f"{repeated} rows repeat a combination of {what} that stands in an earlier row."
                problems.append(
                    Problem(table.file, what, message, "Keep one row for each, or correct the wave.")
                )
    if "units" in tables and "unit" in tables["units"].frame:
        known = set(tables["units"].frame["unit"].dropna())
        for table in tables.values():
            if table.name == "units" or "unit" not in table.frame:
                continue
            strange = sorted(set(table.frame["unit"].dropna()) - known)
            if strange:
                shown = ", ".join(strange[:5]) + (" ..." if len(strange) > 5 else "")
                message = f"{len(strange)} units are not in the table 'units': {shown}."
                problems.append(
                    Problem(table.file, "unit", message, "Correct the names, or add these units.")
                )
    if problems:
        raise StudyError(problems)


def _read(path: Path, *, columns: set[str]) -> tuple[pd.DataFrame, list[str]]:
    try:
        size = path.stat().st_size
    except OSError:
        raise StudyError(
            [Problem(path.name, "", "the file does not exist.", "Check the path in the study file.")]
        ) from None
    if size == 0:
        raise StudyError([Problem(path.name, "", "the file is empty (0 bytes).", "Export it again.")])
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path, columns)
    if suffix in (".csv", ".txt", ".tsv"):
        return _read_csv(path, columns)
    message = f"files of type {suffix or 'without a suffix'!r} cannot be read."
    raise StudyError([Problem(path.name, "", message, "Save it as CSV or Parquet.")])


def _read_parquet(path: Path, columns: set[str]) -> tuple[pd.DataFrame, list[str]]:
    try:
        present = pq.read_schema(path).names  # type: ignore[no-untyped-call]
        kept = [name for name in present if name in columns]
        return pq.read_table(path, columns=kept).to_pandas(), present
    except (pa.ArrowInvalid, OSError):
        raise StudyError(
            [Problem(path.name, "", "not a readable Parquet file.", "Export it again.")]
        ) from None


def _read_csv(path: Path, columns: set[str]) -> tuple[pd.DataFrame, list[str]]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    present = next(csv.reader([header.rstrip("\r")], delimiter=delimiter))
    repeated = sorted({name for name in present if present.count(name) > 1} & columns)
    if repeated:
        message = "the heading has this column more than once."
        raise StudyError([Problem(path.name, name, message, "Rename or remove one.") for name in repeated])
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            usecols=lambda name: name in columns,
        )
    except pd.errors.ParserError:
        message = "the rows do not have as many fields as the heading."
        raise StudyError(
            [Problem(path.name, "", message, "Export it again, with text between quotes.")]
        ) from None
    if delimiter == ";":
        # A semicolon separates fields where the comma is the decimal sign.
        for name in frame.columns:
            decimal = frame[name].str.fullmatch(r"-?\d+,\d+")
            frame[name] = frame[name].mask(decimal, frame[name].str.replace(",", ".", regex=False))
    return frame, present


def _blank_codes(values: pd.Series, variable: Variable | None) -> tuple[pd.Series, int]:
    if pd.api.types.is_string_dtype(values) or values.dtype == object:
        values = values.astype("object").where(values.notna(), None)
        blank = values.map(lambda value: isinstance(value, str) and value.strip() == "")
        values = values.mask(blank.astype(bool), None)
    if variable is None or not variable.missing:
        return values, 0
    codes = {str(code) for code in variable.missing}
    numbers = {float(code) for code in variable.missing if not isinstance(code, str)}
    as_number = pd.to_numeric(values, errors="coerce")
    coded = as_number.isin(numbers) | values.astype("object").map(
        lambda value: str(value).strip() in codes
    ).astype(bool)
    return values.mask(coded), int(coded.sum())


def _as_numbers(values: pd.Series, *, column: str, file: str) -> tuple[pd.Series, list[Problem]]:
    if pd.api.types.is_bool_dtype(values):
        return values.astype("float64"), []
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    wrong = numbers.isna() & values.notna()
    infinite = np.isinf(numbers)
    problems = []
    if wrong.any():
        count = int(wrong.sum())
        cells = "1 cell holds" if count == 1 else f"{count} cells hold"
        message = f"a number is expected, but {cells} text{_nameable(values[wrong])}."
        remedy = "Correct the cells, or list the text under 'missing' in the codebook."
        problems.append(Problem(file, column, message, remedy))
    if infinite.any():
        problems.append(
            Problem(file, column, f"{int(infinite.sum())} cells are infinite.", "Correct the cells.")
        )
    return numbers, problems


def _as_text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    text = values.astype("object").map(lambda value: str(value).strip(), na_action="ignore")
    return text.where(values.notna(), None).astype("str").where(values.notna())


def _check_range(values: pd.Series, variable: Variable, *, file: str) -> list[Problem]:
    if variable.role == "weight" and (values <= 0).any():
        count = int((values <= 0).sum())
        return [
            Problem(
                file, variable.column, f"{count} weights are zero or negative.", "Weights must be above 0."
            )
        ]
    if variable.role == "count" and (values < 0).any():
        count = int((values < 0).sum())
        return [Problem(file, variable.column, f"{count} counts are negative.", "Counts must be 0 or more.")]
    if variable.minimum is None or variable.maximum is None:
        return []
    outside = (values < variable.minimum) | (values > variable.maximum)
    if not outside.any():
        return []
    count = int(outside.sum())
    cells = "1 cell lies" if count == 1 else f"{count} cells lie"
    scale = f"{variable.minimum:g} to {variable.maximum:g}"
    message = f"{cells} outside the scale {scale}{_nameable(values[outside])}."
    remedy = "Correct the scale, or list the code under 'missing' in the codebook."
    return [Problem(file, variable.column, message, remedy)]


def _nameable(values: pd.Series) -> str:
    counts = values.value_counts()
    common = sorted(
        str(f"{value:g}" if isinstance(value, float) else repr(value))
        for value in counts[counts >= _NAMEABLE].index
    )
    return f" ({', '.join(common[:5])})" if common else ""
