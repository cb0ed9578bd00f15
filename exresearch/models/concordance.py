"""How far several rankings of the same things agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata


def kendall_w(values: ArrayLike) -> float:
    """Kendall's coefficient of concordance of several rankings.

    Use it to say in one number how far methods agree about an order: 1 where all give the same order, about 0 where
    they have nothing in common.

    Parameters
    ----------
    values : array [m, p]
        What each of m judges gives each of p things; only the order within a judge counts. Equal values share the
        mean of their ranks.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        There are fewer than two judges or things, a value is not finite, or no judge tells the things apart.

    Notes
    -----
    W = 12 S / (m^2 (p^3 - p) - m T), S the sum of squared deviations of the rank sums and T the sum of t^3 - t over
    groups of t equal values. In R: `irr::kendall(t(values), correct = TRUE)`.

    References
    ----------
    Kendall & Babington Smith (1939), The problem of m rankings, doi:10.1214/aoms/1177732186

    Examples
    --------
    >>> kendall_w([[3.0, 2.0, 1.0], [30.0, 20.0, 10.0]])
    1.0
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(
            f"values must have two or more judges in its rows and things in its columns, got {table.shape}."
        )
    if not np.isfinite(table).all():
        raise ValueError("values must be finite: leave out things that a judge did not rank.")
    judges, things = table.shape
    ranks = rankdata(table, axis=1)
    sums = ranks.sum(axis=0)
    ties = 0.0
    for row in table:
        sizes = np.unique(row, return_counts=True)[1].astype(np.float64)
        ties += float((sizes**3 - sizes).sum())
    room = judges**2 * (things**3 - things) - judges * ties
    if room <= 0.0:
        raise ValueError("no judge tells the things apart: there is no order to agree about.")
    return float(12.0 * ((sums - sums.mean()) ** 2).sum() / room)
