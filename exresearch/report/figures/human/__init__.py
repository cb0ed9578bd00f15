"""Figures of notebook 08: three sides of units, the links between them, and what weights do to a composite."""

from exresearch.report.figures.human.influence import influence_matrix
from exresearch.report.figures.human.network import three_sides_network
from exresearch.report.figures.human.weights import weight_triangle

__all__ = ["influence_matrix", "three_sides_network", "weight_triangle"]
