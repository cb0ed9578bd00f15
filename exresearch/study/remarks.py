"""What is worth knowing about the input and stands in nobody's way: counted, named, and never a person's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

# One sentence per kind; the catalogue of translations takes its messages from here. {n} is a number, {detail} names
# of columns, codes or units, never an answer that fewer than five people share.
REMARKS: dict[str, str] = {
    "margins_of_wave_staff": "The margins of {detail} are counted among the people in service during each wave.",
    "margins_of_all_staff": (
        "The margins of {detail} are counted among everybody on the staff list: dates of service or of the waves are "
        "not known."
    ),
    "margins_not_met": "The weights stay within their bounds, so the margins are not met; shares are off by: {detail}.",
    "staff_without_category": "On the staff list {n} lack a category ({detail}); the margins are those of the others.",
    "sheets_without_category": (
        "{n} answer sheets lack a category that they are weighted by ({detail}); together they keep the share they "
        "have."
    ),
    "sheets_not_raked": "{n} answer sheets without a wave are not raked; they count with their starting weight.",
    "columns_not_described": "{n} columns are not in the codebook and are not read: {detail}.",
    "empty_rows": "{n} rows are wholly empty and are left out.",
    "columns_without_heading": "{n} columns with cells have no heading and are not read.",
    "column_unclear": "It is not clear what this column holds: {detail}",
    "percentages": "{n} cells are shown as percentages and read as shown: 25 for 25 %.",
    "times_in_seconds": "{n} cells hold times; they are read as seconds.",
    "read_as_cp1252": "The file is not UTF-8; it was read as Windows-1252 ({n} lines with letters outside ASCII).",
    "read_by_content": "{detail}",
    "personal_columns": "{n} columns with names, addresses or places are not read: {detail}.",
    "preview_answers": "{n} answer sheets are previews or tests of the survey; they are kept.",
    "spam_answers": "{n} answer sheets are marked as spam by the platform; they are kept.",
    "unfinished_answers": "{n} answer sheets were not finished; they are kept.",
    "several_answers": "{n} columns hold several answers in one cell, joined with semicolons: {detail}.",
    "macros_ignored": "The workbook holds macros; they were not run, only cells were read.",
    "rows_without_key": "{n} rows without {detail} are left out, as the study file asks.",
    "same_rows": "{n} rows are the same as an earlier row and are left out, as the study file asks.",
    "column_missing_in_part": "This column is missing in {detail}; its answers are missing there.",
    "table_not_listed": "The codebook describes {n} columns of table '{detail}', which the study does not list.",
    "guesses_stand": "{n} columns still hold guesses of the draft that nobody has confirmed: {detail}.",
    "units_without_answers": "{n} units of this table have no answers in any other table.",
    "persons_not_in_people": "{n} persons of this table are not in the table 'people'.",
    "construct_without_label": "{n} constructs have no label and appear under their own names: {detail}.",
    "label_not_used": "{n} labels of constructs belong to no column: {detail}.",
    "missing_code_in_scale": (
        "Missing code {detail} lies inside the scale; whoever gave that answer counts as not having answered."
    ),
    "scale_end_without_answer": "No answer under values stands for {detail}, an end of the scale.",
    "waves_from_dates": "The wave of each row is the period that this date lies in, as the study file asks.",
    "waves_not_shared": "{n} waves of this table are not in {detail}.",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing worth knowing.

    Attributes
    ----------
    table : str
        Table of the data model, empty where it concerns the whole study.
    file : str
        Name of the file.
    column : str
        Column, empty where it concerns the whole file.
    kind : str
        Key of :data:`REMARKS`.
    n : int
        How many rows, cells or columns.
    detail : str
        Names that the sentence shows.
    """

    table: str
    file: str
    column: str
    kind: str
    n: int = 0
    detail: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.column) if part)
        return f"{where}: {REMARKS[self.kind].format(n=self.n, detail=self.detail)}"


def remarks_table(remarks: Sequence[Remark]) -> pd.DataFrame:
    """Return remarks as a frame: ``table, file, column, kind, n, detail``."""
    columns = ["table", "file", "column", "kind", "n", "detail"]
    return pd.DataFrame([[getattr(r, name) for name in columns] for r in remarks], columns=columns)
