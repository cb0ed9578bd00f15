"""Log-likelihood of every subset of players, each fit started from its best neighbour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exresearch.models.likelihood.cumulative import CumulativeLogit, Maximum, maximise
from exresearch.models.likelihood.design import Design
from exresearch.models.likelihood.separation import separating_columns
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class SubsetFits:
    """Maximum likelihood of all subsets of P players.

    Attributes
    ----------
    log_likelihood : ndarray [2**P]
        Entry m: covariates and the players whose bit is set in m.
    params : ndarray [2**P, p + K - 1]
        Coefficients of all columns (0 where not in the model), then thresholds.
    null : float
        Log-likelihood without any column.
    n : float
        Sum of the weights.
    full : Maximum
        The model with all players.
    """

    log_likelihood: FloatArray
    params: FloatArray
    null: float
    n: float
    full: Maximum


def fit_design(design: Design, *, what: str = "the model") -> Maximum:
    """Fit the model with all columns.

    Raises
    ------
    NotEstimable
        There is no maximum: separation, naming the drivers; or Newton's method and a trust region both fail.
    """
    fitted = maximise(CumulativeLogit(design.levels, design.x, weights=design.weights))
    if fitted.converged:
        return fitted
    columns = separating_columns(design.levels, design.x)
    if columns:
        named = [design.columns[column] for column in columns]
        raise NotEstimable(
            f"columns {named} separate the categories of the outcome perfectly, so that {what} has no largest "
            "likelihood: leave them out, or merge categories of the outcome."
        )
    raise NotEstimable(
        f"{what} did not converge with the columns {list(design.columns)}: leave out nearly equal drivers, or merge "
        "rare categories of the outcome."
    )


def null_model(levels: NDArray[np.int64], weights: FloatArray) -> tuple[FloatArray, float]:
    """Thresholds and log-likelihood of the model without any column."""
    sums = np.bincount(levels, weights=weights)
    share = sums.cumsum()[:-1] / sums.sum()
    return np.log(share) - np.log1p(-share), float(sums @ np.log(sums / sums.sum()))


def fit_subsets(
    design: Design,
    *,
    start: FloatArray | None = None,
    what: str = "the model",
    progress: Progress | None = None,
) -> SubsetFits:
    """Fit all subsets of the players of a design.

    Parameters
    ----------
    design : Design
    start : ndarray [2**P, p + K - 1], optional
        Where each fit starts, for instance the `params` of nearly the same data.
    what : str
        How a message calls the model.
    progress : callable (done, total), optional
        Called after every fit.

    Raises
    ------
    NotEstimable
        As `fit_design`. A model that has a maximum has one in all its submodels, so that separation is found at once.
    """
    full = fit_design(design, what=what)
    players = list(design.players.values())
    size, total = design.x.shape[1], 2 ** len(players)
    thresholds, null = null_model(design.levels, design.weights)
    values = np.full(total, -np.inf)
    params = np.zeros((total, size + len(thresholds)))
    for subset in range(total):
        columns = _columns(subset, players, design.n_covariates)
        places = [*columns, *range(size, params.shape[1])]
        if subset == total - 1:
            values[subset], params[subset] = full.log_likelihood, full.params
        elif not columns:
            values[subset], params[subset, size:] = null, thresholds
        else:
            if start is not None:
                begin = start[subset, places]
            elif subset == 0:
                begin = None
            else:
                neighbours = [subset ^ (1 << j) for j in range(len(players)) if subset >> j & 1]
                begin = params[max(neighbours, key=lambda one: values[one]), places]
            model = CumulativeLogit(design.levels, design.x[:, columns], weights=design.weights)
            fitted = maximise(model, start=begin)
            if not fitted.converged:
                named = [design.columns[column] for column in columns]
                raise NotEstimable(
                    f"{what} did not converge with the columns {named}: leave out nearly equal drivers, or merge rare "
                    "categories of the outcome."
                )
            values[subset] = fitted.log_likelihood
            params[subset, places] = fitted.params
        if progress is not None:
            progress(subset + 1, total)
    return SubsetFits(
        log_likelihood=values, params=params, null=null, n=float(design.weights.sum()), full=full
    )


def _columns(subset: int, players: Sequence[Sequence[int]], n_covariates: int) -> list[int]:
    inside = [column for j, player in enumerate(players) if subset >> j & 1 for column in player]
    return [*range(n_covariates), *sorted(inside)]
