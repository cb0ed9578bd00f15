"""The gain of one set of held-out predictions over another, whatever made them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.columns import check_columns, check_positive, label_codes, numeric_columns
from exresearch.models.influence import effective_df
from exresearch.models.names import one_name, optional_name
from exresearch.models.resampling import MIN_UNITS, NotEstimable, check_conf_level

FloatArray = NDArray[np.float64]
_COLUMNS = [
    "term", "estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high", "n", "n_clusters",
    "n_excluded", "conf_level", "method",
]  # fmt: skip


def loss_gain(
    data: pd.DataFrame,
    *,
    outcome: str,
    base: str,
    full: str,
    null: str | None = None,
    cluster: str | None = None,
    weights: str | None = None,
    training: pd.DataFrame | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Explained variance that one set of held-out predictions has beyond another, with a standard error by unit.

    Use it for models that are no regression, as segments found anew in every training fold. For regressions
    `held_out_gain` is about the population, and its interval has the better coverage.

    Parameters
    ----------
    data : DataFrame
        One row per answer sheet. Incomplete rows are left out and counted.
    outcome : str
    base, full : str
        Columns with predictions made without the row's own unit (:func:`exresearch.models.fold_numbers`).
    null : str, optional
        Column with the held-out mean; without it the weighted mean of all rows.
    cluster, weights : str, optional
        Column with the unit; column with positive weights.
    training : DataFrame, optional
        Influence of every unit on the weighted sum of squared errors of each column of predictions through the training
        parts it was in (:func:`exresearch.models.segmentation.held_out_fits`): units as index, columns as `base, full`
        and `null`. A unit or column without one has none.
    conf_level : float

    Returns
    -------
    DataFrame
        Rows ``base, full, gain``: ``term, estimate`` (share of variance), ``std_error, statistic, df, p_value,
        conf_low, conf_high, n, n_clusters, n_excluded, conf_level, method``.

    Raises
    ------
    ValueError
        Columns or options at fault, or `training` without `cluster`.
    NotEstimable
        Fewer than 10 units, or an outcome that does not vary.

    Notes
    -----
    ``gain = sum w ((y - base)^2 - (y - full)^2) / sum w (y - null)^2``, the variance of this ratio of sums by
    linearisation over units. It is about models of the training folds' size: a richer model without any merit has a
    gain a little below 0, and an interval below 0 is no evidence that it harms. Without `training` the predictions are
    taken as given. With it the influence of a unit is that on its own errors and, through the models it helped to make,
    on those of others: the infinitesimal jackknife of the whole. A sum of squares of influences errs upwards rather
    than downwards (Efron & Stein 1981), so that it is never put below the one without training.

    References
    ----------
    Williamson, Gilbert, Simon & Carone (2023), A general framework for inference on algorithm-agnostic variable
    importance, doi:10.1080/01621459.2021.2003200
    Efron & Stein (1981), The jackknife estimate of variance, doi:10.1214/aos/1176345462

    Examples
    --------
    >>> data = pd.DataFrame({"y": np.arange(20.0), "mean": 9.5, "guess": np.arange(20.0) + 1})
    >>> loss_gain(data, outcome="y", base="mean", full="guess")["estimate"].round(2).tolist()
    [0.0, 0.97, 0.97]
    """
    check_conf_level(conf_level)
    columns = [one_name(role, name) for role, name in (("outcome", outcome), ("base", base), ("full", full))]
    null, cluster, weights = (
        optional_name("null", null),
        optional_name("cluster", cluster),
        optional_name("weights", weights),
    )
    columns += [] if null is None else [null]
    numeric = [*columns, *([] if weights is None else [weights])]
    other = [] if cluster is None else [cluster]
    check_columns(data, numeric=numeric, other=other)
    if weights is not None:
        check_positive(data, argument="weights", column=weights)
    complete = data[[*numeric, *other]].notna().all(axis=1).to_numpy()
    kept = data.loc[complete]
    if training is not None and cluster is None:
        raise ValueError("training is by unit and needs cluster.")
    units: pd.Index
    if cluster is None:
        codes, units = np.arange(len(kept)), pd.RangeIndex(len(kept))
    else:
        codes, units = label_codes(kept[cluster], argument="cluster")
    size = len(units)
    if size < MIN_UNITS:
        raise NotEstimable(
            f"a gain needs at least {MIN_UNITS} units, got {size} ({int((~complete).sum())} rows left out)."
        )
    values = numeric_columns(kept, columns)
    w = np.ones(len(kept)) if weights is None else numeric_columns(kept, [weights])[:, 0]
    y = values[:, 0]
    centre = values[:, 3] if null is not None else np.full(len(y), np.average(y, weights=w))
    total = w * (y - centre) ** 2
    if not total.sum() > 0.0:
        raise NotEstimable(f"column '{outcome}' is constant over the complete rows.")
    left = {name: w * (y - values[:, number]) ** 2 for number, name in ((1, "base"), (2, "full"))}
    by_unit = pd.DataFrame(
        {
            name: np.bincount(codes, weights=part, minlength=size)
            for name, part in (("base", left["base"]), ("full", left["full"]), ("null", total))
        },
        index=units,
    )
    names = {column: name for column, name in ((base, "base"), (full, "full"), (null, "null")) if column}
    through = None if training is None else training.reindex(columns=list(names)).rename(columns=names)
    found = unit_gain(by_unit, training=through, conf_level=conf_level)
    return found.assign(n=len(kept), n_excluded=int((~complete).sum()))[_COLUMNS]


