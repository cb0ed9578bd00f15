"""Pooling across clients: random-effects meta-analysis from estimates and standard errors, never from rows."""

from exresearch.models.pooling.heterogeneity import POOLING_METHODS, PoolingMethod, between_variance
from exresearch.models.pooling.influence import AgainstPool, against_pool, leave_one_out, shrunken
from exresearch.models.pooling.pool import (
    FEW_CLIENTS,
    TESTS,
    PooledEstimate,
    Test,
    pool_estimates,
)
from exresearch.models.pooling.predict import confidence_prediction

__all__ = [
    "FEW_CLIENTS",
    "POOLING_METHODS",
    "TESTS",
    "AgainstPool",
    "PooledEstimate",
    "PoolingMethod",
    "Test",
    "against_pool",
    "between_variance",
    "confidence_prediction",
    "leave_one_out",
    "pool_estimates",
    "shrunken",
]
