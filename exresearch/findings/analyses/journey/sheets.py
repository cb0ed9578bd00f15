"""The journey as answer sheets: one row per person and occasion, a column per moment, and what they recommend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from exresearch.findings.analyses.journey.recall import months_since
from exresearch.measures import Groups, JourneyData, dependence_groups, journey_data, oriented
from exresearch.measures.remembered import remembered
from exresearch.measures.resampling import respondents
from exresearch.study import Study

OUTCOME, WEIGHT, GROUP, PERSON, WHO = "(outcome)", "(weight)", "(group)", "(person)", "(who)"
SERVICE = "(service)"
EVERYBODY = "everybody"
Source = Literal["asked", "survey"]
#: A moment counts as asked of people of a kind when at least this share of their sheets rates it.
_ASKED_OF = 0.5


@dataclass(frozen=True, slots=True)
class JourneySheets:
    """Sheets that can be analysed. Person by person: for estimators, never for a page.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per sheet: a column per moment (missing where not rated, or not asked of these people), the outcome, who
        rates, person, weight and months in service where these are known, columns of the waves but the largest, and the
        group that is kept together.
    moments : list of str
        Moments in order.
    waves : list of str
        Columns of waves.
    groups : Groups
        Whose answers are kept together.
    source : {"asked", "survey"}
        Whether the recommendation was asked with the moments, or comes from the survey among employees.
    scale : tuple of float
        Ends of the scale of the outcome.
    asked : dict of str to list of str
        Moments that were asked of each kind of people.
    n_off : int
        Ratings of moments that were not asked of those people as a rule, left out.
    n_keyless : int
        Ratings that do not say whose they are, or who rates, left out.
    """

    frame: pd.DataFrame
    moments: list[str]
    waves: list[str]
    groups: Groups
    source: Source
    scale: tuple[float, float]
    asked: dict[str, list[str]]
    n_off: int
    n_keyless: int

    @property
    def cluster(self) -> str | None:
        """Column that is kept together; None for rows."""
        return None if self.groups.by == "row" else GROUP

    @property
    def weights(self) -> str | None:
        """Column of weights, if there are any."""
        return WEIGHT if WEIGHT in self.frame else None

    def people(self, frame: pd.DataFrame | None = None) -> int:
        """Count the people behind sheets."""
        chosen = self.frame if frame is None else frame
        return respondents(chosen.rename(columns={PERSON: "person"}))


def journey_sheets(
    study: Study, journey: JourneyData, *, source: Source | None = None
) -> JourneySheets | None:
    """Put the ratings of a person on one occasion on one row, beside the recommendation.

    Parameters
    ----------
    study : Study
        The client.
    journey : JourneyData
        Of :func:`exresearch.measures.journey_data`.
    source : {"asked", "survey"}, optional
        Where the recommendation comes from; that asked with the moments where there is one, when left out. That of the
        survey is the one of the same person in the same wave, or over all waves where moments have none.

    Returns
    -------
    JourneySheets or None
        None where ratings do not say whose they are, or there is no recommendation of that source.
    """
    if "person" not in journey.ratings:
        return None
    chosen: Source = source or ("asked" if journey.recommend is not None else "survey")
    if journey_data(study) is not journey:
        return _made(study, journey, chosen)
    return remembered(study, ("journey sheets", chosen), lambda: _made(study, journey, chosen))


def _made(study: Study, journey: JourneyData, chosen: Source) -> JourneySheets | None:
    ratings = journey.ratings
    keys = [name for name in ("person", "wave", "population") if name in ratings]
    known = ratings.join(months_since(study, ratings).get(["start"], pd.DataFrame(index=ratings.index)))
    known = known.dropna(subset=keys)
    wide = known.pivot_table(index=keys, columns="moment", values="rating", aggfunc="mean", observed=True)
    moments = [name for name in journey.moments["moment"] if name in wide]
    wide = wide[moments].astype("float64")
    rules = {"unit": "first", "weight": "first", "recommend": "mean", "start": "first"}
    taken = {name: rule for name, rule in rules.items() if name in known}
    more = known.groupby(keys, observed=True).agg(taken) if taken else pd.DataFrame(index=wide.index)
    sheets = wide.join(more).reset_index()
    found = _outcome(study, journey, sheets, chosen)
    if found is None:
        return None
    outcome, scale = found
    frame = sheets[moments].assign(**{OUTCOME: outcome, PERSON: sheets["person"]})
    frame[WHO] = EVERYBODY
    if "population" in keys:
        frame[WHO] = sheets["population"]
    if "weight" in sheets:
        frame[WEIGHT] = sheets["weight"].astype("float64")
    if "start" in sheets:
        frame[SERVICE] = sheets["start"].astype("float64")
    waves = []
    if "wave" in sheets:
        for wave in sheets["wave"].value_counts().index[1:]:
            name = f"wave: {wave}"
            frame[name] = (sheets["wave"] == wave).astype("float64")
            waves.append(name)
    groups = dependence_groups(sheets)
    frame[GROUP] = groups.labels
    asked, n_off = _asked(frame, moments)
    return JourneySheets(
        frame, moments, waves, groups, chosen, scale, asked, n_off, len(ratings) - len(known)
    )


def _outcome(
    study: Study, journey: JourneyData, sheets: pd.DataFrame, source: Source
) -> tuple[pd.Series, tuple[float, float]] | None:
    if source == "asked":
        if journey.recommend is None:
            return None
        variable, values = journey.recommend, sheets["recommend"]
        return values.astype("float64"), (float(variable.minimum or 0.0), float(variable.maximum or 0.0))
    employees = study.table("employees")
    asked = [
        v
        for v in study.codebook.select("employees", role="outcome", construct="enps")
        if v.column in employees
    ]
    if not asked or "person" not in employees:
        return None
    keys = [name for name in ("person", "wave") if name in employees and name in sheets]
    answers = employees[keys].assign(value=oriented(employees[asked[0].column], asked[0])).dropna()
    means = answers.groupby(keys, observed=True)["value"].mean()
    values = sheets[keys].merge(means.rename("value").reset_index(), on=keys, how="left")["value"]
    values.index = sheets.index
    if not values.notna().any():
        return None
    return values.astype("float64"), (float(asked[0].minimum or 0.0), float(asked[0].maximum or 0.0))


def _asked(frame: pd.DataFrame, moments: list[str]) -> tuple[dict[str, list[str]], int]:
    """Moments that were asked of each kind of people; the few ratings of others are emptied in place and counted."""
    asked: dict[str, list[str]] = {}
    n_off = 0
    for who, part in frame.groupby(WHO, sort=False):
        share = part[moments].notna().mean()
        asked[str(who)] = [name for name in moments if share[name] >= _ASKED_OF]
        others = [name for name in moments if 0 < share[name] < _ASKED_OF]
        n_off += int(part[others].notna().sum().sum())
        frame.loc[part.index, others] = float("nan")
    return asked, n_off
