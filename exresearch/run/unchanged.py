"""Whether anything at all has changed since a report was published: told from hashes alone, before anything is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exresearch.run.durable import write_durably
from exresearch.run.origin import sha256, surroundings
from exresearch.run.suite import available_notebooks

_RECORD = "published.json"


@dataclass(frozen=True, slots=True)
class Published:
    """What was published, and from what.

    Attributes
    ----------
    notebooks : int
        How many notebooks are in it.
    seconds : float
        How long it took.
    """

    notebooks: int
    seconds: float


def remember_published(
    work: Path,
    output: Path,
    *,
    asked: Mapping[str, Any],
    inputs: Iterable[Path],
    notebooks: int,
    seconds: float,
) -> None:
    """Note what a report was made from, when it has been published.

    Parameters
    ----------
    work : pathlib.Path
        Working folder.
    output : pathlib.Path
        The report.
    asked : mapping
        Everything that the command asked for.
    inputs : iterable of pathlib.Path
        Every file that was read: study file, codebook, tables.
    notebooks : int
        How many are in it.
    seconds : float
        How long it took.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    files = sorted({str(path) for path in inputs})
    record = {
        "asked": _digest(asked),
        "around": _around(),
        "inputs": {name: sha256(Path(name)) for name in files},
        "outputs": {p.relative_to(output).as_posix(): sha256(p) for p in _delivered(output)},
        "notebooks": notebooks,
        "seconds": seconds,
    }
    write_durably(work / _RECORD, json.dumps(record, ensure_ascii=False).encode())


def forget_published(work: Path) -> None:
    """Take the note away before anything is written."""
    with suppress(OSError):
        (work / _RECORD).unlink()


def published(work: Path, output: Path, *, asked: Mapping[str, Any]) -> Published | None:
    """Return what was published if running again would give nothing else; None otherwise.

    Parameters
    ----------
    work, output : pathlib.Path
        Working folder and report.
    asked : mapping
        Everything that the command asks for.

    Returns
    -------
    Published or None
        None if a file that was read or written has another content now, or the package, a notebook or a version has.
    """
    try:
        record = json.loads((work / _RECORD).read_text(encoding="utf-8"))
        same = (
            record["asked"] == _digest(asked)
            and record["around"] == _around()
            and all(digest and sha256(Path(name)) == digest for name, digest in record["inputs"].items())
            and all(digest and sha256(output / name) == digest for name, digest in record["outputs"].items())
        )
        return Published(int(record["notebooks"]), float(record["seconds"])) if same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _around() -> str:
    return _digest({**surroundings(), **{path.stem: sha256(path) for path in available_notebooks()}})


def _delivered(output: Path) -> list[Path]:
    """Return the files that the report's own record names, and the record."""
    owner = output / "run.json"
    named = json.loads(owner.read_text(encoding="utf-8"))["outputs"]
    return [owner, *(output / str(one["file"]) for one in named)]


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
