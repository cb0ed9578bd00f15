"""What a run will do, decided and checked before any kernel starts."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml

from exresearch.findings import load_registry
from exresearch.run.cells import notebook_parameters
from exresearch.run.plan_file import plan_problems
from exresearch.run.settings import draft_problems, setting_problems, settings_alone
from exresearch.run.staging import STAGED
from exresearch.run.suite import available_notebooks, report_folder, working_folder
from exresearch.study import (
    OnProgress,
    Parameters,
    Problem,
    Study,
    StudyError,
    StudyFile,
    examine_study,
    from_command_line,
    nearest,
    parameter_names,
    resolve_path,
)
from exresearch.study.parameters import Also
from exresearch.study.prepared import prepare_study

# Parameters that say where and in which language, not how to analyse.
PLACES = ("study_file", "output_dir", "language")
# The study file that notebooks read, in the working folder.
RESOLVED = "study.yaml"
FIRST, LAST = "00_data_readiness", "90_summary"


@dataclass(frozen=True, slots=True)
class NotebookJob:
    """One notebook and everything it is run with.

    Attributes
    ----------
    name : str
        File stem.
    path : pathlib.Path
        The notebook.
    parameters : dict
        The complete resolved set: every declared parameter with the value that is passed on.
    hypotheses : tuple of str
        Ids that this notebook decides.
    """

    name: str
    path: Path
    parameters: dict[str, Any]
    hypotheses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked run.

    Attributes
    ----------
    study : Study
        The client, with overrides applied.
    study_file : pathlib.Path
        Where it was read from.
    output : pathlib.Path
        Folder of the report.
    work : pathlib.Path
        Folder of executed notebooks and logs, beside the report and not part of it.
    jobs : tuple of NotebookJob
        In reading order.
    also : tuple of str
        Files that are passed on, beside the pages: ``spreadsheet``, ``slides``, ``pdf``, ``single_file``.
    others : tuple of NotebookJob
        Notebooks that are not asked for in this run: what is kept of them stays, as far as nothing has changed.
    """

    study: Study
    study_file: Path
    output: Path
    work: Path
    jobs: tuple[NotebookJob, ...]
    also: tuple[Also, ...] = ()
    others: tuple[NotebookJob, ...] = ()


def plan_run(
    study_file: str | Path,
    *,
    output: str | Path | None = None,
    only: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    also: Collection[Also] = (),
    on_progress: OnProgress | None = None,
) -> Plan:
    """Check everything a run needs, and fix the parameters of every notebook.

    Parameters
    ----------
    study_file : str or pathlib.Path
        The study file.
    output : str or pathlib.Path, optional
        Folder of the report; ``reports/<client>`` in the project by default.
    only : sequence of str
        Notebooks to run (file stem, number, or any unambiguous beginning); all by default.
    overrides : mapping, optional
        Keys of the study file or its parameters, from the command line.
    overwrite : bool
        Write into a folder that holds something else than this client's report.
    also : collection of str
        Files that are passed on, beside what the study file asks for.
    on_progress : callable, optional
        As :func:`exresearch.study.load_study`.

    Returns
    -------
    Plan

    Raises
    ------
    StudyError
        With every problem at once.
    """
    file = resolve_path(study_file)
    problems: list[Problem] = []
    examined = examine_study(file, overrides=overrides, on_progress=on_progress)
    study, client = examined.study, file.stem
    problems += examined.problems
    if study is not None:
        client = study.settings.client
        problems += setting_problems(study, file=file.name, overrides=overrides)
        problems += draft_problems(study, file=file.name)
        problems += plan_problems(study.settings.plan, study_file=file)
    elif examined.settings is not None:
        found = settings_alone(examined.settings, examined.codebook, file=file.name)
        problems += from_command_line(found, file=file.name, overrides=overrides)
    target = report_folder(output, client=client)
    problems += _check_output(target, client=client, overwrite=overwrite)
    notebooks, unknown = _choose(only)
    problems += unknown
    if problems or study is None:
        raise StudyError(problems)
    work = working_folder(target)
    jobs = tuple(_job(path, study, work=work) for path in asked_notebooks(notebooks, study.settings))
    rest = [path for path in available_notebooks() if path not in notebooks]
    others = tuple(_job(path, study, work=work) for path in asked_notebooks(rest, study.settings))
    wanted = {*study.settings.also, *also}
    made = tuple(name for name in get_args(Also) if name in wanted)
    return Plan(study=study, study_file=file, output=target, work=work, jobs=jobs, also=made, others=others)