def unit_gain(
    squares: pd.DataFrame, *, training: pd.DataFrame | None = None, conf_level: float = 0.95
) -> pd.DataFrame:
    """Explained variance that one set of held-out predictions has beyond another, from squared errors by unit.

    Use it where :func:`loss_gain` would see every row only to add up its squared errors.

    Parameters
    ----------
    squares : DataFrame
        Weighted sums of squared errors ``base, full, null``; one row per unit with answers.
    training : DataFrame, optional
        As of :func:`loss_gain`, with the same columns.
    conf_level : float

    Returns
    -------
    DataFrame
        As :func:`loss_gain`, without ``n`` and ``n_excluded``.

    Raises
    ------
    ValueError
        `conf_level` at fault.
    NotEstimable
        Fewer than 10 units, or an outcome that does not vary.

    Examples
    --------
    >>> squares = pd.DataFrame({"base": 4.0, "full": 3.0, "null": 4.0}, index=range(12))
    >>> unit_gain(squares)["estimate"].tolist()
    [0.0, 0.25, 0.25]
    """
    check_conf_level(conf_level)
    size = len(squares)
    if size < MIN_UNITS:
        raise NotEstimable(f"a gain needs at least {MIN_UNITS} units, got {size}.")
    base, full, null = (squares[name].to_numpy(dtype="float64") for name in ("base", "full", "null"))
    whole = null.sum()
    if not whole > 0.0:
        raise NotEstimable("the outcome is constant over the complete rows.")
    gains = np.column_stack([null - base, null - full, base - full])
    estimate = gains.sum(axis=0) / whole
    pull = gains - estimate * null[:, None]
    size_of, df = (pull**2).sum(axis=0), effective_df(pull)
    if training is not None:
        through = pull + _through(training, squares.index, estimate=estimate)
        larger = (through**2).sum(axis=0) > size_of
        size_of, df = (
            np.where(larger, (through**2).sum(axis=0), size_of),
            np.where(larger, effective_df(through), df),
        )
    std_error = np.sqrt(size / (size - 1) * size_of) / whole
    ratio = np.divide(estimate, std_error, out=np.full_like(estimate, np.nan), where=std_error > 0.0)
    half = stdtrit(df, (1.0 + conf_level) / 2.0) * std_error
    return pd.DataFrame(
        {
            "term": ["base", "full", "gain"],
            "estimate": estimate,
            "std_error": std_error,
            "statistic": ratio,
            "df": df,
            "p_value": 2.0 * stdtr(df, -np.abs(ratio)),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n_clusters": size,
            "conf_level": conf_level,
            "method": "gain of held-out predictions, linearised over units"
            + ("" if training is None else ", through training too"),
        }
    )


def _through(training: pd.DataFrame, units: pd.Index, *, estimate: FloatArray) -> FloatArray:
    """Influence [units, 3] of every unit on the three gains through the models it helped to make."""
    values = training.reindex(index=units, columns=["base", "full", "null"]).fillna(0.0)
    base, full, null = values.to_numpy(dtype="float64").T
    return np.asarray(np.column_stack([null - base, null - full, base - full]) - null[:, None] * estimate)
