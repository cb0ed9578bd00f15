"""The chain, checks beside the verdict: other orders, other rows, other people for each link, kinds of unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.chain.rows import (
    AMBASSADORS,
    CHAIN,
    CX,
    ENGAGEMENT,
    EXPERIENCE,
    PARTS,
    PERSON,
    UNIT,
    WAVE,
    CellSums,
    ChainRows,
    means_of,
)
from exresearch.findings.analyses.linkage.covariates import unit_covariates
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import unit_categories
from exresearch.measures.remembered import remembered
from exresearch.models import NotEstimable
from exresearch.models.mediation import DrawnMoments, averaged_mediation, mediation_analysis
from exresearch.study import Study

#: Random splits of people in halves, and least people of a half.
SPLITS, _LEAST_HALF = 10, 3
_LABELS = {
    "chain_units": "One value per unit, waves together",
    "chain_within": "Within units: each compared with its own average",
    "chain_later": "Customers a wave later, what they said before held the same",
    "chain_kinds": "Units of the same kind and size",
    "chain_halves": "Engagement told by other people than experience and ambassadorship",
    "chain_order": "Other order: ambassadorship before engagement",
    "chain_enps": "Ambassadorship: recommending the employer alone",
    "chain_effort": "Ambassadorship: extra effort alone",
    "chain_weighted": "Units weighted by their number of answers",
}
_METHODS = {
    "cells": "three regressions on units by wave, waves held constant, bootstrap over units",
    "units": "three regressions on unit values, bootstrap over units",
    "within": "three regressions on deviations from the unit's own mean, waves held constant, bootstrap over units",
    "halves": "mean of ten random splits of the people of a unit in two halves, bootstrap over units",
}


def checks(
    study: Study, rows: ChainRows, *, drawn: DrawnMoments | None = None, **resampling: Any
) -> tuple[list[EstimateRecord], int]:
    """Estimate the chain by other choices; none of them chooses the verdict.

    Parameters
    ----------
    study : Study
        The client.
    rows : ChainRows
        Behind the verdict.
    drawn : DrawnMoments, optional
        Of :func:`drawn_chain` of these rows.
    **resampling
        ``conf_level, n_boot, seed``.

    Returns
    -------
    tuple of list of EstimateRecord and int
        The checks that these data allow, and how many they do not.
    """
    cells = rows.cells
    several = cells[WAVE].nunique() >= 2
    kinds, held = kept_equal(study, cells)
    ways: list[tuple[str, str, Callable[[], pd.DataFrame]]] = [
        ("chain_halves", "halves", lambda: _halves(rows, resampling)),
        ("chain_order", "cells", lambda: serial(cells, rows.waves, resampling, drawn=drawn, swapped=True)),
        *(
            (
                f"chain_{part}",
                "cells",
                lambda part=part: serial(cells, rows.waves, resampling, drawn=drawn, made_of=part),
            )
            for part in PARTS
        ),
        ("chain_weighted", "cells", lambda: serial(cells, rows.waves, resampling, weights="n")),
    ]
    if held:
        ways.insert(0, ("chain_kinds", "cells", lambda: serial(kinds, [*rows.waves, *held], resampling)))
    if several:
        later = _later(rows, study.waves)
        ways = [
            ("chain_units", "units", lambda: serial(pooled(cells), [], resampling)),
            ("chain_within", "within", lambda: serial(_deviations(rows), rows.waves, resampling)),
            (
                "chain_later",
                "cells",
                lambda: serial(later, [*_varying(later, rows.waves), "(before)"], resampling),
            ),
            *ways,
        ]
    found = [_record(name, method, way, cells) for name, method, way in ways]
    made = [record for record in found if record is not None]
    return made, len(found) - len(made)


def drawn_chain(
    frame: pd.DataFrame, covariates: Sequence[str], resampling: dict[str, Any], *, weights: str | None = None
) -> DrawnMoments | None:
    """Read some rows and draw their units once for every arrangement of the chain; None where answers are missing."""
    columns = [*CHAIN, *PARTS, *covariates]
    if frame[columns].isna().to_numpy().any():
        # Each arrangement then has rows of its own.
        return None
    drawing = {name: resampling[name] for name in ("n_boot", "seed")}
    return DrawnMoments.of(frame, columns=columns, cluster=UNIT, weights=weights, **drawing)


def serial(
    frame: pd.DataFrame,
    covariates: Sequence[str],
    resampling: dict[str, Any],
    *,
    drawn: DrawnMoments | None = None,
    swapped: bool = False,
    made_of: str = AMBASSADORS,
    weights: str | None = None,
) -> pd.DataFrame:
    """Effects of the chain on some rows, the serial one last.

    Parameters
    ----------
    frame : pandas.DataFrame
        Units, or units by wave.
    covariates : sequence of str
        What is held the same.
    resampling : dict
        ``conf_level, n_boot, seed``.
    drawn : DrawnMoments, optional
        Of :func:`drawn_chain` with the same rows, covariates and weights.
    swapped : bool
        Ambassadorship before engagement.
    made_of : str
        Column of ambassadorship.
    weights : str, optional
        Column with weights of the rows.
    """
    mediators = [made_of, ENGAGEMENT] if swapped else [ENGAGEMENT, made_of]
    fit = mediation_analysis(
        frame if drawn is None else drawn,
        exposure=EXPERIENCE,
        mediators=mediators,
        outcome=CX,
        covariates=covariates,
        cluster=UNIT if drawn is None else None,
        weights=weights if drawn is None else None,
        standardised=True,
        **resampling,
    )
    return fit.effects.assign(n_sheets=int(frame["n"].sum()))


def pooled(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per unit: employees' side weighted by answers, customers' side with every wave alike."""
    names = [*CHAIN[:-1], *PARTS]
    sums = cells[[UNIT, "n"]].assign(**{name: cells[name] * cells["n"] for name in names})
    total = sums.groupby(UNIT, sort=True)[[*names, "n"]].sum()
    means = total[names].div(total["n"], axis=0)
    means[CX] = cells.groupby(UNIT, sort=True)[CX].mean()
    return means.assign(n=total["n"]).reset_index()


