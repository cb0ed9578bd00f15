"""Forty malformed studies, each refused with its exact message before any kernel starts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from typer.testing import CliRunner

from exresearch.cli import app

FOLDER = Path(__file__).parent / "bad_studies"
STUDIES = sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name[:2].isdigit())


def contents(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, by name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_there_are_forty() -> None:
    assert [path.name[:2] for path in STUDIES] == [f"{number:02d}" for number in range(1, 41)]


@pytest.mark.parametrize("folder", STUDIES, ids=lambda path: path.name)
def test_a_malformed_study_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    for owner, name in ((KernelManager, "start_kernel"), (subprocess, "Popen")):
        monkeypatch.setattr(owner, name, lambda *_, name=name, **__: started.append(name))
    before = contents(folder)
    output = tmp_path / "report"
    result = CliRunner().invoke(app, ["run", str(folder / "study.yaml"), "--output", str(output)])
    assert isinstance(result.exception, SystemExit)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (folder / "expected.txt").read_text(encoding="utf-8")
    assert started == []
    assert list(tmp_path.iterdir()) == []
    assert contents(folder) == before
