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
    counts = _counts(study, journey, columns, index=sheets.frame.index, logs=form == "logs")
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
    study: Study, journey: JourneyData, columns: list[str], *, index: pd.Index, logs: bool
) -> dict[tuple[str, str], pd.Series]:
    """Counts per column and moment, in the order of the sheets of :func:`journey_sheets`."""
    if journey_data(study) is journey:
        means = remembered(study, ("click counts", *columns), lambda: _means(study, journey, columns))
    else:
        means = _means(study, journey, columns)
    return {
        key: pd.Series(np.log1p(values) if logs else values.copy(), index=index)
        for key, values in means.items()
    }


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
    counts: dict[tuple[str, str], pd.Series],
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
    per_count = {
        name: pd.DataFrame({m: counts[(name, m)].loc[rows.index] for m in asked if (name, m) in counts})
        for name in columns
    }
    made = rows[asked].add_prefix(f"rating: {who}: ")
    if form == "means":
        made = pd.DataFrame({f"rating: {who}": rows[asked].mean(axis=1)})
    for name, part in per_count.items():
        if form == "means":
            made[f"count: {who}: {name}"] = part.mean(axis=1)
        else:
            made = made.join(part.add_prefix(f"count: {who}: {name} "))
    if form == "filled":
        made = made[made.notna().any(axis=1)]
        skipped = rows.loc[made.index, asked].isna()
        marks = {
            f"mark: {who}: {name}": skipped[name].astype("float64") for name in asked if skipped[name].any()
        }
        made = made.fillna(made.mean()).assign(**marks)
    kept = made.join(rows[[name for name in (OUTCOME, PERSON, GROUP, WEIGHT, *sheets.waves) if name in rows]])
    complete = kept.dropna(subset=[OUTCOME, *made.columns])
    if len(complete) < _LEAST_PER_COEFFICIENT * (made.shape[1] + len(sheets.waves) + 1):
        return None
    weight = complete[WEIGHT] if WEIGHT in complete else pd.Series(1.0, index=complete.index)
    waves = complete[sheets.waves].to_numpy() @ np.arange(1.0, len(sheets.waves) + 1) if sheets.waves else 0.0
    wave = pd.Series(waves, index=complete.index)
    total = weight.groupby(wave).transform("sum")
    centred = complete.drop(columns=sheets.waves)
    names = [OUTCOME, *made.columns]
    sums = complete[names].mul(weight, axis=0).groupby(wave).transform("sum")
    centred[names] = complete[names] - sums.div(total, axis=0)
    return centred if float(centred[OUTCOME].abs().max()) > 1e-9 else None
