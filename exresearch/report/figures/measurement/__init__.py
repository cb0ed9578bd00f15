"""Figures about measurement: answers, reliability, means of units, and change between waves."""

from exresearch.report.figures.measurement.change import wave_change_forest
from exresearch.report.figures.measurement.correlations import correlation_map
from exresearch.report.figures.measurement.items import item_answers
from exresearch.report.figures.measurement.reliability import reliability_forest
from exresearch.report.figures.measurement.units import aggregation_forest, unit_caterpillar

__all__ = [
    "aggregation_forest",
    "correlation_map",
    "item_answers",
    "reliability_forest",
    "unit_caterpillar",
    "wave_change_forest",
]
