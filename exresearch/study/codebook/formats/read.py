"""A codebook from a file: YAML, CSV or a workbook, with every problem at its line or row."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from exresearch.study.codebook.book import Codebook, contradictions
from exresearch.study.codebook.formats.sheet import Entry, RawBook, is_workbook, printable, read_sheets
from exresearch.study.codebook.keys import CONSTRUCT_TEXTS, variable_keys
from exresearch.study.codebook.variable import CONSTRUCT, VARIABLE, Construct, Variable
from exresearch.study.problems import Problem, StudyError, explain, nearest
from exresearch.study.yaml_file import read_bytes, read_yaml

_EXAMPLE = "data/demo/codebook.yaml"
_LANGUAGES = ("nl", "en")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _CodebookFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    constructs: dict[Any, Any] = Field(default_factory=dict)
    variables: list[Any] = Field(min_length=1)


def load_codebook(path: Path) -> Codebook:
    """Read and check a codebook, reporting all problems together.

    Parameters
    ----------
    path : pathlib.Path
        A YAML file with ``variables`` and, optionally, ``constructs``; or the same as CSV or XLSX.

    Returns
    -------
    Codebook

    Raises
    ------
    StudyError
        One problem per wrong entry: its line or row, column, key, value and remedy.
    """
    book, problems = read_codebook(path)
    if problems or book is None:
        raise StudyError(problems)
    return book


def read_codebook(path: Path) -> tuple[Codebook | None, list[Problem]]:
    """Read what can be read of a codebook, and say what is wrong with the rest.

    When to use it: where tables are to be checked although the codebook has problems; otherwise :func:`load_codebook`.

    Parameters
    ----------
    path : pathlib.Path
        A codebook in YAML, CSV or XLSX; a workbook is known by its content, CSV by its suffix.

    Returns
    -------
    Codebook or None
        The entries that are right, without those that contradict an earlier one; None if there is none.
    list of Problem
        Everything that is wrong: with entries by themselves, then with entries together; empty if nothing is.
    """
    try:
        if path.suffix.lower() in (".csv", ".tsv", ".txt") or is_workbook(read_bytes(path, limit=4)):
            return _checked(read_sheets(path), file=path.name)
        content = read_yaml(path, example=_EXAMPLE)
    except StudyError as error:
        return None, list(error.problems)
    book, problems = _checked(_entries(content, None, file=path.name), file=path.name)
    if problems:
        # Lines are looked up only where somebody has to find them.
        root = yaml.compose(path.read_bytes().decode("utf-8-sig"), Loader=_Loader)
        return _checked(_entries(content, root, file=path.name), file=path.name)
    return book, problems


def _entries(content: dict[Any, Any], root: yaml.Node | None, *, file: str) -> RawBook:
    """Take a YAML file apart; what is no entry at all becomes a problem."""
    top = Entry("", "", content, at=_lines(root))
    problems: list[Problem] = []
    try:
        _CodebookFile.model_validate(content)
    except ValidationError as error:
        problems += [
            Problem(file, top.place(found.place), found.message, found.remedy)
            for found in explain(error, file=file, unknown_key=_unknown_file_key, example=_EXAMPLE)
        ]
    constructs, variables = content.get("constructs"), content.get("variables")
    named = constructs if isinstance(constructs, dict) else {}
    listed = variables if isinstance(variables, list) else []
    nodes = _children(root)
    labels: dict[str, Entry] = {}
    for name, value in named.items():
        node = _children(nodes.get("constructs")).get(str(name))
        entry = Entry(
            _line_of(nodes.get("constructs"), str(name)),
            f"construct {str(name).strip()}",
            value,
            _lines(node),
        )
        if not isinstance(name, str) or not name.strip():
            message = f"a text as name of a construct is expected, not {name!r}."
            problems.append(Problem(file, entry.place(), message, "Put the name between quotes."))
        elif name.strip() in labels:
            problems.append(Problem(file, entry.place(), "this construct has a label already.", "Keep one."))
        else:
            labels[name.strip()] = entry
    items = nodes["variables"].value if isinstance(nodes.get("variables"), yaml.SequenceNode) else []
    entries = []
    for number, value in enumerate(listed, start=1):
        node = items[number - 1] if number <= len(items) else None
        column = value.get("column") if isinstance(value, dict) else None
        named_column = printable(column) if isinstance(column, str) and column else "without a column"
        title = f"variable {number} ({named_column})" if isinstance(value, dict) else f"variable {number}"
        start = f"line {node.start_mark.line + 1}" if node is not None else ""
        entries.append(Entry(start, title, value, _lines(node)))
    return RawBook(labels, tuple(entries), tuple(problems), in_cells=False)


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def _line_of(node: yaml.Node | None, name: str) -> str:
    """Return the line of a key of a mapping."""
    return _lines(node).get(name, "")


def _lines(node: yaml.Node | None) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): f"line {key.start_mark.line + 1}" for key, _ in node.value}


def _checked(raw: RawBook, *, file: str) -> tuple[Codebook | None, list[Problem]]:
    problems = list(raw.problems)
    constructs: dict[str, Construct] = {}
    for name, entry in raw.constructs.items():
        if raw.in_cells:
            # The cell with the name is what the construct is known by, and none of its keys.
            entry = replace(entry, content={k: v for k, v in entry.content.items() if k != "name"})
        value, wrong = _validated(entry, CONSTRUCT, file=file, in_cells=raw.in_cells)
        problems += wrong
        if value is not None:
            constructs[name] = value
    variables: list[Variable] = []
    starts: list[str] = []
    for entry in raw.variables:
        value, wrong = _validated(entry, VARIABLE, file=file, in_cells=raw.in_cells)
        problems += wrong
        if value is not None:
            variables.append(value)
            starts.append(entry.start)
    if not raw.variables and not problems:
        message = "no column is described."
        problems.append(Problem(file, "", message, "See docs/codebook.md for an example."))
    left_out: set[int] = set()
    for found in contradictions(variables, constructs, file=file, starts=starts):
        problems.append(found.problem)
        left_out.update(found.left_out)
    right = tuple(v for number, v in enumerate(variables) if number not in left_out)
    return (Codebook(right, constructs) if right else None), problems


def _validated(
    entry: Entry, adapter: TypeAdapter[Any], *, file: str, in_cells: bool
) -> tuple[Any, list[Problem]]:
    problems = [*entry.problems, *_no_texts(entry, file=file)]
    unknown_key = _unknown_variable_key if adapter is VARIABLE else _unknown_construct_key
    try:
        # From JSON, where strict validation still takes a mapping for the entry and a list for a tuple.
        value = entry.content
        content = {str(key): item for key, item in value.items()} if isinstance(value, dict) else value
        valid = adapter.validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        for found in explain(error, file=file, unknown_key=unknown_key, example=_EXAMPLE):
            placed = _placed(found, entry, in_cells=in_cells)
            if found.place and placed.place not in {problem.place for problem in entry.problems}:
                problems.append(placed)
            elif not found.place and not problems:
                # What an entry lacks as a whole cannot be told while one of its cells cannot be read.
                problems.append(placed)
    except (TypeError, ValueError, RecursionError):
        problems.append(Problem(file, entry.place(), "a key is not a text.", "Put keys between quotes."))
    else:
        if not problems:
            return valid, []
    return None, problems


def _no_texts(entry: Entry, *, file: str) -> list[Problem]:
    """Find keys such as Yes, No, On and Off, which YAML takes for true and false, and numbers."""
    nested = entry.content.items() if isinstance(entry.content, dict) else ()
    return [
        Problem(
            file,
            entry.place(str(key)),
            f"a text as key is expected, not {str(name).lower() if isinstance(name, bool) else repr(name)}.",
            "Put it between quotes; without them YAML reads Yes, No, On and Off as true and false.",
        )
        for key, value in nested
        if isinstance(value, dict)
        for name in value
        if not isinstance(name, str)
    ]


def _placed(problem: Problem, entry: Entry, *, in_cells: bool) -> Problem:
    key, message, remedy = problem.place, problem.message, problem.remedy
    if in_cells:
        # On their own sheet the labels of constructs are called nl and en.
        named = entry.start.casefold().startswith("sheet constructs")
        first, _, language = key.partition(".")
        key = (
            f"label_{language or first}" if first == "label" or (first in _LANGUAGES and not named) else first
        )
        if message == "this key is required and missing.":
            message, remedy = "the cell is empty.", "Fill it in; see docs/codebook.md."
    return Problem(problem.file, entry.place(key), message, remedy)


def _unknown_file_key(path: tuple[str | int, ...]) -> str:
    return nearest(str(path[-1]), ("constructs", "variables"))


def _unknown_variable_key(path: tuple[str | int, ...]) -> str:
    return nearest(str(path[-1]), variable_keys() if len(path) == 1 else _LANGUAGES)


def _unknown_construct_key(path: tuple[str | int, ...]) -> str:
    return nearest(str(path[-1]), tuple(CONSTRUCT_TEXTS)[1:])
