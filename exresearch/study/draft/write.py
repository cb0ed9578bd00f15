"""A draft as files: the study file and the codebook, with what to do at their top."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from exresearch.study.codebook import Codebook, write_codebook
from exresearch.study.draft.build import Draft
from exresearch.study.languages import languages
from exresearch.study.paths import project_root
from exresearch.study.problems import Problem, StudyError, nearest

CodebookFormat = Literal["yaml", "csv", "xlsx"]
_CLIENT = re.compile(r"[a-z0-9][a-z0-9_-]*")
# Keys first, then answers as the questionnaire has them, then the rest; what is not used comes last.
_ORDER = {
    "person": 0, "unit": 0, "wave": 0, "weight": 0, "item": 1, "driver": 1, "outcome": 1, "need": 1, "measure": 2,
    "count": 3, "flag": 3, "category": 4, "date": 5, "duration": 5, "text": 5, "ignore": 6,
}  # fmt: skip
_CODEBOOK = """\
Draft made by 'exresearch new'. Nothing here is confirmed: 'guessed' lists the keys of an entry that were guessed, and
'comment' says why. Look through each entry, correct what is wrong, and take 'guessed' out of what is right (or leave
it; it is only counted). Columns with role 'ignore' are not read. What each key means: docs/codebook.md"""
_STUDY = """\
# Draft made by 'exresearch new'. It can be checked, not run.
#   1. Look through {codebook}, the most doubtful guesses first.
#   2. Correct the title, and what stands below.
#   3. exresearch check {study}
#   4. Take out the line 'draft: true', and: exresearch run {study}
"""


def write_draft(
    draft: Draft,
    client: str,
    *,
    folder: Path,
    language: str = "en",
    codebook_format: CodebookFormat = "yaml",
    force: bool = False,
) -> tuple[Path, Path]:
    """Write the study file and the codebook of a draft.

    Parameters
    ----------
    draft : Draft
        What :func:`draft_study` guessed.
    client : str
        Short name of the client: lower-case letters, digits, hyphens and underscores.
    folder : pathlib.Path
        Where they go; made when it is not there.
    language : str
        Language of the report.
    codebook_format : {"yaml", "csv", "xlsx"}
        Format of the codebook.
    force : bool
        Replace files of that name.

    Returns
    -------
    study, codebook : pathlib.Path
        The files written. The same draft gives the same bytes.

    Raises
    ------
    StudyError
        If the name is not legal, a file of that name is there already, or the folder cannot be written.
    """
    study, codebook = legal_draft(
        client, folder=folder, language=language, codebook_format=codebook_format, force=force
    )
    variables = sorted(
        draft.codebook.variables,
        key=lambda v: ([p.table for p in draft.parts].index(v.table), _ORDER[v.role]),
    )
    book = Codebook(variables=tuple(variables), constructs=draft.codebook.constructs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_codebook(book, codebook, heading=_CODEBOOK)
        text = _study(
            draft, client, study=study.name, codebook=codebook.name, folder=folder, language=language
        )
        study.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = f"the draft cannot be written ({error.strerror or 'no access'})."
        raise StudyError(
            [Problem("--output", folder.name, message, "Name a folder that can be written.")]
        ) from None
    return study, codebook


def legal_draft(
    client: str, *, folder: Path, language: str, codebook_format: str, force: bool
) -> tuple[Path, Path]:
    """Return the files that a draft will be written to.

    Parameters
    ----------
    client, folder, language, codebook_format, force
        As :func:`write_draft`.

    Returns
    -------
    study, codebook : pathlib.Path
        Not written yet.

    Raises
    ------
    StudyError
        If the name, the language or the format is not legal, or a file of that name is there already.
    """
    problems = []
    if not _CLIENT.fullmatch(client):
        remedy = "Use lower-case letters, digits, hyphens and underscores; begin with a letter or digit."
        problems.append(Problem("new", client, "this is not a legal name for a client.", remedy))
    if codebook_format not in ("yaml", "csv", "xlsx"):
        message = f"{codebook_format!r} is not a format of a codebook."
        problems.append(
            Problem("--codebook-format", "", message, nearest(codebook_format, ("yaml", "csv", "xlsx")))
        )
    if language not in languages():
        message = f"{language!r} is not a language of the reports."
        problems.append(Problem("--language", "", message, f"Legal: {', '.join(languages())}."))
    if problems:
        raise StudyError(problems)
    study, codebook = folder / f"{client}.yaml", folder / f"{client}.codebook.{codebook_format}"
    there = [path for path in (study, codebook) if path.exists() and not (force and path.is_file())]
    if there:
        message = "this file is there already."
        remedy = "Name another client or folder, or replace it with --force."
        raise StudyError([Problem("new", path.name, message, remedy) for path in there])
    return study, codebook


def _study(draft: Draft, client: str, *, study: str, codebook: str, folder: Path, language: str) -> str:
    name = client.replace("_", " ").replace("-", " ").title()
    lines = _schema_line(folder) + _STUDY.format(codebook=codebook, study=study).splitlines()
    lines += [
        f"client: {_plain(client)}",
        f"name: {_plain(name)}",
        "title:",
        f"  nl: {_plain(f'{name}: medewerkers- en klantbeleving')}",
        f"  en: {_plain(f'{name}: employee and customer experience')}",
        f"language: {language}",
        f"codebook: {_plain(codebook)}",
        "draft: true",
        "tables:",
    ]
    for part in draft.parts:
        lines += [f"  # {part.why}"]
        if any("macros" in export.options for export in part.exports):
            lines += ["  # The workbook holds macros. They are never run; 'macros: ignore' reads its cells."]
        if part.table in draft.without_key:
            key = draft.without_key[part.table]
            lines += [f"  # Some rows have no {key!r}, perhaps totals: they are left out and counted."]
        if part.table in draft.same_rows:
            lines += ["  # Some rows are the same as an earlier one: they are left out and counted."]
        if part.waves:
            lines += ["  # The wave of each file is guessed from its name."]
        if part.table in draft.waves_from:
            lines += [
                "  # The wave of each row is made from its date: a guess, after the waves of another table."
            ]
        sources = []
        for number, export in enumerate(part.exports):
            source: dict[str, Any] = {"file": _relative(export.path, folder)}
            source |= {"sheet": export.options["sheet"]} if "sheet" in export.options else {}
            source |= {"wave": part.waves[number]} if part.waves else {}
            source |= {"waves_from": draft.waves_from[part.table]} if part.table in draft.waves_from else {}
            source |= {"without_key": "leave_out"} if part.table in draft.without_key else {}
            source |= {"same_rows": "leave_out"} if part.table in draft.same_rows else {}
            source |= {"macros": export.options["macros"]} if "macros" in export.options else {}
            sources.append(source)
        if len(sources) == 1:
            lines.append(
                f"  {part.table}: {_plain(sources[0]['file']) if len(sources[0]) == 1 else _flow(sources[0])}"
            )
        else:
            lines += [f"  {part.table}:", *(f"    - {_flow(source)}" for source in sources)]
    if draft.settings:
        lines += [
            "parameters:  # guessed from the columns there are; see 'What to look at' of exresearch new"
        ]
        lines += [f"  {key}: {_plain(value)}" for key, value in draft.settings.items()]
    return "\n".join(lines) + "\n"


def _relative(path: Path, folder: Path) -> str:
    """A path as the study file writes it: from its folder, or in full on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _schema_line(folder: Path) -> list[str]:
    root = project_root()
    if not folder.resolve().is_relative_to(root) or not (root / "params" / "schema.json").is_file():
        return []
    return [f"# yaml-language-server: $schema={_relative(root / 'params' / 'schema.json', folder)}"]


def _plain(value: Any) -> str:
    """A value as YAML writes it on one line."""
    text: str = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False
    )
    return text.strip()[1:-1]


def _flow(source: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_plain(value)}" for key, value in source.items()) + "}"
