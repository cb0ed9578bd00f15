"""Figures of the link between employee and customer experience."""

from exresearch.report.figures.linkage.cuts import cut_forest
from exresearch.report.figures.linkage.funnel import unit_funnels
from exresearch.report.figures.linkage.kinds import kind_scatter
from exresearch.report.figures.linkage.shape import dose_curve, moderated_slope
from exresearch.report.figures.linkage.units import leaders_laggards, unit_scatter

__all__ = [
    "cut_forest",
    "dose_curve",
    "kind_scatter",
    "leaders_laggards",
    "moderated_slope",
    "unit_funnels",
    "unit_scatter",
]
