"""What a client looks like: two colours, refused where text in them could not be read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from exresearch.study.colours import LIGHT_GROUND, NEEDED, contrast, readable
from exresearch.study.parameters.sources import Strict


def _written(value: Any) -> Any:
    """Say what became of a colour without quotes: to YAML it is a remark."""
    if value is None:
        raise ValueError("nothing is here: write a colour between quotes, such as '#005a8f'")
    return value


def _legible(colour: str) -> str:
    found = contrast(colour, LIGHT_GROUND) if colour else NEEDED
    better = readable(colour, ground=LIGHT_GROUND) if found < NEEDED else colour
    if found < NEEDED:
        # Cut, not rounded: 4.49 is not 4.5.
        raise ValueError(
            f"{colour!r} has a contrast of {int(found * 10) / 10:.1f} with the light ground of the report "
            f"({LIGHT_GROUND}), and text needs {NEEDED}; of the same hue {better!r} has it"
        )
    return colour


Colour = Annotated[str, BeforeValidator(_written), AfterValidator(_legible)]
_FORM = r"^(#[0-9A-Fa-f]{6})?$"


class Colours(Strict):
    """The client's colours in the header, in links and in what is pressed; verdicts and figures keep theirs."""

    primary: Colour = Field("", pattern=_FORM, description="Ground of the header, as '#rrggbb'.")
    accent: Colour = Field(
        "",
        pattern=_FORM,
        description="Links and buttons, as '#rrggbb'; made lighter in dark mode where text needs it.",
    )
