"""A suite of notebooks that do next to nothing, for tests of how they are run; and clients to run it on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

from exresearch.run.orders import Order
from exresearch.study.paths import project_root

SETTINGS = 'study_file: str = ""\noutput_dir: str = ""\nlanguage: str = "en"\n'
# Writes a file of the name of the client, so that a test can tell one client's kernel from another's.
_CELLS = {
    "00_data_readiness": "",
    "02_engagement_and_cx": "",
    "90_summary": "",
}


def write_suite(root: Path, cells: Mapping[str, str] | None = None) -> Path:
    """Write a project whose notebooks hold these cells, and the lock file of ours."""
    (root / "notebooks").mkdir(parents=True, exist_ok=True)
    (root / "locks").mkdir(exist_ok=True)
    shutil.copyfile(project_root() / "locks" / "run.txt", root / "locks" / "run.txt")
    for name, source in (_CELLS | dict(cells or {})).items():
        book = nbformat.v4.new_notebook()
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        parameters = nbformat.v4.new_code_cell(SETTINGS, id="settings", metadata={"tags": ["parameters"]})
        title = nbformat.v4.new_markdown_cell(f"# {name[3:].replace('_', ' ').capitalize()}", id="title")
        book.cells = [title, parameters, nbformat.v4.new_code_cell(source, id="work")]
        nbformat.write(book, root / "notebooks" / f"{name}.ipynb")
    return root


def use_suite(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Let every run of this process, and of those forked from it, take the notebooks from there."""
    monkeypatch.setattr("exresearch.run.suite.project_root", lambda: root)


def orders_of(client: Any, folder: Path, *names: str, **options: Any) -> list[Order]:
    """Write a client under several names, each with files of its own, and order its report."""
    orders = []
    for name in names:
        client.folder = folder / "clients" / name
        client.settings["client"] = name
        orders.append(Order(client.write(), output=folder / "reports" / name, **options))
    return orders


def report_of(order: Order) -> Path:
    """Where the report of an order goes."""
    assert order.output is not None
    return order.output
