"""The employee journey as a study file describes it: phases in order, each with its contact moments in order."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from exresearch.study.parameters.sources import LocalText, Strict


class Moment(Strict):
    """One contact moment of the journey."""

    name: str = Field(min_length=1, description="The moment, as table 'moments' writes it.")
    label: LocalText | None = Field(
        None, description="Name for readers in both languages; as in the table when left out."
    )
    measured: bool = Field(
        True,
        description="False for a moment that belongs to the journey and is not asked about: a gap on the map.",
    )


def _moments(value: Any) -> Any:
    """Read a name as a moment without a label."""
    if not isinstance(value, list) or not all(isinstance(moment, str | dict | Moment) for moment in value):
        raise ValueError(
            "a list of contact moments is expected, each a text between quotes or a name with a label"
        )
    return [{"name": moment} if isinstance(moment, str) else moment for moment in value]


Moments = Annotated[
    list[Moment],
    Field(min_length=1),
    BeforeValidator(_moments, json_schema_input_type=list[str | Moment]),
]


class Phase(Strict):
    """One phase of the journey, with its contact moments in order."""

    id: str = Field(min_length=1, description="Short name of the phase; each phase has its own.")
    label: LocalText = Field(description="Name for readers in both languages.")
    employment: Literal["before", "during", "after"] = Field(
        description="Whether the phase lies before, during or after employment."
    )
    moments: Moments = Field(description="Contact moments in order; at least one.")


_ORDER = ("before", "during", "after")


def _consistent(value: list[Phase]) -> list[Phase]:
    """Refuse a journey that names something twice or runs back in time."""
    phases = [phase.id for phase in value]
    twice = [name for name in dict.fromkeys(phases) if phases.count(name) > 1]
    if twice:
        raise ValueError(f"the phase {twice[0]!r} stands here twice; give each phase an id of its own")
    moments = [moment.name for phase in value for moment in phase.moments]
    twice = [name for name in dict.fromkeys(moments) if moments.count(name) > 1]
    if twice:
        raise ValueError(f"the contact moment {twice[0]!r} stands here twice; keep it in one phase")
    places = [_ORDER.index(phase.employment) for phase in value]
    for first, second, phase in zip(places, places[1:], value[1:], strict=False):
        if second < first:
            raise ValueError(
                f"the phase {phase.id!r} ({phase.employment} employment) comes after one that lies later; "
                "put the phases in order of time"
            )
    return value


Journey = Annotated[list[Phase], AfterValidator(_consistent)]
