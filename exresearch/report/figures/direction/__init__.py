"""Figures about what comes first, and about the balance of employee and customer experience."""

from exresearch.report.figures.direction.surface import balance_surface
from exresearch.report.figures.direction.surface_checks import balance_checks_forest

__all__ = ["balance_checks_forest", "balance_surface"]
