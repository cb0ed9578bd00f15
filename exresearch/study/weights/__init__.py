"""Weights: raking to known margins or to the staff list."""

from exresearch.study.weights.raking import Raked, rake
from exresearch.study.weights.staff import staff_during
from exresearch.study.weights.weighting import WaveWeights, weigh_sheets

__all__ = ["Raked", "WaveWeights", "rake", "staff_during", "weigh_sheets"]
