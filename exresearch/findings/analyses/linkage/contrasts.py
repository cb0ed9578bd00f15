"""Leaders against laggards under every definition of engaged and every cut-off, with two kinds of interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from exresearch.findings.analyses.linkage.checks import counted, sized
from exresearch.findings.note import Note
from exresearch.measures import EngagedDefinition, LinkTable, link_table, other_definition
from exresearch.models import NotEstimable, leader_contrast, pooled_contrast
from exresearch.study import Study

CUTS = (0.20, 0.25, 1 / 3)
UNITS = {"ratio": "ratio", "odds_ratio": "odds_ratio", "difference": "share_difference"}
_ENGAGED: dict[str, Note] = {
    "highly": Note(message="Highly engaged"),
    "highly_or_moderately": Note(message="Highly or moderately engaged"),
    "highly_approximated": Note(message="Highly engaged (approximated)"),
    "highly_or_moderately_approximated": Note(message="Highly or moderately engaged (approximated)"),
    "threshold": Note(message="Engaged by the threshold of this study"),
}
_FAVOURABLE = Note(message="Favourable share, as the study gives it")
_NO_SHARES = Note(message="Employee experience is measured as a mean, so there are no shares to compare.")
_NOT_ALL = Note(
    message=(
        "{count:integer} of the {total:integer} comparisons have no ratio: among the leaders or the laggards hardly "
        "anybody, or nearly everybody, counts as engaged."
    )
)
_NO_COUNTS = Note(
    message="The study does not say how many answers are behind each value, so that simple intervals are not known."
)
_COLUMNS = [
    "definition", "engaged", "cut", "term", "unit_of_measurement", "estimate", "conf_low", "conf_high", "simple_low",
    "simple_high", "n", "n_units", "conf_level", "comparable",
]  # fmt: skip


def link_contrasts(
    study: Study,
    table: LinkTable,
    *,
    engaged_definition: EngagedDefinition,
    leader_share: float,
    options: Mapping[str, Any],
    resampling: Mapping[str, Any],
) -> tuple[pd.DataFrame, list[Note]]:
    """Contrast leaders and laggards at 20, 25 and 33 per cent, by both published definitions of engaged.

    Parameters
    ----------
    study : Study
        The client.
    table : LinkTable
        Its link, by ``engaged_definition``.
    engaged_definition : str
        As :func:`exresearch.measures.engaged`.
    leader_share : float
        The cut-off of the verdict, shown among the others.
    options : mapping
        ``engaged_threshold, cx_measure, min_unit_n`` of :func:`exresearch.measures.link_table`.
    resampling : mapping
        ``n_boot, conf_level, seed``.

    Returns
    -------
    tuple of pandas.DataFrame and list of Note
        One row per definition, cut-off and term (ratio, odds_ratio, difference): ``definition, engaged`` (a note),
        ``cut, term, unit_of_measurement, estimate, conf_low, conf_high`` (drawing units), ``simple_low, simple_high``
        (as if every answer had been drawn by itself: Katz, Woolf, Newcombe; missing without numbers of answers), ``n``
        (answers, or units where those are not known), ``n_units, conf_level, comparable`` (whether the published ratio
        is about the same quantity). The notes say what is missing and why.
    """
    if table.ex.kind != "share":
        return pd.DataFrame(columns=_COLUMNS), [_NO_SHARES]
    parts, failed, total = [], 0, 0
    for definition, link in _tables(study, table, engaged_definition, options):
        for cut in sorted({*CUTS, *(() if _among(leader_share) else (leader_share,))}):
            total += 1
            try:
                parts.append(_one(link, definition, cut, resampling))
            except NotEstimable:
                failed += 1
    notes = []
    if failed:
        notes.append(_NOT_ALL.model_copy(update={"values": {"count": failed, "total": total}}))
    if table.units["ex_n"].isna().any():
        notes.append(_NO_COUNTS)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS), notes


def _among(cut: float) -> bool:
    return any(abs(cut - one) < 1e-9 for one in CUTS)


def _tables(
    study: Study, table: LinkTable, definition: EngagedDefinition, options: Mapping[str, Any]
) -> list[tuple[EngagedDefinition | None, LinkTable]]:
    if table.ex.construct != "engagement" or table.ex.source != "employees":
        return [(None, table)]
    other = other_definition(definition)
    found: list[tuple[EngagedDefinition | None, LinkTable]] = [(definition, table)]
    if other is not None:
        found.append((other, link_table(study, ex_measure="engagement", engaged_definition=other, **options)))
    # The narrow definition first.
    return sorted(found, key=lambda pair: str(pair[0]))


def _one(
    link: LinkTable, definition: EngagedDefinition | None, cut: float, resampling: Mapping[str, Any]
) -> pd.DataFrame:
    units = sized(link.units)
    columns: dict[str, Any] = {"cx": "cx", "engaged": "ex", "n": "ex_size"}
    rows = leader_contrast(units, **columns, leader_share=cut, terms=list(UNITS), **resampling)
    rows = counted(rows, link.units)
    if link.units["ex_n"].notna().all():
        simple = pooled_contrast(units, **columns, leader_share=cut, conf_level=resampling["conf_level"])
        limits = simple.set_index("term")[["conf_low", "conf_high"]].loc[rows["term"]].to_numpy()
    else:
        limits = np.full((len(rows), 2), np.nan)
    return rows.assign(
        definition=definition,
        engaged=pd.Series(
            [_FAVOURABLE if definition is None else _ENGAGED[definition]] * len(rows), dtype=object
        ),
        cut=cut,
        unit_of_measurement=rows["term"].map(UNITS),
        simple_low=limits[:, 0],
        simple_high=limits[:, 1],
        comparable=definition == "highly_or_moderately",
    )[_COLUMNS]
