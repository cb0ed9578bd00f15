"""What a study file says of its tables: where they lie, their waves, weights and careless sheets."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)
from pydantic_core import PydanticKnownError

from exresearch.study.languages import LANGUAGE, languages

TABLES = ("employees", "customers", "partners", "units", "people", "moments")
TableName = Literal["employees", "customers", "partners", "units", "people", "moments"]


def _known(language: str) -> str:
    if language not in languages():
        # Said as of any other value out of a list, with the legal ones.
        raise PydanticKnownError(
            "literal_error", {"expected": ", ".join(f"'{name}'" for name in languages())}
        )
    return language


# Which languages there are depends on the catalogues that are there, so that the schema holds none.
Language = Annotated[str, Field(pattern=LANGUAGE), BeforeValidator(_known)]
NAME = r"^[a-z][a-z0-9_]*$"


class Strict(BaseModel):
    """Frozen, without unknown keys and without converting types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


def _one_is_enough(schema: dict[str, Any]) -> None:
    schema["required"] = []
    schema["anyOf"] = [{"required": ["nl"]}, {"required": ["en"]}]


class LocalText(Strict):
    """One text of a client in Dutch and English; where one is left out, the other stands for both."""

    model_config = ConfigDict(json_schema_extra=_one_is_enough)

    nl: str = Field(min_length=1, description="Dutch text; the English one when left out.")
    en: str = Field(min_length=1, description="English text; the Dutch one when left out.")

    @model_validator(mode="before")
    @classmethod
    def _other_stands_for_it(cls, content: Any) -> Any:
        if isinstance(content, dict):
            for name, other in (("nl", "en"), ("en", "nl")):
                if name not in content and other in content:
                    return content | {name: content[other]}
        return content

    @property
    def texts(self) -> dict[str, str]:
        """The text by language."""
        return {"nl": self.nl, "en": self.en}


class TableSource(Strict):
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


class Weighting(Strict):
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


class Quality(Strict):
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


class Wave(Strict):
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


class Synthetic(Strict):
    """The tables are fictional and made by the built-in generator when they are absent."""

    seed: int = Field(2016, ge=0, le=2**32 - 1, description="Seed of the generator.")
