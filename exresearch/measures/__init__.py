"""Answers become measures: scores, the engaged share, net promoter scores, and the link of EX and CX by unit."""

from exresearch.measures.advocacy import NetPromoterScore, enps
from exresearch.measures.engagement import (
    EngagedDefinition,
    UnsuitableScale,
    engaged,
    engagement_band,
    engagement_index,
)
from exresearch.measures.items import item_distribution
from exresearch.measures.link import LinkTable, NotMeasured, Side, link_table
from exresearch.measures.reliability import (
    LowerBounds,
    Reliability,
    SchmidLeiman,
    cronbach_alpha,
    guttman_lambdas,
    item_statistics,
    item_table,
    omega_hierarchical,
    omega_total,
    reliability_table,
    schmid_leiman,
)
from exresearch.measures.resampling import Groups, dependence_groups
from exresearch.measures.respondents import (
    answers_by_wave,
    effective_n,
    missing_cells,
    representativeness,
    respondents_against_staff,
    response_by_group,
    rows_used,
    weight_summary,
)
from exresearch.measures.scores import construct_score, least_share, oriented, oriented_frame

__all__ = [
    "EngagedDefinition",
    "Groups",
    "LinkTable",
    "LowerBounds",
    "NetPromoterScore",
    "NotMeasured",
    "Reliability",
    "SchmidLeiman",
    "Side",
    "UnsuitableScale",
    "answers_by_wave",
    "construct_score",
    "cronbach_alpha",
    "dependence_groups",
    "effective_n",
    "engaged",
    "engagement_band",
    "engagement_index",
    "enps",
    "guttman_lambdas",
    "item_distribution",
    "item_statistics",
    "item_table",
    "least_share",
    "link_table",
    "missing_cells",
    "omega_hierarchical",
    "omega_total",
    "oriented",
    "oriented_frame",
    "reliability_table",
    "representativeness",
    "respondents_against_staff",
    "response_by_group",
    "rows_used",
    "schmid_leiman",
    "weight_summary",
]
