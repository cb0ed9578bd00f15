"""What is worth knowing about the input and stands in nobody's way: counted, named, and never a person's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

# Per kind one sentence, or two: for one thing and for more. The catalogue of translations takes its messages from here.
# {n} is a number; {detail} names columns, codes, categories or waves, and never holds words or an answer that fewer
# than five people share; {table} and {key} are names of the data model, for which a report has words.
REMARKS: dict[str, tuple[str, ...]] = {
    "margins_of_wave_staff": (
        "The margins of {detail} are counted among the people in service during each wave.",
    ),
    "margins_of_all_staff": (
        "The margins of {detail} are counted among everybody on the staff list: dates of service or of the waves are "
        "not known.",
    ),
    "margins_not_met": (
        "The weights stay within their bounds, so the margins are not met; shares are off by: {detail}.",
    ),
    "staff_without_category": (
        "On the staff list one person lacks a category ({detail}); the margins are those of the others.",
        "On the staff list {n} people lack a category ({detail}); the margins are those of the others.",
    ),
    "sheets_without_category": (
        "One answer sheet lacks a category that it is weighted by ({detail}); it keeps the share it has.",
        "{n} answer sheets lack a category that they are weighted by ({detail}); together they keep the share they "
        "have.",
    ),
    "sheets_not_raked": (
        "One answer sheet without a wave is not raked; it counts with its starting weight.",
        "{n} answer sheets without a wave are not raked; they count with their starting weight.",
    ),
    "sheets_not_at_work_not_raked": (
        "One answer sheet of somebody who is not at work is not raked; it counts with its starting weight.",
        "{n} answer sheets of people who are not at work are not raked; they count with their starting weight.",
    ),
    "categories_disagree": (
        "One answer sheet gives another category than the staff list ({detail}); the staff list goes first.",
        "{n} answer sheets give another category than the staff list ({detail}); the staff list goes first.",
    ),
    "sheets_not_at_work": (
        "By this column one answer sheet is a candidate's, leaver's or alumnus's; the response does not count it.",
        "By this column {n} answer sheets are candidates', leavers' or alumni's; the response does not count them.",
    ),
    "nobody_at_work": (
        "By this column every answer sheet is a candidate's, leaver's or alumnus's; the response counts them all the "
        "same.",
    ),
    "phases_not_known": (
        "One phase is not known{detail} and counts as at work; known are employee, candidate, leaver and alumnus.",
        "{n} phases are not known{detail} and count as at work; known are employee, candidate, leaver and alumnus.",
    ),
    "more_answers_than_people": (
        "In one wave more people answered than there are{detail}, in all or in a group of units; that response rate is "
        "left out.",
        "In {n} waves more people answered than there are{detail}, in all or in a group of units; those response rates "
        "are left out.",
    ),
    "units_without_headcount": (
        "The head count of one unit is not known{detail}; nor is the response rate of that wave, or of the unit's "
        "group.",
        "The head counts of {n} units are not known{detail}; nor are the response rates of those waves, or of the "
        "units' groups.",
    ),
    "answers_in_no_group": (
        "One answer sheet without a unit counts in the response of all and in that of no group.",
        "{n} answer sheets without a unit count in the response of all and in that of no group.",
    ),
    "waves_order_unknown": (
        "The names of the waves do not tell their order; they are taken as {detail}. If that is wrong, list them under "
        "'waves'.",
    ),
    "columns_not_described": (
        "One column is not in the codebook and is not read: {detail}.",
        "{n} columns are not in the codebook and are not read: {detail}.",
    ),
    "empty_rows": (
        "One row is wholly empty and is left out.",
        "{n} rows are wholly empty and are left out.",
    ),
    "columns_without_heading": (
        "One column with cells has no heading and is not read.",
        "{n} columns with cells have no heading and are not read.",
    ),
    "column_unclear": ("It is not clear what this column holds: {detail}",),
    "percentages": (
        "One cell is shown as a percentage and read as shown: 25 for 25 %.",
        "{n} cells are shown as percentages and read as shown: 25 for 25 %.",
    ),
    "hidden_rows": (
        "One row is hidden in the workbook, as by a filter; it is read like the others.",
        "{n} rows are hidden in the workbook, as by a filter; they are read like the others.",
    ),
    "hidden_columns": (
        "One column is hidden in the workbook; it is read like the others: {detail}.",
        "{n} columns are hidden in the workbook; they are read like the others: {detail}.",
    ),
    "merged_cells": (
        "One cell is merged with the cell above and is read as holding the same.",
        "{n} cells are merged with the cell above and are read as holding the same.",
    ),
    "merged_across": (
        "One cell is merged with the cell at its left and is read as empty.",
        "{n} cells are merged with the cell at their left and are read as empty.",
    ),
    "times_in_seconds": (
        "One cell holds a time; it is read as seconds.",
        "{n} cells hold times; they are read as seconds.",
    ),
    "read_as_cp1252": (
        "The file is not UTF-8; it was read as Windows-1252 (one line with letters outside ASCII).",
        "The file is not UTF-8; it was read as Windows-1252 ({n} lines with letters outside ASCII).",
    ),
    "read_as_mac_roman": (
        "The file is not UTF-8; it was read as Mac Roman (one line with letters outside ASCII).",
        "The file is not UTF-8; it was read as Mac Roman ({n} lines with letters outside ASCII).",
    ),
    "read_as_text": ("The name ends in {detail}, but the content is text; it was read as that.",),
    "read_as_parquet": ("The name ends in {detail}, but the content is Parquet; it was read as that.",),
    "read_as_spss": ("The name ends in {detail}, but the content is an SPSS file; it was read as that.",),
    "read_as_ods": ("The name ends in {detail}, but the content is an ODS workbook; it was read as that.",),
    "read_as_excel": (
        "The name ends in {detail}, but the content is a workbook of Excel; it was read as that.",
    ),
    "personal_columns": (
        "One column with names, addresses or places is not read: {detail}.",
        "{n} columns with names, addresses or places are not read: {detail}.",
    ),
    "preview_answers": (
        "One answer sheet is a preview or test of the survey; it is kept.",
        "{n} answer sheets are previews or tests of the survey; they are kept.",
    ),
    "spam_answers": (
        "One answer sheet is marked as spam by the platform; it is kept.",
        "{n} answer sheets are marked as spam by the platform; they are kept.",
    ),
    "unfinished_answers": (
        "One answer sheet was not finished; it is kept.",
        "{n} answer sheets were not finished; they are kept.",
    ),
    "several_answers": (
        "One column holds several answers in one cell, joined with semicolons: {detail}.",
        "{n} columns hold several answers in one cell, joined with semicolons: {detail}.",
    ),
    "macros_ignored": ("The workbook holds macros; they were not run, only cells were read.",),
    "total_rows": (
        "One row seems to be a total or an average and is left out, as the study file asks.",
        "{n} rows seem to be totals or averages and are left out, as the study file asks.",
    ),
    "rows_without_key": (
        "One row without {key} is left out, as the study file asks.",
        "{n} rows without {key} are left out, as the study file asks.",
    ),
    "same_rows": (
        "One row is the same as an earlier row and is left out, as the study file asks.",
        "{n} rows are the same as an earlier row and are left out, as the study file asks.",
    ),
    "column_missing_in_part": ("This column is missing in {detail}; its answers are missing there.",),
    "table_not_listed": (
        "The codebook describes one column of table '{table}', which the study does not list.",
        "The codebook describes {n} columns of table '{table}', which the study does not list.",
    ),
    "guesses_stand": (
        "One column still holds guesses of the draft that nobody has confirmed: {detail}.",
        "{n} columns still hold guesses of the draft that nobody has confirmed: {detail}.",
    ),
    "units_without_answers": (
        "One unit of this table has no answers in any other table.",
        "{n} units of this table have no answers in any other table.",
    ),
    "persons_not_in_people": (
        "One person of this table is not on the staff list.",
        "{n} persons of this table are not on the staff list.",
    ),
    "construct_without_label": (
        "One construct has no label and appears under its own name: {detail}.",
        "{n} constructs have no label and appear under their own names: {detail}.",
    ),
    "label_not_used": (
        "One label of a construct belongs to no column: {detail}.",
        "{n} labels of constructs belong to no column: {detail}.",
    ),
    "missing_code_in_scale": (
        "Missing code {detail} lies inside the scale; whoever gave that answer counts as not having answered.",
        "Missing codes {detail} lie inside the scale; whoever gave those answers counts as not having answered.",
    ),
    "scale_end_without_answer": (
        "No answer under values stands for {detail}, an end of the scale.",
        "No answer under values stands for {detail}, the ends of the scale.",
    ),
    "waves_from_dates": (
        "The wave of each row is the period that this date lies in, as the study file asks.",
    ),
    "waves_not_shared": (
        "One wave of this table is not in table '{table}'.",
        "{n} waves of this table are not in table '{table}'.",
    ),
    "measure_computed_from_other": (
        "This measure is computed in part from {detail}; set beside it, it goes together with it by construction.",
    ),
    "measures_share_columns": (
        "This measure is computed in part from the same columns as {detail}; some of their link is there by "
        "construction.",
    ),
    "waves_in_no_other": (
        "One wave of this table is in no other table.",
        "{n} waves of this table are in no other table.",
    ),
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
        Names that the sentence shows, in the place ``{detail}``, ``{table}`` or ``{key}``.

    Examples
    --------
    >>> print(Remark("employees", "staff.csv", "", "empty_rows", 1))
    staff.csv: One row is wholly empty and is left out.
    """

    table: str
    file: str
    column: str
    kind: str
    n: int = 0
    detail: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.column) if part)
        names = dict.fromkeys(("detail", "table", "key"), self.detail)
        return f"{where}: {remark_sentence(self.kind, self.n).format(n=self.n, **names)}"


def remark_sentence(kind: str, n: int) -> str:
    """Return the sentence of a remark about ``n`` things, its places still open.

    Parameters
    ----------
    kind : str
        Key of :data:`REMARKS`.
    n : int
        How many rows, cells or columns.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        If the kind is unknown.

    Examples
    --------
    >>> remark_sentence("empty_rows", 3)
    '{n} rows are wholly empty and are left out.'
    """
    return one_or_more(REMARKS[kind], n)


def one_or_more(forms: tuple[str, ...], n: int) -> str:
    """Return the first form for one thing, the last for any other number."""
    return forms[0] if n == 1 else forms[-1]


def remarks_table(remarks: Sequence[Remark]) -> pd.DataFrame:
    """Return remarks as a frame: ``table, file, column, kind, n, detail``."""
    columns = ["table", "file", "column", "kind", "n", "detail"]
    return pd.DataFrame([[getattr(r, name) for name in columns] for r in remarks], columns=columns)
