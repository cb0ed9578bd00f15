"""Ready, willing and able: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import AlignedWorkforce
from exresearch.findings.note import Note
from exresearch.report.figures.alignment import rival_models, weakest_link
from exresearch.report.figures.alignment.rivals import NAMES
from exresearch.report.figures.forests import robustness_forest
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

MODELS: dict[str, Column | None] = {
    "label": Column(mark("Model"), "message"),
    "estimate": Column(mark("Explained"), "percent1"),
    "conf_low": Column(mark("Interval"), "percent1"),
    "held_out": Column(mark("In other people"), "percent1"),
    "gain": Column(mark("Beyond the sum"), "points1"),
}
PARTS: dict[str, Column | None] = {
    "label": Column(mark("Part")),
    "mean": Column(mark("Mean"), "number1"),
    "readiness": Column(mark("r with readiness"), "number2"),
    "willingness": Column(mark("r with willingness"), "number2"),
    "ability": Column(mark("r with ability"), "number2"),
    "vif": Column(mark("Variance inflation"), "number2"),
}
_NOTE_MODELS = mark(
    "Explained: share of the differences in behaviour, corrected for what chance adds when a model is fitted. In other "
    "people: the same in folds of units that had no part in the fit. Each model has the four parts with a slope of "
    "their own as well."
)
_NOTE_PARTS = mark(
    "Variance inflation: how many times overlap with the other parts widens the variance of a part's slope; 1 is no "
    "overlap."
)


def tables(result: AlignedWorkforce, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : AlignedWorkforce
        Of :func:`exresearch.findings.analyses.aligned_workforce`; where it is not testable every table says why.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``models, parts``.
    """
    reason = None if result.finding.tested else result.finding.reason
    models, parts = result.models, result.parts
    if len(models):
        columns = ["model", "estimate", "conf_low", "conf_high", "held_out", "gain", "n"]
        models = models[columns].assign(label=models["model"].map(NAMES))
    if len(parts):
        shown = ["part", "mean", "readiness", "willingness", "ability", "vif", "n"]
        parts = parts[shown].assign(label=[texts.pick(result.labels[name]) for name in parts["part"]])
    return {
        "models": {
            "frame": models,
            "count": "n",
            "caption": mark("What rival models explain of customer-oriented behaviour"),
            "columns": MODELS,
            "note": reason or Note(message=_NOTE_MODELS),
        },
        "parts": {
            "frame": parts,
            "count": "n",
            "caption": mark("How far the parts overlap"),
            "columns": PARTS,
            "note": reason or Note(message=_NOTE_PARTS),
        },
    }


def pictures(result: AlignedWorkforce, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Return the figures by name; a note where there is nothing to draw.

    Parameters
    ----------
    result, texts
        As :func:`tables`.
    rules : DisclosureRules
        Least people behind a point.

    Returns
    -------
    dict of str to Picture or Note
        ``rivals, weakest, checks``.
    """
    finding = result.finding
    if not finding.tested:
        return dict.fromkeys(("rivals", "weakest", "checks"), finding.reason)
    smallest = (finding.smallest_effect.low, finding.smallest_effect.high)
    return {
        "rivals": rival_models(result.models, texts=texts, smallest_effect=smallest),
        "weakest": weakest_link(result.groups, texts=texts, labels=result.labels, rules=rules),
        "checks": robustness_forest(finding, texts=texts),
    }
