"""What tables of counts and of times to an event must be before they are counted or compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, label_codes, numeric_columns
from exresearch.models.names import name_list
from exresearch.models.regression.design import INTERCEPT
from exresearch.models.relations import not_unique, null_space, related_sets
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
CodeArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The complete rows of a table, as an estimator of events wants them.

    Attributes
    ----------
    frame : DataFrame
        Complete rows of the columns that were asked for.
    x : ndarray [n, p]
        Predictors, divided by `divisors`.
    divisors : ndarray [p]
        Standard deviation over units of the predictors to standardise, NaN for the others.
    clusters : ndarray [n] of int or None
    n_clusters : int
        Rows where there is no cluster.
    n_excluded : int
    """

    frame: pd.DataFrame
    x: FloatArray
    divisors: FloatArray
    clusters: CodeArray | None
    n_clusters: int
    n_excluded: int


def read_rows(
    data: pd.DataFrame,
    *,
    numeric: Sequence[str],
    labels: Sequence[str],
    predictors: Sequence[str],
    cluster: str | None,
    standardise: object,
) -> Rows:
    """Complete rows of outcome columns, labels and predictors, with predictors per standard deviation over units.

    Raises
    ------
    ValueError
        As `check_columns`, and for `standardise` that names others than the predictors.
    NotEstimable
        No complete row, a predictor that is constant (but for one cluster), an exact combination of the others,
        or (standardised) the same in all units; a single cluster.
    """
    scaled = [] if standardise is None else name_list("standardise", standardise, least=0)
    strangers = [name for name in scaled if name not in predictors]
    if strangers:
        raise ValueError(
            f"standardise names {strangers}, which are not among the predictors {list(predictors)}."
        )
    if INTERCEPT in predictors:
        raise ValueError(f"a predictor is called '{INTERCEPT}', the name of the constant: rename the column.")
    others = [*labels, *([] if cluster is None else [cluster])]
    check_columns(data, numeric=[*numeric, *predictors], other=others)
    asked = [*numeric, *predictors, *others]
    frame = data[asked]
    complete = np.asarray(frame.notna().to_numpy().all(axis=1), dtype=bool)
    frame = (frame if complete.all() else frame.loc[complete]).reset_index(drop=True)
    if frame.empty:
        raise NotEstimable(f"no row has values in all of the columns {asked}.")
    x = numeric_columns(frame, predictors)
    _check_varying(x, predictors)
    clusters, n_clusters = None, len(frame)
    if cluster is not None:
        clusters, found = label_codes(frame[cluster], argument="cluster")
        n_clusters = len(found)
        _check_clusters(x, predictors, clusters, n_clusters, cluster)
    divisors = np.full(len(predictors), np.nan)
    for name in scaled:
        place = list(predictors).index(name)
        divisors[place] = _sd_over_units(x[:, place], clusters, name)
    x = x / np.where(np.isnan(divisors), 1.0, divisors)
    _check_related(x, predictors)
    return Rows(frame, x, divisors, clusters, n_clusters, len(data) - len(frame))


def check_predictors(
    x: FloatArray, predictors: Sequence[str], *, clusters: CodeArray, n_clusters: int, cluster: str
) -> None:
    """Refuse, as `read_rows` does, what rows [n, p] without gaps cannot tell; `cluster` is what a message names."""
    _check_varying(x, predictors)
    _check_clusters(x, predictors, clusters, n_clusters, cluster)
    _check_related(x, predictors)


def _check_varying(x: FloatArray, predictors: Sequence[str]) -> None:
    same = (x == x[0]).all(axis=0)
    if same.any():
        constant = [name for name, one in zip(predictors, same, strict=True) if one]
        raise NotEstimable(f"columns {constant} are constant over the complete rows: leave them out.")


def _check_clusters(
    x: FloatArray, predictors: Sequence[str], clusters: CodeArray, n_clusters: int, cluster: str
) -> None:
    if n_clusters < 2:
        raise NotEstimable(
            f"standard errors within clusters compare clusters and there is 1 in column '{cluster}': name a "
            "cluster with two or more units, or leave cluster out to take rows."
        )
    single = [name for name, column in zip(predictors, x.T, strict=True) if _carried_by_one(column, clusters)]
    if single:
        raise NotEstimable(
            f"columns {single} are constant but for one unit in column '{cluster}', so that units say nothing of "
            "the precision of their coefficients: leave them out."
        )


def _check_related(x: FloatArray, predictors: Sequence[str]) -> None:
    z = x - x.mean(axis=0)
    z /= np.sqrt((z**2).mean(axis=0))
    null = null_space(z.T @ z / len(z))
    if null.size:
        raise NotEstimable(not_unique(related_sets(null, predictors), "coefficients are") + ".")


def _carried_by_one(column: FloatArray, clusters: CodeArray) -> bool:
    """Whether the column is constant once a single cluster is left out."""
    # Two clusters at most can be the one: the first, and the first that differs from what the first row has.
    for candidate in (clusters[0], clusters[int(np.argmax(column != column[0]))]):
        left = column[clusters != candidate]
        if (left == left[0]).all():
            return True
    return False


def _sd_over_units(column: FloatArray, clusters: CodeArray | None, name: str) -> float:
    """Standard deviation of the units' means (n - 1), of rows where there are no units."""
    means = column if clusters is None else np.bincount(clusters, weights=column) / np.bincount(clusters)
    spread = float(means.std(ddof=1))
    if spread <= 1e-12 * float(np.abs(column).max()):
        raise NotEstimable(
            f"the means of '{name}' do not differ between units, so there is no standard deviation over units: "
            "leave it out of standardise."
        )
    return spread


def check_event(frame: pd.DataFrame, event: str) -> NDArray[np.bool_]:
    """Whether each row ends with the event; raises for other values than 0 and 1, and where nothing happened."""
    values = numeric_columns(frame, [event])[:, 0]
    wrong = int((~np.isin(values, (0.0, 1.0))).sum())
    if wrong:
        raise ValueError(
            f"event column '{event}' holds {wrong} values other than 0 and 1: give 1 where the event happened at the "
            "end of the row's time, and 0 where it had not happened by then."
        )
    if not values.any():
        raise NotEstimable(
            f"event column '{event}' is 0 in all {len(frame)} complete rows: nothing happened."
        )
    return np.asarray(values == 1.0)


def check_times(frame: pd.DataFrame, duration: str, start: str | None) -> tuple[FloatArray, FloatArray]:
    """Start and stop of each row; raises for rows that do not take time."""
    stop = numeric_columns(frame, [duration])[:, 0]
    if start is None:
        wrong = int((stop <= 0.0).sum())
        if wrong:
            raise ValueError(
                f"duration column '{duration}' holds {wrong} values of zero or below: an exit on the first day is "
                "half a day, and other such rows are to be corrected."
            )
        return np.zeros(len(stop)), stop
    begin = numeric_columns(frame, [start])[:, 0]
    wrong = int((begin >= stop).sum())
    if wrong:
        raise ValueError(
            f"{wrong} rows start ('{start}') at or after the time they end ('{duration}'): correct them, or remove "
            "those rows first and say so."
        )
    return begin, stop
