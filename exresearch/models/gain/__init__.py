"""Explained variance that holds for other people than those asked, and how much more of it a richer model has."""

from exresearch.models.gain.explained import explained_variance, held_out_gain
from exresearch.models.gain.folds import fold_numbers, held_out_r2
from exresearch.models.gain.losses import loss_gain, unit_gain

__all__ = ["explained_variance", "fold_numbers", "held_out_gain", "held_out_r2", "loss_gain", "unit_gain"]
