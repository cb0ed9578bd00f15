"""A notebook's parameters cell, read as text: papermill's own inspection loses defaults that contain ``=``."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any


class NotebookError(ValueError):
    """A notebook is not built as the suite needs it."""


def notebook_parameters(path: Path) -> dict[str, Any]:
    """Return the names and defaults that a notebook declares in its cell tagged ``parameters``.

    Parameters
    ----------
    path : pathlib.Path
        A ``.ipynb`` file.

    Returns
    -------
    dict
        Name to literal default, in order.

    Raises
    ------
    NotebookError
        If the notebook has no such cell, more than one, or an assignment that is not a typed literal.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise NotebookError(f"{path.name}: exactly one cell must be tagged 'parameters'; {len(tagged)} are.")
    declared: dict[str, Any] = {}
    for statement in ast.parse("".join(tagged[0]["source"])).body:
        if not (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            raise NotebookError(
                f"{path.name}: line {statement.lineno} of the parameters cell must read 'name: type = literal'."
            )
        try:
            declared[statement.target.id] = ast.literal_eval(statement.value)
        except ValueError:
            message = f"{path.name}: the default of parameter {statement.target.id!r} must be a literal."
            raise NotebookError(message) from None
    return declared
