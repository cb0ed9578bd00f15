"""What a result depends on, as hashes: files, and the source of this package."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from exresearch.study.languages import FOLDER_VARIABLE
from exresearch.study.paths import project_root

#: Packages whose version may change a number or a page.
PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "scikit-learn",
    "pingouin",
    "matplotlib",
    "seaborn",
    "pyarrow",
    "papermill",
    "nbconvert",
    "ipykernel",
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty text where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_digest(folder: Path) -> str:
    """Return one hash of all files below a folder, by name and content; what Python compiled is left out."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return digest.hexdigest()


def lock_file() -> Path:
    """Return the file that fixes the versions of everything a run needs."""
    return project_root() / "locks" / "run.txt"


@cache
def package_digest() -> str:
    """Return one hash of this package's source, its texts and looks; of this process's start, for that is what runs."""
    return tree_digest(Path(str(files("exresearch"))))


def surroundings() -> dict[str, str]:
    """Return what every result depends on that is not the study's: package, versions, lock file, languages added.

    Returns
    -------
    dict of str to str
        Name to hash or version.
    """
    import platform

    parts = {"package": package_digest(), "lock": sha256(lock_file()), "python": platform.python_version()}
    parts |= {f"version.{name}": installed(name) for name in PACKAGES}
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        parts["languages"] = tree_digest(Path(folder))
    return parts


def installed(name: str) -> str:
    """Return the version of an installed package; empty where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
