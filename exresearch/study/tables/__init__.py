"""Tables read as the codebook describes them, and checked before anything is computed."""

from exresearch.study.tables.keys import check_tables
from exresearch.study.tables.ledger import attrition_ledger
from exresearch.study.tables.table import OnProgress, Table, read_table
from exresearch.study.tables.waves import check_order, check_waves, ordered_waves, waves_alike

__all__ = [
    "OnProgress",
    "Table",
    "attrition_ledger",
    "check_order",
    "check_tables",
    "check_waves",
    "ordered_waves",
    "read_table",
    "waves_alike",
]