def kept_equal(study: Study, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Add columns for kind and size of the units, as far as their number carries it, and name them."""
    units = unit_frame(study, frame)
    # The same units come with several kinds of rows.
    key = ("chain_covariates", tuple(units["unit"]))
    held = remembered(study, key, lambda: unit_covariates(study, units))
    names = {name: f"(kind) {name}" for name in held.columns}
    return frame.merge(held.frame.rename(columns={"unit": UNIT, **names}), on=UNIT, how="left"), [
        *names.values()
    ]


def unit_frame(study: Study, frame: pd.DataFrame) -> pd.DataFrame:
    """The units of the rows with their categories, one row each, column ``unit``."""
    units = pd.DataFrame({"unit": sorted(frame[UNIT].unique())})
    categories = unit_categories(study)
    return units if categories.empty else units.merge(categories, on="unit", how="left")


def _record(
    name: str, method: str, way: Callable[[], pd.DataFrame], cells: pd.DataFrame
) -> EstimateRecord | None:
    try:
        effects = way()
    except NotEstimable:
        return None
    row = effects.iloc[[-1]].assign(term=name)
    row["n_units"] = row["n_clusters"]
    row["n"] = row["n_sheets"] if "n_sheets" in row else int(cells["n"].sum())
    return estimate_record(
        row,
        name,
        label=Note(message=_LABELS[name]),
        unit_of_measurement="standardised",
        method=Note(message=_METHODS[method]),
    )


def _deviations(rows: ChainRows) -> pd.DataFrame:
    """Units by wave, in deviations from the mean of the unit; units of one wave say nothing here."""
    cells = rows.cells
    cells = cells[cells.groupby(UNIT)[WAVE].transform("size") > 1].reset_index(drop=True)
    names = [*CHAIN, *rows.waves]
    # A wave that each unit has or lacks throughout is constant within units.
    means = cells.groupby(UNIT)[names].transform("mean")
    return cells.assign(**{name: cells[name] - means[name] for name in names})


def _later(rows: ChainRows, waves: Sequence[str]) -> pd.DataFrame:
    """Employees' side of each wave with customers of the next, and with those of the same wave as ``(before)``."""
    place = {wave: position for position, wave in enumerate(waves)}
    cells = rows.cells.assign(position=rows.cells[WAVE].map(place))
    following = cells[[UNIT, "position", CX]].assign(position=cells["position"] - 1)
    joined = cells.rename(columns={CX: "(before)"}).merge(following, on=[UNIT, "position"], how="inner")
    return joined.reset_index(drop=True)


def _varying(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    return [name for name in columns if frame[name].nunique() >= 2]


def _halves(rows: ChainRows, resampling: dict[str, Any]) -> pd.DataFrame:
    """Experience and ambassadorship of one half of the people of each unit, engagement of the other."""
    frames = split_cells(rows, seed=int(resampling["seed"]))
    effects = averaged_mediation(
        frames,
        exposure=EXPERIENCE,
        mediators=[ENGAGEMENT, AMBASSADORS],
        outcome=CX,
        covariates=rows.waves,
        cluster=UNIT,
        standardised=True,
        **resampling,
    )
    return effects.assign(n_sheets=min(int(frame["n"].sum()) for frame in frames))


def split_cells(rows: ChainRows, *, seed: int, n_splits: int = SPLITS) -> list[pd.DataFrame]:
    """Units by wave in which engagement comes from other people than experience and ambassadorship.

    Parameters
    ----------
    rows : ChainRows
        With sheets; a person is in one half in all waves.
    seed : int
        Of the splits.
    n_splits : int
        How many.

    Returns
    -------
    list of pandas.DataFrame
        As ``rows.cells``; cells in which a half has fewer than three people are left out.
    """
    sheets = rows.sheets
    people, codes = np.unique(sheets[PERSON].to_numpy(), return_inverse=True)
    sums = CellSums.of(sheets)
    whole = sums.sums()
    # Number of each of the cells that customers answered for.
    waves = sheets[WAVE].cat.categories
    places = sheets[UNIT].cat.categories.get_indexer(pd.Index(rows.cells[UNIT])) * len(waves)
    places += waves.get_indexer(pd.Index(rows.cells[WAVE]))
    kept = rows.cells[[UNIT, WAVE, CX, *rows.waves]].set_axis(places)
    generator = np.random.default_rng(seed)
    frames = []
    for _ in range(n_splits):
        half = generator.permutation(len(people)) % 2 == 0
        drawn = sums.sums(half[codes])
        rest = whole - drawn
        enough = (drawn["people"] >= _LEAST_HALF) & (rest["people"] >= _LEAST_HALF)
        cells = kept[enough.to_numpy()[places]]
        first, second = means_of(drawn).loc[cells.index], means_of(rest).loc[cells.index]
        told = first.drop(columns=ENGAGEMENT).assign(
            **{ENGAGEMENT: second[ENGAGEMENT], "n": first["n"] + second["n"]}
        )
        frames.append(pd.concat([cells, told], axis=1).reset_index(drop=True))
    return frames
