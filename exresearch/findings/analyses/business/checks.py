"""What is shown beside the verdict on business outcomes: other times, units, models and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.business.models import BETWEEN, EX, WITHIN, OutcomeFit, outcome_fit
from exresearch.findings.analyses.business.panel import RATES, OutcomePanel, outcome_label
from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note, NoteValue
from exresearch.findings.records import estimate_record
from exresearch.models import NotEstimable, RateFit, linear_regression

POISSON = Note(
    message=(
        "Poisson regression of counts per person with effects of waves and kinds of unit, CR2 standard error by unit, "
        "t interval on the log scale"
    )
)
NEGATIVE_BINOMIAL = Note(
    message=(
        "negative binomial regression of counts per person (more spread than Poisson expects) with effects of waves "
        "and kinds of unit, CR2 standard error by unit, t interval on the log scale"
    )
)
LEAST_SQUARES = Note(
    message=(
        "least squares on standardised values with effects of waves and kinds of unit, CR2 standard error by unit, t "
        "interval"
    )
)
CORRECTED = Note(
    message=(
        "the deciding estimate divided by the reliability of employee experience given the other predictors, which is "
        "taken as known"
    )
)
# In the order in which they are shown; what each asks, as the sentence of its record.
_LABELS = {
    "same": Note(message="{outcome}, employee experience of the same wave"),
    "after": Note(message="{outcome}, employee experience of a wave after"),
    "between": Note(message="{outcome}, between units"),
    "within": Note(message="{outcome}, changes within units"),
    "earlier": Note(message="{outcome}, its own earlier value kept equal"),
    "plain": Note(message="{outcome}, without kinds of unit"),
    "smaller": Note(message="{outcome}, without the tenth of the units that is largest"),
    "corrected": Note(message="{outcome}, corrected for error in measuring employee experience"),
    "alternative": Note(message="{outcome}, with {measure} as employee experience"),
}
CHECKS = tuple(_LABELS)
# The tenth of the units with the most people.
LARGEST = 0.10


@dataclass(frozen=True, slots=True)
class Checks:
    """Everything beside the deciding estimates.

    Attributes
    ----------
    records : tuple of EstimateRecord
        One per check that could be computed; terms are ``<outcome>_<check>``.
    frame : pandas.DataFrame
        The same and the deciding estimates: ``component, check`` ("declared" for what decides), ``label, estimate,
        conf_low, conf_high, conf_level, unit_of_measurement, n, n_units``.
    n_failed : int
        Checks that could not be computed.
    """

    records: tuple[EstimateRecord, ...]
    frame: pd.DataFrame
    n_failed: int


def component_record(
    fit: OutcomeFit, *, name: str | None = None, label: Note | None = None
) -> EstimateRecord:
    """Return the estimate of employee experience for one outcome as a record."""
    return _record(fit, EX, name=name or fit.component, label=label or _plain(fit.component))


def checks_beside(
    panel: OutcomePanel,
    fits: Mapping[str, OutcomeFit],
    *,
    alternative: OutcomePanel | None,
    measure: dict[str, str] | None,
    conf_level: float,
) -> Checks:
    """Answer the same question in other ways, outcome by outcome.

    Parameters
    ----------
    panel : OutcomePanel
        The data.
    fits : mapping of str to OutcomeFit
        The deciding fit of every outcome.
    alternative : OutcomePanel, optional
        The same with another measure of employee experience, called ``measure``.
    conf_level : float
        Of the intervals.
    """
    records: list[EstimateRecord] = []
    rows: list[dict[str, Any]] = []
    failed = 0
    smaller = smaller_units(panel)
    for name, deciding in fits.items():
        rows.append(_row(name, "declared", component_record(deciding)))
        usual: dict[str, Any] = {"categories": deciding.categories, "conf_level": conf_level}
        asked: dict[str, dict[str, Any]] = {
            "same": {"timing": "same"},
            "after": {"timing": "after"},
            "split": {"split": True},
            "earlier": {"earlier": True},
            "plain": {"categories": False},
            "smaller": {"units": smaller},
            "alternative": {},
        }
        if not deciding.categories:
            del asked["plain"]
        found: dict[str, EstimateRecord | None] = {}
        for check, options in asked.items():
            data = alternative if check == "alternative" else panel
            if data is None or name not in data.measured:
                continue
            parts = ("between", "within") if check == "split" else (check,)
            try:
                fit = outcome_fit(data, name, **{**usual, **options})
            except NotEstimable:
                found |= dict.fromkeys(parts)
                continue
            for part in parts:
                values: dict[str, NoteValue] = {"outcome": outcome_label(name)}
                if part == "alternative":
                    values["measure"] = measure or {}
                term = {"between": BETWEEN, "within": WITHIN}.get(part, EX)
                label = Note(message=_LABELS[part].message, values=values)
                found[part] = _record(fit, term, name=f"{name}_{part}", label=label)
        corrected = corrected_record(panel, deciding)
        if corrected is not None:
            found["corrected"] = corrected
        for check in CHECKS:
            record = found.get(check)
            failed += check in found and record is None
            if record is not None:
                records.append(record)
                rows.append(_row(name, check, record))
    return Checks(tuple(records), pd.DataFrame(rows), failed)


def smaller_units(panel: OutcomePanel) -> frozenset[str]:
    """Return all units but the tenth with the most people (most answers, where people are not counted)."""
    if "smaller" in panel.prepared:
        return frozenset(panel.prepared["smaller"])
    frame = panel.frame
    known = [f"{name} exposure" for name in RATES if f"{name} exposure" in frame]
    size = frame.groupby("unit")[known[0] if known else "ex_n"].mean().dropna().sort_values(kind="stable")
    smaller = frozenset(size.index[: len(size) - int(np.ceil(LARGEST * len(size)))].astype(str))
    panel.prepared["smaller"] = smaller
    return smaller


def reliability(panel: OutcomePanel, fit: OutcomeFit) -> tuple[float, float] | None:
    """Reliability of employee experience over units and waves, as it is and given the other predictors of a fit.

    Returns
    -------
    tuple of float or None
        None where sampling variances are not known, or leave nothing.
    """
    error = panel.error_variance
    if not np.isfinite(error):
        return None
    others = [name for name in fit.predictors if name != EX]
    variance = float(fit.used[EX].var(ddof=1))
    left = variance
    if others:
        left *= 1.0 - linear_regression(fit.used, outcome=EX, predictors=others, covariance="HC3").r_squared
    if variance <= error or left <= error:
        return None
    return 1.0 - error / variance, 1.0 - error / left


def corrected_record(panel: OutcomePanel, fit: OutcomeFit) -> EstimateRecord | None:
    """Give the deciding estimate per standard deviation of employee experience without error of measurement.

    Notes
    -----
    With reliability r in all and s given the other predictors, a slope b per standard deviation of the measure
    becomes b sqrt(r) / s per standard deviation of what is measured (regression calibration).
    """
    found = reliability(panel, fit)
    if found is None:
        return None
    factor = float(np.sqrt(found[0]) / found[1])
    row = fit.row.iloc[0]
    values = np.array([row[name] for name in ("estimate", "conf_low", "conf_high")], dtype=np.float64)
    is_rate = fit.component in RATES
    moved = values**factor if is_rate else values * factor
    error = float(row["log_std_error"]) * factor * moved[0] if is_rate else float(row["std_error"]) * factor
    frame = fit.row.assign(
        term=f"{fit.component}_corrected",
        estimate=moved[0],
        conf_low=moved[1],
        conf_high=moved[2],
        std_error=error,
    )
    return estimate_record(
        frame,
        f"{fit.component}_corrected",
        label=Note(message=_LABELS["corrected"].message, values={"outcome": outcome_label(fit.component)}),
        unit_of_measurement="rate_ratio" if is_rate else "standardised",
        method=CORRECTED,
    )


def _plain(component: str) -> Note:
    return Note(message="{outcome}", values={"outcome": outcome_label(component)})


def _record(fit: OutcomeFit, term: str, *, name: str, label: Note) -> EstimateRecord:
    method = LEAST_SQUARES
    if isinstance(fit.regression, RateFit):
        method = POISSON if fit.regression.model == "poisson" else NEGATIVE_BINOMIAL
    return estimate_record(
        fit.rows,
        term,
        name=name,
        label=label,
        unit_of_measurement="rate_ratio" if fit.component in RATES else "standardised",
        method=method,
    )


def _row(component: str, check: str, record: EstimateRecord) -> dict[str, Any]:
    return {
        "component": component,
        "check": check,
        "label": outcome_label(component),
        **record.model_dump(
            include={"estimate", "conf_low", "conf_high", "conf_level", "unit_of_measurement", "n", "n_units"}
        ),
    }
