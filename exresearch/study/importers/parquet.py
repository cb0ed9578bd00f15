"""Parquet files: only the wanted columns are read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from exresearch.study.importers.raw import RawTable, check_once, wanted
from exresearch.study.parameters import TableSource
from exresearch.study.yaml_file import read_bytes, refused

# Nullable types keep whole numbers exact and flags numeric where cells are missing.
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}


def read_parquet(path: Path, *, columns: Collection[str] | None, source: TableSource) -> RawTable:
    """Read the wanted columns of a Parquet file.

    Raises
    ------
    StudyError
        If the file is empty or damaged, or repeats a wanted column.
    """
    if not read_bytes(path, limit=1):
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    try:
        present = tuple(pq.read_schema(path).names)
        check_once(path, present, columns)
        table = pq.read_table(path, columns=wanted(present, columns))
        for number, field in enumerate(table.schema):
            if pa.types.is_dictionary(field.type):
                table = table.set_column(number, field.name, table.column(number).cast(field.type.value_type))
            elif pa.types.is_decimal(field.type):
                table = table.set_column(number, field.name, table.column(number).cast(pa.float64()))
        # A named index would be taken out of the columns.
        frame = table.to_pandas(ignore_metadata=True, date_as_object=False, types_mapper=_NULLABLE.get)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise refused(path, "not a readable Parquet file.", "Export it again.") from None
    return RawTable(frame, present, decimal_comma=False, layout="parquet")
