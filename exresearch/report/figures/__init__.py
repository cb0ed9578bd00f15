"""Figures: tidy frames or findings in, a picture with its words in the reader's language out."""

from exresearch.report.figures.answers import outcome_distribution
from exresearch.report.figures.business import (
    advocacy_scatter,
    outcome_forest,
    outcome_timing,
    pay_lines,
    rate_levels,
    referral_groups,
    staying_curve,
)
from exresearch.report.figures.detectable import detectable_effects
from exresearch.report.figures.direction import (
    balance_checks_forest,
    balance_surface,
    effects_by_model,
    lag_curve,
    path_picture,
    two_links,
)
from exresearch.report.figures.drivers import driver_forest, method_agreement, performance_map
from exresearch.report.figures.engagement import (
    engaged_share_benchmarks,
    engagement_bands,
)
from exresearch.report.figures.forests import difference_forest, robustness_forest
from exresearch.report.figures.human import influence_matrix, three_sides_network, weight_triangle
from exresearch.report.figures.linkage import (
    cut_forest,
    dose_curve,
    kind_scatter,
    leaders_laggards,
    moderated_slope,
    unit_funnels,
    unit_scatter,
)
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
from exresearch.report.figures.people import checks_forest, peer_bins, skill_lines
from exresearch.report.figures.programmes import programme_checks, programme_courses, programme_events
from exresearch.report.figures.readiness import response_by_wave, weight_ranges
from exresearch.report.figures.respondents import group_response, staff_comparison
from exresearch.report.figures.segments import segment_models, segment_numbers, segment_profiles
from exresearch.report.figures.sheets import attrition_flow, careless_sheets, odd_columns
from exresearch.report.figures.specification import specification_picture

__all__ = [
    "advocacy_scatter",
    "aggregation_forest",
    "attrition_flow",
    "balance_checks_forest",
    "balance_surface",
    "careless_sheets",
    "checks_forest",
    "correlation_map",
    "cut_forest",
    "detectable_effects",
    "difference_forest",
    "dose_curve",
    "driver_forest",
    "effects_by_model",
    "engaged_share_benchmarks",
    "engagement_bands",
    "group_response",
    "influence_matrix",
    "item_answers",
    "kind_scatter",
    "lag_curve",
    "leaders_laggards",
    "method_agreement",
    "missing_map",
    "moderated_slope",
    "odd_columns",
    "outcome_distribution",
    "outcome_forest",
    "outcome_timing",
    "overview_forest",
    "path_picture",
    "pay_lines",
    "peer_bins",
    "performance_map",
    "programme_checks",
    "programme_courses",
    "programme_events",
    "rate_levels",
    "referral_groups",
    "reliability_forest",
    "response_by_wave",
    "robustness_forest",
    "segment_models",
    "segment_numbers",
    "segment_profiles",
    "skill_lines",
    "specification_picture",
    "staff_comparison",
    "staying_curve",
    "three_sides_network",
    "two_links",
    "unit_caterpillar",
    "unit_funnels",
    "unit_scatter",
    "wave_change_forest",
    "weight_ranges",
    "weight_triangle",
]
