"""Tables, figures and words about direction: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules, Measure
from exresearch.findings.analyses.direction.order import Direction
from exresearch.findings.note import Note
from exresearch.report.figures.direction import effects_by_model, lag_curve, path_picture, two_links
from exresearch.report.figures.linkage.release import measure_of, population, with_small_units
from exresearch.report.sentences import direction_words
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_SHOCKS = {
    ("ex_to_cx", "rise"): mark("A rise among employees, and customers a wave later"),
    ("ex_to_cx", "fall"): mark("A fall among employees, and customers a wave later"),
    ("ex_to_cx", "fall_minus_rise"): mark("Difference: a fall among employees does more than a rise"),
    ("cx_to_ex", "rise"): mark("A rise with customers, and employees a wave later"),
    ("cx_to_ex", "fall"): mark("A fall with customers, and employees a wave later"),
    ("cx_to_ex", "fall_minus_rise"): mark("Difference: a fall with customers does more than a rise"),
}
LINKS: dict[str, Column | None] = {
    "label": Column(mark("Link")),
    "estimate": Column(mark("Correlation"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "n_units": None,
}
SHOCKS: dict[str, Column | None] = {
    "label": Column(mark("What follows a change")),
    "estimate": Column(mark("Effect"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "n_units": None,
}
_SHOCKS_NOTE = mark(
    "In standard deviations of the changes from one wave to the next. A positive effect of a fall means that the "
    "other side falls too. What chance adds to one wave makes the next change look smaller, so that only the "
    "differences between falls and rises count here, not the effects themselves."
)


def direction_figures(
    result: Direction, *, texts: Texts, rules: DisclosureRules
) -> dict[str, Picture | Note]:
    """Draw the figures of the page by name; a note where one cannot be drawn.

    Parameters
    ----------
    result : Direction
        Of :func:`exresearch.findings.analyses.which_comes_first`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum groups.

    Returns
    -------
    dict of str to Picture or Note
        ``links, paths, models, lags``.
    """
    names = {f"{side}_label": texts.pick(label) for side, label in result.labels.items()}
    reason = result.findings["two-way"].reason
    levels = result.links.levels
    if result.link is not None and len(levels):
        # Left out of every number, they still need company: the others and the total would give them away.
        levels = with_small_units(levels, result.link, rules=rules)
    drawn: dict[str, Picture | Note] = {
        "links": two_links(
            levels,
            result.links.deviations,
            result.links.lines,
            correlations={part: result.links.record(part) for part in ("between", "within")},
            texts=texts,
            shares=result.shares,
            sides=_sides(result),
            rules=rules,
            **names,
        ),
        "paths": path_picture(result.paths, texts=texts, **names),
        "models": effects_by_model(result.findings["two-way"], texts=texts),
        "lags": lag_curve(result.lags, texts=texts),
    }
    if result.paths.empty:
        # The reason says more than that there is nothing to draw.
        drawn["paths"] = reason
    return drawn


def _sides(result: Direction) -> dict[str, tuple[str, Measure | None]]:
    """Return who is counted on each side, and what the level of a unit is the mean or share of."""
    if result.link is None:
        return {"ex": ("employees", None), "cx": ("customers", None)}
    link = result.link
    return {name: (population(side), measure_of(side)) for name, side in (("ex", link.ex), ("cx", link.cx))}


def direction_tables(result: Direction) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : Direction
        Of :func:`exresearch.findings.analyses.which_comes_first`.

    Returns
    -------
    dict of str to dict
        ``links``: correlations between and within units, in words; ``shocks``: rises and falls apart.
    """
    links = pd.DataFrame(
        [
            {
                "label": record.label,
                "estimate": record.estimate,
                "conf_low": record.conf_low,
                "conf_high": record.conf_high,
                "conf_level": record.conf_level,
                "n": record.n,
                "n_units": record.n_units,
            }
            for record in result.links.records
        ]
    )
    shocks = result.shocks
    if len(shocks):
        pairs = zip(shocks["term"], shocks["shock"], strict=True)
        notes = [Note(message=_SHOCKS[pair]) for pair in pairs]
        shocks = shocks.assign(label=pd.Series(notes, index=shocks.index, dtype=object))
    return {
        "links": {
            "frame": links,
            "count": "n",
            "caption": mark(
                "Between units and within units: two links that are easily taken for one another"
            ),
            "columns": LINKS,
        },
        "shocks": {
            "frame": shocks,
            "count": "n",
            "caption": mark("Rises and falls apart, within units"),
            "columns": SHOCKS,
            "note": _SHOCKS_NOTE
            if len(shocks)
            else mark("Rises and falls cannot be compared: there are too few waves or units."),
        },
    }


def direction_answer(result: Direction, *, texts: Texts) -> str:
    """Say in a sentence or two which comes first, or why that was not asked.

    Parameters
    ----------
    result : Direction
        Of :func:`exresearch.findings.analyses.which_comes_first`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    str
    """
    finding = result.findings["two-way"]
    words = direction_words(finding, texts)
    if not finding.tested:
        return " ".join([*words, texts.note(finding.reason)])
    return " ".join([*words, *map(texts.note, result.nuance)])
