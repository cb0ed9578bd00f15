"""From rows to cross-products per unit, in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.models.columns import check_columns, check_positive, numeric_columns
from exresearch.models.moments.unit import BLOCK_CELLS, UnitMoments, products, sorted_rows, unpack
from exresearch.models.resampling import NotEstimable


def unit_moments(
    frame: pd.DataFrame, *, columns: Sequence[str], weights: str | None = None, cluster: str | None = None
) -> UnitMoments:
    """One pass over the rows: weighted cross-products per unit.

    Use it when several analyses share their columns, when rows come in parts (`UnitMoments.merge`), or when the
    answers may not travel and their sums may.

    Parameters
    ----------
    frame : DataFrame
        One row per answer sheet.
    columns : sequence of str
        Numeric columns; a row missing one of them is left out (listwise) and counted.
    weights : str, optional
        Column with positive weights.
    cluster : str, optional
        Column with the unit; without it every row is a unit of its own.

    Returns
    -------
    UnitMoments

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite (all of them at once), weights of zero or
        below.
    NotEstimable
        No row is complete.

    Notes
    -----
    Columns are centred before products are formed (two passes), since sums of squares of raw values lose all
    digits at a mean of 1e8: Chan, Golub & LeVeque (1983), doi:10.1080/00031305.1983.10483115

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 5.0, 9.0], "team": list("aabb")})
    >>> moments = unit_moments(data, columns=["x", "y"], cluster="team")
    >>> moments.n.tolist(), moments.covariances()[0].round(3).tolist()
    ([2, 2], [[1.25, 2.75], [2.75, 6.5]])
    """
    columns = tuple(columns)
    if not columns:
        raise ValueError("columns must name at least one column, got none.")
    weighted = () if weights is None else (weights,)
    check_columns(frame, numeric=[*columns, *weighted], other=() if cluster is None else (cluster,))
    if weights is not None:
        check_positive(frame, argument="weights", column=weights)
    values = numeric_columns(frame, columns)
    weight = numeric_columns(frame, [weights])[:, 0] if weights is not None else np.ones(len(frame))
    complete = np.isfinite(values).all(axis=1) & np.isfinite(weight)
    if cluster is not None:
        complete &= frame[cluster].notna().to_numpy()
    n_excluded = int((~complete).sum())
    if not complete.any():
        raise NotEstimable(
            f"no row is complete on the columns {list(columns)} ({n_excluded} rows left out): "
            "leave out a column that is mostly missing."
        )
    values, weight = values[complete], weight[complete]
    # Relative to the first row, so that the mean itself is exact to the spread of the data.
    origin = values[0] + (values - values[0]).mean(axis=0)
    values -= origin
    if cluster is None:
        return sorted_rows(columns, frame.index[complete], values, weight, origin, n_excluded)
    codes, units = pd.factorize(frame[cluster].to_numpy(dtype=object)[complete], sort=True)
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    size = len(columns) + 1
    packed = np.zeros((len(units), size * (size + 1) // 2))
    step = max(1, BLOCK_CELLS // packed.shape[1])
    for start in range(0, len(codes), step):
        rows = order[start : start + step]
        centred = np.column_stack([np.ones(len(rows)), values[rows]])
        here, first = np.unique(codes[start : start + step], return_index=True)
        packed[here] += np.add.reduceat(products(centred, weight[rows]), first, axis=0)
    matrices = unpack(packed, size)
    return UnitMoments(
        columns=columns,
        units=pd.Index(units),
        n=np.bincount(codes, minlength=len(units)).astype(np.int64),
        weight_sums=matrices[:, 0, 0].copy(),
        origin=origin,
        matrices=matrices,
        rows=None,
        n_excluded=n_excluded,
    )
