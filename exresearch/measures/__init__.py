"""Answers become measures: scores, the engaged share, net promoter scores, and the link of EX and CX by unit."""

from exresearch.measures.advocacy import (
    Cuts,
    NetPromoterDifference,
    NetPromoterScore,
    combine_scores,
    cut_points,
    enps,
    enps_change,
    enps_difference,
    enps_table,
    nps_change_of_study,
    nps_of_study,
    response_distribution,
)
from exresearch.measures.engagement import (
    EngagedDefinition,
    UnsuitableScale,
    engaged,
    engagement_band,
    engagement_index,
)
from exresearch.measures.link import LinkTable, NotMeasured, Side, link_table
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
    "Cuts",
    "EngagedDefinition",
    "Groups",
    "LinkTable",
    "NetPromoterDifference",
    "NetPromoterScore",
    "NotMeasured",
    "Side",
    "UnsuitableScale",
    "answers_by_wave",
    "combine_scores",
    "construct_score",
    "cut_points",
    "dependence_groups",
    "effective_n",
    "engaged",
    "engagement_band",
    "engagement_index",
    "enps",
    "enps_change",
    "enps_difference",
    "enps_table",
    "least_share",
    "link_table",
    "missing_cells",
    "nps_change_of_study",
    "nps_of_study",
    "oriented",
    "oriented_frame",
    "representativeness",
    "respondents_against_staff",
    "response_by_group",
    "response_distribution",
    "rows_used",
    "weight_summary",
]
