"""Notebook 02: the link of unit means against causes that nobody measured, raw and between units of one kind."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from exresearch.findings.analyses.linkage.variants import LinkVariants
from exresearch.findings.analyses.unmeasured import Ratio, Slope
from exresearch.findings.finding import Finding
from exresearch.findings.note import Note, NoteValue
from exresearch.models import NotEstimable
from exresearch.models.regression import LinearFit, linear_regression


def link_unmeasured(
    variants: LinkVariants, finding: Finding, *, labels: Mapping[str, Mapping[str, str]], conf_level: float
) -> list[Slope | Ratio]:
    """Return the associations of the page whose hold against unmeasured causes is asked for.

    Parameters
    ----------
    variants : LinkVariants
        Units with both sides.
    finding : Finding
        The tested finding; its ratio is one of them where a ratio decides.
    labels : mapping
        Label of ``ex`` and ``cx``.
    conf_level : float
        Of the intervals of the slopes.

    Returns
    -------
    list of Slope or Ratio
        The slope in standard deviations, the same within kinds of units where there are any, and the ratio.
    """
    units = variants.frame(variants.scorings[0].value)
    names: dict[str, NoteValue] = {"ex": dict(labels["ex"]), "cx": dict(labels["cx"])}
    n = int(units["n"].sum()) if variants.n_known else len(units)
    rows: list[Slope | Ratio] = []
    raw = _fit(units, [], conf_level)
    if raw is not None:
        label = Note(message="“{cx}” on “{ex}”, in standard deviations", values=names)
        rows.append(Slope(label, raw, "ex", per_sd=1.0, unit_of_measurement="standardised", n=n))
    columns = _dummies(units, variants)
    kinds = _fit(units.join(pd.DataFrame(columns)), list(columns), conf_level) if columns else None
    if kinds is not None:
        label = Note(message="The same, with equal: {kinds}", values={"kinds": variants.kinds})
        benchmarks = {
            name: (dict(named), members)
            for name, named in variants.labels.items()
            if (members := [column for column in columns if column.startswith(f"{name}=")])
        }
        rows.append(
            Slope(label, kinds, "ex", benchmarks, per_sd=1.0, unit_of_measurement="standardised", n=n)
        )
    if finding.estimand == "ratio" and finding.estimate is not None:
        numbers = finding.model_dump(include={"estimate", "conf_low", "conf_high", "conf_level", "n"})
        label = Note(message="Engaged share of the leaders divided by that of the laggards")
        rows.append(Ratio(label, **numbers))
    return rows


def _fit(units: pd.DataFrame, covariates: list[str], conf_level: float) -> LinearFit | None:
    try:
        return linear_regression(
            units, outcome="cx", predictors=["ex", *covariates], conf_level=conf_level, standardised=True
        )
    except NotEstimable:
        return None


def _dummies(units: pd.DataFrame, variants: LinkVariants) -> dict[str, pd.Series]:
    """Dummies of the kinds of units, without those that follow from the ones before."""
    made: dict[str, pd.Series] = {}
    design = np.column_stack([np.ones(len(units)), units["ex"].to_numpy()])
    for name in variants.labels:
        for level in sorted(units[name].unique())[1:]:
            column = (units[name] == level).astype(np.float64)
            wider = np.column_stack([design, column.to_numpy()])
            if np.linalg.matrix_rank(wider) == wider.shape[1]:
                design = wider
                made[f"{name}={level}"] = column
    return made
