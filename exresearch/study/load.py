"""From a study file to a checked study: settings, codebook and tables, every problem at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exresearch.study.codebook import Codebook, codebook_remarks, derived_remarks, read_codebook
from exresearch.study.confine import allowed_folders, judged_before, outside
from exresearch.study.demo import generate_demo
from exresearch.study.demo.tables import FILES, GENERATOR
from exresearch.study.flags import judge_sheets
from exresearch.study.logo import read_logo
from exresearch.study.parameters import StudyFile, TableName, TableSource
from exresearch.study.paths import absent, below, resolve_path
from exresearch.study.prepared import prepared_study
from exresearch.study.problems import Problem, StudyError, nearest
from exresearch.study.remarks import Remark
from exresearch.study.settings import from_command_line, read_settings
from exresearch.study.study import Study
from exresearch.study.tables import (
    OnProgress,
    Table,
    attrition_ledger,
    check_order,
    check_tables,
    check_waves,
    ordered_waves,
    read_table,
    waves_alike,
)
from exresearch.study.weights import WaveWeights, phase_remarks, response_remarks, weigh_sheets

_Parts = dict[TableName, list[tuple[Path, TableSource]]]


def load_study(
    path: str | Path,
    *,
    overrides: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
    judged: bool = False,
) -> Study:
    """Read a study file, its codebook and its tables, and check them.

    When to use it: at the top of a notebook, and before a run. Fictional tables are generated when they are absent. A
    study that a run has checked and prepared (:func:`exresearch.study.prepared.prepare_study`) is taken as it is.

    Parameters
    ----------
    path : str or pathlib.Path
        The study file, from the working directory or from the project's folder.
    overrides : mapping, optional
        As :func:`load_settings`.
    on_progress : callable, optional
        Told the table, the steps done and the steps in all, after each file that is read and each column checked.
    judged : bool
        Whether this is the resolved study file of a run, whose files were judged when the run was planned, so that they
        may lie anywhere; in its own folder it is known for that (docs/safety.md).

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every problem that stands in the way, each with file, place and remedy, and without anybody's answers: a
        study file with errors still has its codebook and tables checked as far as its keys are legible, and a codebook
        with errors the tables, by the entries that are right.

    Examples
    --------
    >>> study = load_study("params/demo.yaml")  # doctest: +SKIP
    >>> len(study.waves)  # doctest: +SKIP
    6
    """
    file = resolve_path(path)
    prepared = None if overrides else prepared_study(file)
    if prepared is not None:
        return prepared
    examined = _examined(
        file, overrides=overrides, on_progress=on_progress, anywhere=judged or judged_before(file)
    )
    if examined.problems or examined.study is None:
        raise StudyError(examined.problems)
    return examined.study


@dataclass(frozen=True, slots=True)
class Examined:
    """A study as far as it could be read, with everything that is wrong with it.

    Attributes
    ----------
    study : Study or None
        The study; None if anything is wrong.
    settings : StudyFile or None
        The study file; None if it is not in order.
    codebook : Codebook or None
        The codebook; None if it is not in order.
    problems : tuple of Problem
        Everything that stands in the way.
    """

    study: Study | None
    settings: StudyFile | None
    codebook: Codebook | None
    problems: tuple[Problem, ...]


def examine_study(
    path: str | Path, *, overrides: Mapping[str, Any] | None = None, on_progress: OnProgress | None = None
) -> Examined:
    """Read a study as :func:`load_study`, and return what is wrong with it instead of raising.

    When to use it: where something else is to be checked as well and told together.
    """
    return _examined(resolve_path(path), overrides=overrides, on_progress=on_progress, anywhere=False)


def _examined(
    file: Path, *, overrides: Mapping[str, Any] | None, on_progress: OnProgress | None, anywhere: bool
) -> Examined:
    folders = None if anywhere else allowed_folders(file)
    try:
        settings = read_settings(file, overrides=overrides)
    except StudyError as error:
        return Examined(None, None, None, error.problems)
    problems = list(settings.problems)
    chosen = settings.study if not problems else None
    study: Study | None = None
    codebook: Codebook | None = None
    if settings.study is not None and "codebook" in settings.usable:
        with_tables = "tables" in settings.usable
        found = _out_of_bounds(
            settings.study, file=file, folders=folders, with_tables=with_tables, overrides=overrides
        )
        if not found:
            study, codebook, found = _read(
                settings.study, file=file, with_tables=with_tables, on_progress=on_progress
            )
        problems += from_command_line(found, file=file.name, overrides=overrides)
    return Examined(None if problems else study, chosen, codebook, tuple(problems))


def _out_of_bounds(
    settings: StudyFile,
    *,
    file: Path,
    folders: tuple[Path, ...] | None,
    with_tables: bool,
    overrides: Mapping[str, Any] | None,
) -> list[Problem]:
    """Files that this study file may not name; none is opened where there is one, nor looked whether it is there."""
    named = [("codebook", below(file.parent, settings.codebook), settings.codebook)]
    if settings.plan:
        named.append(("plan", below(file.parent, settings.plan), settings.plan))
    for name, sources in _parts(settings, folder=file.parent).items() if with_tables else ():
        for number, (path, source) in enumerate(sources, start=1):
            named.append((_key(name, number, of=len(sources)), path, source.file))
    return [
        problem
        for key, path, written in named
        for problem in outside(key, path, written, file=file.name, folders=folders, overrides=overrides)
    ]


def _read(
    settings: StudyFile, *, file: Path, with_tables: bool, on_progress: OnProgress | None
) -> tuple[Study | None, Codebook | None, list[Problem]]:
    """Codebook and tables of a study, and everything that is wrong with them."""
    codebook_file = below(file.parent, settings.codebook)
    problems = absent("codebook", codebook_file, settings.codebook, file=file.name)
    problems += read_logo(settings.logo, folder=file.parent, file=file.name)[1]
    if settings.plan and not below(file.parent, settings.plan).is_file():
        message = f"the frozen plan {settings.plan!r} does not exist."
        problems.append(
            Problem(file.name, "plan", message, "Make it with 'exresearch plan', or leave this key out.")
        )
    parts = _parts(settings, folder=file.parent) if with_tables else {}
    missing: set[str] = set()
    if settings.synthetic is None:
        for name, sources in parts.items():
            for number, (path, source) in enumerate(sources, start=1):
                not_there = absent(_key(name, number, of=len(sources)), path, source.file, file=file.name)
                problems += not_there
                missing |= {name} if not_there else set()
    codebook, whole = None, False
    if codebook_file.is_file():
        codebook, found = read_codebook(codebook_file)
        whole = not found
        problems += found
        if codebook is not None and whole:
            try:
                _generate_missing(settings, parts, file=file.name)
            except StudyError as error:
                return None, codebook, [*problems, *error.problems]
    if codebook is None or (settings.synthetic is not None and not whole):
        return None, None, problems
    tables: dict[str, Table] = {}
    for name, sources in parts.items():
        if name in missing or (not whole and not codebook.select(name)):
            continue
        try:
            tables[name] = read_table(
                sources,
                name=name,
                codebook=codebook,
                whole=whole,
                leave_out=settings.quality.leave_out,
                on_progress=on_progress,
            )
        except StudyError as error:
            problems += error.problems
    tables = waves_alike(tables)
    remarks = [
        *codebook_remarks(codebook, file=codebook_file.name),
        *derived_remarks(codebook, settings.parameters, file=file.name),
        *_not_listed(codebook, settings, file=codebook_file.name),
        *_guesses(codebook, settings, codebook_file),
    ]
    try:
        remarks += check_tables(tables, codebook=codebook, whole=whole)
    except StudyError as error:
        problems += error.problems
    listed = [wave.name for wave in settings.waves]
    if whole and not problems:
        problems += check_waves(tables) + _not_marked(tables, settings, file=file.name)
        if not problems:
            wrong, noted = check_order(tables, listed=listed, file=file.name)
            problems, remarks = problems + wrong, remarks + noted
    if "units" in tables:
        problems += _wrong_category(settings, codebook, tables["units"], file=file.name, whole=whole)
    if problems:
        return None, codebook if whole else None, problems
    tables, quality = judge_sheets(tables, codebook=codebook, quality=settings.quality)
    problems += _nobody_left(tables, file=file.name)
    weighting: tuple[WaveWeights, ...] = ()
    if not problems:
        try:
            tables, weighting = weigh_sheets(tables, settings=settings, codebook=codebook, file=file.name)
        except StudyError as error:
            problems += error.problems
    files: dict[str, tuple[Path, ...]] = {
        str(name): tuple(path for path, _ in sources) for name, sources in parts.items()
    }
    files["codebook"] = (codebook_file,)
    study = Study(
        settings=settings,
        codebook=codebook,
        tables={name: table.frame for name, table in tables.items()},
        ledger=attrition_ledger(tables),
        waves=ordered_waves(tables, listed=listed),
        files=files,
        remarks=(*(remark for table in tables.values() for remark in table.remarks), *remarks),
        weighting=weighting,
        quality=quality,
        layouts={name: table.layouts for name, table in tables.items()},
    )
    if not problems:
        study = replace(study, remarks=(*study.remarks, *_whose_answers(tables, study)))
    return study, codebook, problems


def _whose_answers(tables: Mapping[str, Table], study: Study) -> list[Remark]:
    """Whether the sheets are of people at work, and the response that they make cannot be right."""
    if "employees" not in tables:
        return []
    employees = tables["employees"]
    phases = phase_remarks(employees.frame, study.codebook, file=employees.file)
    return phases + response_remarks(study)


def _parts(settings: StudyFile, *, folder: Path) -> _Parts:
    return {
        name: [(below(folder, source.file), source) for source in sources]
        for name, sources in settings.tables.items()
    }


def _key(name: str, number: int, *, of: int) -> str:
    return f"tables.{name}" if of == 1 else f"tables.{name}.{number}"


def _not_listed(codebook: Codebook, settings: StudyFile, *, file: str) -> list[Remark]:
    described = dict.fromkeys(variable.table for variable in codebook.variables)
    return [
        Remark(table, file, "", "table_not_listed", len(codebook.select(table)), table)
        for table in described
        if table not in settings.tables
    ]


def _guesses(codebook: Codebook, settings: StudyFile, path: Path) -> list[Remark]:
    guessed = [v for v in codebook.variables if v.guessed]
    if settings.draft or not guessed:
        return []
    names = list(dict.fromkeys(v.column for v in guessed))
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return [Remark("", path.name, "", "guesses_stand", len(guessed), shown)]


def _not_marked(tables: Mapping[str, Table], settings: StudyFile, *, file: str) -> list[Problem]:
    """Sheets to leave out that no survey platform marks: the study file asks for what cannot be done."""
    told = {kind for table in tables.values() for kind in table.marks}
    asked = [kind for kind in settings.quality.leave_out if kind in ("preview", "spam", "unfinished")]
    remedy = "Take it out; exports of Qualtrics have a column for it, those of QuestionPro for 'unfinished'."
    return [
        Problem(file, "quality.leave_out", f"no file says which answer sheets are {kind!r}.", remedy)
        for kind in dict.fromkeys(asked)
        if kind not in told
    ]


def _nobody_left(tables: Mapping[str, Table], *, file: str) -> list[Problem]:
    return [
        Problem(
            file,
            "quality.leave_out",
            f"no answer sheet of table {name!r} is left; all look careless.",
            "Leave out fewer kinds of sheets, or correct the scales and reversed items in the codebook.",
        )
        for name, table in tables.items()
        if table.frame.empty and table.n_rows
    ]


def _wrong_category(
    settings: StudyFile, codebook: Codebook, units: Table, *, file: str, whole: bool
) -> list[Problem]:
    if not settings.parameters.set_apart:
        return []
    column, _, value = settings.parameters.set_apart.partition("=")
    categories = [v.column for v in codebook.select("units", role="category")]
    if column not in categories:
        if not whole:
            # It may stand in an entry of the codebook that is wrong.
            return []
        message = f"{column!r} is not a category of the units."
        return [Problem(file, "parameters.set_apart", message, nearest(column, categories))]
    keys = [name for name in ("unit", column) if name in units.frame]
    values = units.frame.drop_duplicates(keys)[column].value_counts()
    if value not in values.index:
        # What one unit alone is may be the name of somebody.
        shared = sorted(values.index[values > 1])
        message = f"no unit has {value!r} as {column}."
        remedy = nearest(value, shared) if shared else "Write it as the units have it."
        return [Problem(file, "parameters.set_apart", message, remedy)]
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
    made = _generated(folder)
    # A cut of the company is kept as it is: only the whole one can be made anew.
    current = made is not None and made[0] == settings.synthetic.seed and made[1] in (None, GENERATOR)
    if current and all(path.is_file() for path in files.values()):
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


def _generated(folder: Path) -> tuple[int, int | None] | None:
    """Seed, and version of the generator (None for a cut), by which a folder was made; None for anybody's own."""
    try:
        record = json.loads((folder / "generated.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    seed = record.get("seed") if isinstance(record, dict) else None
    if not isinstance(seed, int):
        return None
    version = record.get("generator", 1)
    return seed, None if "n_units" in record or not isinstance(version, int) else version
