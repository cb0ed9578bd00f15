"""What is said in the place of a figure of which nothing may be drawn."""

from __future__ import annotations

from exresearch.disclosure import Released
from exresearch.findings.note import Note
from exresearch.report.page import TOO_FEW


def too_few(released: Released) -> Note:
    """Say that a figure is not drawn because too few people are behind it."""
    return TOO_FEW.model_copy(update={"values": {"minimum": released.rules.min_respondents}})
