"""Logistic and proportional-odds models: importance of drivers where the outcome is not a number."""

from exresearch.models.likelihood.assumption import ProportionalOddsTest, proportional_odds_test
from exresearch.models.likelihood.importance import LikelihoodImportance, likelihood_importance
from exresearch.models.likelihood.odds import ordinal_regression

__all__ = [
    "LikelihoodImportance",
    "ProportionalOddsTest",
    "likelihood_importance",
    "ordinal_regression",
    "proportional_odds_test",
]
