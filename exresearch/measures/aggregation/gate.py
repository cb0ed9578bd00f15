"""The declared gate of aggregation: from which reliability and agreement on a unit's mean may stand for the unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

LEAST_ICC2 = 0.60
LEAST_RWG = 0.70
# A value on the limit reaches it, whatever the order in which its sums were made.
_ROUNDING = 1e-12
Criterion = Literal["icc2", "rwg"]
REASONS: dict[tuple[Criterion, ...], str] = {
    (): "",
    ("icc2",): "The means of the units are not reliable enough: ICC(2) is below its declared least value.",
    ("rwg",): "People within units do not agree enough: the median rwg is below its declared least value.",
    ("icc2", "rwg"): (
        "The means of the units are not reliable enough and people within units do not agree enough: ICC(2) and the "
        "median rwg are both below their declared least values."
    ),
}


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the answers of people may stand for their units.

    Attributes
    ----------
    passes : bool
        Whether every criterion that can be judged is met.
    fails : tuple of {"icc2", "rwg"}
        The criteria that are not met.
    icc2 : float
        Reliability of the units' means.
    rwg_median : float
        Median of the agreement within units; missing where it cannot be computed.
    rwg_share : float
        Share of the units with at least ``least_rwg``; missing where it cannot be computed.
    reason : str
        An English sentence that says what fails; empty where nothing does.
    """

    passes: bool
    fails: tuple[Criterion, ...]
    icc2: float
    rwg_median: float
    rwg_share: float
    reason: str


def aggregation_gate(
    icc2: float, rwg: pd.Series | None = None, *, least_icc2: float = LEAST_ICC2, least_rwg: float = LEAST_RWG
) -> Gate:
    """Judge whether means of units may be used, by limits that are declared before the data are read.

    When to use it: for each construct that enters a link between units. A construct below the gate is still linked,
    with a word: unreliable unit means make a link look weaker than it is, and do not make one.

    Parameters
    ----------
    icc2 : float
        ICC(2), from :func:`icc`.
    rwg : pandas.Series, optional
        Agreement within each unit, from :func:`rwg` or :func:`rwg_j`; missing ones are left out. Without any, ICC(2)
        alone is judged.
    least_icc2, least_rwg : float
        Least ICC(2), and least median of the agreement.

    Returns
    -------
    Gate

    Raises
    ------
    ValueError
        If ``icc2`` is missing.

    Notes
    -----
    Both limits are conventions, not results. 0.60 for ICC(2) goes back to Glick (1985); Bliese (2000) shows that ICC(2)
    grows with the size of the units, so that small teams miss any limit sooner. 0.70 for rwg is where LeBreton and
    Senter (2008) let strong agreement begin; Lance, Butts and Michels (2006) traced it to a private communication.

    References
    ----------
    LeBreton, J. M. & Senter, J. L. (2008). Answers to 20 questions about interrater reliability and interrater
    agreement. *Organizational Research Methods*, 11(4), 815-852. https://doi.org/10.1177/1094428106296642

    Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability. In K. J. Klein & S. W. J. Kozlowski
    (Eds.), *Multilevel Theory, Research, and Methods in Organizations*, 349-381. Jossey-Bass.

    Glick, W. H. (1985). Conceptualizing and measuring organizational and psychological climate. *Academy of Management
    Review*, 10(3), 601-616. https://doi.org/10.5465/amr.1985.4279045

    Lance, C. E., Butts, M. M. & Michels, L. C. (2006). The sources of four commonly reported cutoff criteria.
    *Organizational Research Methods*, 9(2), 202-220. https://doi.org/10.1177/1094428105284919

    Examples
    --------
    >>> aggregation_gate(0.82, pd.Series([0.9, 0.6, 0.4])).fails
    ('rwg',)
    """
    if np.isnan(icc2):
        raise ValueError("aggregation_gate needs an ICC(2); it is missing.")
    known = np.array([]) if rwg is None else rwg.dropna().to_numpy(dtype="float64")
    median = float(np.median(known)) if len(known) else float("nan")
    share = float((known >= least_rwg - _ROUNDING).mean()) if len(known) else float("nan")
    judged: tuple[tuple[Criterion, bool], ...] = (
        ("icc2", icc2 < least_icc2 - _ROUNDING),
        ("rwg", median < least_rwg - _ROUNDING),
    )
    fails = tuple(name for name, failed in judged if failed)
    return Gate(
        passes=not fails, fails=fails, icc2=icc2, rwg_median=median, rwg_share=share, reason=REASONS[fails]
    )
