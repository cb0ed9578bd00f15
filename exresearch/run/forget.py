"""What the suite keeps of a client, found and deleted; the client's own files are left where they are."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exresearch.run.compared import comparisons_with, is_comparison
from exresearch.study.parameters import TABLES
from exresearch.study.paths import below, project_root
from exresearch.study.problems import Problem, StudyError
from exresearch.study.yaml_file import read_yaml

_CLIENT = re.compile(r"[a-z0-9][a-z0-9_-]*")
_WORK, _RECORD = ".work", "run.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is kept of a client.

    Attributes
    ----------
    path : pathlib.Path
        A folder, a file, or a link, which is deleted and not followed.
    files : int
        How many files would go.
    size : int
        Their bytes.
    only : tuple of pathlib.Path, optional
        Files of a folder that is not ours alone, which go without the others; None where all go.
    strange : int
        How many files of such a folder stay.
    """

    path: Path
    files: int
    size: int
    only: tuple[Path, ...] | None = None
    strange: int = 0


@dataclass(frozen=True, slots=True)
class Traces:
    """What is known of a client.

    Attributes
    ----------
    kept : tuple of Kept
        What can be deleted.
    others : tuple of str
        Sentences about what has the client's name and is not the client's.
    own : tuple of pathlib.Path
        The client's own files, which its study files name; they are never deleted.
    """

    kept: tuple[Kept, ...]
    others: tuple[str, ...]
    own: tuple[Path, ...]


def traces_of(client: str, *, params: bool = False, reports: Iterable[Path] = ()) -> Traces:
    """Find what is kept of a client.

    When to use it: before :func:`delete`, to show what would go.

    Parameters
    ----------
    client : str
        Short name, as its study file has it.
    params : bool
        Also its study files in ``params/clients``, with the codebooks and plans beside them.
    reports : iterable of pathlib.Path
        Its reports outside ``reports/``, which nobody keeps a list of; each must be a report of this client.

    Returns
    -------
    Traces
        Reports of this client in ``reports/``, whatever their folder is called, and comparisons of its waves, with the
        working folders beside them: executed notebooks, prepared data, results kept for the next run, logs.

    Raises
    ------
    StudyError
        If the name is none that a client can have, or a folder is no report of this client.
    """
    if not _CLIENT.fullmatch(client):
        remedy = "Use the short name that its study file has under 'client'."
        raise StudyError([Problem("forget", client, "this is not a legal name for a client.", remedy)])
    root = project_root()
    found: dict[Path, None] = {}
    others: list[str] = []
    home = root / "reports"
    for folder in _folders(home):
        owner = owner_of(folder)
        if is_comparison(folder):
            continue
        if owner == client or (owner is None and folder.name == client):
            found[folder] = None
        elif folder.name == client:
            others.append(f"reports/{client} holds the report of client {owner!r}, and stays.")
    for work in _folders(home / _WORK):
        owner = worker_of(work)
        beside = home / work.name
        if owner == client or (owner is None and (work.name == client or beside in found)):
            found[work] = None
        elif work.name == client:
            others.append(f"reports/{_WORK}/{client} is of a run of client {owner!r}, and stays.")
    own_pools, shared = comparisons_with(client, [*found, *reports], _folders(home))
    found |= dict.fromkeys(own_pools)
    others += [f"reports/{folder.name} compares this client with others, and stays." for folder in shared]
    away = [kept for given in reports for kept in _elsewhere(given, client=client)]
    studies = _studies(root / "params" / "clients", client=client)
    own = {path: None for study in studies for path in _tables(study)}
    if params:
        found |= dict.fromkeys(_with_company(studies, root / "params" / "clients", client=client))
    kept = (*(Kept(path, *_size(path)) for path in found), *(one for one in away if one.path not in found))
    return Traces(kept, tuple(others), tuple(path for path in own if path.exists()))


def delete(kept: Kept) -> list[Path]:
    """Delete a file, a link, or a folder with all that is in it.

    Parameters
    ----------
    kept : Kept
        As :func:`traces_of` found it. A link is deleted, and what it leads to is not.

    Returns
    -------
    list of pathlib.Path
        What could not be deleted. What has gone in the meantime is gone.
    """
    path = kept.path
    if kept.only is not None:
        left = [one for file in kept.only for one in _away(file, folder=False)]
        for folder in sorted({file.parent for file in kept.only}, key=lambda one: -len(one.parts)):
            if folder.is_dir() and not any(folder.iterdir()):
                left += _away(folder, folder=True)
        return left
    if path.is_symlink() or not path.is_dir():
        return _away(path, folder=False)
    left = []
    for within, folders, files in os.walk(path, topdown=False):
        here = Path(within)
        for name in files:
            left += _away(here / name, folder=False)
        for name in folders:
            left += _away(here / name, folder=not (here / name).is_symlink())
    left += _away(path, folder=True)
    # A folder stays because of what is in it; that alone is worth a line.
    return [one for one in left if not any(other != one and other.is_relative_to(one) for other in left)]


