"""Figures about the employee journey: the map, what the outer phases add, the journey as a whole, clicks, comments."""

from exresearch.report.figures.journey.clicks import explained_bars
from exresearch.report.figures.journey.map import journey_map

__all__ = ["explained_bars", "journey_map"]
