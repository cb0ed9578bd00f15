"""The files of one table side by side: which columns and keys they have, and which are missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from exresearch.study.codebook import KEYS, Variable
from exresearch.study.importers import RawTable
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, nearest

# So many times larger is another unit of measurement, and not another quarter.
_UNLIKE = 10.0

Parts = Sequence[tuple[Path, TableSource]]


def wanted_columns(variables: list[Variable]) -> dict[str, str]:
    """Columns to read, each with the words for it in a message."""
    wanted = {variable.column: variable.column for variable in variables}
    for variable in variables:
        for key in ("n_column", "std_error_column"):
            if getattr(variable, key) is not None:
                wanted.setdefault(getattr(variable, key), f"{key} of {variable.column}")
    return wanted


def missing_columns(
    parts: Parts, raws: list[RawTable], wanted: dict[str, str], *, name: str
) -> list[Problem]:
    """Columns that no file of the table has."""
    present = tuple(dict.fromkeys(column for raw in raws for column in raw.present))
    files = ", ".join(path.name for path, _ in parts)
    return [
        Problem(
            files,
            column if why == column else f"{column} ({why})",
            f"table {name!r} has no such column.",
            nearest(column, present),
        )
        for column, why in sorted(wanted.items())
        if column not in present
    ]


def missing_keys(
    parts: Parts, raws: list[RawTable], variables: list[Variable], *, name: str
) -> list[Problem]:
    """Keys that one file has and another has not, and waves that are told twice."""
    keys: dict[str, str] = {v.role: v.column for v in variables if v.role in KEYS}
    problems = []
    for role, column in keys.items():
        has = [column in raw.present for raw in raws]
        for (path, source), there in zip(parts, has, strict=True):
            if role == "wave" and _told(source) and there:
                given = (
                    f"gives wave {source.wave!r}"
                    if source.wave
                    else f"makes waves from dates ('waves_from: {source.waves_from}')"
                )
                message = f"the study file {given}, but column {column!r} holds the waves."
                problems.append(Problem(path.name, "wave", message, "Take one of the two out."))
            elif not there and any(has) and not (role == "wave" and _told(source)):
                message = f"this file of table {name!r} has no column for the {role}; another has."
                remedy = "Add it" + (
                    ", or give 'wave' with this file in the study file." if role == "wave" else "."
                )
                problems.append(Problem(path.name, column, message, remedy))
    if "wave" not in keys and any(_told(source) for _, source in parts):
        for path, source in parts:
            if not _told(source):
                message = "this file has no wave; another file of the table has."
                problems.append(
                    Problem(path.name, "wave", message, "Give 'wave' with this file in the study file.")
                )
    return problems


def unlike_percentages(
    parts: Parts,
    frames: Sequence[pd.DataFrame],
    shown: Sequence[Collection[str]],
    *,
    columns: Collection[str],
) -> list[Problem]:
    """Columns that one file shows as percentages, read as shown, and another holds as plain shares of one.

    Parameters
    ----------
    parts : sequence of (pathlib.Path, TableSource)
        The files of the table.
    frames : sequence of pandas.DataFrame
        Their columns as understood.
    shown : sequence of collection of str
        Columns of each file whose cells are shown as percentages.
    columns : collection of str
        Columns that hold numbers.

    Returns
    -------
    list of Problem
    """
    problems = []
    names = [f"{path.name} (sheet {source.sheet})" if source.sheet else path.name for path, source in parts]
    for column in dict.fromkeys(name for held in shown for name in sorted(held) if name in columns):
        cells = [
            frame[column].dropna().abs() if column in frame else pd.Series(dtype="float64")
            for frame in frames
        ]
        per_cent = [number for number, held in enumerate(shown) if column in held and len(cells[number])]
        if not per_cent:
            continue
        usual = float(pd.concat([cells[number] for number in per_cent]).median())
        plain = [
            number
            for number, held in enumerate(shown)
            if column not in held
            and len(cells[number])
            and cells[number].max() <= 1
            # Numbers that are written as per cents in one file and shown as them in another are much alike.
            and _UNLIKE * cells[number].median() < usual
        ]
        if plain:
            n = sum(len(cells[number]) for number in plain)
            hold = "1 cell holds a number" if n == 1 else f"{n} cells hold numbers"
            message = (
                f"{hold} of 1 or less without a sign for per cent, and the cells of "
                f"{', '.join(names[number] for number in per_cent)} are percentages, read as shown: 25 for 25 %."
            )
            remedy = "Give the column one format in all files of the table, a percentage or a plain number."
            problems.append(Problem(", ".join(names[number] for number in plain), column, message, remedy))
    return problems


def day_of_wave(variables: list[Variable]) -> str | None:
    """Column that waves are made from: the only date of the table, or of several the only one without a construct."""
    dates = [v for v in variables if v.role == "date"]
    plain = dates if len(dates) == 1 else [v for v in dates if v.construct is None]
    return plain[0].column if len(plain) == 1 else None


def unclear_waves(
    parts: Parts, raws: list[RawTable], variables: list[Variable], *, name: str, whole: bool
) -> list[Problem]:
    """Waves that are to be made from a date, where it is not clear from which, or into which periods."""
    made = [path.name for path, source in parts if source.waves_from]
    if not made:
        return []
    problems = [
        Problem(
            path.name,
            "waves_from",
            f"the study file gives wave {source.wave!r} as well.",
            "Take one of the two out.",
        )
        for path, source in parts
        if source.wave and source.waves_from
    ]
    kinds = sorted({source.waves_from for _, source in parts if source.waves_from})
    if len(kinds) > 1:
        message = f"the files of table {name!r} are to have waves of different lengths: {', '.join(kinds)}."
        problems.append(Problem(", ".join(made), "waves_from", message, "Give all of them the same."))
    day = day_of_wave(variables)
    if day is None:
        # In a codebook with mistakes, the entry of the date may be one.
        return problems + (_no_day(", ".join(made), variables, name=name) if whole else [])
    return problems + [
        Problem(
            path.name,
            day,
            "the waves are to be made from this date, which this file of the table does not have.",
            "Add it, or give 'wave' with this file in the study file.",
        )
        for (path, source), raw in zip(parts, raws, strict=True)
        if source.waves_from and day not in raw.present and any(day in other.present for other in raws)
    ]


def _no_day(files: str, variables: list[Variable], *, name: str) -> list[Problem]:
    dates = [v for v in variables if v.role == "date"]
    if not dates:
        message = f"waves are to be made from a date, but no column of table {name!r} has role date."
        remedy = "Give the day of answering the role date in the codebook."
    else:
        listed = ", ".join(repr(v.column) for v in dates)
        message = (
            f"waves are to be made from the date without a construct, but table {name!r} has "
            f"{'none' if all(v.construct for v in dates) else 'several'} among its dates: {listed}."
        )
        remedy = (
            "Leave the day of answering without a construct, and give the other dates one or the role ignore."
        )
    return [Problem(files, "waves_from", message, remedy)]


def _told(source: TableSource) -> bool:
    """Whether the study file tells the waves of a file."""
    return bool(source.wave or source.waves_from)
