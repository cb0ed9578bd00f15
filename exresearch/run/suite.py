"""What the suite consists of, and where what it makes goes."""

from __future__ import annotations

from pathlib import Path

from exresearch.study.paths import project_root


def available_notebooks() -> tuple[Path, ...]:
    """Return the notebooks of the suite in reading order."""
    return tuple(sorted((project_root() / "notebooks").glob("[0-9][0-9]_*.ipynb")))


def report_folder(output: str | Path | None, *, client: str) -> Path:
    """Return where a report goes: as given, or ``reports/<client>`` in the project."""
    return Path(output).expanduser().resolve() if output is not None else project_root() / "reports" / client


def working_folder(output: Path) -> Path:
    """Return the working folder of a report: beside it, and no part of it."""
    return output.parent / ".work" / output.name
