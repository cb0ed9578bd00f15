"""How reliable a score is: alpha and omega with intervals, the items one by one, for a frame or a whole study."""

from exresearch.measures.reliability.alpha import (
    LowerBounds,
    cronbach_alpha,
    guttman_lambdas,
)
from exresearch.measures.reliability.hierarchical import SchmidLeiman, omega_hierarchical, schmid_leiman
from exresearch.measures.reliability.intervals import Reliability
from exresearch.measures.reliability.omega import omega_total
from exresearch.measures.reliability.tables import item_statistics, item_table, reliability_table

__all__ = [
    "LowerBounds",
    "Reliability",
    "SchmidLeiman",
    "cronbach_alpha",
    "guttman_lambdas",
    "item_statistics",
    "item_table",
    "omega_hierarchical",
    "omega_total",
    "reliability_table",
    "schmid_leiman",
]
