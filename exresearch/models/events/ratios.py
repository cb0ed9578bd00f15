"""Ratios of rates and hazards as rows: from coefficients on the log scale to the estimate schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

FloatArray = NDArray[np.float64]


def ratio_rows(
    terms: Sequence[str],
    log_estimate: FloatArray,
    log_std_error: FloatArray,
    *,
    df: FloatArray,
    conf_level: float,
    more: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """One row per term: the ratio with its interval, which is symmetric on the log scale, and the log ratio.

    `std_error` is that of the ratio by the delta method; `statistic` is the log ratio over its standard error.
    Columns in `more` stand behind the others.
    """
    cells = ratio_cells(terms, log_estimate, log_std_error, df=df, conf_level=conf_level, more=more)
    return pd.DataFrame(cells)


def ratio_cells(
    terms: Sequence[str],
    log_estimate: FloatArray,
    log_std_error: FloatArray,
    *,
    df: FloatArray,
    conf_level: float,
    more: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """The columns of `ratio_rows`."""
    half = stdtrit(df, (1.0 + conf_level) / 2.0) * log_std_error
    statistic = log_estimate / log_std_error
    # The rate at predictors of 0 may be beyond floats where 0 is far from the data.
    with np.errstate(over="ignore"):
        ratio, low, high = (np.exp(log_estimate + move) for move in (0.0, -half, half))
    return {
        "term": list(terms),
        "estimate": ratio,
        "std_error": ratio * log_std_error,
        "statistic": statistic,
        "df": df,
        "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
        "conf_low": low,
        "conf_high": high,
        "log_estimate": log_estimate,
        "log_std_error": log_std_error,
        **(more or {}),
    }
