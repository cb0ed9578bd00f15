"""What computes: the package's own source, and the packages that its numbers depend on."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from functools import cache
from importlib.metadata import distributions
from importlib.resources import files
from pathlib import Path

from exresearch.study.languages import FOLDER_VARIABLE
from exresearch.study.paths import project_root

LOCK = "locks/run.txt"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)
# Named even where the lock file did not come along, as beside a wheel.
_ALWAYS = (
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pingouin",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "seaborn",
    "statsmodels",
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty text where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of(folder: Path) -> str:
    """Return one hash of all files below a folder: names and contents, whatever Python leaves beside them aside.

    Parameters
    ----------
    folder : pathlib.Path
        Such as that of a package.

    Returns
    -------
    str
        SHA-256 in hexadecimal; the same for the same files on every system.
    """
    whole = hashlib.sha256()
    kept = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix not in (".pyc", ".pyo")
        and not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    for path in sorted(kept, key=lambda path: path.relative_to(folder).as_posix()):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path)}\n".encode())
    return whole.hexdigest()


@cache
def source_digest() -> str:
    """Return one hash of the package as it is here: a wheel has no commit, and a commit may have changes."""
    return digest_of(Path(str(files("exresearch"))))


@cache
def package_versions() -> dict[str, str]:
    """Return what is installed of the packages that ``locks/run.txt`` names, by name and in order.

    Returns
    -------
    dict of str to str
        Packages that the lock names for another system, and that are not installed, are left out.
    """
    lock = project_root() / LOCK
    pinned = _PINNED.findall(lock.read_text(encoding="utf-8")) if lock.is_file() else []
    wanted = {_normal(name) for name in (*pinned, *_ALWAYS)}
    found: dict[str, str] = {}
    for distribution in distributions():
        name = _normal(distribution.name or "")
        # The first on the path is the one that is imported.
        if name in wanted and name not in found:
            found[name] = distribution.version
    return dict(sorted(found.items()))


def surroundings() -> dict[str, str]:
    """Return what every result depends on that is not the study's: package, versions, lock file, languages added.

    Returns
    -------
    dict of str to str
        Name to hash or version.
    """
    parts = {"package": source_digest(), "lock": sha256(project_root() / LOCK)}
    parts |= {"python": platform.python_version()}
    parts |= {f"version.{name}": number for name, number in package_versions().items()}
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        parts["languages"] = digest_of(Path(folder))
    return parts


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
