"""Whether the link between units is one between kinds of unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.findings.analyses.linkage.covariates import Kinds, unit_kinds
from exresearch.findings.analyses.linkage.slopes import in_deviations
from exresearch.findings.note import Note
from exresearch.measures import LinkTable
from exresearch.models import NotEstimable, kind_slopes
from exresearch.study import Study

_NO_KINDS = Note(
    message=(
        "The units of this study are not of several kinds with enough units each, so that the link within kinds cannot "
        "be shown apart."
    )
)
_COLUMNS = [
    "category", "category_label", "term", "estimate", "std_error", "p_value", "conf_low", "conf_high", "conf_level",
    "n", "n_units", "n_kinds", "unit_of_measurement",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkTypes:
    """The link within and between kinds of unit.

    Attributes
    ----------
    table : pandas.DataFrame
        Per category of units one row per term of :func:`exresearch.models.kind_slopes`, in standard deviations of all
        units: ``category, category_label`` (both languages), ``term, estimate, std_error, p_value, conf_low, conf_high,
        conf_level, n, n_units, n_kinds, unit_of_measurement``.
    units : pandas.DataFrame
        ``unit, ex, ex_n, cx, cx_n, kind`` of the units, for the category of the picture; empty without one.
    category : str
        Column of that category.
    label : dict of str to str
        Its name.
    notes : list of Note
        Why there is nothing.
    """

    table: pd.DataFrame
    units: pd.DataFrame
    category: str
    label: dict[str, str]
    notes: list[Note]


def link_types(
    study: Study,
    table: LinkTable,
    *,
    set_apart: str,
    min_units: int,
    resampling: Mapping[str, Any],
) -> LinkTypes:
    """Split the link into that within kinds of unit and that between them, for each category of the units.

    Parameters
    ----------
    study : Study
        The client.
    table : LinkTable
        Its link.
    set_apart : str
        ``column=value``, whose column is the category of the picture; the first category of the codebook otherwise.
    min_units : int
        Units that a kind needs to be told apart.
    resampling : mapping
        ``n_boot, conf_level, seed``.

    Returns
    -------
    LinkTypes
    """
    kinds = unit_kinds(study, table.units, least=max(min_units, 5))
    scaled = in_deviations(table.units, table.units)[["ex", "cx"]]
    parts, shown = [], []
    for one in kinds:
        frame = scaled.assign(kind=one.members)
        try:
            rows = kind_slopes(frame, ex="ex", cx="cx", kind="kind", **resampling)
        except NotEstimable:
            continue
        shown.append(one)
        named = rows.assign(
            category=one.column, category_label=pd.Series([one.label] * len(rows), dtype=object)
        )
        kind_of = {"correlation_means": "correlation"}
        parts.append(named.assign(unit_of_measurement=rows["term"].map(kind_of).fillna("standardised")))
    if not parts:
        return LinkTypes(pd.DataFrame(columns=_COLUMNS), pd.DataFrame(), "", {}, [_NO_KINDS])
    asked = set_apart.partition("=")[0]
    chosen: Kinds = next((one for one in shown if asked and one.column == asked), shown[0])
    units = table.units[["unit", "ex", "ex_n", "cx", "cx_n"]].assign(kind=chosen.members)
    result = pd.concat(parts, ignore_index=True)[_COLUMNS]
    if table.units["ex_n"].notna().all():
        result["n"] = int(table.units["ex_n"].sum())
    return LinkTypes(result, units, chosen.column, chosen.label, [])
