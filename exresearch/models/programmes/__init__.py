"""Programmes that units start at different waves: effects, checks of the design, and the comparison to distrust."""

from exresearch.models.programmes.effects import FEW_TREATED, StaggeredEffects, staggered_effects

__all__ = [
    "FEW_TREATED",
    "StaggeredEffects",
    "staggered_effects",
]
