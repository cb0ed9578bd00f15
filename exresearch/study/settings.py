"""The study file with what the command line replaces in it: checked, and as far as it goes where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from exresearch.study.parameters import Parameters, StudyFile, parse_study
from exresearch.study.paths import exists, expanded, resolve_path
from exresearch.study.problems import Problem, StudyError
from exresearch.study.yaml_file import read_yaml

# What stands in for a required key that is wrong, so that the rest can be read; never used for anything else.
_STAND_INS: dict[str, Any] = {
    "client": "unknown",
    "title": {"nl": "-", "en": "-"},
    "codebook": "-",
    "tables": {"units": "-"},
}


@dataclass(frozen=True, slots=True)
class Settings:
    """A study file as far as it could be read.

    Attributes
    ----------
    study : StudyFile or None
        The settings; where some are wrong, the others with their defaults. None when next to nothing is legible.
    usable : frozenset of str
        Which of ``codebook`` and ``tables`` are what the file says and no stand-in.
    problems : tuple of Problem
        What is wrong with it.
    """

    study: StudyFile | None
    usable: frozenset[str]
    problems: tuple[Problem, ...]


def load_settings(path: str | Path, *, overrides: Mapping[str, Any] | None = None) -> StudyFile:
    """Read and check a study file, without its tables.

    Parameters
    ----------
    path : str or pathlib.Path
        The study file.
    overrides : mapping, optional
        Keys of the study file or of its ``parameters`` with values that replace those of the file; a dot reaches into a
        mapping (``tables.units``).

    Returns
    -------
    StudyFile

    Raises
    ------
    StudyError
        With every problem of the file and the overrides.

    Examples
    --------
    >>> load_settings("params/demo.yaml", overrides={"n_boot": 500}).parameters.n_boot
    500
    """
    settings = read_settings(resolve_path(path), overrides=overrides)
    if settings.problems or settings.study is None:
        raise StudyError(settings.problems)
    return settings.study


def read_settings(file: Path, *, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read a study file as far as it goes, with all that is wrong with it.

    When to use it: to check the codebook and the tables even where the study file has errors, so that all problems
    are told at once.

    Raises
    ------
    StudyError
        If the file cannot be read at all.
    """
    content = read_yaml(file)
    if content.get("parameters") is None:
        content["parameters"] = {}
    for key, value in (overrides or {}).items():
        _override(content, key, value, folder=file.parent)
    try:
        return Settings(parse_study(content, file=file.name), frozenset({"codebook", "tables"}), ())
    except StudyError as error:
        counted = [replace(found, place=_counted(found.place, content)) for found in error.problems]
        problems = from_command_line(counted, file=file.name, overrides=overrides)
    study, stand_ins = _legible(content)
    usable = {"codebook", "tables"} - stand_ins
    if "synthetic" in stand_ins:
        # Whether the tables should be there at all is not known.
        usable -= {"tables"}
    return Settings(study, frozenset(usable), tuple(problems))


def from_command_line(
    problems: Iterable[Problem], *, file: str, overrides: Mapping[str, Any] | None
) -> list[Problem]:
    """Name ``--set key=value`` instead of the study file where that is where a value comes from.

    Examples
    --------
    >>> wrong = Problem("a.yaml", "parameters.n_boot", "5 is out of range.", "It must be at least 200.")
    >>> print(*from_command_line([wrong], file="a.yaml", overrides={"n_boot": 5}))
    --set n_boot=5: 5 is out of range. It must be at least 200.
    """
    given = {
        ".".join(_where(key)): f"--language {value}"
        if key == "language"
        else f"--set {key}={_written(value)}"
        for key, value in (overrides or {}).items()
    }
    named = []
    for problem in problems:
        for place, option in given.items():
            if problem.file == file and (problem.place == place or problem.place.startswith(f"{place}.")):
                named.append(replace(problem, file=option, place=problem.place[len(place) + 1 :]))
                break
        else:
            named.append(problem)
    return named


def _where(key: str) -> tuple[str, ...]:
    """Place of an overridden key in the study file."""
    parent, dot, child = key.partition(".")
    if dot and parent in StudyFile.model_fields:
        return parent, child
    return ("parameters", key) if key in Parameters.model_fields else (key,)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _override(content: dict[Any, Any], key: str, value: Any, *, folder: Path) -> None:
    parent, *child = _where(key)
    if (key == "codebook" or (parent == "tables" and child)) and isinstance(value, str):
        # On the command line a path counts from where one is; in the file, from the file.
        here = expanded(value)
        if exists(here) and not (not here.is_absolute() and exists(folder / here)):
            value = str(here.resolve())
    within = content.get(parent)
    if not child:
        content[key] = value
    elif parent == "parameters" and not isinstance(within, dict):
        # Not a mapping, which is a problem of its own.
        return
    else:
        content[parent] = (within if isinstance(within, dict) else {}) | {child[0]: value}


def _counted(place: str, content: Mapping[Any, Any]) -> str:
    """Count the files of a table from 1, and a single one not at all."""
    found = re.match(r"tables\.([a-z]+)\.(\d+)(.*)", place)
    tables = content.get("tables")
    if found is None or not isinstance(tables, dict):
        return place
    table, number, rest = found.groups()
    several = isinstance(tables.get(table), list) and len(tables[table]) > 1
    return f"tables.{table}.{int(number) + 1}{rest}" if several else f"tables.{table}{rest}"


def _legible(content: Mapping[Any, Any]) -> tuple[StudyFile | None, set[str]]:
    """The settings that are right, and the keys that had to be left out or got a stand-in."""
    rest = {key: value for key, value in content.items() if isinstance(key, str)}
    replaced: set[str] = set()
    # Each round takes out what is wrong; leaving out the last table makes 'tables' itself wrong, hence several.
    for _ in range(3):
        try:
            return StudyFile.model_validate(rest), replaced
        except ValidationError as error:
            for item in error.errors():
                key, *path = item["loc"]
                within = rest.get(str(key))
                if key in ("tables", "weighting", "parameters") and path and isinstance(within, dict):
                    rest[str(key)] = {name: value for name, value in within.items() if name != path[0]}
                else:
                    rest.pop(str(key), None)
                    replaced.add(str(key))
            rest |= {key: value for key, value in _STAND_INS.items() if key not in rest}
    return None, replaced
