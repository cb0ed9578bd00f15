"""Do the items measure what they are called? Factor models, invariance between groups, common method variance."""

from exresearch.measures.structure.cfa import FactorAnalysis, confirmatory_factor_analysis
from exresearch.measures.structure.common_method import marker_correction, one_factor_test
from exresearch.measures.structure.fit import FitMeasures, chi_square_difference, fit_measures
from exresearch.measures.structure.invariance import (
    INVARIANCE_REASONS,
    invariance_fits,
    invariance_summary,
    measurement_invariance,
)
from exresearch.measures.structure.of_study import (
    STUDY_REASONS,
    invariance_of_study,
    marker_of_study,
    structure_of_study,
)
from exresearch.measures.structure.robust import RobustStatistics, robust_statistics

__all__ = [
    "INVARIANCE_REASONS",
    "STUDY_REASONS",
    "FactorAnalysis",
    "FitMeasures",
    "RobustStatistics",
    "chi_square_difference",
    "confirmatory_factor_analysis",
    "fit_measures",
    "invariance_fits",
    "invariance_of_study",
    "invariance_summary",
    "marker_correction",
    "marker_of_study",
    "measurement_invariance",
    "one_factor_test",
    "robust_statistics",
    "structure_of_study",
]
