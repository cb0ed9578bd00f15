"""Figures of the page about the link between employee and customer experience, from what its analysis found."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, Groups
from exresearch.findings.analyses import EngagementAndCx, LinkDetails
from exresearch.findings.claims import PublishedFigure, claims_for
from exresearch.findings.note import Note
from exresearch.measures import LinkTable
from exresearch.report.figures.linkage import (
    cut_forest,
    dose_curve,
    kind_scatter,
    leaders_laggards,
    moderated_slope,
    unit_funnels,
    unit_scatter,
)
from exresearch.report.figures.linkage.release import link_groups, measure_of, population, with_small_units
from exresearch.report.text import Texts
from exresearch.report.theme import Picture

NOTHING = Note(message="There is no link to look into.")


def scatter(found: EngagementAndCx, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw the units by both sides with the line through them, or say why there is none.

    Parameters
    ----------
    found : EngagementAndCx
        The verdict with its units.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    """
    if found.units.empty or found.table is None:
        return found.finding.reason
    if found.units["n"].isna().all():
        return Note(
            message="The units are not drawn: the study does not say how many people are behind each of them."
        )
    fit: dict[str, Any] = {"line": found.line, "correlation": found.correlation}
    units = with_small_units(found.units, found.table, rules=rules)
    groups = link_groups(found.table)
    return unit_scatter(units, texts=texts, rules=rules, groups=groups, **_axes(found, texts), **fit)


def leaders(found: EngagementAndCx, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw the favourable share among the leaders and the laggards, or say why there is none.

    Parameters
    ----------
    found : EngagementAndCx
        The verdict with its contrast.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.
    """
    if found.contrast.empty or found.table is None:
        return found.finding.reason
    side = found.table.ex
    measure = measure_of(side)
    groups = Groups(
        population(side),
        by={"place among the units": "term"},
        measures={} if measure is None else {"estimate": measure},
    )
    name = texts.pick(found.labels["ex"])
    return leaders_laggards(found.contrast, texts=texts, measure=name, rules=rules, groups=groups)


def _axes(found: EngagementAndCx, texts: Texts) -> dict[str, Any]:
    labels = {f"{side}_label": texts.pick(found.labels[side]) for side in ("ex", "cx")}
    return {**labels, "ex_is_share": found.ex_is_share}


def pictures(
    found: EngagementAndCx, details: LinkDetails | None, *, texts: Texts, rules: DisclosureRules
) -> dict[str, Picture | Note]:
    """Return the figures of the page by name, or the reason why there is none.

    Parameters
    ----------
    found : EngagementAndCx
        The verdict with its units.
    details : LinkDetails or None
        What stands beside it.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    dict of str to Picture or Note
        ``cuts, kinds, funnel, dose, moderation``.
    """
    names = ("cuts", "kinds", "funnel", "dose", "moderation")
    if details is None or found.table is None:
        return dict.fromkeys(names, found.finding.reason)
    labels = {side: texts.pick(found.labels[side]) for side in ("ex", "cx")}
    axes = _axes(found, texts)
    return {
        "cuts": _cuts(details, texts, rules),
        "kinds": _kinds(found.table, details, texts, rules, axes),
        "funnel": unit_funnels(details.funnels, texts=texts, rules=rules, labels=labels)
        if details.funnels
        else together(texts, details.funnel_notes) or NOTHING,
        "dose": _dose(found.units, found.table, details, texts, rules, axes),
        "moderation": _moderation(details, texts, rules),
    }


def _when(figure: PublishedFigure, texts: Texts) -> str:
    return f"{texts.pick(figure.region)}, {figure.period or figure.year}"


def _cuts(details: LinkDetails, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    ratios = details.contrasts[details.contrasts["term"] == "ratio"]
    if ratios.empty:
        return together(texts, details.contrast_notes) or NOTHING
    figures = [
        one for one in claims_for("engagement-cx") if one.estimand == "ratio" and one.value is not None
    ]
    published = (float(figures[0].value or 0.0), _when(figures[0], texts)) if figures else None
    return cut_forest(ratios, texts=texts, rules=rules, published=published)


def _kinds(
    table: LinkTable, details: LinkDetails, texts: Texts, rules: DisclosureRules, axes: dict[str, Any]
) -> Picture | Note:
    types = details.types
    if types.units.empty:
        return together(texts, types.notes) or NOTHING
    rows = types.table[types.table["category"].eq(types.category) & types.table["term"].eq("slope_change")]
    change = (float(rows["conf_low"].iloc[0]), float(rows["conf_high"].iloc[0]))
    return kind_scatter(
        with_small_units(types.units, table, rules=rules),
        texts=texts,
        rules=rules,
        groups=link_groups(table),
        kind_label=texts.pick(types.label),
        change=change,
        **axes,
    )


def _dose(
    units: pd.DataFrame,
    table: LinkTable,
    details: LinkDetails,
    texts: Texts,
    rules: DisclosureRules,
    axes: dict[str, Any],
) -> Picture | Note:
    shape = details.shape
    if shape.curve.empty:
        return shape.notes[0]
    level = float(shape.table["conf_level"].iloc[0])
    return dose_curve(
        shape.curve,
        with_small_units(units, table, rules=rules),
        texts=texts,
        rules=rules,
        groups=link_groups(table),
        n=int(shape.table["n"].max()),
        p_value=shape.curvature,
        conf_level=level,
        **axes,
    )


def _moderation(details: LinkDetails, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    shape, interaction = details.shape, details.shape.interaction()
    if interaction is None:
        return shape.notes[-1]
    return moderated_slope(
        shape.moderated,
        shape.regions,
        texts=texts,
        rules=rules,
        n=int(shape.table["n"].max()),
        moderator=texts.pick(shape.moderator),
        interaction=interaction[1:],
    )


def together(texts: Texts, notes: list[Note]) -> Note | None:
    """One note of several, for the small print below a table."""
    return Note(message="{notes}", values={"notes": " ".join(map(texts.note, notes))}) if notes else None
