"""The study file: what may be set, of which type, within which limits."""

from __future__ import annotations

import datetime
import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    ValidationInfo,
)

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


def _none_or_several(value: int) -> int:
    """Refuse so few imputations that their differences say nothing about what is missing."""
    if 0 < value < 5:
        raise ValueError(f"{value} imputations are too few: give 5 to 200, or 0 for none")
    return value


def _below_promoters(value: int, info: ValidationInfo) -> int:
    """Refuse cut-points by which one answer makes both a promoter and a detractor."""
    promoters = info.data.get("enps_promoters_from")
    if info.data.get("enps_variant") == "custom" and promoters is not None and value >= promoters:
        raise ValueError(
            f"{value} is not below enps_promoters_from ({promoters}): nobody can be promoter and detractor at once"
        )
    return value


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
    engaged_definition: Literal[
        "highly",
        "highly_or_moderately",
        "highly_approximated",
        "highly_or_moderately_approximated",
        "threshold",
    ] = Field(
        "highly_or_moderately",
        description=(
            "Who counts as engaged: bands of the three-item index (19 or more, 16 or more of 21), the same bands "
            "approximated by stretching three items of another scale to 1-7, or a threshold."
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
    enps_variant: Literal["us", "eu", "custom"] = Field(
        "us",
        description=(
            "Promoters and detractors: us = 9-10 and 0-6, eu = 8-10 and 0-5, custom = by the two settings that follow. "
            "Printed beside every score."
        ),
    )
    enps_promoters_from: int = Field(
        9, ge=1, le=10, description="Lowest answer of a promoter, with enps_variant: custom."
    )
    enps_detractors_to: Annotated[int, AfterValidator(_below_promoters)] = Field(
        6,
        ge=0,
        le=9,
        validate_default=True,
        description="Highest answer of a detractor, with enps_variant: custom.",
    )
    marker: str = Field(
        "",
        pattern=r"^([^\s].*)?$",
        description=(
            "A question or construct that has nothing to do with the others, to correct correlations for what comes "
            "from one questionnaire; empty for none."
        ),
    )
    conf_level: FiniteFloat = Field(
        0.95, ge=0.8, le=0.999, description="Level of every interval; alpha is 1 minus it."
    )
    n_boot: int = Field(2000, ge=200, le=100_000, description="Bootstrap replicates.")
    n_imputations: Annotated[int, AfterValidator(_none_or_several)] = Field(
        20,
        ge=0,
        le=200,
        description="Times that missing answers are imputed, to check the driver models: 5 to 200; 0 for no check.",
    )
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
    least_icc2: FiniteFloat = Field(
        0.60,
        ge=0,
        le=1,
        description="Least reliability of unit means, ICC(2), below which a link between units is flagged.",
    )
    least_rwg: FiniteFloat = Field(
        0.70,
        ge=0,
        le=1,
        description="Least median agreement within units, rwg, below which a link between units is flagged.",
    )


class TableSource(_Strict):
    """Where a table lies, and what cannot be seen from the file itself."""

    file: str = Field(min_length=1, description="Path of the file, relative to the study file.")
    sheet: str = Field("", description="Sheet of a workbook; needed where more than one could be meant.")
    heading_row: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Row with the column names, the first row being 1; found when left out.",
    )
    wave: str = Field("", description="Wave of all rows, for a file that holds one wave and does not say so.")
    waves_from: Literal["", "month", "quarter", "half_year", "year"] = Field(
        "",
        description=(
            "Make the wave of each row from its date: the month, quarter, half-year or year it lies in. The date is "
            "the column with role date; of several, the one without a construct."
        ),
    )
    without_key: Literal["refuse", "leave_out"] = Field(
        "refuse",
        description=(
            "Rows without a unit or person where one is needed, and rows of totals or averages: refuse them or leave "
            "them out. Answers of people whose unit is not known stay."
        ),
    )
    same_rows: Literal["refuse", "leave_out"] = Field(
        "refuse",
        description="Rows of a unit or person wholly the same as an earlier row: refuse them or leave them out.",
    )
    macros: Literal["refuse", "ignore"] = Field(
        "refuse", description="A workbook with macros: refuse it, or read its cells; macros are never run."
    )
    encoding: Literal["", "utf-8", "utf-16", "cp1252"] = Field(
        "", description="Encoding of a text file; found when left out."
    )
    delimiter: Literal["", ",", ";", "\t", "|"] = Field(
        "", description="Sign between the fields of a text file; found when left out."
    )
    decimal: Literal["", ".", ","] = Field("", description="Decimal sign in text; found when left out.")


class Weighting(_Strict):
    """Weights by raking: the answers of a table are weighted to known margins of its population."""

    margins: dict[str, dict[str, FiniteFloat]] = Field(
        default_factory=dict,
        description="Per category column, the number or share of people in each category of the population.",
    )
    staff_list: list[str] = Field(
        default_factory=list,
        description="Category columns whose margins are counted in table 'people', for the employees alone.",
    )
    by_wave: bool = Field(True, description="Rake each wave by itself.")
    trim_low: FiniteFloat | None = Field(
        None, gt=0, lt=1, description="Smallest weight, as a part of the mean."
    )
    trim_high: FiniteFloat | None = Field(
        None, gt=1, description="Largest weight, as a multiple of the mean."
    )


class Quality(_Strict):
    """Answer sheets that look careless: always counted, left out only on request."""

    leave_out: list[
        Literal["straight_lining", "too_fast", "duplicate_sheet", "preview", "spam", "unfinished"]
    ] = Field(
        default_factory=list,
        description=(
            "Kinds of sheets to leave out; every one is counted in the ledger. Previews, spam and unfinished sheets "
            "are those that the export of a survey platform marks."
        ),
    )
    seconds_per_item: FiniteFloat = Field(
        2.0, gt=0, le=60, description="Fewer seconds than this per answered item is too fast."
    )


def _sources(value: Any) -> Any:
    """Read a path, a description of a file, or a list of either as a list of descriptions."""
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str | dict | TableSource) for part in parts):
        raise ValueError("a path, a description of a file, or a list of these is expected")
    return [{"file": part} if isinstance(part, str) else part for part in parts]


