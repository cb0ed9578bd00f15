"""Control limits of a funnel plot: how far the value of a small unit may lie from the whole by chance alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import binom

from exresearch.models.resampling import check_conf_level


def funnel_limits(
    n: ArrayLike,
    *,
    centre: float,
    spread: float | None = None,
    levels: Sequence[float] = (0.95, 0.998),
) -> pd.DataFrame:
    """Limits within which units of n answers would lie if they all had the same true value.

    Use it to see that units at the top and the bottom of a list are mostly small ones. It does not rank, and units
    beyond the limits are no proof of quality: units differ for many reasons.

    Parameters
    ----------
    n : array of float
        Answers (people) of a unit, above zero.
    centre : float
        The value that all units would share.
    spread : float, optional
        Standard deviation of the answers within units; without it the value is a share, and limits are those of the
        binomial distribution.
    levels : sequence of float
        Part of the units within each pair of limits, if there were no differences.

    Returns
    -------
    DataFrame, one row per level and n
        level, n, low, high; limits of a share stay within 0 and 1.

    Raises
    ------
    ValueError
        An n of zero or below, a share outside 0 to 1, a negative spread or a level outside (0, 1).

    Notes
    -----
    Spiegelhalter (2005), appendix A.1: of a mean centre +- z spread / sqrt(n); of a share (r_p - a_p) / n, with r_p
    the p quantile of the binomial distribution and a_p = (P(R <= r_p) - p) / P(R = r_p), so that the limits do not
    jump.

    References
    ----------
    Spiegelhalter (2005), Funnel plots for comparing institutional performance, doi:10.1002/sim.1970

    Examples
    --------
    >>> funnel_limits([25, 100], centre=7.0, spread=2.0, levels=[0.95])["high"].round(3).tolist()
    [7.784, 7.392]
    """
    sizes = np.asarray(n, dtype=np.float64)
    if not (np.isfinite(sizes).all() and (sizes > 0.0).all()):
        raise ValueError("n must hold numbers above zero.")
    if spread is None and not 0.0 <= centre <= 1.0:
        raise ValueError(f"centre must be a share from 0 to 1, got {centre!r}: give the spread of a mean.")
    if spread is not None and not spread >= 0.0:
        raise ValueError(f"spread must be zero or more, got {spread!r}.")
    parts = []
    for level in levels:
        check_conf_level(level)
        tails = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
        if spread is None:
            low, high = (_binomial(sizes, centre, tail) for tail in tails)
        else:
            low, high = (centre + ndtri(tail) * spread / np.sqrt(sizes) for tail in tails)
        parts.append(pd.DataFrame({"level": level, "n": sizes, "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)


def _binomial(sizes: np.ndarray, share: float, tail: float) -> np.ndarray:
    whole = np.maximum(np.round(sizes), 1.0)
    place = binom.ppf(tail, whole, share)
    at = binom.pmf(place, whole, share)
    excess = np.divide(binom.cdf(place, whole, share) - tail, at, out=np.zeros_like(whole), where=at > 0.0)
    return np.asarray(np.clip((place - excess) / whole, 0.0, 1.0))
