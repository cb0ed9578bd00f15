"""Whose answers count for whom: who was at work, who could answer, and weights by raking."""

from exresearch.study.weights.invited import (
    ALL_WAVES,
    answers_counted,
    counted_waves,
    headcount_column,
    headcount_source,
    invited,
    response_rate,
    response_remarks,
    sheets_of,
    staff_of,
    units_during,
    waves_answered,
)
from exresearch.study.weights.phases import at_work, phase_remarks, working_rows
from exresearch.study.weights.raking import Raked, rake
from exresearch.study.weights.staff import category_of, staff_during
from exresearch.study.weights.weighting import WaveWeights, weigh_sheets

__all__ = [
    "ALL_WAVES",
    "Raked",
    "WaveWeights",
    "answers_counted",
    "at_work",
    "category_of",
    "counted_waves",
    "headcount_column",
    "headcount_source",
    "invited",
    "phase_remarks",
    "rake",
    "response_rate",
    "response_remarks",
    "sheets_of",
    "staff_during",
    "staff_of",
    "units_during",
    "waves_answered",
    "weigh_sheets",
    "working_rows",
]
