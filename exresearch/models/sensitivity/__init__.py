"""How far an association hangs on causes that were not measured and choices that were made."""

from exresearch.models.sensitivity.benchmarks import confounder_bounds
from exresearch.models.sensitivity.curve import (
    SpecificationCurve,
    specification_curve,
    summarise_specifications,
)
from exresearch.models.sensitivity.evalue import e_value
from exresearch.models.sensitivity.omitted import adjusted_for_confounder, robustness_value
from exresearch.models.sensitivity.permutation import specification_median_test, specification_test

__all__ = [
    "SpecificationCurve",
    "adjusted_for_confounder",
    "confounder_bounds",
    "e_value",
    "robustness_value",
    "specification_curve",
    "specification_median_test",
    "specification_test",
    "summarise_specifications",
]
