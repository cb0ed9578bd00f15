"""Tables and figures about the link between employee and customer experience."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import EngagementAndCx, LinkDetails
from exresearch.findings.claims import claims_for
from exresearch.findings.note import Note
from exresearch.report.figures.linkage import (
    cut_forest,
    dose_curve,
    kind_scatter,
    moderated_slope,
    unit_funnels,
    unit_scatter,
)
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture, rows_of

_TERMS = {
    "ratio": mark("ratio"),
    "odds_ratio": mark("odds ratio"),
    "difference": mark("difference"),
}
_PARTS = {
    "dose": mark("along the range"),
    "quantiles": mark("for the best units"),
    "moderation": mark("by a property of the units"),
}
NOTHING = Note(message="There is no link to look into.")
CONTRASTS: dict[str, Column | None] = {
    "label": Column(mark("Who counts")),
    "detail": None,
    "what": Column(mark("What"), "message"),
    "estimate": None,
    "conf_low": None,
    "simple": Column(mark("As if answers stood alone")),
}
SLOPES: dict[str, Column | None] = {
    "label": Column(mark("How reckoned")),
    "detail": None,
    "estimate": Column(mark("Slope"), "number2"),
    "conf_low": None,
    "p_value": None,
    "n_units": None,
}
TYPES: dict[str, Column | None] = {
    "label": Column(mark("Kind of unit")),
    "n_kinds": Column(mark("Kinds"), "integer"),
    "slope": Column(mark("All units")),
    "slope_within": Column(mark("Within kinds")),
    "slope_change": Column(mark("Within minus all")),
    "slope_between": Column(mark("Between kinds")),
    "correlation_means": Column(mark("Correlation of the kinds’ means")),
}
SHAPE: dict[str, Column | None] = {
    "label": Column(mark("Where")),
    "part": Column(mark("Question"), "message"),
    "estimate": Column(mark("Slope"), "number2"),
    "conf_low": None,
    "p_value": None,
}
LEVELS: dict[str, Column | None] = {
    "label": Column(mark("Level")),
    "estimate": Column(mark("Slope"), "number2"),
    "conf_low": None,
    "p_value": None,
    "n_units": None,
    "n_rows": Column(mark("Units by wave"), "integer"),
}


def tables(details: LinkDetails | None, *, texts: Texts, rules: DisclosureRules) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    details : LinkDetails or None
        Of :func:`exresearch.findings.analyses.linkage.details`; without a link every table says so.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people behind a number.

    Returns
    -------
    dict of str to dict
        ``contrasts, slopes, types, shape, levels``.
    """
    captions = {
        "contrasts": mark("Leaders against laggards, by who counts and where the line is drawn"),
        "slopes": mark(
            "Customer experience by employee experience, in standard deviations of the units’ values"
        ),
        "types": mark(
            "The link within and between kinds of unit, in standard deviations of the units’ values"
        ),
        "shape": mark("Does the link have one strength? Slopes in standard deviations of the units’ values"),
        "levels": mark("The link between units and within them, in standard deviations of the units’ values"),
    }
    columns = {"contrasts": CONTRASTS, "slopes": SLOPES, "types": TYPES, "shape": SHAPE, "levels": LEVELS}
    empty = pd.DataFrame()
    frames: dict[str, pd.DataFrame] = dict.fromkeys(captions, empty)
    notes: dict[str, Note | None] = dict.fromkeys(captions, NOTHING)
    if details is not None:
        frames = {
            "contrasts": contrast_rows(details.contrasts, texts=texts, rules=rules),
            "slopes": details.slopes.table,
            "types": type_rows(details.types.table, texts=texts, rules=rules),
            "shape": details.shape.table.assign(part=details.shape.table["part"].map(_PARTS)),
            "levels": details.levels.table,
        }
        lists = {
            "contrasts": details.contrast_notes,
            "slopes": details.slopes.notes,
            "types": details.types.notes,
            "shape": details.shape.notes,
            "levels": details.levels.notes,
        }
        notes = {name: _together(texts, given) for name, given in lists.items()}
    return {
        name: {
            "frame": frames[name],
            "count": "n",
            "caption": captions[name],
            "columns": columns[name],
            "note": notes[name],
        }
        for name in captions
    }


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
    if found.units.empty:
        return found.finding.reason
    if found.units["n"].isna().all():
        return Note(
            message="The units are not drawn: the study does not say how many people are behind each of them."
        )
    fit: dict[str, Any] = {"line": found.line, "correlation": found.correlation}
    return unit_scatter(found.units, texts=texts, rules=rules, **_axes(found, texts), **fit)


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
    if details is None:
        return dict.fromkeys(names, found.finding.reason)
    labels = {side: texts.pick(found.labels[side]) for side in ("ex", "cx")}
    axes = _axes(found, texts)
    return {
        "cuts": _cuts(details, texts),
        "kinds": _kinds(details, texts, rules, axes),
        "funnel": unit_funnels(details.funnels, texts=texts, rules=rules, labels=labels)
        if details.funnels
        else _together(texts, details.funnel_notes) or NOTHING,
        "dose": _dose(found, details, texts, rules, axes),
        "moderation": _moderation(details, texts),
    }


