"""Text that is stored in a finding and can be said in either language."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

NoteValue = int | float | str | dict[str, str]


class Note(BaseModel):
    """An English sentence with named places, and the values that belong there.

    A finding is written once and read in Dutch or English, so it never stores finished prose. ``message`` is the
    key of the translation catalogue; ``values`` holds full-precision numbers, plain strings, or a mapping from
    language to label. How many digits are shown is said in the message (``{share:percent0}``) and done by
    :mod:`exresearch.report.text`, the only place that rounds.

    Examples
    --------
    >>> Note(message="{n:integer} units took part.", values={"n": 120}).values["n"]
    120
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    message: str = Field(min_length=1)
    values: dict[str, NoteValue] = Field(default_factory=dict)
