"""Text files: encoding, delimiter and decimal sign are found by content."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from exresearch.study.importers.raw import RawTable, check_once
from exresearch.study.importers.raw import wanted as wanted_names
from exresearch.study.parameters import TableSource
from exresearch.study.yaml_file import read_bytes, refused


def read_text(path: Path, *, columns: Collection[str] | None, source: TableSource) -> RawTable:
    """Read a text file: UTF-8, UTF-16 or Windows-1252, separated by commas, semicolons or tabs.

    Raises
    ------
    StudyError
        If the file is empty, repeats a wanted column, or has rows of another length than its heading.
    """
    content = read_bytes(path)
    if not content:
        raise refused(path, "the file is empty (0 bytes).", "Export it again.")
    text = _decoded(content).lstrip("\r\n")
    if text[:4].lower() == "sep=":
        # Excel's own note to itself.
        text = text.partition("\n")[2]
    headings = {sign: _heading(text, sign) for sign in ",;\t"}
    delimiter = max(
        headings, key=lambda sign: (len(set(columns or ()) & set(headings[sign])), len(headings[sign]))
    )
    present = headings[delimiter]
    if not any(name.strip() for name in present):
        raise refused(path, "the file has no heading.", "Put the column names in the first line.")
    check_once(path, present, columns)
    data = text.encode("utf-8", errors="replace")
    wrong: list[int] = []

    def skip(row: Any) -> str:
        wrong.append(row.number)
        return "skip"

    wanted = {f"f{number}": name for number, name in enumerate(present) if columns is None or name in columns}
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
        raise refused(path, message, "Export it again, with text between quotes.") from None
    if wrong:
        rows = "1 row has" if len(wrong) == 1 else f"{len(wrong)} rows have"
        message = f"{rows} not as many fields as the heading ({len(present)}), the first in row {min(wrong)}."
        raise refused(path, message, "Export it again, with text between quotes.")
    frame = table.to_pandas().rename(columns=wanted)[wanted_names(present, columns)]
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
