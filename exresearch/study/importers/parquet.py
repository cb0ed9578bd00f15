"""Parquet files: only the wanted columns are read, one after the other."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from exresearch.study.importers.raw import RawTable, check_once, wanted
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, StudyError
from exresearch.study.remarks import Remark
from exresearch.study.yaml_file import read_bytes, refused

# Nullable types keep whole numbers exact and flags numeric where cells are missing. Whole numbers of up to 32 bits are
# as exact as float64.
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}


def read_parquet(path: Path, *, columns: Collection[str] | None, source: TableSource) -> RawTable:
    """Read the wanted columns of a Parquet file.

    When to use it: through :func:`exresearch.study.importers.read_columns`, which knows the file by its content.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : collection of str or None
        Names to read; the others are not touched. All when None.
    source : TableSource
        Nothing of it concerns Parquet.

    Returns
    -------
    RawTable
        Numbers, flags and dates as pandas types that hold them exactly; decimals as float64, times and durations as
        seconds, categories and texts as str.

    Raises
    ------
    StudyError
        If the file is a folder, empty or damaged, repeats a wanted column, or a wanted column holds lists, records or
        bytes.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answers.parquet"
    ...     pq.write_table(pa.table({"team": ["north", "south"], "q": [1, 7]}), path)
    ...     raw = read_parquet(path, columns={"q"}, source=TableSource.model_validate({"file": path.name}))
    >>> raw.frame["q"].tolist(), raw.present
    ([1, 7], ('team', 'q'))
    """
    if not read_bytes(path, limit=1):
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    cells: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    remarks: list[Remark] = []
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            present = tuple(schema.names)
            check_once(path, present, columns)
            names = wanted(present, columns)
            for name in dict.fromkeys(names):
                field = schema.field(present.index(name))
                if kind := _unreadable(field.type):
                    message = f"the column holds {kind}, which is no answer."
                    remedy = "Write one plain value per cell, or leave the column out."
                    if columns is None:
                        remarks.append(Remark("", path.name, name, "column_unclear", 0, message))
                    else:
                        problems.append(Problem(path.name, name, message, remedy))
                    continue
                # A point in a name leads into a record, so that the column is taken by its own name from what is read.
                read = file.read(columns=[name], use_threads=False, use_pandas_metadata=False)
                column = read.column(read.schema.names.index(name))
                cells[name], seconds = _typed(column)
                if seconds:
                    remarks.append(Remark("", path.name, name, "times_in_seconds", seconds))
            n_rows = file.metadata.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        raise refused(path, "not a readable Parquet file.", "Export it again.") from None
    if problems:
        raise StudyError(problems)
    frame = pd.DataFrame(cells, index=pd.RangeIndex(n_rows))
    return RawTable(frame, present, decimal_comma=False, layout="parquet", remarks=tuple(remarks))


def _unreadable(kind: pa.DataType) -> str:
    """Return in words what cannot be an answer, or an empty text."""
    if pa.types.is_struct(kind) or pa.types.is_map(kind) or pa.types.is_union(kind):
        return "records"
    if pa.types.is_nested(kind):
        return "lists"
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_binary(value) or pa.types.is_large_binary(value) or pa.types.is_fixed_size_binary(value):
        return "bytes"
    return ""


def _typed(column: pa.ChunkedArray) -> tuple[pd.Series, int]:
    """Return the cells of a column, and how many of them were times that are now seconds."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind, seconds = column.type, 0
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_float16(kind):
        column = column.cast(pa.float32())
    elif pa.types.is_time(kind) or pa.types.is_duration(kind):
        parts = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        whole = column.cast(pa.int32()).cast(pa.int64()) if kind.bit_width == 32 else column.cast(pa.int64())
        seconds = len(column) - column.null_count
        column = pa.chunked_array([pa.array(whole.to_pandas().astype("float64") / parts, from_pandas=True)])
    elif pa.types.is_null(kind):
        return pd.Series(None, index=pd.RangeIndex(len(column)), dtype="str"), 0
    cells = column.to_pandas(date_as_object=False, types_mapper=_NULLABLE.get)
    return cells.rename(None), seconds
