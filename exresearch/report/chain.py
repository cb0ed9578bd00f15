"""Tables and figures about the chain from experience to customers: what the frames of the analysis look like."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.findings.analyses.chain.claim import EngagementChain
from exresearch.findings.note import Note
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark

LINKS: dict[str, Column | None] = {
    "label": Column(mark("Link")),
    "estimate": Column(mark("Slope"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "n": None,
    "n_units": None,
}
ROUTES: dict[str, Column | None] = {
    "label": Column(mark("Route")),
    "estimate": Column(mark("Effect"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "p_value": None,
}
_WHOLE = {
    "total": mark("All routes together"),
    "direct": mark("Past the links between: directly"),
    "total_indirect": mark("All routes through the links between"),
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
        ``links, routes``; without rows a table says why.
    """
    names = {name: texts.pick(label) for name, label in result.labels.items()}
    paths, effects = result.paths, result.effects
    if len(paths):
        sides = zip(paths["source"], paths["target"], strict=True)
        paths = paths.assign(label=[f"{names[source]} → {names[target]}" for source, target in sides])
        effects = effects.assign(label=[_route(term, names, texts) for term in effects["term"]])
    reason = None if result.finding.tested else result.finding.reason
    return {
        "links": _table(paths, mark("Every link by itself, in standard deviations"), LINKS, reason),
        "routes": _table(effects, mark("Along which routes experience reaches customers"), ROUTES, reason),
    }


def _route(term: str, names: dict[str, str], texts: Texts) -> str:
    if term in _WHOLE:
        return texts.say(_WHOLE[term])
    return " → ".join(names[step] for step in term.split(" > "))


def _table(
    frame: pd.DataFrame, caption: str, columns: dict[str, Column | None], note: Note | None
) -> dict[str, Any]:
    return {"frame": frame, "count": "n", "caption": caption, "columns": columns, "note": note}
