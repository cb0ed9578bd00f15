"""Figures about business outcomes: how strong, at which level, and when."""

from exresearch.report.figures.business.levels import rate_levels
from exresearch.report.figures.business.outcomes import outcome_forest, outcome_timing

__all__ = ["outcome_forest", "outcome_timing", "rate_levels"]
