"""Which rows of a table add up to which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from exresearch.disclosure.groups import Groups


def relations_of(frame: pd.DataFrame, *, within: Sequence[str], groups: Groups | None) -> sparse.csr_array:
    """Return the additive relations between the rows of a frame.

    Along each dimension the rows that differ in it alone add up to the row where it is missing. Where there is no such
    row, their total is taken to be known from elsewhere: it mostly is. Dimensions in ``within`` are not added up.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group.
    within : sequence of str
        Columns that tell apart several tables in one frame.
    groups : Groups or None
        Who is in each row. Without it the rows of each table add up to one total.

    Returns
    -------
    scipy.sparse.csr_array, shape (relations, rows)
        1 for a part, -1 for a total; the product with the rows' numbers is zero, or a number known from elsewhere.
    """
    size = len(frame)
    if not size:
        return sparse.csr_array((0, 0))
    keys = {column: _codes(frame[column]) for column in within}
    if groups is None:
        part = np.arange(size)
        return _matrix([(part[rows], None) for rows in _alike(keys, size)], size)
    if groups.pairs is not None:
        keys[groups.pairs[0]] = _codes(frame[groups.pairs[0]])
    if groups.answer and groups.answered in frame.columns:
        keys[groups.answered] = _codes(frame[groups.answered])
    for measure in groups.measures.values():
        if measure.each:
            keys[measure.each] = _codes(frame[measure.each])
    dimensions = {column: _codes(frame[column]) for column in groups.columns() if column not in keys}
    found: list[tuple[NDArray[np.intp], int | None]] = []
    for column, codes in dimensions.items():
        others = keys | {name: values for name, values in dimensions.items() if name != column}
        for rows in _alike(others, size):
            parts, totals = rows[codes[rows] >= 0], rows[codes[rows] < 0]
            # One part without a total adds up to nothing but itself: a team within its only department.
            if len(parts) > 1 or (len(parts) and len(totals)):
                found.append((parts, int(totals[0]) if len(totals) else None))
    if not dimensions:
        found = [(rows, None) for rows in _alike(keys, size)]
    return _matrix(found, size)


def _codes(column: pd.Series) -> NDArray[np.intp]:
    texts = column.map(lambda value: value if pd.api.types.is_scalar(value) else str(value))
    return np.asarray(pd.factorize(texts, use_na_sentinel=True)[0])


def _alike(keys: dict[str, NDArray[np.intp]], size: int) -> list[NDArray[np.intp]]:
    if not keys:
        return [np.arange(size)]
    numbers = pd.DataFrame(keys).groupby(list(keys), sort=False).ngroup().to_numpy()
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _matrix(found: list[tuple[NDArray[np.intp], int | None]], size: int) -> sparse.csr_array:
    matrix = sparse.lil_array((len(found), size))
    for index, (parts, total) in enumerate(found):
        matrix[index, parts] = 1.0
        if total is not None:
            matrix[index, total] = -1.0
    return matrix.tocsr()
