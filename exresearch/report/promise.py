"""Promise and delivery: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

from exresearch.disclosure import DisclosureRules, Groups
from exresearch.findings.analyses import PromiseDelivered
from exresearch.findings.note import Note
from exresearch.report.balance import SHAPE
from exresearch.report.figures.alignment import promise_surface
from exresearch.report.figures.forests import robustness_forest
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

SIDES: dict[str, Column | None] = {
    "label": Column(mark("What was delivered"), "message"),
    "n": Column(mark("Answers"), "integer"),
    "share": Column(mark("Share"), "percent0"),
}
_WHO = Groups("employees", by={"delivered against promised": "group"})
_SIDES = {
    "y_above_x": mark("less than was promised"),
    "equal": mark("as much as was promised"),
    "x_above_y": mark("more than was promised"),
}


def tables(result: PromiseDelivered, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : PromiseDelivered
        Of :func:`exresearch.findings.analyses.promise_delivered`; where it is not testable every table says why.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``shape, sides``.
    """
    reason = None if result.finding.tested else result.finding.reason
    sides = result.sides
    if len(sides):
        sides = sides[sides["group"].isin(_SIDES)].set_index("group").loc[list(_SIDES)].reset_index()
        sides = sides.assign(label=sides["group"].map(_SIDES))
    return {
        "shape": {
            "frame": result.shape,
            "count": "n",
            "caption": mark("The shape of the surface of promise and delivery, in standard deviations"),
            "columns": SHAPE,
            "note": reason or _refusal(result, texts),
        },
        "sides": {
            "frame": sides,
            "count": "people",
            "groups": _WHO,
            "caption": mark("How many got less, as much or more than they say they were promised"),
            "columns": SIDES,
            "note": reason,
        },
    }


def pictures(result: PromiseDelivered, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Return the figures by name; a note where there is nothing to draw.

    Parameters
    ----------
    result, texts
        As :func:`tables`.
    rules : DisclosureRules
        Minimum number of people.

    Returns
    -------
    dict of str to Picture or Note
        ``surface, checks``.
    """
    finding = result.finding
    if not finding.tested:
        return dict.fromkeys(("surface", "checks"), finding.reason)
    curvature = next(record for record in finding.robustness if record.term == "incongruence_curvature")
    surface = promise_surface(
        result.grid,
        region=result.region,
        along=result.along,
        scales=result.scales,
        labels={name: texts.pick(label) for name, label in result.labels.items()},
        slope=(float(finding.conf_low or 0.0), float(finding.conf_high or 0.0)),
        curvature=(curvature.conf_low, curvature.conf_high),
        one_scale=result.one_scale,
        n=result.n_people,
        texts=texts,
        rules=rules,
    )
    return {"surface": surface, "checks": robustness_forest(finding, texts=texts)}


def _refusal(result: PromiseDelivered, texts: Texts) -> Note:
    """Say that no difference score was used, and what the data have to say about one."""
    sentences = [
        texts.say(
            "No difference score, delivery minus promise, is used: it takes for granted that a point less promised is "
            "worth as much as a point more delivered, and that more goes on helping as less goes on hurting."
        )
    ]
    if result.difference_p is not None:
        sentences.append(
            texts.say(
                "Whether these data fit a surface that a difference score could describe: p = {p:p}.",
                p=result.difference_p,
            )
        )
    return Note(message="{notes}", values={"notes": " ".join(sentences)})
