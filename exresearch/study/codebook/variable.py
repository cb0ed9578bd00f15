"""One entry of the codebook: what a column is, and what a construct is called."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Annotated, Any, Literal, Self

import pydantic.dataclasses
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    field_validator,
    model_validator,
)

from exresearch.study.parameters import LocalText, TableName

Role = Literal[
    "person", "unit", "wave", "weight", "item", "driver", "outcome", "need", "category", "measure", "count", "flag",
    "date", "duration", "text", "ignore",
]  # fmt: skip
Block = Literal["employee-first", "customer-first", "other"]
ScoreMethod = Literal["mean", "sum", "factor"]
# Keys of an entry that a draft may guess; `guessed` lists them until somebody has confirmed them.
Guessable = Literal[
    "role",
    "construct",
    "block",
    "named",
    "group",
    "minimum",
    "maximum",
    "reversed",
    "missing",
    "values",
    "kind",
    "n_column",
    "label",
]
KEYS = ("person", "unit", "wave", "weight")
_SCALED = ("item", "driver", "outcome", "need")
_NUMBERS = (*_SCALED, "measure", "count", "flag", "weight", "duration")
# What no file format but YAML can hold: control characters, halves of characters and numbers that are none.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LONGEST = 10_000


def _trimmed(text: str) -> str:
    """Return a text without blanks around it, or refuse one that cannot be written in every format."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    wrong = _NO_TEXT.search(text)
    if wrong:
        raise ValueError(
            f"the text holds the sign U+{ord(wrong.group()):04X}, which cannot be written; retype it"
        )
    if not text:
        raise ValueError("the text is blank; fill it in, or leave it out")
    if len(text) > _LONGEST:
        raise ValueError(f"the text is longer than {_LONGEST} signs; shorten it")
    return text


def _none_if_blank(text: Any) -> Any:
    return None if isinstance(text, str) and not text.strip() else text


def _trimmed_label(label: LocalText) -> LocalText:
    return label.model_copy(update={"nl": _trimmed(label.nl), "en": _trimmed(label.en)})


def _codes(codes: tuple[int | float | str, ...]) -> tuple[int | float | str, ...]:
    if not all(isinstance(code, str) or math.isfinite(code) for code in codes):
        raise ValueError("a code is not a finite number; an empty cell is missing without a code")
    return tuple(_trimmed(code) if isinstance(code, str) else code for code in codes)


def _once(values: Any) -> Any:
    if isinstance(values, dict):
        texts = Counter(text.strip().casefold() for text in values if isinstance(text, str))
        twice = [text for text, count in texts.items() if count > 1]
        if twice:
            message = f"the answer {twice[0]!r} has two numbers; capitals and blanks make no difference"
            raise ValueError(message)
    return values


