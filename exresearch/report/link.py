"""Tables about the link between employee and customer experience; its figures come from here too."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import LinkDetails
from exresearch.findings.note import Note
from exresearch.report.link_pictures import NOTHING, leaders, pictures, scatter, together
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import rows_of

__all__ = ["NOTHING", "contrast_rows", "leaders", "pictures", "scatter", "tables", "type_rows"]

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
CONTRASTS: dict[str, Column | None] = {
    "label": Column(mark("Who counts")),
    "detail": None,
    "what": Column(mark("What"), "message"),
    "estimate": None,
    "conf_low": None,
    "simple": Column(mark("As if answers stood alone"), "figures"),
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
    "slope": Column(mark("All units"), "figures"),
    "slope_within": Column(mark("Within kinds"), "figures"),
    "slope_change": Column(mark("Within minus all"), "figures"),
    "slope_between": Column(mark("Between kinds"), "figures"),
    "correlation_means": Column(mark("Correlation of the kinds’ means"), "figures"),
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
        notes = {name: together(texts, given) for name, given in lists.items()}
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
