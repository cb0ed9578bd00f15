"""Estimators: data in, tidy frame or frozen dataclass out; no words, no rounding, no files."""

from exresearch.models.bootstrap import (
    MIN_UNITS,
    NotEstimable,
    bca_interval,
    bootstrap_counts,
    bootstrap_p_value,
    percentile_interval,
)
from exresearch.models.drivers import (
    METHODS,
    importance_differences,
    importance_metrics,
    importance_replicates,
    relative_importance,
    subset_r2,
    summarise_differences,
    summarise_importance,
)
from exresearch.models.imputation import imputations, pool_imputations
from exresearch.models.linkage import change_on_change, katz_interval, leader_contrast, unit_association
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
from exresearch.models.proportion import clustered_proportion

__all__ = [
    "METHODS",
    "MIN_UNITS",
    "NotEstimable",
    "PairwiseMoments",
    "UnitMoments",
    "bca_interval",
    "bootstrap_counts",
    "bootstrap_p_value",
    "change_on_change",
    "cluster_moments",
    "clustered_proportion",
    "detectable_correlation",
    "detectable_difference",
    "detectable_r2_increment",
    "importance_differences",
    "importance_metrics",
    "importance_replicates",
    "imputations",
    "katz_interval",
    "leader_contrast",
    "merge_moments",
    "parquet_moments",
    "percentile_interval",
    "pool_imputations",
    "read_moments",
    "relative_importance",
    "subset_r2",
    "summarise_differences",
    "summarise_importance",
    "unit_association",
    "unit_moments",
    "units_needed",
    "write_moments",
]
