"""What a fitted surface looks like: axes, joint tests and where its rows lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.expanded import expanded_interval, expanded_p_value
from exresearch.models.regression import LinearFit, wald_test
from exresearch.models.resampling import NotEstimable
from exresearch.models.surface.axes import AXES, NULLS, axes_gradient, surface_axes

FloatArray = NDArray[np.float64]

#: Terms of the polynomial, in the order b1 to b5.
POLYNOMIAL = ("x", "y", "x^2", "x*y", "y^2")
_SECOND = ([0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1])
# What a difference score takes for granted, as rows of b1 to b5.
_DIFFERENCE = ([1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1])
_SQUARED = ([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, -1], [0, 0, 2, 1, 0])
_TESTS = [
    "term",
    "test",
    "statistic",
    "df_num",
    "df_denom",
    "p_value",
    "n",
    "n_clusters",
    "n_excluded",
    "method",
    "reason",
]
# Replicates without an axis, above which there is no interval.
_WITHOUT = 0.025


def axes_table(fit: LinearFit, replicates: FloatArray, *, n_units: int, conf_level: float) -> pd.DataFrame:
    """Stationary point and principal axes with intervals."""
    terms = list(POLYNOMIAL)
    slopes = fit.coefficients[terms].to_numpy()
    estimate = surface_axes(slopes)
    gradient = axes_gradient(slopes)
    covariance = fit.covariance.loc[terms, terms].to_numpy()
    with np.errstate(invalid="ignore"):
        std_error = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    drawn = surface_axes(replicates)
    finite = np.isfinite(drawn).all(axis=1)
    low, high, level = (np.full(len(AXES), np.nan) for _ in range(3))
    if np.isfinite(estimate).all() and (~finite).mean() <= _WITHOUT:
        low, high = expanded_interval(drawn[finite], conf_level=conf_level, n_units=n_units)
        level = np.array(
            [
                float(expanded_p_value(drawn[finite, place], null=null, n_units=n_units))
                for place, null in enumerate(NULLS)
            ]
        )
    estimate = np.where(np.isfinite(estimate), estimate, np.nan)
    return pd.DataFrame(
        {
            "term": list(AXES),
            "estimate": estimate,
            "std_error": std_error,
            "statistic": (estimate - np.array(NULLS)) / std_error,
            "df": np.nan,
            "p_value": level,
            "conf_low": low,
            "conf_high": high,
            "null": NULLS,
            "n": fit.n,
            "n_clusters": fit.n_clusters,
            "n_excluded": fit.n_excluded,
            "conf_level": conf_level,
            "method": "response surface, delta method standard error, unit bootstrap interval",
        }
    )


def joint_tests(fit: LinearFit) -> pd.DataFrame:
    """Second-order terms, and what difference scores take for granted, each tested at once."""
    places = [fit.design.terms.index(name) for name in POLYNOMIAL]
    parts = []
    joint: dict[str, Sequence[Sequence[int]]] = {
        "second_order": _SECOND,
        "difference_score": _DIFFERENCE,
        "squared_difference": _SQUARED,
    }
    for name, rows in joint.items():
        matrix = np.zeros((len(rows), len(fit.design.terms)))
        matrix[:, places] = rows
        try:
            row = wald_test(fit, constraints=matrix).iloc[0].to_dict() | {"reason": None}
        except NotEstimable as reason:
            row = {"df_num": len(rows), "n": fit.n, "n_clusters": fit.n_clusters, "reason": str(reason)}
        parts.append({"term": name, **row})
    return pd.DataFrame(parts).reindex(columns=_TESTS)


def side_shares(values: FloatArray, share: FloatArray) -> pd.DataFrame:
    """Rows on either side of the line x = y, and those further from it than half a standard deviation."""
    gap = values[:, 0] - values[:, 1]
    half = 0.5 * float(np.sqrt((share @ (values - share @ values) ** 2).mean()))
    sides = {"x_above_y": gap > 0.0, "y_above_x": gap < 0.0, "equal": gap == 0.0}
    apart = {"x_far_above_y": gap > half, "y_far_above_x": gap < -half}
    return pd.DataFrame(
        [
            {"group": name, "n": int(inside.sum()), "share": float(share[inside].sum())}
            for name, inside in {**sides, **apart}.items()
        ]
    )
