"""The codebook: what every column of every table means."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exresearch.study.codebook.variable import KEYS, VARIABLE, Construct, Variable
from exresearch.study.problems import Problem, StudyError, explain, nearest
from exresearch.study.yaml_file import read_yaml

_EXAMPLE = "data/demo/codebook.yaml"


class _CodebookFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    constructs: dict[str, Construct] = Field(default_factory=dict)
    variables: list[dict[str, Any]] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Codebook:
    """All variables of a study, and the labels of its constructs.

    Attributes
    ----------
    variables : tuple of Variable
        In the order of the file.
    constructs : dict of str to Construct
        Label of each construct, and the share of its items that must be answered; a construct without a label of
        its own is called by its name.
    """

    variables: tuple[Variable, ...]
    constructs: dict[str, Construct]

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
            return self.constructs[name].model_dump(include={"nl", "en"})
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
    content = read_yaml(path, example=_EXAMPLE)
    try:
        parsed = _CodebookFile.model_validate(content)
    except ValidationError as error:
        raise StudyError(
            explain(error, file=path.name, unknown_key=_unknown_file_key, example=_EXAMPLE)
        ) from None
    problems: list[Problem] = []
    variables: list[Variable] = []
    for number, entry in enumerate(parsed.variables, start=1):
        column = entry.get("column")
        place = f"variable {number} ({column if isinstance(column, str) and column else 'without a column'})"
        try:
            # From JSON, where strict validation still takes a mapping for the entry and a list for a tuple.
            text = json.dumps({str(key): value for key, value in entry.items()}, default=str)
            variables.append(VARIABLE.validate_json(text))
        except ValidationError as error:
            problems += explain(
                error, file=path.name, unknown_key=_unknown_variable_key, place=place, example=_EXAMPLE
            )
        except TypeError:
            problems.append(Problem(path.name, place, "a key is not a text.", "Put keys between quotes."))
    problems += _repeated(variables, file=path.name)
    problems += _ambiguous(variables, file=path.name)
    if problems:
        raise StudyError(problems)
    return Codebook(variables=tuple(variables), constructs=parsed.constructs)


def _unknown_file_key(path: tuple[str | int, ...]) -> str:
    legal = ("constructs", "variables") if len(path) == 1 else ("nl", "en", "min_share")
    return nearest(str(path[-1]), legal)


def _unknown_variable_key(path: tuple[str | int, ...]) -> str:
    legal = tuple(field.name for field in fields(Variable)) if len(path) == 1 else ("nl", "en")
    return nearest(str(path[-1]), legal)


def _repeated(variables: list[Variable], *, file: str) -> list[Problem]:
    problems = []
    for (table, column), count in Counter((v.table, v.column) for v in variables).items():
        if count > 1:
            message = f"table {table!r} has {count} entries for this column."
            problems.append(Problem(file, column, message, "Keep one."))
    keys: dict[tuple[str, str], list[str]] = {}
    once: dict[tuple[str, str, str], list[str]] = {}
    scales: dict[tuple[str, str], dict[str, None]] = {}
    for v in variables:
        if v.role in KEYS:
            keys.setdefault((v.table, v.role), []).append(v.column)
        if v.construct is not None and v.role in ("outcome", "measure"):
            once.setdefault((v.table, v.role, v.construct), []).append(v.column)
        if v.construct is not None and v.role in ("item", "outcome", "need"):
            scales.setdefault((v.table, v.construct), {})[f"{v.minimum:g}-{v.maximum:g}"] = None
    for (of, role), columns in keys.items():
        if len(set(columns)) > 1:
            message = f"table {of!r} has {len(columns)} columns with role {role!r}: {', '.join(columns)}."
            problems.append(Problem(file, columns[-1], message, "Keep one."))
    for (of, role, construct), columns in once.items():
        if len(set(columns)) > 1:
            names = ", ".join(columns)
            message = f"construct {construct!r} has {len(columns)} columns with role {role!r} in table {of!r}: {names}."
            problems.append(Problem(file, columns[-1], message, "Give each a construct of its own."))
    for (of, construct), found in scales.items():
        if len(found) > 1:
            message = (
                f"the items of this construct in table {of!r} have different scales: {', '.join(found)}."
            )
            problems.append(Problem(file, construct, message, "Give each scale a construct of its own."))
    return problems


def _ambiguous(variables: list[Variable], *, file: str) -> list[Problem]:
    """Columns whose name or use would be taken for something else once keys have their standard names."""
    problems = []
    roles = {(v.table, v.column): v.role for v in variables}
    for v in variables:
        if v.column in KEYS and v.role not in (v.column, "ignore"):
            message = f"this name is kept for the column with role {v.column!r}; here the role is {v.role!r}."
            problems.append(
                Problem(file, f"{v.table}.{v.column}", message, "Rename the column, or give it that role.")
            )
        for key in ("n_column", "std_error_column"):
            name = getattr(v, key)
            role = roles.get((v.table, name), "")
            if name is not None and (name in KEYS or role in (*KEYS, "category", "date", "text")):
                message = f"{key} names {name!r}, which does not hold numbers of answers or standard errors."
                problems.append(
                    Problem(
                        file,
                        f"{v.table}.{v.column}",
                        message,
                        "Name a column with role count, or leave it out.",
                    )
                )
    return problems
