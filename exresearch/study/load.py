"""From a study file to a checked study: settings, codebook and tables, every problem at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exresearch.study.codebook import Codebook, load_codebook
from exresearch.study.demo import generate_demo
from exresearch.study.demo.tables import FILES
from exresearch.study.parameters import Parameters, StudyFile, TableName, TableSource, parse_study
from exresearch.study.paths import absent, below, exists, expanded, resolve_path
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.study import Study
from exresearch.study.tables import Table, attrition_ledger, check_tables, ordered_waves, read_table
from exresearch.study.yaml_file import read_yaml

_Parts = dict[TableName, list[tuple[Path, TableSource]]]


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
    if content.get("parameters") is None:
        content["parameters"] = {}
    for key, value in (overrides or {}).items():
        _override(content, key, value, folder=file.parent)
    return parse_study(content, file=file.name)


def _override(content: dict[Any, Any], key: str, value: Any, *, folder: Path) -> None:
    parent, dot, child = key.partition(".")
    if (key == "codebook" or (parent == "tables" and child)) and isinstance(value, str):
        # On the command line a path counts from where one is; in the file, from the file.
        here = expanded(value)
        if exists(here) and not (not here.is_absolute() and exists(folder / here)):
            value = str(here.resolve())
    if dot and parent in StudyFile.model_fields:
        within = content.get(parent)
        content[parent] = (within if isinstance(within, dict) else {}) | {child: value}
    elif key in Parameters.model_fields and isinstance(content["parameters"], dict):
        content["parameters"] = content["parameters"] | {key: value}
    else:
        content[key] = value


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
    parts = _parts(settings, folder=file.parent)
    codebook_file = below(file.parent, settings.codebook)
    places = {"codebook": (codebook_file, settings.codebook)}
    if settings.synthetic is None:
        places |= {
            _key(name, number, of=len(sources)): (path, source.file)
            for name, sources in parts.items()
            for number, (path, source) in enumerate(sources, start=1)
        }
    problems = [found for key, place in places.items() for found in absent(key, *place, file=file.name)]
    reported = {place for place, _ in places.values() if not place.is_file()}
    codebook: Codebook | None = None
    tables: dict[str, Table] = {}
    try:
        if codebook_file not in reported:
            codebook = load_codebook(codebook_file)
            _generate_missing(settings, parts, file=file.name)
    except StudyError as error:
        raise StudyError([*problems, *error.problems]) from None
    for name, sources in parts.items():
        if codebook is None or any(path in reported for path, _ in sources):
            continue
        try:
            tables[name] = read_table(sources, name=name, codebook=codebook)
        except StudyError as error:
            problems += error.problems
    try:
        check_tables(tables)
    except StudyError as error:
        problems += error.problems
    if codebook is not None and "units" in tables:
        problems += _wrong_category(settings, codebook, tables["units"], file=file.name)
    if problems or codebook is None:
        raise StudyError(problems)
    frames = {name: table.frame for name, table in tables.items()}
    files: dict[str, tuple[Path, ...]] = {
        str(name): tuple(path for path, _ in sources) for name, sources in parts.items()
    }
    files["codebook"] = (codebook_file,)
    return Study(
        settings=settings,
        codebook=codebook,
        tables=frames,
        ledger=attrition_ledger(tables),
        waves=ordered_waves(tables),
        files=files,
        remarks=tuple(remark for table in tables.values() for remark in table.remarks),
    )


def _parts(settings: StudyFile, *, folder: Path) -> _Parts:
    return {
        name: [(below(folder, source.file), source) for source in sources]
        for name, sources in settings.tables.items()
    }


def _key(name: str, number: int, *, of: int) -> str:
    return f"tables.{name}" if of == 1 else f"tables.{name}.{number}"


def _wrong_category(settings: StudyFile, codebook: Codebook, units: Table, *, file: str) -> list[Problem]:
    if not settings.parameters.set_apart:
        return []
    column, _, value = settings.parameters.set_apart.partition("=")
    categories = [v.column for v in codebook.select("units", role="category")]
    if column not in categories:
        message = f"{column!r} is not a category of the units."
        return [Problem(file, "parameters.set_apart", message, nearest(column, categories))]
    values = units.frame[column].dropna().unique().tolist()
    if value not in values:
        message = f"no unit has {value!r} as {column}."
        return [Problem(file, "parameters.set_apart", message, nearest(value, sorted(values)))]
    return []


def _generate_missing(settings: StudyFile, parts: _Parts, *, file: str) -> None:
    if settings.synthetic is None:
        return
    files = {name: sources[0][0] for name, sources in parts.items()}
    folders = {path.parent for path in files.values()}
    if len(folders) != 1:
        message = "the tables of a fictional client must lie in one folder."
        raise StudyError([Problem(file, "tables", message, "Give all tables the same folder.")])
    folder = folders.pop()
    strange = sorted(path.name for name, path in files.items() if path.name != FILES[name])
    if strange:
        message = f"the generator makes no {', '.join(strange)}."
        raise StudyError([Problem(file, "tables", message, f"Its files are {', '.join(FILES.values())}.")])
    made = _generated_seed(folder)
    if made == settings.synthetic.seed and all(path.is_file() for path in files.values()):
        return
    if made is None and any((folder / name).exists() for name in FILES.values()):
        # A generation is written completely or not at all, so these tables are somebody's own.
        message = (
            f"folder {folder.name!r} holds tables that the generator did not make; they would be replaced."
        )
        remedy = "Take out 'synthetic' if this is a client's data, or name another folder."
        raise StudyError([Problem(file, "synthetic", message, remedy)])
    try:
        generate_demo(folder, seed=settings.synthetic.seed)
    except FileExistsError:
        message = f"{folder.name!r} is a file, or a folder that holds other files as well."
        raise StudyError([Problem(file, "tables", message, "Name a folder of their own.")]) from None
    except OSError as error:
        message = (
            f"the fictional tables cannot be written in {folder.name!r} ({error.strerror or 'no access'})."
        )
        raise StudyError([Problem(file, "tables", message, "Name a folder that can be written.")]) from None


def _generated_seed(folder: Path) -> int | None:
    try:
        record = json.loads((folder / "generated.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    seed = record.get("seed") if isinstance(record, dict) else None
    return seed if isinstance(seed, int) else None
