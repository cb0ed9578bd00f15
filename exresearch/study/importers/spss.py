"""SPSS files: labels come along, and codes that the file declares missing become missing, counted."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from exresearch.study.importers.raw import RawTable, check_once, wanted
from exresearch.study.parameters import TableSource
from exresearch.study.problems import NAMEABLE
from exresearch.study.yaml_file import read_bytes, refused

# SPSS counts seconds from the first day of the Gregorian calendar.
_EPOCH = np.datetime64("1582-10-14T00:00:00", "us")
_DATES = ("DATE", "ADATE", "EDATE", "SDATE", "JDATE", "QYR", "MOYR", "WKYR", "DATETIME", "YMDHMS")
# 9999-12-31 in seconds from there: more cannot be written as a date.
_LATEST = 265_621_334_399
_ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "WINDOWS-1252"}


def read_spss(path: Path, *, columns: Collection[str] | None, source: TableSource) -> RawTable:
    """Read the wanted columns of an SPSS file, ``.sav`` or ``.zsav``.

    When to use it: through :func:`exresearch.study.importers.read_columns`, which knows the file by its content.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : collection of str or None
        Names to read; others are only listed. All when None.
    source : TableSource
        ``encoding`` replaces the one that the file names.

    Returns
    -------
    RawTable
        Numbers as float64, dates as datetime64, durations as seconds, texts as str. Codes that the file declares
        missing are missing, with their count in ``coded_missing``.

    Raises
    ------
    StudyError
        If the file is empty, damaged, or not in the encoding it names.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answers.sav"
    ...     frame = pd.DataFrame({"q": [1.0, 7.0, 9.0]})
    ...     pyreadstat.write_sav(frame, str(path), missing_ranges={"q": [9]})
    ...     raw = read_spss(path, columns=None, source=TableSource.model_validate({"file": "answers.sav"}))
    >>> raw.frame["q"].tolist(), raw.coded_missing
    ([1.0, 7.0, nan], {'q': {'9': 1}})
    """
    if not read_bytes(path, limit=1):
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    encoding = _ENCODINGS.get(source.encoding)
    _, heading = _read(path, metadataonly=True, encoding=encoding)
    present = tuple(heading.column_names)
    if not all(isinstance(name, str) and name for name in present):
        # A damaged header may leave a column without a name.
        raise refused(path, "a column has no name; the file is damaged.", "Export it again.")
    check_once(path, present, columns)
    names = wanted(present, columns)
    if not names:
        nothing = pd.DataFrame(index=pd.RangeIndex(heading.number_rows or 0))
        return RawTable(nothing, present, decimal_comma=False, layout="sav")
    frame, meta = _read(
        path, usecols=names, user_missing=True, disable_datetime_conversion=True, encoding=encoding
    )
    labels = {
        name: {_code(code): str(label) for code, label in of.items()}
        for name, of in meta.variable_value_labels.items()
        if name in names
    }
    cells: dict[str, pd.Series] = {}
    coded: dict[str, dict[str, int]] = {}
    for name in names:
        values = frame.pop(name)
        values, counts = _without_codes(
            values, meta.missing_ranges.get(name, []), labelled=labels.get(name, {})
        )
        if counts:
            coded[name] = counts
        cells[name] = _typed(values, str(meta.original_variable_types.get(name, "")))
    return RawTable(
        pd.DataFrame(cells, columns=names),
        present,
        decimal_comma=False,
        layout="sav",
        wording={n: str(meta.column_names_to_labels[n]) for n in names if meta.column_names_to_labels.get(n)},
        value_labels=labels,
        coded_missing=coded,
    )


def _read(path: Path, **options: Any) -> tuple[pd.DataFrame, Any]:
    try:
        frame, meta = pyreadstat.read_sav(str(path), **options)
    except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError, OverflowError, MemoryError) as error:
        if "encoding" in str(error) or isinstance(error, UnicodeDecodeError):
            message = "its texts are not in the encoding that the file names."
            remedy = "Name the encoding in the study file (encoding: cp1252), or save it from SPSS as UTF-8."
        else:
            message, remedy = "not a readable SPSS file; it is damaged or cut off.", "Export it again."
        raise refused(path, message, remedy) from None
    return frame, meta


def _without_codes(
    values: pd.Series, ranges: list[dict[str, Any]], *, labelled: dict[str, str]
) -> tuple[pd.Series, dict[str, int]]:
    """Make declared codes missing, and count them: each by itself, or a range where nobody may be named."""
    counts: dict[str, int] = {}
    taken = pd.Series(False, index=values.index)
    for limits in ranges:
        low, high = limits["lo"], limits["hi"]
        if isinstance(low, str):
            within = values.astype("str").str.rstrip(" ") == low.rstrip(" ")
        else:
            within = values.between(low, high)
        within &= values.notna() & ~taken
        taken |= within
        if low == high:
            counts[_code(low)] = int(within.sum())
            continue
        for code, count in values[within].value_counts().sort_index().items():
            name = _code(code) if count >= NAMEABLE or _code(code) in labelled else _range(low, high)
            counts[name] = counts.get(name, 0) + int(count)
    return values.mask(taken), {code: count for code, count in counts.items() if count}


def _typed(values: pd.Series, kind: str) -> pd.Series:
    if kind.rstrip("0123456789.") in _DATES and pd.api.types.is_numeric_dtype(values.dtype):
        seconds = values.to_numpy(dtype="float64")
        known = (seconds >= 0) & (seconds <= _LATEST)
        dates = np.full(len(seconds), np.datetime64("NaT", "us"))
        dates[known] = _EPOCH + np.round(seconds[known] * 1e6).astype("timedelta64[us]")
        if (known | np.isnan(seconds)).all():
            return pd.Series(dates, index=values.index)
        # What is no date stays a number, for the check of the column to refuse.
        return values
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64")
    texts = values.astype("str").str.rstrip(" ")
    return texts.mask(texts == "")


def _code(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, int | float) else str(value).rstrip(" ")


def _range(low: float, high: float) -> str:
    # LOWEST and HIGHEST are the ends of what a double can hold.
    if low < -1e300:
        return f"{_code(high)} or less"
    return f"{_code(low)} or more" if high > 1e300 else f"{_code(low)} to {_code(high)}"
