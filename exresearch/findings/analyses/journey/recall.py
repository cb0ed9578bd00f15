"""Recall and promise: ratings given long after the moment, and what the first weeks did with what was promised."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.measures import JourneyData, dependence_groups
from exresearch.measures.resampling import respondents
from exresearch.models import NotEstimable
from exresearch.models.regression import linear_regression
from exresearch.study import Study

#: Who rates a moment while it happens, by the part of the journey it is in.
_FRESH = {"before": ("candidate",), "during": ("employee",), "after": ("leaver", "alumnus")}
_MONTH = 30.4375
_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")


def time_of_rating(
    study: Study, journey: JourneyData, *, rules: DisclosureRules, conf_level: float
) -> pd.DataFrame:
    """Say of each moment who rated it afterwards, how long after, and whether that makes a difference.

    Parameters
    ----------
    study : Study
        The client; the staff list gives first and last days.
    journey : JourneyData
        Of :func:`exresearch.measures.journey_data`.
    rules : DisclosureRules
        People behind each number.
    conf_level : float
        Of the interval of the difference.

    Returns
    -------
    pandas.DataFrame
        ``moment, label, n`` (people), ``recalled`` (share of the ratings by people whose phase is a later one; missing
        where not known, or where it would tell what a few people did), ``months`` (median time since the first day in
        service, or the last for moments after employment), ``since`` (``start`` or ``end``), ``estimate`` (mean of
        recalled minus mean of fresh ratings), ``conf_low, conf_high, conf_level``.
    """
    ratings = journey.ratings
    months = months_since(study, ratings)
    rows = []
    for moment in journey.moments.itertuples():
        part = ratings[ratings["moment"] == moment.moment]
        row: dict[str, Any] = {"moment": moment.moment, "label": moment.label, "n": respondents(part)}
        row |= {"recalled": float("nan"), "months": float("nan"), "since": ""}
        row |= dict.fromkeys(_NUMBERS, float("nan"))
        fresh = _FRESH.get(str(moment.employment))
        if "population" in part and fresh is not None and len(part):
            late = ~part["population"].isin(fresh) & part["population"].notna()
            known = part["population"].notna()
            apart = [respondents(part[known & late]), respondents(part[known & ~late])]
            # A share of nought or all says of nobody what the others did; of a few it would.
            if all(count == 0 or count >= rules.min_respondents for count in apart):
                row["recalled"] = float(late[known].mean())
            if min(apart) >= rules.min_respondents:
                row |= _difference(part, late, conf_level=conf_level)
        since = "end" if moment.employment == "after" else "start"
        if since in months:
            known = months.loc[part.index, since].dropna()
            known = known[known >= 0]
            if respondents(part.loc[known.index]) >= rules.min_respondents:
                row |= {"months": float(known.median()), "since": since}
        rows.append(row)
    return pd.DataFrame(rows).assign(conf_level=conf_level)


def months_since(study: Study, ratings: pd.DataFrame) -> pd.DataFrame:
    """Give the months between first, and last, day in service and the day of each rating; missing where not known."""
    people = study.table("people")
    if "date" not in ratings or "person" not in ratings or "person" not in people:
        return pd.DataFrame(index=ratings.index)
    days = pd.to_datetime(ratings["date"], errors="coerce")
    dates = {v.name: v.column for v in study.codebook.select("people", role="date") if v.column in people}
    made = {}
    for name in ("start", "end"):
        if name in dates:
            known = people.dropna(subset=["person"]).groupby("person")[dates[name]]
            first = pd.to_datetime(known.min() if name == "start" else known.max(), errors="coerce")
            made[name] = (days - ratings["person"].map(first)).dt.days / _MONTH
    return pd.DataFrame(made, index=ratings.index)


def promise_kept(journey: JourneyData, *, rules: DisclosureRules, conf_level: float) -> pd.DataFrame:
    """Compare, within persons, the last moment before employment with the first one during it.

    Parameters
    ----------
    journey : JourneyData
        Of :func:`exresearch.measures.journey_data`.
    rules : DisclosureRules
        People behind each number.
    conf_level : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (``followed``: rated on two occasions, the first before the second; ``together``: on one sheet),
        ``before, first`` (moments), ``mean_before, mean_first`` (missing where those of a few others would follow),
        ``estimate`` (first minus before), ``conf_low, conf_high, p_value, conf_level, n`` (people). Empty where
        persons are not known or nobody rated both.
    """
    ratings = journey.ratings
    before, during = journey.names("before"), journey.names("during")
    if "person" not in ratings or not before or not during:
        return pd.DataFrame()
    last, first = before[-1], during[0]
    keys = ["person", *(name for name in ("wave", "population") if name in ratings)]
    both = ratings[ratings["moment"].isin([last, first])].dropna(subset=keys)
    sheets = both.pivot_table(index=keys, columns="moment", values="rating", observed=True).reset_index()
    if last not in sheets or first not in sheets:
        return pd.DataFrame()
    more = both.groupby("person").agg(
        {name: "first" for name in ("unit", "weight") if name in both} | {"rating": "size"}
    )
    rows = []
    found = {"followed": _followed(both, last, first), "together": _together(sheets, last, first)}
    apart = _left_out(ratings, found, (last, first), least=rules.min_respondents)
    for kind, pairs in found.items():
        pairs = pairs.join(more[[name for name in ("unit", "weight") if name in more]], on="person")
        if respondents(pairs) < max(rules.min_respondents, 2):
            continue
        numbers = _mean_change(pairs, conf_level=conf_level)
        if numbers is not None:
            if apart:
                numbers |= {"mean_before": float("nan"), "mean_first": float("nan")}
            rows.append({"kind": kind, "before": last, "first": first, **numbers, "n": respondents(pairs)})
    return pd.DataFrame(rows).assign(conf_level=conf_level) if rows else pd.DataFrame()


def _left_out(
    ratings: pd.DataFrame, found: dict[str, pd.DataFrame], moments: tuple[str, str], *, least: int
) -> bool:
    """Whether a few people rated one of the moments and are in no pair: their mean would follow from the others'."""
    paired = [set(pairs["person"]) for pairs in found.values() if len(pairs)]
    sets = [*paired, set().union(*paired)]
    for name in moments:
        raters = set(ratings.loc[ratings["moment"] == name, "person"].dropna())
        if any(0 < len(raters - people) < least for people in sets if people):
            return True
    return False


