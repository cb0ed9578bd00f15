"""The file of a frozen analysis plan: written once, read by every run, and known by its own digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from exresearch.run.durable import write_durably
from exresearch.study import Problem, StudyError
from exresearch.study.yaml_file import read_yaml

_PARTS = ("codebook", "parameters", "hypotheses", "notebooks")
_NEEDED = ("plan", "client", "frozen", "exresearch", "source_sha256", *_PARTS)
_HEAD = """\
# Analysis plan, frozen by exresearch before the data are read. It is not to be edited: 'digest' at the end is
# computed from everything above it (comments aside), and reports say when it does not fit.
# The study file names it with 'plan: {name}'. Every report then says whether the plan was followed, and lists what
# departs from it. Nothing here proves when it was written: give it, or its digest, to somebody else to keep.
"""
_TITLES = {
    "plan": "The plan",
    "exresearch": "With what it will be computed: package, its source, its list of packages",
    "codebook": "What the columns mean",
    "hypotheses": "What is tested: the number that decides, what is too small to matter, the rule, and the family in "
    "which p-values are corrected",
    "quality": "Which answer sheets are left out as careless, and how answers are weighted",
    "parameters": "Every setting of the analysis, defaults written out",
    "notebooks": "Every notebook with its hash and the settings it is given",
    "digest": "SHA-256 of everything above",
}


def plan_digest(content: Mapping[str, Any]) -> str:
    """Return the digest of a plan, its own left out."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_plan(content: Mapping[str, Any], file: Path, *, force: bool = False) -> None:
    """Write a frozen plan, with comments for whoever reads it.

    Raises
    ------
    StudyError
        If there is such a file already, or it cannot be written.
    """
    if file.exists() and not force:
        message = "there is a plan already; a plan that is frozen twice fixes nothing."
        raise StudyError([Problem(file.name, "", message, "Name another file, or replace it with --force.")])
    parts = [_HEAD.format(name=file.name)]
    for key, value in content.items():
        if key in _TITLES:
            parts.append(f"\n# {_TITLES[key]}\n")
        parts.append(yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=110))
    try:
        write_durably(file, "".join(parts).encode())
    except OSError as error:
        message = f"cannot be written ({error.strerror})."
        remedy = "Name a file in a folder that is there."
        raise StudyError([Problem("--output", file.name, message, remedy)]) from None


def read_plan(file: Path) -> dict[str, Any]:
    """Read a frozen plan, whether or not its digest fits.

    Raises
    ------
    StudyError
        If it cannot be read or is none.
    """
    content = read_yaml(file, example="docs/proving.md")
    lacking = [key for key in _NEEDED if key not in content]
    kinds = all(isinstance(content.get(key), dict) for key in _PARTS)
    if lacking or not kinds:
        message = f"this is no frozen analysis plan; it lacks {', '.join(lacking) or 'what belongs there'}."
        raise StudyError([Problem(file.name, "", message, "Make one with: exresearch plan STUDY.yaml")])
    return {str(key): value for key, value in content.items()}


def plan_problems(named: str, *, study_file: Path) -> list[Problem]:
    """Return what is wrong with the plan that a study file names; nothing where it names none."""
    if not named:
        return []
    try:
        read_plan(study_file.parent / named)
    except StudyError as error:
        return list(error.problems)
    return []
