"""From answers to scores: orientation, the mean, sum or factor score of a construct, and how the scoring went."""

from exresearch.measures.scores.factor_scores import FactorModel, NotScorable, bartlett_scores, fit_factor
from exresearch.measures.scores.orientation import oriented, oriented_frame
from exresearch.measures.scores.score import construct_score, least_share, score_items, score_method
from exresearch.measures.scores.summary import score_summary

__all__ = [
    "FactorModel",
    "NotScorable",
    "bartlett_scores",
    "construct_score",
    "fit_factor",
    "least_share",
    "oriented",
    "oriented_frame",
    "score_items",
    "score_method",
    "score_summary",
]
