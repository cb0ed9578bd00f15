"""Net promoter scores: cut-points, score and interval, differences and changes, tables, and those of a study."""

from exresearch.measures.advocacy.comparison import NetPromoterDifference, enps_change, enps_difference
from exresearch.measures.advocacy.cuts import CUTS, Cuts, Variant, cut_points
from exresearch.measures.advocacy.of_study import nps_change_of_study, nps_of_study
from exresearch.measures.advocacy.score import NetPromoterScore, enps
from exresearch.measures.advocacy.tables import combine_scores, enps_table, response_distribution

__all__ = [
    "CUTS",
    "Cuts",
    "NetPromoterDifference",
    "NetPromoterScore",
    "Variant",
    "combine_scores",
    "cut_points",
    "enps",
    "enps_change",
    "enps_difference",
    "enps_table",
    "nps_change_of_study",
    "nps_of_study",
    "response_distribution",
]
