"""The study file as one thing: read, checked, with every problem in a sentence."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
from pydantic import (
    BaseModel,
    Field,
    ValidationError,
)

from exresearch.study.parameters.analysis import Parameters
from exresearch.study.parameters.branding import Colours
from exresearch.study.parameters.journey import Journey, Moment, Phase
from exresearch.study.parameters.sources import (
    Language,
    LocalText,
    Quality,
    Sources,
    Strict,
    Synthetic,
    TableName,
    TableSource,
    Wave,
    Waves,
    Weighting,
)
from exresearch.study.problems import StudyError, explain, nearest

# Files that are passed on beside the pages of a report.
Also = Literal["spreadsheet", "slides", "pdf", "single_file"]


class StudyFile(Strict):
    """One client's study, as written in ``params/<client>.yaml``."""

    client: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Short name; names the report's folder."
    )
    name: str = Field(
        "", description="Name of the client as the report shows it; the short name when left out."
    )
    title: LocalText = Field(description="Title of the report in both languages.")
    logo: str = Field(
        "",
        description="Logo in the report's header: a PNG or SVG file in the folder of this file, at most 200 kB.",
    )
    colours: Colours | None = Field(
        None,
        description="The client's colours in the report's header and links; the house's own when left out.",
    )
    language: Language = Field("en", description="Language of the report.")
    codebook: str = Field(min_length=1, description="Path of the codebook, relative to this file.")
    tables: dict[TableName, Sources] = Field(
        min_length=1,
        description="Path of each table, relative to this file; or a description of its file, or a list of files.",
    )
    waves: Waves = Field(
        default_factory=list,
        description=(
            "All waves in order of time, for names that do not tell it; each a name, or a name with its day of "
            "reference."
        ),
    )
    draft: bool = Field(
        False,
        description="Made by 'exresearch new' and not yet looked through; a draft can be checked, not run.",
    )
    weighting: dict[Literal["employees", "customers", "partners"], Weighting] = Field(
        default_factory=dict, description="Weights to known margins, per table of answers."
    )
    quality: Quality = Field(
        default_factory=lambda: Quality.model_validate({}),
        description="What to do with careless answer sheets.",
    )
    journey: Journey = Field(
        default_factory=list,
        description=(
            "The employee journey: phases in order of time, each with its contact moments; read off the data when left "
            "out."
        ),
    )
    synthetic: Synthetic | None = Field(None, description="Only for fictional data: how to make the tables.")
    source: LocalText | None = Field(None, description="Where the data come from, and under which terms.")
    hypotheses: list[str] | None = Field(
        None, min_length=1, description="Hypotheses to decide; all when left out."
    )
    also: list[Also] = Field(
        default_factory=list,
        description=(
            "What is made beside the pages: spreadsheet (findings.xlsx), slides (slides.pptx), pdf (report.pdf) and "
            "single_file (report.html)."
        ),
    )
    contribute: bool = Field(
        False,
        description=(
            "Whether a report holds moments/drivers.json: sums over all complete answer sheets together, with which "
            "'exresearch compare' pools drivers over clients."
        ),
    )
    plan: str = Field(
        "",
        description=(
            "Analysis plan that was frozen with 'exresearch plan', relative to this file; reports say whether it was "
            "followed."
        ),
    )
    show_unit_names: bool = Field(
        False,
        description="Whether a report may name units by their keys; without it, one that does is not published.",
    )
    parameters: Parameters = Field(
        default_factory=lambda: Parameters.model_validate({}), description="Settings of the analysis."
    )

    def reference_days(self) -> dict[str, pd.Timestamp]:
        """Return the day on which the staff of a wave is counted, of each wave that has one."""
        return {wave.name: pd.Timestamp(wave.day) for wave in self.waves if wave.day is not None}


_MODELS: dict[str, type[BaseModel]] = {
    "label": LocalText,
    "parameters": Parameters,
    "title": LocalText,
    "source": LocalText,
    "synthetic": Synthetic,
    "quality": Quality,
    "colours": Colours,
}


def parse_study(content: Mapping[Any, Any], *, file: str) -> StudyFile:
    """Check the content of a study file against the model, reporting all problems together.

    Parameters
    ----------
    content : mapping
        What the YAML file holds, overrides included.
    file : str
        Name of the file, for the messages.

    Returns
    -------
    StudyFile

    Raises
    ------
    StudyError
        With one problem per wrong key or value: key, value, legal values and the nearest legal key.
    """
    try:
        return StudyFile.model_validate(dict(content))
    except ValidationError as error:
        raise StudyError(explain(error, file=file, unknown_key=_unknown_key)) from None


def study_schema() -> str:
    """Return the JSON schema of a study file, which editors use to complete and check it."""
    schema = StudyFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "exresearch study file"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def parameter_names() -> tuple[str, ...]:
    """Return the legal names of analysis settings."""
    return tuple(Parameters.model_fields)


def _unknown_key(path: tuple[str | int, ...]) -> str:
    name, parents = str(path[-1]), path[:-1]
    if not parents:
        top = tuple(StudyFile.model_fields)
        if name in Parameters.model_fields:
            return "It is a setting: put it under 'parameters:'."
        setting = difflib.get_close_matches(name, parameter_names(), n=1, cutoff=0.75)
        if setting and not difflib.get_close_matches(name, top, n=1, cutoff=0.6):
            return f"Did you mean {setting[0]!r}, under 'parameters:'? Legal here: {', '.join(top)}."
        return nearest(name, top)
    nested: dict[str, type[BaseModel]] = {"tables": TableSource, "weighting": Weighting, "waves": Wave}
    model = nested.get(str(parents[0])) or _MODELS.get(str(parents[-1]))
    if model is None:
        # Only the journey is a list within a list: a key of a phase, or of one of its moments.
        model = Moment if "moments" in parents else Phase
    return nearest(name, tuple(model.model_fields))
