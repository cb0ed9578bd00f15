"""Latent profiles and latent classes: fits from many starts, how many segments, and whether there are any."""

from exresearch.models.segmentation.agreement import adjusted_rand, k_means
from exresearch.models.segmentation.cells import Cells
from exresearch.models.segmentation.comparison import StructureTest, comparison_data, structure_test
from exresearch.models.segmentation.mixtures import Mixture, latent_classes, latent_profiles
from exresearch.models.segmentation.number import Segmentation, choose_segments
from exresearch.models.segmentation.predictions import HeldOutFits, held_out_fits, held_out_predictions
from exresearch.models.segmentation.refits import Refits, featured, refit_segments, refitted

__all__ = [
    "Cells",
    "HeldOutFits",
    "Mixture",
    "Refits",
    "Segmentation",
    "StructureTest",
    "adjusted_rand",
    "choose_segments",
    "comparison_data",
    "featured",
    "held_out_fits",
    "held_out_predictions",
    "k_means",
    "latent_classes",
    "latent_profiles",
    "refit_segments",
    "refitted",
    "structure_test",
]
