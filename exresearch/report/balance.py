"""Tables and figures about balance: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.balance.claim import Balance
from exresearch.findings.note import Note
from exresearch.report.figures.direction.surface import balance_surface
from exresearch.report.figures.direction.surface_checks import balance_checks_forest
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

SHAPE: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "estimate": Column(mark("Estimate"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "p_value": None,
}
SIDES: dict[str, Column | None] = {
    "label": Column(mark("Where"), "message"),
    "n": Column(mark("Units by waves"), "integer"),
    "share": Column(mark("Share"), "percent0"),
}
_SIDES = {
    "x_above_y": mark("employees ahead"),
    "x_far_above_y": mark("employees clearly ahead"),
    "y_above_x": mark("customers ahead"),
    "y_far_above_x": mark("customers clearly ahead"),
}


def surface_picture(result: Balance, *, texts: Texts, rules: DisclosureRules) -> Picture | Note:
    """Draw the surface of the later outcome, or say why there is none.

    Parameters
    ----------
    result : Balance
        Of :func:`exresearch.findings.analyses.ex_cx_balance`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Minimum number of units.
    """
    if not result.finding.tested:
        return result.finding.reason
    limits = {record.term: (record.conf_low, record.conf_high) for record in result.finding.components}
    return balance_surface(
        result.grid,
        region=result.region,
        along=result.along,
        scales=result.scales,
        labels={name: texts.pick(label) for name, label in result.labels.items()},
        kinds=result.kinds,
        slope=limits["slope"],
        curvature=limits["curvature"],
        n_units=int(result.finding.n_units or 0),
        texts=texts,
        rules=rules,
    )


def checks_picture(result: Balance, *, texts: Texts) -> Picture | Note:
    """Draw the checks beside the verdict, or say why there are none."""
    if not result.finding.tested:
        return result.finding.reason
    smallest = result.finding.smallest_effect
    return balance_checks_forest(result.checks, texts=texts, smallest_effect=(smallest.low, smallest.high))


def tables(result: Balance, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables about balance by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : Balance
        Of :func:`exresearch.findings.analyses.ex_cx_balance`; where it is not testable every table says why.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``shape, sides``.
    """
    sides = result.sides
    if len(sides):
        sides = sides[sides["group"].isin(_SIDES)].set_index("group").loc[list(_SIDES)].reset_index()
        sides = sides.assign(label=sides["group"].map(_SIDES))
    reason = None if result.finding.tested else result.finding.reason
    clearly = Note(message="Clearly: more than half a standard deviation from being in step.")
    return {
        "shape": {
            "frame": result.shape,
            "count": "n",
            "caption": mark("The shape of the surface, in standard deviations"),
            "columns": SHAPE,
            "note": reason or _refusal(result, texts),
        },
        "sides": {
            "frame": sides,
            "count": int(result.finding.n or 0),
            "caption": mark("On which side the units lie"),
            "columns": SIDES,
            "note": reason or clearly,
        },
    }


def _refusal(result: Balance, texts: Texts) -> Note:
    """Say that no difference score was used, and what the data have to say about one."""
    sentences = [
        texts.say(
            "No difference score, employees minus customers, is used: it takes for granted that both count the same "
            "and that a lead of either side does as much good as the other does harm."
        )
    ]
    if result.difference_p is not None:
        sentences.append(
            texts.say(
                "Whether these data fit a surface that a difference score could describe: p = {p:p}.",
                p=result.difference_p,
            )
        )
    sentences.append(texts.say("{n:integer} combinations of unit and wave.", n=result.n_rows))
    return Note(message="{notes}", values={"notes": " ".join(sentences)})
