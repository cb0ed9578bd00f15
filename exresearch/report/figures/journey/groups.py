"""Who is in each row of what a journey shows, for tables and figures alike."""

from __future__ import annotations

from exresearch.disclosure import Groups, Measure
from exresearch.findings.analyses import JourneyMap

#: Means of means, each moment counting the same: with those of moments and answers they do not add up.
_PHASES = "phases of the journey"
#: People with a complete journey and people rated by themselves twice are no rows of a table.
_WHOLE, _PAIRS, _RATERS, _MODELS = (
    "complete journeys",
    "people who rated both",
    "people who rated",
    "people in the model",
)
_FOUND = "comments"


def of_moments(journey: JourneyMap) -> Groups:
    """Return the groups of a frame with one row per ``moment``, and its mean rating in ``estimate``."""
    return Groups("moments", by={journey.column: "moment"}, measures={"estimate": _rating(journey)})


def of_groups(journey: JourneyMap) -> Groups:
    """Return the groups of a frame with one row per ``moment`` and ``group``, by the category in ``dimension``."""
    return Groups(
        "moments",
        by={journey.column: "moment"},
        pairs=("dimension", "group"),
        measures={"estimate": _rating(journey)},
    )


def of_phases(journey: JourneyMap) -> Groups:
    """Return the groups of a frame with one row per ``phase``."""
    return Groups(_PHASES, by={"phase": "phase"}, measures={"estimate": _rating(journey)})


def of_recall(journey: JourneyMap) -> Groups:
    """Return the groups of a frame that says of each ``moment`` when it was rated, and by how many.

    In which phase people are is no answer of theirs, and mostly the same for everybody whom a moment is asked of.
    """
    return Groups("moments", by={journey.column: "moment"})


def of_promise(journey: JourneyMap) -> Groups:
    """Return the groups of a frame with the means of two moments, by the ``kind`` of pairs of ratings."""
    return Groups(
        _PAIRS,
        by={"occasions": "kind"},
        measures={
            "mean_before": Measure(f"{journey.measure}: before", *journey.scale),
            "mean_first": Measure(f"{journey.measure}: first", *journey.scale),
        },
    )


def of_steps(scale: tuple[float, float]) -> Groups:
    """Return the groups of a frame with one row per number of ``good`` moments."""
    return Groups(
        _WHOLE, by={"good moments": "good"}, measures={"estimate": Measure("recommendation", *scale)}
    )


def of_advocacy() -> Groups:
    """Return the groups of a frame with the mean recommendation by ``who`` gives it."""
    return Groups(
        "moments",
        pairs=("dimension", "who"),
        measures={"estimate": Measure("journey_recommendation", "minimum", "maximum")},
    )


def of_raters(column: str = "who", *, models: bool = False) -> Groups:
    """Return the groups of a frame that counts people by who rates; a person may be of several kinds."""
    return Groups(_MODELS if models else _RATERS, by={"who": column})


def of_codes() -> Groups:
    """Return the groups of a frame with one row per moment in ``group`` and ``code`` of the comments on it."""
    return Groups(_FOUND, by={"moment": "group"}, answer="code", answered="comment")


def of_comments() -> Groups:
    """Return the groups of a frame with one row per moment in ``group``, with the people who wrote on it."""
    return Groups(_FOUND, by={"moment": "group"})


def of_themes(*, moments: bool = False) -> Groups:
    """Return the groups of a frame with one row per ``theme``, of all comments or of those on a moment in ``group``."""
    return Groups(_FOUND, by={"moment": "group"} if moments else {}, answer="theme", answered="comment about")


def _rating(journey: JourneyMap) -> Measure:
    return Measure(journey.measure, *journey.scale)
