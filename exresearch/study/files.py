"""What lies on disk becomes a mapping of settings or raw columns: read safely, whatever the file holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import yaml

from exresearch.study.problems import Problem, StudyError

# libyaml where PyYAML has it: ten times as fast.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST, _MOST = 40, 1_000_000
# Nullable types keep whole numbers exact and flags numeric where cells are missing.
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader that refuses a repeated key instead of keeping the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells as they stand in a file.

    Attributes
    ----------
    frame : pandas.DataFrame
        The wanted columns that are there, by name.
    present : tuple of str
        All columns of the file, in order.
    decimal_comma : bool
        Whether a comma may be the decimal sign: fields are separated by semicolons or tabs.
    """

    frame: pd.DataFrame
    present: tuple[str, ...]
    decimal_comma: bool


def read_yaml(path: Path, *, example: str = "params/demo.yaml") -> dict[Any, Any]:
    """Read a YAML file that holds a mapping.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    example : str
        A file that shows how it is done.

    Returns
    -------
    dict
        The mapping.

    Raises
    ------
    StudyError
        If the file is missing, a folder, unreadable, empty, not UTF-8, not YAML, repeats a key, refers to itself, or
        holds no mapping.
    """
    see = f"See {example} for an example."
    try:
        text = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(path, "the file is not UTF-8 text.", "Save it as UTF-8.") from None
    try:
        # Counted first, because a deeply nested text would end the whole process.
        depth = 0
        for event in yaml.parse(text, Loader=_Base):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise _refused(path, f"more than {_DEEPEST} levels lie within each other.", see)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
        size = _size(content, {})
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _refused(path, f"not valid YAML: {error.problem}.", "Correct that line.", line) from None
    except StudyError:
        raise
    except (yaml.YAMLError, ValueError, AttributeError, KeyError, TypeError, OverflowError):
        # PyYAML lets through what Python says of an impossible date or a number that is none.
        message = "not valid YAML: it holds a character, date or number that cannot be read."
        raise _refused(path, message, "Save it as plain YAML text, with texts between quotes.") from None
    if content is None:
        raise _refused(path, "the file is empty.", see)
    if not isinstance(content, dict):
        kind = "a list" if isinstance(content, list) else "a single value"
        raise _refused(path, f"a mapping of keys is expected, not {kind}.", see)
    if size > _MOST:
        raise _refused(path, "an anchor refers to itself, or to too much.", "Write the text out.")
    return content


def read_columns(path: Path, *, columns: set[str]) -> RawTable:
    """Read the wanted columns of a table file.

    Parameters
    ----------
    path : pathlib.Path
        A ``.csv``, ``.tsv``, ``.txt`` or ``.parquet`` file. Text may be UTF-8, UTF-16 or Windows-1252,
        separated by commas, semicolons or tabs.
    columns : set of str
        Names to read; others are only listed.

    Returns
    -------
    RawTable
        Cells of a text file as text.

    Raises
    ------
    StudyError
        If the file is missing, a folder, empty, of another type, damaged, repeats a wanted column, or has rows
        of another length than its heading.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path, columns)
    if suffix in (".csv", ".txt", ".tsv"):
        return _read_csv(path, columns)
    kind = f"of type {suffix!r}" if suffix else "without a suffix"
    _bytes(path, limit=1)
    raise _refused(path, f"files {kind} cannot be read.", "Save it as CSV or Parquet.")


def _bytes(path: Path, *, limit: int = -1) -> bytes:
    try:
        if path.is_dir():
            raise _refused(path, "this is a folder, not a file.", "Name the file.")
        with path.open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        raise _refused(path, "the file does not exist.", "Check the path.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, StudyError):
            raise
        reason = getattr(error, "strerror", None) or "not a legal path"
        raise _refused(
            path, f"the file cannot be read ({reason}).", "Check the path and its rights."
        ) from None


def _read_parquet(path: Path, columns: set[str]) -> RawTable:
    if not _bytes(path, limit=1):
        raise _refused(path, "the file is empty (0 bytes).", "Export it again.")
    try:
        present = tuple(pq.read_schema(path).names)
        _once(path, present, columns)
        table = pq.read_table(path, columns=[name for name in present if name in columns])
        for number, field in enumerate(table.schema):
            if pa.types.is_dictionary(field.type):
                table = table.set_column(number, field.name, table.column(number).cast(field.type.value_type))
            elif pa.types.is_decimal(field.type):
                table = table.set_column(number, field.name, table.column(number).cast(pa.float64()))
        # A named index would be taken out of the columns.
        frame = table.to_pandas(ignore_metadata=True, date_as_object=False, types_mapper=_NULLABLE.get)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise _refused(path, "not a readable Parquet file.", "Export it again.") from None
    return RawTable(frame, present, decimal_comma=False)


def _read_csv(path: Path, columns: set[str]) -> RawTable:
    content = _bytes(path)
    if not content:
        raise _refused(path, "the file is empty (0 bytes).", "Export it again.")
    text = _decoded(content).lstrip("\r\n")
    if text[:4].lower() == "sep=":
        # Excel's own note to itself.
        text = text.partition("\n")[2]
    headings = {sign: _heading(text, sign) for sign in ",;\t"}
    delimiter = max(headings, key=lambda sign: (len(columns & set(headings[sign])), len(headings[sign])))
    present = headings[delimiter]
    if not any(name.strip() for name in present):
        raise _refused(path, "the file has no heading.", "Put the column names in the first line.")
    _once(path, present, columns)
    data = text.encode("utf-8", errors="replace")
    wrong: list[int] = []

    def skip(row: Any) -> str:
        wrong.append(row.number)
        return "skip"

    wanted = {f"f{number}": name for number, name in enumerate(present) if name in columns}
    try:
        # As many names as the heading has fields, and the heading itself left out as a row.
        table = pa_csv.read_csv(
            io.BytesIO(data),
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=min(len(data) + 1, 2**31 - 1),
                column_names=[f"f{number}" for number in range(len(present))],
                skip_rows_after_names=1,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=list(wanted) or ["f0"],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException:
        message = "the rows cannot be told apart; perhaps a quotation mark is not closed."
        raise _refused(path, message, "Export it again, with text between quotes.") from None
    if wrong:
        rows = "1 row has" if len(wrong) == 1 else f"{len(wrong)} rows have"
        message = f"{rows} not as many fields as the heading ({len(present)}), the first in row {min(wrong)}."
        raise _refused(path, message, "Export it again, with text between quotes.")
    frame = table.to_pandas().rename(columns=wanted)[[name for name in present if name in columns]]
    return RawTable(frame, present, decimal_comma=delimiter != ",")


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _heading(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
    except csv.Error:
        return ()


def _once(path: Path, present: tuple[str, ...], columns: set[str]) -> None:
    repeated = sorted({name for name in present if present.count(name) > 1} & columns)
    if repeated:
        message = "the heading has this column more than once."
        raise StudyError([Problem(path.name, name, message, "Rename or remove one.") for name in repeated])


def _size(node: Any, sizes: dict[int, int]) -> int:
    """How many nodes a structure has when every anchor is written out; a structure that holds itself has too many."""
    if not isinstance(node, dict | list | tuple | set):
        return 1
    known = sizes.get(id(node))
    if known is None:
        sizes[id(node)] = _MOST + 1
        known = sizes[id(node)] = 1 + sum(_size(child, sizes) for child in _children(node))
    return known


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.keys()
        yield from node.values()
    else:
        yield from node


def _refused(path: Path, message: str, remedy: str, place: str = "") -> StudyError:
    return StudyError([Problem(path.name, place, message, remedy)])
