"""Leaders against laggards as if all their answers had been drawn one by one: what intervals then would be."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from exresearch.models.columns import check_columns, check_positive, numeric_columns
from exresearch.models.linkage.leaders import RankedUnits
from exresearch.models.linkage.published import katz_interval
from exresearch.models.resampling import NotEstimable, check_conf_level


def pooled_contrast(
    units: pd.DataFrame,
    *,
    cx: str,
    engaged: str,
    n: str,
    leader_share: float = 0.25,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Contrast leaders and laggards by their pooled counts, with intervals that forget that colleagues answer alike.

    Use it beside `leader_contrast`, whose groups and estimates it shares, to show what drawing units rather than
    answers costs. Published figures have intervals of this kind, if any.

    Parameters
    ----------
    units, cx, engaged, n, leader_share, conf_level
        As in `leader_contrast`, weighted by employees.

    Returns
    -------
    DataFrame, one row per term
        term (ratio, odds_ratio, difference); estimate; conf_low, conf_high; n (answers in both groups); conf_level;
        method.

    Raises
    ------
    ValueError
        Columns missing, not numeric or infinite; `n` of zero or below; options out of range.
    NotEstimable
        No complete row, or one of the groups has nobody or everybody engaged.

    Notes
    -----
    Ratio: Katz et al. (1978), doi:10.2307/2530610. Odds ratio: Woolf (1955), doi:10.1111/j.1469-1809.1955.tb01348.x.
    Difference: Newcombe's tenth method (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Examples
    --------
    >>> units = pd.DataFrame({"cx": range(40), "n": 50})
    >>> units["engaged"] = 0.3 + 0.01 * units["cx"]
    >>> pooled_contrast(units, cx="cx", engaged="engaged", n="n")["term"].tolist()
    ['ratio', 'odds_ratio', 'difference']
    """
    check_conf_level(conf_level)
    if not 0.0 < leader_share <= 0.5:
        raise ValueError(
            f"leader_share must lie in (0, 0.5], got {leader_share!r}: use 0.25 for the top quarter."
        )
    check_columns(units, numeric=[cx, engaged, n], other=())
    check_positive(units, argument="n", column=n)
    values = numeric_columns(units, [cx, engaged, n])
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise NotEstimable(f"no unit has '{cx}', '{engaged}' and '{n}'.")
    ranked = RankedUnits(values[:, 0], values[:, 1], values[:, 2], np.arange(len(values)))
    share, people = ranked.shares(np.ones((1, len(values))), leader_share=leader_share, weighting="employees")
    (p1, p0), (n1, n0) = share[0], people[0]
    if not (0.0 < p1 < 1.0 and 0.0 < p0 < 1.0):
        raise NotEstimable("among the CX leaders or laggards nobody, or everybody, is engaged.")
    z = float(ndtri((1.0 + conf_level) / 2.0))
    log_odds = np.log(p1 / (1.0 - p1)) - np.log(p0 / (1.0 - p0))
    half = z * np.sqrt(1.0 / (n1 * p1 * (1.0 - p1)) + 1.0 / (n0 * p0 * (1.0 - p0)))
    (low1, high1), (low0, high0) = _wilson(p1, n1, z), _wilson(p0, n0, z)
    difference = p1 - p0
    rows = [
        ("ratio", *katz_interval(p1 * n1, n1, p0 * n0, n0, conf_level), "Katz"),
        ("odds_ratio", *(float(np.exp(log_odds + side)) for side in (0.0, -half, half)), "Woolf"),
        (
            "difference",
            float(difference),
            float(difference - np.hypot(p1 - low1, high0 - p0)),
            float(difference + np.hypot(high1 - p1, p0 - low0)),
            "Newcombe",
        ),
    ]
    names = ["term", "estimate", "conf_low", "conf_high", "method"]
    return pd.DataFrame(rows, columns=names).assign(n=round(float(n1 + n0)), conf_level=conf_level)


def _wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of one share."""
    centre = (share + z**2 / (2.0 * n)) / (1.0 + z**2 / n)
    half = z / (1.0 + z**2 / n) * np.sqrt(share * (1.0 - share) / n + z**2 / (4.0 * n**2))
    return float(centre - half), float(centre + half)
