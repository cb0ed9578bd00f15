"""Good and bad shocks apart, and the circle by way of complaints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.direction.models import ROLES, component_records, component_rows
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.measures import LinkTable, NotMeasured, UnsuitableScale, link_table
from exresearch.models import NotEstimable, asymmetric_shocks, cross_lagged_panel
from exresearch.study import Study

_METHOD = Note(message="regression of changes on earlier rises and falls apart, CR2 by unit")
_COMPLAINTS = Note(
    message=(
        "random-intercept cross-lagged panel model with complaints per head, turned so that fewer is better, as the "
        "customer side"
    )
)
_DIFFERENCE = {
    "ex_to_cx": "Falls minus rises: what employees’ changes do to customers a wave later",
    "cx_to_ex": "Falls minus rises: what customers’ changes do to employees a wave later",
}


def shock_table(
    panel: pd.DataFrame, *, waves: Sequence[str], conf_level: float, answers: int | None
) -> tuple[pd.DataFrame, list[EstimateRecord]]:
    """Estimate what rises and what falls on the one side do to the other a wave later.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``unit, wave, ex, cx``.
    waves : sequence of str
        In order.
    conf_level : float
        Level of the intervals.
    answers : int or None
        Answers behind the units, where known.

    Returns
    -------
    tuple of pandas.DataFrame and list of EstimateRecord
        ``term, shock`` (rise, fall, fall_minus_rise) and the estimate schema with ``n_units``, in standard deviations
        of the changes, taken as known; and the differences as records. Both are empty where they cannot be estimated.
    """
    try:
        table = asymmetric_shocks(panel, **ROLES, waves=waves, conf_level=conf_level).table
    except NotEstimable:
        return pd.DataFrame(), []
    changes = _changes(panel, waves)
    scale = {
        "ex_to_cx": changes["ex"] / changes["cx"],
        "cx_to_ex": changes["cx"] / changes["ex"],
    }
    factor = table["term"].map(scale)
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    table = table.assign(**{name: table[name] * factor for name in numbers}, n_units=table["n_clusters"])
    if answers is not None:
        table = table.assign(n=answers)
    records = [
        estimate_record(
            table[table["shock"] == "fall_minus_rise"],
            term,
            name=f"asymmetry_{term}",
            label=Note(message=_DIFFERENCE[term]),
            unit_of_measurement="standardised",
            method=_METHOD,
        )
        for term in _DIFFERENCE
    ]
    return table, records


def complaint_circle(
    study: Study, *, link: LinkTable, conf_level: float, **sides: Any
) -> list[EstimateRecord]:
    """Ask for the circle once more with complaints per head as the customer side.

    Parameters
    ----------
    study : Study
        The client.
    link : LinkTable
        The link of the verdict; where it is by complaints already, there is nothing to add.
    conf_level : float
        Level of the intervals.
    **sides
        As :func:`exresearch.measures.link_table`.

    Returns
    -------
    list of EstimateRecord
        Both effects and the loop; empty where complaints are not counted, or the model has no answer.
    """
    if link.cx.construct == "complaints":
        return []
    try:
        panel = link_table(study, **{**sides, "cx_measure": "complaints"}).panel
        present = set(panel["wave"])
        waves = [wave for wave in study.waves if wave in present]
        incomplete = bool((panel.groupby("unit").size() < len(waves)).any())
        fit = cross_lagged_panel(
            panel,
            **ROLES,
            waves=waves,
            missing="fiml" if incomplete else "listwise",
            errors="widened",
            conf_level=conf_level,
        )
    except (NotMeasured, UnsuitableScale, NotEstimable):
        return []
    answers = None if panel["ex_n"].isna().any() else int(panel["ex_n"].sum())
    found = component_records(component_rows(fit), method=_COMPLAINTS, answers=answers, suffix="complaints")
    return [found[name] for name in ("loop", "ex_to_cx", "cx_to_ex")]


def _changes(panel: pd.DataFrame, waves: Sequence[str]) -> dict[str, float]:
    """Standard deviation of the changes from wave to wave, by side."""
    found = {}
    for side in ("ex", "cx"):
        wide = panel.pivot(index="unit", columns="wave", values=side).reindex(columns=list(waves))
        steps = np.diff(wide.to_numpy(dtype=np.float64), axis=1)
        # Between two waves that no unit has in a row there is no change, and no mean of changes.
        steps = steps[:, np.isfinite(steps).any(axis=0)]
        found[side] = float(np.nanstd(steps - np.nanmean(steps, axis=0), ddof=1))
    return found
