"""A checked study: the client's tables, what they mean, and who fell out on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from exresearch.study.codebook import Codebook, load_codebook
from exresearch.study.demo import generate_demo
from exresearch.study.demo.tables import FILES
from exresearch.study.files import read_yaml
from exresearch.study.parameters import Parameters, StudyFile, TableName, parse_study
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.tables import Table, attrition_ledger, check_tables, ordered_waves, read_table


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
        One row per table and step: ``table, step, counted, n, removed``, where ``counted`` is rows, cells or columns.
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
    given = _expanded(path)
    if given.is_absolute() or _exists(given):
        return given.resolve()
    return project_root() / given if _exists(project_root() / given) else given.resolve()


def output_folder(path: str | Path) -> Path:
    """Return where a notebook writes: as given when absolute or upwards, else below the project's own folder.

    Examples
    --------
    >>> output_folder("reports/by-hand").name
    'by-hand'
    """
    given = _expanded(path)
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
    if content.get("parameters") is None:
        content["parameters"] = {}
    for key, value in (overrides or {}).items():
        _override(content, key, value, folder=file.parent)
    return parse_study(content, file=file.name)


def _override(content: dict[Any, Any], key: str, value: Any, *, folder: Path) -> None:
    parent, dot, child = key.partition(".")
    if (key == "codebook" or (parent == "tables" and child)) and isinstance(value, str):
        # On the command line a path counts from where one is; in the file, from the file.
        here = _expanded(value)
        if _exists(here) and not (not here.is_absolute() and _exists(folder / here)):
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
    files = {name: _below(file.parent, source) for name, source in settings.tables.items()}
    codebook_file = _below(file.parent, settings.codebook)
    places = {"codebook": (codebook_file, settings.codebook)}
    if settings.synthetic is None:
        places |= {f"tables.{name}": (files[name], source) for name, source in settings.tables.items()}
    problems = [found for key, place in places.items() for found in _absent(key, *place, file=file.name)]
    reported = {place for place, _ in places.values() if not place.is_file()}
    codebook: Codebook | None = None
    tables: dict[str, Table] = {}
    try:
        if codebook_file not in reported:
            codebook = load_codebook(codebook_file)
            _generate_missing(settings, files, file=file.name)
    except StudyError as error:
        raise StudyError([*problems, *error.problems]) from None
    for name, source in files.items():
        if codebook is None or source in reported:
            continue
        try:
            tables[name] = read_table(source, name=name, codebook=codebook)
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
    sources: dict[str, Path] = {str(name): path for name, path in files.items()}
    sources["codebook"] = codebook_file
    return Study(settings, codebook, frames, attrition_ledger(tables), ordered_waves(tables), sources)


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        # A tilde before a name that nobody has on this machine is a tilde.
        return Path(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _below(folder: Path, source: str) -> Path:
    try:
        path = (folder / _expanded(source)).resolve()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, ValueError):
        # Too long, or with a sign that no path has: nothing can be there.
        return folder / "not a legal path"
    return path


def _absent(key: str, path: Path, written: str, *, file: str) -> list[Problem]:
    if path.is_file():
        return []
    if path.is_dir():
        return [Problem(file, key, f"{written!r} is a folder, not a file.", "Name the file.")]
    remedy = "Check the path; it counts from the folder of the study file."
    return [Problem(file, key, f"the file {written!r} does not exist.", remedy)]


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


def _generate_missing(settings: StudyFile, files: Mapping[TableName, Path], *, file: str) -> None:
    if settings.synthetic is None:
        return
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
