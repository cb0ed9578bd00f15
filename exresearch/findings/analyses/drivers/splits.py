"""Drivers from one half of a unit's people and the outcome from the other half, so that nobody supplies both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.drivers.models import FIRST, SECOND, DriverModel, Fit
from exresearch.findings.note import Note
from exresearch.models import NotEstimable, expanded_interval, expanded_p_value
from exresearch.models.drivers import gap_replicates
from exresearch.models.moments.arrays import complete_moments
from exresearch.models.resampling import count_chunks

# With fewer units than this, or than this many per driver, a model of units fits anything.
_LEAST_UNITS, _UNITS_PER_DRIVER = 30, 3
# Means over splits are steadier than one sample, so fewer replicates do.
_MOST_REPLICATES = 500


def split_unit_difference(
    data: pd.DataFrame,
    employees: pd.DataFrame,
    fit: Fit,
    *,
    model: DriverModel,
    rules: DisclosureRules,
    n_splits: int,
    n_boot: int,
    conf_level: float,
    seed: int,
) -> pd.DataFrame | Note:
    """Compare the named drivers between units, with drivers and outcome answered by different people.

    Parameters
    ----------
    data : pandas.DataFrame
        Drivers and outcomes, oriented.
    employees : pandas.DataFrame
        The answer sheets.
    fit : Fit
        The outcome; its complete sheets are used.
    model : DriverModel
        The drivers.
    rules : DisclosureRules
        Each half of a unit needs as many people as a number that is shown.
    n_splits : int
        Random splits; each is used both ways round.
    n_boot : int
        Bootstrap replicates over units; no more than 500 are made, unless the level needs them.
    conf_level, seed
        Of the interval, and of splits and bootstrap.

    Returns
    -------
    pandas.DataFrame or Note
        One row in the estimate schema, ``term`` is ``named`` and ``n`` counts sheets; or why there is none.

    Notes
    -----
    Estimate and replicates are means over the splits; the units drawn in a replicate are the same for all splits, so
    that the interval holds the variation between units and no more than a part of that between splits.
    """
    if "unit" not in employees:
        return Note(
            message="The data do not say who works together, so that answers cannot be split by unit."
        )
    columns = [fit.outcome.column, *model.columns]
    sheets = data.loc[fit.groups.labels.index, columns].assign(unit=employees["unit"])
    sheets["weight"] = employees["weight"] if "weight" in employees else 1.0
    sheets["person"] = _people(sheets, employees)
    sheets = sheets[sheets["unit"].notna()]
    people = sheets.groupby("unit")["person"].nunique()
    large = people.index[people >= 2 * rules.min_respondents]
    least = max(_LEAST_UNITS, _UNITS_PER_DRIVER * len(model.columns))
    if len(large) < least:
        message = (
            "Splitting the people of a unit in two needs {least:integer} units with {people:integer} people or more; "
            "there are {units:integer}."
        )
        values = {"least": least, "people": 2 * rules.min_respondents, "units": len(large)}
        return Note(message=message, values=dict(values))
    sheets = sheets[sheets["unit"].isin(large)]
    n_boot = min(n_boot, max(_MOST_REPLICATES, math.ceil(4 / (1 - conf_level))))
    answers = _PeopleOfUnits.of(sheets, columns)
    estimates, replicates = [], []
    rng = np.random.default_rng(seed)
    counts = list(count_chunks(len(large), n_boot=n_boot, seed=seed))
    first, second = (model.side(block, named=True) for block in (FIRST, SECOND))
    for _ in range(n_splits):
        half = answers.half(rng)
        both = answers.means(half), answers.means(~half)
        for own, others in (both, both[::-1]):
            units = np.column_stack([others[:, 0], own[:, 1:]])
            try:
                estimate, found = gap_replicates(
                    # In the order of the units: so they are the same ones that a replicate draws in every split.
                    complete_moments(
                        units,
                        columns=tuple(columns),
                        weights=np.ones(len(units)),
                        codes=np.arange(len(units)),
                    ),
                    counts,
                    outcome=fit.outcome.column,
                    drivers=model.columns,
                    blocks=model.groups or None,
                    first=first,
                    second=second,
                )
            except NotEstimable:
                return Note(
                    message="{outcome}: the means of the halves of units could not be analysed.",
                    values={"outcome": fit.label},
                )
            estimates.append(estimate)
            replicates.append(found)
    drawn = np.mean(replicates, axis=0)
    low, high = expanded_interval(drawn, conf_level=conf_level, n_units=len(large))
    return pd.DataFrame(
        {
            "term": ["named"],
            "estimate": float(np.mean(estimates)),
            "std_error": float(drawn.std(ddof=1)),
            "p_value": float(expanded_p_value(drawn, null=0.0, n_units=len(large))),
            "conf_low": float(low),
            "conf_high": float(high),
            "conf_level": conf_level,
            "n": len(sheets),
            "n_units": len(large),
        }
    )


def _people(sheets: pd.DataFrame, employees: pd.DataFrame) -> pd.Series:
    """Who filled in each sheet; where that is not known, numbers that do not hang on the order of the rows."""
    known = (
        employees.loc[sheets.index, "person"]
        if "person" in employees
        else pd.Series(None, index=sheets.index)
    )
    if known.notna().all():
        return known.astype(str)
    order = np.lexsort(
        [*sheets.drop(columns="unit").to_numpy(dtype="float64").T, pd.factorize(sheets["unit"], sort=True)[0]]
    )
    places = np.empty(len(sheets), dtype=np.int64)
    places[order] = np.arange(len(sheets))
    number = pd.Series(places, index=sheets.index)
    return known.where(known.notna(), " sheet " + number.astype(str).str.zfill(9)).astype(str)


@dataclass(frozen=True, slots=True)
class _PeopleOfUnits:
    """Weighted sums of the answers of each person within a unit, in the order of units and people.

    The rows of ``sums`` are the columns and, last, the weight.
    """

    unit: NDArray[np.int64]
    sums: NDArray[np.float64]

    @classmethod
    def of(cls, sheets: pd.DataFrame, columns: list[str]) -> _PeopleOfUnits:
        unit, person = (pd.factorize(sheets[name], sort=True)[0] for name in ("unit", "person"))
        pairs, inside = np.unique(unit * (int(person.max()) + 1) + person, return_inverse=True)
        weights = sheets["weight"].to_numpy(dtype="float64")
        answers = (sheets[name].to_numpy(dtype="float64") * weights for name in columns)
        sums = np.stack([np.bincount(inside, values) for values in (*answers, weights)])
        return cls(pairs // (int(person.max()) + 1), sums.astype(np.float64, copy=False))

    def half(self, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Draw half of the people of each unit; who answered in several waves is on one side throughout."""
        # By unit and at random within; sorting small numbers a second time is quicker than both at once.
        order = np.argsort(rng.random(len(self.unit)), kind="stable")
        small = self.unit.astype(np.min_scalar_type(int(self.unit.max())))
        order = order[np.argsort(small[order], kind="stable")]
        sizes = np.bincount(self.unit)
        place = np.arange(len(self.unit)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        drawn = np.zeros(len(self.unit), dtype=bool)
        drawn[order] = place < np.repeat(sizes // 2, sizes)
        return drawn

    def means(self, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Weighted means per unit of the people inside."""
        starts = np.flatnonzero(np.append(True, np.diff(self.unit) > 0))
        total = np.add.reduceat(self.sums * inside, starts, axis=1)
        return np.asarray((total[:-1] / total[-1]).T)
