"""Mixed models with a random intercept per unit, from unit moments."""

from exresearch.models.mixed.intercept import random_intercept
from exresearch.models.mixed.predictions import unit_predictions
from exresearch.models.mixed.result import RandomIntercept

__all__ = ["RandomIntercept", "random_intercept", "unit_predictions"]
