"""The study file: what may be set, of which type, within which limits."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from exresearch.study.problems import StudyError, explain, nearest

TABLES = ("employees", "customers", "partners", "units", "people", "moments")
TableName = Literal["employees", "customers", "partners", "units", "people", "moments"]
Language = Literal["nl", "en"]
_NAME = r"^[a-z][a-z0-9_]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


class LocalText(_Strict):
    """One text in both languages of the reports."""

    nl: str = Field(min_length=1, description="Dutch text.")
    en: str = Field(min_length=1, description="English text.")


class Parameters(_Strict):
    """Settings of the analysis: flat and typed, each the default of a notebook's parameters cell."""

    ex_measure: str = Field(
        "engagement", pattern=_NAME, description="Construct that stands for employee experience."
    )
    ex_alternative: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9_]*)?$",
        description="A second construct for employee experience, shown as a check.",
    )
    cx_measure: str = Field("cx", pattern=_NAME, description="Construct that stands for customer experience.")
    engaged_definition: Literal["highly", "highly_or_moderately", "threshold"] = Field(
        "highly_or_moderately",
        description=(
            "Who counts as engaged: bands of the three-item index (19 or more, 16 or more of 21), or a threshold."
        ),
    )
    engaged_threshold: FiniteFloat = Field(
        5.0,
        description="Mean item score from which someone counts as engaged, with engaged_definition: threshold.",
    )
    leader_share: FiniteFloat = Field(
        0.25,
        ge=0.05,
        le=0.5,
        description="Share of units that are leaders, and laggards, in customer experience.",
    )
    set_apart: str = Field(
        "",
        pattern=r"^([^=]+=.+)?$",
        description="Category of units to set apart as a check, as 'column=value'; empty for none.",
    )
    enps_variant: Literal["us", "eu"] = Field(
        "us",
        description="Promoters and detractors: us = 9-10 and 0-6, eu = 8-10 and 0-5. Printed beside every score.",
    )
    conf_level: FiniteFloat = Field(
        0.95, ge=0.8, le=0.999, description="Level of every interval; alpha is 1 minus it."
    )
    n_boot: int = Field(2000, ge=200, le=100_000, description="Bootstrap replicates.")
    seed: int = Field(2016, ge=0, le=2**32 - 1, description="Seed of every random draw.")
    min_respondents: int = Field(
        5, ge=5, le=1000, description="Respondents behind a shown number; 5 or more."
    )
    min_model: int = Field(
        30, ge=30, le=100_000, description="Respondents behind a driver model; 30 or more."
    )
    min_units: int = Field(5, ge=5, le=1000, description="Units behind a figure of units; 5 or more.")
    min_unit_n: int = Field(
        5,
        ge=5,
        le=1000,
        description="Answers a unit needs, on each side, to enter the link between EX and CX.",
    )


class Synthetic(_Strict):
    """The tables are fictional and made by the built-in generator when they are absent."""

    seed: int = Field(2016, ge=0, le=2**32 - 1, description="Seed of the generator.")


class StudyFile(_Strict):
    """One client's study, as written in ``params/<client>.yaml``."""

    client: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Short name; names the report's folder."
    )
    title: LocalText = Field(description="Title of the report in both languages.")
    language: Language = Field("en", description="Language of the report.")
    codebook: str = Field(min_length=1, description="Path of the codebook, relative to this file.")
    tables: dict[TableName, str] = Field(
        min_length=1, description="Path of each table, relative to this file."
    )
    synthetic: Synthetic | None = Field(None, description="Only for fictional data: how to make the tables.")
    source: LocalText | None = Field(None, description="Where the data come from, and under which terms.")
    hypotheses: list[str] | None = Field(
        None, min_length=1, description="Hypotheses to decide; all when left out."
    )
    parameters: Parameters = Field(
        default_factory=lambda: Parameters.model_validate({}), description="Settings of the analysis."
    )


_MODELS: dict[str, type[BaseModel]] = {
    "parameters": Parameters,
    "title": LocalText,
    "source": LocalText,
    "synthetic": Synthetic,
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
    return nearest(name, tuple(_MODELS[str(parents[-1])].model_fields))
