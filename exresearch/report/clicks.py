"""Clicks and experience: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.findings.analyses import BeyondClicks
from exresearch.findings.note import Note
from exresearch.report.figures.journey import explained_bars
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_TERMS = {
    "counts": mark("Clicks alone"),
    "ratings": mark("Experience alone"),
    "both": mark("Both"),
    "over_counts": mark("What experience adds to clicks"),
    "over_ratings": mark("What clicks add to experience"),
    "gain_difference": mark("The first less the second"),
}
_SHARES = ("counts", "ratings", "both")
MODELS: dict[str, Column | None] = {
    "label": Column(mark("What"), "message"),
    "estimate": Column(mark("Explained"), "estimate"),
    "conf_low": Column(mark("Interval"), "estimate"),
    "in_sample": Column(mark("In the sample"), "estimate"),
    "held_out": Column(mark("On units left out"), "estimate"),
    "predictors": Column(mark("Columns"), "integer"),
    "people": Column(mark("People"), "integer"),
}
_NOTE = mark(
    "The sample flatters a model by what it learned by heart; units left out charge it for that. The first column lies "
    "between the two and is about everybody. Columns: how many numbers per person a model could use."
)


def models_table(result: BeyondClicks) -> dict[str, Any]:
    """Return the table of the models, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : BeyondClicks
        Of :func:`exresearch.findings.analyses.beyond_clicks`.

    Returns
    -------
    dict of str to Any
        Without models the table says why.
    """
    models = result.models
    if len(models):
        # A model explains a share; what one adds to the other is a difference of two.
        units = ["share" if term in _SHARES else "variance_share" for term in models["term"]]
        models = models.assign(label=models["term"].map(_TERMS), unit_of_measurement=units)
    reason: str | Note | None = _NOTE if len(models) else result.finding.reason
    return {
        "frame": models if len(models) else pd.DataFrame(),
        "count": "people",
        "caption": mark("How much of recommending clicks and experience explain"),
        "columns": MODELS,
        "note": reason,
    }


def models_picture(result: BeyondClicks, *, texts: Texts) -> Picture | Note:
    """Return the figure of the models, or why there is none."""
    if result.models.empty and result.finding.reason is not None:
        return result.finding.reason
    return explained_bars(result.models, texts=texts)
