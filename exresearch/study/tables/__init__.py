"""Tables read as the codebook describes them, and checked before anything is computed."""

from exresearch.study.tables.keys import check_tables
from exresearch.study.tables.ledger import attrition_ledger
from exresearch.study.tables.quality import judge_sheets, quality_flags
from exresearch.study.tables.raking import Raked, rake
from exresearch.study.tables.staff import staff_during, wave_period
from exresearch.study.tables.table import OnProgress, Table, read_table
from exresearch.study.tables.waves import check_waves, ordered_waves
from exresearch.study.tables.weighting import WaveWeights, weigh_sheets

__all__ = [
    "OnProgress",
    "Raked",
    "Table",
    "WaveWeights",
    "attrition_ledger",
    "check_tables",
    "check_waves",
    "judge_sheets",
    "ordered_waves",
    "quality_flags",
    "rake",
    "read_table",
    "staff_during",
    "wave_period",
    "weigh_sheets",
]
