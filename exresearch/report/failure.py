"""Why a part of a report could not be made, for a reader who knows no programming; never the text of an error."""

from __future__ import annotations

import re

from nbformat import NotebookNode

from exresearch.findings.note import Note
from exresearch.report.text import Texts

# By the name of the error's type, the only thing of an error that a report may use: its text may quote data.
_REASONS = (
    (
        ("MemoryError", "DeadKernelError"),
        Note(
            message="The computer stopped the computation, most often because there was not enough memory for it."
        ),
    ),
    (
        ("CellTimeoutError", "TimeoutError"),
        Note(message="The computation took longer than it may take, and was broken off."),
    ),
    (
        ("FileNotFoundError", "PermissionError", "IsADirectoryError", "NotADirectoryError", "OSError"),
        Note(
            message="A file that this part reads could not be opened, or one that it writes not be written."
        ),
    ),
    (
        ("ImportError", "ModuleNotFoundError"),
        Note(message="A piece of software that this part uses is not installed."),
    ),
    (
        ("KeyError", "IndexError", "LookupError", "AttributeError", "UndefinedVariableError"),
        Note(message="Something that this part looks up was not there: a column, a group or a result."),
    ),
    (
        ("LinAlgError", "ConvergenceError", "FloatingPointError", "ZeroDivisionError", "OverflowError"),
        Note(message="A computation came to no answer with these data."),
    ),
    (
        ("ValueError", "TypeError", "StudyError", "CellError", "NotEstimable", "NotMeasured", "NotScorable"),
        Note(
            message="Something in the data or the settings is of another kind than this part can work with."
        ),
    ),
)
_UNFORESEEN = Note(message="Something came up that this part of the report was not made for.")


def plain_reason(kind: str) -> Note:
    """Say in plain words what a type of error means for the reader.

    Parameters
    ----------
    kind : str
        Name of the error's type.

    Returns
    -------
    Note

    Examples
    --------
    >>> plain_reason("KeyError").message
    'Something that this part looks up was not there: a column, a group or a result.'
    """
    return next((note for kinds, note in _REASONS if kind in kinds), _UNFORESEEN)


def section_of(notebook: NotebookNode, cell: str, texts: Texts) -> str:
    """Return the heading under which a cell stands, as the page of the notebook would have shown it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The notebook as it was written.
    cell : str
        Id of the cell.
    texts : Texts
        Language of the reader.

    Returns
    -------
    str
        Empty where the cell is not there, or stands above the first section.
    """
    heading = ""
    for one in notebook.cells:
        if one.cell_type == "markdown":
            found = re.findall(r"^##+ +(.+?)\s*$", texts.translate(one.source.strip()), flags=re.MULTILINE)
            heading = found[-1] if found else heading
        if one.get("id") == cell:
            return heading
    return ""
