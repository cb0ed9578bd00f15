"""From people to units: whether that is justified, the units' means, and how sure they are."""

from exresearch.measures.aggregation.agreement import rwg, rwg_j
from exresearch.measures.aggregation.attenuation import (
    Disattenuated,
    construct_correlations,
    disattenuated_correlation,
)
from exresearch.measures.aggregation.correlations import correlation_table
from exresearch.measures.aggregation.gate import LEAST_ICC2, LEAST_RWG, Gate, aggregation_gate
from exresearch.measures.aggregation.intraclass import Icc, icc
from exresearch.measures.aggregation.mean_errors import unit_mean_errors
from exresearch.measures.aggregation.shrinkage import shrunken_means
from exresearch.measures.aggregation.tables import aggregation_table, unit_mean_table
from exresearch.measures.aggregation.unit_means import person_means, unit_means

__all__ = [
    "LEAST_ICC2",
    "LEAST_RWG",
    "Disattenuated",
    "Gate",
    "Icc",
    "aggregation_gate",
    "aggregation_table",
    "construct_correlations",
    "correlation_table",
    "disattenuated_correlation",
    "icc",
    "person_means",
    "rwg",
    "rwg_j",
    "shrunken_means",
    "unit_mean_errors",
    "unit_mean_table",
    "unit_means",
]
