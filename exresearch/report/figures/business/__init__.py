"""Figures about business outcomes: keeping and attracting people, pay and experience."""

from exresearch.report.figures.business.levels import rate_levels
from exresearch.report.figures.business.outcomes import outcome_forest, outcome_timing
from exresearch.report.figures.business.pay import pay_lines
from exresearch.report.figures.business.staying import staying_curve
from exresearch.report.figures.business.talent import advocacy_scatter, referral_groups

__all__ = [
    "advocacy_scatter",
    "outcome_forest",
    "outcome_timing",
    "pay_lines",
    "rate_levels",
    "referral_groups",
    "staying_curve",
]
