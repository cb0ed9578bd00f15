"""Figures: tidy frames or findings in, a picture with its words in the reader's language out."""

from exresearch.report.figures.drivers import driver_forest
from exresearch.report.figures.engagement import (
    engaged_share_benchmarks,
    engagement_bands,
    outcome_distribution,
)
from exresearch.report.figures.forests import difference_forest, robustness_forest
from exresearch.report.figures.linkage import leaders_laggards, unit_scatter
from exresearch.report.figures.overview import overview_forest
from exresearch.report.figures.readiness import detectable_effects, missing_shares, response_by_wave

__all__ = [
    "detectable_effects",
    "difference_forest",
    "driver_forest",
    "engaged_share_benchmarks",
    "engagement_bands",
    "leaders_laggards",
    "missing_shares",
    "outcome_distribution",
    "overview_forest",
    "response_by_wave",
    "robustness_forest",
    "unit_scatter",
]
