"""Weighted cross-products per unit: one pass over the rows, and everything after works on small matrices."""

from exresearch.models.moments.accumulate import unit_moments
from exresearch.models.moments.unit import UnitMoments

__all__ = ["UnitMoments", "unit_moments"]
