"""Which folders a study file may name files in: its own, its project's, and those that somebody allows for it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exresearch.study.paths import exists, expanded, project_root
from exresearch.study.problems import Problem

# Set by `--allow`, or once for all in somebody's own settings; what starts in other processes inherits it.
ALLOW_VARIABLE = "EXRESEARCH_ALLOW"
RESOLVED = "study.yaml"


def allowed_folders(study_file: Path) -> tuple[Path, ...] | None:
    """Return the folders that a study file may name files in.

    When to use it: before any file is opened that a study file names. A study file comes from outside, perhaps by
    mail, and what it names is read, shown in part, and, where it is fictional, written. So it may reach what lies
    beside it, and nothing else on the computer, unless whoever runs it says so.

    Parameters
    ----------
    study_file : pathlib.Path
        The study file, resolved.

    Returns
    -------
    tuple of pathlib.Path or None
        Resolved folders: of the study file, of the demo, of the project where the file lies in it, and those allowed by
        ``EXRESEARCH_ALLOW``. None where nothing is out of bounds: for study files in the project's ``params/clients``,
        which git ignores and where only whoever works here puts them.

    Examples
    --------
    >>> root = project_root()
    >>> allowed_folders(root / "params" / "demo.yaml")[:2] == (root / "params", root)
    True
    >>> allowed_folders(root / "params" / "clients" / "acme.yaml") is None
    True
    """
    root, folder = project_root(), study_file.resolve().parent
    if folder.is_relative_to((root / "params" / "clients").resolve()):
        return None
    # The demo client is nobody, and its tables can be made again.
    own = (folder, root if folder.is_relative_to(root) else root / "data" / "demo")
    return (*own, *_allowed())


def outside(
    key: str,
    path: Path,
    written: str,
    *,
    file: str,
    folders: Iterable[Path] | None,
    overrides: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """Return the problem that a study file names a file out of bounds, or nothing.

    Parameters
    ----------
    key : str
        Key of the study file, such as ``tables.units``.
    path : pathlib.Path
        What it names, resolved: a link counts as what it leads to.
    written : str
        As the study file has it.
    file : str
        Name of the study file.
    folders : iterable of pathlib.Path or None
        From :func:`allowed_folders`.
    overrides : mapping, optional
        From the command line; what is named there is named by whoever runs the study.

    Returns
    -------
    list of Problem
        One, or none.
    """
    if folders is None or any(path.is_relative_to(folder) for folder in folders):
        return []
    if any(key == given or key.startswith(f"{given}.") for given in overrides or {}):
        return []
    message = f"{written!r} lies outside the folder of the study file, and nobody allowed it."
    remedy = f"If it may be read, add: --allow {shlex.quote(str(path.parent))} (docs/safety.md says why)."
    return [Problem(file, key, message, remedy)]


def allow_options(study_file: Path, files: Iterable[Path]) -> str:
    """Return what has to be added to a command so that a study file may name these files; empty if nothing has to be.

    When to use it: where somebody named the files on the command line, so that the next command can be copied.
    """
    folders = allowed_folders(study_file)
    if folders is None:
        return ""
    strange = {path.parent for path in files if not any(path.is_relative_to(known) for known in folders)}
    return "".join(f" --allow {shlex.quote(str(folder))}" for folder in sorted(strange))


def allow(folders: Iterable[Path]) -> list[Problem]:
    """Allow folders for this process and those it starts.

    Returns
    -------
    list of Problem
        One for each that is no folder.
    """
    given = [expanded(folder) for folder in folders]
    problems = [
        Problem("--allow", str(folder), "this is not a folder.", "Name a folder that is there.")
        for folder in given
        if not exists(folder) or not folder.is_dir()
    ]
    if given and not problems:
        earlier = os.environ.get(ALLOW_VARIABLE, "")
        named = [str(folder.resolve()) for folder in given]
        os.environ[ALLOW_VARIABLE] = os.pathsep.join([*named, *filter(None, [earlier])])
    return problems


def judged_before(study_file: Path) -> bool:
    """Whether this is the resolved study file of a run, read by the run's own kernel.

    It names files in full, wherever they are; each was judged when the run was planned. Only the folder that one works
    in counts, so that a file that somebody sent is not taken for it by its name.
    """
    folder = study_file.parent
    return study_file.name == RESOLVED and folder.parent.name == ".work" and folder == Path.cwd()


def _allowed() -> list[Path]:
    written = os.environ.get(ALLOW_VARIABLE, "").split(os.pathsep)
    return [expanded(folder).resolve() for folder in written if folder.strip()]
