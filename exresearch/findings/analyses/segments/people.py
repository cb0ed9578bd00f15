"""One answer sheet per person: needs, outcomes in standard deviations, and the categories of the organisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.findings.note import Note
from exresearch.measures import Groups, dependence_groups
from exresearch.models.segmentation import Cells
from exresearch.models.segmentation.features import Kind
from exresearch.study import Study
from exresearch.study.codebook import Variable
from exresearch.study.coded import coded, distinct

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
        return coded(self.groups.labels)[0]

    def design(self) -> Cells:
        """One column per category with ten people or more."""
        made = Cells(np.zeros((1, 0)), np.zeros(len(self.needs), dtype=np.int64))
        for name in self.categories:
            codes, levels = pd.factorize(self.categories[name], sort=True)
            often = np.bincount(codes, minlength=len(levels)) >= _LEAST_OF_CATEGORY
            made = made.beside(Cells(np.eye(len(levels))[:, often], codes.astype(np.int64)))
        return made

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
    items = tuple(v for v in codebook.select("employees", role="need") if v.column in sheets)
    measured = tuple(v for v in codebook.select("employees", role="outcome") if v.column in sheets)
    chosen, five = _categories(study)
    inside = np.ones(len(sheets), dtype=bool)
    if wave is not None and "wave" in sheets:
        codes, names = coded(sheets["wave"])
        inside = np.append(np.asarray(names == wave, dtype=bool), False)[codes]
    values = {v.column: sheets[v.column].to_numpy(dtype="float64", na_value=np.nan) for v in items + measured}
    items, measured = (
        tuple(v for v in part if _differ(values[v.column][inside])) for part in (items, measured)
    )
    if len(items) < LEAST_NEEDS or not measured:
        return Note(
            message="At least {least:integer} needs and one outcome that differ between people are needed.",
            values={"least": LEAST_NEEDS},
        )
    if not chosen:
        return Note(message="No category of the organisation, such as function or department, is known.")
    columns, targets = [v.column for v in items], [v.column for v in measured]
    answered = sum(~np.isnan(values[name]) for name in columns)
    kept = (
        inside & (answered >= len(items) / 2) & np.any([~np.isnan(values[name]) for name in targets], axis=0)
    )
    rows = _latest(sheets, kept, study.waves)
    index = sheets.index[rows]
    taken = {name: values[name][rows] for name in (*columns, *targets)}
    if averaged and "person" in sheets:
        for name in taken:
            taken[name] = _averaged(values[name], kept, coded(sheets["person"])[0], rows, taken[name])
    weights = sheets["weight"].to_numpy(dtype="float64")[rows] if "weight" in sheets else np.ones(len(rows))
    points = max(len(np.unique(taken[name][~np.isnan(taken[name])])) for name in columns)
    there = np.zeros(len(sheets), dtype=bool)
    there[rows] = True
    return People(
        needs=pd.DataFrame({name: taken[name] for name in columns}, index=index),
        outcomes=pd.DataFrame({name: _standardised(taken[name], weights) for name in targets}, index=index),
        categories=pd.DataFrame({name: _named(sheets[name], rows) for name in chosen}, index=index),
        weights=weights,
        groups=dependence_groups(sheets, where=there),
        items=items,
        measured=measured,
        kind="profiles" if points >= _SCALE_POINTS else "classes",
        five=five,
        n_excluded=len(sheets) - len(rows),
    )


def _categories(study: Study) -> tuple[list[str], bool]:
    sheets = study.table("employees")
    known = [v for v in study.codebook.select("employees", role="category") if v.column in sheets]
    names = {name for given in FIVE.values() for name in given}
    of_five = [v.column for v in known if {v.name.lower(), v.column.lower()} & names]
    chosen = of_five or [v.column for v in known]
    return [name for name in chosen if distinct(sheets[name]) > 1], bool(of_five)


def _differ(values: NDArray[np.float64]) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size) and bool((known != known[0]).any())


def _latest(sheets: pd.DataFrame, kept: NDArray[np.bool_], waves: tuple[str, ...]) -> NDArray[np.intp]:
    """Places of the last of the kept sheets of every person; a sheet without a person is somebody of its own."""
    rows = np.flatnonzero(kept)
    if "person" not in sheets:
        return rows
    if "wave" in sheets:
        codes, names = coded(sheets["wave"])
        place = {wave: number for number, wave in enumerate(waves)}
        order = np.array([*(place.get(str(name), -1) for name in names), -1])[codes]
        rows = rows[np.argsort(order[rows], kind="stable")]
    who, persons = coded(sheets["person"])
    who = who[rows]
    last = np.full(len(persons), -1, dtype=np.intp)
    # Of sheets of one person the last one stays.
    last[who[who >= 0]] = rows[who >= 0]
    return np.sort(np.concatenate([last[last >= 0], rows[who < 0]]))


def _averaged(
    values: NDArray[np.float64],
    kept: NDArray[np.bool_],
    who: NDArray[np.int64],
    rows: NDArray[np.intp],
    own: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean over all kept sheets of the person of each row, and its own value where no person is known."""
    chosen = kept & (who >= 0) & ~np.isnan(values)
    size = int(who.max(initial=-1)) + 2
    count = np.bincount(who[chosen], minlength=size)
    sums = np.bincount(who[chosen], weights=values[chosen], minlength=size)
    return np.where(count[who[rows]] > 0, sums[who[rows]] / np.maximum(count[who[rows]], 1), own)


def _named(names: pd.Series, rows: NDArray[np.intp]) -> Any:
    codes, found = coded(names)
    texts = pd.Series([*(str(name) for name in found), OTHER], dtype="str")
    return texts.take(codes[rows] % len(texts)).reset_index(drop=True).array


def _standardised(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    mean = np.average(values[known], weights=weights[known])
    spread = np.sqrt(np.average((values[known] - mean) ** 2, weights=weights[known]))
    return np.asarray((values - mean) / (spread or 1.0))
