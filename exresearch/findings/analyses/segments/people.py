"""One answer sheet per person: needs, outcomes in standard deviations, and the categories of the organisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.note import Note
from exresearch.measures import Groups, dependence_groups
from exresearch.models.segmentation.features import Kind
from exresearch.study import Study
from exresearch.study.codebook import Variable

#: The five categories of the claim, by the names that columns have.
FIVE = {
    "function": ("function", "functie", "job", "role", "rol"),
    "level": ("level", "niveau", "management_level", "managementniveau"),
    "department": ("department", "afdeling"),
    "business_unit": ("business_unit", "bedrijfsonderdeel", "division", "divisie"),
    "location": ("location", "locatie", "site", "plaats", "vestiging"),
}
LEAST_NEEDS = 3
# Answers of fewer points are categories; of more, a scale.
_SCALE_POINTS = 5
# People of a category that get a column of their own in a model; of fewer nothing can be learnt.
_LEAST_OF_CATEGORY = 10
OTHER = "…"


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Everybody once. Person by person: for estimators, never for a page.

    Attributes
    ----------
    needs : DataFrame [n, items]
        Answers; NaN where there is none.
    outcomes : DataFrame [n, q]
        Mean 0 and standard deviation 1, weighted.
    categories : DataFrame [n, c]
        Names of the categories of each person.
    weights : ndarray [n]
    groups : Groups
        Whose answers are kept together.
    items, measured : tuple of Variable
        Of the columns of needs and outcomes.
    kind : {"profiles", "classes"}
        Model that suits the answers.
    five : bool
        Whether the categories are of the five that the claim names; else they are all there are.
    n_excluded : int
        Sheets that take no part: earlier ones of the same person, and those with too few answers.
    """

    needs: pd.DataFrame
    outcomes: pd.DataFrame
    categories: pd.DataFrame
    weights: NDArray[np.float64]
    groups: Groups
    items: tuple[Variable, ...]
    measured: tuple[Variable, ...]
    kind: Kind
    five: bool
    n_excluded: int

    @property
    def codes(self) -> NDArray[np.int64]:
        """Number of the group of each person."""
        return pd.factorize(self.groups.labels)[0].astype(np.int64)

    def design(self) -> NDArray[np.float64]:
        """One column per category with ten people or more."""
        made = []
        for name in self.categories:
            values = self.categories[name]
            counts = values.value_counts()
            made += [
                (values == value).to_numpy(dtype="float64")
                for value in sorted(counts.index[counts >= _LEAST_OF_CATEGORY])
            ]
        return np.column_stack(made) if made else np.zeros((len(self.needs), 0))

    def standardised_needs(self) -> NDArray[np.float64]:
        """Needs as plain predictors; a missing answer counts as the mean."""
        values = self.needs.to_numpy(dtype="float64")
        z = (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
        return np.asarray(np.nan_to_num(z), dtype="float64")


def people(study: Study, *, averaged: bool = False, wave: str | None = None) -> People | Note:
    """Take the latest sheet of every person that has half of the needs and an outcome.

    Parameters
    ----------
    study : Study
        With needs, categories and outcomes of employees.
    averaged : bool
        Average needs and outcomes over all sheets of a person instead.
    wave : str, optional
        Only sheets of this wave.

    Returns
    -------
    People or Note
        A note where too little is measured.
    """
    sheets, codebook = study.table("employees"), study.codebook
    n_all = len(sheets)
    items = tuple(v for v in codebook.select("employees", role="need") if v.column in sheets)
    measured = tuple(v for v in codebook.select("employees", role="outcome") if v.column in sheets)
    chosen, five = _categories(study)
    if wave is not None and "wave" in sheets:
        sheets = sheets[sheets["wave"] == wave]
    items, measured = (tuple(v for v in part if _varies(sheets[v.column])) for part in (items, measured))
    if len(items) < LEAST_NEEDS or not measured:
        return Note(
            message="At least {least:integer} needs and one outcome that differ between people are needed.",
            values={"least": LEAST_NEEDS},
        )
    if not chosen:
        return Note(message="No category of the organisation, such as function or department, is known.")
    columns, targets = [v.column for v in items], [v.column for v in measured]
    kept = sheets[
        (sheets[columns].notna().sum(axis=1) >= len(items) / 2) & sheets[targets].notna().any(axis=1)
    ]
    latest = _latest(kept, study.waves)
    needs, outcomes = latest[columns].astype("float64"), latest[targets].astype("float64")
    if averaged and "person" in kept:
        known = kept[kept["person"].notna()]
        means = known[[*columns, *targets]].astype("float64").groupby(known["person"]).mean()
        of_person = means.reindex(latest["person"]).set_axis(latest.index)
        needs, outcomes = of_person[columns].fillna(needs), of_person[targets].fillna(outcomes)
    weights = latest["weight"].to_numpy(dtype="float64") if "weight" in latest else np.ones(len(latest))
    points = max(int(needs[name].nunique()) for name in needs)
    return People(
        needs=needs,
        outcomes=outcomes.apply(_standardised, weights=pd.Series(weights, index=latest.index)),
        categories=latest[chosen].astype("object").where(latest[chosen].notna(), OTHER).astype(str),
        weights=weights,
        groups=dependence_groups(latest),
        items=items,
        measured=measured,
        kind="profiles" if points >= _SCALE_POINTS else "classes",
        five=five,
        n_excluded=n_all - len(latest),
    )


def _categories(study: Study) -> tuple[list[str], bool]:
    sheets = study.table("employees")
    known = [v for v in study.codebook.select("employees", role="category") if v.column in sheets]
    names = {name for given in FIVE.values() for name in given}
    of_five = [v.column for v in known if {v.name.lower(), v.column.lower()} & names]
    chosen = of_five or [v.column for v in known]
    return [name for name in chosen if _varies(sheets[name])], bool(of_five)


def _varies(values: pd.Series) -> bool:
    return len(values.dropna().unique()) > 1


def _latest(sheets: pd.DataFrame, waves: tuple[str, ...]) -> pd.DataFrame:
    if "person" not in sheets:
        return sheets
    if "wave" in sheets:
        place = {wave: number for number, wave in enumerate(waves)}
        sheets = sheets.loc[sheets["wave"].astype(str).map(place).fillna(-1).sort_values(kind="stable").index]
    # A sheet without a person is somebody of its own.
    return sheets[sheets["person"].isna() | ~sheets["person"].duplicated(keep="last")].sort_index()


def _standardised(values: pd.Series, weights: pd.Series) -> pd.Series:
    known = values.notna()
    mean = np.average(values[known], weights=weights[known])
    spread = np.sqrt(np.average((values[known] - mean) ** 2, weights=weights[known]))
    return pd.Series((values - mean) / (spread or 1.0))
