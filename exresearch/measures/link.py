"""The link table: one row per unit, or per unit and wave, with its employee and its customer side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.measures.engagement import EngagedDefinition
from exresearch.measures.remembered import remembered
from exresearch.measures.sides import Side, few_people, read_side
from exresearch.study import Study

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinkTable:
    """Employee and customer experience side by side.

    Attributes
    ----------
    ex, cx : Side
        The two sides by unit and wave.
    units : pandas.DataFrame
        One row per unit: ``unit, ex, ex_n, ex_size, cx, cx_n, cx_size`` and the unit's categories.
    panel : pandas.DataFrame
        The same per unit and wave.
    n_excluded : int
        Units left out because a side is missing or rests on too few answers.
    n_ex_out, n_cx_out : int
        Those of them that fall out by their employee side, and by their customer side; a unit can fall out by both.
    few : mapping of str to set of str
        Units behind whose answers stand too few people, by side: ``ex`` and ``cx``.
    """

    ex: Side
    cx: Side
    units: pd.DataFrame
    panel: pd.DataFrame
    n_excluded: int
    n_ex_out: int
    n_cx_out: int
    few: Mapping[str, set[str]] = field(default_factory=dict)


def link_table(
    study: Study,
    *,
    ex_measure: str,
    cx_measure: str,
    engaged_definition: EngagedDefinition = "highly_or_moderately",
    engaged_threshold: float = 5.0,
    min_unit_n: int = 5,
) -> LinkTable:
    """Join employee and customer experience by unit, over all waves and per wave.

    The construct ``engagement`` enters as the share of engaged employees; any other construct by its score;
    a ``measure`` of the ``units`` table as it is, turned so that higher is better, percentages as shares;
    complaints that are counted per unit as :func:`complaint_rate`.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, cx_measure : str
        Constructs of the two sides.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    min_unit_n : int
        Answers that a unit needs on each side where the number of answers is known, and people behind them where the
        sheets say who they are.

    Returns
    -------
    LinkTable

    Raises
    ------
    NotMeasured
        If a side is not in the data, has no units, or cannot be scored as the codebook asks.

    Notes
    -----
    Values of several waves are averaged with ``size`` as weight, so that the value of a unit is the value of its pooled
    answers. Where a wave of a unit has no number of answers, the waves of that unit count alike. A row of units with a
    value and a number of answers of 0 contradicts itself and is left out.
    """
    asked = ("link_table", ex_measure, cx_measure, engaged_definition, engaged_threshold, min_unit_n)
    made = remembered(
        study,
        asked,
        lambda: _linked(study, ex_measure, cx_measure, engaged_definition, engaged_threshold, min_unit_n),
    )
    # Whoever asks may add columns: what is kept stays as it is.
    return replace(
        made,
        ex=replace(made.ex, frame=made.ex.frame.copy()),
        cx=replace(made.cx, frame=made.cx.frame.copy()),
        units=made.units.copy(),
        panel=made.panel.copy(),
        few={side: set(units) for side, units in made.few.items()},
    )


def _linked(
    study: Study,
    ex_measure: str,
    cx_measure: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    min_unit_n: int,
) -> LinkTable:
    """The link table, worked out."""
    ex = read_side(study, ex_measure, "employees", definition=engaged_definition, threshold=engaged_threshold)
    cx = read_side(study, cx_measure, "customers", definition=engaged_definition, threshold=engaged_threshold)
    keys = ["unit", "wave"]
    panel = _join(ex.frame, cx.frame, keys=keys)
    ex_units, cx_units = pool_waves(ex.frame), pool_waves(cx.frame)
    pooled = _join(ex_units, cx_units, keys=["unit"])
    everything = set(ex.frame["unit"]) | set(cx.frame["unit"])
    few = {"ex": few_people(study, ex, min_unit_n), "cx": few_people(study, cx, min_unit_n)}
    hidden = few["ex"] | few["cx"]
    units = _enough(pooled[~pooled["unit"].isin(hidden)], min_unit_n)
    panel = panel[~panel["unit"].isin(hidden)]
    categories = unit_categories(study)
    if not categories.empty:
        # A category may be called like a column of ours.
        names = ("", "_category")
        units = units.merge(categories, on="unit", how="left", validate="one_to_one", suffixes=names)
        panel = panel.merge(categories, on="unit", how="left", validate="many_to_one", suffixes=names)
    return LinkTable(
        ex=ex,
        cx=cx,
        units=units.reset_index(drop=True),
        panel=_enough(panel, min_unit_n).reset_index(drop=True),
        n_excluded=len(everything) - len(units),
        n_ex_out=len(everything) - _with_enough(ex_units, min_unit_n, few=few["ex"]),
        n_cx_out=len(everything) - _with_enough(cx_units, min_unit_n, few=few["cx"]),
        few=few,
    )


def pool_waves(frame: pd.DataFrame) -> pd.DataFrame:
    """Average the waves of each unit with ``size`` as weight: one row per unit of ``value, n, size``."""
    codes, units = pd.factorize(frame["unit"], sort=True)
    there = codes >= 0
    codes = codes[there]
    value, n, size = (_floats(frame[name])[there] for name in ("value", "n", "size"))

    def total(values: Vector) -> Vector:
        return np.bincount(codes, weights=values, minlength=len(units)).astype(np.float64)

    # With some numbers of answers known and others not, the unknown waves would weigh nothing.
    weights = np.where(np.isfinite(total(size))[codes], size, 1.0)
    missing = np.isnan(value)
    product = total(np.where(missing, 0.0, value * weights))
    least, most = np.full(len(units), np.inf), np.full(len(units), -np.inf)
    np.minimum.at(least, codes[~missing], value[~missing])
    np.maximum.at(most, codes[~missing], value[~missing])
    # As in unit_means: rounding must not make units differ whose waves are all alike.
    mean = np.where(np.isfinite(least), np.clip(product / total(weights), least, most), np.nan)
    pooled = pd.DataFrame({"unit": units, "value": mean, "n": total(n), "size": total(size)})
    return pooled.astype({name: frame[name].dtype for name in ("n", "size")})


def _floats(values: pd.Series) -> Vector:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _join(ex: pd.DataFrame, cx: pd.DataFrame, *, keys: list[str]) -> pd.DataFrame:
    left = ex.rename(columns={"value": "ex", "n": "ex_n", "size": "ex_size"})
    right = cx.rename(columns={"value": "cx", "n": "cx_n", "size": "cx_size"})
    joined = left.merge(right, on=keys, how="inner", validate="one_to_one")
    numeric = ["ex", "ex_n", "ex_size", "cx", "cx_n", "cx_size"]
    joined[numeric] = joined[numeric].astype("float64")
    return joined


def _with_enough(side: pd.DataFrame, min_unit_n: int, *, few: set[str]) -> int:
    lacking = (side["n"].astype("float64") < min_unit_n) | side["unit"].isin(few)
    return int((~lacking).sum())


def _enough(frame: pd.DataFrame, min_unit_n: int) -> pd.DataFrame:
    few = (frame["ex_n"] < min_unit_n) | (frame["cx_n"] < min_unit_n)
    return frame[~few]


def unit_categories(study: Study) -> pd.DataFrame:
    """Return one row per unit: ``unit`` and its latest categories; no rows where units have none."""
    names = [v.column for v in study.codebook.select("units", role="category")]
    if not names or not study.has("units", "unit"):
        return pd.DataFrame()
    units = study.table("units")
    if "wave" in units:
        order = {wave: position for position, wave in enumerate(study.waves)}
        units = units.sort_values("wave", key=lambda waves: waves.map(order), kind="stable")
    # A unit that changes category keeps its latest one.
    return units[["unit", *names]].groupby("unit", as_index=False, sort=True).last()
