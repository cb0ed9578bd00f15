"""Figures about the chain from experience to customers: its links, its roads, and what could undo it."""

from exresearch.report.figures.chain.confounding import confounding_curves
from exresearch.report.figures.chain.diagram import chain_diagram
from exresearch.report.figures.chain.roads import road_forest

__all__ = ["chain_diagram", "confounding_curves", "road_forest"]
