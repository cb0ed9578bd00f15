"""Dates as files write them: a day, written in one of two ways, and nothing else."""

from __future__ import annotations

import pandas as pd

from exresearch.study.problems import Problem
from exresearch.study.tables.cells.naming import n_cells, named, several

_EARLIEST = pd.Timestamp("1900-01-01")
_OFFSET = r"([T ]\d{2}:\d{2}[\d:.,]*)\s*(?:Z|[-+]\d{2}(?::?\d{2})?)$"
# A year or a month alone is no day.
_NO_DAY = r"-?\d{1,4}(?:-\d{1,2})?"


def as_dates(values: pd.Series, *, column: str, file: str) -> tuple[pd.Series, list[Problem]]:
    """Return the cells of a column as days, and what is wrong with them.

    Parameters
    ----------
    values : pandas.Series
        Cells as they stand in the file; blanks and missing codes missing.
    column, file : str
        Where they are, for the messages.

    Returns
    -------
    pandas.Series
        datetime64; missing where a cell holds something else.
    list of Problem

    Examples
    --------
    >>> as_dates(pd.Series(["31-03-2024", "2024-03-31T00:30+02:00"]), column="d", file="a.csv")[0].dt.day.tolist()
    [31, 31]
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        dates = values.dt.tz_localize(None)
        return dates, _too_early(dates, column=column, file=file)
    if isinstance(values.dtype, pd.StringDtype):
        # The day it was there, not in Greenwich.
        timed = values.str.contains(":", regex=False, na=False).any()
        local = values.str.replace(_OFFSET, r"\1", regex=True) if timed else values
        dates = pd.to_datetime(local, format="ISO8601", errors="coerce", utc=True)
        if (dates.isna() & values.notna()).any():
            dates = dates.fillna(pd.to_datetime(values, format="%d-%m-%Y", errors="coerce", utc=True))
        dates = dates.dt.tz_localize(None).mask(values.str.fullmatch(_NO_DAY, na=False))
    else:
        dates = pd.Series(pd.NaT, index=values.index)
    wrong = dates.isna() & values.notna()
    problems = _too_early(dates, column=column, file=file)
    if wrong.any():
        message = (
            f"a date is expected, but {n_cells(wrong, 'holds', 'hold')} something else{named(values[wrong])}."
        )
        problems.append(Problem(file, column, message, "Write dates as 2024-03-31 or 31-03-2024."))
    return dates, problems


def _too_early(dates: pd.Series, *, column: str, file: str) -> list[Problem]:
    # Spreadsheets turn an empty date into one of 1899 or 1900.
    early = dates < _EARLIEST
    if not early.any():
        return []
    message = f"{several(early, 'date lies', 'dates lie')} before 1900."
    return [Problem(file, column, message, "Correct the dates, or leave unknown ones empty.")]
