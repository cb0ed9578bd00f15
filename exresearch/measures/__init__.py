"""Answers become measures: scores, the engaged share, net promoter scores, and the link of EX and CX by unit."""

from exresearch.measures.advocacy import NetPromoterScore, enps
from exresearch.measures.change import composition_change, panel_change, wave_change, wave_changes
from exresearch.measures.engagement import (
    EngagedDefinition,
    UnsuitableScale,
    approximates,
    engaged,
    engagement_band,
    engagement_index,
    other_definition,
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
from exresearch.measures.scores import (
    NotScorable,
    construct_score,
    least_share,
    oriented,
    oriented_frame,
    score_items,
    score_method,
    score_summary,
)

__all__ = [
    "EngagedDefinition",
    "Groups",
    "LinkTable",
    "NetPromoterScore",
    "NotMeasured",
    "NotScorable",
    "Side",
    "UnsuitableScale",
    "answers_by_wave",
    "approximates",
    "composition_change",
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
    "other_definition",
    "panel_change",
    "representativeness",
    "respondents_against_staff",
    "response_by_group",
    "rows_used",
    "score_items",
    "score_method",
    "score_summary",
    "wave_change",
    "wave_changes",
    "weight_summary",
]