Sources = Annotated[
    list[TableSource],
    Field(min_length=1),
    BeforeValidator(_sources, json_schema_input_type=str | TableSource | list[str | TableSource]),
]


def _day(value: Any) -> Any:
    """Read a day that YAML took for a date, or that stands between quotes, as 2024-03-31."""
    if isinstance(value, datetime.datetime):
        raise ValueError(f"{value} is not a day: write it as 2024-03-31")
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a day: write it as 2024-03-31") from None
    return value


class Wave(_Strict):
    """One wave, and the day that its staff is counted on."""

    name: str = Field(min_length=1, description="The wave, as the tables write it.")
    day: Annotated[datetime.date | None, BeforeValidator(_day)] = Field(
        None,
        description=(
            "Day of reference: the staff list is counted on it. When left out, everybody in service at some time "
            "during the wave is."
        ),
    )


def _waves(value: Any) -> Any:
    """Read a name as a wave without a day."""
    if not isinstance(value, list) or not all(isinstance(wave, str | dict | Wave) for wave in value):
        raise ValueError("a list of waves is expected, each a text between quotes or a name with a day")
    return [{"name": wave} if isinstance(wave, str) else wave for wave in value]


def _each_once(value: list[Wave]) -> list[Wave]:
    names = [wave.name for wave in value]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ValueError(f"the wave {twice[0]!r} stands here twice; keep one")
    return value


Waves = Annotated[
    list[Wave],
    AfterValidator(_each_once),
    BeforeValidator(_waves, json_schema_input_type=list[str | Wave]),
]


class Synthetic(_Strict):
    """The tables are fictional and made by the built-in generator when they are absent."""

    seed: int = Field(2016, ge=0, le=2**32 - 1, description="Seed of the generator.")


class StudyFile(_Strict):
    """One client's study, as written in ``params/<client>.yaml``."""

    client: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Short name; names the report's folder."
    )
    name: str = Field(
        "", description="Name of the client as the report shows it; the short name when left out."
    )
    title: LocalText = Field(description="Title of the report in both languages.")
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
    synthetic: Synthetic | None = Field(None, description="Only for fictional data: how to make the tables.")
    source: LocalText | None = Field(None, description="Where the data come from, and under which terms.")
    hypotheses: list[str] | None = Field(
        None, min_length=1, description="Hypotheses to decide; all when left out."
    )
    parameters: Parameters = Field(
        default_factory=lambda: Parameters.model_validate({}), description="Settings of the analysis."
    )

    def reference_days(self) -> dict[str, pd.Timestamp]:
        """Return the day on which the staff of a wave is counted, of each wave that has one."""
        return {wave.name: pd.Timestamp(wave.day) for wave in self.waves if wave.day is not None}


_MODELS: dict[str, type[BaseModel]] = {
    "parameters": Parameters,
    "title": LocalText,
    "source": LocalText,
    "synthetic": Synthetic,
    "quality": Quality,
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
    model = nested.get(str(parents[0])) or _MODELS[str(parents[-1])]
    return nearest(name, tuple(model.model_fields))