def owner_of(report: Path) -> str | None:
    """Whose report a folder is; None where it does not say."""
    try:
        owner = json.loads((report / _RECORD).read_text(encoding="utf-8")).get("client")
    except (OSError, ValueError, AttributeError):
        return None
    return owner if isinstance(owner, str) else None


def worker_of(work: Path) -> str | None:
    """Of whose run a working folder is; None where it does not say."""
    content = _content(work / "study.yaml")
    return content.get("client") if isinstance(content.get("client"), str) else None


def _elsewhere(given: Path, *, client: str) -> list[Kept]:
    """A report in a folder that somebody chose, in which other files may lie; its working folder is ours."""
    report = given.expanduser().resolve()
    work = report.parent / _WORK / report.name
    whose = (owner_of(report), worker_of(work))
    if not any(whose) or any(owner not in (client, None) for owner in whose):
        message = "this is not a report of this client."
        raise StudyError([Problem("--report", given.name, message, "Name the folder that --output named.")])
    found = [Kept(work, *_size(work))] if work.exists() else []
    ours = _delivered(report)
    if ours:
        strange = _size(report)[0] - len(ours)
        found.insert(0, Kept(report, len(ours), sum(map(_bytes, ours)), only=ours, strange=strange))
    return found


def _delivered(report: Path) -> tuple[Path, ...]:
    """Files that the record of a report lists, and the record."""
    try:
        listed = json.loads((report / _RECORD).read_text(encoding="utf-8")).get("outputs", [])
        files = [report / str(entry["file"]) for entry in listed]
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        files = []
    inside = [file for file in files if file.parent.resolve().is_relative_to(report)]
    return tuple(file for file in dict.fromkeys([*inside, report / _RECORD]) if file.is_file())


def _folders(home: Path) -> list[Path]:
    try:
        return sorted(path for path in home.iterdir() if path.is_dir() and path.name != _WORK)
    except OSError:
        return []


def _studies(folder: Path, *, client: str) -> list[Path]:
    """Study files of this client, whatever they are called."""
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]) if folder.is_dir() else []
    return [path for path in files if _content(path).get("client") == client]


def _with_company(studies: list[Path], folder: Path, *, client: str) -> list[Path]:
    """Study files, and the codebooks and plans that are theirs alone."""
    beside = {
        path: None for stem in (client, *(study.stem for study in studies)) for path in _named(folder, stem)
    }
    named = {below(folder, str(_content(study).get("codebook", ""))) for study in studies}
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.resolve() in named and path.is_file():
            beside[path] = None
    of_others = {
        below(folder, str(content.get("codebook", "")))
        for path in [*folder.glob("*.yaml"), *folder.glob("*.yml")]
        if path not in studies and "tables" in (content := _content(path))
    }
    return [*studies, *(path for path in beside if path not in studies and path.resolve() not in of_others)]


def _named(folder: Path, stem: str) -> list[Path]:
    """Files called after a study file: acme.codebook.xlsx, acme.plan.yaml; not acme2.yaml."""
    return sorted(path for path in folder.glob(f"{stem}.*.*") if path.is_file())


def _tables(study: Path) -> list[Path]:
    """Files that a study file names as its tables."""
    tables = _content(study).get("tables")
    found = []
    for name, sources in tables.items() if isinstance(tables, dict) else ():
        for source in sources if isinstance(sources, list) else [sources]:
            file = source.get("file") if isinstance(source, dict) else source
            if name in TABLES and isinstance(file, str):
                found.append(below(study.parent, file))
    return found


def _content(path: Path) -> dict[Any, Any]:
    try:
        return read_yaml(path)
    except StudyError:
        return {}


def _size(path: Path) -> tuple[int, int]:
    if path.is_symlink() or not path.is_dir():
        return 1, _bytes(path)
    files = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    return len(files), sum(_bytes(file) for file in files)


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _away(path: Path, *, folder: bool) -> list[Path]:
    remove = Path.rmdir if folder else Path.unlink
    for again in (False, True):
        try:
            remove(path)
        except FileNotFoundError:
            return []
        except PermissionError:
            # Read-only, or in a folder that is: ours to change, unless it is somebody else's.
            if again or not _writable(path, path.parent):
                return [path]
        except OSError:
            return [path]
        else:
            return []
    return [path]


def _writable(*paths: Path) -> bool:
    try:
        for path in paths:
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IRWXU)
    except OSError:
        return False
    return True
