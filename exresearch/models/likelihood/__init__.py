"""Logistic and proportional-odds models: importance of drivers where the outcome is not a number."""

from exresearch.models.likelihood.importance import LikelihoodImportance, likelihood_importance

__all__ = ["LikelihoodImportance", "likelihood_importance"]
