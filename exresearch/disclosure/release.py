"""The one door through which a frame passes before it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Number

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure.groups import Groups
from exresearch.disclosure.hiding.rows import hidden_rows
from exresearch.disclosure.ledger import Entry, entry_of
from exresearch.disclosure.rules import DisclosureRules

# Whoever does not hold this cannot make a Released; only this module does.
_KEY = object()
# Order statistics: each is somebody's answer.
_ONE_PERSON = frozenset({"min", "max", "median", "mode", "q1", "q3", "q25", "q50", "q75", "range"})


@dataclass(frozen=True, slots=True)
class Released:
    """A frame that may be shown; only :func:`release` makes one.

    Attributes
    ----------
    frame : pandas.DataFrame
        As received, with every number, date and yes or no of a hidden row missing.
    hidden : pandas.Series
        True for each row whose numbers are hidden.
    rules : DisclosureRules
        The rules that were applied.
    entry : Entry
        What goes into the report's ledger when the frame is shown.
    """

    frame: pd.DataFrame
    hidden: pd.Series
    rules: DisclosureRules
    entry: Entry
    key: object = field(repr=False, default=None)

    def __post_init__(self) -> None:
        if self.key is not _KEY:
            raise TypeError("a frame is released by exresearch.disclosure.release and in no other way.")

    @property
    def n_hidden(self) -> int:
        """How many rows are hidden."""
        return int(self.hidden.sum())


def release(
    frame: pd.DataFrame,
    *,
    count: str | int | None,
    rules: DisclosureRules,
    within: Sequence[str] = (),
    groups: Groups | None = None,
    rounded: Mapping[str, float] | None = None,
    name: str = "",
) -> Released:
    """Hide the numbers of rows that rest on too few respondents, or that say too much about each of them.

    A row is hidden where fewer than ``min_respondents`` people are behind it, where everybody gave nearly the same
    answer at an end of the scale, or where one contributor makes up more than half of a sum. What is hidden must not
    follow from a total and the rows that are shown, so other rows are hidden with them, as few respondents' worth as
    possible: see :func:`exresearch.disclosure.complementary_suppression`. A row with nobody behind it hides nobody and
    asks for no company.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of results; not changed.
    count : str, int or None
        Name of the column with the number of respondents behind each row, or that number for the table as a whole.
        A row whose number is missing counts as too small. None for a frame without numbers.
    rules : DisclosureRules
        Minimum groups.
    within : sequence of str
        Columns whose values tell apart several tables in one frame, each with a total of its own; a hidden row finds
        its company in its own table.
    groups : Groups, optional
        Who is in each row. Needed wherever rows are groups of people, so that they can be held against other tables;
        without it the rows are estimates from all people together, such as coefficients of a model.
    rounded : mapping of str to float, optional
        Columns to be rounded, each to a multiple of this number.
    name : str
        What the ledger calls the table.

    Returns
    -------
    Released
        The frame to show, which rows are hidden, the rules, and the entry for the ledger.

    Raises
    ------
    ValueError
        If a column does not exist, the counts are none, the number is negative, a frame without a count has numbers, or
        a frame of groups holds what single people answered (a minimum, maximum, median or quartile).

    Examples
    --------
    >>> teams = pd.DataFrame({"team": ["a", "b", "c"], "mean": [5.0, 6.0, 4.0], "n": [3, 20, 9]})
    >>> release(teams, count="n", rules=DisclosureRules()).hidden.tolist()
    [True, False, True]
    """
    _check_columns(frame, within, groups, rounded)
    counts = _counts(frame, count)
    if isinstance(count, str):
        hidden = hidden_rows(
            frame,
            counts=counts,
            least=rules.min_respondents,
            within=within,
            groups=groups,
            roll_ups=rules.roll_ups,
        )
    else:
        hidden = np.full(len(frame), count is not None and count < rules.min_respondents)
    shown = frame.copy()
    if hidden.any():
        for position in range(shown.shape[1]):
            shown.isetitem(position, _without(shown.iloc[:, position], hidden).array)
    for column, base in (rounded or {}).items():
        shown[column] = (shown[column].astype("Float64") / base).round() * base
    series = pd.Series(hidden, index=frame.index, dtype=bool)
    entry = entry_of(
        frame,
        name=name,
        count=count if isinstance(count, str) else None,
        counts=counts,
        hidden=hidden,
        groups=groups,
        rounded=rounded or {},
    )
    return Released(frame=shown, hidden=series, rules=rules, entry=entry, key=_KEY)


def _check_columns(
    frame: pd.DataFrame, within: Sequence[str], groups: Groups | None, rounded: Mapping[str, float] | None
) -> None:
    named = {"to tell tables apart": list(within), "to round": list(rounded or {})}
    if groups is not None:
        named["to name its groups"] = list(groups.columns())
        named["to show a measure"] = list(groups.measures)
        single = [
            str(name) for name in frame.columns if str(name) in _ONE_PERSON and name not in groups.measures
        ]
        if single:
            raise ValueError(
                f"release: {', '.join(single)} of a group is the answer of one or two people in it; show means, shares "
                "or intervals instead."
            )
    for purpose, names in named.items():
        absent = [name for name in names if name not in frame.columns]
        if absent:
            columns = ", ".join(str(name) for name in frame.columns)
            raise ValueError(
                f"release: there is no column {', '.join(absent)} {purpose}; the frame has {columns}."
            )


def _counts(frame: pd.DataFrame, count: str | int | None) -> NDArray[np.float64]:
    if count is None:
        numeric = list(frame.select_dtypes("number").columns)
        if numeric:
            raise ValueError(
                f"release: {', '.join(numeric)} hold numbers; say how many people are behind them."
            )
        return np.full(len(frame), np.nan)
    if not isinstance(count, str):
        if count < 0:
            raise ValueError(f"release: count must be a number of respondents; got {count!r}.")
        return np.full(len(frame), float(count))
    if count not in frame.columns:
        columns = ", ".join(str(name) for name in frame.columns)
        raise ValueError(f"release: there is no column {count!r} to count by; the frame has {columns}.")
    counts = pd.to_numeric(frame[count], errors="coerce")
    if (counts.isna() & frame[count].notna()).any() or (counts < 0).any():
        raise ValueError(
            f"release: column {count!r} must hold counts of respondents; it has texts or negative values."
        )
    return counts.to_numpy(dtype="float64", na_value=np.nan)


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
