"""Complete rows of a table of units, read before columns are made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, check_positive, label_codes, numeric_columns
from exresearch.models.names import name_list, one_name, optional_name
from exresearch.models.resampling import MIN_UNITS, NotEstimable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CompleteRows:
    """Rows without missing values.

    Attributes
    ----------
    matrix : ndarray [n, q]
        The numeric columns in the order asked for.
    weights : ndarray [n]
        Ones without weights.
    codes : ndarray [n]
        Number of each row's unit; of the row itself without clusters.
    n_units, n_excluded : int
    frame : DataFrame [n, q + 0 to 2]
        The same under their names, with weights and cluster, from which regressions are made.
    """

    matrix: FloatArray
    weights: FloatArray
    codes: NDArray[np.int64]
    n_units: int
    n_excluded: int
    frame: pd.DataFrame

    @property
    def shares(self) -> FloatArray:
        """Weights that sum to 1."""
        return np.asarray(self.weights / self.weights.sum())

    def quantile(self, column: int, prob: Sequence[float]) -> FloatArray:
        """Weighted quantiles of a column, interpolated between the middles of the weights."""
        order = np.argsort(self.matrix[:, column], kind="stable")
        share = self.shares[order]
        return np.asarray(np.interp(prob, np.cumsum(share) - share / 2.0, self.matrix[order, column]))


def complete_rows(
    data: pd.DataFrame,
    *,
    columns: Sequence[str],
    covariates: Sequence[str],
    weights: str | None,
    cluster: str | None,
    what: str,
) -> CompleteRows:
    """Check the columns and keep complete rows; refuses fewer than 10 units."""
    roles = [one_name("columns", name) for name in columns]
    others = name_list("covariates", covariates, least=0)
    optional_name("weights", weights)
    optional_name("cluster", cluster)
    numeric = [*roles, *others, *(() if weights is None else (weights,))]
    extra = [] if cluster is None else [cluster]
    check_columns(data, numeric=numeric, other=extra)
    if weights is not None:
        check_positive(data, argument="weights", column=weights)
    complete = data[[*numeric, *extra]].notna().all(axis=1).to_numpy()
    kept = data.loc[complete, [*numeric, *extra]].reset_index(drop=True)
    codes = np.arange(len(kept)) if cluster is None else label_codes(kept[cluster], argument="cluster")[0]
    n_units = len(np.unique(codes))
    n_excluded = int((~complete).sum())
    if n_units < MIN_UNITS:
        raise NotEstimable(
            f"{what} needs at least {MIN_UNITS} units with {numeric}, got {n_units} ({n_excluded} rows left out as "
            "incomplete)."
        )
    return CompleteRows(
        matrix=numeric_columns(kept, [*roles, *others]),
        weights=np.ones(len(kept)) if weights is None else numeric_columns(kept, [weights])[:, 0],
        codes=codes,
        n_units=n_units,
        n_excluded=n_excluded,
        frame=kept,
    )
