"""From replicates of paths and effects to a tidy frame."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.bootstrap import bca_interval, bootstrap_p_value, percentile_interval
from exresearch.models.expanded import expanded_interval, expanded_p_value
from exresearch.models.resampling import NotEstimable

FloatArray = NDArray[np.float64]
Interval = Literal["expanded", "percentile", "bca"]

# More replicates than this share without an estimate, and those that are left say too little about the spread.
_MOST_FAILED = 0.05


def check_interval(interval: str) -> None:
    """Raise ValueError unless the interval is one that is made here."""
    if interval not in get_args(Interval):
        raise ValueError(f"interval must be one of {', '.join(get_args(Interval))}; got {interval!r}.")


def usable_replicates(replicates: FloatArray, *, what: str) -> tuple[FloatArray, int]:
    """Replicates [B, K] in which everything has an estimate, and how many were left out.

    Raises
    ------
    NotEstimable
        More than one in twenty has none.
    """
    good = np.isfinite(replicates).all(axis=1)
    failed = int((~good).sum())
    if failed > _MOST_FAILED * len(replicates):
        raise NotEstimable(
            f"in {failed} of {len(replicates)} bootstrap replicates {what} cannot be told apart: too few groups, or "
            "variables that say nearly the same."
        )
    return replicates[good], failed


def interval_rows(
    terms: list[str],
    estimates: FloatArray,
    replicates: FloatArray,
    left_out: FloatArray,
    *,
    interval: Interval,
    conf_level: float,
    n_clusters: int,
    null: float = 0.0,
) -> pd.DataFrame:
    """Rows of the estimate schema for K statistics with replicates [B, K] and jackknife values [U, K]."""
    if interval == "percentile":
        low, high = percentile_interval(replicates, conf_level=conf_level)
        p_value = bootstrap_p_value(replicates, null=null)
    elif interval == "bca":
        # Influence is minus the value without a cluster; which cluster cannot be left out says nothing.
        influence = -left_out[np.isfinite(left_out).all(axis=1)]
        low, high = bca_interval(estimates, replicates, influence, conf_level=conf_level)
        p_value = bootstrap_p_value(replicates, null=null, estimate=estimates, influence=influence)
    else:
        low, high = expanded_interval(replicates, conf_level=conf_level, n_units=n_clusters)
        p_value = expanded_p_value(replicates, null=null, n_units=n_clusters)
    std_error = replicates.std(axis=0, ddof=1)
    return pd.DataFrame(
        {
            "term": terms,
            "estimate": estimates,
            "std_error": std_error,
            "statistic": np.divide(
                estimates - null, std_error, out=np.full_like(std_error, np.nan), where=std_error > 0.0
            ),
            "p_value": p_value,
            "conf_low": low,
            "conf_high": high,
            "conf_level": conf_level,
        }
    )
