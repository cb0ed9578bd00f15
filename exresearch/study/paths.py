"""Where files lie: as given from the working directory, from the study file, or from the project's own folder."""

from __future__ import annotations

from pathlib import Path

from exresearch.study.problems import Problem


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
    given = expanded(path)
    if given.is_absolute() or exists(given):
        return given.resolve()
    return project_root() / given if exists(project_root() / given) else given.resolve()


def output_folder(path: str | Path) -> Path:
    """Return where a notebook writes: as given when absolute or upwards, else below the project's own folder.

    Examples
    --------
    >>> output_folder("reports/by-hand").name
    'by-hand'
    """
    given = expanded(path)
    return given.resolve() if given.is_absolute() or given.parts[:1] == ("..",) else project_root() / given


def expanded(path: str | Path) -> Path:
    """Return a path with the home folder written out."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        # A tilde before a name that nobody has on this machine is a tilde.
        return Path(path)


def exists(path: Path) -> bool:
    """Whether something is there; no for a path that cannot be."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def below(folder: Path, source: str) -> Path:
    """Return a path that counts from a folder, resolved."""
    try:
        path = (folder / expanded(source)).resolve()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, ValueError):
        # Too long, or with a sign that no path has: nothing can be there.
        return folder / "not a legal path"
    return path


def absent(key: str, path: Path, written: str, *, file: str) -> list[Problem]:
    """Return the problem that a file is not there, or nothing."""
    if path.is_file():
        return []
    if path.is_dir() and any(path.glob("*.parquet")):
        message = f"{written!r} is a folder of Parquet files, not a file."
        return [Problem(file, key, message, "List its files one by one, below this table.")]
    if path.is_dir():
        return [Problem(file, key, f"{written!r} is a folder, not a file.", "Name the file.")]
    remedy = "Check the path; it counts from the folder of the study file."
    return [Problem(file, key, f"the file {written!r} does not exist.", remedy)]
