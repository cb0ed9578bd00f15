"""The files that a draft starts from: which sheet, which table, which wave, and which are keys to the others."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from exresearch.study.draft.columns.words import spaced
from exresearch.study.importers import RawTable, read_columns
from exresearch.study.parameters import TableSource
from exresearch.study.problems import Problem, StudyError
from exresearch.study.yaml_file import read_bytes, refused

# A sheet of which so much stands in a larger one of the same workbook is a view of that one.
_VIEW = 0.6
_SAME = 0.8
_KEY = 0.5
_MOST_CODES = 120


@dataclass(frozen=True, slots=True)
class Export:
    """One sheet or file, as it was read.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    options : dict
        Keys of a ``TableSource`` beside ``file`` that reading it takes.
    raw : RawTable
        Its cells.
    totals : pandas.DataFrame
        Closing rows of totals or averages that were taken off; see :func:`without_closing_rows`.
    """

    path: Path
    options: dict[str, str]
    raw: RawTable
    totals: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def name(self) -> str:
        """Name to show: that of the file, and of the sheet where one was chosen."""
        sheet = self.options.get("sheet")
        return f"{self.path.name} (sheet {sheet!r})" if sheet else self.path.name


@dataclass(frozen=True, slots=True)
class Keys:
    """What key files say about the columns of the others.

    Attributes
    ----------
    wording : dict of str to str
        Question of each column.
    labels : dict of str to dict of str to str
        Label of each code of each column.
    """

    wording: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


def read_exports(paths: Sequence[Path]) -> tuple[list[Export], list[str]]:
    """Read every file, and of a workbook every visible sheet that is a table of its own.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The exports.

    Returns
    -------
    exports : list of Export
        In the order of the files.
    notes : list of str
        What was left out, in sentences.

    Raises
    ------
    StudyError
        With a problem per file that cannot be read.
    """
    exports: list[Export] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found, said = _read_file(path)
            exports += found
            notes += said
        except StudyError as error:
            problems += error.problems
    if problems:
        raise StudyError(problems)
    return exports, notes


def take_keys(exports: Iterable[Export]) -> tuple[list[Export], Keys, list[str]]:
    """Tell key files, which explain the columns of others, from tables.

    A key file has a column whose values are names of columns elsewhere. With such a name once per row and a text beside
    it, the text is the wording; with a code and a text beside it, these are the labels of the answers.

    Returns
    -------
    tables : list of Export
        What is left.
    keys : Keys
        What the key files say.
    notes : list of str
        Which files were taken for keys, in sentences.
    """
    exports = list(exports)
    keys, notes, tables = Keys(), [], []
    for export in exports:
        others = {name for other in exports if other is not export for name in other.raw.present}
        columns = list(export.raw.frame.columns)
        named = None
        for column in columns[:3]:
            values = _texts(export.raw.frame[column]).dropna()
            distinct = set(values)
            if len(distinct) >= 2 and len(distinct & others) >= _KEY * len(distinct):
                named = column
                break
        rest = [c for c in columns if c != named]
        if named is None or not 1 <= len(rest) <= 3:
            tables.append(export)
            continue
        ids = _texts(export.raw.frame[named])
        if len(rest) == 1 and ids.dropna().is_unique:
            text = _texts(export.raw.frame[rest[0]])
            found = {i: " ".join(t.split()) for i, t in zip(ids, text, strict=True) if _is(i) and _is(t)}
            keys.wording.update(found)
            notes.append(f"{export.name}: read as a key with the wording of {len(found)} questions.")
        elif len(rest) >= 2 and _are_codes(ids, _texts(export.raw.frame[rest[0]])):
            code, label = _texts(export.raw.frame[rest[0]]), _texts(export.raw.frame[rest[1]])
            for i, c, text in zip(ids, code, label, strict=True):
                if _is(i) and _is(c) and _is(text):
                    keys.labels.setdefault(i, {})[c.removesuffix(".0")] = " ".join(text.split())
            n_columns = ids.nunique()
            notes.append(
                f"{export.name}: read as a key with the labels of the answers to {n_columns} questions."
            )
        else:
            tables.append(export)
    return tables, keys, notes


def alike(one: Export, other: Export) -> bool:
    """Whether two exports have so many columns in common that they are parts of one table."""
    first, second = set(one.raw.present), set(other.raw.present)
    return len(first & second) >= _SAME * len(first | second)


def waves_of(exports: Sequence[Export]) -> list[str]:
    """Return the wave that the name of each file or sheet tells, or nothing where the names do not tell waves apart.

    Examples
    --------
    >>> raw = RawTable(pd.DataFrame(), (), decimal_comma=False)
    >>> waves_of([Export(Path("mto_2023_def.csv"), {}, raw), Export(Path("mto_2024_def.csv"), {}, raw)])
    ['2023', '2024']
    """
    if len(exports) < 2:
        return []
    stems = [export.path.stem for export in exports]
    if len(set(stems)) < len(stems):
        stems = [export.options.get("sheet", "") for export in exports]
    parts = [spaced(stem).split() for stem in stems]
    while all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    while all(len(part) > 1 for part in parts) and len({part[-1] for part in parts}) == 1:
        parts = [part[:-1] for part in parts]
    names = [" ".join(part) for part in parts]
    # As written in the name: capitals are part of it.
    written = [
        next((s[i : i + len(n)] for i in range(len(s)) if s[i : i + len(n)].lower() == n), n)
        for s, n in zip((s.replace("_", " ").replace("-", " ") for s in stems), names, strict=True)
    ]
    told = len(set(written)) == len(written) and all(any(c.isdigit() for c in name) for name in written)
    return written if told else []


def _read_file(path: Path) -> tuple[list[Export], list[str]]:
    options: dict[str, str] = {}
    sheets = _visible_sheets(path)
    if sheets and _has_macros(path):
        options["macros"] = "ignore"
    if len(sheets) < 2:
        export = _read(path, options)
        if len(export.raw.present) < 2 or export.raw.frame.empty:
            message = "fewer than two columns, or no rows, were found in it."
            raise refused(path, message, "Export it again as a table with a heading.")
        return [export], []
    found: list[Export] = []
    notes: list[str] = []
    no_table: list[str] = []
    for sheet in sheets:
        try:
            export = _read(path, options | {"sheet": sheet})
        except StudyError:
            no_table.append(sheet)
            continue
        named = [name for name in export.raw.present if name.strip()]
        unnamed = any(remark.kind == "columns_without_heading" for remark in export.raw.remarks)
        if len(named) < 3 or len(named) < len(export.raw.present) or unnamed or len(export.raw.frame) < 3:
            no_table.append(sheet)
        else:
            found.append(export)
    if not found:
        raise refused(
            path, "none of its sheets is a table with a heading.", "Save the sheet with the answers as CSV."
        )
    kept: list[Export] = []
    views: list[str] = []
    for export in found:
        larger = [o for o in found if o is not export and len(o.raw.present) > len(export.raw.present)]
        overlap = [len(set(export.raw.present) & set(o.raw.present)) for o in larger]
        if any(n >= _VIEW * len(export.raw.present) for n in overlap):
            views.append(export.options["sheet"])
        else:
            kept.append(export)
    if views:
        notes.append(f"{path.name}: sheets that repeat columns of a larger one are left out: {_list(views)}.")
    if no_table:
        notes.append(f"{path.name}: sheets that are no table are left out: {_list(no_table)}.")
    return kept, notes


def _read(path: Path, options: dict[str, str]) -> Export:
    source: dict[str, Any] = {"file": path.name} | options
    return Export(path, options, read_columns(path, source=TableSource.model_validate(source)))


def _visible_sheets(path: Path) -> list[str]:
    if read_bytes(path, limit=2) != b"PK":
        return []
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            return [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
            ]
    except (CalamineError, OSError, ValueError):
        # No workbook, or one that the importer refuses with a better sentence.
        return []


def _has_macros(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as parts:
            return any(name.lower().endswith("vbaproject.bin") for name in parts.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _texts(cells: pd.Series) -> pd.Series:
    """Cells as text without surrounding blanks; whole numbers without a decimal point."""
    if (
        pd.api.types.is_float_dtype(cells.dtype)
        and (cells.dropna() % 1 == 0).all()
        and cells.abs().max() < 2**63
    ):
        cells = cells.astype("Int64")
    texts = cells.astype("object").map(lambda value: str(value).strip(), na_action="ignore")
    return texts.where(texts.notna() & (texts != ""), None)


def _are_codes(ids: pd.Series, codes: pd.Series) -> bool:
    """Whether the texts beside them are few for each column, and each once: codes of answers, and no persons."""
    pairs = pd.DataFrame({"id": ids, "code": codes}).dropna()
    return not pairs.duplicated().any() and bool((pairs.groupby("id").size() <= _MOST_CODES).all())


def _is(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
