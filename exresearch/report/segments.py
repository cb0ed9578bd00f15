"""Segments built on needs: what the frames of the analysis look like on a page."""

from __future__ import annotations

from typing import Any

from exresearch.disclosure import DisclosureRules, Groups, Measure
from exresearch.findings.analyses import NeedsSegments
from exresearch.findings.note import Note
from exresearch.report.figures.segments import LAST, segment_models, segment_numbers, segment_profiles
from exresearch.report.tables import Column
from exresearch.report.text import Texts, mark
from exresearch.report.theme import Picture

_METHODS = {
    "k_means": mark("Nearest centre (k-means), without a model of answers"),
    "classes": mark("Latent classes: answers as categories, without order"),
    "profiles": mark("Latent profiles: answers as numbers"),
}
SIZES: dict[str, Column | None] = {
    "number": Column(mark("Segment")),
    "label": Column(mark("Needs that stand out")),
    "share": Column(mark("Share"), "percent0"),
    "n": Column(mark("People"), "integer"),
}
NUMBERS: dict[str, Column | None] = {
    "number": Column(mark("Segments")),
    "bic": Column(mark("BIC"), "integer"),
    "entropy": Column(mark("Certainty"), "number2"),
    "stability": Column(mark("Stability"), "number2"),
    "smallest": Column(mark("People in the smallest"), "integer"),
    "chosen": Column(mark("Chosen"), "yes_no"),
}
OUTCOMES: dict[str, Column | None] = {
    "label": Column(mark("Outcome")),
    "estimate": Column(mark("Gain of segments"), "points1"),
    "conf_low": Column(mark("Interval"), "points1"),
    "n": Column(mark("People"), "integer"),
}
OVERLAP: dict[str, Column | None] = {
    "label": Column(mark("Category")),
    "cramers_v": Column(mark("Cramér's V"), "number2"),
    "n": Column(mark("People"), "integer"),
}
AGREEMENT: dict[str, Column | None] = {
    "label": Column(mark("Other way to divide"), "message"),
    "estimate": Column(mark("Adjusted Rand index"), "number2"),
    "n": Column(mark("People"), "integer"),
}
_SIZES = Groups("employees", by={"segment": "segment"}, fixed=LAST)
_SIZES_NOTE = mark(
    "A need is named where a segment is 0.3 standard deviations or more above or below everybody, at most two on each "
    "side. Names come from the needs alone."
)
_OVERLAP_NOTE = mark(
    "0: segments are spread alike over the category; 1: the one follows from the other. Corrected for chance."
)
_OUTCOMES_NOTE = mark(
    "Where both limits are about 0, neither segments nor categories let this outcome be predicted better than by the "
    "mean of everybody. A difference too small to be learnt from so many people is not ruled out by that."
)
_AGREEMENT_NOTE = mark("1: the same division; 0: no more agreement than by chance.")


def tables(result: NeedsSegments, *, rules: DisclosureRules) -> dict[str, dict[str, Any]]:
    """Return the tables of the page by name, as arguments of :meth:`exresearch.report.page.Page.table`.

    Parameters
    ----------
    result : NeedsSegments
        Of :func:`exresearch.findings.analyses.needs_segments`.
    rules : DisclosureRules
        Least people in a cell of the table by category.

    Returns
    -------
    dict of str to dict
        ``sizes, numbers, outcomes, overlap, cells, agreement``; without rows a table says why.
    """
    sizes, agreement, cells = result.sizes, result.agreement, result.cells
    if len(sizes):
        sizes = sizes.assign(number=(sizes["segment"] + 1).astype(str))
        agreement = agreement.assign(label=agreement["term"].map(_METHODS))
    number = result.number
    if len(number):
        number = number.assign(number=number["k"].astype(str))
    shares = [name for name in cells if str(name).startswith("segment_")]
    headers: dict[str, Column | None] = {
        "level": Column(mark("Category")),
        "n": Column(mark("People"), "integer"),
    }
    headers |= {str(name): Column(Note(message="Segment {number}", values={"number": number}), "percent0")
                for number, name in enumerate(shares, start=1)}  # fmt: skip
    if len(cells):
        # A row with too few people in one cell counts as that cell: its other shares would give it away.
        few = cells["least"] < rules.min_respondents
        cells = cells.assign(counted=cells["n"].astype("float64").mask(few, cells["least"]))
    why = result.finding.reason if sizes.empty else None
    made: dict[str, tuple[Any, str, str | Note, dict[str, Column | None], str | Note | None]] = {
        "sizes": (sizes, "n", mark("The segments, named by the needs that set them apart"), SIZES, why or _SIZES_NOTE),
        "numbers": (number, "n", mark("How many segments"), NUMBERS, None),
        "outcomes": (
            result.outcomes, "n", mark("Explained variance: segments above the categories, per outcome"), OUTCOMES,
            why or _OUTCOMES_NOTE,
        ),
        "overlap": (
            result.overlap, "n", mark("How far segments go with the categories of the organisation"), OVERLAP,
            why or _OVERLAP_NOTE,
        ),
        "cells": (cells, "counted", _cells_caption(result), headers, why),
        "agreement": (
            agreement, "n", mark("Agreement of other divisions with the segments"), AGREEMENT, why or _AGREEMENT_NOTE,
        ),
    }  # fmt: skip
    # The others are estimates from everybody together.
    groups = {"sizes": _SIZES, "cells": _cells_groups(shares)}
    return {
        name: {"frame": frame, "count": count, "caption": caption, "columns": columns, "note": note}
        | {"groups": groups.get(name) if len(frame) else None}
        for name, (frame, count, caption, columns, note) in made.items()
    }


def pictures(result: NeedsSegments, *, texts: Texts, rules: DisclosureRules) -> dict[str, Picture | Note]:
    """Return the figures of the page by name; a note where there is nothing to draw.

    Parameters
    ----------
    result : NeedsSegments
        As :func:`tables`.
    texts : Texts
        Language of the reader.
    rules : DisclosureRules
        Least people behind a mean.

    Returns
    -------
    dict of str to Picture or Note
        ``numbers, profiles, models``.
    """
    return {
        "numbers": segment_numbers(result.number, texts=texts),
        "profiles": segment_profiles(result.profile, texts=texts, rules=rules),
        "models": segment_models(result.models, texts=texts),
    }


def _cells_groups(shares: list[Any]) -> Groups:
    """Return who is in each level of a category, and what shares of them are in the segments."""
    return Groups(
        "employees",
        pairs=("category", "level"),
        fixed=LAST,
        measures={str(name): Measure(str(name), 0, 1) for name in shares},
    )


def _cells_caption(result: NeedsSegments) -> Note:
    name: Any = result.overlap["label"].iloc[0] if len(result.overlap) else {"nl": "", "en": ""}
    return Note(
        message="Shares of the segments by “{category}”, the category that goes with them most",
        values={"category": name},
    )
