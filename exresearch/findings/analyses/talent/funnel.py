"""Talent magnet, the campaign: from people reached to applicants, new employees, and a first year."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.analyses.talent.cells import per_hundred, unit_cells
from exresearch.findings.analyses.talent.spells import ANSWER_HOLDS, answer_days
from exresearch.models.resampling import MIN_UNITS
from exresearch.study import Study

#: Steps in order: what it is called, what is counted, and out of what.
STEPS = (
    ("campaign", "direct", "campaign_reach"),
    ("referred", "referrals", "headcount"),
    ("of_applicants", "referrals", "applicants"),
    ("hired", "hires", "applicants"),
    ("hired_direct", "hires_direct", "direct"),
    ("hired_of_referred", "hires_referred", "referrals"),
    ("hired_referred", "hires_referred", "hires"),
    ("first_year", "stayed", "new"),
    ("first_year_direct", "stayed_direct", "new_direct"),
    ("first_year_referred", "stayed_referred", "new_referred"),
)
#: Parts of a whole that is shown beside them: either both are shown or neither, or one would give the other away.
_TOGETHER = (("hired_direct", "hired_of_referred"), ("first_year_direct", "first_year_referred"))
#: Steps that count the same people in other ways, so that one of them follows from the others and from the totals:
#: referred or not, among applicants and among the people hired; who stayed, among new employees.
_SAME_PEOPLE = (
    ("campaign", "referred", "of_applicants"),
    ("hired_direct", "hired_of_referred", "hired_referred"),
    ("first_year_direct", "first_year_referred"),
)
_YEAR = pd.DateOffset(years=1)


def funnel(study: Study, *, conf_level: float) -> pd.DataFrame:
    """Return how many of those reached, employed and applying became applicants, new employees, and stayed a year.

    Parameters
    ----------
    study : Study
        With units, a staff list, or both.
    conf_level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``term`` (of :data:`STEPS`), ``estimate`` (per 100 of the base, over all units and waves), ``std_error`` (CR2 by
        unit), ``conf_low, conf_high, conf_level, events, n`` (the base), ``n_units``, ``people`` (the smallest group
        that the row tells of: those counted, or those not) and ``fewest`` (the smallest that follows from the row and
        those about the same people); only steps that are measured. Applicants whom no colleague brought are set
        against the reach of all campaigns together.
    """
    cells, rows = unit_cells(study), []
    if {"applicants", "referrals"} <= set(cells):
        cells = cells.assign(direct=(cells["applicants"] - cells["referrals"]).clip(lower=0))
    if {"hires", "hires_referred"} <= set(cells):
        cells = cells.assign(hires_direct=(cells["hires"] - cells["hires_referred"]).clip(lower=0))
    starters = first_years(study)
    for term, events, base in STEPS:
        frame = starters if term.startswith("first_year") else cells
        if {events, base} <= set(frame) and frame["unit"].nunique() >= MIN_UNITS:
            row = per_hundred(frame, events=events, base=base, conf_level=conf_level)
            if row is not None:
                rows.append(row | {"term": term})
    present = {row["term"] for row in rows}
    alone = {term for pair in _TOGETHER if not present.issuperset(pair) for term in pair}
    found = pd.DataFrame([row for row in rows if row["term"] not in alone])
    if found.empty:
        return found
    # Among people who applied, were hired or started, those of whom it is not true are a group as well.
    others = (found["n"] - found["events"]).where(~found["term"].isin(["campaign", "referred"]), found["n"])
    found["people"] = pd.concat([found["n"], found["events"], others], axis=1).min(axis=1)
    for pair in _TOGETHER:
        both = found["term"].isin(pair)
        found.loc[both, "people"] = found.loc[both, "people"].min()
    found["fewest"] = found["people"]
    for steps in _SAME_PEOPLE:
        same = found["term"].isin(steps)
        found.loc[same, "fewest"] = found.loc[same, "people"].min()
    return found


def first_years(study: Study) -> pd.DataFrame:
    """Count by unit who started on the job, could be followed for a year, and was still there.

    Counted are people who started after the first departure on the list, since a list may lack who left earlier, and at
    least a year before observation ends, which is the end of the month of the last departure.

    Parameters
    ----------
    study : Study
        With a staff list with first and last working days.

    Returns
    -------
    pandas.DataFrame
        ``unit, new, stayed``, and where the list says who referred whom, both for people who were (``_referred``)
        and who were not (``_direct``). Empty where the list does not say it.
    """
    if not study.has("people", "person", "unit"):
        return pd.DataFrame()
    people = study.table("people")
    named = {v.name: v.column for v in study.codebook.select("people") if v.column in people}
    if not {"start", "end"} <= set(named):
        return pd.DataFrame()
    begin, end = pd.to_datetime(people[named["start"]]), pd.to_datetime(people[named["end"]])
    days = answer_days(study, pd.DataFrame({"wave": list(study.waves)}))[0].dropna()
    # A departure planned for a far future is no observation.
    past = end[end <= days.max() + pd.Timedelta(days=ANSWER_HOLDS)] if len(days) else end.dropna()
    if past.empty:
        return pd.DataFrame()
    until = pd.Timestamp(past.max()) + pd.offsets.MonthEnd(0)
    kept = people["unit"].notna() & (begin > past.min()) & (begin + _YEAR <= until)
    stayed = end.isna() | (end >= begin + _YEAR)
    counted = {"new": kept, "stayed": kept & stayed}
    if "referred_by" in named:
        by = people[named["referred_by"]].notna()
        for name, who in (("direct", ~by), ("referred", by)):
            counted |= {f"new_{name}": kept & who, f"stayed_{name}": kept & stayed & who}
    rows = pd.DataFrame(counted).astype("float64").groupby(people["unit"]).sum().reset_index()
    return rows[rows["new"] > 0].reset_index(drop=True)
