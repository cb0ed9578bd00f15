"""Reverse coding, in one place."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from exresearch.study import Variable


def oriented(values: pd.Series, variable: Variable) -> pd.Series:
    """Return a column's values so that higher means more of its construct.

    Parameters
    ----------
    values : pandas.Series
        Answers on the scale that the codebook declares, missing codes already missing.
    variable : Variable
        The codebook entry.

    Returns
    -------
    pandas.Series
        ``minimum + maximum - value`` where the entry is ``reversed``, else the values, as float64.

    Examples
    --------
    >>> scale = {"minimum": 1, "maximum": 7, "reversed": True}
    >>> item = Variable(table="employees", column="q", role="driver", block="other", **scale)
    >>> oriented(pd.Series([1.0, 7.0]), item).tolist()
    [7.0, 1.0]
    """
    numbers = values.astype("float64")
    if not variable.reversed or variable.minimum is None or variable.maximum is None:
        return numbers
    return variable.minimum + variable.maximum - numbers


def oriented_frame(frame: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """Return several columns oriented, under their own names.

    Parameters
    ----------
    frame : pandas.DataFrame
        A cleaned table.
    variables : sequence of Variable
        Entries of that table.

    Returns
    -------
    pandas.DataFrame
        One float64 column per entry, named by the column in the client's table.
    """
    return pd.DataFrame({v.column: oriented(frame[v.column], v) for v in variables}, index=frame.index)
