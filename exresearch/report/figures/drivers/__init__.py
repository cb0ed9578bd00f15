"""Figures about drivers: what matters, what matters and is low, and whether methods agree."""

from exresearch.report.figures.drivers.agreement import method_agreement
from exresearch.report.figures.drivers.forest import driver_forest
from exresearch.report.figures.drivers.performance import performance_map

__all__ = ["driver_forest", "method_agreement", "performance_map"]
