"""Tables read as the codebook describes them, and checked before anything is computed."""

from exresearch.study.tables.keys import check_tables, ordered_waves
from exresearch.study.tables.ledger import attrition_ledger
from exresearch.study.tables.quality import judge_sheets, quality_flags
from exresearch.study.tables.table import Table, read_table

__all__ = [
    "Table",
    "attrition_ledger",
    "check_tables",
    "judge_sheets",
    "ordered_waves",
    "quality_flags",
    "read_table",
]
