"""Programmes that units start at different waves: effects, checks of the design, and the comparison to distrust."""

from exresearch.models.programmes.aggregate import FEW_TREATED
from exresearch.models.programmes.balance import BaselineBalance, baseline_balance
from exresearch.models.programmes.comparison import TwoWayComparison, two_way_fixed_effects
from exresearch.models.programmes.effects import StaggeredEffects, staggered_effects
from exresearch.models.programmes.placebo import placebo_effects

__all__ = [
    "FEW_TREATED",
    "BaselineBalance",
    "StaggeredEffects",
    "TwoWayComparison",
    "baseline_balance",
    "placebo_effects",
    "staggered_effects",
    "two_way_fixed_effects",
]
