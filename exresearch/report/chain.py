"""Tables and figures about the chain from experience to customers: what the frames of the analysis look like."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.findings.analyses.chain.claim import EngagementChain
from exresearch.findings.analyses.chain.rows import CHAIN
from exresearch.findings.note import Note
from exresearch.report.figures.chain import chain_diagram, confounding_curves, road_forest
from exresearch.report.sensitivity import unmeasured_table
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

LINKS: dict[str, Column | None] = {
    "label": Column(mark("Link")),
    "level": Column(mark("Between"), "message"),
    "estimate": Column(mark("Slope"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "n": None,
    "n_units": None,
}
_ROADS = {
    "total": mark("All roads together"),
    "direct": mark("Past engagement and ambassadorship"),
    "total_indirect": mark("All roads through engagement or ambassadorship"),
}
_BETWEEN = {
    "units": mark("units by wave"),
    "colleagues": mark("colleagues of one unit"),
}
_LINKS_NOTE = mark(
    "Between units: in standard deviations of units by wave, everything before a link held the same. Between "
    "colleagues: in standard deviations of people, compared with others of the same unit and wave."
)
_PROPORTION = mark(
    "Through engagement or ambassadorship goes {share:percent0} ({low:percent0} to {high:percent0}) of the whole link."
)
_NO_PROPORTION = {
    "total_includes_zero": mark(
        "Which share of the whole link goes through engagement or ambassadorship is not said: the whole may be zero."
    ),
    "opposite_signs": mark(
        "Which share of the whole link goes through engagement or ambassadorship is not said: the two go opposite ways."
    ),
}


def tables(result: EngagementChain, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : EngagementChain
        Of :func:`exresearch.findings.analyses.engagement_chain`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``links, unmeasured``; without rows a table says why.
    """
    names = {name: texts.pick(label) for name, label in result.labels.items()}
    reason = None if result.finding.tested else result.finding.reason
    parts = [
        frame.assign(
            label=[_road(f"{row.source} > {row.target}", names) for row in frame.itertuples()], level=level
        )
        for frame, level in ((result.paths, _BETWEEN["units"]), (result.colleagues, _BETWEEN["colleagues"]))
        if len(frame)
    ]
    links = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return {
        "links": {
            "frame": links,
            "count": "n",
            "caption": mark("Every link by itself, with its own number of answers"),
            "columns": LINKS,
            "note": reason or _small_print(result, texts),
        },
        "unmeasured": unmeasured_table(result.unmeasured, texts=texts, note=reason),
    }


def pictures(result: EngagementChain, *, texts: Texts) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; the reason where there is nothing to draw.

    Parameters
    ----------
    result : EngagementChain
        Of :func:`exresearch.findings.analyses.engagement_chain`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to Picture or Note
        ``diagram, roads, hidden``.
    """
    finding = result.finding
    if not finding.tested:
        return dict.fromkeys(("diagram", "roads", "hidden"), finding.reason)
    names = {name: texts.pick(label) for name, label in result.labels.items()}
    smallest = (finding.smallest_effect.low, finding.smallest_effect.high)
    roads = result.effects.assign(
        label=[
            texts.say(_ROADS[term]) if term in _ROADS else _road(term, names)
            for term in result.effects["term"]
        ]
    )
    return {
        "diagram": chain_diagram(result.paths, order=CHAIN, labels=names, texts=texts),
        "roads": road_forest(roads, deciding=" > ".join(CHAIN), texts=texts, smallest_effect=smallest),
        "hidden": confounding_curves(result.curves, result.hidden, texts=texts, smallest_effect=smallest),
    }


def _road(term: str, names: dict[str, str]) -> str:
    return " → ".join(names[step] for step in term.split(" > "))


def _small_print(result: EngagementChain, texts: Texts) -> Note:
    sentences = [texts.say(_LINKS_NOTE)]
    share = result.proportion
    if share is not None and share.reason is not None:
        sentences.append(texts.say(_NO_PROPORTION[share.reason]))
    elif share is not None and share.estimate is not None:
        sentences.append(
            texts.say(_PROPORTION, share=share.estimate, low=share.conf_low, high=share.conf_high)
        )
    return Note(message="{notes}", values={"notes": " ".join(sentences)})
