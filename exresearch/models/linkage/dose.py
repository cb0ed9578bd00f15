"""Dose and response: whether more EX goes with ever more CX, or the line bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.linkage.complete import complete_rows
from exresearch.models.regression import LinearFit, linear_combinations, linear_regression, wald_test
from exresearch.models.regression.design import WorkingVariance
from exresearch.models.regression.sandwich import Covariance
from exresearch.models.resampling import NotEstimable, check_whole

FloatArray = NDArray[np.float64]

# Harrell's places of the knots, as shares of the units.
KNOTS = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}
# Fewer rows than this carry three knots.
_MANY = 100
_ENDS = (0.1, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class DoseResponse:
    """Slopes, tests of curvature and fitted curves; see `dose_response`."""

    table: pd.DataFrame
    tests: pd.DataFrame
    curve: pd.DataFrame


def spline_basis(values: FloatArray, knots: FloatArray) -> FloatArray:
    """Nonlinear columns [n, k - 2] of a restricted cubic spline, which is linear beyond the outer knots."""
    cubes = np.maximum(values[:, None] - knots, 0.0) ** 3
    last, before = knots[-1], knots[-2]
    inner = knots[:-2]
    bend = (
        cubes[:, :-2]
        - cubes[:, -2:-1] * (last - inner) / (last - before)
        + cubes[:, -1:] * (before - inner) / (last - before)
    )
    return np.asarray(bend / (last - knots[0]) ** 2)


def dose_response(
    units: pd.DataFrame,
    *,
    ex: str,
    cx: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    covariance: Covariance | None = None,
    working_variance: WorkingVariance = "inverse_weights",
    knots: int | None = None,
    n_points: int = 41,
    conf_level: float = 0.95,
) -> DoseResponse:
    """Slope of CX on EX between units, with three ways in which it may bend.

    Use it beside `unit_association`, for "every step up counts" against "it levels off" or "only a minimum matters". A
    curvature that is not found is not a straight line shown: read its interval.

    Parameters
    ----------
    units : DataFrame
        One row per unit, or per unit and wave (then with `cluster`). Incomplete rows are left out and counted.
    ex, cx : str
        Numeric columns.
    covariates : sequence of str
        Numeric columns to adjust for.
    weights : str, optional
        Column with positive weights, such as the number of answers, or one over the squared standard error.
    cluster, covariance : str, optional
        As in `linear_regression`.
    working_variance : {'inverse_weights', 'constant'}
        As in `linear_regression`; means of n answers have the first.
    knots : {3, 4, 5}, optional
        Knots of the spline at Harrell's quantiles; without it 3 under 100 rows and 4 from there on.
    n_points : int
        Points of each curve, evenly from the 2.5th to the 97.5th percentile of EX.
    conf_level : float
        Coverage.

    Returns
    -------
    DoseResponse
        `table`, columns as `linear_regression` after model: linear: slope. quadratic: slope_at_mean, curvature
        (coefficient of the square; the slope changes by twice this per unit of EX), slope_low and slope_high (at the
        10th and 90th percentile). two_lines: slope_below and slope_above the median, slope_change.
        `tests`: model (quadratic, spline, two_lines), test, statistic, df_num, df_denom, p_value, r_squared,
        r_squared_linear, n, n_clusters, n_excluded, method, reason (why it could not be made).
        `curve`: model (linear, quadratic, spline), ex, estimate, conf_low, conf_high (pointwise, covariates at their
        mean).

    Raises
    ------
    ValueError
        Columns missing, named twice, not numeric or infinite; weights of zero or below; options out of range.
    NotEstimable
        Fewer than 10 units; EX without variation or with too few values for a curve; CX without variation.

    Notes
    -----
    Percentiles, mean and median are weighted. The spline is the restricted cubic one; its test is that its nonlinear
    columns do nothing. The two lines meet at the median, which is given, not searched: a searched break would need a
    test of its own. In R: `rms::rcs(ex, 4)`.

    References
    ----------
    Harrell (2015), Regression Modeling Strategies, section 2.4, doi:10.1007/978-3-319-19425-7

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> units = pd.DataFrame({"ex": rng.normal(7, 1, 120)})
    >>> units["cx"] = 3 * np.log(units["ex"]) + rng.normal(0, 0.3, 120)
    >>> dose_response(units, ex="ex", cx="cx").tests["model"].tolist()
    ['quadratic', 'spline', 'two_lines']
    """
    if knots is not None and knots not in KNOTS:
        raise ValueError(f"knots must be one of {list(KNOTS)}, got {knots!r}.")
    check_whole("n_points", n_points, least=2)
    rows = complete_rows(
        units,
        columns=[ex, cx],
        covariates=covariates,
        weights=weights,
        cluster=cluster,
        what="a dose-response curve",
    )
    if np.ptp(rows.matrix[:, 0]) == 0.0:
        raise NotEstimable(f"'{ex}' has the same value in all {rows.n_units} units.")
    dose, mean = rows.matrix[:, 0], float(rows.shares @ rows.matrix[:, 0])
    number = knots or (3 if len(dose) < _MANY else 4)
    places = rows.quantile(0, KNOTS[number])
    low, middle, high = (float(value) for value in rows.quantile(0, (_ENDS[0], 0.5, _ENDS[1])))
    if len(np.unique(places)) < number or not dose.min() < middle < dose.max():
        raise NotEstimable(
            f"'{ex}' has too few different values for a curve with {number} knots: use a linear slope."
        )
    others = pd.DataFrame(
        rows.matrix[:, 2:] - rows.shares @ rows.matrix[:, 2:],
        columns=[f"covariate {name}" for name in covariates],
    )

    def columns(values: FloatArray) -> dict[str, pd.DataFrame]:
        bends = spline_basis(values, places)
        return {
            "linear": pd.DataFrame({"ex": values - mean}),
            "quadratic": pd.DataFrame({"ex": values - mean, "square": (values - mean) ** 2}),
            "spline": pd.DataFrame(
                {"ex": values - mean, **{f"bend {i + 1}": bends[:, i] for i in range(number - 2)}}
            ),
            "two_lines": pd.DataFrame({"ex": values - middle, "above": np.maximum(values - middle, 0.0)}),
        }

    made = columns(dose)
    first, final = (float(value) for value in rows.quantile(0, (0.025, 0.975)))
    grid = np.linspace(first, final, n_points)
    at = columns(grid)
    fits: dict[str, LinearFit] = {}
    for model, frame in made.items():
        data = pd.concat([frame, others], axis=1)
        data = data.assign(
            **{"the cx": rows.matrix[:, 1], "the weight": rows.weights, "the unit": rows.codes}
        )
        fits[model] = linear_regression(
            data,
            outcome="the cx",
            predictors=[*frame.columns, *others.columns],
            weights=None if weights is None else "the weight",
            cluster=None if cluster is None else "the unit",
            covariance=covariance,
            working_variance=working_variance,
            conf_level=conf_level,
        )
    combinations: dict[str, dict[str, dict[str, float]]] = {
        "linear": {"slope": {"ex": 1.0}},
        "quadratic": {
            "slope_at_mean": {"ex": 1.0},
            "curvature": {"square": 1.0},
            "slope_low": {"ex": 1.0, "square": 2.0 * (low - mean)},
            "slope_high": {"ex": 1.0, "square": 2.0 * (high - mean)},
        },
        "two_lines": {
            "slope_below": {"ex": 1.0},
            "slope_above": {"ex": 1.0, "above": 1.0},
            "slope_change": {"above": 1.0},
        },
    }
    parts = []
    for model, wanted in combinations.items():
        part = linear_combinations(fits[model], combinations=wanted)
        part.insert(0, "model", model)
        parts.append(part)
    return DoseResponse(
        table=pd.concat(parts, ignore_index=True).assign(n_excluded=rows.n_excluded),
        tests=_tests(fits, made).assign(n_excluded=rows.n_excluded)[_TESTS],
        curve=pd.concat(
            [_curve(model, fits[model], at[model], grid) for model in ("linear", "quadratic", "spline")],
            ignore_index=True,
        ),
    )


_TESTS = [
    "model",
    "test",
    "statistic",
    "df_num",
    "df_denom",
    "p_value",
    "r_squared",
    "r_squared_linear",
    "n",
    "n_clusters",
    "n_excluded",
    "method",
    "reason",
]


def _tests(fits: dict[str, LinearFit], made: dict[str, pd.DataFrame]) -> pd.DataFrame:
    found = []
    for model in ("quadratic", "spline", "two_lines"):
        fit, bends = fits[model], [str(name) for name in made[model].columns[1:]]
        try:
            row = wald_test(fit, terms=bends).iloc[0].to_dict() | {"reason": None}
        except NotEstimable as reason:
            row = {"df_num": len(bends), "n": fit.n, "n_clusters": fit.n_clusters, "reason": str(reason)}
        row |= {"r_squared": fit.r_squared, "r_squared_linear": fits["linear"].r_squared}
        found.append({"model": model, **row})
    return pd.DataFrame(found).reindex(columns=_TESTS)


def _curve(model: str, fit: LinearFit, at: pd.DataFrame, grid: FloatArray) -> pd.DataFrame:
    points = {
        str(place): {"intercept": 1.0, **{str(name): float(value) for name, value in row.items()}}
        for place, row in at.iterrows()
    }
    table = linear_combinations(fit, combinations=points)
    return pd.DataFrame({"model": model, "ex": grid}).join(table[["estimate", "conf_low", "conf_high"]])
