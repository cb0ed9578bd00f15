"""Figures about the employee journey: the map, what the outer phases add, and the journey as a whole."""

from exresearch.report.figures.journey.map import journey_map

__all__ = ["journey_map"]
