"""What every importer gives: the cells of a file as they stand, and what the file itself says about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from exresearch.study.problems import Problem, StudyError
from exresearch.study.remarks import Remark


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells as they stand in a file.

    Attributes
    ----------
    frame : pandas.DataFrame
        The wanted columns that are there, by name, in the order of the file. Cells of a text file as text; typed
        cells of other formats as numbers, dates or text.
    present : tuple of str
        All columns of the file, in order.
    decimal_comma : bool
        Whether the decimal sign in text is a comma rather than a point, where a column does not show it.
    decimal_known : bool
        Whether the study file names the decimal sign, so that it need not show.
    layout : str
        What kind of file it turned out to be: csv, parquet, xlsx, ods, sav, and after a slash the platform that
        wrote it (``csv/qualtrics``).
    wording : dict of str to str
        Question of a column, where the file holds it.
    value_labels : dict of str to dict
        Label of each code of a column, where the file holds them.
    coded_missing : dict of str to dict of str to int
        How many cells of a column held each code that the file itself declares missing; those cells are missing in
        ``frame``.
    remarks : tuple of Remark
        What was decided while reading; ``table`` is still empty.
    marked : dict of str to pandas.Series
        Which rows the survey platform says are a ``preview``, ``spam`` or ``unfinished``; only kinds that it tells of.
    merged : dict of str to int
        How many cells of a column are merged with the cell above; each holds what that cell shows.
    """

    frame: pd.DataFrame
    present: tuple[str, ...]
    decimal_comma: bool
    decimal_known: bool = False
    layout: str = "csv"
    wording: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    coded_missing: dict[str, dict[str, int]] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    marked: dict[str, pd.Series] = field(default_factory=dict)
    merged: dict[str, int] = field(default_factory=dict)


def wanted(present: Collection[str], columns: Collection[str] | None) -> list[str]:
    """Return the columns to read, in the order of the file; all of them when none are named."""
    return [name for name in present if columns is None or name in columns]


def check_once(path: Path, present: tuple[str, ...], columns: Collection[str] | None) -> None:
    """Refuse a file whose heading has a wanted column more than once."""
    repeated = sorted({n for n in present if present.count(n) > 1 and (columns is None or n in columns)})
    if repeated:
        message = "the heading has this column more than once."
        raise StudyError([Problem(path.name, name, message, "Rename or remove one.") for name in repeated])