def write_resolved_study(plan: Plan) -> Path:
    """Write the study file that the notebooks read: resolved, in the working folder, outside the report.

    Returns
    -------
    pathlib.Path
        ``study.yaml`` in the working folder, with absolute paths that never enter the report.
    """
    content = plan.study.settings.model_dump(mode="json", exclude_unset=True)
    # Pages show it, not notebooks; and it would be looked for beside this file.
    content.pop("logo", None)
    content.pop("plan", None)
    content["codebook"] = str(plan.study.files["codebook"][0])
    for name, sources in content["tables"].items():
        for source, path in zip(sources, plan.study.files[name], strict=True):
            source["file"] = str(path)
    plan.work.mkdir(parents=True, exist_ok=True)
    if os.name == "posix":
        # Executed notebooks and logs lie here, which are nobody's but the user's.
        plan.work.chmod(0o700)
    path = plan.work / RESOLVED
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    # Checked once, for all notebooks.
    prepare_study(plan.study, path, called=plan.study_file.name)
    return path


def _job(path: Path, study: Study, *, work: Path) -> NotebookJob:
    declared = notebook_parameters(path)
    places = {
        "study_file": RESOLVED,
        # Upwards and down again: a path that goes up counts from the kernel's folder, not from the project.
        "output_dir": f"../{work.name}/{STAGED}",
        "language": study.settings.language,
    }
    checked = resolved_parameters(path, study.settings)
    parameters = {name: places[name] if name in places else checked[name] for name in declared}
    ids = [h.id for h in load_registry().in_notebook(path.stem)]
    return NotebookJob(name=path.stem, path=path, parameters=parameters, hypotheses=tuple(ids))


def resolved_parameters(path: Path, settings: StudyFile) -> dict[str, Any]:
    """Return the settings that a notebook is given: its own defaults, and what the client set instead.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.
    settings : StudyFile
        The study's settings.

    Returns
    -------
    dict
        Every declared parameter but those that say where and in which language.
    """
    declared = notebook_parameters(path)
    # The cell owns the defaults; only what the client set replaces them.
    chosen = settings.parameters.model_dump(include=settings.parameters.model_fields_set)
    given = {
        name: value for name, value in (declared | chosen).items() if name in declared and name not in PLACES
    }
    checked = Parameters.model_validate(given).model_dump()
    return {name: checked[name] for name in given}


def asked_notebooks(notebooks: Sequence[Path], settings: StudyFile) -> list[Path]:
    """Leave out the notebooks that decide hypotheses, but none of those the study file asks for."""
    wanted = settings.hypotheses
    registry = load_registry()
    decides = {path: {h.id for h in registry.in_notebook(path.stem)} for path in notebooks}
    return [path for path in notebooks if wanted is None or not decides[path] or decides[path] & set(wanted)]


def _choose(only: Sequence[str]) -> tuple[list[Path], list[Problem]]:
    notebooks = list(available_notebooks())
    if not only:
        return notebooks, []
    stems = [path.stem for path in notebooks]
    problems, chosen = [], set()
    for name in only:
        wanted = name.removesuffix(".ipynb")
        matches = [stem for stem in stems if stem == wanted] or [
            stem for stem in stems if stem.startswith(wanted)
        ]
        if len(matches) == 1:
            chosen.add(matches[0])
        else:
            message = f"{wanted!r} names {'no notebook' if not matches else 'more than one notebook'}."
            problems.append(Problem("--only", "", message, nearest(wanted, stems)))
    return [path for path in notebooks if path.stem in chosen], problems


def _check_output(target: Path, *, client: str, overwrite: bool) -> list[Problem]:
    name = target.name
    if target.exists() and not target.is_dir():
        return [Problem("--output", name, "this is a file, not a folder.", "Name a folder.")]
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        owner = _report_owner(target)
        if owner != client:
            what = f"the report of client {owner!r}" if owner else "files that are not a report"
            message = f"this folder holds {what}."
            return [
                Problem(
                    "--output", name, message, "Name another folder, or add --overwrite to write into it."
                )
            ]
    existing = target
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK) or not _can_write(existing):
        return [
            Problem(
                "--output",
                name,
                "this folder cannot be written.",
                "Choose another one, or change its rights.",
            )
        ]
    return []


def _can_write(folder: Path) -> bool:
    # os.access answers yes to root on a read-only file system.
    probe = folder / f".exresearch-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _report_owner(target: Path) -> str | None:
    try:
        owner = json.loads((target / "run.json").read_text(encoding="utf-8")).get("client")
    except (OSError, ValueError, AttributeError):
        return None
    return owner if isinstance(owner, str) else None


__all__ = [
    "NotebookJob",
    "Plan",
    "asked_notebooks",
    "available_notebooks",
    "parameter_names",
    "plan_run",
    "resolved_parameters",
    "write_resolved_study",
]
