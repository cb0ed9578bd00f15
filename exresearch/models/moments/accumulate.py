"""From rows to cross-products per unit, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, check_positive, numeric_columns, unit_codes
from exresearch.models.moments.batch import Batch, Present, add_listwise, add_pairwise, layout_of
from exresearch.models.moments.kernel import AnyArray, unit_order
from exresearch.models.moments.pairwise import PairwiseMoments, check_pairs, pairwise_rows
from exresearch.models.moments.unit import UnitMoments, sorted_rows
from exresearch.models.names import name_list, optional_name, shown
from exresearch.models.resampling import NotEstimable

Missing = Literal["listwise", "pairwise"]


@overload
def unit_moments(
    frame: pd.DataFrame,
    *,
    columns: Iterable[str],
    weights: str | None = ...,
    cluster: str | None = ...,
    missing: Literal["listwise"] = ...,
    squared_weights: bool = ...,
) -> UnitMoments: ...
@overload
def unit_moments(
    frame: pd.DataFrame,
    *,
    columns: Iterable[str],
    weights: str | None = ...,
    cluster: str | None = ...,
    missing: Literal["pairwise"],
    squared_weights: bool = ...,
) -> PairwiseMoments: ...
@overload
def unit_moments(
    frame: pd.DataFrame,
    *,
    columns: Iterable[str],
    weights: str | None = ...,
    cluster: str | None = ...,
    missing: Missing,
    squared_weights: bool = ...,
) -> UnitMoments | PairwiseMoments: ...
def unit_moments(
    frame: pd.DataFrame,
    *,
    columns: Iterable[str],
    weights: str | None = None,
    cluster: str | None = None,
    missing: Missing = "listwise",
    squared_weights: bool = False,
) -> UnitMoments | PairwiseMoments:
    """One pass over the rows: weighted cross-products per unit.

    Use it when several analyses share their columns, when rows come in parts (`merge_moments`), or when the
    answers may not travel and their sums may. For files larger than memory: `parquet_moments`.

    Parameters
    ----------
    frame : DataFrame
        One row per answer sheet.
    columns : sequence of str
        Numeric columns.
    weights : str, optional
        Column with positive weights.
    cluster : str, optional
        Column with the unit; without it every row is a unit of its own.
    missing : {'listwise', 'pairwise'}
        A row missing one of the columns is left out and counted; or it counts for the pairs of columns that it has.
    squared_weights : bool
        Also keep the sums with squared weights, which cluster-robust corrections of weighted regressions need.

    Returns
    -------
    UnitMoments, or PairwiseMoments with ``missing="pairwise"``

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite (all of them at once), weights of zero or
        below, an unknown way with missing answers, squared weights of pairs.
    NotEstimable
        No row is complete; no row has both columns of a pair.

    Notes
    -----
    Columns are centred before products are formed, since sums of squares of raw values lose all digits at a mean of
    1e8: Chan, Golub & LeVeque (1983), doi:10.1080/00031305.1983.10483115. Whole numbers on a scale of up to 724 steps
    are centred at its middle, so that without weights every sum is exact and no order of rows can change it; other
    columns at their mean.

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 5.0, 9.0], "team": list("aabb")})
    >>> moments = unit_moments(data, columns=["x", "y"], cluster="team")
    >>> moments.n.tolist(), moments.covariances()[0].round(3).tolist()
    ([2, 2], [[1.25, 2.75], [2.75, 6.5]])
    """
    weights, cluster = optional_name("weights", weights), optional_name("cluster", cluster)
    check_options(missing, squared_weights=squared_weights)
    return _accumulated(
        frame,
        tuple(name_list("columns", columns)),
        weights=weights,
        cluster=cluster,
        missing=missing,
        squared_weights=squared_weights,
        apart=cluster is None,
    )


def total_moments(
    frame: pd.DataFrame, *, columns: Iterable[str], weights: str | None, missing: Missing
) -> UnitMoments | PairwiseMoments:
    """The moments of all rows as one unit: for estimates that no interval goes with, as the rows need no order then."""
    check_options(missing, squared_weights=False)
    return _accumulated(
        frame,
        tuple(name_list("columns", columns)),
        weights=optional_name("weights", weights),
        cluster=None,
        missing=missing,
        squared_weights=False,
        apart=False,
    )


def powers_of_weights(
    frame: pd.DataFrame, *, columns: Iterable[str], weights: str, cluster: str
) -> tuple[UnitMoments, NDArray[np.float64]]:
    """Moments with weights and their squares, and the sums of the same rows without weights, in one pass."""
    plain: list[NDArray[np.float64]] = []
    made = _accumulated(
        frame,
        tuple(name_list("columns", columns)),
        weights=weights,
        cluster=cluster,
        missing="listwise",
        squared_weights=True,
        apart=False,
        plain=plain,
    )
    if not isinstance(made, UnitMoments):
        raise TypeError("listwise moments are moments of units.")
    return made, plain[0]


def _accumulated(
    frame: pd.DataFrame,
    columns: tuple[str, ...],
    *,
    weights: str | None,
    cluster: str | None,
    missing: Missing,
    squared_weights: bool,
    apart: bool,
    plain: list[NDArray[np.float64]] | None = None,
) -> UnitMoments | PairwiseMoments:
    """The moments of units, of single rows (`apart`) or of all rows as one unit; sums without weights go to `plain`."""
    weighted = () if weights is None else (weights,)
    check_columns(frame, numeric=[*columns, *weighted], other=() if cluster is None else (cluster,))
    weight = None
    usable = np.ones(len(frame), dtype=bool)
    if weights is not None:
        check_positive(frame, argument="weights", column=weights)
        weight = numeric_columns(frame, [weights])[:, 0]
        usable = np.isfinite(weight)
        weight = np.where(usable, weight, 0.0)
    codes, units = np.zeros(len(frame), dtype=np.int64), pd.Index([0])
    if cluster is not None:
        codes, units = unit_codes(frame[cluster])
        usable &= codes >= 0
    values = [_native(frame[name]) for name in columns]
    present: Present = [_present(column) for column in values]
    rows = usable & used_rows(present, len(frame), missing)
    n_excluded = int((~rows).sum())
    if not rows.any():
        asked = [name for name in (*columns, weights, cluster) if name is not None]
        gone = [name for name in asked if frame[name].isna().all()]
        raise NotEstimable(
            nothing_left(columns, n_excluded, missing, weights=weights, cluster=cluster, gone=gone)
        )
    layout = layout_of(values, present, rows)
    if apart:
        single = np.ones(len(frame)) if weight is None else weight
        centred = np.column_stack(
            [column[rows] - origin for column, origin in zip(values, layout.origin, strict=True)]
        )
        if missing == "listwise":
            return sorted_rows(columns, frame.index[rows], centred, single[rows], layout.origin, n_excluded)
        result = pairwise_rows(columns, frame.index[rows], centred, single[rows], layout.origin, n_excluded)
        check_pairs(result)
        return result

    codes = np.where(rows, codes, -1)
    order = unit_order(codes, len(units))
    # A unit all of whose rows are left out is no unit.
    if not order.counts.all():
        kept = np.flatnonzero(order.counts)
        place = np.full(len(units) + 1, -1)
        place[kept] = np.arange(len(kept))
        codes, units = place[codes], units[kept]
        order = unit_order(codes, len(units))
    batch = Batch(columns=values, present=present, weights=weight, codes=codes)
    if missing == "pairwise":
        tables = np.empty((len(units), len(columns), 4 * len(columns)))
        pairs = None if weight is None else np.empty((len(units), len(columns), len(columns)))
        add_pairwise(batch, layout, order, tables, pairs, fresh=True)
        return PairwiseMoments.of_units(
            columns, units, order.counts, layout.origin, tables, pairs, n_excluded
        )
    size = len(columns) + 1
    matrices = np.empty((len(units), size, size))
    squared = np.empty_like(matrices) if squared_weights and weight is not None else None
    unweighted = None if plain is None else np.empty_like(matrices)
    add_listwise(batch, layout, order, matrices, squared, plain=unweighted, fresh=True)
    if plain is not None and unweighted is not None:
        plain.append(unweighted)
    return UnitMoments(
        columns=columns,
        units=units,
        n=order.counts,
        weight_sums=matrices[:, 0, 0].copy(),
        origin=layout.origin,
        matrices=matrices,
        rows=None,
        n_excluded=n_excluded,
        squared=matrices if squared_weights and weight is None else squared,
    )


def check_options(missing: str, *, squared_weights: bool) -> None:
    """Raise ValueError for options that do not exist or do not go together."""
    if missing not in ("listwise", "pairwise"):
        raise ValueError(f"missing must be 'listwise' or 'pairwise', got {missing!r}.")
    if squared_weights and missing == "pairwise":
        raise ValueError(
            "squared_weights serve regressions, which need complete rows: leave them out, or use missing='listwise'."
        )


def used_rows(present: Present, n: int, missing: Missing) -> NDArray[np.bool_]:
    """The rows that have every column, or with 'pairwise' any."""
    rows = np.ones(n, dtype=bool)
    if missing == "listwise":
        for there in present:
            if there is not None:
                rows &= there
    elif all(there is not None for there in present):
        rows = np.logical_or.reduce([there for there in present if there is not None])
    return rows


def nothing_left(
    columns: tuple[str, ...],
    n_excluded: int,
    missing: Missing,
    *,
    weights: str | None,
    cluster: str | None,
    gone: Sequence[str] = (),
) -> str:
    """The message when every row is left out; `gone` are columns known to be missing throughout."""
    if n_excluded == 0:
        return "the data have no rows: check what was filtered out before."
    roles = [name for name in (weights, cluster) if name is not None]
    if missing == "listwise":
        what = f"no row is complete on the columns {shown([*columns, *roles])}"
    else:
        also = f", with {roles}" if roles else ""
        what = f"no row has any of the columns {shown(columns)}{also}"
    remedy = (
        f"columns {shown(gone)} are missing throughout"
        if gone
        else "leave out a column that is mostly missing"
    )
    return f"{what} ({n_excluded} rows left out): {remedy}."


def _native(series: pd.Series) -> AnyArray:
    """Values without a copy where they are numbers already; missing ones are NaN."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
        return np.ascontiguousarray(series.to_numpy())
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "b":
        return np.ascontiguousarray(series.to_numpy()).view(np.uint8)
    if pd.api.types.is_integer_dtype(series.dtype) and not series.isna().any():
        return np.asarray(series.to_numpy(dtype=np.int64))
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))


def _present(column: AnyArray) -> NDArray[np.bool_] | None:
    if column.dtype.kind != "f":
        return None
    there: NDArray[np.bool_] = ~np.isnan(column)
    return None if there.all() else there
