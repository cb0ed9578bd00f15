"""What a platform's own columns say about the answer sheets: marked, counted and told, never left out here."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from exresearch.study.importers.platforms.layouts import Layout
from exresearch.study.problems import NAMEABLE, Problem, StudyError
from exresearch.study.remarks import Remark
from exresearch.study.yaml_file import refused

# Qualtrics gives each kind of answer sheet a number and a name.
_PREVIEW = {
    "1",
    "2",
    "9",
    "17",
    "survey preview",
    "survey test",
    "survey preview spam",
    "offline survey preview",
}
_SPAM = {"8", "9", "12", "40", "spam", "survey preview spam", "imported spam", "ex spam"}
_PREVIEW_CHANNELS = {"preview", "test"}
_UNFINISHED = {"0", "false"}
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?(,\d+)*")
# Labels that stand at the ends and the middle of a scale of numbers are three; with more, the column is mixed.
_MOST_ANCHORS, _MOST_ANSWERS = 3, 30
_SHOWN = 12


def examine(
    path: Path, frame: pd.DataFrame, layout: Layout, *, present: tuple[str, ...]
) -> tuple[tuple[Remark, ...], dict[str, pd.Series]]:
    """Mark and count what the platform says about the answer sheets, and refuse two exports in one file.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the messages.
    frame : pandas.DataFrame
        Answers as text, each column under its number in the file; at least the watched ones that are there.
    layout : Layout
        As recognised.
    present : tuple of str
        Names of all columns.

    Returns
    -------
    remarks : tuple of Remark
        Previews, spam, unfinished sheets, and columns with several answers in one cell.
    marked : dict of str to pandas.Series
        Which rows are ``preview``, ``spam`` or ``unfinished``; only kinds of which the file has a column.

    Raises
    ------
    StudyError
        If some answers are numbers and others the text of the same answers.
    """
    watched = {key: _texts(frame[place]) for key, place in layout.watched.items() if place in frame}
    status = watched.get("status", pd.Series("", index=frame.index))
    marked: dict[str, pd.Series] = {}
    if layout.platform == "qualtrics":
        _check_sheets(path, status, watched.get("finished", status))
        channel = watched.get("channel", pd.Series("", index=frame.index))
        if "status" in watched or "channel" in watched:
            marked["preview"] = status.isin(_PREVIEW) | channel.isin(_PREVIEW_CHANNELS)
        if "status" in watched:
            marked["spam"] = status.isin(_SPAM)
        if "finished" in watched:
            marked["unfinished"] = watched["finished"].isin(_UNFINISHED)
    elif layout.platform == "questionpro" and "status" in watched:
        marked["unfinished"] = (status != "completed") & (status != "")
    choices = [int(number) for number in frame.columns if int(number) in layout.choices]
    _check_choices(path, frame[choices], present=present)
    remarks = [
        Remark("", path.name, "", f"{kind}_answers", int(rows.sum()))
        for kind, rows in marked.items()
        if rows.any()
    ]
    joined = [number for number in choices if layout.platform == "forms" and _several(frame[number])]
    if joined:
        remarks.append(
            Remark("", path.name, "", "several_answers", len(joined), listed([present[n] for n in joined]))
        )
    return tuple(remarks), marked


def left_unread(
    path: Path, layout: Layout, *, present: tuple[str, ...], read: Collection[int]
) -> tuple[Remark, ...]:
    """Say which personal columns were not read.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : Layout
        As recognised.
    present : tuple of str
        Names of all columns.
    read : collection of int
        Columns that were read, by number.

    Returns
    -------
    tuple of Remark
        One, or none where no personal column was left out.
    """
    names = [present[number] for number in sorted(layout.personal) if number not in read]
    return (Remark("", path.name, "", "personal_columns", len(names), listed(names)),) if names else ()


def check_layout(path: Path, layout: Layout | None) -> None:
    """Refuse an export whose headings no longer stand above all answers.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.
    layout : Layout or None
        As recognised.

    Raises
    ------
    StudyError
        If rows as full as answers stand above the headings; they would be lost.
    """
    if layout is None or not layout.above:
        return
    rows = "1 row of answers stands" if layout.above == 1 else f"{layout.above} rows of answers stand"
    message = f"{rows} above a row of headings; the file has been sorted."
    raise refused(path, message, "Export it again, or move the rows of headings to the top.")


def listed(names: list[str]) -> str:
    """Return the first names of a list, and a sign that there are more.

    Examples
    --------
    >>> listed(["a", "b"])
    'a, b'
    """
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _texts(values: pd.Series) -> pd.Series:
    return values.astype("str").fillna("").str.strip().str.lower()


def _check_sheets(path: Path, status: pd.Series, finished: pd.Series) -> None:
    filled = [column[column != ""] for column in (status, finished)]
    numbers, texts = (
        pd.concat([column.str.fullmatch(r"\d+") == wanted for column in filled], axis=1).any(axis=1)
        for wanted in (True, False)
    )
    if numbers.any() and texts.any():
        message = (
            f"two exports are mixed: {int(numbers.sum())} rows have numbers in the columns Status and Finished "
            f"('Use numeric values'), {int(texts.sum())} rows have texts ('Use choice text')."
        )
        raise refused(path, message, "Export all answers again, in one of the two ways.")


def _check_choices(path: Path, frame: pd.DataFrame, *, present: tuple[str, ...]) -> None:
    problems: list[Problem] = []
    for number in (int(name) for name in frame.columns):
        counts = _texts(frame[number]).value_counts()
        counts = counts[counts.index != ""]
        if not 0 < len(counts) <= _MOST_ANSWERS:
            # No answers, or so many different ones that they were typed.
            continue
        coded = counts.index.str.fullmatch(_NUMBER).astype(bool)
        words = ~coded & ~counts.index.str.contains(r"\d", regex=True)
        if coded.sum() >= 2 and words.sum() > _MOST_ANCHORS and counts[words].min() >= NAMEABLE:
            message = (
                f"answers are mixed: {int(counts[coded].sum())} cells hold numbers, {int(counts[words].sum())} hold "
                "texts of answers."
            )
            remedy = "Export all answers again, either as numbers or as texts."
            problems += refused(path, message, remedy, present[number]).problems
    if problems:
        raise StudyError(problems)


def _several(values: pd.Series) -> bool:
    """Whether a column joins the answers of one person with a semicolon behind each."""
    filled = values.dropna().astype("str").str.strip()
    filled = filled[filled != ""]
    return bool(len(filled) and filled.str.endswith(";").all())
