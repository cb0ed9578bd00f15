"""Weighted least squares from moments, with covariances that hold within clusters, and tests on few clusters."""

from exresearch.models.regression.contrasts import linear_combinations, wald_test
from exresearch.models.regression.linear import LinearFit, linear_regression
from exresearch.models.regression.wild import wild_cluster_test

__all__ = ["LinearFit", "linear_combinations", "linear_regression", "wald_test", "wild_cluster_test"]
