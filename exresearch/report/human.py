"""Employees, customers and partners: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from exresearch.disclosure import Groups
from exresearch.findings.analyses import HumanExperience
from exresearch.findings.note import Note
from exresearch.report.figures.human import influence_matrix, three_sides_network, weight_triangle
from exresearch.report.figures.human.network import EDGES
from exresearch.report.numbers import interval
from exresearch.report.sensitivity import unmeasured_table
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture, rows_of

_CHECKS = {
    "deciding": mark("Deciding: the third side held constant"),
    "plain": mark("Nothing held constant"),
    "corrected": mark("Corrected for unreliable unit values"),
    "waves": mark("Waves brought to the same mean first"),
    "apart": mark("Each side from another wave"),
    "size": mark("Size of the unit held constant as well"),
    "kinds": mark("Size and kind of the unit held constant as well"),
    "ranks": mark("By rank instead of by value"),
    "within": mark("Within units, over waves"),
}
_CONSISTENCY = {
    "icc_single": (mark("Consistency of one side with another (0 to 1)"), "correlation"),
    "icc_mean": (mark("Reliability of the three together (0 to 1)"), "correlation"),
    "same_third": (mark("Units in the same third on all three sides"), "share"),
    "opposite_thirds": (mark("Units in the best third on one side and the worst on another"), "share"),
}
_COMPOSITE = {
    "rank_correlation": (
        mark("Agreement of the ranking with the declared one (1 is the same)"),
        "correlation",
    ),
    "same_group": (mark("Units in the same quarter as by the declared weights"), "share"),
    "outcome_correlation": (mark("Correlation of the composite with “{outcome}”"), "correlation"),
}
_GROUPS = (mark("Lowest quarter"), mark("Second quarter"), mark("Third quarter"), mark("Highest quarter"))
LINKS: dict[str, Column | None] = {
    "label": Column(mark("Way of reckoning"), "message"),
    **{edge: Column(label, "figures") for edge, label in EDGES.items()},
    "n_units": None,
}
CONSISTENCY: dict[str, Column | None] = {
    "label": Column(mark("What"), "message"),
    "estimate": None,
    "conf_low": None,
    "by_chance": Column(mark("By chance"), "estimate"),
    "n_units": None,
}
WEAKEST: dict[str, Column | None] = {
    "label": Column(mark("Link or side")),
    "estimate": Column(mark("Strength"), "number2"),
    "conf_low": Column(mark("Interval"), "number2"),
    "probability": Column(mark("How often the weakest"), "percent0"),
}
COMPOSITE: dict[str, Column | None] = {
    "label": Column(mark("What")),
    "declared": Column(mark("Declared weights"), "estimate"),
    "low": Column(mark("5% of the weightings lie below"), "estimate"),
    "high": Column(mark("5% lie above"), "estimate"),
    "lowest": Column(mark("Lowest"), "estimate"),
    "highest": Column(mark("Highest"), "estimate"),
}
STEADY: dict[str, Column | None] = {
    "label": Column(mark("By the declared weights"), "message"),
    "n_units": None,
    "steady": Column(mark("Stay there with nearly all weights"), "integer"),
}
TWO_SIDES: dict[str, Column | None] = {
    "label": Column(mark("Association")),
    "estimate": None,
    "conf_low": None,
    "n": None,
    "n_units": None,
}
_QUARTERS = Groups("units", by={"quarter of the ranking": "group"})
_NO_LINKS = mark("The three links could not be reckoned in these data.")
_WITHIN_NOTE = mark(
    "Each side from another wave, and within units: single waves rest on fewer answers than all waves together, which "
    "makes these links weaker by itself."
)


def tables(result: HumanExperience, *, texts: Texts) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : HumanExperience
        Of :func:`exresearch.findings.analyses.human_experience`.
    texts : Texts
        Language of the reader.

    Returns
    -------
    dict of str to dict
        ``links, unmeasured, consistency, weakest, composite, steady, two_sides``; without rows a table says why.
    """
    reason = None if result.finding.tested else result.finding.reason
    together = result.together
    made: dict[str, tuple[pd.DataFrame, str | Note, dict[str, Column | None], str | Note | None]] = {
        "links": (
            _links(result.links, texts),
            mark("The three links, reckoned in other ways: partial correlation and interval"),
            LINKS,
            reason or (_WITHIN_NOTE if _has(result.links, "apart", "within") else None),
        ),
        "consistency": (
            _labelled(together.consistency, _CONSISTENCY),
            mark("Do the three sides say the same of a unit"),
            CONSISTENCY,
            reason
            or mark(
                "By chance: what three sides that have nothing to do with each other would give. One side with "
                "another: ICC(C,1) of the standardised sides, the mean of their correlations; the three together: "
                "ICC(C,3)."
            ),
        ),
        "weakest": (
            together.weakest,
            mark("The weakest link, and the side that is tied to the others least"),
            WEAKEST,
            reason
            or mark(
                "How often the weakest: the share of the draws of units in which this link, or this side, comes out "
                "lowest of three. The strength of a side is the mean of its two links."
            ),
        ),
        "composite": (
            _composite(result, texts),
            Note(
                message="What other weights would make of a composite: {n:integer} weightings",
                values={
                    "n": 0
                    if together.composite is None
                    else int(together.composite.summary["n_draws"].iloc[0])
                },
            ),
            COMPOSITE,
            reason or mark("These are ranges over weights, and no confidence intervals."),
        ),
        "steady": (
            _steady(result),
            mark("Units that keep their quarter of the ranking"),
            STEADY,
            reason or mark("Nearly all: in nine of ten weightings or more."),
        ),
        "two_sides": (
            result.two_sides,
            mark("What remains: the link of two sides, nothing held constant"),
            TWO_SIDES,
            mark("Employee and customer experience are not both measured by unit, or in too few units."),
        ),
    }
    found: dict[str, dict[str, Any]] = {
        name: {"frame": frame, "count": "n", "caption": caption, "columns": columns, "note": note}
        for name, (frame, caption, columns, note) in made.items()
    }
    if len(result.two_sides):
        found["two_sides"]["note"] = None
    # The others are estimates from all units together.
    if len(found["steady"]["frame"]):
        found["steady"]["groups"] = _QUARTERS
    found["unmeasured"] = unmeasured_table(together.unmeasured, texts=texts, note=reason)
    return found


