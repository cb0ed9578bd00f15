"""Estimates of a linear regression as rows: from the rotated design to the estimate schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from exresearch.models.regression.design import Design
from exresearch.models.regression.sandwich import check_variances, satterthwaite

FloatArray = NDArray[np.float64]


def degrees_of_freedom(design: Design, covariance: str, reach: FloatArray) -> FloatArray:
    """Df of each combination [r, k] of the rotated coefficients: Satterthwaite (CR2), clusters - 1 or n - k."""
    if covariance == "CR2":
        return satterthwaite(design, reach)
    least = design.n_clusters - 1 if covariance.startswith("CR") else design.n - design.size
    return np.full(len(reach), float(least))


def method_label(design: Design, covariance: str) -> str:
    """What was estimated how, for the column `method`."""
    df = {"CR2": "Satterthwaite", "CR": "clusters - 1"}
    kind = covariance if covariance == "CR2" else covariance[:2]
    weighted = "constant working variance, " if covariance == "CR2" and len(design.core) > design.size else ""
    return f"least squares, {covariance} standard error, {weighted}t with {df.get(kind, 'n - k')} df"


def estimate_rows(
    terms: Sequence[str],
    estimate: FloatArray,
    reach: FloatArray,
    *,
    design: Design,
    covariance: str,
    matrix: FloatArray,
    conf_level: float,
    null: float = 0.0,
) -> pd.DataFrame:
    """One row per estimate in the estimate schema; `reach` [r, k] maps the rotated design to the estimates."""
    return pd.DataFrame(
        estimate_cells(
            terms,
            estimate,
            reach,
            design=design,
            covariance=covariance,
            matrix=matrix,
            conf_level=conf_level,
            null=null,
        )
    )


def estimate_cells(
    terms: Sequence[str],
    estimate: FloatArray,
    reach: FloatArray,
    *,
    design: Design,
    covariance: str,
    matrix: FloatArray,
    conf_level: float,
    null: float = 0.0,
) -> dict[str, Any]:
    """The columns of `estimate_rows`."""
    variance = np.diag(matrix)
    check_variances(design, variance, tuple(terms), reach)
    std_error = np.sqrt(variance)
    df = degrees_of_freedom(design, covariance, reach)
    statistic = (estimate - null) / std_error
    half = stdtrit(df, (1.0 + conf_level) / 2.0) * std_error
    return {
        "term": list(terms),
        "estimate": estimate,
        "std_error": std_error,
        "statistic": statistic,
        "df": df,
        "p_value": 2.0 * stdtr(df, -np.abs(statistic)),
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "n": design.n,
        "n_clusters": design.n_clusters,
        "n_excluded": design.n_excluded,
        "conf_level": conf_level,
        "method": method_label(design, covariance),
    }