# Texts and names are kept without blanks around them: nobody sees those, and every spreadsheet adds some.
Text = Annotated[str, Field(min_length=1), AfterValidator(_trimmed)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_Optional = Annotated[Text | None, BeforeValidator(_none_if_blank)]


# A dataclass and not a model: a model's own attribute would be shadowed by the field 'construct'.
@pydantic.dataclasses.dataclass(
    frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid", strict=True)
)
class Variable:
    """One column of one table.

    Attributes
    ----------
    table, column : str
        Where it is, by the name in the client's file.
    role : Role
        What it is for.
    construct : str or None
        What it measures; several items may measure one construct.
    block, named, group
        Of a driver: its block, whether the claim names it, and the group it enters a model with.
    minimum, maximum : float or None
        Ends of the scale, both or neither.
    reversed : bool
        A higher answer means less of the construct.
    missing : tuple
        Codes that stand for no answer.
    values : dict of str to float
        Number of each answer that the file holds as text, such as ``Strongly agree: 7``; of a category the text that
        each code stands for, written the same way: ``Part-time: 2``.
    kind, n_column, std_error_column
        Of a measure: what number it is, and the columns with its n and standard error.
    derived_from : tuple of str
        Columns of the same table from which this one is computed: a rating that contains staffing, an index of others.
    label : LocalText or None
        Wording in both languages.
    instrument, licence : str or None
        Where the wording comes from, and under which terms it may be used.
    guessed : tuple of str
        Keys of this entry that a draft guessed and nobody has confirmed yet.
    comment : str or None
        For whoever reads the codebook; a draft says here why it guessed what it guessed.
    """

    table: TableName
    column: Text
    role: Role
    construct: _Name | None = None
    block: Block | None = None
    named: bool = False
    group: _Name | None = None
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    reversed: bool = False
    missing: Annotated[tuple[int | float | str, ...], AfterValidator(_codes)] = ()
    values: Annotated[dict[Text, FiniteFloat], BeforeValidator(_once)] = Field(default_factory=dict)
    kind: Literal["percent", "mean", "rate"] | None = None
    n_column: _Optional = None
    std_error_column: _Optional = None
    derived_from: tuple[Text, ...] = ()
    label: Annotated[LocalText, AfterValidator(_trimmed_label)] | None = None
    instrument: _Optional = None
    licence: _Optional = None
    guessed: tuple[Guessable, ...] = ()
    comment: _Optional = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.minimum is None) != (self.maximum is None):
            raise ValueError("minimum and maximum go together; give both")
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is not below maximum {self.maximum:g}")
        if self.role in _SCALED and self.minimum is None:
            raise ValueError(f"a column with role {self.role} needs minimum and maximum")
        if self.role in ("item", "outcome", "measure") and self.construct is None:
            raise ValueError(f"a column with role {self.role} needs a construct")
        if self.role == "driver" and self.block is None:
            raise ValueError("a driver needs a block: employee-first, customer-first or other")
        if self.role == "measure" and self.kind is None:
            raise ValueError("a measure needs a kind: percent, mean or rate")
        if self.role == "measure" and self.table != "units":
            raise ValueError(
                "a measure belongs to table units; an answer of a person is an item or an outcome"
            )
        if self.kind == "percent" and (self.minimum, self.maximum) != (0, 100):
            raise ValueError(
                "a measure of kind percent needs minimum: 0 and maximum: 100; another number is a rate"
            )
        if self.role != "measure" and (self.kind or self.n_column or self.std_error_column):
            raise ValueError("kind, n_column and std_error_column are only for a measure")
        if self.role != "driver" and (self.block or self.group or self.named):
            raise ValueError("block, group and named are only for a driver")
        if self.reversed and self.minimum is None:
            raise ValueError("a reversed column needs minimum and maximum")
        if self.column in self.derived_from:
            raise ValueError(f"derived_from names {self.column!r}, the column itself; take it out")
        twice = [name for name, count in Counter(self.derived_from).items() if count > 1]
        if twice:
            raise ValueError(f"derived_from names {twice[0]!r} twice; keep one")
        self._check_values()
        return self

    def _check_values(self) -> None:
        if self.values and self.role not in (*_NUMBERS, "category", "ignore"):
            raise ValueError(f"values give answers a number, but a column with role {self.role} holds none")
        both = sorted(set(self.values) & {code for code in self.missing if isinstance(code, str)})
        if both:
            raise ValueError(f"the answer {both[0]!r} stands under values and under missing; keep one")
        low, high = (0.0, 1.0) if self.role == "flag" else (self.minimum, self.maximum)
        if low is None or high is None:
            return
        outside = {text: number for text, number in self.values.items() if not low <= number <= high}
        if outside:
            listed = ", ".join(f"{text!r} = {number:g}" for text, number in outside.items())
            raise ValueError(f"values lie outside the scale {low:g} to {high:g}: {listed}")

    @property
    def name(self) -> str:
        """Construct of the column where it has one, else its own name."""
        return self.construct or self.column


class Construct(LocalText):
    """What a construct is called, how many of its items must be answered, and how they become a score."""

    min_share: FiniteFloat = Field(
        0.5, gt=0, le=1, description="Share of the items that must be answered for a score."
    )
    score: ScoreMethod = Field("mean", description="How the items become a score: mean, sum or factor.")

    @field_validator("nl", "en", mode="after")
    @classmethod
    def _trim(cls, text: str) -> str:
        return _trimmed(text)


VARIABLE = TypeAdapter(Variable)
CONSTRUCT = TypeAdapter(Construct)
