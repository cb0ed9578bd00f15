"""Units by wave for notebook 09: employee experience beside what happened, both in comparable steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.measures import (
    NoExposure,
    NotMeasured,
    Side,
    UnitCount,
    link_side,
    unit_categories,
    unit_count,
    unit_measure,
)
from exresearch.measures.remembered import remembered
from exresearch.study import Study

HYPOTHESIS = "business-outcomes"
COMPONENTS = ("turnover", "absence", "productivity", "result")
RATES = ("turnover", "absence")
# Groups of units with fewer members are put together, and a coefficient takes at least as many units.
_LEAST_IN_GROUP = 5
_REST = "other"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The four outcomes by unit and wave, whatever employee experience is.

    Attributes
    ----------
    frames : tuple of pandas.DataFrame
        ``unit, wave`` and the columns of each outcome that is measured.
    counts, lacking
        As :class:`OutcomePanel`.
    """

    frames: tuple[pd.DataFrame, ...]
    counts: dict[str, UnitCount]
    lacking: dict[str, Note]


@dataclass(frozen=True, slots=True)
class OutcomePanel:
    """Employee experience and outcomes by unit and wave.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``unit, wave, ex`` (as measured), ``ex_n, z`` (standardised over units and waves), the categories, and per
        outcome that is measured its name (a count, or standardised over units and waves) and, for counts,
        ``<name> exposure``.
    waves : tuple of str
        All waves in order.
    categories : tuple of str
        Columns with kinds of unit.
    side : Side
        Employee experience as measured.
    ex_sd : float
        What one step of ``z`` is, on the scale of the measure.
    counts : dict of str to UnitCount
        How turnover and absence were counted.
    lacking : dict of str to Note
        Why an outcome is not there.
    left_out : tuple of str
        Categories for which there are too few units.
    n_excluded : int
        Units left out for too few answers.
    outcomes : Outcomes
        What the outcomes were read into, for other panels of the same study.
    prepared : dict
        What fits have in common, such as the values of a wave before: filled as they ask for it.
    """

    frame: pd.DataFrame
    waves: tuple[str, ...]
    categories: tuple[str, ...]
    side: Side
    ex_sd: float
    counts: dict[str, UnitCount]
    lacking: dict[str, Note]
    left_out: tuple[str, ...]
    n_excluded: int
    outcomes: Outcomes
    prepared: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def measured(self) -> tuple[str, ...]:
        """Outcomes that are there, in the order of the registry."""
        return tuple(name for name in COMPONENTS if name not in self.lacking)

    @property
    def error_variance(self) -> float:
        """Mean sampling variance of ``z``; missing where the measure is no share, or the answers were not counted."""
        if self.side.kind != "share":
            return float("nan")
        share, n = self.frame["ex"], self.frame["ex_n"]
        known = n > 1
        variance = (share * (1 - share) / (n - 1))[known & share.notna()]
        complete = len(variance) == int(share.notna().sum()) and len(variance) > 0
        return float(variance.mean()) / self.ex_sd**2 if complete else float("nan")


def outcome_label(component: str) -> dict[str, str]:
    """Return what an outcome is called in both languages."""
    return load_registry().family_of(HYPOTHESIS).components[component].model_dump()


