"""One door for every file: what it is, is seen by its content and not only by its suffix."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from exresearch.study.importers.kinds import kind_of
from exresearch.study.importers.parquet import read_parquet
from exresearch.study.importers.raw import RawTable
from exresearch.study.importers.spss import read_spss
from exresearch.study.importers.text.reader import read_text
from exresearch.study.importers.workbook.reader import read_workbook
from exresearch.study.parameters import TableSource
from exresearch.study.remarks import Remark

_SUFFIXES = {
    ".parquet": ("parquet",), ".sav": ("spss",), ".zsav": ("spss",), ".ods": ("ods",), ".xls": ("xls",),
    ".xlsx": ("xlsx",), ".xlsm": ("xlsm",), ".xlsb": ("xlsb",), ".csv": ("text",), ".tsv": ("text",), ".txt": ("text",),
}  # fmt: skip
_PLAIN = ("parquet", "spss", "text", "ods")


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
        With a remark where the suffix promises another kind of file than the content is.

    Raises
    ------
    StudyError
        If the file is missing, a folder, empty, of another type, protected, damaged, or repeats a wanted column.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answers.dat"
    ...     _ = path.write_text("unit;eng_1;eng_2", encoding="utf-8")
    ...     read_columns(path, columns={"eng_1"}).present
    ('unit', 'eng_1', 'eng_2')
    """
    options = source or TableSource.model_validate({"file": path.name})
    kind = kind_of(path)
    if kind == "parquet":
        table = read_parquet(path, columns=columns, source=options)
    elif kind == "spss":
        table = read_spss(path, columns=columns, source=options)
    elif kind == "text":
        table = read_text(path, columns=columns, source=options)
    else:
        table = read_workbook(path, columns=columns, source=options, kind=kind)
    promised = _SUFFIXES.get(path.suffix.lower(), (kind,))
    if kind in promised or kind[:3] == "xls" == promised[0][:3]:
        return table
    found = f"read_as_{kind if kind in _PLAIN else 'excel'}"
    return replace(table, remarks=(*table.remarks, Remark("", path.name, "", found, 0, path.suffix)))
