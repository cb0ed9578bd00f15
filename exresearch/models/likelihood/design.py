"""What a likelihood model may be fitted to: complete rows, sorted categories, standardised columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.columns import check_columns, check_positive, label_codes, numeric_columns
from exresearch.models.names import name_order, optional_name, read_roles
from exresearch.models.relations import not_unique, null_space, related_sets
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
Model = Literal["logistic", "ordinal"]

#: More categories than this are refused: treat the outcome as a number instead.
MAX_CATEGORIES = 20


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Complete rows of an ordered outcome and its predictors, sorted by category; made by `read_design`.

    Attributes
    ----------
    players : dict of name to list of int
        Columns of `x` that enter together; the covariates come before them.
    n_covariates : int
        The first columns of `x`, which are in every model.
    columns : tuple of str
        Names of the columns of `x`.
    categories : ndarray [K]
        Values of the outcome.
    levels : ndarray [n] of int
        Category of each row, sorted.
    x : ndarray [n, p]
        Columns with weighted mean 0 and variance 1.
    means, scales : ndarray [p]
        What was subtracted and divided by.
    weights : ndarray [n]
        Weights with mean 1.
    units : ndarray [n] of int
        Cluster of each row, or the row itself.
    n_excluded : int
        Rows left out as incomplete.
    """

    players: dict[str, list[int]]
    n_covariates: int
    columns: tuple[str, ...]
    categories: FloatArray
    levels: NDArray[np.int64]
    x: FloatArray
    means: FloatArray
    scales: FloatArray
    weights: FloatArray
    units: NDArray[np.int64]
    n_excluded: int


def _categories(outcome: str, model: Model, values: FloatArray, complete: NDArray[np.bool_]) -> FloatArray:
    """Values of the outcome in the complete rows, where they suit the model."""
    answered = np.unique(values[~np.isnan(values)])
    used = np.unique(values[complete])
    if model == "logistic":
        strange = answered[(answered != 0.0) & (answered != 1.0)]
        if len(strange):
            raise ValueError(
                f"outcome '{outcome}' holds {strange[:5].tolist()} and a logistic model needs 0 and 1: recode it, or "
                "use model 'ordinal'."
            )
    if len(used) < 2:
        raise NotEstimable(
            f"outcome '{outcome}' has one value, {used.tolist()}, over the complete rows: nothing to explain."
        )
    if len(answered) > MAX_CATEGORIES:
        raise ValueError(
            f"outcome '{outcome}' has {len(answered)} categories, and an ordinal model takes at most {MAX_CATEGORIES}: "
            "merge neighbouring ones, or use relative_importance."
        )
    lost = [value for value in answered if value not in used]
    if lost:
        raise NotEstimable(
            f"categories {[float(value) for value in lost]} of outcome '{outcome}' occur in no complete row: merge "
            "each with a neighbour, or leave out the drivers that were not asked there."
        )
    return used


def read_design(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Iterable[str],
    model: Model,
    blocks: Mapping[str, str] | None = None,
    covariates: Iterable[str] | None = None,
    weights: str | None = None,
    cluster: str | None = None,
) -> Design:
    """Check and arrange the data of a logistic or proportional-odds model.

    Raises
    ------
    ValueError
        Columns that are missing, named twice, not numeric or infinite (all at once); weights of zero or below; an
        outcome that is not 0 and 1 (logistic) or has more than 20 values (ordinal); an unknown model.
    NotEstimable
        One value of the outcome; a category without complete rows; too few complete rows; columns that are constant or
        combinations of one another (all at once).
    """
    if model not in ("logistic", "ordinal"):
        raise ValueError(f"model must be 'logistic' or 'ordinal', got {model!r}.")
    roles = read_roles(outcome, drivers, covariates, blocks)
    weights, cluster = optional_name("weights", weights), optional_name("cluster", cluster)
    predictors = [*roles.covariates, *roles.drivers]
    numeric = [roles.outcome, *predictors, *([weights] if weights is not None else [])]
    check_columns(data, numeric=numeric, other=[cluster] if cluster is not None else [])
    if weights is not None:
        check_positive(data, argument="weights", column=weights)
    values = numeric_columns(data, numeric)
    complete: NDArray[np.bool_] = np.asarray(~np.isnan(values).any(axis=1))
    if cluster is not None:
        complete = complete & data[cluster].notna().to_numpy(dtype=np.bool_)
    categories = _categories(roles.outcome, model, values[:, 0], complete)
    n, size = int(complete.sum()), len(predictors)
    if n <= size + len(categories) - 1:
        raise NotEstimable(
            f"{size} drivers and covariates and {len(categories)} categories of '{outcome}' need more than "
            f"{size + len(categories) - 1} complete rows, got {n} ({len(data) - n} left out as incomplete): use fewer "
            "drivers."
        )
    kept = values[complete]
    unit = None if cluster is None else label_codes(data[cluster][complete], argument="cluster")[0]
    # An order of its own, so that neither row nor column order of the file reaches a result.
    by_name = sorted(range(1, size + 1), key=lambda index: name_order(numeric[index]), reverse=True)
    keys = [kept[:, index] for index in [*by_name, 0]]
    order = np.lexsort([*(() if unit is None else (unit,)), kept[:, -1], *keys])
    kept = kept[order]
    weight = kept[:, -1] / kept[:, -1].mean() if weights is not None else np.ones(n)
    x = kept[:, 1 : size + 1]
    means = np.average(x, axis=0, weights=weight)
    x = x - means
    scales = np.sqrt(np.average(x * x, axis=0, weights=weight))
    _check_columns_vary(predictors, means, scales, x, weight)
    place = {name: index for index, name in enumerate(predictors)}
    return Design(
        players={player: [place[name] for name in names] for player, names in roles.players.items()},
        n_covariates=len(roles.covariates),
        columns=tuple(predictors),
        categories=categories,
        levels=np.searchsorted(categories, kept[:, 0]).astype(np.int64),
        x=x / scales,
        means=means,
        scales=scales,
        weights=weight,
        units=np.arange(n) if unit is None else unit[order],
        n_excluded=len(data) - n,
    )


def _check_columns_vary(
    names: Sequence[str], means: FloatArray, scales: FloatArray, centred: FloatArray, weights: FloatArray
) -> None:
    # Centred before it is squared, so that the rounding of a constant is about 1e-14 of its mean.
    flat = scales <= 1e-12 * np.abs(means)
    constant = [name for name, one in zip(names, flat, strict=True) if one]
    if constant:
        raise NotEstimable(f"columns {constant} are constant over the complete rows: leave them out.")
    scaled = centred / scales
    correlations = (scaled * weights[:, None]).T @ scaled / weights.sum()
    null = null_space(correlations)
    if null.size:
        raise NotEstimable(
            not_unique(related_sets(null, names), "importance is") + ", or average them into one score."
        )
