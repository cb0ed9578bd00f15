"""The files of one table side by side: which columns and keys they have, and which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from exresearch.study.codebook import KEYS, Variable
from exresearch.study.importers import RawTable
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, nearest

Parts = Sequence[tuple[Path, TableSource]]


def wanted_columns(variables: list[Variable]) -> dict[str, str]:
    """Columns to read, each with the words for it in a message."""
    wanted = {variable.column: variable.column for variable in variables}
    for variable in variables:
        for key in ("n_column", "std_error_column"):
            if getattr(variable, key) is not None:
                wanted.setdefault(getattr(variable, key), f"{key} of {variable.column}")
    return wanted


def missing_columns(
    parts: Parts, raws: list[RawTable], wanted: dict[str, str], *, name: str
) -> list[Problem]:
    """Columns that no file of the table has."""
    present = tuple(dict.fromkeys(column for raw in raws for column in raw.present))
    files = ", ".join(path.name for path, _ in parts)
    return [
        Problem(
            files,
            column if why == column else f"{column} ({why})",
            f"table {name!r} has no such column.",
            nearest(column, present),
        )
        for column, why in sorted(wanted.items())
        if column not in present
    ]


def missing_keys(
    parts: Parts, raws: list[RawTable], variables: list[Variable], *, name: str
) -> list[Problem]:
    """Keys that one file has and another has not, and waves that are told twice."""
    keys: dict[str, str] = {v.role: v.column for v in variables if v.role in KEYS}
    problems = []
    for role, column in keys.items():
        has = [column in raw.present for raw in raws]
        for (path, source), there in zip(parts, has, strict=True):
            if role == "wave" and source.wave and there:
                message = f"the study file gives wave {source.wave!r}, but column {column!r} holds the waves."
                problems.append(Problem(path.name, "wave", message, "Take one of the two out."))
            elif not there and any(has) and not (role == "wave" and source.wave):
                message = f"this file of table {name!r} has no column for the {role}; another has."
                remedy = "Add it" + (
                    ", or give 'wave' with this file in the study file." if role == "wave" else "."
                )
                problems.append(Problem(path.name, column, message, remedy))
    if "wave" not in keys and any(source.wave for _, source in parts):
        for path, source in parts:
            if not source.wave:
                message = "this file has no wave; another file of the table has."
                problems.append(
                    Problem(path.name, "wave", message, "Give 'wave' with this file in the study file.")
                )
    return problems
