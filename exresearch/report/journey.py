"""The employee journey: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import JourneyMoments
from exresearch.findings.note import Note
from exresearch.report.figures.journey import journey_map
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_WHO = {
    "candidate": mark("Candidates"),
    "employee": mark("Employees"),
    "leaver": mark("Leavers"),
    "alumnus": mark("Former employees"),
    "everybody": mark("Everybody"),
}
_EMPLOYMENT = {
    "before": mark("before employment"),
    "during": mark("during employment"),
    "after": mark("after employment"),
    "": mark("not in the journey"),
}
MOMENTS: dict[str, Column | None] = {
    "label": Column(mark("Contact moment")),
    "when": Column(mark("When"), "message"),
    "estimate": Column(mark("Mean"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "people": Column(mark("People"), "integer"),
}
GROUPS: dict[str, Column | None] = {
    "label": Column(mark("Contact moment")),
    "group": Column(mark("Group")),
    "estimate": Column(mark("Mean"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "people": Column(mark("People"), "integer"),
}
_NO_GROUPS = mark("There is no category with two to six groups that all rate the same moments.")
_NO_RATING = mark("Nobody rated a contact moment.")


def tables(result: JourneyMoments, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : JourneyMoments
        Of :func:`exresearch.findings.analyses.journey_moments`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``moments, groups``; without rows a table says why.
    """
    moments = result.map.moments
    if len(moments):
        moments = moments.assign(when=moments["employment"].map(_EMPLOYMENT))
    groups = result.map.groups
    by: dict[str, str] = {"nl": "", "en": ""}
    if len(groups):
        groups = groups.assign(label=groups["moment"].map(moments.set_index("moment")["label"]))
        by = groups["by"].iloc[0]
    made: dict[str, tuple[pd.DataFrame, str | Note, dict[str, Column | None], str | Note | None, str]] = {
        "moments": (
            moments,
            mark("Every contact moment of the journey, in order"),
            MOMENTS,
            None if len(moments) else result.map.reason or _NO_RATING,
            "people",
        ),
        "groups": (
            groups,
            Note(message=mark("The same moments by group: {by}"), values={"by": by}),
            GROUPS,
            None if len(groups) else _NO_GROUPS,
            "people",
        ),
    }
    return {
        name: {
            "frame": frame,
            "count": count,
            "caption": caption,
            "columns": columns,
            "note": note,
            # Each moment has a total of its own.
            "within": ["moment"] if "moment" in frame else [],
        }
        for name, (frame, caption, columns, note, count) in made.items()
    }


def pictures(result: JourneyMoments, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; a note where there is nothing to draw.

    Parameters
    ----------
    result : JourneyMoments
        Of :func:`exresearch.findings.analyses.journey_moments`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people behind a point.

    Returns
    -------
    dict of str to Picture or Note
        ``map``.
    """
    drawn = result.map.reason or journey_map(result.map, result.importance, texts=texts, rules=rules)
    return {"map": drawn}
