"""One entry of the codebook: what a column is, and what a construct is called."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import pydantic.dataclasses
from pydantic import ConfigDict, Field, FiniteFloat, TypeAdapter, model_validator

from exresearch.study.parameters import LocalText, TableName

Role = Literal[
    "person", "unit", "wave", "weight", "item", "driver", "outcome", "need", "category", "measure", "count", "flag",
    "date", "duration", "text", "ignore",
]  # fmt: skip
Block = Literal["employee-first", "customer-first", "other"]
# Keys of an entry that a draft may guess; `guessed` lists them until somebody has confirmed them.
Guessable = Literal[
    "role",
    "construct",
    "block",
    "named",
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
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_SCALED = ("item", "driver", "outcome", "need")


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
        Number of each answer that the file holds as text, such as ``Strongly agree: 7``.
    kind, n_column, std_error_column
        Of a measure: what number it is, and the columns with its n and standard error.
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
    column: Annotated[str, Field(min_length=1)]
    role: Role
    construct: _Name | None = None
    block: Block | None = None
    named: bool = False
    group: _Name | None = None
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    reversed: bool = False
    missing: tuple[int | float | str, ...] = ()
    values: dict[str, FiniteFloat] = Field(default_factory=dict)
    kind: Literal["percent", "mean", "rate"] | None = None
    n_column: str | None = None
    std_error_column: str | None = None
    label: LocalText | None = None
    instrument: str | None = None
    licence: str | None = None
    guessed: tuple[Guessable, ...] = ()
    comment: str | None = None

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
        return self

    @property
    def name(self) -> str:
        """Construct of the column where it has one, else its own name."""
        return self.construct or self.column


VARIABLE = TypeAdapter(Variable)


class Construct(LocalText):
    """What a construct is called, and how many of its items must be answered."""

    min_share: FiniteFloat = Field(
        0.5, gt=0, le=1, description="Share of the items that must be answered for a score."
    )
