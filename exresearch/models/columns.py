"""What the columns of a table must be before an estimator may use them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def numeric_columns(frame: pd.DataFrame, columns: Sequence[str]) -> FloatArray:
    """The columns as a new array [n, q] of floats, NaN where missing."""
    values = np.empty((len(frame), len(columns)))
    for index, name in enumerate(columns):
        values[:, index] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def check_columns(frame: pd.DataFrame, *, numeric: Sequence[str], other: Sequence[str] = ()) -> None:
    """Check that columns exist, have one role each and, where numbers are needed, hold finite ones.

    Parameters
    ----------
    frame : DataFrame
    numeric : sequence of str
        Columns that must be numeric; missing values are allowed, infinite ones are not.
    other : sequence of str
        Columns of any type.

    Raises
    ------
    ValueError
        Naming all columns with the same fault at once, and the remedy.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"data must be a pandas DataFrame, got {type(frame).__name__}.")
    asked = [*numeric, *other]
    twice = sorted({name for name in asked if asked.count(name) > 1})
    if twice:
        raise ValueError(f"columns {twice} are named more than once: give every column one role.")
    missing = [name for name in asked if name not in frame.columns]
    if missing:
        raise ValueError(f"columns {missing} are not in the data: check the spelling, or leave them out.")
    ambiguous = [name for name in asked if (frame.columns == name).sum() > 1]
    if ambiguous:
        raise ValueError(f"columns {ambiguous} occur more than once in the data: rename them.")
    text = [name for name in numeric if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise ValueError(
            f"columns {text} are not numeric: recode them to numbers, or make dummies of categories."
        )
    # Whole numbers cannot be infinite, and on a large table a look at them takes as long as what follows.
    wide = [name for name in numeric if not pd.api.types.is_integer_dtype(frame[name])]
    infinite = [name for name in wide if np.isinf(numeric_columns(frame, [name])).any()]
    if infinite:
        raise ValueError(f"columns {infinite} hold infinite values: declare them missing, or correct them.")


def check_positive(frame: pd.DataFrame, *, argument: str, column: str) -> None:
    """Raise ValueError when the column named by `argument` holds values of zero or below."""
    wrong = int((numeric_columns(frame, [column])[:, 0] <= 0.0).sum())
    if wrong:
        raise ValueError(
            f"{argument} column '{column}' holds {wrong} values of zero or below, and must be positive: "
            "correct them, or remove those rows first and say so."
        )