def outcome_panel(
    study: Study, *, ex_measure: str, outcomes: Outcomes | None = None, **side_options: Any
) -> OutcomePanel:
    """Set employee experience and the four outcomes side by side.

    Parameters
    ----------
    study : Study
        The client.
    ex_measure, **side_options
        As :func:`exresearch.measures.link_side`.
    outcomes : Outcomes, optional
        Of another panel of the same study, so that they are read once.

    Returns
    -------
    OutcomePanel

    Raises
    ------
    NotMeasured, UnsuitableScale
        If employee experience is not measured by unit and wave, or not as asked.
    """
    side, n_excluded = link_side(study, ex_measure, table="employees", **side_options)
    frame = side.frame.rename(columns={"value": "ex", "n": "ex_n"})[["unit", "wave", "ex", "ex_n"]]
    frame = frame.astype({"ex": "float64", "ex_n": "float64"})
    spread = float(frame["ex"].std(ddof=1)) if len(frame) > 1 else 0.0
    frame["z"] = (frame["ex"] - frame["ex"].mean()) / spread if spread > 0 else np.nan
    outcomes = remembered(study, "outcomes", lambda: _outcomes(study)) if outcomes is None else outcomes
    for outcome in outcomes.frames:
        frame = frame.merge(outcome, on=["unit", "wave"], how="outer", validate="one_to_one")
    known = unit_categories(study)
    grouped, left_out = _grouped(known[known["unit"].isin(frame["unit"])] if len(known) else known)
    if len(grouped.columns) > 1:
        frame = frame.merge(grouped, on="unit", how="left", validate="many_to_one")
    categories = tuple(column for column in grouped.columns if column != "unit")
    for column in categories:
        frame[column] = frame[column].fillna(_REST)
    return OutcomePanel(
        frame=frame.sort_values(["unit", "wave"], kind="stable").reset_index(drop=True),
        waves=study.waves,
        categories=categories,
        side=side,
        ex_sd=spread,
        counts=outcomes.counts,
        lacking=outcomes.lacking,
        left_out=left_out,
        n_excluded=n_excluded,
        outcomes=outcomes,
    )


def _outcomes(study: Study) -> Outcomes:
    frames: list[pd.DataFrame] = []
    counts: dict[str, UnitCount] = {}
    lacking: dict[str, Note] = {}
    for name in COMPONENTS:
        try:
            outcome = _counted(study, name, counts) if name in RATES else _measured(study, name)
        except NoExposure:
            lacking[name] = Note(
                message="{outcome} is left out: nothing tells how many people it could have happened to.",
                values={"outcome": outcome_label(name)},
            )
        except NotMeasured:
            lacking[name] = Note(
                message="{outcome} is left out: it is not measured by unit.",
                values={"outcome": outcome_label(name)},
            )
        else:
            frames.append(outcome)
    return Outcomes(tuple(frames), counts, lacking)


def _counted(study: Study, name: str, counts: dict[str, UnitCount]) -> pd.DataFrame:
    counts[name] = unit_count(study, name)
    return counts[name].frame.rename(columns={"count": name, "exposure": f"{name} exposure"})


def _measured(study: Study, name: str) -> pd.DataFrame:
    frame = unit_measure(study, name).frame
    values = frame["value"].astype("float64")
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    # Without spread the estimator says that there is nothing to estimate.
    standard = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return frame[["unit", "wave"]].assign(**{name: standard})


def _grouped(categories: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Kinds of unit with enough units in each group, as many columns as the units can bear; the names of the others."""
    if categories.empty:
        return pd.DataFrame({"unit": pd.Series(dtype="str")}), ()
    room = len(categories) // _LEAST_IN_GROUP
    kept, left_out = categories[["unit"]].reset_index(drop=True), []
    for column in categories.columns.drop("unit"):
        values = categories[column].astype("object").where(categories[column].notna(), _REST).astype(str)
        sizes = values.value_counts()
        small = set(sizes[sizes < _LEAST_IN_GROUP].index)
        values = values.where(~values.isin(small), _REST).reset_index(drop=True)
        sizes = values.value_counts()
        if _REST in sizes and sizes[_REST] < _LEAST_IN_GROUP and len(sizes) > 1:
            # Too few for a group even together: they join the smallest group that is large enough.
            values = values.where(values != _REST, str(sizes.drop(_REST).index[-1]))
        needed = values.nunique() - 1
        if needed == 0:
            continue
        if needed > room:
            left_out.append(str(column))
            continue
        kept[f"{column} of the unit"] = values
        room -= needed
    return kept, tuple(left_out)
