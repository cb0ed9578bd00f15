"""How far the three sides say the same of a unit, which link is the weakest, and what weights do to a composite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.human.links import edge_label
from exresearch.findings.analyses.human.sides import EDGES, NAMES
from exresearch.findings.analyses.unmeasured import Slope, unmeasured_rows
from exresearch.findings.note import Note
from exresearch.measures import NotMeasured, ThreeSides, unit_measure
from exresearch.models import (
    CompositeSensitivity,
    NotEstimable,
    PartialNetwork,
    composite_sensitivity,
    consistency_index,
    linear_regression,
    weakest_link,
)
from exresearch.study import Study


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What the three sides are together.

    Attributes
    ----------
    consistency : pandas.DataFrame
        Of :func:`exresearch.models.consistency_index`.
    weakest : pandas.DataFrame
        Of :func:`exresearch.models.weakest_link`, with ``label`` (both languages).
    clear : bool
        Whether one link is the weakest beyond reasonable doubt.
    composite : CompositeSensitivity or None
        What other weights would make of a composite.
    weights : dict of str to float
        The declared weights, adding up to 1.
    outcome : dict of str to str or None
        Label of the outcome that composites are correlated with; None without one.
    unmeasured : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.unmeasured_rows`: how strong one common cause would have to be.
    """

    consistency: pd.DataFrame = field(default_factory=pd.DataFrame)
    weakest: pd.DataFrame = field(default_factory=pd.DataFrame)
    clear: bool = False
    composite: CompositeSensitivity | None = None
    weights: dict[str, float] = field(default_factory=dict)
    outcome: dict[str, str] | None = None
    unmeasured: pd.DataFrame = field(default_factory=pd.DataFrame)


def together_of(
    study: Study,
    sides: ThreeSides,
    network: PartialNetwork,
    *,
    weights: Mapping[str, float],
    later_outcome: str,
    labels: Mapping[str, dict[str, str]],
    n_boot: int,
    conf_level: float,
    seed: int,
) -> Together:
    """Describe three sides as one whole.

    Parameters
    ----------
    study : Study
        The client.
    sides : ThreeSides
        Its three sides.
    network : PartialNetwork
        The deciding links.
    weights : mapping
        Declared weight of ``ex, cx`` and ``bx`` in a composite.
    later_outcome : str
        Construct of the units that composites are correlated with; empty for none.
    labels : mapping
        Label of each side.
    n_boot, conf_level, seed
        Of the intervals and the draws of weights.

    Returns
    -------
    Together
    """
    weakest, clear = weakest_link(network, conf_level=conf_level)
    edges = {f"{x}--{y}": edge_label(edge) for edge, (x, y) in EDGES.items()}
    named = [edges.get(str(term)) or labels[str(term)] for term in weakest["term"]]
    weakest = weakest.assign(label=pd.Series(named, index=weakest.index, dtype="object"))
    units, outcome = sides.units[["unit", *NAMES]], None
    if later_outcome:
        values = _outcome(study, later_outcome)
        if values is not None:
            units = units.assign(outcome=units["unit"].map(values).astype("float64"))
            outcome = study.codebook.label(later_outcome)
    try:
        composite = composite_sensitivity(
            units, weights=weights, outcome=None if outcome is None else "outcome", seed=seed
        )
    except NotEstimable:
        composite = None
    if composite is None or "outcome_correlation" not in composite.draws:
        outcome = None
    total = sum(weights.values())
    return Together(
        consistency=consistency_index(units, columns=NAMES, n_boot=n_boot, conf_level=conf_level, seed=seed),
        weakest=weakest,
        clear=clear,
        composite=composite,
        weights={name: weight / total for name, weight in weights.items()},
        outcome=outcome,
        unmeasured=_unmeasured(sides.units, conf_level),
    )


def _outcome(study: Study, construct: str) -> pd.Series | None:
    """Mean of an outcome of the units over the waves."""
    try:
        side = unit_measure(study, construct)
    except NotMeasured:
        return None
    return side.frame.groupby("unit")["value"].mean()


def _unmeasured(units: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """How strong one common cause would have to be to take each link away."""
    z = (units[NAMES] - units[NAMES].mean()) / units[NAMES].std(ddof=0)
    counts = units[[f"{name}_n" for name in NAMES]].to_numpy(dtype="float64")
    answers = int(np.nansum(counts)) if np.isfinite(counts).all() else len(units)
    slopes: list[Any] = []
    for edge, (x, y) in EDGES.items():
        third = next(name for name in NAMES if name not in (x, y))
        try:
            fit = linear_regression(z, outcome=y, predictors=[x, third], conf_level=conf_level)
        except NotEstimable:
            continue
        slopes.append(
            Slope(
                Note(message="{edge}", values={"edge": edge_label(edge)}),
                fit,
                x,
                per_sd=1.0,
                unit_of_measurement="standardised",
                n=answers,
            )
        )
    return unmeasured_rows(slopes)
