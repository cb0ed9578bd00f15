"""Figures: tidy frames or findings in, a picture with its words in the reader's language out."""

from exresearch.report.figures.drivers import driver_forest, method_agreement, performance_map
from exresearch.report.figures.engagement import (
    engaged_share_benchmarks,
    engagement_bands,
    outcome_distribution,
)
from exresearch.report.figures.forests import difference_forest, robustness_forest
from exresearch.report.figures.linkage import leaders_laggards, unit_scatter
from exresearch.report.figures.measurement import (
    aggregation_forest,
    correlation_map,
    item_answers,
    reliability_forest,
    unit_caterpillar,
    wave_change_forest,
)
from exresearch.report.figures.missing import missing_map
from exresearch.report.figures.overview import overview_forest
from exresearch.report.figures.readiness import detectable_effects, response_by_wave, weight_ranges
from exresearch.report.figures.respondents import group_response, staff_comparison
from exresearch.report.figures.sheets import attrition_flow, careless_sheets, odd_columns
from exresearch.report.figures.specification import specification_picture

__all__ = [
    "aggregation_forest",
    "attrition_flow",
    "careless_sheets",
    "correlation_map",
    "detectable_effects",
    "difference_forest",
    "driver_forest",
    "engaged_share_benchmarks",
    "engagement_bands",
    "group_response",
    "item_answers",
    "leaders_laggards",
    "method_agreement",
    "missing_map",
    "odd_columns",
    "outcome_distribution",
    "overview_forest",
    "performance_map",
    "reliability_forest",
    "response_by_wave",
    "robustness_forest",
    "specification_picture",
    "staff_comparison",
    "unit_caterpillar",
    "unit_scatter",
    "wave_change_forest",
    "weight_ranges",
]
