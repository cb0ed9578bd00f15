"""The door through which a frame passes before it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure.rules import DisclosureRules


@dataclass(frozen=True, slots=True)
class Released:
    """A frame that may be shown.

    Attributes
    ----------
    frame : pandas.DataFrame
        As received, with every number, date and yes or no of a hidden row missing.
    hidden : pandas.Series
        True for each row whose numbers are hidden.
    rules : DisclosureRules
        The rules that were applied.
    """

    frame: pd.DataFrame
    hidden: pd.Series
    rules: DisclosureRules

    @property
    def n_hidden(self) -> int:
        """How many rows are hidden."""
        return int(self.hidden.sum())


def release(
    frame: pd.DataFrame, *, count: str | int, rules: DisclosureRules, within: Sequence[str] = ()
) -> Released:
    """Hide the numbers of rows that rest on too few respondents.

    What is hidden must not follow from a total and the rows that are shown. So where one row would be hidden, or rows
    with too few respondents together, the smallest of the others is hidden with them until there are two or more hidden
    rows with enough respondents together. A row with nobody behind it hides nobody and asks for no company.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of group results; not changed.
    count : str or int
        Name of the column with the number of respondents behind each row, or that number for the table as a whole.
        A row whose number is missing counts as too small.
    rules : DisclosureRules
        Minimum groups.
    within : sequence of str
        Columns whose values tell apart several tables in one frame, each with a total of its own; a hidden row finds
        its company in its own table.

    Returns
    -------
    Released
        The frame to show, which rows are hidden, and the rules.

    Raises
    ------
    ValueError
        If a column does not exist, the counts are none, or the number is negative.

    Examples
    --------
    >>> teams = pd.DataFrame({"team": ["a", "b", "c"], "mean": [5.0, 6.0, 4.0], "n": [3, 20, 9]})
    >>> release(teams, count="n", rules=DisclosureRules()).hidden.tolist()
    [True, False, True]
    """
    if isinstance(count, str):
        counts = _counts(frame, count)
        hidden = np.zeros(len(frame), dtype=bool)
        for rows in _tables(frame, within):
            hidden[rows] = _with_company(counts[rows], rules.min_respondents)
    else:
        if count < 0:
            raise ValueError(f"release: count must be a number of respondents; got {count!r}.")
        hidden = np.full(len(frame), count < rules.min_respondents)
    shown = frame.copy()
    if hidden.any():
        for position in range(shown.shape[1]):
            shown.isetitem(position, _without(shown.iloc[:, position], hidden).array)
    return Released(frame=shown, hidden=pd.Series(hidden, index=frame.index, dtype=bool), rules=rules)


def _tables(frame: pd.DataFrame, within: Sequence[str]) -> list[NDArray[np.intp]]:
    if not within:
        return [np.arange(len(frame))]
    absent = [name for name in within if name not in frame.columns]
    if absent:
        columns = ", ".join(str(name) for name in frame.columns)
        raise ValueError(
            f"release: there is no column {', '.join(absent)} to tell tables apart; the frame has {columns}."
        )
    numbers = frame.groupby(list(within), sort=False, dropna=False, observed=True).ngroup().to_numpy()
    return [np.flatnonzero(numbers == number) for number in range(int(numbers.max(initial=-1)) + 1)]


def _counts(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in frame.columns:
        columns = ", ".join(str(name) for name in frame.columns)
        raise ValueError(f"release: there is no column {column!r} to count by; the frame has {columns}.")
    counts = pd.to_numeric(frame[column], errors="coerce")
    if (counts.isna() & frame[column].notna()).any() or (counts < 0).any():
        raise ValueError(
            f"release: column {column!r} must hold counts of respondents; it has texts or negative values."
        )
    return counts.to_numpy(dtype="float64", na_value=np.nan)


def _with_company(counts: NDArray[np.float64], least: int) -> NDArray[np.bool_]:
    # A missing number is not greater than or equal to anything.
    hidden = ~(counts >= least)
    needy = hidden & (counts != 0)
    if not needy.any():
        return hidden
    candidates = np.flatnonzero(~hidden)
    for row in candidates[np.argsort(counts[candidates], kind="stable")]:
        # One row alone is always too few, so there are two or more when this is enough.
        if np.nansum(counts[needy]) >= least:
            break
        hidden[row] = needy[row] = True
    return hidden


def _without(column: pd.Series, hidden: NDArray[np.bool_]) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype):
        return column
    if pd.api.types.is_object_dtype(column.dtype):
        numbers = column.map(lambda cell: isinstance(cell, Number | np.bool_)).to_numpy(dtype=bool)
        return column.mask(hidden & numbers, other=None)
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("boolean").mask(hidden)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("Float64").mask(hidden)
    return column.mask(hidden)
