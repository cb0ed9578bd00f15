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
from exresearch.models.events import (
    CoxFit,
    RateFit,
    cox_regression,
    kaplan_meier,
    lagged_frame,
    lead_lag,
    proportional_hazards_test,
    rate_regression,
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
    change_on_change,
    katz_interval,
    leader_contrast,
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
from exresearch.models.simultaneous import (
    adjusted_p_values,
)

__all__ = [
    "FEW_UNITS",
    "METHODS",
    "MIN_UNITS",
    "CoxFit",
    "DominanceAnalysis",
    "LikelihoodImportance",
    "LinearFit",
    "NotEstimable",
    "PairwiseMoments",
    "ProportionalOddsTest",
    "RateFit",
    "UnitMoments",
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
    "cox_regression",
    "detectable_correlation",
    "detectable_difference",
    "detectable_r2_increment",
    "dominance_analysis",
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
    "kaplan_meier",
    "katz_interval",
    "kendall_w",
    "lagged_frame",
    "lead_lag",
    "leader_contrast",
    "likelihood_importance",
    "linear_combinations",
    "linear_regression",
    "lmg_sampled",
    "merge_moments",
    "owen_values",
    "parquet_moments",
    "percentile_interval",
    "pool_imputations",
    "proportional_hazards_test",
    "proportional_odds_test",
    "rank_interval",
    "rate_regression",
    "read_moments",
    "regression_influence",
    "relative_importance",
    "subset_r2",
    "summarise_differences",
    "summarise_importance",
    "unit_association",
    "unit_moments",
    "units_needed",
    "wald_test",
    "wild_cluster_test",
    "write_moments",
]
