"""The rows of a surface as the two components of the claim on balance."""

from __future__ import annotations

import pandas as pd

from exresearch.findings.finding import EstimateRecord
from exresearch.findings.note import Note
from exresearch.findings.records import estimate_record
from exresearch.models import ResponseSurface

CR2 = Note(
    message=(
        "polynomial regression of the outcome a wave later, CR2 standard error by unit, t interval with "
        "Satterthwaite's degrees of freedom"
    )
)
# Component of the claim: the row of the surface that it is.
COMPONENTS = {"slope": "incongruence_slope", "curvature": "incongruence_curvature"}
_LABELS = {
    "slope": Note(message="Who comes off worse"),
    "curvature": Note(message="How far they drift apart"),
}


def lines_of(surface: ResponseSurface, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of a surface with ``n`` (answers of employees where known, else units) and ``n_units``."""
    return counted_rows(surface.lines, frame)


def components_of(lines: pd.DataFrame) -> dict[str, EstimateRecord]:
    """Return the two components of the claim as records.

    Parameters
    ----------
    lines : pandas.DataFrame
        Of :func:`lines_of`.
    """
    return {
        component: estimate_record(
            lines,
            term,
            name=component,
            label=_LABELS[component],
            unit_of_measurement="standardised",
            method=CR2,
        )
        for component, term in COMPONENTS.items()
    }


def named_rows(row: pd.DataFrame, check: str, label: Note, *, component: str) -> pd.DataFrame:
    """Return rows of estimates with the check, its label and the component that they belong to."""
    return row.assign(check=check, label=pd.Series([label] * len(row), index=row.index), component=component)


def counted_rows(lines: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return estimates with ``n`` (answers of employees where known, else units) and ``n_units`` of a frame."""
    known = bool(frame["ex_n"].notna().all())
    n_units = int(frame["unit"].nunique())
    return lines.assign(n=int(frame["ex_n"].sum()) if known else n_units, n_units=n_units)
