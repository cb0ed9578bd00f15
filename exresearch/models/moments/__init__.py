"""Weighted cross-products per unit: one pass over the rows, and everything after works on small matrices."""

from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.moments.pairwise import PairwiseMoments
from exresearch.models.moments.storage import cluster_moments, parquet_moments, read_moments, write_moments
from exresearch.models.moments.unit import UnitMoments, merge_moments

__all__ = [
    "PairwiseMoments",
    "UnitMoments",
    "cluster_moments",
    "merge_moments",
    "parquet_moments",
    "read_moments",
    "unit_moments",
    "write_moments",
]
