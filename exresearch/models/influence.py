"""How much each resampled unit pulls at a statistic, and how far units can then be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exresearch.models.bootstrap import replicate_matrix

FloatArray = NDArray[np.float64]


def effective_df(influence: ArrayLike) -> FloatArray:
    """Satterthwaite degrees of freedom of a standard error that rests on the influences of U units.

    Use it where some units weigh much more than others, so that U - 1 flatters the interval.

    Parameters
    ----------
    influence : array [U] or [U, K]
        Influence of each unit on each statistic, on any scale.

    Returns
    -------
    ndarray [K], or a number as an array [] for an array [U]
        2 (sum l^2)^2 / (sum l^4 - (sum l^2)^2 / U) with l the centred influences, between 1 and U - 1: about U - 1 for
        normal influences, a little over 2 when one unit carries everything.

    Raises
    ------
    ValueError
        There are fewer than two units, or an influence is not finite.

    References
    ----------
    Satterthwaite (1946), doi:10.2307/3002019

    Examples
    --------
    >>> alike = [1.0, -1.0] * 10
    >>> float(effective_df(alike)), round(float(effective_df([10.0, *alike])), 1)
    (19.0, 3.5)
    """
    pull = np.asarray(influence, dtype=np.float64)
    if pull.ndim == 0 or len(pull) < 2 or not np.isfinite(pull).all():
        raise ValueError(f"influence must be finite, with two or more units as rows, got shape {pull.shape}.")
    pull = pull - pull.mean(axis=0)
    # Relative to the largest, so that no fourth power underflows or overflows.
    largest = np.abs(pull).max(axis=0)
    squares = np.divide(pull, largest, out=np.ones_like(pull), where=largest > 0.0) ** 2
    total = squares.sum(axis=0)
    spread = (squares**2).sum(axis=0) - total**2 / len(pull)
    most = np.full_like(total, len(pull) - 1.0)
    df = np.divide(2.0 * total**2, spread, out=most, where=spread > 0.0)
    return np.asarray(np.clip(df, 1.0, len(pull) - 1.0))


def regression_influence(counts: ArrayLike, replicates: ArrayLike) -> FloatArray:
    """Influence of each unit by regression of the replicates on how often they drew it, as R's `boot::empinf`.

    Use it to reproduce R's BCa intervals, and for statistics without a derivative (`importance_influence` is exact and
    free of the draws). It needs many more replicates than units.

    Parameters
    ----------
    counts : array [B, U]
        How often each of U units is in each of B replicates.
    replicates : array [B] or [B, K]

    Returns
    -------
    ndarray [U] or [U, K]
        Coefficients of the shares counts / U, centred; the last unit's share follows from the others.

    Raises
    ------
    ValueError
        A replicate is not finite, or there are not more of them than units.

    References
    ----------
    Davison & Hinkley (1997), section 2.7.4, doi:10.1017/CBO9780511802843

    Examples
    --------
    >>> from exresearch.models import bootstrap_counts
    >>> counts = bootstrap_counts(3, n_boot=50, seed=1)
    >>> regression_influence(counts, counts @ [1.0, 2.0, 6.0] / 3).round(6).tolist()
    [-2.0, -1.0, 3.0]
    """
    values, shape = replicate_matrix(replicates)
    drawn = np.asarray(counts, dtype=np.float64)
    if drawn.ndim != 2 or len(drawn) != len(values) or len(values) <= drawn.shape[1]:
        raise ValueError(
            f"counts must have a row for each of the {len(values)} replicates and fewer columns than rows, got shape "
            f"{drawn.shape}."
        )
    units = drawn.shape[1]
    design = np.column_stack([np.ones(len(drawn)), drawn[:, :-1] / units])
    slopes = np.linalg.lstsq(design, values, rcond=None)[0][1:]
    influence = np.vstack([slopes, np.zeros((1, values.shape[1]))])
    return np.asarray((influence - influence.mean(axis=0)).reshape((units, *shape)))
