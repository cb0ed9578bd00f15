"""Several differences from one bootstrap: levels that hold for all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr

FloatArray = NDArray[np.float64]


def adjusted_p_values(
    estimate: ArrayLike, replicates: ArrayLike, *, n_units: int, df: ArrayLike | None = None
) -> FloatArray:
    """Two-sided levels of K statistics against 0, adjusted for there being K of them.

    Use it when several comparisons are read side by side. Holm's rule needs single levels of alpha / K, which B
    replicates cannot show; this needs B of about 20 / alpha whatever K is, and uses how the statistics go together.

    Parameters
    ----------
    estimate : array [K]
        The statistics on the data.
    replicates : array [B, K]
        The statistics on the replicates, B of 2 or more.
    n_units : int
        Number of resampled units U.
    df : scalar or array [K], optional
        Degrees of freedom, U - 1 by default; see `effective_df`.

    Returns
    -------
    ndarray [K]
        The chance that one or more true nulls have a level below alpha is at most alpha (in large samples). Never
        below 1 / (B + 1).

    Raises
    ------
    ValueError
        The shapes disagree, or a value is not finite.

    Notes
    -----
    Step-down maxima of |t*| = |replicate - estimate| / standard error (Romano & Wolf): the largest |t| is held against
    the maximum over all, the next against the maximum over all but the first, and so on. With few units t is first
    taken to the normal scale, z = Phi^-1(F_df(t / sqrt(U / (U - 1)))).

    References
    ----------
    Romano & Wolf (2005), Exact and approximate stepdown methods for multiple hypothesis testing,
    doi:10.1198/016214504000000539

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> draws = rng.normal(size=(999, 3))
    >>> adjusted_p_values([5.0, 2.2, 0.1], draws + [5.0, 2.2, 0.1], n_units=500).round(2).tolist()
    [0.0, 0.05, 0.91]
    """
    centre, values = np.asarray(estimate, dtype=np.float64), np.asarray(replicates, dtype=np.float64)
    if centre.ndim != 1 or values.ndim != 2 or values.shape[1] != centre.size or len(values) < 2:
        raise ValueError(
            f"estimate must have the shape [K] and replicates [B, K], got {centre.shape} and {values.shape}."
        )
    if not (np.isfinite(centre).all() and np.isfinite(values).all()):
        raise ValueError("estimate and replicates must be finite.")
    spread = values.std(axis=0, ddof=1)
    inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0.0)
    scores = np.abs(values - centre) * inverse
    degrees = np.asarray(n_units - 1.0 if df is None else df, dtype=np.float64)
    short = np.sqrt(n_units / (n_units - 1.0))
    # From the lower tail, which keeps its digits where 1 - p would be 1.
    observed = -ndtri(stdtr(degrees, -np.abs(centre) * inverse / short))
    # Statistics that never vary and are not 0 lie outside any interval.
    observed = np.where((spread == 0.0) & (centre != 0.0), np.inf, observed)
    order = np.argsort(-observed, kind="stable")
    # Maximum over a statistic and all that are less extreme.
    maxima = np.maximum.accumulate(scores[:, order[::-1]], axis=1)[:, ::-1]
    levels = (1.0 + (maxima >= observed[order]).sum(axis=0)) / (len(values) + 1.0)
    out = np.empty_like(levels)
    out[order] = np.minimum(np.maximum.accumulate(levels), 1.0)
    return np.asarray(out)
