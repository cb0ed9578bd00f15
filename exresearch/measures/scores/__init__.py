"""From answers to scores: orientation, the mean, sum or factor score of a construct, and how the scoring went."""

from exresearch.measures.scores.one_factor import NotScorable, OneFactor, bartlett_scores, one_factor
from exresearch.measures.scores.orientation import oriented, oriented_frame
from exresearch.measures.scores.score import construct_score, least_share, score_items, score_method
from exresearch.measures.scores.summary import score_summary

__all__ = [
    "NotScorable",
    "OneFactor",
    "bartlett_scores",
    "construct_score",
    "least_share",
    "one_factor",
    "oriented",
    "oriented_frame",
    "score_items",
    "score_method",
    "score_summary",
]
