"""Driver analysis: which of many correlated drivers explain an outcome, exactly and fast."""

from exresearch.models.drivers.difference import (
    all_pairs,
    importance_differences,
    summarise_differences,
)
from exresearch.models.drivers.dominance import (
    complete_dominance,
    conditional_dominance,
)
from exresearch.models.drivers.dominance_bootstrap import (
    DominanceAnalysis,
    dominance_analysis,
)
from exresearch.models.drivers.doubling import (
    MAX_PLAYERS,
)
from exresearch.models.drivers.gap import (
    gap_replicates,
    lmg_gap,
)
from exresearch.models.drivers.importance import (
    relative_importance,
    summarise_importance,
)
from exresearch.models.drivers.influence import (
    importance_influence,
)
from exresearch.models.drivers.metrics import (
    METHODS,
    importance_metrics,
)
from exresearch.models.drivers.owen import (
    owen_values,
)
from exresearch.models.drivers.ranks import (
    rank_interval,
)
from exresearch.models.drivers.replicates import (
    ImportanceReplicates,
    importance_from_counts,
    importance_replicates,
)
from exresearch.models.drivers.sampling import (
    draw_orders,
    lmg_sampled,
)
from exresearch.models.drivers.subsets import (
    lmg,
    shapley_values,
    subset_r2,
)

__all__ = [
    "MAX_PLAYERS",
    "METHODS",
    "DominanceAnalysis",
    "ImportanceReplicates",
    "all_pairs",
    "complete_dominance",
    "conditional_dominance",
    "dominance_analysis",
    "draw_orders",
    "gap_replicates",
    "importance_differences",
    "importance_from_counts",
    "importance_influence",
    "importance_metrics",
    "importance_replicates",
    "lmg",
    "lmg_gap",
    "lmg_sampled",
    "owen_values",
    "rank_interval",
    "relative_importance",
    "shapley_values",
    "subset_r2",
    "summarise_differences",
    "summarise_importance",
]
