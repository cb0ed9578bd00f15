"""Figures about business outcomes: keeping and attracting people, pay and experience."""

from exresearch.report.figures.business.pay import pay_lines
from exresearch.report.figures.business.talent import advocacy_scatter, referral_groups, staying_curve

__all__ = ["advocacy_scatter", "pay_lines", "referral_groups", "staying_curve"]
