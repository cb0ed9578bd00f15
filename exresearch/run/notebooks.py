"""Executed notebooks without what tells where, when and by whom they were run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exresearch.report.page import LEDGER
from exresearch.run.execute import NotebookResult

FOLDER = "notebooks"


def deliver_notebooks(results: Sequence[NotebookResult], staging: Path, *, keep: bool) -> None:
    """Put executed notebooks into the report where they are asked for, without the ledger of what they show.

    Parameters
    ----------
    results : sequence of NotebookResult
        Those that did not run to their end are left out: an error may quote data.
    staging : pathlib.Path
        The report being built.
    keep : bool
        Whether they are asked for; those of an earlier run go as well where they are not.
    """
    folder = staging / FOLDER
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
        return
    folder.mkdir(exist_ok=True)
    for result in results:
        if result.executed is not None:
            notebook = json.loads(result.executed.read_text(encoding="utf-8"))
            for cell in notebook["cells"]:
                cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k == "tags"}
                if cell["cell_type"] == "code":
                    cell["outputs"] = [o for o in cell["outputs"] if o["output_type"] != "stream"]
                for output in cell.get("outputs", []):
                    _without_ledger(output)
            _write(folder / f"{result.name}.ipynb", notebook)


def _without_ledger(output: dict[str, Any]) -> None:
    metadata = output.get("metadata", {})
    metadata.pop(LEDGER, None)
    for form in metadata.values():
        if isinstance(form, dict):
            form.pop(LEDGER, None)


def _write(path: Path, notebook: dict[str, Any]) -> None:
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
