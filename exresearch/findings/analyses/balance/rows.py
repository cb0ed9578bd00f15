"""Units and waves with the outcome one wave later, from which the balance of EX and CX is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exresearch.measures import LinkTable, Side, score_items, score_method
from exresearch.study import Study

LEAST_SIDE = 0.10
# Rows furthest from the middle of the cloud that one check leaves out.
OUTERMOST = 0.025


@dataclass(frozen=True, slots=True)
class LaterRows:
    """Employee and customer experience of a wave beside the outcome of the next.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per unit and wave with all three: ``unit, wave, ex, cx, ex_n, outcome, before`` (the outcome of the wave
        itself, which may be missing) and the unit's categories.
    outcome : Side
        The outcome by unit and wave, higher is better.
    n_excluded : int
        Units with an employee or a customer side that have no row.
    n_without : int
        Rows of both sides, the last wave aside, whose next wave has no outcome.
    """

    frame: pd.DataFrame
    outcome: Side
    n_excluded: int
    n_without: int

    @property
    def n_units(self) -> int:
        """Units with a row."""
        return int(self.frame["unit"].nunique())


def later_rows(link: LinkTable, outcome: Side, *, waves: Sequence[str]) -> LaterRows:
    """Join the outcome of the next wave to both sides of this one.

    Parameters
    ----------
    link : LinkTable
        The link by unit and wave.
    outcome : Side
        As :func:`exresearch.measures.unit_measure` reads it.
    waves : sequence of str
        All waves in their order; the next wave is the one that follows here, not the next one that a unit has.

    Returns
    -------
    LaterRows
        In the order of waves and units.
    """
    place = {wave: number for number, wave in enumerate(waves)}
    values = outcome.frame[["unit", "wave", "value"]].assign(
        place=outcome.frame["wave"].map(place), value=outcome.frame["value"].astype("float64")
    )
    panel = link.panel.assign(place=link.panel["wave"].map(place))
    now = values.rename(columns={"value": "before"})[["unit", "place", "before"]]
    later = values.assign(place=values["place"] - 1).rename(columns={"value": "outcome"})
    # Names of ours win from categories of the units that are called alike.
    panel = panel.drop(columns=[name for name in ("outcome", "before") if name in panel])
    joined = panel.merge(now, on=["unit", "place"], how="left", validate="one_to_one")
    joined = joined.merge(later[["unit", "place", "outcome"]], on=["unit", "place"], how="left")
    earlier = joined[joined["place"] < len(waves) - 1]
    kept = earlier[earlier["outcome"].notna()].sort_values(["place", "unit"], kind="stable")
    sides = set(link.ex.frame["unit"]) | set(link.cx.frame["unit"])
    frame = kept.drop(columns="place").astype({"ex": "float64", "cx": "float64"}).reset_index(drop=True)
    return LaterRows(frame, outcome, len(sides) - frame["unit"].nunique(), len(earlier) - len(kept))


def limits_of(study: Study, side: Side) -> tuple[float, float] | None:
    """Return the lowest and highest possible value of a side, or None where it has no fixed scale."""
    if side.kind == "share":
        return 0.0, 1.0
    if side.source == "units":
        measures = study.codebook.select("units", role="measure", construct=side.construct)
        low, high = measures[0].minimum, measures[0].maximum
        return None if low is None or high is None else (float(low), float(high))
    items = score_items(study.codebook, side.source, side.construct)
    low, high = items[0].minimum, items[0].maximum
    method = score_method(study.codebook, side.construct)
    if low is None or high is None or method == "factor":
        return None
    times = len(items) if method == "sum" else 1
    return float(low) * times, float(high) * times


def within_waves(frame: pd.DataFrame) -> pd.DataFrame:
    """Return both sides and the outcome as deviations from their wave, in standard deviations of that wave."""
    values = frame[["ex", "cx", "outcome"]]
    groups = values.groupby(frame["wave"])
    spread = groups.transform("std", ddof=0)
    # In a wave without spread nobody differs.
    return frame.assign(**((values - groups.transform("mean")) / spread.where(spread > 0, 1.0)))


def on_one_scale(
    frame: pd.DataFrame, ex_limits: tuple[float, float], cx_limits: tuple[float, float]
) -> tuple[pd.DataFrame, float]:
    """Return both sides in standard deviations that they have in common, after rescaling each from 0 to its highest.

    Returns
    -------
    tuple of pandas.DataFrame and float
        The frame, with the outcome standardised, and the highest possible value of either side.
    """
    scaled = {
        name: (frame[name] - low) / (high - low)
        for name, (low, high) in (("ex", ex_limits), ("cx", cx_limits))
    }
    spread = float(np.sqrt(np.mean([values.var(ddof=0) for values in scaled.values()])))
    outcome = (frame["outcome"] - frame["outcome"].mean()) / frame["outcome"].std(ddof=0)
    shared = {name: values / spread for name, values in scaled.items()}
    return frame.assign(**shared, outcome=outcome), 1.0 / spread


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """Return both sides as ranks over units and waves; ties share their mean rank."""
    return frame.assign(ex=frame["ex"].rank(), cx=frame["cx"].rank())


def without_outermost(frame: pd.DataFrame, share: float = OUTERMOST) -> pd.DataFrame:
    """Return the rows without those furthest from the middle, by Mahalanobis distance."""
    values = frame[["ex", "cx"]].to_numpy()
    away = values - values.mean(axis=0)
    distance = np.einsum("ij,jk,ik->i", away, np.linalg.pinv(np.cov(values.T)), away)
    kept: pd.DataFrame = frame[distance <= np.quantile(distance, 1.0 - share)]
    return kept


def category_columns(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return indicator columns per category of the units, as long as there is room: a tenth of the units.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows with ``unit`` and the categories.
    names : sequence of str
        Categories in the order in which room is given.

    Returns
    -------
    dict of str to pandas.DataFrame
        One per category that fits; one with a missing value, or without a second value, is passed by.
    """
    room = frame["unit"].nunique() // 10
    found: dict[str, pd.DataFrame] = {}
    for name in names:
        values = frame[name].astype("string")
        size = values.nunique() - 1
        if values.isna().any() or not 0 < size <= room:
            continue
        room -= size
        made = pd.get_dummies(values, dtype="float64").iloc[:, 1:]
        found[name] = made.set_axis([f"{name} is {value}" for value in made.columns], axis=1)
    return found