def _followed(both: pd.DataFrame, last: str, first: str) -> pd.DataFrame:
    """Persons who rated the moment before employment on an earlier day than the first one during it."""
    empty = pd.DataFrame(columns=["person", "before", "first"])
    if "date" not in both:
        return empty
    day = pd.to_datetime(both["date"], errors="coerce")
    if "population" in both:
        # Who skips a question on one occasion and answers it on the next was not followed from the start.
        both = both[(both["moment"] != last) | (both["population"] == "candidate")]
    earliest = both.assign(day=day.loc[both.index]).dropna(subset=["day"]).sort_values("day", kind="stable")
    before, after = (
        earliest[earliest["moment"] == name].drop_duplicates("person").set_index("person")[["rating", "day"]]
        for name in (last, first)
    )
    joined = before.join(after.rename(columns={"rating": "rating_first", "day": "day_first"}), how="inner")
    named = joined[joined["day"] < joined["day_first"]].rename(
        columns={"rating": "before", "rating_first": "first"}
    )
    return named[["before", "first"]].reset_index() if len(named) else empty


def _together(sheets: pd.DataFrame, last: str, first: str) -> pd.DataFrame:
    complete = sheets.dropna(subset=[last, first])
    return complete[["person"]].assign(before=complete[last], first=complete[first])


def _mean_change(pairs: pd.DataFrame, *, conf_level: float) -> dict[str, float] | None:
    frame = pairs.assign(change=(pairs["first"] - pairs["before"]).astype("float64"), one=1.0)
    found = _fit(frame, outcome="change", predictors=["one"], conf_level=conf_level)
    if found is None:
        return None
    weight = pairs["weight"] if "weight" in pairs else pd.Series(1.0, index=pairs.index)
    means = {
        f"mean_{name}": float((pairs[name] * weight).sum() / weight.sum()) for name in ("before", "first")
    }
    return means | {name: float(found[name]["one"]) for name in _NUMBERS}


def _difference(part: pd.DataFrame, late: pd.Series, *, conf_level: float) -> dict[str, float]:
    frame = part.assign(late=late.astype("float64"), one=1.0)
    found = _fit(frame, outcome="rating", predictors=["one", "late"], conf_level=conf_level)
    return {} if found is None else {name: float(found[name]["late"]) for name in _NUMBERS}


def _fit(
    frame: pd.DataFrame, *, outcome: str, predictors: list[str], conf_level: float
) -> pd.DataFrame | None:
    groups = dependence_groups(frame)
    try:
        fit = linear_regression(
            frame.assign(group=groups.labels),
            outcome=outcome,
            predictors=predictors,
            intercept=False,
            weights="weight" if "weight" in frame else None,
            cluster=None if groups.by == "row" else "group",
            conf_level=conf_level,
        )
    except NotEstimable:
        return None
    return fit.table.set_index("term")
