"""Estimators: data in, tidy frame or frozen dataclass out; no words, no rounding, no files."""

from exresearch.models.bootstrap import (
    MIN_UNITS,
    NotEstimable,
    bca_interval,
    bootstrap_counts,
    bootstrap_p_value,
    percentile_interval,
)
from exresearch.models.concordance import (
    kendall_w,
)
from exresearch.models.drivers import (
    METHODS,
    DominanceAnalysis,
    all_pairs,
    complete_dominance,
    conditional_dominance,
    dominance_analysis,
    importance_differences,
    importance_influence,
    importance_metrics,
    importance_replicates,
    lmg_sampled,
    owen_values,
    rank_interval,
    relative_importance,
    subset_r2,
    summarise_differences,
    summarise_importance,
)
from exresearch.models.expanded import (
    FEW_UNITS,
    expanded_interval,
    expanded_p_value,
    expanded_tail,
)
from exresearch.models.imputation import (
    imputations,
    pool_imputations,
)
from exresearch.models.influence import (
    effective_df,
    regression_influence,
)
from exresearch.models.jackknife import (
    jackknife_interval,
    jackknife_p_value,
)
from exresearch.models.likelihood import (
    LikelihoodImportance,
    ProportionalOddsTest,
    likelihood_importance,
    proportional_odds_test,
)
from exresearch.models.linkage import (
    DoseResponse,
    Moderation,
    change_on_change,
    dose_response,
    katz_interval,
    leader_contrast,
    moderation,
    quantile_regression,
    unit_association,
)
from exresearch.models.moments import (
    PairwiseMoments,
    UnitMoments,
    cluster_moments,
    merge_moments,
    parquet_moments,
    read_moments,
    unit_moments,
    write_moments,
)
from exresearch.models.power import (
    detectable_correlation,
    detectable_difference,
    detectable_r2_increment,
    units_needed,
)
from exresearch.models.proportion import (
    clustered_proportion,
)
from exresearch.models.regression import (
    LinearFit,
    linear_combinations,
    linear_regression,
    wald_test,
    wild_cluster_test,
)
from exresearch.models.sensitivity import (
    SpecificationCurve,
    adjusted_for_confounder,
    confounder_bounds,
    e_value,
    robustness_value,
    specification_curve,
    specification_test,
    summarise_specifications,
)
from exresearch.models.simultaneous import (
    adjusted_p_values,
)
from exresearch.models.surface import (
    ResponseSurface,
    response_surface,
)

__all__ = [
    "FEW_UNITS",
    "METHODS",
    "MIN_UNITS",
    "DominanceAnalysis",
    "DoseResponse",
    "LikelihoodImportance",
    "LinearFit",
    "Moderation",
    "NotEstimable",
    "PairwiseMoments",
    "ProportionalOddsTest",
    "ResponseSurface",
    "SpecificationCurve",
    "UnitMoments",
    "adjusted_for_confounder",
    "adjusted_p_values",
    "all_pairs",
    "bca_interval",
    "bootstrap_counts",
    "bootstrap_p_value",
    "change_on_change",
    "cluster_moments",
    "clustered_proportion",
    "complete_dominance",
    "conditional_dominance",
    "confounder_bounds",
    "detectable_correlation",
    "detectable_difference",
    "detectable_r2_increment",
    "dominance_analysis",
    "dose_response",
    "e_value",
    "effective_df",
    "expanded_interval",
    "expanded_p_value",
    "expanded_tail",
    "importance_differences",
    "importance_influence",
    "importance_metrics",
    "importance_replicates",
    "imputations",
    "jackknife_interval",
    "jackknife_p_value",
    "katz_interval",
    "kendall_w",
    "leader_contrast",
    "likelihood_importance",
    "linear_combinations",
    "linear_regression",
    "lmg_sampled",
    "merge_moments",
    "moderation",
    "owen_values",
    "parquet_moments",
    "percentile_interval",
    "pool_imputations",
    "proportional_odds_test",
    "quantile_regression",
    "rank_interval",
    "read_moments",
    "regression_influence",
    "relative_importance",
    "response_surface",
    "robustness_value",
    "specification_curve",
    "specification_test",
    "subset_r2",
    "summarise_differences",
    "summarise_importance",
    "summarise_specifications",
    "unit_association",
    "unit_moments",
    "units_needed",
    "wald_test",
    "wild_cluster_test",
    "write_moments",
]
