"""Figures about the employee journey: the map, what the outer phases add, the journey as a whole, clicks, comments."""

from exresearch.report.figures.journey.clicks import explained_bars
from exresearch.report.figures.journey.comments import CODE_WORDS, stacked_codes
from exresearch.report.figures.journey.kinds import kind_name
from exresearch.report.figures.journey.map import journey_map
from exresearch.report.figures.journey.outer import outer_bars
from exresearch.report.figures.journey.steps import journey_steps

__all__ = [
    "CODE_WORDS",
    "explained_bars",
    "journey_map",
    "journey_steps",
    "kind_name",
    "outer_bars",
    "stacked_codes",
]
