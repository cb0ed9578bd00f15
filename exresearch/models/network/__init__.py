"""Three or more measures of the same units: which links remain beside the others, and how far all agree."""

from exresearch.models.network.composite import CompositeSensitivity, composite_sensitivity
from exresearch.models.network.consistency import consistency_index
from exresearch.models.network.lagged import LaggedInfluence, lagged_influence, lagged_regression
from exresearch.models.network.partial import PartialNetwork, disattenuated_network, partial_network
from exresearch.models.network.weakest import weakest_link

__all__ = [
    "CompositeSensitivity",
    "LaggedInfluence",
    "PartialNetwork",
    "composite_sensitivity",
    "consistency_index",
    "disattenuated_network",
    "lagged_influence",
    "lagged_regression",
    "partial_network",
    "weakest_link",
]
