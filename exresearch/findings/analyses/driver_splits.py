"""Drivers from one half of a unit's people and the outcome from the other half, so that nobody supplies both."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.driver_models import FIRST, SECOND, DriverModel, Fit
from exresearch.findings.note import Note
from exresearch.models import NotEstimable, bootstrap_p_value, importance_replicates, percentile_interval

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
        return Note(message="The data do not say who works together, so that answers cannot be split by unit.")
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
    estimates, replicates = [], []
    rng = np.random.default_rng(seed)
    for _ in range(n_splits):
        first = _first_half(sheets, rng)
        for half in (first, ~first):
            units = pd.concat(
                [_means(sheets[half], model.columns), _means(sheets[~half], columns[:1])], axis=1
            )
            try:
                result = importance_replicates(
                    units,
                    outcome=fit.outcome.column,
                    drivers=model.columns,
                    blocks=model.groups or None,
                    n_boot=n_boot,
                    seed=seed,
                )
            except NotEstimable:
                return Note(
                    message="{outcome}: the means of the halves of units could not be analysed.",
                    values={"outcome": fit.label},
                )
            contrast = _contrast(result.drivers, model)
            estimates.append(float(result.estimate["lmg"] @ contrast))
            replicates.append(result.replicates["lmg"] @ contrast)
    drawn = np.mean(replicates, axis=0)
    low, high = percentile_interval(drawn, conf_level=conf_level)
    return pd.DataFrame(
        {
            "term": ["named"],
            "estimate": float(np.mean(estimates)),
            "std_error": float(drawn.std(ddof=1)),
            "p_value": float(bootstrap_p_value(drawn, null=0.0)),
            "conf_low": float(low),
            "conf_high": float(high),
            "conf_level": conf_level,
            "n": len(sheets),
            "n_units": len(large),
        }
    )


def _people(sheets: pd.DataFrame, employees: pd.DataFrame) -> pd.Series:
    """Who filled in each sheet; where that is not known, numbers that do not hang on the order of the rows."""
    known = employees.loc[sheets.index, "person"] if "person" in employees else pd.Series(None, index=sheets.index)
    order = np.lexsort([*sheets.drop(columns="unit").to_numpy(dtype="float64").T, pd.factorize(sheets["unit"], sort=True)[0]])
    number = pd.Series(0, index=sheets.index)
    number.iloc[order] = np.arange(len(sheets))
    return known.where(known.notna(), " sheet " + number.astype(str).str.zfill(9)).astype(str)


def _first_half(sheets: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Draw half of the people of each unit; who answered in several waves is on one side throughout."""
    people = sheets[["unit", "person"]].drop_duplicates().sort_values(["unit", "person"])
    shuffled = people.assign(draw=rng.random(len(people))).sort_values(["unit", "draw"], kind="stable")
    place = shuffled.groupby("unit").cumcount()
    size = shuffled.groupby("unit")["person"].transform("size")
    drawn = shuffled[place < size // 2]
    keys = pd.MultiIndex.from_frame(sheets[["unit", "person"]])
    return pd.Series(keys.isin(pd.MultiIndex.from_frame(drawn[["unit", "person"]])), index=sheets.index)


def _means(sheets: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    weighted = sheets[columns].mul(sheets["weight"], axis=0).groupby(sheets["unit"]).sum()
    return weighted.div(sheets["weight"].groupby(sheets["unit"]).sum(), axis=0)


def _contrast(players: tuple[str, ...], model: DriverModel) -> NDArray[np.float64]:
    """Mean named employee-first player minus mean named customer-first player."""
    weights = np.zeros(len(players))
    for sign, block in ((1.0, FIRST), (-1.0, SECOND)):
        side = model.side(block, named=True)
        weights[[players.index(name) for name in side]] = sign / len(side)
    return weights
