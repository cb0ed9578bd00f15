"""What the columns of a table must be before an estimator may use them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.names import optional_name, repeated
from exresearch.study.coded import ranked

FloatArray = NDArray[np.float64]

# Whole numbers beyond this are rounded as floats.
_EXACT = 2.0**53
# Beyond these, squares and their products leave the range of floats.
_SMALLEST, _LARGEST = 1e-100, 1e100


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
        Naming all columns with the same fault at once, and the remedy. Besides what is missing, ambiguous or not
        numeric: whole numbers beyond 2**53, which floats do not hold, and values that vary by less than 1e-100 or are
        larger than 1e100, whose products floats do not hold.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"data must be a pandas DataFrame, got {type(frame).__name__}.")
    asked = [*numeric, *other]
    for name in asked:
        optional_name("every column", name)
    twice = repeated(asked)
    if twice:
        raise ValueError(f"columns {twice} are named more than once: give every column one role.")
    missing = [name for name in asked if name not in frame.columns]
    if missing:
        raise ValueError(f"columns {missing} are not in the data: check the spelling, or leave them out.")
    unique = frame.columns.is_unique
    ambiguous = [] if unique else [name for name in asked if (frame.columns == name).sum() > 1]
    if ambiguous:
        raise ValueError(f"columns {ambiguous} occur more than once in the data: rename them.")
    series = {name: frame[name] for name in numeric}
    text = [name for name in numeric if not _is_real(series[name])]
    if text:
        raise ValueError(
            f"columns {text} are not numeric: recode them to numbers, or make dummies of categories."
        )
    limits = {name: _limits(series[name]) for name in numeric}
    infinite = [name for name, (low, high) in limits.items() if np.isinf(low) or np.isinf(high)]
    if infinite:
        raise ValueError(f"columns {infinite} hold infinite values: declare them missing, or correct them.")
    whole = [name for name in numeric if pd.api.types.is_integer_dtype(series[name])]
    long = [name for name in whole if max(-limits[name][0], limits[name][1]) > _EXACT]
    if long:
        raise ValueError(
            f"columns {long} hold whole numbers beyond 2**53, of which the last digits would be lost: they look like "
            "labels; leave them out, or convert them to float first."
        )
    extreme = [
        name
        for name, (low, high) in limits.items()
        if 0.0 < high - low < _SMALLEST or max(-low, high) > _LARGEST
    ]
    if extreme:
        raise ValueError(
            f"columns {extreme} vary by less than {_SMALLEST:g} or hold values beyond {_LARGEST:g}: give them in "
            "another unit, or correct them."
        )


def _is_real(series: pd.Series) -> bool:
    if isinstance(series.dtype, np.dtype):
        return series.dtype.kind in "iufb"
    return pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_complex_dtype(series)


def _limits(series: pd.Series) -> tuple[float, float]:
    """Smallest and largest value; zeros without values, and for whole numbers that are too short to go wrong."""
    kind = getattr(series.dtype, "numpy_dtype", series.dtype)
    if isinstance(kind, np.dtype) and (kind.kind == "b" or (kind.kind in "iu" and kind.itemsize < 8)):
        return 0.0, 0.0
    if isinstance(series.dtype, np.dtype):
        values = series.to_numpy()
    else:
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if not len(values):
        return 0.0, 0.0
    # Without a word about missing values, which min and max would pass on.
    low, high = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    return (0.0, 0.0) if np.isnan(low) else (low, high)


def label_codes(labels: pd.Series, *, argument: str) -> tuple[NDArray[np.int64], pd.Index]:
    """Number of the label of each row, -1 where it is missing, and the different labels, sorted."""
    if isinstance(labels.dtype, pd.StringDtype):
        return ranked(labels)
    try:
        codes, found = pd.factorize(labels, sort=True)
    except TypeError as error:
        raise ValueError(
            f"{argument} column '{labels.name}' holds values that cannot be labels, such as lists: give each unit a "
            "number or a text."
        ) from error
    return codes.astype(np.int64, copy=False), pd.Index(found)


def unit_codes(labels: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    """Number of the unit of each row, -1 where it is missing, and the labels in their order."""
    if isinstance(labels.dtype, pd.CategoricalDtype):
        # In the order of their labels, as any other column, not of their categories.
        units = labels.cat.categories
        codes = labels.cat.codes.to_numpy()
        if not units.is_monotonic_increasing:
            inner, units = pd.factorize(units, sort=True)
            codes = np.append(inner, -1)[codes]
        return codes.astype(np.int64), units
    return label_codes(labels, argument="cluster")


def check_positive(frame: pd.DataFrame, *, argument: str, column: str) -> None:
    """Raise ValueError when the column named by `argument` holds values of zero or below."""
    wrong = int((numeric_columns(frame, [column])[:, 0] <= 0.0).sum())
    if wrong:
        raise ValueError(
            f"{argument} column '{column}' holds {wrong} values of zero or below, and must be positive: "
            "correct them, or remove those rows first and say so."
        )
