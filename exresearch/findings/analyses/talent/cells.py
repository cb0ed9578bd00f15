"""Talent magnet, counts: referred applicants, employees and the campaign, by unit and wave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from exresearch.findings.analyses.talent.spells import answer_days
from exresearch.models import NotEstimable
from exresearch.models.regression import linear_regression
from exresearch.study import Study
from exresearch.study.weights import units_during


def unit_cells(study: Study) -> pd.DataFrame:
    """Return counts by unit and wave, each under the name of its construct, with the number of employees.

    Parameters
    ----------
    study : Study
        With units; head counts may come from a staff list.

    Returns
    -------
    pandas.DataFrame
        ``unit, wave, headcount`` and one column per counted construct; rows without a unit or without employees are
        left out. Empty where there are no units.
    """
    if not study.has("units", "unit") or not study.has("employees", "unit", "wave"):
        return pd.DataFrame()
    counts = {
        v.construct: v.column
        for v in study.codebook.select("units", role="count")
        if v.construct and v.column in study.table("units")
    }
    parts = []
    for wave in study.waves:
        units = units_during(study, wave)
        if units.empty:
            continue
        part = pd.DataFrame({name: units[column] for name, column in counts.items()})
        parts.append(part.assign(unit=units["unit"], wave=wave, headcount=units["headcount"]))
    if not parts:
        return pd.DataFrame()
    cells = pd.concat(parts, ignore_index=True)
    return cells[cells["unit"].notna() & (cells["headcount"] > 0).fillna(False)]


def per_hundred(
    cells: pd.DataFrame, *, events: str, base: str, conf_level: float
) -> dict[str, object] | None:
    """Return events per 100 of a base: a ratio of sums, with a standard error by unit.

    Parameters
    ----------
    cells : pandas.DataFrame
        One row per unit and wave, with ``unit`` and both columns.
    events, base : str
        What is counted, and out of how many.
    conf_level : float
        Of the interval.

    Returns
    -------
    dict or None
        ``estimate, std_error, conf_low, conf_high, conf_level, events, n`` (the base) and ``n_units``; None where it
        cannot be estimated.
    """
    known = cells[cells[events].notna() & (cells[base] > 0)]
    frame = pd.DataFrame(
        {
            "rate": 100 * known[events] / known[base],
            "base": known[base].astype("float64"),
            "one": 1.0,
            "unit": known["unit"],
        }
    )
    try:
        row = linear_regression(
            frame,
            outcome="rate",
            predictors=["one"],
            intercept=False,
            weights="base",
            cluster="unit",
            covariance="CR2",
            working_variance="inverse_weights",
            conf_level=conf_level,
        ).table.iloc[0]
    except NotEstimable:
        return None
    return {
        "estimate": float(row["estimate"]),
        "std_error": float(row["std_error"]),
        "conf_low": max(0.0, float(row["conf_low"])),
        "conf_high": float(row["conf_high"]),
        "conf_level": conf_level,
        "events": int(known[events].sum()),
        "n": int(known[base].sum()),
        "n_units": int(known["unit"].nunique()),
    }


def referred_hires(study: Study, cells: pd.DataFrame) -> pd.DataFrame:
    """Count referred people by the unit of who referred them, in the wave before they started, from a staff list.

    Where applicants are not counted, these are the referrals that are known; nothing but the count is kept.

    Parameters
    ----------
    study : Study
        With a staff list that says who referred whom: a column called ``referred_by``.
    cells : pandas.DataFrame
        Of :func:`unit_cells`.

    Returns
    -------
    pandas.DataFrame
        The cells of all waves but the last, with ``referrals``; empty where the list does not say it.
    """
    people = study.table("people")
    dates = {v.name: v.column for v in study.codebook.select("people", role="date") if v.column in people}
    named = [
        v.column for v in study.codebook.select("people") if v.name == "referred_by" and v.column in people
    ]
    if cells.empty or not named or "start" not in dates or not study.has("people", "person", "unit"):
        return pd.DataFrame()
    one = pd.DataFrame({"wave": list(study.waves)})
    first, _ = answer_days(study, one)
    if first.isna().any():
        return pd.DataFrame()
    by = people[named[0]].map(people.dropna(subset=["person"]).set_index("person")["unit"])
    hired = pd.DataFrame({"unit": by, "begin": people[dates["start"]]}).dropna()
    place = np.searchsorted(first.to_numpy(), hired["begin"].to_numpy(), side="right") - 2
    hired = hired.assign(place=place).loc[place >= 0]
    waves: Sequence[str] = study.waves
    counts = hired.assign(wave=[waves[i] for i in hired["place"]]).groupby(["unit", "wave"]).size()
    known = cells["wave"].isin(waves[:-1])
    others = cells[known].drop(columns="referrals", errors="ignore")
    found = others.merge(counts.rename("referrals").reset_index(), on=["unit", "wave"], how="left")
    return found.assign(referrals=found["referrals"].fillna(0).astype("float64"))
