"""Intervals round figures that others published."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from exresearch.models.resampling import NotEstimable, check_conf_level


def katz_interval(
    a: float, n1: float, c: float, n0: float, conf_level: float = 0.95
) -> tuple[float, float, float]:
    """Risk ratio of two independent shares with its interval, for published figures.

    Use it to put an interval round a published ratio such as 75 % against 49 %; for units of one client the answers
    are clustered, so use `leader_contrast`.

    Parameters
    ----------
    a, n1 : float
        Events and size of the first group.
    c, n0 : float
        Events and size of the second group.
    conf_level : float
        Coverage.

    Returns
    -------
    (ratio, low, high)

    Raises
    ------
    ValueError
        `conf_level` outside (0, 1), a group of size zero, or events outside 0 to the size.
    NotEstimable
        One of the groups has no events.

    Notes
    -----
    ln RR +- z sqrt(1/a - 1/n1 + 1/c - 1/n0), Katz et al. (1978), doi:10.2307/2530610.

    Examples
    --------
    >>> [round(value, 2) for value in katz_interval(75, 100, 49, 100)]
    [1.53, 1.22, 1.93]
    """
    check_conf_level(conf_level)
    if not (n1 > 0 and n0 > 0 and 0 <= a <= n1 and 0 <= c <= n0):
        raise ValueError(
            f"events must lie between 0 and the size of their group, got {a!r} of {n1!r} and {c!r} of {n0!r}."
        )
    if a == 0 or c == 0:
        raise NotEstimable(
            f"a risk ratio needs events in both groups, got {a!r} of {n1!r} and {c!r} of {n0!r}."
        )
    centre = np.log(a / n1) - np.log(c / n0)
    half = float(ndtri((1.0 + conf_level) / 2.0)) * np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
    return float(np.exp(centre)), float(np.exp(centre - half)), float(np.exp(centre + half))