def pictures(result: HumanExperience, *, texts: Texts) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; a note where there is nothing to draw.

    Parameters
    ----------
    result, texts
        As :func:`tables`.

    Returns
    -------
    dict of str to Picture or Note
        ``network, weights, influence``.
    """
    if not result.finding.tested:
        return dict.fromkeys(("network", "weights", "influence"), result.finding.reason)
    together, influence = result.together, result.influence
    composite = together.composite
    return {
        "network": three_sides_network(result.links, texts=texts),
        "weights": weight_triangle(
            pd.DataFrame() if composite is None else composite.draws,
            weights=together.weights,
            n_units=0 if composite is None else int(composite.summary["n"].iloc[0]),
            texts=texts,
        ),
        "influence": influence.note
        if influence.shown.empty and influence.note is not None
        else influence_matrix(influence.shown, within=influence.is_within, texts=texts),
    }


def weakest_words(result: HumanExperience) -> Note:
    """Say which link is the weakest, or that the data do not tell."""
    rows = result.together.weakest
    if rows.empty:
        return result.finding.reason
    row = rows[rows["kind"] == "link"].sort_values("probability", ascending=False, kind="stable").iloc[0]
    values = {"edge": row["label"], "share": float(row["probability"])}
    if result.together.clear:
        message = (
            "The weakest link is “{edge}”: it comes out lowest in {share:percent0} of the draws of units."
        )
        return Note(message=message, values=values)
    message = (
        "Which link is the weakest these data do not tell: “{edge}” comes out lowest most often, in {share:percent0} "
        "of the draws of units, and that is too seldom to rely on. Their order stays open."
    )
    return Note(message=message, values=values)


def _has(links: pd.DataFrame, *checks: str) -> bool:
    return not links.empty and bool(links["check"].isin(checks).any())


def _links(links: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """One row per way of reckoning, one column per link."""
    rows = []
    for check, label in _CHECKS.items():
        part = links[links["check"] == check] if len(links) else links
        if part.empty:
            continue
        shown = {
            row.component: f"{texts.number(float(row.estimate), 'number2')} ({_limits(row, texts)})"
            for row in rows_of(part)
        }
        rows.append(
            {"label": label, **shown, "n_units": int(part["n_units"].min()), "n": int(part["n"].min())}
        )
    return pd.DataFrame(rows)


def _limits(row: Any, texts: Texts) -> str:
    limits = interval(float(row.conf_low), float(row.conf_high), "number2", language=texts.language)
    return limits.replace(" ", "\u00a0")


def _labelled(frame: pd.DataFrame, words: dict[str, tuple[str, str]]) -> pd.DataFrame:
    if frame.empty:
        return frame
    return frame.assign(
        label=frame["term"].map({term: label for term, (label, _) in words.items()}),
        unit_of_measurement=frame["term"].map({term: unit for term, (_, unit) in words.items()}),
    )


def _composite(result: HumanExperience, texts: Texts) -> pd.DataFrame:
    composite = result.together.composite
    if composite is None:
        return pd.DataFrame()
    frame = composite.summary
    labels = []
    for term in frame["term"]:
        message = _COMPOSITE[term][0]
        values: dict[str, Any] = {} if term != "outcome_correlation" else {"outcome": result.together.outcome}
        labels.append(texts.say(message, **values))
    return frame.assign(label=labels, unit_of_measurement=[_COMPOSITE[term][1] for term in frame["term"]])


def _steady(result: HumanExperience) -> pd.DataFrame:
    composite = result.together.composite
    if composite is None:
        return pd.DataFrame()
    groups = composite.groups
    return groups.assign(label=[_GROUPS[group - 1] for group in groups["group"]], n=groups["n_units"])
