"""One door for every file: what it is, is seen by its content and not only by its suffix."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from exresearch.study.importers.parquet import read_parquet
from exresearch.study.importers.raw import RawTable
from exresearch.study.importers.text import read_text
from exresearch.study.parameters import TableSource
from exresearch.study.yaml_file import read_bytes, refused


def read_columns(
    path: Path, *, columns: Collection[str] | None = None, source: TableSource | None = None
) -> RawTable:
    """Read the wanted columns of a table file.

    Parameters
    ----------
    path : pathlib.Path
        A text, Parquet, workbook or SPSS file.
    columns : collection of str, optional
        Names to read; others are only listed. All when left out.
    source : TableSource, optional
        What the study file says about reading it: sheet, row of the heading, encoding.

    Returns
    -------
    RawTable

    Raises
    ------
    StudyError
        If the file is missing, a folder, empty, of another type, damaged, or repeats a wanted column.
    """
    options = source or TableSource.model_validate({"file": path.name})
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path, columns=columns, source=options)
    if suffix in (".csv", ".txt", ".tsv"):
        return read_text(path, columns=columns, source=options)
    kind = f"of type {suffix!r}" if suffix else "without a suffix"
    read_bytes(path, limit=1)
    raise refused(path, f"files {kind} cannot be read.", "Save it as CSV or Parquet.")