def _cuts(details: LinkDetails, texts: Texts) -> Picture | Note:
    ratios = details.contrasts[details.contrasts["term"] == "ratio"]
    if ratios.empty:
        return _together(texts, details.contrast_notes) or NOTHING
    figures = [
        one for one in claims_for("engagement-cx") if one.estimand == "ratio" and one.value is not None
    ]
    published = (float(figures[0].value or 0.0), figures[0].source) if figures else None
    return cut_forest(ratios, texts=texts, published=published)


def _kinds(
    details: LinkDetails, texts: Texts, rules: DisclosureRules, axes: dict[str, Any]
) -> Picture | Note:
    types = details.types
    if types.units.empty:
        return _together(texts, types.notes) or NOTHING
    rows = types.table[types.table["category"].eq(types.category) & types.table["term"].eq("slope_change")]
    change = (float(rows["conf_low"].iloc[0]), float(rows["conf_high"].iloc[0]))
    return kind_scatter(
        types.units, texts=texts, rules=rules, kind_label=texts.pick(types.label), change=change, **axes
    )


def _dose(
    found: EngagementAndCx, details: LinkDetails, texts: Texts, rules: DisclosureRules, axes: dict[str, Any]
) -> Picture | Note:
    shape = details.shape
    if shape.curve.empty:
        return shape.notes[0]
    level = float(shape.table["conf_level"].iloc[0])
    return dose_curve(
        shape.curve, found.units, texts=texts, rules=rules, p_value=shape.curvature, conf_level=level, **axes
    )


def _moderation(details: LinkDetails, texts: Texts) -> Picture | Note:
    shape, interaction = details.shape, details.shape.interaction()
    if interaction is None:
        return shape.notes[-1]
    return moderated_slope(
        shape.moderated,
        shape.regions,
        texts=texts,
        moderator=texts.pick(shape.moderator),
        interaction=interaction[1:],
    )


def _together(texts: Texts, notes: list[Note]) -> Note | None:
    """One note of several, for the small print below a table."""
    return Note(message="{notes}", values={"notes": " ".join(map(texts.note, notes))}) if notes else None


def contrast_rows(contrasts: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> pd.DataFrame:
    """Return the contrasts as rows of a table: what is engaged, the cut-off, and both intervals.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.linkage.contrasts.link_contrasts`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least answers behind a number.

    Returns
    -------
    pandas.DataFrame
    """
    if contrasts.empty:
        return contrasts
    simple = [
        _limits(row.simple_low, row.simple_high, row.unit_of_measurement, row.n, texts, rules)
        for row in rows_of(contrasts)
    ]
    return contrasts.assign(
        label=contrasts["engaged"],
        detail=[texts.say("{cut:percent0} of the units at each end", cut=cut) for cut in contrasts["cut"]],
        what=contrasts["term"].map(_TERMS),
        simple=pd.Series(simple, index=contrasts.index, dtype=object),
    )


def type_rows(types: pd.DataFrame, *, texts: Texts, rules: DisclosureRules) -> pd.DataFrame:
    """Return the slopes by kind as one row per category of units, each cell with its interval.

    Parameters
    ----------
    types : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.linkage.types.link_types`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least answers behind a number.

    Returns
    -------
    pandas.DataFrame
    """
    if types.empty:
        return types
    found = []
    for _, rows in types.groupby("category", sort=False):
        first = rows.iloc[0]
        row: dict[str, Any] = {"label": first["category_label"], "n_kinds": first["n_kinds"], "n": first["n"]}
        row |= dict.fromkeys(TYPES.keys() - row.keys())
        for one in rows_of(rows):
            limits = _limits(one.conf_low, one.conf_high, one.unit_of_measurement, one.n, texts, rules)
            row[str(one.term)] = limits and texts.say(
                "{estimate:number2} ({limits})", estimate=one.estimate, limits=limits
            )
        found.append(row)
    return pd.DataFrame(found)


def _limits(low: float, high: float, unit: str, n: float, texts: Texts, rules: DisclosureRules) -> str | None:
    """Limits as text; none where they are not known, or rest on too few answers to be written in a cell."""
    if pd.isna(low) or n < rules.min_respondents:
        return None
    return interval(float(low), float(high), unit_spec(unit), language=texts.language)
