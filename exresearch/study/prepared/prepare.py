"""Which checked study is written where, for which inputs it holds, and when it is not to be trusted."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import TypeAdapter

from exresearch import __version__
from exresearch.study.codebook import Codebook, Construct, Variable
from exresearch.study.prepared.frames import read_frame, write_frame
from exresearch.study.problems import StudyError
from exresearch.study.remarks import Remark
from exresearch.study.settings import load_settings
from exresearch.study.study import Study
from exresearch.study.weights import WaveWeights

#: Name of the folder, beside the study file.
PREPARED = "prepared"
_INDEX = "study.json"
_VARIABLES = TypeAdapter(tuple[Variable, ...])
_CONSTRUCTS = TypeAdapter(dict[str, Construct])


def prepare_study(study: Study, file: Path, *, called: str) -> bool:
    """Write a checked study beside the study file that stands for it.

    When to use it: once the study file is written that the notebooks are given, before the first of them starts. Tables
    with people are written, readable by nobody else; :func:`drop_prepared` takes them away again. From then on the
    study's own tables, which stay the same, are those on disk, so that a large study is in memory once for everybody.

    Parameters
    ----------
    study : Study
        As it was checked.
    file : pathlib.Path
        The study file from which :func:`exresearch.study.load_study` would make the same study.
    called : str
        Name of the study file it was checked under, which remarks may mention.

    Returns
    -------
    bool
        Whether it was written; a study that cannot be kept exactly is not, and is read and checked as ever.
    """
    drop_prepared(file)
    if called != file.name and called in {path.name for paths in study.files.values() for path in paths}:
        # A remark on the study file could not be told from one on that file.
        return False
    partial = Path(tempfile.mkdtemp(prefix=f".{PREPARED}-", dir=file.parent))
    try:
        key = _key(file, (path for paths in study.files.values() for path in paths))
        remarks = [replace(r, file=file.name) if r.file == called else r for r in study.remarks]
        frames = {**study.tables, " ledger": study.ledger, " quality": study.quality}
        kept = {name: write_frame(frame, partial, name.strip()) for name, frame in frames.items()}
        if not all(kept.values()):
            return False
        content: dict[str, Any] = {
            "key": key,
            "files": {name: [str(path) for path in paths] for name, paths in study.files.items()},
            "frames": kept,
            "variables": _VARIABLES.dump_python(study.codebook.variables, mode="json", exclude_defaults=True),
            "constructs": _CONSTRUCTS.dump_python(study.codebook.constructs, mode="json", exclude_unset=True),
            "waves": study.waves,
            "remarks": [asdict(remark) for remark in remarks],
            "weighting": [asdict(weights) for weights in study.weighting],
            "layouts": study.layouts,
        }
        text = json.dumps(content, ensure_ascii=False, default=_plain)
        if _codebook(json.loads(text)) != study.codebook:
            return False
        (partial / _INDEX).write_text(text, encoding="utf-8")
        _keep(partial)
        partial.rename(file.parent / PREPARED)
        _share(study, file.parent / PREPARED, kept)
    except OSError:
        # No room, perhaps: then the notebooks read the study themselves.
        return False
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def prepared_study(file: Path) -> Study | None:
    """Return the study that was prepared for a study file, or None where there is none or anything has changed since.

    Parameters
    ----------
    file : pathlib.Path
        The study file.

    Returns
    -------
    Study or None
        Equal to what checking its files would give.
    """
    folder = file.parent / PREPARED
    try:
        content = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        files = {name: tuple(map(Path, paths)) for name, paths in content["files"].items()}
        if content["key"] != _key(file, (path for paths in files.values() for path in paths)):
            return None
        frames = {name: read_frame(folder, name.strip(), kept) for name, kept in content["frames"].items()}
        return Study(
            settings=load_settings(file),
            codebook=_codebook(content),
            ledger=frames.pop(" ledger"),
            quality=frames.pop(" quality"),
            tables=frames,
            waves=tuple(content["waves"]),
            files=files,
            remarks=tuple(Remark(**remark) for remark in content["remarks"]),
            weighting=tuple(WaveWeights(**weights) for weights in content["weighting"]),
            layouts={name: tuple(layouts) for name, layouts in content["layouts"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StudyError):
        return None


def drop_prepared(file: Path) -> None:
    """Take away what was prepared for a study file, and what an interrupted preparation left."""
    for folder in (file.parent / PREPARED, *file.parent.glob(f".{PREPARED}-*")):
        shutil.rmtree(folder, ignore_errors=True)


def _share(study: Study, folder: Path, kept: dict[str, dict[str, Any] | None]) -> None:
    """Let the study itself look at the written tables, so that these are in memory once for all processes."""
    if os.name == "nt":
        # A file that is looked at cannot be taken away there.
        return
    mapped = {name: read_frame(folder, name, kept[name] or {}) for name in study.tables}
    study.tables.update(mapped)
    pa.default_memory_pool().release_unused()


def _codebook(content: dict[str, Any]) -> Codebook:
    # From text: only there is a list as good as a tuple.
    variables = _VARIABLES.validate_json(json.dumps(content["variables"]))
    return Codebook(variables, _CONSTRUCTS.validate_python(content["constructs"]))


def _key(file: Path, inputs: Iterable[Path]) -> str:
    """What the study follows from: the study file, its inputs as they lie on disk, and the code that checks them."""
    code = Path(__file__).parents[1]
    said = [__version__, pd.__version__, pa.__version__, _session()]
    for path in (*sorted(inputs), *sorted(code.rglob("*.py"))):
        state = path.stat()
        said.append(f"{path} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256(file.read_bytes() + "\n".join(said).encode()).hexdigest()


def _session() -> str:
    """Name of the time since the system started, empty where it has none.

    What was written before a power failure may not have reached the disk, and waiting until it has would take seconds
    for large tables: they count until the system starts anew.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _keep(folder: Path) -> None:
    """Wait until everything is on the disk, where a power failure would go unnoticed."""
    if _session() or os.name == "nt":
        return
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _plain(value: Any) -> Any:
    # A number of NumPy.
    return value.item()
