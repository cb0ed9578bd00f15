"""Employee, customer and partner experience side by side: one row per unit, and per unit and wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from exresearch.measures.engagement import EngagedDefinition
from exresearch.measures.link import pool_waves, unit_categories
from exresearch.measures.link_precision import UnitPrecision, unit_precision
from exresearch.measures.sides import Side, few_people, read_side
from exresearch.study import Study

SideName = Literal["ex", "cx", "bx"]
#: The sides in reading order, and the table that holds the answers of each.
SIDES: dict[SideName, str] = {"ex": "employees", "cx": "customers", "bx": "partners"}


@dataclass(frozen=True, slots=True)
class ThreeSides:
    """Three sides of the same units.

    Attributes
    ----------
    sides : dict of str to Side
        ``ex, cx, bx`` by unit and wave.
    units : pandas.DataFrame
        One row per unit that has all three: ``unit``, for each side its value over all waves (``ex``), ``ex_n`` and
        ``ex_size`` as in :class:`Side`, and ``ex_error``, the sampling variance of the value (missing where it is not
        known); then the unit's categories.
    panel : pandas.DataFrame
        The same per unit and wave, without errors.
    precision : dict of str to UnitPrecision
        Where the errors of each side come from.
    n_excluded : int
        Units left out because a side is missing or rests on too few answers.
    n_out : dict of str to int
        Those of them that fall out by each side; a unit can fall out by several.
    """

    sides: dict[SideName, Side]
    units: pd.DataFrame
    panel: pd.DataFrame
    precision: dict[SideName, UnitPrecision]
    n_excluded: int
    n_out: dict[SideName, int]


def three_sides(
    study: Study,
    *,
    ex_measure: str,
    cx_measure: str,
    bx_measure: str = "bx",
    engaged_definition: EngagedDefinition = "highly_or_moderately",
    engaged_threshold: float = 5.0,
    min_unit_n: int = 5,
) -> ThreeSides:
    """Join what employees, customers and partners say by unit.

    When to use it: for claims about all three at once. Each side is read as in :func:`link_table`: from its answers, or
    from a measure of the units where there are none.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, cx_measure, bx_measure : str
        Constructs of the three sides.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    min_unit_n : int
        Answers, and people behind them, that a unit needs on each side where their number is known.

    Returns
    -------
    ThreeSides

    Raises
    ------
    NotMeasured
        If a side is not in the data, has no units, or cannot be scored as the codebook asks.

    Notes
    -----
    Values of several waves are averaged with ``size`` as weight, as in :func:`link_table`. The sides may have been
    measured in different waves of a unit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from exresearch.study import load_study
    >>> from exresearch.study.demo import write_demo_study
    >>> study = load_study(write_demo_study(Path(mkdtemp()), n_units=4, n_employees=60))
    >>> found = three_sides(study, ex_measure="engagement", cx_measure="cx")
    >>> found.sides["bx"].source, len(found.units)
    ('partners', 4)
    """
    measures: dict[SideName, str] = {"ex": ex_measure, "cx": cx_measure, "bx": bx_measure}
    sides: dict[SideName, Side] = {
        name: read_side(
            study, measures[name], table, definition=engaged_definition, threshold=engaged_threshold
        )
        for name, table in SIDES.items()
    }
    precision = {
        name: unit_precision(
            study, side, engaged_definition=engaged_definition, engaged_threshold=engaged_threshold
        )
        for name, side in sides.items()
    }
    everything = set().union(*(set(side.frame["unit"]) for side in sides.values()))
    units, panel = pd.DataFrame({"unit": sorted(everything)}), None
    n_out: dict[SideName, int] = {}
    for name, side in sides.items():
        hidden = few_people(study, side, min_unit_n)
        pooled = _enough(pool_waves(side.frame), hidden, min_unit_n)
        n_out[name] = len(everything) - len(pooled)
        errors = precision[name].frame[["unit", "error"]].rename(columns={"error": f"{name}_error"})
        units = units.merge(_named(pooled, name), on="unit", validate="one_to_one")
        units = units.merge(errors, on="unit", how="left", validate="one_to_one")
        rows = _named(_enough(side.frame, hidden, min_unit_n), name)
        panel = rows if panel is None else panel.merge(rows, on=["unit", "wave"], validate="one_to_one")
    numbers = [f"{name}{end}" for name in SIDES for end in ("", "_n", "_size", "_error")]
    units[numbers] = units[numbers].astype("float64")
    panel = panel if panel is not None else pd.DataFrame()
    numbers = [f"{name}{end}" for name in SIDES for end in ("", "_n", "_size")]
    panel[numbers] = panel[numbers].astype("float64")
    categories = unit_categories(study)
    if not categories.empty:
        # A category may be called like a column of ours.
        names = ("", "_category")
        units = units.merge(categories, on="unit", how="left", validate="one_to_one", suffixes=names)
    return ThreeSides(
        sides=sides,
        units=units.reset_index(drop=True),
        panel=panel.reset_index(drop=True),
        precision=precision,
        n_excluded=len(everything) - len(units),
        n_out=n_out,
    )


def _enough(frame: pd.DataFrame, hidden: set[str], min_unit_n: int) -> pd.DataFrame:
    few = (frame["n"].astype("float64") < min_unit_n) | frame["unit"].isin(hidden)
    return frame[~few]


def _named(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.rename(columns={"value": name, "n": f"{name}_n", "size": f"{name}_size"})
