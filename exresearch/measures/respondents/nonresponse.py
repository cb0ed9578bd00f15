"""Who did not answer: response by group, and respondents beside the staff they speak for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from exresearch.measures.respondents.staffing import staff_comparisons
from exresearch.study import Study
from exresearch.study.weights import (
    counted_waves,
    headcount_source,
    response_rate,
    units_during,
    waves_answered,
)

_RESPONSE = ["column", "group", "wave", "n", "headcount", "source", "response_rate", "conf_low", "conf_high"]
_AGAINST = [
    "wave", "source", "column", "category", "n_respondents", "n_staff", "share_respondents", "share_weighted",
    "share_staff", "difference", "std_difference",
]  # fmt: skip
_OVERALL = [
    "wave",
    "source",
    "column",
    "n_respondents",
    "n_staff",
    "n_categories",
    "cramers_v",
    "r_indicator",
]


def response_by_group(study: Study, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Give the response rate by category of the units and by wave.

    When to use it: to see which parts of the organisation did not answer, before comparing them. The rate is a count
    and not an estimate: everybody was invited, and a finite population counted in full has no sampling error. The
    interval is about something else, the chance to answer of which this wave is one outcome: groups whose intervals
    lie apart differ by more than luck. Hence Wilson's interval without a finite population correction, which would make
    it empty. It takes people as answering independently; where colleagues take one another along it is too narrow.

    Parameters
    ----------
    study : Study
        The client.
    conf_level : float
        Level of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``column`` (category column of ``units``), ``group``, ``wave`` (``all`` without waves), ``n`` (employees who
        answered), ``headcount, source, response_rate, conf_low, conf_high``. Head counts are the column ``headcount``
        with role ``count`` of ``units`` (``source`` is ``head counts``), else the people of that unit on the staff list
        in service during the wave (``staff list``), else all on it (``whole staff list``); rate and interval are
        missing where the head count of one unit is unknown or nobody works, and where more answered than there are.
        Without answer sheets ``n`` is the sum of what the units count for their first measure, and groups in which a
        unit does not say it have no rate. Units without a category are in no group, nor are sheets without a unit.
        Empty without categories of units, or where the employees have no unit.

    Raises
    ------
    ValueError
        If the level is out of range.

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953; Brown, Cai & DasGupta (2001), doi:10.1214/ss/1009213286;
    response as chance: Schouten, Cobben & Bethlehem (2009), Survey Methodology 35, 101-113
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be between 0 and 1; got {conf_level!r}.")
    columns = [v.column for v in study.codebook.select("units", role="category")]
    rows: list[dict[str, Any]] = []
    own = study.has("employees")
    if study.has("units", "unit") and (study.has("employees", "unit") or not own):
        for wave in waves_answered(study) if own else counted_waves(study):
            units, source = units_during(study, wave), headcount_source(study, wave)
            for column in columns:
                for group, part in units.groupby(column, sort=True):
                    n, headcount = int(part["n"].sum()), float(part["headcount"].sum(skipna=False))
                    if part["n"].isna().any():
                        headcount = float("nan")
                    low, high = _wilson(n, headcount, conf_level=conf_level)
                    rows.append(
                        {
                            "column": column,
                            "group": group,
                            "wave": wave,
                            "n": n,
                            "headcount": headcount,
                            "source": source,
                            "response_rate": response_rate(n, headcount),
                            "conf_low": low,
                            "conf_high": high,
                        }
                    )
    return pd.DataFrame(rows, columns=_RESPONSE)


def respondents_against_staff(study: Study, *, wave: str | None = None) -> pd.DataFrame:
    """Set the respondents of one wave beside the staff, category by category.

    When to use it: to see for whom the answers speak, with and without weights. A category comes from the staff list,
    for respondents by their person where the sheets say who they are, else by the category column of the same name in
    both tables. Categories of the units, with their head counts, stand below.

    Parameters
    ----------
    study : Study
        The client.
    wave : str, optional
        Without it the last wave that employees answered in.

    Returns
    -------
    pandas.DataFrame
        ``wave, source`` (``staff list`` or ``head counts``), ``column, category, n_respondents, n_staff,
        share_respondents, share_weighted`` (with the study's weights), ``share_staff, difference`` (unweighted share of
        respondents minus share of staff), ``std_difference`` (the difference in standard deviations of the category
        among staff; beyond 0.1 is commonly called out of balance). Shares are of those whose category is known. Empty
        where nothing is known of the staff.

    Raises
    ------
    ValueError
        If employees did not answer in that wave.

    References
    ----------
    Standardised differences: Austin (2009), doi:10.1080/03610910902859574; here with the standard deviation of the
    staff alone, which is known and not estimated.
    """
    rows: list[dict[str, Any]] = []
    for group in staff_comparisons(study, wave):
        weighted = group.weighted / group.weighted.sum()
        answered, staff = group.answered / group.answered.sum(), group.staff / group.staff.sum()
        spread = np.sqrt(staff * (1.0 - staff))
        difference = answered - staff
        rows += [
            {
                "wave": group.wave,
                "source": group.source,
                "column": group.column,
                "category": category,
                "n_respondents": int(group.answered[category]),
                "n_staff": round(group.staff[category]),
                "share_respondents": answered[category],
                "share_weighted": weighted[category],
                "share_staff": staff[category],
                "difference": difference[category],
                "std_difference": (
                    difference[category] / spread[category] if spread[category] > 0 else float("nan")
                ),
            }
            for category in group.staff.index
        ]
    return pd.DataFrame(rows, columns=_AGAINST)


def representativeness(study: Study, *, wave: str | None = None) -> pd.DataFrame:
    """Sum up, per category column, how far response depends on the category.

    Parameters
    ----------
    study : Study
        The client.
    wave : str, optional
        As :func:`respondents_against_staff`.

    Returns
    -------
    pandas.DataFrame
        ``wave, source, column, n_respondents, n_staff, n_categories``; ``cramers_v`` of having answered by category
        (0 no relation, 1 complete); ``r_indicator``, 1 minus twice the standard deviation of the response rates over
        the staff, freed from what chance adds (1 representative on this column, 0 as unlike as can be). Both missing
        where nobody or everybody answered, or more answered in a category than work there.

    Raises
    ------
    ValueError
        If employees did not answer in that wave.

    Notes
    -----
    With N_c staff, N in all, and response rates r_c around r, S^2 = sum (N_c / N) (r_c - r)^2. Cramer's V is
    S / sqrt(r (1 - r)). Rates of small categories differ by chance alone; the R-indicator uses
    S^2 - sum r_c (1 - r_c) / N + sum N_c r_c (1 - r_c) / N^2, at least 0, the adjustment of Shlomo, Skinner & Schouten
    for categories and a staff counted in full. One column at a time says nothing about what it does not hold: answers
    can be biased where all known categories agree.

    References
    ----------
    Schouten, Cobben & Bethlehem (2009), Survey Methodology 35, 101-113; Shlomo, Skinner & Schouten (2012),
    doi:10.1016/j.jspi.2011.07.008; Cramer (1946), *Mathematical Methods of Statistics*, Princeton
    """
    rows = []
    for group in staff_comparisons(study, wave):
        v, r = _dependence(group.answered.to_numpy(dtype=np.float64), group.staff.to_numpy(dtype=np.float64))
        rows.append(
            {
                "wave": group.wave,
                "source": group.source,
                "column": group.column,
                "n_respondents": int(group.answered.sum()),
                "n_staff": round(group.staff.sum()),
                "n_categories": len(group.staff),
                "cramers_v": v,
                "r_indicator": r,
            }
        )
    return pd.DataFrame(rows, columns=_OVERALL)


def _dependence(answered: np.ndarray, staff: np.ndarray) -> tuple[float, float]:
    total, overall = staff.sum(), answered.sum() / staff.sum()
    if (answered > staff).any() or not 0 < overall < 1:
        return float("nan"), float("nan")
    there = staff > 0
    share, rate = staff[there] / total, answered[there] / staff[there]
    spread = float(share @ (rate - overall) ** 2)
    chance = rate * (1.0 - rate)
    true = max(0.0, spread - float(chance.sum()) / total + float(share @ chance) / total)
    return float(np.sqrt(spread / (overall * (1.0 - overall)))), float(1.0 - 2.0 * np.sqrt(true))


def _wilson(n: int, of: float, *, conf_level: float) -> tuple[float, float]:
    if not of > 0 or n > of:
        return float("nan"), float("nan")
    z = float(ndtri(0.5 + conf_level / 2))
    share, added = n / of, z**2 / of
    centre = (share + added / 2) / (1 + added)
    half = z * np.sqrt(share * (1 - share) / of + added / (4 * of)) / (1 + added)
    return max(0.0, centre - half), min(1.0, centre + half)
