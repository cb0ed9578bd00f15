"""Three sides of the units, or the reason why there are none to set beside each other."""

from __future__ import annotations

from dataclasses import dataclass

from exresearch.findings.analyses.wording import side_label
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.findings.shared_source import by_construction
from exresearch.findings.testability import NOT_LINKED, Testability, testability, unsuitable_scale
from exresearch.measures import EngagedDefinition, NotMeasured, ThreeSides, UnsuitableScale, three_sides
from exresearch.study import Study

HYPOTHESIS = "human-experience"
#: Pairs of sides, by the name of their component in the registry; the first decides what the finding carries.
EDGES: dict[str, tuple[str, str]] = {"ex_cx": ("ex", "cx"), "ex_bx": ("ex", "bx"), "cx_bx": ("cx", "bx")}
NAMES = ["ex", "cx", "bx"]
NO_SPREAD = Note(message="There are too few units, or they hardly differ: no link can be estimated.")
_TOO_FEW = "{n_units:integer} units have all three sides; at least {needed:integer} are needed."


@dataclass(frozen=True, slots=True)
class Choices:
    """The settings that say what each side is.

    Attributes
    ----------
    ex_measure, cx_measure, bx_measure : str
        Constructs.
    engaged_definition, engaged_threshold
        As :func:`exresearch.measures.engaged`.
    min_unit_n : int
        Answers that a unit needs on each side.
    """

    ex_measure: str
    cx_measure: str
    engaged_definition: EngagedDefinition
    engaged_threshold: float
    min_unit_n: int
    bx_measure: str = "bx"

    @property
    def measures(self) -> dict[str, str]:
        """Construct of each side."""
        return {"ex": self.ex_measure, "cx": self.cx_measure, "bx": self.bx_measure}

    def labels(self, study: Study) -> dict[str, dict[str, str]]:
        """Label of each side in both languages."""
        return {name: side_label(study, construct) for name, construct in self.measures.items()}


def sides_of(study: Study, choices: Choices, *, conf_level: float) -> tuple[ThreeSides | Note, Testability]:
    """Read the three sides of a study.

    Parameters
    ----------
    study : Study
        The client.
    choices : Choices
        What each side is.
    conf_level : float
        Of the intervals.

    Returns
    -------
    tuple of ThreeSides or Note and Testability
        The sides, or why the claim cannot be tested.
    """
    ready = testability(
        study,
        HYPOTHESIS,
        ex_measure=choices.ex_measure,
        cx_measure=choices.cx_measure,
        min_unit_n=choices.min_unit_n,
        conf_level=conf_level,
    )
    if ready.reason is not None:
        return ready.reason, ready
    for side in ("ex", "cx"):
        reason = by_construction(study, choices.measures[side], choices.bx_measure)
        if reason is not None:
            return reason, ready
    try:
        found = three_sides(
            study,
            ex_measure=choices.ex_measure,
            cx_measure=choices.cx_measure,
            bx_measure=choices.bx_measure,
            engaged_definition=choices.engaged_definition,
            engaged_threshold=choices.engaged_threshold,
            min_unit_n=choices.min_unit_n,
        )
    except NotMeasured:
        return NOT_LINKED, ready
    except UnsuitableScale:
        return unsuitable_scale(choices.engaged_definition), ready
    needed = load_registry()[HYPOTHESIS].needs.min_units
    if len(found.units) < needed:
        return Note(message=_TOO_FEW, values={"n_units": len(found.units), "needed": needed}), ready
    return found, ready
