"""Clicks and experience: ratings and counts per contact moment beside each other, one row per person and occasion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.analyses.journey.sheets import (
    GROUP,
    OUTCOME,
    PERSON,
    WEIGHT,
    WHO,
    JourneySheets,
    Source,
    journey_sheets,
)
from exresearch.measures import Groups, JourneyData, journey_data
from exresearch.measures.remembered import remembered
from exresearch.measures.resampling import respondents
from exresearch.study import Study

FloatArray = NDArray[np.float64]
Form = Literal["each", "logs", "means", "filled"]
#: Complete sheets per coefficient that a kind of people needs for a model of its own.
_LEAST_PER_COEFFICIENT = 3


@dataclass(frozen=True, slots=True)
class ClickSheets:
    """Sheets that can be analysed. Person by person: for estimators, never for a page.

    Attributes
    ----------
    frame : pandas.DataFrame
        Outcome, ratings, counts and marks of skipped moments as deviations from the mean of people of one kind in one
        wave, with person, group and weight; a column is 0 for kinds of people that it is not about.
    ratings, counts, marks : list of str
        Columns of the frame.
    groups : Groups
        Whose answers are kept together.
    source : {"asked", "survey"}
        Whether the recommendation was asked with the ratings, or in the survey among employees.
    silent : list of str
        Kinds of people with too few complete sheets.
    n_excluded : int
        Sheets without the outcome, a rating or a count that the others have.
    """

    frame: pd.DataFrame
    ratings: list[str]
    counts: list[str]
    marks: list[str]
    groups: Groups
    source: Source
    silent: list[str]
    n_excluded: int

    @property
    def cluster(self) -> str | None:
        """Column that is kept together; None for rows."""
        return None if self.groups.by == "row" else GROUP

    @property
    def weights(self) -> str | None:
        """Column of weights, if there are any."""
        return WEIGHT if WEIGHT in self.frame else None

    @property
    def people(self) -> int:
        """How many people are behind the sheets."""
        return respondents(self.frame.rename(columns={PERSON: "person"}))


def click_sheets(
    study: Study,
    journey: JourneyData,
    *,
    source: Source | None = None,
    form: Form = "each",
    sheets: JourneySheets | None = None,
) -> ClickSheets | None:
    """Put ratings and counts of the same moments and people on one row.

    Every kind of people has slopes of its own, because it was asked about moments of its own.

    Parameters
    ----------
    study : Study
        With counts in table ``moments``.
    journey : JourneyData
        Of :func:`exresearch.measures.journey_data`.
    source : {"asked", "survey"}, optional
        Of the recommendation; as :func:`journey_sheets`.
    form : {"each", "logs", "means", "filled"}
        Ratings and counts of each moment; counts as ``log(1 + count)``; one mean over the moments instead of one
        column each; or skipped moments filled with the mean, with a mark of it that every model holds.
    sheets : JourneySheets, optional
        What :func:`journey_sheets` gives for this source, where that is there already; not changed.

    Returns
    -------
    ClickSheets or None
        None where there are no counts, no outcome, or too few complete sheets.
    """
    if sheets is None:
        sheets = journey_sheets(study, journey, source=source)
    columns = count_columns(study)
    if sheets is None or not columns:
        return None
    counts = _counts(study, journey, columns, logs=form == "logs")
    parts, silent = [], []
    for who, rows in sheets.frame.groupby(WHO, sort=False):
        part = _of_kind(rows, counts, sheets, who=str(who), columns=columns, form=form)
        if part is None:
            silent.append(str(who))
        else:
            parts.append(part)
    if not parts:
        return None
    frame = pd.concat(
        [part.drop(columns=[OUTCOME, PERSON, GROUP, WEIGHT], errors="ignore") for part in parts]
    )
    made = {
        kind: [str(name) for name in frame if str(name).startswith(kind)]
        for kind in ("rating", "count", "mark")
    }
    kept = [name for name in (OUTCOME, PERSON, GROUP, WEIGHT) if name in parts[0]]
    frame = frame.fillna(0.0).join(pd.concat([part[kept] for part in parts]))
    return ClickSheets(
        frame,
        ratings=made["rating"],
        counts=made["count"],
        marks=made["mark"],
        groups=sheets.groups,
        source=sheets.source,
        silent=silent,
        n_excluded=len(sheets.frame) - len(frame),
    )


def count_columns(study: Study) -> list[str]:
    """Return the columns of the moments that count what somebody did."""
    return [
        v.column for v in study.codebook.select("moments", role="count") if study.has("moments", v.column)
    ]


def _counts(
    study: Study, journey: JourneyData, columns: list[str], *, logs: bool
) -> dict[tuple[str, str], FloatArray]:
    """Counts per column and moment, in the order of the sheets of :func:`journey_sheets`; not to be changed."""
    if journey_data(study) is journey:
        means = remembered(study, ("click counts", *columns), lambda: _means(study, journey, columns))
    else:
        means = _means(study, journey, columns)
    return {key: np.log1p(values) for key, values in means.items()} if logs else means


def _means(study: Study, journey: JourneyData, columns: list[str]) -> dict[tuple[str, str], FloatArray]:
    """Mean count per column and moment on each occasion, missing where there is none."""
    keys = [name for name in ("person", "wave", "population") if name in journey.ratings]
    known = journey.ratings.dropna(subset=keys)
    table = study.table("moments")[columns].loc[known.index].astype("float64")
    sheet = known.groupby(keys, observed=True).ngroup().to_numpy()
    size = int(sheet.max(initial=-1)) + 1
    codes, moments = pd.factorize(known["moment"])
    found: dict[tuple[str, str], FloatArray] = {}
    for name in columns:
        values = table[name].to_numpy(dtype="float64", na_value=np.nan)
        for number, moment in enumerate(moments):
            rows = (codes == number) & ~np.isnan(values)
            total, count = (
                np.bincount(sheet[rows], weights, minlength=size) for weights in (values[rows], None)
            )
            with np.errstate(invalid="ignore"):
                found[(name, str(moment))] = total / count
    return found


def _of_kind(
    rows: pd.DataFrame,
    counts: dict[tuple[str, str], FloatArray],
    sheets: JourneySheets,
    *,
    who: str,
    columns: list[str],
    form: Form,
) -> pd.DataFrame | None:
    """Complete sheets of one kind of people, as deviations from the mean of their wave."""
    asked = sheets.asked[who]
    if not asked:
        return None
    at = sheets.frame.index.get_indexer(rows.index)
    names, values, skipped = _beside(rows, counts, at, who=who, asked=asked, columns=columns, form=form)
    there: NDArray[np.bool_] = np.ones(len(rows), dtype=bool)
    if form == "filled":
        there = ~np.all(np.isnan(values), axis=1)
        names += [f"mark: {who}: {asked[place]}" for place in np.flatnonzero(skipped[there].any(axis=0))]
        marks = skipped[:, skipped[there].any(axis=0)]
        mean = pd.DataFrame(values[there]).mean().to_numpy()
        values = np.hstack([np.where(np.isnan(values), mean, values), marks])
    names, values = [*names, OUTCOME], np.column_stack([values, _numbers(rows[OUTCOME])])
    complete = np.flatnonzero(there & ~np.isnan(values).any(axis=1))
    if len(complete) < _LEAST_PER_COEFFICIENT * (len(names) + len(sheets.waves)):
        return None
    rows, values = rows.iloc[complete], values[complete]
    weight = _numbers(rows[WEIGHT]) if WEIGHT in rows else np.ones(len(rows))
    wave = np.zeros(len(rows))
    if sheets.waves:
        wave = rows[sheets.waves].to_numpy() @ np.arange(1.0, len(sheets.waves) + 1)
    for one in np.unique(wave):
        of_wave = wave == one
        values[of_wave] -= weight[of_wave] @ values[of_wave] / weight[of_wave].sum()
    centred = pd.DataFrame(values, columns=names, index=rows.index)
    for name in (PERSON, GROUP, WEIGHT):
        if name in rows:
            centred[name] = rows[name]
    return centred if float(np.abs(values[:, -1]).max()) > 1e-9 else None


def _beside(
    rows: pd.DataFrame,
    counts: dict[tuple[str, str], FloatArray],
    at: NDArray[np.intp],
    *,
    who: str,
    asked: list[str],
    columns: list[str],
    form: Form,
) -> tuple[list[str], FloatArray, NDArray[np.bool_]]:
    """Names and values of ratings and counts beside each other, and which ratings were skipped."""
    ratings = np.column_stack([_numbers(rows[name]) for name in asked])
    names = [f"rating: {who}" if form == "means" else f"rating: {who}: {name}" for name in asked]
    parts = [ratings]
    for name in columns:
        known = [moment for moment in asked if (name, moment) in counts]
        if known or form == "means":
            # A mean over no moments is missing.
            found = [counts[(name, moment)][at] for moment in known] or [np.full(len(at), np.nan)]
            parts.append(np.column_stack(found))
            names += [f"count: {who}: {name} {moment}" for moment in known]
    if form == "means":
        names = [f"rating: {who}", *(f"count: {who}: {name}" for name in columns)]
        parts = [pd.DataFrame(part).mean(axis=1).to_numpy()[:, None] for part in parts]
    return names, np.hstack(parts), np.isnan(ratings)


def _numbers(column: pd.Series) -> FloatArray:
    return column.to_numpy(dtype="float64", na_value=np.nan)
