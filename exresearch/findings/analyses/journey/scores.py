"""Journey map: the mean rating of every moment and phase with its interval, by who rates and by group."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.measures import JourneyData, dependence_groups, population_column
from exresearch.measures.resampling import respondents
from exresearch.models import NotEstimable
from exresearch.models.regression import LinearFit, linear_combinations, linear_regression
from exresearch.study import Study
from exresearch.study.languages import worded

_NUMBERS = ("estimate", "std_error", "conf_low", "conf_high")
#: Groups are drawn as lines; more of them than this cannot be told apart.
MOST_GROUPS = 6
#: Part of the journey's moments under which it is called partial.
PARTIAL = 0.60


def moment_scores(journey: JourneyData, *, conf_level: float, rules: DisclosureRules) -> pd.DataFrame:
    """Give the mean rating of each moment, in the order of the journey; gaps have none.

    Parameters
    ----------
    journey : JourneyData
        Of :func:`exresearch.measures.journey_data`.
    conf_level : float
        Of the intervals, which keep units (else persons) together.
    rules : DisclosureRules
        A moment that too few people rated has no mean.

    Returns
    -------
    pandas.DataFrame
        The columns of :attr:`JourneyData.moments`, ``estimate, std_error, conf_low, conf_high, conf_level``, and
        ``rank_low, rank_high``: the places, 1 for the best, that the data leave open.

    Notes
    -----
    A place is settled by the differences between moments, of which all pairs are tested together (Bonferroni): many
    people rate several moments, so that two overlapping intervals may well differ.
    """
    rows = []
    for name in journey.moments["moment"]:
        part = journey.ratings[journey.ratings["moment"] == name]
        rows.append(_mean(part, conf_level=conf_level, least=rules.min_respondents))
    scores = pd.DataFrame(rows, columns=list(_NUMBERS), index=journey.moments.index)
    known = list(journey.moments.loc[scores["estimate"].notna(), "moment"])
    places = _places(journey.ratings[journey.ratings["moment"].isin(known)], known, conf_level=conf_level)
    return journey.moments.join(scores).join(places, on="moment").assign(conf_level=conf_level)


def phase_scores(journey: JourneyData, *, conf_level: float, rules: DisclosureRules) -> pd.DataFrame:
    """Give the mean of the moments of each phase, every moment counting the same however many rated it.

    Moments that too few people rated have no part in it: their mean would follow from that of the phase and the others.

    Returns
    -------
    pandas.DataFrame
        ``phase, phase_label, employment, estimate, std_error, conf_low, conf_high, conf_level, n, people, moments,
        rated`` (moments of the phase, and those that were rated).
    """
    rows: list[dict[str, Any]] = []
    placed = journey.moments[journey.moments["phase"] != ""]
    for phase, moments in placed.groupby("phase", sort=False):
        enough = moments.loc[moments["people"] >= rules.min_respondents, "moment"]
        part = journey.ratings[journey.ratings["moment"].isin(enough)]
        first = moments.iloc[0]
        rows.append(
            {
                "phase": phase,
                "phase_label": first["phase_label"],
                "employment": first["employment"],
                **_mean(part, conf_level=conf_level, least=rules.min_respondents),
                "conf_level": conf_level,
                "n": len(part),
                "people": respondents(part),
                "moments": len(moments),
                "rated": int((moments["n"] > 0).sum()),
            }
        )
    return pd.DataFrame(rows)


def group_scores(
    study: Study, journey: JourneyData, *, by: str, conf_level: float, rules: DisclosureRules
) -> pd.DataFrame:
    """Give the mean rating of each moment by who rates it, or by a category.

    Parameters
    ----------
    study : Study
        The client.
    journey : JourneyData
        Of :func:`exresearch.measures.journey_data`.
    by : {"who", "category"}
        Candidates, employees, leavers and alumni; or the first category of moments or units with two to six values.

    Returns
    -------
    pandas.DataFrame
        ``moment, group`` (empty for a few people of whom it is not known), ``dimension`` and ``by`` (column and label
        of the category), ``estimate, std_error, conf_low, conf_high, conf_level, n, people``, one row per moment and
        group, all of them: :func:`exresearch.disclosure.release` with ``within=["moment"]`` decides what is shown.
        Empty where there are no groups.
    """
    told = _told(study, journey, by)
    if told is None:
        return pd.DataFrame()
    values, label = told
    dimension = str(values.name)
    rows = []
    for name in journey.moments["moment"]:
        part = journey.ratings[journey.ratings["moment"] == name]
        for group, rows_of in part.groupby(values.loc[part.index], sort=True):
            rows.append(
                {
                    "moment": name,
                    "group": str(group),
                    "dimension": dimension,
                    "by": label,
                    **_mean(rows_of, conf_level=conf_level, least=rules.min_respondents),
                    "conf_level": conf_level,
                    "n": len(rows_of),
                    "people": respondents(rows_of),
                }
            )
        rest = part[values.loc[part.index].isna()]
        # The mean of a few people of no known group would follow from that of the moment and those of the groups.
        if 0 < respondents(rest) < rules.min_respondents:
            hidden = {"moment": name, "group": "", "dimension": dimension, "by": label}
            hidden |= {"conf_level": conf_level}
            rows.append(hidden | {"n": len(rest), "people": respondents(rest)})
    return pd.DataFrame(rows)


def _told(study: Study, journey: JourneyData, by: str) -> tuple[pd.Series, dict[str, str]] | None:
    ratings = journey.ratings
    if by == "who":
        if "population" not in ratings:
            return None
        values = ratings["population"].rename(population_column(study))
        return values, worded("Who rates")
    table = study.table("moments")
    taken = {v.column for v in study.codebook.select("moments", role="category") if v.column in table}
    for variable in study.codebook.select("moments", role="category"):
        column = variable.column
        if column not in taken:
            continue
        values = table.loc[ratings.index, column]
        # What tells moments, phases or people apart is not a group within which a journey is made.
        once = pd.crosstab(ratings["moment"], values)
        if 2 <= values.nunique() <= MOST_GROUPS and (once > 0).all().all():
            return values, study.codebook.label(column)
    units = study.table("units")
    if "unit" in ratings and "unit" in units:
        known = units.drop_duplicates("unit", keep="last").set_index("unit")
        for variable in study.codebook.select("units", role="category"):
            if variable.column in known:
                values = ratings["unit"].map(known[variable.column]).rename(variable.column)
                if 2 <= values.nunique() <= MOST_GROUPS:
                    return values, study.codebook.label(variable.column)
    return None


def _mean(part: pd.DataFrame, *, conf_level: float, least: int) -> dict[str, float]:
    """Mean of the means of the moments in it, with an interval that keeps groups together."""
    empty = dict.fromkeys(_NUMBERS, float("nan"))
    if respondents(part) < max(least, 2):
        return empty
    names = list(part["moment"].unique())
    try:
        fit = _fit(part, names, conf_level=conf_level)
    except NotEstimable:
        # Everybody gives the same answer, or all come from one group: a mean without an interval.
        return empty | {"estimate": float(part.groupby("moment")["rating"].mean().mean())}
    if len(names) == 1:
        row = fit.table.iloc[0]
    else:
        equal = {f"m{number}": 1.0 / len(names) for number in range(len(names))}
        row = linear_combinations(fit, combinations={"mean": equal}).iloc[0]
    return {name: float(row[name]) for name in _NUMBERS}


def _places(ratings: pd.DataFrame, names: list[str], *, conf_level: float) -> pd.DataFrame:
    """Lowest and highest place of each moment that no difference between two moments excludes."""
    pairs = {
        f"{high} {low}": {f"m{high}": 1.0, f"m{low}": -1.0}
        for high in range(len(names))
        for low in range(len(names))
        if high < low
    }
    better = dict.fromkeys(range(len(names)), 0)
    worse = better.copy()
    if pairs:
        try:
            fit = _fit(ratings, names, conf_level=1.0 - (1.0 - conf_level) / len(pairs))
            found = linear_combinations(fit, combinations=pairs)
        except NotEstimable:
            found = pd.DataFrame(columns=["term", "conf_low", "conf_high"])
        for term, low, high in zip(found["term"], found["conf_low"], found["conf_high"], strict=True):
            first, second = (int(number) for number in str(term).split())
            if low > 0 or high < 0:
                upper, lower = (first, second) if low > 0 else (second, first)
                worse[upper] += 1
                better[lower] += 1
    return pd.DataFrame(
        {
            "rank_low": [1.0 + better[number] for number in range(len(names))],
            "rank_high": [float(len(names) - worse[number]) for number in range(len(names))],
        },
        index=pd.Index(names, name="moment", dtype="object"),
    )


def _fit(part: pd.DataFrame, names: list[str], *, conf_level: float) -> LinearFit:
    """Means of moments together, as coefficients ``m0, m1, ...``."""
    groups = dependence_groups(part)
    columns = {f"m{number}": (part["moment"] == name).astype("float64") for number, name in enumerate(names)}
    frame = part[["rating"]].assign(**columns, group=groups.labels)
    if "weight" in part:
        frame["weight"] = part["weight"]
    return linear_regression(
        frame,
        outcome="rating",
        predictors=list(columns),
        intercept=False,
        weights="weight" if "weight" in part else None,
        cluster=None if groups.by == "row" else "group",
        conf_level=conf_level,
    )
