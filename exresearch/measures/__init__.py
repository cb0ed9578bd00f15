"""Answers become measures: scores, the engaged share, net promoter scores, and the link of EX and CX by unit."""

from exresearch.measures.advocacy import NetPromoterScore, enps
from exresearch.measures.engagement import (
    EngagedDefinition,
    UnsuitableScale,
    engaged,
    engagement_band,
    engagement_index,
)
from exresearch.measures.link import LinkTable, NotMeasured, Side, link_table
from exresearch.measures.nonresponse import representativeness, respondents_against_staff, response_by_group
from exresearch.measures.readiness import answers_by_wave, missing_cells, rows_used
from exresearch.measures.resampling import Groups, dependence_groups
from exresearch.measures.scores import construct_score, least_share, oriented, oriented_frame
from exresearch.measures.weights import effective_n, weight_summary

__all__ = [
    "EngagedDefinition",
    "Groups",
    "LinkTable",
    "NetPromoterScore",
    "NotMeasured",
    "Side",
    "UnsuitableScale",
    "answers_by_wave",
    "construct_score",
    "dependence_groups",
    "effective_n",
    "engaged",
    "engagement_band",
    "engagement_index",
    "enps",
    "least_share",
    "link_table",
    "missing_cells",
    "oriented",
    "oriented_frame",
    "representativeness",
    "respondents_against_staff",
    "response_by_group",
    "rows_used",
    "weight_summary",
]
