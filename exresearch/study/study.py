"""A checked study: the client's tables, what they mean, and who fell out on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from exresearch.study.codebook import Codebook, load_codebook
from exresearch.study.demo import generate_demo
from exresearch.study.parameters import StudyFile, parse_study
from exresearch.study.problems import Problem, StudyError
from exresearch.study.tables import Table, check_tables, read_table
from exresearch.study.yaml_file import read_yaml


@dataclass(frozen=True, slots=True)
class Study:
    """Everything a notebook needs to know about one client.

    Attributes
    ----------
    settings : StudyFile
        The study file, checked, overrides included.
    codebook : Codebook
        What every column means.
    tables : dict of str to pandas.DataFrame
        Cleaned tables; keys are named ``person``, ``unit``, ``wave``, ``weight``. Waves are text. Not reverse-coded.
    ledger : pandas.DataFrame
        One row per table and step: ``table, step, cells_or_rows, n, removed``.
    waves : tuple of str
        All waves in order of time.
    files : dict of str to pathlib.Path
        The file behind each table, and the codebook.
    """

    settings: StudyFile
    codebook: Codebook
    tables: dict[str, pd.DataFrame]
    ledger: pd.DataFrame
    waves: tuple[str, ...]
    files: dict[str, Path]

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, or an empty frame when the study has none of that name."""
        return self.tables.get(name, pd.DataFrame())

    def has(self, name: str, *columns: str) -> bool:
        """Whether the study has a table, with all these standard or own columns."""
        return name in self.tables and all(column in self.tables[name] for column in columns)


def project_root() -> Path:
    """Return the folder that holds ``notebooks/`` and ``params/``."""
    return Path(__file__).resolve().parents[2]


def resolve_path(path: str | Path) -> Path:
    """Find a path as given from the working directory, else from the project's own folder.

    Examples
    --------
    >>> resolve_path("params/demo.yaml").name
    'demo.yaml'
    """
    given = Path(path).expanduser()
    if given.is_absolute() or given.exists():
        return given.resolve()
    return project_root() / given if (project_root() / given).exists() else given.resolve()


def output_folder(path: str | Path) -> Path:
    """Return where a notebook writes: as given when absolute or upwards, else below the project's own folder.

    Examples
    --------
    >>> output_folder("reports/by-hand").name
    'by-hand'
    """
    given = Path(path).expanduser()
    return given.resolve() if given.is_absolute() or given.parts[:1] == ("..",) else project_root() / given


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
    """
    file = resolve_path(path)
    content = read_yaml(file)
    parameters = content.get("parameters")
    if parameters is None:
        content["parameters"] = parameters = {}
    for key, value in (overrides or {}).items():
        parent, _, child = key.partition(".")
        if child and isinstance(content.get(parent), dict):
            content[parent] = content[parent] | {child: value}
        elif key in StudyFile.model_fields:
            content[key] = value
        elif isinstance(parameters, dict):
            parameters[key] = value
    return parse_study(content, file=file.name)


def load_study(path: str | Path, *, overrides: Mapping[str, Any] | None = None) -> Study:
    """Read a study file, its codebook and its tables, and check them.

    When to use it: at the top of a notebook, and before a run. Fictional tables are generated when they are absent.

    Parameters
    ----------
    path : str or pathlib.Path
        The study file, from the working directory or from the project's folder.
    overrides : mapping, optional
        As :func:`load_settings`.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every problem that stands in the way, each with file, place and remedy, and without anybody's answers.

    Examples
    --------
    >>> study = load_study("params/demo.yaml")  # doctest: +SKIP
    >>> len(study.waves)  # doctest: +SKIP
    6
    """
    file = resolve_path(path)
    settings = load_settings(file, overrides=overrides)
    files = {name: (file.parent / source).resolve() for name, source in settings.tables.items()}
    problems: list[Problem] = []
    codebook_file = (file.parent / settings.codebook).resolve()
    codebook: Codebook | None = None
    try:
        codebook = load_codebook(codebook_file)
    except StudyError as error:
        problems += error.problems
    _generate_missing(settings, files)
    tables: dict[str, Table] = {}
    for name, source in files.items():
        if codebook is None:
            if not source.is_file():
                problems.append(
                    Problem(source.name, "", "the file does not exist.", "Check the path in the study file.")
                )
            continue
        try:
            tables[name] = read_table(source, name=name, codebook=codebook)
        except StudyError as error:
            problems += error.problems
    try:
        check_tables(tables)
    except StudyError as error:
        problems += error.problems
    if problems or codebook is None:
        raise StudyError(problems)
    waves = _ordered_waves(tables)
    frames = {name: table.frame for name, table in tables.items()}
    ledger = _ledger(tables, codebook)
    return Study(settings, codebook, frames, ledger, waves, files | {"codebook": codebook_file})


def _generate_missing(settings: StudyFile, files: Mapping[str, Path]) -> None:
    if settings.synthetic is None:
        return
    folders = {path.parent for path in files.values()}
    if len(folders) != 1:
        message = "the tables of a fictional client must lie in one folder."
        raise StudyError([Problem("study file", "tables", message, "Give all tables the same folder.")])
    folder = folders.pop()
    # The generator writes this record last, so an interrupted generation is done again.
    record = folder / "generated.json"
    current = (
        record.is_file()
        and json.loads(record.read_text(encoding="utf-8")).get("seed") == settings.synthetic.seed
    )
    if current and all(path.is_file() for path in files.values()):
        return
    try:
        generate_demo(folder, seed=settings.synthetic.seed)
    except OSError as error:
        message = f"the fictional tables cannot be written ({error.strerror or error})."
        raise StudyError(
            [Problem(folder.name, "tables", message, "Choose a folder of its own that can be written.")]
        ) from None


def _ordered_waves(tables: Mapping[str, Table]) -> tuple[str, ...]:
    found: set[str] = set()
    for table in tables.values():
        if "wave" in table.frame:
            found |= set(table.frame["wave"].dropna())
    # Numbers inside a name are compared as numbers, so that wave 10 follows wave 9.
    return tuple(
        sorted(found, key=lambda name: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)])
    )


def _ledger(tables: Mapping[str, Table], codebook: Codebook) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for table in tables.values():
        rows.append(
            {
                "table": table.name,
                "step": "rows in the file",
                "counted": "rows",
                "n": table.n_rows,
                "removed": 0,
            }
        )
        for key in ("unit", "wave", "person"):
            if key in table.frame and table.frame[key].isna().any():
                lost = int(table.frame[key].isna().sum())
                rows.append(
                    {
                        "table": table.name,
                        "step": f"without {key}",
                        "counted": "rows",
                        "n": lost,
                        "removed": 0,
                    }
                )
        coded = sum(table.coded_missing.values())
        if coded:
            step = "cells with a missing code"
            rows.append({"table": table.name, "step": step, "counted": "cells", "n": coded, "removed": coded})
        if table.unread:
            step = "columns not in the codebook"
            rows.append(
                {
                    "table": table.name,
                    "step": step,
                    "counted": "columns",
                    "n": len(table.unread),
                    "removed": 0,
                }
            )
    return pd.DataFrame(rows, columns=["table", "step", "counted", "n", "removed"])
