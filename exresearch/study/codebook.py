"""The codebook: what every column of every table means."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic.dataclasses
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError, model_validator

from exresearch.study.parameters import LocalText, TableName
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.yaml_file import read_yaml

Role = Literal[
    "person", "unit", "wave", "weight", "item", "driver", "outcome", "need", "category", "measure", "count", "flag", "date",
    "text", "ignore",
]  # fmt: skip
Block = Literal["employee-first", "customer-first", "other"]
KEYS = ("person", "unit", "wave", "weight")
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_SCALED = ("item", "driver", "outcome", "need")


# A dataclass and not a model: a model's own attribute would be shadowed by the field 'construct'.
@pydantic.dataclasses.dataclass(
    frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid", strict=True)
)
class Variable:
    """One column of one table."""

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
    kind: Literal["percent", "mean", "rate"] | None = None
    n_column: str | None = None
    std_error_column: str | None = None
    label: LocalText | None = None
    instrument: str | None = None
    licence: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.minimum is None) != (self.maximum is None):
            raise ValueError("minimum and maximum go together; give both")
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum} is not below maximum {self.maximum}")
        if self.role in _SCALED and self.minimum is None:
            raise ValueError(f"a column with role {self.role} needs minimum and maximum")
        if self.role in ("item", "outcome", "measure") and self.construct is None:
            raise ValueError(f"a column with role {self.role} needs a construct")
        if self.role == "driver" and self.block is None:
            raise ValueError("a driver needs a block: employee-first, customer-first or other")
        if self.role == "measure" and self.kind is None:
            raise ValueError("a measure needs a kind: percent, mean or rate")
        if self.reversed and self.minimum is None:
            raise ValueError("a reversed column needs minimum and maximum")
        return self

    @property
    def name(self) -> str:
        """Construct of the column where it has one, else its own name."""
        return self.construct or self.column


_VARIABLE = TypeAdapter(Variable)


class _CodebookFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    constructs: dict[str, LocalText] = Field(default_factory=dict)
    variables: list[dict[str, Any]] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Codebook:
    """All variables of a study, and the labels of its constructs.

    Attributes
    ----------
    variables : tuple of Variable
        In the order of the file.
    constructs : dict of str to LocalText
        Label of each construct; a construct without a label of its own is called by its name.
    """

    variables: tuple[Variable, ...]
    constructs: dict[str, LocalText]

    def select(
        self, table: str, *, role: str | None = None, construct: str | None = None, block: str | None = None
    ) -> tuple[Variable, ...]:
        """Return the variables of a table with the given role, construct and block."""
        return tuple(
            variable
            for variable in self.variables
            if variable.table == table
            and (role is None or variable.role == role)
            and (construct is None or variable.construct == construct)
            and (block is None or variable.block == block)
        )

    def find(self, table: str, column: str) -> Variable:
        """Return the variable of a column.

        Raises
        ------
        KeyError
            If the codebook does not describe that column.
        """
        for variable in self.select(table):
            if variable.column == column:
                return variable
        raise KeyError(f"the codebook does not describe column {column!r} of table {table!r}")

    def label(self, name: str) -> dict[str, str]:
        """Return the label of a construct or column in both languages; its own name where it has none."""
        if name in self.constructs:
            return self.constructs[name].model_dump()
        for variable in self.variables:
            if name in (variable.column, variable.construct) and variable.label is not None:
                return variable.label.model_dump()
        return {"nl": name, "en": name}


def load_codebook(path: Path) -> Codebook:
    """Read and check a codebook, reporting all problems together.

    Parameters
    ----------
    path : pathlib.Path
        A YAML file with ``variables`` and, optionally, ``constructs``.

    Returns
    -------
    Codebook

    Raises
    ------
    StudyError
        One problem per wrong entry: its number, column, key and remedy.
    """
    content = read_yaml(path)
    try:
        parsed = _CodebookFile.model_validate(content)
    except ValidationError as error:
        raise StudyError([_file_problem(item, path.name) for item in error.errors()]) from None
    problems: list[Problem] = []
    variables: list[Variable] = []
    for number, entry in enumerate(parsed.variables, start=1):
        place = f"variable {number} ({entry.get('column', 'without a column')})"
        try:
            # From JSON, where strict validation still takes a mapping for the entry and a list for a tuple.
            variables.append(_VARIABLE.validate_json(json.dumps(entry, default=str)))
        except ValidationError as error:
            problems += [_variable_problem(item, file=path.name, place=place) for item in error.errors()]
    problems += _repeated(variables, file=path.name)
    if problems:
        raise StudyError(problems)
    return Codebook(variables=tuple(variables), constructs=parsed.constructs)


def _file_problem(item: Any, file: str) -> Problem:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
        return Problem(file, key, f"unknown key {key!r}.", nearest(key, ("constructs", "variables")))
    return Problem(file, key, f"{item['msg']}.", "See data/demo/codebook.yaml for an example.")


def _variable_problem(item: Any, *, file: str, place: str) -> Problem:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return Problem(
            file,
            place,
            f"unknown key {key!r}.",
            nearest(key, tuple(field.name for field in fields(Variable))),
        )
    if item["type"] == "missing":
        return Problem(file, place, f"the key {key!r} is required and missing.", "Add it.")
    if item["type"] == "literal_error":
        expected = str(item["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        legal = [part.strip() for part in expected.split(",")]
        return Problem(
            file,
            f"{place}, {key}",
            f"{item['input']!r} is not a legal value.",
            nearest(str(item["input"]), legal),
        )
    if item["type"] == "value_error":
        return Problem(file, place, f"{item['ctx']['error']}.", "Correct this entry.")
    return Problem(file, f"{place}, {key}", f"{item['msg']}.", "Correct the value.")


def _repeated(variables: list[Variable], *, file: str) -> list[Problem]:
    problems = []
    seen: set[tuple[str, str]] = set()
    keys: dict[tuple[str, str], str] = {}
    for variable in variables:
        place = (variable.table, variable.column)
        if place in seen:
            message = f"table {variable.table!r} has two entries for this column."
            problems.append(Problem(file, variable.column, message, "Keep one."))
        seen.add(place)
        if variable.role in KEYS:
            first = keys.setdefault((variable.table, variable.role), variable.column)
            if first != variable.column:
                message = f"table {variable.table!r} has two columns with role {variable.role!r}: {first}, {variable.column}."
                problems.append(Problem(file, variable.column, message, "Keep one."))
    return problems
